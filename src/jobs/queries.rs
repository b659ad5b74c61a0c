//! The only file that knows the table of leases.

use diesel::prelude::*;

use crate::{
    db::Tx,
    error::Result,
    kernel::Time,
    schema::job_leases::{self as leases, table},
};

/// For how long a lease is good, in seconds: longer than any batch.
pub const LEASE_SECONDS: i64 = 90;

/// The right to run a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: &'static str,
    token: String,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = leases)]
pub struct State {
    /// The job.
    pub name: String,
    /// When the next run begins.
    pub due_at: Time,
    /// When the last run ended.
    pub finished_at: Option<Time>,
    /// What the last run failed with.
    pub last_error: Option<String>,
    /// How often it ran.
    pub runs: i64,
    /// Failed runs since the last that did not fail.
    pub failures: i64,
    /// Until when somebody runs it.
    pub lease_until: Option<Time>,
}

/// Where each job stands that ever ran.
///
/// # Errors
/// What the database reports.
pub fn states(tx: &mut Tx<'_>) -> Result<Vec<State>> {
    Ok(table.order(leases::name).select(State::as_select()).load(tx.conn())?)
}

/// Where a job stands; nothing if it never ran.
///
/// # Errors
/// What the database reports.
pub fn state(tx: &mut Tx<'_>, job: &str) -> Result<Option<State>> {
    Ok(table.find(job).select(State::as_select()).first(tx.conn()).optional()?)
}

/// Seconds until it is worth its while to try to take the job; none or less if that is now. Writes nothing.
///
/// # Errors
/// What the database reports.
pub fn seconds_left(tx: &mut Tx<'_>, job: &str) -> Result<i64> {
    let found: Option<(Time, Option<Time>)> = table
        .find(job)
        .select((leases::due_at, leases::lease_until))
        .first(tx.conn())
        .optional()?;
    let now = tx.agreed_moment()?;
    Ok(found.map_or(0, |(due_at, lease_until)| {
        let free = lease_until.map_or(due_at, |until| until.max(due_at));
        free.since(now).saturating_add(999_999).div_euclid(1_000_000)
    }))
}

/// Takes the lease of a job, if it is due and nobody has it.
///
/// # Errors
/// What the database reports.
pub fn take(tx: &mut Tx<'_>, job: &'static str) -> Result<Option<Lease>> {
    let now = tx.agreed_moment()?;
    known(tx, job, now)?;
    let token = format!("{:032x}", rand::random::<u128>());
    let free = table
        .find(job)
        .filter(leases::due_at.le(now))
        .filter(leases::lease_until.is_null().or(leases::lease_until.le(now)));
    let taken = diesel::update(free)
        .set((
            leases::lease_token.eq(Some(&token)),
            leases::lease_until.eq(Some(now.plus_seconds(LEASE_SECONDS))),
            leases::started_at.eq(Some(now)),
            leases::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok((taken == 1).then_some(Lease { job, token }))
}

fn known(tx: &mut Tx<'_>, job: &str, now: Time) -> Result<()> {
    let row = (
        leases::name.eq(job),
        leases::due_at.eq(now),
        leases::runs.eq(0_i64),
        leases::failures.eq(0_i64),
        leases::updated_at.eq(now),
    );
    diesel::insert_into(table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(())
}

/// Renews a lease in the transaction of a batch; says whether it is still ours. The row stays locked until that transaction
/// ends, so nobody takes the job over while the batch runs, however long it takes.
///
/// # Errors
/// What the database reports.
pub fn keep(tx: &mut Tx<'_>, lease: &Lease) -> Result<bool> {
    let now = tx.agreed_moment()?;
    let ours = table.find(lease.job).filter(leases::lease_token.eq(&lease.token));
    let kept = diesel::update(ours)
        .set(leases::lease_until.eq(Some(now.plus_seconds(LEASE_SECONDS))))
        .execute(tx.conn())?;
    Ok(kept == 1)
}

/// Gives a lease back after a run, with the time of the next one; nothing happens if it is not ours any more.
///
/// # Errors
/// What the database reports.
pub fn settle(tx: &mut Tx<'_>, lease: &Lease, wait_seconds: i64, failure: Option<&str>) -> Result<()> {
    let now = tx.agreed_moment()?;
    let ours = table.find(lease.job).filter(leases::lease_token.eq(&lease.token));
    let failures: Option<i64> = ours.select(leases::failures).first(tx.conn()).optional()?;
    let failed = failures.unwrap_or(0).saturating_add(1);
    diesel::update(ours)
        .set((
            leases::due_at.eq(now.plus_seconds(wait_seconds)),
            leases::lease_token.eq(None::<String>),
            leases::lease_until.eq(None::<Time>),
            leases::finished_at.eq(Some(now)),
            leases::last_error.eq(failure),
            leases::runs.eq(leases::runs + 1),
            leases::failures.eq(if failure.is_some() { failed } else { 0 }),
            leases::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// How often the job has failed since it last did not.
///
/// # Errors
/// What the database reports.
pub fn failures(tx: &mut Tx<'_>, job: &str) -> Result<i64> {
    let found: Option<i64> = table.find(job).select(leases::failures).first(tx.conn()).optional()?;
    Ok(found.unwrap_or(0))
}

/// Makes a job due now.
///
/// # Errors
/// What the database reports.
pub fn make_due(tx: &mut Tx<'_>, job: &str) -> Result<()> {
    let now = tx.agreed_moment()?;
    known(tx, job, now)?;
    diesel::update(table.find(job).filter(leases::due_at.gt(now)))
        .set(leases::due_at.eq(now))
        .execute(tx.conn())?;
    Ok(())
}
