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
    custom_fields::{self, CustomFields, CustomRecord},
    customers::{
        existing::{self, Named},
        holdings::holding_queries,
    },
    db::{Clause, Lock, Tx, among},
    error::{Error, Result},
    events::Fact,
    kernel::{
        Currency, Date, Money, Stored, Time,
        ids::{AccountId, OpportunityId, ProductId, TerritoryId, UserId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page,
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

holding_queries!(
    DirectOpportunity,
    OpportunityRow,
    OpportunityId,
    "direct_opportunity",
    CustomRecord::DirectOpportunity
);

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
    custom_fields::filter(
        tx,
        &mut clause,
        CustomRecord::DirectOpportunity,
        "direct_opportunities.id",
        filter.custom.as_ref(),
    )?;
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

/// What open opportunities claim on those accounts, for the conflict engine.
///
/// # Errors
/// What the database reports.
pub fn open_for(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<Vec<OpportunityClaim>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(table
        .filter(columns::account_id.eq_any(among(accounts)))
        .filter(columns::status.eq(OpportunityStatus::Open))
        .order((columns::opened_at, columns::id))
        .select(OpportunityClaim::as_select())
        .load(tx.conn())?)
}

fn explain(tx: &mut Tx<'_>, error: Error, one: &DirectOpportunity) -> Error {
    let fields = [
        ("#/product_id", one.product_id.map(Named::Product)),
        ("#/territory_id", one.territory_id.map(Named::Territory)),
        ("#/owner_id", one.owner_id.map(Named::User)),
    ];
    existing::explain(tx, error, &fields)
}
