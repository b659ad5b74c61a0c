//! The only file that knows the table of external systems. They are the vendor's: who is limited to some partners' rows sees
//! none.

use diesel::prelude::*;

use super::model::{ExternalSystem, ExternalSystemFilter, ExternalSystemState, ORDER};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::ExternalSystemId,
        page::{Page, Paging},
    },
    load_page, revise,
    schema::external_systems::{self as systems, table},
    sync::whole_scope,
};

/// One page of the systems.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ExternalSystemFilter, paging: &Paging) -> Result<Page<ExternalSystem>> {
    let mut clause = whole_scope(tx.caller());
    clause
        .equals_some("external_systems.code", filter.code.as_ref())
        .one_of_some("external_systems.state", filter.state.as_ref());
    let rows = load_page!(tx, table => ExternalSystem, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The system with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: ExternalSystemId) -> Result<ExternalSystem> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("external_systems.id", &id);
    one(tx, clause)?.ok_or_else(Error::not_found)
}

/// The system that a body names at `system_id`.
///
/// # Errors
/// 409 `unknown_reference` if there is none.
pub fn of_body(tx: &mut Tx<'_>, id: ExternalSystemId) -> Result<ExternalSystem> {
    find(tx, id).map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::unknown_reference("#/system_id", "There is no such external system.")
        })
    })
}

/// The system that external references call so.
///
/// # Errors
/// What the database reports.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<ExternalSystem>> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("external_systems.code", code);
    one(tx, clause)
}

/// The system of a link, whoever asks: what is kept there is told to whoever writes the record.
///
/// # Errors
/// 404 if there is none.
pub fn of_link(tx: &mut Tx<'_>, id: ExternalSystemId) -> Result<ExternalSystem> {
    Ok(table.find(id).select(ExternalSystem::as_select()).first(tx.conn())?)
}

/// The id of the system that external references call so, whoever asks: a reference that goes takes its link along.
///
/// # Errors
/// What the database reports.
pub fn named(tx: &mut Tx<'_>, code: &str) -> Result<Option<ExternalSystemId>> {
    Ok(table
        .filter(systems::code.eq(code))
        .select(systems::id)
        .first(tx.conn())
        .optional()?)
}

fn one(tx: &mut Tx<'_>, clause: crate::db::Clause) -> Result<Option<ExternalSystem>> {
    Ok(table
        .filter(clause)
        .select(ExternalSystem::as_select())
        .first(tx.conn())
        .optional()?)
}

/// The systems that records are kept in step with.
///
/// # Errors
/// What the database reports.
pub fn active(tx: &mut Tx<'_>) -> Result<Vec<ExternalSystem>> {
    Ok(table
        .filter(systems::state.eq(ExternalSystemState::Active))
        .order(systems::id)
        .select(ExternalSystem::as_select())
        .load(tx.conn())?)
}

/// Stores a new system, and tells of it.
///
/// # Errors
/// 409 `already_exists` if there is one of that name.
pub fn insert(tx: &mut Tx<'_>, system: ExternalSystem) -> Result<ExternalSystem> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&system).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS).fault(
                    "#/code",
                    "already_exists",
                    "There is a system of that name; choose another.",
                )
            })
        })?;
    tx.record(Fact::created("external_system.created", &system))?;
    Ok(system)
}

/// Stores a changed system over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    before: &ExternalSystem,
    after: ExternalSystem,
    kind: &'static str,
) -> Result<ExternalSystem> {
    revise!(tx, table, systems::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
