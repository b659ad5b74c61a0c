//! The only file that knows the tables of attribution.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{AttributionRole, AttributionShare, DealAttribution, DealAttributionSet, ORDER};
use crate::{
    db::{Clause, Tx, among},
    deals::registrations::DealRow,
    error::{Error, Fault, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{AttributionId, DealId, PartnerId},
        page::{Page, Paging},
    },
    load_page, partners,
    schema::{attribution_sets, attribution_splits},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = attribution_sets, treat_none_as_default_value = false)]
struct SetRow {
    id: AttributionId,
    deal_id: DealId,
    valid_from: Time,
    sealed: bool,
    reason: String,
    created_by: String,
    created_at: Time,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = attribution_splits, treat_none_as_default_value = false)]
struct SplitRow {
    set_id: AttributionId,
    partner_id: PartnerId,
    role: AttributionRole,
    basis_points: i64,
}

impl SetRow {
    fn with(self, splits: Vec<AttributionShare>) -> DealAttributionSet {
        DealAttributionSet {
            id: self.id,
            deal_id: self.deal_id,
            valid_from: self.valid_from,
            splits,
            others_basis_points: 0,
            reason: Some(self.reason),
            created_by: Some(self.created_by),
            created_at: self.created_at,
        }
    }
}

/// Checks that the partners of the shares exist and that the caller may name them.
///
/// # Errors
/// 409 `unknown_reference` naming every one that is not there.
pub fn known(tx: &mut Tx<'_>, shares: &[AttributionShare], pointer: &str) -> Result<()> {
    let mut faults = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        match partners::status(tx, share.partner_id) {
            Ok(_) => {}
            Err(error) if error.is(&codes::NOT_FOUND) => faults.push(Fault {
                pointer: format!("{pointer}/{index}/partner_id"),
                code: "unknown_reference".into(),
                detail: format!("There is no partner {}.", share.partner_id),
            }),
            Err(error) => return Err(error),
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::new(&codes::UNKNOWN_REFERENCE).faults(faults))
    }
}

/// Stores the shares in a registration from that moment on, and tells the vendor of them. The set is written open, filled,
/// and sealed, which the database refuses unless it adds up.
///
/// # Errors
/// 409 `already_exists` if a set of the registration begins at that very moment, `unknown_reference` for a partner that is
/// not there; 409 `contradiction` for shares that do not add up.
pub fn record(
    tx: &mut Tx<'_>,
    deal: DealId,
    shares: &[AttributionShare],
    valid_from: Time,
    reason: &str,
) -> Result<DealAttributionSet> {
    let row = SetRow {
        id: tx.new_id(),
        deal_id: deal,
        valid_from,
        sealed: false,
        reason: reason.to_owned(),
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    tx.attempt(|tx| {
        Ok(diesel::insert_into(attribution_sets::table)
            .values(&row)
            .execute(tx.conn())?)
    })
    .map_err(|error| {
        error.when(&codes::ALREADY_EXISTS, || {
            let detail = "Other shares begin at that very moment; name another.";
            Error::new(&codes::ALREADY_EXISTS).fault("#/valid_from", "already_exists", detail)
        })
    })?;
    for share in shares {
        let split = SplitRow {
            set_id: row.id,
            partner_id: share.partner_id,
            role: share.role,
            basis_points: share.basis_points,
        };
        diesel::insert_into(attribution_splits::table)
            .values(&split)
            .execute(tx.conn())?;
    }
    diesel::update(attribution_sets::table.find(row.id))
        .set(attribution_sets::sealed.eq(true))
        .execute(tx.conn())?;
    let set = row.with(shares.to_vec());
    tx.record(Fact::created("deal_attribution.set", &set))?;
    Ok(set)
}

/// Who is credited with the registration at that moment, as the caller reads it.
///
/// # Errors
/// What the database reports.
pub fn as_of(tx: &mut Tx<'_>, deal: &DealRow, at: Time) -> Result<DealAttribution> {
    let row: Option<SetRow> = attribution_sets::table
        .filter(
            attribution_sets::deal_id
                .eq(deal.id)
                .and(attribution_sets::sealed)
                .and(attribution_sets::valid_from.le(at)),
        )
        .order(attribution_sets::valid_from.desc())
        .select(SetRow::as_select())
        .first(tx.conn())
        .optional()?;
    let Some(row) = row else {
        return Ok(DealAttribution::implicit(deal.id, deal.partner_id));
    };
    let splits = splits(tx, &[row.id])?.remove(&row.id).unwrap_or_default();
    Ok(row.with(splits).seen_by(tx.caller()).into())
}

/// One page of everything that was credited in a registration, what holds last first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, deal: DealId, paging: &Paging) -> Result<Page<DealAttributionSet>> {
    let mut clause = Clause::all();
    clause
        .equals("attribution_sets.deal_id", &deal)
        .and("attribution_sets.sealed");
    let rows = load_page!(tx, attribution_sets::table => SetRow, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |row: &SetRow| (row.valid_from.into(), row.id.to_string()));
    let ids: Vec<AttributionId> = page.data.iter().map(|row| row.id).collect();
    let mut splits = splits(tx, &ids)?;
    let caller = tx.caller();
    Ok(page.map(|row| {
        let shares = splits.remove(&row.id).unwrap_or_default();
        row.with(shares).seen_by(caller)
    }))
}

fn splits(tx: &mut Tx<'_>, sets: &[AttributionId]) -> Result<BTreeMap<AttributionId, Vec<AttributionShare>>> {
    let rows: Vec<SplitRow> = attribution_splits::table
        .filter(attribution_splits::set_id.eq_any(among(sets)))
        .order((
            attribution_splits::set_id,
            attribution_splits::basis_points.desc(),
            attribution_splits::partner_id,
            attribution_splits::role,
        ))
        .select(SplitRow::as_select())
        .load(tx.conn())?;
    let mut found: BTreeMap<AttributionId, Vec<AttributionShare>> = BTreeMap::new();
    for row in rows {
        found.entry(row.set_id).or_default().push(AttributionShare {
            partner_id: row.partner_id,
            role: row.role,
            basis_points: row.basis_points,
        });
    }
    Ok(found)
}
