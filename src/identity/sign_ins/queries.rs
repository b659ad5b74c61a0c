//! The only file that knows the table of sign-ins, and how far they may be forgotten.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::SignIn;
use crate::{
    db::Tx,
    error::Result,
    kernel::{Time, ids::SignInId},
    schema::{
        sign_in_marks,
        sign_ins::{self, table},
    },
};

/// Writes a sign-in down.
///
/// # Errors
/// What the database reports.
pub fn record(tx: &mut Tx<'_>, sign_in: &SignIn) -> Result<()> {
    let now = tx.now;
    let row = (
        sign_ins::id.eq(tx.new_id::<SignInId>()),
        sign_ins::user_id.eq(sign_in.user),
        sign_ins::partner_id.eq(sign_in.partner),
        sign_ins::identifier_hash.eq(sign_in.identifier.as_deref()),
        sign_ins::at.eq(now.micros()),
        sign_ins::day_on.eq(now.date()),
        sign_ins::method.eq(sign_in.method),
        sign_ins::second_factor.eq(sign_in.second),
        sign_ins::outcome.eq(sign_in.outcome),
        sign_ins::ip.eq(sign_in.ip.map(|ip| ip.to_string())),
        sign_ins::user_agent.eq(sign_in.agent.as_deref()),
    );
    diesel::insert_into(table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Allows what was written before that moment to be forgotten; never less than was allowed already.
fn allow(tx: &mut Tx<'_>, mark: &str, before: Time) -> Result<()> {
    let now = tx.now;
    diesel::update(
        sign_in_marks::table
            .find(mark)
            .filter(sign_in_marks::before_at.lt(before.micros())),
    )
    .set((
        sign_in_marks::before_at.eq(before.micros()),
        sign_in_marks::updated_at.eq(now.micros()),
    ))
    .execute(tx.conn())?;
    Ok(())
}

/// Takes network address and browser away from at most so many sign-ins before that moment; tells from how many.
///
/// # Errors
/// What the database reports.
pub fn take_addresses(tx: &mut Tx<'_>, before: Time, most: i64) -> Result<usize> {
    allow(tx, "without_address", before)?;
    // The condition stands as the index has it.
    let sql = "UPDATE sign_ins SET ip = NULL, user_agent = NULL WHERE id IN (SELECT id FROM sign_ins \
        WHERE at < $1 AND (ip IS NOT NULL OR user_agent IS NOT NULL) ORDER BY at LIMIT $2)";
    Ok(sql_query(sql)
        .bind::<BigInt, _>(before.micros())
        .bind::<BigInt, _>(most)
        .execute(tx.conn())?)
}

/// Deletes at most so many sign-ins before that moment; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, before: Time, most: i64) -> Result<usize> {
    allow(tx, "deleted", before)?;
    let sql = "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE at < $1 ORDER BY at, id LIMIT $2)";
    Ok(sql_query(sql)
        .bind::<BigInt, _>(before.micros())
        .bind::<BigInt, _>(most)
        .execute(tx.conn())?)
}
