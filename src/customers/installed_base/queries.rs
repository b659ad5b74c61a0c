//! The only file that knows the table of the installed base. It is the vendor's own; partners never reach it.

use diesel::prelude::*;

use super::{
    TYPE,
    model::{InstalledBase, InstalledBaseClaim, InstalledBaseFilter, InstalledBaseSort, InstalledBaseSource},
};
use crate::{
    customers::existing::{self, Named},
    db::{Clause, Conn, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Date, Time,
        ids::{AccountId, InstalledBaseId, PartnerId, ProductId, TerritoryId},
        page::{Key, Page, Paging},
    },
    load_page, on_each,
    references::{self, ExternalRef},
    revise,
    schema::installed_base::{self as columns, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = columns, treat_none_as_null = true, treat_none_as_default_value = false)]
struct InstalledBaseRow {
    id: InstalledBaseId,
    account_id: AccountId,
    product_id: ProductId,
    territory_id: Option<TerritoryId>,
    since_on: Option<Date>,
    ends_on: Option<Date>,
    quantity: Option<i64>,
    partner_id: Option<PartnerId>,
    source: InstalledBaseSource,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&InstalledBase> for InstalledBaseRow {
    fn from(one: &InstalledBase) -> Self {
        Self {
            id: one.id,
            account_id: one.account_id,
            product_id: one.product_id,
            territory_id: one.territory_id,
            since_on: one.since_on,
            ends_on: one.ends_on,
            quantity: one.quantity,
            partner_id: one.partner_id,
            source: one.source,
            revision: one.revision,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

impl InstalledBaseRow {
    fn with(self, external_refs: Vec<ExternalRef>) -> InstalledBase {
        InstalledBase {
            id: self.id,
            account_id: self.account_id,
            product_id: self.product_id,
            territory_id: self.territory_id,
            since_on: self.since_on,
            ends_on: self.ends_on,
            quantity: self.quantity,
            partner_id: self.partner_id,
            source: self.source,
            external_refs,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn complete(tx: &mut Tx<'_>, rows: Vec<InstalledBaseRow>) -> Result<Vec<InstalledBase>> {
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
pub fn page(tx: &mut Tx<'_>, filter: &InstalledBaseFilter, paging: &Paging) -> Result<Page<InstalledBase>> {
    let sort = filter.sort.unwrap_or(InstalledBaseSort::CreatedDescending);
    let mut clause = Clause::all();
    clause
        .equals_some("installed_base.account_id", filter.account_id.as_ref())
        .equals_some("installed_base.product_id", filter.product_id.as_ref())
        .equals_some("installed_base.territory_id", filter.territory_id.as_ref())
        .equals_some("installed_base.partner_id", filter.partner_id.as_ref())
        .at_least("installed_base.updated_at", filter.updated_since.as_ref());
    let rows = load_page!(tx, table => InstalledBaseRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| complete(tx, rows))
}

fn key(sort: InstalledBaseSort, row: &InstalledBaseRow) -> Key {
    match sort {
        InstalledBaseSort::Created | InstalledBaseSort::CreatedDescending => row.created_at.into(),
        InstalledBaseSort::Updated | InstalledBaseSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The one with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: InstalledBaseId) -> Result<InstalledBase> {
    let row = on_each!(tx, |c| table
        .find(id)
        .select(InstalledBaseRow::as_select())
        .get_result(c))?;
    complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Waits for whoever else is changing the row.
///
/// # Errors
/// 404 if there is none.
pub(super) fn lock(tx: &mut Tx<'_>, id: InstalledBaseId) -> Result<()> {
    if let Conn::Postgres(c) = tx.conn() {
        table
            .find(id)
            .select(columns::id)
            .for_no_key_update()
            .get_result::<InstalledBaseId>(c)?;
    }
    Ok(())
}

/// What those accounts have, ended or not, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn for_accounts(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<Vec<InstalledBaseClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_each!(tx, |c| table
        .filter(columns::account_id.eq_any(accounts))
        .order((columns::account_id, columns::id))
        .select(InstalledBaseClaim::as_select())
        .load(c))?)
}

/// Stores a new one, and tells of it.
///
/// # Errors
/// 409 `unknown_reference`, `already_exists`.
pub fn insert(tx: &mut Tx<'_>, new: InstalledBase) -> Result<InstalledBase> {
    let row = InstalledBaseRow::from(&new);
    tx.attempt(|tx| Ok(on_each!(tx, |c| diesel::insert_into(table).values(&row).execute(c))?))
        .map_err(|error| explain(tx, error, &new))?;
    references::set(tx, TYPE, &new.id.to_string(), &new.external_refs)?;
    tx.record(Fact::created("installed_base.created", &new))?;
    Ok(new)
}

/// Stores a changed one over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 as [`insert`].
pub fn save(tx: &mut Tx<'_>, before: &InstalledBase, after: InstalledBase) -> Result<InstalledBase> {
    let row = InstalledBaseRow::from(&after);
    tx.attempt(|tx| revise!(tx, table, columns::revision, (before.id, before.revision), &row))
        .map_err(|error| explain(tx, error, &after))?;
    if before.external_refs != after.external_refs {
        references::set(tx, TYPE, &after.id.to_string(), &after.external_refs)?;
    }
    tx.record(Fact::changed("installed_base.updated", before, &after))?;
    Ok(after)
}

/// Removes one that nothing names.
///
/// # Errors
/// 409 `in_use` if something does.
pub fn delete(tx: &mut Tx<'_>, one: &InstalledBase) -> Result<()> {
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
    tx.record(Fact::deleted("installed_base.deleted", one))
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &InstalledBase) -> Error {
    let fields = [
        ("#/product_id", Some(Named::Product(one.product_id))),
        ("#/territory_id", one.territory_id.map(Named::Territory)),
        ("#/partner_id", one.partner_id.map(Named::Partner)),
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
    clause.equals("installed_base.account_id", &from);
    if let Some(only) = only {
        clause.one_of("installed_base.id", only);
    }
    let rows = on_each!(tx, |c| table
        .filter(clause)
        .order(columns::id)
        .select(InstalledBaseRow::as_select())
        .load(c))?;
    let now = tx.now;
    let mut moved = Vec::new();
    for before in complete(tx, rows)? {
        let after = InstalledBase {
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
