//! The portal: what a front end needs before it shows anything. How the program presents itself, which languages and modules
//! there are, which entries the caller's menu has, and how much waits for them.
//!
//! The front end itself is somebody else's; it asks here once after signing in, and `PublicPortal`
//! before. Menu and counts follow from the permission table and the modules that are on, so that no entry leads to a 403 or 404.

mod handlers;
mod menu;
mod model;
mod queries;
mod rules;
mod work;

pub use model::PortalBranding;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/portal")
            .service(handlers::get_portal)
            .service(handlers::get_public_portal)
            .service(handlers::get_portal_branding)
            .service(handlers::update_portal_branding),
    );
}
