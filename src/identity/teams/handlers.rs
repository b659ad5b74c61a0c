//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{NewTeam, Team, TeamFilter, TeamPatch},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::TeamId,
        page::{Page, Paging},
    },
};

/// List teams
///
/// The teams of the vendor's people.
#[utoipa::path(params(TeamFilter, Paging))]
#[get("")]
pub async fn list_teams(db: Db, caller: Caller, filter: Query<TeamFilter>, paging: Paging) -> Reply<Page<Team>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create a team
///
/// Makes a team without members; users join it by their own record.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_team(db: Db, caller: Caller, new: Json<NewTeam>) -> Reply<Created<Team>> {
    db.write(&caller, move |tx| {
        queries::insert(tx, Team::new(&new.0, tx.now)).map(Created)
    })
    .await
}

/// Read a team
///
/// One team with its lead.
#[utoipa::path(params(TeamId))]
#[get("/{id}")]
pub async fn get_team(db: Db, caller: Caller, id: Path<TeamId>) -> Reply<Json<Team>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a team
///
/// Renames a team or gives it another lead.
#[utoipa::path(params(TeamId, IfMatch), extensions(("x-errors" = json!(["already_exists"]))))]
#[patch("/{id}")]
pub async fn update_team(
    db: Db,
    caller: Caller,
    id: Path<TeamId>,
    seen: IfMatch,
    patch: Json<TeamPatch>,
) -> Reply<Json<Team>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        queries::save(tx, &before, before.clone().patched(&patch.0, tx.now)).map(Json)
    })
    .await
}

/// Delete a team
///
/// Removes a team that nobody belongs to.
#[utoipa::path(params(TeamId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_team(db: Db, caller: Caller, id: Path<TeamId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let team = queries::find(tx, id.0)?;
        seen.check(team.revision)?;
        queries::delete(tx, &team).map(|()| NoContent)
    })
    .await
}
