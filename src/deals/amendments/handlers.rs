//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{DealAmendment, DealAmendmentApproval, DealAmendmentFilter, DealAmendmentRejection, NewDealAmendment},
    queries, steps,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations::{self, Reader},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::{AmendmentId, DealId},
        page::{Page, Paging},
    },
};

/// List the amendments of a registration
///
/// Every change of what was approved with what became of it, oldest first.
#[utoipa::path(params(DealId, DealAmendmentFilter, Paging))]
#[get("/{id}/amendments")]
pub async fn list_deal_amendments(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    filter: Query<DealAmendmentFilter>,
    paging: Paging,
) -> Reply<Page<DealAmendment>> {
    db.snapshot(&caller, move |tx| {
        let deal = registrations::find_row(tx, id.0)?;
        queries::page(tx, &deal, &filter.0, &paging)
    })
    .await
}

/// Amend a registration
///
/// Changes amount, products or expected close of an approved, open deal. What takes no review holds at once (`applied`): an
/// amount that rises over the approved one by no more than the program lets pass, fewer products, products below those
/// granted, another close. Otherwise it waits (`pending`) for a review of just what `review_of` names, and the rest of it
/// waits too: an amendment holds as a whole or not at all. A product that is new takes a place of its own in the customer's
/// queue at this moment and is checked for conflicts. A product that is left out is given back with its protection.
#[utoipa::path(params(DealId), extensions(("x-errors" = json!(["guard_failed", "protection_overlap", "already_exists", "precondition_failed", "account_merged"]))))]
#[post("/{id}/amendments")]
pub async fn amend_deal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    new: Json<NewDealAmendment>,
) -> Reply<Created<DealAmendment>> {
    db.write(&caller, move |tx| steps::amend(tx, id.0, &new.0).map(Created))
        .await
}

/// Read an amendment
///
/// One change of what was approved, with what became of it.
#[utoipa::path(params(AmendmentId))]
#[get("/{id}")]
pub async fn get_deal_amendment(db: Db, caller: Caller, id: Path<AmendmentId>) -> Reply<Json<DealAmendment>> {
    db.snapshot(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        let deal = registrations::find_row(tx, path.id)?;
        let row = queries::find(tx, path.id, path.amendment_id)?;
        Ok(Json(row.seen(&deal, Reader::of(tx.caller()))))
    })
    .await
}

/// Approve an amendment
///
/// All of it holds from now on. The approver has the role of the last step that the program's chain asks for at the new
/// amount. For products that are added the conflict check runs again under the lock of the customer's account: whoever
/// asked first must be decided first, or passed over with a reason, and what is protected is never given twice; they are
/// protected until the registration's own protection ends. Nobody approves what they sent in.
#[utoipa::path(params(AmendmentId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap", "precondition_failed", "account_merged"]))))]
#[post("/{id}/approve")]
pub async fn approve_deal_amendment(
    db: Db,
    caller: Caller,
    id: Path<AmendmentId>,
    seen: IfMatch,
    approval: Json<DealAmendmentApproval>,
) -> Reply<Json<DealAmendment>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::approve(tx, path, seen, &approval.0).map(Json)
    })
    .await
}

/// Reject an amendment
///
/// With a reason that the partner reads. Nothing of it holds, and products that it would have added lose their place in the
/// queue. Nobody rejects what they sent in.
#[utoipa::path(params(AmendmentId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/reject")]
pub async fn reject_deal_amendment(
    db: Db,
    caller: Caller,
    id: Path<AmendmentId>,
    seen: IfMatch,
    rejection: Json<DealAmendmentRejection>,
) -> Reply<Json<DealAmendment>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::reject(tx, path, seen, &rejection.0).map(Json)
    })
    .await
}

/// Take back an amendment
///
/// By the partner, while it waits. Nothing of it holds, and products that it would have added lose their place in the queue.
#[utoipa::path(params(AmendmentId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_deal_amendment(
    db: Db,
    caller: Caller,
    id: Path<AmendmentId>,
    seen: IfMatch,
) -> Reply<Json<DealAmendment>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::withdraw(tx, path, seen).map(Json)
    })
    .await
}
