//! The shapes of calendars.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{Date, Stored, Time, TimeZone, ids::CalendarId},
    ordered, resource,
    schema::calendars,
    words,
};

words! {
    /// A day of the week.
    pub Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }

    /// Whether a calendar may be used anew.
    pub CalendarStatus {
        /// It may.
        Active = "active",
        /// It is kept for the clocks that it counts.
        Retired = "retired",
    }

    /// The order of calendars.
    pub CalendarSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(CalendarStatus);

ordered!(CalendarSort of "calendars" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

/// Hours of a weekday in which business is done, in local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingHours {
    /// The day.
    pub weekday: Weekday,
    /// When business begins.
    #[schema(
        example = "09:00",
        min_length = 5,
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    pub from: String,
    /// When it ends; `24:00` is the end of the day.
    #[schema(
        example = "17:00",
        min_length = 5,
        max_length = 5,
        pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
    )]
    pub to: String,
}

/// A day that differs from what the week and the holidays say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarException {
    /// The day.
    pub on: Date,
    /// What it is.
    #[schema(example = "Stocktaking", min_length = 1, max_length = 120)]
    pub name: String,
}

/// A business calendar: when the vendor is at work in a place.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = calendars, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Its code, unique.
    #[schema(example = "DE-BY", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Bavaria", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// The time zone of its hours.
    pub time_zone: TimeZone,
    /// The hours of the week; several spans a day are allowed, such as around a lunch break.
    #[schema(value_type = Vec<WorkingHours>, min_items = 1, max_items = 70)]
    pub working_hours: Stored<Vec<WorkingHours>>,
    /// Whose public holidays are kept: countries by ISO 3166-1, their parts by ISO 3166-2.
    #[schema(value_type = Vec<String>, max_items = 10, example = json!(["DE-BY"]))]
    pub holiday_regions: Stored<Vec<String>>,
    /// Days that are closed beside the public holidays.
    #[schema(value_type = Vec<CalendarException>, max_items = 400)]
    pub extra_days: Stored<Vec<CalendarException>>,
    /// Public holidays that are worked all the same.
    #[schema(value_type = Vec<CalendarException>, max_items = 400)]
    pub working_days: Stored<Vec<CalendarException>>,
    /// Whether it is the calendar of every territory that has none, nor lies in one that has.
    pub is_default: bool,
    /// Whether it may be used anew.
    pub status: CalendarStatus,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Calendar, "calendar", "/v1/calendars");

/// A calendar to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalendar {
    /// Its code, unique.
    #[schema(example = "DE-BY", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Bavaria", min_length = 1, max_length = 200)]
    pub name: String,
    /// The time zone of its hours.
    pub time_zone: TimeZone,
    /// The hours of the week; spans of one day may not overlap.
    #[schema(min_items = 1, max_items = 70, example = json!([{"weekday": "monday", "from": "09:00", "to": "17:00"}]))]
    pub working_hours: Vec<WorkingHours>,
    /// Whose public holidays are kept: countries by ISO 3166-1, their parts by ISO 3166-2. The days are known from 2024 to
    /// 2040.
    #[serde(default)]
    #[schema(max_items = 10, pattern = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", example = json!(["DE-BY"]))]
    pub holiday_regions: Vec<String>,
    /// Days that are closed beside the public holidays.
    #[serde(default)]
    #[schema(max_items = 400, example = json!([{"on": "2026-12-24", "name": "Christmas Eve"}]))]
    pub extra_days: Vec<CalendarException>,
    /// Public holidays that are worked all the same.
    #[serde(default)]
    #[schema(max_items = 400, example = json!([]))]
    pub working_days: Vec<CalendarException>,
    /// Whether it shall be the default of the program, in place of the present one.
    #[serde(default)]
    #[schema(example = false)]
    pub is_default: bool,
}

/// Changes of a calendar. What is left out stays; lists are replaced as a whole. Clocks that run keep the due times that they
/// have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarPatch {
    /// A new name.
    #[schema(example = "Bavaria", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// Another time zone.
    #[schema(nullable = false)]
    pub time_zone: Option<TimeZone>,
    /// The hours of the week, all of them.
    #[schema(min_items = 1, max_items = 70, nullable = false, example = json!([{"weekday": "monday", "from": "09:00", "to": "17:00"}]))]
    pub working_hours: Option<Vec<WorkingHours>>,
    /// Whose public holidays are kept, all of them.
    #[schema(max_items = 10, pattern = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", nullable = false, example = json!(["DE-BY"]))]
    pub holiday_regions: Option<Vec<String>>,
    /// Days that are closed, all of them.
    #[schema(max_items = 400, nullable = false, example = json!([{"on": "2026-12-24", "name": "Christmas Eve"}]))]
    pub extra_days: Option<Vec<CalendarException>>,
    /// Public holidays that are worked, all of them.
    #[schema(max_items = 400, nullable = false, example = json!([]))]
    pub working_days: Option<Vec<CalendarException>>,
    /// Whether it is the default of the program; the present one steps back.
    #[schema(example = false, nullable = false)]
    pub is_default: Option<bool>,
    /// Whether it may be used anew. A calendar in use cannot be retired.
    #[schema(nullable = false)]
    pub status: Option<CalendarStatus>,
}

/// What a list of calendars is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarFilter {
    /// Only calendars in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<CalendarStatus>>,
    /// Only the calendars with these codes.
    #[param(style = Form, explode = false, nullable = false, example = json!(["DE-BY"]))]
    pub code: Option<Vec<String>>,
    /// Only the default, or only the others.
    #[param(nullable = false, example = true)]
    pub is_default: Option<bool>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<CalendarSort>,
}

/// Which days of a calendar are asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarPeriod {
    /// The first day; today, in the calendar's time zone, if left out.
    #[param(nullable = false, example = "2026-11-21")]
    pub from: Option<Date>,
    /// The last day, at most 400 days in all; thirty days after the first if left out.
    #[param(nullable = false, example = "2026-12-31")]
    pub to: Option<Date>,
}

/// A span of time in which business is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenSpan {
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub to: Time,
}

/// A day of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalendarDay {
    /// The local date.
    pub on: Date,
    /// The day of the week.
    pub weekday: Weekday,
    /// When business is done, in order; nothing on a closed day.
    #[schema(max_items = 70)]
    pub open: Vec<OpenSpan>,
    /// Why it is closed, if it is a holiday or an extra day; of a holiday in several regions the first one's name.
    #[schema(required = true, example = "All Saints' Day", max_length = 200)]
    pub holiday: Option<String>,
}

/// Days of a calendar, as they are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalendarDays {
    /// The calendar.
    pub calendar_id: CalendarId,
    /// Its revision that they are told from.
    #[schema(example = 1, minimum = 1)]
    pub calendar_revision: i64,
    /// The last day of which public holidays are known; later ones must be given as extra days.
    pub holidays_known_until: Date,
    /// The days, in order.
    #[schema(max_items = 400)]
    pub data: Vec<CalendarDay>,
}

/// What is asked of a calendar's clock.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DueQuestion {
    /// When the clock starts.
    pub from: Time,
    /// So many business days: the same local time so many open days later.
    #[param(minimum = 0, maximum = 365, example = 2, nullable = false)]
    pub business_days: Option<i64>,
    /// And then so many hours of business.
    #[param(minimum = 0, maximum = 4000, example = 4, nullable = false)]
    pub business_hours: Option<i64>,
}

/// What a calendar's clock answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DueAnswer {
    /// The calendar.
    pub calendar_id: CalendarId,
    /// Its revision that was counted by.
    #[schema(example = 1, minimum = 1)]
    pub calendar_revision: i64,
    /// When the clock starts.
    pub from: Time,
    /// When the time is used up.
    pub due_at: Time,
    /// After this moment less than a quarter of the business time is left.
    pub at_risk_at: Time,
    /// The business time between the two, in seconds.
    #[schema(example = 57600, minimum = 0)]
    pub business_seconds: i64,
}
