//! The shapes of webhook endpoints.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Patch, Stored, Time,
        ids::{PartnerId, ServiceClientId, WebhookEndpointId},
    },
    ordered, resource,
    schema::webhook_endpoints,
    words,
};

words! {
    /// Whether an endpoint is delivered to.
    pub WebhookStatus {
        /// It is.
        Enabled = "enabled",
        /// It is not; what it has not had waits for it.
        Disabled = "disabled",
    }

    /// Why an endpoint is not delivered to.
    pub WebhookDisabledReason {
        /// Somebody disabled it.
        Manual = "manual",
        /// Its receiver answered 410: it wants no more.
        Gone = "gone",
        /// Its receiver did not take a message for days.
        Failing = "failing",
        /// The machine that made it cannot sign in any more.
        ClientDisabled = "client_disabled",
        /// The partner's contract has ended.
        PartnerEnded = "partner_ended",
    }

    /// The order of webhook endpoints.
    pub WebhookEndpointSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(WebhookStatus, WebhookDisabledReason);

ordered!(WebhookEndpointSort of "webhook_endpoints" {
    Created | CreatedDescending => "created_at",
});

/// Types of events that there are none of, among those that an endpoint asked for: not stored, but found whenever it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UnknownTypes(pub Vec<String>);

/// An address that events are delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = webhook_endpoints, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// The partner whose it is; null for the vendor's.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// The machine that made it: it learns what that machine was allowed when it made it and is allowed still, and nothing once
    /// the machine is disabled. Null for one that a person made.
    #[schema(required = true)]
    pub client_id: Option<ServiceClientId>,
    /// Who made it.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub created_by: String,
    /// Where messages go.
    #[schema(example = "https://crm.example.com/hooks/openprm", max_length = 2000)]
    pub url: String,
    /// What it is for.
    #[schema(
        required = true,
        example = "Keeps the CRM's opportunities up to date.",
        max_length = 500
    )]
    pub description: Option<String>,
    /// The types of events that it wants: a type, all of a record (`deal.*`), or all (`*`).
    #[schema(value_type = Vec<String>, max_items = 200, example = json!(["deal.*", "partner.approved"]))]
    pub event_types: Stored<Vec<String>>,
    /// Those of them that there are no events of in this version of the program, so that nothing comes for them.
    #[diesel(select_expression = webhook_endpoints::event_types)]
    #[diesel(select_expression_type = webhook_endpoints::event_types)]
    #[diesel(deserialize_as = Stored<Vec<String>>, skip_insertion, skip_update)]
    #[schema(value_type = Vec<String>, max_items = 200, example = json!([]))]
    pub unknown_event_types: UnknownTypes,
    /// Whether messages hold the record. Otherwise they tell that something happened, and the record is read by its id.
    #[schema(example = true)]
    pub include_data: bool,
    /// Whether it is delivered to.
    pub status: WebhookStatus,
    /// Why it is not; null while it is.
    #[schema(required = true)]
    pub disabled_reason: Option<WebhookDisabledReason>,
    /// Since when it is not.
    #[schema(required = true)]
    pub disabled_at: Option<Time>,
    /// The present secret, sealed.
    #[serde(skip)]
    #[schema(ignore)]
    pub sealed_secret: String,
    /// Since when its present secret is good.
    pub secret_since: Time,
    /// The secret before, sealed.
    #[serde(skip)]
    #[schema(ignore)]
    pub sealed_previous: Option<String>,
    /// Until when messages are signed with the secret before as well; null if there is none.
    #[schema(required = true)]
    pub previous_secret_until: Option<Time>,
    /// When it was removed.
    #[serde(skip)]
    #[schema(ignore)]
    pub deleted_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// The scopes of the machine that made it, at that moment: those of the key or token that it called with.
    #[serde(skip)]
    #[schema(ignore)]
    pub scopes: Option<Stored<Vec<String>>>,
}

resource!(
    WebhookEndpoint,
    "webhook_endpoint",
    "/v1/webhook-endpoints",
    told = |record| record.partner_id.into_iter().collect()
);

/// An endpoint with its new secret, which is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct WebhookEndpointWithSecret {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// The secret that messages are signed with, by the Standard Webhooks specification. It is shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", max_length = 100)]
    pub secret: String,
}

impl Resource for WebhookEndpointWithSecret {
    const TYPE: &'static str = "webhook_endpoint";

    fn id(&self) -> String {
        self.endpoint.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.endpoint.revision
    }

    fn path(&self) -> String {
        self.endpoint.path()
    }
}

/// An endpoint to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    /// Where messages shall go: a public address by https.
    #[schema(example = "https://crm.example.com/hooks/openprm", min_length = 9, max_length = 2000)]
    pub url: String,
    /// What it is for.
    #[schema(example = "Keeps the CRM's opportunities up to date.", max_length = 500)]
    pub description: Option<String>,
    /// The types of events that it wants: a type, all of a record (`deal.*`), or all (`*`).
    #[serde(default = "NewWebhookEndpoint::all")]
    #[schema(min_items = 1, max_items = 200, default = json!(["*"]), example = json!(["*"]))]
    pub event_types: Vec<String>,
    /// Whether messages shall hold the record.
    #[serde(default = "NewWebhookEndpoint::yes")]
    #[schema(default = true, example = true)]
    pub include_data: bool,
}

impl NewWebhookEndpoint {
    fn all() -> Vec<String> {
        vec!["*".to_owned()]
    }

    const fn yes() -> bool {
        true
    }
}

/// Changes of an endpoint. What is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointPatch {
    /// Where messages shall go.
    #[schema(
        example = "https://crm.example.com/hooks/channel",
        min_length = 9,
        max_length = 2000,
        nullable = false
    )]
    pub url: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Keeps the CRM up to date.", max_length = 500)]
    pub description: Patch<String>,
    /// All types of events that it wants from now on.
    #[schema(min_items = 1, max_items = 200, nullable = false, example = json!(["*"]))]
    pub event_types: Option<Vec<String>>,
    /// Whether messages shall hold the record.
    #[schema(nullable = false, example = false)]
    pub include_data: Option<bool>,
}

/// How a webhook secret is replaced.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSecretRotation {
    /// For how many hours messages are signed with the present secret as well, up to 30 days; 0 ends it at once.
    #[serde(default = "WebhookSecretRotation::a_day")]
    #[schema(example = 24, default = 24, minimum = 0, maximum = 720)]
    pub overlap_hours: i64,
}

impl WebhookSecretRotation {
    const fn a_day() -> i64 {
        24
    }
}

/// Which deliveries are sent again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookReplay {
    /// Those of events from this moment on.
    #[schema(example = "2026-11-20T00:00:00.000000Z")]
    pub from: Time,
    /// Those of events before this moment; until now if left out.
    #[schema(example = "2026-11-21T00:00:00.000000Z", nullable = false)]
    pub to: Option<Time>,
    /// Only those that were tried and not taken.
    #[serde(default)]
    #[schema(default = false, example = true)]
    pub only_failed: bool,
    /// Only those with this number or a later one: `next_sequence` of the answer before, or the first number that a receiver
    /// misses.
    #[schema(example = 5001, minimum = 1, nullable = false)]
    pub from_sequence: Option<i64>,
}

/// What a replay comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookReplayed {
    /// How many deliveries are sent again by this request.
    #[schema(example = 17, minimum = 0, maximum = 5000)]
    pub deliveries: i64,
    /// The number of the first delivery that is left because there are too many for one request: ask again with it as
    /// `from_sequence`. Null if none is left.
    #[schema(required = true, example = 5001, minimum = 1)]
    pub next_sequence: Option<i64>,
}

/// What a list of endpoints is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WebhookEndpointFilter {
    /// Only endpoints in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<WebhookStatus>>,
    /// The order; oldest first if left out.
    #[param(nullable = false)]
    pub sort: Option<WebhookEndpointSort>,
}
