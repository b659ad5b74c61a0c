//! The index of keys that accounts are found by. The only file that knows its table.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::{
    customers::matching::{keys::keys, profile::Profile},
    db::Tx,
    error::Result,
    kernel::ids::AccountId,
    schema::account_keys::{self as index, table},
};

/// Rows in one statement: three values each, well below what the engines take.
const ROWS: usize = 1_000;

/// The keys of a profile as they are stored.
pub fn of(profile: &Profile) -> BTreeSet<(String, String)> {
    keys(profile)
        .into_iter()
        .map(|key| (key.kind.as_str().to_owned(), key.key))
        .collect()
}

/// Writes the keys of a new account.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, account: AccountId, profile: &Profile) -> Result<()> {
    add(tx, account, &of(profile).into_iter().collect::<Vec<_>>())
}

/// Makes the account's keys those of the profile; only what differs is written.
///
/// # Errors
/// What the database reports.
pub fn replace(tx: &mut Tx<'_>, account: AccountId, profile: &Profile) -> Result<()> {
    let present: Vec<(String, String)> = table
        .filter(index::account_id.eq(account.to_string()))
        .select((index::kind, index::key))
        .load(tx.conn())?;
    let present: BTreeSet<(String, String)> = present.into_iter().collect();
    let wanted = of(profile);
    for (kind, key) in present.difference(&wanted) {
        diesel::delete(table.find((kind, key, account.to_string()))).execute(tx.conn())?;
    }
    add(tx, account, &wanted.difference(&present).cloned().collect::<Vec<_>>())
}

/// Removes all keys of an account: it is found no more.
///
/// # Errors
/// What the database reports.
pub fn clear(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    diesel::delete(table.filter(index::account_id.eq(account.to_string()))).execute(tx.conn())?;
    Ok(())
}

fn add(tx: &mut Tx<'_>, account: AccountId, new: &[(String, String)]) -> Result<()> {
    let account = account.to_string();
    for some in new.chunks(ROWS) {
        let rows: Vec<_> = some
            .iter()
            .map(|(kind, key)| (index::kind.eq(kind), index::key.eq(key), index::account_id.eq(&account)))
            .collect();
        diesel::insert_into(table).values(&rows).execute(tx.conn())?;
    }
    Ok(())
}
