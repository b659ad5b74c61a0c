//! How long decisions on registrations take: the shapes of the report, and who sees what of it. Pure.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::basis_points;
use crate::{
    deals::registrations::DealType,
    kernel::{Date, Time, ids::TerritoryId},
    words,
};

/// Fewer decisions than this would tell partners of single ones.
const FEWEST: i64 = 5;
/// The time that is told of unless said otherwise, in days.
const USUAL: i64 = 366;

words! {
    /// What the figures of a report are put together by.
    pub ReportPeriod {
        /// Months, as in `2026-11`.
        Month = "month",
        /// Quarters, as in `2026-Q4`.
        Quarter = "quarter",
        /// Years, as in `2026`.
        Year = "year",
        /// All of it.
        Whole = "whole",
    }
}

/// What the review times are filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewTimeFilter {
    /// What they are put together by, in UTC; months if left out.
    #[param(nullable = false)]
    pub period: Option<ReportPeriod>,
    /// Only decisions at or after this moment; a year before the end if left out.
    #[param(nullable = false)]
    pub decided_since: Option<Time>,
    /// Only decisions before this moment; now if left out.
    #[param(nullable = false)]
    pub decided_before: Option<Time>,
    /// Only registrations in that territory or one within it.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only registrations of that kind of business.
    #[param(nullable = false)]
    pub deal_type: Option<DealType>,
}

/// The filter with everything that was left out.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What the figures are put together by.
    pub period: ReportPeriod,
    /// From when on.
    pub since: Time,
    /// Until when.
    pub before: Time,
    /// Months with fewer decisions that meet the rest count nowhere.
    pub fewest: i64,
    /// In which territory.
    pub territory: Option<TerritoryId>,
    /// Of which kind of business.
    pub deal_type: Option<DealType>,
}

impl ReviewTimeFilter {
    /// The filter with everything that was left out. A time that ends before it begins holds no decision.
    ///
    /// For partners the bounds go out to whole periods, and months with too few decisions count nowhere: else two reports
    /// whose bounds, or whose periods, differ by one decision would tell of that decision.
    pub fn asked(&self, now: Time, vendor: bool) -> Asked {
        let before = self.decided_before.unwrap_or(now);
        let since = self.decided_since.unwrap_or_else(|| before.plus_days(-USUAL));
        let period = self.period.unwrap_or(ReportPeriod::Month);
        let asked = Asked {
            period,
            since,
            before,
            fewest: 1,
            territory: self.territory_id,
            deal_type: self.deal_type,
        };
        if vendor || since >= before {
            return asked;
        }
        let end = period.start(before);
        Asked {
            since: period.start(since),
            before: if end == before { end } else { period.next(end) },
            fewest: FEWEST,
            ..asked
        }
    }
}

impl ReportPeriod {
    /// How many months it has; what is not divided goes by months.
    const fn months(self) -> u32 {
        match self {
            Self::Month | Self::Whole => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// The beginning of the period that a moment lies in, in UTC.
    fn start(self, at: Time) -> Time {
        let date = at.date();
        let month = (date.month() - 1) / self.months() * self.months() + 1;
        Date::from_ymd(date.year(), month, 1).map_or(at, Date::start)
    }

    /// The beginning of the period after the one that begins at that moment.
    fn next(self, start: Time) -> Time {
        // No month is longer than 31 days, nor shorter than 28.
        self.start(start.plus_days(31 * i64::from(self.months())))
    }
}

/// How long decisions took, period by period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewTimes {
    /// The periods with decisions, in order; for partners those with enough of them that none of them is told of.
    #[schema(max_items = 1200)]
    pub data: Vec<ReviewTime>,
}

/// How long half of the decisions took at most, and nine in ten of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct BusinessTimes {
    /// Half of them took no longer than this, in seconds of business time.
    #[schema(example = 21600, minimum = 0)]
    pub p50_seconds: i64,
    /// Nine in ten took no longer than this, in seconds of business time.
    #[schema(example = 50400, minimum = 0)]
    pub p90_seconds: i64,
}

/// How long the decisions of a period took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewTime {
    /// The period: `2026-11`, `2026-Q4`, `2026`, or `whole`.
    #[schema(
        example = "2026-11",
        max_length = 7,
        pattern = "^([0-9]{4}(-[0-9]{2}|-Q[1-4])?|whole)$"
    )]
    pub period: String,
    /// How many decisions people made; for partners of months with five of them at least.
    #[schema(example = 42, minimum = 1)]
    pub decisions: i64,
    /// Without the pauses in which the partner owed answers.
    pub without_pauses: BusinessTimes,
    /// With them.
    pub with_pauses: BusinessTimes,
    /// How many were decided in time, in hundredths of a percent, rounded half up; for the vendor alone.
    #[schema(required = true, example = 9500, minimum = 0, maximum = 10000)]
    pub decided_in_time_basis_points: Option<i64>,
}

/// The figures of a period, as they are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The period.
    pub period: String,
    /// How many decisions there were.
    pub decisions: i64,
    /// How many of them in time.
    pub in_time: i64,
    /// Without pauses.
    pub without_pauses: BusinessTimes,
    /// With pauses.
    pub with_pauses: BusinessTimes,
}

impl Counted {
    /// What the vendor, or a partner, sees of it.
    pub fn seen(self, vendor: bool) -> ReviewTime {
        ReviewTime {
            period: self.period,
            decisions: self.decisions,
            without_pauses: self.without_pauses,
            with_pauses: self.with_pauses,
            decided_in_time_basis_points: basis_points(self.in_time, self.decisions - self.in_time).filter(|_| vendor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_never_learn_how_often_it_was_late() {
        let times = BusinessTimes {
            p50_seconds: 60,
            p90_seconds: 90,
        };
        let counted = Counted {
            period: "2026-11".to_owned(),
            decisions: 4,
            in_time: 3,
            without_pauses: times,
            with_pauses: times,
        };
        assert_eq!(counted.clone().seen(false).decided_in_time_basis_points, None);
        assert_eq!(counted.seen(true).decided_in_time_basis_points, Some(7500));
    }

    #[test]
    fn partners_are_told_of_whole_periods() {
        let time = |text: &str| -> Time { text.parse().unwrap() };
        let now = time("2026-11-21T00:00:00Z");
        let bounds = |period, since: &str, before: &str| {
            let filter = ReviewTimeFilter {
                period: Some(period),
                decided_since: Some(time(since)),
                decided_before: Some(time(before)),
                ..ReviewTimeFilter::default()
            };
            let asked = filter.asked(now, false);
            assert_eq!(asked.fewest, FEWEST);
            (asked.since, asked.before)
        };
        for (period, since, before) in [
            (ReportPeriod::Month, "2026-02-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (ReportPeriod::Whole, "2026-02-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (ReportPeriod::Quarter, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (ReportPeriod::Year, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let expected = (time(since), time(before));
            assert_eq!(
                bounds(period, "2026-02-03T04:05:06Z", "2026-11-21T10:00:00Z"),
                expected,
                "{period}"
            );
            assert_eq!(bounds(period, since, before), expected, "{period}: what is whole stays");
        }
    }

    #[test]
    fn what_is_left_out_is_the_year_until_now() {
        let now: Time = "2026-11-21T00:00:00Z".parse().unwrap();
        let asked = ReviewTimeFilter::default().asked(now, true);
        assert_eq!((asked.since, asked.before), (now.plus_days(-366), now));
        assert_eq!(asked.period, ReportPeriod::Month);
    }
}
