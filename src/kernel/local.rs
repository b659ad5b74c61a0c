//! Local clocks: what a clock shows somewhere, by the time zone database.
//!
//! A local time that is skipped, when clocks are set forward, is the moment of the change; of one that comes twice, when they
//! are set back, the first counts.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    tz::{AmbiguousOffset, Offset, TimeZone as Zone, TimeZoneDatabase},
};

use super::{
    Date, Time,
    time::{DAY, MINUTE},
};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The clock of a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalClock {
    name: String,
    /// None for UTC.
    zone: Option<Zone>,
}

impl LocalClock {
    /// The clock of UTC.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: None,
        }
    }

    /// The clock of a zone of the IANA database; that of UTC for a name that is not in it. Every name of the contract is, as
    /// a test shows.
    pub fn of(name: Option<&str>) -> Self {
        let found = name
            .filter(|name| *name != "UTC")
            .and_then(|name| ZONES.get(name).ok().map(|zone| (name, zone)));
        found.map_or_else(Self::utc, |(name, zone)| Self {
            name: name.to_owned(),
            zone: Some(zone),
        })
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the clock shows at that moment, as a moment of UTC that looks like it.
    pub fn shown(&self, at: Time) -> Time {
        let offset = self.zone.as_ref().zip(stamp(at.micros()));
        at.plus_seconds(offset.map_or(0, |(zone, at)| i64::from(zone.to_offset(at).seconds())))
    }

    /// The local date at that moment.
    pub fn date(&self, at: Time) -> Date {
        self.shown(at).date()
    }

    /// Minutes after local midnight at that moment.
    pub fn minute_of_day(&self, at: Time) -> i64 {
        self.shown(at).micros().rem_euclid(DAY) / MINUTE
    }

    /// The moment at which the clock shows that minute of that date.
    pub fn moment(&self, date: Date, minute: i64) -> Time {
        self.first(date.start().plus_seconds(minute * 60))
    }

    /// The moment at which the clock first shows that time or has passed it. The time is a moment of UTC that looks like it.
    pub fn first(&self, shown: Time) -> Time {
        let Some((zone, stamp)) = self.zone.as_ref().zip(stamp(shown.micros())) else {
            return shown;
        };
        let behind = |offset: Offset| shown.plus_seconds(-i64::from(offset.seconds()));
        match zone.to_ambiguous_timestamp(Zone::UTC.to_datetime(stamp)).offset() {
            AmbiguousOffset::Unambiguous { offset } => behind(offset),
            AmbiguousOffset::Fold { before, .. } => behind(before),
            AmbiguousOffset::Gap { before, .. } => {
                let same = behind(before);
                self.change_before(same).unwrap_or(same)
            }
        }
    }

    /// The furthest time that the clock has shown on its way to that moment: what it shows, but in an hour that comes for the
    /// second time the end of that hour.
    pub fn furthest(&self, at: Time) -> Time {
        let shown = self.shown(at);
        if self.first(shown) == at {
            return shown;
        }
        self.change_before(at).map_or(shown, |change| {
            let last = self.shown(Time::from_micros(change.micros() - 1));
            Time::from_micros(last.micros() + 1)
        })
    }

    /// The last time that the clock was set, at that moment or before.
    fn change_before(&self, at: Time) -> Option<Time> {
        let change = self.zone.as_ref()?.preceding(stamp(at.micros() + 1)?).next()?;
        Some(Time::from_micros(change.timestamp().as_microsecond()))
    }
}

fn stamp(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::zone::ZONES as NAMES;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn every_zone_of_the_contract_is_in_the_bundled_database() {
        for name in NAMES {
            assert!(ZONES.get(name).is_ok(), "{name}");
        }
        assert_eq!(LocalClock::of(Some("Nowhere/At_All")), LocalClock::utc());
    }

    #[test]
    fn a_time_that_is_skipped_is_the_change_and_of_one_that_comes_twice_the_first_counts() {
        let berlin = LocalClock::of(Some("Europe/Berlin"));
        let spring: Date = "2027-03-28".parse().unwrap();
        assert_eq!(berlin.moment(spring, 150), at("2027-03-28T01:00:00Z"));
        assert_eq!(berlin.moment(spring, 180), at("2027-03-28T01:00:00Z"));
        let autumn: Date = "2027-10-31".parse().unwrap();
        assert_eq!(berlin.moment(autumn, 150), at("2027-10-31T00:30:00Z"));
        assert_eq!(
            berlin.minute_of_day(at("2027-10-31T01:30:00Z")),
            150,
            "for the second time"
        );
        assert_eq!(berlin.furthest(at("2027-10-31T01:30:00Z")), at("2027-10-31T03:00:00Z"));
        assert_eq!(berlin.date(at("2027-10-31T23:30:00Z")), "2027-11-01".parse().unwrap());
    }
}
