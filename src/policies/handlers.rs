//! One function per operation: take, call, answer.

use actix_web::{get, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    model::{NewProgramSettings, ProgramSettings},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{IfMatch, Json, Query, Reply},
    kernel::{
        Time,
        page::{Page, Paging},
    },
};

/// As of when the settings are read.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SettingsMoment {
    /// The settings that held at that moment; now if left out.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// Read the program's settings
///
/// The document that holds now, or that held at the moment asked for. Version 0 are the built-in defaults.
#[utoipa::path(params(SettingsMoment))]
#[get("")]
pub async fn get_program_settings(
    db: Db,
    caller: Caller,
    moment: Query<SettingsMoment>,
) -> Reply<Json<ProgramSettings>> {
    db.read(&caller, move |tx| {
        let at = moment.0.as_of.unwrap_or(tx.now);
        queries::in_force(tx, at).map(Json)
    })
    .await
}

/// Change the program's settings
///
/// Stores the whole document as a new version, which holds from now on. Decisions that were made keep the version that
/// they were made under; reviews that are running keep the approval chain that they began with.
#[utoipa::path(params(IfMatch))]
#[put("")]
pub async fn update_program_settings(
    db: Db,
    caller: Caller,
    seen: IfMatch,
    new: Json<NewProgramSettings>,
) -> Reply<Json<ProgramSettings>> {
    db.write(&caller, move |tx| {
        let now = tx.now;
        let before = queries::in_force(tx, now)?;
        seen.check(before.version)?;
        queries::append(tx, &before, new.0.clone()).map(Json)
    })
    .await
}

/// List the versions of the program's settings
///
/// Every version there was, newest first.
#[utoipa::path(params(Paging))]
#[get("/versions")]
pub async fn list_program_settings(db: Db, caller: Caller, paging: Paging) -> Reply<Page<ProgramSettings>> {
    db.read(&caller, move |tx| queries::page(tx, &paging)).await
}
