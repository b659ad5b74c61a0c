//! The shapes of webhook deliveries and of their attempts.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{PartnerId, WebhookDeliveryId, WebhookEndpointId},
    },
    ordered, resource,
    schema::{webhook_attempts, webhook_deliveries},
    words,
};

words! {
    /// What is delivered.
    pub WebhookDeliveryKind {
        /// An event, in its order.
        Event = "event",
        /// A test message.
        Ping = "ping",
    }

    /// Where a delivery stands.
    pub WebhookDeliveryStatus {
        /// It waits to be sent, or to be sent again.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// It was tried as often as the schedule has it. It is sent again when the endpoint is enabled again, or on demand; what
        /// happened to its record later waits for it.
        Failed = "failed",
        /// It was not sent, because the endpoint may not learn of the event any more.
        Skipped = "skipped",
    }

    /// The order of webhook deliveries.
    pub WebhookDeliverySort {
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Oldest first.
        Created = "created_at",
    }
}

bindable!(WebhookDeliveryKind, WebhookDeliveryStatus);

ordered!(WebhookDeliverySort of "webhook_deliveries" {
    Created | CreatedDescending => "created_at",
});

/// One message to one endpoint.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = webhook_deliveries, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// The endpoint.
    pub endpoint_id: WebhookEndpointId,
    /// The partner whose endpoint it is.
    #[serde(skip)]
    #[schema(ignore)]
    pub partner_id: Option<PartnerId>,
    /// What is delivered.
    pub kind: WebhookDeliveryKind,
    /// Its number at the endpoint, in the order of the feed and without gaps; null for a ping.
    #[schema(required = true, example = 42, minimum = 1)]
    pub sequence: Option<i64>,
    /// Its place in the feed.
    #[serde(skip)]
    #[schema(ignore)]
    pub position: Option<i64>,
    /// The event, which is also the message's `webhook-id`; null for a ping, whose `webhook-id` is the delivery's own.
    #[schema(required = true, example = "evt_01jdq4m2x8f3v7c9k5t1w6b0za", max_length = 64)]
    pub event_id: Option<String>,
    /// What happened; `ping` for a ping.
    #[schema(example = "deal.approved", max_length = 100)]
    pub event_type: String,
    /// The type of the record it happened to. Deliveries about one record are sent one after the other.
    #[schema(example = "deal", max_length = 64)]
    pub resource_type: String,
    /// The record.
    #[schema(example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// When it happened.
    pub occurred_at: Time,
    /// Where it stands.
    pub status: WebhookDeliveryStatus,
    /// How often it was tried.
    #[schema(example = 1, minimum = 0)]
    pub attempts: i64,
    /// How often since it last began to wait.
    #[serde(skip)]
    #[schema(ignore)]
    pub tries: i64,
    /// When it is tried next, at the earliest; null if it does not wait.
    #[schema(required = true)]
    pub next_attempt_at: Option<Time>,
    /// When it was last tried.
    #[schema(required = true)]
    pub last_attempt_at: Option<Time>,
    /// The status of the last answer; null if there was none.
    #[schema(required = true, example = 204, minimum = 0, maximum = 999)]
    pub last_status: Option<i64>,
    /// What went wrong the last time.
    #[schema(required = true, example = "The receiver answered 503.", max_length = 500)]
    pub last_error: Option<String>,
    /// When the receiver took it.
    #[schema(required = true)]
    pub delivered_at: Option<Time>,
    /// When it is deleted; null while it may still be sent.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 2, minimum = 1)]
    pub revision: i64,
    /// When it was put into the queue.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    WebhookDelivery,
    "webhook_delivery",
    "/v1/webhook-deliveries",
    told = |record| record.partner_id.into_iter().collect()
);

/// An attempt as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts, treat_none_as_default_value = false)]
pub struct AttemptRow {
    /// The delivery.
    pub delivery_id: WebhookDeliveryId,
    /// Which attempt, from 1.
    pub number: i64,
    /// When it began.
    pub attempted_at: Time,
    /// How long it took.
    pub milliseconds: i64,
    /// The status of the answer.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The signatures that were sent.
    pub signature: Option<String>,
    /// How the answer's body began.
    pub answer: Option<String>,
}

/// The headers of a message, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({"webhook-id": "evt_01jdq4m2x8f3v7c9k5t1w6b0za", "webhook-timestamp": "1795257000"}))]
pub struct WebhookHeaders(pub BTreeMap<String, String>);

/// One attempt to send a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookAttempt {
    /// Which attempt, from 1.
    #[schema(example = 1, minimum = 1)]
    pub number: i64,
    /// When it began.
    pub attempted_at: Time,
    /// How long it took, in milliseconds.
    #[schema(example = 84, minimum = 0)]
    pub milliseconds: i64,
    /// The status of the answer; null if there was none.
    #[schema(required = true, example = 503, minimum = 0, maximum = 999)]
    pub status: Option<i64>,
    /// What went wrong; null if nothing did.
    #[schema(required = true, example = "The receiver answered 503.", max_length = 500)]
    pub error: Option<String>,
    /// The headers that were sent, by which the receiver knows the message and checks its signature.
    pub request_headers: WebhookHeaders,
    /// How the answer's body began, up to 1 KiB. For the vendor alone: null for a partner's endpoint.
    #[schema(required = true, example = "Service unavailable", max_length = 1024)]
    pub answer: Option<String>,
}

/// The attempts to send a message, and the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookAttemptList {
    /// The body as it would be sent now; null if the caller may not read the event any more.
    #[schema(
        required = true,
        example = "{\"type\":\"deal.approved\",\"timestamp\":\"2026-11-21T09:30:00.000000Z\",\"sequence\":42,\"thin\":true,\"data\":{}}",
        max_length = 100_000
    )]
    pub request_body: Option<String>,
    /// The attempts, the last first, 100 at most.
    #[schema(max_items = 100)]
    pub data: Vec<WebhookAttempt>,
}

/// What a list of deliveries is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WebhookDeliveryFilter {
    /// Only deliveries to this endpoint.
    #[param(nullable = false)]
    pub endpoint_id: Option<WebhookEndpointId>,
    /// Only deliveries in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<WebhookDeliveryStatus>>,
    /// Only of events of this type.
    #[param(min_length = 1, max_length = 100, example = "deal.approved", nullable = false)]
    pub event_type: Option<String>,
    /// Only about records of this type.
    #[param(min_length = 1, max_length = 64, example = "deal", nullable = false)]
    pub resource_type: Option<String>,
    /// Only about this record.
    #[param(
        min_length = 1,
        max_length = 64,
        example = "deal_01jdq4p6c8f3kb2v9y0s7x5ham",
        nullable = false
    )]
    pub resource_id: Option<String>,
    /// Only those that were put into the queue at this moment or later.
    #[param(nullable = false)]
    pub created_since: Option<Time>,
    /// Only those that were put into the queue before this moment.
    #[param(nullable = false)]
    pub created_before: Option<Time>,
    /// The order; newest first if left out.
    #[param(nullable = false)]
    pub sort: Option<WebhookDeliverySort>,
}
