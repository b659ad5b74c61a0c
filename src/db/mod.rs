//! The data layer. `Db` has the only verbs there are; nobody else opens connections or transactions,
//! so nothing can be half-written.
//!
//! - [`Db::read`] runs a closure outside the event loop, one statement in autocommit; [`Db::snapshot`] is for more than one.
//! - [`Db::write`] runs a closure in a transaction, together with its idempotency record, events and audit records.
//! - The blocking forms (`*_now`) are for the command line and for background work.

mod among;
mod clause;
mod conn;
pub mod engine;
pub mod failure;
mod kept;
mod later;
mod manager;
pub mod migrate;
mod total;
mod tx;
mod writer;

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Duration,
};

pub use among::among;
pub use clause::{Bind, Bound, Clause, Sorted, Statement};
pub use conn::{Conn, revised};
pub use engine::{Engine, Lock};
use manager::Manager;
pub use total::Counted;
pub use tx::Tx;
use writer::Writer;

use crate::{
    auth::{Caller, Request},
    error::{Error, Result, codes},
    http::{Answer, NoContent, Rendered, Sent, idempotency},
    kernel::Time,
};

/// Where the time comes from. The server's own is [`SystemClock`]; tests bring theirs.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Time {
        Time::from_micros(chrono::Utc::now().timestamp_micros())
    }
}

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite://openprm.db` or `postgres://…`.
    pub url: String,
    /// Connections for reads (and, on PostgreSQL, for writes).
    pub pool: u32,
    /// Whether a committed write survives the loss of power. Off only for tests.
    pub durable: bool,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    engine: Engine,
    url: String,
    pool: diesel::r2d2::Pool<Manager>,
    writer: Option<Writer>,
    clock: Arc<dyn Clock>,
    kept: Arc<kept::Kept>,
    waiting: tokio::sync::Semaphore,
}

/// What a closure made, without its type. Everything below the verbs of [`Db`] is made once for all closures and results:
/// made for each of the many hundred, it was an eighth of the program's code and of the time to compile it.
type Made = Box<dyn Any + Send>;
/// A read without the type of its result.
type Reading = Box<dyn FnOnce(&mut Tx<'_>) -> Result<Made> + Send>;
/// A write without the type of its result; it may run again.
type Writing = Box<dyn Fn(&mut Tx<'_>) -> Result<Made> + Send + Sync>;

fn reading<T: Send + 'static>(work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Reading {
    Box::new(move |tx| {
        let made: Made = Box::new(work(tx)?);
        Ok(made)
    })
}

fn writing<T: Send + 'static>(work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> Writing {
    Box::new(move |tx| {
        let made: Made = Box::new(work(tx)?);
        Ok(made)
    })
}

/// What was made, with its type again.
fn typed<T: 'static>(made: Made) -> Result<T> {
    match made.downcast() {
        Ok(made) => Ok(*made),
        Err(_other) => Err(Error::internal("a closure of another type was answered")),
    }
}

/// A read that ends in an answer.
type Answering = Box<dyn FnOnce(&mut Tx<'_>, &Request) -> Result<Rendered> + Send>;

/// A write that ends in an answer, or in a refusal that leaves something behind.
type Settling = Box<dyn Fn(&mut Tx<'_>, &Request) -> Result<Result<Rendered>> + Send + Sync>;

fn answering<A: Answer>(work: impl FnOnce(&mut Tx<'_>) -> Result<A> + Send + 'static) -> Answering {
    Box::new(move |tx, request| work(tx)?.render(request))
}

type Pooled = diesel::r2d2::PooledConnection<Manager>;

impl Db {
    /// Opens the database; the schema is left as it is.
    ///
    /// # Errors
    /// `unavailable` if it cannot be reached, with a cause that says why.
    pub fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let engine = Engine::of(&settings.url)?;
        let manager = Manager::new(engine, settings);
        let kept = Arc::default();
        let writer = match engine {
            Engine::Sqlite => Some(Writer::start(manager.clone(), clock.clone(), Arc::clone(&kept))?),
            Engine::Postgres => None,
        };
        let pool = diesel::r2d2::Pool::builder()
            .max_size(settings.pool)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .max_lifetime(Some(Duration::from_secs(30 * 60)))
            .connection_timeout(Duration::from_secs(3))
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build(manager)
            .map_err(|error| failure::unreachable(&error))?;
        let room = usize::try_from(settings.pool).unwrap_or(8).saturating_mul(64);
        Ok(Self(Arc::new(Inner {
            engine,
            url: settings.url.clone(),
            pool,
            writer,
            clock,
            kept,
            waiting: tokio::sync::Semaphore::new(room),
        })))
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// The present moment by the injected clock.
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// Answers from one statement.
    ///
    /// # Errors
    /// What `work` refuses, or `unavailable`.
    pub async fn read<A, F>(&self, caller: &Caller, work: F) -> Result<Sent<A>>
    where
        A: Answer,
        F: FnOnce(&mut Tx<'_>) -> Result<A> + Send + 'static,
    {
        self.read_rendered(caller, answering(work)).await.map(Sent::new)
    }

    async fn read_rendered(&self, caller: &Caller, work: Answering) -> Result<Rendered> {
        let asked = caller.clone();
        self.ask(caller, move |tx| work(tx, asked.request())).await
    }

    /// Answers from several statements that must see one state.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn snapshot<A, F>(&self, caller: &Caller, work: F) -> Result<Sent<A>>
    where
        A: Answer,
        F: FnOnce(&mut Tx<'_>) -> Result<A> + Send + 'static,
    {
        self.snapshot_rendered(caller, answering(work)).await.map(Sent::new)
    }

    async fn snapshot_rendered(&self, caller: &Caller, work: Answering) -> Result<Rendered> {
        let asked = caller.clone();
        self.ask(caller, move |tx| tx.in_snapshot(|tx| work(tx, asked.request())))
            .await
    }

    /// Changes and answers, in one transaction, once for each idempotency key.
    /// `work` may run again if two transactions meet, so it must not keep anything outside.
    ///
    /// # Errors
    /// What `work` refuses (then nothing is written), `idempotency_key_reused`, `unavailable`.
    pub async fn write<A, F>(&self, caller: &Caller, work: F) -> Result<Sent<A>>
    where
        A: Answer,
        F: Fn(&mut Tx<'_>) -> Result<A> + Send + Sync + 'static,
    {
        let work: idempotency::Work = Box::new(move |tx, request| work(tx)?.render(request));
        self.write_rendered(caller, work).await.map(Sent::new)
    }

    async fn write_rendered(&self, caller: &Caller, work: idempotency::Work) -> Result<Rendered> {
        let asked = caller.clone();
        self.run(caller, move |tx| idempotency::once(tx, asked.request(), &*work))
            .await
    }

    /// As [`Db::write`], for work whose refusal leaves something behind: the inner error is the answer, and what was written
    /// before it stays. A refusal is not kept for the idempotency key.
    ///
    /// # Errors
    /// As [`Db::write`], and the refusal.
    pub async fn settle<A, F>(&self, caller: &Caller, work: F) -> Result<Sent<A>>
    where
        A: Answer,
        F: Fn(&mut Tx<'_>) -> Result<Result<A>> + Send + Sync + 'static,
    {
        let work: Settling = Box::new(move |tx, request| match work(tx)? {
            Ok(answer) => answer.render(request).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        });
        self.settle_rendered(caller, work).await.map(Sent::new)
    }

    async fn settle_rendered(&self, caller: &Caller, work: Settling) -> Result<Rendered> {
        let asked = caller.clone();
        let settled = self.run(caller, move |tx| {
            let refusal = OnceLock::new();
            let rendered = idempotency::once(tx, asked.request(), &|tx, request| match work(tx, request)? {
                Ok(rendered) => Ok(rendered),
                Err(error) => {
                    // It is the first: the effect is run once.
                    drop(refusal.set(error));
                    NoContent.render(request)
                }
            })?;
            match refusal.into_inner() {
                None => Ok(Ok(rendered)),
                Some(error) => {
                    idempotency::forget(tx, asked.request())?;
                    Ok(Err(error))
                }
            }
        });
        settled.await?
    }

    /// A read whose result stays inside the program.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn ask<T, F>(&self, caller: &Caller, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        typed(self.ask_made(caller, reading(work)).await?)
    }

    async fn ask_made(&self, caller: &Caller, work: Reading) -> Result<Made> {
        let _place = self.0.waiting.try_acquire().map_err(|_full| busy())?;
        let (db, caller) = (self.clone(), caller.clone());
        actix_web::web::block(move || db.ask_now(&caller, work))
            .await
            .map_err(Error::internal)?
    }

    /// Several reads that must see one state, whose result stays inside the program.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn ask_snapshot<T, F>(&self, caller: &Caller, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.ask(caller, move |tx| tx.in_snapshot(work)).await
    }

    /// A write whose result stays inside the program.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn run<T, F>(&self, caller: &Caller, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        typed(self.run_made(caller, writing(work)).await?)
    }

    async fn run_made(&self, caller: &Caller, work: Writing) -> Result<Made> {
        let _place = self.0.waiting.try_acquire().map_err(|_full| busy())?;
        if let Some(writer) = &self.0.writer {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            // A caller that went away is no failure: what was committed stays.
            writer.submit(caller.clone(), work, Box::new(|result| drop(sender.send(result))))?;
            return receiver.await.map_err(|_gone| busy())?;
        }
        let (db, caller) = (self.clone(), caller.clone());
        actix_web::web::block(move || db.run_here(&caller, &work))
            .await
            .map_err(Error::internal)?
    }

    /// [`Db::ask`] on this thread.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn ask_now<T>(&self, caller: &Caller, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut link = self.connection()?;
        let result = work(&mut Tx::new(&mut link.conn, caller, &*self.0.clock, &self.0.kept));
        link.judge(result.as_ref().err());
        result
    }

    /// [`Db::run`] on this thread.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn run_now<T, F>(&self, caller: &Caller, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        typed(self.run_made_now(caller, writing(work))?)
    }

    fn run_made_now(&self, caller: &Caller, work: Writing) -> Result<Made> {
        let Some(writer) = &self.0.writer else {
            return self.run_here(caller, &work);
        };
        let (sender, receiver) = std::sync::mpsc::channel();
        writer.submit(caller.clone(), work, Box::new(move |result| drop(sender.send(result))))?;
        receiver.recv().map_err(|_gone| busy())?
    }

    /// Runs a write in a transaction on a connection of the pool, again if it met another.
    fn run_here(&self, caller: &Caller, work: &Writing) -> Result<Made> {
        let mut link = self.connection()?;
        let mut tries = 0_u32;
        loop {
            let result = conn::transaction(&mut link.conn, |conn| {
                work(&mut Tx::new(conn, caller, &*self.0.clock, &self.0.kept))
            });
            link.judge(result.as_ref().err());
            match result {
                Err(error) if error.may_retry() && tries < 3 => {
                    tries += 1;
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "on a thread of the blocking pool; two transactions that met step aside for some milliseconds"
                    )]
                    std::thread::sleep(Duration::from_millis(
                        u64::from(rand::random::<u8>() % 16) * u64::from(tries),
                    ));
                }
                result => return result,
            }
        }
    }

    fn connection(&self) -> Result<Pooled> {
        let mut link = self.0.pool.get().map_err(|error| failure::unreachable(&error))?;
        link.plan_anew();
        Ok(link)
    }
}

fn busy() -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The server has more work than it can do now; repeat the request in a second.")
        .retry_after(1)
}

impl Db {
    /// Copies the database into a file while it is in use: one state, whole.
    ///
    /// # Errors
    /// `unavailable` if the file exists, or with PostgreSQL's own tool if it failed or is not installed.
    pub fn backup(&self, file: &std::path::Path) -> Result<()> {
        use diesel::{RunQueryDsl as _, sql_query, sql_types::Text};
        let refusal = |why: String| {
            Error::new(&codes::UNAVAILABLE).detail(format!("The backup to {} failed: {why}.", file.display()))
        };
        if file.exists() {
            return Err(refusal("the file exists; name a new one".to_owned()));
        }
        match self.0.engine {
            Engine::Sqlite => {
                let mut link = self.connection()?;
                sql_query("VACUUM INTO ?")
                    .bind::<Text, _>(file.display().to_string())
                    .execute(&mut link.conn)
                    .map(drop)
                    .map_err(Error::from)
            }
            Engine::Postgres => {
                let done = std::process::Command::new("pg_dump")
                    .arg("--format=custom")
                    .arg("--file")
                    .arg(file)
                    .arg("--dbname")
                    .arg(&self.0.url)
                    .status()
                    .map_err(|error| {
                        refusal(format!("pg_dump cannot be run ({error}); install PostgreSQL's client"))
                    })?;
                if done.success() {
                    Ok(())
                } else {
                    Err(refusal(format!("pg_dump ended with {done}")))
                }
            }
        }
    }
}
