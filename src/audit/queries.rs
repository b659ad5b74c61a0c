//! The only file that knows the table of audit records.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

use super::chain::Record;
use crate::{
    db::{Conn, Engine, Tx},
    error::Result,
    events::{Fact, queries::actor_type},
    kernel::{
        Time,
        ids::{AuditId, PartnerId},
    },
    schema::audit_records::{self as audit, table},
};

type Columns = (
    audit::seq,
    audit::id,
    audit::at,
    audit::actor_type,
    audit::actor_id,
    audit::partner_id,
    audit::operation,
    audit::reason,
    audit::resource_type,
    audit::resource_id,
    audit::revision,
    audit::request_id,
    audit::ip,
    audit::event_seq,
    audit::digest,
);

const COLUMNS: Columns = (
    audit::seq,
    audit::id,
    audit::at,
    audit::actor_type,
    audit::actor_id,
    audit::partner_id,
    audit::operation,
    audit::reason,
    audit::resource_type,
    audit::resource_id,
    audit::revision,
    audit::request_id,
    audit::ip,
    audit::event_seq,
    audit::digest,
);

/// An audit record before it has its places.
#[derive(Debug, Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
pub struct AuditRow {
    id: AuditId,
    at: Time,
    actor_type: &'static str,
    actor_id: String,
    partner_id: Option<PartnerId>,
    operation: String,
    reason: Option<String>,
    resource_type: &'static str,
    resource_id: String,
    revision: i64,
    request_id: String,
    ip: Option<String>,
    digest: String,
}

impl AuditRow {
    /// What is kept of a fact with that digest, and of whose doing it is.
    pub fn of(tx: &Tx<'_>, fact: &Fact, digest: String) -> Self {
        let caller = tx.caller();
        let request = caller.request();
        Self {
            id: tx.new_id(),
            at: tx.now,
            actor_type: actor_type(caller.actor()),
            actor_id: caller.actor_text(),
            partner_id: caller.partner(),
            operation: request.operation.to_owned(),
            reason: fact.reason.clone(),
            resource_type: fact.resource_type,
            resource_id: fact.resource_id.clone(),
            revision: fact.revision,
            request_id: request.id.to_string(),
            ip: request.ip.map(|ip| ip.to_string()),
            digest,
        }
    }
}

/// Writes the audit records of events, each with the place of its event.
///
/// # Errors
/// What the database reports.
pub fn append<'r>(conn: &mut Conn, records: impl Iterator<Item = (i64, &'r AuditRow)>) -> QueryResult<()> {
    conn.insert_all(
        records.map(|(event, row)| diesel::insert_into(table).values((row, audit::event_seq.eq(Some(event))))),
    )
}

/// Whether a record waits for its place in the chain.
///
/// # Errors
/// What the database reports.
pub fn waiting(tx: &mut Tx<'_>) -> Result<bool> {
    let one: Option<i64> = table
        .filter(audit::hash.is_null())
        .order(audit::seq)
        .select(audit::seq)
        .first(tx.conn())
        .optional()?;
    Ok(one.is_some())
}

/// At most so many records that are not chained, in the order of their insertion.
///
/// # Errors
/// What the database reports.
pub fn unchained(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Record>> {
    Ok(table
        .filter(audit::hash.is_null())
        .order(audit::seq)
        .limit(most)
        .select(COLUMNS)
        .load(tx.conn())?)
}

/// How many records are not chained.
///
/// # Errors
/// What the database reports.
pub fn unchained_count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(table.filter(audit::hash.is_null()).count().get_result(tx.conn())?)
}

/// The place of a record in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub seq: i64,
    pub position: i64,
    pub before: String,
    pub hash: String,
}

/// Writes all links at once: a statement for each would be a round trip to PostgreSQL for each.
const LINK: &str = "UPDATE audit_records SET chain_position = links.place, prev_hash = links.before, hash = links.hash \
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS links (seq, place, before, hash) \
    WHERE audit_records.seq = links.seq";

/// Writes the places of records in the chain.
///
/// # Errors
/// What the database reports.
pub fn link(tx: &mut Tx<'_>, links: &[Link]) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => {
            for link in links {
                diesel::update(table.find(link.seq))
                    .set((
                        audit::chain_position.eq(Some(link.position)),
                        audit::prev_hash.eq(Some(&link.before)),
                        audit::hash.eq(Some(&link.hash)),
                    ))
                    .execute(tx.conn())?;
            }
        }
        Engine::Postgres => {
            let (seqs, places): (Vec<i64>, Vec<i64>) = links.iter().map(|link| (link.seq, link.position)).unzip();
            let (befores, hashes): (Vec<&str>, Vec<&str>) = links
                .iter()
                .map(|link| (link.before.as_str(), link.hash.as_str()))
                .unzip();
            sql_query(LINK)
                .bind::<Array<BigInt>, _>(seqs)
                .bind::<Array<BigInt>, _>(places)
                .bind::<Array<Text>, _>(befores)
                .bind::<Array<Text>, _>(hashes)
                .execute(tx.conn())?;
        }
    }
    Ok(())
}

/// A record with its place in the chain.
#[derive(Debug, Clone, Queryable)]
pub struct Linked {
    pub record: Record,
    pub position: Option<i64>,
    pub before: Option<String>,
    pub hash: Option<String>,
}

/// At most so many links after a place of the chain, in order.
///
/// # Errors
/// What the database reports.
pub fn links_after(tx: &mut Tx<'_>, position: i64, most: i64) -> Result<Vec<Linked>> {
    Ok(table
        .filter(audit::chain_position.gt(position))
        .order(audit::chain_position)
        .limit(most)
        .select((COLUMNS, audit::chain_position, audit::prev_hash, audit::hash))
        .load(tx.conn())?)
}

/// The hash at a place of the chain.
///
/// # Errors
/// What the database reports.
pub fn hash_at(tx: &mut Tx<'_>, position: i64) -> Result<Option<String>> {
    Ok(table
        .filter(audit::chain_position.eq(position))
        .select(audit::hash)
        .first::<Option<String>>(tx.conn())
        .optional()?
        .flatten())
}
