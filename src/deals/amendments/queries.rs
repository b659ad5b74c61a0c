//! The only file that knows the table of amendments. Whoever reads or writes one has found its registration before, by
//! the rows that the caller may see.

use diesel::prelude::*;

use super::model::{
    DealAmendment, DealAmendmentFilter, DealAmendmentPart, DealAmendmentPath, DealAmendmentStatus, DealAmendmentTerms,
};
use crate::{
    db::{Clause, Tx, among},
    deals::registrations::{DealLineStatus, DealRow, Reader},
    error::Result,
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{AmendmentId, ConflictCheckId, DealId},
        page::{Order, Page, Paging},
    },
    load_page,
    policies::PolicyCode,
    revise,
    schema::{
        deal_amendments::{self as amendments, table},
        deal_lines, deals,
    },
};

/// An amendment as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = amendments, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct AmendmentRow {
    pub id: AmendmentId,
    pub deal_id: DealId,
    pub status: DealAmendmentStatus,
    pub changes: Stored<DealAmendmentTerms>,
    pub previous: Stored<DealAmendmentTerms>,
    pub review_of: Stored<Vec<DealAmendmentPart>>,
    pub reason: String,
    pub conflict_check_id: Option<ConflictCheckId>,
    pub received_at: Time,
    pub seq: i64,
    pub requested_by: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
    pub decision_code: Option<PolicyCode>,
    pub decision_text: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl AmendmentRow {
    /// The amendment of that registration as the reader sees it: a partner does not learn who of the vendor decided, and
    /// nobody reads the account's counter of claims from it.
    pub fn seen(self, deal: &DealRow, reader: Reader) -> DealAmendment {
        DealAmendment {
            id: self.id,
            deal_id: self.deal_id,
            partner_id: deal.partner_id,
            status: self.status,
            changes: self.changes.0,
            previous: self.previous.0,
            review_of: self.review_of.0,
            reason: self.reason,
            conflict_check_id: self.conflict_check_id,
            received_at: self.received_at,
            requested_by: self.requested_by,
            decided_by: self.decided_by.filter(|_| reader == Reader::Vendor),
            decided_at: self.decided_at,
            decision_code: self.decision_code,
            decision_text: self.decision_text,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            told: std::iter::once(deal.partner_id).chain(deal.distributor_id).collect(),
        }
    }
}

/// One page of the amendments of a registration, oldest first.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    deal: &DealRow,
    filter: &DealAmendmentFilter,
    paging: &Paging,
) -> Result<Page<DealAmendment>> {
    let mut clause = Clause::all();
    clause
        .equals("deal_amendments.deal_id", &deal.id)
        .one_of_some("deal_amendments.status", filter.status.as_ref());
    let order = Order {
        column: "deal_amendments.created_at",
        id: "deal_amendments.id",
        descending: false,
    };
    let rows = load_page!(tx, table => AmendmentRow, clause, order, paging)?;
    let reader = Reader::of(tx.caller());
    let page = Page::of(rows, paging, |row: &AmendmentRow| {
        (row.created_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| row.seen(deal, reader)))
}

/// The amendment of that registration with that id.
///
/// Which registration it belongs to, if the caller may see that.
///
/// # Errors
/// 404 if there is none.
pub fn path(tx: &mut Tx<'_>, id: AmendmentId) -> Result<DealAmendmentPath> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deal_amendments.id", &id);
    let deal: DealId = table
        .inner_join(deals::table)
        .filter(clause)
        .select(amendments::deal_id)
        .first(tx.conn())?;
    Ok(DealAmendmentPath {
        id: deal,
        amendment_id: id,
    })
}

/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, deal: DealId, id: AmendmentId) -> Result<AmendmentRow> {
    Ok(table
        .find(id)
        .filter(amendments::deal_id.eq(deal))
        .select(AmendmentRow::as_select())
        .first(tx.conn())?)
}

/// The registration of an amendment, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn deal_of(tx: &mut Tx<'_>, id: AmendmentId) -> Result<DealId> {
    path(tx, id).map(|path| path.id)
}

/// The amendment that waits for the vendor.
///
/// # Errors
/// What the database reports.
pub fn pending(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<AmendmentRow>> {
    Ok(table
        .filter(
            amendments::deal_id
                .eq(deal)
                .and(amendments::status.eq(DealAmendmentStatus::Pending)),
        )
        .select(AmendmentRow::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The amendments that hold and came after that moment, oldest first.
///
/// # Errors
/// What the database reports.
pub fn holding_since(tx: &mut Tx<'_>, deal: DealId, since: Option<Time>) -> Result<Vec<AmendmentRow>> {
    let since = since.unwrap_or(Time::from_micros(0));
    Ok(table
        .filter(amendments::deal_id.eq(deal).and(amendments::created_at.ge(since)))
        .filter(amendments::status.eq_any(among([DealAmendmentStatus::Applied, DealAmendmentStatus::Approved])))
        .order((amendments::created_at, amendments::id))
        .select(AmendmentRow::as_select())
        .load(tx.conn())?)
}

/// Every amendment of those registrations, the oldest first: for those who ask what another rule would have made of them.
///
/// # Errors
/// What the database reports.
pub fn of_deals(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<Vec<AmendmentRow>> {
    Ok(table
        .filter(amendments::deal_id.eq_any(among(deals)))
        .order((amendments::created_at, amendments::id))
        .select(AmendmentRow::as_select())
        .load(tx.conn())?)
}

/// Stores a new amendment, and tells of it.
///
/// # Errors
/// 409 `already_exists` if another one waits.
pub fn insert(tx: &mut Tx<'_>, deal: &DealRow, row: &AmendmentRow) -> Result<()> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(row).execute(tx.conn())?))?;
    let kind = if row.status == DealAmendmentStatus::Applied {
        "deal_amendment.applied"
    } else {
        "deal_amendment.requested"
    };
    tx.record(Fact::created_as(kind, |vendor| {
        row.clone().seen(deal, Reader::on(vendor))
    }))
}

/// Stores a changed amendment over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    deal: &DealRow,
    before: &AmendmentRow,
    after: &AmendmentRow,
    kind: &'static str,
) -> Result<()> {
    revise!(tx, table, amendments::revision, (before.id, before.revision), after)?;
    tx.record(Fact::changed_as(
        kind,
        |vendor| before.clone().seen(deal, Reader::on(vendor)),
        |vendor| after.clone().seen(deal, Reader::on(vendor)),
    ))
}

/// Ends what was added to the registration and waits.
///
/// # Errors
/// What the database reports.
pub fn refuse_added_lines(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    let now = tx.now;
    let added = deal_lines::table.filter(
        deal_lines::deal_id
            .eq(deal)
            .and(deal_lines::review_status.eq(DealLineStatus::Pending)),
    );
    diesel::update(added)
        .set((
            deal_lines::review_status.eq(DealLineStatus::Rejected),
            deal_lines::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}
