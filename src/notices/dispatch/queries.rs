//! The only file that knows the mark of the dispatcher.

use diesel::prelude::*;

use crate::{
    db::{Conn, Tx},
    error::Result,
    on_each,
    schema::notice_marks::{self, table},
};

const NAME: &str = "dispatch";

/// Up to which position people were told, held until the end of the transaction: nobody else moves it meanwhile.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>) -> Result<i64> {
    let one = table.find(NAME).select(notice_marks::position);
    Ok(match tx.conn() {
        Conn::Sqlite(c) => one.first(c)?,
        Conn::Postgres(c) => one.for_no_key_update().first(c)?,
    })
}

/// Moves the mark, which is held.
///
/// # Errors
/// What the database reports.
pub fn advance(tx: &mut Tx<'_>, position: i64) -> Result<()> {
    let now = tx.now;
    on_each!(tx, |c| diesel::update(table.find(NAME))
        .set((notice_marks::position.eq(position), notice_marks::updated_at.eq(now)))
        .execute(c))?;
    Ok(())
}
