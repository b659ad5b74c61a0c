//! The only file that knows the tables of conflict cases.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{
    CaseFact, CaseOutcome, CaseStatus, CaseType, ConflictCase, ConflictCaseClaim, ConflictCaseFilter, ConflictCaseSort,
};
use super::rules::Concerned;
use crate::{
    auth::Rows,
    customers::existing::{self, Named},
    db::{Clause, Tx, among},
    deals::registrations,
    error::{Error, Result},
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{AccountId, AccountMergeId, CaseId, ConflictCheckId, DealId, PartnerId, UserId},
        page::{Key, Page, Paging},
    },
    load_page, partners, revise,
    schema::{
        conflict_case_claims::{self as claims, table as claim_table},
        conflict_cases::{self as columns, table},
    },
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = columns, treat_none_as_null = true, treat_none_as_default_value = false)]
struct CaseRow {
    id: CaseId,
    number: String,
    case_type: CaseType,
    status: CaseStatus,
    outcome: Option<CaseOutcome>,
    account_id: AccountId,
    account_merge_id: Option<AccountMergeId>,
    conflict_check_id: Option<ConflictCheckId>,
    summary: String,
    detail: Stored<Vec<CaseFact>>,
    adjudicator_id: Option<UserId>,
    acknowledge_due_at: Time,
    decision_due_at: Time,
    acknowledged_at: Option<Time>,
    resolution_text: Option<String>,
    resolved_by: Option<String>,
    resolved_at: Option<Time>,
    opened_by: String,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&ConflictCase> for CaseRow {
    fn from(case: &ConflictCase) -> Self {
        let case = case.clone();
        Self {
            id: case.id,
            number: case.number,
            case_type: case.case_type,
            status: case.status,
            outcome: case.outcome,
            account_id: case.account_id,
            account_merge_id: case.account_merge_id,
            conflict_check_id: case.conflict_check_id,
            summary: case.summary,
            detail: Stored(case.detail),
            adjudicator_id: case.adjudicator_id,
            acknowledge_due_at: case.acknowledge_due_at,
            decision_due_at: case.decision_due_at,
            acknowledged_at: case.acknowledged_at,
            resolution_text: case.resolution_text,
            resolved_by: case.resolved_by,
            resolved_at: case.resolved_at,
            opened_by: case.opened_by,
            revision: case.revision,
            created_at: case.created_at,
            updated_at: case.updated_at,
        }
    }
}

impl CaseRow {
    fn with(self, claims: Vec<ConflictCaseClaim>) -> ConflictCase {
        ConflictCase {
            id: self.id,
            number: self.number,
            case_type: self.case_type,
            status: self.status,
            outcome: self.outcome,
            account_id: self.account_id,
            account_merge_id: self.account_merge_id,
            conflict_check_id: self.conflict_check_id,
            summary: self.summary,
            detail: self.detail.0,
            claims,
            adjudicator_id: self.adjudicator_id,
            acknowledge_due_at: self.acknowledge_due_at,
            decision_due_at: self.decision_due_at,
            acknowledged_at: self.acknowledged_at,
            resolution_text: self.resolution_text,
            resolved_by: self.resolved_by,
            resolved_at: self.resolved_at,
            opened_by: self.opened_by,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn complete(tx: &mut Tx<'_>, rows: Vec<CaseRow>) -> Result<Vec<ConflictCase>> {
    let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
    let found: Vec<(CaseId, ConflictCaseClaim)> = claim_table
        .filter(claims::case_id.eq_any(among(&ids)))
        .order((claims::case_id, claims::position))
        .select((claims::case_id, ConflictCaseClaim::as_select()))
        .load(tx.conn())?;
    let mut by_case: BTreeMap<CaseId, Vec<ConflictCaseClaim>> = BTreeMap::new();
    for (case, claim) in found {
        by_case.entry(case).or_default().push(claim);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = by_case.remove(&row.id).unwrap_or_default();
            row.with(own)
        })
        .collect())
}

/// The cases that the caller may see: all, or those in which one of the caller's partners is a side.
fn visible(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    if let Rows::Partners(partners) = tx.caller().rows() {
        with_side(&mut clause, partners);
    }
    clause
}

fn with_side(clause: &mut Clause, partners: &[PartnerId]) {
    clause
        .and("EXISTS (SELECT 1 FROM conflict_case_claims WHERE conflict_case_claims.case_id = conflict_cases.id")
        .one_of("conflict_case_claims.partner_id", partners)
        .sql(")");
}

/// One page of cases.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ConflictCaseFilter, paging: &Paging) -> Result<Page<ConflictCase>> {
    let sort = filter.sort.unwrap_or(ConflictCaseSort::CreatedDescending);
    let mut clause = visible(tx);
    clause
        .one_of_some("conflict_cases.status", filter.status.as_ref())
        .one_of_some("conflict_cases.case_type", filter.case_type.as_ref())
        .equals_some("conflict_cases.account_id", filter.account_id.as_ref())
        .equals_some("conflict_cases.account_merge_id", filter.account_merge_id.as_ref())
        .equals_some("conflict_cases.adjudicator_id", filter.adjudicator_id.as_ref());
    if let Some(partner) = filter.partner_id {
        with_side(&mut clause, &[partner]);
    }
    let rows = load_page!(tx, table => CaseRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| complete(tx, rows))
}

fn key(sort: ConflictCaseSort, row: &CaseRow) -> Key {
    match sort {
        ConflictCaseSort::Created | ConflictCaseSort::CreatedDescending => row.created_at.into(),
        ConflictCaseSort::Updated | ConflictCaseSort::UpdatedDescending => row.updated_at.into(),
        ConflictCaseSort::DecisionDue | ConflictCaseSort::DecisionDueDescending => row.decision_due_at.into(),
    }
}

/// The case with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: CaseId) -> Result<ConflictCase> {
    let mut clause = visible(tx);
    clause.equals("conflict_cases.id", &id);
    let row = table
        .filter(clause)
        .select(CaseRow::as_select())
        .get_result(tx.conn())?;
    complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The cases that a merge of accounts opened. For rules, not for callers.
///
/// # Errors
/// What the database reports.
pub fn of_merge(tx: &mut Tx<'_>, merge: AccountMergeId) -> Result<Vec<ConflictCase>> {
    let rows = table
        .filter(columns::account_merge_id.eq(merge))
        .order(columns::id)
        .select(CaseRow::as_select())
        .load(tx.conn())?;
    complete(tx, rows)
}

/// Who stands on a side: the account managers of the partners, and who has decided on their registrations.
///
/// # Errors
/// What the database reports.
pub fn concerned(tx: &mut Tx<'_>, case: &ConflictCase) -> Result<Concerned> {
    let now = tx.now;
    let deals: Vec<DealId> = case.claims.iter().filter_map(|claim| claim.deal_id).collect();
    Ok(Concerned {
        managers: partners::account_managers::primary_of(tx, &case.partners(), now)?,
        deciders: registrations::deciders(tx, &deals)?,
    })
}

/// Stores a new case with its claims, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, case: ConflictCase) -> Result<ConflictCase> {
    let row = CaseRow::from(&case);
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    for claim in &case.claims {
        let values = (
            (
                claims::id.eq(claim.id),
                claims::case_id.eq(case.id),
                claims::position.eq(claim.position),
                claims::evidence.eq("[]"),
                claims::revision.eq(1_i64),
            ),
            (
                claims::partner_id.eq(claim.partner_id),
                claims::deal_id.eq(claim.deal_id),
                claims::protection_id.eq(claim.protection_id),
            ),
            (
                claims::direct_opportunity_id.eq(claim.direct_opportunity_id),
                claims::named_account_id.eq(claim.named_account_id),
            ),
            (
                claims::received_at.eq(claim.received_at),
                claims::seq.eq(claim.seq),
                claims::outcome.eq(claim.outcome),
            ),
            (
                claims::created_at.eq(case.created_at),
                claims::updated_at.eq(case.updated_at),
            ),
        );
        diesel::insert_into(claim_table).values(&values).execute(tx.conn())?;
    }
    tx.record(Fact::created("conflict_case.opened", &case))?;
    Ok(case)
}

/// Stores a changed case over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `unknown_reference`.
pub fn save(tx: &mut Tx<'_>, before: &ConflictCase, after: ConflictCase, kind: &'static str) -> Result<ConflictCase> {
    let row = CaseRow::from(&after);
    let saved = tx.attempt(|tx| revise!(tx, table, columns::revision, (before.id, before.revision), &row));
    saved.map_err(|error| {
        existing::explain(
            tx,
            error,
            &[("#/adjudicator_id", after.adjudicator_id.map(Named::User))],
        )
    })?;
    for claim in after.claims.iter().filter(|claim| !before.claims.contains(claim)) {
        diesel::update(claim_table.find(claim.id))
            .set((
                claims::outcome.eq(claim.outcome),
                claims::revision.eq(claims::revision + 1),
                claims::updated_at.eq(after.updated_at),
            ))
            .execute(tx.conn())?;
    }
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Moves the cases of one account to another, and answers which, with their revisions. For merges and splits.
///
/// # Errors
/// What the database reports.
pub fn move_to(tx: &mut Tx<'_>, from: AccountId, to: AccountId, only: Option<&[String]>) -> Result<Vec<(String, i64)>> {
    let mut clause = Clause::all();
    clause.equals("conflict_cases.account_id", &from);
    if let Some(only) = only {
        clause.one_of("conflict_cases.id", only);
    }
    let rows = table
        .filter(clause)
        .order(columns::id)
        .select(CaseRow::as_select())
        .load(tx.conn())?;
    let now = tx.now;
    let mut moved = Vec::new();
    for before in complete(tx, rows)? {
        let after = ConflictCase {
            account_id: to,
            revision: before.revision + 1,
            updated_at: now,
            ..before.clone()
        };
        let after = save(tx, &before, after, "conflict_case.updated")?;
        moved.push((after.id.to_string(), after.revision));
    }
    Ok(moved)
}
