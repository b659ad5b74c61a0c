//! The only file that knows the table of digests, and which notices wait for theirs.

use diesel::prelude::*;

use crate::{
    db::{Clause, Tx, among},
    error::Result,
    kernel::{
        Date, Time,
        ids::{NoticeId, PartnerId, UserId},
    },
    notices::catalogue::MailDelivery,
    schema::{
        notice_digests,
        notices::{self, table},
    },
};

/// Days for which it is kept that a digest was sent.
const KEPT_DAYS: i64 = 400;

/// A notice that waits for a digest.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Pending {
    /// The notice.
    pub id: NoticeId,
    /// What it says, in a line.
    pub subject: String,
    /// What it says.
    pub body: String,
}

/// The notices whose digest is due.
fn waiting(now: Time, person: Option<UserId>) -> Clause {
    let mut clause = Clause::all();
    clause
        .sql(" AND notices.mailed_at IS NULL")
        .and("notices.digest_at <= ")
        .value(&now);
    clause.equals_some("notices.recipient_id", person.as_ref());
    clause
}

/// The people whose digest is due.
///
/// # Errors
/// What the database reports.
pub fn due(tx: &mut Tx<'_>, most: i64) -> Result<Vec<UserId>> {
    let clause = waiting(tx.now, None);
    Ok(table
        .filter(clause)
        .select(notices::recipient_id)
        .distinct()
        .order(notices::recipient_id)
        .limit(most)
        .load(tx.conn())?)
}

/// What waits for a person's digest, as it happened.
///
/// # Errors
/// What the database reports.
pub fn pending(tx: &mut Tx<'_>, person: UserId) -> Result<Vec<Pending>> {
    let clause = waiting(tx.now, Some(person));
    Ok(table
        .filter(clause)
        .order((notices::created_at, notices::id))
        .select((notices::id, notices::subject, notices::body))
        .load(tx.conn())?)
}

/// The partners that a person's digest tells something for.
///
/// # Errors
/// What the database reports.
pub fn partners(tx: &mut Tx<'_>, person: UserId) -> Result<Vec<PartnerId>> {
    let clause = waiting(tx.now, Some(person));
    let found: Vec<Option<PartnerId>> = table
        .filter(clause)
        .select(notices::partner_id)
        .distinct()
        .load(tx.conn())?;
    Ok(found.into_iter().flatten().collect())
}

/// Begins the digest of a person's day; says whether it is the first of that day.
///
/// # Errors
/// What the database reports.
pub fn begin(tx: &mut Tx<'_>, person: UserId, day: Date, notices: usize) -> Result<bool> {
    let now = tx.now;
    let row = (
        notice_digests::user_id.eq(person),
        notice_digests::day.eq(day),
        notice_digests::notices.eq(i64::try_from(notices).unwrap_or(i64::MAX)),
        notice_digests::created_at.eq(now),
    );
    let begun = diesel::insert_into(notice_digests::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(begun == 1)
}

/// Leaves what waits to a later digest; says whether anything waited.
///
/// # Errors
/// What the database reports.
pub fn postpone(tx: &mut Tx<'_>, person: UserId, to: Time) -> Result<bool> {
    let clause = waiting(tx.now, Some(person));
    let postponed = diesel::update(table.filter(clause))
        .set(notices::digest_at.eq(Some(to)))
        .execute(tx.conn())?;
    Ok(postponed > 0)
}

/// Notes that notices went into a digest.
///
/// # Errors
/// What the database reports.
pub fn sent(tx: &mut Tx<'_>, ids: &[NoticeId]) -> Result<()> {
    let now = tx.now;
    diesel::update(table.filter(notices::id.eq_any(among(ids))))
        .set(notices::mailed_at.eq(Some(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Leaves out of the mail what waits for a person, or what waits for them for one partner; says whether anything did.
///
/// # Errors
/// What the database reports.
pub fn give_up(tx: &mut Tx<'_>, person: UserId, partner: Option<PartnerId>) -> Result<bool> {
    let mut clause = waiting(tx.now, Some(person));
    clause.equals_some("notices.partner_id", partner.as_ref());
    let left_out = diesel::update(table.filter(clause))
        .set((notices::mail.eq(MailDelivery::Off), notices::digest_at.eq(None::<Time>)))
        .execute(tx.conn())?;
    Ok(left_out > 0)
}

/// Deletes what tells of digests that were sent long ago, about so many; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let kept = tx.now.plus_days(-KEPT_DAYS);
    let sent: Vec<Time> = notice_digests::table
        .filter(notice_digests::created_at.lt(kept))
        .order(notice_digests::created_at)
        .limit(most)
        .select(notice_digests::created_at)
        .load(tx.conn())?;
    let Some(last) = sent.last() else { return Ok(0) };
    let old = notice_digests::table.filter(notice_digests::created_at.le(last));
    Ok(diesel::delete(old).execute(tx.conn())?)
}
