//! The program's settings: how long a review may take, who approves what, how long a deal is protected.
//!
//! They are one document, whole and versioned. A change is a new version that holds from its moment; nothing is ever
//! overwritten, and every decision notes the version that it was made under. Without any version the built-in defaults
//! hold, as version 0.

pub mod calendar;
mod handlers;
mod model;
mod partners;
mod queries;

pub use model::{ApprovalStepRule, ApproverRole, AutoApproval, ProgramSettings, RegistrationPolicy};
pub use partners::PartnerPolicy;
pub use queries::in_force;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/program-settings")
            .service(handlers::get_program_settings)
            .service(handlers::update_program_settings)
            .service(handlers::list_program_settings),
    );
}
