//! A person's own clock: when it is night for them, and when their next digest is due. Pure.
//!
//! A local time that is skipped, when clocks are set forward, is the moment of the same distance after the change; of one
//! that comes twice the first counts.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    tz::{TimeZone as Zone, TimeZoneDatabase},
};

use crate::kernel::{
    Date, Time,
    time::{DAY, SECOND},
};

/// One minute, in the unit of [`Time`].
const MINUTE: i64 = 60 * SECOND;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A person's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalClock {
    name: String,
    zone: Option<Zone>,
}

impl LocalClock {
    /// The clock of a zone of the IANA database; UTC for a name that is not in it.
    pub fn of(name: Option<&str>) -> Self {
        let found = name.and_then(|name| ZONES.get(name).ok().map(|zone| (name, zone)));
        match found {
            Some((name, zone)) => Self {
                name: name.to_owned(),
                zone: Some(zone),
            },
            None => Self {
                name: "UTC".to_owned(),
                zone: None,
            },
        }
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the clock shows at that moment, as a moment of UTC that looks like it.
    pub fn shown(&self, at: Time) -> Time {
        let offset = self.zone.as_ref().zip(Timestamp::from_microsecond(at.micros()).ok());
        let seconds = offset.map_or(0, |(zone, at)| i64::from(zone.to_offset(at).seconds()));
        at.plus_seconds(seconds)
    }

    /// The local date at that moment.
    pub fn date(&self, at: Time) -> Date {
        self.shown(at).date()
    }

    /// Minutes after local midnight at that moment.
    fn minute_of_day(&self, at: Time) -> i64 {
        self.shown(at).micros().rem_euclid(DAY) / MINUTE
    }

    /// The moment at which the clock shows that minute of that date.
    fn moment(&self, date: Date, minute: i64) -> Time {
        let local = date.start().plus_seconds(minute * 60);
        let Some((zone, shown)) = self.zone.as_ref().zip(Timestamp::from_microsecond(local.micros()).ok()) else {
            return local;
        };
        let civil = Zone::UTC.to_datetime(shown);
        zone.to_ambiguous_timestamp(civil)
            .compatible()
            .map_or(local, |at| Time::from_micros(at.as_microsecond()))
    }

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
        // 02:30 is skipped on that night.
        assert_eq!(berlin.next(at("2027-03-27T12:00:00Z"), 150), at("2027-03-28T01:30:00Z"));
        assert_eq!(
            LocalClock::of(Some("Nowhere/At_All")).next(at("2027-03-27T08:00:00Z"), 8 * 60),
            at("2027-03-28T08:00:00Z")
        );
    }
}
