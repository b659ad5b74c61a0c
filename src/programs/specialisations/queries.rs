//! The only file that knows the tables of specialisations and of their awards. Specialisations belong to no partner, but
//! partners see only those of programs that they see; awards belong to their partner.

use diesel::prelude::*;

use super::model::{
    AwardRow, AwardStatus, Specialisation, SpecialisationAward, SpecialisationAwardFilter, SpecialisationAwardSort,
    SpecialisationFilter, SpecialisationSort,
};
use crate::{
    auth::Caller,
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{PartnerId, ProgramId, SpecialisationAwardId, SpecialisationId},
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::{
        specialisation_awards as awards,
        specialisations::{self, table},
    },
};

/// Partners do not see what belongs to a program that is worked out yet.
fn visible(caller: &Caller) -> Clause {
    let mut clause = Clause::all();
    if !caller.is_vendor() {
        clause.sql(
            " AND specialisations.program_id IN (SELECT programs.id FROM programs WHERE programs.status <> 'draft')",
        );
    }
    clause
}

/// One page of specialisations.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &SpecialisationFilter, paging: &Paging) -> Result<Page<Specialisation>> {
    let sort = filter.sort.unwrap_or(SpecialisationSort::Name);
    let mut clause = visible(tx.caller());
    clause
        .equals_some("specialisations.program_id", filter.program_id.as_ref())
        .one_of_some("specialisations.status", filter.status.as_ref())
        .one_of_some("specialisations.code", filter.code.as_ref());
    let rows = load_page!(tx, table => Specialisation, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: SpecialisationSort, row: &Specialisation) -> Key {
    match sort {
        SpecialisationSort::Name | SpecialisationSort::NameDescending => row.name_key.as_str().into(),
        SpecialisationSort::Created | SpecialisationSort::CreatedDescending => row.created_at.into(),
    }
}

/// The specialisation with that id.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find(tx: &mut Tx<'_>, id: SpecialisationId) -> Result<Specialisation> {
    let clause = visible(tx.caller());
    Ok(table
        .find(id)
        .filter(clause)
        .select(Specialisation::as_select())
        .get_result(tx.conn())?)
}

/// What programs award now, and besides them the specialisations with those ids, by name.
///
/// # Errors
/// What the database reports.
pub fn awarded_by(
    tx: &mut Tx<'_>,
    programs: &[ProgramId],
    besides: &[SpecialisationId],
) -> Result<Vec<Specialisation>> {
    let mut clause = visible(tx.caller());
    clause.sql(" AND ((specialisations.status = 'active'");
    clause.one_of("specialisations.program_id", programs).sql(") OR (TRUE");
    clause.one_of("specialisations.id", besides).sql("))");
    Ok(table
        .filter(clause)
        .order((specialisations::name_key, specialisations::id))
        .select(Specialisation::as_select())
        .load(tx.conn())?)
}

/// Stores a new specialisation, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its code is taken, `unknown_reference` if there is no such program.
pub fn insert(tx: &mut Tx<'_>, specialisation: Specialisation) -> Result<Specialisation> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&specialisation).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::ALREADY_EXISTS, || {
                    let detail = format!("There is already a specialisation `{}`.", specialisation.code);
                    Error::new(&codes::ALREADY_EXISTS).fault("#/code", "already_exists", detail)
                })
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#/program_id", "There is no such program.")
                })
        })?;
    tx.record(Fact::created("specialisation.created", &specialisation))?;
    Ok(specialisation)
}

/// Stores a changed specialisation over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Specialisation, after: Specialisation) -> Result<Specialisation> {
    revise!(
        tx,
        table,
        specialisations::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed("specialisation.updated", before, &after))?;
    Ok(after)
}

/// And: the award is valid at that moment.
fn valid(clause: &mut Clause, at: Time) {
    clause
        .sql(" AND specialisation_awards.valid_from <= ")
        .value(&at)
        .sql(" AND (specialisation_awards.valid_until IS NULL OR specialisation_awards.valid_until > ")
        .value(&at)
        .sql(")")
        .sql(" AND (specialisation_awards.withdrawn_at IS NULL OR specialisation_awards.withdrawn_at > ")
        .value(&at)
        .sql(")");
}

/// And: the partner in that column holds a specialisation with one of those codes at a moment.
pub fn held(clause: &mut Clause, column: &'static str, codes: &[String], at: Time) {
    clause
        .sql(" AND EXISTS (SELECT 1 FROM specialisation_awards JOIN specialisations ON specialisations.id = specialisation_awards.specialisation_id WHERE specialisation_awards.partner_id = ")
        .sql(column)
        .one_of("specialisations.code", codes);
    valid(clause, at);
    clause.sql(")");
}

/// One page of the awards that the caller may see, as they stand at a moment.
///
/// # Errors
/// What the database reports.
pub fn award_page(
    tx: &mut Tx<'_>,
    filter: &SpecialisationAwardFilter,
    paging: &Paging,
) -> Result<Page<SpecialisationAward>> {
    let sort = filter.sort.unwrap_or(SpecialisationAwardSort::Created);
    let at = filter.as_of.unwrap_or(tx.now);
    let mut clause = Clause::rows_of(tx.caller(), "specialisation_awards.partner_id");
    clause
        .equals_some("specialisation_awards.partner_id", filter.partner_id.as_ref())
        .equals_some(
            "specialisation_awards.specialisation_id",
            filter.specialisation_id.as_ref(),
        );
    if let Some(before) = &filter.ends_before {
        clause
            .sql(" AND specialisation_awards.valid_until IS NOT NULL")
            .below("specialisation_awards.valid_until", Some(before));
    }
    if let Some(statuses) = &filter.status {
        clause.sql(" AND (FALSE");
        for status in statuses {
            clause.sql(" OR (TRUE");
            of_status(&mut clause, *status, at);
            clause.sql(")");
        }
        clause.sql(")");
    }
    let rows = load_page!(tx, awards::table => AwardRow, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (row.created_at.into(), row.id.to_string())).map(|row| row.shown(at)))
}

/// And: the award stands there, as [`AwardRow::status_at`] works it out.
fn of_status(clause: &mut Clause, status: AwardStatus, at: Time) {
    const NOT_WITHDRAWN: &str = "(specialisation_awards.withdrawn_at IS NULL OR specialisation_awards.withdrawn_at > ";
    match status {
        AwardStatus::Valid => valid(clause, at),
        AwardStatus::Withdrawn => {
            clause
                .sql(" AND specialisation_awards.withdrawn_at IS NOT NULL AND specialisation_awards.withdrawn_at <= ")
                .value(&at);
        }
        AwardStatus::Upcoming => {
            clause
                .sql(" AND ")
                .sql(NOT_WITHDRAWN)
                .value(&at)
                .sql(")")
                .sql(" AND specialisation_awards.valid_from > ")
                .value(&at);
        }
        AwardStatus::Expired => {
            clause
                .sql(" AND ")
                .sql(NOT_WITHDRAWN)
                .value(&at)
                .sql(")")
                .sql(" AND specialisation_awards.valid_from <= ")
                .value(&at)
                .sql(" AND specialisation_awards.valid_until IS NOT NULL AND specialisation_awards.valid_until <= ")
                .value(&at);
        }
    }
}

/// The award with that id, as it is stored.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find_award(tx: &mut Tx<'_>, id: SpecialisationAwardId) -> Result<AwardRow> {
    let clause = Clause::rows_of(tx.caller(), "specialisation_awards.partner_id");
    Ok(awards::table
        .find(id)
        .filter(clause)
        .select(AwardRow::as_select())
        .get_result(tx.conn())?)
}

/// Every award to a partner that the caller may see, by when it begins.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<AwardRow>> {
    let mut clause = Clause::rows_of(tx.caller(), "specialisation_awards.partner_id");
    clause.equals("specialisation_awards.partner_id", &partner);
    Ok(awards::table
        .filter(clause)
        .order((awards::valid_from, awards::id))
        .select(AwardRow::as_select())
        .load(tx.conn())?)
}

/// The awards of a program's specialisations to a partner that were not withdrawn. The partner was found by the caller's
/// own rows.
///
/// # Errors
/// What the database reports.
pub fn of_member(tx: &mut Tx<'_>, program: ProgramId, partner: PartnerId) -> Result<Vec<AwardRow>> {
    Ok(awards::table
        .inner_join(table)
        .filter(specialisations::program_id.eq(program))
        .filter(awards::partner_id.eq(partner))
        .filter(awards::withdrawn_at.is_null())
        .order((awards::valid_from, awards::id))
        .select(AwardRow::as_select())
        .load(tx.conn())?)
}

/// The awards whose time was up after one moment and by another, and that no other award followed on, the earliest first.
///
/// # Errors
/// What the database reports.
pub fn ended_between(tx: &mut Tx<'_>, after: Time, by: Time) -> Result<Vec<AwardRow>> {
    let mut clause = Clause::all();
    clause.sql(" AND ").sql(ENDS_FOR_GOOD);
    Ok(awards::table
        .filter(clause)
        .filter(awards::valid_until.gt(after).and(awards::valid_until.le(by)))
        .order((awards::valid_until, awards::id))
        .select(AwardRow::as_select())
        .load(tx.conn())?)
}

/// The partner has the specialisation no more once the award ends: it was not awarded anew from then on.
pub const ENDS_FOR_GOOD: &str = "specialisation_awards.withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 FROM specialisation_awards AS next WHERE next.partner_id = specialisation_awards.partner_id \
     AND next.specialisation_id = specialisation_awards.specialisation_id AND next.withdrawn_at IS NULL \
     AND next.valid_from = specialisation_awards.valid_until)";

/// Stores a new award, and tells of it.
///
/// # Errors
/// 409 `already_exists` if another award of the specialisation to the partner holds at the same time.
pub fn insert_award(tx: &mut Tx<'_>, row: AwardRow) -> Result<SpecialisationAward> {
    tx.attempt(|tx| Ok(diesel::insert_into(awards::table).values(&row).execute(tx.conn())?))
        .map_err(overlapping)?;
    let shown = row.shown(tx.now);
    tx.record(Fact::created("specialisation_award.awarded", &shown))?;
    Ok(shown)
}

fn overlapping(error: Error) -> Error {
    error.when(&codes::ALREADY_EXISTS, || {
        let detail = "The partner has the specialisation at that time already; renew that award, or withdraw it first.";
        Error::new(&codes::ALREADY_EXISTS).detail(detail)
    })
}

/// Stores a changed award over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if another award holds at the same time.
pub fn save_award(
    tx: &mut Tx<'_>,
    before: AwardRow,
    after: AwardRow,
    kind: &'static str,
) -> Result<SpecialisationAward> {
    tx.attempt(|tx| {
        revise!(
            tx,
            awards::table,
            awards::revision,
            (before.id, before.revision),
            &after
        )
    })
    .map_err(overlapping)?;
    let now = tx.now;
    let shown = after.shown(now);
    tx.record(Fact::changed(kind, &before.shown(now), &shown))?;
    Ok(shown)
}
