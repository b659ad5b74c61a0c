//! Delegations: who is away, and who stands in.
//!
//! A person of the vendor names another for a period; administrators may do it for them. Periods of one person do not overlap,
//! and nobody stands in, directly or through others, for whoever stands in for them. A delegation holds from its start to its
//! end by the clock; it can be cancelled early, and is otherwise never changed. What was decided under it stays.

mod handlers;
mod model;
mod queries;
mod rules;
mod steps;

pub use model::Delegation;
pub use queries::in_force;
pub use rules::MACHINE;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/delegations")
            .service(handlers::list_delegations)
            .service(handlers::create_delegation)
            .service(handlers::get_delegation)
            .service(handlers::cancel_delegation),
    );
}
