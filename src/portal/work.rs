//! What waits for the caller, as the work queue counts it.

use super::model::PortalWork;
use crate::{
    db::Tx,
    error::Result,
    kernel::{Language, ids::UserId},
    work::items,
};

/// The operation that lists it.
const LISTS: &str = "listWorkItems";

/// How much waits for a person, by kind.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, person: UserId, language: Language) -> Result<Vec<PortalWork>> {
    let counts = items::counted(tx, person)?;
    let work = counts.into_iter().map(|one| PortalWork {
        kind: one.kind,
        label: language.of(one.kind.label()).to_owned(),
        count: one.count,
        overdue: one.overdue,
        operation: LISTS.to_owned(),
        path: format!("/v1/work-items?kind={}", one.kind),
    });
    Ok(work.collect())
}
