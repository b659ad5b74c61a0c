//! The shapes of product authorisations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::Resource,
    kernel::{
        Date, Patch, Time,
        ids::{AuthorisationId, PartnerId, ProductId, TerritoryId},
        page::Order,
    },
    schema::product_authorisations,
};

/// The order of authorisations: the first granted first.
pub(super) const ORDER: Order = Order {
    column: "product_authorisations.created_at",
    id: "product_authorisations.id",
    descending: false,
};

/// A right of a partner to sell a product, or a line of products, in a territory.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = product_authorisations, treat_none_as_null = true, treat_none_as_default_value = false)]
#[schema(as = ProductAuthorisation)]
pub struct Authorisation {
    /// Its id.
    pub id: AuthorisationId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The product; a line covers what is in it.
    pub product_id: ProductId,
    /// The territory; it covers what is within it.
    pub territory_id: TerritoryId,
    /// The first day.
    pub starts_on: Date,
    /// The first day on which it no longer holds; null if no end is known.
    #[schema(required = true)]
    pub ends_on: Option<Date>,
    /// Why it was granted, or ended.
    #[schema(required = true, example = "Certified for the line.", max_length = 2000)]
    pub reason: Option<String>,
    /// Who granted it.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub granted_by: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was granted.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for Authorisation {
    const TYPE: &'static str = "product_authorisation";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/authorisations/{}", self.partner_id, self.id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// A right to be granted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = NewProductAuthorisation)]
#[serde(deny_unknown_fields)]
pub struct NewAuthorisation {
    /// The product; a line covers what is in it.
    pub product_id: ProductId,
    /// The territory; it covers what is within it.
    pub territory_id: TerritoryId,
    /// The first day; today if left out.
    pub starts_on: Option<Date>,
    /// The first day on which it no longer holds.
    pub ends_on: Option<Date>,
    /// Why it is granted.
    #[schema(example = "Certified for the line.", min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
}

/// Changes of a right: when it ends, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ProductAuthorisationPatch)]
#[serde(deny_unknown_fields)]
pub struct AuthorisationPatch {
    /// The first day on which it no longer holds; null lets it hold on.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub ends_on: Patch<Date>,
    /// Why it was granted, or ends.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "The line is discontinued.", min_length = 1, max_length = 2000)]
    pub reason: Patch<String>,
}

/// What a list of authorisations is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuthorisationFilter {
    /// Only those for this product itself, not for a line above it.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only those for this territory itself, not for one around it.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only those that hold on this day.
    #[param(nullable = false)]
    pub as_of: Option<Date>,
}

/// An authorisation of a partner, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AuthorisationPath {
    /// The partner.
    pub id: PartnerId,
    /// The authorisation.
    pub authorisation_id: AuthorisationId,
}
