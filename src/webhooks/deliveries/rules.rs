//! What becomes of a delivery. Pure.

use std::collections::BTreeMap;

use super::model::{
    AttemptRow, WebhookAttempt, WebhookDelivery, WebhookDeliveryKind, WebhookDeliveryStatus, WebhookHeaders,
};
use crate::{
    error::{Error, Result, codes},
    events::feed::Event,
    http::Resource as _,
    kernel::{
        Time,
        ids::{Id as _, WebhookDeliveryId},
    },
    webhooks::{endpoints::WebhookEndpoint, message::PING},
};

/// Deliveries of events that are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Those of events from this moment on.
    pub from: Time,
    /// Those of events before this moment.
    pub to: Time,
    /// Those with this number or a later one, if it is given.
    pub from_sequence: Option<i64>,
    /// Only those that were tried and not taken.
    pub only_failed: bool,
}

impl WebhookDelivery {
    fn new(endpoint: &WebhookEndpoint, now: Time) -> Self {
        Self {
            id: WebhookDeliveryId::at(now),
            endpoint_id: endpoint.id,
            partner_id: endpoint.partner_id,
            kind: WebhookDeliveryKind::Ping,
            sequence: None,
            position: None,
            event_id: None,
            event_type: PING.to_owned(),
            resource_type: WebhookEndpoint::TYPE.to_owned(),
            resource_id: endpoint.id.to_string(),
            occurred_at: now,
            status: WebhookDeliveryStatus::Pending,
            attempts: 0,
            tries: 0,
            next_attempt_at: Some(now),
            last_attempt_at: None,
            last_status: None,
            last_error: None,
            delivered_at: None,
            expires_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// A test message.
    pub fn ping(endpoint: &WebhookEndpoint, now: Time) -> Self {
        Self::new(endpoint, now)
    }

    /// The message of an event, to be sent from `due` on.
    pub fn of_event(endpoint: &WebhookEndpoint, event: &Event, (position, sequence): (i64, i64), now: Time) -> Self {
        Self {
            kind: WebhookDeliveryKind::Event,
            sequence: Some(sequence),
            position: Some(position),
            event_id: Some(event.id.to_string()),
            event_type: event.kind.clone(),
            resource_type: event.resource_type.clone(),
            resource_id: event.resource_id.clone(),
            occurred_at: event.occurred_at,
            ..Self::new(endpoint, now)
        }
    }

    /// The delivery to be sent again, or at once if it waits.
    ///
    /// # Errors
    /// 409 `conflict` for a ping.
    pub fn replayed(self, now: Time) -> Result<Self> {
        if self.kind == WebhookDeliveryKind::Ping {
            return Err(Error::new(&codes::CONFLICT).detail("A ping is not repeated; send another."));
        }
        Ok(Self {
            status: WebhookDeliveryStatus::Pending,
            tries: 0,
            next_attempt_at: Some(now),
            expires_at: None,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// What the receiver knows the message by, in every attempt the same.
    pub fn message_id(&self) -> String {
        message_id(self.event_id.as_deref(), self.id)
    }
}

/// What a receiver knows a message by.
pub fn message_id(event: Option<&str>, delivery: WebhookDeliveryId) -> String {
    event.map_or_else(|| delivery.to_string(), str::to_owned)
}

impl AttemptRow {
    /// The attempt as it is shown; the answer's body only if `answers` are.
    pub fn shown(self, message_id: &str, answers: bool) -> WebhookAttempt {
        let headers = [
            ("webhook-id", message_id.to_owned()),
            ("webhook-timestamp", self.attempted_at.seconds().to_string()),
            ("webhook-signature", self.signature.unwrap_or_default()),
        ];
        let headers: BTreeMap<String, String> = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        WebhookAttempt {
            number: self.number,
            attempted_at: self.attempted_at,
            milliseconds: self.milliseconds,
            status: self.status,
            error: self.error,
            request_headers: WebhookHeaders(headers),
            answer: self.answer.filter(|_| answers),
        }
    }
}
