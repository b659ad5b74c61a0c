//! The only file that knows the table of the installed base. It is the vendor's own; partners never reach it.

use diesel::prelude::*;

use super::{
    TYPE,
    model::{InstalledBase, InstalledBaseClaim, InstalledBaseFilter, InstalledBaseSort, InstalledBaseSource},
};
use crate::{
    customers::{
        existing::{self, Named},
        holdings::holding_queries,
    },
    db::{Clause, Lock, Tx, among},
    error::{Error, Result},
    events::Fact,
    kernel::{
        Date, Time,
        ids::{AccountId, InstalledBaseId, PartnerId, ProductId, TerritoryId},
        page::{Key, Page, Paging},
    },
    load_page,
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

holding_queries!(InstalledBase, InstalledBaseRow, InstalledBaseId, "installed_base");

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

/// What those accounts have, ended or not, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn for_accounts(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<Vec<InstalledBaseClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(table
        .filter(columns::account_id.eq_any(among(accounts)))
        .order((columns::account_id, columns::id))
        .select(InstalledBaseClaim::as_select())
        .load(tx.conn())?)
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &InstalledBase) -> Error {
    let fields = [
        ("#/product_id", Some(Named::Product(one.product_id))),
        ("#/territory_id", one.territory_id.map(Named::Territory)),
        ("#/partner_id", one.partner_id.map(Named::Partner)),
    ];
    existing::explain(tx, error, &fields)
}
