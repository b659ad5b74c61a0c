//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    model::{
        NewServiceClient, SecretRotation, ServiceClient, ServiceClientFilter, ServiceClientPatch,
        ServiceClientWithSecret,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, Result},
    http::{Confidential, Created, IfMatch, Json, Path, Query, Reply},
    identity::Identity,
    kernel::{
        ids::{ClientSecretId, PartnerId, ServiceClientId},
        page::{Page, Paging},
    },
};

/// A secret of a client.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SecretPath {
    /// The client.
    pub id: ServiceClientId,
    /// The secret.
    pub credential_id: ClientSecretId,
}

/// List service clients
///
/// The programs that sign in by themselves. A partner's administrators see those bound to their own partner.
#[utoipa::path(params(ServiceClientFilter, Paging))]
#[get("")]
pub async fn list_service_clients(
    db: Db,
    caller: Caller,
    filter: Query<ServiceClientFilter>,
    paging: Paging,
) -> Reply<Page<ServiceClient>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// The partner that a new client is bound to: named, or the caller's own.
fn binding(caller: &Caller, named: Option<PartnerId>) -> Result<Option<PartnerId>> {
    let partner = named.or_else(|| caller.partner());
    let permitted =
        partner.is_none_or(|partner| caller.sees(partner) && caller.partner().is_none_or(|own| own == partner));
    if permitted {
        Ok(partner)
    } else {
        Err(Error::unknown_reference(
            "#/partner_id",
            "There is no such partner that you may make a client for.",
        ))
    }
}

/// Create a service client
///
/// Makes a client and its first secret, which is shown this once. A client bound to a partner sees that partner's rows
/// and may have scopes of what a partner can do. With public keys of its own (`jwks`) it can prove itself without the secret,
/// which may then be revoked.
#[utoipa::path]
#[post("")]
pub async fn create_service_client(
    db: Db,
    caller: Caller,
    new: Json<NewServiceClient>,
) -> Reply<Confidential<Created<ServiceClientWithSecret>>> {
    let partner = binding(&caller, new.0.partner_id)?;
    db.write(&caller, move |tx| {
        let client = ServiceClient::new(&new.0, partner, tx.caller().actor_text(), tx.now)?;
        let (client, client_secret) = queries::insert(tx, &client)?;
        Ok(Confidential(Created(ServiceClientWithSecret { client, client_secret })))
    })
    .await
}

/// Read a service client
///
/// One client, with its secrets but for what is secret.
#[utoipa::path(params(ServiceClientId))]
#[get("/{id}")]
pub async fn get_service_client(db: Db, caller: Caller, id: Path<ServiceClientId>) -> Reply<Json<ServiceClient>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a service client
///
/// Sets name, description, scopes and public keys. Scopes that are taken away are gone from its tokens and keys within five seconds.
#[utoipa::path(params(ServiceClientId, IfMatch))]
#[patch("/{id}")]
pub async fn update_service_client(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<ServiceClientId>,
    seen: IfMatch,
    patch: Json<ServiceClientPatch>,
) -> Reply<Json<ServiceClient>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(&patch.0, tx.now)?;
            queries::save(tx, &before, after, "service_client.updated").map(Json)
        })
        .await;
    identity.forget();
    reply
}

/// Disable a service client
///
/// Ends its tokens and API keys within five seconds, until it is enabled again.
#[utoipa::path(params(ServiceClientId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/disable")]
pub async fn disable_service_client(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<ServiceClientId>,
) -> Reply<Json<ServiceClient>> {
    let reply = turn(db, &caller, id.0, "disable", "service_client.disabled").await;
    identity.forget();
    reply
}

/// Enable a service client
///
/// Lets it sign in again with the secrets and keys that it has.
#[utoipa::path(params(ServiceClientId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/enable")]
pub async fn enable_service_client(db: Db, caller: Caller, id: Path<ServiceClientId>) -> Reply<Json<ServiceClient>> {
    turn(db, &caller, id.0, "enable", "service_client.enabled").await
}

async fn turn(
    db: Db,
    caller: &Caller,
    id: ServiceClientId,
    action: &'static str,
    kind: &'static str,
) -> Reply<Json<ServiceClient>> {
    db.write(caller, move |tx| {
        let before = queries::find(tx, id)?;
        let after = before.clone().moved(rules::MACHINE.go(before.status, action)?, tx.now);
        queries::save(tx, &before, after, kind).map(Json)
    })
    .await
}

/// Replace a service client's secret
///
/// Makes a new secret, shown this once. The newest present one stays good for the overlap, so that the client can be
/// changed over without a gap; an older one ends at once.
#[utoipa::path(params(ServiceClientId))]
#[post("/{id}/secrets")]
pub async fn rotate_client_secret(
    db: Db,
    caller: Caller,
    id: Path<ServiceClientId>,
    rotation: Json<SecretRotation>,
) -> Reply<Confidential<Created<ServiceClientWithSecret>>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        let (client, client_secret) = queries::rotate(tx, &before, rotation.0.overlap_seconds)?;
        Ok(Confidential(Created(ServiceClientWithSecret { client, client_secret })))
    })
    .await
}

/// Revoke a service client's secret
///
/// Ends one secret at once, as when it has leaked. Tokens that were issued for it end by themselves within minutes.
#[utoipa::path(params(SecretPath, IfMatch))]
#[delete("/{id}/secrets/{credential_id}")]
pub async fn revoke_client_secret(
    db: Db,
    caller: Caller,
    path: Path<SecretPath>,
    seen: IfMatch,
) -> Reply<Json<ServiceClient>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.id)?;
        seen.check(before.revision)?;
        queries::revoke_secret(tx, &before, path.0.credential_id).map(Json)
    })
    .await
}
