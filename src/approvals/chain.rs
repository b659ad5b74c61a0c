//! A chain from its plan to its end: opened, found, paused, escalated, ended.

use std::collections::BTreeMap;

use super::{
    clock::{self, StepClock},
    model::{ApprovalKind, ApprovalStepStatus},
    policy::{ApprovalStepRule, ChainFacts},
    queries,
    rows::{EscalationRow, StepRow, VoteRow},
};
use crate::{
    calendars::WorkingTime,
    db::Tx,
    error::Result,
    kernel::{
        Time,
        ids::{ApprovalStepId, Id as _, PartnerId},
    },
};

/// The record that a chain decides on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What kind of record it is.
    pub kind: ApprovalKind,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Whose record it is; none if it is the vendor's own.
    pub partner_id: Option<PartnerId>,
    /// Who brought it in.
    pub requested_by: String,
}

/// The steps that a policy asks for, as a chain that begins now. Nothing is stored.
pub fn plan(
    subject: &Subject,
    round: i64,
    rules: &[&ApprovalStepRule],
    facts: &ChainFacts,
    due_at: Option<Time>,
    (clock, now): (&StepClock, Time),
) -> Vec<StepRow> {
    let (clock_basis, calendar_id) = clock.columns();
    (1..)
        .zip(rules)
        .map(|(position, rule)| {
            let from = facts
                .amount
                .and_then(|amount| rule.from.iter().find(|limit| limit.currency == amount.currency));
            let waiting = StepRow {
                id: ApprovalStepId::at(now),
                subject_type: subject.kind,
                subject_id: subject.id.clone(),
                subject_label: subject.label.clone(),
                partner_id: subject.partner_id,
                requested_by: subject.requested_by.clone(),
                round,
                position,
                name: rule.name.clone(),
                approver_role: rule.role,
                from_amount_minor: from.map(|limit| limit.minor),
                from_amount_currency: from.map(|limit| limit.currency),
                quorum: rule.quorum,
                escalate_after_hours: Some(rule.escalate_after_hours).filter(|hours| *hours > 0),
                escalate_to: rule.escalate_to,
                status: ApprovalStepStatus::Waiting,
                pending_since: None,
                escalates_at: None,
                paused_at: None,
                due_at,
                decided_by: None,
                decided_at: None,
                note: None,
                revision: 1,
                created_at: now,
                updated_at: now,
                clock_basis,
                calendar_id,
            };
            if position == 1 {
                its_turn(waiting, now, clock.time())
            } else {
                waiting
            }
        })
        .collect()
}

/// The step when its turn has come.
pub(super) fn its_turn(step: StepRow, now: Time, time: Option<&WorkingTime>) -> StepRow {
    StepRow {
        status: ApprovalStepStatus::Pending,
        pending_since: Some(now),
        escalates_at: clock::escalation_due(step.escalate_after_hours.unwrap_or(0), now, time),
        ..step
    }
}

/// Opens a chain: stores its steps.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, steps: &[StepRow]) -> Result<()> {
    queries::insert(tx, steps)
}

/// A chain of one round with all that was decided on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Its steps, in order.
    pub steps: Vec<StepRow>,
    pub(super) votes: Vec<VoteRow>,
    escalations: BTreeMap<ApprovalStepId, EscalationRow>,
}

impl Chain {
    /// A chain that was only planned.
    pub const fn planned(steps: Vec<StepRow>) -> Self {
        Self {
            steps,
            votes: Vec::new(),
            escalations: BTreeMap::new(),
        }
    }

    /// The step whose turn it is.
    pub fn pending(&self) -> Option<&StepRow> {
        self.steps
            .iter()
            .find(|step| step.status == ApprovalStepStatus::Pending)
    }

    /// What was decided on a step.
    pub fn votes_on(&self, step: ApprovalStepId) -> impl Iterator<Item = &VoteRow> {
        self.votes.iter().filter(move |vote| vote.step_id == step)
    }

    /// That a step was escalated, if it was.
    pub fn escalation_of(&self, step: ApprovalStepId) -> Option<&EscalationRow> {
        self.escalations.get(&step)
    }
}

/// The chain of a record in that round. With `lock` it stays as it is until the transaction ends: whoever decides takes it so.
///
/// # Errors
/// What the database reports.
pub fn find(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str, round: i64, lock: bool) -> Result<Chain> {
    let steps = queries::steps(tx, kind, id, round, lock)?;
    with_votes(tx, steps)
}

fn with_votes(tx: &mut Tx<'_>, steps: Vec<StepRow>) -> Result<Chain> {
    let ids: Vec<ApprovalStepId> = steps.iter().map(|step| step.id).collect();
    Ok(Chain {
        votes: queries::votes(tx, &ids)?,
        escalations: queries::escalations(tx, &ids)?,
        steps,
    })
}

/// For each of those steps, which may be of several records, the chain that it belongs to.
///
/// # Errors
/// What the database reports.
pub fn around(tx: &mut Tx<'_>, steps: &[StepRow]) -> Result<BTreeMap<ApprovalStepId, Chain>> {
    let all = queries::chains_of(tx, steps)?;
    let all = with_votes(tx, all)?;
    let of_one = |step: &StepRow| {
        let same = |other: &&StepRow| {
            (other.subject_type, &other.subject_id, other.round) == (step.subject_type, &step.subject_id, step.round)
        };
        let steps: Vec<StepRow> = all.steps.iter().filter(same).cloned().collect();
        let among = |id: ApprovalStepId| steps.iter().any(|step| step.id == id);
        let votes = all.votes.iter().filter(|vote| among(vote.step_id)).cloned().collect();
        let escalations = all.escalations.iter().filter(|(id, _)| among(**id));
        let escalations = escalations.map(|(id, row)| (*id, row.clone())).collect();
        let chain = Chain {
            steps,
            votes,
            escalations,
        };
        (step.id, chain)
    };
    Ok(steps.iter().map(of_one).collect())
}

/// Ends the steps of a record that nobody will decide any more, in whatever round.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str) -> Result<()> {
    queries::end(tx, kind, id)
}

/// Stops the clock of the step whose turn it is: somebody else owes an answer.
///
/// # Errors
/// What the database reports.
pub fn pause(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str) -> Result<()> {
    let now = tx.moment();
    let runs = |step: &StepRow| step.status == ApprovalStepStatus::Pending && step.paused_at.is_none();
    for step in queries::open_of(tx, kind, id)?.into_iter().filter(runs) {
        let after = StepRow {
            paused_at: Some(now),
            revision: step.revision + 1,
            updated_at: now,
            ..step.clone()
        };
        queries::save(tx, &step, &after)?;
    }
    Ok(())
}

/// Lets the clock go on, if it stood: what was left of it when it was stopped is left of it now. `due_at`: when the decision is
/// owed from here on, for every step that is still open.
///
/// # Errors
/// What the database reports.
pub fn resume(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str, due_at: Option<Time>) -> Result<()> {
    let now = tx.moment();
    for step in queries::open_of(tx, kind, id)? {
        let mut escalates_at = step.escalates_at;
        if let Some(paused_at) = step.paused_at {
            let time = clock::of_step(tx, &step)?;
            escalates_at = escalates_at.map(|due| clock::moved_on(due, (paused_at, now), time.as_deref()));
        }
        let after = StepRow {
            paused_at: None,
            escalates_at,
            due_at,
            ..step.clone()
        };
        if after != step {
            let after = StepRow {
                revision: step.revision + 1,
                updated_at: now,
                ..after
            };
            queries::save(tx, &step, &after)?;
        }
    }
    Ok(())
}

/// Steps that have waited too long and were not escalated yet, the longest overdue first. Their owners escalate them, each
/// under the lock that it decides under.
///
/// # Errors
/// What the database reports.
pub fn overdue(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<StepRow>> {
    queries::overdue(tx, limit)
}

/// Escalates a step, if it still waits and was not escalated before: once, however often it is asked for. From then on the
/// role that it is escalated to may decide it as well.
///
/// # Errors
/// 404 if there is no such step.
pub fn escalate(tx: &mut Tx<'_>, id: ApprovalStepId) -> Result<Option<StepRow>> {
    let step = queries::locked_step(tx, id)?;
    let now = tx.moment();
    let waits = step.status == ApprovalStepStatus::Pending && step.paused_at.is_none();
    let Some(due_at) = step.escalates_at.filter(|due| waits && *due <= now) else {
        return Ok(None);
    };
    let row = EscalationRow {
        step_id: id,
        escalated_to: step.escalate_to,
        due_at,
        escalated_at: now,
    };
    Ok(queries::insert_escalation(tx, &row)?.then_some(step))
}
