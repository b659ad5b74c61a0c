//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{DealReopening, NewDealReopening},
    queries, steps,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Reply},
    kernel::{
        ids::{DealId, ReopeningId},
        page::{Page, Paging},
    },
};

/// List the reopenings of a registration
///
/// Every request to undo a decision on it, and what became of it, oldest first. For the vendor alone.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/reopenings")]
pub async fn list_deal_reopenings(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    paging: Paging,
) -> Reply<Page<DealReopening>> {
    db.snapshot(&caller, move |tx| {
        registrations::find_row(tx, id.0)?;
        queries::page(tx, id.0, &paging)
    })
    .await
}

/// Ask to undo a decision
///
/// On a registration that was approved, refused, withdrawn or revoked, or has lapsed, by mistake. Another person decides on it.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "already_exists"]))))]
#[post("/{id}/reopenings")]
pub async fn request_deal_reopening(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    new: Json<NewDealReopening>,
) -> Reply<Created<DealReopening>> {
    db.write(&caller, move |tx| {
        steps::request(tx, id.0, seen_at, &new.0).map(Created)
    })
    .await
}

/// Read a reopening
///
/// With who asked for it and who decided. For the vendor alone.
#[utoipa::path(params(ReopeningId))]
#[get("/{id}")]
pub async fn get_deal_reopening(db: Db, caller: Caller, id: Path<ReopeningId>) -> Reply<Json<DealReopening>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Undo a decision
///
/// By another person than who asked for it. The registration is before the vendor again, in a new round of its approval
/// chain; what was refused or revoked keeps its place in the queue. What protected it is released, and nothing is taken
/// from who was granted the scope since.
#[utoipa::path(params(ReopeningId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/approve")]
pub async fn approve_deal_reopening(
    db: Db,
    caller: Caller,
    id: Path<ReopeningId>,
    seen_at: IfMatch,
) -> Reply<Json<DealReopening>> {
    db.write(&caller, move |tx| steps::approve(tx, id.0, seen_at).map(Json))
        .await
}

/// Let a decision stand
///
/// Refuses the reopening, by another person than who asked for it.
#[utoipa::path(params(ReopeningId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/reject")]
pub async fn reject_deal_reopening(
    db: Db,
    caller: Caller,
    id: Path<ReopeningId>,
    seen_at: IfMatch,
) -> Reply<Json<DealReopening>> {
    db.write(&caller, move |tx| steps::reject(tx, id.0, seen_at).map(Json))
        .await
}

/// Take a reopening back
///
/// By who asked for it.
#[utoipa::path(params(ReopeningId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_deal_reopening(
    db: Db,
    caller: Caller,
    id: Path<ReopeningId>,
    seen_at: IfMatch,
) -> Reply<Json<DealReopening>> {
    db.write(&caller, move |tx| steps::withdraw(tx, id.0, seen_at).map(Json))
        .await
}
