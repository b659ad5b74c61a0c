//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{Authorisation, AuthorisationFilter, AuthorisationPatch, AuthorisationPath, NewAuthorisation},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    error::Error,
    http::{Created, IfMatch, Json, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
};

/// List what a partner may sell where
///
/// Its product authorisations, those that ended included unless a day is asked for.
#[utoipa::path(params(PartnerId, AuthorisationFilter, Paging))]
#[get("/{id}/authorisations")]
pub async fn list_product_authorisations(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<AuthorisationFilter>,
    paging: Paging,
) -> Reply<Page<Authorisation>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Authorise a partner for a product
///
/// The partner may sell the product, or everything in the line, in the territory, from a day on and until another.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "already_exists"]))))]
#[post("/{id}/authorisations")]
pub async fn create_product_authorisation(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewAuthorisation>,
) -> Reply<Created<Authorisation>> {
    db.write(&caller, move |tx| {
        let status = partners::status(tx, id.0)?;
        if !status.is_live() {
            return Err(Error::invalid_state(
                status,
                "authorise",
                partners::MACHINE.allowed(status),
            ));
        }
        let authorisation = Authorisation::new(id.0, &new.0, tx.caller().actor_text(), tx.now).checked()?;
        queries::grant(tx, authorisation).map(Created)
    })
    .await
}

/// Read a product authorisation
///
/// What the partner may sell where, and from when to when.
#[utoipa::path(params(AuthorisationPath))]
#[get("/{id}/authorisations/{authorisation_id}")]
pub async fn get_product_authorisation(
    db: Db,
    caller: Caller,
    path: Path<AuthorisationPath>,
) -> Reply<Json<Authorisation>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.authorisation_id).map(Json)
    })
    .await
}

/// Change when a product authorisation ends
///
/// Deals that were approved keep what they were approved for.
#[utoipa::path(params(AuthorisationPath, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[patch("/{id}/authorisations/{authorisation_id}")]
pub async fn update_product_authorisation(
    db: Db,
    caller: Caller,
    path: Path<AuthorisationPath>,
    seen: IfMatch,
    patch: Json<AuthorisationPatch>,
) -> Reply<Json<Authorisation>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.id, path.0.authorisation_id)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now).checked()?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}
