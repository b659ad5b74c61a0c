//! The only file that knows the tables of second factors, recovery codes and challenges.

use diesel::prelude::*;

use crate::{
    db::{Lock, Tx, among},
    error::Result,
    identity::credentials::{self, Kind},
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    schema::{recovery_codes, second_factors, sign_in_challenges},
};

/// How long a challenge is good for, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// How many codes are compared for one challenge.
const TRIES: i64 = 5;

/// A user's second factor, its row locked.
pub struct Factor {
    /// The user.
    pub user: UserId,
    /// The secret, sealed for the user.
    pub sealed_secret: String,
    /// Whether it guards the sign-in.
    pub confirmed: bool,
    /// The last step whose code was taken.
    pub last_step: Option<i64>,
}

/// The user's second factor. Its row stays locked until the end of the transaction, so that of several codes at once one is
/// compared after the other, each knowing of the one before.
///
/// # Errors
/// What the database reports.
pub fn locked(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Factor>> {
    let columns = (
        second_factors::sealed_secret,
        second_factors::confirmed_at,
        second_factors::last_step,
    );
    let one = second_factors::table.find(user).select(columns);
    let found: Option<(String, Option<Time>, Option<i64>)> =
        Lock::NoKeyUpdate.on(one).get_result(tx.conn()).optional()?;
    Ok(found.map(|(sealed_secret, confirmed_at, last_step)| Factor {
        user,
        sealed_secret,
        confirmed: confirmed_at.is_some(),
        last_step,
    }))
}

/// Whether the user has one, and whether it guards the sign-in.
///
/// # Errors
/// What the database reports.
pub fn confirmed(tx: &mut Tx<'_>, user: UserId) -> Result<Option<bool>> {
    Ok(second_factors::table
        .find(user)
        .select(second_factors::confirmed_at.is_not_null())
        .get_result(tx.conn())
        .optional()?)
}

/// Stores one that waits for its first code, in place of another that waits.
///
/// # Errors
/// 409 `already_exists` if there is one that does not wait, or another was stored at the same moment.
pub fn put_pending(tx: &mut Tx<'_>, user: UserId, sealed_secret: &str) -> Result<()> {
    diesel::delete(
        second_factors::table
            .find(user)
            .filter(second_factors::confirmed_at.is_null()),
    )
    .execute(tx.conn())?;
    let now = tx.now;
    let row = (
        second_factors::user_id.eq(user),
        second_factors::sealed_secret.eq(sealed_secret),
        second_factors::created_at.eq(now.micros()),
    );
    tx.attempt(|tx| {
        Ok(diesel::insert_into(second_factors::table)
            .values(row)
            .execute(tx.conn())?)
    })?;
    Ok(())
}

/// From now on it guards the sign-in.
///
/// # Errors
/// What the database reports.
pub fn confirm(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let now = tx.now;
    diesel::update(second_factors::table.find(user))
        .set(second_factors::confirmed_at.eq(Some(now.micros())))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes the step whose code was taken.
///
/// # Errors
/// What the database reports.
pub fn take_step(tx: &mut Tx<'_>, user: UserId, step: i64) -> Result<()> {
    diesel::update(second_factors::table.find(user))
        .set(second_factors::last_step.eq(Some(step)))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes it away, with all that hangs on it.
///
/// # Errors
/// What the database reports.
pub fn remove(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    locked(tx, user)?;
    diesel::delete(sign_in_challenges::table.filter(sign_in_challenges::user_id.eq(user))).execute(tx.conn())?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(tx.conn())?;
    diesel::delete(second_factors::table.find(user)).execute(tx.conn())?;
    Ok(())
}

/// Stores recovery codes in place of all that there were.
///
/// # Errors
/// What the database reports.
pub fn put_recovery_codes(tx: &mut Tx<'_>, user: UserId, hashes: &[String]) -> Result<()> {
    let now = tx.now;
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(tx.conn())?;
    for hash in hashes {
        let row = (
            recovery_codes::hash.eq(hash),
            recovery_codes::user_id.eq(user),
            recovery_codes::created_at.eq(now.micros()),
        );
        diesel::insert_into(recovery_codes::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Uses a recovery code up; tells whether it was one that was not used.
///
/// # Errors
/// What the database reports.
pub fn take_recovery_code(tx: &mut Tx<'_>, user: UserId, hash: &str) -> Result<bool> {
    let now = tx.now;
    let used = diesel::update(
        recovery_codes::table
            .find(hash)
            .filter(recovery_codes::user_id.eq(user))
            .filter(recovery_codes::used_at.is_null()),
    )
    .set(recovery_codes::used_at.eq(Some(now.micros())))
    .execute(tx.conn())?;
    Ok(used == 1)
}

/// How many recovery codes were not used.
///
/// # Errors
/// What the database reports.
pub fn recovery_codes_left(tx: &mut Tx<'_>, user: UserId) -> Result<i64> {
    Ok(recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(tx.conn())?)
}

/// A new challenge; the text is told to whoever knew the password.
///
/// # Errors
/// What the database reports.
pub fn open_challenge(tx: &mut Tx<'_>, user: UserId, partner: Option<PartnerId>) -> Result<String> {
    let (text, now) = (credentials::secret(Kind::Challenge), tx.now);
    let row = (
        sign_in_challenges::hash.eq(credentials::hash(&text)),
        sign_in_challenges::user_id.eq(user),
        sign_in_challenges::partner_id.eq(partner),
        sign_in_challenges::tries.eq(0_i64),
        sign_in_challenges::expires_at.eq(now.plus_seconds(CHALLENGE_SECONDS).micros()),
        sign_in_challenges::created_at.eq(now.micros()),
    );
    diesel::insert_into(sign_in_challenges::table)
        .values(row)
        .execute(tx.conn())?;
    Ok(text)
}

/// Whose challenge it is, and the partner that was named, if it can still be completed.
///
/// # Errors
/// What the database reports.
pub fn challenge(tx: &mut Tx<'_>, hash: &str) -> Result<Option<(UserId, Option<PartnerId>)>> {
    let now = tx.now;
    Ok(sign_in_challenges::table
        .find(hash)
        .filter(sign_in_challenges::used_at.is_null())
        .filter(sign_in_challenges::expires_at.gt(now.micros()))
        .filter(sign_in_challenges::tries.lt(TRIES))
        .select((sign_in_challenges::user_id, sign_in_challenges::partner_id))
        .get_result(tx.conn())
        .optional()?)
}

/// Counts a code that was compared; the right one uses the challenge up.
///
/// # Errors
/// What the database reports.
pub fn count_try(tx: &mut Tx<'_>, hash: &str, right: bool) -> Result<()> {
    let used = right.then_some(tx.now.micros());
    diesel::update(sign_in_challenges::table.find(hash))
        .set((
            sign_in_challenges::tries.eq(sign_in_challenges::tries + 1),
            sign_in_challenges::used_at.eq(used),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many challenges that ended by that moment; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, by: Time, most: i64) -> Result<usize> {
    let over: Vec<String> = sign_in_challenges::table
        .filter(sign_in_challenges::expires_at.le(by.micros()))
        .order(sign_in_challenges::expires_at)
        .limit(most)
        .select(sign_in_challenges::hash)
        .load(tx.conn())?;
    Ok(
        diesel::delete(sign_in_challenges::table.filter(sign_in_challenges::hash.eq_any(among(&over))))
            .execute(tx.conn())?,
    )
}
