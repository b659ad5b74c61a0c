//! The only file that knows the tables of imports.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{ImportKind, ImportVerdict, report::Outcome};
use crate::{
    bindable,
    db::{Tx, among},
    error::{Error, Result},
    kernel::ids::ImportId,
    schema::{import_rows, import_runs},
};

bindable!(ImportKind, ImportVerdict);

#[derive(Insertable)]
#[diesel(table_name = import_rows)]
#[diesel(treat_none_as_default_value = false)]
struct RowRow<'o> {
    run_id: ImportId,
    step: i64,
    source: &'o str,
    line: i64,
    resource_type: &'o str,
    system: &'o str,
    external_id: Option<&'o str>,
    row_hash: &'o str,
    verdict: ImportVerdict,
    reason_code: Option<&'o str>,
    reason_text: Option<&'o str>,
    resource_id: Option<&'o str>,
}

/// Notes that a run begins, and that earlier ones of the same mapping which never ended were stopped.
///
/// # Errors
/// What the database reports.
pub fn begin(tx: &mut Tx<'_>, name: &str, hash: &str, sources: &str) -> Result<ImportId> {
    let (id, now) = (tx.new_id::<ImportId>(), tx.now.micros());
    diesel::update(
        import_runs::table
            .filter(import_runs::mapping_name.eq(name))
            .filter(import_runs::status.eq("running")),
    )
    .set((
        import_runs::status.eq("failed"),
        import_runs::error.eq("It was stopped before its end; the next run goes on where it was."),
        import_runs::finished_at.eq(now),
        import_runs::revision.eq(import_runs::revision + 1),
        import_runs::updated_at.eq(now),
    ))
    .execute(tx.conn())?;
    open(tx, id, name, hash, sources)?;
    Ok(id)
}

/// Notes that a run begins.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, id: ImportId, name: &str, hash: &str, sources: &str) -> Result<()> {
    let (now, by) = (tx.now.micros(), tx.caller().actor_text());
    let row = (
        import_runs::id.eq(id),
        import_runs::mapping_name.eq(name),
        import_runs::mapping_hash.eq(hash),
        import_runs::dry_run.eq(false),
        import_runs::status.eq("running"),
        import_runs::sources.eq(sources),
        import_runs::counts.eq("[]"),
        import_runs::started_by.eq(by),
        import_runs::revision.eq(1_i64),
        import_runs::created_at.eq(now),
        import_runs::updated_at.eq(now),
    );
    diesel::insert_into(import_runs::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Notes how a run ended.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, run: ImportId, counts: &str, error: Option<&str>) -> Result<()> {
    let now = tx.now.micros();
    diesel::update(import_runs::table.find(run))
        .set((
            import_runs::status.eq(if error.is_some() { "failed" } else { "finished" }),
            import_runs::counts.eq(counts),
            import_runs::error.eq(error),
            import_runs::finished_at.eq(now),
            import_runs::revision.eq(import_runs::revision + 1),
            import_runs::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Where rows come from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'o> {
    /// The run.
    pub run: ImportId,
    /// The number of the step.
    pub step: usize,
    /// The file.
    pub file: &'o str,
    /// The type of the records.
    pub resource_type: &'static str,
    /// The system.
    pub system: &'o str,
}

/// Keeps what became of rows. Those that changed nothing are counted in the run and not kept one by one.
///
/// # Errors
/// What the database reports.
pub fn keep(tx: &mut Tx<'_>, origin: Origin<'_>, outcomes: &[Outcome]) -> Result<()> {
    let step = i64::try_from(origin.step).map_err(Error::internal)?;
    let rows: Vec<RowRow<'_>> = outcomes
        .iter()
        .filter(|outcome| outcome.verdict != ImportVerdict::Unchanged)
        .map(|outcome| RowRow {
            run_id: origin.run,
            step,
            source: origin.file,
            line: i64::try_from(outcome.line).unwrap_or(i64::MAX),
            resource_type: origin.resource_type,
            system: origin.system,
            external_id: outcome.key.as_deref(),
            row_hash: &outcome.hash,
            verdict: outcome.verdict,
            reason_code: outcome.code.as_deref(),
            reason_text: outcome.reason.as_deref(),
            resource_id: outcome.resource_id.as_deref(),
        })
        .collect();
    for rows in rows.chunks(500) {
        diesel::insert_into(import_rows::table)
            .values(rows)
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Forgets what a row of a run said, so that it is taken anew when it comes again.
///
/// # Errors
/// What the database reports.
pub fn forget(tx: &mut Tx<'_>, run: ImportId, step: usize, line: i64) -> Result<()> {
    let step = i64::try_from(step).map_err(Error::internal)?;
    diesel::delete(import_rows::table.find((run, step, line))).execute(tx.conn())?;
    Ok(())
}

/// What the rows with those keys said when they were last taken.
///
/// # Errors
/// What the database reports.
pub fn last_said(
    tx: &mut Tx<'_>,
    resource_type: &str,
    system: &str,
    keys: &[String],
) -> Result<BTreeMap<String, String>> {
    let taken = [ImportVerdict::Created, ImportVerdict::Updated, ImportVerdict::Draft];
    let rows: Vec<(Option<String>, String)> = import_rows::table
        .filter(import_rows::system.eq(system))
        .filter(import_rows::resource_type.eq(resource_type))
        .filter(import_rows::external_id.eq_any(among(keys)))
        .filter(import_rows::verdict.eq_any(among(taken)))
        .order((import_rows::run_id, import_rows::step, import_rows::line))
        .select((import_rows::external_id, import_rows::row_hash))
        .load(tx.conn())?;
    // Ids of runs sort by time, so the last one wins.
    Ok(rows.into_iter().filter_map(|(key, hash)| Some((key?, hash))).collect())
}
