//! The slots of open registrations: one for each partner, account, product and type of deal, so that the database refuses a
//! second registration of the same.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    rows::{DealRow, Registration},
    states::{DealType, ReviewStatus},
};
use crate::{
    db::{Tx, among},
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, ProductId},
    },
    schema::{
        deal_open_slots::{self as slots, table as slots_table},
        deal_reviews, deals,
    },
};

macro_rules! row {
    ($deal:expr, $account:expr, $product:expr) => {
        (
            slots::partner_id.eq($deal.partner_id),
            slots::account_id.eq($account),
            slots::product_id.eq($product),
            slots::deal_type.eq($deal.deal_type),
            slots::deal_id.eq($deal.id),
        )
    };
}

/// Takes the slots of an open registration: one for each product. A slot whose registration has lapsed meanwhile is free,
/// whether or not a job has noted it.
///
/// # Errors
/// 409 `already_exists` if the partner has another open registration of the same account, product and deal type.
pub fn take_slots(tx: &mut Tx<'_>, registration: &Registration, account: AccountId) -> Result<()> {
    let deal = &registration.deal;
    let now = tx.now;
    for product in products(registration) {
        if take(tx, deal, account, product)? {
            continue;
        }
        let slot = slots_table.find((deal.partner_id, account, product, deal.deal_type));
        let holder: Option<DealId> = slot.select(slots::deal_id).first(tx.conn()).optional()?;
        let is_free = match holder {
            Some(holder) if holder != deal.id && is_overdue(tx, holder, now)? => {
                free_slots(tx, holder)?;
                true
            }
            Some(_) => false,
            // Whoever had it gave it back since.
            None => true,
        };
        if !(is_free && take(tx, deal, account, product)?) {
            return Err(Error::new(&codes::ALREADY_EXISTS).cause("another registration has the slot"));
        }
    }
    Ok(())
}

/// Takes a slot, if it is free. A slot that is not is no failure, so that the transaction goes on without a savepoint.
fn take(tx: &mut Tx<'_>, deal: &DealRow, account: AccountId, product: ProductId) -> Result<bool> {
    let taken = diesel::insert_into(slots_table)
        .values(row!(deal, account, product))
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(taken == 1)
}

/// Takes the slots of a registration that is stored with others, of which it was seen that nobody has them. If somebody has one
/// after all, the failure is that of all of them.
///
/// # Errors
/// What the database reports.
pub fn add_slots(tx: &mut Tx<'_>, registration: &Registration, account: AccountId) -> Result<()> {
    for product in products(registration) {
        tx.add(diesel::insert_into(slots_table).values(row!(registration.deal, account, product)))?;
    }
    Ok(())
}

/// The products, each once.
fn products(registration: &Registration) -> BTreeSet<ProductId> {
    registration.lines.iter().map(|line| line.row.product_id).collect()
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
    first_at_work(tx, found)
}

/// The number of the first of some holders of slots that has not lapsed.
///
/// # Errors
/// What the database reports.
pub fn first_at_work(tx: &mut Tx<'_>, holders: impl IntoIterator<Item = (DealId, String)>) -> Result<Option<String>> {
    let now = tx.now;
    for (deal, number) in holders {
        if !is_overdue(tx, deal, now)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// A slot of an account, and the registration that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The partner whose slot it is.
    pub partner_id: PartnerId,
    /// The product.
    pub product_id: ProductId,
    /// The type of deal.
    pub deal_type: DealType,
    /// The registration.
    pub deal_id: DealId,
    /// The registration's number.
    pub number: String,
}

impl Slot {
    /// The slots of an open registration.
    pub fn of(registration: &Registration) -> impl Iterator<Item = Self> {
        let deal = &registration.deal;
        products(registration).into_iter().map(|product_id| Self {
            partner_id: deal.partner_id,
            product_id,
            deal_type: deal.deal_type,
            deal_id: deal.id,
            number: deal.number.clone(),
        })
    }
}

/// The slots of those accounts that are taken, in the order of the registrations' ids.
///
/// # Errors
/// What the database reports.
pub fn slots_on(tx: &mut Tx<'_>, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Vec<Slot>>> {
    type Row = (AccountId, PartnerId, ProductId, DealType, DealId, String);
    let rows: Vec<Row> = slots_table
        .inner_join(deals::table.on(deals::id.eq(slots::deal_id)))
        .filter(slots::account_id.eq_any(among(accounts)))
        .select((
            slots::account_id,
            slots::partner_id,
            slots::product_id,
            slots::deal_type,
            deals::id,
            deals::number,
        ))
        .order(deals::id)
        .load(tx.conn())?;
    let mut found: BTreeMap<AccountId, Vec<Slot>> = BTreeMap::new();
    for (account, partner_id, product_id, deal_type, deal_id, number) in rows {
        found.entry(account).or_default().push(Slot {
            partner_id,
            product_id,
            deal_type,
            deal_id,
            number,
        });
    }
    Ok(found)
}
