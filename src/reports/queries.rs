//! The figures of reports, from the tables of the records that they tell of.

use std::collections::BTreeMap;

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::model::{PartnerWinRate, WinRateFilter, basis_points};
use crate::{
    db::{Clause, Tx},
    deals::registrations::DealStage,
    error::Result,
    kernel::{
        Currency, Money,
        ids::PartnerId,
        page::{Order, Page, Paging},
    },
    load_page, on_each,
    schema::{deals, partners},
};

const BY_NAME: Order = Order {
    column: "partners.name_key",
    id: "partners.id",
    descending: false,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = partners)]
struct Named {
    id: PartnerId,
    legal_name: String,
    name_key: String,
}

type Group = (PartnerId, DealStage, Option<Currency>, i64, i64);

/// One page of win rates, by the partners' names.
///
/// # Errors
/// What the database reports.
pub fn win_rates(tx: &mut Tx<'_>, filter: &WinRateFilter, paging: &Paging) -> Result<Page<PartnerWinRate>> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.one_of_some("partners.id", filter.partner_id.as_ref());
    let rows = load_page!(tx, partners::table => Named, clause, BY_NAME, paging)?;
    let page = Page::of(rows, paging, |row| (row.name_key.as_str().into(), row.id.to_string()));
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
        let (won, lost) = (count(DealStage::Won), count(DealStage::ClosedLost));
        let won_value = groups
            .iter()
            .filter(|(_, stage, ..)| *stage == DealStage::Won)
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
        .one_of("deals.stage", &[DealStage::Won, DealStage::ClosedLost])
        .at_least("deals.closed_at", filter.closed_since.as_ref())
        .below("deals.closed_at", filter.closed_before.as_ref())
        .equals_some("deals.legacy", filter.legacy.as_ref());
    let groups: Vec<Group> = on_each!(tx, |c| deals::table
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
        .load(c))?;
    let mut by_partner: BTreeMap<PartnerId, Vec<Group>> = BTreeMap::new();
    for group in groups {
        by_partner.entry(group.0).or_default().push(group);
    }
    Ok(by_partner)
}
