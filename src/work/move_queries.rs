//! What is on a record, when the record becomes another: customer accounts that are merged, and split again.

use diesel::prelude::*;

use super::records::WorkRecordType;
use crate::{
    db::{Tx, among},
    error::Result,
    schema::{interactions, notes, tasks},
};

/// What is on a record, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnRecord {
    /// The notes.
    pub notes: Vec<String>,
    /// The tasks.
    pub tasks: Vec<String>,
    /// The interactions.
    pub interactions: Vec<String>,
}

/// The ids of one table's rows on a record.
macro_rules! ids_on {
    ($tx:expr, $table:ident, $kind:expr, $id:expr) => {
        $table::table
            .filter($table::resource_type.eq($kind))
            .filter($table::resource_id.eq($id))
            .order($table::id)
            .select($table::id)
            .load($tx.conn())?
    };
}

/// Puts rows of one table on another record.
macro_rules! put_on {
    ($tx:expr, $table:ident, $ids:expr, $to:expr) => {{
        let now = $tx.now;
        diesel::update($table::table.filter($table::id.eq_any(among($ids))))
            .set((
                $table::resource_id.eq($to),
                $table::revision.eq($table::revision + 1),
                $table::updated_at.eq(now),
            ))
            .execute($tx.conn())?;
    }};
}

/// What is on a record, whoever may read it.
///
/// # Errors
/// What the database reports.
pub fn on_record(tx: &mut Tx<'_>, kind: WorkRecordType, id: &str) -> Result<OnRecord> {
    Ok(OnRecord {
        notes: ids_on!(tx, notes, kind, id),
        tasks: ids_on!(tx, tasks, kind, id),
        interactions: ids_on!(tx, interactions, kind, id),
    })
}

/// Puts what was on one record on another of its kind. Whoever moves records tells of it.
///
/// # Errors
/// What the database reports.
pub fn move_to(tx: &mut Tx<'_>, moved: &OnRecord, to: &str) -> Result<()> {
    put_on!(tx, notes, &moved.notes, to);
    put_on!(tx, tasks, &moved.tasks, to);
    put_on!(tx, interactions, &moved.interactions, to);
    Ok(())
}
