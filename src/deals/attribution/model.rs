//! The shapes of attribution.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Time,
        ids::{AttributionId, DealId, PartnerId},
        page::Order,
    },
    words,
};

words! {
    /// For what a partner is credited with a deal.
    pub AttributionRole {
        /// It found the opportunity.
        Sourcing = "sourcing",
        /// It sells.
        Selling = "selling",
        /// It moved the customer to buy, without selling itself.
        Influencing = "influencing",
        /// It distributes to the one that sells.
        Distributing = "distributing",
    }
}

bindable!(AttributionRole);

/// The order of sets: what holds last first.
pub(super) const ORDER: Order = Order {
    column: "attribution_sets.valid_from",
    id: "attribution_sets.id",
    descending: true,
};

/// The share of one partner in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributionShare {
    /// The partner.
    pub partner_id: PartnerId,
    /// For what it is credited.
    pub role: AttributionRole,
    /// Its share in hundredths of a percent: 10,000 is all of the deal.
    #[schema(example = 10_000, minimum = 1, maximum = 10_000)]
    pub basis_points: i64,
}

/// Who is credited with a registration at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAttribution {
    /// The registration.
    pub deal_id: DealId,
    /// Whether nothing was said yet: then the registration is all its partner's, as its seller.
    #[schema(example = false)]
    pub implicit: bool,
    /// The set that holds; null if it is implicit.
    #[schema(required = true)]
    pub set_id: Option<AttributionId>,
    /// Since when it holds; null if it is implicit.
    #[schema(required = true)]
    pub valid_from: Option<Time>,
    /// The shares: the vendor reads all of them, a partner its own.
    #[schema(max_items = 100)]
    pub splits: Vec<AttributionShare>,
    /// What the shares that the caller does not read add up to, in hundredths of a percent.
    #[schema(example = 0, minimum = 0, maximum = 10_000)]
    pub others_basis_points: i64,
}

/// The shares in a registration from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DealAttributionSet {
    /// Its id.
    pub id: AttributionId,
    /// The registration.
    pub deal_id: DealId,
    /// Since when it holds, until the next set does.
    pub valid_from: Time,
    /// The shares: the vendor reads all of them, a partner its own.
    #[schema(max_items = 100)]
    pub splits: Vec<AttributionShare>,
    /// What the shares that the caller does not read add up to, in hundredths of a percent.
    #[schema(example = 0, minimum = 0, maximum = 10_000)]
    pub others_basis_points: i64,
    /// Why; for the vendor alone.
    #[schema(
        required = true,
        example = "Nordwind found the customer and hands the sale over.",
        max_length = 2000
    )]
    pub reason: Option<String>,
    /// Who said so; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: Option<String>,
    /// When it was said.
    pub created_at: Time,
}

impl Resource for DealAttributionSet {
    const TYPE: &'static str = "deal_attribution";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        // A set is sealed as soon as it is written.
        1
    }

    fn path(&self) -> String {
        format!("/v1/deals/{}/attribution", self.deal_id)
    }
}

/// Shares to be credited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealAttribution {
    /// The shares; they add up to 10,000 basis points, and a partner has one share for each role.
    #[schema(min_items = 1, max_items = 20)]
    pub splits: Vec<AttributionShare>,
    /// Since when they hold: now if left out, or a moment to come.
    #[schema(nullable = false)]
    pub valid_from: Option<Time>,
    /// Why; for the vendor alone.
    #[schema(
        example = "Nordwind found the customer and hands the sale over.",
        min_length = 1,
        max_length = 2000
    )]
    pub reason: String,
}

/// The moment that an attribution is read for.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttributionMoment {
    /// The moment, past or to come; now if left out.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}
