//! `openprm import`.

use std::{path::PathBuf, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    digest,
    mapping::{Mapping, unusable},
    report::{Report, Summary},
    run::{self, Plan, Progress, Watch},
};
use crate::{app::Contract, db::Db, error::Result};

/// What `openprm import` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    /// The mapping: which column of which file is which field (TOML).
    pub mapping: PathBuf,
    /// The folder of the CSV files; without it the folder of the mapping.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Do everything and keep nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write what became of each row to this file: lines of JSON if it ends in .ndjson, else CSV.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The database, instead of DATABASE_URL.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Imports what the arguments say. Blocks until it is done, so it is not for the threads of a server.
///
/// # Errors
/// 422 if the mapping, a file or the report cannot be used, and then nothing was written; `unavailable` if the database is
/// lost, and then what was committed before stays and the same command goes on from there.
pub fn command(db: &Db, args: &ImportArgs) -> Result<Summary> {
    let (mapping, text) = Mapping::read(&args.mapping)?;
    let folder = args
        .data
        .clone()
        .or_else(|| args.mapping.parent().map(PathBuf::from))
        .unwrap_or_default();
    let plan = Arc::new(Plan {
        mapping,
        mapping_hash: digest(text.as_bytes()),
        folder,
        contract: Contract::build()?,
    });
    plan.check()?;
    let mut report = args.report.as_deref().map(Report::create).transpose()?;
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{prefix} {msg:48} {bar:30} {percent:>3} % {elapsed}")
        .map_err(|error| unusable(error.to_string()))?;
    bar.set_style(style);
    let watch: Watch = {
        let bar = bar.clone();
        Arc::new(move |progress: &Progress| show(&bar, progress))
    };
    let work = if args.dry_run { run::rehearse } else { run::import };
    let summary = work(db, &plan, report.as_mut(), &watch);
    bar.finish_and_clear();
    summary
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_prefix(format!("{}/{}", progress.step, progress.steps));
    bar.set_message(progress.what.clone());
    bar.set_length(u64::try_from(progress.size).unwrap_or(0));
    bar.set_position(u64::try_from(progress.read).unwrap_or(0));
}
