//! What is sent: an event in an envelope, as the Standard Webhooks specification has it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    events::feed::Event,
    kernel::{
        Time,
        ids::{WebhookDeliveryId, WebhookEndpointId},
    },
};

/// The largest body, in bytes: of an event that comes to more, data and previous values are left out.
pub const LARGEST: usize = 20_000;
/// The type of a test message. It is no event.
pub const PING: &str = "ping";

/// What every message has.
#[derive(Debug, Serialize)]
struct Envelope<'e, D> {
    #[serde(rename = "type")]
    kind: &'e str,
    /// When it happened.
    timestamp: Time,
    /// Its number at the endpoint, one more than that of the event before.
    sequence: Option<i64>,
    /// Whether data and previous values were left out.
    thin: bool,
    data: &'e D,
}

/// The message of an event: whole, or without what the record held.
///
/// # Errors
/// `internal` if it cannot be written down.
pub fn of_event(event: Event, sequence: Option<i64>, whole: bool) -> Result<Vec<u8>> {
    if whole {
        let body = written(&event, sequence, false)?;
        if body.len() <= LARGEST {
            return Ok(body);
        }
    }
    let bare = Event {
        data: Value::Null,
        previous: Value::Null,
        ..event
    };
    written(&bare, sequence, true)
}

fn written(event: &Event, sequence: Option<i64>, thin: bool) -> Result<Vec<u8>> {
    let envelope = Envelope {
        kind: &event.kind,
        timestamp: event.occurred_at,
        sequence,
        thin,
        data: event,
    };
    serde_json::to_vec(&envelope).map_err(Error::internal)
}

/// A test message.
///
/// # Errors
/// `internal` if it cannot be written down.
pub fn of_ping(endpoint: WebhookEndpointId, delivery: WebhookDeliveryId, at: Time) -> Result<Vec<u8>> {
    let envelope = Envelope {
        kind: PING,
        timestamp: at,
        sequence: None,
        thin: false,
        data: &json!({"endpoint_id": endpoint, "delivery_id": delivery}),
    };
    serde_json::to_vec(&envelope).map_err(Error::internal)
}
