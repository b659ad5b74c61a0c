//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{NewNote, Note, NoteFilter, NotePatch},
    queries,
};
use crate::{
    auth::{Caller, Role},
    db::{Db, Tx},
    error::Result,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::NoteId,
        page::{Page, Paging},
    },
    work::{
        WorkSide,
        records::{self, RecordFilter},
    },
};

fn found(tx: &mut Tx<'_>, id: NoteId, seen: IfMatch) -> Result<Note> {
    let note = queries::find(tx, id)?;
    seen.check(note.revision)?;
    Ok(note)
}

/// List notes
///
/// Those that the caller's side reads, on records that the caller may read, the latest first.
#[utoipa::path(params(RecordFilter, NoteFilter, Paging))]
#[get("")]
pub async fn list_notes(
    db: Db,
    caller: Caller,
    on: Query<RecordFilter>,
    filter: Query<NoteFilter>,
    paging: Paging,
) -> Reply<Page<Note>> {
    db.read(&caller, move |tx| queries::page(tx, &on.0, &filter.0, &paging))
        .await
}

/// Write a note
///
/// On a record that the caller may read, for the own side alone or for both.
#[utoipa::path(extensions(("x-errors" = json!(["field_forbidden", "conflict"]))))]
#[post("")]
pub async fn create_note(db: Db, caller: Caller, new: Json<NewNote>) -> Reply<Created<Note>> {
    db.write(&caller, move |tx| {
        let new = &new.0;
        let partner = records::partner_of(tx, new.resource_type, &new.resource_id)?;
        let (side, author) = (WorkSide::of(tx.caller()), tx.caller().actor_text());
        let note = Note::new(new, partner, side, author, tx.now)?;
        queries::insert(tx, note).map(Created)
    })
    .await
}

/// Read a note
///
/// If the caller's side reads it.
#[utoipa::path(params(NoteId))]
#[get("/{id}")]
pub async fn get_note(db: Db, caller: Caller, id: Path<NoteId>) -> Reply<Json<Note>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a note
///
/// Only by its author.
#[utoipa::path(params(NoteId, IfMatch), extensions(("x-errors" = json!(["field_forbidden", "conflict"]))))]
#[patch("/{id}")]
pub async fn update_note(
    db: Db,
    caller: Caller,
    id: Path<NoteId>,
    seen: IfMatch,
    patch: Json<NotePatch>,
) -> Reply<Json<Note>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        before.is_by(&tx.caller().actor_text(), false)?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}

/// Remove a note
///
/// By its author, or by an administrator of the vendor if one of the vendor's people wrote it.
#[utoipa::path(params(NoteId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_note(db: Db, caller: Caller, id: Path<NoteId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let note = found(tx, id.0, seen)?;
        note.is_by(&tx.caller().actor_text(), tx.caller().has(Role::Admin))?;
        queries::delete(tx, &note).map(|()| NoContent)
    })
    .await
}
