//! Invitations: the vendor asks a firm to apply. An invitation ends by the clock; nothing has to be flagged.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{Invitation, InvitationState};
pub use queries::close_expired;
pub(super) use queries::{accept, by_token, cancel_open, ends_of};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below a partner.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::invite_partner)
        .service(handlers::list_partner_invitations);
}
