//! The only file that knows the tables of webhook endpoints and of their marks.

use diesel::prelude::*;

use super::{
    model::{WebhookDisabledReason, WebhookEndpoint, WebhookEndpointFilter, WebhookEndpointSort, WebhookStatus},
    rules::MOST,
};
use crate::{
    db::{Clause, Lock, Tx, among},
    error::{Error, Result},
    events::{self, Fact},
    kernel::{
        Time,
        ids::{PartnerId, WebhookEndpointId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        webhook_endpoints::{self as endpoints, table},
        webhook_marks as marks,
    },
};

/// The endpoints of the caller's side: the vendor's, or the partner's own.
fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    clause.sql(" AND webhook_endpoints.deleted_at IS NULL");
    match tx.caller().partner() {
        Some(partner) => clause.equals("webhook_endpoints.partner_id", &partner),
        None => clause.sql(" AND webhook_endpoints.partner_id IS NULL"),
    };
    clause
}

/// One page of the endpoints that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &WebhookEndpointFilter, paging: &Paging) -> Result<Page<WebhookEndpoint>> {
    let sort = filter.sort.unwrap_or(WebhookEndpointSort::Created);
    let mut clause = scope(tx);
    clause.one_of_some("webhook_endpoints.status", filter.status.as_ref());
    let rows = load_page!(tx, table => WebhookEndpoint, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The endpoint with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<WebhookEndpoint> {
    let mut clause = scope(tx);
    clause.equals("webhook_endpoints.id", &id);
    Ok(table
        .filter(clause)
        .select(WebhookEndpoint::as_select())
        .first(tx.conn())?)
}

/// The endpoint with that id, for those who work for it: whoever's it is, unless it was removed.
///
/// # Errors
/// What the database reports.
pub fn find_any(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>> {
    Ok(table
        .find(id)
        .filter(endpoints::deleted_at.is_null())
        .select(WebhookEndpoint::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Lets those who make endpoints for one owner come one after the other, so that each counts what the others made. SQLite has one
/// writer anyway.
fn in_turn(tx: &mut Tx<'_>) -> Result<()> {
    let owner = tx
        .caller()
        .partner()
        .map_or_else(|| "the vendor".to_owned(), |partner| partner.to_string());
    tx.in_turn(&format!("webhook endpoints of {owner}"))
}

/// Stores a new endpoint, which is told what happens from now on, and tells of it.
///
/// # Errors
/// 409 `contradiction` if its owner has too many.
pub fn insert(tx: &mut Tx<'_>, endpoint: WebhookEndpoint) -> Result<WebhookEndpoint> {
    in_turn(tx)?;
    let theirs = scope(tx);
    let there: i64 = table.filter(theirs).count().get_result(tx.conn())?;
    if there >= MOST {
        return Err(Error::contradicts(
            "#/url",
            "too_many",
            format!("You have {MOST} endpoints already; remove one that nobody needs."),
        ));
    }
    let begins = events::queries::last_position(tx)?.unwrap_or(0);
    diesel::insert_into(table).values(&endpoint).execute(tx.conn())?;
    let mark = (
        marks::endpoint_id.eq(endpoint.id),
        marks::position.eq(begins),
        marks::sequence.eq(0_i64),
        marks::generation.eq(1_i64),
        marks::updated_at.eq(tx.now.micros()),
    );
    diesel::insert_into(marks::table).values(mark).execute(tx.conn())?;
    tx.record(Fact::created("webhook_endpoint.created", &endpoint))?;
    Ok(endpoint)
}

/// Stores a changed endpoint over the revision it was read at, has whoever works for it read it again, and tells of it as
/// `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    before: &WebhookEndpoint,
    after: WebhookEndpoint,
    kind: &'static str,
) -> Result<WebhookEndpoint> {
    touch(tx, before.id)?;
    revise!(tx, table, endpoints::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Removes an endpoint for everybody, and tells of it. What it was sent is deleted in batches.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, before: &WebhookEndpoint) -> Result<()> {
    let gone = before.clone().removed(tx.now);
    touch(tx, before.id)?;
    revise!(tx, table, endpoints::revision, (before.id, before.revision), &gone)?;
    tx.record(Fact::deleted("webhook_endpoint.deleted", before))
}

/// Has whoever works for the endpoint read again what it works from. Before anything else that a transaction writes of an
/// endpoint, as those who work for it lock its mark first, too.
///
/// # Errors
/// What the database reports.
pub fn touch(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<()> {
    let now = tx.now.micros();
    diesel::update(marks::table.find(id))
        .set((marks::generation.eq(marks::generation + 1), marks::updated_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets since when every attempt has failed, as the endpoint is delivered to anew.
///
/// # Errors
/// What the database reports.
pub fn forgive(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<()> {
    diesel::update(marks::table.find(id))
        .set(marks::failing_since.eq(None::<i64>))
        .execute(tx.conn())?;
    Ok(())
}

/// Disables an endpoint that is not disabled, and tells of it; nothing happens otherwise.
///
/// # Errors
/// What the database reports.
pub fn disable(tx: &mut Tx<'_>, id: WebhookEndpointId, reason: WebhookDisabledReason) -> Result<()> {
    match find_any(tx, id)? {
        Some(before) if before.status == WebhookStatus::Enabled => {
            let after = before.clone().disabled(reason, tx.now)?;
            save(tx, &before, after, "webhook_endpoint.disabled").map(drop)
        }
        _ => Ok(()),
    }
}

/// The endpoints of a partner that are delivered to.
///
/// # Errors
/// What the database reports.
pub fn enabled_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<WebhookEndpointId>> {
    Ok(table
        .filter(endpoints::partner_id.eq(partner))
        .filter(endpoints::status.eq(WebhookStatus::Enabled))
        .filter(endpoints::deleted_at.is_null())
        .order(endpoints::id)
        .select(endpoints::id)
        .load(tx.conn())?)
}

/// An endpoint that was removed before that moment and is not deleted yet.
///
/// # Errors
/// What the database reports.
pub fn next_removed(tx: &mut Tx<'_>, before: Time) -> Result<Option<WebhookEndpointId>> {
    Ok(table
        .filter(endpoints::deleted_at.lt(before.micros()))
        .order((endpoints::deleted_at, endpoints::id))
        .select(endpoints::id)
        .first(tx.conn())
        .optional()?)
}

/// Deletes an endpoint that was removed, with its mark. Nothing hangs on it any more.
///
/// # Errors
/// What the database reports.
pub fn forget(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<()> {
    diesel::delete(marks::table.find(id)).execute(tx.conn())?;
    diesel::delete(table.find(id)).execute(tx.conn())?;
    Ok(())
}

/// An endpoint that there is work for, and whether an instance is at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The endpoint.
    pub id: WebhookEndpointId,
    /// What counts its changes.
    pub generation: i64,
    /// Whether nobody has its lease.
    pub free: bool,
}

/// The endpoints that there may be work for: those that are delivered to, and those with a ping that waits.
///
/// # Errors
/// What the database reports.
pub fn standing(tx: &mut Tx<'_>, pinged: &[WebhookEndpointId]) -> Result<Vec<Standing>> {
    let at_work = endpoints::status
        .eq(WebhookStatus::Enabled)
        .or(endpoints::id.eq_any(among(pinged)));
    let rows: Vec<(WebhookEndpointId, i64, Option<Time>)> = table
        .inner_join(marks::table)
        .filter(endpoints::deleted_at.is_null())
        .filter(at_work)
        .order(endpoints::id)
        .select((endpoints::id, marks::generation, marks::lease_until))
        .load(tx.conn())?;
    let now = tx.agreed_moment()?;
    Ok(rows
        .into_iter()
        .map(|(id, generation, until)| Standing {
            id,
            generation,
            free: until.is_none_or(|until| until <= now),
        })
        .collect())
}

/// Takes the leases of those endpoints that nobody has. Tells which were got.
///
/// # Errors
/// What the database reports.
pub fn take(tx: &mut Tx<'_>, ids: &[WebhookEndpointId], token: &str, seconds: i64) -> Result<Vec<WebhookEndpointId>> {
    let now = tx.agreed_moment()?;
    let free = marks::lease_token
        .is_null()
        .or(marks::lease_token.eq(token))
        .or(marks::lease_until.le(now.micros()));
    let those = marks::table.filter(marks::endpoint_id.eq_any(among(ids))).filter(free);
    Ok(diesel::update(those)
        .set((
            marks::lease_token.eq(Some(token)),
            marks::lease_until.eq(Some(now.plus_seconds(seconds).micros())),
        ))
        .returning(marks::endpoint_id)
        .get_results(tx.conn())?)
}

/// Renews every lease that is still that instance's, and tells of which endpoints.
///
/// # Errors
/// What the database reports.
pub fn renew(tx: &mut Tx<'_>, token: &str, seconds: i64) -> Result<Vec<WebhookEndpointId>> {
    let now = tx.agreed_moment()?;
    let ours = marks::table.filter(marks::lease_token.eq(token));
    Ok(diesel::update(ours)
        .set(marks::lease_until.eq(Some(now.plus_seconds(seconds).micros())))
        .returning(marks::endpoint_id)
        .get_results(tx.conn())?)
}

/// Gives the leases of those endpoints back that are still that instance's.
///
/// # Errors
/// What the database reports.
pub fn release(tx: &mut Tx<'_>, ids: &[WebhookEndpointId], token: &str) -> Result<()> {
    let mut those = Clause::all();
    those
        .equals("webhook_marks.lease_token", token)
        .one_of("webhook_marks.endpoint_id", ids);
    free(tx, those)
}

/// Gives every lease of that instance back.
///
/// # Errors
/// What the database reports.
pub fn release_every(tx: &mut Tx<'_>, token: &str) -> Result<()> {
    let mut those = Clause::all();
    those.equals("webhook_marks.lease_token", token);
    free(tx, those)
}

/// Ends every lease: for the one server of an SQLite database, which knows at its start that no other is at work.
///
/// # Errors
/// What the database reports.
pub fn release_all(tx: &mut Tx<'_>) -> Result<()> {
    let mut those = Clause::all();
    those.sql(" AND webhook_marks.lease_token IS NOT NULL");
    free(tx, those)
}

fn free(tx: &mut Tx<'_>, those: Clause) -> Result<()> {
    diesel::update(marks::table.filter(those))
        .set((
            marks::lease_token.eq(None::<String>),
            marks::lease_until.eq(None::<i64>),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Where the work for an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Mark {
    /// Events up to this position have their deliveries.
    pub position: i64,
    /// The last number that was given to a delivery.
    pub sequence: i64,
    /// What counts the endpoint's changes.
    pub generation: i64,
    /// Since when every attempt has failed.
    pub failing_since: Option<Time>,
}

/// The mark of an endpoint, as it stands.
///
/// # Errors
/// What the database reports.
pub fn mark(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<Option<Mark>> {
    Ok(marks::table
        .find(id)
        .select((
            marks::position,
            marks::sequence,
            marks::generation,
            marks::failing_since,
        ))
        .first(tx.conn())
        .optional()?)
}

/// The mark of an endpoint, if its lease is that instance's, held until the end of the transaction: nobody else takes the lease
/// meanwhile.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>, id: WebhookEndpointId, token: &str) -> Result<Option<Mark>> {
    let one = marks::table.find(id).filter(marks::lease_token.eq(token)).select((
        marks::position,
        marks::sequence,
        marks::generation,
        marks::failing_since,
    ));
    Ok(Lock::NoKeyUpdate.on(one).get_result(tx.conn()).optional()?)
}

/// Moves a mark that is held.
///
/// # Errors
/// What the database reports.
pub fn advance(tx: &mut Tx<'_>, id: WebhookEndpointId, mark: &Mark) -> Result<()> {
    let now = tx.now.micros();
    diesel::update(marks::table.find(id))
        .set((
            marks::position.eq(mark.position),
            marks::sequence.eq(mark.sequence),
            marks::failing_since.eq(mark.failing_since.map(Time::micros)),
            marks::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}
