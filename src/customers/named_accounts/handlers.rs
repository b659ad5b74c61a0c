//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post, put};

use super::{
    model::{NamedAccount, NamedAccountFilter, NamedAccountPatch, NewNamedAccount},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply, Upserted},
    kernel::{
        ids::NamedAccountId,
        page::{Page, Paging},
    },
    references::ExternalPath,
};

/// List named accounts
///
/// Newest first unless another order is asked for.
#[utoipa::path(params(NamedAccountFilter, Paging, Expanding::<NamedAccount>))]
#[get("")]
pub async fn list_named_accounts(
    db: Db,
    caller: Caller,
    filter: Query<NamedAccountFilter>,
    paging: Paging,
    expanding: Expanding<NamedAccount>,
) -> Reply<Page<Expandable<NamedAccount>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Create a named account
///
/// From now on registrations on its scope meet the vendor's claim.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[post("")]
pub async fn create_named_account(db: Db, caller: Caller, new: Json<NewNamedAccount>) -> Reply<Created<NamedAccount>> {
    db.write(&caller, move |tx| super::insert(tx, &new.0).map(Created))
        .await
}

/// Create or change a named account by an id of another system
///
/// The one that the system knows by that id is changed, or made if there is none. Fields that are left out stay as they are.
#[utoipa::path(params(ExternalPath, IfMatchIfSent), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_named_account(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    given: Json<NewNamedAccount>,
) -> Reply<Upserted<NamedAccount>> {
    let reference = path.0.reference()?;
    db.write(&caller, move |tx| {
        super::upsert_by_external(tx, &reference, &given.0, seen)
    })
    .await
}

/// Read a named account by an id of another system
///
/// The one that the system knows by that id.
#[utoipa::path(params(ExternalPath, Expanding::<NamedAccount>))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_named_account_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<NamedAccount>,
) -> Reply<Json<Expandable<NamedAccount>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let record = queries::find_by_reference(tx, &reference)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Read a named account
///
/// A customer that the vendor keeps for itself, for a time and a scope.
#[utoipa::path(params(NamedAccountId, Expanding::<NamedAccount>))]
#[get("/{id}")]
pub async fn get_named_account(
    db: Db,
    caller: Caller,
    id: Path<NamedAccountId>,
    expanding: Expanding<NamedAccount>,
) -> Reply<Json<Expandable<NamedAccount>>> {
    db.snapshot(&caller, move |tx| {
        let record = queries::find(tx, id.0)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Change a named account
///
/// Conflict checks that were made before keep what they found.
#[utoipa::path(params(NamedAccountId, IfMatch), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[patch("/{id}")]
pub async fn update_named_account(
    db: Db,
    caller: Caller,
    id: Path<NamedAccountId>,
    seen: IfMatch,
    patch: Json<NamedAccountPatch>,
) -> Reply<Json<NamedAccount>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        super::change(tx, &before, &patch.0).map(Json)
    })
    .await
}

/// Delete a named account
///
/// Removes one that was entered by mistake and that no conflict case names; give it an end otherwise.
#[utoipa::path(params(NamedAccountId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_named_account(db: Db, caller: Caller, id: Path<NamedAccountId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let one = queries::find(tx, id.0)?;
        seen.check(one.revision)?;
        queries::delete(tx, &one).map(|()| NoContent)
    })
    .await
}
