//! The shapes of notes.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Time,
        ids::{NoteId, PartnerId},
        page::Order,
    },
    resource,
    schema::notes,
    words,
    work::{WorkRecordType, WorkSide},
};

words! {
    /// Who reads a note.
    pub NoteVisibility {
        /// The vendor's people.
        Internal = "internal",
        /// The partner's people.
        Partner = "partner",
        /// Both.
        Shared = "shared",
    }
}

bindable!(NoteVisibility);

/// The order of notes: the latest first.
pub(super) const ORDER: Order = Order {
    column: "notes.created_at",
    id: "notes.id",
    descending: true,
};

/// A note on a record.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = notes, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The type of the record that it is on.
    pub resource_type: WorkRecordType,
    /// The record that it is on.
    #[schema(example = "partner_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 64)]
    pub resource_id: String,
    /// The partner of that record.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Who reads it.
    pub visibility: NoteVisibility,
    /// What it says.
    #[schema(
        example = "Met them at the fair; they want to grow in the public sector.",
        min_length = 1,
        max_length = 10_000
    )]
    pub body: String,
    /// On which side its author stands.
    pub author_type: WorkSide,
    /// Who wrote it.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub author_id: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was written.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Note,
    "note",
    "/v1/notes",
    told = |record| {
        if record.visibility == NoteVisibility::Internal {
            Vec::new()
        } else {
            record.partner_id.into_iter().collect()
        }
    }
);

/// A note to be written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// The type of the record that it is on.
    #[schema(example = json!("partner"))]
    pub resource_type: WorkRecordType,
    /// The record that it is on.
    #[schema(example = "partner_01jdq4p6c8f3kb2v9y0s7x5ham", min_length = 1, max_length = 64)]
    pub resource_id: String,
    /// Who shall read it: the own side alone (`internal` for the vendor, `partner` for a partner), or both.
    pub visibility: NoteVisibility,
    /// What it says.
    #[schema(
        example = "Met them at the fair; they want to grow in the public sector.",
        min_length = 1,
        max_length = 10_000
    )]
    pub body: String,
}

/// Changes of a note. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotePatch {
    /// Who shall read it.
    #[schema(nullable = false)]
    pub visibility: Option<NoteVisibility>,
    /// What it says.
    #[schema(
        example = "They want to grow in the public sector.",
        min_length = 1,
        max_length = 10_000,
        nullable = false
    )]
    pub body: Option<String>,
}

/// What a list of notes is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoteFilter {
    /// Only notes for these readers.
    #[param(style = Form, explode = false, nullable = false)]
    pub visibility: Option<Vec<NoteVisibility>>,
}
