//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{NewPartnerSegment, PartnerSegment, PartnerSegmentFilter, PartnerSegmentPath},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Json, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners, policies,
};

/// List the segments of a partner
///
/// The segments that the partner is and was in, the latest first. With `as_of`, only the one of that moment.
#[utoipa::path(params(PartnerId, PartnerSegmentFilter, Paging))]
#[get("/{id}/segments")]
pub async fn list_partner_segments(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<PartnerSegmentFilter>,
    paging: Paging,
) -> Reply<Page<PartnerSegment>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Set the segment of a partner
///
/// From now on the partner is in that segment of the policy in force, or in none. Approval chains that begin from now on ask by
/// it; those that run stay as they began.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("/{id}/segments")]
pub async fn set_partner_segment(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewPartnerSegment>,
) -> Reply<Created<PartnerSegment>> {
    db.write(&caller, move |tx| {
        // Of several who set it at once, each sees the one before, and begins after it.
        partners::lock(tx, id.0)?;
        let (status, now) = (partners::status(tx, id.0)?, tx.moment());
        let policy = policies::in_force(tx, now)?;
        let held = queries::at(tx, id.0, now)?;
        let entry = PartnerSegment::begun(id.0, new.0.clone(), tx.caller().actor_text(), now);
        let entry = entry.permitted(status, held.as_ref(), (&policy.partners, policy.version))?;
        queries::insert(tx, entry).map(Created)
    })
    .await
}

/// Read a segment of a partner
///
/// One entry of the chain.
#[utoipa::path(params(PartnerSegmentPath))]
#[get("/{id}/segments/{segment_id}")]
pub async fn get_partner_segment(
    db: Db,
    caller: Caller,
    path: Path<PartnerSegmentPath>,
) -> Reply<Json<PartnerSegment>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.segment_id).map(Json)
    })
    .await
}
