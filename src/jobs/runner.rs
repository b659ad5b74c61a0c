//! Runs the jobs and the sequencer in the background of a server. The event loop only waits: the work itself is done on
//! threads that may block.

use std::time::Duration;

use actix_web::{rt::task::JoinHandle, web::Data};
use tokio::sync::watch;

use super::{
    Job, running,
    turn::{Outcome, turn},
};
use crate::{
    db::{Db, Engine},
    error::{Error, Result},
    events::sequencer::{Sequencer, Turn},
    http::State,
    usage,
};

/// How often PostgreSQL is asked for events without a position: an event is in the feed that much later at most.
const FEED_EVERY: Duration = Duration::from_millis(50);
/// The same while events come in: as many as gather meanwhile share one transaction and one sync to disk.
const FEED_BUSY: Duration = Duration::from_millis(10);
/// How often either engine is asked for audit records that are not chained. Nobody waits for them.
const CHAIN_EVERY: Duration = Duration::from_millis(500);
/// How often an instance looks whether the one that sequences is gone.
const ELSEWHERE: Duration = Duration::from_secs(1);
/// How long the sequencer waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The first runs of a server are spread over so many seconds.
const SPREAD_SECONDS: u64 = 20;

/// How long a job is not looked at, at most: whoever has it run now does not wait for longer.
const LOOK_SECONDS: i64 = 60;

/// The background of a server.
pub struct Runner {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Runner {
    /// Begins; `sequencing` is the database as the sequencer reaches it. Must be called on the event loop.
    pub fn start(db: &Db, sequencing: &Db, state: &Data<State>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks: Vec<JoinHandle<()>> = running(state.contract.switches.modules())
            .map(|job| actix_web::rt::spawn(repeat(db.clone(), state.clone(), job, stopped.clone())))
            .collect();
        let sequencer = Sequencer::new();
        // On SQLite an event has its position from the start.
        let places = sequencing.engine() == Engine::Postgres;
        for part in places.then_some(&PLACING).into_iter().chain([&CHAINING]) {
            tasks.push(actix_web::rt::spawn(sequence(
                (sequencing.clone(), sequencer.clone()),
                part,
                state.clone(),
                stopped.clone(),
            )));
        }
        tasks.push(actix_web::rt::spawn(count_use(db.clone(), state.clone(), stopped)));
        Self { stop, tasks }
    }

    /// What tells every job to end after its present batch.
    pub fn stopper(&self) -> watch::Sender<bool> {
        self.stop.clone()
    }

    /// Ends every job after its present batch, and waits for that at most so long. What is cut off then is undone by the
    /// database, and goes on when its lease has ended.
    pub async fn end(self, within: Duration) {
        self.stop.send_replace(true);
        let all = futures_util::future::join_all(self.tasks);
        if tokio::time::timeout(within, all).await.is_err() {
            log::warn!("a job was still at work at the end, and was cut off");
        }
    }
}

/// Waits so long, or until the server ends; says whether it goes on.
async fn wait(stopped: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    // A sender that is gone means the end, too.
    tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped))
        .await
        .is_err()
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    actix_web::web::block(work).await.map_err(Error::internal)
}

async fn repeat(db: Db, state: Data<State>, job: &'static Job, mut stopped: watch::Receiver<bool>) {
    let spread = Duration::from_millis(u64::from(rand::random::<u16>()) * SPREAD_SECONDS * 1000 / 65_536);
    let mut pause = spread;
    while wait(&mut stopped, pause).await {
        let timer = state.metrics.job_timer(job.name);
        let (db, asked, shared) = (db.clone(), stopped.clone(), state.clone());
        let outcome = blocking(move || turn(&db, &shared.contract.switches, job, &|| *asked.borrow())).await;
        let (left, word, done) = match outcome {
            Ok(Outcome::NotYet { wait }) => {
                timer.stop_and_discard();
                pause = seconds(wait.min(LOOK_SECONDS));
                continue;
            }
            Ok(Outcome::Done { done, failed, wait }) => {
                state.metrics.job_passed_over(job.name, failed);
                (wait, "done", done)
            }
            Ok(Outcome::Lost { done, wait }) => {
                log::warn!(
                    "{} was slower than its lease; another instance goes on with it",
                    job.name
                );
                (wait, "lost", done)
            }
            Ok(Outcome::Failed { done, wait, error }) => {
                log::error!("{} failed and is tried again in {wait} s: {error}", job.name);
                (wait, "failed", done)
            }
            Err(error) => {
                log::error!("{} could not run: {error}", job.name);
                (job.every, "failed", 0)
            }
        };
        timer.stop_and_record();
        if done > 0 {
            log::info!("{}: {done} done", job.name);
        }
        state.metrics.job(job.name, word, done);
        pause = seconds(left.min(LOOK_SECONDS));
    }
}

/// At least one second, so that nothing turns in circles.
fn seconds(wait: i64) -> Duration {
    Duration::from_secs(u64::try_from(wait).unwrap_or(0).max(1))
}

/// Writes down now and then what was counted in memory; the rest is written when the server ends.
async fn count_use(db: Db, state: Data<State>, mut stopped: watch::Receiver<bool>) {
    while wait(&mut stopped, usage::FLUSH_EVERY).await {
        if let Err(error) = state.usage.flush(&db).await {
            log::warn!("counts of use wait: {error}");
        }
    }
}

/// A part of what the sequencer does, with a rhythm of its own.
struct Part {
    /// One batch.
    work: fn(&Sequencer, &Db) -> Result<Turn>,
    /// How long it pauses if there was nothing to do.
    idle: Duration,
    /// How long it pauses after a batch that was not full.
    busy: Duration,
}

static PLACING: Part = Part {
    work: Sequencer::place,
    idle: FEED_EVERY,
    busy: FEED_BUSY,
};

static CHAINING: Part = Part {
    work: Sequencer::chain,
    idle: CHAIN_EVERY,
    busy: CHAIN_EVERY,
};

async fn sequence(
    (db, sequencer): (Db, Sequencer),
    part: &'static Part,
    state: Data<State>,
    mut stopped: watch::Receiver<bool>,
) {
    const NAME: &str = "sequencer";
    let mut pause = part.idle;
    while wait(&mut stopped, pause).await {
        let (db, ours) = (db.clone(), sequencer.clone());
        let turned = blocking(move || (part.work)(&ours, &db))
            .await
            .and_then(|turned| turned);
        pause = match turned {
            Ok(Turn::Idle) => part.idle,
            Ok(Turn::Elsewhere) => ELSEWHERE,
            Ok(batch @ Turn::Done { events, records }) => {
                let done = usize::try_from(events.max(records)).unwrap_or(0);
                state.metrics.job(NAME, "done", done);
                if batch.is_full() { Duration::ZERO } else { part.busy }
            }
            Err(error) => {
                log::error!("events and audit records wait for their places: {error}");
                state.metrics.job(NAME, "failed", 0);
                AFTER_FAILURE
            }
        };
    }
    let released = blocking(move || sequencer.release(&db))
        .await
        .and_then(|released| released);
    if let Err(error) = released {
        log::warn!("the lease of the sequencer was not given back: {error}");
    }
}
