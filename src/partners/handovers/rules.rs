//! What may happen to handovers. Pure.

use super::model::{
    Handover, HandoverItem, HandoverItemKind, HandoverItemPatch, HandoverItemStatus, HandoverPatch, HandoverStatus,
    NewHandover, NewHandoverItem,
};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{HandoverId, HandoverItemId, Id as _, UserId},
        states::{FailingGuard, Machine, Transition, guard},
    },
    partners::{PartnerStatus, account_managers::AccountManagerRole},
};

use HandoverStatus::{Accepted, Cancelled, Completed, Draft, InProgress, Scheduled};

/// How much a moment may lie behind the clock: the time that a request takes.
const GRACE_SECONDS: i64 = 60;

/// The way of a handover.
pub const MACHINE: Machine<HandoverStatus> = Machine {
    name: "handover.status",
    transitions: &[
        Transition {
            action: "schedule",
            operation: Some("scheduleHandover"),
            from: &[Draft],
            to: &[Scheduled],
            guards: &[
                "Its effective moment is not in the past.",
                "A second person agreed, if the primary account manager changed too often in twelve months.",
            ],
        },
        Transition {
            action: "begin",
            operation: Some("beginHandover"),
            from: &[Scheduled],
            to: &[InProgress],
            guards: &[
                "Its effective moment has come.",
                "Whoever it is from still has the part.",
                "The partner has not ended.",
            ],
        },
        Transition {
            action: "accept",
            operation: Some("acceptHandover"),
            from: &[InProgress],
            to: &[Accepted],
            guards: &["The caller is the new account manager."],
        },
        Transition {
            action: "complete",
            operation: Some("completeHandover"),
            from: &[Accepted],
            to: &[Completed],
            guards: &["The first talk with the partner is logged."],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelHandover"),
            from: &[Draft, Scheduled],
            to: &[Cancelled],
            guards: &[],
        },
    ],
};

impl Handover {
    /// A new handover, in preparation.
    ///
    /// # Errors
    /// 409 `guard_failed` if the user has the part, or nobody looks after the partner any more.
    pub fn new(
        new: &NewHandover,
        partner: PartnerStatus,
        holder: Option<UserId>,
        overlap_days: i64,
        by: String,
        now: Time,
    ) -> Result<Self> {
        let mut failing = Vec::new();
        if holder == Some(new.to_user_id) {
            failing.push(guard("unchanged", "#/to_user_id", "This user has the part."));
        }
        if !partner.is_live() {
            failing.push(guard(
                "partner_ended",
                "#/partner_id",
                format!("The partner is {partner}; nobody looks after it any more."),
            ));
        }
        if !failing.is_empty() {
            return Err(Error::guards(partner, "hand_over", failing));
        }
        let effective = new.effective_at.unwrap_or(now);
        Ok(Self {
            id: HandoverId::at(now),
            partner_id: new.partner_id,
            role: new.role,
            from_user_id: holder,
            to_user_id: new.to_user_id,
            status: Draft,
            reason_code: new.reason_code,
            reason_text: new.reason_text.clone(),
            effective_at: effective,
            overlap_until: effective.plus_days(new.overlap_days.unwrap_or(overlap_days)),
            manager_approved_by: None,
            manager_approved_at: None,
            accepted_at: None,
            first_touch_at: None,
            first_touch_note: None,
            completed_at: None,
            cancelled_at: None,
            created_by: by,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The handover with the changes made, before it begins.
    ///
    /// # Errors
    /// 422 `field_locked` once it has begun.
    pub fn patched(self, patch: &HandoverPatch, now: Time) -> Result<Self> {
        if !matches!(self.status, Draft | Scheduled) {
            let detail = format!("The handover is {}; nothing of it is changed any more.", self.status);
            return Err(Error::new(&crate::error::codes::FIELD_LOCKED).fault("#", "field_locked", detail));
        }
        let effective = patch.effective_at.unwrap_or(self.effective_at);
        let overlap = self.overlap_until.since(self.effective_at);
        Ok(Self {
            reason_code: patch.reason_code.unwrap_or(self.reason_code),
            reason_text: patch.reason_text.clone().apply(self.reason_text),
            effective_at: effective,
            overlap_until: Time::from_micros(effective.micros().saturating_add(overlap)),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The handover after `action`.
    ///
    /// # Errors
    /// 409 `invalid_state` if it stands where the action is not possible.
    pub fn moved(self, action: &'static str, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, action)?;
        Ok(Self {
            status,
            accepted_at: if status == Accepted {
                Some(now)
            } else {
                self.accepted_at
            },
            completed_at: if status == Completed {
                Some(now)
            } else {
                self.completed_at
            },
            cancelled_at: if status == Cancelled {
                Some(now)
            } else {
                self.cancelled_at
            },
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The handover, agreed to by a second person.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it is prepared, `guard_failed` for whoever opened it.
    pub fn agreed(self, by: String, now: Time) -> Result<Self> {
        if self.status != Draft {
            return Err(Error::invalid_state(self.status, "agree", MACHINE.allowed(self.status)));
        }
        if self.created_by == by {
            let failing = vec![FailingGuard::new(
                "second_person",
                "Whoever opened the handover cannot agree to it; ask somebody else.",
            )];
            return Err(Error::guards(self.status, "agree", failing));
        }
        Ok(Self {
            manager_approved_by: Some(by),
            manager_approved_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The handover with the first talk logged.
    ///
    /// # Errors
    /// 409 `invalid_state` before it begins and after it is over.
    pub fn touched(self, note: String, now: Time) -> Result<Self> {
        if !matches!(self.status, InProgress | Accepted) {
            return Err(Error::invalid_state(
                self.status,
                "log_first_touch",
                MACHINE.allowed(self.status),
            ));
        }
        Ok(Self {
            first_touch_at: Some(self.first_touch_at.unwrap_or(now)),
            first_touch_note: Some(note),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

/// What stands in the way of scheduling. `changes` counts how often the part changed hands in the twelve months before, and
/// `limit` how often it may before a second person must agree.
pub fn failing_schedule(handover: &Handover, changes: i64, limit: i64, now: Time) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if handover.effective_at < now.plus_seconds(-GRACE_SECONDS) && handover.effective_at < handover.created_at {
        failing.push(guard(
            "effective_in_the_past",
            "#/effective_at",
            "Its effective moment has passed; set a later one.",
        ));
    }
    if handover.role == AccountManagerRole::Primary
        && handover.from_user_id.is_some()
        && changes >= limit
        && handover.manager_approved_by.is_none()
    {
        let detail = format!(
            "The primary account manager changed {changes} times in twelve months; a second person must agree first."
        );
        failing.push(FailingGuard::new("second_person", detail));
    }
    failing
}

/// What stands in the way of the beginning.
pub fn failing_begin(
    handover: &Handover,
    partner: PartnerStatus,
    holder: Option<UserId>,
    now: Time,
) -> Vec<FailingGuard> {
    let mut failing = Vec::new();
    if handover.effective_at > now {
        failing.push(FailingGuard::new(
            "not_effective",
            format!("It begins at {}.", handover.effective_at),
        ));
    }
    if holder != handover.from_user_id {
        failing.push(FailingGuard::new(
            "holder_changed",
            "The part changed hands meanwhile; cancel this handover and open another.",
        ));
    }
    if !partner.is_live() {
        failing.push(FailingGuard::new(
            "partner_ended",
            format!("The partner is {partner}; nobody looks after it any more."),
        ));
    }
    failing
}

/// What stands in the way of the new account manager's acceptance.
pub fn failing_accept(handover: &Handover, caller: Option<UserId>) -> Vec<FailingGuard> {
    if caller == Some(handover.to_user_id) {
        return Vec::new();
    }
    vec![FailingGuard::new(
        "not_the_new_account_manager",
        "Only the new account manager accepts.",
    )]
}

/// What stands in the way of completion.
pub fn failing_complete(handover: &Handover) -> Vec<FailingGuard> {
    if handover.first_touch_at.is_some() {
        return Vec::new();
    }
    vec![FailingGuard::new(
        "first_touch_missing",
        "Log the first talk with the partner before.",
    )]
}

/// Work that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What kind of work it is.
    pub kind: HandoverItemKind,
    /// The type of the record that it is about.
    pub resource_type: &'static str,
    /// The record that it is about.
    pub resource_id: String,
    /// What is to be done.
    pub title: String,
    /// When it is due.
    pub due_at: Option<Time>,
}

impl HandoverItem {
    /// Work that was found.
    pub fn listed(handover: HandoverId, found: Found, now: Time) -> Self {
        let (resource_type, resource_id) = (Some(found.resource_type.to_owned()), Some(found.resource_id));
        Self {
            kind: found.kind,
            resource_type,
            resource_id,
            ..Self::manual(
                handover,
                &NewHandoverItem {
                    title: found.title,
                    due_at: found.due_at,
                    note: None,
                },
                now,
            )
        }
    }

    /// Work that somebody wrote down.
    pub fn manual(handover: HandoverId, new: &NewHandoverItem, now: Time) -> Self {
        Self {
            id: HandoverItemId::at(now),
            handover_id: handover,
            kind: HandoverItemKind::Manual,
            resource_type: None,
            resource_id: None,
            title: new.title.chars().take(300).collect(),
            due_at: new.due_at,
            status: HandoverItemStatus::Open,
            note: new.note.clone(),
            done_by: None,
            done_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The work with the changes made.
    #[must_use]
    pub fn patched(self, patch: &HandoverItemPatch, by: String, now: Time) -> Self {
        let status = patch.status.unwrap_or(self.status);
        let (done_by, done_at) = match (status, self.status) {
            (HandoverItemStatus::Open, _) => (None, None),
            (_, HandoverItemStatus::Open) => (Some(by), Some(now)),
            _ => (self.done_by, self.done_at),
        };
        Self {
            status,
            note: patch.note.clone().apply(self.note),
            done_by,
            done_at,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kernel::ids::PartnerId, partners::account_managers::AssignmentReason};

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn handover() -> Handover {
        let new = NewHandover {
            partner_id: PartnerId::example(1),
            role: AccountManagerRole::Primary,
            to_user_id: UserId::example(2),
            reason_code: AssignmentReason::Departure,
            reason_text: None,
            effective_at: Some(NOW.plus_days(1)),
            overlap_days: None,
        };
        Handover::new(
            &new,
            PartnerStatus::Active,
            Some(UserId::example(1)),
            14,
            "user_a".to_owned(),
            NOW,
        )
        .unwrap()
    }

    #[test]
    fn a_handover_goes_its_way_step_by_step() {
        let mut standing = handover();
        for action in ["schedule", "begin", "accept", "complete"] {
            assert!(standing.clone().moved("complete", NOW).is_err() || action == "complete");
            standing = standing.moved(action, NOW).unwrap();
        }
        assert_eq!(standing.status, Completed);
        assert!(standing.moved("cancel", NOW).is_err());
    }

    #[test]
    fn too_many_changes_take_a_second_person() {
        assert_eq!(failing_schedule(&handover(), 2, 2, NOW)[0].guard, "second_person");
        assert!(
            handover().agreed("user_a".to_owned(), NOW).is_err(),
            "not whoever opened it"
        );
        assert_eq!(
            failing_schedule(&handover().agreed("user_b".to_owned(), NOW).unwrap(), 2, 2, NOW),
            vec![]
        );
        assert_eq!(failing_schedule(&handover(), 1, 2, NOW), vec![]);
    }

    #[test]
    fn it_is_completed_only_after_the_first_talk() {
        let accepted = ["schedule", "begin", "accept"]
            .into_iter()
            .try_fold(handover(), |at, action| at.moved(action, NOW))
            .unwrap();
        assert_eq!(failing_complete(&accepted)[0].guard, "first_touch_missing");
        assert_eq!(
            failing_complete(&accepted.touched("Hello".to_owned(), NOW).unwrap()),
            vec![]
        );
        assert!(handover().touched("Too early".to_owned(), NOW).is_err());
    }

    #[test]
    fn the_overlap_moves_with_the_effective_moment() {
        let patch = HandoverPatch {
            reason_code: None,
            reason_text: crate::kernel::Patch::Keep,
            effective_at: Some(NOW.plus_days(10)),
        };
        assert_eq!(
            handover().patched(&patch, NOW).unwrap().overlap_until,
            NOW.plus_days(24)
        );
    }
}
