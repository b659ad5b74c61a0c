//! The only file that knows the table of teams. They belong to the vendor: only its people read them.

use diesel::prelude::*;

use super::model::{Team, TeamFilter, TeamSort};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    identity::users,
    kernel::{
        ids::TeamId,
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, remove, revise,
    schema::teams::{self, table},
};

/// One page of teams.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &TeamFilter, paging: &Paging) -> Result<Page<Team>> {
    let sort = filter.sort.unwrap_or(TeamSort::Name);
    let mut clause = Clause::all();
    if let Some(q) = &filter.q {
        clause.begins_with("teams.name_key", &fold(q));
    }
    let rows = load_page!(tx, table => Team, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: TeamSort, row: &Team) -> Key {
    match sort {
        TeamSort::Name | TeamSort::NameDescending => row.name_key.as_str().into(),
        TeamSort::Created | TeamSort::CreatedDescending => row.created_at.into(),
    }
}

/// The team with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: TeamId) -> Result<Team> {
    Ok(table.find(id).select(Team::as_select()).get_result(tx.conn())?)
}

/// A team's lead is a vendor user; users point at teams, so the table itself cannot say so.
fn check_lead(tx: &mut Tx<'_>, team: &Team) -> Result<()> {
    let Some(lead) = team.lead_id else { return Ok(()) };
    let unknown = || Error::unknown_reference("#/lead_id", "There is no such vendor user.");
    let user = users::find(tx, lead).map_err(|error| error.when(&codes::NOT_FOUND, unknown))?;
    if user.kind == users::UserKind::Vendor {
        Ok(())
    } else {
        Err(unknown())
    }
}

/// Stores a new team, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its name is taken, `unknown_reference` if its lead does not exist.
pub fn insert(tx: &mut Tx<'_>, team: Team) -> Result<Team> {
    check_lead(tx, &team)?;
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&team).execute(tx.conn())?))
        .map_err(|error| explain(error, &team))?;
    tx.record(Fact::created("team.created", &team))?;
    Ok(team)
}

/// Stores a changed team over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile, 409 as for [`insert`].
pub fn save(tx: &mut Tx<'_>, before: &Team, after: Team) -> Result<Team> {
    check_lead(tx, &after)?;
    tx.attempt(|tx| revise!(tx, table, teams::revision, (before.id, before.revision), &after))
        .map_err(|error| explain(error, &after))?;
    tx.record(Fact::changed("team.updated", before, &after))?;
    Ok(after)
}

/// Removes a team that nobody belongs to.
///
/// # Errors
/// 409 `in_use` if somebody does; 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, team: &Team) -> Result<()> {
    remove!(tx, table, teams::revision, (team.id, team.revision))?;
    tx.record(Fact::deleted("team.deleted", team))
}

fn explain(error: Error, team: &Team) -> Error {
    error.when(&codes::ALREADY_EXISTS, || {
        Error::new(&codes::ALREADY_EXISTS).fault(
            "#/name",
            "already_exists",
            format!("There is already a team `{}`.", team.name),
        )
    })
}
