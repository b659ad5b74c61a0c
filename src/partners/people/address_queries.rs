//! The people of a mail address.

use diesel::prelude::*;

use super::model::PersonStatus;
use crate::{
    auth::Rows,
    db::Tx,
    error::Result,
    kernel::{ids::PersonId, words::fold},
    schema::people,
};

/// How many people of one address are looked at.
const MOST: i64 = 20;

/// The people with that address, in any case, with their names; for those who see everybody.
///
/// # Errors
/// What the database reports.
pub fn of_address(tx: &mut Tx<'_>, email: &str) -> Result<Vec<(PersonId, String)>> {
    if *tx.caller().rows() != Rows::All {
        return Ok(Vec::new());
    }
    Ok(people::table
        .filter(people::email_key.eq(fold(email)))
        .filter(people::status.eq(PersonStatus::Active))
        .order((people::created_at, people::id))
        .limit(MOST)
        .select((people::id, people::name))
        .load(tx.conn())?)
}
