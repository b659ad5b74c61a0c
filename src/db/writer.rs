//! The one SQLite writer: group commit.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So one thread takes all writes that wait,
//! runs each in a savepoint of its own, commits them together with one fsync, and then answers all. A write that
//! fails undoes itself alone; if the commit fails, all of its group are answered `unavailable`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{Clock, Conn, Made, Tx, Writing, conn, kept::Kept};
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
type Job = Box<dyn FnOnce(&mut Conn, &dyn Clock, &Kept) -> Answer + Send>;

/// Hands writes to the writer's thread.
pub struct Writer(SyncSender<Job>);

impl Writer {
    /// Starts the thread.
    pub fn start(conn: Conn, clock: Arc<dyn Clock>, kept: Arc<Kept>) -> Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(conn, (&*clock, &kept), &receiver))
            .map_err(|error| Error::internal(format!("the writer's thread did not start: {error}")))?;
        Ok(Self(sender))
    }

    /// Puts a write into the queue; `reply` gets its result after the commit, on the writer's thread.
    pub fn submit(&self, caller: Caller, work: Writing, reply: Reply) -> Result<()> {
        let job: Job = Box::new(move |conn, clock, kept| {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                conn::nested(conn, |conn| work(&mut Tx::new(conn, &caller, clock, kept)))
            }))
            .unwrap_or_else(|_panic| {
                // The savepoint is still open; the roll-back closes it, and the rest of the group goes on.
                conn::roll_back(conn).and_then(|()| Err(Error::internal("a write panicked")))
            });
            Box::new(move |failure| {
                let result = match (outcome, failure) {
                    (Ok(_), Some(failure)) => Err(lost(failure)),
                    (outcome, _) => outcome,
                };
                reply(result);
            })
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

fn serve(mut conn: Conn, (clock, kept): (&dyn Clock, &Kept), jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut answers = Vec::with_capacity(GROUP);
        let result = conn::transaction(&mut conn, |conn| {
            answers.push(first(conn, clock, kept));
            while answers.len() < GROUP {
                let Ok(next) = jobs.try_recv() else { break };
                answers.push(next(conn, clock, kept));
            }
            Ok(())
        });
        if let Err(error) = &result {
            log::error!("a group of {} writes was not committed: {error}", answers.len());
        }
        for answer in answers {
            answer(result.as_ref().err());
        }
    }
}
