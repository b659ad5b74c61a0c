//! The shapes of external systems.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{Time, ids::ExternalSystemId, page::Order},
    resource,
    schema::external_systems,
    sync::kinds::SyncedType,
    words,
};

words! {
    /// What kind of system it is.
    pub ExternalSystemKind {
        /// Salesforce.
        Salesforce = "salesforce",
        /// HubSpot.
        Hubspot = "hubspot",
        /// Dynamics 365.
        Dynamics = "dynamics",
        /// An ERP system.
        Erp = "erp",
        /// A data warehouse.
        Warehouse = "warehouse",
        /// Another.
        Other = "other",
    }

    /// Whether records are kept in step with a system.
    pub ExternalSystemState {
        /// They are.
        Active = "active",
        /// They are not, until somebody resumes it: nothing that comes with a revision of its own is taken.
        Paused = "paused",
    }
}

bindable!(ExternalSystemKind, ExternalSystemState);

/// The order of external systems.
pub(super) const ORDER: Order = Order {
    column: "external_systems.created_at",
    id: "external_systems.id",
    descending: false,
};

/// Another system that records are linked with.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = external_systems, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ExternalSystem {
    /// Its id.
    pub id: ExternalSystemId,
    /// The name by which external references call it: the `system` of addresses by external id.
    #[schema(example = "salesforce", min_length = 1, max_length = 64)]
    pub code: String,
    /// What people call it.
    #[schema(example = "Salesforce, production", min_length = 1, max_length = 100)]
    pub name: String,
    /// What kind of system it is.
    pub kind: ExternalSystemKind,
    /// Whether records are kept in step with it.
    pub state: ExternalSystemState,
    /// Since when records fail that people were told of; null while none has failed for long.
    #[schema(required = true)]
    pub failing_since: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was named.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(ExternalSystem, "external_system", "/v1/external-systems");

/// An external system to be named.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExternalSystem {
    /// The name by which external references call it; it never changes.
    #[schema(
        example = "salesforce",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z0-9][a-z0-9_.-]{0,63}$"
    )]
    pub code: String,
    /// What people call it.
    #[schema(example = "Salesforce, production", min_length = 1, max_length = 100)]
    pub name: String,
    /// What kind of system it is.
    pub kind: ExternalSystemKind,
}

/// Changes of an external system. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalSystemPatch {
    /// What people call it.
    #[schema(
        example = "Salesforce, production",
        min_length = 1,
        max_length = 100,
        nullable = false
    )]
    pub name: Option<String>,
    /// What kind of system it is.
    #[schema(nullable = false)]
    pub kind: Option<ExternalSystemKind>,
}

/// What a list of external systems is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExternalSystemFilter {
    /// Only the system of that name.
    #[param(min_length = 1, max_length = 64, example = "salesforce", nullable = false)]
    pub code: Option<String>,
    /// Only systems in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<ExternalSystemState>>,
}

/// What of a system shall be pushed anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemResync {
    /// Only records of that type; all if left out.
    #[schema(nullable = false)]
    pub resource_type: Option<SyncedType>,
}

/// Links of one type of record, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncCounts {
    /// The type of record.
    pub resource_type: SyncedType,
    /// How many are in sync.
    #[schema(example = 1200, minimum = 0)]
    pub in_sync: i64,
    /// How many wait to be pushed.
    #[schema(example = 3, minimum = 0)]
    pub pending: i64,
    /// How many failed.
    #[schema(example = 0, minimum = 0)]
    pub error: i64,
    /// How many were changed on both sides.
    #[schema(example = 1, minimum = 0)]
    pub conflict: i64,
    /// How many are paused.
    #[schema(example = 0, minimum = 0)]
    pub paused: i64,
    /// Since when the first of them waits to be pushed, paused ones not counted; null if none waits.
    #[schema(required = true)]
    pub pending_since: Option<Time>,
    /// How long that is, in seconds.
    #[schema(example = 14, minimum = 0)]
    pub oldest_lag_seconds: i64,
}

/// How far records and a system are in step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncSummary {
    /// The system.
    pub system_id: ExternalSystemId,
    /// Whether records are kept in step with it.
    pub state: ExternalSystemState,
    /// The links of each type of record that has any.
    #[schema(max_items = 50)]
    pub types: Vec<SyncCounts>,
    /// How many records of the system wait for somebody to say which of ours they are.
    #[schema(example = 2, minimum = 0)]
    pub open_reviews: i64,
    /// How long the first of all waits to be pushed, in seconds.
    #[schema(example = 14, minimum = 0)]
    pub oldest_lag_seconds: i64,
}
