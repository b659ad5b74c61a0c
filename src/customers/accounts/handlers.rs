//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post, put};

use super::{
    CustomerAccountBatch,
    model::{CustomerAccount, CustomerAccountFilter, CustomerAccountPatch, NewCustomerAccount},
    queries,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result},
    http::{
        Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply, Upserted,
        batch::{Batch, Batched},
    },
    kernel::{
        ids::AccountId,
        page::{Page, Paging},
    },
    references::ExternalPath,
    sync::{self, Carried, SyncedType},
};

/// List customer accounts
///
/// Accounts that were merged into others stand in the list too; `status=active` leaves them out.
#[utoipa::path(params(CustomerAccountFilter, Paging, Expanding::<CustomerAccount>))]
#[get("")]
pub async fn list_customer_accounts(
    db: Db,
    caller: Caller,
    filter: Query<CustomerAccountFilter>,
    paging: Paging,
    expanding: Expanding<CustomerAccount>,
) -> Reply<Page<Expandable<CustomerAccount>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Create a customer account
///
/// Nothing is refused because a similar account exists: resolve the customer first, to see whether it does.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[post("")]
pub async fn create_customer_account(
    db: Db,
    caller: Caller,
    new: Json<NewCustomerAccount>,
) -> Reply<Created<CustomerAccount>> {
    db.write(&caller, move |tx| super::insert(tx, &new.0).map(Created))
        .await
}

/// Create or change a customer account by an id of another system
///
/// The account that the system knows by that id is changed, or made if there is none, which then needs a `name`. Fields that
/// are left out stay as they are, so a system that knows few of them does not wipe the others; null clears. References are
/// added. With `External-Revision` the account is linked with the system: an older revision is refused (`stale_revision`), the
/// same one changes nothing, and what both sides changed since they agreed is kept as a conflict (`sync_conflict`), not written
/// over.
#[utoipa::path(
    params(ExternalPath, IfMatchIfSent, Carried),
    extensions(("x-errors" = json!(["already_exists", "account_merged", "conflict", "stale_revision", "sync_conflict", "sync_paused"])))
)]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_customer_account(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    carried: Carried,
    given: Json<CustomerAccountPatch>,
) -> Reply<Upserted<CustomerAccount>> {
    let reference = path.0.reference()?;
    db.settle(&caller, move |tx| {
        sync::arrival(tx, SyncedType::CustomerAccount, &reference, &carried, one, &mut |tx| {
            super::upsert_by_external(tx, &reference, &given.0, seen)
        })
    })
    .await
}

/// Put many customer accounts
///
/// Up to 1,000 in one call: by the ids of another system as `upsertCustomerAccount`, or by their own as `updateCustomerAccount`.
/// Each item is for itself, and its outcome is told in the order sent, unless `atomic` makes it all or nothing. The rate limit
/// counts items.
#[utoipa::path(request_body = CustomerAccountBatch)]
#[post("/batch")]
pub async fn batch_customer_accounts(db: Db, caller: Caller, batch: Batch<CustomerAccountPatch>) -> Reply<Batched> {
    super::BATCH.run(&db, &caller, batch).await
}

/// Read a customer account by an id of another system
///
/// The account that the system knows by that id; if it was merged, `merged_into_id` names the one that stands for it.
#[utoipa::path(params(ExternalPath, Expanding::<CustomerAccount>))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_customer_account_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<CustomerAccount>,
) -> Reply<Json<Expandable<CustomerAccount>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let record = queries::find_by_reference(tx, &reference)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// The account with that id, as it is answered.
pub(super) fn one(tx: &mut Tx<'_>, id: &str) -> Result<CustomerAccount> {
    queries::find(tx, id.parse().map_err(|_other| Error::not_found())?)
}

/// Read a customer account
///
/// One account; if it was merged, `merged_into_id` names the account that stands for it.
#[utoipa::path(params(AccountId, Expanding::<CustomerAccount>))]
#[get("/{id}")]
pub async fn get_customer_account(
    db: Db,
    caller: Caller,
    id: Path<AccountId>,
    expanding: Expanding<CustomerAccount>,
) -> Reply<Json<Expandable<CustomerAccount>>> {
    db.snapshot(&caller, move |tx| {
        let record = queries::find(tx, id.0)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Change a customer account
///
/// What identifies the customer may change here; conflicts that were checked before keep what they found.
#[utoipa::path(params(AccountId, IfMatch), extensions(("x-errors" = json!(["already_exists", "account_merged", "conflict"]))))]
#[patch("/{id}")]
pub async fn update_customer_account(
    db: Db,
    caller: Caller,
    id: Path<AccountId>,
    seen: IfMatch,
    patch: Json<CustomerAccountPatch>,
) -> Reply<Json<CustomerAccount>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        super::change(tx, &before, &patch.0).map(Json)
    })
    .await
}

/// Delete a customer account
///
/// Removes an account that no other record names. Two records of one customer are merged instead.
#[utoipa::path(params(AccountId, IfMatch), extensions(("x-errors" = json!(["in_use", "account_merged"]))))]
#[delete("/{id}")]
pub async fn delete_customer_account(db: Db, caller: Caller, id: Path<AccountId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let account = queries::find(tx, id.0)?;
        seen.check(account.revision)?;
        super::remove(tx, &account).map(|()| NoContent)
    })
    .await
}
