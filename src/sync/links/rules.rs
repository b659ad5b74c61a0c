//! What may happen to links. Pure.

use std::cmp::Ordering;

use super::model::{SyncFailure, SyncLink, SyncRelink, SyncReportItem, SyncReportStatus, SyncState};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{Id as _, SyncLinkId},
        states::{Machine, Transition},
    },
    references::ExternalRef,
    sync::{kinds::SyncedType, rules::Theirs, systems::ExternalSystem},
};

/// The life of a link.
pub const MACHINE: Machine<SyncState> = Machine {
    name: "sync_link.state",
    transitions: &[
        Transition {
            action: "change",
            operation: None,
            from: &[SyncState::InSync],
            to: &[SyncState::Pending],
            guards: &["the record was changed here"],
        },
        Transition {
            action: "report",
            operation: Some("reportSyncLinks"),
            from: &[SyncState::Pending, SyncState::InSync, SyncState::Error],
            to: &[SyncState::InSync, SyncState::Pending, SyncState::Error],
            guards: &[],
        },
        Transition {
            action: "collide",
            operation: None,
            from: &[SyncState::Pending, SyncState::InSync, SyncState::Error],
            to: &[SyncState::Conflict],
            guards: &["both sides changed a field since they agreed"],
        },
        Transition {
            action: "resolve",
            operation: Some("resolveSyncConflict"),
            from: &[SyncState::Conflict],
            to: &[SyncState::Pending, SyncState::InSync],
            guards: &["the record is as the conflict shows it"],
        },
        Transition {
            action: "retry",
            operation: Some("retrySyncLink"),
            from: &[SyncState::Error],
            to: &[SyncState::Pending],
            guards: &[],
        },
        Transition {
            action: "resync",
            operation: Some("resyncSyncLink"),
            from: &[SyncState::Pending, SyncState::InSync, SyncState::Error],
            to: &[SyncState::Pending],
            guards: &[],
        },
        Transition {
            action: "pause",
            operation: Some("pauseSyncLink"),
            from: &[SyncState::Pending, SyncState::InSync, SyncState::Error],
            to: &[SyncState::Paused],
            guards: &[],
        },
        Transition {
            action: "resume",
            operation: Some("resumeSyncLink"),
            from: &[SyncState::Paused],
            to: &[SyncState::Pending, SyncState::InSync],
            guards: &[],
        },
        Transition {
            action: "relink",
            operation: Some("relinkSyncLink"),
            from: &[
                SyncState::Pending,
                SyncState::InSync,
                SyncState::Error,
                SyncState::Paused,
            ],
            to: &[SyncState::Pending, SyncState::Paused],
            guards: &["neither the record nor the id is linked"],
        },
    ],
};

/// The refusal of a record or an id that is linked.
pub fn taken(pointer: &str, why: &str) -> Error {
    Error::new(&codes::ALREADY_EXISTS).fault(pointer, "already_exists", why)
}

/// What holds for who meets a link or a reference that went to another record while it was waited for: the transaction is tried
/// again, on what is there then.
pub fn elsewhere() -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The record was led elsewhere meanwhile; repeat the request.")
        .retry_after(1)
        .retry_transaction()
}

/// The refusal of a link with a record that is not there.
pub fn unknown(error: Error, kind: SyncedType) -> Error {
    error.when(&codes::NOT_FOUND, || {
        Error::unknown_reference("#/resource_id", format!("There is no such {kind}."))
    })
}

impl SyncLink {
    /// A new link of a record in that revision.
    pub fn new(
        system: &ExternalSystem,
        kind: SyncedType,
        (record, revision): (&str, i64),
        external_id: &str,
        now: Time,
    ) -> Self {
        Self {
            id: SyncLinkId::at(now),
            system_id: system.id,
            resource_type: kind,
            resource_id: record.to_owned(),
            external_id: external_id.to_owned(),
            state: SyncState::Pending,
            our_revision: revision,
            pushed_revision: None,
            pushed_at: None,
            pulled_revision: None,
            pulled_changed_at: None,
            pulled_at: None,
            agreed_revision: revision,
            pending_since: Some(now),
            error_code: None,
            error_detail: None,
            failing_since: None,
            failed_at: None,
            failures: 0,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The new link of a record that both sides had at that revision, if ever: they know the link, so only what was changed since
    /// waits.
    #[must_use]
    pub fn agreed_at(self, revision: i64, now: Time) -> Self {
        Self {
            agreed_revision: revision.min(self.our_revision),
            pending_since: None,
            ..self
        }
        .settled(now)
    }

    /// The reference of the record that the link goes with.
    pub fn reference(&self, code: &str) -> ExternalRef {
        ExternalRef {
            system: code.to_owned(),
            id: self.external_id.clone(),
        }
    }

    fn changed(self, now: Time) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    fn forgiven(self) -> Self {
        Self {
            error_code: None,
            error_detail: None,
            failing_since: None,
            failed_at: None,
            failures: 0,
            ..self
        }
    }

    /// The link in the state that its revisions say, and whether a push was asked for, unless it is in conflict or paused.
    fn settled(self, now: Time) -> Self {
        let state = match self.state {
            held @ (SyncState::Conflict | SyncState::Paused) => held,
            _ if self.error_code.is_some() => SyncState::Error,
            _ if self.agreed_revision >= self.our_revision && self.pending_since.is_none() => SyncState::InSync,
            _ => SyncState::Pending,
        };
        let waits = self.agreed_revision < self.our_revision || state == SyncState::Error;
        Self {
            state,
            pending_since: self.pending_since.or_else(|| waits.then_some(now)),
            ..self
        }
    }

    /// The link of a record that is to be pushed, whatever the other system has.
    #[must_use]
    pub fn waiting(self, since: Time) -> Self {
        let state = match self.state {
            SyncState::InSync => SyncState::Pending,
            other => other,
        };
        Self {
            state,
            pending_since: Some(self.pending_since.unwrap_or(since)),
            ..self
        }
    }

    /// The link after a connector told what became of a push, and how that is answered.
    #[must_use]
    pub fn reported(self, item: &SyncReportItem, now: Time) -> (Self, SyncReportStatus) {
        if item.revision > self.our_revision {
            return (self, SyncReportStatus::Ahead);
        }
        let after = match &item.error {
            Some(failure) => self.failed(failure, now),
            None => {
                let pushed = self
                    .pushed_revision
                    .map_or(item.revision, |before| before.max(item.revision));
                let agreed = self.agreed_revision.max(pushed);
                let is_present = item.revision >= self.our_revision;
                let theirs = item.external_revision.clone().map(|revision| Theirs {
                    revision,
                    changed_at: None,
                    base: None,
                });
                let link = match &theirs {
                    Some(theirs) => self.noting(theirs, now),
                    None => self,
                };
                Self {
                    pushed_revision: Some(pushed),
                    pushed_at: Some(now),
                    agreed_revision: agreed,
                    pending_since: link.pending_since.filter(|_| !is_present),
                    ..link.forgiven()
                }
            }
        };
        (after.settled(now).changed(now), SyncReportStatus::Noted)
    }

    fn failed(self, failure: &SyncFailure, now: Time) -> Self {
        Self {
            error_code: Some(failure.code.clone()),
            error_detail: Some(failure.detail.clone()),
            failing_since: Some(self.failing_since.unwrap_or(now)),
            failed_at: Some(now),
            failures: self.failures + 1,
            ..self
        }
    }

    /// The link with the revision of theirs that is known. A late word of an older one takes nothing back: what is older than
    /// what was taken must go on being refused.
    fn noting(self, theirs: &Theirs, now: Time) -> Self {
        let last = self.pulled_revision.as_deref();
        if last.is_some_and(|last| theirs.order_to(last, self.pulled_changed_at) != Ordering::Greater) {
            return self;
        }
        Self {
            pulled_revision: Some(theirs.revision.clone()),
            pulled_changed_at: theirs.changed_at,
            pulled_at: Some(now),
            ..self
        }
    }

    /// The link after a version of theirs was taken. If nothing of ours was waiting, both have the record as it is now.
    #[must_use]
    pub fn pulled(self, theirs: &Theirs, nothing_waited: bool, now: Time) -> Self {
        let mut link = self.noting(theirs, now);
        if nothing_waited {
            link.agreed_revision = link.our_revision;
            // What failed goes on failing until a push goes well.
            link.pending_since = link.pending_since.filter(|_| link.error_code.is_some());
        }
        if link.state == SyncState::Conflict {
            link.state = SyncState::Pending;
        }
        link.settled(now).changed(now)
    }

    /// The link of a record that both sides changed.
    #[must_use]
    pub fn collided(self, now: Time) -> Self {
        Self {
            state: SyncState::Conflict,
            pending_since: Some(self.pending_since.unwrap_or(now)),
            ..self
        }
        .changed(now)
    }

    /// The link after somebody chose between two versions: theirs is known, and what stands here now waits to be pushed.
    #[must_use]
    pub fn resolved(self, theirs: &Theirs, now: Time) -> Self {
        Self {
            state: SyncState::Pending,
            ..self.noting(theirs, now)
        }
        .settled(now)
        .changed(now)
    }

    /// The link whose push is to be tried again.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it failed.
    pub fn retried(self, now: Time) -> Result<Self> {
        self.asked("retry", now)
    }

    /// The link whose record is to be pushed whatever the other system has.
    ///
    /// # Errors
    /// 409 `invalid_state` in conflict or while it is paused.
    pub fn resynced(self, now: Time) -> Result<Self> {
        self.asked("resync", now)
    }

    /// The link whose record somebody wants to be pushed; what failed before is forgotten.
    fn asked(self, action: &'static str, now: Time) -> Result<Self> {
        let state = MACHINE.go(self.state, action)?;
        let link = Self {
            state,
            ..self.forgiven()
        };
        Ok(link.waiting(now).changed(now))
    }

    /// The link that is not kept in step for now.
    ///
    /// # Errors
    /// 409 `invalid_state` in conflict or while it is paused.
    pub fn paused(self, now: Time) -> Result<Self> {
        let state = MACHINE.go(self.state, "pause")?;
        Ok(Self { state, ..self }.changed(now))
    }

    /// The link that is kept in step again.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it is paused.
    pub fn resumed(self, now: Time) -> Result<Self> {
        let state = MACHINE.go(self.state, "resume")?;
        Ok(Self {
            state,
            ..self.forgiven()
        }
        .settled(now)
        .changed(now))
    }

    /// Where the link shall lead: the record and the id.
    ///
    /// # Errors
    /// 409 `invalid_state` in conflict, `contradiction` if it leads there already.
    pub fn target(&self, to: &SyncRelink) -> Result<(String, String)> {
        MACHINE.go(self.state, "relink")?;
        let record = to.resource_id.clone().unwrap_or_else(|| self.resource_id.clone());
        let external = to.external_id.clone().unwrap_or_else(|| self.external_id.clone());
        if (&record, &external) == (&self.resource_id, &self.external_id) {
            return Err(Error::contradicts(
                "#",
                "no_change",
                "The link leads there already; name another id, or another record.",
            ));
        }
        Ok((record, external))
    }

    /// The link that leads elsewhere. What was agreed on is what is there now.
    #[must_use]
    pub fn relinked(self, record: String, external_id: String, now: Time) -> Self {
        let state = if self.state == SyncState::Paused {
            SyncState::Paused
        } else {
            SyncState::Pending
        };
        let other = external_id != self.external_id;
        Self {
            resource_id: record,
            external_id,
            state,
            pushed_revision: None,
            pushed_at: None,
            pulled_revision: self.pulled_revision.clone().filter(|_| !other),
            pulled_changed_at: self.pulled_changed_at.filter(|_| !other),
            pulled_at: self.pulled_at.filter(|_| !other),
            pending_since: Some(now),
            ..self.forgiven()
        }
        .changed(now)
    }

    /// The link of a record in that revision, which both sides begin from.
    #[must_use]
    pub fn begun_at(self, revision: i64) -> Self {
        Self {
            our_revision: revision,
            agreed_revision: revision,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::ExternalSystemId;

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn link() -> SyncLink {
        SyncLink {
            id: SyncLinkId::example(1),
            system_id: ExternalSystemId::example(1),
            resource_type: SyncedType::Deal,
            resource_id: "deal_1".to_owned(),
            external_id: "006".to_owned(),
            state: SyncState::Pending,
            our_revision: 5,
            pushed_revision: None,
            pushed_at: None,
            pulled_revision: None,
            pulled_changed_at: None,
            pulled_at: None,
            agreed_revision: 3,
            pending_since: Some(at(1)),
            error_code: None,
            error_detail: None,
            failing_since: None,
            failed_at: None,
            failures: 0,
            revision: 1,
            created_at: at(1),
            updated_at: at(1),
        }
    }

    fn pushed(revision: i64, error: Option<SyncFailure>) -> SyncReportItem {
        SyncReportItem {
            resource_id: "deal_1".to_owned(),
            revision,
            external_revision: None,
            error,
        }
    }

    #[test]
    fn it_is_in_sync_only_once_its_present_revision_was_pushed() {
        let (behind, status) = link().reported(&pushed(4, None), at(2));
        assert_eq!(
            (behind.state, behind.pending_since, status),
            (SyncState::Pending, Some(at(1)), SyncReportStatus::Noted)
        );
        let (done, _) = behind.reported(&pushed(5, None), at(3));
        assert_eq!(
            (done.state, done.pending_since, done.agreed_revision),
            (SyncState::InSync, None, 5)
        );
        let (late, _) = done.clone().reported(&pushed(4, None), at(4));
        assert_eq!(
            (late.state, late.pushed_revision),
            (SyncState::InSync, Some(5)),
            "a late word takes nothing back"
        );
        assert_eq!(done.reported(&pushed(6, None), at(4)).1, SyncReportStatus::Ahead);
    }

    #[test]
    fn failures_are_counted_until_one_push_goes_well() {
        let failure = || {
            Some(SyncFailure {
                code: "NO".to_owned(),
                detail: "No.".to_owned(),
            })
        };
        let (once, _) = link().reported(&pushed(5, failure()), at(2));
        let (twice, _) = once.reported(&pushed(5, failure()), at(3));
        assert_eq!(
            (twice.state, twice.failures, twice.failing_since, twice.failed_at),
            (SyncState::Error, 2, Some(at(2)), Some(at(3)))
        );
        let (well, _) = twice.clone().reported(&pushed(5, None), at(4));
        assert_eq!(
            (well.state, well.failures, well.error_code),
            (SyncState::InSync, 0, None)
        );
        let again = twice.retried(at(5)).unwrap();
        assert_eq!((again.state, again.failures), (SyncState::Pending, 0));
        assert!(again.retried(at(6)).is_err());
    }

    #[test]
    fn what_is_paused_or_in_conflict_stays_so_whatever_is_pushed() {
        let paused = link().paused(at(2)).unwrap();
        let (told, _) = paused.reported(&pushed(5, None), at(3));
        assert_eq!(told.state, SyncState::Paused);
        assert_eq!(told.resumed(at(4)).unwrap().state, SyncState::InSync);
        let collided = link().collided(at(2));
        assert!(collided.clone().paused(at(3)).is_err() && collided.clone().resynced(at(3)).is_err());
        assert_eq!(collided.reported(&pushed(5, None), at(3)).0.state, SyncState::Conflict);
    }

    #[test]
    fn what_comes_while_ours_waits_leaves_it_waiting() {
        let theirs = Theirs {
            revision: "7".to_owned(),
            changed_at: None,
            base: None,
        };
        let waiting = link().pulled(&theirs, false, at(2));
        assert_eq!((waiting.state, waiting.agreed_revision), (SyncState::Pending, 3));
        let same = link().pulled(&theirs, true, at(2));
        assert_eq!(
            (same.state, same.agreed_revision, same.pulled_revision.as_deref()),
            (SyncState::InSync, 5, Some("7"))
        );
    }

    #[test]
    fn what_was_never_pushed_is_not_in_sync_because_it_was_paused() {
        let new = || link().begun_at(5);
        let resumed = |link: SyncLink| link.paused(at(2)).unwrap().resumed(at(3)).unwrap();
        assert_eq!(
            (resumed(new()).state, resumed(new()).pending_since),
            (SyncState::Pending, Some(at(1)))
        );
        let failure = SyncFailure {
            code: "NO".to_owned(),
            detail: "No.".to_owned(),
        };
        let (failed, _) = new().reported(&pushed(5, Some(failure)), at(2));
        assert_eq!(resumed(failed).state, SyncState::Pending);
        let (done, _) = new().reported(&pushed(5, None), at(2));
        assert_eq!(resumed(done.clone()).state, SyncState::InSync);
        let again = done.resynced(at(4)).unwrap();
        let (late, _) = again.clone().reported(&pushed(4, None), at(5));
        assert_eq!(
            (late.state, late.pending_since),
            (SyncState::Pending, Some(at(4))),
            "an older one was pushed"
        );
        assert_eq!(again.reported(&pushed(5, None), at(5)).0.state, SyncState::InSync);
    }

    #[test]
    fn a_late_word_of_an_older_revision_of_theirs_takes_nothing_back() {
        let theirs = |revision: &str| Theirs {
            revision: revision.to_owned(),
            changed_at: None,
            base: None,
        };
        let taken = link().pulled(&theirs("10"), true, at(2));
        let told = |revision: &str| {
            let item = SyncReportItem {
                external_revision: Some(revision.to_owned()),
                ..pushed(5, None)
            };
            taken.clone().reported(&item, at(3)).0.pulled_revision
        };
        assert_eq!((told("8").as_deref(), told("11").as_deref()), (Some("10"), Some("11")));
        let resolved = taken.collided(at(3)).resolved(&theirs("9"), at(4));
        assert_eq!(resolved.pulled_revision.as_deref(), Some("10"));
    }
}
