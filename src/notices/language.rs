//! How moments and numbers of days are written for a reader. Pure.

use crate::kernel::{Language, LocalClock, Time, time::DAY};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// A value that a text can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it stands.
    Text(String),
    /// A moment, told by the reader's own clock.
    Moment(Time),
    /// So many days, one at least.
    Days(i64),
    /// A word in English and in German; English for others.
    Word(&'static str, &'static str),
}

impl Value {
    /// The value in the language of a locale, by a person's clock. Line breaks stay.
    pub fn told(&self, locale: &str, clock: &LocalClock) -> String {
        let language = Language::of_locale(locale);
        match self {
            Self::Text(text) => text.clone(),
            Self::Moment(at) => moment(*at, language, clock),
            Self::Days(days) => count(*days, language),
            Self::Word(english, german) => language.unwrap_or(Language::English).of([english, german]).to_owned(),
        }
    }
}

/// Full days until a deadline, begun ones counted, and one at least.
pub fn days_until(deadline: Time, now: Time) -> i64 {
    (deadline.since(now).saturating_add(DAY - 1) / DAY).max(1)
}

fn moment(at: Time, language: Option<Language>, clock: &LocalClock) -> String {
    let shown = clock.shown(at).to_string();
    let (date, rest) = shown.split_once('T').unwrap_or((&shown, ""));
    let time: String = rest.chars().take(5).collect();
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (
        parts.next().unwrap_or_default(),
        parts.next().and_then(|month| month.parse::<usize>().ok()).unwrap_or(0),
        parts.next().unwrap_or_default().trim_start_matches('0'),
    );
    let named = |names: [&'static str; 12]| names.get(month.wrapping_sub(1)).copied();
    match language {
        Some(Language::German) => named(GERMAN).map(|month| format!("{day}. {month} {year}, {time} Uhr")),
        Some(Language::English) => named(ENGLISH).map(|month| format!("{day} {month} {year}, {time}")),
        None => None,
    }
    .map_or_else(
        || format!("{date} {time} ({})", clock.name()),
        |text| format!("{text} ({})", clock.name()),
    )
}

fn count(days: i64, language: Option<Language>) -> String {
    match (language, days) {
        (Some(Language::German), 1) => "einem Tag".to_owned(),
        (Some(Language::German), days) => format!("{days} Tagen"),
        (_, 1) => "1 day".to_owned(),
        (_, days) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_reader_s_language_and_zone() {
        let (at, berlin) = (
            "2026-11-27T08:05:00Z".parse().unwrap(),
            LocalClock::of(Some("Europe/Berlin")),
        );
        let told = |locale: &str| Value::Moment(at).told(locale, &berlin);
        assert_eq!(told("de-CH"), "27. November 2026, 09:05 Uhr (Europe/Berlin)");
        assert_eq!(told("en"), "27 November 2026, 09:05 (Europe/Berlin)");
        assert_eq!(told("fr"), "2026-11-27 09:05 (Europe/Berlin)");
    }

    #[test]
    fn days_begun_are_counted() {
        let now = Time::from_micros(0);
        assert_eq!(
            [1, DAY, DAY + 1, 14 * DAY].map(|left| days_until(Time::from_micros(left), now)),
            [1, 1, 2, 14]
        );
        assert_eq!(Value::Days(1).told("de", &LocalClock::utc()), "einem Tag");
    }
}
