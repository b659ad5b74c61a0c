//! The shapes of delegations.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::model::ApprovalKind;
use crate::{
    kernel::{
        Time,
        ids::{DelegationId, UserId},
        page::Order,
    },
    resource, words,
};

words! {
    /// Where a delegation stands at the moment of reading.
    pub DelegationStatus {
        /// It has not begun.
        Scheduled = "scheduled",
        /// It holds.
        InForce = "in_force",
        /// It is over.
        Ended = "ended",
        /// It was cancelled, before it began or before its end.
        Cancelled = "cancelled",
    }
}

/// The order of delegations: the latest start first.
pub(super) const ORDER: Order = Order {
    column: "approval_delegations.starts_at",
    id: "approval_delegations.id",
    descending: true,
};

/// That somebody is away, and another decides in their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Who is away.
    pub person_id: UserId,
    /// Who stands in.
    pub delegate_id: UserId,
    /// From when on.
    pub starts_at: Time,
    /// Until when: the first moment at which it no longer holds.
    pub ends_at: Time,
    /// The kinds of records that it is limited to; all if empty.
    #[schema(max_items = 20)]
    pub kinds: Vec<ApprovalKind>,
    /// Why.
    #[schema(example = "On holiday.", max_length = 1000)]
    pub reason: String,
    /// Where it stands.
    pub status: DelegationStatus,
    /// Who entered it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub created_by: String,
    /// Who cancelled it.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub cancelled_by: Option<String>,
    /// When it was cancelled.
    #[schema(required = true)]
    pub cancelled_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was entered.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Delegation, "delegation", "/v1/delegations");

/// A delegation to be entered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "delegate_id": "user_01k7wz9d6cfvb8k1zq3n5x7h2a",
    "starts_at": "2026-12-07T08:00:00.000000Z",
    "ends_at": "2026-12-19T08:00:00.000000Z",
    "kinds": ["deal_registration"],
    "reason": "On holiday.",
}))]
pub struct NewDelegation {
    /// Who is away: the caller if left out. Administrators name anybody of the vendor.
    #[schema(nullable = false)]
    pub person_id: Option<UserId>,
    /// Who stands in: somebody of the vendor who is active.
    pub delegate_id: UserId,
    /// From when on; now if left out.
    #[schema(nullable = false)]
    pub starts_at: Option<Time>,
    /// Until when: the first moment at which it no longer holds.
    pub ends_at: Time,
    /// The kinds of records that it is limited to; all if left out.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub kinds: Vec<ApprovalKind>,
    /// Why.
    #[schema(example = "On holiday.", min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What a list of delegations is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DelegationFilter {
    /// Only delegations of that person.
    #[param(nullable = false)]
    pub person_id: Option<UserId>,
    /// Only delegations to that person.
    #[param(nullable = false)]
    pub delegate_id: Option<UserId>,
    /// Only delegations that hold at that moment.
    #[param(nullable = false, example = "2026-12-08T09:00:00.000000Z")]
    pub in_force_at: Option<Time>,
}
