//! A person's own clock: when it is night for them, and when their next digest is due. Pure.

use crate::kernel::{LocalClock, Time};

impl LocalClock {
    /// The first moment after `at` at which the clock shows that minute of a day.
    pub fn next(&self, at: Time, minute: i64) -> Time {
        let today = self.date(at);
        let candidates = [0, 1, 2].map(|days| self.moment(today.plus_days(days), minute));
        candidates
            .into_iter()
            .find(|moment| *moment > at)
            .unwrap_or_else(|| at.plus_days(1))
    }

    /// The end of the quiet hours that `at` falls into, or `at` itself if it falls into none. They may go over midnight;
    /// from a minute to the same minute they are no hours at all.
    pub fn after_quiet(&self, at: Time, (from, until): (i64, i64)) -> Time {
        let minute = self.minute_of_day(at);
        let quiet = if from <= until {
            (from..until).contains(&minute)
        } else {
            minute >= from || minute < until
        };
        if quiet { self.next(at, until) } else { at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_over_midnight_ends_in_the_morning_of_the_person() {
        let berlin = LocalClock::of(Some("Europe/Berlin"));
        let night = (20 * 60, 7 * 60);
        // 21:30 in Berlin.
        assert_eq!(
            berlin.after_quiet(at("2026-11-21T20:30:00Z"), night),
            at("2026-11-22T06:00:00Z")
        );
        assert_eq!(
            berlin.after_quiet(at("2026-11-22T05:59:00Z"), night),
            at("2026-11-22T06:00:00Z")
        );
        for open in ["2026-11-22T06:00:00Z", "2026-11-21T18:59:00Z"] {
            assert_eq!(berlin.after_quiet(at(open), night), at(open));
        }
        assert_eq!(
            berlin.after_quiet(at("2026-11-22T03:00:00Z"), (60, 60)),
            at("2026-11-22T03:00:00Z")
        );
    }

    #[test]
    fn the_next_digest_keeps_its_local_hour_when_clocks_change() {
        let berlin = LocalClock::of(Some("Europe/Berlin"));
        assert_eq!(
            berlin.next(at("2027-03-27T12:00:00Z"), 8 * 60),
            at("2027-03-28T06:00:00Z")
        );
        assert_eq!(
            berlin.next(at("2027-03-26T12:00:00Z"), 8 * 60),
            at("2027-03-27T07:00:00Z")
        );
        // 02:30 is skipped on that night: the clock has passed it when it shows 03:00.
        assert_eq!(berlin.next(at("2027-03-27T12:00:00Z"), 150), at("2027-03-28T01:00:00Z"));
        assert_eq!(
            LocalClock::of(Some("Nowhere/At_All")).next(at("2027-03-27T08:00:00Z"), 8 * 60),
            at("2027-03-28T08:00:00Z")
        );
    }
}
