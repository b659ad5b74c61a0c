//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{
        NewWebhookEndpoint, WebhookDisabledReason, WebhookEndpoint, WebhookEndpointFilter, WebhookEndpointPatch,
        WebhookEndpointWithSecret, WebhookReplay, WebhookReplayed, WebhookSecretRotation,
    },
    queries,
    rules::Sealed,
};
use crate::{
    auth::Caller,
    db::Db,
    events::Fact,
    http::{Confidential, Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Plain, Query, Reply},
    identity::Identity,
    kernel::{
        ids::WebhookEndpointId,
        page::{Page, Paging},
    },
    webhooks::{
        SEALED_FOR, WebhookSettings,
        deliveries::{WebhookDelivery, queries as deliveries},
        signature,
    },
};

/// List webhook endpoints
///
/// Those of the caller's side: the vendor's, or the partner's own.
#[utoipa::path(params(WebhookEndpointFilter, Paging))]
#[get("")]
pub async fn list_webhook_endpoints(
    db: Db,
    caller: Caller,
    filter: Query<WebhookEndpointFilter>,
    paging: Paging,
) -> Reply<Page<WebhookEndpoint>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create a webhook endpoint
///
/// Of the caller's side, for events from now on. The secret that messages are signed with is shown this once. One that a
/// machine makes is told what the scopes of its key or token allow, as far as the machine still has them when a message is sent.
#[utoipa::path]
#[post("")]
pub async fn create_webhook_endpoint(
    db: Db,
    identity: Identity,
    settings: WebhookSettings,
    caller: Caller,
    new: Json<NewWebhookEndpoint>,
) -> Reply<Confidential<Created<WebhookEndpointWithSecret>>> {
    db.write(&caller, move |tx| {
        let (id, secret) = (WebhookEndpoint::new_id(tx.now), signature::new_secret());
        let sealed = identity.master().seal(SEALED_FOR, &id.to_string(), secret.as_bytes())?;
        let endpoint = WebhookEndpoint::new(id, &new.0, tx.caller(), sealed, &settings, tx.now)?;
        let endpoint = queries::insert(tx, endpoint)?;
        Ok(Confidential(Created(WebhookEndpointWithSecret { endpoint, secret })))
    })
    .await
}

/// Read a webhook endpoint
///
/// Of the caller's side, without its secret.
#[utoipa::path(params(WebhookEndpointId))]
#[get("/{id}")]
pub async fn get_webhook_endpoint(db: Db, caller: Caller, id: Path<WebhookEndpointId>) -> Reply<Json<WebhookEndpoint>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a webhook endpoint
///
/// Other events hold for what was not yet put into its queue; a new address holds for everything that is still to be sent.
/// Machines change endpoints that they made themselves.
#[utoipa::path(params(WebhookEndpointId, IfMatch))]
#[patch("/{id}")]
pub async fn update_webhook_endpoint(
    db: Db,
    settings: WebhookSettings,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    seen: IfMatch,
    patch: Json<WebhookEndpointPatch>,
) -> Reply<Json<WebhookEndpoint>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.caller(), &settings, tx.now)?;
        queries::save(tx, &before, after, "webhook_endpoint.updated").map(Json)
    })
    .await
}

/// Remove a webhook endpoint
///
/// What waits for it is not sent any more.
#[utoipa::path(params(WebhookEndpointId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_webhook_endpoint(
    db: Db,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    seen: IfMatch,
) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        queries::delete(tx, &before).map(|()| NoContent)
    })
    .await
}

/// Enable a webhook endpoint
///
/// It is delivered to again, in order: first what waits, with as many tries as at first, then what happened meanwhile.
#[utoipa::path(params(WebhookEndpointId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/enable")]
pub async fn enable_webhook_endpoint(
    db: Db,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    seen: IfMatch,
) -> Reply<Json<WebhookEndpoint>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().enabled(tx.now)?;
        queries::forgive(tx, before.id)?;
        deliveries::begin_anew(tx, before.id)?;
        queries::save(tx, &before, after, "webhook_endpoint.enabled").map(Json)
    })
    .await
}

/// Disable a webhook endpoint
///
/// Nothing more is sent to it. What it has not had waits until it is enabled again.
#[utoipa::path(params(WebhookEndpointId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/disable")]
pub async fn disable_webhook_endpoint(
    db: Db,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    seen: IfMatch,
) -> Reply<Json<WebhookEndpoint>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().disabled(WebhookDisabledReason::Manual, tx.now)?;
        queries::save(tx, &before, after, "webhook_endpoint.disabled").map(Json)
    })
    .await
}

/// Replace a webhook secret
///
/// Makes a new secret, shown this once. For the overlap messages are signed with both, so that the receiver can be changed over
/// without a gap. Machines replace the secrets of endpoints that they made themselves.
#[utoipa::path(params(WebhookEndpointId, IfMatchIfSent))]
#[post("/{id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    seen: IfMatch,
    rotation: Json<WebhookSecretRotation>,
) -> Reply<Confidential<Plain<WebhookEndpointWithSecret>>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let secret = signature::new_secret();
        let sealed = Sealed {
            secret: identity
                .master()
                .seal(SEALED_FOR, &before.id.to_string(), secret.as_bytes())?,
            overlap_seconds: rotation.0.overlap_hours * 3600,
        };
        let after = before.clone().rotated(sealed, tx.caller(), tx.now)?;
        let endpoint = queries::save(tx, &before, after, "webhook_endpoint.secret_rotated")?;
        Ok(Confidential(Plain(WebhookEndpointWithSecret { endpoint, secret })))
    })
    .await
}

/// Send a test message
///
/// Once, past the queue, also to an endpoint that is disabled. The delivery tells what came of it.
#[utoipa::path(params(WebhookEndpointId))]
#[post("/{id}/ping")]
pub async fn send_webhook_ping(db: Db, caller: Caller, id: Path<WebhookEndpointId>) -> Reply<Created<WebhookDelivery>> {
    db.write(&caller, move |tx| {
        let endpoint = queries::find(tx, id.0)?;
        queries::touch(tx, endpoint.id)?;
        let ping = deliveries::insert_ping(tx, WebhookDelivery::ping(&endpoint, tx.now))?;
        tx.record(Fact::changed("webhook_endpoint.pinged", &endpoint, &endpoint))?;
        Ok(Created(ping))
    })
    .await
}

/// Send deliveries of a time range again
///
/// Those of events that happened in it, in their order, under the same ids as before, 5,000 at a time: if more are left, the
/// answer says where to go on. Deliveries are kept for 30 days unless the deployment says otherwise.
#[utoipa::path(params(WebhookEndpointId))]
#[post("/{id}/replay")]
pub async fn replay_webhooks(
    db: Db,
    caller: Caller,
    id: Path<WebhookEndpointId>,
    replay: Json<WebhookReplay>,
) -> Reply<Plain<WebhookReplayed>> {
    db.write(&caller, move |tx| {
        let endpoint = queries::find(tx, id.0)?;
        let span = replay.0.span(tx.now)?;
        queries::touch(tx, endpoint.id)?;
        let (deliveries, next_sequence) = deliveries::replay_span(tx, endpoint.id, &span)?;
        tx.record(Fact::changed("webhook_endpoint.replayed", &endpoint, &endpoint))?;
        Ok(Plain(WebhookReplayed {
            deliveries,
            next_sequence,
        }))
    })
    .await
}
