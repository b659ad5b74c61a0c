//! Identity links: whose an account at an identity provider is. An account belongs to one user, and a user has one account
//! at a provider, so that an address that the provider gives to somebody else does not give them the user with it.
//!
//! Links are made at first sight, where the provider vouches for addresses, or by an administrator.

mod arrivals;
mod handlers;
mod model;
mod queries;

pub use arrivals::arrive;
pub use model::IdentityLink;
pub use queries::forget_provider;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/identity-links")
            .service(handlers::list_identity_links)
            .service(handlers::create_identity_link)
            .service(handlers::get_identity_link)
            .service(handlers::delete_identity_link),
    );
}
