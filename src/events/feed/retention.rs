//! What is kept of the log, and for how long.

use super::queries;
use crate::{
    db::Tx,
    error::Result,
    events::marks::{
        Mark,
        queries::{self as marks, Reached},
    },
    usage::{self, Kept},
};

/// Deletes the oldest events that are no longer kept, at most so many, and first moves the horizon, so that no reader takes what
/// is left for all there was; tells how many. What notices, response times and the audit chain have not read yet stays.
///
/// # Errors
/// What the database reports.
pub fn expire(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let before = tx.now.plus_days(-usage::days_kept(tx, Kept::Events)?);
    let horizon = marks::hold(tx, Mark::EventHorizon)?;
    let notices = marks::read(tx, Mark::Notices)?.position;
    let read = notices.min(usage::responses::read_to(tx)?);
    let Some(last) = queries::expired(tx, before, (horizon.position, read), most)? else {
        return Ok(0);
    };
    let reached = Reached {
        position: last,
        hash: None,
    };
    marks::advance(tx, Mark::EventHorizon, &reached)?;
    queries::delete_to(tx, last)
}
