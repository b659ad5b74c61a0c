//! The catalogue of topics: what people are told of, who, why, by which channels, and whether it can be switched off.
//!
//! It is closed: a topic is a word of the program, and texts, preferences and tests go by it. Each stands for one or more
//! types of events, or for reminders before a deadline.

mod handlers;
mod model;
mod rules;
mod table;

pub use model::{MailDelivery, NoticeRelation, NoticeSide, NoticeTopic};
pub use rules::{TopicRule, by_event, events, offered};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(scope("/v1/notice-topics").service(handlers::list_notice_topics));
}
