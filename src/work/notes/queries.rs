//! The only file that knows the table of notes.

use diesel::prelude::*;

use super::model::{Note, NoteFilter, ORDER};
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    http::Resource as _,
    kernel::{
        ids::NoteId,
        page::{Page, Paging},
    },
    load_page, revise,
    schema::notes::{self, table},
    work::{
        WorkSide,
        queries::{of_records, on_records},
        records::RecordFilter,
    },
};

/// The notes that the caller's side reads, on records that the caller may read.
fn readable(tx: &Tx<'_>) -> Clause {
    let mut clause = of_records(tx.caller(), "notes.partner_id", "notes.resource_type");
    clause.one_of("notes.visibility", &WorkSide::of(tx.caller()).reads());
    clause
}

/// One page of the notes that the caller reads.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, on: &RecordFilter, filter: &NoteFilter, paging: &Paging) -> Result<Page<Note>> {
    let mut clause = readable(tx);
    on_records(
        &mut clause,
        on,
        ["notes.partner_id", "notes.resource_type", "notes.resource_id"],
    );
    clause.one_of_some("notes.visibility", filter.visibility.as_ref());
    let rows = load_page!(tx, table => Note, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The note with that id, if the caller reads it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: NoteId) -> Result<Note> {
    let mut clause = readable(tx);
    clause.equals("notes.id", &id);
    Ok(table.filter(clause).select(Note::as_select()).first(tx.conn())?)
}

/// Stores a new note, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, note: Note) -> Result<Note> {
    diesel::insert_into(table).values(&note).execute(tx.conn())?;
    tx.record(Fact::created("note.created", &note))?;
    Ok(note)
}

/// Stores a changed note over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Note, after: Note) -> Result<Note> {
    revise!(tx, table, notes::revision, (before.id, before.revision), &after)?;
    let mut fact = Fact::changed("note.updated", before, &after);
    // A partner that could not read it before is told what it says, and not what it said.
    let newly = before.audience().is_empty() && !after.audience().is_empty();
    if newly {
        fact.audience = Vec::new();
    }
    tx.record(fact)?;
    if newly {
        tx.record(Fact::created("note.shared", &after))?;
    }
    Ok(after)
}

/// Removes a note.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, note: &Note) -> Result<()> {
    diesel::delete(table.find(note.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("note.deleted", note))
}
