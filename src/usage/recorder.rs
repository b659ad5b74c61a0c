//! Counts of use in memory, until they are written down.
//!
//! A count is one look into a map under a lock of its own part: a fraction of a microsecond, without the database. The parts
//! keep the threads of a server out of each other's way. Each part has room for so many different counts; beyond it nothing
//! new is counted until the next time that they are written down, so memory is bounded whatever is asked.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{UseKind, queries};
use crate::{
    auth::Caller,
    db::Db,
    error::Result,
    kernel::{
        Time,
        ids::{PartnerId, UserId},
        time::DAY,
    },
};

/// How often counts are written down: what a server that is killed loses at most.
pub const FLUSH_EVERY: Duration = Duration::from_secs(15);
/// Parts with a lock of their own.
const PARTS: usize = 16;
/// Different counts in one part.
const ROOM: usize = 4096;
/// Counts in one transaction.
const AT_ONCE: usize = 500;

/// What a request counts as, before it is known how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    partner: PartnerId,
    user: UserId,
    kind: UseKind,
    resource: &'static str,
}

impl Use {
    /// With what it found, if it lists records: a search that found nothing is an empty one.
    #[must_use]
    pub fn with(self, rows: Option<usize>) -> Self {
        match (self.kind, rows) {
            (UseKind::Search, Some(0)) => Self {
                kind: UseKind::EmptySearch,
                ..self
            },
            _ => self,
        }
    }
}

/// What is counted together. In the order in which it is written down, so that two servers wait for each other in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// For which partner.
    pub partner: PartnerId,
    /// On which day, counted from 1970 in UTC.
    pub day: i64,
    /// Who.
    pub user: UserId,
    /// What they did.
    pub kind: UseKind,
    /// With what kind of record.
    pub resource: &'static str,
}

impl Key {
    /// The day as a date.
    pub fn day_on(&self) -> String {
        Time::from_micros(self.day.saturating_mul(DAY)).date().to_string()
    }
}

type Counts = HashMap<Key, i64>;

/// The counts of one server.
pub struct Recorder {
    on: bool,
    parts: [Mutex<Counts>; PARTS],
    passed_over: AtomicU64,
}

impl Recorder {
    /// Counts nothing yet, and never anything unless it is `on`.
    pub fn new(on: bool) -> Self {
        Self {
            on,
            parts: Default::default(),
            passed_over: AtomicU64::new(0),
        }
    }

    /// What a request counts as: only those of people who act for a partner count at all.
    pub fn of(&self, caller: &Caller, resource: &'static str, kind: impl FnOnce() -> Option<UseKind>) -> Option<Use> {
        let (partner, user) = (caller.partner()?, caller.user()?);
        if !self.on {
            return None;
        }
        Some(Use {
            partner,
            user,
            kind: kind()?,
            resource,
        })
    }

    /// Counts it.
    pub fn count(&self, used: Use, now: Time) {
        let key = Key {
            partner: used.partner,
            day: now.micros().div_euclid(DAY),
            user: used.user,
            kind: used.kind,
            resource: used.resource,
        };
        self.add(key, 1);
    }

    fn add(&self, key: Key, times: i64) {
        let mut hasher = DefaultHasher::new();
        key.user.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 16).unwrap_or(0);
        let Some(part) = self.parts.get(index) else { return };
        let mut counts = open(part);
        if let Some(count) = counts.get_mut(&key) {
            *count = count.saturating_add(times);
        } else if counts.len() < ROOM {
            counts.insert(key, times);
        } else {
            self.passed_over.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes all counts out, in order.
    fn take(&self) -> Vec<(Key, i64)> {
        let mut all: Vec<(Key, i64)> = self
            .parts
            .iter()
            .flat_map(|part| std::mem::take(&mut *open(part)))
            .collect();
        all.sort_unstable();
        all
    }

    /// Writes down what was counted since the last time; tells how many counts. What cannot be written is counted on, and
    /// tried again the next time.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn flush(&self, db: &Db) -> Result<usize> {
        let passed_over = self.passed_over.swap(0, Ordering::Relaxed);
        if passed_over > 0 {
            log::warn!("{passed_over} acts of use were not counted: there were too many different ones at once");
        }
        let all = self.take();
        let mut outcome = Ok(all.len());
        let caller = Caller::system("usage");
        for chunk in all.chunks(AT_ONCE) {
            if outcome.is_ok() {
                let counts = chunk.to_vec();
                if let Err(error) = db.run(&caller, move |tx| queries::add(tx, &counts)).await {
                    outcome = Err(error);
                }
            }
            if outcome.is_err() {
                for (key, times) in chunk {
                    self.add(*key, *times);
                }
            }
        }
        outcome
    }
}

fn open(part: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    // Each change is one call on the map, so a panic elsewhere leaves it whole.
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn used(user: u64, kind: UseKind) -> Use {
        Use {
            partner: PartnerId::example(1),
            user: UserId::example(user),
            kind,
            resource: "deals",
        }
    }

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    #[test]
    fn many_threads_count_exactly_and_days_are_kept_apart() {
        let recorder = Recorder::new(true);
        std::thread::scope(|scope| {
            for thread in 0..50 {
                let recorder = &recorder;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        recorder.count(used(thread % 5, UseKind::View), NOW);
                    }
                });
            }
        });
        recorder.count(used(0, UseKind::View), NOW.plus_days(1));
        let all = recorder.take();
        assert_eq!(all.iter().map(|(_, times)| times).sum::<i64>(), 50_001);
        assert_eq!(all.len(), 6);
        assert!(
            all.iter()
                .filter(|(key, _)| key.day_on() == "2026-11-18")
                .all(|(_, times)| *times == 10_000)
        );
        assert!(recorder.take().is_empty());
    }

    #[test]
    fn memory_is_bounded_and_what_is_counted_already_goes_on() {
        let recorder = Recorder::new(true);
        for user in 0..100_000 {
            recorder.count(used(user, UseKind::View), NOW);
        }
        let passed_over = recorder.passed_over.load(Ordering::Relaxed);
        recorder.count(used(0, UseKind::View), NOW);
        let all = recorder.take();
        assert!(all.len() <= PARTS * ROOM, "{}", all.len());
        assert_eq!(u64::try_from(all.len()).unwrap() + passed_over, 100_000);
        assert_eq!(all.iter().map(|(_, times)| times).max(), Some(&2));
    }

    #[test]
    fn a_search_that_found_nothing_is_an_empty_one_and_a_view_of_nothing_is_a_view() {
        assert_eq!(used(1, UseKind::Search).with(Some(0)).kind, UseKind::EmptySearch);
        assert_eq!(used(1, UseKind::Search).with(Some(3)).kind, UseKind::Search);
        assert_eq!(used(1, UseKind::View).with(Some(0)).kind, UseKind::View);
    }
}
