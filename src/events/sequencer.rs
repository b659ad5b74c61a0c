//! The sequencer: gives committed events their positions, and chains audit records. Of several instances one does each at a
//! time, under a lease of a few seconds that it renews with each batch; all of a batch is one transaction.
//!
//! The two are batches of their own, each under the lease of its own mark: readers of the feed wait for positions, and nobody
//! waits for the chain, whose batches take longer.

use super::{
    marks::{
        Mark,
        queries::{self as marks, Reached},
    },
    queries,
};
use crate::{
    audit,
    auth::Caller,
    db::{Db, Engine, Tx},
    error::Result,
};

/// Events, or audit records, in one transaction.
const AT_ONCE: i64 = 500;
/// How long an instance that is gone keeps the others waiting.
const LEASE_SECONDS: i64 = 5;
/// What the sequencer is written down as.
const NAME: &str = "sequencer";

/// One instance's right to sequence.
#[derive(Debug, Clone)]
pub struct Sequencer(String);

/// What a turn has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing waited.
    Idle,
    /// Another instance is at it.
    Elsewhere,
    /// So many events and audit records; more may wait.
    Done {
        /// Events that have a position now.
        events: i64,
        /// Audit records that are in the chain now.
        records: i64,
    },
}

impl Turn {
    /// Whether it did as much as one batch has, so that more is likely to wait.
    pub const fn is_full(self) -> bool {
        matches!(self, Self::Done { events, records } if events >= AT_ONCE || records >= AT_ONCE)
    }
}

impl Default for Sequencer {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequencer {
    /// A sequencer that holds nothing yet.
    pub fn new() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Gives committed events their positions, at most one batch. An idle look is one read of a small index and writes nothing.
    /// Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn place(&self, db: &Db) -> Result<Turn> {
        // On SQLite an event has its position from the start.
        if db.engine() == Engine::Sqlite || !db.ask_now(&Caller::system(NAME), queries::waiting)? {
            return Ok(Turn::Idle);
        }
        self.batch(db, Mark::EventSequencer, |tx, before| {
            let (events, last) = queries::place(tx, before.position, AT_ONCE)?;
            if events > 0 {
                let reached = Reached {
                    position: last,
                    hash: None,
                };
                marks::advance(tx, Mark::EventSequencer, &reached)?;
            }
            Ok(Turn::Done { events, records: 0 })
        })
    }

    /// Chains audit records, at most one batch. An idle look is one read of a small index and writes nothing. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn chain(&self, db: &Db) -> Result<Turn> {
        if !db.ask_now(&Caller::system(NAME), audit::waiting)? {
            return Ok(Turn::Idle);
        }
        self.batch(db, Mark::AuditChain, |tx, before| {
            let records = audit::chain(tx, before, AT_ONCE)?;
            Ok(Turn::Done { events: 0, records })
        })
    }

    /// Does both, at most one batch of each. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn turn(&self, db: &Db) -> Result<Turn> {
        Ok(match (self.place(db)?, self.chain(db)?) {
            (Turn::Elsewhere, _) | (_, Turn::Elsewhere) => Turn::Elsewhere,
            (Turn::Idle, other) | (other, Turn::Idle) => other,
            (Turn::Done { events, .. }, Turn::Done { records, .. }) => Turn::Done { events, records },
        })
    }

    /// Does everything that waits. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn catch_up(&self, db: &Db) -> Result<()> {
        while let Turn::Done { .. } = self.turn(db)? {}
        Ok(())
    }

    /// Lets another instance go on at once.
    ///
    /// # Errors
    /// What the database reports.
    pub fn release(&self, db: &Db) -> Result<()> {
        let token = self.0.clone();
        db.run_now(&Caller::system(NAME), move |tx| {
            marks::release(tx, Mark::EventSequencer, &token)?;
            marks::release(tx, Mark::AuditChain, &token)
        })
    }

    /// One batch under the lease of its mark, in one transaction with its renewal. `work` is told where the mark stands.
    fn batch(&self, db: &Db, mark: Mark, work: fn(&mut Tx<'_>, Reached) -> Result<Turn>) -> Result<Turn> {
        let token = self.0.clone();
        db.run_now(&Caller::system(NAME), move |tx| {
            match marks::lease(tx, mark, &token, LEASE_SECONDS)? {
                Some(reached) => work(tx, reached),
                None => Ok(Turn::Elsewhere),
            }
        })
    }
}
