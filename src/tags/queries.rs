//! The only file that knows the table of tags.

use diesel::prelude::*;

use super::ByRecord;
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    kernel::words::fold,
    schema::resource_tags::{self as tags, table},
};

/// The tags of those records.
///
/// # Errors
/// What the database reports.
pub fn by_records(tx: &mut Tx<'_>, resource_type: &str, records: &[String]) -> Result<ByRecord> {
    if records.is_empty() {
        return Ok(ByRecord::new());
    }
    let rows: Vec<(String, String)> = table
        .filter(tags::resource_type.eq(resource_type))
        .filter(tags::resource_id.eq_any(among(records)))
        .order((tags::resource_id, tags::tag_key))
        .select((tags::resource_id, tags::tag))
        .load(tx.conn())?;
    let mut found = ByRecord::new();
    for (record, tag) in rows {
        found.entry(record).or_default().push(tag);
    }
    Ok(found)
}

/// Makes these the tags of the record: adds what it lacks and removes what is not named.
///
/// # Errors
/// What the database reports.
pub fn set(tx: &mut Tx<'_>, resource_type: &str, record: &str, wanted: &[String]) -> Result<()> {
    let now = tx.now.micros();
    let keys: Vec<String> = wanted.iter().map(|tag| fold(tag)).collect();
    diesel::delete(
        table
            .filter(tags::resource_type.eq(resource_type))
            .filter(tags::resource_id.eq(record))
            .filter(tags::tag_key.ne_all(among(&keys))),
    )
    .execute(tx.conn())?;
    for (tag, key) in wanted.iter().zip(&keys).filter(|(_, key)| !key.is_empty()) {
        let row = (
            tags::resource_type.eq(resource_type),
            tags::resource_id.eq(record),
            tags::tag_key.eq(key),
            tags::tag.eq(tag.trim()),
            tags::created_at.eq(now),
        );
        diesel::insert_into(table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(tx.conn())?;
    }
    Ok(())
}

/// And: the record whose id stands in `column` has one of the tags, in any spelling.
pub fn tagged(clause: &mut Clause, resource_type: &'static str, column: &'static str, wanted: &[String]) {
    let keys: Vec<String> = wanted.iter().map(|tag| fold(tag)).collect();
    clause
        .and("EXISTS (SELECT 1 FROM resource_tags WHERE resource_tags.resource_type = ")
        .value(resource_type)
        .sql(" AND resource_tags.resource_id = ")
        .sql(column)
        .one_of("resource_tags.tag_key", &keys)
        .sql(")");
}
