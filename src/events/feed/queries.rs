//! The only file that reads events for the feed.
//!
//! Which positions a page has is asked of indexes, each range in order and no further than the page is long; then the events
//! themselves are read by their positions.

use std::collections::{BTreeMap, HashSet};

use diesel::{prelude::*, sql_types::BigInt};
use serde_json::Value;

use super::{
    model::{Event, EventActor, EventActorType},
    reading::{Reading, Types, Wanted},
    rules,
    shown::{Said, Shown},
};
use crate::{
    auth::permissions,
    custom_fields::{self, CustomRecord},
    db::{Statement, Tx, among},
    error::Result,
    events::{
        PartnerView,
        catalogue::{self, Reader, Rows, Told},
    },
    identity,
    kernel::{
        Time,
        ids::{EventId, PartnerId},
    },
    schema::{event_audiences, events},
};

/// So many types are each read from a range of their own; of more the log is read as it runs, and the others passed over.
const RANGES: usize = 16;

/// So many partners each have a range of their own; of more the log is read as it runs, and what they do not hear of passed over.
/// SQLite puts at most 500 ranges together.
const PARTNERS: usize = 64;

/// So many events are read at once at least, so that a short page behind many that are not shown takes few steps.
const AT_LEAST: i64 = 20;

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

/// So many times a page is filled up behind events that are not shown, before it is answered as it is: a request has its end,
/// however many there are.
const STEPS: usize = 20;

/// Events that were found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The events, each with its position.
    pub events: Vec<(i64, Event)>,
    /// The position up to which there are no others.
    pub read_to: i64,
}

/// The part of the log that a page is taken from, and how long it is at most.
#[derive(Clone, Copy)]
struct Span {
    after: i64,
    up_to: i64,
    most: i64,
}

/// The first `most` events after one position and up to another that are read and wanted, in the feed's order. Where much of
/// what was looked at is not shown, it may be fewer though more follow: it goes on from `read_to`.
///
/// # Errors
/// 409 `unknown_reference` for types that do not exist.
pub fn after(
    tx: &mut Tx<'_>,
    reading: &Reading,
    wanted: &Wanted,
    (after, up_to): (i64, i64),
    most: i64,
) -> Result<Found> {
    let wanted_rows = usize::try_from(most).unwrap_or(0);
    let mut events = Vec::new();
    let mut rest = Span {
        after,
        up_to,
        most: most.max(AT_LEAST),
    };
    for _ in 0..STEPS {
        let Some(question) = question(reading, wanted, rest)? else {
            rest.after = up_to.max(after);
            break;
        };
        let places: Vec<Place> = question.load(tx.conn())?;
        let positions: Vec<i64> = places.into_iter().map(|place| place.position).collect();
        events.append(&mut load(tx, reading, &positions)?);
        // What an event says can keep it from a reader who may read its kind: then the page goes on behind it.
        let read = i64::try_from(positions.len()).unwrap_or(i64::MAX);
        let all = positions.last().filter(|_| read >= rest.most);
        rest.after = all.copied().unwrap_or(up_to);
        if all.is_none() || events.len() >= wanted_rows {
            break;
        }
    }
    if events.len() > wanted_rows {
        events.truncate(wanted_rows);
        rest.after = events.last().map_or(after, |(position, _)| *position);
    }
    Ok(Found {
        events,
        read_to: rest.after,
    })
}

/// The events at those positions as the reading shows them; without those that it does not show, or not any more.
///
/// # Errors
/// What the database reports.
pub fn at(tx: &mut Tx<'_>, reading: &Reading, positions: &[i64]) -> Result<BTreeMap<i64, Event>> {
    Ok(load(tx, reading, positions)?.into_iter().collect())
}

/// Asks for the positions of a page; nothing if there can be none.
fn question(reading: &Reading, wanted: &Wanted, span: Span) -> Result<Option<Statement>> {
    let types = reading.types(wanted)?;
    if types.is_empty() || span.after >= span.up_to || span.most < 1 {
        return Ok(None);
    }
    let ranges = match reading.limited_to() {
        None => of_types(&types, wanted, span),
        Some(partners) => {
            let (owned, common) = types.by_owner();
            let mut ranges = of_partners(partners, &owned, wanted, span);
            ranges.extend(of_types(&common, wanted, span));
            ranges
        }
    };
    Ok((!ranges.is_empty()).then(|| merged(ranges, span)))
}

/// Ranges over the log for types of which all rows are read.
fn of_types(types: &Types, wanted: &Wanted, span: Span) -> Vec<Statement> {
    if types.is_empty() {
        return Vec::new();
    }
    if !wanted.resource_ids.is_empty() {
        let record = |id| of_these(open(LOG, "e.resource_id = ", id, wanted, span), types);
        return wanted.resource_ids.iter().map(|id| closed(record(id), span)).collect();
    }
    let each = |column, names: Vec<&str>| {
        let range = |name| closed(open(LOG, column, name, wanted, span), span);
        names.into_iter().map(range).collect()
    };
    match types {
        Types::Resources(resources) if resources.len() <= RANGES => {
            each("e.resource_type = ", resources.iter().map(|one| one.name).collect())
        }
        Types::Events(kinds) if kinds.len() <= RANGES => {
            each("e.event_type = ", kinds.iter().map(|one| one.name).collect())
        }
        Types::Resources(_) | Types::Events(_) => {
            vec![closed(of_these(running(wanted, span), types), span)]
        }
    }
}

/// Ranges over what these partners may learn.
fn of_partners(partners: &[PartnerId], types: &Types, wanted: &Wanted, span: Span) -> Vec<Statement> {
    if types.is_empty() || partners.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = partners.iter().map(ToString::to_string).collect();
    if wanted.resource_ids.is_empty() && names.len() <= PARTNERS {
        let range = |name| of_these(open(HEARD, "a.partner_id = ", name, wanted, span), types);
        return names.iter().map(|name| closed(range(name), span)).collect();
    }
    let heard = |range: Statement| {
        let mut range = of_these(range, types);
        range.sql(" AND EXISTS (SELECT 1 FROM event_audiences a WHERE a.event_seq = e.seq");
        listed(&mut range, " AND a.partner_id IN (", &names);
        range.sql(")");
        closed(range, span)
    };
    if wanted.resource_ids.is_empty() {
        return vec![heard(running(wanted, span))];
    }
    let of_record = |id: &String| heard(open(LOG, "e.resource_id = ", id, wanted, span));
    wanted.resource_ids.iter().map(of_record).collect()
}

/// The log as it runs.
fn running(wanted: &Wanted, span: Span) -> Statement {
    let mut range = Statement::default();
    range.sql(LOG.0).sql(LOG.1).sql(" > ");
    bound(&mut range, LOG, wanted, span);
    range
}

/// Where a range is read from, and its column of positions.
type Source = (&'static str, &'static str);

const LOG: Source = ("SELECT e.position AS position FROM events e WHERE ", "e.position");
const HEARD: Source = (
    "SELECT a.position AS position FROM event_audiences a JOIN events e ON e.seq = a.event_seq WHERE ",
    "a.position",
);

/// A range that is opened by one value.
fn open(from: Source, opening: &'static str, value: &str, wanted: &Wanted, span: Span) -> Statement {
    let mut range = Statement::default();
    range.sql(from.0).sql(opening).value(value);
    range.sql(" AND ").sql(from.1).sql(" > ");
    bound(&mut range, from, wanted, span);
    range
}

fn bound(range: &mut Statement, from: Source, wanted: &Wanted, span: Span) {
    range
        .value(&span.after)
        .sql(" AND ")
        .sql(from.1)
        .sql(" <= ")
        .value(&span.up_to);
    if let Some(actor) = &wanted.not_by {
        range.sql(" AND e.actor_id <> ").value(actor);
    }
}

fn of_these(mut range: Statement, types: &Types) -> Statement {
    let (column, names): (_, Vec<&str>) = match types {
        Types::Resources(resources) => (
            " AND e.resource_type IN (",
            resources.iter().map(|one| one.name).collect(),
        ),
        Types::Events(kinds) => (" AND e.event_type IN (", kinds.iter().map(|one| one.name).collect()),
    };
    listed(&mut range, column, &names);
    range
}

fn listed(range: &mut Statement, column: &'static str, values: &[impl AsRef<str>]) {
    range.sql(column);
    for (index, value) in values.iter().enumerate() {
        range.sql(if index > 0 { ", " } else { "" }).value(value.as_ref());
    }
    range.sql(")");
}

fn closed(mut range: Statement, span: Span) -> Statement {
    range.sql(" ORDER BY 1 LIMIT ").value(&span.most);
    range
}

/// The first positions of all ranges together.
fn merged(ranges: Vec<Statement>, span: Span) -> Statement {
    let mut all = Statement::default();
    all.sql("SELECT position FROM (");
    for (index, range) in ranges.iter().enumerate() {
        all.sql(if index > 0 { " UNION " } else { "" });
        all.sql("SELECT position FROM (").part(range).sql(") AS one");
    }
    all.sql(") AS places ORDER BY position LIMIT ").value(&span.most);
    all
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Row {
    seq: i64,
    id: EventId,
    position: Option<i64>,
    event_type: String,
    resource_type: String,
    resource_id: String,
    revision: i64,
    occurred_at: Time,
    actor_type: EventActorType,
    actor_id: String,
    origin: String,
    origin_tag: Option<String>,
    changed_fields: String,
    data: Option<String>,
    previous: Option<String>,
    partner_view: Option<String>,
    audience: String,
    deleted: bool,
}

/// The events at these positions as the reading shows them.
fn load(tx: &mut Tx<'_>, reading: &Reading, positions: &[i64]) -> Result<Vec<(i64, Event)>> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = events::table
        .filter(events::position.eq_any(among(positions)))
        .order(events::position)
        .select(Row::as_select())
        .load(tx.conn())?;
    let heard = heard(tx, reading, &rows)?;
    let shown = shown(tx, reading, &rows)?;
    let may_call = |operation: &str| permissions::may_call(reading.caller(), operation);
    let reader = Reader {
        partner: reading.caller().partner(),
        may_call: &may_call,
    };
    let mut taken: BTreeMap<&'static str, bool> = BTreeMap::new();
    let told = |row: Row| {
        // Asked again of each event, by whatever way its position was found.
        let resource = catalogue::resource(&row.resource_type)?;
        let is_taken = *taken
            .entry(resource.name)
            .or_insert_with(|| reading.takes_resource(resource));
        let (position, lost) = (row.position?, heard.get(&row.seq).copied());
        let hears = resource.rows != Rows::Owned || reading.limited_to().is_none() || lost.is_some();
        if !is_taken || !hears {
            return None;
        }
        event(row, &reader, &shown, lost.unwrap_or(false)).map(|event| (position, event))
    };
    Ok(rows.into_iter().filter_map(told).collect())
}

/// The events that a reader who is limited to some partners learns of by those; of each whether all that it learns is that the
/// record is out of its sight.
fn heard(tx: &mut Tx<'_>, reading: &Reading, rows: &[Row]) -> Result<BTreeMap<i64, bool>> {
    let Some(partners) = reading.limited_to() else {
        return Ok(BTreeMap::new());
    };
    let names: Vec<String> = partners.iter().map(ToString::to_string).collect();
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    let found: Vec<(i64, bool)> = event_audiences::table
        .filter(event_audiences::event_seq.eq_any(among(&seqs)))
        .filter(event_audiences::partner_id.eq_any(among(&names)))
        .select((event_audiences::event_seq, event_audiences::lost))
        .load(tx.conn())?;
    let mut only: BTreeMap<i64, bool> = BTreeMap::new();
    for (seq, lost) in found {
        only.entry(seq).and_modify(|all| *all &= lost).or_insert(lost);
    }
    Ok(only)
}

/// What the reader is shown of these events.
fn shown(tx: &mut Tx<'_>, reading: &Reading, rows: &[Row]) -> Result<Shown> {
    if reading.caller().is_vendor() {
        return Ok(Shown::Everything);
    }
    let mut actors: Vec<&str> = rows.iter().map(|row| row.actor_id.as_str()).collect();
    actors.sort_unstable();
    actors.dedup();
    let own = identity::own_actors(tx, reading.limited_to().unwrap_or_default(), &actors)?;
    let mut custom: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for row in rows {
        if !custom.contains_key(&row.resource_type)
            && let Ok(record) = row.resource_type.parse::<CustomRecord>()
        {
            let fields = custom_fields::definitions(tx, record)?.into_iter();
            let seen = fields.filter(|field| field.partner_visible).map(|field| field.name);
            custom.insert(row.resource_type.clone(), seen.collect());
        }
    }
    Ok(Shown::OfPartners { own, custom })
}

/// The event as the reader is shown it, if at all. `lost`: all that it learns is that the record is out of its sight.
fn event(row: Row, reader: &Reader<'_>, shown: &Shown, lost: bool) -> Option<Event> {
    let read = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut said = Said {
        data: read(row.data).unwrap_or_default(),
        previous: read(row.previous).unwrap_or_default(),
        changed: serde_json::from_str(&row.changed_fields).unwrap_or_default(),
    };
    let view = row
        .partner_view
        .and_then(|text| serde_json::from_str::<PartnerView>(&text).ok());
    shown.limit(&row.resource_type, &mut said, view);
    if lost {
        said = Said::default();
    } else {
        let audience: Vec<PartnerId> = serde_json::from_str(&row.audience).unwrap_or_default();
        let mut told = Told {
            audience: &audience,
            data: &mut said.data,
            previous: &mut said.previous,
            changed: &mut said.changed,
        };
        if !catalogue::find(&row.event_type)?.resource.shows(reader, &mut told) {
            return None;
        }
    }
    let known = shown.knows(&row.actor_id);
    Some(Event {
        cursor: rules::cursor(row.position.unwrap_or_default()),
        id: row.id,
        kind: row.event_type,
        resource_type: row.resource_type,
        resource_id: row.resource_id,
        revision: row.revision,
        occurred_at: row.occurred_at,
        actor: EventActor {
            kind: row.actor_type,
            id: Some(row.actor_id).filter(|_| known),
        },
        origin: row.origin,
        origin_tag: row.origin_tag.filter(|_| known),
        changed_fields: said.changed,
        data: said.data,
        previous: said.previous,
        deleted: row.deleted || lost,
    })
}

/// The position up to which events are older than that moment, of at most so many after the first position and up to the second;
/// nothing if the first of them is not.
///
/// # Errors
/// What the database reports.
pub fn expired(tx: &mut Tx<'_>, before: Time, (after, up_to): (i64, i64), most: i64) -> Result<Option<i64>> {
    let oldest: Vec<(Option<i64>, Time)> = events::table
        .filter(events::position.gt(after).and(events::position.le(up_to)))
        .order(events::position)
        .limit(most)
        .select((events::position, events::occurred_at))
        .load(tx.conn())?;
    let old = oldest.into_iter().take_while(|(_, occurred_at)| *occurred_at < before);
    Ok(old.last().and_then(|(position, _)| position))
}

/// Deletes the events up to that position; tells how many. The horizon must have passed them.
///
/// # Errors
/// What the database reports.
pub fn delete_to(tx: &mut Tx<'_>, position: i64) -> Result<usize> {
    diesel::delete(event_audiences::table.filter(
        event_audiences::event_seq.eq_any(events::table.filter(events::position.le(position)).select(events::seq)),
    ))
    .execute(tx.conn())?;
    Ok(diesel::delete(events::table.filter(events::position.le(position))).execute(tx.conn())?)
}
