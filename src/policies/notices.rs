//! What people are told of in time: how long before which deadline.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::states::{FailingGuard, guard},
    notices::ReminderKind,
};

/// How people are told. A change holds for deadlines that come into sight after it: one that was seen keeps the reminders that it
/// was first seen with, so that each of them is sent once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoticePolicy {
    /// How long before which deadline people are reminded. A kind of deadline that is not named keeps what is built in: 30, 14 and
    /// 3 days before a protection ends, 2 and 1 before answers are due, 3 and 1 before the grace of an extension ends, 1 before a
    /// review is due, 60 and 14 before a specialisation ends, 30 and 7 before a partnership ends.
    #[schema(max_items = 20, example = json!([]))]
    pub reminders: Vec<ReminderOffsets>,
}

/// How long before one kind of deadline people are reminded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderOffsets {
    /// The kind of deadline.
    pub kind: ReminderKind,
    /// Days before it, in any order; none: nobody is reminded.
    #[schema(max_items = 10, minimum = 1, maximum = 365, example = json!([21, 7]))]
    pub days_before: Vec<i64>,
}

impl NoticePolicy {
    /// Days before that kind of deadline, if the program names them.
    pub fn days_before(&self, kind: ReminderKind) -> Option<&[i64]> {
        let own = self.reminders.iter().find(|own| own.kind == kind)?;
        Some(&own.days_before)
    }

    /// What keeps it from being published: what it says twice.
    pub fn unsound(&self) -> Vec<FailingGuard> {
        const DETAIL: &str = "The list says this a second time; say it once.";
        let (mut kinds, mut failing) = (BTreeSet::new(), Vec::new());
        for (index, own) in self.reminders.iter().enumerate() {
            if !kinds.insert(own.kind) {
                let at = format!("#/notices/reminders/{index}/kind");
                failing.push(guard("said_once", &at, DETAIL));
            }
            let days: BTreeSet<i64> = own.days_before.iter().copied().collect();
            if days.len() < own.days_before.len() {
                let at = format!("#/notices/reminders/{index}/days_before");
                failing.push(guard("said_once", &at, DETAIL));
            }
        }
        failing
    }
}
