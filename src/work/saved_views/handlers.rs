//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{NewSavedView, SavedView, SavedViewFilter, SavedViewPatch},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, Lists, NoContent, Path, Query, Reply},
    kernel::{
        ids::SavedViewId,
        page::{Page, Paging},
    },
};

/// List saved views
///
/// The caller's own, and those that are shared on the caller's side, by name.
#[utoipa::path(params(SavedViewFilter, Paging))]
#[get("")]
pub async fn list_saved_views(
    db: Db,
    caller: Caller,
    filter: Query<SavedViewFilter>,
    paging: Paging,
) -> Reply<Page<SavedView>> {
    let me = caller.person()?;
    db.read(&caller, move |tx| queries::page(tx, me, &filter.0, &paging))
        .await
}

/// Save a view
///
/// Of a list that the caller may call, with parameters that it takes.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_saved_view(
    db: Db,
    lists: Lists,
    caller: Caller,
    new: Json<NewSavedView>,
) -> Reply<Created<SavedView>> {
    let me = caller.person()?;
    db.write(&caller, move |tx| {
        let view = SavedView::new(new.0.clone(), me, tx.caller().partner(), tx.now);
        lists.check(tx.caller(), &view.operation, &view.query()?)?;
        queries::insert(tx, view).map(Created)
    })
    .await
}

/// Read a saved view
///
/// The caller's own, or one that is shared on the caller's side.
#[utoipa::path(params(SavedViewId))]
#[get("/{id}")]
pub async fn get_saved_view(db: Db, caller: Caller, id: Path<SavedViewId>) -> Reply<Json<SavedView>> {
    let me = caller.person()?;
    db.read(&caller, move |tx| queries::find(tx, me, id.0).map(Json)).await
}

/// Change a saved view
///
/// By its owner. The list stays.
#[utoipa::path(params(SavedViewId, IfMatch), extensions(("x-errors" = json!(["already_exists"]))))]
#[patch("/{id}")]
pub async fn update_saved_view(
    db: Db,
    lists: Lists,
    caller: Caller,
    id: Path<SavedViewId>,
    seen: IfMatch,
    patch: Json<SavedViewPatch>,
) -> Reply<Json<SavedView>> {
    let me = caller.person()?;
    db.write(&caller, move |tx| {
        let before = queries::find(tx, me, id.0)?;
        seen.check(before.revision)?;
        before.is_of(me)?;
        let after = before.clone().patched(&patch.0, tx.now);
        lists.check(tx.caller(), &after.operation, &after.query()?)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}

/// Remove a saved view
///
/// By its owner.
#[utoipa::path(params(SavedViewId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_saved_view(db: Db, caller: Caller, id: Path<SavedViewId>, seen: IfMatch) -> Reply<NoContent> {
    let me = caller.person()?;
    db.write(&caller, move |tx| {
        let view = queries::find(tx, me, id.0)?;
        seen.check(view.revision)?;
        view.is_of(me)?;
        queries::delete(tx, &view).map(|()| NoContent)
    })
    .await
}
