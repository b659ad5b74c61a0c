//! The deals there were, all of them: for those who ask what another rule would have made of them.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{
    queries,
    rows::{DecisionRow, Registration},
    states::{DecisionOutcome, ReviewStatus},
};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{DealId, PartnerId},
    },
    schema::{deal_decisions, deals},
};

/// What was sent in, and history that never was, of the partners whose rows the caller may see.
fn sent_in_or_history(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause
        .sql(" AND (deals.received_at IS NOT NULL OR deals.review_status = ")
        .value(ReviewStatus::NotRegistered.as_str())
        .sql(")");
    clause
}

/// How many deals were sent in, or are history.
///
/// # Errors
/// What the database reports.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    let clause = sent_in_or_history(tx);
    Ok(deals::table.filter(clause).count().get_result(tx.conn())?)
}

/// The next so many deals by id that were sent in, or are history; none after the last.
///
/// # Errors
/// What the database reports.
pub fn batch(tx: &mut Tx<'_>, after: Option<DealId>, most: i64) -> Result<Vec<Registration>> {
    let mut clause = sent_in_or_history(tx);
    if let Some(after) = after {
        clause.sql(" AND deals.id > ").value(&after);
    }
    let ids: Vec<DealId> = deals::table
        .filter(clause)
        .order(deals::id)
        .limit(most)
        .select(deals::id)
        .load(tx.conn())?;
    let mut registrations = queries::find_all(tx, &ids)?;
    registrations.sort_by_key(|registration| registration.deal.id);
    Ok(registrations)
}

/// Which of those numbers are of deals of partners whose rows the caller may see.
///
/// # Errors
/// What the database reports.
pub fn visible_numbers(tx: &mut Tx<'_>, numbers: &[String]) -> Result<BTreeSet<String>> {
    if numbers.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.one_of("deals.number", numbers);
    let found: Vec<String> = deals::table.filter(clause).select(deals::number).load(tx.conn())?;
    Ok(found.into_iter().collect())
}

/// When which partner had a grant taken away that is still taken away.
///
/// # Errors
/// What the database reports.
pub fn strikes(tx: &mut Tx<'_>) -> Result<Vec<(PartnerId, Time)>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deals.review_status", ReviewStatus::Revoked.as_str());
    Ok(deal_decisions::table
        .inner_join(deals::table.on(deals::id.eq(deal_decisions::deal_id)))
        .filter(clause)
        .filter(deal_decisions::outcome.eq(DecisionOutcome::Revoked))
        .order((deals::partner_id, deal_decisions::decided_at))
        .select((deals::partner_id, deal_decisions::decided_at))
        .load(tx.conn())?)
}

/// Every decision on those deals, the oldest first.
///
/// # Errors
/// What the database reports.
pub fn decisions(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<Vec<DecisionRow>> {
    Ok(deal_decisions::table
        .filter(deal_decisions::deal_id.eq_any(among(deals)))
        .order((deal_decisions::decided_at, deal_decisions::id))
        .select(DecisionRow::as_select())
        .load(tx.conn())?)
}
