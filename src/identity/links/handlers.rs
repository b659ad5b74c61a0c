//! One function per operation: take, call, answer.

use actix_web::{delete, get, post};

use super::{
    model::{IdentityLink, IdentityLinkFilter, NewIdentityLink},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    identity::Identity,
    kernel::{
        ids::IdentityLinkId,
        page::{Page, Paging},
    },
};

/// List identity links
///
/// Which accounts at identity providers are whose.
#[utoipa::path(params(IdentityLinkFilter, Paging))]
#[get("")]
pub async fn list_identity_links(
    db: Db,
    caller: Caller,
    filter: Query<IdentityLinkFilter>,
    paging: Paging,
) -> Reply<Page<IdentityLink>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Link an account to a user
///
/// From now on the provider's tokens of this account are the user's. A user has one account at a provider.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_identity_link(
    db: Db,
    identity: Identity,
    caller: Caller,
    new: Json<NewIdentityLink>,
) -> Reply<Created<IdentityLink>> {
    let reply = db
        .write(&caller, move |tx| {
            let link = IdentityLink::new(new.0.clone(), tx.caller().actor_text(), tx.now);
            queries::insert(tx, link).map(Created)
        })
        .await;
    identity.forget_providers();
    reply
}

/// Read an identity link
///
/// One account, and whose it is.
#[utoipa::path(params(IdentityLinkId))]
#[get("/{id}")]
pub async fn get_identity_link(db: Db, caller: Caller, id: Path<IdentityLinkId>) -> Reply<Json<IdentityLink>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Take an account from a user
///
/// The provider's tokens of this account are nobody's within five seconds. Where accounts are linked by address, the next
/// token links it again: disable the user, or take the address from the account at the provider.
#[utoipa::path(params(IdentityLinkId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_identity_link(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<IdentityLinkId>,
    seen: IfMatch,
) -> Reply<NoContent> {
    let reply = db
        .write(&caller, move |tx| {
            let link = queries::find(tx, id.0)?;
            seen.check(link.revision)?;
            queries::delete(tx, &link).map(|()| NoContent)
        })
        .await;
    identity.forget_providers();
    reply
}
