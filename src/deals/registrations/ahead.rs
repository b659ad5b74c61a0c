//! What the items of a batch need alike, or have been read for all of them at once. A call for one registration begins with
//! nothing, and reads as it goes.
//!
//! It lasts for one transaction, and holds what that transaction does not change: the catalogue and the calendars, the policy,
//! definitions of custom fields, which partners there are, and how they stand. What it changes, the registrations themselves and the
//! queues that they wait in, is kept up with it; so whatever undoes a part of the transaction begins with nothing, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    clock_queries,
    history::{self, Entry},
    model::Deal,
    naming, queries,
    queues::Queues,
    requests::NewDealLine,
    review_queries,
    rows::Registration,
    rules::Named,
    states::{DealStage, OPEN, ReviewStatus},
    submission::Found,
};
use crate::{
    calendars::BusinessClock,
    capabilities,
    custom_fields::{self, CustomField, CustomRecord},
    customers,
    db::Tx,
    deals::conflict,
    error::{Error, Result},
    http::Resource as _,
    kernel::{
        ids::{DealId, PartnerId, ProductId, TerritoryId},
        states::FailingGuard,
    },
    numbers,
    partners::{self, KnownBy},
    policies::{self, ProgramSettings},
    programs::{self, TierTerms},
    references::{self, ExternalRef},
};

/// What is known already.
#[derive(Default)]
pub struct Ahead {
    partners: BTreeMap<PartnerId, bool>,
    territories: BTreeMap<String, Option<(TerritoryId, String)>>,
    products: BTreeMap<String, Option<(ProductId, String)>>,
    settings: Option<Arc<ProgramSettings>>,
    fields: Option<Vec<CustomField>>,
    standings: BTreeMap<PartnerId, Arc<Standing>>,
    authorised: BTreeMap<(PartnerId, ProductId, TerritoryId), bool>,
    clocks: BTreeMap<Option<TerritoryId>, BusinessClock>,
    open: BTreeMap<PartnerId, i64>,
    /// What conflict checks have read.
    pub checks: conflict::Read,
    /// The queues of the accounts that are locked.
    pub queues: Queues,
    /// How many accounts there are.
    accounts: Option<i64>,
    /// A number that was taken for the next registration to be made.
    pub number: Option<String>,
    /// The registrations of a batch, as they are now.
    known: Option<Known>,
}

/// How a partner stands that sends a registration in, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it may register new business.
    pub is_active: bool,
    /// What its agreements lack.
    pub agreements: Option<FailingGuard>,
    /// Its best tier.
    pub tier: Option<TierTerms>,
    /// What it is known by itself.
    pub own: KnownBy,
}

/// The registrations that the items of a batch name.
#[derive(Default)]
struct Known {
    holders: BTreeMap<ExternalRef, DealId>,
    /// Those of them that the caller may see.
    registrations: BTreeMap<DealId, Registration>,
    /// The numbers of the last lines of their histories.
    lines: BTreeMap<DealId, i64>,
}

/// What is known under that key, or else what `read` finds, which is known from then on.
fn once<K: Ord, V: Clone>(known: &mut BTreeMap<K, V>, key: K, read: impl FnOnce() -> Result<V>) -> Result<V> {
    if let Some(value) = known.get(&key) {
        return Ok(value.clone());
    }
    let value = read()?;
    known.insert(key, value.clone());
    Ok(value)
}

impl Ahead {
    /// The registrations with these references and ids, each locked until the end of the transaction: some queries for all.
    /// `decides` says that some may be won, lost or sent in; `found` are the customers of what is sent in, whose accounts are locked
    /// and looked at, too.
    ///
    /// # Errors
    /// What the database reports.
    pub fn read(
        tx: &mut Tx<'_>,
        references: &[&ExternalRef],
        ids: &[DealId],
        decides: bool,
        found: &[Arc<Found>],
    ) -> Result<Self> {
        tx.by_index()?;
        let mut known = Known::default();
        for (reference, id) in references::holders_of(tx, Deal::TYPE, references)? {
            if let Ok(id) = id.parse() {
                known.holders.insert(reference, id);
            }
        }
        let wanted: BTreeSet<DealId> = known.holders.values().chain(ids).copied().collect();
        let wanted: Vec<DealId> = wanted.into_iter().collect();
        let mut ahead = Self::default();
        if decides {
            let accounts = found.iter().filter_map(|found| found.account()).collect();
            let locked = queries::lock_to_decide(tx, &wanted, accounts)?;
            if !found.is_empty() {
                ahead.queues = Queues::of(tx, &locked)?;
                let customers = found.iter().map(|found| found.prepared().customer());
                ahead.checks.around.read(tx, customers)?;
                ahead.accounts(tx)?;
            }
        } else if !wanted.is_empty() {
            queries::lock(tx, &wanted)?;
        }
        if !wanted.is_empty() {
            let registrations = queries::find_all(tx, &wanted)?;
            known.registrations = registrations.into_iter().map(|one| (one.deal.id, one)).collect();
            known.lines = history::last_lines(tx, &wanted)?;
        }
        ahead.known = Some(known);
        Ok(ahead)
    }

    /// Whether the registrations were read before: then nobody else changes them, and what is not there is made.
    pub const fn has_read(&self) -> bool {
        self.known.is_some()
    }

    /// The registration that has that id in another system, locked; `decides` as for [`Ahead::read`].
    ///
    /// # Errors
    /// 409 `already_exists` if the id names one that the caller may not see.
    pub fn holder(&self, tx: &mut Tx<'_>, reference: &ExternalRef, decides: bool) -> Result<Option<Registration>> {
        let id = match &self.known {
            Some(known) => known.holders.get(reference).copied(),
            None => references::holder(tx, Deal::TYPE, reference)?.and_then(|id| id.parse().ok()),
        };
        let Some(id) = id else { return Ok(None) };
        self.find(tx, id, decides).map(Some).map_err(references::unseen)
    }

    /// The registration with that id, locked; `decides` as for [`Ahead::read`].
    ///
    /// # Errors
    /// 404 if the caller may not see it.
    pub fn find(&self, tx: &mut Tx<'_>, id: DealId, decides: bool) -> Result<Registration> {
        match &self.known {
            Some(known) => known.registrations.get(&id).cloned().ok_or_else(Error::not_found),
            None => {
                if decides {
                    queries::lock_to_decide(tx, &[id], BTreeSet::new())?;
                } else {
                    queries::lock(tx, &[id])?;
                }
                queries::find(tx, id)
            }
        }
    }

    /// Notes how the registration is now, however it came to that.
    pub fn keep(&mut self, registration: &Registration) {
        if registration.deal.review_status != ReviewStatus::Draft {
            self.forget_queues();
        }
        self.note_as(registration);
    }

    fn note_as(&mut self, registration: &Registration) {
        if let Some(known) = &mut self.known {
            let id = registration.deal.id;
            for reference in &registration.references {
                known.holders.insert(reference.clone(), id);
            }
            known.registrations.insert(id, registration.clone());
        }
    }

    /// Adds a line to the history of a registration that was written: the first for this item.
    ///
    /// # Errors
    /// What the database reports.
    pub fn note(&mut self, tx: &mut Tx<'_>, deal: DealId, entry: Entry) -> Result<()> {
        // Taken, because what the item does next may add lines of its own.
        match self.known.as_mut().and_then(|known| known.lines.remove(&deal)) {
            Some(last) => history::note_after(tx, deal, last, entry),
            None => history::note(tx, deal, entry),
        }
    }

    /// Whether there is such a partner, and the caller may see it.
    ///
    /// # Errors
    /// What the database reports.
    pub fn has_partner(&mut self, tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
        once(&mut self.partners, partner, || partners::exists(tx, partner))
    }

    /// The definitions of registrations' custom fields.
    ///
    /// # Errors
    /// What the database reports.
    pub fn fields(&mut self, tx: &mut Tx<'_>) -> Result<&[CustomField]> {
        if self.fields.is_none() {
            self.fields = Some(custom_fields::definitions(tx, CustomRecord::Deal)?);
        }
        Ok(self.fields.as_deref().unwrap_or_default())
    }

    /// The stage in which a sale begins.
    ///
    /// # Errors
    /// What the database reports.
    pub fn first_stage(&mut self, tx: &mut Tx<'_>) -> Result<DealStage> {
        Ok(self.settings(tx)?.pipeline.first())
    }

    /// The program's settings as they are in force.
    ///
    /// # Errors
    /// What the database reports.
    pub fn settings(&mut self, tx: &mut Tx<'_>) -> Result<Arc<ProgramSettings>> {
        if let Some(settings) = &self.settings {
            return Ok(Arc::clone(settings));
        }
        let now = tx.now;
        let settings = Arc::new(policies::in_force(tx, now)?);
        self.settings = Some(Arc::clone(&settings));
        Ok(settings)
    }

    /// How the partner stands.
    ///
    /// # Errors
    /// 404 if there is no such partner.
    pub fn standing(&mut self, tx: &mut Tx<'_>, partner: PartnerId) -> Result<Arc<Standing>> {
        let now = tx.now;
        once(&mut self.standings, partner, || {
            Ok(Arc::new(Standing {
                is_active: partners::is_active(tx, partner)?,
                agreements: capabilities::agreements_executed(tx, partner)?.failing(),
                tier: programs::tier_at(tx, partner, now)?,
                own: partners::known_by(tx, partner)?,
            }))
        })
    }

    /// Whether the partner may sell the product in the territory.
    ///
    /// # Errors
    /// What the database reports.
    pub fn authorised(
        &mut self,
        tx: &mut Tx<'_>,
        partner: PartnerId,
        product: ProductId,
        territory: TerritoryId,
    ) -> Result<bool> {
        let now = tx.now;
        once(&mut self.authorised, (partner, product, territory), || {
            partners::authorised(tx, partner, product, territory, now)
        })
    }

    /// The clock of a territory under the program's rules.
    ///
    /// # Errors
    /// What the database reports.
    pub fn clock(&mut self, tx: &mut Tx<'_>, territory: Option<TerritoryId>) -> Result<BusinessClock> {
        let settings = self.settings(tx)?;
        once(&mut self.clocks, territory, || {
            clock_queries::of_territory(tx, territory, &settings.registration)
        })
    }

    /// How many registrations of the partner are before the vendor.
    ///
    /// # Errors
    /// What the database reports.
    pub fn open_registrations(&mut self, tx: &mut Tx<'_>, partner: PartnerId) -> Result<i64> {
        once(&mut self.open, partner, || {
            tx.about([partner], |tx| review_queries::open_count(tx, partner))
        })
    }

    /// Notes that the registration was sent in, and how it is now.
    pub fn is_sent_in(&mut self, registration: &Registration) {
        let deal = &registration.deal;
        if OPEN.contains(&deal.review_status) {
            if let Some(open) = self.open.get_mut(&deal.partner_id) {
                *open += 1;
            }
            self.queues.sent_in(registration);
            self.checks.around.sent_in(registration);
        } else {
            self.forget_queues();
        }
        self.note_as(registration);
    }

    /// Forgets what waits and is held: something was written that may change it.
    fn forget_queues(&mut self) {
        self.open.clear();
        self.queues.forget();
        self.checks.around.forget_claims();
    }

    /// How many accounts there are, of which the transaction makes none unless it says so ([`Ahead::made_account`]).
    ///
    /// # Errors
    /// What the database reports.
    pub fn accounts(&mut self, tx: &mut Tx<'_>) -> Result<i64> {
        if let Some(accounts) = self.accounts {
            return Ok(accounts);
        }
        let accounts = numbers::last(tx, customers::NUMBERS)?;
        self.accounts = Some(accounts);
        Ok(accounts)
    }

    /// Notes that an account was made.
    pub fn made_account(&mut self) {
        self.accounts = None;
    }

    /// The number of a new registration.
    ///
    /// # Errors
    /// What the database reports.
    pub fn number(&mut self, tx: &mut Tx<'_>) -> Result<String> {
        match self.number.take() {
            Some(number) => Ok(number),
            None => numbers::next(tx, super::NUMBERS),
        }
    }

    /// The territory and the products that a request names.
    ///
    /// # Errors
    /// As [`naming::resolve`].
    pub fn named(&mut self, tx: &mut Tx<'_>, territory: Option<&str>, lines: &[NewDealLine]) -> Result<Named> {
        if let Some(text) = territory.filter(|text| !self.territories.contains_key(*text)) {
            let found = naming::territory(tx, text)?;
            self.territories.insert(text.to_owned(), found);
        }
        for line in lines {
            if !self.products.contains_key(&line.product) {
                let found = naming::product(tx, &line.product)?;
                self.products.insert(line.product.clone(), found);
            }
        }
        naming::named(
            territory,
            lines,
            |text| self.territories.get(text).cloned().flatten(),
            |text| self.products.get(text).cloned().flatten(),
        )
    }
}
