//! One function per operation: take, call, answer.

use actix_web::{delete, get, post};

use super::{
    model::{AccountManagerEnd, Assignment, AssignmentFilter, AssignmentPath, NewAssignment},
    queries::{self, Entry},
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::Result,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
};

/// List the account managers of a partner
///
/// Who looks after the partner, looked after it and will look after it, the latest start first. With `as_of`, only who did
/// at that moment.
#[utoipa::path(params(PartnerId, AssignmentFilter, Paging))]
#[get("/{id}/account-managers")]
pub async fn list_account_managers(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<AssignmentFilter>,
    paging: Paging,
) -> Reply<Page<Assignment>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        let page = queries::page(tx, id.0, &filter.0, &paging)?;
        Ok(if tx.caller().is_vendor() {
            page
        } else {
            page.map(Assignment::for_partners)
        })
    })
    .await
}

/// Read an account manager assignment
///
/// One entry of the chain.
#[utoipa::path(params(AssignmentPath))]
#[get("/{id}/account-managers/{assignment_id}")]
pub async fn get_account_manager(db: Db, caller: Caller, path: Path<AssignmentPath>) -> Reply<Json<Assignment>> {
    db.snapshot(&caller, move |tx| {
        let assignment = queries::find(tx, path.0.id, path.0.assignment_id)?;
        Ok(Json(if tx.caller().is_vendor() {
            assignment
        } else {
            assignment.for_partners()
        }))
    })
    .await
}

/// Assign an account manager
///
/// From `valid_from` on, the user has the part; whoever has it until then ends there. Too many changes of the primary
/// account manager in twelve months take a handover, which a second person approves.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["guard_failed", "already_exists", "conflict"]))))]
#[post("/{id}/account-managers")]
pub async fn assign_account_manager(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewAssignment>,
) -> Reply<Created<Assignment>> {
    db.write(&caller, move |tx| {
        let start = new.0.valid_from.unwrap_or(tx.now);
        let entry = Entry {
            partner: id.0,
            role: new.0.role,
            user: Some(new.0.user_id),
            valid_from: start,
            reason_code: new.0.reason_code,
            reason_text: new.0.reason_text.clone(),
            handover: None,
        };
        enter(tx, entry).map(Created)
    })
    .await
}

/// End a part without a next holder
///
/// From `valid_from` on, nobody has the part. The primary account manager of an active or suspended partner can only be
/// followed by another.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["guard_failed", "already_exists", "conflict"]))))]
#[post("/{id}/account-managers/end")]
pub async fn end_account_manager(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    end: Json<AccountManagerEnd>,
) -> Reply<Created<Assignment>> {
    db.write(&caller, move |tx| {
        let start = end.0.valid_from.unwrap_or(tx.now);
        let entry = Entry {
            partner: id.0,
            role: end.0.role,
            user: None,
            valid_from: start,
            reason_code: end.0.reason_code,
            reason_text: end.0.reason_text.clone(),
            handover: None,
        };
        enter(tx, entry).map(Created)
    })
    .await
}

fn enter(tx: &mut Tx<'_>, entry: Entry) -> Result<Assignment> {
    let status = partners::status(tx, entry.partner)?;
    queries::chain(tx, entry.partner, status, entry.role, entry.valid_from)?.permits(
        entry.user,
        entry.valid_from,
        tx.now,
    )?;
    queries::begin(tx, entry)
}

/// Take back an assignment that has not begun
///
/// The entry before it holds on. What has begun stays in the history.
#[utoipa::path(params(AssignmentPath, IfMatch), extensions(("x-errors" = json!(["guard_failed", "conflict"]))))]
#[delete("/{id}/account-managers/{assignment_id}")]
pub async fn cancel_account_manager(
    db: Db,
    caller: Caller,
    path: Path<AssignmentPath>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let assignment = queries::find(tx, path.0.id, path.0.assignment_id)?;
        seen.check(1)?;
        assignment.may_be_cancelled(tx.now)?;
        queries::cancel(tx, &assignment).map(|()| NoContent)
    })
    .await
}
