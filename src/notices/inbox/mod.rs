//! Everybody's own notices in the app. Nobody reads those of others, whatever their role; whoever works for two partners
//! reads with each token those of that partner.

mod handlers;
mod model;
mod queries;

pub use queries::{NoticeRow, delete_old, insert, unread};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/notices")
            .service(handlers::list_notices)
            .service(handlers::count_unread_notices)
            .service(handlers::read_notices)
            .service(handlers::read_notice),
    );
}
