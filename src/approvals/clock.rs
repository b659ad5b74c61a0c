//! By which clock the hours of a step run until it is escalated: round the clock, or in business time. A step keeps the clock that
//! its chain began with.

use std::sync::Arc;

use super::rows::StepRow;
use crate::{
    calendars::{self, BusinessClock, ClockBasis, WorkingTime},
    db::Tx,
    error::Result,
    kernel::{
        Date, Time,
        ids::{CalendarId, TerritoryId},
        time::SECOND,
    },
    policies,
};

/// An hour in microseconds.
const HOUR: i64 = 3600 * SECOND;

/// The clock of a chain that begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepClock(Option<BusinessClock>);

impl StepClock {
    /// The clock of a record's territory.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of(tx: &mut Tx<'_>, basis: ClockBasis, territory: Option<TerritoryId>, closed: &[Date]) -> Result<Self> {
        Ok(Self(match basis {
            ClockBasis::RoundTheClock => None,
            ClockBasis::BusinessTime => Some(calendars::of_territory(tx, territory, closed)?),
        }))
    }

    /// What a step keeps of it.
    pub fn columns(&self) -> (Option<ClockBasis>, Option<CalendarId>) {
        let business = self.0.as_ref();
        (
            business.map(|_| ClockBasis::BusinessTime),
            business.and_then(|clock| clock.calendar).map(|(id, _)| id),
        )
    }

    /// The hours; none: round the clock.
    pub fn time(&self) -> Option<&WorkingTime> {
        self.0.as_ref().map(|clock| &*clock.time)
    }
}

/// The hours that a stored step waits in; none: round the clock.
///
/// # Errors
/// What the database reports.
pub fn of_step(tx: &mut Tx<'_>, step: &StepRow) -> Result<Option<Arc<WorkingTime>>> {
    if step.clock_basis != Some(ClockBasis::BusinessTime) {
        return Ok(None);
    }
    let ids: Vec<CalendarId> = step.calendar_id.into_iter().collect();
    if let Some(time) = calendars::working_times(tx, &ids)?.into_values().next() {
        return Ok(Some(time));
    }
    let now = tx.now;
    let closed = policies::in_force(tx, now)?.registration.holidays;
    Ok(Some(Arc::new(WorkingTime::plain(&closed))))
}

/// When a step that waits since then is escalated; none: never.
pub fn escalation_due(after_hours: i64, since: Time, time: Option<&WorkingTime>) -> Option<Time> {
    let wait = after_hours.saturating_mul(HOUR);
    (after_hours > 0).then(|| match time {
        Some(time) => time.after(since, wait),
        None => Time::from_micros(since.micros().saturating_add(wait)),
    })
}

/// The moment to which another one moves because the clock stood.
pub fn moved_on(moment: Time, (stopped_at, on_at): (Time, Time), time: Option<&WorkingTime>) -> Time {
    match time {
        Some(time) => time.moved_on(moment, stopped_at, on_at),
        None => Time::from_micros(moment.micros().saturating_add(on_at.since(stopped_at))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_escalation_is_due_its_hours_later_or_never(hours in 0_i64..8760, since in 0_i64..4_000_000_000_000_000) {
            let since = Time::from_micros(since);
            let due = escalation_due(hours, since, None);
            prop_assert_eq!(due.is_some(), hours > 0);
            prop_assert!(due.is_none_or(|due| due.since(since) == hours * HOUR));
        }
    }

    #[test]
    fn business_hours_leave_the_weekend_out_and_stand_while_the_clock_does() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        let time = WorkingTime::plain(&[]);
        let friday = at("2026-11-20T12:00:00Z");
        assert_eq!(
            escalation_due(24, friday, Some(&time)),
            Some(at("2026-11-23T12:00:00Z"))
        );
        assert_eq!(escalation_due(24, friday, None), Some(at("2026-11-21T12:00:00Z")));
        let stood = (at("2026-11-23T00:00:00Z"), at("2026-11-27T12:00:00Z"));
        assert_eq!(
            moved_on(at("2026-11-23T18:00:00Z"), stood, Some(&time)),
            at("2026-11-30T06:00:00Z")
        );
    }
}
