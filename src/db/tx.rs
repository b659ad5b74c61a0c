//! What a closure of [`Db`](super::Db) works with: one connection, the caller, the time, and the record of what was done.

use std::{any::Any, sync::Arc};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _,
    query_builder::QueryFragment,
    sql_query,
    sql_types::{BigInt, Text},
};

use super::{Clock, Conn, Engine, Lock, conn, kept::Kept};
use crate::{
    auth::Caller,
    error::Result,
    events::{Fact, append_queries::Event},
    kernel::{Time, ids::Id},
};

#[derive(QueryableByName)]
struct Moment {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

fn key((id, revision, written_at): (impl Id, i64, Time)) -> String {
    format!("{id}/{revision}@{}", written_at.micros())
}

/// One connection for the time of one closure.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    caller: &'c Caller,
    clock: &'c dyn Clock,
    kept: &'c Kept,
    /// The moment the closure began.
    pub now: Time,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Conn, caller: &'c Caller, clock: &'c dyn Clock, kept: &'c Kept) -> Self {
        let now = clock.now();
        Self {
            conn,
            caller,
            clock,
            kept,
            now,
        }
    }

    /// The connection, for queries: `deals::table.find(id).first(tx.conn())`.
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// The engine that it is on.
    pub fn engine(&self) -> Engine {
        self.conn.engine()
    }

    /// Who asks.
    pub fn caller(&self) -> &'c Caller {
        self.caller
    }

    /// The present moment, later than [`Tx::now`] if a lock was waited for.
    pub fn moment(&self) -> Time {
        self.clock.now()
    }

    /// The present moment as all instances agree on it: the database's own on PostgreSQL, the clock's elsewhere. For leases,
    /// which must not depend on how well the clocks of several machines agree.
    ///
    /// # Errors
    /// What the database reports.
    pub fn agreed_moment(&mut self) -> Result<Time> {
        match self.conn.engine() {
            Engine::Sqlite => Ok(self.clock.now()),
            Engine::Postgres => {
                let told: Moment =
                    sql_query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros")
                        .get_result(self.conn)?;
                Ok(Time::from_micros(told.micros))
            }
        }
    }

    /// Holds rows until the transaction ends, to be read or counted next: `tx.hold(Lock::Update, deals::table.find(id).select(…))`.
    /// SQLite has one writer, who holds everything, so nothing is asked there.
    ///
    /// # Errors
    /// What the database reports.
    pub fn hold(&mut self, lock: Lock, rows: impl QueryFragment<Engine>) -> Result<()> {
        if self.engine() == Engine::Postgres {
            lock.on(rows).execute(self.conn)?;
        }
        Ok(())
    }

    /// Waits until nobody else is at the matter of that name, and keeps it until the transaction ends. For what no row stands for
    /// yet; SQLite has one writer anyway.
    ///
    /// # Errors
    /// What the database reports.
    pub fn in_turn(&mut self, matter: &str) -> Result<()> {
        if self.engine() == Engine::Postgres {
            sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind::<Text, _>(matter)
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Has PostgreSQL find what is asked for in the rest of the transaction by indexes, and plan each statement once: for work on many
    /// rows that are named by keys. It plans by what it saw of a table when it last analysed it; while tables are filled it takes them
    /// for small, goes through all of their rows, and takes longer with each. And where a plan for the values at hand promises a little
    /// more it plans anew each time, which takes longer than to find a few rows. SQLite always looks for indexes, and plans once.
    ///
    /// Nothing is compiled, as PostgreSQL would where a table has no index and the plan therefore counts as dear. All that holds for
    /// transactions: a read has one if it is of a snapshot.
    ///
    /// # Errors
    /// What the database reports.
    pub fn by_index(&mut self) -> Result<()> {
        if self.engine() == Engine::Postgres {
            self.conn.batch_execute(
                "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; \
                 SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off",
            )?;
        }
        Ok(())
    }

    /// Gives each statement of this transaction so many seconds instead of the few that a request has: for background work.
    /// SQLite knows no such limit.
    ///
    /// # Errors
    /// What the database reports.
    pub fn take_seconds(&mut self, seconds: u16) -> Result<()> {
        if self.engine() == Engine::Postgres {
            self.conn
                .batch_execute(&format!("SET LOCAL statement_timeout = '{seconds}s'"))?;
        }
        Ok(())
    }

    /// Keeps what was made of a row in a revision (its id, the revision, when that was written), for whoever asks for it next.
    /// What was written at this moment or later is not kept: this very transaction may have written it, and be undone.
    pub fn keep<T: Any + Send + Sync>(&self, revision: (impl Id, i64, Time), thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        if revision.2 < self.now {
            self.kept.put(key(revision), thing.clone());
        }
        thing
    }

    /// What [`Tx::keep`] has kept of a row in that revision.
    pub fn kept<T: Any + Send + Sync>(&self, revision: (impl Id, i64, Time)) -> Option<Arc<T>> {
        self.kept.get(&key(revision)).filter(|_| revision.2 < self.now)
    }

    /// A new id.
    pub fn new_id<I: Id>(&self) -> I {
        I::at(self.now)
    }

    /// Records a fact, of a type in the [catalogue](crate::events::catalogue): the event and the audit record, in this transaction. What
    /// is linked with other systems waits to be pushed since.
    ///
    /// # Errors
    /// What the database reports.
    pub fn record(&mut self, fact: Fact) -> Result<()> {
        debug_assert!(fact.is_catalogued(), "the catalogue of events does not have {fact:?}");
        let event = Event::of(self, fact)?;
        Ok(self.conn.tell(event)?)
    }

    /// Adds a row: `tx.add(diesel::insert_into(notes::table).values(&row))?`, now, or with others of its kind where the work
    /// gathers. That it cannot be added is told then.
    ///
    /// # Errors
    /// What the database reports.
    pub fn add(&mut self, row: impl QueryFragment<Engine>) -> Result<()> {
        Ok(self.conn.add(&row)?)
    }

    /// Runs `work` so that rows that it adds and events that it records are kept back, and written together: for work on many
    /// records. Nothing that reads them misses them. A failure need not be that of the record that it comes at, and leaves some
    /// undone: whoever calls undoes the rest.
    ///
    /// # Errors
    /// What `work` refuses, and what the database reports of what was kept back.
    pub fn gathering<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        if !self.conn.gather() {
            return work(self);
        }
        let made = work(self).and_then(|made| {
            self.conn.write_out()?;
            Ok(made)
        });
        self.conn.forget();
        made
    }

    /// Runs what asks only for rows that have one of those ids in a column, or belong to such a row: what is kept back and has none of
    /// them is not written for it.
    ///
    /// # Errors
    /// What `ask` refuses.
    pub fn about<T>(
        &mut self,
        ids: impl IntoIterator<Item = impl Id>,
        ask: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let texts = ids.into_iter().map(|id| id.to_string()).collect();
        let before = self.conn.set_about(Some(texts));
        let found = ask(self);
        self.conn.set_about(before);
        found
    }

    /// Runs `work` so that its failure undoes it alone: a savepoint.
    ///
    /// # Errors
    /// What `work` refuses.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let (caller, clock, kept, now) = (self.caller, self.clock, self.kept, self.now);
        conn::nested(self.conn, |conn| {
            work(&mut Tx {
                conn,
                caller,
                clock,
                kept,
                now,
            })
        })
    }

    pub(super) fn in_snapshot<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let (caller, clock, kept, now) = (self.caller, self.clock, self.kept, self.now);
        conn::begin_snapshot(self.conn)?;
        conn::finish(self.conn, |conn| {
            work(&mut Tx {
                conn,
                caller,
                clock,
                kept,
                now,
            })
        })
    }
}
