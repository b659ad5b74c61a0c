//! More time for a protection. The partner asks before the end and shows what happened; while it is asked, a grace keeps
//! the scope; what is granted begins at the old end, never now, so that asking late wins no time.
//!
//! Where the policy has a chain for more time, all of its steps must agree; what the last one grants counts. Where it has none,
//! one reviewer decides.
//!
//! How often, by how much, how long the grace is and how fresh the work must be are the program's settings. A protection
//! that ended while the extension waited is not brought back: somebody else may have been promised the scope since.

mod chains;
mod handlers;
mod model;
mod queries;
mod rules;
mod steps;

pub use model::{DealExtension, DealExtensionStatus};
pub use queries::{ExtensionRow, deal_of, of_deals, pending};
pub use rules::{MACHINE, limits_met};
pub use steps::{actions, close_pending};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deal_extensions)
        .service(handlers::request_deal_extension);
}

/// The routes of one extension.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-extensions")
            .service(handlers::get_deal_extension)
            .service(handlers::grant_deal_extension)
            .service(handlers::deny_deal_extension)
            .service(handlers::withdraw_deal_extension),
    );
}
