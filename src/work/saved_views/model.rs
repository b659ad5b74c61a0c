//! The shapes of saved views.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Patch, Stored, Time,
        ids::{PartnerId, SavedViewId, UserId},
        page::Order,
    },
    resource,
    schema::saved_views,
    words,
};

words! {
    /// Who reads a saved view.
    pub SavedViewVisibility {
        /// Its owner.
        Private = "private",
        /// The owner's side: the vendor's people, or the people of the owner's partner.
        Shared = "shared",
    }
}

bindable!(SavedViewVisibility);

/// The order of saved views.
pub(super) const ORDER: Order = Order {
    column: "saved_views.name_key",
    id: "saved_views.id",
    descending: false,
};

/// The filters of a view: the list's query parameters by name, each as it stands in an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({"status": "open", "kind": "task,follow_up"}))]
pub struct SavedFilters(pub BTreeMap<String, String>);

/// A saved view of a list.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = saved_views, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SavedView {
    /// Its id.
    pub id: SavedViewId,
    /// Its name.
    #[schema(example = "My open tasks", min_length = 1, max_length = 100)]
    pub name: String,
    /// Its name, folded, for order and uniqueness.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// The list, by the id of its operation.
    #[schema(example = "listTasks", max_length = 64)]
    pub operation: String,
    /// The list's filters.
    #[schema(value_type = SavedFilters)]
    pub filters: Stored<SavedFilters>,
    /// The list's order; its usual one if empty.
    #[schema(required = true, example = "due_at", max_length = 64)]
    pub sort: Option<String>,
    /// The fields to show, in order; the usual ones if there are none.
    #[schema(value_type = Vec<String>, example = json!(["title", "due_at"]), max_items = 100)]
    #[diesel(column_name = shown_fields)]
    pub columns: Stored<Vec<String>>,
    /// Who reads it.
    pub visibility: SavedViewVisibility,
    /// Whose it is.
    pub owner_id: UserId,
    /// The owner's partner; none for the vendor's people.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was saved.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    SavedView,
    "saved_view",
    "/v1/saved-views",
    told = |record| record.partner_id.into_iter().collect()
);

/// A view to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    /// Its name; each of its owner's views of one list has another.
    #[schema(example = "My open tasks", min_length = 1, max_length = 100)]
    pub name: String,
    /// The list, by the id of its operation.
    #[schema(example = "listProducts", min_length = 1, max_length = 64)]
    pub operation: String,
    /// The list's filters: its query parameters without `sort`, `fields` and those of paging.
    #[serde(default)]
    #[schema(example = json!({"status": "active"}))]
    pub filters: SavedFilters,
    /// The list's order.
    #[schema(example = "name", min_length = 1, max_length = 64)]
    pub sort: Option<String>,
    /// The fields to show, in order.
    #[serde(default)]
    #[schema(example = json!(["id", "name"]), max_items = 100)]
    pub columns: Vec<String>,
    /// Who shall read it; its owner alone if left out.
    #[schema(nullable = false, example = json!("shared"))]
    pub visibility: Option<SavedViewVisibility>,
}

/// Changes of a saved view. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedViewPatch {
    /// Its name.
    #[schema(example = "My products", min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// The list's filters, all of them.
    #[schema(nullable = false, example = json!({"status": "retired"}))]
    pub filters: Option<SavedFilters>,
    /// The list's order.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "-name", min_length = 1, max_length = 64)]
    pub sort: Patch<String>,
    /// The fields to show, all of them, in order.
    #[schema(nullable = false, example = json!(["name", "id"]), max_items = 100)]
    pub columns: Option<Vec<String>>,
    /// Who shall read it.
    #[schema(nullable = false)]
    pub visibility: Option<SavedViewVisibility>,
}

/// What a list of saved views is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SavedViewFilter {
    /// Only views of that list, by the id of its operation.
    #[param(min_length = 1, max_length = 64, example = "listTasks", nullable = false)]
    pub operation: Option<String>,
    /// Only views of these readers.
    #[param(style = Form, explode = false, nullable = false)]
    pub visibility: Option<Vec<SavedViewVisibility>>,
}
