//! The slots of open registrations: one for each partner, account, product and type of deal, so that the database refuses a
//! second registration of the same.

use diesel::prelude::*;

use super::{
    rows::Registration,
    states::{DealType, ReviewStatus},
};
use crate::{
    db::{Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, ProductId},
    },
    schema::{
        deal_open_slots::{self as slots, table as slots_table},
        deal_reviews, deals,
    },
};

/// Takes the slots of an open registration: one for each product. A slot whose registration has lapsed meanwhile is free,
/// whether or not a job has noted it.
///
/// # Errors
/// 409 `already_exists` if the partner has another open registration of the same account, product and deal type.
pub fn take_slots(tx: &mut Tx<'_>, registration: &Registration, account: AccountId) -> Result<()> {
    let deal = &registration.deal;
    let now = tx.now;
    let mut products: Vec<ProductId> = registration.lines.iter().map(|line| line.row.product_id).collect();
    products.sort();
    products.dedup();
    for product in products {
        let slot = slots_table.find((deal.partner_id, account, product, deal.deal_type));
        let holder: Option<DealId> = slot.select(slots::deal_id).first(tx.conn()).optional()?;
        if let Some(holder) = holder.filter(|holder| *holder != deal.id)
            && is_overdue(tx, holder, now)?
        {
            free_slots(tx, holder)?;
        }
        let row = (
            slots::partner_id.eq(deal.partner_id),
            slots::account_id.eq(account),
            slots::product_id.eq(product),
            slots::deal_type.eq(deal.deal_type),
            slots::deal_id.eq(deal.id),
        );
        tx.attempt(|tx| Ok(diesel::insert_into(slots_table).values(row).execute(tx.conn())?))?;
    }
    Ok(())
}

fn is_overdue(tx: &mut Tx<'_>, deal: DealId, now: Time) -> Result<bool> {
    let status: Option<(ReviewStatus, Option<Time>)> = deals::table
        .inner_join(deal_reviews::table)
        .filter(deals::id.eq(deal))
        .select((deals::review_status, deal_reviews::info_due_at))
        .first(tx.conn())
        .optional()?;
    Ok(status.is_some_and(|(status, due)| status == ReviewStatus::InfoRequested && due.is_some_and(|due| now >= due)))
}

/// Gives the slots of a registration back: it is no longer open.
///
/// # Errors
/// What the database reports.
pub fn free_slots(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    diesel::delete(slots_table.filter(slots::deal_id.eq(deal))).execute(tx.conn())?;
    Ok(())
}

/// Gives back every slot of a partner that has ended.
///
/// # Errors
/// What the database reports.
pub fn free_slots_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    diesel::delete(slots_table.filter(slots::partner_id.eq(partner))).execute(tx.conn())?;
    Ok(())
}

/// The partner's other open registration that holds a slot which this one needs.
///
/// # Errors
/// What the database reports.
pub fn slot_holder(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    account: AccountId,
    products: &[ProductId],
    deal_type: DealType,
) -> Result<Option<String>> {
    let now = tx.now;
    let found: Vec<(DealId, String)> = slots_table
        .inner_join(deals::table.on(deals::id.eq(slots::deal_id)))
        .filter(
            slots::partner_id
                .eq(partner)
                .and(slots::account_id.eq(account))
                .and(slots::deal_type.eq(deal_type)),
        )
        .filter(slots::product_id.eq_any(among(products)))
        .select((deals::id, deals::number))
        .order(deals::id)
        .load(tx.conn())?;
    for (deal, number) in found {
        if !is_overdue(tx, deal, now)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
