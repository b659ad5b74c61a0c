//! API keys: a service client's standing in one text, for programs that cannot do OAuth. A key belongs to a client,
//! never to a person, and can do no more than its client.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{ApiKey, NewApiKey};
pub use queries::{find, insert};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/api-keys")
            .service(handlers::list_api_keys)
            .service(handlers::create_api_key)
            .service(handlers::get_api_key)
            .service(handlers::revoke_api_key),
    );
}
