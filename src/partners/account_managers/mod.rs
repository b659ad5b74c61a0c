//! Account managers: who of the vendor looks after a partner, in which part, and since when.
//!
//! Each part (primary, backup, executive sponsor) is a chain of starts: an entry holds until the next one, so there can be
//! neither overlap nor gap between two. An active or suspended partner has a primary account manager at every moment; the
//! database refuses whatever would leave it without one. What has begun is never rewritten; an entry that has not begun
//! can be taken back.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{AccountManagerRole, Assignment, AssignmentReason, NewAssignment};
pub use queries::{
    Entry, ManagersHeld, all_of, begin, begin_at, cancel, current, end_all, looked_after_by, managers_held, primary_of,
    started_since, starting,
};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_account_managers)
        .service(handlers::assign_account_manager)
        .service(handlers::end_account_manager)
        .service(handlers::get_account_manager)
        .service(handlers::cancel_account_manager);
}
