//! The shapes of chains, votes, and of what waits for whom.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::policy::ApproverRole;
use crate::{
    bindable,
    kernel::{
        Money, Time,
        ids::{ApprovalStepId, PartnerId, UserId},
        page::Order,
    },
    words,
};

words! {
    /// The kinds of records that are decided by a chain of people.
    pub ApprovalKind {
        /// A registration of a deal.
        DealRegistration = "deal_registration",
        /// A change of a registration that was approved.
        DealAmendment = "deal_amendment",
        /// A request for more time for a protection.
        DealExtension = "deal_extension",
        /// A request to undo a decision on a registration.
        DealReopening = "deal_reopening",
    }

    /// Where a step of an approval chain stands.
    pub ApprovalStepStatus {
        /// Its turn has not come.
        Waiting = "waiting",
        /// It is its turn.
        Pending = "pending",
        /// Agreed.
        Approved = "approved",
        /// Refused.
        Rejected = "rejected",
        /// No longer asked for.
        Skipped = "skipped",
    }

    /// What somebody decided on a step.
    pub ApprovalVerdict {
        /// Agreed.
        Approved = "approved",
        /// Refused.
        Rejected = "rejected",
    }

    /// Why a step waits for somebody.
    pub ApprovalReason {
        /// Their role decides it.
        OwnRole = "own_role",
        /// It waited too long, and their role may decide it since.
        Escalated = "escalated",
        /// They stand in for somebody who may decide it.
        Delegated = "delegated",
    }
}

bindable!(ApprovalKind, ApprovalStepStatus, ApproverRole);

impl ApprovalKind {
    /// The operation by which somebody agrees to such a record.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::DealRegistration => "approveDeal",
            Self::DealAmendment => "approveDealAmendment",
            Self::DealExtension => "grantDealExtension",
            Self::DealReopening => "approveDealReopening",
        }
    }

    /// The address of the record with that id.
    pub fn path(self, id: &str) -> String {
        match self {
            Self::DealRegistration => format!("/v1/deals/{id}"),
            Self::DealAmendment => format!("/v1/deal-amendments/{id}"),
            Self::DealExtension => format!("/v1/deal-extensions/{id}"),
            Self::DealReopening => format!("/v1/deal-reopenings/{id}"),
        }
    }
}

/// The order of what waits: the longest waiting first.
pub(super) const ORDER: Order = Order {
    column: "approval_steps.pending_since",
    id: "approval_steps.id",
    descending: false,
};

/// One step of an approval chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApprovalChainStep {
    /// Its id; null in a preview.
    #[schema(required = true)]
    pub id: Option<ApprovalStepId>,
    /// Its place.
    #[schema(example = 1, minimum = 1)]
    pub position: i64,
    /// What it is called.
    #[schema(example = "Channel approval", max_length = 120)]
    pub name: String,
    /// The role that decides it.
    pub role: ApproverRole,
    /// The amount from which it is asked for; null if always.
    #[schema(required = true)]
    pub from: Option<Money>,
    /// How many different people must agree.
    #[schema(example = 1, minimum = 1)]
    pub quorum: i64,
    /// Where it stands.
    pub status: ApprovalStepStatus,
    /// Since when it is its turn.
    #[schema(required = true)]
    pub pending_since: Option<Time>,
    /// Who decided it, the last if it took several; for the vendor alone.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub decided_by: Option<String>,
    /// When.
    #[schema(required = true)]
    pub decided_at: Option<Time>,
    /// What each decided; for the vendor alone.
    #[schema(required = true, max_items = 20)]
    pub votes: Option<Vec<ApprovalVote>>,
    /// When it is escalated if nobody decides it before; null if never, or while the clock stands. For the vendor alone.
    #[schema(required = true)]
    pub escalates_at: Option<Time>,
    /// When it was escalated; for the vendor alone.
    #[schema(required = true)]
    pub escalated_at: Option<Time>,
    /// Who is asked: those who are there, may decide, and see the record, and those who stand in for who is away. Whoever has
    /// decided another step of the chain is not. The first 100 by name, as long as it is open. For the vendor alone.
    #[schema(required = true, max_items = 100)]
    pub asked: Option<Vec<AskedPerson>>,
    /// Who would be asked and is away; for the vendor alone.
    #[schema(required = true, max_items = 100)]
    pub away: Option<Vec<AwayPerson>>,
}

/// What somebody decided on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApprovalVote {
    /// Who decided.
    pub person_id: UserId,
    /// Whom they stood in for; null if they decided for themselves.
    #[schema(required = true)]
    pub on_behalf_of: Option<UserId>,
    /// What they decided.
    pub decision: ApprovalVerdict,
    /// Why.
    #[schema(required = true, example = "The margin is fine.", max_length = 2000)]
    pub reason: Option<String>,
    /// When.
    pub decided_at: Time,
}

/// Somebody who is asked to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AskedPerson {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "Maria Weber", max_length = 200)]
    pub name: String,
    /// Whom they stand in for; null if they are asked for themselves.
    #[schema(required = true)]
    pub on_behalf_of: Option<UserId>,
}

/// Somebody who would be asked, and is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AwayPerson {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "Jonas Brandt", max_length = 200)]
    pub name: String,
    /// Until when.
    pub until: Time,
    /// Who stands in; null if that person can decide nothing any more.
    #[schema(required = true)]
    pub stand_in_id: Option<UserId>,
    /// The name of who stands in.
    #[schema(required = true, example = "Maria Weber", max_length = 200)]
    pub stand_in_name: Option<String>,
}

/// The record that is to be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApprovalSubject {
    /// What kind of record it is.
    pub kind: ApprovalKind,
    /// Its id.
    #[schema(example = "deal_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub id: String,
    /// What people call it.
    #[schema(example = "DR-2026-000101", max_length = 200)]
    pub label: String,
    /// Its address.
    #[schema(example = "/v1/deals/deal_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 200)]
    pub path: String,
    /// Whose record it is; null if it is the vendor's own.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
}

/// A step that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PendingApproval {
    /// The step.
    pub id: ApprovalStepId,
    /// What is to be decided.
    pub subject: ApprovalSubject,
    /// Which time the record goes through its chain.
    #[schema(example = 1, minimum = 1)]
    pub round: i64,
    /// Its place in the chain.
    #[schema(example = 1, minimum = 1)]
    pub position: i64,
    /// What it is called.
    #[schema(example = "Channel approval", max_length = 120)]
    pub name: String,
    /// The role that decides it.
    pub role: ApproverRole,
    /// How many different people must agree.
    #[schema(example = 1, minimum = 1)]
    pub quorum: i64,
    /// How many have.
    #[schema(example = 0, minimum = 0)]
    pub agreed: i64,
    /// Since when it waits.
    pub since: Time,
    /// When the vendor owes the decision; null if at no time, or while the clock stands.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// Since when the clock stands, because somebody else owes an answer.
    #[schema(required = true)]
    pub paused_at: Option<Time>,
    /// When it is escalated if nobody decides it before; null if never, or while the clock stands.
    #[schema(required = true)]
    pub escalates_at: Option<Time>,
    /// When it was escalated.
    #[schema(required = true)]
    pub escalated_at: Option<Time>,
    /// The role that may decide it as well since then.
    #[schema(required = true)]
    pub escalated_to: Option<ApproverRole>,
    /// Why the caller may decide it; null if they may not, as far as the step tells: what they wrote themselves, and whether
    /// they look after a competitor, is judged with the record.
    #[schema(required = true)]
    pub because: Option<ApprovalReason>,
    /// Whom the caller would stand in for.
    #[schema(required = true)]
    pub on_behalf_of: Option<UserId>,
}

/// What a list of waiting steps is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApprovalFilter {
    /// Only steps that may wait for the caller: by their own role, because they stand in for somebody, or by an escalation;
    /// without those whose clock stands because somebody else owes an answer. What they wrote themselves, and whether they
    /// look after a competitor, is judged with the record.
    #[param(nullable = false)]
    pub mine: Option<bool>,
    /// Only steps of these kinds of records.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<ApprovalKind>>,
    /// Only steps of that partner's records.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only steps that are decided by one of these roles.
    #[param(style = Form, explode = false, nullable = false)]
    pub role: Option<Vec<ApproverRole>>,
    /// Only steps that were escalated, or that were not.
    #[param(nullable = false)]
    pub escalated: Option<bool>,
}
