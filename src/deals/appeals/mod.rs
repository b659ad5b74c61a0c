//! Appeals: the partner's word against a refusal or a revocation of its registration.
//!
//! - A decision can be appealed against once, by the registration's partner (or the distributor it is sold through), within
//!   the days that the program gives; an appeal that was taken back is used up.
//! - It comes with evidence: at least one note that says what there is, and where.
//! - Somebody judges it who had no part in the registration: who decided on it or on what is protected in its place, reviewed
//!   it, sent it in, or looks after its partner or a partner that claims the same scope does not.
//! - The vendor owes its decision within the program's business days, by the calendar of the registration's territory; `sla`
//!   says where that promise is, and the people who may judge are told of the appeal and reminded of the day.
//! - Upholding moves the registration and its protection in one transaction, under the lock of its account. What was revoked
//!   is protected again for the time that was left of it. What was refused is before the vendor again at its old place in
//!   the queue, or, where the adjudicator may decide every step of its chain, granted at once, with the conflict check run
//!   again. Nobody is granted a scope that somebody else holds by then.
//! - Where somebody else does, the adjudicator can uphold it all the same and have it contested: a conflict case is opened in
//!   the same transaction, which names both. A restored registration gets its protection back as contested, which shuts nobody
//!   out; a refused one is before the vendor again. Resolving the case for one of them moves the protection.
//! - The timeline of an appeal is what the program itself wrote down: receipt, checks, decisions, evidence, and the appeal.
//!   Both sides read it; the partner without names, and without what names another partner.

mod handlers;
mod judges;
mod model;
mod outcomes;
mod queries;
mod rules;
mod steps;
mod timeline;

pub use judges::adjudicators;
pub use model::{DealAppeal, DealAppealStatus};
pub use queries::{find, waiting_for};
pub use rules::MACHINE;
pub use steps::{actions, close_open};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deal_appeals)
        .service(handlers::lodge_deal_appeal);
}

/// The routes of an appeal.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-appeals")
            .service(handlers::list_appeals)
            .service(handlers::get_deal_appeal)
            .service(handlers::get_deal_appeal_timeline)
            .service(handlers::claim_deal_appeal)
            .service(handlers::uphold_deal_appeal)
            .service(handlers::dismiss_deal_appeal)
            .service(handlers::withdraw_deal_appeal),
    );
}
