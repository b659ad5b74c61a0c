//! What the items of a batch need alike, or have been read for all of them at once. A call for one registration begins with
//! nothing, and reads as it goes.
//!
//! It lasts for one transaction, and holds what that transaction does not change: the catalogue and the calendars, the policy,
//! definitions of custom fields, which partners there are, and how they stand. What it changes, the registrations themselves, is
//! kept up with it; so whatever undoes a part of the transaction begins with nothing, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    clock_queries,
    history::{self, Entry},
    model::Deal,
    naming, queries,
    requests::NewDealLine,
    rows::Registration,
    rules::Named,
    states::DealStage,
};
use crate::{
    calendars::BusinessClock,
    capabilities,
    custom_fields::{self, CustomField, CustomRecord},
    db::Tx,
    deals::conflict::Trees,
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
    /// What conflict checks have read of the trees.
    pub trees: Trees,
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

/// Locks registrations, with their accounts before them if they may be decided on.
fn lock(tx: &mut Tx<'_>, ids: &[DealId], decides: bool) -> Result<()> {
    if decides {
        queries::lock_to_decide(tx, ids)
    } else {
        queries::lock(tx, ids)
    }
}

impl Ahead {
    /// The registrations with these references and ids, each locked until the end of the transaction: some queries for all.
    /// `decides` says that some may be won, lost or sent in.
    ///
    /// # Errors
    /// What the database reports.
    pub fn read(tx: &mut Tx<'_>, references: &[&ExternalRef], ids: &[DealId], decides: bool) -> Result<Self> {
        let mut known = Known::default();
        for (reference, id) in references::holders_of(tx, Deal::TYPE, references)? {
            if let Ok(id) = id.parse() {
                known.holders.insert(reference, id);
            }
        }
        let wanted: BTreeSet<DealId> = known.holders.values().chain(ids).copied().collect();
        let wanted: Vec<DealId> = wanted.into_iter().collect();
        if !wanted.is_empty() {
            lock(tx, &wanted, decides)?;
            let registrations = queries::find_all(tx, &wanted)?;
            known.registrations = registrations.into_iter().map(|one| (one.deal.id, one)).collect();
            known.lines = history::last_lines(tx, &wanted)?;
        }
        Ok(Self {
            known: Some(known),
            ..Self::default()
        })
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
                lock(tx, &[id], decides)?;
                queries::find(tx, id)
            }
        }
    }

    /// Notes how the registration is now.
    pub fn keep(&mut self, registration: &Registration) {
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
        if let Some(known) = self.partners.get(&partner) {
            return Ok(*known);
        }
        let is_there = partners::exists(tx, partner)?;
        self.partners.insert(partner, is_there);
        Ok(is_there)
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
        if let Some(standing) = self.standings.get(&partner) {
            return Ok(Arc::clone(standing));
        }
        let now = tx.now;
        let standing = Arc::new(Standing {
            is_active: partners::is_active(tx, partner)?,
            agreements: capabilities::agreements_executed(tx, partner)?.failing(),
            tier: programs::tier_at(tx, partner, now)?,
            own: partners::known_by(tx, partner)?,
        });
        self.standings.insert(partner, Arc::clone(&standing));
        Ok(standing)
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
        let asked = (partner, product, territory);
        if let Some(known) = self.authorised.get(&asked) {
            return Ok(*known);
        }
        let now = tx.now;
        let authorised = partners::authorised(tx, partner, product, territory, now)?;
        self.authorised.insert(asked, authorised);
        Ok(authorised)
    }

    /// The clock of a territory under the program's rules.
    ///
    /// # Errors
    /// What the database reports.
    pub fn clock(&mut self, tx: &mut Tx<'_>, territory: Option<TerritoryId>) -> Result<BusinessClock> {
        if let Some(clock) = self.clocks.get(&territory) {
            return Ok(clock.clone());
        }
        let settings = self.settings(tx)?;
        let clock = clock_queries::of_territory(tx, territory, &settings.registration)?;
        self.clocks.insert(territory, clock.clone());
        Ok(clock)
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
