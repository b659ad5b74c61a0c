//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post, put};

use super::{
    model::{InstalledBase, InstalledBaseFilter, InstalledBasePatch, InstalledBaseSource, NewInstalledBase},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, Expandable, Expanding, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply, Upserted},
    kernel::{
        ids::InstalledBaseId,
        page::{Page, Paging},
    },
    references::ExternalPath,
};

/// List the installed base
///
/// Newest first unless another order is asked for.
#[utoipa::path(params(InstalledBaseFilter, Paging, Expanding::<InstalledBase>))]
#[get("")]
pub async fn list_installed_base(
    db: Db,
    caller: Caller,
    filter: Query<InstalledBaseFilter>,
    paging: Paging,
    expanding: Expanding<InstalledBase>,
) -> Reply<Page<Expandable<InstalledBase>>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        expanding.page(tx, page)
    })
    .await
}

/// Create an installed product
///
/// From now on net-new registrations of it for this customer are looked at.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[post("")]
pub async fn create_installed_base(
    db: Db,
    caller: Caller,
    new: Json<NewInstalledBase>,
) -> Reply<Created<InstalledBase>> {
    db.write(&caller, move |tx| {
        super::insert(tx, &new.0, InstalledBaseSource::Manual).map(Created)
    })
    .await
}

/// Create or change an installed product by an id of another system
///
/// The one that the system knows by that id is changed, or made if there is none. Fields that are left out stay as they are.
#[utoipa::path(params(ExternalPath, IfMatchIfSent), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_installed_base(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    given: Json<NewInstalledBase>,
) -> Reply<Upserted<InstalledBase>> {
    let reference = path.0.reference()?;
    db.write(&caller, move |tx| {
        super::upsert_by_external(tx, &reference, &given.0, InstalledBaseSource::Manual, seen)
    })
    .await
}

/// Read an installed product by an id of another system
///
/// The one that the system knows by that id.
#[utoipa::path(params(ExternalPath, Expanding::<InstalledBase>))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_installed_base_by_external_id(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    expanding: Expanding<InstalledBase>,
) -> Reply<Json<Expandable<InstalledBase>>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let record = queries::find_by_reference(tx, &reference)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Read an installed product
///
/// A product or product line that a customer has.
#[utoipa::path(params(InstalledBaseId, Expanding::<InstalledBase>))]
#[get("/{id}")]
pub async fn get_installed_base(
    db: Db,
    caller: Caller,
    id: Path<InstalledBaseId>,
    expanding: Expanding<InstalledBase>,
) -> Reply<Json<Expandable<InstalledBase>>> {
    db.snapshot(&caller, move |tx| {
        let record = queries::find(tx, id.0)?;
        expanding.one(tx, record).map(Json)
    })
    .await
}

/// Change an installed product
///
/// Conflict checks that were made before keep what they found.
#[utoipa::path(params(InstalledBaseId, IfMatch), extensions(("x-errors" = json!(["already_exists", "account_merged"]))))]
#[patch("/{id}")]
pub async fn update_installed_base(
    db: Db,
    caller: Caller,
    id: Path<InstalledBaseId>,
    seen: IfMatch,
    patch: Json<InstalledBasePatch>,
) -> Reply<Json<InstalledBase>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        super::change(tx, &before, &patch.0).map(Json)
    })
    .await
}

/// Delete an installed product
///
/// Removes one that was entered by mistake; give it an end if the customer has the product no longer.
#[utoipa::path(params(InstalledBaseId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_installed_base(
    db: Db,
    caller: Caller,
    id: Path<InstalledBaseId>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let one = queries::find(tx, id.0)?;
        seen.check(one.revision)?;
        queries::delete(tx, &one).map(|()| NoContent)
    })
    .await
}
