//! Product authorisations: what a partner may sell where, and from when to when.
//!
//! An authorisation for a product line covers the products in it, and one for a territory the territories within it. It is
//! never deleted: its end is set, so that it can be told what a partner was authorised for on any day.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{Authorisation, NewAuthorisation};
pub use queries::{authorised, end_all, grant};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_product_authorisations)
        .service(handlers::create_product_authorisation)
        .service(handlers::get_product_authorisation)
        .service(handlers::update_product_authorisation);
}
