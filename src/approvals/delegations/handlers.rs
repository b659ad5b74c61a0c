//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{Delegation, DelegationFilter, NewDelegation},
    queries, steps,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::DelegationId,
        page::{Page, Paging},
    },
};

/// List delegations
///
/// Who is away, was or will be, and who stands in; the latest start first.
#[utoipa::path(params(DelegationFilter, Paging))]
#[get("")]
pub async fn list_delegations(
    db: Db,
    caller: Caller,
    filter: Query<DelegationFilter>,
    paging: Paging,
) -> Reply<Page<Delegation>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Enter a delegation
///
/// Names who decides in the place of the caller while they are away; administrators do it for anybody of the vendor. The
/// delegate decides what the absent person's roles and rows permit, as far as their own role lets them call the operation, and
/// never what concerns either of them. Periods of one person do not overlap, and delegations never lead back to who is away.
#[utoipa::path(extensions(("x-errors" = json!(["guard_failed", "field_forbidden"]))))]
#[post("")]
pub async fn create_delegation(db: Db, caller: Caller, new: Json<NewDelegation>) -> Reply<Created<Delegation>> {
    db.write(&caller, move |tx| steps::create(tx, &new.0).map(Created))
        .await
}

/// Read a delegation
///
/// Who is away, who stands in, and whether it holds.
#[utoipa::path(params(DelegationId))]
#[get("/{id}")]
pub async fn get_delegation(db: Db, caller: Caller, id: Path<DelegationId>) -> Reply<Json<Delegation>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Cancel a delegation
///
/// It holds no longer, or never does if it has not begun. By who is away, by who stands in, or by an administrator. What was
/// decided under it stays.
#[utoipa::path(params(DelegationId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_delegation(
    db: Db,
    caller: Caller,
    id: Path<DelegationId>,
    seen: IfMatch,
) -> Reply<Json<Delegation>> {
    db.write(&caller, move |tx| steps::cancel(tx, id.0, seen).map(Json))
        .await
}
