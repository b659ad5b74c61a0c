//! Identity providers (OpenID Connect): whose tokens are taken beside our own.
//!
//! An administrator names a provider by its issuer. Its public keys are found by discovery, kept, and read anew as it
//! turns them over ([`keys`]); a token of it is checked by them, and belongs to the user whom the account that it speaks
//! of is linked to ([`super::links`]). Roles are the user's own, or what the token says as far as the provider's map goes.
//!
//! A provider that is bound to a partner speaks for that partner's people, and for nobody else: it cannot make itself
//! the vendor's administrator by naming their address. Nor can one that vouches for every domain: the vendor's own people are
//! linked by domains that are named, or one by one.

mod handlers;
pub mod keys;
mod model;
mod queries;
mod rules;
mod wire;

pub use model::{IdentityProvider, LinkBy};
pub use queries::{enabled, find, for_everybody};
pub use rules::{Arrival, Refusal, discovery_url};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/identity-providers")
            .service(handlers::list_identity_providers)
            .service(handlers::create_identity_provider)
            .service(handlers::get_identity_provider)
            .service(handlers::update_identity_provider)
            .service(handlers::delete_identity_provider),
    );
}
