//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{NewNote, Note, NoteFilter, NotePatch, NotePath, NoteSide},
    queries,
};
use crate::{
    auth::{Caller, Role},
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
};

/// List the notes on a partner
///
/// Those that the caller's side reads, the latest first.
#[utoipa::path(params(PartnerId, NoteFilter, Paging))]
#[get("/{id}/notes")]
pub async fn list_partner_notes(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<NoteFilter>,
    paging: Paging,
) -> Reply<Page<Note>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Write a note on a partner
///
/// For the own side alone, or for both.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["field_forbidden"]))))]
#[post("/{id}/notes")]
pub async fn create_partner_note(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewNote>,
) -> Reply<Created<Note>> {
    db.write(&caller, move |tx| {
        partners::status(tx, id.0)?;
        let side = NoteSide::of(tx.caller().is_vendor());
        side.may_write(new.0.visibility)?;
        queries::insert(tx, Note::new(id.0, &new.0, side, tx.caller().actor_text(), tx.now)).map(Created)
    })
    .await
}

/// Read a note on a partner
///
/// If the caller's side reads it.
#[utoipa::path(params(NotePath))]
#[get("/{id}/notes/{note_id}")]
pub async fn get_partner_note(db: Db, caller: Caller, path: Path<NotePath>) -> Reply<Json<Note>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.note_id).map(Json)
    })
    .await
}

/// Change a note on a partner
///
/// Only by its author.
#[utoipa::path(params(NotePath, IfMatch), extensions(("x-errors" = json!(["field_forbidden"]))))]
#[patch("/{id}/notes/{note_id}")]
pub async fn update_partner_note(
    db: Db,
    caller: Caller,
    path: Path<NotePath>,
    seen: IfMatch,
    patch: Json<NotePatch>,
) -> Reply<Json<Note>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.id, path.0.note_id)?;
        seen.check(before.revision)?;
        before.is_by(&tx.caller().actor_text(), false)?;
        let after = before.clone().patched(&patch.0, tx.now);
        before.author_type.may_write(after.visibility)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}

/// Remove a note on a partner
///
/// By its author, or by an administrator of the vendor if one of the vendor's people wrote it.
#[utoipa::path(params(NotePath, IfMatch))]
#[delete("/{id}/notes/{note_id}")]
pub async fn delete_partner_note(db: Db, caller: Caller, path: Path<NotePath>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let note = queries::find(tx, path.0.id, path.0.note_id)?;
        seen.check(note.revision)?;
        note.is_by(&tx.caller().actor_text(), tx.caller().has(Role::Admin))?;
        queries::delete(tx, &note).map(|()| NoContent)
    })
    .await
}
