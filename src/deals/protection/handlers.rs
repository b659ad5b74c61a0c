//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{Protection, ProtectionFilter, ProtectionMoment},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Json, Path, Query, Reply},
    kernel::{
        ids::ProtectionId,
        page::{Page, Paging},
    },
};

/// List protections
///
/// Who holds which scope, as of any moment: partners read their own, the vendor those of the partners it may see.
/// `state=active,grace&expiring_before=…` lists what is about to expire.
#[utoipa::path(params(ProtectionFilter, Paging))]
#[get("")]
pub async fn list_protections(
    db: Db,
    caller: Caller,
    filter: Query<ProtectionFilter>,
    paging: Paging,
) -> Reply<Page<Protection>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a protection
///
/// One protection with its state as of any moment. Partners read their own.
#[utoipa::path(params(ProtectionId, ProtectionMoment))]
#[get("/{id}")]
pub async fn get_protection(
    db: Db,
    caller: Caller,
    id: Path<ProtectionId>,
    moment: Query<ProtectionMoment>,
) -> Reply<Json<Protection>> {
    db.read(&caller, move |tx| queries::find(tx, id.0, moment.0.as_of).map(Json))
        .await
}
