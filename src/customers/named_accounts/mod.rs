//! Named (house) accounts: customers that the vendor serves itself, for all it sells or for some of it.
//!
//! While one is in force, partners' registrations on its scope meet the vendor's own claim.

mod expanded;
mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NamedAccount, NamedAccountClaim, NewNamedAccount};
pub use queries::{delete, find, in_force, move_to};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    customers::accounts,
    db::Tx,
    error::Result,
    http::{IfMatch, Upserted},
    references::{self, ExternalRef},
};

/// Their type in events, external references and notes.
pub const TYPE: &str = "named_account";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/named-accounts")
            .service(handlers::list_named_accounts)
            .service(handlers::create_named_account)
            .service(handlers::upsert_named_account)
            .service(handlers::get_named_account_by_external_id)
            .service(handlers::get_named_account)
            .service(handlers::update_named_account)
            .service(handlers::delete_named_account),
    );
}

/// Stores a new one, and tells of it.
///
/// # Errors
/// 422 for an end before its beginning; 409 `unknown_reference`, `account_merged`, `already_exists` for an external
/// reference that another one has.
pub fn insert(tx: &mut Tx<'_>, new: &NewNamedAccount) -> Result<NamedAccount> {
    accounts::usable(tx, new.account_id, "#/account_id")?;
    queries::insert(tx, NamedAccount::new(new, tx.now)?)
}

/// Changes a named account as the patch says.
///
/// # Errors
/// As [`insert`]; 412 if it was changed meanwhile.
pub fn change(tx: &mut Tx<'_>, before: &NamedAccount, patch: &model::NamedAccountPatch) -> Result<NamedAccount> {
    if let Some(account) = patch.account_id.filter(|account| *account != before.account_id) {
        accounts::usable(tx, account, "#/account_id")?;
    }
    queries::save(tx, before, before.clone().patched(patch, tx.now)?)
}

/// Makes or changes the one that another system knows by that id. What `given` leaves out stays as it is.
///
/// # Errors
/// As [`insert`]; 412 if it was changed since the caller read it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &NewNamedAccount,
    seen: IfMatch,
) -> Result<Upserted<NamedAccount>> {
    let mut given = given.clone();
    references::add(&mut given.external_refs, reference);
    let new = given.clone();
    let holder = references::holder(tx, TYPE, reference)?;
    references::put(
        tx,
        TYPE,
        reference,
        (holder.as_deref(), seen),
        |tx| insert(tx, &new),
        |tx, id| {
            queries::lock(tx, id)?;
            let before = find(tx, id)?;
            seen.check(before.revision)?;
            if given.account_id != before.account_id {
                accounts::usable(tx, given.account_id, "#/account_id")?;
            }
            let after = before.clone().upserted(given, tx.now)?;
            if after.same_as(&before) {
                return Ok(before);
            }
            queries::save(tx, &before, after)
        },
    )
}
