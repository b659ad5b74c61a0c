//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{
        NewTier, NewVersion, ProgramVersion, Publication, Tier, TierFilter, TierPatch, TierPath, VersionFilter,
        VersionPatch, VersionPath, VersionStatus,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::Error,
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::ProgramId,
        page::{Page, Paging},
    },
    programs::queries as programs,
};

/// List a program's versions
///
/// The versions of its rules, the first one first. Partners see those that were published.
#[utoipa::path(params(ProgramId, VersionFilter, Paging))]
#[get("/{id}/versions")]
pub async fn list_program_versions(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    filter: Query<VersionFilter>,
    paging: Paging,
) -> Reply<Page<ProgramVersion>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::version_page(tx, program.id, &filter.0, &paging)
    })
    .await
}

/// Begin a version
///
/// Opens a draft of the next version, with the tiers of the latest one to begin from. A program has one draft at a time.
#[utoipa::path(params(ProgramId), extensions(("x-errors" = json!(["already_exists"]))))]
#[post("/{id}/versions")]
pub async fn create_program_version(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    new: Json<NewVersion>,
) -> Reply<Created<ProgramVersion>> {
    db.write(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::insert_version(tx, &program, &new.0).map(Created)
    })
    .await
}

/// Read a version
///
/// One version of a program's rules; its tiers are a list of their own.
#[utoipa::path(params(VersionPath))]
#[get("/{id}/versions/{version}")]
pub async fn get_program_version(db: Db, caller: Caller, path: Path<VersionPath>) -> Reply<Json<ProgramVersion>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, path.0.id)?;
        queries::find_version(tx, program.id, path.0.version).map(Json)
    })
    .await
}

/// Change a draft
///
/// What is published never changes: work out a new version instead.
#[utoipa::path(params(VersionPath, IfMatch), extensions(("x-errors" = json!(["field_locked"]))))]
#[patch("/{id}/versions/{version}")]
pub async fn update_program_version(
    db: Db,
    caller: Caller,
    path: Path<VersionPath>,
    seen: IfMatch,
    patch: Json<VersionPatch>,
) -> Reply<Json<ProgramVersion>> {
    db.write(&caller, move |tx| {
        let before = queries::find_version(tx, path.0.id, path.0.version)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        queries::save_version(tx, &before, after, "program_version.updated").map(Json)
    })
    .await
}

/// Delete a draft
///
/// Throws a draft away with its tiers. What is published stays.
#[utoipa::path(params(VersionPath, IfMatch), extensions(("x-errors" = json!(["invalid_state", "in_use"]))))]
#[delete("/{id}/versions/{version}")]
pub async fn delete_program_version(
    db: Db,
    caller: Caller,
    path: Path<VersionPath>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let version = queries::find_version(tx, path.0.id, path.0.version)?;
        seen.check(version.revision)?;
        draft(&version, "delete")?;
        queries::delete_version(tx, &version).map(|()| NoContent)
    })
    .await
}

/// Publish a version
///
/// The draft holds from the moment given, or from now on, and never changes again. Every member goes on in the tier of the
/// same name, or else in the highest that is not above its rank. The program's first publication opens it for members.
#[utoipa::path(params(VersionPath, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/versions/{version}/publish")]
pub async fn publish_program_version(
    db: Db,
    caller: Caller,
    path: Path<VersionPath>,
    seen: IfMatch,
    when: Json<Publication>,
) -> Reply<Json<ProgramVersion>> {
    db.write(&caller, move |tx| {
        let program = programs::find(tx, path.0.id)?;
        let version = queries::find_version(tx, program.id, path.0.version)?;
        seen.check(version.revision)?;
        queries::publish(tx, &program, &version, when.0.valid_from).map(Json)
    })
    .await
}

/// List a program's tiers
///
/// The tiers of the version that is in force now, at a moment, or of a version by its number, the lowest rank first.
#[utoipa::path(params(ProgramId, TierFilter, Paging))]
#[get("/{id}/tiers")]
pub async fn list_tiers(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    filter: Query<TierFilter>,
    paging: Paging,
) -> Reply<Page<Tier>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::tier_page(tx, program.id, &filter.0, &paging)
    })
    .await
}

/// Add a tier
///
/// Adds a tier to the program's draft. Rank and name are unique in the version.
#[utoipa::path(params(ProgramId), extensions(("x-errors" = json!(["already_exists", "invalid_state", "conflict"]))))]
#[post("/{id}/tiers")]
pub async fn create_tier(db: Db, caller: Caller, id: Path<ProgramId>, new: Json<NewTier>) -> Reply<Created<Tier>> {
    db.write(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        let versions = queries::versions(tx, program.id)?;
        let draft = versions
            .iter()
            .find(|version| version.status == VersionStatus::Draft)
            .ok_or_else(|| {
                Error::invalid_state("no_draft", "add_tier", vec!["create_version"])
                    .detail("The program has no draft; begin a version first.")
            })?;
        queries::insert_tier(tx, Tier::new(&new.0, program.id, draft.version, tx.now)).map(Created)
    })
    .await
}

/// Read a tier
///
/// One tier of one version, with what it asks for and what it gives.
#[utoipa::path(params(TierPath))]
#[get("/{id}/tiers/{tier_id}")]
pub async fn get_tier(db: Db, caller: Caller, path: Path<TierPath>) -> Reply<Json<Tier>> {
    db.snapshot(&caller, move |tx| {
        queries::find_tier(tx, path.0.id, path.0.tier_id).map(|(tier, _)| Json(tier))
    })
    .await
}

/// Change a tier
///
/// Changes a tier of the draft. Criteria and benefits are replaced as a whole.
#[utoipa::path(
    params(TierPath, IfMatch),
    extensions(("x-errors" = json!(["already_exists", "field_locked", "conflict"])))
)]
#[patch("/{id}/tiers/{tier_id}")]
pub async fn update_tier(
    db: Db,
    caller: Caller,
    path: Path<TierPath>,
    seen: IfMatch,
    patch: Json<TierPatch>,
) -> Reply<Json<Tier>> {
    db.write(&caller, move |tx| {
        let (before, version) = queries::find_tier(tx, path.0.id, path.0.tier_id)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, &version, tx.now)?;
        queries::save_tier(tx, &before, after).map(Json)
    })
    .await
}

/// Delete a tier
///
/// Takes a tier out of the draft. What is published stays.
#[utoipa::path(params(TierPath, IfMatch), extensions(("x-errors" = json!(["invalid_state", "in_use"]))))]
#[delete("/{id}/tiers/{tier_id}")]
pub async fn delete_tier(db: Db, caller: Caller, path: Path<TierPath>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let (tier, version) = queries::find_tier(tx, path.0.id, path.0.tier_id)?;
        seen.check(tier.revision)?;
        draft(&version, "delete")?;
        queries::delete_tier(tx, &tier).map(|()| NoContent)
    })
    .await
}

/// Refuses what only a draft permits.
fn draft(version: &ProgramVersion, attempted: &'static str) -> crate::error::Result<()> {
    match version.status {
        VersionStatus::Draft => Ok(()),
        VersionStatus::Published => Err(Error::invalid_state(
            version.status,
            attempted,
            rules::MACHINE.allowed(version.status),
        )),
    }
}
