//! The shapes of account manager assignments.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Time,
        ids::{AssignmentId, HandoverId, PartnerId, UserId},
        page::Order,
    },
    words,
};

words! {
    /// The part in which somebody of the vendor looks after a partner.
    pub AccountManagerRole {
        /// The one who answers for the partner.
        Primary = "primary",
        /// Stands in for the primary.
        Backup = "backup",
        /// The executive to whom matters escalate.
        ExecSponsor = "exec_sponsor",
    }

    /// Why an account manager is assigned or ends.
    pub AssignmentReason {
        /// The first one of the partner.
        Onboarding = "onboarding",
        /// Territories were cut anew.
        TerritoryChange = "territory_change",
        /// Work was spread anew.
        Workload = "workload",
        /// The former one left the vendor.
        Departure = "departure",
        /// The former one is away for long.
        Absence = "absence",
        /// The partner asked for it.
        PartnerRequest = "partner_request",
        /// It came with the vendor's history.
        Imported = "imported",
        /// None of the others; the text says why.
        Other = "other",
    }
}

bindable!(AccountManagerRole, AssignmentReason);

/// The order of assignments: the latest start first.
pub(super) const ORDER: Order = Order {
    column: "account_manager_assignments.valid_from",
    id: "account_manager_assignments.id",
    descending: true,
};

/// Somebody of the vendor in one part for a partner, from one moment until the next start in that part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccountManagerAssignment)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The part.
    pub role: AccountManagerRole,
    /// The vendor's user; null where the chain ends and nobody has the part.
    #[schema(required = true)]
    pub user_id: Option<UserId>,
    /// From when on.
    pub valid_from: Time,
    /// The next start in this part, where this one ends; null if none is known.
    #[schema(required = true)]
    pub valid_until: Option<Time>,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words. For the vendor: partners read null.
    #[schema(required = true, example = "Takes over the region.", max_length = 2000)]
    pub reason_text: Option<String>,
    /// The handover that led to it.
    #[schema(required = true)]
    pub handover_id: Option<HandoverId>,
    /// Who assigned it. For the vendor: partners read null.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub created_by: Option<String>,
    /// When it was assigned.
    pub created_at: Time,
}

impl Resource for Assignment {
    const TYPE: &'static str = "account_manager_assignment";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        1
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/account-managers/{}", self.partner_id, self.id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// Somebody to look after a partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = NewAccountManagerAssignment)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// The part.
    pub role: AccountManagerRole,
    /// The vendor's user.
    pub user_id: UserId,
    /// From when on; now if left out. Not in the past.
    pub valid_from: Option<Time>,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words.
    #[schema(example = "Takes over the region.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
}

/// The end of a part without a next holder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountManagerEnd {
    /// The part.
    pub role: AccountManagerRole,
    /// From when on nobody has it; now if left out. Not in the past.
    pub valid_from: Option<Time>,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words.
    #[schema(example = "The part is no longer needed.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
}

/// What a list of assignments is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssignmentFilter {
    /// Only these parts.
    #[param(style = Form, explode = false, nullable = false)]
    pub role: Option<Vec<AccountManagerRole>>,
    /// Only what was, or will be, in force at this moment.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// An assignment of a partner, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AssignmentPath {
    /// The partner.
    pub id: PartnerId,
    /// The assignment.
    pub assignment_id: AssignmentId,
}
