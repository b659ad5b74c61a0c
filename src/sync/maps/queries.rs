//! The only file that knows the table of field maps.

use diesel::prelude::*;

use super::model::{FieldMap, FieldMapFilter, FieldMapState, ORDER};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{ExternalSystemId, FieldMapId},
        page::{Page, Paging},
    },
    load_page, remove, revise,
    schema::field_maps::{self as maps, table},
    sync::{kinds::SyncedType, whole_scope},
};

/// One page of the maps.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &FieldMapFilter, paging: &Paging) -> Result<Page<FieldMap>> {
    let mut clause = whole_scope(tx.caller());
    clause
        .equals_some("field_maps.system_id", filter.system_id.as_ref())
        .equals_some("field_maps.resource_type", filter.resource_type.as_ref())
        .one_of_some("field_maps.state", filter.state.as_ref());
    if let Some(at) = &filter.as_of {
        Clause::and(&mut clause, "field_maps.valid_from = (SELECT MAX(m.valid_from) FROM field_maps AS m WHERE m.system_id = field_maps.system_id AND m.resource_type = field_maps.resource_type AND m.valid_from <= ")
            .value(at)
            .sql(")");
    }
    let rows = load_page!(tx, table => FieldMap, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The map with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: FieldMapId) -> Result<FieldMap> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("field_maps.id", &id);
    Ok(table.filter(clause).select(FieldMap::as_select()).first(tx.conn())?)
}

/// The last version of a map, draft or not.
///
/// # Errors
/// What the database reports.
pub fn last(tx: &mut Tx<'_>, system: ExternalSystemId, kind: SyncedType) -> Result<Option<FieldMap>> {
    Ok(table
        .filter(maps::system_id.eq(system))
        .filter(maps::resource_type.eq(kind))
        .order(maps::version.desc())
        .select(FieldMap::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The map that holds at that moment, whoever asks.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>, system: ExternalSystemId, kind: SyncedType, at: Time) -> Result<Option<FieldMap>> {
    Ok(table
        .filter(maps::system_id.eq(system))
        .filter(maps::resource_type.eq(kind))
        .filter(maps::valid_from.le(at.micros()))
        .order(maps::valid_from.desc())
        .select(FieldMap::as_select())
        .first(tx.conn())
        .optional()?)
}

/// When the version that holds last begins.
///
/// # Errors
/// What the database reports.
pub fn last_moment(tx: &mut Tx<'_>, system: ExternalSystemId, kind: SyncedType) -> Result<Option<Time>> {
    Ok(table
        .filter(maps::system_id.eq(system))
        .filter(maps::resource_type.eq(kind))
        .filter(maps::state.eq(FieldMapState::Published))
        .select(diesel::dsl::max(maps::valid_from))
        .first::<Option<Time>>(tx.conn())?)
}

/// Stores a new draft, and tells of it.
///
/// # Errors
/// 409 `already_exists` if there is one of the system and the type.
pub fn insert(tx: &mut Tx<'_>, map: FieldMap) -> Result<FieldMap> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&map).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS).fault(
                    "#/resource_type",
                    "already_exists",
                    "There is a draft of this map; change or publish that.",
                )
            })
        })?;
    tx.record(Fact::created("field_map.created", &map))?;
    Ok(map)
}

/// Stores a changed map over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if another version begins at the same moment.
pub fn save(tx: &mut Tx<'_>, before: &FieldMap, after: FieldMap, kind: &'static str) -> Result<FieldMap> {
    tx.attempt(|tx| revise!(tx, table, maps::revision, (before.id, before.revision), &after))?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Removes a draft, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, map: &FieldMap) -> Result<()> {
    remove!(tx, table, maps::revision, (map.id, map.revision))?;
    tx.record(Fact::deleted("field_map.deleted", map))
}
