//! The only file that knows the table of throttles.

use diesel::prelude::*;

use super::{FORGOTTEN, Failures, ThrottleKind};
use crate::{
    db::{Tx, among},
    error::Result,
    kernel::Time,
    schema::login_throttles::{self, table},
};

type Row = (i64, Time, Option<Time>, Time);

fn found(tx: &mut Tx<'_>, subject: &str) -> Result<Option<Failures>> {
    let columns = (
        login_throttles::failures,
        login_throttles::first_failure_at,
        login_throttles::blocked_until,
        login_throttles::updated_at,
    );
    let row: Option<Row> = table.find(subject).select(columns).get_result(tx.conn()).optional()?;
    Ok(row.map(|(count, since, blocked_until, last)| Failures {
        count,
        since,
        blocked_until,
        last,
    }))
}

/// The seconds that a try for these subjects must wait, if it must: the longest of them.
///
/// # Errors
/// What the database reports.
pub fn waits(tx: &mut Tx<'_>, subjects: &[(ThrottleKind, String)]) -> Result<Option<u32>> {
    let mut longest = None;
    for (_, subject) in subjects {
        let now = tx.now;
        longest = longest.max(found(tx, subject)?.and_then(|failures| failures.wait(now)));
    }
    Ok(longest)
}

/// Counts a failure for each subject.
///
/// # Errors
/// What the database reports.
pub fn fail(tx: &mut Tx<'_>, subjects: &[(ThrottleKind, String)]) -> Result<()> {
    for (kind, subject) in subjects {
        let now = tx.now;
        let after = Failures::with_another(found(tx, subject)?, *kind, now);
        let changes = (
            login_throttles::failures.eq(after.count),
            login_throttles::first_failure_at.eq(after.since.micros()),
            login_throttles::blocked_until.eq(after.blocked_until.map(Time::micros)),
            login_throttles::updated_at.eq(after.last.micros()),
        );
        diesel::insert_into(table)
            .values((
                login_throttles::subject.eq(subject),
                login_throttles::kind.eq(*kind),
                changes,
            ))
            .on_conflict(login_throttles::subject)
            .do_update()
            .set(changes)
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Forgets the failures of a subject: it has signed in.
///
/// # Errors
/// What the database reports.
pub fn forgive(tx: &mut Tx<'_>, subject: &str) -> Result<()> {
    diesel::delete(table.find(subject)).execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many counts that mean nothing any more; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_forgotten(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let free = login_throttles::blocked_until
        .is_null()
        .or(login_throttles::blocked_until.le(now.micros()));
    let over: Vec<String> = table
        .filter(login_throttles::updated_at.le(now.plus_seconds(-FORGOTTEN).micros()))
        .filter(free)
        .order(login_throttles::updated_at)
        .limit(most)
        .select(login_throttles::subject)
        .load(tx.conn())?;
    Ok(diesel::delete(table.filter(login_throttles::subject.eq_any(among(&over)))).execute(tx.conn())?)
}
