//! What all who deliver at a server share, so that no endpoint takes it from another, nor all of them from those who answer
//! requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::db::Engine;

/// The most calls at a time, to all endpoints together.
const CALLS: usize = 64;
/// The most calls at a time to endpoints that keep failing: many that hang leave room for those that do not.
const TRIALS: usize = 16;
/// The most writes at a time on SQLite, whose writer commits them together.
const WRITES: usize = 32;

/// How much may be under way at a time.
#[derive(Debug)]
pub struct Limits {
    /// Calls.
    pub calls: Semaphore,
    /// Calls to endpoints that keep failing.
    pub trials: Arc<Semaphore>,
    /// Questions to the database.
    pub reads: Semaphore,
    /// Writes.
    pub writes: Semaphore,
}

impl Limits {
    /// The limits on a database with so many connections: half of them are left to others.
    pub fn of(engine: Engine, pool: u32) -> Self {
        let half = usize::try_from(pool / 2).unwrap_or(2).clamp(2, 16);
        Self {
            calls: Semaphore::new(CALLS),
            trials: Arc::new(Semaphore::new(TRIALS)),
            reads: Semaphore::new(half),
            writes: Semaphore::new(match engine {
                Engine::Sqlite => WRITES,
                Engine::Postgres => half,
            }),
        }
    }
}
