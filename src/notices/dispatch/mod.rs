//! The dispatcher: from the log of events to notices and mails, each exactly once.

mod announcement;
mod people;
mod stories;

pub use announcement::{announce, footer};
pub use people::told;
pub use stories::Story;

use super::{catalogue, templates::Texts};
use crate::{
    db::Tx,
    error::{Result, codes},
    events::{
        marks::{Mark, queries as marks},
        queries::{self as log_queries, Logged},
    },
    jobs::Progress,
    modules::Module,
};

/// The origin of events that tell of history alone.
const IMPORT: &str = "import";

/// Tells people of the next events of the log, at most so many, and moves the mark, all in the caller's transaction. Tells
/// how many events it dealt with. Where notices are switched off it only moves the mark, so that nobody is told of all of it
/// when they are on again. One that cannot be told is left out and counted, and keeps nobody from being told of the
/// others.
///
/// # Errors
/// What the database reports of itself: that it cannot be reached, or that the transaction is to be tried again. Then nothing
/// is told, and the mark stays.
pub fn tell(tx: &mut Tx<'_>, most: i64) -> Result<Progress> {
    let mut mark = marks::hold(tx, Mark::Notices)?;
    let Some(last) = log_queries::last_position(tx)?.filter(|last| *last > mark.position) else {
        return Ok(Progress::default());
    };
    let modules = tx.caller().request().switches.modules();
    if !modules.has(Module::Notices) {
        mark.position = last;
        marks::advance(tx, Mark::Notices, &mark)?;
        return Ok(Progress::default());
    }
    let span = (mark.position, last);
    let events = log_queries::logged(tx, span, &catalogue::events(), IMPORT, most)?;
    let texts = if events.is_empty() {
        Texts::default()
    } else {
        Texts::load(tx)?
    };
    let mut failed = 0;
    for event in &events {
        match tx.attempt(|tx| tell_one(tx, &texts, event)) {
            Ok(()) => {}
            Err(error) if error.may_retry() || error.is(&codes::UNAVAILABLE) => return Err(error),
            Err(error) => {
                log::error!("nobody is told of {} {}: {error}", event.kind, event.id);
                failed += 1;
            }
        }
    }
    let full = i64::try_from(events.len()).is_ok_and(|found| found >= most);
    mark.position = events.last().filter(|_| full).map_or(last, |event| event.position);
    marks::advance(tx, Mark::Notices, &mark)?;
    Ok(Progress {
        done: events.len(),
        more: full,
        failed,
    })
}

fn tell_one(tx: &mut Tx<'_>, texts: &Texts, event: &Logged) -> Result<()> {
    let modules = tx.caller().request().switches.modules();
    for rule in catalogue::by_event(&event.kind).filter(|rule| rule.is_offered(modules)) {
        if let Some(story) = stories::of_event(tx, rule, event)? {
            let people = told(tx, rule, &story)?;
            announce(tx, texts, rule, &story, &people)?;
        }
    }
    Ok(())
}
