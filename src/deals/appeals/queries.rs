//! The only file that knows the table of appeals.

use diesel::prelude::*;

use super::{
    judges::REVIEWING,
    model::{DealAppeal, DealAppealEvidence, DealAppealFilter, DealAppealRemedy, DealAppealStatus},
};
use crate::{
    db::{Clause, Tx},
    deals::{
        protection,
        registrations::{self, DealRow, Reader, ReviewStatus},
    },
    error::Result,
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{AppealId, CaseId, DealId, DecisionId, PartnerId, UserId},
        page::{Order, Page, Paging},
    },
    load_page,
    partners::account_managers::looked_after_by,
    revise,
    schema::{
        deal_appeals::{self, table},
        deals,
    },
};

/// An appeal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_appeals, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct AppealRow {
    pub id: AppealId,
    pub deal_id: DealId,
    pub decision_id: DecisionId,
    pub from_status: ReviewStatus,
    pub status: DealAppealStatus,
    pub grounds: String,
    pub evidence: Stored<Vec<DealAppealEvidence>>,
    pub lodged_by: String,
    pub at_risk_at: Time,
    pub due_at: Time,
    pub adjudicator: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
    pub remedy: Option<DealAppealRemedy>,
    pub conflict_case_id: Option<CaseId>,
    pub reason_text: Option<String>,
    pub policy_version: Option<i64>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// An appeal and whose it is.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deal_appeals)]
struct Wide {
    #[diesel(embed)]
    row: AppealRow,
    #[diesel(select_expression = deals::partner_id)]
    #[diesel(select_expression_type = deals::partner_id)]
    partner_id: PartnerId,
    #[diesel(select_expression = deals::distributor_id)]
    #[diesel(select_expression_type = deals::distributor_id)]
    distributor_id: Option<PartnerId>,
}

impl Wide {
    fn seen(self, reader: Reader, now: Time) -> DealAppeal {
        let whose = (self.partner_id, self.distributor_id);
        self.row.seen(whose, reader, now)
    }
}

impl AppealRow {
    /// The appeal as the reader sees it. `whose` are the registration's partner and distributor.
    pub fn seen(self, whose: (PartnerId, Option<PartnerId>), reader: Reader, now: Time) -> DealAppeal {
        DealAppeal {
            sla: self.sla(now),
            id: self.id,
            deal_id: self.deal_id,
            partner_id: whose.0,
            decision_id: self.decision_id,
            from_status: self.from_status,
            status: self.status,
            grounds: self.grounds,
            evidence: self.evidence.0,
            lodged_by: self.lodged_by,
            due_at: self.due_at,
            adjudicator: reader.sees(self.adjudicator),
            decided_by: reader.sees(self.decided_by),
            decided_at: self.decided_at,
            remedy: self.remedy,
            conflict_case_id: reader.sees(self.conflict_case_id),
            reason_text: self.reason_text,
            policy_version: self.policy_version,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            told: std::iter::once(whose.0).chain(whose.1).collect(),
        }
    }
}

const BY_AGE: Order = Order {
    column: "deal_appeals.created_at",
    id: "deal_appeals.id",
    descending: false,
};

const BY_URGENCY: Order = Order {
    column: "deal_appeals.due_at",
    id: "deal_appeals.id",
    descending: false,
};

/// One page of the appeals of a registration that the caller may see, as they were lodged.
///
/// # Errors
/// What the database reports.
pub fn page_of_deal(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealAppeal>> {
    let mut clause = Clause::all();
    clause.equals("deal_appeals.deal_id", &deal);
    let (reader, now) = (Reader::of(tx.caller()), tx.now);
    let rows = load_page!(tx, table.inner_join(deals::table) => Wide, clause, BY_AGE, paging)?;
    let page = Page::of(rows, paging, |wide: &Wide| {
        (wide.row.created_at.into(), wide.row.id.to_string())
    });
    Ok(page.map(|wide| wide.seen(reader, now)))
}

/// One page of all appeals that the caller may see, the most urgent first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &DealAppealFilter, paging: &Paging) -> Result<Page<DealAppeal>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause
        .one_of_some("deal_appeals.status", filter.status.as_ref())
        .below("deal_appeals.due_at", filter.due_before.as_ref());
    let (reader, now) = (Reader::of(tx.caller()), tx.now);
    let rows = load_page!(tx, table.inner_join(deals::table) => Wide, clause, BY_URGENCY, paging)?;
    let page = Page::of(rows, paging, |wide: &Wide| {
        (wide.row.due_at.into(), wide.row.id.to_string())
    });
    Ok(page.map(|wide| wide.seen(reader, now)))
}

/// The appeal with that id, of a registration that the caller may see.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: AppealId) -> Result<AppealRow> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deal_appeals.id", &id);
    Ok(table
        .inner_join(deals::table)
        .filter(clause)
        .select(AppealRow::as_select())
        .first(tx.conn())?)
}

/// The appeal against that decision, if there is one.
///
/// # Errors
/// What the database reports.
pub fn against(tx: &mut Tx<'_>, decision: DecisionId) -> Result<Option<AppealRow>> {
    Ok(table
        .filter(deal_appeals::decision_id.eq(decision))
        .select(AppealRow::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The appeal of the registration that waits for a decision, if there is one.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<AppealRow>> {
    Ok(table
        .filter(
            deal_appeals::deal_id
                .eq(deal)
                .and(deal_appeals::status.eq(DealAppealStatus::Open)),
        )
        .select(AppealRow::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Which open appeals (`x`, of the registration `d`) wait for that person, who may judge appeals by their role: those that
/// they have taken on, and those that nobody has of registrations that they had no part in, as `judges::Concerned` says.
///
/// # Errors
/// What the database reports.
pub fn waiting_for(tx: &mut Tx<'_>, me: UserId) -> Result<Clause> {
    let now = tx.now;
    let holding = protection::holding(tx)?;
    let contending = registrations::contending(now);
    let mut clause = Clause::rows_of(tx.caller(), "d.partner_id");
    clause.sql(" AND x.status = 'open' AND (x.adjudicator = ").value(&me);
    clause.sql(" OR (x.adjudicator IS NULL");
    for (own, end) in [
        ("(d.submitter_id IS NULL OR d.submitter_id <> ", ")"),
        ("(d.assignee_id IS NULL OR d.assignee_id <> ", ")"),
        (
            "NOT EXISTS (SELECT 1 FROM deal_reviews AS r WHERE r.deal_id = d.id AND r.submitted_by = ",
            ")",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM deal_details AS r WHERE r.deal_id = d.id AND r.on_behalf_of = ",
            ")",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM deal_decisions AS r WHERE r.deal_id = d.id AND r.decided_by = ",
            ")",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM deal_history AS r WHERE r.deal_id = d.id AND r.actor_id = ",
            "",
        ),
    ] {
        clause.sql(" AND ").sql(own).value(&me).sql(end);
    }
    clause.one_of("r.action", REVIEWING).sql(")");
    for partner in ["d.partner_id", "d.distributor_id"] {
        clause.sql(" AND NOT (TRUE");
        looked_after_by(&mut clause, partner, me, now);
        clause.sql(")");
    }
    clause
        .sql(" AND NOT EXISTS (SELECT 1 FROM deals WHERE ")
        .all_of(contending);
    looked_after_by(&mut clause, "deals.partner_id", me, now);
    clause
        .sql(") AND NOT EXISTS (SELECT 1 FROM protections AS p WHERE ")
        .all_of(holding);
    clause
        .sql(" AND (EXISTS (SELECT 1 FROM deal_decisions AS r WHERE r.deal_id = p.deal_id AND r.decided_by = ")
        .value(&me)
        .sql(") OR (TRUE");
    looked_after_by(&mut clause, "p.partner_id", me, now);
    clause.sql(")))))");
    Ok(clause)
}

/// Stores an appeal that is lodged, and tells of it.
///
/// # Errors
/// 409 `already_exists` if there was one against that decision.
pub fn insert(tx: &mut Tx<'_>, deal: &DealRow, row: AppealRow) -> Result<AppealRow> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))?;
    let now = tx.now;
    tx.record(Fact::created_as("deal_appeal.lodged", |vendor| {
        told(deal, &row, vendor, now)
    }))?;
    Ok(row)
}

/// Stores a changed appeal over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    deal: &DealRow,
    before: &AppealRow,
    after: AppealRow,
    kind: &'static str,
) -> Result<AppealRow> {
    revise!(tx, table, deal_appeals::revision, (before.id, before.revision), &after)?;
    let now = tx.now;
    tx.record(Fact::changed_as(
        kind,
        |vendor| told(deal, before, vendor, now),
        |vendor| told(deal, &after, vendor, now),
    ))?;
    Ok(after)
}

/// The appeal as events show it to each side.
fn told(deal: &DealRow, row: &AppealRow, vendor: bool, now: Time) -> DealAppeal {
    let whose = (deal.partner_id, deal.distributor_id);
    row.clone().seen(whose, Reader::on(vendor), now)
}
