//! What a closure of [`Db`](super::Db) works with: one connection, the caller, the time, and the record of what was done.

use super::{Clock, Conn, conn};
use crate::{
    audit,
    auth::Caller,
    error::Result,
    events::{self, Fact},
    kernel::{Time, ids::Id},
};

/// One connection for the time of one closure.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    caller: &'c Caller,
    clock: &'c dyn Clock,
    /// The moment the closure began.
    pub now: Time,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Conn, caller: &'c Caller, clock: &'c dyn Clock) -> Self {
        let now = clock.now();
        Self {
            conn,
            caller,
            clock,
            now,
        }
    }

    /// The connection, for [`on_each!`](crate::on_each).
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// Who asks.
    pub fn caller(&self) -> &'c Caller {
        self.caller
    }

    /// The present moment, later than [`Tx::now`] if a lock was waited for.
    pub fn moment(&self) -> Time {
        self.clock.now()
    }

    /// A new id.
    pub fn new_id<I: Id>(&self) -> I {
        I::at(self.now)
    }

    /// Records a fact: the event and the audit record, in this transaction.
    ///
    /// # Errors
    /// What the database reports.
    pub fn record(&mut self, fact: Fact) -> Result<()> {
        let event = events::queries::append(self, fact)?;
        audit::append(self, &event)
    }

    /// Runs `work` so that its failure undoes it alone: a savepoint.
    ///
    /// # Errors
    /// What `work` refuses.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let (caller, clock, now) = (self.caller, self.clock, self.now);
        conn::nested(self.conn, |conn| {
            work(&mut Tx {
                conn,
                caller,
                clock,
                now,
            })
        })
    }

    pub(super) fn in_snapshot<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let (caller, clock, now) = (self.caller, self.clock, self.now);
        conn::begin_snapshot(self.conn)?;
        conn::finish(self.conn, |conn| {
            work(&mut Tx {
                conn,
                caller,
                clock,
                now,
            })
        })
    }
}
