//! What may happen to the chains of account managers. Pure.

use super::model::{AccountManagerRole, Assignment};
use crate::{
    error::{Error, Result},
    kernel::{Time, ids::UserId, states::guard},
    partners::PartnerStatus,
};

/// How much a start may lie behind the clock: the time that a request takes.
const GRACE_SECONDS: i64 = 60;

/// What is known of a chain when somebody shall be assigned.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    /// Where the partner stands.
    pub status: PartnerStatus,
    /// The part.
    pub role: AccountManagerRole,
    /// Who has the part when the new entry begins.
    pub holder: Option<UserId>,
    /// How often the part changed hands in the twelve months before.
    pub changes: i64,
    /// How often it may before a second person must agree.
    pub limit: i64,
}

impl Chain {
    /// Checks that `user` may have the part from `start` on.
    ///
    /// # Errors
    /// 409 `guard_failed` naming every guard that fails.
    pub fn permits(self, user: Option<UserId>, start: Time, now: Time) -> Result<()> {
        let mut failing = Vec::new();
        if !self.status.is_live() {
            failing.push(guard(
                "partner_ended",
                "#",
                format!("The partner is {}; nobody looks after it any more.", self.status),
            ));
        }
        if start < now.plus_seconds(-GRACE_SECONDS) {
            failing.push(guard(
                "starts_in_the_past",
                "#/valid_from",
                "What has been is not rewritten; begin now or later.",
            ));
        }
        if self.holder == user {
            let detail = if user.is_some() {
                "This user has the part by then."
            } else {
                "Nobody has the part by then."
            };
            failing.push(guard("unchanged", "#", detail));
        }
        if user.is_none() && self.role == AccountManagerRole::Primary && self.status.needs_account_manager() {
            failing.push(guard(
                "account_manager_gap",
                "#/role",
                "An active partner has a primary account manager at every moment; assign the next one instead.",
            ));
        }
        if self.role == AccountManagerRole::Primary
            && self.holder.is_some()
            && user.is_some()
            && self.changes >= self.limit
        {
            failing.push(guard(
                "too_many_reassignments",
                "#",
                format!("The primary account manager changed {} times in twelve months; use a handover, which a second person approves.", self.changes),
            ));
        }
        if failing.is_empty() {
            Ok(())
        } else {
            Err(Error::guards(self.status, "assign_account_manager", failing))
        }
    }
}

impl Assignment {
    /// Checks that the assignment can still be taken back.
    ///
    /// # Errors
    /// 409 `guard_failed` if it has begun.
    pub fn may_be_cancelled(&self, now: Time) -> Result<()> {
        if self.valid_from > now {
            return Ok(());
        }
        Err(Error::guards(
            "in_force",
            "cancel",
            vec![guard(
                "has_begun",
                "#",
                "It has begun and stays in the history; assign the next one instead.",
            )],
        ))
    }

    /// What a caller of the partner's side sees of it.
    #[must_use]
    pub fn for_partners(self) -> Self {
        Self {
            reason_text: None,
            created_by: None,
            handover_id: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn chain(status: PartnerStatus) -> Chain {
        Chain {
            status,
            role: AccountManagerRole::Primary,
            holder: Some(UserId::example(1)),
            changes: 0,
            limit: 2,
        }
    }

    fn failing(outcome: Result<()>) -> Vec<String> {
        outcome
            .err()
            .map(|error| error.all_faults().iter().map(|fault| fault.code.to_string()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn an_active_partner_is_never_left_without_a_primary() {
        assert_eq!(
            failing(chain(PartnerStatus::Active).permits(None, NOW, NOW)),
            ["account_manager_gap"]
        );
        assert_eq!(
            failing(chain(PartnerStatus::Offboarding).permits(None, NOW, NOW)),
            Vec::<String>::new()
        );
        let backup = Chain {
            role: AccountManagerRole::Backup,
            ..chain(PartnerStatus::Active)
        };
        assert_eq!(failing(backup.permits(None, NOW, NOW)), Vec::<String>::new());
    }

    #[test]
    fn every_guard_that_fails_is_named() {
        let busy = Chain {
            changes: 2,
            ..chain(PartnerStatus::Terminated)
        };
        let outcome = busy.permits(Some(UserId::example(2)), NOW.plus_days(-1), NOW);
        assert_eq!(
            failing(outcome),
            ["partner_ended", "starts_in_the_past", "too_many_reassignments"]
        );
        assert_eq!(
            failing(chain(PartnerStatus::Active).permits(Some(UserId::example(1)), NOW, NOW)),
            ["unchanged"]
        );
    }
}
