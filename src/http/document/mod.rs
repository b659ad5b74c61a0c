//! Turns the raw document that the handlers' annotations yield into the contract that is published.
//!
//! A handler says only what it alone knows: its path, parameters, body, reply and the error codes that are its own.
//! Everything that is the same for all operations (names, tags, permissions, errors, headers, bounds, examples) is
//! added here, in one pure pass over JSON, so that no handler can forget it and no two can differ.
//!
//! [`polish`] makes the OpenAPI 3.1 document, [`check`] names what a handler still owes it, [`openapi_3_0`] and
//! [`without_webhooks`] derive the variants for generators that read less, and the `…_txt` functions print the tables
//! that reviewers read.

mod bounds;
mod easing;
mod errors;
mod examples;
mod exports;
mod gates;
mod headers;
mod links;
mod narrowing;
mod operations;
mod pattern;
mod replies;
mod shared;
mod situations;
mod tables;
mod texts;
mod tree;
mod values;
mod variants;
mod webhooks;
mod words;

pub use gates::check;
pub use narrowing::MEDIA as NARROWED;
pub use pattern::Pattern;
pub use tables::{errors_txt, operations_txt, permissions_txt};
pub use variants::{openapi_3_0, without_webhooks};
pub use webhooks::Hook;

use serde_json::Value;

/// What the permission table says about one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRule {
    /// The operation's id in the contract, such as `createDeal`.
    pub id: &'static str,
    /// The scope that a service client needs, such as `deals:read`; `None` where any caller who signed in will do.
    pub scope: Option<&'static str>,
    /// Whether anyone may call it without signing in.
    pub public: bool,
    /// The roles whose people may call it; empty where every role may.
    pub roles: Vec<&'static str>,
    /// Whether it takes an `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// How many units of the caller's rate limit one call costs.
    pub rate_weight: u32,
}

/// Whether an operation takes an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// It takes none: it changes nothing, or may be repeated as it is.
    None,
    /// The key may be sent.
    Accepted,
    /// The key must be sent, because money or protection moves.
    Required,
}

/// One error code that the service can answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// The stable code, such as `protection_overlap`.
    pub code: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// What happened, in a few words; the same for every occurrence.
    pub title: &'static str,
    /// An example of `detail`: a sentence that says what to do.
    pub detail: &'static str,
    /// Which operations can answer it without declaring it.
    pub common: Common,
}

/// Which operations can answer with a code that their handler does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Common {
    /// Every operation.
    Always,
    /// Operations that need a caller who signed in.
    WhenAuth,
    /// Operations with a path parameter.
    WhenPathId,
    /// Operations with a query parameter.
    WhenQuery,
    /// Operations whose answer has several forms: lists.
    WhenList,
    /// Operations with a request body.
    WhenBody,
    /// Operations that take `If-Match`.
    WhenIfMatch,
    /// Operations that take an `Idempotency-Key`.
    WhenIdempotency,
    /// Only operations that name the code in `x-errors`.
    Declared,
}

/// The published contract, from the raw document, the permission table, the table of error codes and the catalogue of events.
///
/// The result depends on the arguments alone, and its keys are sorted, so equal inputs give equal bytes. What the raw
/// document lacks is not invented: [`check`] names it.
#[must_use]
pub fn polish(raw: Value, operations: &[OperationRule], errors: &[ErrorCode], hooks: &[Hook]) -> Value {
    let mut doc = raw;
    texts::introduce(&mut doc);
    operations::name(&mut doc);
    errors::publish_catalogue(&mut doc, errors);
    webhooks::publish(&mut doc, hooks);
    replies::lift_descriptions(&mut doc);
    replies::complete(&mut doc);
    narrowing::offer(&mut doc);
    bounds::bound(&mut doc);
    operations::apply(&mut doc, operations);
    bounds::close_request_bodies(&mut doc);
    examples::compose(&mut doc);
    exports::offer(&mut doc);
    errors::describe(&mut doc, errors);
    links::connect(&mut doc);
    headers::attach(&mut doc);
    webhooks::complete(&mut doc, hooks);
    tree::prune(&mut doc);
    tree::sorted(doc)
}
