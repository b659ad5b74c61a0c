//! The shapes of territories.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::{
    bindable,
    kernel::{
        Patch, Time,
        ids::{CalendarId, TerritoryId},
    },
    ordered, resource,
    schema::territories,
    words,
};

words! {
    /// What a territory is.
    pub TerritoryKind {
        /// All of it: the root of the tree.
        World = "world",
        /// A group of countries, as in EMEA.
        Region = "region",
        /// A country, by its ISO 3166-1 code.
        Country = "country",
        /// A part of a country, by its ISO 3166-2 code.
        Subdivision = "subdivision",
        /// Whatever the vendor cuts for itself.
        Custom = "custom",
    }

    /// Whether a territory may be used for new records.
    pub TerritoryStatus {
        /// It may.
        Active = "active",
        /// It is kept for the records that name it.
        Retired = "retired",
    }

    /// The order of territories.
    pub TerritorySort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(TerritoryKind, TerritoryStatus);

ordered!(TerritorySort of "territories" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A territory: a node in the tree of places.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = territories, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Territory {
    /// Its id.
    pub id: TerritoryId,
    /// Its code, unique: ISO 3166 where there is one.
    #[schema(example = "DE", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Germany", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for search and order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// What it is.
    pub kind: TerritoryKind,
    /// The territory it lies in; null for a root.
    #[schema(required = true)]
    pub parent_id: Option<TerritoryId>,
    /// Whether it may be used for new records.
    pub status: TerritoryStatus,
    /// The business calendar that counts here; null for that of the territory around it, or the program's default.
    #[schema(required = true)]
    pub calendar_id: Option<CalendarId>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Territory, "territory", "/v1/territories");

/// A territory to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerritory {
    /// Its code, unique: ISO 3166 where there is one.
    #[schema(example = "LI", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Liechtenstein", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is.
    pub kind: TerritoryKind,
    /// The territory it lies in; none for a root.
    pub parent_id: Option<TerritoryId>,
    /// The business calendar that counts here; none for that of the territory around it, or the program's default.
    pub calendar_id: Option<CalendarId>,
}

/// Changes of a territory. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TerritoryPatch {
    /// A new name.
    #[schema(example = "Germany", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// A new place in the tree; null makes it a root.
    #[serde(default)]
    #[schema(value_type = Option<TerritoryId>)]
    pub parent_id: Patch<TerritoryId>,
    /// Another business calendar; null for that of the territory around it, or the program's default. Clocks that run keep
    /// the due times that they have.
    #[serde(default)]
    #[schema(value_type = Option<CalendarId>)]
    pub calendar_id: Patch<CalendarId>,
    /// Whether it may be used for new records.
    #[schema(nullable = false)]
    pub status: Option<TerritoryStatus>,
}

/// What a list of territories is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TerritoryFilter {
    /// Only territories of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<TerritoryKind>>,
    /// Only territories in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<TerritoryStatus>>,
    /// Only territories directly in this one.
    #[param(nullable = false)]
    pub parent_id: Option<TerritoryId>,
    /// Only this territory and everything that lies in it, at any depth.
    #[param(nullable = false)]
    pub under: Option<TerritoryId>,
    /// Only the territories with these codes.
    #[param(style = Form, explode = false, nullable = false, example = json!(["DE", "US-CA"]))]
    pub code: Option<Vec<String>>,
    /// Only territories whose name or code begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "ger", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<TerritorySort>,
}

/// The way from the root of the tree to a territory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TerritoryTrail {
    /// The root first, the territory itself last.
    #[schema(max_items = 1000)]
    pub data: Vec<Territory>,
}
