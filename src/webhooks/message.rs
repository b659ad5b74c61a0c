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
struct Envelope<'e> {
    #[serde(rename = "type")]
    kind: &'e str,
    /// When it happened.
    timestamp: &'e Value,
    /// Its number at the endpoint, one more than that of the event before.
    sequence: Option<i64>,
    /// Whether data and previous values were left out.
    thin: bool,
    data: &'e Value,
}

/// What the queue needs to know of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// The type of the record.
    pub resource_type: String,
    /// The record.
    pub resource_id: String,
    /// When.
    pub occurred_at: Time,
}

fn text<'v>(event: &'v Value, name: &str) -> Result<&'v str> {
    event
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::internal(format!("an event of the feed has no {name}")))
}

impl Told {
    /// What the event says of itself.
    ///
    /// # Errors
    /// `internal` if it lacks what every event has.
    pub fn of(event: &Event) -> Result<Self> {
        let event = serde_json::to_value(event).map_err(Error::internal)?;
        Ok(Self {
            id: text(&event, "id")?.to_owned(),
            kind: text(&event, "type")?.to_owned(),
            resource_type: text(&event, "resource_type")?.to_owned(),
            resource_id: text(&event, "resource_id")?.to_owned(),
            occurred_at: text(&event, "occurred_at")?.parse().map_err(Error::internal)?,
        })
    }
}

/// The message of an event: whole, or without what the record held.
///
/// # Errors
/// `internal` if it cannot be written down.
pub fn of_event(event: &Event, sequence: Option<i64>, whole: bool) -> Result<Vec<u8>> {
    let mut event = serde_json::to_value(event).map_err(Error::internal)?;
    if whole {
        let body = written(&event, sequence, false)?;
        if body.len() <= LARGEST {
            return Ok(body);
        }
    }
    if let Some(fields) = event.as_object_mut() {
        for name in ["data", "previous"] {
            fields.insert(name.to_owned(), Value::Null);
        }
    }
    written(&event, sequence, true)
}

fn written(event: &Value, sequence: Option<i64>, thin: bool) -> Result<Vec<u8>> {
    let envelope = Envelope {
        kind: text(event, "type")?,
        timestamp: event.get("occurred_at").unwrap_or(&Value::Null),
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
        timestamp: &json!(at),
        sequence: None,
        thin: false,
        data: &json!({"endpoint_id": endpoint, "delivery_id": delivery}),
    };
    serde_json::to_vec(&envelope).map_err(Error::internal)
}
