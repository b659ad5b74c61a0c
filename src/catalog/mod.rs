//! The catalog: what is sold (a tree of product lines and products) and where (a tree of territories).
//! Both trees decide whether the scopes of two deals overlap.

pub mod products;
pub mod territories;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    products::routes(config);
    territories::routes(config);
}
