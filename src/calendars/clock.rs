//! Business time: the hours that a calendar is open, and how moments are counted in them. Pure.
//!
//! Local hours become moments by the clock of the place, [`LocalClock`]. So a working day keeps its local hours through the
//! year, whatever their length in UTC.

use std::collections::{BTreeMap, BTreeSet};

use super::holidays::Holidays;
use crate::kernel::{Date, LocalClock, Time, TimeZone};

/// So many days without an open hour end a search: the rest counts as if every moment were open.
const HORIZON: i64 = 100_000;

/// An open span of a local day, in minutes from its midnight.
pub type Span = (i64, i64);

/// What the hours of business are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingTime {
    /// The clock of the place.
    clock: LocalClock,
    /// Monday first, each day's spans in order.
    week: [Vec<Span>; 7],
    holidays: Vec<&'static Holidays>,
    /// Days that are closed beside the holidays.
    closed: BTreeMap<Date, String>,
    /// Holidays that are worked.
    worked: BTreeSet<Date>,
}

impl WorkingTime {
    /// The hours of a week in a zone, without the holidays and with the exceptions.
    pub fn new(
        zone: TimeZone,
        week: [Vec<Span>; 7],
        holidays: Vec<&'static Holidays>,
        closed: BTreeMap<Date, String>,
        worked: BTreeSet<Date>,
    ) -> Self {
        Self {
            clock: LocalClock::of(Some(zone.as_str())),
            week,
            holidays,
            closed,
            worked,
        }
    }

    /// Monday to Friday, whole days of UTC, without these days: what counts where no calendar is set.
    pub fn plain(closed: &[Date]) -> Self {
        let whole = || vec![(0, 24 * 60)];
        Self {
            clock: LocalClock::utc(),
            week: [whole(), whole(), whole(), whole(), whole(), Vec::new(), Vec::new()],
            holidays: Vec::new(),
            closed: closed.iter().map(|day| (*day, "Holiday".to_owned())).collect(),
            worked: BTreeSet::new(),
        }
    }

    /// The name of the holiday on that date, whether it falls on a working day or not; none if it is worked.
    pub fn holiday(&self, date: Date) -> Option<&str> {
        if let Some(name) = self.closed.get(&date) {
            return Some(name);
        }
        if self.worked.contains(&date) {
            return None;
        }
        self.holidays.iter().find_map(|days| days.get(&date)).copied()
    }

    /// The open spans of a local date, as moments, in order.
    pub fn spans(&self, date: Date) -> Vec<(Time, Time)> {
        if self.holiday(date).is_some() {
            return Vec::new();
        }
        let hours = self.week.get(date.weekday()).into_iter().flatten();
        let moments = hours.map(|(from, to)| (self.clock.moment(date, *from), self.clock.moment(date, *to)));
        moments.filter(|(from, to)| from < to).collect()
    }

    /// The local date at that moment.
    pub fn date(&self, at: Time) -> Date {
        self.clock.date(at)
    }

    /// The moment so much business time after `start`. A start outside of the open hours counts from the next opening, and
    /// so does a time that is used up exactly when the day closes.
    pub fn after(&self, start: Time, micros: i64) -> Time {
        let mut left = micros.max(0);
        let mut date = self.date(start).plus_days(-1);
        for _ in 0..HORIZON {
            for (from, to) in self.spans(date) {
                let begin = from.max(start);
                let length = to.since(begin);
                if length > 0 && left < length {
                    return Time::from_micros(begin.micros() + left);
                }
                left -= length.max(0);
            }
            date = date.plus_days(1);
        }
        Time::from_micros(start.micros().saturating_add(micros.max(0)))
    }

    /// The same local time so many open days after `start`, but not before that day opens nor after it closes. A start
    /// outside of the open hours counts as the next opening.
    pub fn days_after(&self, start: Time, days: i64) -> Time {
        let begin = self.after(start, 0);
        let around = self.date(begin).plus_days(-1);
        let holds = |date: &Date| self.spans(*date).iter().any(|(from, to)| *from <= begin && begin < *to);
        let Some(first) = (0..3).map(|step| around.plus_days(step)).find(holds) else {
            return start.plus_days(days.max(0));
        };
        if days <= 0 {
            return begin;
        }
        let time_of_day = self.clock.furthest(begin).since(first.start());
        let mut open = (1..HORIZON).map(|step| first.plus_days(step)).filter_map(|date| {
            let spans = self.spans(date);
            Some((date, spans.first()?.0, spans.last()?.1))
        });
        let step = usize::try_from(days - 1).unwrap_or(usize::MAX);
        match open.nth(step) {
            Some((date, opens, closes)) => {
                let shown = Time::from_micros(date.start().micros() + time_of_day);
                self.clock.first(shown).clamp(opens, closes)
            }
            None => start.plus_days(days),
        }
    }

    /// The business time from one moment to a later one, in microseconds; 0 if it is not later.
    pub fn between(&self, from: Time, to: Time) -> i64 {
        let mut sum = 0;
        let mut date = self.date(from).plus_days(-1);
        let last = self.date(to).plus_days(1);
        for _ in 0..HORIZON {
            if date > last {
                break;
            }
            let open = self.spans(date).into_iter();
            sum += open
                .map(|(begin, end)| end.min(to).since(begin.max(from)).max(0))
                .sum::<i64>();
            date = date.plus_days(1);
        }
        sum
    }

    /// The moment to which another one moves because a clock stood: what was left until it when the clock was stopped is left of
    /// it when the clock goes on. What had passed by then stays.
    pub fn moved_on(&self, moment: Time, stopped_at: Time, on_at: Time) -> Time {
        if moment <= stopped_at {
            moment
        } else {
            self.after(on_at, self.between(stopped_at, moment))
        }
    }

    /// The moment after which less than a quarter of the business time between the two is left.
    pub fn at_risk(&self, start: Time, due: Time) -> Time {
        let whole = self.between(start, due);
        self.after(start, whole - whole / 4).min(due)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        calendars::holidays,
        kernel::time::{DAY, MINUTE, SECOND},
    };

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn hours(zone: &str, spans: &[Span], regions: &[&str]) -> WorkingTime {
        let day = || spans.to_vec();
        let week = [day(), day(), day(), day(), day(), Vec::new(), Vec::new()];
        let holidays = regions.iter().map(|code| holidays::of(code).unwrap()).collect();
        WorkingTime::new(zone.parse().unwrap(), week, holidays, BTreeMap::new(), BTreeSet::new())
    }

    fn munich() -> WorkingTime {
        hours("Europe/Berlin", &[(9 * 60, 17 * 60)], &["DE-BY"])
    }

    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn a_weekend_does_not_count() {
        // 2026-11-20 is a Friday.
        let plain = WorkingTime::plain(&[]);
        assert_eq!(
            plain.days_after(at("2026-11-20T15:00:00Z"), 2),
            at("2026-11-24T15:00:00Z")
        );
        assert_eq!(
            plain.days_after(at("2026-11-21T09:00:00Z"), 2),
            at("2026-11-25T00:00:00Z")
        );
        assert_eq!(
            plain.between(at("2026-11-20T12:00:00Z"), at("2026-11-23T12:00:00Z")),
            DAY
        );
    }

    #[test]
    fn a_holiday_does_not_count() {
        let plain = WorkingTime::plain(&["2026-12-25".parse().unwrap()]);
        assert_eq!(
            plain.days_after(at("2026-12-24T10:00:00Z"), 1),
            at("2026-12-28T10:00:00Z")
        );
    }

    #[test]
    fn a_business_day_ends_at_the_same_local_time_whatever_the_clocks_did() {
        // Friday evening; All Saints' Day is a Monday; the clocks are set back on the Sunday before it.
        let evening = at("2027-10-29T16:30:00Z");
        assert_eq!(munich().days_after(evening, 2), at("2027-11-04T08:00:00Z"));
        assert_eq!(
            munich().days_after(at("2027-10-29T09:15:00Z"), 1),
            at("2027-11-02T10:15:00Z")
        );
        assert_eq!(
            munich().after(at("2027-10-29T14:00:00Z"), 2 * HOUR),
            at("2027-11-02T09:00:00Z")
        );
        // Forward again, on 2027-03-28; the Monday after it is Easter Monday, the Friday before Good Friday.
        assert_eq!(
            munich().days_after(at("2027-03-25T09:00:00Z"), 1),
            at("2027-03-30T08:00:00Z")
        );
    }

    #[test]
    fn a_leap_day_is_a_day() {
        let plain = WorkingTime::plain(&[]);
        // 2028-02-28 is a Monday.
        assert_eq!(
            plain.days_after(at("2028-02-28T10:00:00Z"), 1),
            at("2028-02-29T10:00:00Z")
        );
        assert_eq!(
            plain.days_after(at("2028-02-28T10:00:00Z"), 2),
            at("2028-03-01T10:00:00Z")
        );
    }

    #[test]
    fn a_shorter_day_ends_when_it_closes() {
        let mut short = munich();
        short.week[4] = vec![(9 * 60, 12 * 60)];
        // Thursday at 15:00 local, and Friday closes at noon.
        assert_eq!(
            short.days_after(at("2026-11-19T14:00:00Z"), 1),
            at("2026-11-20T11:00:00Z")
        );
    }

    #[test]
    fn an_hour_that_is_skipped_is_not_worked_and_one_that_comes_twice_is_worked_once() {
        let mut night = hours("Europe/Berlin", &[(60, 4 * 60)], &[]);
        night.week[6] = vec![(60, 4 * 60)];
        let open = |calendar: &WorkingTime, date: &str| {
            let spans = calendar.spans(date.parse().unwrap());
            spans.iter().map(|(from, to)| to.since(*from)).sum::<i64>()
        };
        assert_eq!(open(&night, "2027-03-28"), 2 * HOUR, "02:00 is 03:00");
        assert_eq!(
            open(&night, "2027-10-31"),
            4 * HOUR,
            "the hour from 02:00 is there twice, and all of it passes"
        );
        night.week[6] = vec![(2 * 60, 2 * 60 + 30)];
        assert_eq!(open(&night, "2027-03-28"), 0);
        assert_eq!(open(&night, "2027-10-31"), HOUR / 2);
    }

    #[test]
    fn exceptions_go_before_holidays() {
        let saints = "2027-11-01".parse().unwrap();
        let mut calendar = munich();
        assert_eq!(calendar.holiday(saints), Some("All Saints' Day"));
        calendar.worked.insert(saints);
        assert_eq!((calendar.holiday(saints), calendar.spans(saints).len()), (None, 1));
        calendar.closed.insert(saints, "Inventory".to_owned());
        assert_eq!(calendar.holiday(saints), Some("Inventory"));
    }

    #[test]
    fn without_an_open_hour_every_moment_counts() {
        let never = WorkingTime::new(
            "Europe/Berlin".parse().unwrap(),
            Default::default(),
            Vec::new(),
            BTreeMap::new(),
            BTreeSet::new(),
        );
        let start = at("2026-11-20T12:00:00Z");
        assert_eq!(never.after(start, HOUR), Time::from_micros(start.micros() + HOUR));
        assert_eq!(never.days_after(start, 2), start.plus_days(2));
    }

    /// What counted before there were calendars.
    fn formerly(start: Time, micros: i64, closed: &[Date]) -> Time {
        let (mut now, mut left) = (start, micros);
        loop {
            let day = now.date();
            let end = day.plus_days(1).start();
            if day.weekday() < 5 && !closed.contains(&day) {
                let today = end.since(now);
                if left < today {
                    return Time::from_micros(now.micros() + left);
                }
                left -= today;
            }
            now = end;
        }
    }

    fn calendars() -> impl Strategy<Value = WorkingTime> {
        let zones = prop::sample::select(vec![
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "America/Havana",
            "Pacific/Apia",
        ]);
        let spans = prop::sample::select(vec![
            vec![(9 * 60, 17 * 60)],
            vec![(8 * 60, 12 * 60), (13 * 60, 17 * 60 + 30)],
            vec![(0, 24 * 60)],
            vec![(0, 2 * 60 + 30), (2 * 60 + 30, 3 * 60), (23 * 60, 24 * 60)],
        ]);
        let regions = prop::sample::select(vec![vec![], vec!["DE-BY"], vec!["US", "JP"]]);
        (zones, spans, regions, any::<bool>()).prop_map(|(zone, spans, regions, weekends)| {
            let mut calendar = hours(zone, &spans, &regions);
            if weekends {
                calendar.week[5].clone_from(&spans);
                calendar.week[6] = spans;
            }
            calendar
        })
    }

    /// Moments from 2024 to 2040, in seconds, often close to a change of the clocks.
    fn moments() -> impl Strategy<Value = Time> {
        let near = prop::sample::select(vec![
            "2026-03-29T01:00:00Z",
            "2026-10-25T01:00:00Z",
            "2026-11-01T06:00:00Z",
            "2028-02-29T00:00:00Z",
            "2026-04-04T15:00:00Z",
        ]);
        prop_oneof![
            (1_704_067_200_i64..2_200_000_000).prop_map(|second| Time::from_micros(second * SECOND)),
            (near, -200_000_i64..200_000).prop_map(|(near, seconds)| at(near).plus_seconds(seconds)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_is_added_is_what_lies_between(calendar in calendars(), start in moments(), seconds in 0_i64..2_000_000) {
            let micros = seconds * SECOND;
            prop_assert_eq!(calendar.between(start, calendar.after(start, micros)), micros);
        }

        #[test]
        fn who_begins_later_is_not_due_earlier(calendar in calendars(), start in moments(), later in 0_i64..400_000, days in 0_i64..12) {
            let second = start.plus_seconds(later);
            prop_assert!(calendar.days_after(start, days) <= calendar.days_after(second, days));
            prop_assert!(calendar.after(start, days * HOUR) <= calendar.after(second, days * HOUR));
        }

        #[test]
        fn more_days_are_due_later_and_spans_never_overlap(calendar in calendars(), start in moments(), days in 0_i64..12) {
            prop_assert!(start <= calendar.days_after(start, days));
            prop_assert!(calendar.days_after(start, days) < calendar.days_after(start, days + 1));
            let date = calendar.date(start);
            let mut spans = calendar.spans(date);
            spans.extend(calendar.spans(date.plus_days(1)));
            prop_assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        }

        #[test]
        fn time_between_adds_up(calendar in calendars(), start in moments(), one in 0_i64..900_000, two in 0_i64..900_000) {
            let (middle, end) = (start.plus_seconds(one), start.plus_seconds(one + two));
            prop_assert_eq!(calendar.between(start, end), calendar.between(start, middle) + calendar.between(middle, end));
            prop_assert_eq!(calendar.between(end, start), 0);
        }

        #[test]
        fn without_a_calendar_nothing_has_changed(start in moments(), days in 0_i64..30, seconds in 0_i64..2_000_000) {
            let closed: Vec<Date> = ["2026-12-25", "2027-01-01"].iter().map(|day| day.parse().unwrap()).collect();
            let plain = WorkingTime::plain(&closed);
            prop_assert_eq!(plain.days_after(start, days), formerly(start, days * DAY, &closed));
            prop_assert_eq!(plain.after(start, seconds * SECOND), formerly(start, seconds * SECOND, &closed));
        }

        #[test]
        fn a_quarter_of_the_time_is_left_when_it_is_at_risk(calendar in calendars(), start in moments(), days in 1_i64..8) {
            let due = calendar.days_after(start, days);
            let whole = calendar.between(start, due);
            prop_assert_eq!(calendar.between(calendar.at_risk(start, due), due), whole / 4);
        }
    }
}
