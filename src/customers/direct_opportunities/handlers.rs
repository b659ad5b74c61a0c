//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post, put};

use super::{
    model::{DirectOpportunity, DirectOpportunityFilter, DirectOpportunityPatch, NewDirectOpportunity},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply, Upserted},
    kernel::{
        ids::OpportunityId,
        page::{Page, Paging},
    },
    references::ExternalPath,
};

/// List direct opportunities
///
/// What the vendor's own people sell, newest first unless another order is asked for.
#[utoipa::path(params(DirectOpportunityFilter, Paging, Expanding::<DirectOpportunity>))]
#[get("")]
pub async fn list_direct_opportunities(
    db: Db,
    caller: Caller,
    filter: Query<DirectOpportunityFilter>,
    paging: Paging,
    expanding: Expanding<DirectOpportunity>,
) -> Reply<Page<Expandable<DirectOpportunity>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Create a direct opportunity
///
/// From now on it counts in conflict checks while it is open and worked on.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[post("")]
pub async fn create_direct_opportunity(
    db: Db,
    caller: Caller,
    new: Json<NewDirectOpportunity>,
) -> Reply<Created<DirectOpportunity>> {
    db.write(&caller, move |tx| super::insert(tx, &new.0).map(Created))
        .await
}

/// Create or change a direct opportunity by an id of another system
///
/// The opportunity that the system knows by that id is changed, or made if there is none. Fields that are left out stay as
/// they are.
#[utoipa::path(params(ExternalPath, IfMatchIfSent), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_direct_opportunity(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    given: Json<NewDirectOpportunity>,
) -> Reply<Upserted<DirectOpportunity>> {
    let reference = path.0.reference()?;
    db.write(&caller, move |tx| {
        super::upsert_by_external(tx, &reference, &given.0, seen)
    })
    .await
}

/// Read a direct opportunity by an id of another system
///
/// The opportunity that the system knows by that id.
#[utoipa::path(params(ExternalPath, Expanding::<DirectOpportunity>))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_direct_opportunity_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<DirectOpportunity>,
) -> Reply<Json<Expandable<DirectOpportunity>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let record = queries::find_by_reference(tx, &reference)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Read a direct opportunity
///
/// One opportunity of the vendor's own.
#[utoipa::path(params(OpportunityId, Expanding::<DirectOpportunity>))]
#[get("/{id}")]
pub async fn get_direct_opportunity(
    db: Db,
    caller: Caller,
    id: Path<OpportunityId>,
    expanding: Expanding<DirectOpportunity>,
) -> Reply<Json<Expandable<DirectOpportunity>>> {
    db.snapshot(&caller, move |tx| {
        let record = queries::find(tx, id.0)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Change a direct opportunity
///
/// A change of status or stage counts as activity, which keeps the opportunity's claim alive.
#[utoipa::path(params(OpportunityId, IfMatch), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[patch("/{id}")]
pub async fn update_direct_opportunity(
    db: Db,
    caller: Caller,
    id: Path<OpportunityId>,
    seen: IfMatch,
    patch: Json<DirectOpportunityPatch>,
) -> Reply<Json<DirectOpportunity>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        super::change(tx, &before, &patch.0).map(Json)
    })
    .await
}

/// Delete a direct opportunity
///
/// Removes one that was entered by mistake and that no conflict case names; close it as lost otherwise.
#[utoipa::path(params(OpportunityId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_direct_opportunity(
    db: Db,
    caller: Caller,
    id: Path<OpportunityId>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let opportunity = queries::find(tx, id.0)?;
        seen.check(opportunity.revision)?;
        queries::delete(tx, &opportunity).map(|()| NoContent)
    })
    .await
}
