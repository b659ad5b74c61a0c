//! The figures of reports, from the tables of the records that they tell of.

use std::collections::BTreeMap;

use diesel::{
    dsl::sql,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    model::{PartnerWinRate, WinRateFilter, basis_points},
    review_times::{Asked, BusinessTimes, Counted, ReportPeriod},
};
use crate::{
    db::{Clause, Engine, Tx},
    deals::registrations::DealStage,
    error::Result,
    kernel::{
        Currency, Money,
        ids::PartnerId,
        page::{Page, Paging},
        time::SECOND,
    },
    partners,
    schema::deals,
};

type Group = (PartnerId, DealStage, Option<Currency>, i64, i64);

/// One page of win rates, by the partners' names.
///
/// # Errors
/// What the database reports.
pub fn win_rates(tx: &mut Tx<'_>, filter: &WinRateFilter, paging: &Paging) -> Result<Page<PartnerWinRate>> {
    let page = partners::page_by_name(tx, filter.partner_id.as_ref(), paging)?;
    let ids: Vec<PartnerId> = page.data.iter().map(|row| row.id).collect();
    let mut figures = closed(tx, filter, &ids)?;
    Ok(page.map(|row| {
        let groups = figures.remove(&row.id).unwrap_or_default();
        let count = |stage| {
            groups
                .iter()
                .filter(|(_, of, ..)| *of == stage)
                .map(|(_, _, _, count, _)| count)
                .sum()
        };
        let (won, lost) = (count(DealStage::WON), count(DealStage::CLOSED_LOST));
        let won_value = groups
            .iter()
            .filter(|(_, stage, ..)| *stage == DealStage::WON)
            .filter_map(|(_, _, currency, _, minor)| Some(Money::new(*minor, (*currency)?)))
            .collect();
        PartnerWinRate {
            partner_id: row.id,
            partner_name: row.legal_name,
            won,
            lost,
            win_rate_basis_points: basis_points(won, lost),
            won_value,
        }
    }))
}

/// The closed deals of those partners, counted and added up by outcome and currency.
fn closed(tx: &mut Tx<'_>, filter: &WinRateFilter, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, Vec<Group>>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause
        .one_of("deals.partner_id", partners)
        .one_of("deals.stage", &[DealStage::WON, DealStage::CLOSED_LOST])
        .at_least("deals.closed_at", filter.closed_since.as_ref())
        .below("deals.closed_at", filter.closed_before.as_ref())
        .equals_some("deals.legacy", filter.legacy.as_ref());
    let groups: Vec<Group> = deals::table
        .filter(clause)
        .group_by((deals::partner_id, deals::stage, deals::amount_currency))
        .order((deals::partner_id, deals::stage, deals::amount_currency))
        .select((
            deals::partner_id,
            deals::stage,
            deals::amount_currency,
            sql::<BigInt>("COUNT(*)"),
            // PostgreSQL adds up whole numbers as decimals.
            sql::<BigInt>("CAST(COALESCE(SUM(deals.amount_minor), 0) AS BIGINT)"),
        ))
        .load(tx.conn())?;
    let mut by_partner: BTreeMap<PartnerId, Vec<Group>> = BTreeMap::new();
    for group in groups {
        by_partner.entry(group.0).or_default().push(group);
    }
    Ok(by_partner)
}

#[derive(QueryableByName)]
struct Ranked {
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = BigInt)]
    decisions: i64,
    #[diesel(sql_type = BigInt)]
    in_time: i64,
    #[diesel(sql_type = BigInt)]
    worked_half: i64,
    #[diesel(sql_type = BigInt)]
    worked_most: i64,
    #[diesel(sql_type = BigInt)]
    elapsed_half: i64,
    #[diesel(sql_type = BigInt)]
    elapsed_most: i64,
}

/// The smallest value that so many percent of the values of a period do not exceed, on both engines.
const RANKED: &str = "ranked AS (SELECT period, worked, elapsed, met, \
    ROW_NUMBER() OVER (PARTITION BY period ORDER BY worked) AS worked_rank, \
    ROW_NUMBER() OVER (PARTITION BY period ORDER BY elapsed) AS elapsed_rank, \
    COUNT(*) OVER (PARTITION BY period) AS decisions FROM decided) \
    SELECT period, MAX(decisions) AS decisions, CAST(SUM(CASE WHEN met THEN 1 ELSE 0 END) AS BIGINT) AS in_time, \
    MIN(CASE WHEN worked_rank * 100 >= decisions * 50 THEN worked END) AS worked_half, \
    MIN(CASE WHEN worked_rank * 100 >= decisions * 90 THEN worked END) AS worked_most, \
    MIN(CASE WHEN elapsed_rank * 100 >= decisions * 50 THEN elapsed END) AS elapsed_half, \
    MIN(CASE WHEN elapsed_rank * 100 >= decisions * 90 THEN elapsed END) AS elapsed_most \
    FROM ranked GROUP BY period ORDER BY period";

/// Those of months, in UTC, with so many of them at least.
const ENOUGH: &str = "decided AS (SELECT period, worked, elapsed, met FROM (SELECT period, worked, elapsed, met, \
    COUNT(*) OVER (PARTITION BY month) AS in_month FROM found) AS counted WHERE in_month >= $5)";

const DECISIONS: &str = "FROM review_clocks WHERE decided_at >= $1 AND decided_at < $2 AND NOT automatic \
    AND ($3 IS NULL OR territory_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = $3)) \
    AND ($4 IS NULL OR deal_type = $4)";

/// The period of a decision, in UTC.
const fn period(engine: Engine, period: ReportPeriod) -> &'static str {
    match (engine, period) {
        (_, ReportPeriod::Whole) => "'whole'",
        (Engine::Sqlite, ReportPeriod::Month) => "strftime('%Y-%m', decided_at / 1000000, 'unixepoch')",
        (Engine::Sqlite, ReportPeriod::Year) => "strftime('%Y', decided_at / 1000000, 'unixepoch')",
        (Engine::Sqlite, ReportPeriod::Quarter) => {
            "strftime('%Y', decided_at / 1000000, 'unixepoch') || '-Q' || ((CAST(strftime('%m', decided_at / 1000000, 'unixepoch') AS INTEGER) + 2) / 3)"
        }
        (Engine::Postgres, ReportPeriod::Month) => {
            "to_char(to_timestamp(decided_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM')"
        }
        (Engine::Postgres, ReportPeriod::Year) => {
            "to_char(to_timestamp(decided_at / 1000000) AT TIME ZONE 'UTC', 'YYYY')"
        }
        (Engine::Postgres, ReportPeriod::Quarter) => {
            "to_char(to_timestamp(decided_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-\"Q\"Q')"
        }
    }
}

/// How long decisions took, by period. Over all partners: nobody's rows are told, only figures over all of them.
///
/// # Errors
/// What the database reports.
pub fn review_times(tx: &mut Tx<'_>, asked: &Asked) -> Result<Vec<Counted>> {
    let (by, month) = (
        period(tx.engine(), asked.period),
        period(tx.engine(), ReportPeriod::Month),
    );
    let sql = format!(
        "WITH found AS (SELECT {by} AS period, {month} AS month, worked_micros AS worked, elapsed_micros AS elapsed, met {DECISIONS}), \
         {ENOUGH}, {RANKED}"
    );
    let (territory, deal_type) = (
        asked.territory.map(|id| id.to_string()),
        asked.deal_type.map(|word| word.to_string()),
    );
    let rows: Vec<Ranked> = sql_query(&sql)
        .bind::<BigInt, _>(asked.since)
        .bind::<BigInt, _>(asked.before)
        .bind::<Nullable<Text>, _>(&territory)
        .bind::<Nullable<Text>, _>(&deal_type)
        .bind::<BigInt, _>(asked.fewest)
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|row| Counted {
            period: row.period,
            decisions: row.decisions,
            in_time: row.in_time,
            without_pauses: times(row.worked_half, row.worked_most),
            with_pauses: times(row.elapsed_half, row.elapsed_most),
        })
        .collect())
}

const fn times(half: i64, most: i64) -> BusinessTimes {
    BusinessTimes {
        p50_seconds: half / SECOND,
        p90_seconds: most / SECOND,
    }
}
