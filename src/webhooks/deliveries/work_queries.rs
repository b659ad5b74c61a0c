//! The tables of deliveries and attempts, as those ask them who deliver. Whoever does holds the lease of the endpoint.

use diesel::prelude::*;

use super::model::{AttemptRow, WebhookDelivery, WebhookDeliveryKind, WebhookDeliveryStatus};
use crate::{
    db::Tx,
    error::Result,
    kernel::{
        Time,
        ids::{WebhookDeliveryId, WebhookEndpointId},
    },
    schema::{
        webhook_attempts as attempts,
        webhook_deliveries::{self as deliveries, table},
        webhook_endpoints as endpoints,
    },
    webhooks::endpoints::WebhookStatus,
};

/// Rows of one insertion: both engines limit the values of a statement.
const ROWS: usize = 100;

/// A delivery that waits, as the queue holds it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Waiting {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// Its number at the endpoint; none of a ping.
    pub sequence: Option<i64>,
    /// Its place in the feed; none of a ping.
    pub position: Option<i64>,
    /// The event; none of a ping.
    pub event_id: Option<String>,
    /// The type of the record.
    pub resource_type: String,
    /// The record.
    pub resource_id: String,
    /// When it happened.
    pub occurred_at: Time,
    /// How often it was tried.
    pub attempts: i64,
    /// How often since it last began to wait.
    pub tries: i64,
    /// When it is due.
    pub next_attempt_at: Option<Time>,
}

impl From<&WebhookDelivery> for Waiting {
    fn from(row: &WebhookDelivery) -> Self {
        Self {
            id: row.id,
            sequence: row.sequence,
            position: row.position,
            event_id: row.event_id.clone(),
            resource_type: row.resource_type.clone(),
            resource_id: row.resource_id.clone(),
            occurred_at: row.occurred_at,
            attempts: row.attempts,
            tries: row.tries,
            next_attempt_at: row.next_attempt_at,
        }
    }
}

/// The first deliveries of that kind that wait for an endpoint, in their order.
///
/// # Errors
/// What the database reports.
pub fn waiting(
    tx: &mut Tx<'_>,
    endpoint: WebhookEndpointId,
    kind: WebhookDeliveryKind,
    most: i64,
) -> Result<Vec<Waiting>> {
    Ok(table
        .filter(deliveries::endpoint_id.eq(endpoint))
        .filter(deliveries::status.eq(WebhookDeliveryStatus::Pending))
        .filter(deliveries::kind.eq(kind))
        .order((deliveries::sequence, deliveries::id))
        .limit(most)
        .select(Waiting::as_select())
        .load(tx.conn())?)
}

/// The endpoints with a ping that waits.
///
/// # Errors
/// What the database reports.
pub fn pinged(tx: &mut Tx<'_>) -> Result<Vec<WebhookEndpointId>> {
    Ok(table
        .filter(deliveries::status.eq(WebhookDeliveryStatus::Pending))
        .filter(deliveries::kind.eq(WebhookDeliveryKind::Ping))
        .select(deliveries::endpoint_id)
        .distinct()
        .load(tx.conn())?)
}

/// Puts deliveries into the queue.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, rows: &[WebhookDelivery]) -> Result<()> {
    for some in rows.chunks(ROWS) {
        diesel::insert_into(table).values(some).execute(tx.conn())?;
    }
    Ok(())
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The delivery.
    pub id: WebhookDeliveryId,
    /// Where it stands now.
    pub status: WebhookDeliveryStatus,
    /// How often it was tried.
    pub attempts: i64,
    /// How often since it last began to wait.
    pub tries: i64,
    /// When it is tried again, if it waits.
    pub next_attempt_at: Option<Time>,
    /// When it was tried; none if it was passed over.
    pub attempted_at: Option<Time>,
    /// The status of the answer.
    pub last_status: Option<i64>,
    /// What went wrong.
    pub last_error: Option<String>,
    /// When it is deleted, if it is settled.
    pub expires_at: Option<Time>,
}

/// Writes down what became of a delivery.
///
/// # Errors
/// What the database reports.
pub fn change(tx: &mut Tx<'_>, change: &Change) -> Result<()> {
    let now = tx.now;
    let delivered = (change.status == WebhookDeliveryStatus::Delivered).then(|| now.micros());
    let common = (
        deliveries::status.eq(change.status),
        deliveries::attempts.eq(change.attempts),
        deliveries::tries.eq(change.tries),
        deliveries::next_attempt_at.eq(change.next_attempt_at),
        deliveries::last_status.eq(change.last_status),
        deliveries::last_error.eq(&change.last_error),
        deliveries::delivered_at.eq(delivered),
        deliveries::expires_at.eq(change.expires_at),
        deliveries::revision.eq(deliveries::revision + 1),
        deliveries::updated_at.eq(now.micros()),
    );
    // What was passed over keeps the moment of its last attempt.
    let tried = change
        .attempted_at
        .map(|at| deliveries::last_attempt_at.eq(Some(at.micros())));
    diesel::update(table.find(change.id))
        .set((common, tried))
        .execute(tx.conn())?;
    Ok(())
}

/// Writes down attempts; those that are written down already stay as they are. Whoever delivers does not always learn that a
/// transaction was committed, and then writes the same again.
///
/// # Errors
/// What the database reports.
pub fn note(tx: &mut Tx<'_>, rows: &[AttemptRow]) -> Result<()> {
    for some in rows.chunks(ROWS) {
        diesel::insert_into(attempts::table)
            .values(some)
            .on_conflict_do_nothing()
            .execute(tx.conn())?;
    }
    Ok(())
}

/// How many deliveries wait for endpoints that are delivered to, and since when the oldest of their events has happened.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>) -> Result<(i64, Option<Time>)> {
    tx.take_seconds(30)?;
    let waiting = table
        .inner_join(endpoints::table)
        .filter(deliveries::status.eq(WebhookDeliveryStatus::Pending))
        .filter(endpoints::status.eq(WebhookStatus::Enabled))
        .filter(endpoints::deleted_at.is_null());
    Ok(waiting
        .select((diesel::dsl::count_star(), diesel::dsl::min(deliveries::occurred_at)))
        .first(tx.conn())?)
}
