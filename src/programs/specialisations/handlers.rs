//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{
        NewSpecialisation, NewSpecialisationAward, PartnerSpecialisations, Specialisation, SpecialisationAward,
        SpecialisationAwardActions, SpecialisationAwardFilter, SpecialisationFilter, SpecialisationMoment,
        SpecialisationPatch, SpecialisationRenewal, SpecialisationWithdrawal,
    },
    queries, steps,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{PartnerId, SpecialisationAwardId, SpecialisationId},
        page::{Page, Paging},
    },
    partners,
    programs::tiers::queries::check_criteria,
};

/// List specialisations
///
/// What programs award beside their tiers. Partners see those of programs that were published.
#[utoipa::path(params(SpecialisationFilter, Paging))]
#[get("")]
pub async fn list_specialisations(
    db: Db,
    caller: Caller,
    filter: Query<SpecialisationFilter>,
    paging: Paging,
) -> Reply<Page<Specialisation>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create a specialisation
///
/// Something that a program awards, with the criteria that a partner must meet, written as those of tiers.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "conflict"]))))]
#[post("")]
pub async fn create_specialisation(
    db: Db,
    caller: Caller,
    new: Json<NewSpecialisation>,
) -> Reply<Created<Specialisation>> {
    db.write(&caller, move |tx| {
        let specialisation = Specialisation::new(&new.0, tx.now);
        check_criteria(tx, &specialisation.criteria)?;
        queries::insert(tx, specialisation).map(Created)
    })
    .await
}

/// Read a specialisation
///
/// One specialisation, with what it asks for.
#[utoipa::path(params(SpecialisationId))]
#[get("/{id}")]
pub async fn get_specialisation(db: Db, caller: Caller, id: Path<SpecialisationId>) -> Reply<Json<Specialisation>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a specialisation
///
/// Changes what it asks for from now on, or retires it. What was awarded stays as it was awarded.
#[utoipa::path(params(SpecialisationId, IfMatch), extensions(("x-errors" = json!(["conflict"]))))]
#[patch("/{id}")]
pub async fn update_specialisation(
    db: Db,
    caller: Caller,
    id: Path<SpecialisationId>,
    seen: IfMatch,
    patch: Json<SpecialisationPatch>,
) -> Reply<Json<Specialisation>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now);
        check_criteria(tx, &after.criteria)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}

/// List awards of specialisations
///
/// Who was awarded what, as it stands now or stood at a moment. Partners see their own.
#[utoipa::path(params(SpecialisationAwardFilter, Paging))]
#[get("")]
pub async fn list_specialisation_awards(
    db: Db,
    caller: Caller,
    filter: Query<SpecialisationAwardFilter>,
    paging: Paging,
) -> Reply<Page<SpecialisationAward>> {
    db.read(&caller, move |tx| queries::award_page(tx, &filter.0, &paging))
        .await
}

/// Award a specialisation
///
/// To a member of its program: because the criteria are met now, or by hand with a reason. The findings are kept with it.
/// Two awards of one specialisation to one partner never overlap.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "guard_failed"]))))]
#[post("")]
pub async fn award_specialisation(
    db: Db,
    caller: Caller,
    new: Json<NewSpecialisationAward>,
) -> Reply<Created<SpecialisationAward>> {
    db.write(&caller, move |tx| steps::award(tx, &new.0).map(Created)).await
}

/// Read an award
///
/// One award, as it stands now or stood at a moment, with the findings that it rests on.
#[utoipa::path(params(SpecialisationAwardId, SpecialisationMoment))]
#[get("/{id}")]
pub async fn get_specialisation_award(
    db: Db,
    caller: Caller,
    id: Path<SpecialisationAwardId>,
    moment: Query<SpecialisationMoment>,
) -> Reply<Json<SpecialisationAward>> {
    db.read(&caller, move |tx| {
        let at = moment.0.as_of.unwrap_or(tx.now);
        queries::find_award(tx, id.0).map(|row| Json(row.shown(at)))
    })
    .await
}

/// List what can be done with an award
///
/// The actions that its status allows to the caller, each with the guards that fail and why.
#[utoipa::path(params(SpecialisationAwardId))]
#[get("/{id}/actions")]
pub async fn get_specialisation_award_actions(
    db: Db,
    caller: Caller,
    id: Path<SpecialisationAwardId>,
) -> Reply<Plain<SpecialisationAwardActions>> {
    db.snapshot(&caller, move |tx| steps::actions(tx, id.0).map(Plain))
        .await
}

/// Renew an award
///
/// While it is valid, for as long as the specialisation is awarded now, from the old end on: because the criteria are met
/// now, or by hand with a reason.
#[utoipa::path(
    params(SpecialisationAwardId, IfMatchIfSent),
    extensions(("x-errors" = json!(["already_exists", "invalid_state", "guard_failed", "precondition_failed"])))
)]
#[post("/{id}/renew")]
pub async fn renew_specialisation_award(
    db: Db,
    caller: Caller,
    id: Path<SpecialisationAwardId>,
    seen: IfMatch,
    renewal: Json<SpecialisationRenewal>,
) -> Reply<Json<SpecialisationAward>> {
    db.write(&caller, move |tx| steps::renew(tx, id.0, seen, &renewal.0).map(Json))
        .await
}

/// Withdraw an award
///
/// It ends now, with a reason that the partner reads.
#[utoipa::path(
    params(SpecialisationAwardId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "precondition_failed"])))
)]
#[post("/{id}/withdraw")]
pub async fn withdraw_specialisation_award(
    db: Db,
    caller: Caller,
    id: Path<SpecialisationAwardId>,
    seen: IfMatch,
    withdrawal: Json<SpecialisationWithdrawal>,
) -> Reply<Json<SpecialisationAward>> {
    db.write(&caller, move |tx| {
        steps::withdraw(tx, id.0, seen, &withdrawal.0.reason).map(Json)
    })
    .await
}

/// List a partner's specialisations
///
/// Those that its programs award and those that it was awarded, now or at a moment: whether it holds each, and for each
/// criterion its figure and what is missing. Partners read their own.
#[utoipa::path(params(PartnerId, SpecialisationMoment))]
#[get("/{id}/specialisations")]
pub async fn list_partner_specialisations(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    moment: Query<SpecialisationMoment>,
) -> Reply<Plain<PartnerSpecialisations>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        let as_of = moment.0.as_of.unwrap_or(tx.now);
        let data = steps::standing(tx, id.0, as_of)?;
        Ok(Plain(PartnerSpecialisations {
            partner_id: id.0,
            as_of,
            data,
        }))
    })
    .await
}
