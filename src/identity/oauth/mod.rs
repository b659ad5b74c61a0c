//! OAuth 2.0 for programs: client credentials (RFC 6749, section 4.4), by secrets or by keys of the clients' own (RFC 7523),
//! revocation (RFC 7009), introspection (RFC 7662), metadata (RFC 8414), and the published keys.
//!
//! These endpoints speak OAuth: their refusals are `{"error": …}` as RFC 6749, section 5.2, says, because that is what
//! the libraries of integrators read. Everything else of the API answers with problems.

pub mod refusal;
pub mod tokens;

mod clients;
mod handlers;
mod model;
mod rules;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::issue_token)
        .service(handlers::revoke_token)
        .service(handlers::introspect_token)
        .service(handlers::get_jwks)
        .service(handlers::get_authorization_server);
}
