//! How each person wants to be told: topic by topic in the app and by mail, when it is night for them, at what hour their
//! digest comes, and in which language.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::NoticePreferences;
pub use queries::of_people;
pub use rules::Wishes;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::get_notice_preferences)
        .service(handlers::update_notice_preferences);
}
