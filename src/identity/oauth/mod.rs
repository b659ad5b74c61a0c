//! OAuth 2.0 for programs: client credentials (RFC 6749, section 4.4), metadata (RFC 8414), and the published keys.
//!
//! The token endpoint speaks OAuth: its refusals are `{"error": …}` as RFC 6749, section 5.2, says, because that is what
//! the libraries of integrators read. Everything else of the API answers with problems.

pub mod refusal;

mod handlers;
mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::issue_token)
        .service(handlers::get_jwks)
        .service(handlers::get_authorization_server);
}
