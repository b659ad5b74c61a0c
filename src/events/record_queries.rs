//! What the log says of one record as it was.

use diesel::prelude::*;
use serde_json::Value;

use crate::{db::Tx, error::Result, schema::events};

/// A record as it was at that revision, or at the last before it that is told: as the vendor reads it. Nothing if its events are
/// not kept any more, or were erased.
///
/// # Errors
/// What the database reports.
pub fn record_at(tx: &mut Tx<'_>, record: (&str, &str), revision: i64) -> Result<Option<Value>> {
    let data: Option<Option<String>> = events::table
        .filter(events::resource_id.eq(record.1))
        .filter(events::resource_type.eq(record.0))
        .filter(events::revision.le(revision))
        .order((events::revision.desc(), events::seq.desc()))
        .select(events::data)
        .first(tx.conn())
        .optional()?;
    Ok(data.flatten().and_then(|data| serde_json::from_str(&data).ok()))
}

/// The last revision of a record before anything else happened to it than the call that put something into one of its fields,
/// as `holds` tells of the field's value: the last time that it was put there. Nothing if no event that is kept tells of that.
///
/// # Errors
/// What the database reports.
pub fn given_at(
    tx: &mut Tx<'_>,
    record: (&str, &str),
    field: &str,
    holds: impl Fn(&Value) -> bool,
) -> Result<Option<i64>> {
    // An index finds them by the record. What each says is long, and mostly the newest says it: so they are read one by one.
    let changes: Vec<i64> = events::table
        .filter(events::resource_id.eq(record.1))
        .filter(events::resource_type.eq(record.0))
        .filter(events::changed_fields.like(format!("%\"{field}\"%")))
        .order((events::revision.desc(), events::seq.desc()))
        .select(events::seq)
        .load(tx.conn())?;
    let said = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let held = |text: Option<String>| said(text).is_some_and(|record| record.get(field).is_some_and(&holds));
    for change in changes {
        let (revision, data, previous, call): (i64, Option<String>, Option<String>, Option<String>) = events::table
            .find(change)
            .select((events::revision, events::data, events::previous, events::request_id))
            .first(tx.conn())?;
        if held(data) && !held(previous) {
            return last_of_call(tx, record, revision, call).map(Some);
        }
    }
    Ok(None)
}

/// The last revision of a record before another call than the one that made that revision did something to it.
fn last_of_call(tx: &mut Tx<'_>, record: (&str, &str), revision: i64, call: Option<String>) -> Result<i64> {
    let Some(call) = call else {
        return Ok(revision);
    };
    let next: Option<i64> = events::table
        .filter(events::resource_id.eq(record.1))
        .filter(events::resource_type.eq(record.0))
        .filter(events::revision.gt(revision))
        .filter(events::request_id.is_null().or(events::request_id.ne(Some(&call))))
        .select(diesel::dsl::min(events::revision))
        .first(tx.conn())?;
    Ok(next.map_or(i64::MAX, |next| next - 1))
}
