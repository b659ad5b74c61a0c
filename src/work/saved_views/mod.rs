//! Saved views: a list's filters, order and columns with a name, so that nobody sets them again each morning.
//!
//! A view is checked against the contract of its list when it is saved: the parameters must be that list's, with values that
//! it takes. Its owner alone changes it. A shared one is read by the owner's side: the vendor's people, or the people of the
//! owner's partner. It holds no rows; whoever uses it sees their own.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::SavedView;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/saved-views")
            .service(handlers::list_saved_views)
            .service(handlers::create_saved_view)
            .service(handlers::get_saved_view)
            .service(handlers::update_saved_view)
            .service(handlers::delete_saved_view),
    );
}
