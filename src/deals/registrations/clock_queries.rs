//! The only file that knows the table of review clocks, beside the conditions of lists and the reports.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    clock::{self, ReviewClock},
    rows::{ClockRow, Registration},
};
use crate::{
    calendars::{self, BusinessClock},
    db::{Tx, among},
    error::Result,
    kernel::ids::{DealId, TerritoryId},
    policies::{self, RegistrationPolicy},
    schema::review_clocks::{self, table},
};

/// The clock of a territory under the program's rules.
///
/// # Errors
/// What the database reports.
pub fn of_territory(
    tx: &mut Tx<'_>,
    territory: Option<TerritoryId>,
    policy: &RegistrationPolicy,
) -> Result<BusinessClock> {
    calendars::of_territory(tx, territory, &policy.holidays)
}

/// Starts the clock of a registration that begins a round of review.
///
/// # Errors
/// What the database reports.
pub fn start(
    tx: &mut Tx<'_>,
    registration: &mut Registration,
    round: i64,
    started_at: crate::kernel::Time,
    policy: &RegistrationPolicy,
) -> Result<()> {
    let business = of_territory(tx, registration.deal.territory_id, policy)?;
    clock::start(registration, round, started_at, policy.review_business_days, &business);
    Ok(())
}

/// The clocks of the last rounds of those registrations: one query, one for their calendars, and one for the program's
/// holidays if a running clock has no calendar.
///
/// # Errors
/// What the database reports.
pub fn last_clocks(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<BTreeMap<DealId, ReviewClock>> {
    let rows: Vec<ClockRow> = table
        .filter(review_clocks::deal_id.eq_any(among(deals)))
        .order((review_clocks::deal_id, review_clocks::round))
        .select(ClockRow::as_select())
        .load(tx.conn())?;
    let last: BTreeMap<DealId, ClockRow> = rows.into_iter().map(|row| (row.deal_id, row)).collect();
    let running = || last.values().filter(|row| row.decided_at.is_none());
    let mut named: Vec<_> = running().filter_map(|row| row.calendar_id).collect();
    named.sort_unstable();
    named.dedup();
    let without = running().any(|row| row.calendar_id.is_none());
    let times = calendars::working_times(tx, &named)?;
    let plain = if without {
        let now = tx.now;
        let holidays = policies::in_force(tx, now)?.registration.holidays;
        std::sync::Arc::new(calendars::WorkingTime::plain(&holidays))
    } else {
        calendars::plain()
    };
    Ok(last
        .into_iter()
        .map(|(deal, row)| {
            let time = row.calendar_id.and_then(|id| times.get(&id)).unwrap_or(&plain).clone();
            (deal, ReviewClock { row, time })
        })
        .collect())
}

/// Stores the clock of a round that begins, or what has become of it.
///
/// # Errors
/// What the database reports.
pub fn save_clock(tx: &mut Tx<'_>, before: Option<&ReviewClock>, after: Option<&ReviewClock>) -> Result<()> {
    let Some(after) = after.map(|clock| &clock.row) else {
        return Ok(());
    };
    let before = before
        .map(|clock| &clock.row)
        .filter(|before| before.round == after.round);
    if before == Some(after) {
        return Ok(());
    }
    if before.is_some() {
        diesel::update(table.find((after.deal_id, after.round)))
            .set(after)
            .execute(tx.conn())?;
    } else {
        diesel::insert_into(table).values(after).execute(tx.conn())?;
    }
    Ok(())
}

/// Adds the clock of a registration that is added in the same transaction.
///
/// # Errors
/// What the database reports.
pub fn add_clock(tx: &mut Tx<'_>, clock: &ReviewClock) -> Result<()> {
    tx.add(diesel::insert_into(table).values(&clock.row))
}
