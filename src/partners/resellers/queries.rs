//! The only file that knows the table of relations of distributors with resellers.

use diesel::prelude::*;

use super::model::{ORDER, ResellerFilter, ResellerRelation};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Date,
        ids::{PartnerId, ResellerRelationId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::partner_resellers::{self as relations, table},
};

/// One page of a distributor's relations.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    distributor: PartnerId,
    filter: &ResellerFilter,
    paging: &Paging,
) -> Result<Page<ResellerRelation>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_resellers.distributor_id");
    clause.equals("partner_resellers.distributor_id", &distributor);
    if let Some(day) = &filter.as_of {
        clause
            .sql(" AND partner_resellers.starts_on <= ")
            .value(day)
            .sql(" AND (partner_resellers.ends_on IS NULL OR partner_resellers.ends_on > ")
            .value(day)
            .sql(")");
    }
    let rows = load_page!(tx, table => ResellerRelation, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The relation of a distributor with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, distributor: PartnerId, id: ResellerRelationId) -> Result<ResellerRelation> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_resellers.distributor_id");
    clause
        .equals("partner_resellers.distributor_id", &distributor)
        .equals("partner_resellers.id", &id);
    Ok(table
        .filter(clause)
        .select(ResellerRelation::as_select())
        .first(tx.conn())?)
}

/// The resellers that a distributor serves on that day.
///
/// # Errors
/// What the database reports.
pub fn resellers_of(tx: &mut Tx<'_>, distributor: PartnerId, day: Date) -> Result<Vec<PartnerId>> {
    Ok(table
        .filter(relations::distributor_id.eq(distributor))
        .filter(relations::starts_on.le(day))
        .filter(relations::ends_on.is_null().or(relations::ends_on.gt(day)))
        .order(relations::reseller_id.asc())
        .select(relations::reseller_id)
        .load(tx.conn())?)
}

/// Stores a new relation, and tells of it.
///
/// # Errors
/// 409 `unknown_reference` if there is no such reseller, `already_exists` if one begins on that day.
pub fn insert(tx: &mut Tx<'_>, relation: ResellerRelation) -> Result<ResellerRelation> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&relation).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#/reseller_id", "There is no such partner.")
                })
                .when(&codes::ALREADY_EXISTS, || {
                    Error::new(&codes::ALREADY_EXISTS).fault(
                        "#/starts_on",
                        "already_exists",
                        "The distributor serves this reseller from that day on.",
                    )
                })
        })?;
    tx.record(Fact::created("reseller_relation.created", &relation))?;
    Ok(relation)
}

/// Stores a changed relation over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &ResellerRelation, after: ResellerRelation) -> Result<ResellerRelation> {
    revise!(tx, table, relations::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed("reseller_relation.updated", before, &after))?;
    Ok(after)
}

/// Ends the relations of a partner that has ended, on whichever side of them it stands.
///
/// # Errors
/// What the database reports.
pub fn end_all(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let now = tx.now;
    let today = now.date();
    let live: Vec<ResellerRelation> = table
        .filter(
            relations::distributor_id
                .eq(partner)
                .or(relations::reseller_id.eq(partner)),
        )
        .filter(relations::ends_on.is_null().or(relations::ends_on.gt(today)))
        .order(relations::id)
        .select(ResellerRelation::as_select())
        .load(tx.conn())?;
    for relation in live {
        save(tx, &relation, relation.clone().ended(now))?;
    }
    Ok(())
}
