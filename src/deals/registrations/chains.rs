//! A registration's approval chain: which steps it asks for, and what the steps of its review do to it.

use super::rows::Registration;
use crate::{
    approvals::{self, ApprovalKind, ApprovalStepRule, Chain, ChainFacts, StepClock, StepRow, Subject},
    auth::Role,
    catalog,
    db::Tx,
    error::Result,
    kernel::{
        Time,
        ids::DealId,
        states::{FailingGuard, guard},
    },
    partners,
    policies::{self, RegistrationPolicy},
    programs,
};

const KIND: ApprovalKind = ApprovalKind::DealRegistration;

/// What the conditions of the steps ask of a registration. What no step asks for is not looked up.
///
/// # Errors
/// What the database reports.
pub fn facts(tx: &mut Tx<'_>, registration: &Registration, rules: &[ApprovalStepRule]) -> Result<ChainFacts> {
    let (deal, now) = (&registration.deal, tx.now);
    let mut facts = ChainFacts {
        amount: deal.amount(),
        deal_type: Some(deal.deal_type),
        ..ChainFacts::default()
    };
    if let Some(territory) = deal.territory_id
        && rules.iter().any(|rule| !rule.territory_ids.is_empty())
    {
        facts.territories = catalog::territories::ancestors(tx, territory)?;
    }
    if rules.iter().any(|rule| !rule.tier_ranks.is_empty()) {
        facts.tier_rank = programs::tier_at(tx, deal.partner_id, now)?.map_or(0, |tier| tier.rank);
    }
    if rules.iter().any(|rule| !rule.segments.is_empty()) {
        facts.segment = partners::segments::at(tx, deal.partner_id, now)?;
    }
    Ok(facts)
}

/// The chain that a registration asks for now, as if it began in this round. Nothing is stored.
///
/// # Errors
/// What the database reports.
pub fn planned(tx: &mut Tx<'_>, registration: &Registration, policy: &RegistrationPolicy) -> Result<Vec<StepRow>> {
    let (deal, now) = (&registration.deal, tx.now);
    let facts = facts(tx, registration, &policy.approval_chain)?;
    let requested_by = registration
        .review
        .as_ref()
        .map_or_else(|| tx.caller().actor_text(), |review| review.submitted_by.clone());
    let subject = Subject {
        kind: KIND,
        id: deal.id.to_string(),
        label: deal.number.clone(),
        partner_id: Some(deal.partner_id),
        requested_by,
    };
    let round = registration.review.as_ref().map_or(1, |review| review.round);
    let rules = approvals::asked(&policy.approval_chain, &facts);
    Ok(approvals::plan(
        &subject,
        round,
        &rules,
        &facts,
        Some(deal.review_due_at.unwrap_or(now)),
        (&clock(tx, registration, policy)?, now),
    ))
}

/// What keeps the caller from granting a registration at once: whoever does decides every step of the chain that it would take,
/// alone.
///
/// # Errors
/// What the database reports.
pub fn granting_fails(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration;
    let steps = planned(tx, registration, &policy)?;
    let caller = tx.caller();
    let mut failing = Vec::new();
    for step in steps {
        if !caller.has(step.approver_role.role()) && !caller.has(Role::Admin) {
            let detail = format!(
                "The step `{}` is decided by the role {}; have it reviewed again instead.",
                step.name, step.approver_role
            );
            failing.push(guard("step_role", "#/relief", detail));
        } else if step.quorum > 1 {
            let detail = format!(
                "The step `{}` takes {} people; have it reviewed again instead.",
                step.name, step.quorum
            );
            failing.push(guard("step_quorum", "#/relief", detail));
        }
    }
    if registration.deal.customer_account_id.is_none() {
        failing.push(guard(
            "customer_tied",
            "#/customer_account_id",
            "The customer is tied to no account; have it reviewed again instead.",
        ));
    }
    Ok(failing)
}

/// The clock by which the steps of a registration's chains wait.
///
/// # Errors
/// What the database reports.
pub fn clock(tx: &mut Tx<'_>, registration: &Registration, policy: &RegistrationPolicy) -> Result<StepClock> {
    let territory = registration.deal.territory_id;
    StepClock::of(tx, policy.escalation_clock, territory, &policy.holidays)
}

/// Begins the chain of the registration's round.
///
/// # Errors
/// What the database reports.
pub fn begin(tx: &mut Tx<'_>, registration: &Registration, policy: &RegistrationPolicy) -> Result<()> {
    let steps = planned(tx, registration, policy)?;
    approvals::open(tx, &steps)
}

/// The chain of the registration's round; whoever decides takes it with its lock.
///
/// # Errors
/// What the database reports.
pub fn find(tx: &mut Tx<'_>, registration: &Registration, lock: bool) -> Result<Chain> {
    let round = registration.review.as_ref().map_or(1, |review| review.round);
    approvals::find(tx, KIND, &registration.deal.id.to_string(), round, lock)
}

/// Ends the steps that nobody will decide any more.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, id: DealId) -> Result<()> {
    approvals::end(tx, KIND, &id.to_string())
}

/// Stops the clock of the chain while the partner owes an answer.
///
/// # Errors
/// What the database reports.
pub fn pause(tx: &mut Tx<'_>, id: DealId) -> Result<()> {
    approvals::pause(tx, KIND, &id.to_string())
}

/// Lets the clock of the chain go on; `due_at`: when the decision is owed from here on.
///
/// # Errors
/// What the database reports.
pub fn resume(tx: &mut Tx<'_>, id: DealId, due_at: Option<Time>) -> Result<()> {
    approvals::resume(tx, KIND, &id.to_string(), due_at)
}
