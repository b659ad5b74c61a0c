//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{SyncConflict, SyncConflictDecision, SyncConflictFilter, Version},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::{IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::SyncConflictId,
        page::{Page, Paging},
    },
    sync::{
        links::queries as links,
        maps,
        rules::{held_back, judge, patch},
    },
};

/// List sync conflicts
///
/// Records that were changed on both sides, newest first; `state=open` are those that somebody has to decide.
#[utoipa::path(params(SyncConflictFilter, Paging))]
#[get("")]
pub async fn list_sync_conflicts(
    db: Db,
    caller: Caller,
    filter: Query<SyncConflictFilter>,
    paging: Paging,
) -> Reply<Page<SyncConflict>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a sync conflict
///
/// Both versions of the record, what both sides had before, and the fields that both changed.
#[utoipa::path(params(SyncConflictId))]
#[get("/{id}")]
pub async fn get_sync_conflict(db: Db, caller: Caller, id: Path<SyncConflictId>) -> Reply<Json<SyncConflict>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Resolve a sync conflict
///
/// Ours, theirs, or field by field. What is taken of theirs is a change like any other, by the same rules; what they alone changed
/// is taken either way. What stands here then waits to be pushed. If the record was changed here since, the conflict shows it, and
/// the answer is 409 `conflict`: decide on what it is now.
#[utoipa::path(
    params(SyncConflictId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "conflict", "already_exists", "account_merged", "field_locked", "guard_failed"])))
)]
#[post("/{id}/resolve")]
pub async fn resolve_sync_conflict(
    db: Db,
    caller: Caller,
    id: Path<SyncConflictId>,
    seen: IfMatch,
    decision: Json<SyncConflictDecision>,
) -> Reply<Json<SyncConflict>> {
    db.settle(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        resolve(tx, &before, &decision.0).map(|resolved| resolved.map(Json))
    })
    .await
}

fn resolve(
    tx: &mut Tx<'_>,
    before: &SyncConflict,
    decision: &SyncConflictDecision,
) -> Result<std::result::Result<SyncConflict, Error>> {
    rules::MACHINE.go(before.state, "resolve")?;
    let chosen = before.chosen(decision)?;
    let link = before
        .link_id
        .ok_or_else(|| Error::internal("an open conflict has no link"))?;
    let (kind, record) = (before.resource_type, before.resource_id.as_str());
    links::in_turn(tx, before.system_id, kind, &before.external_id)?;
    // Locked, so that nobody changes the record between the look at it and the change.
    kind.lock(tx, record)?;
    links::hold(tx, link)?;
    let found = kind.read(tx, record)?;
    let ours = kind.written(&found.record)?;
    let entries = maps::entries(tx, before.system_id, kind)?;
    let (theirs, _) = held_back(&entries, &ours, before.brought());
    let base = before.base.as_ref().map(|base| &base.0.0);
    let compared = judge(&entries, base, &ours, &theirs);
    if before.is_outdated(&ours, &compared.conflicts) {
        let mut whole = ours.clone();
        whole.extend(theirs);
        let version = Version {
            base: base.cloned(),
            base_revision: before.base_revision,
            our_revision: found.revision,
            ours,
            theirs: whole,
        };
        let renewed = before
            .clone()
            .renewed(&before.their_revision(), version, &compared.conflicts, tx.now);
        queries::save(tx, before, renewed, "sync_conflict.updated")?;
        return Ok(Err(Error::new(&codes::CONFLICT).detail(
            "The record was changed here since; the conflict shows it as it is now. Decide anew.",
        )));
    }
    let mut taken = compared.theirs;
    taken.extend(chosen.into_iter().filter(|field| compared.conflicts.contains(field)));
    if !taken.is_empty() {
        kind.change(tx, record, patch(&taken, &ours, &theirs))?;
    }
    let (by, now) = (tx.caller().actor_text(), tx.now);
    let after = before.clone().resolved(decision.resolution.resolution(), by, now)?;
    let after = queries::save(tx, before, after, "sync_conflict.resolved")?;
    let present = links::hold(tx, link)?;
    let settled = present.clone().resolved(&before.their_revision(), now);
    links::save(tx, &present, settled, "sync_link.resolved")?;
    Ok(Ok(after))
}
