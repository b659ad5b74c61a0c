//! Service clients: programs that sign in by themselves, with scopes, and with secrets that can be replaced without a gap.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{ClientStatus, NewServiceClient, ServiceClient};
pub use queries::{Signing, by_secret, find, insert, name_of};
pub use rules::{MACHINE, side};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/service-clients")
            .service(handlers::list_service_clients)
            .service(handlers::create_service_client)
            .service(handlers::get_service_client)
            .service(handlers::update_service_client)
            .service(handlers::disable_service_client)
            .service(handlers::enable_service_client)
            .service(handlers::rotate_client_secret)
            .service(handlers::revoke_client_secret),
    );
}
