//! The tables of a review: decisions, and questions.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    model::{DealDecision, DealInfoRequest},
    rows::{DecisionRow, InfoRow, Registration},
    states::{DecisionOutcome, InfoRequestStatus, OPEN, ReviewStatus},
    view::{self, Reader},
};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{AccountId, ConflictCheckId, DealId, PartnerId, ProductId, UserId},
        page::{Order, Page, Paging},
    },
    load_page, revise,
    schema::{deal_decisions, deal_info_requests, deal_reviews, deals},
};

/// The registrations of a partner that wait for a decision of that user, as their reviewer.
///
/// # Errors
/// What the database reports.
pub fn awaiting(tx: &mut Tx<'_>, partner: PartnerId, user: UserId) -> Result<Vec<DealId>> {
    Ok(deals::table
        .filter(deals::partner_id.eq(partner))
        .filter(deals::review_status.eq_any(among(OPEN)))
        .filter(deals::assignee_id.eq(user))
        .order((deals::customer_account_id, deals::id))
        .select(deals::id)
        .load(tx.conn())?)
}

/// How many registrations of the partner were revoked since that moment.
///
/// # Errors
/// What the database reports.
pub fn strikes(tx: &mut Tx<'_>, partner: PartnerId, since: Time) -> Result<i64> {
    Ok(deal_decisions::table
        .inner_join(deals::table.on(deals::id.eq(deal_decisions::deal_id)))
        .filter(
            deals::partner_id
                .eq(partner)
                .and(deals::review_status.eq(ReviewStatus::Revoked)),
        )
        .filter(
            deal_decisions::outcome
                .eq(DecisionOutcome::Revoked)
                .and(deal_decisions::decided_at.ge(since)),
        )
        .count()
        .get_result(tx.conn())?)
}

/// Stores a decision.
///
/// # Errors
/// What the database reports.
pub fn insert_decision(tx: &mut Tx<'_>, decision: &DecisionRow) -> Result<()> {
    diesel::insert_into(deal_decisions::table)
        .values(decision)
        .execute(tx.conn())?;
    Ok(())
}

/// Who decided on one of those registrations, as texts of actors.
///
/// # Errors
/// What the database reports.
pub fn deciders(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<BTreeSet<String>> {
    let found: Vec<String> = deal_decisions::table
        .filter(deal_decisions::deal_id.eq_any(among(deals)))
        .select(deal_decisions::decided_by)
        .distinct()
        .load(tx.conn())?;
    Ok(found.into_iter().collect())
}

/// Every decision on a registration, oldest first: at most 500.
///
/// # Errors
/// What the database reports.
pub fn all_decisions(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<DecisionRow>> {
    Ok(deal_decisions::table
        .filter(deal_decisions::deal_id.eq(deal))
        .order((deal_decisions::decided_at, deal_decisions::id))
        .select(DecisionRow::as_select())
        .limit(500)
        .load(tx.conn())?)
}

/// One page of the decisions on a registration that the caller may see, oldest first.
///
/// # Errors
/// What the database reports.
pub fn decisions(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealDecision>> {
    let mut clause = Clause::all();
    clause.equals("deal_decisions.deal_id", &deal);
    let reader = Reader::of(tx.caller());
    let order = Order {
        column: "deal_decisions.decided_at",
        id: "deal_decisions.id",
        descending: false,
    };
    let rows = load_page!(tx, deal_decisions::table => DecisionRow, clause, order, paging)?;
    let page = Page::of(rows, paging, |row: &DecisionRow| {
        (row.decided_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| view::decision(row, reader)))
}

/// Stores a question.
///
/// # Errors
/// 409 `already_exists` if one is open.
pub fn insert_info(tx: &mut Tx<'_>, info: &InfoRow) -> Result<()> {
    tx.attempt(|tx| {
        Ok(diesel::insert_into(deal_info_requests::table)
            .values(info)
            .execute(tx.conn())?)
    })?;
    Ok(())
}

/// Stores a question that was answered or ended.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save_info(tx: &mut Tx<'_>, before: &InfoRow, after: &InfoRow) -> Result<()> {
    revise!(
        tx,
        deal_info_requests::table,
        deal_info_requests::revision,
        (before.id, before.revision),
        after
    )
}

/// One page of what was asked about a registration that the caller may see, oldest first.
///
/// # Errors
/// What the database reports.
pub fn infos(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealInfoRequest>> {
    let mut clause = Clause::all();
    clause.equals("deal_info_requests.deal_id", &deal);
    let now = tx.now;
    let order = Order {
        column: "deal_info_requests.created_at",
        id: "deal_info_requests.id",
        descending: false,
    };
    let rows = load_page!(tx, deal_info_requests::table => InfoRow, clause, order, paging)?;
    let page = Page::of(rows, paging, |row: &InfoRow| {
        (row.created_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| view::info(row, now)))
}

/// Closes what is still asked, because nobody waits for the answer any more.
///
/// # Errors
/// What the database reports.
pub fn end_infos(tx: &mut Tx<'_>, deal: DealId, status: InfoRequestStatus) -> Result<()> {
    let now = tx.now;
    let open = deal_info_requests::table.filter(
        deal_info_requests::deal_id
            .eq(deal)
            .and(deal_info_requests::status.eq(InfoRequestStatus::Open)),
    );
    let change = (
        deal_info_requests::status.eq(status),
        deal_info_requests::revision.eq(deal_info_requests::revision + 1),
        deal_info_requests::updated_at.eq(now),
    );
    diesel::update(open).set(change).execute(tx.conn())?;
    Ok(())
}

/// Registrations that are before the vendor at that moment: one whose answers are overdue has lapsed.
fn open_clause(now: Time) -> Clause {
    let mut clause = Clause::all();
    clause
        .one_of("deals.review_status", OPEN)
        .and("NOT (deals.review_status = 'info_requested' AND EXISTS (SELECT 1 FROM deal_reviews AS r WHERE r.deal_id = deals.id AND r.info_due_at <= ")
        .value(&now)
        .sql("))");
    clause
}

/// How many registrations of the partner are before the vendor.
///
/// # Errors
/// What the database reports.
pub fn open_count(tx: &mut Tx<'_>, partner: PartnerId) -> Result<i64> {
    let now = tx.now;
    let mut clause = open_clause(now);
    clause.equals("deals.partner_id", &partner);
    Ok(deals::table.filter(clause).count().get_result(tx.conn())?)
}

/// When the last registration on the account was received.
///
/// # Errors
/// What the database reports.
pub fn last_received(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<Time>> {
    Ok(deals::table
        .filter(
            deals::customer_account_id
                .eq(account)
                .and(deals::received_at.is_not_null()),
        )
        .order(deals::received_at.desc())
        .select(deals::received_at)
        .first::<Option<Time>>(tx.conn())
        .optional()?
        .flatten())
}

/// [`last_received`] of several accounts, of those that ever had a registration.
///
/// # Errors
/// What the database reports.
pub fn last_received_on(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Time>> {
    let wanted: Vec<Option<AccountId>> = accounts.iter().copied().map(Some).collect();
    let rows: Vec<(Option<AccountId>, Option<Time>)> = deals::table
        .filter(deals::customer_account_id.eq_any(among(&wanted)))
        .filter(deals::received_at.is_not_null())
        .group_by(deals::customer_account_id)
        .select((deals::customer_account_id, diesel::dsl::max(deals::received_at)))
        .load(tx.conn())?;
    let rows = rows.into_iter();
    Ok(rows.filter_map(|(account, at)| Some((account?, at?))).collect())
}

/// Ties the registration to the check that was just stored.
///
/// # Errors
/// What the database reports.
pub fn tie_check(tx: &mut Tx<'_>, deal: DealId, check: ConflictCheckId) -> Result<()> {
    diesel::update(deals::table.find(deal))
        .set(deals::conflict_check_id.eq(Some(check)))
        .execute(tx.conn())?;
    Ok(())
}

/// Other partners' open registrations on the same account whose products and territory meet those of this one.
///
/// # Errors
/// What the database reports.
pub fn contenders(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<(DealId, PartnerId)>> {
    contenders_for(tx, registration, None)
}

/// Which registrations (`deals`) contend with another one (`d`, of the statement around it) for some of the same, as
/// `contenders` finds them.
pub fn contending(now: Time) -> Clause {
    let mut clause = open_clause(now);
    clause
        .sql(" AND deals.customer_account_id = d.customer_account_id AND deals.partner_id <> d.partner_id")
        .and("EXISTS (SELECT 1 FROM territory_closure AS t WHERE (t.ancestor_id = deals.territory_id AND t.descendant_id = d.territory_id)")
        .sql(" OR (t.descendant_id = deals.territory_id AND t.ancestor_id = d.territory_id))")
        .and("EXISTS (SELECT 1 FROM deal_lines AS theirs JOIN deal_lines AS ours ON ours.deal_id = d.id")
        .sql(" JOIN product_closure AS p ON (p.ancestor_id = theirs.product_id AND p.descendant_id = ours.product_id)")
        .sql(" OR (p.ancestor_id = ours.product_id AND p.descendant_id = theirs.product_id) WHERE theirs.deal_id = deals.id)");
    clause
}

/// The contenders for some of the registration's products; for all of them if none are named.
///
/// # Errors
/// What the database reports.
pub fn contenders_for(
    tx: &mut Tx<'_>,
    registration: &Registration,
    products: Option<&[ProductId]>,
) -> Result<Vec<(DealId, PartnerId)>> {
    let deal = &registration.deal;
    let (Some(account), Some(territory)) = (deal.customer_account_id, deal.territory_id) else {
        return Ok(Vec::new());
    };
    let mut clause = open_clause(tx.now);
    clause
        .equals("deals.customer_account_id", &account)
        .and("deals.partner_id <> ")
        .value(&deal.partner_id)
        .and("EXISTS (SELECT 1 FROM territory_closure AS t WHERE (t.ancestor_id = deals.territory_id AND t.descendant_id = ")
        .value(&territory)
        .sql(") OR (t.descendant_id = deals.territory_id AND t.ancestor_id = ")
        .value(&territory)
        .sql("))")
        .and("EXISTS (SELECT 1 FROM deal_lines AS theirs JOIN deal_lines AS ours ON ours.deal_id = ")
        .value(&deal.id)
        .sql(" JOIN product_closure AS p ON (p.ancestor_id = theirs.product_id AND p.descendant_id = ours.product_id)")
        .sql(" OR (p.ancestor_id = ours.product_id AND p.descendant_id = theirs.product_id) WHERE theirs.deal_id = deals.id");
    if let Some(products) = products {
        clause.one_of("ours.product_id", products);
    }
    clause.sql(")");
    Ok(deals::table
        .filter(clause)
        .select((deals::id, deals::partner_id))
        .order(deals::id)
        .load(tx.conn())?)
}

/// Registrations whose questions are overdue and whose lapse nobody has noted yet, the longest overdue first.
///
/// # Errors
/// What the database reports.
pub fn overdue(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<DealId>> {
    let now = tx.now;
    Ok(deal_reviews::table
        .inner_join(deals::table)
        .filter(
            deals::review_status
                .eq(ReviewStatus::InfoRequested)
                .and(deal_reviews::info_due_at.le(now)),
        )
        .order((deal_reviews::info_due_at, deal_reviews::deal_id))
        .limit(limit)
        .select(deals::id)
        .load(tx.conn())?)
}
