//! The shapes of named accounts.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    kernel::{
        Date, Patch, Time,
        ids::{AccountId, NamedAccountId, ProductId, TerritoryId, UserId},
    },
    ordered,
    references::ExternalRef,
    resource,
    schema::named_accounts,
    words,
};

words! {
    /// The order of named accounts.
    pub NamedAccountSort {
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

ordered!(NamedAccountSort of "named_accounts" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A customer that the vendor keeps for itself, for a time and a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedAccount {
    /// Its id.
    pub id: NamedAccountId,
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line; null stands for all of them.
    #[schema(required = true)]
    pub product_id: Option<ProductId>,
    /// The territory; null stands for all of them.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it is one.
    pub starts_on: Date,
    /// The first day on which it is one no longer; null while no end is known.
    #[schema(required = true)]
    pub ends_on: Option<Date>,
    /// Whose customer it is.
    #[schema(required = true)]
    pub owner_id: Option<UserId>,
    /// Why it is one.
    #[schema(
        required = true,
        example = "Global framework contract",
        min_length = 1,
        max_length = 1000
    )]
    pub reason: Option<String>,
    /// The same one in other systems.
    #[schema(max_items = 50)]
    pub external_refs: Vec<ExternalRef>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(NamedAccount, super::TYPE, "/v1/named-accounts", expandable);

/// A named account to be made, or put at an id of another system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNamedAccount {
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line; none stands for all of them.
    pub product_id: Option<ProductId>,
    /// The territory; none stands for all of them.
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it is one; today unless said otherwise.
    pub starts_on: Option<Date>,
    /// The first day on which it is one no longer; none while no end is known.
    pub ends_on: Option<Date>,
    /// Whose customer it is.
    pub owner_id: Option<UserId>,
    /// Why it is one.
    #[schema(example = "Global framework contract", min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
    /// The same one in other systems.
    #[schema(max_items = 50)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of a named account. What is left out stays, null clears.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedAccountPatch {
    /// The customer.
    #[schema(nullable = false)]
    pub account_id: Option<AccountId>,
    /// The product or product line; null stands for all of them.
    #[serde(default)]
    #[schema(value_type = Option<ProductId>)]
    pub product_id: Patch<ProductId>,
    /// The territory; null stands for all of them.
    #[serde(default)]
    #[schema(value_type = Option<TerritoryId>)]
    pub territory_id: Patch<TerritoryId>,
    /// The first day on which it is one.
    #[schema(nullable = false)]
    pub starts_on: Option<Date>,
    /// The first day on which it is one no longer; null while no end is known.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub ends_on: Patch<Date>,
    /// Whose customer it is.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub owner_id: Patch<UserId>,
    /// Why it is one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Global framework contract", min_length = 1, max_length = 1000)]
    pub reason: Patch<String>,
    /// The same one in other systems.
    #[schema(max_items = 50, nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// What a list is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NamedAccountFilter {
    /// Only named accounts of this customer.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only those for exactly this product or line.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only those for exactly this territory.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only those of this user.
    #[param(nullable = false)]
    pub owner_id: Option<UserId>,
    /// Only those changed at this moment or later.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// The order; newest first unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<NamedAccountSort>,
}

/// What a named account claims, as the conflict engine sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = named_accounts)]
pub struct NamedAccountClaim {
    /// The record.
    pub id: NamedAccountId,
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line; null stands for all of them.
    pub product_id: Option<ProductId>,
    /// The territory; null stands for all of them.
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it is one.
    pub starts_on: Date,
    /// The first day on which it is one no longer; null while no end is known.
    pub ends_on: Option<Date>,
    /// Whose customer it is.
    pub owner_id: Option<UserId>,
    /// When it was made here.
    pub created_at: Time,
}
