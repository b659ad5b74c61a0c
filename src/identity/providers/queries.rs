//! The only file that knows the table of identity providers. They are the vendor's own, whatever partner they speak for:
//! only its administrators read them, and what everybody may know of the vendor's own the page for signing in tells.

use diesel::prelude::*;

use super::model::{IdentityProvider, IdentityProviderFilter, IdentityProviderSort};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    identity::links,
    kernel::{
        ids::IdentityProviderId,
        page::{Key, Page, Paging},
    },
    load_page, remove, revise,
    schema::identity_providers::{self, table},
};

/// The most providers that a page for signing in tells of.
const SHOWN: i64 = 50;

/// One page of identity providers.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &IdentityProviderFilter, paging: &Paging) -> Result<Page<IdentityProvider>> {
    let sort = filter.sort.unwrap_or(IdentityProviderSort::Name);
    let mut clause = Clause::all();
    clause
        .equals_some("identity_providers.partner_id", filter.partner_id.as_ref())
        .equals_some("identity_providers.enabled", filter.enabled.as_ref());
    let rows = load_page!(tx, table => IdentityProvider, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: IdentityProviderSort, row: &IdentityProvider) -> Key {
    match sort {
        IdentityProviderSort::Name | IdentityProviderSort::NameDescending => row.name_key.as_str().into(),
        IdentityProviderSort::Created | IdentityProviderSort::CreatedDescending => row.created_at.into(),
    }
}

/// The provider with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: IdentityProviderId) -> Result<IdentityProvider> {
    Ok(table
        .find(id)
        .select(IdentityProvider::as_select())
        .get_result(tx.conn())?)
}

/// Every provider whose tokens are taken now, for authentication.
///
/// # Errors
/// What the database reports.
pub fn enabled(tx: &mut Tx<'_>) -> Result<Vec<IdentityProvider>> {
    Ok(table
        .filter(identity_providers::enabled.eq(true))
        .order(identity_providers::id)
        .select(IdentityProvider::as_select())
        .load(tx.conn())?)
}

/// The providers of which a page for signing in tells everybody, by name: those of the vendor whose tokens are taken now. One that is
/// bound to a partner would tell who the partner is.
///
/// # Errors
/// What the database reports.
pub fn for_everybody(tx: &mut Tx<'_>) -> Result<Vec<IdentityProvider>> {
    Ok(table
        .filter(identity_providers::enabled.eq(true))
        .filter(identity_providers::partner_id.is_null())
        .order((identity_providers::name_key, identity_providers::id))
        .limit(SHOWN)
        .select(IdentityProvider::as_select())
        .load(tx.conn())?)
}

/// Stores a new provider, and tells of it.
///
/// # Errors
/// 409 `already_exists` if there is one of that issuer, `unknown_reference` if there is no such partner.
pub fn insert(tx: &mut Tx<'_>, provider: IdentityProvider) -> Result<IdentityProvider> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&provider).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::ALREADY_EXISTS, || {
                    Error::new(&codes::ALREADY_EXISTS).fault(
                        "#/issuer",
                        "already_exists",
                        "There is a provider of this issuer already; change that one.",
                    )
                })
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#/partner_id", "There is no such partner.")
                })
        })?;
    tx.record(Fact::created("identity_provider.created", &provider))?;
    Ok(provider)
}

/// Stores a changed provider over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &IdentityProvider, after: IdentityProvider) -> Result<IdentityProvider> {
    revise!(
        tx,
        table,
        identity_providers::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed("identity_provider.updated", before, &after))?;
    Ok(after)
}

/// Removes a provider with the links of its accounts, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, provider: &IdentityProvider) -> Result<()> {
    links::forget_provider(tx, provider.id)?;
    remove!(
        tx,
        table,
        identity_providers::revision,
        (provider.id, provider.revision)
    )?;
    tx.record(Fact::deleted("identity_provider.deleted", provider))
}
