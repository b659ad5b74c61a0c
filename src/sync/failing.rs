//! Notes systems whose records have failed for long, so that people are told, and those that went well again.

use super::{
    links::queries as links,
    systems::{ExternalSystem, queries as systems},
};
use crate::{db::Tx, error::Result, kernel::Time};

/// How long records fail before people are told, in seconds: a connector that tries again mends most of it by itself.
const PATIENCE_SECONDS: i64 = 3600;

/// Tells of each system that began to fail for long, or stopped. Tells how many.
///
/// # Errors
/// What the database reports.
pub fn tell(tx: &mut Tx<'_>) -> Result<usize> {
    let mut told = 0;
    for system in systems::active(tx)? {
        let since = links::first_failure(tx, system.id)?;
        let Some((since, kind)) = change(&system, since, tx.now) else {
            continue;
        };
        let after = system.clone().failing(since, tx.now);
        systems::save(tx, &system, after, kind)?;
        told += 1;
    }
    Ok(told)
}

/// Since when the system fails that people are to be told of, if that is news.
fn change(system: &ExternalSystem, failure: Option<Time>, now: Time) -> Option<(Option<Time>, &'static str)> {
    let lasting = failure.filter(|since| since.plus_seconds(PATIENCE_SECONDS) <= now);
    match (system.failing_since, failure) {
        (None, Some(_)) if lasting.is_some() => Some((lasting, "external_system.failing")),
        (Some(_), None) => Some((None, "external_system.recovered")),
        _ => None,
    }
}
