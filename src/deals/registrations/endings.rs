//! How a registration stops being before the vendor without a grant: refused, taken back, or lapsed.

use super::{
    approvals, chains, closing,
    decisions::{DealRejection, DealWithdrawal},
    history::{self, Entry},
    queries, review_queries,
    reviews::{begin, refuse},
    rows::{DecisionRow, Registration},
    rules,
    states::{DealAxis, DealLineStatus, DecisionOutcome, InfoRequestStatus, ProtectionState, REVIEW, ReviewStatus},
};
use crate::{
    approvals::refuse as refuse_step,
    db::Tx,
    deals::protection::{self, Ending},
    error::{Error, Result},
    http::IfMatch,
    kernel::{Stored, ids::DealId, states::guard},
    policies::{self, ReasonKind},
};

/// Refuses the registration. The partner reads the reason, and may appeal for as long as the program says.
///
/// # Errors
/// 409 `invalid_state`, `guard_failed`.
pub fn reject(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, rejection: &DealRejection) -> Result<Registration> {
    let (before, status) = begin(tx, id, seen, "reject")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let (chain, judged) = approvals::judged(tx, &before, &settings, true)?;
    let mut failing = judged.against_refusal(approvals::reviews(tx)).to_vec();
    let (kind, code) = (ReasonKind::Rejection, &rejection.reason_code);
    failing.extend(
        settings
            .reasons
            .failing(kind, code, false, rejection.evidence.is_some()),
    );
    refuse(failing, status, "reject")?;
    let mut decision = blank_decision(tx, &before, DecisionOutcome::Rejected);
    decision.reason_code = Some(rejection.reason_code.to_string());
    decision.reason_labels = settings.reasons.labels(kind, code).map(Stored);
    decision.reason_text = Some(rejection.reason_text.clone());
    decision.evidence.clone_from(&rejection.evidence);
    decision.policy_version = Some(settings.version);
    if let Some(cast) = refuse_step(tx, &chain, judged.voice, Some(&rejection.reason_text))? {
        decision.step_id = Some(cast.step.id);
        decision.on_behalf_of = cast.on_behalf_of.map(|user| user.to_string());
    }
    review_queries::insert_decision(tx, &decision)?;
    let mut after = ended(tx, &before, REVIEW.go(status, "reject")?, DealLineStatus::Rejected)?;
    if let Some(clock) = &mut after.clock {
        clock.decide(now, false);
    }
    if let Some(review) = &mut after.review {
        review.decided_at = Some(now);
        review.appeal_until = Some(now.plus_days(settings.registration.appeal_days));
    }
    after.decision = Some(decision);
    let after = queries::save_because(
        tx,
        &before,
        after.touched(now),
        "deal.rejected",
        rejection.reason_code.as_str(),
    )?;
    let mut entry = Entry::action("reject").moved(DealAxis::ReviewStatus, status, ReviewStatus::Rejected);
    entry = entry.because(
        Some(rejection.reason_code.to_string()),
        Some(rejection.reason_text.clone()),
    );
    if let Some(evidence) = &rejection.evidence {
        entry = entry.detail(format!("Evidence: {evidence}"));
    }
    history::note(tx, id, entry)?;
    Ok(after)
}

/// A decision on the registration that grants nothing, by the caller and now.
pub fn blank_decision(tx: &Tx<'_>, registration: &Registration, outcome: DecisionOutcome) -> DecisionRow {
    DecisionRow {
        id: tx.new_id(),
        deal_id: registration.deal.id,
        step_id: None,
        outcome,
        decided_by: tx.caller().actor_text(),
        on_behalf_of: None,
        decided_at: tx.moment(),
        reason_code: None,
        reason_labels: None,
        reason_text: None,
        evidence: None,
        granted_scope: None,
        starts_at: None,
        ends_at: None,
        discount_basis_points: None,
        terms: None,
        rule_version: None,
        policy_version: registration.deal.policy_version,
        conflict_check_id: registration.deal.conflict_check_id,
        override_code: None,
        overridden_deals: None,
    }
}

/// The registration when it is no longer before the vendor: slots, steps and questions end with it.
///
/// # Errors
/// What the database reports.
pub(super) fn ended(
    tx: &mut Tx<'_>,
    before: &Registration,
    status: ReviewStatus,
    lines: DealLineStatus,
) -> Result<Registration> {
    let (id, now) = (before.deal.id, tx.moment());
    closing::close(tx, id)?;
    chains::end(tx, id)?;
    let asked = if status == ReviewStatus::Lapsed {
        InfoRequestStatus::Lapsed
    } else {
        InfoRequestStatus::Cancelled
    };
    review_queries::end_infos(tx, id, asked)?;
    let mut after = before.clone();
    after.deal.review_status = status;
    after.info = None;
    if let Some(review) = &mut after.review {
        if let Some(paused_at) = review.paused_at.take() {
            review.paused_micros += now.since(paused_at);
        }
        if status != ReviewStatus::Lapsed {
            review.info_due_at = None;
        }
    }
    for line in after
        .lines
        .iter_mut()
        .filter(|line| line.row.review_status == DealLineStatus::Pending)
    {
        line.row.review_status = lines;
        line.row.updated_at = now;
    }
    Ok(after)
}

/// Why another registration takes the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseding {
    /// The step, as the history names it: `transfer`.
    pub action: &'static str,
    /// Why, as a code; the partner reads it.
    pub reason_code: String,
    /// Why, in words; the partner reads them.
    pub reason_text: Option<String>,
    /// The registration that takes the place; for the vendor alone.
    pub by: String,
}

/// Supersedes a registration that was read under its account's lock: slots, steps and questions end with it, and the
/// decision and the history say why. What protects it, and telling of it, is the caller's, who knows where it goes.
///
/// # Errors
/// 409 `invalid_state` for a registration that has ended already; 412 if it was changed meanwhile.
pub fn supersede(tx: &mut Tx<'_>, before: &Registration, why: &Superseding) -> Result<()> {
    let now = tx.moment();
    let status = rules::status_at(before, now);
    let mut decision = blank_decision(tx, before, DecisionOutcome::Superseded);
    decision.reason_code = Some(why.reason_code.clone());
    decision.reason_text.clone_from(&why.reason_text);
    decision.evidence = Some(why.by.clone());
    review_queries::insert_decision(tx, &decision)?;
    let mut after = ended(tx, before, REVIEW.go(status, "supersede")?, DealLineStatus::Rejected)?;
    if let Some(review) = &mut after.review {
        review.decided_at = review.decided_at.or(Some(now));
    }
    queries::write(tx, before, &after.touched(now))?;
    let entry = Entry::action(why.action)
        .moved(DealAxis::ReviewStatus, status, ReviewStatus::Superseded)
        .because(Some(why.reason_code.clone()), why.reason_text.clone())
        .detail(format!("Its place is taken by {}.", why.by));
    history::note(tx, before.deal.id, entry)
}

/// Takes the registration back. What protects it is released, and its place is free.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for a deal that is won or lost, or a reason that is not offered; 403 for those who may only read it.
pub fn withdraw(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, withdrawal: &DealWithdrawal) -> Result<Registration> {
    let (before, status) = begin(tx, id, seen, "withdraw")?;
    super::may_write(tx.caller(), &before)?;
    if before.deal.stage.is_closed() {
        let failing = vec![guard(
            "deal_open",
            "#/stage",
            "The deal is won or lost, so there is nothing to take back.",
        )];
        return Err(Error::guards(status, "withdraw", failing));
    }
    let now = tx.moment();
    if let Some(code) = &withdrawal.reason_code {
        let (reasons, by_partner) = (policies::in_force(tx, now)?.reasons, !tx.caller().is_vendor());
        refuse(
            reasons.failing(ReasonKind::Withdrawal, code, by_partner, false),
            status,
            "withdraw",
        )?;
    }
    closing::close(tx, id)?;
    if status == ReviewStatus::Approved && !protection::end(tx, id, Ending::Released, "withdrawn")?.is_empty() {
        history::note(
            tx,
            id,
            Entry::action("release").moved(DealAxis::Protection, ProtectionState::Active, ProtectionState::Released),
        )?;
    }
    let after = closing::taken_back(tx, &before)?;
    queries::write(tx, &before, &after.touched(now))?;
    let after = queries::find(tx, id)?;
    queries::tell(tx, &before, &after, "deal.withdrawn")?;
    history::note(
        tx,
        id,
        Entry::action("withdraw")
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::Withdrawn)
            .because(
                withdrawal.reason_code.as_ref().map(ToString::to_string),
                withdrawal.reason.clone(),
            ),
    )?;
    Ok(after)
}

/// Notes the lapse of a registration whose answers are overdue: frees what it holds and tells its partner. Whether a registration
/// has lapsed is a function of time; this only writes it down, so it may come late or not at all. Tells whether it was noted
/// now: another instance may have noted it while this one waited for the lock.
///
/// # Errors
/// 404 if there is no such registration.
pub fn note_lapse(tx: &mut Tx<'_>, id: DealId) -> Result<bool> {
    let before = approvals::locked(tx, id)?;
    let lapsed = rules::status_at(&before, tx.moment()) == ReviewStatus::Lapsed;
    let news = lapsed && before.deal.review_status != ReviewStatus::Lapsed;
    if news {
        lapse(tx, &before)?;
    }
    Ok(news)
}

/// Notes the lapse of one registration, whose account is locked.
///
/// # Errors
/// What the database reports.
pub(super) fn lapse(tx: &mut Tx<'_>, before: &Registration) -> Result<()> {
    let (id, now) = (before.deal.id, tx.moment());
    let decision = blank_decision(tx, before, DecisionOutcome::Lapsed);
    review_queries::insert_decision(tx, &decision)?;
    let to = REVIEW.go(before.deal.review_status, "lapse")?;
    let mut after = ended(tx, before, to, DealLineStatus::Rejected)?;
    if let Some(review) = &mut after.review {
        review.decided_at = review.info_due_at;
    }
    after.decision = Some(decision);
    queries::save(tx, before, after.touched(now), "deal.lapsed")?;
    let entry = Entry::action("lapse").moved(DealAxis::ReviewStatus, ReviewStatus::InfoRequested, to);
    history::note(tx, id, entry)
}
