//! Signing in and out: sessions of people, one for each device, one partner for each.

mod completion;
mod flow;
mod handlers;
mod model;
mod passwords_flow;
mod queries;

pub use flow::{must_wait, own_password, places, session, subjects};
pub use model::{Place, RefreshTokenPlace, Session, TokenType};
pub use queries::{EndReason, Which, delete_expired, end};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/auth")
            .service(handlers::login)
            .service(handlers::complete_login)
            .service(handlers::refresh_session)
            .service(handlers::switch_partner)
            .service(handlers::logout)
            .service(handlers::logout_everywhere)
            .service(handlers::change_password)
            .service(handlers::request_password_reset)
            .service(handlers::confirm_password_reset)
            .service(handlers::accept_invitation),
    );
}
