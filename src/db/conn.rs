//! One connection to either engine. Every query is written once, inside [`on_each!`](crate::on_each),
//! which checks it natively against both.

use diesel::{
    Connection as _,
    connection::{AnsiTransactionManager, TransactionManager as _},
    pg::PgConnection,
    sqlite::SqliteConnection,
};

use super::lean::Lean;
use crate::error::{Error, Result, codes};

/// A connection to one of the engines.
pub enum Conn {
    /// Embedded.
    Sqlite(Lean<SqliteConnection>),
    /// A server.
    Postgres(Lean<PgConnection>),
}

/// The engine behind a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// The engine that the URL's scheme names.
    ///
    /// # Errors
    /// `unavailable` with what a URL looks like.
    pub fn of(url: &str) -> Result<Self> {
        if url.starts_with("sqlite://") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else {
            Err(Error::new(&codes::UNAVAILABLE)
                .detail("DATABASE_URL must begin with sqlite:// or postgres://, as in sqlite://openprm.db."))
        }
    }
}

/// Runs one query on whichever engine the transaction is on; the query is type-checked for both.
/// `on_each!(tx, |c| deals::table.find(id).first::<Row>(c))`
#[macro_export]
macro_rules! on_each {
    ($tx:expr, |$c:ident| $query:expr) => {
        match $tx.conn() {
            $crate::db::Conn::Sqlite($c) => $query,
            $crate::db::Conn::Postgres($c) => $query,
        }
    };
}

/// Stores a row over the revision that it was read at: `revise!(tx, table, notes::revision, (before.id, before.revision),
/// &after)?`. A row that was changed meanwhile is refused with 412 `precondition_failed`.
#[macro_export]
macro_rules! revise {
    ($tx:expr, $table:expr, $column:expr, ($id:expr, $revision:expr), $row:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let saved = $crate::on_each!($tx, |c| diesel::update($table.find($id).filter($column.eq($revision)))
            .set($row)
            .execute(c));
        match saved {
            Ok(0) => Err($crate::error::Error::new(&$crate::error::codes::PRECONDITION_FAILED)),
            Ok(_) => Ok(()),
            Err(error) => Err($crate::error::Error::from(error)),
        }
    }};
}

/// Removes a row at the revision that it was read at, in an attempt of its own: `remove!(tx, table, notes::revision,
/// (note.id, note.revision))?`. A row that was changed meanwhile is refused with 412 `precondition_failed`, one that something
/// names with 409 `in_use`.
#[macro_export]
macro_rules! remove {
    ($tx:expr, $table:expr, $column:expr, ($id:expr, $revision:expr)) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let removed = $tx.attempt(|tx| {
            Ok($crate::on_each!(tx, |c| diesel::delete(
                $table.find($id).filter($column.eq($revision))
            )
            .execute(c))?)
        });
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
    match conn {
        Conn::Sqlite(c) => Manager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        Conn::Postgres(c) => Manager::begin_transaction_sql(c, "BEGIN")?,
    }
    Ok(())
}

/// Begins a transaction that sees one state and writes nothing.
pub(super) fn begin_snapshot(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => Manager::begin_transaction_sql(c, "BEGIN")?,
        Conn::Postgres(c) => Manager::begin_transaction_sql(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
    }
    Ok(())
}

/// Begins a savepoint within a transaction.
pub(super) fn begin_nested(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => Manager::begin_transaction(c)?,
        Conn::Postgres(c) => Manager::begin_transaction(c)?,
    }
    Ok(())
}

/// Commits the innermost transaction or savepoint.
pub(super) fn commit(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => Manager::commit_transaction(c)?,
        Conn::Postgres(c) => Manager::commit_transaction(c)?,
    }
    Ok(())
}

/// Undoes the innermost transaction or savepoint.
pub(super) fn roll_back(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => Manager::rollback_transaction(c)?,
        Conn::Postgres(c) => Manager::rollback_transaction(c)?,
    }
    Ok(())
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
    let result = work(conn);
    settle(conn, result.is_ok())?;
    result
}

/// Commits what went well and undoes what did not.
fn settle(conn: &mut Conn, went_well: bool) -> Result<()> {
    if went_well {
        return commit(conn);
    }
    // The first failure is the one to tell; a connection that cannot even roll back is thrown away by the pool.
    if let Err(second) = roll_back(conn) {
        log::warn!("roll-back failed: {second}");
    }
    Ok(())
}

impl Conn {
    /// Runs several statements that answer nothing.
    pub(super) fn batch(&mut self, sql: &str) -> diesel::QueryResult<()> {
        use diesel::connection::SimpleConnection as _;
        match self {
            Self::Sqlite(c) => c.batch_execute(sql),
            Self::Postgres(c) => c.batch_execute(sql),
        }
    }

    /// Opens a connection by the URL's scheme.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes connections")]
    pub(super) fn open(engine: Engine, url: &str) -> diesel::ConnectionResult<Self> {
        match engine {
            Engine::Sqlite => Lean::establish(url).map(Self::Sqlite),
            Engine::Postgres => Lean::establish(url).map(Self::Postgres),
        }
    }
}
