//! Makes connections, with the settings each engine needs, and throws away those that broke.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use diesel::connection::SimpleConnection as _;

use super::{Conn, Engine, Settings, failure};
use crate::error::{Error, Result, codes};

/// What every PostgreSQL session is set to.
const POSTGRES_SESSION: &str = "SET TIME ZONE 'UTC'; SET statement_timeout = '5s'; SET lock_timeout = '3s'; \
    SET idle_in_transaction_session_timeout = '10s'; SET default_transaction_isolation = 'read committed';";

/// Long texts, the events above all, are compressed four times faster so, in about the same room. A server that is built without it,
/// or too old to know it, goes on as it is.
const POSTGRES_COMPRESSION: &str =
    "DO $$ BEGIN SET default_toast_compression = 'lz4'; EXCEPTION WHEN OTHERS THEN NULL; END $$";

/// What libpq is told unless the URL says otherwise: a dead server is noticed within seconds.
const POSTGRES_DEFAULTS: &[(&str, &str)] = &[
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "4000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "2"),
    ("application_name", "openprm"),
];

const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456;";

/// Makes connections for the pool.
#[derive(Debug, Clone)]
pub struct Manager {
    engine: Engine,
    url: String,
    durable: bool,
}

/// A pooled connection, and whether it must not be used again.
pub struct Link {
    pub conn: Conn,
    broken: bool,
    planned_at: Instant,
    plans_last: Duration,
}

/// How long the plans of a new connection last, and at most those of an older one.
const PLANS_LAST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

impl Link {
    const fn new(conn: Conn, now: Instant) -> Self {
        Self {
            conn,
            broken: false,
            planned_at: now,
            plans_last: PLANS_LAST.0,
        }
    }

    /// Lets PostgreSQL plan its prepared statements anew now and then. It plans each once, for the tables as they are, and keeps to
    /// that until they are analysed again, a minute later at the earliest: what was planned for a few rows reads a table from end
    /// to end while a first load fills it, and every call takes longer than the one before.
    pub fn plan_anew(&mut self) {
        if self.conn.engine() == Engine::Sqlite || self.planned_at.elapsed() < self.plans_last {
            return;
        }
        self.planned_at = Instant::now();
        self.plans_last = PLANS_LAST.1.min(self.plans_last.saturating_mul(2));
        if let Err(error) = self.conn.batch_execute("DISCARD PLANS") {
            // Whoever uses it next is told.
            log::debug!("plans were not discarded: {error}");
        }
    }

    /// Remembers whether the failure shows that the connection is lost.
    pub fn judge(&mut self, failure: Option<&Error>) {
        if let Some(error) = failure {
            self.broken |= error.code().status >= 500;
        }
    }
}

impl Manager {
    pub fn new(engine: Engine, settings: &Settings) -> Self {
        let url = match engine {
            Engine::Sqlite => settings.url.trim_start_matches("sqlite://").to_owned(),
            Engine::Postgres => with_defaults(&settings.url),
        };
        Self {
            engine,
            url,
            durable: settings.durable,
        }
    }

    /// The one SQLite connection that writes; makes the file if there is none.
    pub fn writing(&self) -> Result<Conn> {
        if let Some(folder) = Path::new(&self.url)
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        {
            return Err(Error::new(&codes::UNAVAILABLE).detail(format!(
                "The folder of the database does not exist: {}; make it or change DATABASE_URL.",
                folder.display()
            )));
        }
        let mut conn = Conn::open(self.engine, &self.url).map_err(|error| failure::unreachable(&error))?;
        conn.batch_execute(SQLITE_SESSION)?;
        conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000;")?;
        conn.batch_execute(if self.durable {
            "PRAGMA synchronous = FULL;"
        } else {
            "PRAGMA synchronous = OFF;"
        })?;
        Ok(conn)
    }
}

/// The file as SQLite takes it if it is to be opened where it is there, and not made: that is the writer's.
fn existing(path: &str) -> String {
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?mode=rw")
}

/// The URL with every default that it does not set itself.
fn with_defaults(url: &str) -> String {
    let mut full = url.to_owned();
    for (name, value) in POSTGRES_DEFAULTS {
        if !url.contains(&format!("{name}=")) {
            full.push(if full.contains('?') { '&' } else { '?' });
            full.extend([name, "=", value]);
        }
    }
    full
}

impl diesel::r2d2::ManageConnection for Manager {
    type Connection = Link;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> std::result::Result<Link, Self::Error> {
        let url = match self.engine {
            Engine::Sqlite => existing(&self.url),
            Engine::Postgres => self.url.clone(),
        };
        let mut conn = Conn::open(self.engine, &url).map_err(diesel::r2d2::Error::ConnectionError)?;
        let settled = match self.engine {
            Engine::Sqlite => conn
                .batch_execute(SQLITE_SESSION)
                .and_then(|()| conn.batch_execute("PRAGMA query_only = ON;")),
            Engine::Postgres => conn
                .batch_execute(POSTGRES_SESSION)
                .and_then(|()| conn.batch_execute(POSTGRES_COMPRESSION))
                .and_then(|()| {
                    conn.batch_execute(if self.durable {
                        "SET synchronous_commit = on"
                    } else {
                        "SET synchronous_commit = off"
                    })
                }),
        };
        settled.map_err(diesel::r2d2::Error::QueryError)?;
        Ok(Link::new(conn, Instant::now()))
    }

    fn is_valid(&self, link: &mut Link) -> std::result::Result<(), Self::Error> {
        link.conn
            .batch_execute("SELECT 1")
            .map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.broken || std::thread::panicking()
    }
}

#[cfg(test)]
mod tests {
    use super::with_defaults;

    #[test]
    fn what_the_url_says_wins() {
        let url = with_defaults("postgres://u@h/d?connect_timeout=9");
        assert!(url.contains("connect_timeout=9&") && !url.contains("connect_timeout=3"));
        assert!(url.contains("keepalives_idle=5"));
    }
}
