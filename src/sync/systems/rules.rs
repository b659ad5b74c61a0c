//! What may happen to external systems, and how their links add up. Pure.

use super::model::{
    ExternalSystem, ExternalSystemPatch, ExternalSystemState, NewExternalSystem, SyncCounts, SyncSummary,
};
use crate::{
    error::Result,
    kernel::{
        Time,
        ids::{ExternalSystemId, Id as _},
        states::{Machine, Transition},
    },
    sync::{
        kinds::SyncedType,
        links::{Counted, SyncState},
    },
};

/// The life of a system.
pub const MACHINE: Machine<ExternalSystemState> = Machine {
    name: "external_system.state",
    transitions: &[
        Transition {
            action: "pause",
            operation: Some("pauseExternalSystem"),
            from: &[ExternalSystemState::Active],
            to: &[ExternalSystemState::Paused],
            guards: &[],
        },
        Transition {
            action: "resume",
            operation: Some("resumeExternalSystem"),
            from: &[ExternalSystemState::Paused],
            to: &[ExternalSystemState::Active],
            guards: &[],
        },
    ],
};

impl ExternalSystem {
    /// A new system.
    pub fn new(new: NewExternalSystem, now: Time) -> Self {
        Self {
            id: ExternalSystemId::at(now),
            code: new.code,
            name: new.name,
            kind: new.kind,
            state: ExternalSystemState::Active,
            failing_since: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The system with the changes made.
    #[must_use]
    pub fn patched(self, patch: &ExternalSystemPatch, now: Time) -> Self {
        Self {
            name: patch.name.clone().unwrap_or(self.name),
            kind: patch.kind.unwrap_or(self.kind),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The system after `action`.
    ///
    /// # Errors
    /// 409 `invalid_state` if its state does not permit that.
    pub fn moved(self, action: &'static str, now: Time) -> Result<Self> {
        Ok(Self {
            state: MACHINE.go(self.state, action)?,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The system whose records fail since that moment, or do not any more.
    #[must_use]
    pub fn failing(self, since: Option<Time>, now: Time) -> Self {
        Self {
            failing_since: since,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

/// What the counts of links by type and state come to.
pub fn summary(system: &ExternalSystem, counted: &[Counted], open_reviews: i64, now: Time) -> SyncSummary {
    let lag = |since: Option<Time>| since.map_or(0, |since| ((now.micros() - since.micros()) / 1_000_000).max(0));
    let of = |kind: SyncedType| {
        let rows = || counted.iter().filter(move |row| row.resource_type == kind);
        let count = |state: SyncState| rows().find(|row| row.state == state).map_or(0, |row| row.links);
        let waiting = rows().filter(|row| row.state != SyncState::Paused);
        let pending_since = waiting.filter_map(|row| row.pending_since).min();
        rows().next().map(|_| SyncCounts {
            resource_type: kind,
            in_sync: count(SyncState::InSync),
            pending: count(SyncState::Pending),
            error: count(SyncState::Error),
            conflict: count(SyncState::Conflict),
            paused: count(SyncState::Paused),
            pending_since,
            oldest_lag_seconds: lag(pending_since),
        })
    };
    let types: Vec<SyncCounts> = SyncedType::ALL.iter().copied().filter_map(of).collect();
    SyncSummary {
        system_id: system.id,
        state: system.state,
        open_reviews,
        oldest_lag_seconds: types.iter().map(|one| one.oldest_lag_seconds).max().unwrap_or(0),
        types,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::systems::model::ExternalSystemKind;

    #[test]
    fn a_summary_adds_up_by_type_and_tells_the_oldest_lag() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let new = NewExternalSystem {
            code: "crm".to_owned(),
            name: "CRM".to_owned(),
            kind: ExternalSystemKind::Other,
        };
        let row = |state, links, since: Option<i64>| Counted {
            resource_type: SyncedType::Deal,
            state,
            links,
            pending_since: since.map(at),
        };
        let counted = [
            row(SyncState::InSync, 7, None),
            row(SyncState::Pending, 2, Some(90)),
            row(SyncState::Paused, 1, Some(10)),
        ];
        let told = summary(&ExternalSystem::new(new, at(1)), &counted, 3, at(100));
        let [deals] = told.types.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!((deals.in_sync, deals.pending, deals.paused, deals.error), (7, 2, 1, 0));
        assert_eq!(
            (told.oldest_lag_seconds, told.open_reviews),
            (10, 3),
            "what is paused is not late"
        );
    }
}
