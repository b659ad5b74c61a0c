//! The dispatcher: from the log of events to notices and mails, each exactly once.

mod announcement;
mod people;
mod queries;
mod stories;

pub use announcement::{announce, footer};
pub use people::told;
pub use stories::Story;

use super::catalogue;
use crate::{db::Tx, error::Result, events::queries as log};

/// The origin of events that tell of history alone.
const IMPORT: &str = "import";

/// Tells people of the next events of the log, at most so many, and moves the mark, all in the caller's transaction. Tells
/// how many events it dealt with.
///
/// # Errors
/// What the database reports; then nothing is told, and the mark stays.
pub fn tell(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mark = queries::hold(tx)?;
    let Some(last) = log::last_position(tx)?.filter(|last| *last > mark) else {
        return Ok(0);
    };
    let events = log::logged(tx, (mark, last), &catalogue::events(), IMPORT, most)?;
    for event in &events {
        for rule in catalogue::by_event(&event.kind) {
            if let Some(story) = stories::of_event(tx, rule, event)? {
                let people = told(tx, rule, &story)?;
                announce(tx, rule, &story, &people)?;
            }
        }
    }
    let full = i64::try_from(events.len()).is_ok_and(|found| found >= most);
    let reached = events.last().filter(|_| full).map_or(last, |event| event.position);
    queries::advance(tx, reached)?;
    Ok(events.len())
}
