//! The only file that knows the table of reopenings. A deal that the caller may see was found before; its reopenings are
//! read by the deal's id.

use diesel::prelude::*;

use super::model::{DealReopening, DealReopeningStatus, ORDER};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    events::Fact,
    kernel::{
        ids::{DealId, ReopeningId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        deal_reopenings::{self, table},
        deals,
    },
};

/// One page of the reopenings of a registration, as they were asked for.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealReopening>> {
    let mut clause = Clause::all();
    clause.equals("deal_reopenings.deal_id", &deal);
    let rows = load_page!(tx, table => DealReopening, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row: &DealReopening| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The reopening with that id, of a registration that the caller may see.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: ReopeningId) -> Result<DealReopening> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deal_reopenings.id", &id);
    Ok(table
        .inner_join(deals::table)
        .filter(clause)
        .select(DealReopening::as_select())
        .first(tx.conn())?)
}

/// Every reopening of those registrations, the oldest first: for those who ask what another rule would have made of them.
///
/// # Errors
/// What the database reports.
pub fn of_deals(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<Vec<DealReopening>> {
    Ok(table
        .filter(deal_reopenings::deal_id.eq_any(among(deals)))
        .order((deal_reopenings::created_at, deal_reopenings::id))
        .select(DealReopening::as_select())
        .load(tx.conn())?)
}

/// The registration of a reopening that the caller may see.
///
/// # Errors
/// 404 if there is none.
pub fn deal_of(tx: &mut Tx<'_>, id: ReopeningId) -> Result<DealId> {
    find(tx, id).map(|row| row.deal_id)
}

/// The reopening of the registration that waits for a decision, if there is one.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<DealReopening>> {
    Ok(table
        .filter(
            deal_reopenings::deal_id
                .eq(deal)
                .and(deal_reopenings::status.eq(DealReopeningStatus::Requested)),
        )
        .select(DealReopening::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Stores a reopening that is asked for, and tells of it.
///
/// # Errors
/// 409 `already_exists` if one waits already.
pub fn insert(tx: &mut Tx<'_>, row: DealReopening) -> Result<DealReopening> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))?;
    tx.record(Fact::created("deal_reopening.requested", &row))?;
    Ok(row)
}

/// Stores a reopening that has changed over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    before: &DealReopening,
    after: DealReopening,
    kind: &'static str,
) -> Result<DealReopening> {
    revise!(
        tx,
        table,
        deal_reopenings::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
