//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{NewTerritory, Territory, TerritoryFilter, TerritoryPatch, TerritoryTrail},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        ids::TerritoryId,
        page::{Page, Paging},
    },
};

/// List territories
///
/// The tree of places, flat: each row names the territory it lies in.
#[utoipa::path(params(TerritoryFilter, Paging))]
#[get("")]
pub async fn list_territories(
    db: Db,
    caller: Caller,
    filter: Query<TerritoryFilter>,
    paging: Paging,
) -> Reply<Page<Territory>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create a territory
///
/// Adds a node to the tree. Its code must be unique, and its parent must exist.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_territory(db: Db, caller: Caller, new: Json<NewTerritory>) -> Reply<Created<Territory>> {
    db.write(&caller, move |tx| {
        queries::insert(tx, Territory::new(&new.0, tx.now)).map(Created)
    })
    .await
}

/// Read a territory
///
/// One node of the tree.
#[utoipa::path(params(TerritoryId))]
#[get("/{id}")]
pub async fn get_territory(db: Db, caller: Caller, id: Path<TerritoryId>) -> Reply<Json<Territory>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a territory
///
/// Renames, moves or retires a node. A move that would close a circle, or make two active protections overlap, is refused.
#[utoipa::path(params(TerritoryId, IfMatch), extensions(("x-errors" = json!(["protection_overlap", "conflict"]))))]
#[patch("/{id}")]
pub async fn update_territory(
    db: Db,
    caller: Caller,
    id: Path<TerritoryId>,
    seen: IfMatch,
    patch: Json<TerritoryPatch>,
) -> Reply<Json<Territory>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        queries::save(tx, &before, before.clone().patched(&patch.0, tx.now)).map(Json)
    })
    .await
}

/// Delete a territory
///
/// Removes a node that no other record names; retire it instead if one does.
#[utoipa::path(params(TerritoryId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_territory(db: Db, caller: Caller, id: Path<TerritoryId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let territory = queries::find(tx, id.0)?;
        seen.check(territory.revision)?;
        queries::delete(tx, &territory).map(|()| NoContent)
    })
    .await
}

/// Read the way to a territory
///
/// The territories that it lies in, the root first and itself last.
#[utoipa::path(params(TerritoryId))]
#[get("/{id}/path")]
pub async fn get_territory_path(db: Db, caller: Caller, id: Path<TerritoryId>) -> Reply<Plain<TerritoryTrail>> {
    db.read(&caller, move |tx| {
        queries::trail(tx, id.0).map(|data| Plain(TerritoryTrail { data }))
    })
    .await
}
