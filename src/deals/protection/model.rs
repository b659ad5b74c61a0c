//! The shapes of protections.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    deals::registrations::ProtectionState,
    kernel::{
        Time,
        ids::{AccountId, DealId, DecisionId, PartnerId, ProductId, ProtectionId, TerritoryId},
    },
    ordered, resource, words,
};

words! {
    /// Which deals a protection shuts out.
    pub DealTypeClass {
        /// Net-new business and expansions.
        NewBusiness = "new_business",
        /// Renewals.
        Renewal = "renewal",
        /// All deals.
        Any = "any",
    }

    /// What was last done to a protection. Whether it is in force at a moment is its `state`.
    pub ProtectionStatus {
        /// Granted, and in force from its start to its end.
        Active = "active",
        /// It collided with another when accounts were merged, when its partner came back, or when an appeal was upheld; a case
        /// decides.
        Contested = "contested",
        /// Its partner is suspended under a policy that pauses.
        Paused = "paused",
        /// Given back.
        Released = "released",
        /// Handed to another partner.
        Transferred = "transferred",
        /// Used up: the deal was won.
        Consumed = "consumed",
        /// Taken away by the vendor.
        Revoked = "revoked",
    }

    /// The order of protections.
    pub ProtectionSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// The first to end first.
        Ends = "ends_at",
        /// The last to end first.
        EndsDescending = "-ends_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(DealTypeClass, ProtectionStatus);

ordered!(ProtectionSort of "protections" {
    Created | CreatedDescending => "created_at",
    Ends | EndsDescending => "ends_at",
    Updated | UpdatedDescending => "updated_at",
});

/// The protection of one scope: a customer account, a product or line with all below it, a territory with all in it, a
/// class of deals, and a period. No two exclusive ones in force overlap; the database refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Protection {
    /// Its id.
    pub id: ProtectionId,
    /// The registration it was granted to.
    pub deal_id: DealId,
    /// The partner that holds it.
    pub partner_id: PartnerId,
    /// The decision that granted it; null for imported history.
    #[schema(required = true)]
    pub decision_id: Option<DecisionId>,
    /// The customer.
    pub account_id: AccountId,
    /// The product or line, with everything below it.
    pub product_id: ProductId,
    /// The territory, with everything in it.
    pub territory_id: TerritoryId,
    /// Which deals it shuts out.
    pub deal_type_class: DealTypeClass,
    /// Whether it shuts others out at all.
    #[schema(example = true)]
    pub exclusive: bool,
    /// Whether it is in force at `as_of`.
    pub state: ProtectionState,
    /// The moment that `state` is told for.
    pub as_of: Time,
    /// Its first moment.
    pub starts_at: Time,
    /// The first moment after it, the grace of a pending extension included.
    pub ends_at: Time,
    /// The end that was granted.
    pub granted_until: Time,
    /// What was last done to it.
    pub status: ProtectionStatus,
    /// Why, as a code.
    #[schema(required = true, example = "withdrawn", max_length = 64)]
    pub status_reason: Option<String>,
    /// Since when it has that status.
    pub status_since: Time,
    /// The protection that took its place at another partner; for the vendor alone.
    #[schema(required = true)]
    pub transferred_to_id: Option<ProtectionId>,
    /// Whether it came with imported history.
    #[schema(example = false)]
    pub legacy: bool,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    Protection,
    "protection",
    "/v1/protections",
    expandable,
    told = |record| vec![record.partner_id]
);

/// As of when a protection is read.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProtectionMoment {
    /// Tell the state as of this moment; now if left out.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// What a list of protections is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProtectionFilter {
    /// Only protections of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only protections of this registration.
    #[param(nullable = false)]
    pub deal_id: Option<DealId>,
    /// Only protections on this customer account.
    #[param(nullable = false)]
    pub account_id: Option<AccountId>,
    /// Only protections that touch this product: on itself, on a line above it, or on a part of it.
    #[param(nullable = false)]
    pub product_id: Option<ProductId>,
    /// Only protections that touch this territory: in itself, in one around it, or in a part of it.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only protections that are in these states as of `as_of`.
    #[param(style = Form, explode = false, nullable = false)]
    pub state: Option<Vec<ProtectionState>>,
    /// The moment for which states are told and filtered; now if left out.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
    /// Only protections that end before this moment; with `state=active,grace` those that are about to expire.
    #[param(nullable = false)]
    pub expiring_before: Option<Time>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ProtectionSort>,
}
