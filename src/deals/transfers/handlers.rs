//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    execution,
    model::{DealTransfer, DealTransferCancellation, DealTransferFilter, DealTransferRefusal, NewDealTransfer},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::{DealId, TransferId},
        page::{Page, Paging},
    },
};

/// Propose a transfer of a registration
///
/// To another partner, with the shares that both shall be credited with. Nothing moves until both consent and the vendor
/// executes it. `If-Match` takes the registration's tag.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("/{id}/transfers")]
pub async fn propose_deal_transfer(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen: IfMatch,
    new: Json<NewDealTransfer>,
) -> Reply<Created<DealTransfer>> {
    db.write(&caller, move |tx| {
        let transfer = super::propose(tx, id.0, seen, &new.0)?;
        queries::seen(tx, transfer).map(Created)
    })
    .await
}

/// List the transfers of a registration
///
/// Those by which it goes to another partner, and the one by which it came; oldest first.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/transfers")]
pub async fn list_deal_transfers(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    paging: Paging,
) -> Reply<Page<DealTransfer>> {
    db.snapshot(&caller, move |tx| {
        registrations::find_row(tx, id.0)?;
        queries::page_of_deal(tx, id.0, &paging)
    })
    .await
}

/// List transfers
///
/// From and to the partners whose rows you may see. A partner finds here what is offered to it: it does not see the
/// registration before the transfer is executed.
#[utoipa::path(params(DealTransferFilter, Paging))]
#[get("")]
pub async fn list_transfers(
    db: Db,
    caller: Caller,
    filter: Query<DealTransferFilter>,
    paging: Paging,
) -> Reply<Page<DealTransfer>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Read a transfer
///
/// With what the receiver may know of the registration before it consents.
#[utoipa::path(params(TransferId))]
#[get("/{id}")]
pub async fn get_deal_transfer(db: Db, caller: Caller, id: Path<TransferId>) -> Reply<Json<DealTransfer>> {
    db.snapshot(&caller, move |tx| {
        let transfer = queries::find(tx, id.0)?;
        queries::seen(tx, transfer).map(Json)
    })
    .await
}

/// Consent to a transfer
///
/// For the own partner, which gives or receives. Doing so again changes nothing.
#[utoipa::path(params(TransferId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/consent")]
pub async fn consent_to_deal_transfer(
    db: Db,
    caller: Caller,
    id: Path<TransferId>,
    seen: IfMatch,
) -> Reply<Json<DealTransfer>> {
    db.write(&caller, move |tx| {
        let transfer = super::consent(tx, id.0, seen)?;
        queries::seen(tx, transfer).map(Json)
    })
    .await
}

/// Decline a transfer
///
/// For the own partner, with a reason; also after having consented, until the transfer is executed.
#[utoipa::path(params(TransferId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/decline")]
pub async fn decline_deal_transfer(
    db: Db,
    caller: Caller,
    id: Path<TransferId>,
    seen: IfMatch,
    refusal: Json<DealTransferRefusal>,
) -> Reply<Json<DealTransfer>> {
    db.write(&caller, move |tx| {
        let transfer = super::decline(tx, id.0, seen, &refusal.0.reason)?;
        queries::seen(tx, transfer).map(Json)
    })
    .await
}

/// Cancel a transfer
///
/// Takes the proposal back. The registration stays as it is.
#[utoipa::path(params(TransferId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_deal_transfer(
    db: Db,
    caller: Caller,
    id: Path<TransferId>,
    seen: IfMatch,
    cancellation: Json<DealTransferCancellation>,
) -> Reply<Json<DealTransfer>> {
    db.write(&caller, move |tx| {
        let transfer = super::cancel(tx, id.0, seen, cancellation.0.reason.as_deref())?;
        queries::seen(tx, transfer).map(Json)
    })
    .await
}

/// Execute a transfer
///
/// In one step the registration is superseded, the receiver gets its own with the same customer, lines, contacts and sites
/// at the same place in the queue, what protects the scope is handed over for the rest of its time, and the shares that
/// both consented to are credited. What was approved stays approved under the terms that were granted; what was still
/// before the vendor is reviewed anew. Ids in other systems stay with the registration that is superseded.
#[utoipa::path(params(TransferId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap"]))))]
#[post("/{id}/execute")]
pub async fn execute_deal_transfer(
    db: Db,
    caller: Caller,
    id: Path<TransferId>,
    seen: IfMatch,
) -> Reply<Json<DealTransfer>> {
    db.write(&caller, move |tx| {
        let transfer = execution::execute(tx, id.0, seen)?;
        queries::seen(tx, transfer).map(Json)
    })
    .await
}
