//! The only file that knows the table of partners' segments.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{ORDER, PartnerSegment, PartnerSegmentFilter};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{PartnerId, PartnerSegmentId},
        page::{Page, Paging},
    },
    load_page,
    policies::PolicyCode,
    schema::partner_segments::{self, table},
};

/// The entries of a partner that the caller may see.
fn of_partner(tx: &Tx<'_>, partner: PartnerId) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "partner_segments.partner_id");
    clause.equals("partner_segments.partner_id", &partner);
    clause
}

/// One page of a partner's segments, the latest first.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    filter: &PartnerSegmentFilter,
    paging: &Paging,
) -> Result<Page<PartnerSegment>> {
    let mut clause = of_partner(tx, partner);
    if let Some(at) = filter.as_of {
        clause
            .sql(" AND partner_segments.valid_from = (SELECT MAX(begun.valid_from) FROM partner_segments begun")
            .sql(" WHERE begun.partner_id = partner_segments.partner_id AND begun.valid_from <= ")
            .value(&at)
            .sql(")");
    }
    let rows = load_page!(tx, table => PartnerSegment, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.valid_from.into(), row.id.to_string())
    }))
}

/// The entry with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId, id: PartnerSegmentId) -> Result<PartnerSegment> {
    let mut clause = of_partner(tx, partner);
    clause.equals("partner_segments.id", &id);
    Ok(table
        .filter(clause)
        .select(PartnerSegment::as_select())
        .first(tx.conn())?)
}

/// The segment that a partner is in at that moment, for rules that ask by it; the partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn at(tx: &mut Tx<'_>, partner: PartnerId, moment: Time) -> Result<Option<PolicyCode>> {
    let segment: Option<Option<PolicyCode>> = table
        .filter(partner_segments::partner_id.eq(partner))
        .filter(partner_segments::valid_from.le(moment))
        .order(partner_segments::valid_from.desc())
        .select(partner_segments::segment)
        .first(tx.conn())
        .optional()?;
    Ok(segment.flatten())
}

/// The segments of all partners, each as it began, in order.
#[derive(Debug, Default)]
pub struct Held(BTreeMap<PartnerId, Vec<(Time, Option<PolicyCode>)>>);

impl Held {
    /// The segment that the partner was in at that moment.
    pub fn at(&self, partner: PartnerId, moment: Time) -> Option<PolicyCode> {
        let chain = self.0.get(&partner)?;
        let begun = chain.iter().rfind(|(from, _)| *from <= moment)?;
        begun.1.clone()
    }
}

/// The segments of all partners, for rules that look at history as a whole.
///
/// # Errors
/// What the database reports.
pub fn held(tx: &mut Tx<'_>) -> Result<Held> {
    let rows: Vec<(PartnerId, Time, Option<PolicyCode>)> = table
        .order((partner_segments::partner_id, partner_segments::valid_from))
        .select((
            partner_segments::partner_id,
            partner_segments::valid_from,
            partner_segments::segment,
        ))
        .load(tx.conn())?;
    let mut held = Held::default();
    for (partner, from, segment) in rows {
        held.0.entry(partner).or_default().push((from, segment));
    }
    Ok(held)
}

/// Stores a new entry, and tells of it.
///
/// # Errors
/// 409 `already_exists` if another one began at the same moment.
pub fn insert(tx: &mut Tx<'_>, entry: PartnerSegment) -> Result<PartnerSegment> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&entry).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS).fault(
                    "#/segment",
                    "already_exists",
                    "Somebody set the segment at this very moment; read it again.",
                )
            })
        })?;
    tx.record(Fact::created("partner.segment_changed", &entry))?;
    Ok(entry)
}
