//! What may happen to delegations. Pure.

use super::{
    super::rules::{self as approvals, Link},
    model::{Delegation, DelegationStatus, NewDelegation},
};
use crate::kernel::{
    Time,
    ids::{DelegationId, Id as _, UserId},
    states::{FailingGuard, Machine, Transition, guard},
};

/// What can be done with a delegation.
pub const MACHINE: Machine<DelegationStatus> = Machine {
    name: "delegation.status",
    transitions: &[
        Transition {
            action: "begin",
            operation: None,
            from: &[DelegationStatus::Scheduled],
            to: &[DelegationStatus::InForce],
            guards: &[],
        },
        Transition {
            action: "end",
            operation: None,
            from: &[DelegationStatus::InForce],
            to: &[DelegationStatus::Ended],
            guards: &[],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelDelegation"),
            from: &[DelegationStatus::Scheduled, DelegationStatus::InForce],
            to: &[DelegationStatus::Cancelled],
            guards: &["The caller is away or stands in by it, or is an administrator."],
        },
    ],
};

impl Delegation {
    /// A new delegation.
    pub fn new(new: &NewDelegation, person: UserId, actor: String, now: Time) -> Self {
        let starts_at = new.starts_at.unwrap_or(now);
        let mut kinds = new.kinds.clone();
        kinds.sort_unstable();
        kinds.dedup();
        let mut made = Self {
            id: DelegationId::at(now),
            person_id: person,
            delegate_id: new.delegate_id,
            starts_at,
            ends_at: new.ends_at,
            kinds,
            reason: new.reason.clone(),
            status: DelegationStatus::Scheduled,
            created_by: actor,
            cancelled_by: None,
            cancelled_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        made.status = made.status_at(now);
        made
    }

    /// Where it stands at that moment.
    pub fn status_at(&self, now: Time) -> DelegationStatus {
        if self.cancelled_at.is_some() {
            DelegationStatus::Cancelled
        } else if now < self.starts_at {
            DelegationStatus::Scheduled
        } else if now < self.ends_at {
            DelegationStatus::InForce
        } else {
            DelegationStatus::Ended
        }
    }

    /// The delegation when it was cancelled: it holds no longer, or never did.
    #[must_use]
    pub fn cancelled(self, actor: String, now: Time) -> Self {
        Self {
            ends_at: now.max(self.starts_at),
            status: DelegationStatus::Cancelled,
            cancelled_by: Some(actor),
            cancelled_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// As one of the links that lead from who is away to who is there.
    pub fn link(&self) -> Link {
        Link {
            id: self.id,
            person: self.person_id,
            delegate: self.delegate_id,
            kinds: self.kinds.clone(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
        }
    }
}

/// What stands against a new delegation, beside `others` whose periods meet its own.
pub fn failing(new: &Delegation, others: &[Link], now: Time) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if new.person_id == new.delegate_id {
        failing.push(guard(
            "another_person",
            "#/delegate_id",
            "Nobody stands in for themselves; name another.",
        ));
    }
    if new.starts_at < now {
        failing.push(guard(
            "starts_now_or_later",
            "#/starts_at",
            "It cannot begin in the past; what was decided stays as it was decided.",
        ));
    }
    if new.ends_at <= new.starts_at {
        failing.push(guard(
            "ends_after_start",
            "#/ends_at",
            "It ends before it begins; name a later end.",
        ));
    }
    if let Some(other) = others.iter().find(|link| link.person == new.person_id) {
        let detail = format!(
            "There is {} for the same person from {} until {}; cancel that one, or name another period.",
            other.id, other.starts_at, other.ends_at
        );
        failing.push(guard("no_overlap", "#/starts_at", detail));
    }
    if approvals::closes_circle(others, &new.link()) {
        failing.push(guard(
            "no_circle",
            "#/delegate_id",
            "In that period this person is away too, and would be stood in for by who is away here; name somebody who is there.",
        ));
    }
    failing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delegation(person: u64, delegate: u64, from: i64, until: i64) -> Delegation {
        let new = NewDelegation {
            person_id: None,
            delegate_id: UserId::example(delegate),
            starts_at: Some(Time::from_micros(from)),
            ends_at: Time::from_micros(until),
            kinds: Vec::new(),
            reason: "On holiday.".to_owned(),
        };
        Delegation::new(&new, UserId::example(person), "test".to_owned(), Time::from_micros(5))
    }

    fn names(failing: &[FailingGuard]) -> Vec<&str> {
        failing.iter().map(|guard| guard.guard.as_str()).collect()
    }

    #[test]
    fn it_holds_from_its_start_to_before_its_end_and_not_after_it_was_cancelled() {
        let one = delegation(1, 2, 10, 20);
        let at = |one: &Delegation, now| one.status_at(Time::from_micros(now));
        assert_eq!(
            [9, 10, 19, 20].map(|now| at(&one, now)),
            [
                DelegationStatus::Scheduled,
                DelegationStatus::InForce,
                DelegationStatus::InForce,
                DelegationStatus::Ended
            ]
        );
        let early = one.clone().cancelled("test".to_owned(), Time::from_micros(7));
        assert_eq!(
            (early.ends_at, at(&early, 12)),
            (one.starts_at, DelegationStatus::Cancelled)
        );
        let late = one.cancelled("test".to_owned(), Time::from_micros(15));
        assert_eq!(late.ends_at, Time::from_micros(15));
    }

    #[test]
    fn every_fault_of_a_period_is_named_at_once() {
        let now = Time::from_micros(5);
        assert_eq!(names(&failing(&delegation(1, 2, 5, 20), &[], now)), Vec::<&str>::new());
        assert_eq!(
            names(&failing(&delegation(1, 1, 3, 2), &[], now)),
            ["another_person", "starts_now_or_later", "ends_after_start"]
        );
        let others = [delegation(1, 3, 10, 30).link(), delegation(2, 1, 10, 30).link()];
        assert_eq!(
            names(&failing(&delegation(1, 2, 15, 20), &others, now)),
            ["no_overlap", "no_circle"]
        );
    }
}
