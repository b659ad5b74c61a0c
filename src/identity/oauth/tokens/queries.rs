//! The only file that knows the tables of used and of revoked tokens.

use diesel::prelude::*;

use super::UsedKind;
use crate::{
    db::{Tx, among},
    error::Result,
    kernel::{Time, ids::ServiceClientId},
    schema::{revoked_tokens, used_tokens},
};

/// Uses a token up, by what tells it from every other; whether this was the first time. Of many at once, one is first: the
/// key of the table says so.
///
/// # Errors
/// What the database reports.
pub fn take(tx: &mut Tx<'_>, kind: UsedKind, hash: &str, expires_at: Time) -> Result<bool> {
    let row = (
        used_tokens::hash.eq(hash),
        used_tokens::kind.eq(kind),
        used_tokens::expires_at.eq(expires_at.micros()),
        used_tokens::created_at.eq(tx.now.micros()),
    );
    let made = diesel::insert_into(used_tokens::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(made > 0)
}

/// Ends an access token of a client before its time; whether it had not been ended before.
///
/// # Errors
/// What the database reports.
pub fn revoke(tx: &mut Tx<'_>, client: ServiceClientId, jti: &str, expires_at: Time) -> Result<bool> {
    let row = (
        revoked_tokens::jti.eq(jti),
        revoked_tokens::client_id.eq(client),
        revoked_tokens::expires_at.eq(expires_at.micros()),
        revoked_tokens::created_at.eq(tx.now.micros()),
    );
    let made = diesel::insert_into(revoked_tokens::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(made > 0)
}

/// The tokens of a client that were ended and would still be good.
///
/// # Errors
/// What the database reports.
pub fn revoked_of(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<Vec<String>> {
    let now = tx.now;
    Ok(revoked_tokens::table
        .filter(revoked_tokens::client_id.eq(client))
        .filter(revoked_tokens::expires_at.gt(now.micros()))
        .select(revoked_tokens::jti)
        .load(tx.conn())?)
}

/// Deletes at most so many of each that ended by that moment; tells how many in all.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, by: Time, most: i64) -> Result<usize> {
    let used: Vec<String> = used_tokens::table
        .filter(used_tokens::expires_at.le(by.micros()))
        .order(used_tokens::expires_at)
        .limit(most)
        .select(used_tokens::hash)
        .load(tx.conn())?;
    let revoked: Vec<String> = revoked_tokens::table
        .filter(revoked_tokens::expires_at.le(by.micros()))
        .order(revoked_tokens::expires_at)
        .limit(most)
        .select(revoked_tokens::jti)
        .load(tx.conn())?;
    let used = diesel::delete(used_tokens::table.filter(used_tokens::hash.eq_any(among(&used)))).execute(tx.conn())?;
    let revoked =
        diesel::delete(revoked_tokens::table.filter(revoked_tokens::jti.eq_any(among(&revoked)))).execute(tx.conn())?;
    Ok(used + revoked)
}
