//! Protections: first come, first protected. A protection keeps others out of a scope (customer account, product node,
//! territory node, class of deal) for a period.
//!
//! - That no two active exclusive ones overlap is an invariant of the database: a trigger refuses it on either engine,
//!   whatever the code has looked at before. [`grant`] looks first, so that the refusal can be explained.
//! - One row for each topmost node that was granted; what lies below is covered by the closure tables of the trees.
//! - Nothing happens when a protection's time is up: whether it is in force is a function of the moment asked for.
//! - Whoever stands earlier in the queue with a live registration of the scope must be decided first, or passed over
//!   with a reason.

mod expanded;
mod grants;
mod handlers;
mod holders;
mod model;
mod queries;
mod rules;
mod settlements;

pub use grants::{
    Grant, Override, contest, end, end_grace, extend, grant, hand_over, held_by, keep, narrow, pause, restore, resume,
    rivals, tell_ends,
};
pub use holders::{give_back, give_back_contested, holders_on_scope, holding, others_on_scope, rows_on_scope};
pub use model::{DealTypeClass, Protection, ProtectionStatus};
pub use queries::{ProtectionRow, lock_account, of_deals, states as state_of};
pub use rules::{Ending, state_of_deal};
pub use settlements::{Verdict, clear, settle};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/protections")
            .service(handlers::list_protections)
            .service(handlers::get_protection),
    );
}
