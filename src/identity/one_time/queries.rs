//! The only file that knows the table of one-time tokens.

use diesel::prelude::*;

use super::Purpose;
use crate::{
    db::{Tx, among},
    error::{Error, Result, codes},
    identity::credentials::{self, Kind},
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    schema::one_time_tokens::{self, table},
};

/// What a redeemed token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The user it was made for.
    pub user: Option<UserId>,
    /// The partner it is about.
    pub partner: Option<PartnerId>,
    /// The address it was sent to, folded.
    pub email_key: String,
}

/// A new token; the text is told to nobody but the mail.
///
/// # Errors
/// What the database reports.
pub fn issue(tx: &mut Tx<'_>, purpose: Purpose, proof: &Proof) -> Result<String> {
    let text = credentials::secret(Kind::OneTime);
    let now = tx.now;
    let row = (
        one_time_tokens::hash.eq(credentials::hash(&text)),
        one_time_tokens::purpose.eq(purpose),
        one_time_tokens::user_id.eq(proof.user),
        one_time_tokens::partner_id.eq(proof.partner),
        one_time_tokens::email_key.eq(&proof.email_key),
        one_time_tokens::expires_at.eq(now.plus_seconds(purpose.lifetime()).micros()),
        one_time_tokens::created_by.eq(tx.caller().actor_text()),
        one_time_tokens::created_at.eq(now.micros()),
    );
    diesel::insert_into(table).values(row).execute(tx.conn())?;
    Ok(text)
}

/// Uses a token up. Of many who try at once, one succeeds: the update is conditional.
///
/// # Errors
/// 401 `invalid_token` if there is none such that is still good.
pub fn redeem(tx: &mut Tx<'_>, purpose: Purpose, text: &str) -> Result<Proof> {
    let (hash, now) = (credentials::hash(text), tx.now);
    let used = diesel::update(
        table
            .find(&hash)
            .filter(one_time_tokens::purpose.eq(purpose))
            .filter(one_time_tokens::used_at.is_null())
            .filter(one_time_tokens::revoked_at.is_null())
            .filter(one_time_tokens::expires_at.gt(now.micros())),
    )
    .set(one_time_tokens::used_at.eq(Some(now.micros())))
    .execute(tx.conn())?;
    if used == 0 {
        return Err(Error::new(&codes::INVALID_TOKEN));
    }
    let columns = (
        one_time_tokens::user_id,
        one_time_tokens::partner_id,
        one_time_tokens::email_key,
    );
    let (user, partner, email_key) = table.find(&hash).select(columns).get_result(tx.conn())?;
    Ok(Proof {
        user,
        partner,
        email_key,
    })
}

/// Ends every token of a user for a purpose; at one partner, or all of them.
///
/// # Errors
/// What the database reports.
pub fn revoke(tx: &mut Tx<'_>, purpose: Purpose, user: UserId, partner: Option<PartnerId>) -> Result<()> {
    let now: Time = tx.now;
    let mut these = crate::db::Clause::all();
    these
        .equals("one_time_tokens.user_id", &user)
        .equals_some("one_time_tokens.partner_id", partner.as_ref());
    diesel::update(
        table
            .filter(these)
            .filter(one_time_tokens::purpose.eq(purpose))
            .filter(one_time_tokens::used_at.is_null())
            .filter(one_time_tokens::revoked_at.is_null()),
    )
    .set(one_time_tokens::revoked_at.eq(Some(now.micros())))
    .execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many tokens that ended by that moment; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, by: Time, most: i64) -> Result<usize> {
    let over: Vec<String> = table
        .filter(one_time_tokens::expires_at.le(by.micros()))
        .order(one_time_tokens::expires_at)
        .limit(most)
        .select(one_time_tokens::hash)
        .load(tx.conn())?;
    Ok(diesel::delete(table.filter(one_time_tokens::hash.eq_any(among(&over)))).execute(tx.conn())?)
}
