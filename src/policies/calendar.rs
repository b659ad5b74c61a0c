//! Business time: Monday to Friday in UTC, without the program's holidays. Pure.

use crate::kernel::{Date, Time, time::DAY};

/// Days that are no business days, besides Saturdays and Sundays.
pub type Holidays = [Date];

/// Whether business is done on that day.
fn is_business_day(day: Date, holidays: &Holidays) -> bool {
    // 1970-01-01 was a Thursday.
    let weekday = (day.start().micros().div_euclid(DAY) + 3).rem_euclid(7);
    weekday < 5 && !holidays.contains(&day)
}

/// The moment so much business time after `start`: days that are none do not count. A start outside business time counts
/// from the next business day.
pub fn after(start: Time, micros: i64, holidays: &Holidays) -> Time {
    let (mut now, mut left) = (start, micros.max(0));
    // A year of holidays in a row ends the search; the rest counts as if every day were one of business.
    for _ in 0..100_000 {
        let day = now.date();
        let end = day.plus_days(1).start();
        if is_business_day(day, holidays) {
            let today = end.since(now);
            if left < today || (left == 0 && today > 0) {
                return Time::from_micros(now.micros() + left);
            }
            left -= today;
        }
        now = end;
    }
    Time::from_micros(now.micros().saturating_add(left))
}

/// So many business days after `start`: the same time of day.
pub fn days_after(start: Time, days: i64, holidays: &Holidays) -> Time {
    after(start, days.saturating_mul(DAY), holidays)
}

/// The business time from one moment to a later one, in microseconds; 0 if it is not later.
pub fn between(from: Time, to: Time, holidays: &Holidays) -> i64 {
    let (mut now, mut sum) = (from, 0);
    for _ in 0..100_000 {
        if now >= to {
            break;
        }
        let day = now.date();
        let end = day.plus_days(1).start().min(to);
        if is_business_day(day, holidays) {
            sum += end.since(now);
        }
        now = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_weekend_does_not_count() {
        // 2026-11-20 is a Friday.
        assert_eq!(
            days_after(at("2026-11-20T15:00:00Z"), 2, &[]),
            at("2026-11-24T15:00:00Z")
        );
        assert_eq!(
            days_after(at("2026-11-21T09:00:00Z"), 2, &[]),
            at("2026-11-25T00:00:00Z")
        );
        assert_eq!(
            between(at("2026-11-20T12:00:00Z"), at("2026-11-23T12:00:00Z"), &[]),
            DAY
        );
    }

    #[test]
    fn a_holiday_does_not_count() {
        let holidays = ["2026-12-25".parse().unwrap()];
        assert_eq!(
            days_after(at("2026-12-24T10:00:00Z"), 1, &holidays),
            at("2026-12-28T10:00:00Z")
        );
    }

    proptest! {
        #[test]
        fn what_is_added_is_what_lies_between(start in 0_i64..4_000_000_000, seconds in 0_i64..5_000_000) {
            let start = Time::from_micros(start * 1_000_000);
            let micros = seconds * 1_000_000;
            prop_assert_eq!(between(start, after(start, micros, &[]), &[]), micros);
        }
    }
}
