//! A report over what is under way with a partner, for whoever takes it over. Read-only: it names tables of other modules,
//! as reports may, and writes none.

use diesel::prelude::*;

use super::{
    model::{Handover, HandoverItemKind},
    rules::Found,
};
use crate::{
    db::{Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{CaseId, DealId, InfoRequestId, ProgramMembershipId, ProtectionId, TaskId},
    },
    schema::{
        conflict_case_claims, conflict_cases, deal_info_requests, deals, program_memberships, protections, tasks,
    },
};

/// A protection that ends within so many days of the handover is the new account manager's first task.
const PROTECTION_DAYS: i64 = 30;

/// The work that changes hands.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let mut found = decisions(tx, handover)?;
    found.extend(expiring(tx, handover)?);
    found.extend(cases(tx, handover)?);
    found.extend(questions(tx, handover)?);
    found.extend(at_risk(tx, handover)?);
    found.extend(open_tasks(tx, handover)?);
    Ok(found)
}

/// Registrations that wait for a decision of whoever hands over, as their reviewer.
fn decisions(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let Some(from) = handover.from_user_id else {
        return Ok(Vec::new());
    };
    let undecided = ["submitted", "in_review", "info_requested"];
    let rows: Vec<(DealId, String, String, Option<Time>)> = deals::table
        .filter(deals::partner_id.eq(handover.partner_id))
        .filter(deals::review_status.eq_any(among(undecided)))
        .filter(deals::assignee_id.eq(from))
        .order(deals::id.asc())
        .select((deals::id, deals::number, deals::title, deals::review_due_at))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, number, title, due_at)| Found {
            kind: HandoverItemKind::PendingDecision,
            resource_type: "deal",
            resource_id: id.to_string(),
            title: format!("Decide {number}: {title}"),
            due_at,
        })
        .collect())
}

fn expiring(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let (now, until) = (tx.now, handover.effective_at.plus_days(PROTECTION_DAYS));
    let rows: Vec<(ProtectionId, Time, String, String)> = protections::table
        .inner_join(deals::table)
        .filter(protections::partner_id.eq(handover.partner_id))
        .filter(protections::status.eq("active"))
        .filter(protections::ends_at.gt(now))
        .filter(protections::ends_at.le(until))
        .order((protections::ends_at.asc(), protections::id.asc()))
        .select((protections::id, protections::ends_at, deals::number, deals::title))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, end, number, title)| Found {
            kind: HandoverItemKind::ExpiringProtection,
            resource_type: "protection",
            resource_id: id.to_string(),
            title: format!("Protection of {number} ends: {title}"),
            due_at: Some(end),
        })
        .collect())
}

fn cases(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let rows: Vec<(CaseId, String, String, Time)> = conflict_cases::table
        .inner_join(conflict_case_claims::table)
        .filter(conflict_case_claims::partner_id.eq(handover.partner_id))
        .filter(conflict_cases::status.ne_all(among(["resolved", "closed"])))
        .order(conflict_cases::id.asc())
        .select((
            conflict_cases::id,
            conflict_cases::number,
            conflict_cases::summary,
            conflict_cases::decision_due_at,
        ))
        .distinct()
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, number, summary, due)| Found {
            kind: HandoverItemKind::ConflictCase,
            resource_type: "conflict_case",
            resource_id: id.to_string(),
            title: format!("Follow {number}: {summary}"),
            due_at: Some(due),
        })
        .collect())
}

fn questions(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let rows: Vec<(InfoRequestId, Time, String, String)> = deal_info_requests::table
        .inner_join(deals::table)
        .filter(deals::partner_id.eq(handover.partner_id))
        .filter(deal_info_requests::status.eq("open"))
        .order((deal_info_requests::due_at.asc(), deal_info_requests::id.asc()))
        .select((
            deal_info_requests::id,
            deal_info_requests::due_at,
            deals::number,
            deals::title,
        ))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, due, number, title)| Found {
            kind: HandoverItemKind::OpenInfoRequest,
            resource_type: "deal_info_request",
            resource_id: id.to_string(),
            title: format!("Answers are due on {number}: {title}"),
            due_at: Some(due),
        })
        .collect())
}

fn at_risk(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let rows: Vec<(ProgramMembershipId, Option<Time>)> = program_memberships::table
        .filter(program_memberships::partner_id.eq(handover.partner_id))
        .filter(program_memberships::standing.eq_any(among(["at_risk", "demotion_pending"])))
        .order(program_memberships::id.asc())
        .select((program_memberships::id, program_memberships::grace_until))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, grace)| Found {
            kind: HandoverItemKind::AtRisk,
            resource_type: "program_membership",
            resource_id: id.to_string(),
            title: "The partner is about to lose its tier".to_owned(),
            due_at: grace,
        })
        .collect())
}

/// What whoever hands over was to do on records of the partner.
fn open_tasks(tx: &mut Tx<'_>, handover: &Handover) -> Result<Vec<Found>> {
    let Some(from) = handover.from_user_id else {
        return Ok(Vec::new());
    };
    let rows: Vec<(TaskId, String, Option<Time>)> = tasks::table
        .filter(tasks::assignee_id.eq(from))
        .filter(tasks::status.eq("open"))
        .filter(tasks::partner_id.eq(handover.partner_id))
        .order((tasks::due_at.asc(), tasks::id.asc()))
        .select((tasks::id, tasks::title, tasks::due_at))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, title, due_at)| Found {
            kind: HandoverItemKind::OpenTask,
            resource_type: "task",
            resource_id: id.to_string(),
            title,
            due_at,
        })
        .collect())
}
