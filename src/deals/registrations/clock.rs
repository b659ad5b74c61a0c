//! The clock of a review: when it starts, stands, runs on and stops, and where the vendor's promise is by it. Pure.
//!
//! It counts in the business time of the deal's territory and keeps the due time that it began with; after a pause what
//! was left of it is left again. The state is read off the moments that are stored: `at_risk` is a clock with less than a
//! quarter of its business time left.

use std::sync::Arc;

use super::{
    model::{ReviewSla, SlaState},
    rows::{ClockRow, Registration},
    states::{DealType, ReviewStatus},
};
use crate::{
    calendars::{BusinessClock, WorkingTime},
    kernel::{Time, ids::DealId, time::SECOND},
};

/// The clock of a review, with the hours that it counts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewClock {
    /// What is stored of it.
    pub row: ClockRow,
    /// The hours.
    pub time: Arc<WorkingTime>,
}

/// Starts the clock of a registration's present round: so many business days from that moment.
pub fn start(registration: &mut Registration, round: i64, started_at: Time, days: i64, clock: &BusinessClock) {
    let due_at = clock.time.days_after(started_at, days);
    registration.deal.review_due_at = Some(due_at);
    registration.clock = Some(ReviewClock {
        row: ClockRow {
            territory_id: registration.deal.territory_id,
            deal_type: registration.deal.deal_type,
            calendar_id: clock.calendar.map(|(id, _)| id),
            calendar_revision: clock.calendar.map(|(_, revision)| revision),
            ..ClockRow::started(
                registration.deal.id,
                round,
                (started_at, clock.time.at_risk(started_at, due_at), due_at),
            )
        },
        time: clock.time.clone(),
    });
}

impl ClockRow {
    /// A clock that was started, by no calendar, at the first of the moments, and is at risk and due at the others.
    pub const fn started(deal_id: DealId, round: i64, (started_at, at_risk_at, due_at): (Time, Time, Time)) -> Self {
        Self {
            deal_id,
            round,
            territory_id: None,
            deal_type: DealType::NetNew,
            calendar_id: None,
            calendar_revision: None,
            started_at,
            at_risk_at,
            due_at,
            paused_at: None,
            paused_micros: 0,
            decided_at: None,
            automatic: false,
            elapsed_micros: None,
            worked_micros: None,
            met: None,
        }
    }
}

impl ReviewClock {
    /// The clock stands from that moment on.
    pub fn pause(&mut self, at: Time) {
        self.row.paused_at = self.row.paused_at.or(Some(at));
    }

    /// The clock runs again: what was left of it when it was stopped is left of it now.
    pub fn resume(&mut self, at: Time) {
        let Some(paused_at) = self.row.paused_at.take() else {
            return;
        };
        let move_on = |moment: Time| self.time.moved_on(moment, paused_at, at);
        (self.row.at_risk_at, self.row.due_at) = (move_on(self.row.at_risk_at), move_on(self.row.due_at));
        self.row.paused_micros += self.time.between(paused_at, at);
    }

    /// The clock stops at a decision, which is the last one of the round.
    pub fn decide(&mut self, at: Time, automatic: bool) {
        let until = self.row.paused_at.unwrap_or(at);
        if let Some(paused_at) = self.row.paused_at.take() {
            self.row.paused_micros += self.time.between(paused_at, at);
        }
        let elapsed = self.time.between(self.row.started_at, at);
        self.row.decided_at = Some(at);
        self.row.automatic = automatic;
        self.row.elapsed_micros = Some(elapsed);
        self.row.worked_micros = Some((elapsed - self.row.paused_micros).max(0));
        self.row.met = Some(until <= self.row.due_at);
    }

    /// Where the vendor's promise is at `now`, given where the review stands; nothing for a review that ended undecided.
    pub fn sla(&self, status: ReviewStatus, now: Time) -> Option<ReviewSla> {
        let row = &self.row;
        let state = match (row.met, row.paused_at) {
            (Some(true), _) => SlaState::Met,
            (Some(false), _) => SlaState::Missed,
            (None, _) if !status.is_open() => return None,
            (None, Some(_)) => SlaState::Paused,
            (None, None) if now > row.due_at => SlaState::Breached,
            (None, None) if now > row.at_risk_at => SlaState::AtRisk,
            (None, None) => SlaState::OnTime,
        };
        let left = || self.time.between(row.paused_at.unwrap_or(now), row.due_at) / SECOND;
        Some(ReviewSla {
            state,
            due_at: Some(row.due_at).filter(|_| state != SlaState::Paused),
            remaining_business_seconds: row.met.is_none().then(left),
            calendar_id: row.calendar_id,
            calendar_revision: row.calendar_revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    /// Two whole days from Monday on, whose last quarter begins at noon on Tuesday.
    fn running() -> ReviewClock {
        ReviewClock {
            row: ClockRow::started(
                DealId::example(1),
                1,
                (
                    at("2026-11-23T00:00:00Z"),
                    at("2026-11-24T12:00:00Z"),
                    at("2026-11-25T00:00:00Z"),
                ),
            ),
            time: crate::calendars::plain(),
        }
    }

    fn state(clock: &ReviewClock, now: &str) -> (SlaState, Option<i64>) {
        let sla = clock.sla(ReviewStatus::InReview, at(now)).unwrap();
        (sla.state, sla.remaining_business_seconds)
    }

    #[test]
    fn a_running_clock_is_on_time_then_at_risk_then_breached() {
        let clock = running();
        assert_eq!(
            state(&clock, "2026-11-24T12:00:00Z"),
            (SlaState::OnTime, Some(12 * 3600))
        );
        assert_eq!(
            state(&clock, "2026-11-24T12:00:01Z"),
            (SlaState::AtRisk, Some(12 * 3600 - 1))
        );
        assert_eq!(state(&clock, "2026-11-25T00:00:00Z"), (SlaState::AtRisk, Some(0)));
        assert_eq!(state(&clock, "2026-11-25T00:00:01Z"), (SlaState::Breached, Some(0)));
        assert!(clock.sla(ReviewStatus::Withdrawn, at("2026-11-24T00:00:00Z")).is_none());
    }

    #[test]
    fn a_pause_moves_what_is_left_and_counts_beside_the_work() {
        let mut clock = running();
        clock.pause(at("2026-11-23T06:00:00Z"));
        assert_eq!(
            state(&clock, "2026-12-30T00:00:00Z"),
            (SlaState::Paused, Some(42 * 3600))
        );
        // From Monday to Saturday: four days and three quarters, and the weekend does not count.
        clock.resume(at("2026-11-28T09:00:00Z"));
        assert_eq!(clock.row.due_at, at("2026-12-01T18:00:00Z"));
        assert_eq!(clock.row.at_risk_at, at("2026-12-01T06:00:00Z"));
        clock.decide(at("2026-12-01T00:00:00Z"), false);
        assert_eq!(clock.row.worked_micros, Some(30 * 3600 * SECOND));
        assert_eq!(clock.row.elapsed_micros, Some(6 * 24 * 3600 * SECOND));
        assert_eq!(state(&clock, "2027-01-01T00:00:00Z"), (SlaState::Met, None));
    }

    #[test]
    fn what_is_decided_while_the_clock_stands_is_judged_by_when_it_stopped() {
        let mut clock = running();
        clock.pause(at("2026-11-24T00:00:00Z"));
        clock.decide(at("2026-12-24T00:00:00Z"), false);
        assert_eq!(
            (clock.row.met, clock.row.worked_micros),
            (Some(true), Some(24 * 3600 * SECOND))
        );
        let mut late = running();
        late.decide(at("2026-11-25T00:00:01Z"), false);
        assert_eq!(late.row.met, Some(false));
    }
}
