//! A database for a benchmark, on either engine: made when it begins, gone when it ends.

use std::sync::Arc;

use diesel::{Connection as _, connection::SimpleConnection as _};
use openprm::{
    auth::Caller,
    db::{Db, Engine, Settings, SystemClock},
};

/// The engines to measure on: none unless `cargo bench` asks, which says `--bench`; `cargo test --benches` only wants to know that it
/// builds.
pub fn engines() -> Vec<Engine> {
    if std::env::args().any(|argument| argument == "--bench") {
        vec![Engine::Sqlite, Engine::Postgres]
    } else {
        println!("Nothing is measured without --bench.");
        Vec::new()
    }
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.replace('_', "").parse().ok())
        .unwrap_or(default)
}

/// A database that is removed with it.
pub struct Store {
    pub db: Db,
    pub url: String,
    end: Option<Box<dyn FnOnce()>>,
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

fn named(engine: Engine) -> (String, Box<dyn FnOnce()>) {
    let name = format!("openprm_bench_{}", std::process::id());
    match engine {
        Engine::Sqlite => {
            let path = std::env::temp_dir().join(name).with_extension("db");
            let url = format!("sqlite://{}", path.display());
            (
                url,
                Box::new(move || {
                    for end in ["", "-wal", "-shm", ".lock"] {
                        drop(std::fs::remove_file(format!("{}{end}", path.display())));
                    }
                }),
            )
        }
        Engine::Postgres => {
            let server = std::env::var("TEST_POSTGRES_URL")
                .expect("TEST_POSTGRES_URL: run ./scripts/bench, which starts PostgreSQL");
            let administer = |server: &str, sql: &str| {
                let mut server = diesel::PgConnection::establish(server).unwrap();
                server.batch_execute(sql).unwrap();
            };
            administer(&server, &format!("CREATE DATABASE {name}"));
            let (address, query) = server
                .split_once('?')
                .map_or((server.as_str(), String::new()), |(address, query)| {
                    (address, format!("?{query}"))
                });
            let url = format!("{}/{name}{query}", address.rsplit_once('/').unwrap().0);
            (
                url,
                Box::new(move || administer(&server, &format!("DROP DATABASE {name} WITH (FORCE)"))),
            )
        }
    }
}

/// A new database, migrated, with durable writes.
pub fn database(engine: Engine) -> Store {
    let (url, end) = named(engine);
    let settings = Settings {
        url: url.clone(),
        pool: 4,
        durable: true,
    };
    let db = Db::open(&settings, Arc::new(SystemClock)).unwrap();
    db.migrate_up().unwrap();
    Store {
        db,
        url,
        end: Some(end),
    }
}

/// Runs a statement, which may take longer than a request may.
pub fn run(store: &Store, statement: &str) {
    let statement = statement.to_owned();
    store
        .db
        .run_now(&Caller::system("bench"), move |tx| {
            if tx.engine() == Engine::Postgres {
                tx.conn().batch_execute("SET LOCAL statement_timeout = 0")?;
            }
            Ok(tx.conn().batch_execute(&statement)?)
        })
        .unwrap();
}
