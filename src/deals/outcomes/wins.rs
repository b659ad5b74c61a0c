//! Winning: the report, the vendor's word on it, and the way back where there was no order.

use super::{
    model::{DealWin, DealWinRejection, NewDealEvidence},
    queries::{self, EvidenceRow},
    rules,
};
use crate::{
    auth::{Caller, Role},
    db::Tx,
    deals::{
        protection::{self, Ending},
        registrations::{
            self, DealAxis, DealStage, ProtectionState, Registration, ReviewStatus,
            history::{self, Entry},
        },
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::{
        Time,
        ids::DealId,
        states::{FailingGuard, guard},
    },
    policies::{self, ReasonKind},
};

/// Whether the caller's word on a win is the vendor's: that of its people who run the program. A machine knows what a CRM says,
/// so what it reports is a proposal.
fn is_the_vendors_word(caller: &Caller) -> bool {
    caller.user().is_some() && caller.is_vendor() && (caller.has(Role::Admin) || caller.has(Role::ChannelOps))
}

/// Whether the caller is a machine of the vendor. What it shows is looked at by the person who confirms the win, so it need
/// not be an order.
fn is_the_vendors_machine(caller: &Caller) -> bool {
    caller.user().is_none() && caller.is_vendor()
}

/// The guards of a win that fail now, as far as they do not depend on what is sent with it.
///
/// # Errors
/// What the database reports.
pub fn failing(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let hours = policies::in_force(tx, now)?.registration.won_after_hours;
    let status = registrations::status_at(registration, now);
    let mut failing = rules::winnable(registration, status, hours, now);
    let present = queries::of_deal(tx, registration.deal.id)?;
    failing.extend(without_evidence(&present, &[], is_the_vendors_machine(tx.caller())));
    Ok(failing)
}

fn without_evidence(present: &[EvidenceRow], new: &[NewDealEvidence], proposed: bool) -> Option<FailingGuard> {
    let present: Vec<_> = present.iter().map(|row| row.kind).collect();
    let shown = if proposed {
        !(present.is_empty() && new.is_empty())
    } else {
        rules::shows_a_sale(&present, new)
    };
    (!shown).then(|| {
        guard(
            "sale_shown",
            "#/evidence",
            "A win is shown by an order, a purchase order or a contract; add one of them.",
        )
    })
}

/// Reports the win. It is confirmed at once if it is the word of those who run the program; else it is a proposal, which waits
/// among the open work of those who confirm wins.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails; 403 for those who may only read the deal.
pub fn win(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, win: &DealWin) -> Result<Registration> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    registrations::may_write(tx.caller(), &before)?;
    let (now, from) = (tx.moment(), before.deal.stage);
    registrations::check_stage(from, "win")?;
    let to = DealStage::WON;
    let status = registrations::status_at(&before, now);
    let hours = policies::in_force(tx, now)?.registration.won_after_hours;
    let mut failing = rules::winnable(&before, status, hours, now);
    let present = queries::of_deal(tx, id)?;
    failing.extend(without_evidence(
        &present,
        &win.evidence,
        is_the_vendors_machine(tx.caller()),
    ));
    failing.extend(rules::closing_day(&before, win.closed_on, now));
    failing.extend(rules::same_currency(before.deal.amount(), win));
    if !failing.is_empty() {
        return Err(Error::guards(from, "win", failing));
    }
    let evidence = shown(tx, &before, present, &win.evidence)?;
    let confirmed = is_the_vendors_word(tx.caller());
    if confirmed {
        refuse_used(tx, &before, &evidence, "win")?;
    }
    let mut after = before.clone();
    after.deal.stage = to;
    after.deal.closed_at = Some(rules::closing_moment(&before, win.closed_on, now));
    after.deal.last_activity_at = now;
    after.deal.win_verified_at = confirmed.then_some(now);
    if let Some(amount) = win.amount {
        (after.deal.amount_minor, after.deal.amount_currency) = (Some(amount.minor), Some(amount.currency));
    }
    registrations::close(tx, id)?;
    let used = protection::end(tx, id, Ending::Consumed, "won")?;
    registrations::write(tx, &before, &after.touched(now))?;
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, &before, &after, "deal.won")?;
    history::note(
        tx,
        id,
        Entry::action("win")
            .moved(DealAxis::Stage, from, to)
            .because(None, win.note.clone()),
    )?;
    if !used.is_empty() {
        history::note(
            tx,
            id,
            Entry::action("consume").moved(DealAxis::Protection, ProtectionState::Active, ProtectionState::Consumed),
        )?;
    }
    if confirmed {
        confirm_evidence(tx, &after, evidence, now)?;
        registrations::tell(tx, &before, &after, "deal.win_verified")?;
    }
    Ok(after)
}

/// What was there and what is new; a piece that the deal has already is not kept twice, but its file is attached to it.
fn shown(
    tx: &mut Tx<'_>,
    deal: &Registration,
    present: Vec<EvidenceRow>,
    new: &[NewDealEvidence],
) -> Result<Vec<EvidenceRow>> {
    let (actor, now) = (tx.caller().actor_text(), tx.moment());
    let mut all = present;
    for (place, piece) in new.iter().enumerate() {
        let pointer = format!("#/evidence/{place}/file_id");
        let row = EvidenceRow::new(deal.deal.id, piece, actor.clone(), now);
        let known = |known: &EvidenceRow| (known.kind, &known.reference_key) == (row.kind, &row.reference_key);
        match all.iter().find(|present| known(present)) {
            Some(present) => queries::attach(tx, deal.deal.partner_id, present, piece.file_id, &pointer)?,
            None => all.push(queries::insert(tx, deal.deal.partner_id, row, &pointer)?),
        }
    }
    Ok(all)
}

fn refuse_used(tx: &mut Tx<'_>, deal: &Registration, evidence: &[EvidenceRow], action: &'static str) -> Result<()> {
    let failing = used(tx, deal, evidence)?;
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(deal.deal.stage, action, failing))
    }
}

fn used(tx: &mut Tx<'_>, deal: &Registration, evidence: &[EvidenceRow]) -> Result<Vec<FailingGuard>> {
    Ok(queries::used_by_others(tx, deal.deal.id, evidence)?
        .into_iter()
        .map(|(reference, number)| {
            let detail = format!("{reference} is what the confirmed win of {number} rests on; one order is one win.");
            guard("evidence_unused", "#/evidence", detail)
        })
        .collect())
}

fn confirm_evidence(tx: &mut Tx<'_>, deal: &Registration, evidence: Vec<EvidenceRow>, now: Time) -> Result<()> {
    let actor = tx.caller().actor_text();
    for row in evidence.into_iter().filter(|row| row.verified_at.is_none()) {
        let after = EvidenceRow {
            verified_by: Some(actor.clone()),
            verified_at: Some(now),
            revision: row.revision + 1,
            updated_at: now,
            ..row.clone()
        };
        queries::save(tx, deal.deal.partner_id, &row, after)?;
    }
    Ok(())
}

/// The guards of a confirmation that fail.
///
/// # Errors
/// What the database reports.
pub fn verifying_fails(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let evidence = queries::of_deal(tx, registration.deal.id)?;
    let mut failing: Vec<FailingGuard> = unconfirmed(registration).into_iter().collect();
    failing.extend(used(tx, registration, &evidence)?);
    Ok(failing)
}

fn unconfirmed(registration: &Registration) -> Option<FailingGuard> {
    registration.deal.win_verified_at.map(|at| {
        guard(
            "win_not_verified",
            "#/win_verified_at",
            format!("The win was confirmed at {at}; that is final."),
        )
    })
}

/// Confirms the win. It happens once for a deal.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for a win that is confirmed already, or rests on another win's order.
pub fn verify(tx: &mut Tx<'_>, id: DealId, seen: IfMatch) -> Result<Registration> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let (now, stage) = (tx.moment(), before.deal.stage);
    registrations::check_stage(stage, "verify_win")?;
    let failing = verifying_fails(tx, &before)?;
    if !failing.is_empty() {
        return Err(Error::guards(stage, "verify_win", failing));
    }
    let evidence = queries::of_deal(tx, id)?;
    confirm_evidence(tx, &before, evidence, now)?;
    let mut after = before.clone();
    after.deal.win_verified_at = Some(now);
    let after = registrations::save(tx, &before, after.touched(now), "deal.win_verified")?;
    history::note(tx, id, Entry::action("verify_win"))?;
    Ok(after)
}

/// The guards that stand against sending a win back.
///
/// # Errors
/// What the database reports.
pub fn rejecting_fails(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let mut failing: Vec<FailingGuard> = unconfirmed(registration).into_iter().collect();
    if is_registered(registration, tx.now) {
        failing.extend(registrations::slot_taken(tx, registration)?);
    }
    Ok(failing)
}

fn is_registered(registration: &Registration, now: Time) -> bool {
    registrations::status_at(registration, now) == ReviewStatus::Approved
}

/// Sends the win back: the sale goes on, and what protected it lasts for the rest of its time, unless somebody else was
/// protected meanwhile.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for a win that is confirmed, or if the partner registered the same again.
pub fn reject(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, rejection: &DealWinRejection) -> Result<Registration> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let (now, from) = (tx.moment(), before.deal.stage);
    registrations::check_stage(from, "reject_win")?;
    let mut failing = rejecting_fails(tx, &before)?;
    let settings = policies::in_force(tx, now)?;
    let to = settings.pipeline.last();
    failing.extend(
        settings
            .reasons
            .failing(ReasonKind::WinRejection, &rejection.reason_code, false, false),
    );
    if !failing.is_empty() {
        return Err(Error::guards(from, "reject_win", failing));
    }
    let mut after = before.clone();
    after.deal.stage = to;
    (after.deal.closed_at, after.deal.win_verified_at) = (None, None);
    let restored = if is_registered(&before, now) {
        registrations::open_again(tx, &before)?;
        protection::restore(tx, id)?
    } else {
        Vec::new()
    };
    registrations::write(tx, &before, &after.touched(now))?;
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, &before, &after, "deal.win_rejected")?;
    history::note(
        tx,
        id,
        Entry::action("reject_win").moved(DealAxis::Stage, from, to).because(
            Some(rejection.reason_code.to_string()),
            Some(rejection.reason_text.clone()),
        ),
    )?;
    if !restored.is_empty() {
        history::note(
            tx,
            id,
            Entry::action("restore").moved(DealAxis::Protection, ProtectionState::Consumed, ProtectionState::Active),
        )?;
    }
    Ok(after)
}
