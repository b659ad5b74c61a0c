//! The daily work of both sides: what is to be done, whom somebody talked with, and what waits for each person.
//!
//! - [`tasks`]: tasks and follow-ups, on any record or on none.
//! - [`interactions`]: calls, meetings, mails and visits, with people of both sides.
//! - [`items`]: one queue for each person over everything that waits for them, wherever it is kept.
//! - [`saved_views`]: filters with a name.
//!
//! A task or interaction belongs to the record that it is on, and through it to the record's partner. The vendor's people
//! see those of the partners whose rows they see, and those of no partner; a partner's people see what is shared with them.

pub mod interactions;
pub mod items;
mod queries;
mod records;
pub mod saved_views;
pub mod tasks;

pub use records::{WorkRecordType, WorkSide, WorkVisibility};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    tasks::routes(config);
    interactions::routes(config);
    items::routes(config);
    saved_views::routes(config);
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![tasks::MACHINE.published()]
}
