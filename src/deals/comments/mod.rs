//! Comments on a registration: the vendor's own, the partner's own, or shared by both.
//!
//! Neither side reads what is the other's own, in answers or in events. Everyone who reads registrations may write. A
//! comment is changed by its author alone; those who run the program may also remove one that they read. A comment is talk
//! about the deal and no work on it: it does not count as a sign of activity.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{CommentSide, CommentVisibility, DealComment};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deal_comments)
        .service(handlers::create_deal_comment);
}

/// The routes of comments themselves.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-comments")
            .service(handlers::get_deal_comment)
            .service(handlers::update_deal_comment)
            .service(handlers::delete_deal_comment),
    );
}
