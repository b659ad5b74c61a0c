//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{IdentityProvider, IdentityProviderFilter, IdentityProviderPatch, NewIdentityProvider},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    identity::Identity,
    kernel::{
        ids::IdentityProviderId,
        page::{Page, Paging},
    },
};

/// List identity providers
///
/// Whose tokens are taken beside those of this server.
#[utoipa::path(params(IdentityProviderFilter, Paging))]
#[get("")]
pub async fn list_identity_providers(
    db: Db,
    caller: Caller,
    filter: Query<IdentityProviderFilter>,
    paging: Paging,
) -> Reply<Page<IdentityProvider>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Take the tokens of an identity provider
///
/// From now on its access or ID tokens are taken as `Authorization: Bearer …`, if they are signed with one of its
/// published keys and are for this audience. They open what the user may do whom the account there is linked to; users are
/// not made. The provider itself is asked for its keys when the first token comes.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_identity_provider(
    db: Db,
    identity: Identity,
    caller: Caller,
    new: Json<NewIdentityProvider>,
) -> Reply<Created<IdentityProvider>> {
    let trial = identity.trial();
    let reply = db
        .write(&caller, move |tx| {
            let provider = IdentityProvider::new(new.0.clone(), trial, tx.caller().actor_text(), tx.now)?;
            queries::insert(tx, provider).map(Created)
        })
        .await;
    identity.forget_providers();
    reply
}

/// Read an identity provider
///
/// One provider, with how its accounts become users here.
#[utoipa::path(params(IdentityProviderId))]
#[get("/{id}")]
pub async fn get_identity_provider(
    db: Db,
    caller: Caller,
    id: Path<IdentityProviderId>,
) -> Reply<Json<IdentityProvider>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change an identity provider
///
/// Its issuer and its partner stay, because its links hang on them. What is taken away holds within five seconds for tokens
/// that were taken before, too; `enabled: false` refuses them all.
#[utoipa::path(params(IdentityProviderId, IfMatch))]
#[patch("/{id}")]
pub async fn update_identity_provider(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<IdentityProviderId>,
    seen: IfMatch,
    patch: Json<IdentityProviderPatch>,
) -> Reply<Json<IdentityProvider>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(patch.0.clone(), tx.now)?;
            queries::save(tx, &before, after).map(Json)
        })
        .await;
    identity.forget_providers();
    reply
}

/// Take an identity provider's tokens no more
///
/// Removes the provider with the links of its accounts. Its tokens are refused within five seconds.
#[utoipa::path(params(IdentityProviderId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_identity_provider(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<IdentityProviderId>,
    seen: IfMatch,
) -> Reply<NoContent> {
    let reply = db
        .write(&caller, move |tx| {
            let provider = queries::find(tx, id.0)?;
            seen.check(provider.revision)?;
            queries::delete(tx, &provider).map(|()| NoContent)
        })
        .await;
    identity.forget_providers();
    reply
}
