//! Changes of what was approved: the amount, the products, the expected close. Only what changed is reviewed again.
//!
//! - What the program's rules let pass holds at once: an amount that rises little over the one that was *approved* (so that
//!   many small steps do not creep past a review), fewer products, products below those granted, a later close.
//! - Everything else waits for the vendor, and with it the rest of the same amendment: one amendment is all or nothing.
//! - A product that is new to the registration takes a place of its own in the queue of the customer at that moment, is
//!   checked for conflicts by itself, and is protected, once approved, until the registration's protection ends.

mod additions;
mod chains;
mod handlers;
mod model;
mod queries;
mod rules;
mod steps;

pub use model::{DealAmendment, DealAmendmentStatus};
pub use queries::{AmendmentRow, deal_of, of_deals, pending};
pub use rules::{MACHINE, would_be_reviewed};
pub use steps::{actions, close_pending};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deal_amendments)
        .service(handlers::amend_deal);
}

/// The routes of one amendment.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-amendments")
            .service(handlers::get_deal_amendment)
            .service(handlers::approve_deal_amendment)
            .service(handlers::reject_deal_amendment)
            .service(handlers::withdraw_deal_amendment),
    );
}
