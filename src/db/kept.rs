//! What was made of rows that never change, kept so that it is made once: documents that take time to read.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Most things that are kept; beyond it all go.
const ROOM: usize = 1000;

type Things = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;

/// Things by their type and a key. What a key stands for must never change: a row's id with its revision and the moment
/// at which that was written.
#[derive(Default)]
pub struct Kept(Mutex<Things>);

impl Kept {
    fn things(&self) -> MutexGuard<'_, Things> {
        // Each change is one call on the map, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thing of that key, if it is kept.
    pub fn get<T: Any + Send + Sync>(&self, key: &str) -> Option<Arc<T>> {
        let thing = self.things().get(&(TypeId::of::<T>(), key.to_owned())).cloned();
        thing.and_then(|thing| thing.downcast().ok())
    }

    /// Keeps a thing.
    pub fn put<T: Any + Send + Sync>(&self, key: String, thing: Arc<T>) {
        let mut things = self.things();
        if things.len() >= ROOM {
            things.clear();
        }
        things.insert((TypeId::of::<T>(), key), thing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_found_by_its_type_and_its_key() {
        let kept = Kept::default();
        kept.put("a".to_owned(), Arc::new(1_i64));
        assert_eq!(kept.get("a"), Some(Arc::new(1_i64)));
        assert_eq!(kept.get::<i64>("b"), None);
        assert_eq!(kept.get::<String>("a"), None, "another type, another thing");
    }

    #[test]
    fn it_never_grows_beyond_its_room() {
        let kept = Kept::default();
        for number in 0..=ROOM {
            kept.put(number.to_string(), Arc::new(number));
        }
        assert!(kept.things().len() <= ROOM && kept.get::<usize>(&ROOM.to_string()).is_some());
    }
}
