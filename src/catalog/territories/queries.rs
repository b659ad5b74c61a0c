//! The only file that knows the table of territories. They belong to no partner: everyone sees all of them.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Territory, TerritoryFilter, TerritorySort};
use crate::{
    calendars,
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::{CalendarId, TerritoryId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, remove, revise,
    schema::{
        territories::{self, table},
        territory_closure,
    },
};

/// One page of territories.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &TerritoryFilter, paging: &Paging) -> Result<Page<Territory>> {
    let sort = filter.sort.unwrap_or(TerritorySort::Name);
    let mut clause = Clause::all();
    clause
        .one_of_some("territories.kind", filter.kind.as_ref())
        .one_of_some("territories.status", filter.status.as_ref())
        .equals_some("territories.parent_id", filter.parent_id.as_ref());
    if let Some(under) = &filter.under {
        clause
            .sql(" AND territories.id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = ")
            .value(under)
            .sql(")");
    }
    clause.one_of_some("territories.code", filter.code.as_ref());
    if let Some(q) = &filter.q {
        // Codes are upper case, and no folded name is, so that each column is searched by its own form.
        clause
            .sql(" AND (TRUE")
            .begins_with("territories.name_key", &fold(q))
            .sql(" OR TRUE")
            .begins_with("territories.code", &q.to_uppercase())
            .sql(")");
    }
    let rows = load_page!(tx, table => Territory, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: TerritorySort, row: &Territory) -> Key {
    match sort {
        TerritorySort::Name | TerritorySort::NameDescending => row.name_key.as_str().into(),
        TerritorySort::Created | TerritorySort::CreatedDescending => row.created_at.into(),
        TerritorySort::Updated | TerritorySort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The territory with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: TerritoryId) -> Result<Territory> {
    Ok(table.find(id).select(Territory::as_select()).get_result(tx.conn())?)
}

/// The territories with those ids, by id; unknown ids are left out.
///
/// # Errors
/// What the database reports.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[TerritoryId]) -> Result<BTreeMap<TerritoryId, Territory>> {
    let rows: Vec<Territory> = table
        .filter(territories::id.eq_any(among(ids)))
        .select(Territory::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|territory| (territory.id, territory)).collect())
}

/// The territory with that code.
///
/// # Errors
/// 404 if there is none.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Territory> {
    Ok(table
        .filter(territories::code.eq(code))
        .select(Territory::as_select())
        .get_result(tx.conn())?)
}

/// The way from the root to the territory, the territory last.
///
/// # Errors
/// 404 if there is no such territory.
pub fn trail(tx: &mut Tx<'_>, id: TerritoryId) -> Result<Vec<Territory>> {
    let trail: Vec<Territory> = table
        .inner_join(territory_closure::table.on(territory_closure::ancestor_id.eq(territories::id)))
        .filter(territory_closure::descendant_id.eq(id))
        .order(territory_closure::depth.desc())
        .select(Territory::as_select())
        .load(tx.conn())?;
    if trail.is_empty() {
        Err(Error::not_found())
    } else {
        Ok(trail)
    }
}

/// The territory and all that it lies in, from the top down; nothing if it does not exist.
///
/// # Errors
/// What the database reports.
pub fn ancestors(tx: &mut Tx<'_>, id: TerritoryId) -> Result<Vec<TerritoryId>> {
    Ok(territory_closure::table
        .filter(territory_closure::descendant_id.eq(id))
        .order((territory_closure::depth.desc(), territory_closure::ancestor_id))
        .select(territory_closure::ancestor_id)
        .load(tx.conn())?)
}

/// The calendar that the territory names, or the nearest territory around it that names one.
///
/// # Errors
/// What the database reports.
pub fn calendar_of(tx: &mut Tx<'_>, id: TerritoryId) -> Result<Option<CalendarId>> {
    let nearest: Option<Option<CalendarId>> = table
        .inner_join(territory_closure::table.on(territory_closure::ancestor_id.eq(territories::id)))
        .filter(territory_closure::descendant_id.eq(id))
        .filter(territories::calendar_id.is_not_null())
        .order(territory_closure::depth)
        .select(territories::calendar_id)
        .first(tx.conn())
        .optional()?;
    Ok(nearest.flatten())
}

/// How many territories name that calendar.
///
/// # Errors
/// What the database reports.
pub fn count_by_calendar(tx: &mut Tx<'_>, calendar: CalendarId) -> Result<i64> {
    Ok(table
        .filter(territories::calendar_id.eq(calendar))
        .count()
        .get_result(tx.conn())?)
}

/// Whether two territories meet: one is the other, or lies in it.
///
/// # Errors
/// What the database reports.
pub fn overlaps(tx: &mut Tx<'_>, one: TerritoryId, other: TerritoryId) -> Result<bool> {
    let below = territory_closure::ancestor_id
        .eq(one)
        .and(territory_closure::descendant_id.eq(other));
    let above = territory_closure::ancestor_id
        .eq(other)
        .and(territory_closure::descendant_id.eq(one));
    Ok(diesel::select(diesel::dsl::exists(territory_closure::table.filter(below.or(above)))).get_result(tx.conn())?)
}

/// Stores a new territory, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its code is taken, `unknown_reference` if its parent does not exist.
pub fn insert(tx: &mut Tx<'_>, territory: Territory) -> Result<Territory> {
    if let Some(calendar) = territory.calendar_id {
        calendars::check_usable(tx, calendar, "#/calendar_id")?;
    }
    let taken = tx.attempt(|tx| Ok(diesel::insert_into(table).values(&territory).execute(tx.conn())?));
    taken.map_err(|error| explain(error, &territory))?;
    tx.record(Fact::created("territory.created", &territory))?;
    Ok(territory)
}

/// Stores a changed territory over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile, 409 if the move would close a circle.
pub fn save(tx: &mut Tx<'_>, before: &Territory, after: Territory) -> Result<Territory> {
    if after.parent_id == Some(after.id) {
        return Err(Error::new(&codes::CONFLICT).fault(
            "#/parent_id",
            "circle",
            "A territory cannot lie in itself; choose another parent.",
        ));
    }
    if let Some(calendar) = after.calendar_id.filter(|_| after.calendar_id != before.calendar_id) {
        calendars::check_usable(tx, calendar, "#/calendar_id")?;
    }
    tx.attempt(|tx| revise!(tx, table, territories::revision, (before.id, before.revision), before => &after))
        .map_err(|error| explain(error, &after))?;
    tx.record(Fact::changed("territory.updated", before, &after))?;
    Ok(after)
}

/// Removes a territory that nothing names.
///
/// # Errors
/// 409 `in_use` if something does; 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, territory: &Territory) -> Result<()> {
    remove!(tx, table, territories::revision, (territory.id, territory.revision))?;
    tx.record(Fact::deleted("territory.deleted", territory))
}

/// The database's refusal in terms of the territory.
fn explain(error: Error, territory: &Territory) -> Error {
    error
        .when(&codes::ALREADY_EXISTS, || {
            Error::new(&codes::ALREADY_EXISTS).fault(
                "#/code",
                "already_exists",
                format!("There is already a territory `{}`.", territory.code),
            )
        })
        .when(&codes::UNKNOWN_REFERENCE, || {
            Error::unknown_reference(
                "#/parent_id",
                "There is no such territory; name one that exists, or null for a root.",
            )
        })
}
