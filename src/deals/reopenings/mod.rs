//! Undoing a mistaken decision. Two people of the vendor agree: one asks, another approves; or, where the policy has a chain for
//! it, all of its steps. Then the registration is before
//! the vendor again, in a new round of its approval chain.
//!
//! - What was refused or revoked by mistake keeps its place in the queue: the mistake was not the partner's. What was
//!   withdrawn or has lapsed gave its place up, and gets a new one at the end.
//! - What an approval protected is released: the new round decides on it. Without a new decision nothing is protected.
//! - Nothing is reopened over somebody else's protection: whoever was granted the scope since keeps it.
//! - Partners see that their registration is before the vendor again, and not who of the vendor asked for it.

mod chains;
mod handlers;
mod model;
mod queries;
mod rules;
mod steps;

pub use model::{DealReopening, DealReopeningStatus};
pub use queries::{deal_of, of_deals, open};
pub use rules::MACHINE;
pub use steps::{Anew, actions, close_open, review_anew};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deal_reopenings)
        .service(handlers::request_deal_reopening);
}

/// The routes of a reopening.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-reopenings")
            .service(handlers::get_deal_reopening)
            .service(handlers::approve_deal_reopening)
            .service(handlers::reject_deal_reopening)
            .service(handlers::withdraw_deal_reopening),
    );
}
