//! The only file that knows the table of marks.

use diesel::prelude::*;

use super::Mark;
use crate::{
    db::{Lock, Tx},
    error::Result,
    schema::feed_marks::{self, table},
};

/// Where a mark stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Reached {
    /// How far.
    pub position: i64,
    /// The hash of the last link, of a chain that has any.
    pub hash: Option<String>,
}

/// Where a mark stands now.
///
/// # Errors
/// What the database reports.
pub fn read(tx: &mut Tx<'_>, mark: Mark) -> Result<Reached> {
    Ok(table
        .find(mark.as_str())
        .select((feed_marks::position, feed_marks::hash))
        .first(tx.conn())?)
}

/// Where a mark stands, held until the end of the transaction: nobody else moves it meanwhile.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>, mark: Mark) -> Result<Reached> {
    let one = table
        .find(mark.as_str())
        .select((feed_marks::position, feed_marks::hash));
    Ok(Lock::NoKeyUpdate.on(one).get_result(tx.conn())?)
}

/// Moves a mark that is held.
///
/// # Errors
/// What the database reports.
pub fn advance(tx: &mut Tx<'_>, mark: Mark, reached: &Reached) -> Result<()> {
    let now = tx.now.micros();
    diesel::update(table.find(mark.as_str()))
        .set((
            feed_marks::position.eq(reached.position),
            feed_marks::hash.eq(&reached.hash),
            feed_marks::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes or renews the lease of a mark for so many seconds, and tells where the mark stands; nothing while another instance has
/// it. Its row stays locked until the end of the transaction: nobody else moves it meanwhile.
///
/// # Errors
/// What the database reports.
pub fn lease(tx: &mut Tx<'_>, mark: Mark, token: &str, seconds: i64) -> Result<Option<Reached>> {
    let now = tx.agreed_moment()?;
    let free = feed_marks::lease_token
        .is_null()
        .or(feed_marks::lease_token.eq(token))
        .or(feed_marks::lease_until.le(now.micros()));
    Ok(diesel::update(table.find(mark.as_str()).filter(free))
        .set((
            feed_marks::lease_token.eq(Some(token)),
            feed_marks::lease_until.eq(Some(now.plus_seconds(seconds).micros())),
        ))
        .returning((feed_marks::position, feed_marks::hash))
        .get_result(tx.conn())
        .optional()?)
}

/// Gives a lease back, if it is still ours.
///
/// # Errors
/// What the database reports.
pub fn release(tx: &mut Tx<'_>, mark: Mark, token: &str) -> Result<()> {
    diesel::update(table.find(mark.as_str()).filter(feed_marks::lease_token.eq(token)))
        .set((
            feed_marks::lease_token.eq(None::<String>),
            feed_marks::lease_until.eq(None::<i64>),
        ))
        .execute(tx.conn())?;
    Ok(())
}
