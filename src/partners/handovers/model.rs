//! The shapes of handovers.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Patch, Time,
        ids::{HandoverId, HandoverItemId, PartnerId, UserId},
        page::Order,
    },
    partners::account_managers::{AccountManagerRole, AssignmentReason},
    resource,
    schema::{handover_items, handovers},
    words,
};

words! {
    /// Where a handover stands.
    pub HandoverStatus {
        /// It is prepared.
        Draft = "draft",
        /// It begins at its effective moment.
        Scheduled = "scheduled",
        /// The part has passed on; the new account manager has not accepted yet.
        InProgress = "in_progress",
        /// The new account manager has accepted.
        Accepted = "accepted",
        /// The new account manager has talked with the partner; it is over.
        Completed = "completed",
        /// It was called off before it began.
        Cancelled = "cancelled",
    }

    /// What kind of work changes hands.
    pub HandoverItemKind {
        /// A registration waits for a decision of the former account manager.
        PendingDecision = "pending_decision",
        /// A protection ends within 30 days of the handover.
        ExpiringProtection = "expiring_protection",
        /// A request for money is open.
        OpenRequest = "open_request",
        /// A claim for money is open.
        OpenClaim = "open_claim",
        /// A conflict case is not resolved.
        ConflictCase = "conflict_case",
        /// The partner is about to lose a tier.
        AtRisk = "at_risk",
        /// The next business review is due.
        NextReview = "next_review",
        /// A commitment is overdue.
        OverdueCommitment = "overdue_commitment",
        /// Questions wait for answers of the partner.
        OpenInfoRequest = "open_info_request",
        /// A task of the former account manager on a record of the partner is open.
        OpenTask = "open_task",
        /// Somebody wrote it down.
        Manual = "manual",
    }

    /// What became of work that changes hands.
    pub HandoverItemStatus {
        /// It is to be done.
        Open = "open",
        /// It is done.
        Done = "done",
        /// Nothing is to be done.
        NotNeeded = "not_needed",
    }
}

bindable!(HandoverStatus, HandoverItemKind, HandoverItemStatus);

/// The order of handovers: the latest first.
pub(super) const ORDER: Order = Order {
    column: "handovers.created_at",
    id: "handovers.id",
    descending: true,
};
/// The order of items: as they were listed.
pub(super) const ITEM_ORDER: Order = Order {
    column: "handover_items.created_at",
    id: "handover_items.id",
    descending: false,
};

/// A partner passes from one account manager to another.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = handovers, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Handover {
    /// Its id.
    pub id: HandoverId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The part that passes on.
    pub role: AccountManagerRole,
    /// Who has the part; null if nobody does.
    #[schema(required = true)]
    pub from_user_id: Option<UserId>,
    /// Who shall have it.
    pub to_user_id: UserId,
    /// Where it stands.
    pub status: HandoverStatus,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words.
    #[schema(required = true, example = "Takes over the region.", max_length = 2000)]
    pub reason_text: Option<String>,
    /// When the part passes on.
    pub effective_at: Time,
    /// Until when the former account manager can still read.
    pub overlap_until: Time,
    /// The second person who agreed, where one was needed.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub manager_approved_by: Option<String>,
    /// When they agreed.
    #[schema(required = true)]
    pub manager_approved_at: Option<Time>,
    /// When the new account manager accepted.
    #[schema(required = true)]
    pub accepted_at: Option<Time>,
    /// When the new account manager first talked with the partner.
    #[schema(required = true)]
    pub first_touch_at: Option<Time>,
    /// What came of it.
    #[schema(
        required = true,
        example = "Introduced myself; the renewal in March matters most.",
        max_length = 2000
    )]
    pub first_touch_note: Option<String>,
    /// When it was completed.
    #[schema(required = true)]
    pub completed_at: Option<Time>,
    /// When it was called off.
    #[schema(required = true)]
    pub cancelled_at: Option<Time>,
    /// Who opened it.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub created_by: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was opened.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Handover, "handover", "/v1/handovers");

/// Work that changes hands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = handover_items, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct HandoverItem {
    /// Its id.
    pub id: HandoverItemId,
    /// The handover.
    pub handover_id: HandoverId,
    /// What kind of work it is.
    pub kind: HandoverItemKind,
    /// The type of the record that it is about.
    #[schema(required = true, example = "deal", max_length = 64)]
    pub resource_type: Option<String>,
    /// The record that it is about.
    #[schema(required = true, example = "deal_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub resource_id: Option<String>,
    /// What is to be done.
    #[schema(example = "Decide DR-2026-000123", max_length = 300)]
    pub title: String,
    /// When it is due.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// What became of it.
    pub status: HandoverItemStatus,
    /// A note on it.
    #[schema(required = true, example = "Waits for the budget.", max_length = 2000)]
    pub note: Option<String>,
    /// Who did it.
    #[schema(required = true, example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub done_by: Option<String>,
    /// When it was done.
    #[schema(required = true)]
    pub done_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was listed.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for HandoverItem {
    const TYPE: &'static str = "handover_item";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/handovers/{}/items/{}", self.handover_id, self.id)
    }
}

/// A handover to be opened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHandover {
    /// The partner.
    pub partner_id: PartnerId,
    /// The part that passes on.
    pub role: AccountManagerRole,
    /// Who shall have it.
    pub to_user_id: UserId,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words.
    #[schema(example = "Takes over the region.", min_length = 1, max_length = 2000)]
    pub reason_text: Option<String>,
    /// When the part passes on; now if left out.
    pub effective_at: Option<Time>,
    /// For how many days after it the former account manager can still read; as many as the settings say if left out.
    #[schema(example = 14, minimum = 0, maximum = 365)]
    pub overlap_days: Option<i64>,
}

/// Changes of a handover that has not begun. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverPatch {
    /// Why.
    #[schema(nullable = false)]
    pub reason_code: Option<AssignmentReason>,
    /// Why, in words.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Takes over the region.", min_length = 1, max_length = 2000)]
    pub reason_text: Patch<String>,
    /// When the part passes on. The end of the overlap moves with it.
    #[schema(nullable = false)]
    pub effective_at: Option<Time>,
}

/// The first talk of the new account manager with the partner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstTouch {
    /// What came of it.
    #[schema(
        example = "Introduced myself; the renewal in March matters most.",
        min_length = 1,
        max_length = 2000
    )]
    pub note: String,
}

/// Work to be written down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHandoverItem {
    /// What is to be done.
    #[schema(example = "Introduce the new engineer", min_length = 1, max_length = 300)]
    pub title: String,
    /// When it is due.
    pub due_at: Option<Time>,
    /// A note on it.
    #[schema(example = "Before the fair.", min_length = 1, max_length = 2000)]
    pub note: Option<String>,
}

/// Changes of work that changes hands. What is left out stays, null clears.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverItemPatch {
    /// What became of it.
    #[schema(nullable = false)]
    pub status: Option<HandoverItemStatus>,
    /// A note on it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Waits for the budget.", min_length = 1, max_length = 2000)]
    pub note: Patch<String>,
}

/// What a list of handovers is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HandoverFilter {
    /// Only handovers of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only handovers that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<HandoverStatus>>,
    /// Only handovers from this user.
    #[param(nullable = false)]
    pub from_user_id: Option<UserId>,
    /// Only handovers to this user.
    #[param(nullable = false)]
    pub to_user_id: Option<UserId>,
}

/// What a list of work is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HandoverItemFilter {
    /// Only work that stands there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<HandoverItemStatus>>,
    /// Only work of these kinds.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<HandoverItemKind>>,
}

/// Work of a handover, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct HandoverItemPath {
    /// The handover.
    pub id: HandoverId,
    /// The work.
    pub item_id: HandoverItemId,
}
