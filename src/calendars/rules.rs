//! What makes a calendar sound, and what it says of its days. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    clock::{Span, WorkingTime},
    holidays,
    model::{
        Calendar, CalendarDay, CalendarDays, CalendarException, CalendarPatch, CalendarPeriod, CalendarStatus,
        DueAnswer, DueQuestion, NewCalendar, OpenSpan, Weekday, WorkingHours,
    },
};
use crate::{
    error::{Error, Fault, Result},
    kernel::{
        Date, Stored, Time,
        ids::{CalendarId, Id as _},
        states::{FailingGuard, guard},
        time::{DAY, SECOND, minute_of_day},
        words::fold,
    },
};

/// The most days that are told at once.
const MOST_DAYS: i64 = 400;
/// The days that are told unless said otherwise, beside the first.
const USUAL_DAYS: i64 = 30;

impl Calendar {
    /// A new calendar.
    ///
    /// # Errors
    /// 409 `contradiction` naming every part that is not sound.
    pub fn new(new: NewCalendar, now: Time) -> Result<Self> {
        let calendar = Self {
            id: CalendarId::at(now),
            code: new.code,
            name_key: fold(&new.name),
            name: new.name,
            time_zone: new.time_zone,
            working_hours: Stored(new.working_hours),
            holiday_regions: Stored(new.holiday_regions),
            extra_days: Stored(new.extra_days),
            working_days: Stored(new.working_days),
            is_default: new.is_default,
            status: CalendarStatus::Active,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        calendar.sound()
    }

    /// The calendar with the changes made.
    ///
    /// # Errors
    /// 409 `contradiction` naming every part that is not sound.
    pub fn patched(self, patch: CalendarPatch, now: Time) -> Result<Self> {
        let name = patch.name.unwrap_or(self.name);
        let calendar = Self {
            name_key: fold(&name),
            name,
            time_zone: patch.time_zone.unwrap_or(self.time_zone),
            working_hours: patch.working_hours.map_or(self.working_hours, Stored),
            holiday_regions: patch.holiday_regions.map_or(self.holiday_regions, Stored),
            extra_days: patch.extra_days.map_or(self.extra_days, Stored),
            working_days: patch.working_days.map_or(self.working_days, Stored),
            is_default: patch.is_default.unwrap_or(self.is_default),
            status: patch.status.unwrap_or(self.status),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        };
        calendar.sound()
    }

    /// The calendar when another becomes the default.
    #[must_use]
    pub fn stepped_back(self, now: Time) -> Self {
        Self {
            is_default: false,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    fn sound(self) -> Result<Self> {
        let mut faults = week(&self.working_hours).err().unwrap_or_default();
        for (at, code) in self.holiday_regions.iter().enumerate() {
            if holidays::of(code).is_none() {
                faults.push(unknown_region(at, code));
            }
        }
        let closed: BTreeSet<Date> = self.extra_days.iter().map(|day| day.on).collect();
        for (field, days) in [("extra_days", &self.extra_days), ("working_days", &self.working_days)] {
            faults.extend(named_twice(field, days));
        }
        let both = self.working_days.iter().enumerate();
        faults.extend(both.filter(|(_, day)| closed.contains(&day.on)).map(|(at, day)| {
            let detail = format!("{} is an extra day too; it is either closed or worked.", day.on);
            fault(format!("#/working_days/{at}/on"), "contradiction", detail)
        }));
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(Error::contradiction(faults))
        }
    }

    /// Why the change may not be made, if the calendar is in use by so many territories.
    pub fn retirement(&self, territories: i64) -> Vec<FailingGuard> {
        if self.status == CalendarStatus::Active {
            return Vec::new();
        }
        let mut failing = Vec::new();
        if self.is_default {
            failing.push(guard(
                "not_default",
                "#/status",
                "It is the default of the program; make another the default first.",
            ));
        }
        if territories > 0 {
            let detail = format!("{territories} territories name it; give them another calendar first.");
            failing.push(guard("named_by_no_territory", "#/status", detail));
        }
        failing
    }

    /// Its clock.
    pub fn working_time(&self) -> WorkingTime {
        WorkingTime::new(
            self.time_zone,
            // What is stored is sound.
            week(&self.working_hours).unwrap_or_default(),
            self.holiday_regions
                .iter()
                .filter_map(|code| holidays::of(code))
                .collect(),
            self.extra_days
                .iter()
                .map(|day| (day.on, day.name.clone()))
                .collect::<BTreeMap<_, _>>(),
            self.working_days.iter().map(|day| day.on).collect(),
        )
    }

    /// Its days in a period.
    ///
    /// # Errors
    /// 409 `contradiction` for a period that ends before it begins, is too long, or goes beyond the year 9999.
    pub fn days(&self, period: &CalendarPeriod, now: Time) -> Result<CalendarDays> {
        let time = self.working_time();
        let from = period.from.unwrap_or_else(|| time.date(now));
        let to = period.to.unwrap_or_else(|| from.plus_days(USUAL_DAYS));
        let days = to.start().since(from.start()) / DAY + 1;
        if !(1..=MOST_DAYS).contains(&days) {
            let detail = format!("The last day is not before the first, and there are at most {MOST_DAYS} days.");
            return Err(Error::contradicts("query:to", "invalid_period", detail));
        }
        let data = (0..days).map(|step| from.plus_days(step)).map(|on| CalendarDay {
            on,
            weekday: weekday(on),
            open: time
                .spans(on)
                .into_iter()
                .map(|(from, to)| OpenSpan { from, to })
                .collect(),
            holiday: time.holiday(on).map(str::to_owned),
        });
        let data: Vec<CalendarDay> = data.collect();
        let ends = data.iter().flat_map(|day| &day.open).map(|span| span.to);
        tellable(ends.fold(to.start(), Time::max), "query:to")?;
        Ok(CalendarDays {
            calendar_id: self.id,
            calendar_revision: self.revision,
            holidays_known_until: Date::from_ymd(holidays::LAST_YEAR, 12, 31).unwrap_or(to),
            data,
        })
    }

    /// When a time that begins then is used up.
    ///
    /// # Errors
    /// 400 if that lies beyond the year 9999.
    pub fn due(&self, question: &DueQuestion) -> Result<DueAnswer> {
        let time = self.working_time();
        let from = question.from;
        let mut due_at = time.days_after(from, question.business_days.unwrap_or(0));
        if let Some(hours) = question.business_hours.filter(|hours| *hours > 0) {
            due_at = time.after(due_at, hours * 3600 * SECOND);
        }
        tellable(due_at, "query:from")?;
        Ok(DueAnswer {
            calendar_id: self.id,
            calendar_revision: self.revision,
            from,
            due_at,
            at_risk_at: time.at_risk(from, due_at),
            business_seconds: time.between(from, due_at) / SECOND,
        })
    }
}

fn fault(pointer: String, code: &'static str, detail: String) -> Fault {
    Fault {
        pointer,
        code: code.into(),
        detail,
    }
}

fn unknown_region(at: usize, code: &str) -> Fault {
    let country = code.split('-').next().unwrap_or(code);
    let parts = holidays::parts_of(country);
    let detail = if holidays::of(country).is_none() {
        format!("No public holidays are known of `{country}`; give them as extra days.")
    } else if parts.is_empty() {
        format!("`{country}` has the same public holidays everywhere; name `{country}`.")
    } else {
        format!("Known parts of `{country}` are: {}.", parts.join(", "))
    };
    fault(format!("#/holiday_regions/{at}"), "unknown_region", detail)
}

fn named_twice(field: &'static str, days: &[CalendarException]) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let twice = days.iter().enumerate().filter(|(_, day)| !seen.insert(day.on));
    twice
        .map(|(at, day)| {
            fault(
                format!("#/{field}/{at}/on"),
                "duplicate",
                format!("{} is named twice.", day.on),
            )
        })
        .collect()
}

/// The spans of each day in order, Monday first; or what is wrong with them.
fn week(hours: &[WorkingHours]) -> std::result::Result<[Vec<Span>; 7], Vec<Fault>> {
    let mut days: [Vec<(Span, usize)>; 7] = Default::default();
    let mut faults = Vec::new();
    for (at, span) in hours.iter().enumerate() {
        let (Some(from), Some(to)) = (minute_of_day(&span.from), minute_of_day(&span.to)) else {
            continue;
        };
        if from >= to {
            let detail = format!(
                "{} is not after {}; a span ends on the day that it begins.",
                span.to, span.from
            );
            faults.push(fault(format!("#/working_hours/{at}/to"), "not_after_from", detail));
        } else if let Some(day) = days.get_mut(position(span.weekday)) {
            day.push(((from, to), at));
        }
    }
    for day in &mut days {
        day.sort_unstable();
        faults.extend(day.windows(2).filter_map(|pair| match pair {
            [((_, end), _), ((begin, _), at)] if begin < end => Some(fault(
                format!("#/working_hours/{at}/from"),
                "overlap",
                "It begins before another span of the same day has ended.".to_owned(),
            )),
            _ => None,
        }));
    }
    if faults.is_empty() && days.iter().all(Vec::is_empty) {
        let detail = "There is no open hour in the week, so nothing would ever be due.";
        faults.push(fault("#/working_hours".to_owned(), "no_open_hours", detail.to_owned()));
    }
    if faults.is_empty() {
        Ok(days.map(|day| day.into_iter().map(|(span, _)| span).collect()))
    } else {
        Err(faults)
    }
}

fn position(day: Weekday) -> usize {
    Weekday::ALL.iter().position(|known| *known == day).unwrap_or_default()
}

fn weekday(on: Date) -> Weekday {
    Weekday::ALL.get(on.weekday()).copied().unwrap_or(Weekday::Monday)
}

/// Refuses what lies beyond the last moment that can be told.
///
/// # Errors
/// 409 `contradiction` naming the parameter.
fn tellable(at: Time, parameter: &'static str) -> Result<Time> {
    if at <= Time::LAST {
        return Ok(at);
    }
    Err(Error::contradicts(
        parameter,
        "out_of_range",
        "The answer would lie after the year 9999; ask for an earlier time.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(weekday: Weekday, from: &str, to: &str) -> WorkingHours {
        WorkingHours {
            weekday,
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    fn pointers(hours: &[WorkingHours]) -> Vec<String> {
        week(hours)
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect()
    }

    #[test]
    fn spans_of_a_day_are_put_in_order_and_may_touch() {
        use Weekday::{Monday, Tuesday};
        let hours = [
            span(Monday, "13:00", "17:00"),
            span(Tuesday, "00:00", "24:00"),
            span(Monday, "09:00", "13:00"),
        ];
        let days = week(&hours).unwrap();
        assert_eq!(days[0], [(540, 780), (780, 1020)]);
        assert_eq!(days[1], [(0, 1440)]);
    }

    #[test]
    fn what_is_wrong_is_named_where_it_is() {
        use Weekday::Monday;
        let hours = [
            span(Monday, "09:00", "17:00"),
            span(Monday, "16:59", "18:00"),
            span(Monday, "20:00", "20:00"),
        ];
        assert_eq!(pointers(&hours), ["#/working_hours/2/to", "#/working_hours/1/from"]);
        assert_eq!(pointers(&[]), ["#/working_hours"]);
    }

    #[test]
    fn a_date_has_its_weekday() {
        assert_eq!(weekday("2026-11-20".parse().unwrap()), Weekday::Friday);
    }
}
