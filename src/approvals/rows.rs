//! The rows of approvals as they stand in the database.

use diesel::prelude::*;

use super::{
    model::{ApprovalKind, ApprovalStepStatus, ApprovalVerdict},
    policy::ApproverRole,
};
use crate::{
    calendars::ClockBasis,
    kernel::{
        Currency, Money, Time,
        ids::{ApprovalStepId, ApprovalVoteId, CalendarId, DelegationId, PartnerId, UserId},
    },
    schema::{approval_escalations, approval_steps, approval_votes},
};

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = approval_steps, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct StepRow {
    pub id: ApprovalStepId,
    pub subject_type: ApprovalKind,
    pub subject_id: String,
    pub subject_label: String,
    pub partner_id: Option<PartnerId>,
    pub requested_by: String,
    pub round: i64,
    pub position: i64,
    pub name: String,
    pub approver_role: ApproverRole,
    pub from_amount_minor: Option<i64>,
    pub from_amount_currency: Option<Currency>,
    pub quorum: i64,
    pub escalate_after_hours: Option<i64>,
    pub escalate_to: ApproverRole,
    pub status: ApprovalStepStatus,
    pub pending_since: Option<Time>,
    pub escalates_at: Option<Time>,
    pub paused_at: Option<Time>,
    pub due_at: Option<Time>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
    pub note: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub clock_basis: Option<ClockBasis>,
    pub calendar_id: Option<CalendarId>,
}

impl StepRow {
    /// The amount from which the step was asked for.
    pub fn from_amount(&self) -> Option<Money> {
        Money::from_columns(self.from_amount_minor, self.from_amount_currency)
    }
}

/// That a step waited too long. Append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_escalations, treat_none_as_default_value = false)]
pub struct EscalationRow {
    pub step_id: ApprovalStepId,
    pub escalated_to: ApproverRole,
    pub due_at: Time,
    pub escalated_at: Time,
}

/// What somebody decided on a step. Append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_votes, treat_none_as_default_value = false)]
pub struct VoteRow {
    pub id: ApprovalVoteId,
    pub step_id: ApprovalStepId,
    pub person_id: UserId,
    pub voice_id: UserId,
    pub delegation_id: Option<DelegationId>,
    pub decision: ApprovalVerdict,
    pub reason: Option<String>,
    pub decided_at: Time,
}
