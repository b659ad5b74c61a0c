//! The HTTP layer, built once for all resources: the gate that every request passes, the extractors and replies that
//! handlers are made of, problems, idempotency, and the contract.

pub mod batch;
mod confidential;
pub mod contract;
mod cookie;
pub mod docs;
pub mod document;
mod expand;
pub mod export;
mod extract;
pub mod gate;
pub mod idempotency;
mod language;
pub mod limits;
pub mod metrics;
mod operations;
pub mod probes;
pub mod problem;
mod reply;
mod resource;
mod state;

pub use confidential::Confidential;
pub use cookie::WithCookie;
pub use expand::{Expand, Expandable, Expanding};
pub use extract::{IfMatch, IfMatchIfSent, Json, Lists, Path, Query};
pub use language::AcceptLanguage;
pub use operations::Operations;
pub use reply::{Accepted, Answer, Created, Documented, Listed, NoContent, Plain, Rendered, Reply, Sent, Upserted};
pub use resource::{Addressed, Resource};
pub use state::State;

/// Which pages of other origins may call from a browser, with cookies, and which headers they may send and read.
pub fn cors(config: &crate::config::Config) -> actix_cors::Cors {
    let open = config
        .cors_origins
        .iter()
        .fold(actix_cors::Cors::default(), |cors, origin| cors.allowed_origin(origin));
    // Cookies go with the origins that are listed, and there is no wildcard among them.
    let open = if config.cors_origins.is_empty() {
        open
    } else {
        open.supports_credentials()
    };
    open.allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "x-request-id",
            "change-origin",
            "external-revision",
            "external-changed-at",
            "external-base-revision",
            "prefer",
            "x-requested-with",
        ])
        .expose_headers([
            "etag",
            "link",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
            "idempotency-replayed",
            "preference-applied",
            "feed-cursor",
            "content-disposition",
        ])
        .max_age(7200)
        .block_on_origin_mismatch(false)
}
