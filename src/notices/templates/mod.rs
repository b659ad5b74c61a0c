//! The texts of notices: built in, in English and German, and the program's own where its owner wants other words or another
//! language. Each edit is kept; the last one holds, and the built-in text can be had back at any time.

mod english;
mod german;
mod handlers;
mod model;
mod queries;
mod rules;

pub use model::NoticeTemplate;
pub use queries::Texts;
pub use rules::{filled, is_locale, one_line};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/notice-templates")
            .service(handlers::list_notice_templates)
            .service(handlers::get_notice_template)
            .service(handlers::update_notice_template)
            .service(handlers::reset_notice_template)
            .service(handlers::preview_notice_template)
            .service(handlers::list_notice_template_revisions),
    );
}
