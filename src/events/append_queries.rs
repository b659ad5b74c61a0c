//! Writes events, with their audit records and what else goes with them.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::{Fact, Said, queries::actor_type};
use crate::{
    audit::{self, AuditRow},
    db::{Conn, Engine, Tx},
    error::{Error, Result},
    kernel::{
        Time,
        ids::{EventId, PartnerId},
    },
    schema::{event_audiences, events},
    sync,
};

/// A row of the log before it has its places in it.
#[derive(Debug, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventRow {
    id: EventId,
    event_type: &'static str,
    resource_type: &'static str,
    resource_id: String,
    revision: i64,
    occurred_at: Time,
    actor_type: &'static str,
    actor_id: String,
    origin: String,
    origin_tag: Option<String>,
    request_id: String,
    changed_fields: String,
    data: Option<String>,
    previous: Option<String>,
    audience: String,
    deleted: bool,
    salt: String,
    partner_view: Option<String>,
}

/// An event about to be written, with its audit record and what else goes with it.
#[derive(Debug)]
pub struct Event {
    row: EventRow,
    audience: Vec<PartnerId>,
    lost: Vec<PartnerId>,
    audit: AuditRow,
    linked: Option<sync::Noted>,
}

impl Event {
    /// The tables that are written with events.
    pub const TABLES: [&str; 4] = ["events", "event_audiences", "audit_records", "sync_links"];

    /// The event that tells a fact, and the caller's part in it.
    ///
    /// # Errors
    /// None that a fact has: what it says can be written as JSON.
    pub fn of(tx: &Tx<'_>, fact: Fact) -> Result<Self> {
        let (caller, now) = (tx.caller(), tx.now);
        let linked = sync::Noted::of(&fact, now);
        let audience: Vec<String> = fact.audience.iter().map(ToString::to_string).collect();
        let data = (!fact.data.is_null()).then(|| fact.data.to_string());
        let (salt, previous) = (
            format!("{:032x}", rand::random::<u128>()),
            fact.previous.as_ref().map(ToString::to_string),
        );
        let (changed, heard_by) = (json(&fact.changed)?, json(&audience)?);
        let view = fact.partner_view.as_ref().filter(|_| !audience.is_empty());
        let partner_view = view.map(serde_json::to_string).transpose().map_err(Error::internal)?;
        let digest = Said {
            salt: &salt,
            event_type: fact.kind,
            resource_type: fact.resource_type,
            resource_id: &fact.resource_id,
            revision: fact.revision,
            occurred_at: now.micros(),
            changed_fields: &changed,
            data: data.as_deref(),
            previous: previous.as_deref(),
            partner_view: partner_view.as_deref(),
            audience: &heard_by,
            deleted: fact.deleted,
        }
        .digest();
        Ok(Self {
            audit: AuditRow::of(tx, &fact, digest),
            row: EventRow {
                id: tx.new_id(),
                event_type: fact.kind,
                resource_type: fact.resource_type,
                resource_id: fact.resource_id,
                revision: fact.revision,
                occurred_at: now,
                actor_type: actor_type(caller.actor()),
                actor_id: caller.actor_text(),
                origin: caller.request().operation.to_owned(),
                origin_tag: caller.request().origin_tag.clone(),
                request_id: caller.request().id.to_string(),
                changed_fields: changed,
                data,
                previous,
                audience: heard_by,
                deleted: fact.deleted,
                salt,
                partner_view,
            },
            audience: fact.audience,
            lost: fact.lost,
            linked,
        })
    }

    /// Writes events in the transaction of their effects, in that order, with their audit records; what is linked with other
    /// systems waits to be pushed since.
    ///
    /// # Errors
    /// What the database reports.
    pub fn write(conn: &mut Conn, all: Vec<Self>) -> QueryResult<()> {
        if all.is_empty() {
            return Ok(());
        }
        sync::noted(
            conn,
            &all.iter().filter_map(|event| event.linked.as_ref()).collect::<Vec<_>>(),
        )?;
        // SQLite has one writer, so that the order of insertion is that of commits, and what is undone leaves no gap.
        let placed = conn.engine() == Engine::Sqlite;
        let position = |seq: i64| placed.then_some(seq);
        let seqs = match all.as_slice() {
            // One gets its place as it is written.
            [one] if !placed => {
                let one = diesel::insert_into(events::table).values(&one.row);
                vec![one.returning(events::seq).get_result(conn)?]
            }
            all => {
                let seqs = next_seqs(conn, all.len())?;
                conn.insert_all(seqs.iter().zip(all).map(|(seq, event)| {
                    let places = (events::seq.eq(seq), events::position.eq(position(*seq)));
                    diesel::insert_into(events::table).values((&event.row, places))
                }))?;
                seqs
            }
        };
        let written = || seqs.iter().copied().zip(&all);
        let heard = written().flat_map(|(seq, event)| {
            let concerned = event.audience.iter().map(|partner| (partner, false));
            let all = concerned.chain(event.lost.iter().map(|partner| (partner, true)));
            all.map(move |(partner, lost)| (seq, partner, lost))
        });
        conn.insert_all(heard.map(|(seq, partner, lost)| {
            diesel::insert_into(event_audiences::table).values((
                event_audiences::partner_id.eq(partner),
                event_audiences::event_seq.eq(seq),
                event_audiences::position.eq(position(seq)),
                event_audiences::lost.eq(lost),
            ))
        }))?;
        audit::append(conn, written().map(|(seq, event)| (seq, &event.audit)))
    }
}

/// The next places in the order of insertion. They are taken when events are written and not before: then every lock is held that
/// orders events about one record, but for what is told of a record that is only read.
fn next_seqs(conn: &mut Conn, count: usize) -> QueryResult<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Seq {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let many = i64::try_from(count).unwrap_or(i64::MAX);
    let found: Vec<Seq> = match conn.engine() {
        // What was given once is not given again, even if its event is not kept any more.
        Engine::Sqlite => {
            let last = sql_query("SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'events'");
            let last: Seq = last.get_result(conn)?;
            return Ok((1..=many).map(|number| last.seq + number).collect());
        }
        Engine::Postgres => sql_query("SELECT nextval('events_seq_seq') AS seq FROM generate_series(1, $1)")
            .bind::<BigInt, _>(many)
            .load(conn)?,
    };
    Ok(found.into_iter().map(|one| one.seq).collect())
}

fn json(names: &[String]) -> Result<String> {
    serde_json::to_string(names).map_err(Error::internal)
}
