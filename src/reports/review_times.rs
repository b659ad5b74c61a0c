//! How long decisions on registrations take: the shapes of the report, and who sees what of it. Pure.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::basis_points;
use crate::{
    deals::registrations::DealType,
    kernel::{Time, ids::TerritoryId},
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
    /// In which territory.
    pub territory: Option<TerritoryId>,
    /// Of which kind of business.
    pub deal_type: Option<DealType>,
}

impl ReviewTimeFilter {
    /// The filter with everything that was left out. A time that ends before it begins holds no decision.
    pub fn asked(&self, now: Time) -> Asked {
        let before = self.decided_before.unwrap_or(now);
        Asked {
            period: self.period.unwrap_or(ReportPeriod::Month),
            since: self.decided_since.unwrap_or_else(|| before.plus_days(-USUAL)),
            before,
            territory: self.territory_id,
            deal_type: self.deal_type,
        }
    }
}

/// How long decisions took, period by period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewTimes {
    /// The periods with decisions, in order.
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
    /// How many decisions people made; null for partners if there are fewer than five.
    #[schema(required = true, example = 42, minimum = 0)]
    pub decisions: Option<i64>,
    /// Without the pauses in which the partner owed answers; null for partners if there are fewer than five.
    #[schema(required = true)]
    pub without_pauses: Option<BusinessTimes>,
    /// With them; null for partners if there are fewer than five.
    #[schema(required = true)]
    pub with_pauses: Option<BusinessTimes>,
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
        let told = vendor || self.decisions >= FEWEST;
        ReviewTime {
            period: self.period,
            decisions: told.then_some(self.decisions),
            without_pauses: told.then_some(self.without_pauses),
            with_pauses: told.then_some(self.with_pauses),
            decided_in_time_basis_points: basis_points(self.in_time, self.decisions - self.in_time).filter(|_| vendor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_learn_nothing_of_a_few_and_never_how_often_it_was_late() {
        let times = BusinessTimes {
            p50_seconds: 60,
            p90_seconds: 90,
        };
        let counted = |decisions| Counted {
            period: "2026-11".to_owned(),
            decisions,
            in_time: 3,
            without_pauses: times,
            with_pauses: times,
        };
        let few = counted(4).seen(false);
        assert_eq!((few.decisions, few.without_pauses, few.with_pauses), (None, None, None));
        let enough = counted(5).seen(false);
        assert_eq!((enough.decisions, enough.with_pauses), (Some(5), Some(times)));
        assert_eq!(enough.decided_in_time_basis_points, None);
        assert_eq!(counted(4).seen(true).decided_in_time_basis_points, Some(7500));
    }

    #[test]
    fn what_is_left_out_is_the_year_until_now() {
        let now: Time = "2026-11-21T00:00:00Z".parse().unwrap();
        let asked = ReviewTimeFilter::default().asked(now);
        assert_eq!((asked.since, asked.before), (now.plus_days(-366), now));
        assert_eq!(asked.period, ReportPeriod::Month);
    }
}
