//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{ApiKey, ApiKeyFilter, ApiKeyWithText, NewApiKey},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Confidential, Created, Json, Path, Query, Reply},
    identity::{
        Identity,
        credentials::{self, ApiKeyText},
        service_clients,
    },
    kernel::{
        ids::ApiKeyId,
        page::{Page, Paging},
    },
};

/// List API keys
///
/// The keys of service clients, without what is secret. A partner's administrators see those of their own partner.
#[utoipa::path(params(ApiKeyFilter, Paging))]
#[get("")]
pub async fn list_api_keys(db: Db, caller: Caller, filter: Query<ApiKeyFilter>, paging: Paging) -> Reply<Page<ApiKey>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create an API key
///
/// Makes a key for a service client, shown this once. It can do no more than its client, and ends in a year unless
/// something else is said.
#[utoipa::path(extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("")]
pub async fn create_api_key(
    db: Db,
    caller: Caller,
    new: Json<NewApiKey>,
) -> Reply<Confidential<Created<ApiKeyWithText>>> {
    db.write(&caller, move |tx| {
        let client = service_clients::find(tx, new.0.client_id).map_err(rules::unknown_client)?;
        let text = ApiKeyText::generate();
        let key = ApiKey::new(&new.0, &client, &text, tx.caller().actor_text(), tx.now)?;
        let api_key = queries::insert(tx, key, &credentials::hash(&text.secret))?;
        Ok(Confidential(Created(ApiKeyWithText {
            api_key,
            text: text.whole,
        })))
    })
    .await
}

/// Read an API key
///
/// One key, without what is secret.
#[utoipa::path(params(ApiKeyId))]
#[get("/{id}")]
pub async fn get_api_key(db: Db, caller: Caller, id: Path<ApiKeyId>) -> Reply<Json<ApiKey>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Revoke an API key
///
/// Ends a key for good, within five seconds on every instance.
#[utoipa::path(params(ApiKeyId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/revoke")]
pub async fn revoke_api_key(db: Db, identity: Identity, caller: Caller, id: Path<ApiKeyId>) -> Reply<Json<ApiKey>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            let after = before.clone().revoked(tx.now)?;
            queries::save(tx, &before, after, "api_key.revoked").map(Json)
        })
        .await;
    identity.forget();
    reply
}
