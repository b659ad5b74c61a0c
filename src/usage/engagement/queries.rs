//! The figures of engagement, a query for each kind of fact over all partners of a page.

use std::collections::BTreeMap;

use diesel::{
    dsl::sql,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};

use super::model::{EngagementFilter, PartnerEngagement, ResponseFigures};
use crate::{
    db::{Clause, Engine, Tx},
    error::{Error, Result},
    kernel::{
        Date,
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
    schema::{partner_memberships, sign_ins, usage_days},
    usage::responses::ResponseSide,
};

/// One page of engagement, by the partners' names.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &EngagementFilter, paging: &Paging) -> Result<Page<PartnerEngagement>> {
    let page = partners::page_by_name(tx, filter.partner_id.as_ref(), paging)?;
    let days = filter.days(tx.now);
    let ids: Vec<PartnerId> = page.data.iter().map(|row| row.id).collect();
    let people = people(tx, &ids)?;
    let uses = uses(tx, &ids, days)?;
    let sign_in_days = sign_in_days(tx, &ids, days)?;
    let answers = answers(tx, &ids, days)?;
    Ok(page.map(|row| {
        let used = uses.get(&row.id);
        let count = |of: fn(&Uses) -> i64| used.map_or(0, of);
        let responses = |side| answers.get(&(row.id, side)).copied().unwrap_or_default();
        PartnerEngagement {
            partner_id: row.id,
            partner_name: row.legal_name,
            people: people.get(&row.id).copied().unwrap_or(0),
            active_people: count(|used| used.people),
            active_days: count(|used| used.days),
            last_active_on: used.map(|used| used.last),
            sign_in_days: sign_in_days.get(&row.id).copied().unwrap_or(0),
            views: count(|used| used.views),
            searches: count(|used| used.found + used.empty),
            empty_searches: count(|used| used.empty),
            changes: count(|used| used.changes),
            vendor_responses: responses(ResponseSide::Vendor),
            partner_responses: responses(ResponseSide::Partner),
        }
    }))
}

/// How many people may act for each partner now.
fn people(tx: &mut Tx<'_>, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, i64>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_memberships.partner_id");
    clause
        .one_of("partner_memberships.partner_id", partners)
        .equals("partner_memberships.status", "active");
    let rows: Vec<(PartnerId, i64)> = partner_memberships::table
        .filter(clause)
        .group_by(partner_memberships::partner_id)
        .select((partner_memberships::partner_id, sql::<BigInt>("COUNT(*)")))
        .load(tx.conn())?;
    Ok(rows.into_iter().collect())
}

/// What was counted of one partner's use.
#[derive(Queryable)]
struct Uses {
    partner: PartnerId,
    people: i64,
    days: i64,
    last: Date,
    views: i64,
    found: i64,
    empty: i64,
    changes: i64,
}

const VIEWS: &str = "CAST(SUM(CASE usage_days.kind WHEN 'view' THEN usage_days.times ELSE 0 END) AS BIGINT)";
const FOUND: &str = "CAST(SUM(CASE usage_days.kind WHEN 'search' THEN usage_days.times ELSE 0 END) AS BIGINT)";
const EMPTY: &str = "CAST(SUM(CASE usage_days.kind WHEN 'empty_search' THEN usage_days.times ELSE 0 END) AS BIGINT)";
const CHANGES: &str = "CAST(SUM(CASE usage_days.kind WHEN 'action' THEN usage_days.times ELSE 0 END) AS BIGINT)";

fn uses(tx: &mut Tx<'_>, partners: &[PartnerId], days: (Date, Date)) -> Result<BTreeMap<PartnerId, Uses>> {
    let mut clause = Clause::rows_of(tx.caller(), "usage_days.partner_id");
    clause
        .one_of("usage_days.partner_id", partners)
        .at_least("usage_days.day_on", Some(&days.0))
        .below("usage_days.day_on", Some(&days.1));
    let rows: Vec<Uses> = usage_days::table
        .filter(clause)
        .group_by(usage_days::partner_id)
        .select((
            usage_days::partner_id,
            sql::<BigInt>("COUNT(DISTINCT usage_days.user_id)"),
            sql::<BigInt>("COUNT(DISTINCT usage_days.day_on)"),
            sql::<Text>("MAX(usage_days.day_on)"),
            sql::<BigInt>(VIEWS),
            sql::<BigInt>(FOUND),
            sql::<BigInt>(EMPTY),
            sql::<BigInt>(CHANGES),
        ))
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|row| (row.partner, row)).collect())
}

/// On how many days each person signed in, added up by partner.
fn sign_in_days(
    tx: &mut Tx<'_>,
    partners: &[PartnerId],
    (from, before): (Date, Date),
) -> Result<BTreeMap<PartnerId, i64>> {
    let mut clause = Clause::rows_of(tx.caller(), "sign_ins.partner_id");
    clause
        .one_of("sign_ins.partner_id", partners)
        .at_least("sign_ins.at", Some(&from.start()))
        .below("sign_ins.at", Some(&before.start()))
        .equals("sign_ins.outcome", "success")
        .and("sign_ins.user_id IS NOT NULL");
    let rows: Vec<(Option<PartnerId>, i64)> = sign_ins::table
        .filter(clause)
        .group_by(sign_ins::partner_id)
        .select((
            sign_ins::partner_id,
            sql::<BigInt>("COUNT(DISTINCT sign_ins.user_id || sign_ins.day_on)"),
        ))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(partner, days)| Some((partner?, days)))
        .collect())
}

#[derive(QueryableByName)]
struct Half {
    #[diesel(sql_type = Text)]
    partner_id: PartnerId,
    #[diesel(sql_type = Text)]
    side: ResponseSide,
    #[diesel(sql_type = BigInt)]
    answers: i64,
    #[diesel(sql_type = BigInt)]
    half: i64,
    #[diesel(sql_type = BigInt)]
    business_half: i64,
}

/// The smallest time that half of the answers do not exceed, on both engines.
const HALVES: &str = "ranked AS (SELECT partner_id, side, seconds, business_seconds, \
    ROW_NUMBER() OVER (PARTITION BY partner_id, side ORDER BY seconds) AS place, \
    ROW_NUMBER() OVER (PARTITION BY partner_id, side ORDER BY business_seconds) AS business_place, \
    COUNT(*) OVER (PARTITION BY partner_id, side) AS answers FROM answered) \
    SELECT partner_id, side, MAX(answers) AS answers, MIN(CASE WHEN place * 2 >= answers THEN seconds END) AS half, \
    MIN(CASE WHEN business_place * 2 >= answers THEN business_seconds END) AS business_half FROM ranked GROUP BY partner_id, side";

/// How long each side took to answer the other. The partners are those of a page, which the caller may see.
fn answers(
    tx: &mut Tx<'_>,
    partners: &[PartnerId],
    (from, before): (Date, Date),
) -> Result<BTreeMap<(PartnerId, ResponseSide), ResponseFigures>> {
    let those = match tx.engine() {
        Engine::Sqlite => "SELECT value FROM json_each($1)",
        Engine::Postgres => "SELECT jsonb_array_elements_text($1::jsonb)",
    };
    let sql = format!(
        "WITH answered AS (SELECT partner_id, side, seconds, business_seconds FROM response_times \
         WHERE partner_id IN ({those}) AND day_on >= $2 AND day_on < $3), {HALVES}"
    );
    let ids = serde_json::to_string(partners).map_err(Error::internal)?;
    let rows: Vec<Half> = sql_query(&sql)
        .bind::<Text, _>(&ids)
        .bind::<Text, _>(from)
        .bind::<Text, _>(before)
        .load(tx.conn())?;
    let figures = |row: Half| {
        let figures = ResponseFigures {
            answers: row.answers,
            p50_seconds: Some(row.half),
            p50_business_seconds: Some(row.business_half),
        };
        ((row.partner_id, row.side), figures)
    };
    Ok(rows.into_iter().map(figures).collect())
}
