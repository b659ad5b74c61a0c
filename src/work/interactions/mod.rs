//! Interactions: calls, meetings, mails and visits that have happened, on a record, with people of both sides.
//!
//! A mail is named by its Message-ID; its body stays where the mail is. What follows from a talk is written as its next step,
//! and may become a follow-up in the same transaction. An interaction on a registration is a sign of work on it. Its author
//! changes and removes it for [`OPEN_DAYS`] days; what it said before stays in its events.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{Interaction, InteractionKind};
pub use rules::OPEN_DAYS;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/interactions")
            .service(handlers::list_interactions)
            .service(handlers::create_interaction)
            .service(handlers::get_interaction)
            .service(handlers::update_interaction)
            .service(handlers::delete_interaction),
    );
}
