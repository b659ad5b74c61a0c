//! The only file that knows the table of direct opportunities. They are the vendor's own; partners never reach them.

use diesel::prelude::*;

use super::{
    TYPE,
    model::{
        DirectOpportunity, DirectOpportunityFilter, DirectOpportunitySort, OpportunityClaim, OpportunityStatus,
        OpportunityType,
    },
};
use crate::{
    custom_fields::CustomFields,
    customers::existing::{self, Named},
    db::{Clause, Conn, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Currency, Date, Money, Stored, Time,
        ids::{AccountId, OpportunityId, ProductId, TerritoryId, UserId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, on_each,
    references::{self, ExternalRef},
    revise,
    schema::direct_opportunities::{self as columns, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = columns, treat_none_as_null = true, treat_none_as_default_value = false)]
struct OpportunityRow {
    id: OpportunityId,
    number: String,
    account_id: AccountId,
    title: String,
    title_key: String,
    product_id: Option<ProductId>,
    territory_id: Option<TerritoryId>,
    deal_type: OpportunityType,
    status: OpportunityStatus,
    stage: String,
    amount_minor: Option<i64>,
    amount_currency: Option<Currency>,
    expected_close_on: Option<Date>,
    owner_id: Option<UserId>,
    owner_name: Option<String>,
    opened_at: Time,
    last_activity_at: Time,
    closed_at: Option<Time>,
    custom: Stored<CustomFields>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&DirectOpportunity> for OpportunityRow {
    fn from(one: &DirectOpportunity) -> Self {
        Self {
            id: one.id,
            number: one.number.clone(),
            account_id: one.account_id,
            title: one.title.clone(),
            title_key: fold(&one.title),
            product_id: one.product_id,
            territory_id: one.territory_id,
            deal_type: one.deal_type,
            status: one.status,
            stage: one.stage.clone(),
            amount_minor: one.amount.map(|money| money.minor),
            amount_currency: one.amount.map(|money| money.currency),
            expected_close_on: one.expected_close_on,
            owner_id: one.owner_id,
            owner_name: one.owner_name.clone(),
            opened_at: one.opened_at,
            last_activity_at: one.last_activity_at,
            closed_at: one.closed_at,
            custom: Stored(one.custom.clone()),
            revision: one.revision,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

impl OpportunityRow {
    fn with(self, external_refs: Vec<ExternalRef>) -> DirectOpportunity {
        DirectOpportunity {
            id: self.id,
            number: self.number,
            account_id: self.account_id,
            title: self.title,
            product_id: self.product_id,
            territory_id: self.territory_id,
            deal_type: self.deal_type,
            status: self.status,
            stage: self.stage,
            amount: Money::from_columns(self.amount_minor, self.amount_currency),
            expected_close_on: self.expected_close_on,
            owner_id: self.owner_id,
            owner_name: self.owner_name,
            opened_at: self.opened_at,
            last_activity_at: self.last_activity_at,
            closed_at: self.closed_at,
            custom: self.custom.0,
            external_refs,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn complete(tx: &mut Tx<'_>, rows: Vec<OpportunityRow>) -> Result<Vec<DirectOpportunity>> {
    let mut refs = references::by_records(tx, TYPE, &rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>())?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = refs.remove(&row.id.to_string()).unwrap_or_default();
            row.with(own)
        })
        .collect())
}

/// One page of opportunities.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &DirectOpportunityFilter, paging: &Paging) -> Result<Page<DirectOpportunity>> {
    let sort = filter.sort.unwrap_or(DirectOpportunitySort::CreatedDescending);
    let mut clause = Clause::all();
    clause
        .equals_some("direct_opportunities.account_id", filter.account_id.as_ref())
        .one_of_some("direct_opportunities.status", filter.status.as_ref())
        .one_of_some("direct_opportunities.deal_type", filter.deal_type.as_ref())
        .equals_some("direct_opportunities.product_id", filter.product_id.as_ref())
        .equals_some("direct_opportunities.territory_id", filter.territory_id.as_ref())
        .equals_some("direct_opportunities.owner_id", filter.owner_id.as_ref())
        .at_least("direct_opportunities.updated_at", filter.updated_since.as_ref());
    if let Some(q) = &filter.q {
        clause.begins_with("direct_opportunities.title_key", &fold(q));
    }
    let rows = load_page!(tx, table => OpportunityRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| complete(tx, rows))
}

fn key(sort: DirectOpportunitySort, row: &OpportunityRow) -> Key {
    match sort {
        DirectOpportunitySort::Created | DirectOpportunitySort::CreatedDescending => row.created_at.into(),
        DirectOpportunitySort::Updated | DirectOpportunitySort::UpdatedDescending => row.updated_at.into(),
        DirectOpportunitySort::Activity | DirectOpportunitySort::ActivityDescending => row.last_activity_at.into(),
        DirectOpportunitySort::Title | DirectOpportunitySort::TitleDescending => row.title_key.as_str().into(),
    }
}

/// The opportunity with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: OpportunityId) -> Result<DirectOpportunity> {
    let row = on_each!(tx, |c| table.find(id).select(OpportunityRow::as_select()).get_result(c))?;
    complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Waits for whoever else is changing the row.
///
/// # Errors
/// 404 if there is none.
pub(super) fn lock(tx: &mut Tx<'_>, id: OpportunityId) -> Result<()> {
    if let Conn::Postgres(c) = tx.conn() {
        table
            .find(id)
            .select(columns::id)
            .for_no_key_update()
            .get_result::<OpportunityId>(c)?;
    }
    Ok(())
}

/// What open opportunities claim on those accounts, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn open_for(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<Vec<OpportunityClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_each!(tx, |c| table
        .filter(columns::account_id.eq_any(accounts))
        .filter(columns::status.eq(OpportunityStatus::Open))
        .order((columns::opened_at, columns::id))
        .select(OpportunityClaim::as_select())
        .load(c))?)
}

/// Stores a new opportunity, and tells of it.
///
/// # Errors
/// 409 `unknown_reference`, `already_exists`.
pub fn insert(tx: &mut Tx<'_>, new: DirectOpportunity) -> Result<DirectOpportunity> {
    let row = OpportunityRow::from(&new);
    tx.attempt(|tx| Ok(on_each!(tx, |c| diesel::insert_into(table).values(&row).execute(c))?))
        .map_err(|error| explain(tx, error, &new))?;
    references::set(tx, TYPE, &new.id.to_string(), &new.external_refs)?;
    tx.record(Fact::created("direct_opportunity.created", &new))?;
    Ok(new)
}

/// Stores a changed opportunity over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 as [`insert`].
pub fn save(tx: &mut Tx<'_>, before: &DirectOpportunity, after: DirectOpportunity) -> Result<DirectOpportunity> {
    let row = OpportunityRow::from(&after);
    tx.attempt(|tx| revise!(tx, table, columns::revision, (before.id, before.revision), &row))
        .map_err(|error| explain(tx, error, &after))?;
    if before.external_refs != after.external_refs {
        references::set(tx, TYPE, &after.id.to_string(), &after.external_refs)?;
    }
    tx.record(Fact::changed("direct_opportunity.updated", before, &after))?;
    Ok(after)
}

/// Removes an opportunity that nothing names.
///
/// # Errors
/// 409 `in_use` if something does.
pub fn delete(tx: &mut Tx<'_>, one: &DirectOpportunity) -> Result<()> {
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
    tx.record(Fact::deleted("direct_opportunity.deleted", one))
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &DirectOpportunity) -> Error {
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
    clause.equals("direct_opportunities.account_id", &from);
    if let Some(only) = only {
        clause.one_of("direct_opportunities.id", only);
    }
    let rows = on_each!(tx, |c| table
        .filter(clause)
        .order(columns::id)
        .select(OpportunityRow::as_select())
        .load(c))?;
    let now = tx.now;
    let mut moved = Vec::new();
    for before in complete(tx, rows)? {
        let after = DirectOpportunity {
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
