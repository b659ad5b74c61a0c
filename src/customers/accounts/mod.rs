//! Customer accounts: who the customer is, and what else it is known by.
//!
//! Whatever identifies a customer (names, domains, numbers, telephones, addresses) is also written to an index of keys in
//! the same transaction, so that a description is found in a million accounts without reading them.

mod expanded;
mod handlers;
pub(super) mod identity;
pub(super) mod keys;
mod model;
pub(super) mod queries;
mod rules;

pub use model::{AccountAlias, AccountStatus, AliasKind, CustomerAccount, CustomerAccountPatch, NewCustomerAccount};
pub use queries::{
    Locked, find, find_all, go_on, lock, lock_all, lock_present, next_claim, surviving, usable, with_numbers,
};
pub use rules::STATES;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    custom_fields::{self, CustomRecord},
    db::Tx,
    error::{Error, Result},
    http::{
        IfMatch, Upserted,
        batch::{self, Batch, BatchData, Done, Operations, Records, Settled},
    },
    kernel::ids::AccountId,
    references::{self, ExternalRef},
    sync::{self, Carried, SyncedType},
};

/// Accounts that are put in one call.
type CustomerAccountBatch = Batch<CustomerAccountPatch>;

/// What a batch does with accounts.
const BATCH: Records<CustomerAccountPatch> = Records {
    kind: TYPE,
    operations: Operations {
        upsert: "upsertCustomerAccount",
        update: "updateCustomerAccount",
    },
    upsert: upsert_item,
    update: update_item,
};

/// The series of accounts' numbers: `CA-2026-000123`.
pub const NUMBERS: &str = "CA";

/// The type of customer accounts in events, external references and notes.
pub const TYPE: &str = "customer_account";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/customer-accounts")
            .service(handlers::list_customer_accounts)
            .service(handlers::create_customer_account)
            .service(super::resolution::handlers::resolve_customer)
            .service(handlers::batch_customer_accounts)
            .service(handlers::upsert_customer_account)
            .service(handlers::get_customer_account_by_external_id)
            .service(handlers::get_customer_account)
            .service(handlers::update_customer_account)
            .service(handlers::delete_customer_account),
    );
}

/// Stores a new account with its number, keys, aliases and references, and tells of it.
///
/// # Errors
/// 409 `unknown_reference` for a parent, territory or owner that does not exist, `already_exists` for an external
/// reference that another account has.
pub fn insert(tx: &mut Tx<'_>, new: &NewCustomerAccount) -> Result<CustomerAccount> {
    if let Some(parent) = new.parent_id {
        queries::check_parent(tx, None, parent)?;
    }
    let custom = custom_fields::for_new(tx, CustomRecord::CustomerAccount, &new.custom)?;
    let number = crate::numbers::next(tx, NUMBERS)?;
    let account = CustomerAccount::new(new, number, custom, tx.now);
    queries::insert(tx, account)
}

/// Changes an account as the patch says.
///
/// # Errors
/// As [`save`], and 422 for custom fields that do not fit.
pub fn change(tx: &mut Tx<'_>, before: &CustomerAccount, patch: &CustomerAccountPatch) -> Result<CustomerAccount> {
    let changes = patch.custom.clone().unwrap_or_default();
    let custom = custom_fields::for_changed(tx, CustomRecord::CustomerAccount, before.custom.clone(), &changes)?;
    save(tx, before, before.clone().patched(patch, custom, tx.now))
}

/// Stores the changed account over the one that was read.
///
/// # Errors
/// As [`insert`]; 412 if it was changed meanwhile, 409 `account_merged` if it was merged into another.
pub fn save(tx: &mut Tx<'_>, before: &CustomerAccount, after: CustomerAccount) -> Result<CustomerAccount> {
    before.check_live()?;
    if let Some(parent) = after.parent_id.filter(|parent| before.parent_id != Some(*parent)) {
        queries::check_parent(tx, Some(before.id), parent)?;
    }
    queries::save(tx, before, after, "customer_account.updated")
}

/// Removes an account that nothing names.
///
/// # Errors
/// 409 `in_use` if something does, `account_merged` if it was merged into another.
pub fn remove(tx: &mut Tx<'_>, account: &CustomerAccount) -> Result<()> {
    account.check_live()?;
    queries::delete(tx, account)
}

/// Makes or changes the account that another system knows by that id. What `given` leaves out stays as it is, null clears.
/// Of several who do so at once for a new id, one makes the account and the others change it.
///
/// # Errors
/// As [`insert`] and [`save`]; 409 `contradiction` for a new account without a name; 412 if it was changed since the caller read
/// it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &CustomerAccountPatch,
    seen: IfMatch,
) -> Result<Upserted<CustomerAccount>> {
    let one = batch::Upsert::of_one(tx, TYPE, reference, given, seen)?;
    upsert(tx, &one)
}

/// [`upsert_by_external`], if it is known which account has the id.
fn upsert(tx: &mut Tx<'_>, one: &batch::Upsert<'_, CustomerAccountPatch>) -> Result<Upserted<CustomerAccount>> {
    let mut given = one.data.clone();
    references::add(&mut given.external_refs, one.reference);
    let new = given.clone();
    references::put(
        tx,
        TYPE,
        one.reference,
        (one.holder.as_deref(), one.seen),
        |tx| insert(tx, &rules::new_account(new)?),
        |tx, id| put(tx, id, given, one.seen),
    )
}

/// The account with what is said of it; what says the same makes no revision.
fn put(tx: &mut Tx<'_>, id: AccountId, given: CustomerAccountPatch, seen: IfMatch) -> Result<CustomerAccount> {
    lock(tx, id)?;
    let before = find(tx, id)?;
    seen.check(before.revision)?;
    let changes = given.custom.clone().unwrap_or_default();
    let custom = custom_fields::for_changed(tx, CustomRecord::CustomerAccount, before.custom.clone(), &changes)?;
    let after = before.clone().upserted(given, custom, tx.now);
    if after.same_as(&before) {
        return Ok(before);
    }
    save(tx, &before, after)
}

/// What a batch does with an account that another system knows.
fn upsert_item(tx: &mut Tx<'_>, item: batch::Upsert<'_, CustomerAccountPatch>, carried: &Carried) -> Result<Settled> {
    let (kind, reference) = (SyncedType::CustomerAccount, item.reference);
    let settled = sync::arrival(tx, kind, reference, carried, handlers::one, &mut |tx| upsert(tx, &item))?;
    Done::settled(tx, settled)
}

/// What a batch does with an account by its id.
fn update_item(tx: &mut Tx<'_>, id: &str, given: &CustomerAccountPatch, seen: IfMatch) -> Result<Done> {
    let id = id.parse().map_err(|_malformed| Error::not_found())?;
    let record = put(tx, id, given.clone(), seen)?;
    Done::changed(tx, record)
}

impl BatchData for CustomerAccountPatch {
    const RECORD: &'static str = "CustomerAccount";
    const ID: &'static str = "account_01jdq4p6c8f3kb2v9y0s7x5ham";
}
