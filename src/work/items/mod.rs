//! What waits for a person, wherever it is kept: one queue, what is due first at its head.
//!
//! Nothing is stored for it. Each kind of item is a query over the table that it is kept in ([`WorkItemKind`] names them all),
//! so that an item is there exactly as long as its reason. A page asks each kind for no more rows than the page has, in one
//! statement, and merges them; kinds whose action the caller may not call are not asked at all. The summary, and the portal,
//! count up to 10,000 items of each kind.
//!
//! Whose decision it is, the approvals say: by the step's role, by delegation, after an escalation, and never what the caller
//! sent in where the policy forbids it. Whether the decision is possible now (a free scope, an active partner) is told by the
//! record's own actions.

mod handlers;
mod model;
mod queries;
mod sources;
mod sync_sources;

pub use model::{WorkItem, WorkItemCount, WorkItemKind};
pub use queries::counted;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/work-items")
            .service(handlers::list_work_items)
            .service(handlers::get_work_summary),
    );
}
