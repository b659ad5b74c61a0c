//! The only file that knows the table of audit records.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

use super::chain::Record;
use crate::{
    db::{Engine, Tx},
    error::Result,
    events::queries::{Written, actor_type},
    kernel::ids::AuditId,
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

/// Writes the audit record of an event.
///
/// # Errors
/// What the database reports.
pub fn append(tx: &mut Tx<'_>, event: &Written) -> Result<()> {
    let (caller, now) = (tx.caller(), tx.now);
    let row = (
        audit::id.eq(tx.new_id::<AuditId>()),
        audit::reason.eq(event.fact.reason.as_deref()),
        audit::at.eq(now.micros()),
        audit::actor_type.eq(actor_type(caller.actor())),
        audit::actor_id.eq(caller.actor_text()),
        audit::partner_id.eq(caller.partner().map(|partner| partner.to_string())),
        audit::operation.eq(caller.request().operation),
        audit::resource_type.eq(Some(event.fact.resource_type)),
        audit::resource_id.eq(Some(&event.fact.resource_id)),
        audit::revision.eq(Some(event.fact.revision)),
        audit::request_id.eq(Some(caller.request().id.to_string())),
        audit::ip.eq(caller.request().ip.map(|ip| ip.to_string())),
        audit::event_seq.eq(Some(event.seq)),
        audit::digest.eq(Some(&event.digest)),
    );
    diesel::insert_into(table).values(row).execute(tx.conn())?;
    Ok(())
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
