//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{DealAppeal, DealAppealDismissal, DealAppealFilter, DealAppealTimeline, DealAppealUphold, NewDealAppeal},
    queries::{self, AppealRow},
    steps, timeline,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    deals::registrations::{self, Reader, Registration},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::{AppealId, DealId},
        page::{Page, Paging},
    },
};

fn seen(tx: &Tx<'_>, (registration, appeal): (Registration, AppealRow)) -> DealAppeal {
    let whose = (registration.deal.partner_id, registration.deal.distributor_id);
    appeal.seen(whose, Reader::of(tx.caller()), tx.now)
}

/// List the appeals of a registration
///
/// Every appeal against a decision on it, and what became of it, oldest first.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/appeals")]
pub async fn list_deal_appeals(db: Db, caller: Caller, id: Path<DealId>, paging: Paging) -> Reply<Page<DealAppeal>> {
    db.snapshot(&caller, move |tx| {
        registrations::find_row(tx, id.0)?;
        queries::page_of_deal(tx, id.0, &paging)
    })
    .await
}

/// Appeal against a decision
///
/// By the partner, against the refusal or the revocation of its registration: once for each decision, within the days that
/// the program gives (`review.appeal_until` of the registration). Somebody who had no part in the decision judges it.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed", "already_exists"]))))]
#[post("/{id}/appeals")]
pub async fn lodge_deal_appeal(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen_at: IfMatch,
    new: Json<NewDealAppeal>,
) -> Reply<Created<DealAppeal>> {
    db.write(&caller, move |tx| {
        let row = steps::lodge(tx, id.0, seen_at, &new.0)?;
        let registration = registrations::find(tx, id.0)?;
        Ok(Created(seen(tx, (registration, row))))
    })
    .await
}

/// List appeals
///
/// The appeals of the registrations that you may see, the most urgent first; with `status=open` those that wait for the
/// vendor.
#[utoipa::path(params(DealAppealFilter, Paging))]
#[get("")]
pub async fn list_appeals(
    db: Db,
    caller: Caller,
    filter: Query<DealAppealFilter>,
    paging: Paging,
) -> Reply<Page<DealAppeal>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Read an appeal
///
/// With its grounds, what is shown for it, when the decision is due, and what was decided.
#[utoipa::path(params(AppealId))]
#[get("/{id}")]
pub async fn get_deal_appeal(db: Db, caller: Caller, id: Path<AppealId>) -> Reply<Json<DealAppeal>> {
    db.snapshot(&caller, move |tx| {
        let row = queries::find(tx, id.0)?;
        let registration = registrations::find(tx, row.deal_id)?;
        Ok(Json(seen(tx, (registration, row))))
    })
    .await
}

/// Read the timeline of an appeal
///
/// What the program wrote down from the receipt of the registration on: checks, decisions, evidence, the appeal and its
/// outcome. The partner reads it without the vendor's names, and without what names another partner.
#[utoipa::path(params(AppealId))]
#[get("/{id}/timeline")]
pub async fn get_deal_appeal_timeline(db: Db, caller: Caller, id: Path<AppealId>) -> Reply<Plain<DealAppealTimeline>> {
    db.snapshot(&caller, move |tx| {
        let row = queries::find(tx, id.0)?;
        let registration = registrations::find(tx, row.deal_id)?;
        timeline::of(tx, &registration, &row).map(Plain)
    })
    .await
}

/// Take an appeal on
///
/// From then on nobody else decides it, unless they take it on themselves.
#[utoipa::path(params(AppealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/claim")]
pub async fn claim_deal_appeal(
    db: Db,
    caller: Caller,
    id: Path<AppealId>,
    seen_at: IfMatch,
) -> Reply<Json<DealAppeal>> {
    db.write(&caller, move |tx| {
        let both = steps::claim(tx, id.0, seen_at)?;
        Ok(Json(seen(tx, both)))
    })
    .await
}

/// Uphold an appeal
///
/// The partner is right. What was revoked is approved again and protected for the time that was left of it; what was refused
/// is before the vendor again at its old place in the queue, or granted at once where you may decide every step of its
/// chain. Nothing is taken from who holds the scope by now: then it is refused and names them, or, with `contest`, a conflict
/// case is opened that decides whose the scope is.
#[utoipa::path(params(AppealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap", "precondition_failed"]))))]
#[post("/{id}/uphold")]
pub async fn uphold_deal_appeal(
    db: Db,
    caller: Caller,
    id: Path<AppealId>,
    seen_at: IfMatch,
    uphold: Json<DealAppealUphold>,
) -> Reply<Json<DealAppeal>> {
    db.write(&caller, move |tx| {
        let both = steps::uphold(tx, id.0, seen_at, &uphold.0)?;
        Ok(Json(seen(tx, both)))
    })
    .await
}

/// Dismiss an appeal
///
/// The decision stands, with a reason that both sides read.
#[utoipa::path(params(AppealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/dismiss")]
pub async fn dismiss_deal_appeal(
    db: Db,
    caller: Caller,
    id: Path<AppealId>,
    seen_at: IfMatch,
    dismissal: Json<DealAppealDismissal>,
) -> Reply<Json<DealAppeal>> {
    db.write(&caller, move |tx| {
        let both = steps::dismiss(tx, id.0, seen_at, &dismissal.0)?;
        Ok(Json(seen(tx, both)))
    })
    .await
}

/// Take an appeal back
///
/// By the partner. It is used up with it: a decision is appealed against once.
#[utoipa::path(params(AppealId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "precondition_failed"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_deal_appeal(
    db: Db,
    caller: Caller,
    id: Path<AppealId>,
    seen_at: IfMatch,
) -> Reply<Json<DealAppeal>> {
    db.write(&caller, move |tx| {
        let both = steps::withdraw(tx, id.0, seen_at)?;
        Ok(Json(seen(tx, both)))
    })
    .await
}
