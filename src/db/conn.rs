//! One connection to either engine.

use std::collections::BTreeSet;

use diesel::{
    QueryResult,
    connection::{
        AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, DefaultLoadingMode, Instrumentation,
        LoadConnection, SimpleConnection, TransactionManager as _,
    },
    expression::QueryMetadata,
    pg::PgConnection,
    query_builder::{Query as Asked, QueryFragment, QueryId},
    result::{ConnectionResult, Error::QueryBuilderError},
    sqlite::SqliteConnection,
};

use super::{
    engine::{Engine, Prepared, Query, Row, Rows, Walk},
    later::{self, Later},
};
use crate::{
    error::{Error, Result, codes},
    events::append_queries::Event,
};

/// A connection to one of the engines.
pub struct Conn {
    pub(super) own: Own,
    /// What is kept back, if the transaction gathers.
    later: Option<Later>,
    /// Whether something that was kept back could not be written: then nothing works until it is undone, as whoever caused the
    /// writing may pass over the failure.
    lacks: bool,
    /// What the rows have that the next statements are about, if they are about some rows alone.
    about: Option<BTreeSet<String>>,
}

/// Diesel's own connections.
pub(super) enum Own {
    /// Embedded.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// What both engines do alike.
macro_rules! either {
    ($conn:expr, |$own:ident| $does:expr) => {
        match &mut $conn.own {
            Own::Sqlite($own) => $does,
            Own::Postgres($own) => $does,
        }
    };
}

impl ConnectionSealed for Conn {}

impl SimpleConnection for Conn {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        either!(self, |own| own.batch_execute(sql))
    }
}

impl Connection for Conn {
    type Backend = Engine;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        let engine =
            Engine::of(url).map_err(|error| diesel::ConnectionError::InvalidConnectionUrl(error.to_string()))?;
        Self::open(engine, url)
    }

    fn execute_returning_count<T: QueryFragment<Engine> + QueryId>(&mut self, source: &T) -> QueryResult<usize> {
        self.execute_query(&Query(source))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        either!(self, |own| own.transaction_state())
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        either!(self, |own| own.instrumentation())
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        either!(self, |own| own.set_instrumentation(instrumentation));
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        either!(self, |own| own.set_prepared_statement_cache_size(size));
    }
}

impl LoadConnection for Conn {
    type Cursor<'conn, 'query> = Rows<'conn, 'query>;
    type Row<'conn, 'query> = Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Rows<'conn, 'query>>
    where
        T: Asked + QueryFragment<Engine> + QueryId + 'query,
        Engine: QueryMetadata<T::SqlType>,
    {
        self.load_query(&Query(&source))
    }
}

impl Conn {
    /// Which engine it is connected to.
    pub fn engine(&self) -> Engine {
        match self.own {
            Own::Sqlite(_) => Engine::Sqlite,
            Own::Postgres(_) => Engine::Postgres,
        }
    }

    /// Opens a connection.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes connections")]
    pub(super) fn open(engine: Engine, url: &str) -> ConnectionResult<Self> {
        let own = match engine {
            Engine::Sqlite => Own::Sqlite(SqliteConnection::establish(url)?),
            Engine::Postgres => Own::Postgres(PgConnection::establish(url)?),
        };
        Ok(Self {
            own,
            later: None,
            lacks: false,
            about: None,
        })
    }

    fn execute_query(&mut self, query: &Query<'_>) -> QueryResult<usize> {
        let query = Prepared::of(query, self.engine())?;
        self.execute_prepared(&query)
    }

    fn execute_prepared(&mut self, query: &Prepared) -> QueryResult<usize> {
        self.write_before(query)?;
        either!(self, |own| own.execute_returning_count(query))
    }

    /// Adds a row, or keeps it back.
    pub(super) fn add(&mut self, row: &dyn Walk) -> QueryResult<()> {
        let row = Prepared::of(&Query(row), self.engine())?;
        match &mut self.later {
            Some(later) if row.is_row() => later.add(row),
            _ => drop(self.execute_prepared(&row)?),
        }
        Ok(())
    }

    /// Tells of an event, or keeps it back.
    pub(super) fn tell(&mut self, event: Event) -> QueryResult<()> {
        match &mut self.later {
            Some(later) => {
                later.tell(event);
                Ok(())
            }
            None => Event::write(self, vec![event]),
        }
    }

    /// Adds rows of one kind together.
    ///
    /// # Errors
    /// What the database reports.
    pub fn insert_all<Q: Walk>(&mut self, rows: impl IntoIterator<Item = Q>) -> QueryResult<()> {
        let engine = self.engine();
        let rows = rows.into_iter().map(|row| Prepared::of(&Query(&row), engine));
        self.insert(&rows.collect::<QueryResult<Vec<_>>>()?)
    }

    /// Adds rows of one kind, a statement for some dozen.
    pub(super) fn insert(&mut self, rows: &[Prepared]) -> QueryResult<()> {
        let engine = self.engine();
        for portion in later::portions(rows) {
            self.execute_prepared(&Prepared::together(portion, engine))?;
        }
        Ok(())
    }

    /// Begins to keep back what is added; whether it did not before.
    pub(super) fn gather(&mut self) -> bool {
        let begins = self.later.is_none();
        self.later.get_or_insert_default();
        begins
    }

    /// Keeps nothing back any more; what was, is forgotten.
    pub(super) fn forget(&mut self) {
        self.later = None;
        self.lacks = false;
        self.about = None;
    }

    /// Writes what is kept back.
    pub(super) fn write_out(&mut self) -> QueryResult<()> {
        self.is_whole()?;
        let Some(later) = self.later.take() else { return Ok(()) };
        let written = later.write(self);
        self.gather();
        self.lacks = written.is_err();
        written
    }

    /// Writes what is kept back if that statement might miss it.
    fn write_before(&mut self, query: &Prepared) -> QueryResult<()> {
        self.is_whole()?;
        let about = self.about.as_ref();
        let Some(needed) = self.later.as_mut().and_then(|later| later.before(query.sql(), about)) else {
            return Ok(());
        };
        let rest = self.later.take();
        let written = needed.write(self);
        self.later = rest;
        self.lacks = written.is_err();
        written
    }

    /// Says what the next statements are about; what was said before.
    pub(super) fn set_about(&mut self, texts: Option<BTreeSet<String>>) -> Option<BTreeSet<String>> {
        std::mem::replace(&mut self.about, texts)
    }

    /// Fails once something that was kept back could not be written.
    fn is_whole(&self) -> QueryResult<()> {
        if self.lacks {
            return Err(QueryBuilderError("what was kept back could not be written".into()));
        }
        Ok(())
    }

    /// Changes a row where it differs, by the same statement with the row as it is and as it shall be; how many rows that changed. A
    /// change that is kept back counts as made: if the row is not as it was, that is told when the change is written.
    ///
    /// # Errors
    /// What the database reports.
    pub fn execute_change(&mut self, before: &dyn Walk, after: &dyn Walk) -> QueryResult<usize> {
        let engine = self.engine();
        let before = Prepared::of(&Query(before), engine)?;
        let change = Prepared::of(&Query(after), engine)?.without(&before, engine);
        let change = match &mut self.later {
            Some(later) if engine == Engine::Postgres && change.is_change() => later.change(change),
            _ => Some(change),
        };
        change.map_or(Ok(1), |change| self.execute_prepared(&change))
    }

    /// Changes rows of one kind, a statement for some dozen. Each is there as it was read, or nothing holds any more.
    pub(super) fn change(&mut self, changes: &[Prepared]) -> QueryResult<()> {
        for portion in later::portions(changes) {
            let made = self.execute_prepared(&Prepared::changed_together(portion))?;
            if made != portion.len() {
                return Err(QueryBuilderError("a row is not as it was when it was read".into()));
            }
        }
        Ok(())
    }

    fn load_query<'conn, 'query>(&'conn mut self, query: &Query<'_>) -> QueryResult<Rows<'conn, 'query>> {
        let query = Prepared::of(query, self.engine())?;
        self.write_before(&query)?;
        Ok(match &mut self.own {
            Own::Sqlite(own) => Rows::Sqlite(LoadConnection::<DefaultLoadingMode>::load(own, query)?),
            Own::Postgres(own) => Rows::Postgres(LoadConnection::<DefaultLoadingMode>::load(own, query)?),
        })
    }
}

/// Stores a row over the revision that it was read at: `revise!(tx, table, notes::revision, (before.id, before.revision),
/// &after)?`. A row that was changed meanwhile is refused with 412 `precondition_failed`.
///
/// With `&before => &after`, the row as it was read and as it shall be, only the columns that differ are named: for rows that
/// have many indexes, or that many others refer to.
#[macro_export]
macro_rules! revise {
    ($tx:expr, $table:expr, $column:expr, ($id:expr, $revision:expr), $row:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let saved = diesel::update($table.find($id).filter($column.eq($revision)))
            .set($row)
            .execute($tx.conn());
        $crate::db::revised(saved)
    }};
    ($tx:expr, $table:expr, $column:expr, ($id:expr, $revision:expr), $before:expr => $after:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _};
        let before = diesel::update($table.find($id).filter($column.eq($revision))).set($before);
        let after = diesel::update($table.find($id).filter($column.eq($revision))).set($after);
        $crate::db::revised($tx.conn().execute_change(&before, &after))
    }};
}

/// What [`revise!`] says of how many rows it stored.
///
/// # Errors
/// 412 `precondition_failed` if it was none; what the database reports.
pub fn revised(saved: QueryResult<usize>) -> Result<()> {
    match saved? {
        0 => Err(Error::new(&codes::PRECONDITION_FAILED)),
        _ => Ok(()),
    }
}

/// Removes a row at the revision that it was read at, in an attempt of its own: `remove!(tx, table, notes::revision,
/// (note.id, note.revision))?`. A row that was changed meanwhile is refused with 412 `precondition_failed`, one that something
/// names with 409 `in_use`.
#[macro_export]
macro_rules! remove {
    ($tx:expr, $table:expr, $column:expr, ($id:expr, $revision:expr)) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let removed =
            $tx.attempt(|tx| Ok(diesel::delete($table.find($id).filter($column.eq($revision))).execute(tx.conn())?));
        match removed {
            Ok(0) => Err($crate::error::Error::new(&$crate::error::codes::PRECONDITION_FAILED)),
            Ok(_) => Ok(()),
            Err(error) => Err($crate::error::Error::when(
                error,
                &$crate::error::codes::UNKNOWN_REFERENCE,
                || $crate::error::Error::new(&$crate::error::codes::IN_USE),
            )),
        }
    }};
}

type Manager = AnsiTransactionManager;

/// Begins a transaction that will write.
pub(super) fn begin(conn: &mut Conn) -> Result<()> {
    conn.forget();
    let begin = match conn.engine() {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    };
    Ok(Manager::begin_transaction_sql(conn, begin)?)
}

/// Begins a transaction that sees one state and writes nothing.
pub(super) fn begin_snapshot(conn: &mut Conn) -> Result<()> {
    let begin = match conn.engine() {
        Engine::Sqlite => "BEGIN",
        Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    Ok(Manager::begin_transaction_sql(conn, begin)?)
}

/// Begins a savepoint within a transaction.
pub(super) fn begin_nested(conn: &mut Conn) -> Result<()> {
    conn.write_out()?;
    Ok(Manager::begin_transaction(conn)?)
}

/// Commits the innermost transaction or savepoint.
pub(super) fn commit(conn: &mut Conn) -> Result<()> {
    Ok(Manager::commit_transaction(conn)?)
}

/// Undoes the innermost transaction or savepoint, and what is kept back, which is no older.
pub(super) fn roll_back(conn: &mut Conn) -> Result<()> {
    conn.forget();
    Ok(Manager::rollback_transaction(conn)?)
}

/// Undoes all savepoints, and if need be the transaction, until so many of them are left.
///
/// # Errors
/// What the database reports; `internal` if nobody knows any more how many there are.
pub(super) fn roll_back_to(conn: &mut Conn, depth: u32) -> Result<()> {
    while Manager::transaction_manager_status_mut(conn)
        .transaction_depth()?
        .is_some_and(|now| now.get() > depth)
    {
        roll_back(conn)?;
    }
    Ok(())
}

/// Whether a transaction that ought to be over is not, or nobody knows.
pub(super) fn is_broken(conn: &mut Conn) -> bool {
    <Manager as diesel::connection::TransactionManager<Conn>>::is_broken_transaction_manager(conn)
}

/// Runs `work` between `BEGIN` and `COMMIT`, and undoes it if it fails.
pub(super) fn transaction<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    begin(conn)?;
    finish(conn, work)
}

/// Runs `work` in a savepoint, and undoes it alone if it fails.
pub(super) fn nested<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    begin_nested(conn)?;
    finish(conn, work)
}

pub(super) fn finish<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let result = work(conn).and_then(|made| {
        conn.write_out()?;
        Ok(made)
    });
    settle(conn, result.is_ok())?;
    result
}

/// Commits what went well and undoes what did not.
fn settle(conn: &mut Conn, went_well: bool) -> Result<()> {
    if went_well {
        return commit(conn);
    }
    let gathers = conn.later.is_some();
    // The first failure is the one to tell; a connection that cannot even roll back is thrown away by the pool.
    if let Err(second) = roll_back(conn) {
        log::warn!("roll-back failed: {second}");
    }
    if gathers {
        conn.gather();
    }
    Ok(())
}
