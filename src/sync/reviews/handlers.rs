//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    matchings,
    model::{
        ExternalRecord, NewSyncMatching, SyncMatch, SyncMatching, SyncReview, SyncReviewFilter, SyncReviewVerdict,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{ExternalSystemId, SyncReviewId},
        page::{Page, Paging},
    },
    sync::{links, systems::queries as systems},
};

/// How many records are linked in one transaction, so that nobody waits for long.
const AT_ONCE: usize = 25;

/// Match records of an external system
///
/// For a first load: which of up to 1,000 records of a type are ours already, and why. Nothing is written unless `dry_run` is false:
/// then those that are ours for sure are linked, and those that may be wait at `/v1/sync-reviews`. What is new is put here by its
/// external id. Repeating the call does nothing twice; one that was interrupted is simply repeated.
#[utoipa::path(params(ExternalSystemId))]
#[post("/{id}/matchings")]
pub async fn match_external_records(
    db: Db,
    caller: Caller,
    id: Path<ExternalSystemId>,
    asked: Json<NewSyncMatching>,
) -> Reply<Plain<SyncMatching>> {
    let (kind, dry_run, records) = (asked.0.resource_type, asked.0.dry_run, asked.0.items);
    let looked = records.clone();
    // Finding is the long part, and writes nothing.
    let (system, found) = db
        .ask_snapshot(&caller, move |tx| {
            let system = systems::find(tx, id.0)?;
            let found = matchings::judge(tx, &system, kind, &looked)?;
            Ok((system, found))
        })
        .await?;
    let mut items: Vec<SyncMatch> = Vec::with_capacity(found.len());
    if dry_run {
        items = found;
    } else {
        let pairs: Vec<(ExternalRecord, SyncMatch)> = records.into_iter().zip(found).collect();
        for some in pairs.chunks(AT_ONCE) {
            let (system, some) = (system.clone(), some.to_vec());
            let settled = db
                .run(&caller, move |tx| matchings::settle(tx, &system, kind, &some))
                .await?;
            items.extend(settled);
        }
    }
    let matching = rules::summed(dry_run, items);
    db.write(&caller, move |_| Ok(Plain(matching.clone()))).await
}

/// List sync reviews
///
/// Records of other systems that may be ours, oldest first; `state=open` are those that somebody has to decide.
#[utoipa::path(params(SyncReviewFilter, Paging))]
#[get("")]
pub async fn list_sync_reviews(
    db: Db,
    caller: Caller,
    filter: Query<SyncReviewFilter>,
    paging: Paging,
) -> Reply<Page<SyncReview>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a sync review
///
/// The record as the other system describes it, and the records of ours that it may be, with what they have in common.
#[utoipa::path(params(SyncReviewId))]
#[get("/{id}")]
pub async fn get_sync_review(db: Db, caller: Caller, id: Path<SyncReviewId>) -> Reply<Json<SyncReview>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Decide a sync review
///
/// Link it to one of ours, say that it is new, or that it is not to be here.
#[utoipa::path(
    params(SyncReviewId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "already_exists", "account_merged", "field_locked"])))
)]
#[post("/{id}/decide")]
pub async fn decide_sync_review(
    db: Db,
    caller: Caller,
    id: Path<SyncReviewId>,
    seen: IfMatch,
    verdict: Json<SyncReviewVerdict>,
) -> Reply<Json<SyncReview>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let by = tx.caller().actor_text();
        let after = before.clone().decided(&verdict.0, by, tx.now)?;
        if let Some(record) = &after.resource_id {
            let system = systems::find(tx, before.system_id)?;
            // The link settles the review, as every link with that id does.
            links::link(tx, &system, before.resource_type, record, &before.external_id)?;
            return queries::find(tx, before.id).map(Json);
        }
        queries::save(tx, &before, after, "sync_review.decided").map(Json)
    })
    .await
}
