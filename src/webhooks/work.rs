//! What those who deliver ask of the database, each in one transaction. Whoever writes holds the endpoint's lease, and finds out
//! in the same transaction if it has lost it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    deliveries::{
        AttemptRow, WebhookDelivery, WebhookDeliveryKind,
        work_queries::{self as deliveries, Change, Waiting},
    },
    endpoints::{self, WebhookDisabledReason, WebhookEndpoint, WebhookStatus, queries::Mark},
    message,
    queue::Open,
    settings::WebhookSettings,
};
use crate::{
    auth::Rows,
    db::Tx,
    error::Result,
    events::{
        self,
        feed::{self, Found, Reading},
        queries::Heading,
    },
    identity,
    kernel::{Time, ids::WebhookEndpointId, time::SECOND},
};

/// The most deliveries that an instance has in memory for one endpoint.
pub const LOADED: i64 = 10_000;
/// How much of the feed is looked through at a time.
const STRETCH: i64 = 5_000;

/// What an instance works from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The endpoint as it is now.
    pub endpoint: WebhookEndpoint,
    /// Where the work stands.
    pub mark: Mark,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// Whether more waits than that.
    pub more: bool,
}

/// What there is to do for an endpoint; nothing if it was removed.
///
/// # Errors
/// What the database reports.
pub fn plan(tx: &mut Tx<'_>, id: WebhookEndpointId) -> Result<Option<Plan>> {
    let (Some(endpoint), Some(mark)) = (endpoints::queries::find_any(tx, id)?, endpoints::queries::mark(tx, id)?)
    else {
        return Ok(None);
    };
    let mut waiting = deliveries::waiting(tx, id, WebhookDeliveryKind::Ping, LOADED)?;
    let mut more = false;
    if endpoint.status == WebhookStatus::Enabled {
        let events = deliveries::waiting(tx, id, WebhookDeliveryKind::Event, LOADED)?;
        more = i64::try_from(events.len()).unwrap_or(LOADED) >= LOADED;
        waiting.extend(events);
    }
    Ok(Some(Plan {
        endpoint,
        mark,
        waiting,
        more,
    }))
}

/// What the endpoint may learn now, of the rows that its owner's people see now; nothing if the machine that made it cannot sign
/// in any more.
fn rights(tx: &mut Tx<'_>, endpoint: &WebhookEndpoint) -> Result<Option<Reading>> {
    let scopes = match endpoint.client_id {
        None => None,
        Some(client) => match identity::scopes_of_client(tx, client)? {
            Some(scopes) => Some(scopes),
            None => return Ok(None),
        },
    };
    let rows = match endpoint.partner_id {
        None => Rows::All,
        Some(partner) => identity::rows_of_partner(tx, partner)?,
    };
    Ok(Some(endpoints::reading(endpoint, rows, scopes.as_deref())))
}

/// What the events of a stretch are about, for those who work for endpoints; nothing if they are too many. A distributor may hear
/// what its resellers do, so it is named with them: whether it does, is asked when the event is read for it.
///
/// # Errors
/// What the database reports.
pub fn headings(tx: &mut Tx<'_>, stretch: (i64, i64), most: usize) -> Result<Option<Vec<Heading>>> {
    let Some(mut headings) = events::queries::headings(tx, stretch, most)? else {
        return Ok(None);
    };
    let named: BTreeSet<&String> = headings.iter().flat_map(|heading| &heading.partners).collect();
    let named: Vec<String> = named.into_iter().cloned().collect();
    if named.is_empty() {
        return Ok(Some(headings));
    }
    for (reseller, distributor) in identity::distributors_of(tx, &named)? {
        let heard = headings
            .iter_mut()
            .filter(|heading| heading.partners.contains(&reseller));
        heard.for_each(|heading| heading.partners.push(distributor.clone()));
    }
    Ok(Some(headings))
}

/// What was found in the feed.
#[derive(Debug, Clone)]
pub enum Seen {
    /// These events.
    Found(Found),
    /// The feed was looked through up to that position, and these messages were put into the queue.
    Queued(i64, Vec<Waiting>),
    /// The endpoint may learn of nothing any more.
    NoRights,
    /// The endpoint was changed: it must be read again first.
    Changed,
    /// The lease is lost.
    Lost,
}

/// Whether the endpoint is as it was read. Asked in the snapshot of what is read for it: so no event that came after a change is
/// passed over by what the endpoint wanted before, and nothing is prepared for an address that it had before.
fn is_unchanged(tx: &mut Tx<'_>, (endpoint, generation): (&WebhookEndpoint, i64)) -> Result<bool> {
    let mark = endpoints::queries::mark(tx, endpoint.id)?;
    Ok(mark.is_some_and(|mark| mark.generation == generation))
}

/// The next events that the endpoint wants and may learn of, with the generation that it was read in. Types that the program has no
/// events of any more keep none of the others from it.
///
/// # Errors
/// What the database reports.
pub fn look(tx: &mut Tx<'_>, endpoint: (&WebhookEndpoint, i64), (after, last): (i64, i64), most: i64) -> Result<Seen> {
    if !is_unchanged(tx, endpoint)? {
        return Ok(Seen::Changed);
    }
    let Some(reading) = rights(tx, endpoint.0)? else {
        return Ok(Seen::NoRights);
    };
    let up_to = last.min(after.saturating_add(STRETCH));
    let Some(wanted) = endpoints::wanted(endpoint.0) else {
        return Ok(Seen::Found(Found {
            events: Vec::new(),
            read_to: up_to.max(after),
        }));
    };
    feed::after(tx, &reading, &wanted, (after, up_to), most).map(Seen::Found)
}

/// Puts events into the endpoint's queue and moves its mark, unless the lease is lost.
///
/// # Errors
/// What the database reports.
pub fn append(tx: &mut Tx<'_>, endpoint: &WebhookEndpoint, token: &str, (after, found): (i64, &Found)) -> Result<Seen> {
    let Some(mut mark) = endpoints::queries::hold(tx, endpoint.id, token)?.filter(|mark| mark.position <= after) else {
        return Ok(Seen::Lost);
    };
    let mut rows = Vec::with_capacity(found.events.len());
    for (position, event) in &found.events {
        mark.sequence += 1;
        let now = tx.moment();
        rows.push(WebhookDelivery::of_event(
            endpoint,
            event,
            (*position, mark.sequence),
            now,
        ));
    }
    deliveries::insert(tx, &rows)?;
    mark.position = found.read_to;
    endpoints::queries::advance(tx, endpoint.id, &mark)?;
    Ok(Seen::Queued(found.read_to, rows.iter().map(Waiting::from).collect()))
}

/// What was prepared.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// These messages; none of what may not be told.
    Ready(Vec<(Open, Option<Vec<u8>>)>),
    /// The endpoint may learn of nothing any more.
    NoRights,
    /// The endpoint was changed: it must be read again first.
    Changed,
}

/// The messages of some deliveries as they may be sent now.
///
/// # Errors
/// What the database reports.
pub fn prepare(tx: &mut Tx<'_>, endpoint: (&WebhookEndpoint, i64), opens: Vec<Open>) -> Result<Prepared> {
    if !is_unchanged(tx, endpoint)? {
        return Ok(Prepared::Changed);
    }
    let (endpoint, _) = endpoint;
    let positions: Vec<i64> = opens.iter().filter_map(|open| open.row.position).collect();
    let mut events = BTreeMap::new();
    // A test message tells nothing, so it needs no rights.
    if !positions.is_empty() {
        let Some(reading) = rights(tx, endpoint)? else {
            return Ok(Prepared::NoRights);
        };
        events = feed::at(tx, &reading, &positions)?;
    }
    let mut ready = Vec::with_capacity(opens.len());
    for open in opens {
        let body = match open.row.position {
            None => Some(message::of_ping(endpoint.id, open.row.id, open.row.occurred_at)?),
            Some(position) => events
                .remove(&position)
                .map(|event| message::of_event(event, open.row.sequence, endpoint.include_data))
                .transpose()?,
        };
        ready.push((open, body));
    }
    Ok(Prepared::Ready(ready))
}

/// What is written down at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What became of messages, by their places.
    pub changes: Vec<(i64, Change)>,
    /// The attempts.
    pub attempts: Vec<AttemptRow>,
    /// Whether a message was taken.
    pub taken: bool,
    /// Whether a message was not.
    pub failed: bool,
    /// How far the feed was looked through.
    pub position: i64,
    /// Why the endpoint is disabled, if it is.
    pub disables: Option<WebhookDisabledReason>,
}

/// Writes a batch down, and disables an endpoint that has failed for too long. Says whether the endpoint is disabled by it;
/// nothing if the lease is lost, and then nothing is written.
///
/// # Errors
/// What the database reports.
pub fn finish(
    tx: &mut Tx<'_>,
    id: WebhookEndpointId,
    token: &str,
    batch: &Batch,
    settings: &WebhookSettings,
) -> Result<Option<bool>> {
    let now = tx.now;
    let Some(mut mark) = endpoints::queries::hold(tx, id, token)? else {
        return Ok(None);
    };
    for (_, change) in &batch.changes {
        deliveries::change(tx, change)?;
    }
    deliveries::note(tx, &batch.attempts)?;
    let before = mark;
    mark.position = mark.position.max(batch.position);
    if batch.taken {
        mark.failing_since = None;
    } else if batch.failed {
        mark.failing_since = mark.failing_since.or(Some(now));
    }
    if before != mark {
        endpoints::queries::advance(tx, id, &mark)?;
    }
    let too_long = |since: Time| now.since(since) >= settings.failing_seconds.saturating_mul(SECOND);
    let failing = batch.failed && mark.failing_since.is_some_and(too_long);
    let why = batch
        .disables
        .or_else(|| failing.then_some(WebhookDisabledReason::Failing));
    if let Some(reason) = why {
        endpoints::queries::disable(tx, id, reason)?;
    }
    Ok(Some(why.is_some()))
}
