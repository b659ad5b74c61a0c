//! Public holidays of countries and their parts, from a file that `scripts/write-holidays.py` makes of the Python package
//! `holidays` (MIT licence, <https://github.com/vacanza/holidays>), which is maintained and covers some 250 countries.
//! There is no Rust library of that coverage. Dates that follow the moon are estimates, as they are there.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use crate::kernel::Date;

const DATA: &str = include_str!("data/holidays.tsv");

/// The first year of the file.
pub const FIRST_YEAR: i32 = 2024;
/// The last year of the file.
pub const LAST_YEAR: i32 = 2040;

/// Holidays by their date.
pub type Holidays = BTreeMap<Date, &'static str>;

/// A country, or a part of one, with its lines of the file. They are read when somebody asks for them.
#[derive(Default)]
struct Region {
    lines: Vec<(&'static str, &'static str)>,
    days: OnceLock<Holidays>,
}

static REGIONS: LazyLock<BTreeMap<&'static str, Region>> = LazyLock::new(|| {
    let mut regions: BTreeMap<&str, Region> = BTreeMap::new();
    for line in DATA.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        if let (Some(code), Some(dates), Some(name)) = (fields.next(), fields.next(), fields.next()) {
            regions.entry(code).or_default().lines.push((dates, name));
        }
    }
    regions
});

/// The holidays of a region by its ISO 3166 code, `DE` or `DE-BY`; nothing if there is no such region.
pub fn of(code: &str) -> Option<&'static Holidays> {
    let region = REGIONS.get(code)?;
    Some(region.days.get_or_init(|| {
        let mut days = code
            .split_once('-')
            .and_then(|(country, _)| of(country))
            .cloned()
            .unwrap_or_default();
        for (dates, name) in &region.lines {
            for date in dates.split(' ').flat_map(dates_of) {
                if name.is_empty() {
                    days.remove(&date);
                } else {
                    days.entry(date).or_insert(name);
                }
            }
        }
        days
    }))
}

/// The codes of the parts of a country that have holidays of their own.
pub fn parts_of(country: &str) -> Vec<&'static str> {
    let inside = |code: &&str| code.split_once('-').is_some_and(|(of, _)| of == country);
    REGIONS.keys().copied().filter(inside).collect()
}

/// The dates that a text of the file means: `0106` in every year, `260403` in one.
fn dates_of(text: &'static str) -> Vec<Date> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let date = |year: i32, at: usize| Date::from_ymd(year, number(at, at + 2)?, number(at + 2, at + 4)?);
    match text.len() {
        4 => (FIRST_YEAR..=LAST_YEAR).filter_map(|year| date(year, 0)).collect(),
        6 => number(0, 2)
            .and_then(|year| date(2000 + i32::try_from(year).ok()?, 2))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(region: &str, date: &str) -> Option<&'static str> {
        of(region).unwrap().get(&date.parse().unwrap()).copied()
    }

    #[test]
    fn a_part_has_the_holidays_of_its_country_and_its_own() {
        assert_eq!(name("DE-BY", "2027-11-01"), Some("All Saints' Day"));
        assert_eq!(name("DE-BY", "2027-10-03"), Some("German Unity Day"));
        assert_eq!(name("DE", "2027-11-01"), None);
        assert_eq!(name("DE-BY", "2027-11-02"), None);
        assert_eq!(name("US", "2026-11-26"), Some("Thanksgiving Day"));
        assert!(parts_of("DE").contains(&"DE-BY"));
        assert!(of("XX").is_none() && of("DE-XX").is_none());
    }

    #[test]
    fn what_a_part_does_not_keep_is_taken_away() {
        assert_eq!(name("US", "2026-10-12"), Some("Columbus Day"));
        assert_eq!(name("US-CA", "2026-10-12"), None);
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        assert!(REGIONS.len() > 800);
        for (code, region) in REGIONS.iter() {
            assert!(of(code).is_some());
            for (dates, _) in &region.lines {
                for text in dates.split(' ').filter(|text| !text.is_empty()) {
                    assert!(!dates_of(text).is_empty(), "{code}: {text}");
                }
            }
        }
    }
}
