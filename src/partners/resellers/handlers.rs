//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{NewResellerRelation, ResellerFilter, ResellerPath, ResellerRelation, ResellerRelationPatch},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    error::Error,
    http::{Created, IfMatch, Json, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
};

/// List the resellers of a distributor
///
/// Whom it serves and served, the first first.
#[utoipa::path(params(PartnerId, ResellerFilter, Paging))]
#[get("/{id}/resellers")]
pub async fn list_resellers(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<ResellerFilter>,
    paging: Paging,
) -> Reply<Page<ResellerRelation>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Add a reseller to a distributor
///
/// From then on the distributor serves the reseller, and sees its rows where the program says so.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("/{id}/resellers")]
pub async fn add_reseller(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewResellerRelation>,
) -> Reply<Created<ResellerRelation>> {
    db.write(&caller, move |tx| {
        let distributor = partners::find(tx, id.0)?;
        partners::status(tx, new.0.reseller_id)
            .map_err(|_none| Error::unknown_reference("#/reseller_id", "There is no such partner."))?;
        let relation = ResellerRelation::new(distributor.id, &new.0, tx.now).checked(&distributor.types)?;
        queries::insert(tx, relation).map(Created)
    })
    .await
}

/// Read the relation of a distributor with a reseller
///
/// From when to when it holds.
#[utoipa::path(params(ResellerPath))]
#[get("/{id}/resellers/{relation_id}")]
pub async fn get_reseller(db: Db, caller: Caller, path: Path<ResellerPath>) -> Reply<Json<ResellerRelation>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.relation_id).map(Json)
    })
    .await
}

/// Change when a distributor stops serving a reseller
///
/// The relation stays in the history.
#[utoipa::path(params(ResellerPath, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[patch("/{id}/resellers/{relation_id}")]
pub async fn update_reseller(
    db: Db,
    caller: Caller,
    path: Path<ResellerPath>,
    seen: IfMatch,
    patch: Json<ResellerRelationPatch>,
) -> Reply<Json<ResellerRelation>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.id, path.0.relation_id)?;
        seen.check(before.revision)?;
        let distributor = partners::find(tx, path.0.id)?;
        let after = before.clone().patched(&patch.0, tx.now).checked(&distributor.types)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}
