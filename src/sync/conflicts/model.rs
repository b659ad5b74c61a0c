//! The shapes of conflicts.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Type,
        schema::{AdditionalProperties, Schema},
    },
};

use crate::{
    bindable,
    kernel::{
        Stored, Time,
        ids::{ExternalSystemId, SyncConflictId, SyncLinkId},
        page::Order,
    },
    resource,
    schema::sync_conflicts,
    sync::kinds::{Fields, SyncedType},
    words,
};

words! {
    /// Where a conflict stands.
    pub SyncConflictState {
        /// Somebody has to choose.
        Open = "open",
        /// It was resolved.
        Resolved = "resolved",
        /// The link is gone, or leads elsewhere.
        Dropped = "dropped",
    }

    /// How a conflict was resolved.
    pub SyncResolution {
        /// Our values stay.
        Ours = "ours",
        /// Their values were taken.
        Theirs = "theirs",
        /// Some of each.
        Fields = "fields",
        /// By itself: a later version of theirs no longer differed.
        Settled = "settled",
    }

    /// How a conflict shall be resolved.
    pub SyncChoice {
        /// Our values stay.
        Ours = "ours",
        /// Their values are taken.
        Theirs = "theirs",
        /// As said for each field.
        Fields = "fields",
    }

    /// Whose value of a field shall stand.
    pub SyncSide {
        /// Ours.
        Ours = "ours",
        /// Theirs.
        Theirs = "theirs",
    }
}

bindable!(SyncConflictState, SyncResolution);

/// The order of conflicts.
pub(super) const ORDER: Order = Order {
    column: "sync_conflicts.created_at",
    id: "sync_conflicts.id",
    descending: true,
};

/// The fields of a record that can be written, by name, as a change of it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncVersion(pub Fields);

impl PartialSchema for SyncVersion {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "The fields of a record that can be written, by name, as a change of it is sent.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .max_properties(Some(500))
            .examples([serde_json::json!({"name": "Acme Werkzeugbau GmbH", "phone": "+49 30 1234567"})])
            .into()
    }
}

impl ToSchema for SyncVersion {
    fn name() -> std::borrow::Cow<'static, str> {
        crate::kernel::schemas::note::<Self>("SyncVersion")
    }
}

/// A record that both sides changed.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = sync_conflicts, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SyncConflict {
    /// Its id.
    pub id: SyncConflictId,
    /// The link; null once it is gone.
    #[schema(required = true)]
    pub link_id: Option<SyncLinkId>,
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of the record.
    pub resource_type: SyncedType,
    /// The record.
    #[schema(example = "account_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// Its id in the system.
    #[schema(example = "0018d00000abcdeAAB", max_length = 255)]
    pub external_id: String,
    /// Where it stands.
    pub state: SyncConflictState,
    /// The revision of ours that both sides had.
    #[schema(example = 4, minimum = 0)]
    pub base_revision: i64,
    /// Our revision with our values.
    #[schema(example = 6, minimum = 0)]
    pub our_revision: i64,
    /// Their revision with their values.
    #[schema(example = "2026-11-21T09:30:00Z", max_length = 64)]
    pub their_revision: String,
    /// When that was changed there, as far as they said.
    #[schema(required = true)]
    pub their_changed_at: Option<Time>,
    /// The record as both sides had it; null if that is not kept any more.
    #[schema(required = true, value_type = Option<SyncVersion>)]
    pub base: Option<Stored<SyncVersion>>,
    /// The record as it is here.
    #[schema(value_type = SyncVersion)]
    pub ours: Stored<SyncVersion>,
    /// The record as it would be here if theirs were taken.
    #[schema(value_type = SyncVersion)]
    pub theirs: Stored<SyncVersion>,
    /// The fields that both sides changed, each to another value. A person's time at a partner is one by itself:
    /// `employment:<partner>`.
    #[schema(value_type = Vec<String>, max_items = 100, example = json!(["name"]))]
    pub fields: Stored<Vec<String>>,
    /// How it was resolved; null while it is open, and for one that was dropped.
    #[schema(required = true)]
    pub resolution: Option<SyncResolution>,
    /// Who resolved it.
    #[schema(required = true, example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub resolved_by: Option<String>,
    /// When it was resolved or dropped.
    #[schema(required = true)]
    pub resolved_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was found.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(SyncConflict, "sync_conflict", "/v1/sync-conflicts");

/// Both versions of a record, and what they came from.
#[derive(Debug, Clone)]
pub struct Version {
    /// What both sides had, if that is known.
    pub base: Option<Fields>,
    /// The revision of ours that it was.
    pub base_revision: i64,
    /// Our revision.
    pub our_revision: i64,
    /// Our values.
    pub ours: Fields,
    /// Their values.
    pub theirs: Fields,
}

/// Whose value of one field shall stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncFieldChoice {
    /// The field, as the conflict names it.
    #[schema(example = "name", min_length = 1, max_length = 64)]
    pub field: String,
    /// Whose value shall stand.
    pub take: SyncSide,
}

/// How a conflict shall be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncConflictDecision {
    /// Whose values shall stand in the fields that both sides changed.
    pub resolution: SyncChoice,
    /// For `fields`: whose value of each.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([]))]
    pub fields: Vec<SyncFieldChoice>,
}

/// What a list of conflicts is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SyncConflictFilter {
    /// Only conflicts that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<SyncConflictState>>,
    /// Only conflicts with this system.
    #[param(nullable = false)]
    pub system_id: Option<ExternalSystemId>,
    /// Only conflicts of these types of records.
    #[param(style = Form, explode = false, nullable = false)]
    pub resource_type: Option<Vec<SyncedType>>,
    /// Only conflicts of this record.
    #[param(
        min_length = 1,
        max_length = 64,
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        nullable = false
    )]
    pub resource_id: Option<String>,
}
