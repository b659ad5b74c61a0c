//! The many-sided parts of registrations, such as their lines: which of them there are, and the registrations put together
//! with them.

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Text},
};

use super::{
    clock_queries,
    model::Deal,
    rows::{ContactRow, DecisionRow, InfoRow, Line, LineRow, Registration, SiteRow, WindowRow},
    states::{DecisionOutcome, InfoRequestStatus},
    wide_queries::{Wide, written_out},
};
use crate::{
    db::{Engine, Tx, among},
    error::{Error, Result},
    http::Resource as _,
    kernel::ids::DealId,
    references,
    schema::{
        deal_contacts, deal_decisions, deal_extensions, deal_info_requests, deal_lines, deal_sites, products,
        protections,
    },
};

/// The many-sided parts of a registration, each a digit of [`Parts`]. Most registrations have few of them, and a statement that
/// finds nothing costs as much as one that finds something: so it is asked first which there are. Whether all rows of a
/// part count is for its own statement to tell.
const LINES: i64 = 1;
const CONTACTS: i64 = 2;
const SITES: i64 = 4;
const REFERENCES: i64 = 8;
const OPEN_INFOS: i64 = 16;
const DECISIONS: i64 = 32;
const WINDOWS: i64 = 64;
const EXTENSIONS: i64 = 128;
const CLOCKS: i64 = 256;

/// Which parts the registration of a row has, as a sum: for one that is read by itself.
#[derive(Debug, Clone, Copy)]
pub struct Parts;

/// Each part is a subquery that ends at its first row: `EXISTS` PostgreSQL might answer by reading the whole table.
const PARTS: &str = "CAST(\
    COALESCE((SELECT 1 FROM deal_lines WHERE deal_lines.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 2 FROM deal_contacts WHERE deal_contacts.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 4 FROM deal_sites WHERE deal_sites.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 8 FROM external_references WHERE external_references.resource_type = 'deal' \
    AND external_references.resource_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 16 FROM deal_info_requests WHERE deal_info_requests.deal_id = deals.id \
    AND deal_info_requests.status = 'open' LIMIT 1), 0) \
    + COALESCE((SELECT 32 FROM deal_decisions WHERE deal_decisions.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 64 FROM protections WHERE protections.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 128 FROM deal_extensions WHERE deal_extensions.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 256 FROM review_clocks WHERE review_clocks.deal_id = deals.id LIMIT 1), 0) AS BIGINT)";

written_out!(Parts, BigInt, PARTS);

/// Which parts there are of many registrations. On SQLite by the subqueries of [`Parts`], which follow the indexes whatever is
/// known of the tables; on PostgreSQL, where so many small subqueries for each row take as long as the page itself, by a statement that
/// looks for one part after the other, and at the first row of each alone.
struct PartsOf {
    ids: Vec<String>,
    /// The same as JSON, which is how SQLite takes a list as one value.
    json: String,
}

const PARTS_OF: &str = ") \
    SELECT CAST(1 AS BIGINT), wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_lines WHERE deal_lines.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 2, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_contacts WHERE deal_contacts.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 4, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_sites WHERE deal_sites.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 8, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM external_references WHERE external_references.resource_type = 'deal' \
    AND external_references.resource_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 16, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_info_requests WHERE deal_info_requests.deal_id = wanted.id \
    AND deal_info_requests.status = 'open' LIMIT 1) AS part \
    UNION ALL SELECT 32, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_decisions WHERE deal_decisions.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 64, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM protections WHERE protections.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 128, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM deal_extensions WHERE deal_extensions.deal_id = wanted.id LIMIT 1) AS part \
    UNION ALL SELECT 256, wanted.id FROM wanted CROSS JOIN LATERAL \
    (SELECT FROM review_clocks WHERE review_clocks.deal_id = wanted.id LIMIT 1) AS part";

impl Query for PartsOf {
    type SqlType = (BigInt, Text);
}

impl<C> RunQueryDsl<C> for PartsOf {}

impl QueryId for PartsOf {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Engine> for PartsOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        match *out.backend() {
            Engine::Sqlite => {
                out.push_sql("SELECT ");
                out.push_sql(PARTS);
                out.push_sql(", deals.id FROM (SELECT value AS id FROM json_each(");
                out.push_bind_param::<Text, String>(&self.json)?;
                out.push_sql(")) AS deals");
            }
            Engine::Postgres => {
                out.push_sql("WITH wanted(id) AS MATERIALIZED (SELECT unnest(");
                out.push_bind_param::<Array<Text>, Vec<String>>(&self.ids)?;
                out.push_sql(")");
                out.push_sql(PARTS_OF);
            }
        }
        Ok(())
    }
}

/// The rows, each with the parts that there are.
///
/// # Errors
/// What the database reports.
pub fn with_parts(tx: &mut Tx<'_>, rows: Vec<Wide>) -> Result<Vec<(Wide, i64)>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = rows.iter().map(|row| row.deal.id.to_string()).collect();
    let json = serde_json::to_string(&ids).map_err(Error::internal)?;
    let found: Vec<(i64, DealId)> = PartsOf { ids, json }.load(tx.conn())?;
    let mut parts: BTreeMap<DealId, i64> = BTreeMap::new();
    for (part, id) in found {
        *parts.entry(id).or_default() |= part;
    }
    let parts_of = |row: &Wide| parts.get(&row.deal.id).copied().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| {
            let parts = parts_of(&row);
            (row, parts)
        })
        .collect())
}

/// The rows put together with their many-sided parts: one query for each part that there is, however many rows there are.
///
/// # Errors
/// What the database reports.
pub fn whole(tx: &mut Tx<'_>, rows: Vec<(Wide, i64)>) -> Result<Vec<Registration>> {
    let with = |part: i64| -> Vec<DealId> {
        let rows = rows.iter().filter(|(_, parts)| parts & part != 0);
        rows.map(|(row, _)| row.deal.id).collect()
    };
    // What only a registration has that was sent in.
    let sent_in_with = |part: i64| -> Vec<DealId> {
        let rows = rows
            .iter()
            .filter(|(row, parts)| parts & part != 0 && (row.deal.received_at.is_some() || row.deal.legacy));
        rows.map(|(row, _)| row.deal.id).collect()
    };
    let mut lines = if_any(tx, &with(LINES), lines)?;
    let mut contacts = if_any(tx, &with(CONTACTS), contacts)?;
    let mut sites = if_any(tx, &with(SITES), sites)?;
    let mut infos = if_any(tx, &sent_in_with(OPEN_INFOS), open_infos)?;
    let mut decisions = if_any(tx, &sent_in_with(DECISIONS), decisions)?;
    let mut windows = if_any(tx, &sent_in_with(WINDOWS), windows)?;
    let mut extensions = if_any(tx, &sent_in_with(EXTENSIONS), extensions)?;
    let mut clocks = if_any(tx, &sent_in_with(CLOCKS), clock_queries::last_clocks)?;
    let mut refs = if_any(tx, &with(REFERENCES), |tx, ids| {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        references::by_records(tx, Deal::TYPE, &texts)
    })?;
    Ok(rows
        .into_iter()
        .map(|(row, parts)| {
            let id = row.deal.id;
            let references = if parts & REFERENCES == 0 {
                None
            } else {
                refs.remove(&id.to_string())
            };
            Registration {
                deal: row.deal,
                details: row.details,
                customer: row.customer,
                review: row.review,
                clock: clocks.remove(&id),
                territory: row.territory,
                lines: lines.remove(&id).unwrap_or_default(),
                contacts: contacts.remove(&id).unwrap_or_default(),
                sites: sites.remove(&id).unwrap_or_default(),
                references: references.unwrap_or_default(),
                info: infos.remove(&id).and_then(|mut rows| rows.pop()),
                decision: decisions.remove(&id).and_then(|mut rows| rows.pop()),
                windows: windows.remove(&id).unwrap_or_default(),
                extension_count: extensions.remove(&id).unwrap_or_default(),
            }
        })
        .collect())
}

type Many<T> = BTreeMap<DealId, Vec<T>>;

/// What is asked of registrations, if there are any to ask it of.
fn if_any<T: Default>(
    tx: &mut Tx<'_>,
    ids: &[DealId],
    ask: impl FnOnce(&mut Tx<'_>, &[DealId]) -> Result<T>,
) -> Result<T> {
    if ids.is_empty() {
        return Ok(T::default());
    }
    ask(tx, ids)
}

/// The rows of a table by registration, those of each in that order.
macro_rules! in_order {
    ($tx:expr, $ids:expr, $table:ident => $row:ty, $($order:ident),+) => {{
        let rows: Vec<$row> = $table::table
            .filter($table::deal_id.eq_any(among($ids)))
            .order(($table::deal_id, $($table::$order),+))
            .select(<$row>::as_select())
            .load($tx.conn())?;
        Ok(grouped(rows.into_iter().map(|row| (row.deal_id, row))))
    }};
}

fn contacts(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<ContactRow>> {
    in_order!(tx, ids, deal_contacts => ContactRow, position)
}

fn sites(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<SiteRow>> {
    in_order!(tx, ids, deal_sites => SiteRow, position)
}

fn windows(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<WindowRow>> {
    in_order!(tx, ids, protections => WindowRow, starts_at, id)
}

fn lines(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<Line>> {
    let lines: Vec<(LineRow, String)> = deal_lines::table
        .inner_join(products::table)
        .filter(deal_lines::deal_id.eq_any(among(ids)))
        .order((deal_lines::deal_id, deal_lines::position))
        .select((LineRow::as_select(), products::code))
        .load(tx.conn())?;
    Ok(grouped(
        lines
            .into_iter()
            .map(|(row, product)| (row.deal_id, Line { row, product })),
    ))
}

/// The questions that the partners owe an answer to.
fn open_infos(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<InfoRow>> {
    let infos: Vec<InfoRow> = deal_info_requests::table
        .filter(deal_info_requests::deal_id.eq_any(among(ids)))
        .filter(deal_info_requests::status.eq(InfoRequestStatus::Open))
        .select(InfoRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(infos.into_iter().map(|row| (row.deal_id, row))))
}

/// Only what ended a review or undid its end: steps, extensions and amendments are read at their own addresses.
fn decisions(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<DecisionRow>> {
    let ends = [
        DecisionOutcome::Approved,
        DecisionOutcome::AutoApproved,
        DecisionOutcome::Rejected,
        DecisionOutcome::Revoked,
        DecisionOutcome::Lapsed,
        DecisionOutcome::Superseded,
        DecisionOutcome::Reopened,
        DecisionOutcome::AppealUpheld,
    ];
    let decisions: Vec<DecisionRow> = deal_decisions::table
        .filter(deal_decisions::deal_id.eq_any(among(ids)))
        .filter(deal_decisions::outcome.eq_any(among(ends)))
        .order((deal_decisions::deal_id, deal_decisions::decided_at, deal_decisions::id))
        .select(DecisionRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(decisions.into_iter().map(|row| (row.deal_id, row))))
}

/// How many extensions were granted.
fn extensions(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<BTreeMap<DealId, i64>> {
    let extensions: Vec<(DealId, i64)> = deal_extensions::table
        .filter(deal_extensions::deal_id.eq_any(among(ids)))
        .filter(deal_extensions::status.eq("granted"))
        .group_by(deal_extensions::deal_id)
        .select((deal_extensions::deal_id, diesel::dsl::count_star()))
        .load(tx.conn())?;
    Ok(extensions.into_iter().collect())
}

fn grouped<T>(rows: impl Iterator<Item = (DealId, T)>) -> Many<T> {
    let mut groups = Many::new();
    for (id, row) in rows {
        groups.entry(id).or_insert_with(Vec::new).push(row);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_asked_for_by_the_words_that_are_stored() {
        let words = [
            format!("resource_type = '{}'", Deal::TYPE),
            format!("status = '{}'", InfoRequestStatus::Open),
        ];
        let parts = [
            LINES, CONTACTS, SITES, REFERENCES, OPEN_INFOS, DECISIONS, WINDOWS, EXTENSIONS, CLOCKS,
        ];
        for text in [PARTS, PARTS_OF] {
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
            let looks = text.matches("SELECT ").count() - text.matches("SELECT FROM ").count();
            assert_eq!(looks, parts.len());
            for part in parts {
                let ways = [
                    format!("SELECT {part} "),
                    format!("SELECT {part},"),
                    format!("CAST({part} AS"),
                ];
                assert!(ways.iter().any(|way| text.contains(way)), "{part} in {text}");
            }
        }
    }
}
