//! The only file that writes the table of protections. Reads by callers start from the rows that they may see.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{DealTypeClass, Protection, ProtectionFilter, ProtectionSort, ProtectionStatus},
    rules,
};
use crate::{
    db::{Clause, Lock, Tx, among},
    deals::registrations::{OPEN, ProtectionState, ReviewStatus},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{AccountId, DealId, DecisionId, PartnerId, ProductId, ProtectionId, TerritoryId},
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::{
        customer_accounts, deals, product_closure,
        protections::{self, table},
        territory_closure,
    },
};

/// A protection as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = protections, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ProtectionRow {
    pub id: ProtectionId,
    pub deal_id: DealId,
    pub partner_id: PartnerId,
    pub decision_id: Option<DecisionId>,
    pub account_id: AccountId,
    pub product_id: ProductId,
    pub territory_id: TerritoryId,
    pub deal_type_class: DealTypeClass,
    pub exclusive: bool,
    pub starts_at: Time,
    pub ends_at: Time,
    pub granted_until: Time,
    pub status: ProtectionStatus,
    pub status_reason: Option<String>,
    pub status_since: Time,
    pub transferred_to_id: Option<ProtectionId>,
    pub legacy: bool,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// One page of protections, with their states as of the moment asked for.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ProtectionFilter, paging: &Paging) -> Result<Page<Protection>> {
    let sort = filter.sort.unwrap_or(ProtectionSort::CreatedDescending);
    let at = filter.as_of.unwrap_or(tx.now);
    let mut clause = Clause::rows_of(tx.caller(), "protections.partner_id");
    clause
        .equals_some("protections.partner_id", filter.partner_id.as_ref())
        .equals_some("protections.deal_id", filter.deal_id.as_ref())
        .equals_some("protections.account_id", filter.account_id.as_ref())
        .below("protections.ends_at", filter.expiring_before.as_ref());
    if let Some(product) = &filter.product_id {
        touches(&mut clause, "product_closure", "protections.product_id", product);
    }
    if let Some(territory) = &filter.territory_id {
        touches(&mut clause, "territory_closure", "protections.territory_id", territory);
    }
    if let Some(states) = &filter.state {
        in_states(&mut clause, states, at);
    }
    let rows = load_page!(tx, table => ProtectionRow, clause, sort.order(), paging)?;
    let by_vendor = tx.caller().is_vendor();
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())).map(|row| row.seen(at, by_vendor)))
}

fn key(sort: ProtectionSort, row: &ProtectionRow) -> Key {
    match sort {
        ProtectionSort::Created | ProtectionSort::CreatedDescending => row.created_at.into(),
        ProtectionSort::Ends | ProtectionSort::EndsDescending => row.ends_at.into(),
        ProtectionSort::Updated | ProtectionSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// And: the node of the row is the node, above it, or below it.
fn touches(clause: &mut Clause, closure: &'static str, column: &'static str, node: &impl crate::db::Bind) {
    clause
        .and("(EXISTS (SELECT 1 FROM ")
        .sql(closure)
        .sql(" WHERE ancestor_id = ")
        .sql(column)
        .sql(" AND descendant_id = ")
        .value(node);
    clause
        .sql(") OR EXISTS (SELECT 1 FROM ")
        .sql(closure)
        .sql(" WHERE descendant_id = ")
        .sql(column)
        .sql(" AND ancestor_id = ")
        .value(node)
        .sql("))");
}

/// And: the protection is in one of the states at that moment; the same cases as [`ProtectionRow::state_at`].
fn in_states(clause: &mut Clause, states: &[ProtectionState], at: Time) {
    clause.and("(FALSE");
    for state in states {
        clause.sql(" OR (");
        let changed = |clause: &mut Clause, statuses: &'static str| {
            clause
                .sql("protections.starts_at <= ")
                .value(&at)
                .sql(" AND protections.status_since <= ")
                .value(&at)
                .sql(" AND protections.status IN (")
                .sql(statuses)
                .sql(")");
        };
        // Not ended early as of that moment.
        let untouched = |clause: &mut Clause, ended: &'static str| {
            clause
                .sql("protections.starts_at <= ")
                .value(&at)
                .sql(" AND (protections.status NOT IN (")
                .sql(ended)
                .sql(") OR protections.status_since > ")
                .value(&at)
                .sql(")");
        };
        const ENDED: &str = "'released', 'revoked', 'transferred', 'consumed'";
        const ENDED_OR_ASIDE: &str = "'released', 'revoked', 'transferred', 'consumed', 'paused', 'contested'";
        match state {
            ProtectionState::None => {
                clause.sql("protections.starts_at > ").value(&at);
            }
            ProtectionState::Queued => {
                clause.sql("FALSE");
            }
            ProtectionState::Active => {
                untouched(clause, ENDED_OR_ASIDE);
                clause
                    .sql(" AND protections.ends_at > ")
                    .value(&at)
                    .sql(" AND protections.granted_until > ")
                    .value(&at);
            }
            ProtectionState::Grace => {
                untouched(clause, ENDED_OR_ASIDE);
                clause
                    .sql(" AND protections.ends_at > ")
                    .value(&at)
                    .sql(" AND protections.granted_until <= ")
                    .value(&at);
            }
            ProtectionState::Expired => {
                untouched(clause, ENDED);
                clause.sql(" AND protections.ends_at <= ").value(&at);
            }
            ProtectionState::Paused => {
                changed(clause, "'paused'");
                clause.sql(" AND protections.ends_at > ").value(&at);
            }
            ProtectionState::Contested => {
                changed(clause, "'contested'");
                clause.sql(" AND protections.ends_at > ").value(&at);
            }
            ProtectionState::Released => changed(clause, "'released', 'revoked'"),
            ProtectionState::Transferred => changed(clause, "'transferred'"),
            ProtectionState::Consumed => changed(clause, "'consumed'"),
        }
        clause.sql(")");
    }
    clause.sql(")");
}

/// The protection with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: ProtectionId, at: Option<Time>) -> Result<Protection> {
    let mut clause = Clause::rows_of(tx.caller(), "protections.partner_id");
    clause.equals("protections.id", &id);
    let row: ProtectionRow = table
        .filter(clause)
        .select(ProtectionRow::as_select())
        .first(tx.conn())?;
    let by_vendor = tx.caller().is_vendor();
    Ok(row.seen(at.unwrap_or(tx.now), by_vendor))
}

/// All protections of the registrations, oldest first. For rules, not for callers.
///
/// # Errors
/// What the database reports.
pub fn of_deals(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<Vec<ProtectionRow>> {
    Ok(table
        .filter(protections::deal_id.eq_any(among(deals)))
        .order((protections::created_at, protections::id))
        .select(ProtectionRow::as_select())
        .load(tx.conn())?)
}

/// The protections of a partner that something is still to come of.
///
/// # Errors
/// What the database reports.
pub fn running_of_partner(tx: &mut Tx<'_>, partner: PartnerId, now: Time) -> Result<Vec<ProtectionRow>> {
    Ok(table
        .filter(protections::partner_id.eq(partner))
        .filter(protections::status.eq_any(among([
            ProtectionStatus::Active,
            ProtectionStatus::Paused,
            ProtectionStatus::Contested,
        ])))
        .filter(protections::ends_at.gt(now))
        .order((protections::account_id, protections::id))
        .select(ProtectionRow::as_select())
        .load(tx.conn())?)
}

/// The protections that ended by the clock after one moment and by another, the earliest first.
///
/// # Errors
/// What the database reports.
pub fn ended_between(tx: &mut Tx<'_>, after: Time, by: Time) -> Result<Vec<ProtectionRow>> {
    Ok(table
        .filter(protections::status.eq_any(among([
            ProtectionStatus::Active,
            ProtectionStatus::Paused,
            ProtectionStatus::Contested,
        ])))
        .filter(protections::ends_at.gt(after).and(protections::ends_at.le(by)))
        .order((protections::ends_at, protections::id))
        .select(ProtectionRow::as_select())
        .load(tx.conn())?)
}

/// What protects each registration at that moment.
///
/// # Errors
/// What the database reports.
pub fn states(tx: &mut Tx<'_>, ids: &[DealId], at: Time) -> Result<BTreeMap<DealId, ProtectionState>> {
    let mut found: BTreeMap<DealId, Vec<ProtectionState>> = ids.iter().map(|deal| (*deal, Vec::new())).collect();
    for row in of_deals(tx, ids)? {
        found.entry(row.deal_id).or_default().push(row.state_at(at));
    }
    let waiting: Vec<(DealId, ReviewStatus)> = deals::table
        .filter(deals::id.eq_any(among(ids)))
        .select((deals::id, deals::review_status))
        .load(tx.conn())?;
    let waiting: BTreeMap<DealId, ReviewStatus> = waiting.into_iter().collect();
    Ok(found
        .into_iter()
        .map(|(deal, states)| {
            (
                deal,
                rules::state_of_deal(&states, waiting.get(&deal).is_some_and(|status| OPEN.contains(status))),
            )
        })
        .collect())
}

/// Holds the customer account until the end of the transaction: contenders for its scopes come one after the other.
/// On SQLite there is one writer anyway. The lock is the weakest that excludes itself, so foreign key checks go on.
///
/// # Errors
/// 409 `unknown_reference` if there is no such account.
pub fn lock_account(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    let row = customer_accounts::table.find(account).select(customer_accounts::id);
    let found: Option<AccountId> = Lock::NoKeyUpdate.on(row).get_result(tx.conn()).optional()?;
    found
        .map(drop)
        .ok_or_else(|| Error::unknown_reference("#/customer_account_id", "There is no such customer account."))
}

/// The products with their ancestors.
///
/// # Errors
/// What the database reports.
pub fn above(tx: &mut Tx<'_>, products: &[ProductId]) -> Result<BTreeMap<ProductId, Vec<ProductId>>> {
    let rows: Vec<(ProductId, ProductId)> = product_closure::table
        .filter(product_closure::descendant_id.eq_any(among(products)))
        .filter(product_closure::depth.gt(0))
        .order((product_closure::descendant_id, product_closure::depth))
        .select((product_closure::descendant_id, product_closure::ancestor_id))
        .load(tx.conn())?;
    let mut above: BTreeMap<ProductId, Vec<ProductId>> = BTreeMap::new();
    for (product, ancestor) in rows {
        above.entry(product).or_default().push(ancestor);
    }
    Ok(above)
}

/// Whether the one territory is the other or lies around it.
///
/// # Errors
/// What the database reports.
pub fn covers(tx: &mut Tx<'_>, outer: TerritoryId, inner: TerritoryId) -> Result<bool> {
    let depth: Option<i64> = territory_closure::table
        .find((outer, inner))
        .select(territory_closure::depth)
        .first(tx.conn())
        .optional()?;
    Ok(depth.is_some())
}

/// Stores a new protection and tells of it.
///
/// # Errors
/// 409 `protection_overlap` by the database's guard, whatever was looked at before.
pub fn insert(tx: &mut Tx<'_>, row: ProtectionRow) -> Result<Protection> {
    insert_as(tx, row, "protection.granted")
}

/// [`insert`], telling of it by an event of that kind.
///
/// # Errors
/// As [`insert`].
pub fn insert_as(tx: &mut Tx<'_>, row: ProtectionRow, kind: &'static str) -> Result<Protection> {
    let stored = tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?));
    match stored {
        Err(error) if error.is(&codes::PROTECTION_OVERLAP) => return Err(overlap(tx, &row)?),
        stored => stored?,
    };
    let protection = row.seen(tx.now, true);
    tx.record(Fact::created(kind, &protection))?;
    Ok(protection)
}

/// Stores a changed protection over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `protection_overlap` by the database's guard.
pub fn save(tx: &mut Tx<'_>, before: &ProtectionRow, after: ProtectionRow, kind: &'static str) -> Result<Protection> {
    let saved = tx.attempt(|tx| revise!(tx, table, protections::revision, (before.id, before.revision), &after));
    match saved {
        Err(error) if error.is(&codes::PROTECTION_OVERLAP) => return Err(overlap(tx, &after)?),
        saved => saved?,
    }
    let now = tx.now;
    let (old, new) = (before.clone().seen(now, true), after.seen(now, true));
    tx.record(Fact::changed(kind, &old, &new))?;
    Ok(new)
}

/// The refusal, with what stands in the way: for partners only that and until when, for the vendor also which.
fn overlap(tx: &mut Tx<'_>, refused: &ProtectionRow) -> Result<Error> {
    let holders = overlapping(tx, refused)?;
    let by_vendor = tx.caller().is_vendor();
    let caller_partner = tx.caller().partner();
    let error = Error::new(&codes::PROTECTION_OVERLAP);
    Ok(holders.into_iter().fold(error, |error, (row, number)| {
        let whose = if by_vendor || caller_partner == Some(row.partner_id) {
            number
        } else {
            "Another registration".to_owned()
        };
        error.fault(
            "#",
            "active_protection",
            format!(
                "{whose} is protected on an overlapping scope until {}.",
                row.ends_at.date()
            ),
        )
    }))
}

/// The active exclusive protections that overlap with a row: the question of the database's guard, asked again to explain.
///
/// # Errors
/// What the database reports.
pub fn overlapping(tx: &mut Tx<'_>, row: &ProtectionRow) -> Result<Vec<(ProtectionRow, String)>> {
    let mut clause = Clause::all();
    clause
        .equals("protections.account_id", &row.account_id)
        .and("protections.exclusive AND protections.status = 'active' AND protections.id <> ")
        .value(&row.id)
        .and("protections.starts_at < ")
        .value(&row.ends_at)
        .and("protections.ends_at > ")
        .value(&row.starts_at)
        .and("(protections.deal_type_class = 'any' OR ")
        .value(row.deal_type_class.as_str())
        .sql(" IN ('any', protections.deal_type_class))");
    touches(
        &mut clause,
        "product_closure",
        "protections.product_id",
        &row.product_id,
    );
    touches(
        &mut clause,
        "territory_closure",
        "protections.territory_id",
        &row.territory_id,
    );
    Ok(table
        .inner_join(deals::table)
        .filter(clause)
        .order((protections::starts_at, protections::id))
        .limit(20)
        .select((ProtectionRow::as_select(), deals::number))
        .load(tx.conn())?)
}

/// Notes on a protection that was handed over which one took its place; its revision stays that of the hand-over.
///
/// # Errors
/// What the database reports.
pub fn point_to(tx: &mut Tx<'_>, closed: &ProtectionRow, successor: ProtectionId) -> Result<()> {
    diesel::update(table.find(closed.id))
        .set(protections::transferred_to_id.eq(Some(successor)))
        .execute(tx.conn())?;
    Ok(())
}
