//! The shapes of the relations of distributors with resellers.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::Resource,
    kernel::{
        Date, Patch, Time,
        ids::{PartnerId, ResellerRelationId},
        page::Order,
    },
    schema::partner_resellers,
};

/// The order of relations: the first made first.
pub(super) const ORDER: Order = Order {
    column: "partner_resellers.created_at",
    id: "partner_resellers.id",
    descending: false,
};

/// A distributor that serves a reseller.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = partner_resellers, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ResellerRelation {
    /// Its id.
    pub id: ResellerRelationId,
    /// The distributor.
    pub distributor_id: PartnerId,
    /// The reseller.
    pub reseller_id: PartnerId,
    /// The first day.
    pub starts_on: Date,
    /// The first day on which it no longer holds; null if no end is known.
    #[schema(required = true)]
    pub ends_on: Option<Date>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for ResellerRelation {
    const TYPE: &'static str = "reseller_relation";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/resellers/{}", self.distributor_id, self.id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.distributor_id, self.reseller_id]
    }
}

/// A reseller to be served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResellerRelation {
    /// The reseller.
    pub reseller_id: PartnerId,
    /// The first day; today if left out.
    pub starts_on: Option<Date>,
    /// The first day on which it no longer holds.
    pub ends_on: Option<Date>,
}

/// Changes of a relation: when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResellerRelationPatch {
    /// The first day on which it no longer holds; null lets it hold on.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub ends_on: Patch<Date>,
}

/// What a list of relations is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResellerFilter {
    /// Only those that hold on this day.
    #[param(nullable = false)]
    pub as_of: Option<Date>,
}

/// A relation of a distributor, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ResellerPath {
    /// The distributor.
    pub id: PartnerId,
    /// The relation.
    pub relation_id: ResellerRelationId,
}
