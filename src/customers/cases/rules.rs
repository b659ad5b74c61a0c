//! What may happen to conflict cases. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    CaseOutcome, CaseStatus, ClaimOutcome, ConflictCase, ConflictCaseClaim, ConflictCaseClosure,
    ConflictCaseResolution, NewCase,
};
use crate::{
    calendars::WorkingTime,
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountId, CaseClaimId, CaseId, Id as _, PartnerId, UserId},
        states::{Action, FailingGuard, Machine, Transition, guard},
    },
};

/// Business days in which a case must be taken up.
const ACKNOWLEDGE_DAYS: i64 = 1;
/// Business days in which a case must be decided.
const DECISION_DAYS: i64 = 5;

/// What can become of a case.
pub const STATES: Machine<CaseStatus> = Machine {
    name: "conflict_case.status",
    transitions: &[
        Transition {
            action: "triage",
            operation: Some("triageConflictCase"),
            from: &[CaseStatus::Opened, CaseStatus::Triaged],
            to: &[CaseStatus::Triaged],
            guards: &[NOT_OF_A_SIDE],
        },
        Transition {
            action: "resolve",
            operation: Some("resolveConflictCase"),
            from: &[CaseStatus::Opened, CaseStatus::Triaged],
            to: &[CaseStatus::Resolved],
            guards: &[NOT_OF_A_SIDE],
        },
        Transition {
            action: "close",
            operation: Some("closeConflictCase"),
            from: &[CaseStatus::Opened, CaseStatus::Triaged, CaseStatus::Resolved],
            to: &[CaseStatus::Closed],
            guards: &[],
        },
    ],
};

const NOT_OF_A_SIDE: &str =
    "who decides is not the account manager of a side, and has not decided on the registration of one";

/// Who stands on a side of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concerned {
    /// The primary account managers of the partners.
    pub managers: BTreeMap<PartnerId, UserId>,
    /// Who has decided on the registrations, as texts of actors.
    pub deciders: BTreeSet<String>,
}

impl ConflictCase {
    /// A new case.
    pub fn new(
        account: AccountId,
        new: NewCase,
        number: String,
        opened_by: String,
        now: Time,
        calendar: &WorkingTime,
    ) -> Self {
        let claims = new
            .claims
            .into_iter()
            .zip(1..)
            .map(|(claim, position)| ConflictCaseClaim {
                id: CaseClaimId::at(now),
                position,
                partner_id: claim.partner_id,
                deal_id: claim.deal_id,
                protection_id: claim.protection_id,
                direct_opportunity_id: claim.direct_opportunity_id,
                named_account_id: claim.named_account_id,
                received_at: claim.received_at,
                seq: claim.seq,
                outcome: None,
            });
        Self {
            id: CaseId::at(now),
            number,
            case_type: new.case_type,
            status: CaseStatus::Opened,
            outcome: None,
            account_id: account,
            account_merge_id: new.account_merge_id,
            conflict_check_id: new.conflict_check_id,
            summary: new.summary,
            detail: new.detail,
            claims: claims.collect(),
            adjudicator_id: None,
            acknowledge_due_at: calendar.days_after(now, ACKNOWLEDGE_DAYS),
            decision_due_at: calendar.days_after(now, DECISION_DAYS),
            acknowledged_at: None,
            resolution_text: None,
            resolved_by: None,
            resolved_at: None,
            opened_by,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The partners that are sides.
    pub fn partners(&self) -> Vec<PartnerId> {
        self.claims.iter().filter_map(|claim| claim.partner_id).collect()
    }

    /// Whether nobody has decided or ended it.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, CaseStatus::Resolved | CaseStatus::Closed)
    }

    /// The case in the hands of that user.
    ///
    /// # Errors
    /// 409 `invalid_state`; `guard_failed` if the user stands on a side.
    pub fn triaged(self, adjudicator: UserId, concerned: &Concerned, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "triage")?;
        let failing = self.partial(&adjudicator.to_string(), Some(adjudicator), concerned);
        refuse(self.status, "triage", failing)?;
        Ok(Self {
            status,
            adjudicator_id: Some(adjudicator),
            acknowledged_at: self.acknowledged_at.or(Some(now)),
            ..self
        }
        .touched(now))
    }

    /// The case as decided.
    ///
    /// # Errors
    /// 409 `invalid_state`; `guard_failed` if who decides stands on a side.
    pub fn resolved(
        self,
        resolution: &ConflictCaseResolution,
        by: (String, Option<UserId>),
        concerned: &Concerned,
        now: Time,
    ) -> Result<Self> {
        let status = STATES.go(self.status, "resolve")?;
        refuse(self.status, "resolve", self.partial(&by.0, by.1, concerned))?;
        let outcomes = outcomes(resolution.outcome);
        let claims = self
            .claims
            .clone()
            .into_iter()
            .enumerate()
            .map(|(index, claim)| ConflictCaseClaim {
                outcome: if index == 0 { outcomes.0 } else { outcomes.1 },
                ..claim
            });
        Ok(Self {
            status,
            outcome: Some(resolution.outcome),
            claims: claims.collect(),
            acknowledged_at: self.acknowledged_at.or(Some(now)),
            resolution_text: Some(resolution.reason.clone()),
            resolved_by: Some(by.0),
            resolved_at: Some(now),
            ..self
        }
        .touched(now))
    }

    /// The case as ended. One that was never decided ends as no conflict.
    ///
    /// # Errors
    /// 409 `invalid_state` if it has ended.
    pub fn closed(self, closure: &ConflictCaseClosure, by: String, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "close")?;
        Ok(Self {
            status,
            outcome: self.outcome.or(Some(CaseOutcome::NoConflict)),
            resolution_text: self.resolution_text.or_else(|| Some(closure.reason.clone())),
            resolved_by: self.resolved_by.or(Some(by)),
            resolved_at: self.resolved_at.or(Some(now)),
            ..self
        }
        .touched(now))
    }

    /// What can happen to it now, for that caller.
    pub fn actions(&self, actor: &str, user: Option<UserId>, concerned: &Concerned) -> Vec<Action> {
        let rows = STATES.transitions.iter().filter(|row| row.from.contains(&self.status));
        rows.map(|row| {
            let failing = if row.guards.is_empty() {
                Vec::new()
            } else {
                self.partial(actor, user, concerned)
            };
            Action::new(row.action, row.operation.unwrap_or_default(), failing)
        })
        .collect()
    }

    /// Fails if the user is the account manager of a side, or has decided on the registration of one.
    fn partial(&self, actor: &str, user: Option<UserId>, concerned: &Concerned) -> Vec<FailingGuard> {
        let side = self
            .partners()
            .into_iter()
            .find(|partner| user.is_some() && concerned.managers.get(partner).copied() == user);
        let mut failing: Vec<FailingGuard> = side
            .map(|partner| {
                let detail = format!(
                    "This user is the account manager of {partner}, which is a side; somebody else has to decide."
                );
                guard("of_a_side", "#", detail)
            })
            .into_iter()
            .collect();
        if concerned.deciders.contains(actor) {
            failing.push(guard(
                "had_no_part",
                "#",
                "This user has decided on the registration of a side; somebody else has to decide.",
            ));
        }
        failing
    }

    fn touched(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

fn refuse(status: CaseStatus, action: &'static str, failing: Vec<FailingGuard>) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(status, action, failing))
    }
}

/// What an outcome means for the first claim, and for the others.
const fn outcomes(outcome: CaseOutcome) -> (Option<ClaimOutcome>, Option<ClaimOutcome>) {
    match outcome {
        CaseOutcome::UpholdFirst => (Some(ClaimOutcome::Upheld), Some(ClaimOutcome::Denied)),
        CaseOutcome::AwardSecond => (Some(ClaimOutcome::Denied), Some(ClaimOutcome::Awarded)),
        CaseOutcome::Split | CaseOutcome::CoSell => (Some(ClaimOutcome::Shared), Some(ClaimOutcome::Shared)),
        CaseOutcome::BothDenied => (Some(ClaimOutcome::Denied), Some(ClaimOutcome::Denied)),
        CaseOutcome::NoConflict => (None, None),
    }
}
