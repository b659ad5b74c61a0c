//! The only file that knows the table of evidence. A deal that the caller may see was found before; its evidence is read
//! by the deal's id.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{DealEvidence, DealEvidenceFilter, DealEvidenceKind, NewDealEvidence, ORDER},
    rules,
};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    events::Fact,
    files::{self, AttachedResource},
    kernel::{
        Currency, Date, Money, Time,
        ids::{DealId, EvidenceId, FileId, Id as _, PartnerId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        deal_evidence::{self, table},
        deals,
    },
};

/// A piece of evidence as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_evidence, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct EvidenceRow {
    pub id: EvidenceId,
    pub deal_id: DealId,
    pub kind: DealEvidenceKind,
    pub reference: String,
    pub reference_key: String,
    pub issued_on: Option<Date>,
    pub amount_minor: Option<i64>,
    pub amount_currency: Option<Currency>,
    pub file_id: Option<FileId>,
    pub note: Option<String>,
    pub submitted_by: String,
    pub verified_by: Option<String>,
    pub verified_at: Option<Time>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl EvidenceRow {
    /// A piece that was just shown.
    pub fn new(deal: DealId, new: &NewDealEvidence, by: String, now: Time) -> Self {
        Self {
            id: EvidenceId::at(now),
            deal_id: deal,
            kind: new.kind,
            reference: new.reference.trim().to_owned(),
            reference_key: rules::reference_key(&new.reference),
            issued_on: new.issued_on,
            amount_minor: new.amount.map(|amount| amount.minor),
            amount_currency: new.amount.map(|amount| amount.currency),
            file_id: new.file_id,
            note: new.note.clone(),
            submitted_by: by,
            verified_by: None,
            verified_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The piece as the vendor, or a partner, sees it.
    pub fn seen(self, partner_id: PartnerId, also_shown_for: Option<Vec<DealId>>) -> DealEvidence {
        let by_vendor = also_shown_for.is_some();
        DealEvidence {
            id: self.id,
            deal_id: self.deal_id,
            kind: self.kind,
            reference: self.reference,
            issued_on: self.issued_on,
            amount: Money::from_columns(self.amount_minor, self.amount_currency),
            file_id: self.file_id,
            note: self.note,
            submitted_by: self.submitted_by,
            verified_at: self.verified_at,
            verified_by: self.verified_by.filter(|_| by_vendor),
            also_shown_for,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            partner_id,
        }
    }
}

/// One page of the evidence for a deal, as it came.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    deal: (DealId, PartnerId),
    filter: &DealEvidenceFilter,
    paging: &Paging,
) -> Result<Page<DealEvidence>> {
    let mut clause = Clause::all();
    clause
        .equals("deal_evidence.deal_id", &deal.0)
        .one_of_some("deal_evidence.kind", filter.kind.as_ref());
    let rows = load_page!(tx, table => EvidenceRow, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |row: &EvidenceRow| {
        (row.created_at.into(), row.id.to_string())
    });
    page.with(|rows| seen(tx, deal.1, rows))
}

/// The rows as the caller sees them: the vendor also learns where else the same was shown.
///
/// # Errors
/// What the database reports.
pub fn seen(tx: &mut Tx<'_>, partner: PartnerId, rows: Vec<EvidenceRow>) -> Result<Vec<DealEvidence>> {
    if !tx.caller().is_vendor() {
        return Ok(rows.into_iter().map(|row| row.seen(partner, None)).collect());
    }
    let mut elsewhere = elsewhere(tx, &rows)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let others = elsewhere.remove(&row.id).unwrap_or_default();
            row.seen(partner, Some(others))
        })
        .collect())
}

/// And: the same was shown as one of these pieces.
fn same_as<'r>(clause: &mut Clause, rows: impl IntoIterator<Item = &'r EvidenceRow>) {
    let pairs: Vec<(DealEvidenceKind, &str)> = rows
        .into_iter()
        .map(|row| (row.kind, row.reference_key.as_str()))
        .collect();
    clause.one_of_pairs(("deal_evidence.kind", "deal_evidence.reference_key"), &pairs);
}

/// For each piece the other deals for which the same was shown, at most 50 of them.
fn elsewhere(tx: &mut Tx<'_>, rows: &[EvidenceRow]) -> Result<BTreeMap<EvidenceId, Vec<DealId>>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    same_as(&mut clause, rows);
    let found: Vec<(DealEvidenceKind, String, DealId)> = table
        .inner_join(deals::table)
        .filter(clause)
        .order((deal_evidence::created_at, deal_evidence::id))
        .select((
            deal_evidence::kind,
            deal_evidence::reference_key,
            deal_evidence::deal_id,
        ))
        .limit(1000)
        .load(tx.conn())?;
    Ok(rows
        .iter()
        .map(|row| {
            let others = found
                .iter()
                .filter(|(kind, key, deal)| (*kind, key) == (row.kind, &row.reference_key) && *deal != row.deal_id)
                .map(|(_, _, deal)| *deal)
                .take(50)
                .collect();
            (row.id, others)
        })
        .collect())
}

/// All evidence for a deal, as it came.
///
/// # Errors
/// What the database reports.
pub fn of_deal(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<EvidenceRow>> {
    Ok(table
        .filter(deal_evidence::deal_id.eq(deal))
        .order((deal_evidence::created_at, deal_evidence::id))
        .select(EvidenceRow::as_select())
        .load(tx.conn())?)
}

/// The piece of evidence with that id, of a deal that the caller may see, and that deal's partner.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: EvidenceId) -> Result<(EvidenceRow, PartnerId)> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deal_evidence.id", &id);
    Ok(table
        .inner_join(deals::table)
        .filter(clause)
        .select((EvidenceRow::as_select(), deals::partner_id))
        .first(tx.conn())?)
}

/// The numbers of other deals whose confirmed win rests on one of these pieces.
///
/// # Errors
/// What the database reports.
pub fn used_by_others(tx: &mut Tx<'_>, deal: DealId, rows: &[EvidenceRow]) -> Result<Vec<(String, String)>> {
    let shown: Vec<&EvidenceRow> = rows.iter().filter(|row| row.kind.shows_a_sale()).collect();
    let mut clause = Clause::all();
    same_as(&mut clause, shown.iter().copied());
    clause
        .sql(" AND deal_evidence.deal_id <> ")
        .value(&deal)
        .and("deals.win_verified_at IS NOT NULL");
    let found: Vec<(DealEvidenceKind, String, String)> = table
        .inner_join(deals::table)
        .filter(clause)
        .select((deal_evidence::kind, deal_evidence::reference_key, deals::number))
        .order((deals::number, deal_evidence::id))
        .limit(MOST_NAMED)
        .load(tx.conn())?;
    Ok(found
        .into_iter()
        .filter_map(|(kind, key, number)| {
            let row = shown
                .iter()
                .find(|row| (row.kind, &row.reference_key) == (kind, &key))?;
            Some((row.reference.clone(), number))
        })
        .collect())
}

/// The most wins that a refusal names.
const MOST_NAMED: i64 = 20;

/// Stores a new piece of evidence with its file, which stands at `pointer`, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the deal has it already; 409 `unknown_reference` for a file that the caller does not see.
pub fn insert(tx: &mut Tx<'_>, partner: PartnerId, row: EvidenceRow, pointer: &str) -> Result<EvidenceRow> {
    attach(tx, partner, &row, row.file_id, pointer)?;
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))?;
    tx.record(Fact::created("deal_evidence.created", &row.clone().seen(partner, None)))?;
    Ok(row)
}

/// Stores a confirmed piece of evidence over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, partner: PartnerId, before: &EvidenceRow, after: EvidenceRow) -> Result<EvidenceRow> {
    revise!(tx, table, deal_evidence::revision, (before.id, before.revision), &after)?;
    let (old, new) = (before.clone().seen(partner, None), after.clone().seen(partner, None));
    tx.record(Fact::changed("deal_evidence.verified", &old, &new))?;
    Ok(after)
}

/// Attaches a file to a piece of evidence, if there is one.
///
/// # Errors
/// 409 `unknown_reference` for a file that the caller does not see.
pub fn attach(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    row: &EvidenceRow,
    file: Option<FileId>,
    pointer: &str,
) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let piece = (AttachedResource::DealEvidence, row.id.to_string());
    files::attach_to(tx, (file, pointer), (piece.0, &piece.1), partner)
}

/// Removes a piece of evidence with what is attached to it, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, partner: PartnerId, row: EvidenceRow) -> Result<()> {
    diesel::delete(table.find(row.id)).execute(tx.conn())?;
    files::detach_all(tx, AttachedResource::DealEvidence, &row.id.to_string())?;
    tx.record(Fact::deleted("deal_evidence.deleted", &row.seen(partner, None)))
}

/// The kinds of the pieces of evidence for each of the deals. For rules, not for callers.
///
/// # Errors
/// What the database reports.
pub fn evidence_of(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<BTreeMap<DealId, Vec<DealEvidenceKind>>> {
    let rows: Vec<(DealId, DealEvidenceKind)> = table
        .filter(deal_evidence::deal_id.eq_any(among(deals)))
        .select((deal_evidence::deal_id, deal_evidence::kind))
        .load(tx.conn())?;
    let mut kinds: BTreeMap<DealId, Vec<DealEvidenceKind>> = BTreeMap::new();
    for (deal, kind) in rows {
        kinds.entry(deal).or_default().push(kind);
    }
    Ok(kinds)
}

/// The evidence for each of those deals, with the moment at which it was shown.
///
/// # Errors
/// What the database reports.
pub fn evidence_by_time(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<BTreeMap<DealId, Vec<(Time, DealEvidenceKind)>>> {
    let rows: Vec<(DealId, Time, DealEvidenceKind)> = table
        .filter(deal_evidence::deal_id.eq_any(among(deals)))
        .select((deal_evidence::deal_id, deal_evidence::created_at, deal_evidence::kind))
        .load(tx.conn())?;
    let mut shown: BTreeMap<DealId, Vec<(Time, DealEvidenceKind)>> = BTreeMap::new();
    for (deal, at, kind) in rows {
        shown.entry(deal).or_default().push((at, kind));
    }
    Ok(shown)
}
