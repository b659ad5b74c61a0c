//! The installed base: which customer already has which product or product line.
//!
//! A registration of net-new business on what the customer has already is no net-new business.

mod expanded;
mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{InstalledBase, InstalledBaseClaim, InstalledBaseSource, NewInstalledBase};
pub use queries::{delete, find, for_accounts, move_to};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    customers::accounts,
    db::Tx,
    error::{Error, Result, codes},
    http::{IfMatch, Upserted},
    references::{self, ExternalRef},
};

/// Their type in events, external references and notes.
pub const TYPE: &str = "installed_base";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/installed-base")
            .service(handlers::list_installed_base)
            .service(handlers::create_installed_base)
            .service(handlers::upsert_installed_base)
            .service(handlers::get_installed_base)
            .service(handlers::update_installed_base)
            .service(handlers::delete_installed_base),
    );
}

/// Stores a new one, and tells of it.
///
/// # Errors
/// 422 for an end before its beginning; 409 `unknown_reference`, `account_merged`, `already_exists` for an external
/// reference that another one has.
pub fn insert(tx: &mut Tx<'_>, new: &NewInstalledBase, source: InstalledBaseSource) -> Result<InstalledBase> {
    accounts::usable(tx, new.account_id, "#/account_id")?;
    queries::insert(tx, InstalledBase::new(new, source, tx.now)?)
}

/// Changes an installed product as the patch says.
///
/// # Errors
/// As [`insert`]; 412 if it was changed meanwhile.
pub fn change(tx: &mut Tx<'_>, before: &InstalledBase, patch: &model::InstalledBasePatch) -> Result<InstalledBase> {
    if let Some(account) = patch.account_id.filter(|account| *account != before.account_id) {
        accounts::usable(tx, account, "#/account_id")?;
    }
    queries::save(tx, before, before.clone().patched(patch, tx.now)?)
}

/// Makes or changes the one that another system knows by that id. What `given` leaves out stays as it is.
///
/// # Errors
/// As [`insert`]; 412 if it was changed since the caller read it.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &NewInstalledBase,
    source: InstalledBaseSource,
    seen: IfMatch,
) -> Result<Upserted<InstalledBase>> {
    let mut given = given.clone();
    let refs = given.external_refs.get_or_insert_default();
    if !refs.contains(reference) {
        refs.push(reference.clone());
    }
    if references::holder(tx, TYPE, reference)?.is_none() {
        match tx.attempt(|tx| insert(tx, &given, source)) {
            Ok(record) => return Ok(Upserted { record, created: true }),
            // Somebody else was faster with the same id.
            Err(error) if error.is(&codes::ALREADY_EXISTS) && references::holder(tx, TYPE, reference)?.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    let id = references::holder(tx, TYPE, reference)?.and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| Error::internal("an external reference names no installed product"))?;
    queries::lock(tx, id)?;
    let before = find(tx, id)?;
    seen.check(before.revision)?;
    if given.account_id != before.account_id {
        accounts::usable(tx, given.account_id, "#/account_id")?;
    }
    let after = before.clone().upserted(given, tx.now)?;
    let record = if after.same_as(&before) {
        before
    } else {
        queries::save(tx, &before, after)?
    };
    Ok(Upserted { record, created: false })
}
