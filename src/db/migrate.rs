//! Migrations: shared ones, and a few for what one engine alone can do, run together in the order of their numbers.

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, Db, Engine, conn::Own};
use crate::{
    auth::Caller,
    custom_fields,
    error::{Error, Result},
};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations/shared");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The shared migrations and one engine's own.
struct Both(EmbeddedMigrations, EmbeddedMigrations);

impl<DB: diesel::backend::Backend> MigrationSource<DB> for Both
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<DB>>>> {
        let mut all = self.0.migrations()?;
        all.extend(self.1.migrations()?);
        Ok(all)
    }
}

/// The migration whose table the program fills, because the values are folded and SQL cannot say how.
const CUSTOM_VALUES: &str = "0360";

fn up(conn: &mut Conn) -> Result<Vec<String>> {
    match &mut conn.own {
        Own::Sqlite(c) => names(c.run_pending_migrations(Both(SHARED, SQLITE))),
        Own::Postgres(c) => {
            use diesel::connection::SimpleConnection as _;
            // Two instances that start together must not migrate at once; the lock ends with the transaction.
            c.batch_execute(
                "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7236410905)",
            )?;
            names(c.run_pending_migrations(Both(SHARED, POSTGRES)))
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("migration: {error}"))
}

impl Db {
    fn migrating<T: Send + 'static>(&self, work: fn(&mut Conn) -> Result<T>) -> Result<T> {
        self.run_now(&Caller::system("migrations"), move |tx| work(tx.conn()))
    }
}

/// A migration and whether it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its number.
    pub version: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Db {
    /// Runs every migration that the database lacks; tells their numbers.
    ///
    /// # Errors
    /// What the database reports.
    pub fn migrate_up(&self) -> Result<Vec<String>> {
        self.run_now(&Caller::system("migrations"), |tx| {
            let done = up(tx.conn())?;
            if done.iter().any(|number| number == CUSTOM_VALUES) {
                custom_fields::fill(tx)?;
            }
            Ok(done)
        })
    }

    /// Undoes the newest migration; tells its number.
    ///
    /// # Errors
    /// What the database reports.
    pub fn migrate_down(&self) -> Result<String> {
        self.migrating(|conn| match &mut conn.own {
            Own::Sqlite(c) => c
                .revert_last_migration(Both(SHARED, SQLITE))
                .map(|version| version.to_string())
                .map_err(|error| failed(&error)),
            Own::Postgres(c) => c
                .revert_last_migration(Both(SHARED, POSTGRES))
                .map(|version| version.to_string())
                .map_err(|error| failed(&error)),
        })
    }

    /// Every migration there is, oldest first.
    ///
    /// # Errors
    /// What the database reports.
    pub fn migrations(&self) -> Result<Vec<State>> {
        self.migrating(|conn| match &mut conn.own {
            Own::Sqlite(c) => states::<Sqlite>(c),
            Own::Postgres(c) => states::<Pg>(c),
        })
    }
}

fn names(done: diesel::migration::Result<Vec<diesel::migration::MigrationVersion<'_>>>) -> Result<Vec<String>> {
    Ok(done
        .map_err(|error| failed(&error))?
        .iter()
        .map(ToString::to_string)
        .collect())
}

fn states<DB: Kind>(conn: &mut impl MigrationHarness<DB>) -> Result<Vec<State>> {
    let applied: Vec<String> = conn
        .applied_migrations()
        .map_err(|error| failed(&error))?
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut all: Vec<State> = DB::all()
        .map_err(|error| failed(&error))?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .map(|version| State {
            applied: applied.contains(&version),
            version,
        })
        .collect();
    all.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(all)
}

/// The migrations of an engine.
trait Kind: diesel::backend::Backend {
    fn all() -> diesel::migration::Result<Vec<Box<dyn Migration<Self>>>>;
}

impl Kind for Sqlite {
    fn all() -> diesel::migration::Result<Vec<Box<dyn Migration<Self>>>> {
        Both(SHARED, SQLITE).migrations()
    }
}

impl Kind for Pg {
    fn all() -> diesel::migration::Result<Vec<Box<dyn Migration<Self>>>> {
        Both(SHARED, POSTGRES).migrations()
    }
}

/// How many migrations the database lacks, by one indexed read.
///
/// # Errors
/// What the database reports.
pub fn pending(tx: &mut super::Tx<'_>) -> Result<usize> {
    use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::BigInt};
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        applied: i64,
    }
    let counted: Count =
        sql_query("SELECT count(*) AS applied FROM __diesel_schema_migrations").get_result(tx.conn())?;
    let known = match tx.conn().engine() {
        Engine::Sqlite => Sqlite::all().map_err(|error| failed(&error))?.len(),
        Engine::Postgres => Pg::all().map_err(|error| failed(&error))?.len(),
    };
    Ok(known.saturating_sub(usize::try_from(counted.applied).unwrap_or(0)))
}
