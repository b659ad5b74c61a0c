//! Deals: a partner registers an opportunity, the program checks it for conflicts, decides, protects it, and follows it
//! until it is won or lost.
//!
//! - [`conflict`]: who else holds or wants what a registration asks for, and why.
//! - [`protection`]: who holds which scope, first come, first protected.
//! - [`registrations`]: the registration itself with its three axes (review, protection, stage), and its review.

pub mod conflict;
pub mod protection;
pub mod registrations;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes. Everything at or below one deal is one scope: the router does not look into a second scope of the same
/// prefix, so each part adds its operations, with paths like `/{id}/comments`, to this one.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deals")
            .configure(registrations::routes)
            .configure(conflict::deal_routes),
    );
    conflict::routes(config);
    protection::routes(config);
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![registrations::REVIEW.published(), registrations::STAGE.published()]
}
