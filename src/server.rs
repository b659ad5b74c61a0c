//! The server: opens what it needs, listens, and ends in order.

use std::{fs::File, path::Path, sync::Arc, time::Duration};

use actix_web::{HttpServer, http::KeepAlive, rt::task::JoinHandle, web::Data};

use crate::{
    app::{self, Contract},
    auth::MasterSecret,
    cli,
    config::Config,
    db::{Db, Engine},
    demo,
    error::{Error, Result, codes},
    files::Sweeper,
    http::State,
    identity::{self, Identity},
    imports::jobs::{self as imports, Importer},
    jobs::Runner,
    mail::{self, Worker},
    modules::Module,
    usage,
    webhooks::{self, Dispatcher, SystemResolver},
};

/// How long requests that are under way may take after SIGTERM.
const DRAIN_SECONDS: u64 = 10;
/// How long the batches of jobs that are under way may take once the requests have ended.
const JOBS_END: Duration = Duration::from_secs(2);
/// The connections to PostgreSQL of the sequencer's own: one to give events their positions, and one to chain audit records.
const SEQUENCING: u32 = 2;
/// How often the upkeep runs.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);

/// Serves until it is told to end.
///
/// # Errors
/// What stands in the way of the start.
#[expect(
    clippy::print_stdout,
    reason = "the first start tells where it is and how to sign in, even when nothing is logged"
)]
pub fn run(config: Config, demo: bool) -> Result<()> {
    let _lock = lock(&config)?;
    let db = cli::open(&config)?;
    let done = db.migrate_up()?;
    if !done.is_empty() {
        log::info!("migrated: {}", done.join(", "));
    }
    let welcome = if demo {
        demo::load(&config)?
    } else {
        first_administrator(&db, &config)?
    };
    let secret = MasterSecret::load(&config)?;
    let identity = Identity::open(&db, &config, &secret)?;
    usage::settle(&db, config.retention)?;
    let config = Arc::new(config);
    let state = app::state(
        Contract::of(config.modules)?,
        config.clone(),
        db.clone(),
        secret.signer(),
        identity.clone(),
        Arc::new(identity.clone()),
    )?;
    let blocking = match db.engine() {
        Engine::Sqlite => 2,
        Engine::Postgres => usize::try_from(config.pool)
            .unwrap_or(8)
            .div_ceil(config.workers)
            .max(4),
    };
    let mailer = mail::mailer(&config)?;
    webhooks::take_over(&db)?;
    imports::take_over(&db)?;
    // Who reads the feed waits for the sequencer, and so it waits for no connection that requests have. SQLite has one writer.
    let sequencing = match db.engine() {
        Engine::Sqlite => db.clone(),
        Engine::Postgres => cli::open_with(&config, SEQUENCING)?,
    };
    let shared = state.clone();
    let server = HttpServer::new(move || app::app(shared.clone()))
        .workers(config.workers)
        .worker_max_blocking_threads(blocking)
        .keep_alive(KeepAlive::Timeout(Duration::from_secs(15)))
        .client_request_timeout(Duration::from_secs(5))
        .client_disconnect_timeout(Duration::from_secs(2))
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(config.bind)
        .map_err(|error| {
            Error::new(&codes::UNAVAILABLE).detail(format!(
                "Cannot listen on {}: {error}. Set OPENPRM_BIND to a free address and port.",
                config.bind
            ))
        })?;
    println!(
        "OpenPRM listens on http://{}\nSwagger UI:      http://{}/docs/",
        config.bind, config.bind
    );
    if let Some(welcome) = welcome {
        println!("\n{welcome}");
    }
    actix_web::rt::System::new().block_on(async move {
        let mail = actix_web::rt::spawn(Worker::new(&db, &secret, mailer).run());
        let sweeper = actix_web::rt::spawn(Sweeper::new(&db, &state.files).run());
        let jobs = Runner::start(&db, &sequencing, &state);
        let used = state.clone();
        let (stopper, waiting) = (jobs.stopper(), state.clone());
        let modules = state.contract.switches.modules();
        let hooks = modules.has(Module::Webhooks).then(|| {
            let hooks = Dispatcher::new(&state, Arc::new(SystemResolver)).run(stopper.subscribe());
            actix_web::rt::spawn(hooks)
        });
        let importing = modules
            .has(Module::Imports)
            .then(|| actix_web::rt::spawn(Importer::new(&state).run(stopper.subscribe())));
        // Jobs begin nothing more from the moment on at which requests are drained, so both end together; nor does anybody
        // wait for events any longer.
        let ending = actix_web::rt::spawn(async move {
            told_to_end().await;
            stopper.send_replace(true);
            waiting.tail.end();
        });
        let upkeep = actix_web::rt::spawn(upkeep(identity, state));
        let result = server.run().await;
        mail.abort();
        sweeper.abort();
        upkeep.abort();
        ending.abort();
        jobs.end(JOBS_END).await;
        if !ended(hooks).await {
            log::warn!("webhooks were still being sent at the end, and are sent again");
        }
        if !ended(importing).await {
            log::warn!("an import was still at work at the end, and goes on with its last batch");
        }
        // The last request has been answered: what is still counted in memory alone is written down.
        match tokio::time::timeout(JOBS_END, used.usage.flush(&db)).await {
            Ok(Ok(_rows)) => {}
            Ok(Err(error)) => log::warn!("the last counts of use are lost: {error}"),
            Err(_elapsed) => log::warn!("the last counts of use are lost: the database did not answer in time"),
        }
        result.map_err(Error::internal)
    })
}

/// Waits until what was begun in the background has ended, for a moment; says whether it has.
async fn ended(task: Option<JoinHandle<()>>) -> bool {
    match task {
        Some(task) => tokio::time::timeout(JOBS_END, task).await.is_ok(),
        None => true,
    }
}

/// Waits until somebody tells the server to end.
async fn told_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminated), Ok(mut quit)) = (signal(SignalKind::terminate()), signal(SignalKind::quit())) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
            _ = quit.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

fn first_administrator(db: &Db, config: &Config) -> Result<Option<String>> {
    let password = identity::create_first_admin(db, config)?;
    Ok(password.map(|password| {
        format!(
            "The first administrator is {} with the password {password}\n(shown this once).",
            config.admin_email
        )
    }))
}

/// What must be done now and then: keys that grow old, buckets that are full again.
async fn upkeep(identity: Identity, state: Data<State>) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        state.limiter.tidy();
        if let Err(error) = identity.upkeep().await {
            log::warn!("upkeep waits: {error}");
        }
    }
}

/// Takes the lock file beside an SQLite database, so that a second server on it does not start.
fn lock(config: &Config) -> Result<Option<File>> {
    if Engine::of(&config.database_url)? != Engine::Sqlite {
        return Ok(None);
    }
    let path = format!("{}.lock", config.database_url.trim_start_matches("sqlite://"));
    let refusal = |why: &dyn std::fmt::Display| {
        Error::new(&codes::UNAVAILABLE).detail(format!("The database cannot be locked by {path}: {why}. End the other server on it, or set DATABASE_URL to another file."))
    };
    let file = File::create(Path::new(&path)).map_err(|error| refusal(&error))?;
    file.try_lock().map_err(|error| refusal(&error))?;
    Ok(Some(file))
}
