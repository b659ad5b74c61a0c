//! Deals: a partner registers an opportunity, the program checks it for conflicts, decides, protects it, and follows it
//! until it is won or lost.
//!
//! - [`conflict`]: who else holds or wants what a registration asks for, and why.
//! - [`outcomes`]: how the sale ended, and the evidence.
//! - [`protection`]: who holds which scope, first come, first protected.
//! - [`reopenings`]: undoing a mistaken decision; [`appeals`]: the partner's word against one.
//! - [`amendments`]: changes of what was approved; only what changed is reviewed again.
//! - [`extensions`]: more time for a protection.
//! - [`registrations`]: the registration itself with its three axes (review, protection, stage), and its review.
//! - [`transfers`]: a registration goes to another partner; [`attribution`]: who is credited with it.
//! - [`chains`]: who agrees to what is asked for about it; [`comments`]: what is said about it.

pub mod amendments;
pub mod appeals;
pub mod attribution;
pub mod chains;
pub mod comments;
pub mod conflict;
pub mod extensions;
pub mod outcomes;
pub mod protection;
pub mod registrations;
pub mod reopenings;
pub mod transfers;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    db::Tx,
    error::Result,
    kernel::{Time, ids::DealId},
};

/// The routes. Everything at or below one deal is one scope: the router does not look into a second scope of the same
/// prefix, so each part adds its operations, with paths like `/{id}/comments`, to this one. What hangs on a deal and has an address
/// of its own has it beside the deals, `/v1/deal-evidence/{id}`: below them it could be mistaken for an external id.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deals")
            .configure(registrations::routes)
            .configure(conflict::deal_routes)
            .configure(outcomes::deal_routes)
            .configure(reopenings::deal_routes)
            .configure(appeals::deal_routes)
            .configure(extensions::deal_routes)
            .configure(amendments::deal_routes)
            .configure(comments::deal_routes)
            .configure(attribution::deal_routes)
            .configure(transfers::deal_routes),
    );
    extensions::routes(config);
    amendments::routes(config);
    outcomes::routes(config);
    reopenings::routes(config);
    appeals::routes(config);
    comments::routes(config);
    transfers::routes(config);
    conflict::routes(config);
    protection::routes(config);
}

/// Notes that somebody worked on a registration that the caller may see, at that moment or now if it is still to come. Work
/// that is older than what is known changes nothing.
///
/// # Errors
/// 404 if the caller may not see it.
pub fn worked_on(tx: &mut Tx<'_>, id: DealId, at: Time) -> Result<()> {
    let before = registrations::locked(tx, id)?;
    let at = at.min(tx.now);
    if before.deal.last_activity_at >= at {
        return Ok(());
    }
    let mut after = before.clone();
    after.deal.last_activity_at = at;
    registrations::save(tx, &before, after.touched(tx.now), "deal.worked_on").map(drop)
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![
        registrations::REVIEW.published(),
        registrations::STAGE.published(),
        reopenings::MACHINE.published(),
        appeals::MACHINE.published(),
        extensions::MACHINE.published(),
        amendments::MACHINE.published(),
        transfers::MACHINE.published(),
    ]
}
