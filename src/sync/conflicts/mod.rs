//! Conflicts: records that were changed on both sides since they agreed, with both versions.
//!
//! A link has one open conflict at most; what comes meanwhile is kept in it. Somebody decides field by field, or for one side in
//! all of them. What they alone changed is taken either way, by the ordinary rules of a change; what stands here then waits to
//! be pushed.

mod handlers;
mod model;
mod queries;
pub(in crate::sync) mod rules;

pub(in crate::sync) use model::Version;
pub use model::{SyncConflict, SyncVersion};
pub(in crate::sync) use queries::{drop_of, keep, open, settle};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/sync-conflicts")
            .service(handlers::list_sync_conflicts)
            .service(handlers::get_sync_conflict)
            .service(handlers::resolve_sync_conflict),
    );
}
