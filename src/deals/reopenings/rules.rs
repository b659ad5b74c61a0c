//! When a decision may be undone. Pure: no database, no clock.

use super::model::{DealReopening, DealReopeningStatus, NewDealReopening};
use crate::{
    deals::registrations::ReviewStatus,
    kernel::{
        Time,
        ids::{DealId, Id as _, ReopeningId},
        states::{Machine, Transition},
    },
};

use DealReopeningStatus::{Approved, Rejected, Requested, Withdrawn};

/// The machine of a reopening.
pub const MACHINE: Machine<DealReopeningStatus> = Machine {
    name: "deal_reopening.status",
    transitions: &[
        Transition {
            action: "approve",
            operation: Some("approveDealReopening"),
            from: &[Requested],
            to: &[Approved],
            guards: &[
                "the approver is another person than who asked for it",
                "the step of the program's chain for reopenings is the approver's to decide; without a chain, who runs the program",
                "the registration stands where it stood when it was asked for",
                "the sale is neither won nor lost",
                "the partner is active",
                "nobody else was protected on the scope since",
                "the partner has not registered the same again",
            ],
        },
        Transition {
            action: "reject",
            operation: Some("rejectDealReopening"),
            from: &[Requested],
            to: &[Rejected],
            guards: &["whoever refuses it is another person than who asked for it"],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawDealReopening"),
            from: &[Requested],
            to: &[Withdrawn],
            guards: &["whoever takes it back asked for it"],
        },
    ],
};

/// A reopening that is asked for now.
pub fn requested(
    deal: DealId,
    from_status: ReviewStatus,
    new: &NewDealReopening,
    by: String,
    now: Time,
) -> DealReopening {
    DealReopening {
        id: ReopeningId::at(now),
        deal_id: deal,
        status: Requested,
        from_status,
        reason_code: new.reason_code.clone(),
        reason_text: Some(new.reason_text.clone()),
        requested_by: by,
        decided_by: None,
        decided_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

impl DealReopening {
    /// The reopening, decided by somebody.
    #[must_use]
    pub fn decided(self, status: DealReopeningStatus, by: String, now: Time) -> Self {
        Self {
            status,
            decided_by: Some(by),
            decided_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The reopening one revision further: somebody has agreed, and others must still.
    #[must_use]
    pub fn touched(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Whether the caller asked for it: who did decides nothing about it, and takes back nobody else's.
    pub fn is_by(&self, actor: &str) -> bool {
        self.requested_by == actor
    }
}

/// Whether the registration keeps the place that it had in the queue: it lost it only by what its partner did.
pub const fn keeps_its_place(from: ReviewStatus) -> bool {
    matches!(
        from,
        ReviewStatus::Approved | ReviewStatus::Rejected | ReviewStatus::Revoked
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deals::registrations::REVIEW;

    #[test]
    fn the_vendors_mistake_costs_no_place_and_the_partners_own_step_does() {
        let reopened: Vec<ReviewStatus> = ReviewStatus::ALL
            .iter()
            .copied()
            .filter(|status| REVIEW.allows(*status, "reopen"))
            .collect();
        assert_eq!(reopened.len(), 5);
        let keeping: Vec<_> = reopened.into_iter().filter(|status| keeps_its_place(*status)).collect();
        assert_eq!(
            keeping,
            [ReviewStatus::Approved, ReviewStatus::Rejected, ReviewStatus::Revoked]
        );
    }

    #[test]
    fn a_decided_reopening_takes_no_further_step() {
        for status in [Approved, Rejected, Withdrawn] {
            assert!(MACHINE.allowed(status).is_empty());
        }
    }
}
