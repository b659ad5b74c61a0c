//! What may happen to a partner's standing. Pure.

use super::model::StatusChange;
use crate::{
    kernel::{
        Time,
        states::{FailingGuard, guard},
    },
    partners::{Partner, SuspensionProtection},
};

/// How much an end may lie before the shortest notice: the time that a request takes.
const GRACE_SECONDS: i64 = 60;

/// What stands in the way of a partner without account manager.
pub fn failing_manager(has_manager: bool) -> Vec<FailingGuard> {
    if has_manager {
        return Vec::new();
    }
    vec![FailingGuard::new(
        "account_manager_gap",
        "Nobody looks after the partner; assign a primary account manager first.",
    )]
}

/// What stands in the way of an end at that moment, with a notice of at least so many days.
pub fn failing_notice(end: Time, days: i64, now: Time) -> Vec<FailingGuard> {
    if end >= now.plus_days(days).plus_seconds(-GRACE_SECONDS) {
        return Vec::new();
    }
    vec![guard(
        "notice_too_short",
        "#/effective_end_at",
        format!("The end must be at least {days} days ahead."),
    )]
}

/// What stands in the way of the end of a partnership whose notice ends then.
pub fn failing_end(end: Option<Time>, force: bool, now: Time) -> Vec<FailingGuard> {
    match end {
        Some(end) if end > now && !force => vec![guard(
            "notice_runs",
            "#/force",
            format!("The notice runs until {end}; wait for it, or force the end."),
        )],
        _ => Vec::new(),
    }
}

impl Partner {
    /// The partner, suspended with that rule for its protections.
    #[must_use]
    pub fn with_protections(self, rule: SuspensionProtection) -> Self {
        Self {
            suspension_protection: Some(rule),
            ..self
        }
    }

    /// The partner, with the end of its notice.
    #[must_use]
    pub fn ending(self, end: Time) -> Self {
        Self {
            effective_end_at: Some(end),
            ..self
        }
    }
}

impl StatusChange {
    /// What a caller of the partner's side sees of it.
    #[must_use]
    pub fn for_partners(self) -> Self {
        Self {
            reason_text: None,
            changed_by: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_has_its_days_unless_the_end_is_forced() {
        let now = Time::from_micros(1_795_000_000_000_000);
        assert_eq!(failing_notice(now.plus_days(30), 30, now), vec![]);
        assert_eq!(failing_notice(now.plus_days(29), 30, now)[0].guard, "notice_too_short");
        assert_eq!(failing_end(Some(now.plus_days(1)), false, now)[0].guard, "notice_runs");
        assert_eq!(failing_end(Some(now.plus_days(1)), true, now), vec![]);
        assert_eq!(failing_end(Some(now), false, now), vec![]);
    }
}
