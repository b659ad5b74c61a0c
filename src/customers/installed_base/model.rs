//! The shapes of the installed base.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Date, Patch, Time,
        ids::{AccountId, InstalledBaseId, PartnerId, ProductId, TerritoryId},
    },
    ordered,
    references::ExternalRef,
    resource,
    schema::installed_base,
    words,
};

words! {
    /// How it came to be known that a customer has a product.
    pub InstalledBaseSource {
        /// It came with an import.
        Import = "import",
        /// Somebody entered it, or another system did.
        Manual = "manual",
        /// A registered deal was won.
        Deal = "deal",
    }

    /// The order of the installed base.
    pub InstalledBaseSort {
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

bindable!(InstalledBaseSource);

ordered!(InstalledBaseSort of "installed_base" {
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A product or product line that a customer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InstalledBase {
    /// Its id.
    pub id: InstalledBaseId,
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line that it has.
    pub product_id: ProductId,
    /// The territory in which it has it; null stands for all of them.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it had it; null if that is not known.
    #[schema(required = true)]
    pub since_on: Option<Date>,
    /// The first day on which it has it no longer; null while no end is known.
    #[schema(required = true)]
    pub ends_on: Option<Date>,
    /// How much of it.
    #[schema(required = true, example = 25, minimum = 1, maximum = 1_000_000_000)]
    pub quantity: Option<i64>,
    /// Who sold it; null for the vendor itself, or if that is not known.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// How that is known.
    pub source: InstalledBaseSource,
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

resource!(InstalledBase, super::TYPE, "/v1/installed-base", expandable);

/// An installed product to be made, or put at an id of another system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstalledBase {
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line that it has.
    pub product_id: ProductId,
    /// The territory in which it has it; none stands for all of them.
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it had it; none if that is not known.
    pub since_on: Option<Date>,
    /// The first day on which it has it no longer; none while no end is known.
    pub ends_on: Option<Date>,
    /// How much of it.
    #[schema(example = 25, minimum = 1, maximum = 1_000_000_000)]
    pub quantity: Option<i64>,
    /// Who sold it; none for the vendor itself, or if that is not known.
    pub partner_id: Option<PartnerId>,
    /// The same one in other systems.
    #[schema(max_items = 50)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of an installed product. What is left out stays, null clears.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstalledBasePatch {
    /// The customer.
    #[schema(nullable = false)]
    pub account_id: Option<AccountId>,
    /// The product or product line that it has.
    #[schema(nullable = false)]
    pub product_id: Option<ProductId>,
    /// The territory in which it has it; null stands for all of them.
    #[serde(default)]
    #[schema(value_type = Option<TerritoryId>)]
    pub territory_id: Patch<TerritoryId>,
    /// The first day on which it had it; null if that is not known.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub since_on: Patch<Date>,
    /// The first day on which it has it no longer; null while no end is known.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub ends_on: Patch<Date>,
    /// How much of it.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 25, minimum = 1, maximum = 1_000_000_000)]
    pub quantity: Patch<i64>,
    /// Who sold it; null for the vendor itself, or if that is not known.
    #[serde(default)]
    #[schema(value_type = Option<PartnerId>)]
    pub partner_id: Patch<PartnerId>,
    /// The same one in other systems.
    #[schema(max_items = 50, nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// What a list is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InstalledBaseFilter {
    /// Only what this customer has.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only exactly this product or line.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only exactly this territory.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only what this partner sold.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only those changed at this moment or later.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// The order; newest first unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<InstalledBaseSort>,
}

/// What an installed product says of a customer, as the conflict engine sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = installed_base)]
pub struct InstalledBaseClaim {
    /// The record.
    pub id: InstalledBaseId,
    /// The customer.
    pub account_id: AccountId,
    /// The product or product line that it has.
    pub product_id: ProductId,
    /// The territory in which it has it; null stands for all of them.
    pub territory_id: Option<TerritoryId>,
    /// The first day on which it had it; null if that is not known.
    pub since_on: Option<Date>,
    /// The first day on which it has it no longer; null while no end is known.
    pub ends_on: Option<Date>,
    /// How much of it.
    pub quantity: Option<i64>,
    /// Who sold it; null for the vendor itself, or if that is not known.
    pub partner_id: Option<PartnerId>,
    /// When it was made here.
    pub created_at: Time,
}
