//! Webhooks: events delivered to addresses that the vendor and its partners name, at least once and in order for each record.
//!
//! - An endpoint is of one side: the vendor's, or a partner's. It is told what its owner may read at the moment of sending, of the
//!   rows that its owner's people see then: a distributor's of its resellers, too, where a program says so. One that a machine
//!   made, no more than the machine was allowed when it made it and is allowed still. So where messages of an endpoint go is said
//!   by people, or by the machine that made it.
//! - Each endpoint has a mark: events up to its position of the feed have their deliveries. A window of deliveries is written at
//!   a time, never the whole backlog; an endpoint that is disabled has none written, and goes on from its mark.
//! - Of several servers on one PostgreSQL one works for an endpoint at a time, under a lease by the database's clock, so that
//!   order and the limit on simultaneous calls hold over all of them. What was sent and not written down before a server was
//!   gone is sent again when its lease has ended. SQLite's one server takes over at once.
//! - Of each record the next message goes when the one before was taken, and that is written down. The head of such a queue is
//!   never skipped: an endpoint that keeps failing is disabled, its administrators are told, and it resumes in order.
//! - Calls go to public addresses alone, are signed by the Standard Webhooks specification, follow no redirect, and have one
//!   deadline for the whole answer. None is made within a transaction.
//! - What is stored of an attempt is its answer and its signature; the message is written down again from the event by whoever
//!   reads it, as far as they may read it.

mod deliveries;
mod desk;
mod dispatcher;
mod endpoints;
mod guard;
mod lane;
mod limits;
mod message;
mod news;
mod queue;
mod sender;
mod settings;
mod signature;
mod verdict;
mod work;

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use utoipa_actix_web::service_config::ServiceConfig;

pub use deliveries::{WebhookDelivery, work_queries::open as waiting};
pub use dispatcher::{Dispatcher, take_over};
pub use endpoints::{MACHINE, WebhookDisabledReason, WebhookEndpoint};
pub use guard::{Resolve, SystemResolver, Target, is_public};
pub use sender::{Line, line_to};
pub use settings::{Networks, Schedule, WebhookSettings};

use crate::{
    db::Tx,
    error::{Error, Result},
    http::State,
    kernel::ids::PartnerId,
};

/// How long after its removal nobody works for an endpoint any more, for sure.
const SETTLED_SECONDS: i64 = 3600;
/// What secrets are sealed for.
const SEALED_FOR: &str = "webhook";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    endpoints::routes(config);
    deliveries::routes(config);
}

/// Disables every endpoint of a partner, when the partner ends.
///
/// # Errors
/// What the database reports.
pub fn end_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    for id in endpoints::queries::enabled_of(tx, partner)? {
        endpoints::queries::disable(tx, id, WebhookDisabledReason::PartnerEnded)?;
    }
    Ok(())
}

/// Deletes deliveries whose time is over, and what was sent to an endpoint that was removed, with that; at most so many. Tells
/// how many.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let before = tx.now.plus_seconds(-SETTLED_SECONDS);
    let mut deleted = 0;
    if let Some(removed) = endpoints::queries::next_removed(tx, before)? {
        deleted = deliveries::queries::delete_old(tx, Some(removed), most)?;
        if i64::try_from(deleted).is_ok_and(|deleted| deleted < most) {
            endpoints::queries::forget(tx, removed)?;
        }
    }
    let left = most.saturating_sub(i64::try_from(deleted).unwrap_or(most));
    Ok(deleted + deliveries::queries::delete_old(tx, None, left)?)
}

impl FromRequest for WebhookSettings {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(State::of(request).map(|state| state.config.webhooks.clone()))
    }
}
