//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{WebhookAttemptList, WebhookDelivery, WebhookDeliveryFilter, WebhookDeliveryKind},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    events::feed::{self, Reading},
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::WebhookDeliveryId,
        page::{Page, Paging},
    },
    webhooks::{endpoints::queries as endpoints, message},
};

/// List webhook deliveries
///
/// To the endpoints of the caller's side: what was sent, what waits, and what was not taken.
#[utoipa::path(params(WebhookDeliveryFilter, Paging))]
#[get("")]
pub async fn list_webhook_deliveries(
    db: Db,
    caller: Caller,
    filter: Query<WebhookDeliveryFilter>,
    paging: Paging,
) -> Reply<Page<WebhookDelivery>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Read a webhook delivery
///
/// One message to one endpoint, with what came of it.
#[utoipa::path(params(WebhookDeliveryId))]
#[get("/{id}")]
pub async fn get_webhook_delivery(db: Db, caller: Caller, id: Path<WebhookDeliveryId>) -> Reply<Json<WebhookDelivery>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// List the attempts of a webhook delivery
///
/// Each time it was sent: when, with which headers, how long it took, and what was answered. The body is the same each time.
#[utoipa::path(params(WebhookDeliveryId))]
#[get("/{id}/attempts")]
pub async fn list_webhook_attempts(
    db: Db,
    caller: Caller,
    id: Path<WebhookDeliveryId>,
) -> Reply<Plain<WebhookAttemptList>> {
    db.snapshot(&caller, move |tx| {
        let delivery = queries::find(tx, id.0)?;
        let rows = queries::attempts_of(tx, &delivery)?;
        let endpoint = endpoints::find_any(tx, delivery.endpoint_id)?;
        let reading = Reading::of(tx.caller());
        let body = match (delivery.kind, delivery.position, &endpoint) {
            (WebhookDeliveryKind::Ping, ..) => {
                let sent = message::of_ping(delivery.endpoint_id, delivery.id, delivery.occurred_at)?;
                Some(sent)
            }
            (_, Some(position), Some(endpoint)) => feed::at(tx, &reading, &[position])?
                .remove(&position)
                .map(|event| message::of_event(event, delivery.sequence, endpoint.include_data))
                .transpose()?,
            _ => None,
        };
        let (known_by, answers) = (delivery.message_id(), delivery.partner_id.is_none());
        Ok(Plain(WebhookAttemptList {
            request_body: body.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            data: rows.into_iter().map(|row| row.shown(&known_by, answers)).collect(),
        }))
    })
    .await
}

/// Send a webhook delivery again
///
/// As soon as its turn comes, under the same id as before; one that waits is sent at once. If the endpoint is disabled, it waits
/// until that is enabled.
#[utoipa::path(params(WebhookDeliveryId, IfMatchIfSent), extensions(("x-errors" = json!(["conflict"]))))]
#[post("/{id}/replay")]
pub async fn replay_webhook_delivery(
    db: Db,
    caller: Caller,
    id: Path<WebhookDeliveryId>,
    seen: IfMatch,
) -> Reply<Json<WebhookDelivery>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        endpoints::touch(tx, before.endpoint_id)?;
        let after = before.clone().replayed(tx.now)?;
        queries::save_replayed(tx, &before, after).map(Json)
    })
    .await
}
