//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{
        Evaluation, EvaluationFilter, EvaluationPath, EvaluationResult, EvaluationResultFilter, GapQuestion,
        NewEvaluation, TierGap,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::Error,
    http::{Created, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{ProgramId, TierId},
        page::{Page, Paging},
        words::fold,
    },
    programs::{
        memberships::{ProgramMembershipPath, chain::in_force, queries as memberships},
        queries as programs,
        tiers::rules::counterpart,
    },
};

/// Read what a member lacks for a tier
///
/// The criteria of a tier, with the member's figure, the threshold and the gap of each: what it needs for Gold, say. The
/// version in force at the moment decides. Partners read their own.
#[utoipa::path(params(ProgramMembershipPath, GapQuestion))]
#[get("/{id}/memberships/{membership_id}/gap")]
pub async fn get_tier_gap(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    question: Query<GapQuestion>,
) -> Reply<Plain<TierGap>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, path.0.id)?;
        let member = memberships::find(tx, program.id, path.0.membership_id)?;
        let as_of = question.0.as_of.unwrap_or(tx.now);
        let course = memberships::course(tx, program.id)?;
        let (version, tiers) = course
            .at(as_of)
            .ok_or_else(|| Error::not_found().detail("No version of the program was in force at that moment."))?;
        let held = in_force(&member.links, as_of).and_then(|link| course.tier(link.tier?));
        let current = held.and_then(|held| counterpart(&held.name_key, held.rank, tiers));
        let wanted = if let Some(text) = &question.0.tier {
            let key = fold(text);
            let id = text.parse::<TierId>().ok();
            tiers.iter().find(|tier| id == Some(tier.id) || tier.name_key == key)
        } else {
            let above = tiers
                .iter()
                .filter(|tier| tier.rank > current.map_or(0, |tier| tier.rank));
            above.min_by_key(|tier| tier.rank).or(current)
        };
        let wanted =
            wanted.ok_or_else(|| Error::not_found().detail("The version in force at that moment has no such tier."))?;
        let findings = queries::findings(tx, version, std::slice::from_ref(wanted), member.row.partner_id, as_of)?;
        let tier = findings
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("a tier was judged without a finding"))?;
        Ok(Plain(TierGap {
            membership_id: member.row.id,
            as_of,
            rule_version: rules::rule_version(&program.code, version.version),
            current_tier_id: current.map(|tier| tier.id),
            tier,
        }))
    })
    .await
}

/// List evaluations
///
/// The evaluations of a program that were run, previews too, the latest first.
#[utoipa::path(params(ProgramId, EvaluationFilter, Paging))]
#[get("/{id}/evaluations")]
pub async fn list_evaluations(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    filter: Query<EvaluationFilter>,
    paging: Paging,
) -> Reply<Page<Evaluation>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::page(tx, program.id, &filter.0, &paging)
    })
    .await
}

/// Run an evaluation
///
/// Compares the figures of the members, as they were at a moment, with the criteria of a version. A preview only shows what
/// would follow. A commit promotes at once where the version says so, or else proposes to; it never demotes, but gives
/// notice to whom it finds below their tier, and tells them what is missing.
#[utoipa::path(params(ProgramId), extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("/{id}/evaluations")]
pub async fn create_evaluation(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    new: Json<NewEvaluation>,
) -> Reply<Created<Evaluation>> {
    db.write(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::run(tx, &program, &new.0).map(Created)
    })
    .await
}

/// Read an evaluation
///
/// One run, with how many members it looked at and what it proposes.
#[utoipa::path(params(EvaluationPath))]
#[get("/{id}/evaluations/{evaluation_id}")]
pub async fn get_evaluation(db: Db, caller: Caller, path: Path<EvaluationPath>) -> Reply<Json<Evaluation>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.evaluation_id).map(Json)
    })
    .await
}

/// List what an evaluation found
///
/// Member by member: the tier held, the tier deserved, and how each criterion of each tier came out.
#[utoipa::path(params(EvaluationPath, EvaluationResultFilter, Paging))]
#[get("/{id}/evaluations/{evaluation_id}/results")]
pub async fn list_evaluation_results(
    db: Db,
    caller: Caller,
    path: Path<EvaluationPath>,
    filter: Query<EvaluationResultFilter>,
    paging: Paging,
) -> Reply<Page<EvaluationResult>> {
    db.snapshot(&caller, move |tx| {
        let evaluation = queries::find(tx, path.0.id, path.0.evaluation_id)?;
        queries::result_page(tx, evaluation.id, &filter.0, &paging)
    })
    .await
}
