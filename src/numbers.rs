//! Numbers that people use when they talk about a record: `CA-2026-000123`.
//!
//! They come from a counter for each kind and year. Gaps are allowed: a number that was taken for a write that failed is
//! not given back.

use std::collections::VecDeque;

use diesel::prelude::*;

use crate::{
    db::Tx,
    error::{Error, Result},
    schema::counters as table,
};

/// The next number of that kind in the year of the transaction: `next(tx, "DR")` gives `DR-2026-000123`.
///
/// On PostgreSQL writers of one kind queue here until the one before has committed; so take the number late.
///
/// # Errors
/// What the database reports.
pub fn next(tx: &mut Tx<'_>, kind: &str) -> Result<String> {
    let mut block = block(tx, kind, 1)?;
    block
        .pop_front()
        .ok_or_else(|| Error::internal("a counter gave no number"))
}

/// So many numbers at once, in order: for imports, which would otherwise raise the counter for each row.
///
/// # Errors
/// What the database reports.
pub fn block(tx: &mut Tx<'_>, kind: &str, count: usize) -> Result<VecDeque<String>> {
    let count = i64::try_from(count).map_err(Error::internal)?;
    if count == 0 {
        return Ok(VecDeque::new());
    }
    let series = format!("{kind}-{}", tx.now.date().year());
    let last: i64 = diesel::insert_into(table::table)
        .values((table::name.eq(&series), table::value.eq(count)))
        .on_conflict(table::name)
        .do_update()
        .set(table::value.eq(table::value + count))
        .returning(table::value)
        .get_result(tx.conn())?;
    Ok((last - count + 1..=last).map(|value| text(&series, value)).collect())
}

fn text(series: &str, value: i64) -> String {
    format!("{series}-{value:06}")
}

/// The numbers of that kind that were given in the year of the transaction after the first so many, up to `last`.
pub fn given(tx: &Tx<'_>, kind: &str, after: i64, last: i64) -> Vec<String> {
    let series = format!("{kind}-{}", tx.now.date().year());
    (after + 1..=last).map(|value| text(&series, value)).collect()
}

/// How many numbers of that kind were given in the year of the transaction.
///
/// # Errors
/// What the database reports.
pub fn last(tx: &mut Tx<'_>, kind: &str) -> Result<i64> {
    let series = format!("{kind}-{}", tx.now.date().year());
    let value: Option<i64> = table::table
        .find(&series)
        .select(table::value)
        .first(tx.conn())
        .optional()?;
    Ok(value.unwrap_or(0))
}

/// Queues with all who take a number of that kind until the end of the transaction, and answers [`last`] as it is then.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>, kind: &str) -> Result<i64> {
    let series = format!("{kind}-{}", tx.now.date().year());
    Ok(diesel::insert_into(table::table)
        .values((table::name.eq(&series), table::value.eq(0)))
        .on_conflict(table::name)
        .do_update()
        .set(table::value.eq(table::value))
        .returning(table::value)
        .get_result(tx.conn())?)
}
