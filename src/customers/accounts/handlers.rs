//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post, put};

use super::{
    model::{CustomerAccount, CustomerAccountFilter, CustomerAccountPatch, NewCustomerAccount},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply, Upserted},
    kernel::{
        ids::AccountId,
        page::{Page, Paging},
    },
    references::ExternalPath,
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
/// The account that the system knows by that id is changed, or made if there is none. Fields that are left out stay as they
/// are, so a system that knows few of them does not wipe the others.
#[utoipa::path(params(ExternalPath, IfMatchIfSent), extensions(("x-errors" = json!(["already_exists", "account_merged", "conflict"]))))]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_customer_account(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    given: Json<NewCustomerAccount>,
) -> Reply<Upserted<CustomerAccount>> {
    let reference = path.0.reference()?;
    db.write(&caller, move |tx| {
        super::upsert_by_external(tx, &reference, &given.0, seen)
    })
    .await
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
        account.check_live()?;
        queries::delete(tx, &account).map(|()| NoContent)
    })
    .await
}
