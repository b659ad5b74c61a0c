//! Moments and calendar dates.
//!
//! A moment is a count of microseconds since 1970 in UTC: the same on both engines, sortable, without a zone to forget.
//! On the wire it is RFC 3339 with six digits and `Z`, always the same width, so text comparison orders it too.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, Days, NaiveDate};
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::{BigInt, Text},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::db::Engine;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Time(i64);

/// One day, in the unit of [`Time`].
pub const DAY: i64 = 86_400_000_000;
/// One second, in the unit of [`Time`].
pub const SECOND: i64 = 1_000_000;
/// One minute, in the unit of [`Time`].
pub const MINUTE: i64 = 60 * SECOND;

/// Minutes after midnight, of `17:30`; none for what is no such text.
pub fn minute_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}

impl Time {
    /// The last moment that can be written down: the end of the year 9999.
    pub const LAST: Self = Self(253_402_300_799_999_999);

    /// The moment that many microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// This moment moved by so many seconds (negative: earlier).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// This moment moved by so many days of 24 hours (negative: earlier).
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// Microseconds from `earlier` to this moment.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar date in UTC.
    pub fn date(self) -> Date {
        Date(DateTime::from_timestamp_micros(self.0).unwrap_or_default().date_naive())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::from_timestamp_micros(self.0).ok_or(fmt::Error)?;
        let (date, micros) = (moment.date_naive(), self.0.rem_euclid(DAY));
        if !(0..=9999).contains(&date.year()) {
            return write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.6fZ"));
        }
        // A page of records has hundreds of moments, and to read the format anew for each took a tenth of its time.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let parts = [
            (0..4, i64::from(date.year())),
            (5..7, i64::from(date.month())),
            (8..10, i64::from(date.day())),
            (11..13, micros / (60 * MINUTE)),
            (14..16, micros / MINUTE % 60),
            (17..19, micros / SECOND % 60),
            (20..26, micros % SECOND),
        ];
        for (place, number) in parts {
            let mut rest = number;
            for digit in text.get_mut(place).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_other| fmt::Error)?)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = String;

    /// Any RFC 3339 text; digits beyond the microsecond are dropped. Years 0 to 9999 in UTC, as the contract's `date-time` says:
    /// what makes no sense so early or late is for rules to refuse, which know why.
    fn from_str(text: &str) -> Result<Self, String> {
        let moment = DateTime::parse_from_rfc3339(text)
            .map_err(|_malformed| "expected a time as in 2026-11-21T09:30:00Z".to_owned())?;
        if !(0..=9999).contains(&moment.to_utc().year()) {
            return Err("expected a year from 0000 to 9999 in UTC".to_owned());
        }
        Ok(Self(moment.timestamp_micros()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Time
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Time
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(i64::from_sql(bytes)?))
    }
}

/// A calendar date without a zone, `2026-11-21`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Date(NaiveDate);

impl Date {
    /// The date, or nothing if the calendar has none such.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// Midnight UTC at the start of this date.
    pub fn start(self) -> Time {
        Time(self.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
    }

    /// This date moved by so many days (negative: earlier); it stays at the calendar's edge.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let step = Days::new(days.unsigned_abs());
        let moved = if days < 0 {
            self.0.checked_sub_days(step)
        } else {
            self.0.checked_add_days(step)
        };
        Self(moved.unwrap_or(self.0))
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, from 1.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the week, from 0 for Monday.
    pub fn weekday(self) -> usize {
        usize::try_from(self.0.weekday().num_days_from_monday()).unwrap_or(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = String;

    /// `YYYY-MM-DD`, years 0 to 9999.
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || "expected a date as in 2026-11-21".to_owned();
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_malformed| fault())?;
        if text.len() == 10 && (0..=9999).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(fault())
        }
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl ToSql<Text, Engine> for Date {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Engine>) -> serialize::Result {
        out.set_value(self.to_string());
        Ok(serialize::IsNull::No)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Date
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(String::from_sql(bytes)?.parse()?)
    }
}

fn text_schema(
    format: utoipa::openapi::KnownFormat,
    description: &str,
    example: &str,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(format)))
        .description(Some(description))
        .examples([example])
        .into()
}

impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        text_schema(
            utoipa::openapi::KnownFormat::DateTime,
            "A moment in UTC, RFC 3339 with six digits after the second.",
            "2026-11-21T09:30:00.000000Z",
        )
    }
}

impl utoipa::ToSchema for Time {
    fn name() -> std::borrow::Cow<'static, str> {
        super::schemas::note::<Self>("Time")
    }
}

impl utoipa::PartialSchema for Date {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        text_schema(
            utoipa::openapi::KnownFormat::Date,
            "A calendar date, ISO 8601.",
            "2027-03-31",
        )
    }
}

impl utoipa::ToSchema for Date {
    fn name() -> std::borrow::Cow<'static, str> {
        super::schemas::note::<Self>("Date")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_always_written_with_six_digits_and_z() {
        let time: Time = "2026-11-21T10:30:00.5+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-21T09:30:00.500000Z");
        assert_eq!(time.to_string().parse(), Ok(time));
    }

    #[test]
    fn a_time_is_written_as_its_format_says() {
        for step in 0..5_000 {
            let micros = (step * 50_462_123_456_789) % Time::LAST.micros();
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let format = moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            assert_eq!(Time::from_micros(micros).to_string(), format);
        }
        assert_eq!(Time::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn every_year_of_four_digits_is_read_and_written() {
        let early: Time = "0094-01-29T15:09:26.1-00:25".parse().unwrap();
        assert_eq!(early.to_string(), "0094-01-29T15:34:26.100000Z");
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(
            "0094-01-29".parse::<Date>().map(|date| date.to_string()),
            Ok("0094-01-29".to_owned())
        );
        for beyond in ["0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"] {
            assert!(beyond.parse::<Time>().is_err(), "{beyond}");
        }
    }

    #[test]
    fn the_last_moment_is_that_of_the_year_9999() {
        assert_eq!(Time::LAST.to_string(), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_date_has_its_weekday() {
        let weekday = |text: &str| text.parse::<Date>().unwrap().weekday();
        assert_eq!(
            (weekday("2026-11-20"), weekday("2028-02-29"), weekday("1970-01-05")),
            (4, 1, 0)
        );
        assert_eq!(
            (minute_of_day("17:30"), minute_of_day("24:00"), minute_of_day("noon")),
            (Some(1050), Some(1440), None)
        );
    }

    #[test]
    fn a_date_that_the_calendar_lacks_is_refused() {
        assert!("2026-02-30".parse::<Date>().is_err());
        assert!("2026-2-3".parse::<Date>().is_err());
        assert_eq!(
            "2026-02-28".parse::<Date>().unwrap().plus_days(1).to_string(),
            "2026-03-01"
        );
    }
}
