//! Distribution: which distributor serves which reseller, and from when to when. Where a program says so, the distributor's
//! people see the rows of its resellers.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::ResellerRelation;
pub use queries::{end_all, resellers_of};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_resellers)
        .service(handlers::add_reseller)
        .service(handlers::get_reseller)
        .service(handlers::update_reseller);
}
