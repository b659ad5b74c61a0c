//! Many registrations in one call.
//!
//! What the items of a part need is read at once for all of them: the registrations that they name, and once the catalogue,
//! the partners and the settings. The numbers of new ones are taken beforehand, in a transaction of their own: on PostgreSQL
//! whoever takes a number makes others wait until it commits.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    ahead::Ahead,
    drafts,
    handlers::{one, seen},
    model::Deal,
    states::{DealStage, ReviewStatus},
    submission,
    upserts::DealUpsert,
};
use crate::{
    auth::{Caller, permissions},
    db::{Db, Tx},
    error::{Error, Fault, Result},
    http::{
        IfMatch, Reply, Resource as _, Upserted,
        batch::{self, Batch, BatchItem, Batched, Done, Operations, Settled, Step, Target, Work, readable},
    },
    kernel::ids::DealId,
    numbers,
    references::{self, ExternalRef},
    sync::{self, SyncedType},
};

/// Registrations that are put in one call.
pub type DealBatch = Batch<DealUpsert>;

const OPERATIONS: Operations = Operations {
    upsert: "upsertDeal",
    update: "updateDeal",
};

type Item = std::result::Result<BatchItem<DealUpsert>, Vec<Fault>>;

struct Deals {
    items: Vec<Item>,
    /// The numbers that were taken, by the item that makes a registration.
    numbers: BTreeMap<usize, String>,
}

/// Works the batch off.
///
/// # Errors
/// As [`batch::run`].
pub async fn run(db: &Db, caller: &Caller, mut batch: DealBatch) -> Reply<Batched> {
    let mut work = Deals {
        items: std::mem::take(&mut batch.items),
        numbers: BTreeMap::new(),
    };
    if !batch.is_dry_run() {
        work.numbers = work.numbered(db, caller).await?;
    }
    batch::run(db, caller, &batch, Arc::new(work)).await
}

impl Deals {
    /// By which id of another system each item names its registration.
    fn references(&self, items: Range<usize>) -> impl Iterator<Item = (usize, &ExternalRef)> {
        items.filter_map(move |index| {
            let item = self.items.get(index)?.as_ref().ok()?;
            Some((index, item.external_ref.as_ref()?))
        })
    }

    /// Whether some of the items say that a sale is over, or send a registration in.
    fn decide(&self, items: Range<usize>) -> bool {
        let decides = |item: &BatchItem<DealUpsert>| item.submit || item.data.stage.is_some_and(DealStage::is_closed);
        let items = self.items.get(items).unwrap_or_default();
        items.iter().any(|item| item.as_ref().is_ok_and(decides))
    }

    /// A number for each registration that the batch will make, unless somebody else makes it first.
    async fn numbered(&self, db: &Db, caller: &Caller) -> Result<BTreeMap<usize, String>> {
        let mut wanted: BTreeMap<ExternalRef, usize> = BTreeMap::new();
        for (index, reference) in self.references(0..self.items.len()) {
            wanted.entry(reference.clone()).or_insert(index);
        }
        let asked: Vec<ExternalRef> = wanted.keys().cloned().collect();
        let known = db
            .ask(caller, move |tx| {
                references::holders_of(tx, Deal::TYPE, &asked.iter().collect::<Vec<_>>())
            })
            .await?;
        let mut new: Vec<usize> = wanted
            .into_iter()
            .filter(|(reference, _)| !known.contains_key(reference))
            .map(|(_, index)| index)
            .collect();
        if new.is_empty() {
            return Ok(BTreeMap::new());
        }
        new.sort_unstable();
        let count = new.len();
        let block = db
            .run(caller, move |tx| numbers::block(tx, super::NUMBERS, count))
            .await?;
        Ok(new.into_iter().zip(block).collect())
    }

    fn one(&self, tx: &mut Tx<'_>, ahead: &mut Ahead, index: usize) -> Result<Settled> {
        let item = self
            .items
            .get(index)
            .ok_or_else(|| Error::internal("the batch has no such item"))?;
        let item = readable(item)?;
        ahead.number = self.numbers.get(&index).cloned();
        let settled = match item.target(tx.caller(), OPERATIONS)? {
            Target::External(reference, seen_at, carried) => {
                sync::arrival(tx, SyncedType::Deal, reference, &carried, one, &mut |tx| {
                    let (registration, created) = drafts::upsert(tx, ahead, reference, item.data.clone(), seen_at)?;
                    Ok(Upserted {
                        record: seen(tx, registration)?,
                        created,
                    })
                })?
            }
            Target::Own(id, seen_at) => {
                let id = id.parse().map_err(|_malformed| Error::not_found())?;
                let registration = drafts::update(tx, ahead, id, item.data.clone(), seen_at)?;
                Ok(Upserted {
                    record: seen(tx, registration)?,
                    created: false,
                })
            }
        };
        match settled {
            // That it was sent in is ours to tell: the other system does not have it.
            Ok(put) if item.submit && put.record.review_status == ReviewStatus::Draft => {
                let record = submitted(tx, ahead, put.record.id)?;
                Done::of(tx, Upserted { record, ..put }).map(Ok)
            }
            settled => Done::settled(tx, settled),
        }
    }
}

/// Sends the draft in. The customer is looked for within the transaction: an item is done whole or not at all.
fn submitted(tx: &mut Tx<'_>, ahead: &mut Ahead, draft: DealId) -> Result<Deal> {
    permissions::require(tx.caller(), "submitDeal")?;
    let found = submission::find_customer(tx, draft)?;
    let sent_in = submission::submit(tx, draft, &found, IfMatch(None))?;
    ahead.keep(&sent_in);
    seen(tx, sent_in)
}

impl Work for Deals {
    fn begin<'w>(&'w self, tx: &mut Tx<'_>, items: Range<usize>, ahead: bool) -> Result<Step<'w>> {
        let mut ahead = if ahead {
            let decides = self.decide(items.clone());
            let references: Vec<&ExternalRef> =
                self.references(items.clone()).map(|(_, reference)| reference).collect();
            let ids = items.filter_map(|index| self.items.get(index)?.as_ref().ok()?.id.as_ref()?.parse().ok());
            let ids: Vec<DealId> = ids.collect();
            Ahead::read(tx, &references, &ids, decides)?
        } else {
            Ahead::default()
        };
        Ok(Box::new(move |tx: &mut Tx<'_>, index: usize| {
            self.one(tx, &mut ahead, index)
        }))
    }
}
