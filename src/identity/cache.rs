//! What is remembered for seconds: enough that a busy caller costs no query, short enough that a revocation is felt at once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::kernel::{Time, time::SECOND};

/// Most entries; beyond it the ended ones go, and if there are none, all.
const ROOM: usize = 20_000;

/// Values that are good until a moment.
pub struct Fresh<K, V>(Mutex<HashMap<K, (Time, Time, V)>>);

impl<K: Eq + Hash, V: Clone> Fresh<K, V> {
    /// An empty cache.
    pub fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, (Time, Time, V)>> {
        // Each change is one call on the map, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, if it is still good. A clock that was set back makes none good.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Time) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries()
            .get(key)
            .filter(|(from, until, _)| *from <= now && now < *until)
            .map(|(_, _, value)| value.clone())
    }

    /// Remembers a value for so many seconds.
    pub fn put(&self, key: K, value: V, now: Time, seconds: i64) {
        let mut entries = self.entries();
        if entries.len() >= ROOM {
            entries.retain(|_, (_, until, _)| *until > now);
            if entries.len() >= ROOM {
                entries.clear();
            }
        }
        entries.insert(
            key,
            (
                now,
                Time::from_micros(now.micros().saturating_add(seconds.saturating_mul(SECOND))),
                value,
            ),
        );
    }

    /// Forgets a value.
    pub fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries().remove(key);
    }

    /// Forgets every value.
    pub fn clear(&self) {
        self.entries().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_good_for_its_seconds_and_no_longer() {
        let cache = Fresh::new();
        let start = Time::from_micros(1_000_000_000);
        cache.put("a", 1, start, 5);
        assert_eq!(cache.get("a", start.plus_seconds(4)), Some(1));
        assert_eq!(cache.get("a", start.plus_seconds(5)), None);
        assert_eq!(cache.get("a", start.plus_seconds(-1)), None, "the clock was set back");
        cache.forget("a");
        assert_eq!(cache.get("a", start), None);
    }
}
