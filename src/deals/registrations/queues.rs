//! The queues of the customer accounts that a transaction about many registrations has locked, read for all of them at once.
//!
//! A registration that is sent in takes the next place of its account. Nobody else does while the account is locked, so what was read
//! under the lock holds until the transaction writes something itself: a registration that is sent in is noted here
//! ([`Queues::sent_in`]); whatever else changes a queue has it forgotten, and asked for anew ([`Queues::forget`]).

use std::collections::BTreeMap;

use super::{
    review_queries,
    rows::Registration,
    slot_queries::{self, Slot},
    states::DealType,
};
use crate::{
    customers,
    db::Tx,
    error::Result,
    kernel::{
        Time,
        ids::{AccountId, PartnerId, ProductId},
    },
};

/// What is known of the queues of some accounts.
#[derive(Debug, Default)]
pub struct Queues(BTreeMap<AccountId, Queue>);

#[derive(Debug)]
struct Queue {
    /// The place that was given last.
    last: i64,
    /// When the last registration was received.
    received_at: Option<Time>,
    /// What open registrations hold.
    slots: Vec<Slot>,
}

impl Queues {
    /// Reads the queues of accounts that were just locked.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of(tx: &mut Tx<'_>, locked: &[customers::Locked]) -> Result<Self> {
        // What was merged into another is not what a registration is tied to.
        let live: BTreeMap<AccountId, i64> = locked
            .iter()
            .filter(|account| account.merged_into_id.is_none())
            .map(|account| (account.id, account.claim_seq))
            .collect();
        if live.is_empty() {
            return Ok(Self::default());
        }
        let accounts: Vec<AccountId> = live.keys().copied().collect();
        let received = review_queries::last_received_on(tx, &accounts)?;
        let mut slots = slot_queries::slots_on(tx, &accounts)?;
        let queue = |(account, last): (AccountId, i64)| {
            let queue = Queue {
                last,
                received_at: received.get(&account).copied(),
                slots: slots.remove(&account).unwrap_or_default(),
            };
            (account, queue)
        };
        Ok(Self(live.into_iter().map(queue).collect()))
    }

    /// Whether the account is known to be locked, and to stand for itself.
    pub fn has(&self, account: AccountId) -> bool {
        self.0.contains_key(&account)
    }

    /// Takes the next place of the account, which locks it, and says when the last registration before was received.
    ///
    /// # Errors
    /// 404 if there is no such account.
    pub fn next(&mut self, tx: &mut Tx<'_>, account: AccountId) -> Result<(i64, Option<Time>)> {
        let Some(queue) = self.0.get_mut(&account) else {
            // Counting the claim locks the account's row, so whatever is looked at is looked at after it.
            let place = customers::next_claim(tx, account)?;
            let last = tx.about([account], |tx| review_queries::last_received(tx, account))?;
            return Ok((place, last));
        };
        customers::go_on(tx, account, queue.last, queue.last + 1)?;
        queue.last += 1;
        Ok((queue.last, queue.received_at))
    }

    /// The number of the partner's other open registration that holds a slot which one of these products would need.
    ///
    /// # Errors
    /// What the database reports.
    pub fn slot_holder(
        &self,
        tx: &mut Tx<'_>,
        partner: PartnerId,
        account: AccountId,
        products: &[ProductId],
        deal_type: DealType,
    ) -> Result<Option<String>> {
        let Some(queue) = self.0.get(&account) else {
            return tx.about([account], |tx| {
                slot_queries::slot_holder(tx, partner, account, products, deal_type)
            });
        };
        let wanted = |slot: &&Slot| {
            slot.partner_id == partner && slot.deal_type == deal_type && products.contains(&slot.product_id)
        };
        let holders = queue.slots.iter().filter(wanted);
        slot_queries::first_at_work(tx, holders.map(|slot| (slot.deal_id, slot.number.clone())))
    }

    /// Notes that the registration was sent in and waits for the vendor.
    pub fn sent_in(&mut self, registration: &Registration) {
        let deal = &registration.deal;
        let Some(queue) = deal.customer_account_id.and_then(|account| self.0.get_mut(&account)) else {
            return;
        };
        queue.received_at = queue.received_at.max(deal.received_at);
        queue.slots.extend(Slot::of(registration));
    }

    /// Forgets all queues: something was written that changes some.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
