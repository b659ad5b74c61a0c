//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{AttributionMoment, DealAttribution, DealAttributionSet, NewDealAttribution},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    deals::registrations,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::DealId,
        page::{Page, Paging},
    },
};

/// Read who is credited with a registration
///
/// At a moment, or now. The vendor reads all shares; a partner its own, and of the others only what they add up to.
#[utoipa::path(params(DealId, AttributionMoment))]
#[get("/{id}/attribution")]
pub async fn get_deal_attribution(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    moment: Query<AttributionMoment>,
) -> Reply<Plain<DealAttribution>> {
    db.snapshot(&caller, move |tx| {
        let deal = registrations::find_row(tx, id.0)?;
        let at = moment.0.as_of.unwrap_or(tx.now);
        queries::as_of(tx, &deal, at).map(Plain)
    })
    .await
}

/// Credit partners with a registration
///
/// Shares that add up to 10,000 basis points, from now on or from a moment to come, until the next ones hold. What was
/// credited before stays readable. `If-Match` takes the registration's tag.
#[utoipa::path(params(DealId, IfMatchIfSent), extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("/{id}/attribution")]
pub async fn set_deal_attribution(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    seen: IfMatch,
    new: Json<NewDealAttribution>,
) -> Reply<Created<DealAttributionSet>> {
    db.write(&caller, move |tx| super::set(tx, id.0, seen, &new.0).map(Created))
        .await
}

/// List who was credited with a registration
///
/// Every set of shares, what holds last first; empty while the registration is all its partner's.
#[utoipa::path(params(DealId, Paging))]
#[get("/{id}/attribution/history")]
pub async fn list_deal_attributions(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    paging: Paging,
) -> Reply<Page<DealAttributionSet>> {
    db.snapshot(&caller, move |tx| {
        registrations::find_row(tx, id.0)?;
        queries::page(tx, id.0, &paging)
    })
    .await
}
