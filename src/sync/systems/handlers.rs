//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{ExternalSystem, ExternalSystemFilter, ExternalSystemPatch, NewExternalSystem, SyncSummary, SystemResync},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::ExternalSystemId,
        page::{Page, Paging},
    },
    sync::{links, reviews},
};

/// List external systems
///
/// The systems that records are linked with, oldest first.
#[utoipa::path(params(ExternalSystemFilter, Paging))]
#[get("")]
pub async fn list_external_systems(
    db: Db,
    caller: Caller,
    filter: Query<ExternalSystemFilter>,
    paging: Paging,
) -> Reply<Page<ExternalSystem>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Name an external system
///
/// By the name that external references call it by. References that are there stay references: records are linked as the
/// connector says so.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_external_system(
    db: Db,
    caller: Caller,
    new: Json<NewExternalSystem>,
) -> Reply<Created<ExternalSystem>> {
    db.write(&caller, move |tx| {
        let system = ExternalSystem::new(new.0.clone(), tx.now);
        queries::insert(tx, system).map(Created)
    })
    .await
}

/// Read an external system
///
/// Whether records are kept in step with it, and whether they fail.
#[utoipa::path(params(ExternalSystemId))]
#[get("/{id}")]
pub async fn get_external_system(db: Db, caller: Caller, id: Path<ExternalSystemId>) -> Reply<Json<ExternalSystem>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change an external system
///
/// What people call it, and what kind it is. Its code stays: references go by it.
#[utoipa::path(params(ExternalSystemId, IfMatch))]
#[patch("/{id}")]
pub async fn update_external_system(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
    seen: IfMatch,
    patch: Json<ExternalSystemPatch>,
) -> Reply<Json<ExternalSystem>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now);
        queries::save(tx, &before, after, "external_system.updated").map(Json)
    })
    .await
}

/// Read how far a system is in step
///
/// How many links of each type of record are in which state, and how long the first of them waits. Three statements, however
/// many links there are.
#[utoipa::path(params(ExternalSystemId))]
#[get("/{id}/summary")]
pub async fn get_external_system_summary(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
) -> Reply<Plain<SyncSummary>> {
    db.snapshot(&caller, move |tx| {
        let system = queries::find(tx, id.0)?;
        let counted = links::counted(tx, system.id)?;
        let open = reviews::open(tx, system.id)?;
        Ok(Plain(rules::summary(&system, &counted, open, tx.now)))
    })
    .await
}

/// Pause an external system
///
/// What comes from it with a revision of its own is refused until it is resumed. What changes here goes on being noted.
#[utoipa::path(params(ExternalSystemId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/pause")]
pub async fn pause_external_system(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
    seen: IfMatch,
) -> Reply<Json<ExternalSystem>> {
    moved(&db, &caller, id.0, seen, "pause", "external_system.paused").await
}

/// Resume an external system
///
/// What comes from it is taken again. What waits to be pushed is listed by `GET /v1/sync-links?state=pending`.
#[utoipa::path(params(ExternalSystemId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/resume")]
pub async fn resume_external_system(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
    seen: IfMatch,
) -> Reply<Json<ExternalSystem>> {
    moved(&db, &caller, id.0, seen, "resume", "external_system.resumed").await
}

async fn moved(
    db: &Db,
    caller: &Caller,
    id: ExternalSystemId,
    seen: IfMatch,
    action: &'static str,
    kind: &'static str,
) -> Reply<Json<ExternalSystem>> {
    db.write(caller, move |tx| {
        let before = queries::find(tx, id)?;
        seen.check(before.revision)?;
        let after = before.clone().moved(action, tx.now)?;
        queries::save(tx, &before, after, kind).map(Json)
    })
    .await
}

/// Have a system pushed anew
///
/// Every link of it, or of one type of record, waits to be pushed again, those that failed too; those that are paused or in
/// conflict stay as they are. For a connector that lost its own state, or a system that was restored from a copy.
#[utoipa::path(params(ExternalSystemId, IfMatchIfSent))]
#[post("/{id}/resync")]
pub async fn resync_external_system(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
    seen: IfMatch,
    what: Json<SystemResync>,
) -> Reply<Json<ExternalSystem>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        links::resync_all(tx, before.id, what.0.resource_type)?;
        let after = before.clone().patched(&ExternalSystemPatch::default(), tx.now);
        queries::save(tx, &before, after, "external_system.resync_requested").map(Json)
    })
    .await
}
