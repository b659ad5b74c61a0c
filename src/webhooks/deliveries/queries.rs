//! The tables of deliveries and attempts, as callers and chores ask them. Those who deliver have `work_queries`.

use diesel::prelude::*;

use super::{
    model::{
        AttemptRow, WebhookDelivery, WebhookDeliveryFilter, WebhookDeliveryKind, WebhookDeliverySort,
        WebhookDeliveryStatus,
    },
    rules::Span,
};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    events::Fact,
    kernel::{
        ids::{WebhookDeliveryId, WebhookEndpointId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        webhook_attempts as attempts,
        webhook_deliveries::{self as deliveries, table},
    },
};

/// The most attempts of one delivery that are shown.
const SHOWN: i64 = 100;

/// The deliveries to endpoints of the caller's side.
fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    match tx.caller().partner() {
        Some(partner) => clause.equals("webhook_deliveries.partner_id", &partner),
        None => clause.sql(" AND webhook_deliveries.partner_id IS NULL"),
    };
    clause
}

/// One page of the deliveries that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &WebhookDeliveryFilter, paging: &Paging) -> Result<Page<WebhookDelivery>> {
    let sort = filter.sort.unwrap_or(WebhookDeliverySort::CreatedDescending);
    let mut clause = scope(tx);
    clause
        .equals_some("webhook_deliveries.endpoint_id", filter.endpoint_id.as_ref())
        .one_of_some("webhook_deliveries.status", filter.status.as_ref())
        .equals_some("webhook_deliveries.event_type", filter.event_type.as_ref())
        .equals_some("webhook_deliveries.resource_type", filter.resource_type.as_ref())
        .equals_some("webhook_deliveries.resource_id", filter.resource_id.as_ref())
        .at_least("webhook_deliveries.created_at", filter.created_since.as_ref())
        .below("webhook_deliveries.created_at", filter.created_before.as_ref());
    let rows = load_page!(tx, table => WebhookDelivery, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The delivery with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: WebhookDeliveryId) -> Result<WebhookDelivery> {
    let mut clause = scope(tx);
    clause.equals("webhook_deliveries.id", &id);
    Ok(table
        .filter(clause)
        .select(WebhookDelivery::as_select())
        .first(tx.conn())?)
}

/// The last attempts to send a delivery, the last of all first.
///
/// # Errors
/// What the database reports.
pub fn attempts_of(tx: &mut Tx<'_>, delivery: &WebhookDelivery) -> Result<Vec<AttemptRow>> {
    Ok(attempts::table
        .filter(attempts::delivery_id.eq(delivery.id))
        .order(attempts::number.desc())
        .limit(SHOWN)
        .select(AttemptRow::as_select())
        .load(tx.conn())?)
}

/// Stores a ping that is to be sent.
///
/// # Errors
/// What the database reports.
pub fn insert_ping(tx: &mut Tx<'_>, ping: WebhookDelivery) -> Result<WebhookDelivery> {
    diesel::insert_into(table).values(&ping).execute(tx.conn())?;
    Ok(ping)
}

/// Stores a changed delivery over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save_replayed(tx: &mut Tx<'_>, before: &WebhookDelivery, after: WebhookDelivery) -> Result<WebhookDelivery> {
    revise!(tx, table, deliveries::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed("webhook_delivery.replayed", before, &after))?;
    Ok(after)
}

/// The most deliveries that one request has sent again: so many rows are changed well within the time that a statement has, and
/// SQLite's one writer is not kept from others for long.
const REPLAYED: usize = 5000;
/// What was tried and not taken.
const NOT_TAKEN: &str = " AND (webhook_deliveries.status = 'failed' OR (webhook_deliveries.status = 'pending' AND webhook_deliveries.tries > 0))";

/// The deliveries of events to an endpoint.
fn of_events(endpoint: WebhookEndpointId) -> Clause {
    let mut those = Clause::all();
    those
        .equals("webhook_deliveries.endpoint_id", &endpoint)
        .equals("webhook_deliveries.kind", &WebhookDeliveryKind::Event);
    those
}

/// Has the first deliveries of a span sent again, in their order; tells how many, and the number of the first that is left.
///
/// # Errors
/// What the database reports.
pub fn replay_span(tx: &mut Tx<'_>, endpoint: WebhookEndpointId, span: &Span) -> Result<(i64, Option<i64>)> {
    let mut those = of_events(endpoint);
    those
        .at_least("webhook_deliveries.sequence", span.from_sequence.as_ref())
        .at_least("webhook_deliveries.occurred_at", Some(&span.from))
        .below("webhook_deliveries.occurred_at", Some(&span.to));
    if span.only_failed {
        those.sql(NOT_TAKEN);
    }
    let asked = those.clone();
    let most = i64::try_from(REPLAYED + 1).unwrap_or(i64::MAX);
    let numbers: Vec<Option<i64>> = table
        .filter(asked)
        .order(deliveries::sequence)
        .limit(most)
        .select(deliveries::sequence)
        .load(tx.conn())?;
    let next = numbers.get(REPLAYED).copied().flatten();
    those.below("webhook_deliveries.sequence", next.as_ref());
    Ok((send_again(tx, those)?, next))
}

/// Begins anew with what an endpoint was sent and did not take: it is due now, with all its tries before it. What was not tried
/// yet is due as it is.
///
/// # Errors
/// What the database reports.
pub fn begin_anew(tx: &mut Tx<'_>, endpoint: WebhookEndpointId) -> Result<()> {
    let mut those = of_events(endpoint);
    those.sql(NOT_TAKEN);
    send_again(tx, those).map(drop)
}

fn send_again(tx: &mut Tx<'_>, those: Clause) -> Result<i64> {
    let now = tx.now;
    let changed = diesel::update(table.filter(those))
        .set((
            deliveries::status.eq(WebhookDeliveryStatus::Pending),
            deliveries::tries.eq(0_i64),
            deliveries::next_attempt_at.eq(Some(now.micros())),
            deliveries::expires_at.eq(None::<i64>),
            deliveries::revision.eq(deliveries::revision + 1),
            deliveries::updated_at.eq(now.micros()),
        ))
        .execute(tx.conn())?;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// Deletes deliveries whose time is over, and of an endpoint that was removed all; at most so many. Tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, removed: Option<WebhookEndpointId>, most: i64) -> Result<usize> {
    let now = tx.now.micros();
    let ids: Vec<WebhookDeliveryId> = match removed {
        Some(endpoint) => table
            .filter(deliveries::endpoint_id.eq(endpoint))
            .select(deliveries::id)
            .limit(most)
            .load(tx.conn())?,
        None => table
            .filter(deliveries::expires_at.le(now))
            .order(deliveries::expires_at)
            .select(deliveries::id)
            .limit(most)
            .load(tx.conn())?,
    };
    diesel::delete(attempts::table.filter(attempts::delivery_id.eq_any(among(&ids)))).execute(tx.conn())?;
    Ok(diesel::delete(table.filter(deliveries::id.eq_any(among(&ids)))).execute(tx.conn())?)
}
