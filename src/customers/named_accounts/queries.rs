//! The only file that knows the table of named accounts. They are the vendor's own; partners never reach them.

use diesel::prelude::*;

use super::{
    TYPE,
    model::{NamedAccount, NamedAccountClaim, NamedAccountFilter, NamedAccountSort},
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
        ids::{AccountId, NamedAccountId, ProductId, TerritoryId, UserId},
        page::{Key, Page, Paging},
    },
    load_page,
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

holding_queries!(NamedAccount, NamedAccountRow, NamedAccountId, "named_account");

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

/// The named accounts among those accounts that are in force at that moment, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>, accounts: &[AccountId], at: Time) -> Result<Vec<NamedAccountClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let day = at.date();
    Ok(table
        .filter(columns::account_id.eq_any(among(accounts)))
        .filter(columns::starts_on.le(day))
        .filter(columns::ends_on.is_null().or(columns::ends_on.gt(day)))
        .order((columns::starts_on, columns::id))
        .select(NamedAccountClaim::as_select())
        .load(tx.conn())?)
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &NamedAccount) -> Error {
    let fields = [
        ("#/product_id", one.product_id.map(Named::Product)),
        ("#/territory_id", one.territory_id.map(Named::Territory)),
        ("#/owner_id", one.owner_id.map(Named::User)),
    ];
    existing::explain(tx, error, &fields)
}
