//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{
        BenefitGrant, BenefitGrantFilter, BenefitMoment, BenefitReturn, BenefitUsageFilter, BenefitUsageReport,
        BenefitUse, BenefitUseFilter, NewBenefitUse, PartnerBenefits,
    },
    queries, usage_queries,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{BenefitGrantId, BenefitUseId, PartnerId},
        page::{Page, Paging},
    },
    partners::{self, PartnerStatus},
};

/// Read a partner's benefits
///
/// What its memberships bring now or at a moment: the figures of the tier in force, what is kept of a tier that was left,
/// and what can be consumed. Partners read their own.
#[utoipa::path(params(PartnerId, BenefitMoment))]
#[get("/{id}/benefits")]
pub async fn get_partner_benefits(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    moment: Query<BenefitMoment>,
) -> Reply<Plain<PartnerBenefits>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        let as_of = moment.0.as_of.unwrap_or(tx.now);
        let data = queries::of_partner(tx, id.0, as_of)?;
        Ok(Plain(PartnerBenefits {
            partner_id: id.0,
            as_of,
            data,
        }))
    })
    .await
}

/// List granted benefits
///
/// What tiers gave in quantities, with what was consumed, what expired and what remains now or at a moment. Partners see
/// their own.
#[utoipa::path(params(BenefitGrantFilter, Paging))]
#[get("")]
pub async fn list_benefit_grants(
    db: Db,
    caller: Caller,
    filter: Query<BenefitGrantFilter>,
    paging: Paging,
) -> Reply<Page<BenefitGrant>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Read a granted benefit
///
/// One grant, as it stands now or stood at a moment.
#[utoipa::path(params(BenefitGrantId, BenefitMoment))]
#[get("/{id}")]
pub async fn get_benefit_grant(
    db: Db,
    caller: Caller,
    id: Path<BenefitGrantId>,
    moment: Query<BenefitMoment>,
) -> Reply<Json<BenefitGrant>> {
    db.snapshot(&caller, move |tx| {
        let as_of = moment.0.as_of.unwrap_or(tx.now);
        queries::find_at(tx, id.0, as_of)?
            .map(Json)
            .ok_or_else(Error::not_found)
    })
    .await
}

/// List the uses of a benefit
///
/// What was consumed of a grant, oldest first, with what was returned.
#[utoipa::path(params(BenefitGrantId, BenefitUseFilter, Paging))]
#[get("/{id}/uses")]
pub async fn list_benefit_uses(
    db: Db,
    caller: Caller,
    id: Path<BenefitGrantId>,
    filter: Query<BenefitUseFilter>,
    paging: Paging,
) -> Reply<Page<BenefitUse>> {
    db.snapshot(&caller, move |tx| {
        let grant = queries::find(tx, id.0)?;
        queries::use_page(tx, &grant, &filter.0, &paging)
    })
    .await
}

/// Consume a benefit
///
/// Takes so many from what remains of a grant that is active. By the partner's administrators, or on its behalf. However
/// many ask at the same moment, no more is consumed than was granted.
#[utoipa::path(params(BenefitGrantId), extensions(("x-errors" = json!(["guard_failed", "precondition_failed"]))))]
#[post("/{id}/uses")]
pub async fn consume_benefit(
    db: Db,
    caller: Caller,
    id: Path<BenefitGrantId>,
    new: Json<NewBenefitUse>,
) -> Reply<Created<BenefitUse>> {
    db.write(&caller, move |tx| {
        queries::consume(tx, id.0, &new.0, is_live).map(Created)
    })
    .await
}

fn is_live(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    let status = partners::status(tx, partner)?;
    Ok(matches!(status, PartnerStatus::Onboarding | PartnerStatus::Active))
}

/// Read a use of a benefit
///
/// What was consumed at once, by whom and what for.
#[utoipa::path(params(BenefitUseId))]
#[get("/{id}")]
pub async fn get_benefit_use(db: Db, caller: Caller, id: Path<BenefitUseId>) -> Reply<Json<BenefitUse>> {
    db.read(&caller, move |tx| {
        queries::find_use(tx, id.0).map(|row| Json(row.shown()))
    })
    .await
}

/// Return what was consumed
///
/// The whole use is taken back with a reason, once, and its grant has as much again; of a grant that has ended it counts as
/// expired.
#[utoipa::path(
    params(BenefitUseId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "precondition_failed"])))
)]
#[post("/{id}/return")]
pub async fn return_benefit_use(
    db: Db,
    caller: Caller,
    id: Path<BenefitUseId>,
    seen: IfMatch,
    back: Json<BenefitReturn>,
) -> Reply<Json<BenefitUse>> {
    db.write(&caller, move |tx| {
        queries::give_back(tx, id.0, |before, now| {
            seen.check(before.revision)?;
            before.returned(&back.0, now)
        })
        .map(Json)
    })
    .await
}

/// List what became of benefits
///
/// By program, tier and kind: what was granted, consumed, expired and is left at a moment, over the partners that the
/// caller sees, and how many of them have consumed none.
#[utoipa::path(params(BenefitUsageFilter))]
#[get("/benefits")]
pub async fn list_benefit_usage(
    db: Db,
    caller: Caller,
    filter: Query<BenefitUsageFilter>,
) -> Reply<Plain<BenefitUsageReport>> {
    db.snapshot(&caller, move |tx| {
        let as_of = filter.0.as_of.unwrap_or(tx.now);
        let data = usage_queries::usage(tx, &filter.0, as_of)?;
        Ok(Plain(BenefitUsageReport { as_of, data }))
    })
    .await
}
