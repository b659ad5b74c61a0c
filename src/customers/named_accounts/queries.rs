//! The only file that knows the table of named accounts. They are the vendor's own; partners never reach them.

use diesel::prelude::*;

use super::{
    TYPE,
    model::{NamedAccount, NamedAccountClaim, NamedAccountFilter, NamedAccountSort},
};
use crate::{
    customers::existing::{self, Named},
    db::{Clause, Conn, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Date, Time,
        ids::{AccountId, NamedAccountId, ProductId, TerritoryId, UserId},
        page::{Key, Page, Paging},
    },
    load_page, on_each,
    references::{self, ExternalRef},
    revise,
    schema::named_accounts::{self as columns, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = columns, treat_none_as_null = true, treat_none_as_default_value = false)]
struct NamedAccountRow {
    id: NamedAccountId,
    account_id: AccountId,
    product_id: Option<ProductId>,
    territory_id: Option<TerritoryId>,
    starts_on: Date,
    ends_on: Option<Date>,
    owner_id: Option<UserId>,
    reason: Option<String>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&NamedAccount> for NamedAccountRow {
    fn from(one: &NamedAccount) -> Self {
        Self {
            id: one.id,
            account_id: one.account_id,
            product_id: one.product_id,
            territory_id: one.territory_id,
            starts_on: one.starts_on,
            ends_on: one.ends_on,
            owner_id: one.owner_id,
            reason: one.reason.clone(),
            revision: one.revision,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

impl NamedAccountRow {
    fn with(self, external_refs: Vec<ExternalRef>) -> NamedAccount {
        NamedAccount {
            id: self.id,
            account_id: self.account_id,
            product_id: self.product_id,
            territory_id: self.territory_id,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            owner_id: self.owner_id,
            reason: self.reason,
            external_refs,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn complete(tx: &mut Tx<'_>, rows: Vec<NamedAccountRow>) -> Result<Vec<NamedAccount>> {
    let mut refs = references::by_records(tx, TYPE, &rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>())?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = refs.remove(&row.id.to_string()).unwrap_or_default();
            row.with(own)
        })
        .collect())
}

/// One page of the list.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &NamedAccountFilter, paging: &Paging) -> Result<Page<NamedAccount>> {
    let sort = filter.sort.unwrap_or(NamedAccountSort::CreatedDescending);
    let mut clause = Clause::all();
    clause
        .equals_some("named_accounts.account_id", filter.account_id.as_ref())
        .equals_some("named_accounts.product_id", filter.product_id.as_ref())
        .equals_some("named_accounts.territory_id", filter.territory_id.as_ref())
        .equals_some("named_accounts.owner_id", filter.owner_id.as_ref())
        .at_least("named_accounts.updated_at", filter.updated_since.as_ref());
    let rows = load_page!(tx, table => NamedAccountRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| complete(tx, rows))
}

fn key(sort: NamedAccountSort, row: &NamedAccountRow) -> Key {
    match sort {
        NamedAccountSort::Created | NamedAccountSort::CreatedDescending => row.created_at.into(),
        NamedAccountSort::Updated | NamedAccountSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The one with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: NamedAccountId) -> Result<NamedAccount> {
    let row = on_each!(tx, |c| table
        .find(id)
        .select(NamedAccountRow::as_select())
        .get_result(c))?;
    complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Waits for whoever else is changing the row.
///
/// # Errors
/// 404 if there is none.
pub(super) fn lock(tx: &mut Tx<'_>, id: NamedAccountId) -> Result<()> {
    if let Conn::Postgres(c) = tx.conn() {
        table
            .find(id)
            .select(columns::id)
            .for_no_key_update()
            .get_result::<NamedAccountId>(c)?;
    }
    Ok(())
}

/// The named accounts among those accounts that are in force at that moment, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>, accounts: &[AccountId], at: Time) -> Result<Vec<NamedAccountClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let day = at.date();
    Ok(on_each!(tx, |c| table
        .filter(columns::account_id.eq_any(accounts))
        .filter(columns::starts_on.le(day))
        .filter(columns::ends_on.is_null().or(columns::ends_on.gt(day)))
        .order((columns::starts_on, columns::id))
        .select(NamedAccountClaim::as_select())
        .load(c))?)
}

/// Stores a new one, and tells of it.
///
/// # Errors
/// 409 `unknown_reference`, `already_exists`.
pub fn insert(tx: &mut Tx<'_>, new: NamedAccount) -> Result<NamedAccount> {
    let row = NamedAccountRow::from(&new);
    tx.attempt(|tx| Ok(on_each!(tx, |c| diesel::insert_into(table).values(&row).execute(c))?))
        .map_err(|error| explain(tx, error, &new))?;
    references::set(tx, TYPE, &new.id.to_string(), &new.external_refs)?;
    tx.record(Fact::created("named_account.created", &new))?;
    Ok(new)
}

/// Stores a changed one over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 as [`insert`].
pub fn save(tx: &mut Tx<'_>, before: &NamedAccount, after: NamedAccount) -> Result<NamedAccount> {
    let row = NamedAccountRow::from(&after);
    tx.attempt(|tx| revise!(tx, table, columns::revision, (before.id, before.revision), &row))
        .map_err(|error| explain(tx, error, &after))?;
    if before.external_refs != after.external_refs {
        references::set(tx, TYPE, &after.id.to_string(), &after.external_refs)?;
    }
    tx.record(Fact::changed("named_account.updated", before, &after))?;
    Ok(after)
}

/// Removes one that nothing names.
///
/// # Errors
/// 409 `in_use` if something does.
pub fn delete(tx: &mut Tx<'_>, one: &NamedAccount) -> Result<()> {
    let id = one.id;
    tx.attempt(|tx| {
        references::set(tx, TYPE, &id.to_string(), &[])?;
        Ok(on_each!(tx, |c| diesel::delete(table.find(id)).execute(c))?)
    })
    .map_err(|error| {
        if error.is(&codes::UNKNOWN_REFERENCE) {
            Error::new(&codes::IN_USE)
        } else {
            error
        }
    })?;
    tx.record(Fact::deleted("named_account.deleted", one))
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &NamedAccount) -> Error {
    let fields = [
        ("#/product_id", one.product_id.map(Named::Product)),
        ("#/territory_id", one.territory_id.map(Named::Territory)),
        ("#/owner_id", one.owner_id.map(Named::User)),
    ];
    existing::explain(tx, error, &fields)
}

/// Moves what hangs on one account to another, all of it or only those ids, and answers which, with their revisions.
/// For merges and splits.
///
/// # Errors
/// What the database reports.
pub fn move_to(tx: &mut Tx<'_>, from: AccountId, to: AccountId, only: Option<&[String]>) -> Result<Vec<(String, i64)>> {
    let mut clause = Clause::all();
    clause.equals("named_accounts.account_id", &from);
    if let Some(only) = only {
        clause.one_of("named_accounts.id", only);
    }
    let rows = on_each!(tx, |c| table
        .filter(clause)
        .order(columns::id)
        .select(NamedAccountRow::as_select())
        .load(c))?;
    let now = tx.now;
    let mut moved = Vec::new();
    for before in complete(tx, rows)? {
        let after = NamedAccount {
            account_id: to,
            revision: before.revision + 1,
            updated_at: now,
            ..before.clone()
        };
        let after = save(tx, &before, after)?;
        moved.push((after.id.to_string(), after.revision));
    }
    Ok(moved)
}
