//! Registrations that come with history or demo data: original dates, any state, without the guards of submission.

use super::{
    chains, clock, clock_queries,
    history::{self, Entry},
    naming, queries,
    requests::NewDeal,
    rows::{Registration, ReviewRow},
    rules::{self, Author, Named},
    slot_queries,
    states::{DealCustomerResolution, DealLineStatus, DealStage, ReviewStatus},
};
use crate::{
    custom_fields::{self, CustomRecord},
    customers,
    db::Tx,
    deals::{
        conflict::rules::{AskedLine, QueuePlace},
        protection::{self, Grant},
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, UserId},
    },
    numbers, policies,
};

/// A registration of history, or of demo data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDeal {
    /// Its id; a new one if none is given.
    pub id: Option<DealId>,
    /// What it is, as if it were written now. `partner_id` is not looked at.
    pub deal: NewDeal,
    /// Its partner.
    pub partner_id: PartnerId,
    /// The distributor through which it is sold.
    pub distributor_id: Option<PartnerId>,
    /// Who wrote it, where that is known.
    pub submitter_id: Option<UserId>,
    /// The customer account; without one it must be a draft, or history that was never registered.
    pub account_id: Option<AccountId>,
    /// Where its review stands.
    pub review_status: ReviewStatus,
    /// Where the sale stands.
    pub stage: DealStage,
    /// When it was made.
    pub created_at: Time,
    /// When it was received, for what was sent in.
    pub received_at: Option<Time>,
    /// When it was won or lost; required exactly for those stages.
    pub closed_at: Option<Time>,
    /// Why it was lost.
    pub closed_reason: Option<String>,
    /// The window of protection that it has: from, until.
    pub protection: Option<(Time, Time)>,
    /// Whether it is history: then it takes no slot of open registrations and no review is set up for it.
    pub legacy: bool,
}

/// Stores an imported registration, and tells of it.
///
/// # Errors
/// 409 `unknown_reference` for a product, territory or account that is not there; 422 for a state that lacks what it needs;
/// 409 `protection_overlap` for a window that is protected already; 409 `already_exists` for an external reference or a
/// slot that is taken.
pub fn insert_imported(tx: &mut Tx<'_>, imported: ImportedDeal) -> Result<Registration> {
    check(&imported)?;
    let now = tx.now;
    let custom = custom_fields::for_new(tx, CustomRecord::Deal, &imported.deal.custom)?;
    let named = Named {
        custom,
        ..naming::resolve(tx, imported.deal.territory.as_deref(), &imported.deal.lines)?
    };
    let author = Author {
        partner_id: imported.partner_id,
        distributor_id: imported.distributor_id,
        submitter_id: imported.submitter_id,
        on_behalf_of: None,
    };
    let number = numbers::next(tx, super::NUMBERS)?;
    let mut new = rules::draft(imported.deal.clone(), named, author, number, imported.stage, now);
    if let Some(id) = imported.id {
        renamed(&mut new, id);
    }
    dated(&mut new, &imported);
    if let Some(account) = imported.account_id {
        let account = customers::usable(tx, account, "#/customer_account_id")?.id;
        placed(tx, &mut new, account, &imported)?;
    }
    if new.deal.review_status == ReviewStatus::Draft || new.deal.legacy {
        new.details.missing.0 = rules::missing(&new);
    }
    let sent_in = !imported.legacy && imported.received_at.is_some();
    if sent_in {
        under_review(tx, &mut new, &imported)?;
    }
    queries::store(tx, &new)?;
    if sent_in {
        if let Some(account) = new.deal.customer_account_id.filter(|_| takes_slots(&imported)) {
            slot_queries::take_slots(tx, &new, account)?;
        }
        if new.deal.review_status.is_open() {
            let policy = policies::in_force(tx, now)?.registration;
            chains::begin(tx, &new, &policy)?;
            if new.deal.review_status == ReviewStatus::InfoRequested {
                chains::pause(tx, new.deal.id)?;
            }
        }
    }
    if let Some((from, until)) = imported.protection {
        protect(tx, &new, from, until)?;
    }
    history::note(tx, new.deal.id, Entry::action("import"))?;
    let stored = queries::find(tx, new.deal.id)?;
    queries::tell_new(tx, &stored, "deal.imported")?;
    Ok(stored)
}

fn takes_slots(imported: &ImportedDeal) -> bool {
    let open = imported.review_status.is_open() || imported.review_status == ReviewStatus::Approved;
    open && !imported.stage.is_closed()
}

fn check(imported: &ImportedDeal) -> Result<()> {
    let wrong = |pointer: &'static str, detail: &str| Err(Error::field(pointer, "invalid_value", detail));
    if imported.stage.is_closed() != imported.closed_at.is_some() {
        return wrong(
            "#/closed_at",
            "A deal that is won or lost has the moment of it, and no other has.",
        );
    }
    let unsent = matches!(
        imported.review_status,
        ReviewStatus::Draft | ReviewStatus::NotRegistered | ReviewStatus::Withdrawn
    );
    if !unsent && imported.received_at.is_none() {
        return wrong(
            "#/received_at",
            "What was sent in has the moment at which it was received.",
        );
    }
    if imported.account_id.is_none() && (imported.received_at.is_some() || imported.protection.is_some()) {
        return wrong(
            "#/customer_account_id",
            "What was received or protected has a customer account.",
        );
    }
    if !imported.legacy && imported.stage == DealStage::CLOSED_LOST && imported.closed_reason.is_none() {
        return wrong(
            "#/closed_reason",
            "A deal that was lost says why, unless it is history.",
        );
    }
    Ok(())
}

/// The registration under an id that was given out before.
fn renamed(new: &mut Registration, id: DealId) {
    new.deal.id = id;
    new.details.deal_id = id;
    if let Some(customer) = &mut new.customer {
        customer.deal_id = id;
    }
    new.lines.iter_mut().for_each(|line| line.row.deal_id = id);
    new.contacts.iter_mut().for_each(|row| row.deal_id = id);
    new.sites.iter_mut().for_each(|row| row.deal_id = id);
}

fn dated(new: &mut Registration, imported: &ImportedDeal) {
    let deal = &mut new.deal;
    deal.review_status = imported.review_status;
    deal.stage = imported.stage;
    deal.legacy = imported.legacy;
    deal.created_at = imported.created_at;
    deal.last_activity_at = imported
        .closed_at
        .or(imported.received_at)
        .unwrap_or(imported.created_at);
    deal.closed_at = imported.closed_at;
    deal.win_verified_at = imported.closed_at.filter(|_| imported.stage == DealStage::WON);
    deal.closed_reason.clone_from(&imported.closed_reason);
    let line_status = match imported.review_status {
        ReviewStatus::Draft => DealLineStatus::Draft,
        ReviewStatus::NotRegistered => DealLineStatus::NotRegistered,
        ReviewStatus::Approved | ReviewStatus::Revoked | ReviewStatus::Superseded => DealLineStatus::Approved,
        ReviewStatus::Submitted | ReviewStatus::InReview | ReviewStatus::InfoRequested => DealLineStatus::Pending,
        ReviewStatus::Rejected | ReviewStatus::Withdrawn | ReviewStatus::Lapsed => DealLineStatus::Rejected,
    };
    for line in &mut new.lines {
        line.row.review_status = line_status;
        line.row.created_at = imported.created_at;
    }
}

fn placed(tx: &mut Tx<'_>, new: &mut Registration, account: AccountId, imported: &ImportedDeal) -> Result<()> {
    new.deal.customer_account_id = Some(account);
    if let Some(received_at) = imported.received_at {
        let seq = customers::next_claim(tx, account)?;
        (new.deal.received_at, new.deal.seq) = (Some(received_at), Some(seq));
        for line in &mut new.lines {
            (line.row.received_at, line.row.seq) = (Some(received_at), Some(seq));
        }
    }
    let (now, actor) = (tx.now, tx.caller().actor_text());
    if let Some(customer) = &mut new.customer {
        (customer.resolution, customer.resolved_at, customer.resolved_by) =
            (DealCustomerResolution::Imported, Some(now), Some(actor));
    }
    Ok(())
}

fn under_review(tx: &mut Tx<'_>, new: &mut Registration, imported: &ImportedDeal) -> Result<()> {
    let received_at = imported.received_at.unwrap_or(imported.created_at);
    let settings = policies::in_force(tx, tx.now)?;
    let policy = &settings.registration;
    let decided = !new.deal.review_status.is_open();
    let business = clock_queries::of_territory(tx, new.deal.territory_id, policy)?;
    clock::start(new, 1, received_at, policy.review_business_days, &business);
    let due = new.deal.review_due_at.unwrap_or(received_at);
    new.deal.policy_version = Some(settings.version);
    let asked = new.deal.review_status == ReviewStatus::InfoRequested;
    new.review = Some(ReviewRow {
        deal_id: new.deal.id,
        submitted_by: imported
            .submitter_id
            .map_or_else(|| tx.caller().actor_text(), |user| user.to_string()),
        submitted_at: received_at,
        round: 1,
        paused_at: asked.then_some(received_at),
        paused_micros: 0,
        info_due_at: asked.then(|| business.time.days_after(received_at, policy.info_business_days)),
        assigned_at: None,
        decided_at: decided.then(|| due.min(tx.now)),
        auto_approved: false,
        appeal_until: None,
    });
    if decided {
        // When it was decided elsewhere is not known, so that it tells nothing of how long decisions take.
        new.clock = None;
    } else if let Some(clock) = new.clock.as_mut().filter(|_| asked) {
        clock.pause(received_at);
    }
    Ok(())
}

fn protect(tx: &mut Tx<'_>, new: &Registration, from: Time, until: Time) -> Result<()> {
    let deal = &new.deal;
    let (Some(account_id), Some(territory_id)) = (deal.customer_account_id, deal.territory_id) else {
        return Err(Error::field(
            "#/territory",
            "required",
            "A protection needs an account and a territory.",
        ));
    };
    let place = deal
        .received_at
        .zip(deal.seq)
        .map(|(received_at, seq)| QueuePlace { received_at, seq });
    let grant = Grant {
        deal_id: deal.id,
        partner_id: deal.partner_id,
        decision_id: None,
        account_id,
        lines: new
            .lines
            .iter()
            .map(|line| AskedLine {
                product_id: line.row.product_id,
                place,
            })
            .collect(),
        territory_id,
        deal_type: deal.deal_type,
        exclusive: true,
        starts_at: from,
        until,
        // The queue of imported claims was decided before they came.
        legacy: true,
        overridden: None,
    };
    protection::grant(tx, &grant).map(drop)
}
