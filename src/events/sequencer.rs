//! The sequencer: gives committed events their positions, and chains audit records. Of several instances one does it at a
//! time, under a lease of a few seconds that it renews with each batch; all of a batch is one transaction.

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
    db::{Db, Tx},
    error::Result,
};

/// Events and audit records in one transaction.
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

    /// Does what waits, at most one batch. An idle look is two reads of small indexes and writes nothing. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn turn(&self, db: &Db) -> Result<Turn> {
        let caller = Caller::system(NAME);
        if !db.ask_now(&caller, |tx| Ok(queries::waiting(tx)? || audit::waiting(tx)?))? {
            return Ok(Turn::Idle);
        }
        let token = self.0.clone();
        db.run_now(&caller, move |tx| {
            if !marks::lease(tx, Mark::EventSequencer, &token, LEASE_SECONDS)? {
                return Ok(Turn::Elsewhere);
            }
            Ok(Turn::Done {
                events: place(tx)?,
                records: audit::chain(tx, AT_ONCE)?,
            })
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
            marks::release(tx, Mark::EventSequencer, &token)
        })
    }
}

fn place(tx: &mut Tx<'_>) -> Result<i64> {
    let before = marks::hold(tx, Mark::EventSequencer)?;
    let (events, last) = queries::place(tx, before.position, AT_ONCE)?;
    if events > 0 {
        let reached = Reached {
            position: last,
            hash: None,
        };
        marks::advance(tx, Mark::EventSequencer, &reached)?;
    }
    Ok(events)
}
