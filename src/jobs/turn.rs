//! One turn of a job: takes the lease if the job is due, works batch by batch, and gives the lease back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    Job, Progress,
    queries::{self, Lease},
};
use crate::{
    auth::{Caller, Request},
    db::Db,
    error::{Error, Result},
    modules::Switches,
};

/// Seconds that one statement of a job may take.
const STATEMENT_SECONDS: u16 = 60;
/// Seconds until a job that failed is tried again; doubled with each failure, and never longer than [`LONGEST_WAIT`].
const FIRST_WAIT: i64 = 30;
const LONGEST_WAIT: i64 = 3600;

/// How a turn went, and how many seconds to wait before the next.
#[derive(Debug)]
pub enum Outcome {
    /// It is not due, or somebody else runs it.
    NotYet {
        /// Seconds.
        wait: i64,
    },
    /// It ran.
    Done {
        /// How many records it dealt with.
        done: usize,
        /// How many failed and were passed over.
        failed: usize,
        /// Seconds.
        wait: i64,
    },
    /// Another instance took it over, because this one was too slow.
    Lost {
        /// How many records it had dealt with by then.
        done: usize,
        /// Seconds.
        wait: i64,
    },
    /// It failed; what was committed before stays.
    Failed {
        /// How many records it had dealt with by then.
        done: usize,
        /// Seconds.
        wait: i64,
        /// Why.
        error: Error,
    },
}

/// Runs the job if it is due and nobody else runs it, as a server does where that is switched off. `stopped` is asked after
/// each batch: whoever ends in the middle lets another instance go on at once. Blocks.
pub fn turn(db: &Db, switches: &Switches, job: &Job, stopped: &dyn Fn() -> bool) -> Outcome {
    let caller = Caller::system(job.name).in_request(Request {
        switches: switches.clone(),
        ..Request::internal(job.name)
    });
    let (name, every) = (job.name, job.every);
    let lease = match begin(db, &caller, name, every) {
        Ok(Ok(lease)) => lease,
        Ok(Err(wait)) => return Outcome::NotYet { wait },
        Err(error) => {
            return Outcome::Failed {
                done: 0,
                wait: FIRST_WAIT,
                error,
            };
        }
    };
    let (mut done, mut failed) = (0, 0);
    loop {
        match batch(db, &caller, job, &lease) {
            Ok(None) => return Outcome::Lost { done, wait: every },
            Ok(Some(progress)) => {
                done += progress.done;
                failed += progress.failed;
                if progress.more && !stopped() {
                    continue;
                }
                let wait = if progress.more { 0 } else { later(every) };
                return match settle(db, &caller, &lease, wait, None) {
                    Ok(()) => Outcome::Done { done, failed, wait },
                    Err(error) => Outcome::Failed { done, wait, error },
                };
            }
            Err(error) => {
                let wait = wait_after_failure(db, &caller, name);
                if let Err(second) = settle(db, &caller, &lease, wait, Some(error.to_string())) {
                    log::warn!("the lease of {name} was not given back: {second}");
                }
                return Outcome::Failed { done, wait, error };
            }
        }
    }
}

/// The lease, or the seconds to wait for it.
fn begin(db: &Db, caller: &Caller, name: &'static str, every: i64) -> Result<std::result::Result<Lease, i64>> {
    let left = db.ask_now(caller, |tx| queries::seconds_left(tx, name))?;
    if left > 0 {
        return Ok(Err(left.min(every)));
    }
    let lease = db.run_now(caller, move |tx| queries::take(tx, name))?;
    Ok(lease.ok_or(FIRST_WAIT.min(every)))
}

/// One batch, if the lease is still ours. A panic is an error like any other: the job is tried again later.
fn batch(db: &Db, caller: &Caller, job: &Job, lease: &Lease) -> Result<Option<Progress>> {
    let (lease, work) = (lease.clone(), job.work);
    catch_unwind(AssertUnwindSafe(|| {
        db.run_now(caller, move |tx| {
            tx.take_seconds(STATEMENT_SECONDS)?;
            if queries::keep(tx, &lease)? {
                work(tx).map(Some)
            } else {
                Ok(None)
            }
        })
    }))
    .unwrap_or_else(|_panic| Err(Error::internal(format!("the job {} panicked", job.name))))
}

fn settle(db: &Db, caller: &Caller, lease: &Lease, wait: i64, failure: Option<String>) -> Result<()> {
    let lease = lease.clone();
    db.run_now(caller, move |tx| queries::settle(tx, &lease, wait, failure.as_deref()))
}

fn wait_after_failure(db: &Db, caller: &Caller, name: &'static str) -> i64 {
    let failures = db.ask_now(caller, |tx| queries::failures(tx, name)).unwrap_or(0);
    doubled(failures)
}

fn doubled(failures: i64) -> i64 {
    let steps = u32::try_from(failures.clamp(0, 10)).unwrap_or(0);
    FIRST_WAIT.saturating_mul(2_i64.saturating_pow(steps)).min(LONGEST_WAIT)
}

/// The interval and up to a tenth more by chance, so that jobs and instances do not all begin at one moment.
fn later(every: i64) -> i64 {
    every + every * i64::from(rand::random::<u8>()) / 2560
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_fails_waits_longer_and_longer_up_to_an_hour() {
        assert_eq!([0, 1, 2].map(doubled), [30, 60, 120]);
        assert_eq!(doubled(50), 3600);
    }

    #[test]
    fn the_interval_is_stretched_by_a_tenth_at_most() {
        for _ in 0..200 {
            assert!((3600..3600 + 360).contains(&later(3600)));
        }
    }
}
