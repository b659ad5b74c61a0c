//! The only file that knows the table of notes.

use diesel::prelude::*;

use super::model::{Note, NoteFilter, NoteSide, ORDER};
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        ids::{NoteId, PartnerId},
        page::{Page, Paging},
    },
    load_page, on_each, revise,
    schema::notes::{self, table},
};

/// The notes on a partner that the caller's side reads.
fn readable(tx: &Tx<'_>, partner: PartnerId) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "notes.partner_id");
    clause
        .equals("notes.partner_id", &partner)
        .equals("notes.resource_type", "partner")
        .one_of("notes.visibility", &NoteSide::of(tx.caller().is_vendor()).reads());
    clause
}

/// One page of the notes on a partner.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, partner: PartnerId, filter: &NoteFilter, paging: &Paging) -> Result<Page<Note>> {
    let mut clause = readable(tx, partner);
    clause.one_of_some("notes.visibility", filter.visibility.as_ref());
    let rows = load_page!(tx, table => Note, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The note on a partner with that id, if the caller reads it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId, id: NoteId) -> Result<Note> {
    let mut clause = readable(tx, partner);
    clause.equals("notes.id", &id);
    Ok(on_each!(tx, |c| table
        .filter(clause)
        .select(Note::as_select())
        .first(c))?)
}

/// Stores a new note, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, note: Note) -> Result<Note> {
    on_each!(tx, |c| diesel::insert_into(table).values(&note).execute(c))?;
    tx.record(Fact::created("note.created", &note))?;
    Ok(note)
}

/// Stores a changed note over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Note, after: Note) -> Result<Note> {
    revise!(tx, table, notes::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed("note.updated", before, &after))?;
    Ok(after)
}

/// Removes a note.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, note: &Note) -> Result<()> {
    on_each!(tx, |c| diesel::delete(table.find(note.id)).execute(c))?;
    tx.record(Fact::deleted("note.deleted", note))
}
