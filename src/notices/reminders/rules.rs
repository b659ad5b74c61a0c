//! How long before which deadline people are reminded. Pure.

use super::{
    model::{NoticeReminder, ReminderKind, ReminderState},
    queries::Deadline,
};
use crate::{
    kernel::{
        Time,
        ids::{Id as _, NoticeReminderId},
    },
    notices::catalogue::NoticeTopic,
    policies::NoticePolicy,
};

/// Days before the first reminder by which a deadline is seen: so long servers may stand still without a loss.
const AHEAD: i64 = 7;

/// The reminders of one kind of deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderRule {
    /// The deadline.
    pub kind: ReminderKind,
    /// Days before it, each once, the longest first.
    pub days_before: Vec<i64>,
}

/// Days before a deadline of which the program's policy says nothing.
const fn built_in(kind: ReminderKind) -> &'static [i64] {
    match kind {
        ReminderKind::ProtectionEnds => &[30, 14, 3],
        ReminderKind::InfoDue => &[2, 1],
        ReminderKind::ExtensionGrace => &[3, 1],
        ReminderKind::ReviewDue | ReminderKind::AppealDue => &[1],
        ReminderKind::SpecialisationEnds => &[60, 14],
        ReminderKind::PartnerNotice => &[30, 7],
    }
}

/// The reminders of every kind of deadline under a policy.
pub fn reminders(policy: &NoticePolicy) -> Vec<ReminderRule> {
    let rule = |kind: &ReminderKind| {
        let mut days_before = policy.days_before(*kind).unwrap_or_else(|| built_in(*kind)).to_vec();
        days_before.sort_unstable_by(|a, b| b.cmp(a));
        days_before.dedup();
        ReminderRule {
            kind: *kind,
            days_before,
        }
    };
    ReminderKind::ALL.iter().map(rule).collect()
}

impl ReminderKind {
    /// What people are told by.
    pub const fn topic(self) -> NoticeTopic {
        match self {
            Self::ProtectionEnds => NoticeTopic::ProtectionEnding,
            Self::InfoDue => NoticeTopic::DealInfoDue,
            Self::ExtensionGrace => NoticeTopic::ExtensionGraceEnding,
            Self::ReviewDue => NoticeTopic::ReviewDue,
            Self::AppealDue => NoticeTopic::AppealDue,
            Self::SpecialisationEnds => NoticeTopic::SpecialisationEnding,
            Self::PartnerNotice => NoticeTopic::PartnerNoticeEnding,
        }
    }
}

impl ReminderRule {
    /// The span in which deadlines are in sight.
    pub fn horizon(&self, now: Time) -> (Time, Time) {
        let longest = self.days_before.iter().copied().max().unwrap_or(0);
        (now, now.plus_days(longest + AHEAD))
    }

    /// The reminders of a deadline that comes into sight now.
    pub fn rows(&self, deadline: &Deadline, now: Time) -> Vec<NoticeReminder> {
        let row = |days: &i64| {
            let due_at = deadline.at.plus_days(-days);
            let past = due_at <= now;
            NoticeReminder {
                id: NoticeReminderId::at(now),
                kind: self.kind,
                resource_id: deadline.resource_id.clone(),
                partner_id: deadline.partner_id,
                deadline: deadline.at,
                days_before: *days,
                due_at,
                state: if past {
                    ReminderState::Skipped
                } else {
                    ReminderState::Waiting
                },
                settled_at: past.then_some(now),
                created_at: now,
                updated_at: now,
            }
        };
        self.days_before.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::PartnerId;

    #[test]
    fn what_lies_in_the_past_at_first_sight_is_skipped() {
        let now: Time = "2026-11-21T09:00:00Z".parse().unwrap();
        let rule = &reminders(&NoticePolicy::default())[0];
        let states = |days| {
            let deadline = Deadline {
                resource_id: "deal_x".to_owned(),
                partner_id: PartnerId::at(now),
                at: now.plus_days(days),
            };
            let rows = rule.rows(&deadline, now);
            rows.into_iter().map(|row| row.state.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(states(37), ["waiting", "waiting", "waiting"]);
        assert_eq!(states(10), ["skipped", "skipped", "waiting"]);
        assert_eq!(states(3), ["skipped", "skipped", "skipped"]);
    }

    #[test]
    fn what_the_program_names_takes_the_place_of_what_is_built_in() {
        let policy: NoticePolicy = serde_json::from_str(
            r#"{"reminders": [{"kind": "info_due", "days_before": [1, 4]}, {"kind": "review_due", "days_before": []}]}"#,
        )
        .unwrap();
        let days = |kind| {
            let found = reminders(&policy).into_iter().find(|rule| rule.kind == kind);
            found.unwrap().days_before
        };
        assert_eq!(days(ReminderKind::InfoDue), [4, 1]);
        assert!(days(ReminderKind::ReviewDue).is_empty());
        assert_eq!(days(ReminderKind::ProtectionEnds), [30, 14, 3]);
    }
}
