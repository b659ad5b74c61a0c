//! The shapes of teams.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    kernel::{
        Patch, Time,
        ids::{TeamId, UserId},
    },
    ordered, resource,
    schema::teams,
    words,
};

words! {
    /// The order of teams.
    pub TeamSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

ordered!(TeamSort of "teams" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

/// A team of the vendor's people.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = teams, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name, unique in any case.
    #[schema(example = "Channel DACH", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for search and order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// The user who leads it.
    #[schema(required = true)]
    pub lead_id: Option<UserId>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Team, "team", "/v1/teams");

/// A team to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// Its name, unique in any case.
    #[schema(example = "Channel Nordics", min_length = 1, max_length = 200)]
    pub name: String,
    /// The user who leads it.
    pub lead_id: Option<UserId>,
}

/// Changes of a team. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamPatch {
    /// A new name.
    #[schema(example = "Channel Nordics", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// The user who leads it; null for nobody.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub lead_id: Patch<UserId>,
}

/// What a list of teams is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TeamFilter {
    /// Only teams whose name begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "chan", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<TeamSort>,
}
