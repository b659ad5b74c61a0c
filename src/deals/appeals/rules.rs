//! When a decision can be appealed against, and what is open to the vendor then. Pure: no database, no clock.

use super::{
    model::{DealAppealRemedy, DealAppealStatus, NewDealAppeal},
    queries::AppealRow,
};
use crate::{
    deals::registrations::{DecisionOutcome, Registration, ReviewStatus, SlaState},
    kernel::{
        Stored, Time,
        ids::{AppealId, DecisionId, Id as _},
        states::{FailingGuard, Machine, Transition, guard},
    },
};

use DealAppealStatus::{Dismissed, Open, Upheld, Withdrawn};

const NO_PART: &str =
    "the adjudicator had no part in the registration, and looks after neither its partner nor a competing claimant";
const NOT_ANOTHERS: &str = "nobody else has taken the appeal on";

/// The machine of an appeal.
pub const MACHINE: Machine<DealAppealStatus> = Machine {
    name: "deal_appeal.status",
    transitions: &[
        Transition {
            action: "claim",
            operation: Some("claimDealAppeal"),
            from: &[Open],
            to: &[Open],
            guards: &[NO_PART],
        },
        Transition {
            action: "uphold",
            operation: Some("upholdDealAppeal"),
            from: &[Open],
            to: &[Upheld],
            guards: &[
                NO_PART,
                NOT_ANOTHERS,
                "the registration stands where it stood",
                "the partner is active",
                "nobody else was protected on the scope since, unless a conflict case shall decide",
                "the partner has not registered the same again",
                "to grant at once: the adjudicator may decide every step of the approval chain, alone",
            ],
        },
        Transition {
            action: "dismiss",
            operation: Some("dismissDealAppeal"),
            from: &[Open],
            to: &[Dismissed],
            guards: &[NO_PART, NOT_ANOTHERS],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawDealAppeal"),
            from: &[Open],
            to: &[Withdrawn],
            guards: &["whoever takes it back is of the partner"],
        },
    ],
};

/// Whether a registration that stands there can be appealed for at all.
pub const fn is_appealable(status: ReviewStatus) -> bool {
    matches!(status, ReviewStatus::Rejected | ReviewStatus::Revoked)
}

/// The decision that an appeal would be against: the last, if it refused or revoked.
pub fn contested(registration: &Registration) -> Option<DecisionId> {
    registration
        .decision
        .as_ref()
        .filter(|decision| matches!(decision.outcome, DecisionOutcome::Rejected | DecisionOutcome::Revoked))
        .map(|decision| decision.id)
}

/// What stands against appealing now, besides an appeal that there was already.
pub fn lodging_fails(registration: &Registration, now: Time) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    let until = registration.review.as_ref().and_then(|review| review.appeal_until);
    match (contested(registration), until) {
        (None, _) | (_, None) => failing.push(guard(
            "decision_there",
            "#/decision",
            "The decision was not made here, so it cannot be appealed against here.",
        )),
        (Some(_), Some(until)) if now >= until => failing.push(guard(
            "appeal_window",
            "#/review/appeal_until",
            format!("The time for an appeal ended at {until}."),
        )),
        _ => {}
    }
    failing
}

/// What keeps an appeal from being lodged a second time.
pub fn used_up(status: DealAppealStatus) -> FailingGuard {
    let detail = format!("This decision was appealed against before, and the appeal is {status}; it can be done once.");
    guard("appealed_once", "#/decision", detail)
}

impl AppealRow {
    /// An appeal that is lodged now.
    pub fn lodged(
        registration: &Registration,
        decision: DecisionId,
        new: &NewDealAppeal,
        by: String,
        (at_risk_at, due_at): (Time, Time),
        now: Time,
    ) -> Self {
        Self {
            id: AppealId::at(now),
            deal_id: registration.deal.id,
            decision_id: decision,
            from_status: registration.deal.review_status,
            status: Open,
            grounds: new.grounds.clone(),
            evidence: Stored(new.evidence.clone()),
            lodged_by: by,
            at_risk_at,
            due_at,
            adjudicator: None,
            decided_by: None,
            decided_at: None,
            remedy: None,
            conflict_case_id: None,
            reason_text: None,
            policy_version: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The appeal, taken on by somebody.
    #[must_use]
    pub fn claimed(self, by: String, now: Time) -> Self {
        Self {
            adjudicator: Some(by),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The appeal, decided or taken back by somebody.
    #[must_use]
    pub fn decided(
        self,
        status: DealAppealStatus,
        remedy: Option<DealAppealRemedy>,
        reason_text: Option<String>,
        by: String,
        now: Time,
    ) -> Self {
        Self {
            status,
            remedy,
            reason_text,
            decided_by: Some(by),
            decided_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Where the vendor's promise to decide in time is; nothing for what ended without a decision.
    pub fn sla(&self, now: Time) -> Option<SlaState> {
        match self.status {
            Withdrawn => None,
            Upheld | Dismissed if self.decided_at.is_some_and(|at| at > self.due_at) => Some(SlaState::Missed),
            Upheld | Dismissed => Some(SlaState::Met),
            Open if now > self.due_at => Some(SlaState::Breached),
            Open if now > self.at_risk_at => Some(SlaState::AtRisk),
            Open => Some(SlaState::OnTime),
        }
    }

    /// What keeps somebody from deciding what another has taken on.
    pub fn claimed_by_another(&self, me: &str) -> Option<FailingGuard> {
        let other = self.adjudicator.as_ref().filter(|other| *other != me)?;
        Some(guard(
            "claimed_by_another",
            "#/adjudicator",
            format!("{other} has taken it on; claim it first to decide it yourself."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deals::registrations::REVIEW;

    #[test]
    fn what_was_refused_or_revoked_can_be_put_right_and_nothing_else() {
        for status in ReviewStatus::ALL {
            assert_eq!(
                is_appealable(*status),
                REVIEW.allows(*status, "uphold_appeal"),
                "{status}"
            );
        }
    }

    #[test]
    fn a_decided_appeal_takes_no_further_step() {
        for status in [Upheld, Dismissed, Withdrawn] {
            assert!(MACHINE.allowed(status).is_empty());
        }
    }
}
