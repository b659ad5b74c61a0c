//! What the program's owner decides, as data: how long a review may take, who approves what, what a registration must say,
//! how long it is protected, who comes first, how much each claim weighs, what partners are told of a conflict, and which
//! reasons people may give, which stages a sale goes through, and when they are reminded of what.
//!
//! - A policy is one document, whole. It is worked out as a **draft**, **simulated** over the history there is
//!   ([`simulations`]), and **published** from a moment on. Published versions are never changed: the database refuses it.
//! - At any moment exactly one version holds: of those whose moment has come the one whose moment is the latest, and of two
//!   with one moment the one with the higher number. Without any the built-in defaults hold, as version 0. One whose moment has
//!   not come can be withdrawn.
//! - Every decision notes the version that it was made under. A change rewrites nothing: what was granted stays granted, and
//!   reviews that run keep the approval chain that they began with.
//! - A draft knows the version that was the last one when it was begun. If another was published since, somebody has to look
//!   at it first, so that nobody undoes unknowingly what a colleague decided.

mod auto_approval;
mod code;
mod handlers;
mod labels;
mod model;
mod notices;
mod partners;
mod pipeline;
mod queries;
mod reasons;
mod resource;
mod rows;
mod rules;
pub mod simulations;

pub use auto_approval::AutoApproval;
pub use code::PolicyCode;
pub use labels::PolicyLabels;
pub use model::{FirstInTime, ProgramSettings, RegistrationField, RegistrationPolicy};
pub use notices::NoticePolicy;
pub use partners::PartnerPolicy;
pub use pipeline::{PipelinePolicy, PolicyStage};
pub use queries::in_force;
pub use reasons::{Reason, ReasonKind, ReasonPolicy};
pub use resource::Policy;
pub use rules::MACHINE;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(
            scope("/v1/policies")
                .service(handlers::list_policies)
                .service(handlers::get_policy_in_force)
                .service(handlers::create_policy)
                .service(handlers::get_policy)
                .service(handlers::update_policy)
                .service(handlers::delete_policy)
                .service(handlers::publish_policy)
                .service(handlers::withdraw_policy)
                .service(handlers::get_policy_changes)
                .service(simulations::handlers::simulate_policy),
        )
        .service(
            scope("/v1/policy-simulations")
                .service(simulations::handlers::list_policy_simulations)
                .service(simulations::handlers::get_policy_simulation)
                .service(simulations::handlers::list_policy_simulation_rows),
        );
}
