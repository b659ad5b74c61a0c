//! Deals of the time before, and those that wait for a decision at the moment of the move.
//!
//! What was never registered anywhere stays `not_registered`; what was decided elsewhere comes with its decision, its
//! protection and its original dates; what waits for a decision goes on waiting here, in its place; what names no customer
//! becomes a draft that says what is missing.

mod filled;
mod life;
mod standing;

use filled::{filled, fresh};
use life::{Life, Names};
use standing::Notes;

use super::{Applied, ImportVerdict, Incoming};
use crate::{
    custom_fields::{self, CustomFieldsPatch, CustomRecord},
    customers::CustomerAccount,
    db::Tx,
    deals::registrations::{
        self as registrations, DealStage, NewDeal, Reader, Registration, ReviewStatus,
        history::{self, Entry},
    },
    error::{Error, Result},
    imports::lookup::{self, Memory},
    kernel::{
        Stored,
        ids::{AccountId, DealId, PartnerId, ProductId, TerritoryId, UserId},
    },
    numbers, policies,
};

/// The records that the row speaks of.
struct Scope {
    partner: PartnerId,
    distributor: Option<PartnerId>,
    account: Option<CustomerAccount>,
    product: Option<(ProductId, String)>,
    territory: Option<(TerritoryId, String)>,
}

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>, memory: &mut Memory) -> Result<Applied> {
    let new: NewDeal = incoming.parsed()?;
    let scope = scope(tx, incoming, memory)?;
    let names = Names {
        account: scope.account.is_some(),
        product: scope.product.is_some(),
        territory: scope.territory.is_some(),
    };
    let now = tx.now;
    let pipeline = policies::in_force(tx, now)?.pipeline;
    let life = Life::read(incoming.row, names, &pipeline, now)?;
    let row = Row {
        incoming,
        new,
        scope,
        life,
    };
    match incoming.known::<DealId>()? {
        None => row.made(tx, memory),
        Some(id) => {
            let before = registrations::find(tx, id)?;
            row.changed(tx, &before, memory)
        }
    }
}

/// A row with what it says.
struct Row<'r> {
    incoming: &'r Incoming<'r>,
    new: NewDeal,
    scope: Scope,
    life: Life,
}

impl Row<'_> {
    /// The deal is not known yet.
    fn made(&self, tx: &mut Tx<'_>, memory: &mut Memory) -> Result<Applied> {
        let custom = custom_fields::created(&memory.custom(tx, CustomRecord::Deal)?, &self.new.custom, true)?;
        let number = match memory.numbers.pop_front() {
            Some(number) => number,
            None => numbers::next(tx, "DR")?,
        };
        let mut deal = fresh(&self.scope, number, tx.now);
        deal.deal.custom = Stored(custom);
        deal.references.push(self.incoming.reference.clone());
        let deal = filled(deal, &self.new, &self.scope, &self.life, self.incoming, tx.now);
        let (deal, mut notes) = self.taken_in(tx, None, deal, memory)?;
        let deal = registrations::insert(tx, deal, "deal.imported")?;
        history::begin(tx, deal.deal.id, Entry::action("import"))?;
        standing::follow(tx, None, &deal, &self.life, memory, &mut notes)?;
        let verdict = if self.life.status == ReviewStatus::Draft {
            ImportVerdict::Draft
        } else {
            ImportVerdict::Created
        };
        self.noted(tx, Applied::new(verdict, deal.deal.id), &deal, notes, memory)
    }

    /// The deal is there, and the row says something else of it than when it was last taken.
    fn changed(&self, tx: &mut Tx<'_>, before: &Registration, memory: &mut Memory) -> Result<Applied> {
        let life = &self.life;
        if before.deal.partner_id != self.scope.partner {
            return Err(Error::field(
                "#/partner",
                "locked",
                "a deal never changes its partner; transfer it here",
            ));
        }
        self.may_follow(tx, before)?;
        standing::same_window(before, life)?;
        let given = CustomFieldsPatch(
            self.new
                .custom
                .0
                .iter()
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect(),
        );
        let known = memory.custom(tx, CustomRecord::Deal)?;
        let mut after = filled(before.clone(), &self.new, &self.scope, life, self.incoming, tx.now);
        after.deal.custom = Stored(custom_fields::patched(
            &known,
            before.deal.custom.0.clone(),
            &given,
            true,
        )?);
        let (after, mut notes) = self.taken_in(tx, Some(before), after, memory)?;
        let protects = before.windows.is_empty() && life.protected.is_some();
        let asks = life.status.is_open() && after.info.is_some();
        if after == *before && !protects && !asks {
            let applied = Applied::new(ImportVerdict::Unchanged, before.deal.id);
            return self.noted(tx, applied, &after, notes, memory);
        }
        let after = registrations::save(tx, before, after.touched(tx.now), "deal.updated")?;
        history::note(tx, after.deal.id, Entry::action("import"))?;
        standing::follow(tx, Some(before), &after, life, memory, &mut notes)?;
        let verdict = if life.status == ReviewStatus::Draft {
            ImportVerdict::Draft
        } else {
            ImportVerdict::Updated
        };
        self.noted(tx, Applied::new(verdict, after.deal.id), &after, notes, memory)
    }

    /// A deal follows its file as long as nobody has taken a step with it here, and only forwards.
    fn may_follow(&self, tx: &mut Tx<'_>, before: &Registration) -> Result<()> {
        let status = before.deal.review_status;
        let steps = history::besides(tx, before.deal.id, "import")?.map(|mut steps| {
            // Fields are not steps: what the file says anew of one is taken.
            steps.retain(|step| step != "update" && step != "comment");
            steps.dedup();
            steps.truncate(5);
            steps
        });
        let own_way = match steps.as_deref() {
            None => Some("did not come by an import".to_owned()),
            Some([]) => None,
            Some(steps) => Some(format!("went on here ({})", steps.join(", "))),
        };
        if let Some(why) = own_way {
            let detail = format!("the deal is {status} here and {why}; change it here");
            return Err(Error::field("#/key", "moved_on", detail));
        }
        let next = self.life.status;
        let rank = |status: ReviewStatus| match status {
            ReviewStatus::Draft | ReviewStatus::NotRegistered => 0,
            open if open.is_open() => 1,
            ReviewStatus::Approved => 2,
            _ => 3,
        };
        let backwards = rank(next) < rank(status) || (rank(next) == 3 && rank(status) == 3 && next != status);
        let reopened = before.deal.stage.is_closed() && !self.life.stage.is_closed();
        if backwards || (reopened && status == ReviewStatus::Approved) {
            let detail = format!(
                "the deal is {status} and {} here and does not go back to {next} and {}",
                before.deal.stage, self.life.stage
            );
            return Err(Error::field("#/review_status", "moved_back", detail));
        }
        if status.is_open() && before.deal.customer_account_id != self.scope.account.as_ref().map(|known| known.id) {
            let detail = "a registration that waits keeps its customer; choose another account here";
            return Err(Error::field("#/account", "locked", detail));
        }
        Ok(())
    }

    fn taken_in(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&Registration>,
        deal: Registration,
        memory: &mut Memory,
    ) -> Result<(Registration, Notes)> {
        let assignee = lookup::id::<UserId>(&self.incoming.ids, "assignee")?;
        standing::taken_in(tx, before, deal, &self.life, assignee, memory)
    }

    /// The verdict with what a reader must know: what a draft lacks, which guards the deal was not asked to pass.
    fn noted(
        &self,
        tx: &mut Tx<'_>,
        applied: Applied,
        deal: &Registration,
        notes: Notes,
        memory: &mut Memory,
    ) -> Result<Applied> {
        let (life, now) = (&self.life, tx.now);
        if life.status == ReviewStatus::Draft {
            let missing = deal.clone().seen_by(Reader::Vendor, now).missing.join(", ");
            let said = if life.said == ReviewStatus::Draft || life.said == ReviewStatus::NotRegistered {
                String::new()
            } else {
                format!("; it is {} in its own system", life.said)
            };
            return Ok(applied.because("incomplete", format!("missing: {missing}{said}")));
        }
        if life.status.is_open() {
            let received = life.received_at.unwrap_or(now).date();
            let mut told = vec![format!("waits for a decision since {received}")];
            if !notes.skipped.is_empty() {
                told.push(format!("not asked for {}", notes.skipped.join(", ")));
            }
            told.extend(notes.told);
            return Ok(applied.because("live", told.join("; ")));
        }
        let mut skipped = vec!["submission"];
        if life.stage == DealStage::WON {
            skipped.push("evidence_of_the_win");
            let hours = memory.settings(tx)?.registration.won_after_hours;
            if life
                .closed_at
                .is_some_and(|closed| closed < life.opened_at.plus_seconds(hours * 3600))
            {
                skipped.push("minimum_age");
            }
        }
        if life.stage == DealStage::CLOSED_LOST && life.closed_reason.is_none() {
            skipped.push("reason_of_the_loss");
        }
        if !life.stage.is_closed() && deal.deal.expected_close_on.is_none_or(|date| date <= now.date()) {
            skipped.push("expected_close_in_the_future");
        }
        Ok(applied.because("legacy", format!("history: not asked for {}", skipped.join(", "))))
    }
}

fn scope(tx: &mut Tx<'_>, incoming: &Incoming<'_>, memory: &mut Memory) -> Result<Scope> {
    let ids = &incoming.ids;
    let partner = lookup::needed::<PartnerId>(ids, "partner")?;
    let account = match lookup::id::<AccountId>(ids, "account")? {
        Some(id) => Some(memory.account(tx, id)?),
        None => None,
    };
    let product = match lookup::id::<ProductId>(ids, "product")? {
        Some(id) => Some((id, memory.product_code(tx, id)?)),
        None => None,
    };
    // A partner that works in one territory sells there.
    let territory = match lookup::id::<TerritoryId>(ids, "territory")? {
        Some(id) => Some(id),
        None => memory.only_territory(tx, partner)?,
    };
    let territory = match territory {
        Some(id) => Some((id, memory.territory_code(tx, id)?)),
        None => None,
    };
    Ok(Scope {
        partner,
        distributor: lookup::id(ids, "distributor")?,
        account,
        product,
        territory,
    })
}
