//! The only file that knows the table of extensions. Whoever reads or writes one has found its registration before, by
//! the rows that the caller may see.

use diesel::prelude::*;

use super::model::{DealExtension, DealExtensionFilter, DealExtensionPath, DealExtensionStatus};
use crate::{
    db::{Clause, Tx, among},
    deals::{
        outcomes::DealEvidenceKind,
        registrations::{DealRow, Reader},
    },
    error::Result,
    events::Fact,
    kernel::{
        Time,
        ids::{DealId, ExtensionId},
        page::{Order, Page, Paging},
    },
    load_page,
    policies::PolicyCode,
    revise,
    schema::{
        deal_evidence,
        deal_extensions::{self as extensions, table},
        deals,
    },
};

/// An extension as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = extensions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ExtensionRow {
    pub id: ExtensionId,
    pub deal_id: DealId,
    pub status: DealExtensionStatus,
    pub previous_end_at: Time,
    pub requested_end_at: Time,
    pub granted_end_at: Option<Time>,
    pub grace_until: Time,
    pub evidence: String,
    pub requested_by: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
    pub reason_code: Option<PolicyCode>,
    pub reason_text: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl ExtensionRow {
    /// The extension of that registration as the reader sees it: a partner does not learn who of the vendor decided.
    pub fn seen(self, deal: &DealRow, reader: Reader) -> DealExtension {
        DealExtension {
            id: self.id,
            deal_id: self.deal_id,
            partner_id: deal.partner_id,
            status: self.status,
            previous_end_at: self.previous_end_at,
            requested_end_at: self.requested_end_at,
            granted_end_at: self.granted_end_at,
            grace_until: self.grace_until,
            activity: self.evidence,
            requested_by: self.requested_by,
            decided_by: self.decided_by.filter(|_| reader == Reader::Vendor),
            decided_at: self.decided_at,
            reason_code: self.reason_code,
            reason_text: self.reason_text,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            told: std::iter::once(deal.partner_id).chain(deal.distributor_id).collect(),
        }
    }
}

/// One page of the extensions of a registration, oldest first.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    deal: &DealRow,
    filter: &DealExtensionFilter,
    paging: &Paging,
) -> Result<Page<DealExtension>> {
    let mut clause = Clause::all();
    clause
        .equals("deal_extensions.deal_id", &deal.id)
        .one_of_some("deal_extensions.status", filter.status.as_ref());
    let order = Order {
        column: "deal_extensions.created_at",
        id: "deal_extensions.id",
        descending: false,
    };
    let rows = load_page!(tx, table => ExtensionRow, clause, order, paging)?;
    let reader = Reader::of(tx.caller());
    let page = Page::of(rows, paging, |row: &ExtensionRow| {
        (row.created_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| row.seen(deal, reader)))
}

/// Which registration the extension belongs to, if the caller may see that.
///
/// # Errors
/// 404 if there is none.
pub fn path(tx: &mut Tx<'_>, id: ExtensionId) -> Result<DealExtensionPath> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deal_extensions.id", &id);
    let deal: DealId = table
        .inner_join(deals::table)
        .filter(clause)
        .select(extensions::deal_id)
        .first(tx.conn())?;
    Ok(DealExtensionPath {
        id: deal,
        extension_id: id,
    })
}

/// The extension of that registration with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, deal: DealId, id: ExtensionId) -> Result<ExtensionRow> {
    Ok(table
        .find(id)
        .filter(extensions::deal_id.eq(deal))
        .select(ExtensionRow::as_select())
        .first(tx.conn())?)
}

/// The registration of an extension, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn deal_of(tx: &mut Tx<'_>, id: ExtensionId) -> Result<DealId> {
    path(tx, id).map(|path| path.id)
}

/// The extension that waits for the vendor.
///
/// # Errors
/// What the database reports.
pub fn pending(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<ExtensionRow>> {
    Ok(table
        .filter(
            extensions::deal_id
                .eq(deal)
                .and(extensions::status.eq(DealExtensionStatus::Pending)),
        )
        .select(ExtensionRow::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Every extension of those registrations, the oldest first: for those who ask what another rule would have made of them.
///
/// # Errors
/// What the database reports.
pub fn of_deals(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<Vec<ExtensionRow>> {
    Ok(table
        .filter(extensions::deal_id.eq_any(among(deals)))
        .order((extensions::created_at, extensions::id))
        .select(ExtensionRow::as_select())
        .load(tx.conn())?)
}

/// Whether evidence of work on the deal was handed in that is not older than `since`: of meetings and activities, by
/// their own day where it is said.
///
/// # Errors
/// What the database reports.
pub fn worked_since(tx: &mut Tx<'_>, deal: DealId, kinds: &[DealEvidenceKind], since: Time) -> Result<bool> {
    let today = tx.now.date();
    let mut clause = Clause::all();
    clause
        .equals("deal_evidence.deal_id", &deal)
        .one_of("deal_evidence.kind", kinds)
        .and("((deal_evidence.issued_on >= ")
        .value(&since.date())
        .sql(" AND deal_evidence.issued_on <= ")
        .value(&today)
        .sql(") OR (deal_evidence.issued_on IS NULL AND deal_evidence.created_at >= ")
        .value(&since)
        .sql("))");
    let found: i64 = deal_evidence::table.filter(clause).count().get_result(tx.conn())?;
    Ok(found > 0)
}

/// Stores a new extension, and tells of it.
///
/// # Errors
/// 409 `already_exists` if another one waits.
pub fn insert(tx: &mut Tx<'_>, deal: &DealRow, row: &ExtensionRow) -> Result<()> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(row).execute(tx.conn())?))?;
    tx.record(Fact::created_as("deal_extension.requested", |vendor| {
        row.clone().seen(deal, Reader::on(vendor))
    }))
}

/// Stores a changed extension over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    deal: &DealRow,
    before: &ExtensionRow,
    after: &ExtensionRow,
    kind: &'static str,
) -> Result<()> {
    revise!(tx, table, extensions::revision, (before.id, before.revision), after)?;
    tx.record(Fact::changed_as(
        kind,
        |vendor| before.clone().seen(deal, Reader::on(vendor)),
        |vendor| after.clone().seen(deal, Reader::on(vendor)),
    ))
}
