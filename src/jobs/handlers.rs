//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    Job,
    model::{JobPath, RecurringJob, RecurringJobList},
    queries, running,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::Result,
    events::Fact,
    http::{Path, Plain, Reply},
};

fn standing(tx: &mut Tx<'_>, job: &Job) -> Result<RecurringJob> {
    let found = queries::state(tx, job.name)?;
    let now = tx.agreed_moment()?;
    Ok(RecurringJob::of(job, found.as_ref(), now))
}

/// List the recurring jobs
///
/// What each does, when it ran and runs next, and what its last run failed with.
#[utoipa::path]
#[get("")]
pub async fn list_jobs(db: Db, caller: Caller) -> Reply<Plain<RecurringJobList>> {
    db.snapshot(&caller, |tx| {
        let states = queries::states(tx)?;
        let now = tx.agreed_moment()?;
        let of = |job: &Job| RecurringJob::of(job, states.iter().find(|state| state.name == job.name), now);
        let modules = tx.caller().request().switches.modules();
        Ok(Plain(RecurringJobList {
            data: running(modules).map(of).collect(),
        }))
    })
    .await
}

/// Read a recurring job
///
/// What it does, when it ran and runs next, and what its last run failed with.
#[utoipa::path(params(JobPath))]
#[get("/{name}")]
pub async fn get_job(db: Db, caller: Caller, path: Path<JobPath>) -> Reply<Plain<RecurringJob>> {
    let job = path.0.job(caller.request().switches.modules())?;
    db.snapshot(&caller, move |tx| standing(tx, job).map(Plain)).await
}

/// Have a job run now
///
/// Within a minute, by whichever server is there, instead of when its time comes: for one that failed and whose cause is
/// mended. One that runs just now is not begun a second time.
#[utoipa::path(params(JobPath))]
#[post("/{name}/run")]
pub async fn run_job(db: Db, caller: Caller, path: Path<JobPath>) -> Reply<Plain<RecurringJob>> {
    let job = path.0.job(caller.request().switches.modules())?;
    db.write(&caller, move |tx| {
        let before = standing(tx, job)?;
        queries::make_due(tx, job.name)?;
        let after = standing(tx, job)?;
        tx.record(Fact::changed("job.requested", &before, &after))?;
        Ok(Plain(after))
    })
    .await
}
