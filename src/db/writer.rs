//! The one SQLite writer: group commit.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So one thread takes all writes that wait,
//! runs each for itself, commits them together with one fsync, and then answers all. A write that fails undoes itself
//! alone: each has a savepoint of its own but the first, before which there is nothing to keep (with a savepoint open
//! SQLite keeps every page as it was). If the commit fails, all of its group are answered `unavailable`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{Clock, Conn, Made, Tx, Writing, conn, kept::Kept, manager::Manager};
use crate::{
    auth::Caller,
    error::{Error, Result, codes},
};

/// Most writes that share one commit.
const GROUP: usize = 64;
/// Most writes that may wait; beyond it callers are told to come back.
const QUEUE: usize = 1024;

/// Who gets the result of a write.
pub type Reply = Box<dyn FnOnce(Result<Made>) + Send>;
type Answer = Box<dyn FnOnce(Option<&Error>) + Send>;
/// A write, told whether others were before it in its transaction; whether it went well, and how it is answered.
type Job = Box<dyn FnOnce(&mut Conn, &dyn Clock, &Kept, bool) -> (bool, Answer) + Send>;

/// Hands writes to the writer's thread.
pub struct Writer(SyncSender<Job>);

impl Writer {
    /// Starts the thread.
    pub fn start(manager: Manager, clock: Arc<dyn Clock>, kept: Arc<Kept>) -> Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let conn = manager.writing()?;
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(conn, &manager, (&*clock, &kept), &receiver))
            .map_err(|error| Error::internal(format!("the writer's thread did not start: {error}")))?;
        Ok(Self(sender))
    }

    /// Puts a write into the queue; `reply` gets its result after the commit, on the writer's thread.
    pub fn submit(&self, caller: Caller, work: Writing, reply: Reply) -> Result<()> {
        let job: Job = Box::new(move |conn, clock, kept, others| {
            let run = |conn: &mut Conn| work(&mut Tx::new(conn, &caller, clock, kept));
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if others { conn::nested(conn, run) } else { run(conn) }
            }))
            .unwrap_or_else(|_panic| Err(Error::internal("a write panicked")));
            let went_well = outcome.is_ok();
            let answer: Answer = Box::new(move |failure| {
                let result = match (outcome, failure) {
                    (Ok(_), Some(failure)) => Err(lost(failure)),
                    (outcome, _) => outcome,
                };
                reply(result);
            });
            (went_well, answer)
        });
        self.0.try_send(job).map_err(|_full| super::busy())
    }
}

fn lost(failure: &Error) -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The change could not be stored; repeat the request.")
        .retry_after(1)
        .cause(failure)
}

fn serve(mut conn: Conn, manager: &Manager, surroundings: (&dyn Clock, &Kept), jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut answers = Vec::with_capacity(GROUP);
        let result = group(&mut conn, surroundings, first, jobs, &mut answers);
        if let Err(error) = &result {
            log::error!("a group of {} writes was not committed: {error}", answers.len());
        }
        for answer in answers {
            answer(result.as_ref().err());
        }
        if conn::is_broken(&mut conn) {
            // SQLite itself ended the transaction, as it does when the disk is full: a fresh connection knows where it stands.
            match manager.writing() {
                Ok(fresh) => conn = fresh,
                Err(error) => log::error!("the writer's connection is broken, and there is no other: {error}"),
            }
        }
    }
}

/// Runs a write, and those that wait, in one transaction.
fn group(
    conn: &mut Conn,
    (clock, kept): (&dyn Clock, &Kept),
    first: Job,
    jobs: &Receiver<Job>,
    answers: &mut Vec<Answer>,
) -> Result<()> {
    let mut next = Some(first);
    let mut begun = false;
    while let Some(job) = next {
        if !begun {
            conn::begin(conn)?;
        }
        let (went_well, answer) = job(conn, clock, kept, begun);
        answers.push(answer);
        begun |= went_well;
        // What a write that failed or panicked has left open is undone, and nothing else. Where SQLite itself ended the transaction that
        // cannot be, and the group ends: what comes next would be alone in a transaction of which nobody knows.
        conn::roll_back_to(conn, u32::from(begun))?;
        next = if answers.len() < GROUP {
            jobs.try_recv().ok()
        } else {
            None
        };
    }
    if begun { conn::commit(conn) } else { Ok(()) }
}
