//! Waits for the log to grow.
//!
//! Many may wait at once, so the database is not asked by each: who waits first in a while asks, and what was found is good
//! for all.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{auth::Caller, db::Db, error::Result, events::queries::last_position};

/// How long an answer of the database is good for all who wait.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How far the log has come, as those who wait know it.
#[derive(Debug)]
pub struct Tail {
    last: AtomicI64,
    /// When the database was asked last, in milliseconds since `began`.
    asked: AtomicU64,
    began: Instant,
    ending: watch::Sender<bool>,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            last: AtomicI64::new(-1),
            asked: AtomicU64::new(0),
            began: Instant::now(),
            ending: watch::channel(false).0,
        }
    }
}

impl Tail {
    /// Nobody waits any longer: the server ends.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Somebody waits, for so long at most.
    pub fn wait(&self, longest: Duration) -> Waiting<'_> {
        Waiting {
            tail: self,
            until: Instant::now() + longest,
            ending: self.ending.subscribe(),
        }
    }

    /// The last position: as the database says, or as it said a moment ago.
    async fn look(&self, db: &Db) -> Result<i64> {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let every = u64::try_from(LOOK_EVERY.as_millis()).unwrap_or(0);
        let asked = self.asked.load(Ordering::Acquire);
        let mine = now >= asked.saturating_add(every)
            && self
                .asked
                .compare_exchange(asked, now, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if !mine {
            return Ok(self.last.load(Ordering::Acquire));
        }
        let last = db.ask(&Caller::system("feed"), last_position).await?.unwrap_or(0);
        Ok(self.last.fetch_max(last, Ordering::AcqRel).max(last))
    }
}

/// Somebody who waits for the log to grow.
#[derive(Debug)]
pub struct Waiting<'t> {
    tail: &'t Tail,
    until: Instant,
    ending: watch::Receiver<bool>,
}

impl Waiting<'_> {
    /// Waits until the log has gone beyond that position. Says whether it has: it has not if the time came first, or the end of
    /// the server.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn beyond(&mut self, db: &Db, position: i64) -> Result<bool> {
        loop {
            if Instant::now() >= self.until || *self.ending.borrow() {
                return Ok(false);
            }
            if self.tail.look(db).await? > position {
                return Ok(true);
            }
            let pause = sleep(LOOK_EVERY.min(self.until.saturating_duration_since(Instant::now())));
            tokio::select! {
                () = pause => {}
                _ = self.ending.wait_for(|ending| *ending) => {}
            }
        }
    }
}
