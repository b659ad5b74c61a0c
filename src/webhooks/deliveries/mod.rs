//! Deliveries: one message to one endpoint each, with every attempt to send it.

mod handlers;
mod model;
pub(super) mod queries;
mod rules;
pub(super) mod work_queries;

pub use model::{AttemptRow, WebhookDelivery, WebhookDeliveryKind, WebhookDeliveryStatus};
pub use rules::{Span, message_id};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/webhook-deliveries")
            .service(handlers::list_webhook_deliveries)
            .service(handlers::get_webhook_delivery)
            .service(handlers::list_webhook_attempts)
            .service(handlers::replay_webhook_delivery),
    );
}
