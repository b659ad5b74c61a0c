//! The only file that knows the table of the values of custom fields: what records hold in `custom` once more, one row for each
//! value, as lists are filtered by them.

use std::collections::BTreeMap;

use diesel::{prelude::*, sql_types::Text};

use super::model::{CustomFields, CustomRecord};
use crate::{
    db::{Clause, Tx},
    error::Result,
    schema::custom_values::{self as values, table},
};

/// Keeps the values of a record that was just written; `before` is what it held until then, nothing if it is new.
///
/// # Errors
/// What the database reports.
pub fn keep(
    tx: &mut Tx<'_>,
    record: CustomRecord,
    id: &str,
    before: Option<&CustomFields>,
    after: &CustomFields,
) -> Result<()> {
    if before == Some(after) {
        return Ok(());
    }
    if before.is_some_and(|before| !before.0.is_empty()) {
        forget(tx, record, id)?;
    }
    for (name, value) in &after.0 {
        diesel::insert_into(table)
            .values((
                values::record_type.eq(record.as_str()),
                values::record_id.eq(id),
                values::name.eq(name),
                values::value_key.eq(value.key()),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Removes the values of a record that is removed.
///
/// # Errors
/// What the database reports.
pub fn forget(tx: &mut Tx<'_>, record: CustomRecord, id: &str) -> Result<()> {
    diesel::delete(
        table
            .filter(values::record_type.eq(record.as_str()))
            .filter(values::record_id.eq(id)),
    )
    .execute(tx.conn())?;
    Ok(())
}

/// And: the custom fields of those names hold one of their values. `column` holds the record's id.
pub(super) fn holding(
    clause: &mut Clause,
    record: CustomRecord,
    column: &'static str,
    wanted: &BTreeMap<String, Vec<String>>,
) {
    for (name, keys) in wanted {
        clause
            .and(column)
            .sql(" IN (SELECT v.record_id FROM custom_values AS v WHERE v.record_type = ")
            .value(&record)
            .sql(" AND v.name = ")
            .value(name)
            .one_of("v.value_key", keys)
            .sql(")");
    }
}

/// Where records other than deals hold values that were written before there was this table.
const WRITTEN_BEFORE: [(CustomRecord, &str); 5] = [
    (
        CustomRecord::Partner,
        "SELECT id, custom FROM partners WHERE custom <> '{}'",
    ),
    (
        CustomRecord::CustomerAccount,
        "SELECT id, custom FROM customer_accounts WHERE custom <> '{}'",
    ),
    (
        CustomRecord::DirectOpportunity,
        "SELECT id, custom FROM direct_opportunities WHERE custom <> '{}'",
    ),
    (
        CustomRecord::Product,
        "SELECT id, custom FROM products WHERE custom <> '{}'",
    ),
    (
        CustomRecord::Program,
        "SELECT id, custom FROM programs WHERE custom <> '{}'",
    ),
];

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    custom: String,
}

/// Fills the table, once, with what records hold that were written before there was it. A part of the migration that makes the
/// table: only the program folds values as filters compare them.
///
/// # Errors
/// What the database reports.
pub fn fill(tx: &mut Tx<'_>) -> Result<()> {
    for (record, sql) in WRITTEN_BEFORE {
        let rows: Vec<Written> = diesel::sql_query(sql).load(tx.conn())?;
        for row in rows {
            // What cannot be read keeps nobody from migrating: reading the record itself reports it.
            let custom: CustomFields = serde_json::from_str(&row.custom).unwrap_or_default();
            keep(tx, record, &row.id, None, &custom)?;
        }
    }
    Ok(())
}
