//! The only file that knows the tables of steps, votes and escalations.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{ApprovalFilter, ApprovalKind, ApprovalStepStatus, ORDER},
    policy::SegregationPolicy,
    rows::{EscalationRow, StepRow, VoteRow},
    voices::Absent,
};
use crate::{
    auth::{Role, Rows, permissions::may_call},
    db::{Clause, Lock, Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{ApprovalStepId, UserId},
        page::{Page, Paging},
    },
    load_page, partners, revise,
    schema::{approval_escalations, approval_steps, approval_steps::table, approval_votes},
};

const OPEN: [ApprovalStepStatus; 2] = [ApprovalStepStatus::Waiting, ApprovalStepStatus::Pending];

/// The steps of a round, in order. With `lock` they stay as they are until the transaction ends.
///
/// # Errors
/// What the database reports.
pub fn steps(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str, round: i64, lock: bool) -> Result<Vec<StepRow>> {
    if lock {
        tx.hold(
            Lock::NoKeyUpdate,
            table
                .filter(approval_steps::subject_type.eq(kind))
                .filter(approval_steps::subject_id.eq(id))
                .filter(approval_steps::round.eq(round))
                .order(approval_steps::position)
                .select(approval_steps::id),
        )?;
    }
    Ok(table
        .filter(approval_steps::subject_type.eq(kind))
        .filter(approval_steps::subject_id.eq(id))
        .filter(approval_steps::round.eq(round))
        .order(approval_steps::position)
        .select(StepRow::as_select())
        .load(tx.conn())?)
}

/// Every step of the records that those steps are of.
///
/// # Errors
/// What the database reports.
pub fn chains_of(tx: &mut Tx<'_>, steps: &[StepRow]) -> Result<Vec<StepRow>> {
    let records: Vec<(ApprovalKind, &str)> = steps
        .iter()
        .map(|step| (step.subject_type, step.subject_id.as_str()))
        .collect();
    let mut clause = Clause::all();
    clause.one_of_pairs(("approval_steps.subject_type", "approval_steps.subject_id"), &records);
    Ok(table
        .filter(clause)
        .order((approval_steps::round, approval_steps::position))
        .select(StepRow::as_select())
        .load(tx.conn())?)
}

/// The step with that id, locked.
///
/// # Errors
/// 404 if there is none.
pub fn locked_step(tx: &mut Tx<'_>, id: ApprovalStepId) -> Result<StepRow> {
    let row = table.find(id).select(StepRow::as_select());
    Ok(Lock::NoKeyUpdate.on(row).get_result(tx.conn())?)
}

/// The votes on those steps, in their order.
///
/// # Errors
/// What the database reports.
pub fn votes(tx: &mut Tx<'_>, steps: &[ApprovalStepId]) -> Result<Vec<VoteRow>> {
    Ok(approval_votes::table
        .filter(approval_votes::step_id.eq_any(among(steps)))
        .order((approval_votes::decided_at, approval_votes::id))
        .select(VoteRow::as_select())
        .load(tx.conn())?)
}

/// The escalations of those steps.
///
/// # Errors
/// What the database reports.
pub fn escalations(tx: &mut Tx<'_>, steps: &[ApprovalStepId]) -> Result<BTreeMap<ApprovalStepId, EscalationRow>> {
    let rows: Vec<EscalationRow> = approval_escalations::table
        .filter(approval_escalations::step_id.eq_any(among(steps)))
        .select(EscalationRow::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|row| (row.step_id, row)).collect())
}

/// Stores the steps of a round that begins.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, steps: &[StepRow]) -> Result<()> {
    for step in steps {
        tx.add(diesel::insert_into(table).values(step))?;
    }
    Ok(())
}

/// Stores a changed step over the revision that it was read at.
///
/// # Errors
/// 412 if somebody else changed it meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &StepRow, after: &StepRow) -> Result<()> {
    revise!(tx, table, approval_steps::revision, (before.id, before.revision), after)
}

/// Stores a vote.
///
/// # Errors
/// 409 `already_exists` if the person has decided this step, or was spoken for.
pub fn insert_vote(tx: &mut Tx<'_>, vote: &VoteRow) -> Result<()> {
    tx.attempt(|tx| {
        Ok(diesel::insert_into(approval_votes::table)
            .values(vote)
            .execute(tx.conn())?)
    })?;
    Ok(())
}

/// Stores an escalation; says whether it is the first of its step.
///
/// # Errors
/// What the database reports.
pub fn insert_escalation(tx: &mut Tx<'_>, row: &EscalationRow) -> Result<bool> {
    let stored = diesel::insert_into(approval_escalations::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(stored == 1)
}

/// Ends the steps of a record that nobody will decide any more.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str) -> Result<()> {
    let now = tx.now;
    let left = table
        .filter(approval_steps::subject_type.eq(kind))
        .filter(approval_steps::subject_id.eq(id))
        .filter(approval_steps::status.eq_any(among(OPEN)));
    diesel::update(left)
        .set((
            approval_steps::status.eq(ApprovalStepStatus::Skipped),
            approval_steps::revision.eq(approval_steps::revision + 1),
            approval_steps::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The steps of a record that nobody has decided yet, in order.
///
/// # Errors
/// What the database reports.
pub fn open_of(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str) -> Result<Vec<StepRow>> {
    Ok(table
        .filter(approval_steps::subject_type.eq(kind))
        .filter(approval_steps::subject_id.eq(id))
        .filter(approval_steps::status.eq_any(among(OPEN)))
        .order((approval_steps::round, approval_steps::position))
        .select(StepRow::as_select())
        .load(tx.conn())?)
}

/// Steps that have waited too long and were not escalated yet, the longest overdue first.
///
/// # Errors
/// What the database reports.
pub fn overdue(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<StepRow>> {
    let now = tx.now;
    Ok(table
        .left_join(approval_escalations::table)
        .filter(approval_steps::status.eq(ApprovalStepStatus::Pending))
        .filter(approval_steps::paused_at.is_null())
        .filter(approval_steps::escalates_at.le(now))
        .filter(approval_escalations::step_id.nullable().is_null())
        .order((approval_steps::escalates_at, approval_steps::id))
        .limit(limit)
        .select(StepRow::as_select())
        .load(tx.conn())?)
}

/// One page of the steps that wait, among the records that the caller may see. `absent`: whom the caller stands in for;
/// `policy`: what keeps somebody from deciding a record.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &ApprovalFilter,
    absent: &[Absent],
    policy: &SegregationPolicy,
    paging: &Paging,
) -> Result<Page<StepRow>> {
    let mut clause = Clause::rows_of(tx.caller(), "approval_steps.partner_id");
    clause
        .sql(" AND approval_steps.status = 'pending'")
        .one_of_some("approval_steps.subject_type", filter.kind.as_ref())
        .one_of_some("approval_steps.approver_role", filter.role.as_ref())
        .equals_some("approval_steps.partner_id", filter.partner_id.as_ref());
    match filter.escalated {
        Some(true) => {
            clause.sql(" AND ").sql(ESCALATED);
        }
        Some(false) => {
            clause.sql(" AND NOT ").sql(ESCALATED);
        }
        None => {}
    }
    if filter.mine == Some(true) {
        mine(tx, &mut clause, absent, policy);
    }
    let rows = load_page!(tx, table => StepRow, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row: &StepRow| {
        (row.pending_since.unwrap_or(row.created_at).into(), row.id.to_string())
    }))
}

/// Which steps of records of a kind wait for the caller, among those that the caller may see: on `approval_steps`.
pub fn waits(tx: &Tx<'_>, kind: ApprovalKind, absent: &[Absent], policy: &SegregationPolicy) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "approval_steps.partner_id");
    clause
        .sql(" AND approval_steps.status = 'pending'")
        .equals("approval_steps.subject_type", &kind);
    mine(tx, &mut clause, absent, policy);
    clause
}

const ESCALATED: &str =
    "EXISTS (SELECT 1 FROM approval_escalations WHERE approval_escalations.step_id = approval_steps.id)";

/// And: the clock of the step goes, and the caller may call what decides it, for themselves or for somebody who is away. What is
/// known of the record alone, who wrote it and who competes for the same, is not asked for here.
fn mine(tx: &Tx<'_>, clause: &mut Clause, absent: &[Absent], policy: &SegregationPolicy) {
    let caller = tx.caller();
    let Some(me) = caller.user() else {
        clause.and("FALSE");
        return;
    };
    let now = tx.now;
    let kinds: Vec<ApprovalKind> = ApprovalKind::ALL
        .iter()
        .copied()
        .filter(|kind| may_call(caller, kind.operation()))
        .collect();
    clause
        .one_of("approval_steps.subject_type", &kinds)
        .and("approval_steps.paused_at IS NULL");
    not_concerned(clause, me, policy, now);
    clause.and("(FALSE OR (TRUE");
    by_role(clause, &caller.roles().list());
    clause.sql(")");
    for one in absent {
        clause.sql(" OR (TRUE");
        by_role(clause, &one.roles.list());
        if let Rows::Partners(partners) = &one.rows {
            clause.one_of("approval_steps.partner_id", partners);
        }
        if !one.kinds.is_empty() {
            clause.one_of("approval_steps.subject_type", &one.kinds);
        }
        not_concerned(clause, one.user, policy, now);
        clause.sql(")");
    }
    clause.sql(")");
}

/// And: the person neither brought the record in, nor has spoken in its chain, nor looks after its partner where that counts.
fn not_concerned(clause: &mut Clause, person: UserId, policy: &SegregationPolicy, at: Time) {
    if policy.own_submissions {
        clause.and("approval_steps.requested_by <> ").value(&person);
    }
    clause
        .and("NOT EXISTS (SELECT 1 FROM approval_votes JOIN approval_steps AS spoken ON spoken.id = approval_votes.step_id")
        .sql(" WHERE spoken.subject_type = approval_steps.subject_type AND spoken.subject_id = approval_steps.subject_id")
        .sql(" AND spoken.round = approval_steps.round AND (approval_votes.person_id = ")
        .value(&person)
        .sql(" OR approval_votes.voice_id = ")
        .value(&person)
        .sql("))");
    if policy.managed_partners {
        clause.and("NOT (TRUE");
        partners::account_managers::looked_after_by(clause, "approval_steps.partner_id", person, at);
        clause.sql(")");
    }
}

/// And: one of the roles decides the step, or may since it was escalated.
fn by_role(clause: &mut Clause, roles: &[Role]) {
    if roles.contains(&Role::Admin) {
        return;
    }
    let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    clause
        .and("(TRUE")
        .one_of("approval_steps.approver_role", &words)
        .sql(" OR EXISTS (SELECT 1 FROM approval_escalations WHERE approval_escalations.step_id = approval_steps.id")
        .one_of("approval_escalations.escalated_to", &words)
        .sql("))");
}
