//! The only file that knows the table of external references.

use std::{collections::BTreeMap, str::FromStr};

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, Text},
};

use super::{ByRecord, ExternalRef};
use crate::{
    db::{Engine, Tx, among},
    error::{Error, Result, codes},
    kernel::{Time, ids::ExternalRefId},
    schema::external_references::{self as refs, table},
    sync,
};

/// The record that a reference names.
///
/// # Errors
/// What the database reports.
pub fn holder(tx: &mut Tx<'_>, resource_type: &str, reference: &ExternalRef) -> Result<Option<String>> {
    Ok(table
        .filter(refs::system.eq(&reference.system))
        .filter(refs::resource_type.eq(resource_type))
        .filter(refs::external_id.eq(&reference.id))
        .select(refs::resource_id)
        .first(tx.conn())
        .optional()?)
}

/// The id of the record that a reference names, for who reads the record by it.
///
/// # Errors
/// 404 if it names none.
pub fn named<I: FromStr>(tx: &mut Tx<'_>, resource_type: &str, reference: &ExternalRef) -> Result<I> {
    let id = holder(tx, resource_type, reference)?;
    id.and_then(|id| id.parse().ok()).ok_or_else(Error::not_found)
}

/// One lookup for each id, whatever PostgreSQL knows of the table: as a join it went through all references of the system while that was
/// filled.
const HELD: &str = "SELECT held.external_id, held.resource_id FROM unnest($3) AS wanted (id) CROSS JOIN LATERAL \
    (SELECT external_id, resource_id FROM external_references AS own WHERE own.system = $1 AND own.resource_type = $2 \
    AND own.external_id = wanted.id LIMIT 1) AS held";

/// The records that those ids of one system name, by the id.
///
/// # Errors
/// What the database reports.
pub fn holders(tx: &mut Tx<'_>, resource_type: &str, system: &str, ids: &[String]) -> Result<BTreeMap<String, String>> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Text)]
        external_id: String,
        #[diesel(sql_type = Text)]
        resource_id: String,
    }
    let rows: Vec<(String, String)> = match tx.engine() {
        Engine::Sqlite => table
            .filter(refs::system.eq(system))
            .filter(refs::resource_type.eq(resource_type))
            .filter(refs::external_id.eq_any(among(ids)))
            .select((refs::external_id, refs::resource_id))
            .load(tx.conn())?,
        // One by one through the index. Of a list PostgreSQL thinks that it is quicker to read all that the system has, until the
        // table is analysed: a first load would take longer with each call.
        Engine::Postgres => {
            let held: Vec<Held> = sql_query(HELD)
                .bind::<Text, _>(system)
                .bind::<Text, _>(resource_type)
                .bind::<Array<Text>, _>(ids.to_vec())
                .load(tx.conn())?;
            held.into_iter().map(|one| (one.external_id, one.resource_id)).collect()
        }
    };
    Ok(rows.into_iter().collect())
}

/// The records that those references name, by the reference: one query for each system.
///
/// # Errors
/// What the database reports.
pub fn holders_of(
    tx: &mut Tx<'_>,
    resource_type: &str,
    references: &[&ExternalRef],
) -> Result<BTreeMap<ExternalRef, String>> {
    let mut by_system: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for reference in references {
        by_system
            .entry(&reference.system)
            .or_default()
            .push(reference.id.clone());
    }
    let mut found = BTreeMap::new();
    for (system, ids) in by_system {
        let named = holders(tx, resource_type, system, &ids)?.into_iter();
        found.extend(named.map(|(id, record)| {
            let system = system.to_owned();
            (ExternalRef { system, id }, record)
        }));
    }
    Ok(found)
}

/// The references of those records, each list sorted.
///
/// # Errors
/// What the database reports.
pub fn by_records(tx: &mut Tx<'_>, resource_type: &str, records: &[String]) -> Result<ByRecord> {
    if records.is_empty() {
        return Ok(ByRecord::new());
    }
    let rows: Vec<(String, String, String)> = table
        .filter(refs::resource_type.eq(resource_type))
        .filter(refs::resource_id.eq_any(among(records)))
        .order((refs::resource_id, refs::system, refs::external_id))
        .select((refs::resource_id, refs::system, refs::external_id))
        .load(tx.conn())?;
    let mut found = ByRecord::new();
    for (record, system, id) in rows {
        found.entry(record).or_default().push(ExternalRef { system, id });
    }
    Ok(found)
}

/// Makes these the references of the record: adds what it lacks and removes what is not named.
///
/// # Errors
/// 409 `already_exists` at `#/external_refs/<n>` if another record of the type has one of them.
pub fn set(tx: &mut Tx<'_>, resource_type: &str, record: &str, wanted: &[ExternalRef]) -> Result<()> {
    let present = by_records(tx, resource_type, &[record.to_owned()])?
        .remove(record)
        .unwrap_or_default();
    for gone in present.iter().filter(|known| !wanted.contains(known)) {
        sync::released(tx, resource_type, record, gone)?;
        diesel::delete(
            table
                .filter(refs::system.eq(&gone.system))
                .filter(refs::resource_type.eq(resource_type))
                .filter(refs::external_id.eq(&gone.id)),
        )
        .execute(tx.conn())?;
    }
    let mut added: Vec<&ExternalRef> = Vec::new();
    for (index, new) in wanted.iter().enumerate().filter(|(_, new)| !present.contains(new)) {
        if added.contains(&new) {
            continue;
        }
        added.push(new);
        tx.attempt(|tx| write(tx, resource_type, record, new))
            .map_err(|error| taken(error, index, new))?;
    }
    Ok(())
}

/// Gives references to a record that was made in this transaction, so has none: without looking for what it has, and
/// without a savepoint, so a refusal ends the caller's work.
///
/// # Errors
/// 409 `already_exists` if another record of the type has one of them.
pub fn give(tx: &mut Tx<'_>, resource_type: &str, record: &str, new: &[ExternalRef]) -> Result<()> {
    for (index, one) in new.iter().enumerate() {
        write(tx, resource_type, record, one).map_err(|error| taken(error, index, one))?;
    }
    Ok(())
}

fn taken(error: Error, index: usize, new: &ExternalRef) -> Error {
    if !error.is(&codes::ALREADY_EXISTS) {
        return error;
    }
    Error::new(&codes::ALREADY_EXISTS).fault(
        format!("#/external_refs/{index}"),
        "already_exists",
        format!(
            "Another record is `{}` in {}; an id of another system names one record.",
            new.id, new.system
        ),
    )
}

fn write(tx: &mut Tx<'_>, resource_type: &str, record: &str, new: &ExternalRef) -> Result<()> {
    let (id, now): (ExternalRefId, Time) = (tx.new_id(), tx.now);
    tx.add(diesel::insert_into(table).values((
        refs::id.eq(id.to_string()),
        refs::system.eq(&new.system),
        refs::resource_type.eq(resource_type),
        refs::external_id.eq(&new.id),
        refs::resource_id.eq(record),
        refs::created_at.eq(now.micros()),
        refs::updated_at.eq(now.micros()),
    )))
}

/// Gives the named references of one record to another of the same type: for merges and splits.
///
/// # Errors
/// What the database reports.
pub fn move_all(tx: &mut Tx<'_>, resource_type: &str, moved: &[ExternalRef], to: &str) -> Result<()> {
    let now = tx.now;
    sync::moved(tx, resource_type, moved, to)?;
    for one in moved {
        diesel::update(
            table
                .filter(refs::system.eq(&one.system))
                .filter(refs::resource_type.eq(resource_type))
                .filter(refs::external_id.eq(&one.id)),
        )
        .set((refs::resource_id.eq(to), refs::updated_at.eq(now.micros())))
        .execute(tx.conn())?;
    }
    Ok(())
}
