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
    error::Result,
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
            .service(handlers::get_installed_base_by_external_id)
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
/// As [`insert`]; 412 if it was changed since the caller read it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &NewInstalledBase,
    source: InstalledBaseSource,
    seen: IfMatch,
) -> Result<Upserted<InstalledBase>> {
    let mut given = given.clone();
    references::add(&mut given.external_refs, reference);
    let new = given.clone();
    let holder = references::holder(tx, TYPE, reference)?;
    references::put(
        tx,
        TYPE,
        reference,
        (holder.as_deref(), seen),
        |tx| insert(tx, &new, source),
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
