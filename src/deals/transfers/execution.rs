//! Executing a transfer: everything in one transaction, with the account locked first and the transfer held, so that of two
//! who execute at once one does and the other is told that it is done.

use super::{
    queries,
    rows::TransferRow,
    rules::{self, MACHINE, Receiver},
};
use crate::{
    calendars::BusinessClock,
    capabilities,
    db::Tx,
    deals::{
        attribution,
        conflict::{self, CheckPurpose},
        protection,
        registrations::{
            self, DealAxis, DealLineStatus, DecisionOutcome, DecisionRow, ProtectionState, Registration, ReviewRow,
            ReviewStatus, Superseding,
            history::{self, Entry},
        },
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::{
        Stored, Time,
        ids::{DealContactId, DealId, DealLineId, DealSiteId, Id as _, TransferId},
        states::FailingGuard,
    },
    numbers, partners,
    policies::{self, ProgramSettings},
};

/// What a decision, a superseded registration and the attribution give as their reason.
const REASON: &str = "transferred";

/// Every guard of executing the transfer that fails now.
///
/// # Errors
/// What the database reports.
pub(super) fn failing(
    tx: &mut Tx<'_>,
    transfer: &TransferRow,
    registration: &Registration,
) -> Result<Vec<FailingGuard>> {
    let (to, deal, now) = (transfer.to_partner_id, &registration.deal, tx.now);
    if !tx.caller().sees(to) {
        return Ok(vec![not_both()]);
    }
    let products = rules::products(registration);
    let mut unauthorised = Vec::new();
    for (product, code) in &products {
        let allowed = match deal.territory_id {
            Some(territory) => partners::authorised(tx, to, *product, territory, now)?,
            None => false,
        };
        if !allowed {
            unauthorised.push(code.clone());
        }
    }
    let ids: Vec<_> = registration.lines.iter().map(|line| line.row.product_id).collect();
    let already = match deal.customer_account_id {
        Some(account) => registrations::slot_holder(tx, to, account, &ids, deal.deal_type)?,
        None => None,
    };
    let receiver = Receiver {
        active: partners::is_active(tx, to)?,
        agreements: capabilities::agreements_executed(tx, to)?.failing(),
        unauthorised,
        already,
        is_customer: registrations::is_customer(tx, registration, to)?,
    };
    Ok(rules::failing(transfer, registration, &receiver, now))
}

fn not_both() -> FailingGuard {
    FailingGuard::new(
        "sees_both_partners",
        "You see one of the two partners alone; somebody who sees both executes the transfer.",
    )
}

/// Executes the transfer.
///
/// # Errors
/// 404, 412; 409 `invalid_state` once it is over, `guard_failed` naming every guard that fails, `protection_overlap` if a paused protection cannot be put in force for the receiver.
pub(super) fn execute(tx: &mut Tx<'_>, id: TransferId, seen: IfMatch) -> Result<TransferRow> {
    let transfer = queries::find(tx, id)?;
    if !tx.caller().sees(transfer.from_partner_id) {
        return Err(Error::guards(transfer.status, "execute", vec![not_both()]));
    }
    let before = registrations::locked(tx, transfer.deal_id)?;
    let transfer = queries::hold(tx, id)?;
    seen.check(transfer.revision)?;
    MACHINE.go(transfer.status, "execute")?;
    let failing = failing(tx, &transfer, &before)?;
    if !failing.is_empty() {
        return Err(Error::guards(transfer.status, "execute", failing));
    }
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let number = numbers::next(tx, "DR")?;
    let business = registrations::business_clock(tx, before.deal.territory_id, &settings.registration)?;
    let new = successor(&before, &transfer, number, &settings, &business, now);
    registrations::store(tx, &new)?;
    let actor = tx.caller().actor_text();
    let done = transfer.clone().executed(new.deal.id, actor, now)?;
    let done = queries::save(tx, &transfer, done, "deal_transfer.executed")?;
    close(tx, &before, &done, &new)?;
    open(tx, &before, &done, &new, &settings)?;
    tell(tx, &before, &new)?;
    Ok(done)
}

/// The receiver's registration: what the giver's asks for, at the same place in the queue. Of the giver's own it takes
/// nothing along: no distributor, no author, no customer's consent to be named, no ids in other systems.
fn successor(
    before: &Registration,
    transfer: &TransferRow,
    number: String,
    settings: &ProgramSettings,
    business: &BusinessClock,
    now: Time,
) -> Registration {
    let id = DealId::at(now);
    let approved = before.deal.review_status == ReviewStatus::Approved;
    let consented_by = transfer.to_consent_by.clone().unwrap_or_default();
    let mut new = before.clone();
    let deal = &mut new.deal;
    (deal.id, deal.number, deal.partner_id) = (id, number, transfer.to_partner_id);
    deal.distributor_id = None;
    deal.submitter_id = consented_by.parse().ok();
    deal.conflict_check_id = None;
    deal.last_activity_at = now;
    deal.legacy = false;
    (deal.revision, deal.created_at, deal.updated_at) = (1, now, now);
    if !approved {
        deal.review_status = ReviewStatus::Submitted;
        deal.assignee_id = None;
        deal.policy_version = Some(settings.version);
    }
    new.details.deal_id = id;
    new.details.on_behalf_of = None;
    new.details.customer_consent = false;
    new.details.missing.0.clear();
    if let Some(customer) = &mut new.customer {
        customer.deal_id = id;
    }
    for line in &mut new.lines {
        (line.row.id, line.row.deal_id) = (DealLineId::at(now), id);
        line.row.review_status = match line.row.review_status {
            _ if !approved => DealLineStatus::Pending,
            // What was asked for in addition and not decided ends with the giver's registration.
            DealLineStatus::Pending => DealLineStatus::Rejected,
            decided => decided,
        };
        (line.row.created_at, line.row.updated_at) = (now, now);
    }
    for row in &mut new.contacts {
        (row.id, row.deal_id, row.created_at, row.updated_at) = (DealContactId::at(now), id, now, now);
    }
    for row in &mut new.sites {
        (row.id, row.deal_id, row.created_at, row.updated_at) = (DealSiteId::at(now), id, now, now);
    }
    new.review = Some(ReviewRow {
        deal_id: id,
        submitted_by: consented_by,
        submitted_at: now,
        round: 1,
        paused_at: None,
        paused_micros: 0,
        info_due_at: None,
        assigned_at: None,
        decided_at: approved.then_some(now),
        auto_approved: false,
        appeal_until: None,
    });
    new.clock = None;
    if !approved {
        registrations::start_clock(&mut new, 1, now, settings.registration.review_business_days, business);
    }
    new.references.clear();
    (new.info, new.decision) = (None, None);
    new.windows.clear();
    new
}

/// Supersedes the giver's registration: its slots, steps and questions end with it.
fn close(tx: &mut Tx<'_>, before: &Registration, done: &TransferRow, new: &Registration) -> Result<()> {
    let why = Superseding {
        action: "transfer",
        reason_code: REASON.to_owned(),
        reason_text: done.reason_text.clone(),
        by: format!("{} of {}", new.deal.number, new.deal.partner_id),
    };
    registrations::supersede(tx, before, &why)
}

/// Opens the receiver's registration: its slots, the decision under the terms that were granted, the protection for the
/// rest of its time, a review of its own if it was not decided yet, and the shares.
fn open(
    tx: &mut Tx<'_>,
    before: &Registration,
    done: &TransferRow,
    new: &Registration,
    settings: &ProgramSettings,
) -> Result<()> {
    let (id, now) = (new.deal.id, tx.moment());
    let account = new
        .deal
        .customer_account_id
        .ok_or_else(|| Error::internal("a registration without an account passed the guards"))?;
    registrations::take_slots(tx, new, account)?;
    let entry = Entry::action("take_over")
        .because(Some(done.reason_code.to_string()), done.reason_text.clone())
        .detail(format!("From {} of {}.", before.deal.number, before.deal.partner_id));
    history::note(tx, id, entry)?;
    if new.deal.review_status == ReviewStatus::Approved {
        let decision = granted_again(tx, before, new);
        registrations::insert_decision(tx, &decision)?;
        let held = protection::state_of(tx, &[before.deal.id], now)?;
        let held = held.get(&before.deal.id).copied().unwrap_or(ProtectionState::Active);
        if held == ProtectionState::Active {
            // The extension that was asked for has gone with the giver's registration, and its grace with it.
            protection::end_grace(tx, before.deal.id)?;
        }
        protection::hand_over(tx, before.deal.id, (id, done.to_partner_id), Some(decision.id))?;
        for (deal, from, to) in [
            (before.deal.id, held, ProtectionState::Transferred),
            (id, ProtectionState::None, ProtectionState::Active),
        ] {
            let entry = Entry::action("hand_over").moved(DealAxis::Protection, from, to);
            history::note(tx, deal, entry)?;
        }
    } else {
        registrations::begin_chain(tx, new, &settings.registration)?;
    }
    // The giver's check tells of the giver; the receiver has one of its own.
    let check = conflict::check_deal(tx, id, CheckPurpose::Review, None, None)?;
    registrations::tie_check(tx, id, check.id)?;
    let reason = done.reason_text.clone().unwrap_or_else(|| done.reason_code.to_string());
    attribution::record(tx, id, &done.attribution.0, now, &reason).map(drop)
}

/// The decision that the receiver's registration stands on: the giver's, with its scope and terms as they were granted,
/// for the rest of the protection's time.
fn granted_again(tx: &Tx<'_>, before: &Registration, new: &Registration) -> DecisionRow {
    let now = tx.moment();
    let given = before.decision.as_ref();
    let windows = before.windows.iter().filter(|window| now < window.ends_at);
    DecisionRow {
        id: tx.new_id(),
        deal_id: new.deal.id,
        step_id: None,
        outcome: DecisionOutcome::Approved,
        decided_by: tx.caller().actor_text(),
        on_behalf_of: None,
        decided_at: now,
        reason_code: Some(REASON.to_owned()),
        reason_labels: None,
        reason_text: None,
        evidence: Some(format!("Granted to {} before.", before.deal.number)),
        granted_scope: given
            .and_then(|given| given.granted_scope.as_ref())
            .map(|scope| Stored(scope.0.clone())),
        starts_at: Some(now),
        ends_at: windows.map(|window| window.ends_at).max(),
        discount_basis_points: given.and_then(|given| given.discount_basis_points),
        terms: given
            .and_then(|given| given.terms.as_ref())
            .map(|terms| Stored(terms.0.clone())),
        rule_version: given.and_then(|given| given.rule_version.clone()),
        policy_version: given.and_then(|given| given.policy_version),
        conflict_check_id: None,
        override_code: None,
        overridden_deals: None,
    }
}

/// Tells each partner of its own registration, as it is now.
fn tell(tx: &mut Tx<'_>, before: &Registration, new: &Registration) -> Result<()> {
    let old = registrations::find(tx, before.deal.id)?;
    registrations::tell(tx, before, &old, "deal.transferred")?;
    let new = registrations::find(tx, new.deal.id)?;
    registrations::tell_new(tx, &new, "deal.taken_over")
}
