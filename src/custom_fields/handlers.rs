//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{CustomField, CustomFieldFilter, CustomFieldPatch, NewCustomField},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, Path, Query, Reply},
    kernel::{
        ids::CustomFieldId,
        page::{Page, Paging},
    },
};

/// List custom fields
///
/// The definitions of custom fields, of every type of record unless filtered.
#[utoipa::path(params(CustomFieldFilter, Paging))]
#[get("")]
pub async fn list_custom_fields(
    db: Db,
    caller: Caller,
    filter: Query<CustomFieldFilter>,
    paging: Paging,
) -> Reply<Page<CustomField>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Define a custom field
///
/// From now on records of the type can have it in `custom`. If it is required, records that are there already stay as they
/// are until it is next written.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_custom_field(db: Db, caller: Caller, new: Json<NewCustomField>) -> Reply<Created<CustomField>> {
    db.write(&caller, move |tx| {
        let field = CustomField::new(&new.0, tx.now)?;
        queries::insert(tx, field).map(Created)
    })
    .await
}

/// Read a custom field
///
/// One definition.
#[utoipa::path(params(CustomFieldId))]
#[get("/{id}")]
pub async fn get_custom_field(db: Db, caller: Caller, id: Path<CustomFieldId>) -> Reply<Json<CustomField>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a custom field
///
/// Name and type never change. Retire a field that is no longer wanted: values that are there stay readable.
#[utoipa::path(params(CustomFieldId, IfMatch))]
#[patch("/{id}")]
pub async fn update_custom_field(
    db: Db,
    caller: Caller,
    id: Path<CustomFieldId>,
    seen: IfMatch,
    patch: Json<CustomFieldPatch>,
) -> Reply<Json<CustomField>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}
