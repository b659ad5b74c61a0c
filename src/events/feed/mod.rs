//! The feed: every change that the caller may read of, in the order in which changes were committed, with no gap.
//!
//! A reader asks for what comes after a cursor, keeps the cursor of the last event that it has dealt with, and never misses one
//! nor sees one appear behind its back: events have their `position` in the order of commits ([`super::sequencer`]), and
//! are shown up to the last position that was given. A cursor is good for as long as events are kept.
//!
//! - **Who reads what.** An event is read by whoever may read its record ([`Reading`]): by role or scope, and by row. A record
//!   of a partner is read through the audience that was written with the event; records of nobody, such as products, by
//!   everyone who may read them; the vendor's own by those who see all rows. Who is limited to some partners reads of
//!   vendor-only matters in the lists, not here: an event does not say which partner it is about, only who may learn of it.
//! - **What of it.** Partners read what the event holds for them in place of what the vendor reads; custom fields by their
//!   present definitions; and of people only their own. A partner that lost sight of a record by an event reads a tombstone.
//! - **At what cost.** A page is put together from ranges of indexes, each read up to the length of the page: one range for who
//!   reads everything, else one for each partner and type. So a page costs the same at the beginning and the end of a long log.

mod handlers;
mod model;
mod queries;
mod reading;
mod retention;
mod rules;
mod shown;
mod tail;

pub use model::{Event, EventActor, EventActorType};
pub use queries::{Found, after, at};
pub use reading::{Reading, Wanted};
pub use retention::expire;
pub use rules::{cursor, position};
pub use tail::{Tail, Waiting};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    db::Tx,
    error::Result,
    events::{
        marks::{Mark, queries as marks},
        queries::last_position,
    },
};

/// The cursor at which the feed stands now. Who takes it, then reads rows, then reads the feed from it, misses nothing: what is
/// committed later, or has no place in the log yet, comes behind it.
///
/// # Errors
/// What the database reports.
pub fn present(tx: &mut Tx<'_>) -> Result<String> {
    let expired = marks::read(tx, Mark::EventHorizon)?.position;
    Ok(cursor(last_position(tx)?.unwrap_or(expired)))
}

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(scope("/v1/events").service(handlers::list_events));
}
