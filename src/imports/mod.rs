//! Imports: CSV files become records, by a mapping that says which column is which field.
//!
//! A customer moves in with years of history in other systems. `openprm import MAPPING.toml --data FOLDER` reads the files
//! of such a system and makes territories, products, users, partners, people, account manager and tier history, customer
//! accounts, the vendor's own opportunities, named accounts, installed base, and deals with their protections.
//!
//! - **Every row gets a verdict** and a reason, in the report; a bad row costs only itself. Whatever the API would refuse
//!   is refused here, by the same contract and the same rules.
//! - **It can be repeated.** A record is known by the system and the key of its row ([`crate::references`]). A row that says
//!   what it said when it was last taken changes nothing, so what was changed here since then stays; a row that says
//!   something else changes its record.
//! - **History is `legacy`.** A deal that was won years ago is not asked for evidence, minimum age or an expected close in
//!   the future; the report names each guard that was left out. Nobody is notified and nothing is paid for it.
//! - **A dry run is the run itself**, in a transaction that is rolled back.
//!
//! Over the API a file is brought in by the same steps as a job in the background: see [`jobs`].

mod batch;
mod command;
mod custom;
mod entity;
mod fields;
mod formats;
pub mod jobs;
mod lookup;
mod mapping;
mod queries;
mod raw;
mod ready;
mod records;
mod report;
mod restored;
mod row;
mod run;
mod source;
mod undone;
mod verdict;

use std::fmt::Write as _;

pub use command::{ImportArgs, command};
pub use entity::ImportKind;
use hmac::digest::Digest as _;
pub use mapping::Mapping;
pub use report::{Counts, Outcome, Report, StepReport, Summary};
pub use run::{Plan, Progress, Watch, import, rehearse, totals};
pub use verdict::ImportVerdict;

/// SHA-256 as hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
