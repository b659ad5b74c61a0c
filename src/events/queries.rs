//! The only file, with `append_queries`, that knows the tables of events.

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable},
};
use serde_json::Value;

use super::{PartnerView, Said};
use crate::{
    auth::Actor,
    db::{Engine, Tx, among},
    error::{Error, Result},
    kernel::{Time, ids::PartnerId},
    schema::{event_audiences, events},
};

/// The kind of an actor, as the database spells it.
pub fn actor_type(actor: Actor) -> &'static str {
    match actor {
        Actor::User(_) => "user",
        Actor::Client(_) => "client",
        Actor::System(_) => "system",
        Actor::Anonymous => "anonymous",
    }
}

#[derive(QueryableByName)]
struct Placed {
    #[diesel(sql_type = BigInt)]
    events: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// Gives positions after `last` to committed events, in the order of their insertion, and to what partners hear of them. One
/// statement, for PostgreSQL alone.
const PLACE: &str = "WITH waiting AS (SELECT seq FROM events WHERE position IS NULL ORDER BY seq LIMIT $1), \
    next AS (SELECT seq, $2 + row_number() OVER (ORDER BY seq) AS place FROM waiting), \
    placed AS (UPDATE events SET position = next.place FROM next WHERE events.seq = next.seq RETURNING events.seq, events.position), \
    heard AS (UPDATE event_audiences SET position = placed.position FROM placed WHERE event_audiences.event_seq = placed.seq) \
    SELECT count(*) AS events, max(position) AS last FROM placed";

/// Gives positions to at most so many events that have none, after the last one that was given; tells how many, and the last
/// position now. The caller holds the mark of the sequencer.
///
/// # Errors
/// What the database reports.
pub fn place(tx: &mut Tx<'_>, last: i64, most: i64) -> Result<(i64, i64)> {
    match tx.engine() {
        Engine::Sqlite => Ok((0, last)),
        Engine::Postgres => {
            tx.by_index()?;
            let placed: Placed = sql_query(PLACE)
                .bind::<BigInt, _>(most)
                .bind::<BigInt, _>(last)
                .get_result(tx.conn())?;
            Ok((placed.events, placed.last.unwrap_or(last)))
        }
    }
}

/// Whether a committed event waits for its position.
///
/// # Errors
/// What the database reports.
pub fn waiting(tx: &mut Tx<'_>) -> Result<bool> {
    let one: Option<i64> = events::table
        .filter(events::position.is_null())
        .order(events::seq)
        .select(events::seq)
        .first(tx.conn())
        .optional()?;
    Ok(one.is_some())
}

/// Whether an event of that kind about the record was written since that moment.
///
/// # Errors
/// What the database reports.
pub fn told_since(tx: &mut Tx<'_>, record: (&str, &str), kind: &str, since: Time) -> Result<bool> {
    let one: Option<i64> = events::table
        .filter(events::resource_type.eq(record.0))
        .filter(events::resource_id.eq(record.1))
        .filter(events::event_type.eq(kind))
        .filter(events::occurred_at.ge(since.micros()))
        .select(events::seq)
        .first(tx.conn())
        .optional()?;
    Ok(one.is_some())
}

/// An event as the log has it, for those who tell people of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place in the log.
    pub position: i64,
    /// Its id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// The type of the record.
    pub resource_type: String,
    /// The record.
    pub resource_id: String,
    /// When.
    pub occurred_at: Time,
    /// Who did it.
    pub actor: String,
    /// The record after it, as everyone in the audience may read it; null if it is gone or was erased.
    pub data: Value,
    /// The partners that may learn of it.
    pub audience: Vec<PartnerId>,
}

/// The last place in the order of insertion that this transaction can see; zero of an empty log.
///
/// # Errors
/// What the database reports.
pub fn last_seq(tx: &mut Tx<'_>) -> Result<i64> {
    let last: Option<i64> = events::table.select(diesel::dsl::max(events::seq)).first(tx.conn())?;
    Ok(last.unwrap_or(0))
}

/// An event that was just written, in short.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct JustWritten {
    /// Its place in the order of insertion.
    pub seq: i64,
    /// The type of what it is about.
    pub resource_type: String,
    /// What it is about.
    pub resource_id: String,
    /// The revision of that after it.
    pub revision: i64,
}

/// What the caller's own request wrote after that place in the order of insertion.
///
/// # Errors
/// What the database reports.
pub fn written_after(tx: &mut Tx<'_>, seq: i64) -> Result<Vec<JustWritten>> {
    let request = tx.caller().request().id.to_string();
    Ok(events::table
        .filter(events::seq.gt(seq))
        .filter(events::request_id.eq(Some(&request)))
        .order(events::seq)
        .select((
            events::seq,
            events::resource_type,
            events::resource_id,
            events::revision,
        ))
        .load(tx.conn())?)
}

/// What an event says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The record after it, as the vendor reads it.
    pub data: Value,
    /// What the changed fields held before.
    pub previous: Value,
}

/// What an event says of a change; nothing if it tells of none, was erased, or is kept no more.
///
/// # Errors
/// What the database reports.
pub fn recorded(tx: &mut Tx<'_>, seq: i64) -> Result<Option<Recorded>> {
    let found: Option<(Option<String>, Option<String>)> = events::table
        .find(seq)
        .select((events::data, events::previous))
        .first(tx.conn())
        .optional()?;
    let Some((Some(data), Some(previous))) = found else {
        return Ok(None);
    };
    Ok(Some(Recorded {
        data: serde_json::from_str(&data).map_err(Error::internal)?,
        previous: serde_json::from_str(&previous).map_err(Error::internal)?,
    }))
}

/// The last position of the log; nothing of an empty one. Whatever stands up to it can be read.
///
/// # Errors
/// What the database reports.
pub fn last_position(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    Ok(events::table
        .select(diesel::dsl::max(events::position))
        .first::<Option<i64>>(tx.conn())?)
}

/// What an event is about: enough to tell for whom it cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its place in the log.
    pub position: i64,
    /// What happened.
    pub kind: String,
    /// The type of the record.
    pub resource_type: String,
    /// The record.
    pub resource_id: String,
    /// The partners that may learn of it, if only that they lost sight of the record.
    pub partners: Vec<String>,
}

/// What the events after one position and up to another are about, in order; nothing if they are more than `most`.
///
/// # Errors
/// What the database reports.
pub fn headings(tx: &mut Tx<'_>, (after, up_to): (i64, i64), most: usize) -> Result<Option<Vec<Heading>>> {
    type Line = (i64, Option<i64>, String, String, String);
    if usize::try_from(up_to.saturating_sub(after)).is_ok_and(|span| span > most) {
        return Ok(None);
    }
    let lines: Vec<Line> = events::table
        .filter(events::position.gt(after).and(events::position.le(up_to)))
        .order(events::position)
        .select((
            events::seq,
            events::position,
            events::event_type,
            events::resource_type,
            events::resource_id,
        ))
        .load(tx.conn())?;
    let seqs: Vec<i64> = lines.iter().map(|line| line.0).collect();
    let heard: Vec<(i64, String)> = event_audiences::table
        .filter(event_audiences::event_seq.eq_any(among(&seqs)))
        .select((event_audiences::event_seq, event_audiences::partner_id))
        .load(tx.conn())?;
    let mut partners: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (seq, partner) in heard {
        partners.entry(seq).or_default().push(partner);
    }
    let heading = |(seq, position, kind, resource_type, resource_id): Line| Heading {
        position: position.unwrap_or(up_to),
        kind,
        resource_type,
        resource_id,
        partners: partners.remove(&seq).unwrap_or_default(),
    };
    Ok(Some(lines.into_iter().map(heading).collect()))
}

/// The first events of these types after one position and up to another, in order, but for those of that origin.
///
/// # Errors
/// What the database reports.
pub fn logged(
    tx: &mut Tx<'_>,
    (after, up_to): (i64, i64),
    kinds: &[&str],
    except: &str,
    most: i64,
) -> Result<Vec<Logged>> {
    type Line = (
        Option<i64>,
        String,
        String,
        String,
        String,
        Time,
        String,
        Option<String>,
        Option<String>,
        String,
    );
    let lines: Vec<Line> = events::table
        .filter(events::position.gt(after).and(events::position.le(up_to)))
        .filter(events::event_type.eq_any(among(kinds)))
        .filter(events::origin.ne(except))
        .order(events::position)
        .limit(most)
        .select((
            events::position,
            events::id,
            events::event_type,
            events::resource_type,
            events::resource_id,
            events::occurred_at,
            events::actor_id,
            events::data,
            events::partner_view,
            events::audience,
        ))
        .load(tx.conn())?;
    let logged = |line: Line| {
        let (position, id, kind, resource_type, resource_id, occurred_at, actor, data, view, audience) = line;
        let mut data: Value = data
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        if let Some(view) = view.and_then(|text| serde_json::from_str::<PartnerView>(&text).ok()) {
            view.lay_over(&mut data, &mut Value::Null, &mut Vec::new());
        }
        // Some of them are the vendor's alone, and no notice speaks of any.
        if let Some(fields) = data.as_object_mut() {
            fields.remove("custom");
        }
        Logged {
            position: position.unwrap_or(after),
            id,
            kind,
            resource_type,
            resource_id,
            occurred_at,
            actor,
            data,
            audience: serde_json::from_str(&audience).unwrap_or_default(),
        }
    };
    Ok(lines.into_iter().map(logged).collect())
}

#[derive(Queryable)]
struct Row {
    seq: i64,
    event_type: String,
    resource_type: String,
    resource_id: String,
    revision: i64,
    occurred_at: i64,
    changed_fields: String,
    data: Option<String>,
    previous: Option<String>,
    audience: String,
    deleted: bool,
    erased_at: Option<i64>,
    salt: Option<String>,
    partner_view: Option<String>,
}

/// The digests of what those events say now, by `seq`; none of one whose payload was erased, which nobody can check any more.
///
/// # Errors
/// What the database reports.
pub fn digests(tx: &mut Tx<'_>, seqs: &[i64]) -> Result<BTreeMap<i64, Option<String>>> {
    let columns = (
        events::seq,
        events::event_type,
        events::resource_type,
        events::resource_id,
        events::revision,
        events::occurred_at,
        events::changed_fields,
        events::data,
        events::previous,
        events::audience,
        events::deleted,
        events::erased_at,
        events::salt,
        events::partner_view,
    );
    let rows: Vec<Row> = events::table
        .filter(events::seq.eq_any(among(seqs)))
        .select(columns)
        .load(tx.conn())?;
    let digest = |row: &Row| {
        Said {
            salt: row.salt.as_deref().unwrap_or_default(),
            event_type: &row.event_type,
            resource_type: &row.resource_type,
            resource_id: &row.resource_id,
            revision: row.revision,
            occurred_at: row.occurred_at,
            changed_fields: &row.changed_fields,
            data: row.data.as_deref(),
            previous: row.previous.as_deref(),
            partner_view: row.partner_view.as_deref(),
            audience: &row.audience,
            deleted: row.deleted,
        }
        .digest()
    };
    Ok(rows
        .iter()
        .map(|row| (row.seq, row.erased_at.is_none().then(|| digest(row))))
        .collect())
}
