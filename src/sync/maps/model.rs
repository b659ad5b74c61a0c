//! The shapes of field maps.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Patch, Stored, Time,
        ids::{ExternalSystemId, FieldMapId},
        page::Order,
    },
    resource,
    schema::field_maps,
    sync::{conflicts::SyncVersion, kinds::SyncedType},
    words,
};

words! {
    /// Where a field map stands.
    pub FieldMapState {
        /// It is written; nothing holds of it.
        Draft = "draft",
        /// It holds from its moment on, until the next does.
        Published = "published",
    }

    /// Who writes a field.
    pub FieldOwner {
        /// We do; it goes to the other system alone, and another value from there is not taken.
        Ours = "ours",
        /// They do; it comes from the other system alone, and is written over even if it was changed here.
        Theirs = "theirs",
        /// Both do; what both changed is a conflict.
        Both = "both",
    }

    /// What a field holds, and so what its list of values maps.
    pub FieldKind {
        /// A value that is the same on both sides.
        Value = "value",
        /// A word of a list.
        Picklist = "picklist",
        /// A person, by the ids of both sides.
        User = "user",
        /// A currency.
        Currency = "currency",
        /// What kind of record it is there.
        RecordType = "record_type",
    }
}

bindable!(FieldMapState);

/// The order of field maps.
pub(super) const ORDER: Order = Order {
    column: "field_maps.created_at",
    id: "field_maps.id",
    descending: true,
};

/// Two values that mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldValue {
    /// What we call it.
    #[schema(example = "won", min_length = 1, max_length = 255)]
    pub ours: String,
    /// What they call it.
    #[schema(example = "Closed Won", min_length = 1, max_length = 255)]
    pub theirs: String,
}

/// One field on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldMapEntry {
    /// Our field, as a JSON pointer into the record.
    #[schema(
        example = "/name",
        min_length = 2,
        max_length = 200,
        pattern = "^(/[a-z0-9_]{1,64}){1,4}$"
    )]
    pub field: String,
    /// Their field.
    #[schema(example = "Name", min_length = 1, max_length = 200)]
    pub external_field: String,
    /// Who writes it.
    pub owner: FieldOwner,
    /// What it holds.
    #[serde(default = "FieldMapEntry::plain")]
    pub kind: FieldKind,
    /// Which value is which; none where they are the same on both sides.
    #[serde(default)]
    #[schema(max_items = 500, example = json!([]))]
    pub values: Vec<FieldValue>,
}

impl FieldMapEntry {
    const fn plain() -> FieldKind {
        FieldKind::Value
    }
}

/// Which field is which in another system.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = field_maps, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct FieldMap {
    /// Its id.
    pub id: FieldMapId,
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of record.
    pub resource_type: SyncedType,
    /// Which version it is, or will be.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// Where it stands.
    pub state: FieldMapState,
    /// From when on it holds; null for a draft.
    #[schema(required = true)]
    pub valid_from: Option<Time>,
    /// The fields.
    #[schema(value_type = Vec<FieldMapEntry>, max_items = 300)]
    pub entries: Stored<Vec<FieldMapEntry>>,
    /// What it is about.
    #[schema(required = true, example = "The stages of the new sales process.", max_length = 500)]
    pub note: Option<String>,
    /// Who drafted it.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub created_by: String,
    /// Who published it.
    #[schema(required = true, example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub published_by: Option<String>,
    /// How often it was changed.
    #[schema(example = 3, minimum = 1)]
    pub revision: i64,
    /// When it was begun.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(FieldMap, "field_map", "/v1/field-maps");

/// A draft of a field map to be begun.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFieldMap {
    /// The system.
    pub system_id: ExternalSystemId,
    /// The type of record.
    #[schema(example = json!("customer_account"))]
    pub resource_type: SyncedType,
    /// The fields; those of the last version if left out.
    #[schema(
        max_items = 300,
        nullable = false,
        example = json!([{"field": "/name", "external_field": "Name", "owner": "theirs", "kind": "value", "values": []}])
    )]
    pub entries: Option<Vec<FieldMapEntry>>,
    /// What it is about.
    #[schema(example = "The stages of the new sales process.", max_length = 500)]
    pub note: Option<String>,
}

/// Changes of a draft. What is left out stays; the fields are replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldMapPatch {
    /// The fields, all of them.
    #[schema(
        max_items = 300,
        nullable = false,
        example = json!([{"field": "/name", "external_field": "Name", "owner": "both", "kind": "value", "values": []}])
    )]
    pub entries: Option<Vec<FieldMapEntry>>,
    /// What it is about.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "The stages of the new sales process.", max_length = 500)]
    pub note: Patch<String>,
}

/// From when on a map shall hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldMapPublication {
    /// The moment; now if left out. Never before that of another version.
    pub valid_from: Option<Time>,
}

/// What a map is to be tried on: a record of ours, one of theirs, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldMapTrial {
    /// A record of ours.
    #[schema(
        example = "account_01jdq4p6c8f3kb2v9y0s7x5ham",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        nullable = false
    )]
    pub resource_id: Option<String>,
    /// A record of theirs, by the names of their fields.
    #[schema(nullable = false)]
    pub external: Option<SyncVersion>,
}

/// What a map cannot map as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldMapWarning {
    /// The field: ours as a pointer, theirs by its name.
    #[schema(example = "StageName", max_length = 200)]
    pub field: String,
    /// Stable code: `unmapped_value`, `unmapped_field`.
    #[schema(example = "unmapped_value", max_length = 64)]
    pub code: String,
    /// What is wrong.
    #[schema(example = "`Legal Review` stands for nothing of ours.", max_length = 500)]
    pub detail: String,
}

/// What a map makes of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldMapPreview {
    /// Our record in their fields; null if none was asked for.
    #[schema(required = true)]
    pub to_external: Option<SyncVersion>,
    /// Their record as a change of ours; null if none was sent.
    #[schema(required = true)]
    pub from_external: Option<SyncVersion>,
    /// What could not be mapped.
    #[schema(max_items = 1000)]
    pub warnings: Vec<FieldMapWarning>,
}

/// What a list of field maps is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FieldMapFilter {
    /// Only maps of this system.
    #[param(nullable = false)]
    pub system_id: Option<ExternalSystemId>,
    /// Only maps of this type of record.
    #[param(nullable = false)]
    pub resource_type: Option<SyncedType>,
    /// Only maps that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<FieldMapState>>,
    /// Only the maps that hold at this moment: one of each system and type of record.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}
