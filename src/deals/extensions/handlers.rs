//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{DealExtension, DealExtensionDenial, DealExtensionFilter, DealExtensionGrant, NewDealExtension},
    queries, steps,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations::{self, Reader},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::{DealId, ExtensionId},
        page::{Page, Paging},
    },
};

/// List the extensions of a registration
///
/// Every request for more time with what became of it, oldest first.
#[utoipa::path(params(DealId, DealExtensionFilter, Paging))]
#[get("/{id}/extensions")]
pub async fn list_deal_extensions(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    filter: Query<DealExtensionFilter>,
    paging: Paging,
) -> Reply<Page<DealExtension>> {
    db.snapshot(&caller, move |tx| {
        let deal = registrations::find_row(tx, id.0)?;
        queries::page(tx, &deal, &filter.0, &paging)
    })
    .await
}

/// Ask for more time
///
/// By the partner, before the protection ends. The registration must be approved and open, its protection in force, an
/// extension left, and the deal worked on of late: a stage moved, a next step logged, or evidence of a meeting. All guards
/// are judged at once. While it waits, a grace keeps the protection past its end; the granted end stays as it was.
#[utoipa::path(params(DealId), extensions(("x-errors" = json!(["guard_failed", "protection_overlap", "already_exists", "precondition_failed"]))))]
#[post("/{id}/extensions")]
pub async fn request_deal_extension(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    new: Json<NewDealExtension>,
) -> Reply<Created<DealExtension>> {
    db.write(&caller, move |tx| steps::request(tx, id.0, &new.0).map(Created))
        .await
}

/// Read an extension
///
/// One request for more time, with what became of it.
#[utoipa::path(params(ExtensionId))]
#[get("/{id}")]
pub async fn get_deal_extension(db: Db, caller: Caller, id: Path<ExtensionId>) -> Reply<Json<DealExtension>> {
    db.snapshot(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        let deal = registrations::find_row(tx, path.id)?;
        let row = queries::find(tx, path.id, path.extension_id)?;
        Ok(Json(row.seen(&deal, Reader::of(tx.caller()))))
    })
    .await
}

/// Grant more time
///
/// Moves the end of the protection: from the old end, never from now, to what was asked for or less. Somebody else's
/// protection is not pushed aside, and one that ended while the extension waited is not brought back: then the deal is
/// registered anew. Nobody grants what they sent in or asked for. Where the program has a chain for more time, it is granted by
/// the last of its steps, with the end that is named there.
#[utoipa::path(params(ExtensionId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap", "precondition_failed"]))))]
#[post("/{id}/grant")]
pub async fn grant_deal_extension(
    db: Db,
    caller: Caller,
    id: Path<ExtensionId>,
    seen: IfMatch,
    grant: Json<DealExtensionGrant>,
) -> Reply<Json<DealExtension>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::grant(tx, path, seen, &grant.0).map(Json)
    })
    .await
}

/// Refuse more time
///
/// With a reason that the partner reads. The grace is over: the protection ends when it was to end, or now if that has
/// passed. Nobody refuses what they sent in or asked for.
#[utoipa::path(params(ExtensionId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/deny")]
pub async fn deny_deal_extension(
    db: Db,
    caller: Caller,
    id: Path<ExtensionId>,
    seen: IfMatch,
    denial: Json<DealExtensionDenial>,
) -> Reply<Json<DealExtension>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::deny(tx, path, seen, &denial.0).map(Json)
    })
    .await
}

/// Take back a request for more time
///
/// By the partner, while it waits. The grace is over: the protection ends when it was to end, or now if that has passed.
#[utoipa::path(params(ExtensionId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "precondition_failed"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_deal_extension(
    db: Db,
    caller: Caller,
    id: Path<ExtensionId>,
    seen: IfMatch,
) -> Reply<Json<DealExtension>> {
    db.write(&caller, move |tx| {
        let path = queries::path(tx, id.0)?;
        steps::withdraw(tx, path, seen).map(Json)
    })
    .await
}
