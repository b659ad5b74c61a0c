//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    metrics,
    model::{MetricDictionary, NewProgram, Program, ProgramFilter, ProgramPatch},
    queries,
};
use crate::{
    auth::Caller,
    custom_fields::{self, CustomRecord},
    db::Db,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::ProgramId,
        page::{Page, Paging},
    },
};

/// List programs
///
/// The partner programs there are. Partners see those that were published.
#[utoipa::path(params(ProgramFilter, Paging))]
#[get("")]
pub async fn list_programs(
    db: Db,
    caller: Caller,
    filter: Query<ProgramFilter>,
    paging: Paging,
) -> Reply<Page<Program>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Create a program
///
/// Makes a program that nobody can join yet: give it a version with tiers, and publish that.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_program(db: Db, caller: Caller, new: Json<NewProgram>) -> Reply<Created<Program>> {
    db.write(&caller, move |tx| {
        let custom = custom_fields::for_new(tx, CustomRecord::Program, &new.0.custom)?;
        queries::insert(tx, Program::new(&new.0, custom, tx.now)).map(Created)
    })
    .await
}

/// List the metrics
///
/// What the criteria of tiers can ask for: each metric with its unit and what it can be limited to.
#[utoipa::path]
#[get("/metrics")]
pub async fn list_program_metrics(db: Db, caller: Caller) -> Reply<Plain<MetricDictionary>> {
    db.read(&caller, move |_| Ok(Plain(metrics::dictionary()))).await
}

/// Read a program
///
/// One partner program.
#[utoipa::path(params(ProgramId))]
#[get("/{id}")]
pub async fn get_program(db: Db, caller: Caller, id: Path<ProgramId>) -> Reply<Json<Program>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a program
///
/// Renames or describes it. Its rules are changed by a new version, its status by its actions.
#[utoipa::path(params(ProgramId, IfMatch))]
#[patch("/{id}")]
pub async fn update_program(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    seen: IfMatch,
    patch: Json<ProgramPatch>,
) -> Reply<Json<Program>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let custom = custom_fields::for_changed(tx, CustomRecord::Program, before.custom.0.clone(), &patch.0.custom)?;
        queries::save(
            tx,
            &before,
            before.clone().patched(&patch.0, custom, tx.now),
            "program.updated",
        )
        .map(Json)
    })
    .await
}

/// Retire a program
///
/// Nobody can be enrolled any more; who is in it stays until they leave.
#[utoipa::path(params(ProgramId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/retire")]
pub async fn retire_program(db: Db, caller: Caller, id: Path<ProgramId>, seen: IfMatch) -> Reply<Json<Program>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().after("retire", tx.now)?;
        queries::save(tx, &before, after, "program.retired").map(Json)
    })
    .await
}
