//! Business calendars: when the vendor is at work, place by place, and the clocks that are counted by it.
//!
//! A calendar has a time zone, the hours of a week, the public holidays of regions, and exceptions: days that are closed
//! beside them, and holidays that are worked. A territory may name one; without its own, that of the nearest territory
//! around it holds, then the program's default. Without any, Monday to Friday count, whole days of UTC, but not the days
//! that the program's settings name as holidays.
//!
//! Every time that is owed in business days is counted so: the review of a registration, the partner's answer to questions,
//! conflict cases. A business day later is the same local time on the next open day, whatever the clocks did meanwhile.
//! A clock that was started keeps its due time when the calendar changes; only what is left after a pause, and the time that
//! is told as remaining, are counted by the calendar as it is then. Less than a quarter of the business time left is
//! *at risk*.

pub mod clock;
mod handlers;
pub mod holidays;
mod model;
mod queries;
mod rules;

use std::sync::{Arc, LazyLock};

pub use clock::WorkingTime;
pub use model::{Calendar, CalendarStatus, NewCalendar};
pub use queries::{check_usable, of_territory, working_times};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{kernel::ids::CalendarId, words};

words! {
    /// By which clock a time runs.
    pub ClockBasis {
        /// Round the clock, every day.
        RoundTheClock = "round_the_clock",
        /// In the business time of the territory's calendar, or else of the program's; without any Monday to Friday, whole days
        /// of UTC.
        BusinessTime = "business_time",
    }
}

/// The hours that a clock is counted in, and the calendar that they are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessClock {
    /// The calendar and its revision; none where no calendar is set.
    pub calendar: Option<(CalendarId, i64)>,
    /// Its hours.
    pub time: Arc<WorkingTime>,
}

/// Monday to Friday, whole days of UTC: for clocks that stand for good.
pub fn plain() -> Arc<WorkingTime> {
    static PLAIN: LazyLock<Arc<WorkingTime>> = LazyLock::new(|| Arc::new(WorkingTime::plain(&[])));
    PLAIN.clone()
}

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/calendars")
            .service(handlers::list_calendars)
            .service(handlers::create_calendar)
            .service(handlers::get_calendar)
            .service(handlers::update_calendar)
            .service(handlers::delete_calendar)
            .service(handlers::get_calendar_days)
            .service(handlers::get_calendar_due_time),
    );
}
