//! Asking, agreeing, refusing: each in the transaction that changes the registration.

use super::{
    model::{DealReopening, DealReopeningStatus, NewDealReopening},
    queries,
    rules::{self, MACHINE},
};
use crate::{
    approvals::Cast,
    auth::permissions::may_call,
    customers,
    db::Tx,
    deals::{
        chains::{self, Agreement, Decides, tell_waits, together},
        conflict::{self, CheckPurpose},
        protection::{self, Ending},
        registrations::{
            self, DealAxis, DealLineStatus, DecisionOutcome, InfoRequestStatus, ProtectionState, REVIEW, Registration,
            ReviewStatus,
            history::{self, Entry},
        },
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::{
        Stored, Time,
        ids::{DealId, ReopeningId},
        states::{Action, FailingGuard, guard},
    },
    partners,
    policies::{self, PolicyLabels, ReasonKind},
};

/// Asks for a reopening.
///
/// # Errors
/// 409 `invalid_state` if the registration was not decided; 409 `already_exists` if one waits already.
pub fn request(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, new: &NewDealReopening) -> Result<DealReopening> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    let status = registrations::status_at(&before, tx.moment());
    REVIEW.go(status, "reopen")?;
    let now = tx.moment();
    let settings = policies::in_force(tx, now)?;
    let mut failing = standing(tx, &before)?;
    let reasons = &settings.reasons;
    failing.extend(reasons.failing(ReasonKind::Reopening, &new.reason_code, false, false));
    if !failing.is_empty() {
        return Err(Error::guards(status, "reopen", failing));
    }
    let reopening = rules::requested(id, status, new, tx.caller().actor_text(), now);
    let reopening = queries::insert(tx, reopening)?;
    chains::begin(tx, &reopening, &before, &settings.registration, now)?;
    history::note(
        tx,
        id,
        Entry::action("request_reopening")
            .because(Some(new.reason_code.to_string()), Some(new.reason_text.clone()))
            .for_vendor(),
    )?;
    Ok(reopening)
}

/// What stands against reopening the registration as it is now.
fn standing(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let mut failing = Vec::new();
    let deal = &registration.deal;
    if deal.received_at.is_none() {
        failing.push(guard(
            "was_submitted",
            "#/received_at",
            "The registration was never sent in, so there is no decision to undo.",
        ));
    }
    if deal.stage.is_closed() {
        failing.push(guard(
            "deal_open",
            "#/stage",
            "The deal is won or lost; its registration is not decided again.",
        ));
    }
    if !partners::is_active(tx, deal.partner_id)? {
        failing.push(guard(
            "partner_active",
            "#/partner_id",
            "The partner is not active, so nothing can be granted to it.",
        ));
    }
    for (number, until) in protection::others_on_scope(tx, registration)? {
        let detail =
            format!("{number} is protected on an overlapping scope until {until}; reopening does not take it away.");
        failing.push(guard("scope_free", "#/customer_account_id", detail));
    }
    failing.extend(registrations::slot_taken(tx, registration)?);
    Ok(failing)
}

fn deciding(
    tx: &mut Tx<'_>,
    registration: &Registration,
    reopening: &DealReopening,
    decides: &Decides,
) -> Result<Vec<FailingGuard>> {
    let mut failing = together(others_decide(tx, reopening), decides.failing_to_agree());
    let status = registrations::status_at(registration, tx.now);
    if status != reopening.from_status {
        let detail = format!(
            "The registration was {} when it was asked for and is {status} now; ask anew.",
            reopening.from_status
        );
        failing.push(guard("decision_unchanged", "#/from_status", detail));
    }
    failing.extend(standing(tx, registration)?);
    Ok(failing)
}

fn decides(
    tx: &mut Tx<'_>,
    registration: &Registration,
    reopening: &DealReopening,
    lock: bool,
    now: Time,
) -> Result<Decides> {
    let segregation = policies::in_force(tx, now)?.registration.segregation;
    chains::decides(tx, registration, reopening, &segregation, lock)
}

fn others_decide(tx: &Tx<'_>, reopening: &DealReopening) -> Vec<FailingGuard> {
    if reopening.is_by(&tx.caller().actor_text()) {
        vec![guard(
            "another_person",
            "#/requested_by",
            "You asked for it; another person decides.",
        )]
    } else {
        Vec::new()
    }
}

/// Agrees: the registration is before the vendor again.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` naming every guard that fails.
pub fn approve(tx: &mut Tx<'_>, id: ReopeningId, seen: IfMatch) -> Result<DealReopening> {
    let deal = queries::find(tx, id)?.deal_id;
    let before = registrations::locked(tx, deal)?;
    // Again under the lock: somebody else may have decided meanwhile.
    let asked = queries::find(tx, id)?;
    seen.check(asked.revision)?;
    let to = MACHINE.go(asked.status, "approve")?;
    let now = tx.moment();
    let decides = decides(tx, &before, &asked, true, now)?;
    let failing = deciding(tx, &before, &asked, &decides)?;
    if !failing.is_empty() {
        return Err(Error::guards(asked.status, "approve", failing));
    }
    let cast = match decides.agree(tx, None)? {
        Agreement::Holds(cast) => cast,
        Agreement::Waits(how) => {
            let after = queries::save(tx, &asked, asked.clone().touched(now), "deal_reopening.voted")?;
            tell_waits(tx, &before, "approve_reopening", how)?;
            return Ok(after);
        }
    };
    let after = asked.clone().decided(to, tx.caller().actor_text(), now);
    let after = queries::save(tx, &asked, after, "deal_reopening.approved")?;
    let reasons = policies::in_force(tx, now)?.reasons;
    let reason_labels = reasons.labels(ReasonKind::Reopening, &after.reason_code);
    let anew = Anew {
        from: after.from_status,
        action: "reopen",
        outcome: DecisionOutcome::Reopened,
        event: "deal.reopened",
        reason_code: Some(after.reason_code.to_string()),
        reason_labels,
        reason_text: after.reason_text.clone(),
        told_text: None,
        detail: format!("Asked for by {}.", after.requested_by),
        cast,
    };
    review_anew(tx, &before, &anew)?;
    Ok(after)
}

/// Why and how a registration is before the vendor again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anew {
    /// Where it stood.
    pub from: ReviewStatus,
    /// The step of the review's machine, as the history names it.
    pub action: &'static str,
    /// What the decision was.
    pub outcome: DecisionOutcome,
    /// What is told.
    pub event: &'static str,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// What the code is called.
    pub reason_labels: Option<PolicyLabels>,
    /// Why, in words.
    pub reason_text: Option<String>,
    /// As much of it as both sides read in the history.
    pub told_text: Option<String>,
    /// What the vendor alone reads in the history.
    pub detail: String,
    /// The vote that completed its chain, if one decided.
    pub cast: Option<Box<Cast>>,
}

/// Puts the registration before the vendor again, in a new round. Its account is locked.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` if the partner registered the same again meanwhile.
pub fn review_anew(tx: &mut Tx<'_>, before: &Registration, anew: &Anew) -> Result<Registration> {
    let (id, now) = (before.deal.id, tx.moment());
    let status = anew.from;
    let settings = policies::in_force(tx, now)?;
    let mut decision = registrations::blank_decision(tx, before, anew.outcome);
    decision.reason_code.clone_from(&anew.reason_code);
    decision.reason_text.clone_from(&anew.reason_text);
    let cast = anew.cast.as_ref();
    decision.reason_labels = anew.reason_labels.clone().map(Stored);
    decision.step_id = cast.map(|cast| cast.step.id);
    decision.on_behalf_of = cast.and_then(|cast| cast.on_behalf_of).map(|user| user.to_string());
    decision.policy_version = Some(settings.version);
    registrations::insert_decision(tx, &decision)?;
    registrations::close(tx, id)?;
    let released = protection::end(tx, id, Ending::Released, "reopened")?;
    registrations::skip_steps(tx, id)?;
    registrations::end_infos(tx, id, InfoRequestStatus::Lapsed)?;
    let mut after = before.clone();
    if !rules::keeps_its_place(status)
        && let Some(account) = before.deal.customer_account_id
    {
        let resolution = before
            .customer
            .as_ref()
            .map_or(registrations::CustomerResolution::Unresolved, |customer| {
                customer.resolution
            });
        let account = customers::surviving(tx, account)?;
        after = registrations::placed(tx, &after, account, resolution)?;
    }
    after.deal.review_status = REVIEW.go_to(status, anew.action, ReviewStatus::InReview)?;
    registrations::new_round(tx, &mut after, &settings.registration, now)?;
    for line in &mut after.lines {
        line.row.review_status = DealLineStatus::Pending;
        line.row.updated_at = now;
    }
    registrations::open_again(tx, &after)?;
    registrations::write(tx, before, &after.clone().touched(now))?;
    registrations::begin_chain(tx, &after, &settings.registration)?;
    let check = conflict::check_deal(tx, id, CheckPurpose::Review, None, None)?;
    registrations::tie_check(tx, id, check.id)?;
    let after = registrations::find(tx, id)?;
    registrations::tell(tx, before, &after, anew.event)?;
    history::note(
        tx,
        id,
        Entry::action(anew.action)
            .moved(DealAxis::ReviewStatus, status, ReviewStatus::InReview)
            .because(anew.reason_code.clone(), anew.told_text.clone())
            .detail(anew.detail.clone()),
    )?;
    if !released.is_empty() {
        let entry =
            Entry::action("release").moved(DealAxis::Protection, ProtectionState::Active, ProtectionState::Released);
        history::note(tx, id, entry)?;
    }
    Ok(after)
}

/// Refuses: the decision stands.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for who asked for it.
pub fn reject(tx: &mut Tx<'_>, id: ReopeningId, seen: IfMatch) -> Result<DealReopening> {
    let deal = queries::find(tx, id)?.deal_id;
    let registration = registrations::locked(tx, deal)?;
    let asked = queries::find(tx, id)?;
    seen.check(asked.revision)?;
    let to = MACHINE.go(asked.status, "reject")?;
    let now = tx.moment();
    let decides = decides(tx, &registration, &asked, true, now)?;
    let failing = together(others_decide(tx, &asked), decides.failing_to_refuse());
    if !failing.is_empty() {
        return Err(Error::guards(asked.status, "reject", failing));
    }
    decides.refuse(tx, None)?;
    chains::end(tx, &asked)?;
    let after = asked.clone().decided(to, tx.caller().actor_text(), now);
    queries::save(tx, &asked, after, "deal_reopening.rejected")
}

/// Takes the request back.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for somebody else's.
pub fn withdraw(tx: &mut Tx<'_>, id: ReopeningId, seen: IfMatch) -> Result<DealReopening> {
    let asked = queries::find(tx, id)?;
    seen.check(asked.revision)?;
    let to = MACHINE.go(asked.status, "withdraw")?;
    let actor = tx.caller().actor_text();
    if !asked.is_by(&actor) {
        let failing = vec![guard(
            "own_request",
            "#/requested_by",
            "Somebody else asked for it; refuse it instead.",
        )];
        return Err(Error::guards(asked.status, "withdraw", failing));
    }
    chains::end(tx, &asked)?;
    let after = asked.clone().decided(to, actor, tx.now);
    queries::save(tx, &asked, after, "deal_reopening.withdrawn")
}

/// Ends a request that was overtaken by what happened to the registration.
///
/// # Errors
/// What the database reports.
pub fn close_open(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    if let Some(asked) = queries::open(tx, deal)? {
        let after = asked
            .clone()
            .decided(DealReopeningStatus::Withdrawn, tx.caller().actor_text(), tx.now);
        chains::end(tx, &asked)?;
        queries::save(tx, &asked, after, "deal_reopening.withdrawn")?;
    }
    Ok(())
}

/// What the caller can do about reopening the registration now.
///
/// # Errors
/// What the database reports.
pub fn actions(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<Action>> {
    let mut data = Vec::new();
    match queries::open(tx, registration.deal.id)? {
        None => {
            let status = registrations::status_at(registration, tx.now);
            if REVIEW.allows(status, "reopen") && may_call(tx.caller(), "requestDealReopening") {
                let failing = standing(tx, registration)?;
                data.push(Action::new("request_reopening", "requestDealReopening", failing));
            }
        }
        Some(asked) if may_call(tx.caller(), "approveDealReopening") => {
            let now = tx.now;
            let decides = decides(tx, registration, &asked, false, now)?;
            let failing = deciding(tx, registration, &asked, &decides)?;
            data.push(Action::new("approve_reopening", "approveDealReopening", failing));
            let failing = together(others_decide(tx, &asked), decides.failing_to_refuse());
            data.push(Action::new("reject_reopening", "rejectDealReopening", failing));
            if asked.is_by(&tx.caller().actor_text()) {
                data.push(Action::new("withdraw_reopening", "withdrawDealReopening", Vec::new()));
            }
        }
        Some(_) => {}
    }
    Ok(data)
}
