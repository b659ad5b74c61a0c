//! The only file that knows the table of transfers. Reads by callers start from the rows of either partner.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{DealTransfer, DealTransferFilter, TransferSort, TransferStatus, TransferredDeal},
    rows::TransferRow,
    rules::{BOTH, Reader},
};
use crate::{
    db::{Clause, Lock, Tx, among},
    deals::protection,
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Currency, Money,
        ids::{DealId, TransferId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        deal_customer_inputs,
        deal_transfers::{self, table},
        deals, territories,
    },
};

/// The transfers from or to a partner whose rows the caller may see.
fn readable(tx: &Tx<'_>) -> Clause {
    Clause::rows_of_either(
        tx.caller(),
        "deal_transfers.from_partner_id",
        "deal_transfers.to_partner_id",
    )
}

/// One page of transfers, as the caller sees them.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &DealTransferFilter, paging: &Paging) -> Result<Page<DealTransfer>> {
    let mut clause = readable(tx);
    clause.one_of_some("deal_transfers.status", filter.status.as_ref());
    if let Some(partner) = &filter.partner_id {
        clause
            .sql(" AND (deal_transfers.from_partner_id = ")
            .value(partner)
            .sql(" OR deal_transfers.to_partner_id = ")
            .value(partner)
            .sql(")");
    }
    listed(
        tx,
        clause,
        filter.sort.unwrap_or(TransferSort::CreatedDescending),
        paging,
    )
}

/// One page of the transfers by which a registration goes or came, oldest first, as the caller sees them.
///
/// # Errors
/// What the database reports.
pub fn page_of_deal(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealTransfer>> {
    let mut clause = readable(tx);
    clause
        .sql(" AND (deal_transfers.deal_id = ")
        .value(&deal)
        .sql(" OR deal_transfers.new_deal_id = ")
        .value(&deal)
        .sql(")");
    listed(tx, clause, TransferSort::Created, paging)
}

fn listed(tx: &mut Tx<'_>, clause: Clause, sort: TransferSort, paging: &Paging) -> Result<Page<DealTransfer>> {
    let rows = load_page!(tx, table => TransferRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row: &TransferRow| {
        (row.created_at.into(), row.id.to_string())
    });
    let mut deals = transferred(tx, &page.data)?;
    let caller = tx.caller();
    Ok(page.map(|row| {
        let (reader, deal) = (Reader::of(caller, &row), deals.remove(&row.id));
        row.seen_by(reader, deal)
    }))
}

/// The transfer with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: TransferId) -> Result<TransferRow> {
    let mut clause = readable(tx);
    clause.equals("deal_transfers.id", &id);
    Ok(table.filter(clause).select(TransferRow::as_select()).first(tx.conn())?)
}

/// [`find`], and holds the transfer until the end of the transaction, so that two consents at once are both kept. Whoever
/// locks the registration's account too does so before.
///
/// # Errors
/// As [`find`].
pub fn hold(tx: &mut Tx<'_>, id: TransferId) -> Result<TransferRow> {
    let mut clause = readable(tx);
    clause.equals("deal_transfers.id", &id);
    let row = table.filter(clause).select(TransferRow::as_select());
    Ok(Lock::NoKeyUpdate.on(row).get_result(tx.conn())?)
}

/// The transfer that is proposed for a registration, if there is one. For rules, not for callers.
///
/// # Errors
/// What the database reports.
pub fn open_of(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<TransferRow>> {
    Ok(table
        .filter(
            deal_transfers::deal_id
                .eq(deal)
                .and(deal_transfers::status.eq(TransferStatus::Proposed)),
        )
        .select(TransferRow::as_select())
        .first(tx.conn())
        .optional()?)
}

/// [`open_of`], held as by [`hold`].
///
/// # Errors
/// What the database reports.
pub fn hold_open(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<TransferRow>> {
    let open = deal_transfers::deal_id
        .eq(deal)
        .and(deal_transfers::status.eq(TransferStatus::Proposed));
    let row = table.filter(open).select(TransferRow::as_select());
    Ok(Lock::NoKeyUpdate.on(row).get_result(tx.conn()).optional()?)
}

/// The transfer as the caller sees it.
///
/// # Errors
/// What the database reports.
pub fn seen(tx: &mut Tx<'_>, row: TransferRow) -> Result<DealTransfer> {
    let deal = transferred(tx, std::slice::from_ref(&row))?.remove(&row.id);
    let reader = Reader::of(tx.caller(), &row);
    Ok(row.seen_by(reader, deal))
}

type Summary = (
    DealId,
    String,
    String,
    Option<i64>,
    Option<Currency>,
    Option<String>,
    Option<String>,
);

/// What there is to know of the registrations. The receiver does not see them itself, so they are read as they are; the
/// view decides who reads what.
fn transferred(tx: &mut Tx<'_>, rows: &[TransferRow]) -> Result<BTreeMap<TransferId, TransferredDeal>> {
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<DealId> = rows.iter().map(|row| row.deal_id).collect();
    let found: Vec<Summary> = deals::table
        .left_join(deal_customer_inputs::table)
        .left_join(territories::table)
        .filter(deals::id.eq_any(among(&ids)))
        .select((
            deals::id,
            deals::number,
            deals::title,
            deals::amount_minor,
            deals::amount_currency,
            territories::code.nullable(),
            deal_customer_inputs::name.nullable(),
        ))
        .load(tx.conn())?;
    // Once it is handed over, what protects the deal hangs on the receiver's registration.
    let holders: Vec<DealId> = rows.iter().map(|row| row.new_deal_id.unwrap_or(row.deal_id)).collect();
    let now = tx.now;
    let mut until = BTreeMap::new();
    for protection in protection::of_deals(tx, &holders)? {
        if protection.is_running(now) {
            let end = until.entry(protection.deal_id).or_insert(protection.ends_at);
            *end = protection.ends_at.max(*end);
        }
    }
    let found: BTreeMap<DealId, Summary> = found.into_iter().map(|row| (row.0, row)).collect();
    Ok(rows
        .iter()
        .filter_map(|row| {
            let (_, number, title, minor, currency, territory, customer_name) = found.get(&row.deal_id)?.clone();
            let deal = TransferredDeal {
                number,
                title,
                customer_name,
                territory,
                amount: Money::from_columns(minor, currency),
                protected_until: until.get(&row.new_deal_id.unwrap_or(row.deal_id)).copied(),
            };
            Some((row.id, deal))
        })
        .collect())
}

/// What events tell of a transfer: they reach both partners, so it is what both may read.
fn told(row: &TransferRow) -> DealTransfer {
    row.clone().seen_by(BOTH, None)
}

/// Stores a new transfer, and tells of it.
///
/// # Errors
/// 409 `already_exists` if one is proposed for the registration already.
pub fn insert(tx: &mut Tx<'_>, row: TransferRow) -> Result<TransferRow> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS)
                    .detail("A transfer of the registration is proposed already; go on with that one, or cancel it.")
            })
        })?;
    tx.record(Fact::created("deal_transfer.proposed", &told(&row)))?;
    Ok(row)
}

/// Stores a changed transfer over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &TransferRow, after: TransferRow, kind: &'static str) -> Result<TransferRow> {
    revise!(
        tx,
        table,
        deal_transfers::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed(kind, &told(before), &told(&after)))?;
    Ok(after)
}
