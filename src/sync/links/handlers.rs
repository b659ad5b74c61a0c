//! One function per operation: take, call, answer.

use actix_web::{delete, get, post};

use super::{
    model::{
        NewSyncLink, SyncLink, SyncLinkFilter, SyncRelink, SyncReport, SyncReportItem, SyncReportStatus,
        SyncReportVerdict, SyncReported,
    },
    queries,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::Result,
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        ids::SyncLinkId,
        page::{Page, Paging},
    },
    sync::systems::{ExternalSystem, queries as systems},
};

/// List sync links
///
/// Which record is which in other systems, and where each stands: `state=pending` is what a connector has to push, `state=error`
/// what somebody has to look at.
#[utoipa::path(params(SyncLinkFilter, Paging))]
#[get("")]
pub async fn list_sync_links(
    db: Db,
    caller: Caller,
    filter: Query<SyncLinkFilter>,
    paging: Paging,
) -> Reply<Page<SyncLink>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Link a record with another system
///
/// The id becomes an external reference of the record too. One record has one link with a system, and one id of a system names one
/// record of a type. Both are taken to be the same now: what differs later was changed later.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "account_merged", "field_locked", "forbidden"]))))]
#[post("")]
pub async fn create_sync_link(db: Db, caller: Caller, new: Json<NewSyncLink>) -> Reply<Created<SyncLink>> {
    db.write(&caller, move |tx| {
        let new = &new.0;
        let system = systems::of_body(tx, new.system_id)?;
        super::link(tx, &system, new.resource_type, &new.resource_id, &new.external_id).map(Created)
    })
    .await
}

/// Read a sync link
///
/// How far each side has come, and what failed.
#[utoipa::path(params(SyncLinkId))]
#[get("/{id}")]
pub async fn get_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>) -> Reply<Json<SyncLink>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Unlink a record
///
/// The reference goes from the record, too. An open conflict is dropped.
#[utoipa::path(params(SyncLinkId, IfMatch), extensions(("x-errors" = json!(["account_merged", "field_locked"]))))]
#[delete("/{id}")]
pub async fn delete_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let system = systems::find(tx, before.system_id)?;
        super::unlink(tx, &before, &system).map(|()| NoContent)
    })
    .await
}

/// Relink a record
///
/// Lets the link lead to another id of the system, or to another record, or both; the reference goes along. Refused if either is
/// linked. What both have now is taken to be the same.
#[utoipa::path(
    params(SyncLinkId, IfMatchIfSent),
    extensions(("x-errors" = json!(["already_exists", "invalid_state", "account_merged", "field_locked"])))
)]
#[post("/{id}/relink")]
pub async fn relink_sync_link(
    db: Db,
    caller: Caller,
    id: Path<SyncLinkId>,
    seen: IfMatch,
    to: Json<SyncRelink>,
) -> Reply<Json<SyncLink>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        super::relink(tx, &before, &to.0).map(Json)
    })
    .await
}

/// Try a link again
///
/// What failed is forgotten, and the record waits to be pushed.
#[utoipa::path(params(SyncLinkId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/retry")]
pub async fn retry_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>, seen: IfMatch) -> Reply<Json<SyncLink>> {
    moved(&db, &caller, id.0, seen, SyncLink::retried, "sync_link.retried").await
}

/// Pause a link
///
/// The record is not kept in step until the link is resumed: what comes from the system is refused, what changes here is noted.
#[utoipa::path(params(SyncLinkId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/pause")]
pub async fn pause_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>, seen: IfMatch) -> Reply<Json<SyncLink>> {
    moved(&db, &caller, id.0, seen, SyncLink::paused, "sync_link.paused").await
}

/// Resume a link
///
/// What changed meanwhile waits to be pushed.
#[utoipa::path(params(SyncLinkId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/resume")]
pub async fn resume_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>, seen: IfMatch) -> Reply<Json<SyncLink>> {
    moved(&db, &caller, id.0, seen, SyncLink::resumed, "sync_link.resumed").await
}

/// Have a record pushed anew
///
/// It waits to be pushed, whatever the other system is said to have.
#[utoipa::path(params(SyncLinkId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/resync")]
pub async fn resync_sync_link(db: Db, caller: Caller, id: Path<SyncLinkId>, seen: IfMatch) -> Reply<Json<SyncLink>> {
    moved(
        &db,
        &caller,
        id.0,
        seen,
        SyncLink::resynced,
        "sync_link.resync_requested",
    )
    .await
}

async fn moved(
    db: &Db,
    caller: &Caller,
    id: SyncLinkId,
    seen: IfMatch,
    action: fn(SyncLink, crate::kernel::Time) -> Result<SyncLink>,
    kind: &'static str,
) -> Reply<Json<SyncLink>> {
    db.write(caller, move |tx| {
        let before = queries::hold(tx, id)?;
        seen.check(before.revision)?;
        let after = action(before.clone(), tx.now)?;
        queries::save(tx, &before, after, kind).map(Json)
    })
    .await
}

/// Tell what was pushed
///
/// For up to 1,000 records: which revision the other system took, or what it refused. Each item is answered in its place; one that
/// is not known keeps no other back. A record that was changed since goes on waiting.
#[utoipa::path]
#[post("/report")]
pub async fn report_sync_links(db: Db, caller: Caller, report: Json<SyncReport>) -> Reply<Plain<SyncReported>> {
    db.write(&caller, move |tx| {
        let system = systems::of_body(tx, report.0.system_id)?;
        reported(tx, &system, &report.0.items).map(Plain)
    })
    .await
}

fn reported(tx: &mut Tx<'_>, system: &ExternalSystem, items: &[SyncReportItem]) -> Result<SyncReported> {
    let records: Vec<String> = items.iter().map(|item| item.resource_id.clone()).collect();
    let mut links = queries::by_records(tx, system.id, &records)?;
    let mut verdicts = Vec::with_capacity(items.len());
    for (index, item) in (0_i64..).zip(items) {
        let (link, status) = match links.remove(&item.resource_id) {
            None => (None, SyncReportStatus::Unknown),
            Some(before) => {
                let (after, status) = before.clone().reported(item, tx.now);
                let after = if status == SyncReportStatus::Noted {
                    queries::save(tx, &before, after, "sync_link.reported")?
                } else {
                    after
                };
                // The same record may be told of twice in one report.
                links.insert(item.resource_id.clone(), after.clone());
                (Some(after), status)
            }
        };
        verdicts.push(SyncReportVerdict {
            index,
            status,
            link_id: link.as_ref().map(|link| link.id),
            state: link.map(|link| link.state),
        });
    }
    let noted = verdicts
        .iter()
        .filter(|one| one.status == SyncReportStatus::Noted)
        .count();
    let succeeded = i64::try_from(noted).unwrap_or(i64::MAX);
    Ok(SyncReported {
        succeeded,
        failed: i64::try_from(verdicts.len()).unwrap_or(i64::MAX) - succeeded,
        items: verdicts,
    })
}
