//! External systems: the CRMs, ERPs and warehouses that records are linked with, by the name that external references use.

mod handlers;
mod model;
pub(in crate::sync) mod queries;
pub(in crate::sync) mod rules;

pub use model::{ExternalSystem, ExternalSystemState};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/external-systems")
            .service(handlers::list_external_systems)
            .service(handlers::create_external_system)
            .service(handlers::get_external_system)
            .service(handlers::update_external_system)
            .service(handlers::get_external_system_summary)
            .service(handlers::pause_external_system)
            .service(handlers::resume_external_system)
            .service(handlers::resync_external_system)
            .service(super::reviews::match_external_records),
    );
}
