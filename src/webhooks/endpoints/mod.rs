//! Endpoints: addresses that events are delivered to, with the events that each wants and the secret that messages are signed
//! with.

mod handlers;
mod model;
pub(super) mod queries;
mod rules;

pub use model::{WebhookDisabledReason, WebhookEndpoint, WebhookStatus};
pub use rules::MACHINE;
pub(super) use rules::{may_concern, reading, secrets_at, wanted};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/webhook-endpoints")
            .service(handlers::list_webhook_endpoints)
            .service(handlers::create_webhook_endpoint)
            .service(handlers::get_webhook_endpoint)
            .service(handlers::update_webhook_endpoint)
            .service(handlers::delete_webhook_endpoint)
            .service(handlers::enable_webhook_endpoint)
            .service(handlers::disable_webhook_endpoint)
            .service(handlers::rotate_webhook_secret)
            .service(handlers::send_webhook_ping)
            .service(handlers::replay_webhooks),
    );
}
