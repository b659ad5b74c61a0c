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
};

/// Days before the first reminder by which a deadline is seen: so long servers may stand still without a loss.
const AHEAD: i64 = 7;

/// The reminders of one kind of deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReminderRule {
    /// The deadline.
    pub kind: ReminderKind,
    /// What people are told by.
    pub topic: NoticeTopic,
    /// Days before it, the longest first.
    pub days_before: &'static [i64],
}

/// The program's defaults, and the one place where they stand.
pub static REMINDERS: &[ReminderRule] = &[
    ReminderRule {
        kind: ReminderKind::ProtectionEnds,
        topic: NoticeTopic::ProtectionEnding,
        days_before: &[30, 14, 3],
    },
    ReminderRule {
        kind: ReminderKind::InfoDue,
        topic: NoticeTopic::DealInfoDue,
        days_before: &[2, 1],
    },
    ReminderRule {
        kind: ReminderKind::ExtensionGrace,
        topic: NoticeTopic::ExtensionGraceEnding,
        days_before: &[3, 1],
    },
    ReminderRule {
        kind: ReminderKind::ReviewDue,
        topic: NoticeTopic::ReviewDue,
        days_before: &[1],
    },
    ReminderRule {
        kind: ReminderKind::AppealDue,
        topic: NoticeTopic::AppealDue,
        days_before: &[1],
    },
    ReminderRule {
        kind: ReminderKind::PartnerNotice,
        topic: NoticeTopic::PartnerNoticeEnding,
        days_before: &[30, 7],
    },
];

impl ReminderKind {
    /// What people are told by.
    pub const fn topic(self) -> NoticeTopic {
        match self {
            Self::ProtectionEnds => NoticeTopic::ProtectionEnding,
            Self::InfoDue => NoticeTopic::DealInfoDue,
            Self::ExtensionGrace => NoticeTopic::ExtensionGraceEnding,
            Self::ReviewDue => NoticeTopic::ReviewDue,
            Self::AppealDue => NoticeTopic::AppealDue,
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
        let rule = &REMINDERS[0];
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
    fn every_kind_has_its_rule_and_its_topic() {
        for kind in ReminderKind::ALL {
            let rule = REMINDERS.iter().find(|rule| rule.kind == *kind).unwrap();
            assert_eq!(rule.topic, kind.topic());
            assert!(rule.days_before.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }
}
