//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{
        FieldMap, FieldMapEntry, FieldMapFilter, FieldMapPatch, FieldMapPreview, FieldMapPublication, FieldMapTrial,
        NewFieldMap,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    forms::{self, Bodies},
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        ids::FieldMapId,
        page::{Page, Paging},
    },
    sync::{conflicts::SyncVersion, kinds::SyncedType, systems},
};

/// List field maps
///
/// Drafts and versions, newest first; `as_of` gives those that hold at a moment.
#[utoipa::path(params(FieldMapFilter, Paging))]
#[get("")]
pub async fn list_field_maps(
    db: Db,
    caller: Caller,
    filter: Query<FieldMapFilter>,
    paging: Paging,
) -> Reply<Page<FieldMap>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Begin a field map
///
/// A draft of the next version, of one system and one type of record; what the last version says if no fields are sent. Every field
/// is held against the published schema of the record.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_field_map(
    db: Db,
    bodies: Bodies,
    caller: Caller,
    new: Json<NewFieldMap>,
) -> Reply<Created<FieldMap>> {
    db.write(&caller, move |tx| {
        let (system, kind) = (new.0.system_id, new.0.resource_type);
        systems::queries::of_body(tx, system)?;
        let last = queries::last(tx, system, kind)?;
        let (by, now) = (tx.caller().actor_text(), tx.now);
        let draft = FieldMap::new(new.0.clone(), last.as_ref(), by, now);
        check(tx, &bodies, kind, &draft.entries)?;
        queries::insert(tx, draft).map(Created)
    })
    .await
}

/// Checks that the fields are those of the record, as the contract has it, and custom fields those that there are. What an act
/// moves can come from the other system, too: an upsert takes it.
fn check(tx: &mut Tx<'_>, bodies: &Bodies, kind: SyncedType, entries: &[FieldMapEntry]) -> Result<()> {
    let custom = forms::custom_names(tx, kind.form())?;
    let has = |schema: Option<&serde_json::Value>, field: &str| match field.strip_prefix("/custom/") {
        Some(name) => custom.iter().any(|known| known == name),
        None => schema.is_some_and(|schema| bodies.has_field(schema, field)),
    };
    let written = kind.form().written();
    let of = |operation: &str| bodies.body(operation).map(|body| &body.schema);
    let moved = kind.acts()?.first().map(|name| format!("/{name}"));
    rules::check(entries, &|field| has(bodies.record(written.read), field), &|field| {
        has(of(written.update), field) || has(of(written.create), field) || moved.as_deref() == Some(field)
    })
}

/// Read a field map
///
/// A draft or a version, with every field.
#[utoipa::path(params(FieldMapId))]
#[get("/{id}")]
pub async fn get_field_map(db: Db, caller: Caller, id: Path<FieldMapId>) -> Reply<Json<FieldMap>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a draft of a field map
///
/// The fields are replaced as a whole. What was published never changes: begin another draft.
#[utoipa::path(params(FieldMapId, IfMatch), extensions(("x-errors" = json!(["invalid_state"]))))]
#[patch("/{id}")]
pub async fn update_field_map(
    db: Db,
    bodies: Bodies,
    caller: Caller,
    id: Path<FieldMapId>,
    seen: IfMatch,
    patch: Json<FieldMapPatch>,
) -> Reply<Json<FieldMap>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        check(tx, &bodies, after.resource_type, &after.entries)?;
        queries::save(tx, &before, after, "field_map.updated").map(Json)
    })
    .await
}

/// Delete a draft of a field map
///
/// What was published stays.
#[utoipa::path(params(FieldMapId, IfMatch), extensions(("x-errors" = json!(["invalid_state"]))))]
#[delete("/{id}")]
pub async fn delete_field_map(db: Db, caller: Caller, id: Path<FieldMapId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let map = queries::find(tx, id.0)?;
        seen.check(map.revision)?;
        map.check_draft("delete")?;
        queries::delete(tx, &map).map(|()| NoContent)
    })
    .await
}

/// Publish a field map
///
/// It holds from the moment given, or from now on, until the next version does, and never changes again. The versions before are
/// kept.
#[utoipa::path(
    params(FieldMapId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed", "already_exists"])))
)]
#[post("/{id}/publish")]
pub async fn publish_field_map(
    db: Db,
    caller: Caller,
    id: Path<FieldMapId>,
    seen: IfMatch,
    how: Json<FieldMapPublication>,
) -> Reply<Json<FieldMap>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let last = queries::last_moment(tx, before.system_id, before.resource_type)?;
        let (by, now) = (tx.caller().actor_text(), tx.now);
        let after = before.clone().published(&how.0, last, by, now)?;
        queries::save(tx, &before, after, "field_map.published").map(Json)
    })
    .await
}

/// Try a field map
///
/// What it makes of a record of ours, of one of theirs, or of both; values and fields that it does not have are told. Nothing is
/// written.
#[utoipa::path(params(FieldMapId))]
#[post("/{id}/preview")]
pub async fn preview_field_map(
    db: Db,
    caller: Caller,
    id: Path<FieldMapId>,
    trial: Json<FieldMapTrial>,
) -> Reply<Plain<FieldMapPreview>> {
    db.snapshot(&caller, move |tx| {
        let map = queries::find(tx, id.0)?;
        let mut preview = FieldMapPreview::default();
        if let Some(record) = &trial.0.resource_id {
            let found = map.resource_type.read(tx, record).map_err(|error| {
                error.when(&codes::NOT_FOUND, || {
                    Error::unknown_reference("#/resource_id", "There is no such record of this type.")
                })
            })?;
            let made = rules::outward(&map.entries, &found.record, &mut preview.warnings);
            preview.to_external = Some(SyncVersion(made));
        }
        if let Some(external) = &trial.0.external {
            let made = rules::inward(&map.entries, &external.0, &mut preview.warnings);
            preview.from_external = Some(SyncVersion(made));
        }
        Ok(Plain(preview))
    })
    .await
}
