//! Forms: what a caller may write of a type of record, as JSON Schema, so that a form renders itself.
//!
//! The schema of a form is the contract's own schema of the body, never a second copy of it: `bodies` takes it out of the
//! published document, and `rules` lays over it what depends on the caller, the record and the language. What is laid over
//! comes from the rules that judge the request itself: the locks of a registration, what a submission needs, what a partner
//! may write of its profile, the definitions of custom fields. So a form cannot promise what the operation refuses.
//!
//! What a renderer finds besides JSON Schema: `x-order` and `x-group` (headings in `x-groups`), `x-widget` (how to enter it),
//! `x-choices` (records to choose from: the list operation, which field is the value and which the label, and which parameter
//! searches the list; null if none does), `x-locked` (why a field is read-only now), `x-required-for` and `x-required-when`, and
//! `x-filter` (how a list is filtered by a custom field). Titles and the labels of words are in the caller's language,
//! descriptions in English.

mod bodies;
mod choices;
mod handlers;
mod labels;
mod layouts;
mod model;
mod needs;
mod records;
mod rules;
mod widgets;

pub use bodies::Bodies;
pub use model::FormResource;
pub use records::custom_names;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(handlers::get_form_schema);
}
