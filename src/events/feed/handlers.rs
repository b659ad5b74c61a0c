//! One function per operation: take, call, answer.

use std::time::Duration;

use actix_web::{get, web::Data};

use super::{
    model::{Event, EventFilter, LONGEST_WAIT, USUAL_PAGE},
    queries,
    reading::{Reading, Wanted},
    rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::Result,
    events::{
        marks::{Mark, queries as marks},
        queries::last_position,
    },
    http::{Query, Reply, Sent, State},
    kernel::page::Page,
};

/// List events
///
/// What happened, in the order in which it was committed, without gaps: whoever asks on from `next_cursor`, which is never null,
/// misses nothing and gets nothing twice. With `wait` an empty page comes only after so many seconds. Cursors are good for as long
/// as events are kept (400 days unless set otherwise); one from before answers 410 `cursor_expired`. To begin: take
/// `cursor=now`, read the lists, then go on from that cursor, and pass over what is not newer than what was read by its `revision`.
/// Every role and scope reads of the records that it may read; partners of their own, with what they may see of them.
#[utoipa::path(params(EventFilter), extensions(("x-errors" = json!(["cursor_expired", "unknown_reference"]))))]
#[get("")]
pub async fn list_events(db: Db, state: Data<State>, caller: Caller, filter: Query<EventFilter>) -> Reply<Page<Event>> {
    let filter = filter.0;
    let wanted = wanted(&caller, &filter);
    let limit = filter.limit.unwrap_or(USUAL_PAGE);
    let mut waiting = state
        .tail
        .wait(Duration::from_secs(filter.wait.unwrap_or(0).min(LONGEST_WAIT)));
    let mut from = filter.cursor;
    loop {
        let (reading, asked, begin) = (Reading::of(&caller), wanted.clone(), from.clone());
        let (page, read_to) = db
            .ask_snapshot(&caller, move |tx| page(tx, &reading, &asked, begin.as_deref(), limit))
            .await?;
        if !page.data.is_empty() || !waiting.beyond(&db, read_to).await? {
            return Sent::of(page, &caller);
        }
        from = Some(rules::cursor(read_to));
    }
}

fn wanted(caller: &Caller, filter: &EventFilter) -> Wanted {
    Wanted {
        types: filter.types.iter().flatten().map(|pattern| pattern.0.clone()).collect(),
        resource_types: filter
            .resource_type
            .iter()
            .flatten()
            .map(|name| name.0.clone())
            .collect(),
        resource_ids: filter.resource_id.iter().flatten().map(|id| id.0.clone()).collect(),
        not_by: filter.exclude_origin.map(|_own| caller.actor_text()),
    }
}

/// A page, and the position that it has read to.
fn page(
    tx: &mut Tx<'_>,
    reading: &Reading,
    wanted: &Wanted,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Page<Event>, i64)> {
    let expired = marks::read(tx, Mark::EventHorizon)?.position;
    let last = last_position(tx)?.unwrap_or(expired);
    let begin = match cursor {
        None | Some("beginning") => expired,
        Some("now") => last,
        Some(cursor) => rules::go_on(rules::position(cursor)?, expired, last)?,
    };
    let mut found = queries::after(tx, reading, wanted, (begin, last), limit + 1)?;
    let is_full = i64::try_from(found.events.len()).is_ok_and(|count| count > limit);
    if is_full {
        found.events.pop();
    }
    let read_to = match found.events.last() {
        Some((position, _)) if is_full => *position,
        _ => found.read_to,
    };
    let page = Page {
        data: found.events.into_iter().map(|(_, event)| event).collect(),
        next_cursor: Some(rules::cursor(read_to)),
        has_more: read_to < last,
        total: None,
    };
    Ok((page, read_to))
}
