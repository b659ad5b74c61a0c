//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    checks, dry_runs,
    model::{
        CheckPurpose, ConflictCheck, ConflictCheckFilter, ConflictDryRun, ConflictProbe, ConflictProbeFilter,
        ConflictReplay, DryRunConflictCheck, ReplayConflictCheck,
    },
    queries, replays,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{ConflictCheckId, DealId},
        page::{Page, Paging},
    },
};

/// List conflict checks
///
/// The stored checks, newest first; with `deal_id` those of one registration. Partners read those of their own
/// registrations, and of each the part that names nobody.
#[utoipa::path(params(ConflictCheckFilter, Paging))]
#[get("")]
pub async fn list_conflict_checks(
    db: Db,
    caller: Caller,
    filter: Query<ConflictCheckFilter>,
    paging: Paging,
) -> Reply<Page<ConflictCheck>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a conflict check
///
/// What a check found, as it was found. The vendor reads the assessment in full; partners read that of their own
/// registrations without anything that names others.
#[utoipa::path(params(ConflictCheckId))]
#[get("/{id}")]
pub async fn get_conflict_check(db: Db, caller: Caller, id: Path<ConflictCheckId>) -> Reply<Json<ConflictCheck>> {
    db.read(&caller, move |tx| {
        let caller = tx.caller();
        queries::find(tx, id.0).map(|row| Json(row.seen_by(caller)))
    })
    .await
}

/// Run a conflict check again
///
/// For the vendor. Runs a stored check on what it had looked at (then it must come to the same), under the present
/// settings, or on what is held now; stores the run beside the first and tells where the two differ. Nothing else changes.
#[utoipa::path(params(ConflictCheckId))]
#[post("/{id}/replay")]
pub async fn replay_conflict_check(
    db: Db,
    caller: Caller,
    id: Path<ConflictCheckId>,
    how: Json<ReplayConflictCheck>,
) -> Reply<Created<ConflictReplay>> {
    db.write(&caller, move |tx| replays::replay(tx, id.0, &how.0).map(Created))
        .await
}

/// Look for conflicts before registering
///
/// For business that is there: it takes the person at the customer and the need. Partners are told `clear` or
/// `needs_review` and no more, may look only so often, and their looks are written down. The vendor reads the whole check.
/// Nothing is reserved by it: only a registration has a place in the queue.
#[utoipa::path]
#[post("/dry-run")]
pub async fn dry_run_conflict_check(
    db: Db,
    caller: Caller,
    request: Json<DryRunConflictCheck>,
) -> Reply<Plain<ConflictDryRun>> {
    let asked = request.0.clone();
    let looked = db.ask(&caller, move |tx| dry_runs::look(tx, &asked)).await?;
    db.write(&caller, move |tx| dry_runs::run(tx, &request.0, &looked).map(Plain))
        .await
}

/// Check a registration for conflicts now
///
/// For the vendor. Runs the check on what is held now, and stores it; the registration itself stays as it is.
#[utoipa::path(params(DealId), extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("/{id}/conflict-checks")]
pub async fn run_conflict_check(db: Db, caller: Caller, id: Path<DealId>) -> Reply<Created<ConflictCheck>> {
    let prepared = db
        .ask(&caller, move |tx| {
            queries::require_deal(tx, id.0)?;
            checks::prepare(tx, id.0)
        })
        .await?;
    db.write(&caller, move |tx| {
        queries::require_deal(tx, id.0)?;
        let check = checks::check_deal(tx, id.0, CheckPurpose::Review, None, Some(&prepared))?;
        let caller = tx.caller();
        queries::find(tx, check.id).map(|row| Created(row.seen_by(caller)))
    })
    .await
}

/// List dry runs
///
/// For the vendor: which partner looked for which customer before registering, newest first. Many different customers
/// without a registration are a sign of fishing; the event `conflict_check.probing_suspected` tells of it.
#[utoipa::path(params(ConflictProbeFilter, Paging))]
#[get("")]
pub async fn list_conflict_probes(
    db: Db,
    caller: Caller,
    filter: Query<ConflictProbeFilter>,
    paging: Paging,
) -> Reply<Page<ConflictProbe>> {
    db.read(&caller, move |tx| queries::probes(tx, &filter.0, &paging))
        .await
}
