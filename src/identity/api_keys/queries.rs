//! The only file that knows the table of API keys. A partner's people see the keys of their own partner's clients.

use diesel::prelude::*;

use super::model::{ApiKey, ApiKeyFilter, ApiKeySort};
use crate::{
    auth::Rows,
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        ids::ApiKeyId,
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::api_keys::{self, table},
};

fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    clause
        .sql(" AND api_keys.client_id IS NOT NULL")
        .equals_some("api_keys.partner_id", tx.caller().partner().as_ref());
    if let Rows::Partners(partners) = tx.caller().rows() {
        clause.one_of("api_keys.partner_id", partners);
    }
    clause
}

/// One page of the keys that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ApiKeyFilter, paging: &Paging) -> Result<Page<ApiKey>> {
    let sort = filter.sort.unwrap_or(ApiKeySort::Name);
    let mut clause = scope(tx);
    clause.equals_some("api_keys.client_id", filter.client_id.as_ref());
    match filter.revoked {
        Some(true) => clause.sql(" AND api_keys.revoked_at IS NOT NULL"),
        Some(false) => clause.sql(" AND api_keys.revoked_at IS NULL"),
        None => &mut clause,
    };
    let rows = load_page!(tx, table => ApiKey, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: ApiKeySort, row: &ApiKey) -> Key {
    match sort {
        ApiKeySort::Name | ApiKeySort::NameDescending => row.name_key.as_str().into(),
        ApiKeySort::Created | ApiKeySort::CreatedDescending => row.created_at.into(),
    }
}

/// The key with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<ApiKey> {
    let mut clause = scope(tx);
    clause.equals("api_keys.id", &id);
    Ok(table.filter(clause).select(ApiKey::as_select()).get_result(tx.conn())?)
}

/// Stores a new key with the hash of its secret, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, key: ApiKey, hash: &str) -> Result<ApiKey> {
    diesel::insert_into(table)
        .values((&key, api_keys::hash.eq(hash)))
        .execute(tx.conn())?;
    tx.record(Fact::created("api_key.created", &key))?;
    Ok(key)
}

/// Stores a changed key over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &ApiKey, after: ApiKey, kind: &'static str) -> Result<ApiKey> {
    revise!(tx, table, api_keys::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
