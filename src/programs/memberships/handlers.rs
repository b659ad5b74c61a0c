//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    chain::in_force,
    joining,
    model::{
        AppealDecision, Enrolment, Leave, MembershipMoment, NewAppeal, ProgramMembership, ProgramMembershipActions,
        ProgramMembershipFilter, ProgramMembershipPath, Promotion, TierCause, TierOverride, TierStart,
    },
    queries::{self, Member, Why},
    rules::{self, MACHINE},
};
use crate::{
    auth::{Caller, permissions::may_call},
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::ProgramId,
        page::{Page, Paging},
        states::guard,
    },
    partners::{self, PartnerStatus},
    programs::{evaluations, queries as programs},
};

/// List a program's members
///
/// Who is or was in the program, with the tier held now or at a moment. Partners see their own membership.
#[utoipa::path(params(ProgramId, ProgramMembershipFilter, Paging))]
#[get("/{id}/memberships")]
pub async fn list_program_memberships(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    filter: Query<ProgramMembershipFilter>,
    paging: Paging,
) -> Reply<Page<ProgramMembership>> {
    db.snapshot(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        queries::page(tx, program.id, &filter.0, &paging)
    })
    .await
}

/// Enrol a partner
///
/// The partner joins the program now, in the entry tier of the version in force. One that was in it before has a new
/// membership; the old one stays as it was.
#[utoipa::path(
    params(ProgramId),
    extensions(("x-errors" = json!(["already_exists", "invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships")]
pub async fn enrol_partner(
    db: Db,
    caller: Caller,
    id: Path<ProgramId>,
    new: Json<Enrolment>,
) -> Reply<Created<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let program = programs::find(tx, id.0)?;
        programs::hold(tx, program.id)?;
        crate::programs::rules::MACHINE.go(program.status, "enrol")?;
        let partner = new.0.partner_id;
        let status = partners::status(tx, partner).map_err(|error| {
            error.when(&codes::NOT_FOUND, || {
                Error::unknown_reference("#/partner_id", "There is no such partner.")
            })
        })?;
        let course = queries::course(tx, program.id)?;
        let mut failing = Vec::new();
        if !matches!(status, PartnerStatus::Onboarding | PartnerStatus::Active) {
            failing.push(guard(
                "partner_not_live",
                "#/partner_id",
                format!("The partner is `{status}`; only partners that are onboarding or active can join."),
            ));
        }
        match joining::entry(tx, &course, "#/partner_id") {
            Ok(entry) if failing.is_empty() => joining::begin(tx, &course, program.id, partner, entry).map(Created),
            entry => {
                failing.extend(entry.err());
                Err(Error::guards(program.status, "enrol", failing))
            }
        }
    })
    .await
}

/// Read a membership
///
/// One partner's membership, with the tier held now or at a moment.
#[utoipa::path(params(ProgramMembershipPath, MembershipMoment))]
#[get("/{id}/memberships/{membership_id}")]
pub async fn get_program_membership(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    moment: Query<MembershipMoment>,
) -> Reply<Json<ProgramMembership>> {
    db.snapshot(&caller, move |tx| {
        let member = queries::find(tx, path.0.id, path.0.membership_id)?;
        let course = queries::course(tx, path.0.id)?;
        Ok(Json(member.shown(&course, moment.0.as_of.unwrap_or(tx.now))))
    })
    .await
}

/// List a member's tiers
///
/// Every tier that it held, holds, or is known to hold, each from its start until the next one's.
#[utoipa::path(params(ProgramMembershipPath, Paging))]
#[get("/{id}/memberships/{membership_id}/tiers")]
pub async fn list_membership_tiers(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    paging: Paging,
) -> Reply<Page<TierStart>> {
    db.snapshot(&caller, move |tx| {
        let member = queries::find(tx, path.0.id, path.0.membership_id)?;
        let course = queries::course(tx, path.0.id)?;
        queries::starts(tx, &member, &course, &paging)
    })
    .await
}

/// List what can be done with a membership
///
/// The actions that its standing allows to the caller, each with the guards that fail and why.
#[utoipa::path(params(ProgramMembershipPath))]
#[get("/{id}/memberships/{membership_id}/actions")]
pub async fn get_membership_actions(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
) -> Reply<Plain<ProgramMembershipActions>> {
    db.snapshot(&caller, move |tx| {
        let member = queries::find(tx, path.0.id, path.0.membership_id)?;
        let course = queries::course(tx, path.0.id)?;
        let facts = queries::facts(tx, &member, &course)?;
        let caller = tx.caller();
        let allowed = |operation: &str| may_call(caller, operation);
        Ok(Plain(ProgramMembershipActions {
            data: rules::actions(member.row.standing_at(tx.now), &facts, allowed),
        }))
    })
    .await
}

/// What an action begins with: the member, held fast, and the course of its program.
fn open(tx: &mut Tx<'_>, path: ProgramMembershipPath, seen: IfMatch) -> Result<(Member, super::chain::Course)> {
    programs::hold(tx, path.id)?;
    let member = queries::find(tx, path.id, path.membership_id)?;
    seen.check(member.row.revision)?;
    let course = queries::course(tx, path.id)?;
    Ok((member, course))
}

/// Take a partner out of a program
///
/// The membership ends now, and with it the tier. What was approved under it stays as it was approved.
#[utoipa::path(params(ProgramMembershipPath, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/memberships/{membership_id}/leave")]
pub async fn leave_program(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
    leave: Json<Leave>,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        joining::end(tx, &course, member, &leave.0.reason).map(Json)
    })
    .await
}

/// Set a tier by hand
///
/// The member holds the tier from now on, whatever its figures are, until the override ends. Evaluations do not move it
/// meanwhile. When it ends, the member returns to the tier that it would hold without it.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/override")]
pub async fn override_tier(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
    set: Json<TierOverride>,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let now = tx.now;
        let standing = member.row.standing_at(now);
        MACHINE.go(standing, "override")?;
        let mut failing = Vec::new();
        let mut guard = |code: &str, pointer: &str, detail: &str| failing.push(guard(code, pointer, detail));
        let known = course
            .at(now)
            .is_some_and(|(_, tiers)| tiers.iter().any(|tier| tier.id == set.0.tier_id));
        if !known {
            guard(
                "tier_not_in_force",
                "#/tier_id",
                "Name a tier of the version that is in force now.",
            );
        }
        if set.0.until.is_some_and(|until| until <= now) {
            guard("ends_in_past", "#/until", "Choose an end that lies ahead, or none.");
        }
        let base = course.base(&member.links, now);
        let Some(base) = base.filter(|_| failing.is_empty()) else {
            return Err(Error::guards(standing, "override", failing));
        };
        let ends = set.0.until.map(|until| (until, base));
        let links = course.from(now, set.0.tier_id, TierCause::Override, ends);
        let why = Why {
            code: Some(set.0.reason_code.to_string()),
            text: Some(set.0.reason_text.clone()),
            ..Why::default()
        };
        let after = member.row.clone().settled(now);
        queries::move_to(tx, &course, member, after, links, why, "program_membership.overridden").map(Json)
    })
    .await
}

/// End an override
///
/// The member returns now to the tier that it would hold without it.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/end-override")]
pub async fn end_tier_override(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let now = tx.now;
        let facts = queries::facts(tx, &member, &course)?;
        rules::permit(member.row.standing_at(now), "end_override", &facts)?;
        let base = course
            .base(&member.links, now)
            .ok_or_else(|| Error::internal("a member without a tier"))?;
        let links = course.from(now, base, TierCause::OverrideExpired, None);
        let after = member.row.clone().settled(now);
        queries::move_to(
            tx,
            &course,
            member,
            after,
            links,
            Why::default(),
            "program_membership.override_ended",
        )
        .map(Json)
    })
    .await
}

/// Promote a member
///
/// Confirms what a committed evaluation proposed, while the member still holds the tier that it was proposed for.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/promote")]
pub async fn promote_member(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
    promotion: Json<Promotion>,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let now = tx.now;
        let result = evaluations::queries::latest_committed(tx, member.row.id, Some(promotion.0.evaluation_id))?
            .ok_or_else(|| {
                Error::unknown_reference(
                    "#/evaluation_id",
                    "There is no committed evaluation of that id with this member.",
                )
            })?;
        let mut facts = queries::facts(tx, &member, &course)?;
        facts.promotion_proposed = queries::still_fits(&result, in_force(&member.links, now));
        rules::permit(member.row.standing_at(now), "promote", &facts)?;
        let links = course.from(now, result.proposed_tier_id, TierCause::Evaluation, None);
        let why = Why {
            result: Some(result.id),
            ..Why::default()
        };
        let after = member.row.clone().settled(now);
        queries::move_to(tx, &course, member, after, links, why, "program_membership.promoted").map(Json)
    })
    .await
}

/// Appeal against a demotion
///
/// The partner says why it should keep its tier. Until the appeal is decided, nobody can confirm the demotion.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/appeal")]
pub async fn appeal_demotion(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
    appeal: Json<NewAppeal>,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let facts = queries::facts(tx, &member, &course)?;
        rules::permit(member.row.standing_at(tx.now), "appeal", &facts)?;
        let after = member
            .row
            .clone()
            .appealed(&appeal.0.statement, tx.caller().actor_text(), tx.now);
        queries::save(tx, &course, member, after, "program_membership.appealed").map(Json)
    })
    .await
}

/// Decide on an appeal
///
/// Upheld, the member keeps its tier until an evaluation finds anew that it fails the criteria. Rejected, the notice runs
/// on, and the demotion can be confirmed when it has run out.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/decide-appeal")]
pub async fn decide_appeal(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
    decision: Json<AppealDecision>,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let facts = queries::facts(tx, &member, &course)?;
        rules::permit(member.row.standing_at(tx.now), "decide_appeal", &facts)?;
        let after = member.row.clone().appeal_decided(&decision.0, tx.now);
        queries::save(tx, &course, member, after, "program_membership.appeal_decided").map(Json)
    })
    .await
}

/// Confirm a demotion
///
/// When the notice has run out, the member moves to the highest tier whose criteria it meets now, but not below the one
/// that it was told of. What was approved before keeps the terms that it was approved under.
#[utoipa::path(
    params(ProgramMembershipPath, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed"])))
)]
#[post("/{id}/memberships/{membership_id}/demote")]
pub async fn confirm_demotion(
    db: Db,
    caller: Caller,
    path: Path<ProgramMembershipPath>,
    seen: IfMatch,
) -> Reply<Json<ProgramMembership>> {
    db.write(&caller, move |tx| {
        let (member, course) = open(tx, path.0, seen)?;
        let now = tx.now;
        let facts = queries::facts(tx, &member, &course)?;
        rules::permit(member.row.standing_at(now), "demote", &facts)?;
        let (version, tiers) = course
            .at(now)
            .ok_or_else(|| Error::internal("a member of a program without a version"))?;
        let findings = evaluations::queries::findings(tx, version, tiers, member.row.partner_id, now)?;
        let told = member
            .row
            .risk
            .as_ref()
            .map(|risk| course.carried(risk.target_tier_id, risk.since, now));
        let told = tiers.iter().find(|tier| Some(tier.id) == told);
        let due = evaluations::rules::due(&findings)
            .filter(|due| told.is_none_or(|told| told.rank < due.rank))
            .map(|due| due.tier_id)
            .or_else(|| told.map(|told| told.id))
            .ok_or_else(|| Error::internal("a version without tiers"))?;
        let result = evaluations::queries::latest_committed(tx, member.row.id, None)?;
        let links = course.from(now, due, TierCause::Evaluation, None);
        let why = Why {
            result: result.map(|result| result.id),
            ..Why::default()
        };
        let after = member.row.clone().settled(now);
        queries::move_to(tx, &course, member, after, links, why, "program_membership.demoted").map(Json)
    })
    .await
}
