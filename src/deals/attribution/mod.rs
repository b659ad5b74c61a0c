//! Attribution: who is credited with a registration, in which role and with which share.
//!
//! A set of shares holds from its first moment until the next set's; without one a registration is all its partner's, as
//! its seller. Sets are never changed: a new one takes over, now or later, so that what was credited at a moment can
//! always be read again. The shares of a set add up to 10,000 basis points (100 %), by a guard of the database.
//!
//! The vendor reads all shares. A partner reads its own, and of the others only what they add up to: neither who they are
//! nor how many. Events follow the same rule: the set itself is told to the vendor alone, and the registration's partner
//! is told by an event of its registration that the attribution is another.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{AttributionRole, AttributionShare, DealAttributionSet};
pub use queries::{known, record};
pub use rules::{WHOLE, check, shown};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::Tx,
    deals::registrations::{
        self, ReviewStatus,
        history::{self, Entry},
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::ids::DealId,
};
use model::NewDealAttribution;

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::get_deal_attribution)
        .service(handlers::set_deal_attribution)
        .service(handlers::list_deal_attributions);
}

/// Credits the partners with the shares, from the moment that is named, or from now on.
///
/// # Errors
/// 404 for a registration that the caller may not see; 412 if it was changed meanwhile; 409 `contradiction` for shares that do not add up
/// or stand twice; 409 `unknown_reference` for a partner that is not there, `guard_failed` for a moment that has passed,
/// `already_exists` if a set begins at that very moment.
fn set(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, new: &NewDealAttribution) -> Result<DealAttributionSet> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    check(&new.splits, "#/splits")?;
    known(tx, &new.splits, "#/splits")?;
    let now = tx.moment();
    let status = registrations::status_at(&before, now);
    let failing = rules::failing(status == ReviewStatus::Superseded, new.valid_from, now);
    if !failing.is_empty() {
        return Err(Error::guards(status, "set_attribution", failing));
    }
    let from = new.valid_from.unwrap_or(now);
    let set = record(tx, id, &new.splits, from, &new.reason)?;
    let after = before.clone().touched(now);
    registrations::save(tx, &before, after, "deal.attribution_set")?;
    let entry = Entry::action("set_attribution").detail(format!("From {from}: {}", new.reason));
    history::note(tx, id, entry)?;
    Ok(set)
}
