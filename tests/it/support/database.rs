//! A database for one test: a copy of a migrated one, gone with the test.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use openprm::db::{Db, Engine, Settings, SystemClock};

static NEXT: AtomicU64 = AtomicU64::new(0);

fn unique() -> String {
    format!(
        "openprm_test_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::SeqCst)
    )
}

/// A database that goes when it is dropped.
pub struct Database {
    pub settings: Settings,
    drop: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(drop) = self.drop.take() {
            drop();
        }
    }
}

impl Database {
    pub fn new(engine: Engine) -> Self {
        static SQLITE: OnceLock<Template> = OnceLock::new();
        static POSTGRES: OnceLock<Template> = OnceLock::new();
        let template = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        template.get_or_init(|| migrated(engine)).copy()
    }

    /// A database without any table.
    pub fn empty(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => file(),
            Engine::Postgres => server_database(None),
        }
    }
}

fn settings(url: String) -> Settings {
    Settings {
        url,
        pool: 4,
        durable: false,
    }
}

fn folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn file() -> Database {
    let path = folder().join(unique()).with_extension("db");
    let gone = path.clone();
    Database {
        settings: settings(format!("sqlite://{}", path.display())),
        drop: Some(Box::new(move || {
            for suffix in ["", "-wal", "-shm", ".lock"] {
                drop(std::fs::remove_file(format!("{}{suffix}", gone.display())));
            }
        })),
    }
}

/// The schema, which every test begins with.
fn migrated(engine: Engine) -> Template {
    let database = Database::empty(engine);
    let db = Db::open(&database.settings, Arc::new(SystemClock)).unwrap();
    db.migrate_up().unwrap();
    drop(db);
    Template::of(database)
}

/// A database that others begin as copies of. It stays until the process ends; the cluster of `./scripts/test` goes as a whole.
pub enum Template {
    Sqlite(Vec<u8>),
    Postgres(String),
}

impl Template {
    /// What the database holds now. Nobody may be at it any more.
    pub fn of(mut database: Database) -> Self {
        let url = database.settings.url.clone();
        if let Some(path) = url.strip_prefix("sqlite://") {
            checkpoint(diesel::SqliteConnection::establish(path).unwrap());
            return Self::Sqlite(std::fs::read(path).unwrap());
        }
        database.drop = None;
        let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        // Connections of a pool close in the background.
        administer(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ));
        Self::Postgres(name.to_owned())
    }

    /// A database of one's own that begins as this one.
    pub fn copy(&self) -> Database {
        match self {
            Self::Sqlite(content) => {
                let database = file();
                std::fs::write(database.settings.url.trim_start_matches("sqlite://"), content).unwrap();
                database
            }
            Self::Postgres(name) => server_database(Some(name)),
        }
    }
}

/// Moves what is in the log into the file, so that the file alone is the database.
fn checkpoint(mut connection: diesel::SqliteConnection) {
    use diesel::connection::SimpleConnection as _;
    // The writer's thread may still hold the file for a moment.
    for _ in 0..100 {
        if connection
            .batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
            .is_ok()
        {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the template cannot be checkpointed");
}

/// The server that `./scripts/test` started, or that the environment names.
fn server() -> String {
    std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_unset| {
        panic!("TEST_POSTGRES_URL is not set: run ./scripts/test, which starts PostgreSQL, or name a server whose user may create databases")
    })
}

fn url_of(database: &str) -> String {
    let server = server();
    let (address, query) = server
        .split_once('?')
        .map_or((server.as_str(), String::new()), |(address, query)| {
            (address, format!("?{query}"))
        });
    let base = address.rfind('/').map_or(address, |slash| &address[..slash]);
    format!("{base}/{database}{query}")
}

fn administer(sql: &str) {
    // One at a time: two copies of one template cannot be made at once.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut connection =
        PgConnection::establish(&server()).unwrap_or_else(|error| panic!("PostgreSQL cannot be reached: {error}"));
    diesel::sql_query(sql)
        .execute(&mut connection)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn server_database(template: Option<&str>) -> Database {
    let name = unique();
    let from = template.unwrap_or("template0");
    administer(&format!("CREATE DATABASE {name} TEMPLATE {from} STRATEGY file_copy"));
    let gone = name.clone();
    Database {
        settings: settings(url_of(&name)),
        drop: Some(Box::new(move || {
            administer(&format!("DROP DATABASE IF EXISTS {gone} WITH (FORCE)"));
        })),
    }
}
