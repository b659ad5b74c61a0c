//! The daily work of both sides: what is to be done, whom somebody talked with, and what waits for each person.
//!
//! - [`tasks`]: tasks and follow-ups, on any record or on none.
//! - [`interactions`]: calls, meetings, mails and visits, with people of both sides.
//! - [`notes`]: what somebody noted on a record.
//! - [`items`]: one queue for each person over everything that waits for them, wherever it is kept.
//! - [`saved_views`]: filters with a name.
//!
//! A task, interaction or note belongs to the record that it is on, and through it to the record's partner. The vendor's people
//! see those of the partners whose rows they see, and those of no partner; a partner's people see what is shared with them.
//! Nobody sees what is on records of a kind that they may not read.

pub mod interactions;
pub mod items;
mod move_queries;
pub mod notes;
mod queries;
mod records;
pub mod saved_views;
pub mod tasks;

pub use move_queries::{OnRecord, move_to, on_record};
pub use records::{WorkRecordType, WorkSide, WorkVisibility};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    tasks::routes(config);
    interactions::routes(config);
    notes::routes(config);
    items::routes(config);
    saved_views::routes(config);
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![tasks::MACHINE.published()]
}
