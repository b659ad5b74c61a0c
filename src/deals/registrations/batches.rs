//! Many registrations in one call.
//!
//! What the items of a part need is read at once for all of them: the registrations that they name, the queues of the accounts that
//! they are sent in to with what is held there, and once the catalogue, the partners and the settings. The numbers of new ones
//! are taken beforehand, in a transaction of their own: on PostgreSQL whoever takes a number makes others wait until it commits.
//! Who the customers may be of what is sent in is looked for beforehand, too, on readers, while the part before is written: that is
//! most of the work of an item, and needs no lock.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{self, LocalBoxFuture};

use super::{
    ahead::Ahead,
    drafts,
    handlers::{one, seen},
    model::Deal,
    queries,
    requests::DealCustomerPatch,
    rows::{CustomerRow, Registration},
    states::{DealStage, ReviewStatus},
    submission::{self, Draft, Found},
    upserts::DealUpsert,
};
use crate::{
    auth::{Caller, permissions},
    db::{Db, Tx},
    deals::conflict::Described,
    error::{Error, Fault, Result, codes},
    http::{
        Reply, Resource as _, Upserted,
        batch::{self, Batch, BatchItem, Batched, Done, Operations, PART, Settled, Step, Target, Work, readable},
    },
    kernel::{Patch, ids::DealId},
    numbers,
    references::{self, ExternalRef},
    sync::{self, Carried, SyncedType},
};

/// Registrations that are put in one call.
pub type DealBatch = Batch<DealUpsert>;

const OPERATIONS: Operations = Operations {
    upsert: "upsertDeal",
    update: "updateDeal",
};

type Item = std::result::Result<BatchItem<DealUpsert>, Vec<Fault>>;

/// From how many items before those that are prepared on what was found is still kept: those parts may be under way.
const KEPT: usize = 4 * PART;

struct Deals {
    items: Vec<Item>,
    /// The numbers that were taken, by the item that makes a registration.
    numbers: BTreeMap<usize, String>,
    /// Who the customers may be, by the item that sends a registration in.
    found: Mutex<BTreeMap<usize, Arc<Found>>>,
}

/// An item whose customer is looked for before its transaction.
struct Sought {
    index: usize,
    reference: ExternalRef,
    said: Patch<DealCustomerPatch>,
}

/// Works the batch off.
///
/// # Errors
/// As [`batch::run`].
pub async fn run(db: &Db, caller: &Caller, mut batch: DealBatch) -> Reply<Batched> {
    let mut work = Deals {
        items: std::mem::take(&mut batch.items),
        numbers: BTreeMap::new(),
        found: Mutex::default(),
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
        // The draft as it was put, if it is to be sent in, unless what was put may have been undone.
        let mut put_at: Option<Registration> = None;
        let settled = match item.target(tx.caller(), OPERATIONS)? {
            Target::External(reference, seen_at, carried) => {
                let is_plain = carried == Carried::default();
                if item.submit
                    && is_plain
                    && let Some(draft) = drafts::unstored(tx, ahead, reference, &item.data, seen_at)?
                {
                    queries::tell_new(tx, &draft, "deal.created")?;
                    let record = self.submitted(tx, ahead, index, Draft::New(&draft))?;
                    return Done::of(tx, Upserted { record, created: true }).map(Ok);
                }
                sync::arrival(tx, SyncedType::Deal, reference, &carried, one, &mut |tx| {
                    let (registration, created) = drafts::upsert(tx, ahead, reference, item.data.clone(), seen_at)?;
                    put_at = (item.submit && is_plain).then(|| registration.clone());
                    Ok(Upserted {
                        record: seen(tx, registration)?,
                        created,
                    })
                })?
            }
            Target::Own(id, seen_at) => {
                let id = id.parse().map_err(|_malformed| Error::not_found())?;
                let registration = drafts::update(tx, ahead, id, item.data.clone(), seen_at)?;
                put_at = item.submit.then(|| registration.clone());
                Ok(Upserted {
                    record: seen(tx, registration)?,
                    created: false,
                })
            }
        };
        match settled {
            // That it was sent in is ours to tell: the other system does not have it.
            Ok(put) if item.submit && put.record.review_status == ReviewStatus::Draft => {
                let draft = match put_at {
                    Some(draft) => draft,
                    None => queries::find(tx, put.record.id)?,
                };
                let record = self.submitted(tx, ahead, index, Draft::Stored(&draft))?;
                Done::of(tx, Upserted { record, ..put }).map(Ok)
            }
            settled => Done::settled(tx, settled),
        }
    }

    /// Sends the draft in: an item is done whole or not at all.
    fn submitted(&self, tx: &mut Tx<'_>, ahead: &mut Ahead, index: usize, draft: Draft<'_>) -> Result<Deal> {
        permissions::require(tx.caller(), "submitDeal")?;
        let (Draft::Stored(registration) | Draft::New(registration)) = draft;
        let before = self.found().get(&index).cloned();
        if let Some(found) = before.filter(|found| found.is_of(registration)) {
            // Some accounts may have been made since, by items before this one among others.
            let found = found.renewed(tx, ahead)?;
            match submission::known_account(tx, ahead, registration, &found) {
                Ok(known) => return sent_in(tx, ahead, draft, &found, known),
                // The account that it was found to be was removed since.
                Err(error) if error.is(&codes::NOT_FOUND) => {}
                Err(error) => return Err(error),
            }
        }
        let found = submission::find_customer_of(tx, registration)?;
        let known = submission::known_account(tx, ahead, registration, &found)?;
        sent_in(tx, ahead, draft, &found, known)
    }

    /// What was found before. Each change is one call on the map, so a panic elsewhere leaves it whole.
    fn found(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Found>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The items of those that send a registration in and name it by an id of another system: an update comes with the revision
    /// that was read, so it is rarely one of many drafts that are sent in.
    fn sought(&self, items: Range<usize>) -> Vec<Sought> {
        let sought = |(index, reference): (usize, &ExternalRef)| {
            let item = self.items.get(index)?.as_ref().ok()?;
            let said = item.data.customer.clone();
            item.submit.then(|| Sought {
                index,
                reference: reference.clone(),
                said,
            })
        };
        self.references(items).filter_map(sought).collect()
    }

    /// Looks for the customers of what some items send in: by one reader for a part, as another part may be prepared beside it, and
    /// by two for more than that, which is all there is. What cannot be found is looked for in the transaction.
    async fn look(&self, db: &Db, caller: &Caller, items: Range<usize>) {
        let oldest = items.start.saturating_sub(KEPT);
        self.found().retain(|index, _| *index >= oldest);
        if permissions::require(caller, "submitDeal").is_err() {
            return;
        }
        let mut some = self.sought(items);
        let others = if some.len() > PART {
            some.split_off(some.len().div_ceil(2))
        } else {
            Vec::new()
        };
        let look = |sought: Vec<Sought>| async move {
            if sought.is_empty() {
                return Vec::new();
            }
            let found = db.ask_snapshot(caller, move |tx| find(tx, sought)).await;
            found.unwrap_or_else(|error| {
                log::debug!("{}: customers are looked for as it goes: {error}", caller.request().id);
                Vec::new()
            })
        };
        let (some, others) = future::join(look(some), look(others)).await;
        self.found().extend(some.into_iter().chain(others));
    }
}

fn sent_in(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    draft: Draft<'_>,
    found: &Found,
    known: Option<submission::Known>,
) -> Result<Deal> {
    let sent_in = submission::send_in(tx, ahead, draft, found, known)?;
    seen(tx, sent_in)
}

/// Who the customers of those items may be.
fn find(tx: &mut Tx<'_>, sought: Vec<Sought>) -> Result<Vec<(usize, Arc<Found>)>> {
    tx.by_index()?;
    // Of the same state as the searches, so that none misses an account that is counted.
    let accounts = submission::accounts(tx)?;
    let references: Vec<&ExternalRef> = sought.iter().map(|one| &one.reference).collect();
    let holders = references::holders_of(tx, Deal::TYPE, &references)?;
    let ids: Vec<DealId> = holders.values().filter_map(|id| id.parse().ok()).collect();
    let known: BTreeMap<String, Registration> = queries::find_all(tx, &ids)?
        .into_iter()
        .map(|registration| (registration.deal.id.to_string(), registration))
        .collect();
    let (mut items, mut unknown) = (Vec::new(), Vec::new());
    for one in sought {
        let present = match holders.get(&one.reference).map(|id| known.get(id)) {
            None => None,
            Some(Some(present)) if present.deal.review_status == ReviewStatus::Draft => present.customer.as_ref(),
            // What was sent in already is not sent in again, and what the caller may not see it may not send in.
            Some(_) => continue,
        };
        let Some(described) = described(present, one.said) else {
            continue;
        };
        // What was found for these words before is remembered.
        let is_remembered = |row: &CustomerRow| row.candidates.is_some() && Described::of(row) == described;
        if !present.is_some_and(is_remembered) {
            items.push(one.index);
            unknown.push(described);
        }
    }
    let found = submission::find_described(tx, accounts, unknown)?;
    Ok(items.into_iter().zip(found.into_iter().map(Arc::new)).collect())
}

/// How the customer is described once that is said of it, if there is one then.
fn described(present: Option<&CustomerRow>, said: Patch<DealCustomerPatch>) -> Option<Described> {
    let present = present.map(Described::of);
    let change = match said {
        Patch::Keep => return present,
        Patch::Clear => return None,
        Patch::Set(change) => change,
    };
    let name = change
        .name
        .or_else(|| present.as_ref().map(|present| present.name.clone()))?;
    let present = present.unwrap_or_default();
    Some(Described {
        name,
        website: change.website.apply(present.website),
        registration_number: change.registration_number.apply(present.registration_number),
        registration_authority: change.registration_authority.apply(present.registration_authority),
        phone: change.phone.apply(present.phone),
        email: change.email.apply(present.email),
        street: change.street.apply(present.street),
        city: change.city.apply(present.city),
        region: change.region.apply(present.region),
        postal_code: change.postal_code.apply(present.postal_code),
        country: match change.country {
            Patch::Keep => present.country,
            Patch::Clear => None,
            Patch::Set(country) => Some(country.to_string()),
        },
    })
}

impl Work for Deals {
    fn prepare<'w>(&'w self, db: &'w Db, caller: &'w Caller, items: Range<usize>) -> LocalBoxFuture<'w, ()> {
        Box::pin(self.look(db, caller, items))
    }

    fn begin<'w>(&'w self, tx: &mut Tx<'_>, items: Range<usize>, ahead: bool) -> Result<Step<'w>> {
        let mut ahead = if ahead {
            let decides = self.decide(items.clone());
            let references: Vec<&ExternalRef> =
                self.references(items.clone()).map(|(_, reference)| reference).collect();
            let found: Vec<Arc<Found>> = self
                .found()
                .range(items.clone())
                .map(|(_, found)| found.clone())
                .collect();
            let ids = items.filter_map(|index| self.items.get(index)?.as_ref().ok()?.id.as_ref()?.parse().ok());
            let ids: Vec<DealId> = ids.collect();
            Ahead::read(tx, &references, &ids, decides, &found)?
        } else {
            Ahead::default()
        };
        Ok(Box::new(move |tx: &mut Tx<'_>, index: usize| {
            self.one(tx, &mut ahead, index)
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        deals::registrations::{
            requests::DealPatch,
            rules::{self, Author, Named},
            upserts,
        },
        kernel::{
            Time,
            ids::{Id as _, PartnerId},
        },
    };

    fn said(value: Value) -> DealPatch {
        serde_json::from_value::<DealUpsert>(value)
            .unwrap()
            .parts()
            .unwrap()
            .patch
    }

    #[test]
    fn customers_are_looked_for_as_the_drafts_will_describe_them() {
        let now = Time::from_micros(1_800_000_000_000_000);
        let whole = json!({
            "title": "Acme",
            "customer": {"name": "Acme GmbH ", "website": "https://www.Acme.example", "email": null, "street": "Hauptstraße 5", "country": "DE"}
        });
        let author = Author {
            partner_id: PartnerId::example(1),
            distributor_id: None,
            submitter_id: None,
            on_behalf_of: None,
        };
        let new = upserts::new_deal(None, said(whole.clone())).unwrap();
        let number = "DR-2026-000001".to_owned();
        let draft = rules::draft(new, Named::default(), author, number, DealStage::QUALIFIED, now);
        let of = |registration: &Registration| registration.customer.as_ref().map(Described::of);
        assert!(of(&draft).is_some());
        assert_eq!(described(None, said(whole).customer), of(&draft));
        for change in [
            json!({}),
            json!({"customer": null}),
            json!({"customer": {"phone": "+49 711 5550100", "street": null}}),
            json!({"customer": {"name": "Zeta AG", "country": "AT"}}),
        ] {
            let patch = said(change);
            let after = draft.clone().patched(patch.clone(), Named::default(), now).unwrap();
            assert_eq!(described(draft.customer.as_ref(), patch.customer), of(&after));
        }
        let nameless = said(json!({"customer": {"phone": "+49 711 5550100"}}));
        assert_eq!(described(None, nameless.customer), None);
    }
}
