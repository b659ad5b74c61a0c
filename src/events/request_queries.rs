//! Which calls told of which records, for who must know whether anybody else had a hand in one.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::{
    db::{Tx, among},
    error::Result,
    schema::events,
};

/// The calls that wrote those events, as far as they are kept.
///
/// # Errors
/// What the database reports.
pub fn of_events(tx: &mut Tx<'_>, seqs: &[i64]) -> Result<BTreeSet<String>> {
    let found: Vec<Option<String>> = events::table
        .filter(events::seq.eq_any(among(seqs)))
        .select(events::request_id)
        .load(tx.conn())?;
    Ok(found.into_iter().flatten().collect())
}

/// The calls that told of each of those records; of what no call wrote, none. A record of which no event is kept any more is not
/// among them.
///
/// # Errors
/// What the database reports.
pub fn of_records(tx: &mut Tx<'_>, records: &[String]) -> Result<BTreeMap<String, BTreeSet<Option<String>>>> {
    let found: Vec<(String, Option<String>)> = events::table
        .filter(events::resource_id.eq_any(among(records)))
        .select((events::resource_id, events::request_id))
        .distinct()
        .load(tx.conn())?;
    let mut calls: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for (record, call) in found {
        calls.entry(record).or_default().insert(call);
    }
    Ok(calls)
}

/// The type of the record that an event is about; nothing if it is kept no more.
///
/// # Errors
/// What the database reports.
pub fn resource_type(tx: &mut Tx<'_>, seq: i64) -> Result<Option<String>> {
    Ok(events::table
        .find(seq)
        .select(events::resource_type)
        .first(tx.conn())
        .optional()?)
}
