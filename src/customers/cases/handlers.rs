//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{
        CaseAction, ConflictCase, ConflictCaseClosure, ConflictCaseFilter, ConflictCaseResolution, ConflictCaseTriage,
    },
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations,
    error::Error,
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::CaseId,
        page::{Page, Paging},
    },
};

/// List conflict cases
///
/// Those who see the rows of some partners alone see the cases in which one of these is a side.
#[utoipa::path(params(ConflictCaseFilter, Paging))]
#[get("")]
pub async fn list_conflict_cases(
    db: Db,
    caller: Caller,
    filter: Query<ConflictCaseFilter>,
    paging: Paging,
) -> Reply<Page<ConflictCase>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Read a conflict case
///
/// One case, with its claims and the facts that it rests on.
#[utoipa::path(params(CaseId))]
#[get("/{id}")]
pub async fn get_conflict_case(db: Db, caller: Caller, id: Path<CaseId>) -> Reply<Json<ConflictCase>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// List what can happen to a conflict case
///
/// The actions that its state allows, each with what stands in the way for this caller.
#[utoipa::path(params(CaseId))]
#[get("/{id}/actions")]
pub async fn list_conflict_case_actions(db: Db, caller: Caller, id: Path<CaseId>) -> Reply<Plain<CaseAction>> {
    db.snapshot(&caller, move |tx| {
        let case = queries::find(tx, id.0)?;
        let concerned = queries::concerned(tx, &case)?;
        let caller = tx.caller();
        Ok(Plain(CaseAction {
            actions: case.actions(&caller.actor_text(), caller.user(), &concerned),
        }))
    })
    .await
}

/// Take up a conflict case
///
/// Names who decides it. Nobody decides who is the account manager of a side, or who has decided on the registration of one.
#[utoipa::path(params(CaseId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/triage")]
pub async fn triage_conflict_case(
    db: Db,
    caller: Caller,
    id: Path<CaseId>,
    seen: IfMatch,
    triage: Json<ConflictCaseTriage>,
) -> Reply<Json<ConflictCase>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let Some(adjudicator) = triage.0.adjudicator_id.or_else(|| tx.caller().user()) else {
            return Err(Error::contradicts(
                "#/adjudicator_id",
                "required",
                "A machine has to name the user who decides.",
            ));
        };
        let concerned = queries::concerned(tx, &before)?;
        let after = before.clone().triaged(adjudicator, &concerned, tx.now)?;
        queries::save(tx, &before, after, "conflict_case.triaged").map(Json)
    })
    .await
}

/// Decide a conflict case
///
/// Notes the outcome for every claim, with the reason, and moves the protections at once: who wins is protected for the time that
/// was left, who loses is no more, those who share are side by side. A winner that is before the vendor again is granted at once
/// if you may decide every step of its chain; else its chain goes on. Shares in a deal are noted on the registrations themselves.
#[utoipa::path(params(CaseId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap"]))))]
#[post("/{id}/resolve")]
pub async fn resolve_conflict_case(
    db: Db,
    caller: Caller,
    id: Path<CaseId>,
    seen: IfMatch,
    resolution: Json<ConflictCaseResolution>,
) -> Reply<Json<ConflictCase>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let by = (tx.caller().actor_text(), tx.caller().user());
        let concerned = queries::concerned(tx, &before)?;
        let after = before.clone().resolved(&resolution.0, by, &concerned, tx.now)?;
        let after = queries::save(tx, &before, after, "conflict_case.resolved")?;
        registrations::settle_case(tx, &after, &resolution.0.reason)?;
        Ok(Json(after))
    })
    .await
}

/// Close a conflict case
///
/// Ends a decided case, or one that turned out to be none: that is then its outcome, and what was contested is in force again,
/// unless somebody else holds the scope.
#[utoipa::path(params(CaseId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "protection_overlap"]))))]
#[post("/{id}/close")]
pub async fn close_conflict_case(
    db: Db,
    caller: Caller,
    id: Path<CaseId>,
    seen: IfMatch,
    closure: Json<ConflictCaseClosure>,
) -> Reply<Json<ConflictCase>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().closed(&closure.0, tx.caller().actor_text(), tx.now)?;
        let after = queries::save(tx, &before, after, "conflict_case.closed")?;
        if before.is_open() {
            registrations::settle_case(tx, &after, &closure.0.reason)?;
        }
        Ok(Json(after))
    })
    .await
}
