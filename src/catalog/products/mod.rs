//! Products: a tree of lines, the products in them, and their variants.
//!
//! A deal names products, an authorisation grants them, a protection covers them; two scopes meet where one product lies
//! in the other. The closure table beside the tree is kept by triggers of the database. Other systems know a product
//! by other names: each of its aliases leads to it, as its code does, in any case.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NewProduct, Product, ProductAlias, ProductKind, ProductPatch, ProductStatus};
pub use queries::{
    add_alias, aliases_of, ancestors, by_code, by_ids, delete_with, find, insert, overlaps, resolve, save,
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/products")
            .service(handlers::list_products)
            .service(handlers::create_product)
            .service(handlers::get_product)
            .service(handlers::update_product)
            .service(handlers::delete_product)
            .service(handlers::get_product_path)
            .service(handlers::list_product_aliases)
            .service(handlers::add_product_alias)
            .service(handlers::remove_product_alias),
    );
}
