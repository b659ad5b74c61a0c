//! The standing of a deal beside its own rows: its place in the queue, the review that goes on here, or the decision that
//! was made elsewhere with the protection that it granted.

use super::life::{Life, was_sent_in};
use crate::{
    auth::Role,
    calendars::BusinessClock,
    customers,
    db::Tx,
    deals::{
        conflict::{self, CheckPurpose, rules::AskedLine, rules::QueuePlace},
        protection::{self, Grant},
        registrations::{self, DecisionOutcome, InfoRequestStatus, InfoRow, Registration, ReviewRow, ReviewStatus},
    },
    error::{Error, Result, codes},
    identity::users::{self, UserKind, UserStatus, VendorRole},
    imports::lookup::Memory,
    kernel::{
        Stored, Time,
        ids::{AccountId, DecisionId, UserId},
    },
    policies::RegistrationPolicy,
};

/// What a deal that waits for its decision was not asked for, and what was found out about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The guards of submission that it would not have passed.
    pub skipped: Vec<String>,
    /// What else a reader must know.
    pub told: Vec<String>,
}

/// Gives a deal that was sent in its place in the account's queue, and its review. The account is locked from here on.
///
/// # Errors
/// `no_open_registration` if the partner has another open registration of the same.
pub fn taken_in(
    tx: &mut Tx<'_>,
    before: Option<&Registration>,
    mut deal: Registration,
    life: &Life,
    assignee: Option<UserId>,
    memory: &mut Memory,
) -> Result<(Registration, Notes)> {
    let mut notes = Notes::default();
    let (Some(received), Some(account)) = (life.received_at, deal.deal.customer_account_id) else {
        return Ok((deal, notes));
    };
    customers::lock(tx, account)?;
    let kept = before
        .filter(|before| before.deal.customer_account_id == Some(account))
        .and_then(|before| before.deal.seq);
    let seq = match kept {
        Some(seq) => seq,
        None => customers::next_claim(tx, account)?,
    };
    (deal.deal.received_at, deal.deal.seq) = (Some(received), Some(seq));
    for line in &mut deal.lines {
        (line.row.received_at, line.row.seq) = (Some(received), Some(seq));
    }
    deal.deal.legacy = !life.status.is_open();
    if !life.status.is_open() {
        deal.deal.assignee_id = None;
        deal.review = Some(review(tx, before, &deal, life, received));
        return Ok((deal, notes));
    }
    let settings = memory.settings(tx)?;
    let policy = &settings.registration;
    deal.deal.policy_version = Some(settings.version);
    let business = registrations::business_clock(tx, deal.deal.territory_id, policy)?;
    if let Some(user) = assignee {
        if reviews(tx, user)? {
            deal.deal.assignee_id = Some(user);
        } else {
            notes
                .told
                .push("the assignee is left out, who does not decide on registrations here".to_owned());
        }
    }
    let mut review = review(tx, before, &deal, life, received);
    registrations::start_clock(
        &mut deal,
        review.round,
        received,
        policy.review_business_days,
        &business,
    );
    if let (Some(asked), Some(clock)) = (&life.asked, &mut deal.clock) {
        clock.pause(asked.at);
    }
    if let Some(asked) = &life.asked {
        let (due, fresh) = due(asked.due_at, &business, policy, tx.now);
        review.info_due_at = Some(due);
        if fresh {
            notes.skipped.push("answers_overdue".to_owned());
            notes.told.push(format!("answers are due by {}", due.date()));
        }
        deal.info = Some(InfoRow {
            id: tx.new_id(),
            deal_id: deal.deal.id,
            questions: Stored(if asked.questions.is_empty() {
                vec!["See what was asked in the system that this registration came from.".to_owned()]
            } else {
                asked.questions.clone()
            }),
            due_at: due,
            status: InfoRequestStatus::Open,
            asked_by: tx.caller().actor_text(),
            answers: None,
            answered_by: None,
            answered_at: None,
            revision: 1,
            created_at: asked.at,
            updated_at: tx.now,
        });
    } else {
        deal.info = None;
    }
    deal.review = Some(review);
    if before.is_some_and(|before| before.deal.review_status.is_open()) {
        registrations::free_slots(tx, deal.deal.id)?;
    }
    for guard in registrations::submission_failing(tx, &deal, Some(account), policy)? {
        if guard.guard == "no_open_registration" {
            return Err(Error::field("#/product", "no_open_registration", guard.detail));
        }
        if !notes.skipped.contains(&guard.guard) {
            notes.skipped.push(guard.guard);
        }
    }
    Ok((deal, notes))
}

/// Whether the user decides on registrations, or will once they sign in for the first time.
fn reviews(tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
    let user = users::find(tx, user)?;
    let decides = |role: &VendorRole| registrations::REVIEWERS.contains(&Role::from(*role));
    Ok(user.kind == UserKind::Vendor && user.status != UserStatus::Disabled && user.roles.iter().any(decides))
}

/// Until when the partner may answer. What was due in the past is due anew: nobody could have answered here before.
fn due(said: Option<Time>, business: &BusinessClock, policy: &RegistrationPolicy, now: Time) -> (Time, bool) {
    let anew = || business.time.days_after(now, policy.info_business_days);
    match said {
        Some(due) if due > now => (due, false),
        Some(_) => (anew(), true),
        None => (anew(), false),
    }
}

fn review(tx: &Tx<'_>, before: Option<&Registration>, deal: &Registration, life: &Life, received: Time) -> ReviewRow {
    let known = before.and_then(|before| before.review.as_ref());
    // Another amount may ask for other approvers.
    let another = before.is_some_and(|before| before.deal.amount() != deal.deal.amount());
    let round = known.map_or(1, |review| review.round + i64::from(another && life.status.is_open()));
    let decided = (!life.status.is_open()).then_some(life.decided_at.or(life.protected.map(|(from, _)| from)));
    ReviewRow {
        deal_id: deal.deal.id,
        submitted_by: known.map_or_else(|| tx.caller().actor_text(), |review| review.submitted_by.clone()),
        submitted_at: received,
        round,
        paused_at: life.asked.as_ref().map(|asked| asked.at),
        paused_micros: 0,
        info_due_at: None,
        assigned_at: known
            .and_then(|review| review.assigned_at)
            .or(deal.deal.assignee_id.map(|_| tx.now)),
        decided_at: decided.flatten(),
        auto_approved: false,
        appeal_until: None,
    }
}

/// What hangs on the deal's rows once they are stored: slots, steps, questions and the conflict check of what waits;
/// decisions and protections of what was decided.
///
/// # Errors
/// `protection_overlap` for a window that another registration holds, naming it.
pub fn follow(
    tx: &mut Tx<'_>,
    before: Option<&Registration>,
    deal: &Registration,
    life: &Life,
    memory: &mut Memory,
    notes: &mut Notes,
) -> Result<()> {
    let Some(account) = deal.deal.customer_account_id.filter(|_| was_sent_in(life.status)) else {
        return Ok(());
    };
    let id = deal.deal.id;
    let was_open = before.is_some_and(|before| before.deal.review_status.is_open());
    if was_open {
        registrations::end_infos(tx, id, InfoRequestStatus::Cancelled)?;
    }
    if life.status.is_open() {
        return waits(tx, before, deal, account, memory, notes);
    }
    if was_open {
        registrations::free_slots(tx, id)?;
        registrations::skip_steps(tx, id)?;
    }
    let anew = before.is_none_or(|before| before.deal.review_status != life.status);
    let decision = if anew { decided(tx, before, deal, life)? } else { None };
    let held = before.is_some_and(|before| !before.windows.is_empty());
    if held {
        if let Some((ending, _)) = life.ended(tx.now) {
            protection::end(tx, id, ending, "imported")?;
        }
    } else {
        protect(tx, deal, life, account, decision)?;
    }
    Ok(())
}

fn waits(
    tx: &mut Tx<'_>,
    before: Option<&Registration>,
    deal: &Registration,
    account: AccountId,
    memory: &mut Memory,
    notes: &mut Notes,
) -> Result<()> {
    let id = deal.deal.id;
    registrations::take_slots(tx, deal, account)?;
    let round = deal.review.as_ref().map_or(1, |review| review.round);
    let running = before.filter(|before| before.deal.review_status.is_open());
    let runs_on = running
        .and_then(|before| before.review.as_ref())
        .is_some_and(|review| review.round == round);
    if !runs_on {
        if running.is_some() {
            registrations::skip_steps(tx, id)?;
        }
        let settings = memory.settings(tx)?;
        registrations::begin_chain(tx, deal, &settings.registration)?;
    }
    if let Some(info) = &deal.info {
        registrations::insert_info(tx, info)?;
        registrations::pause_chain(tx, id)?;
    } else {
        registrations::resume_chain(tx, id, deal.deal.review_due_at)?;
    }
    // For the reviewer alone: whoever else claims the scope, the registration stays in.
    let check = conflict::check_deal(tx, id, CheckPurpose::Submission, None, None)?;
    registrations::tie_check(tx, id, check.id)?;
    notes.told.push(format!(
        "check {}, place {} in the queue",
        check.assessment.verdict, check.assessment.queue_position
    ));
    Ok(())
}

/// Stores the decisions that were made elsewhere; tells which of them granted the scope.
fn decided(
    tx: &mut Tx<'_>,
    before: Option<&Registration>,
    deal: &Registration,
    life: &Life,
) -> Result<Option<DecisionId>> {
    let granted = life.protected.is_some() || matches!(life.status, ReviewStatus::Approved | ReviewStatus::Revoked);
    let was_granted = before.is_some_and(|before| before.deal.review_status == ReviewStatus::Approved);
    let mut grant = None;
    if granted && !was_granted {
        let mut row = registrations::blank_decision(tx, deal, DecisionOutcome::Approved);
        row.decided_at = life.decision_at(tx.now);
        row.reason_code = Some("imported".to_owned());
        if life.status == ReviewStatus::Approved {
            row.reason_text.clone_from(&life.decision_reason);
        }
        (row.starts_at, row.ends_at) = life.protected.unzip();
        registrations::insert_decision(tx, &row)?;
        grant = Some(row.id);
    }
    let last = match life.status {
        ReviewStatus::Rejected => Some((DecisionOutcome::Rejected, life.decision_at(tx.now))),
        ReviewStatus::Lapsed => Some((
            DecisionOutcome::Lapsed,
            life.ended_at.unwrap_or(life.decision_at(tx.now)),
        )),
        ReviewStatus::Revoked => Some((DecisionOutcome::Revoked, life.ended_at.unwrap_or(tx.now))),
        _ => None,
    };
    if let Some((outcome, at)) = last {
        let mut row = registrations::blank_decision(tx, deal, outcome);
        row.decided_at = at;
        row.reason_code = Some("imported".to_owned());
        row.reason_text.clone_from(&life.decision_reason);
        registrations::insert_decision(tx, &row)?;
    }
    Ok(grant)
}

fn protect(
    tx: &mut Tx<'_>,
    deal: &Registration,
    life: &Life,
    account_id: AccountId,
    decision_id: Option<DecisionId>,
) -> Result<()> {
    let (Some((starts_at, until)), Some(territory_id)) = (life.protected, deal.deal.territory_id) else {
        return Ok(());
    };
    let place = deal
        .deal
        .received_at
        .zip(deal.deal.seq)
        .map(|(received_at, seq)| QueuePlace { received_at, seq });
    let lines = deal.lines.iter().map(|line| AskedLine {
        product_id: line.row.product_id,
        place,
    });
    let grant = Grant {
        deal_id: deal.deal.id,
        partner_id: deal.deal.partner_id,
        decision_id,
        account_id,
        lines: lines.collect(),
        territory_id,
        deal_type: deal.deal.deal_type,
        exclusive: true,
        starts_at,
        until,
        legacy: true,
        overridden: None,
    };
    let ended = life.ended(tx.now);
    protection::keep(tx, &grant, ended).map(drop).map_err(named)
}

/// The refusal of a window, as a fault of the field that says it.
fn named(error: Error) -> Error {
    if !error.is(&codes::PROTECTION_OVERLAP) {
        return error;
    }
    let holders: Vec<&str> = error.all_faults().iter().map(|fault| fault.detail.as_ref()).collect();
    Error::field("#/protected_from", "protection_overlap", holders.join(" "))
}

/// Refuses a window that differs from the one which stands here: by now it is moved by extensions and ends by actions.
///
/// # Errors
/// `history_kept`.
pub fn same_window(before: &Registration, life: &Life) -> Result<()> {
    let Some((from, until)) = life.protected else {
        return Ok(());
    };
    let differs = |held: &Time, said: Time| *held != said;
    let other = before
        .windows
        .iter()
        .find(|window| differs(&window.starts_at, from) || differs(&window.granted_until, until));
    match other {
        None => Ok(()),
        Some(window) => {
            let detail = format!(
                "it is protected here from {} until {}; extend it or end it here",
                window.starts_at.date(),
                window.granted_until.date()
            );
            Err(Error::field("#/protected_until", "history_kept", detail))
        }
    }
}
