//! The only file that knows the table of identity links. They belong to no partner: only administrators read them.

use diesel::prelude::*;

use super::model::{IdentityLink, IdentityLinkFilter, ORDER};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::{IdentityLinkId, IdentityProviderId},
        page::{Page, Paging},
    },
    load_page, remove,
    schema::identity_links::{self, table},
};

/// One page of identity links.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &IdentityLinkFilter, paging: &Paging) -> Result<Page<IdentityLink>> {
    let mut clause = Clause::all();
    clause
        .equals_some("identity_links.provider_id", filter.provider_id.as_ref())
        .equals_some("identity_links.user_id", filter.user_id.as_ref())
        .equals_some("identity_links.subject", filter.subject.as_ref());
    let rows = load_page!(tx, table => IdentityLink, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The link with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: IdentityLinkId) -> Result<IdentityLink> {
    Ok(table.find(id).select(IdentityLink::as_select()).get_result(tx.conn())?)
}

/// The link of an account at a provider, for authentication.
///
/// # Errors
/// What the database reports.
pub fn of_subject(tx: &mut Tx<'_>, provider: IdentityProviderId, subject: &str) -> Result<Option<IdentityLink>> {
    Ok(table
        .filter(identity_links::provider_id.eq(provider))
        .filter(identity_links::subject.eq(subject))
        .select(IdentityLink::as_select())
        .get_result(tx.conn())
        .optional()?)
}

/// Stores a new link, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the account or the user has one at the provider, `unknown_reference` if there is no such provider
/// or user.
pub fn insert(tx: &mut Tx<'_>, link: IdentityLink) -> Result<IdentityLink> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&link).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::ALREADY_EXISTS, || {
                    Error::new(&codes::ALREADY_EXISTS).fault(
                        "#/subject",
                        "already_exists",
                        "The account is somebody's, or the user has an account at this provider already; remove that link first.",
                    )
                })
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#/provider_id", "There is no such provider, or no such user.")
                })
        })?;
    tx.record(Fact::created("identity_link.created", &link))?;
    Ok(link)
}

/// Removes a link, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, link: &IdentityLink) -> Result<()> {
    remove!(tx, table, identity_links::revision, (link.id, link.revision))?;
    tx.record(Fact::deleted("identity_link.deleted", link))
}

/// Removes the links of a provider that is about to be removed, and tells of each.
///
/// # Errors
/// What the database reports.
pub fn forget_provider(tx: &mut Tx<'_>, provider: IdentityProviderId) -> Result<()> {
    let links: Vec<IdentityLink> = table
        .filter(identity_links::provider_id.eq(provider))
        .order(identity_links::id)
        .select(IdentityLink::as_select())
        .load(tx.conn())?;
    links.iter().try_for_each(|link| delete(tx, link))
}
