//! A first load: which records of another system are ours already, and the queue of those that somebody has to tell.
//!
//! Each type of record is matched by what names it: a customer account as registrations find theirs, a partner by its entry of a
//! register, its verified domain or its name, a person by the mail address, a deal by its customer with title and amount. What is
//! sure is linked, what is not waits in the queue, and what is new is the connector's to put here. A dry run writes nothing.

mod handlers;
mod matchings;
mod model;
mod queries;
pub(in crate::sync) mod rules;

pub(in crate::sync) use handlers::match_external_records;
pub use model::SyncReview;
pub use queries::{linked, open};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/sync-reviews")
            .service(handlers::list_sync_reviews)
            .service(handlers::get_sync_review)
            .service(handlers::decide_sync_review),
    );
}
