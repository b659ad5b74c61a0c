//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{Protection, ProtectionFilter, ProtectionMoment},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Expandable, Expanding, Json, Path, Query, Reply},
    kernel::{
        ids::ProtectionId,
        page::{Page, Paging},
    },
};

/// List protections
///
/// Who holds which scope, as of any moment: partners read their own, the vendor those of the partners it may see.
/// `state=active,grace&expiring_before=…` lists what is about to expire.
#[utoipa::path(params(ProtectionFilter, Paging, Expanding::<Protection>))]
#[get("")]
pub async fn list_protections(
    db: Db,
    caller: Caller,
    filter: Query<ProtectionFilter>,
    paging: Paging,
    expanding: Expanding<Protection>,
) -> Reply<Page<Expandable<Protection>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Read a protection
///
/// One protection with its state as of any moment. Partners read their own.
#[utoipa::path(params(ProtectionId, ProtectionMoment, Expanding::<Protection>))]
#[get("/{id}")]
pub async fn get_protection(
    db: Db,
    caller: Caller,
    id: Path<ProtectionId>,
    moment: Query<ProtectionMoment>,
    expanding: Expanding<Protection>,
) -> Reply<Json<Expandable<Protection>>> {
    db.snapshot(&caller, move |tx| {
        let record = queries::find(tx, id.0, moment.0.as_of)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}
