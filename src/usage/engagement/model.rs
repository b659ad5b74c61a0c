//! The shapes of the report on engagement.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::kernel::{Date, Time, ids::PartnerId};

/// The days that are told of unless said otherwise.
const USUAL: i64 = 30;

/// How much a partner takes part in the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerEngagement {
    /// The partner.
    pub partner_id: PartnerId,
    /// Its name.
    #[schema(example = "Nordwind Systemhaus GmbH", min_length = 1, max_length = 200)]
    pub partner_name: String,
    /// How many people may act for it now.
    #[schema(example = 8, minimum = 0)]
    pub people: i64,
    /// How many people looked at, searched or changed something in that time.
    #[schema(example = 6, minimum = 0)]
    pub active_people: i64,
    /// On how many days somebody did.
    #[schema(example = 17, minimum = 0)]
    pub active_days: i64,
    /// The last of these days; null if there is none.
    #[schema(required = true)]
    pub last_active_on: Option<Date>,
    /// Days on which people signed in, added up over the people.
    #[schema(example = 52, minimum = 0)]
    pub sign_in_days: i64,
    /// How often they looked at a record or a list.
    #[schema(example = 410, minimum = 0)]
    pub views: i64,
    /// How often they searched or filtered a list, whatever they found.
    #[schema(example = 96, minimum = 0)]
    pub searches: i64,
    /// How many of these searches found nothing.
    #[schema(example = 11, minimum = 0)]
    pub empty_searches: i64,
    /// How often they changed something.
    #[schema(example = 38, minimum = 0)]
    pub changes: i64,
    /// How long the vendor took to answer the partner.
    pub vendor_responses: ResponseFigures,
    /// How long the partner took to answer the vendor.
    pub partner_responses: ResponseFigures,
}

/// How long one side took to answer the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResponseFigures {
    /// How many answers there were.
    #[schema(example = 14, minimum = 0)]
    pub answers: i64,
    /// Half of them took no longer than this, in seconds; null if there are none.
    #[schema(required = true, example = 93_600, minimum = 0)]
    pub p50_seconds: Option<i64>,
    /// Half of them took no longer than this, in seconds of business time; null if there are none.
    #[schema(required = true, example = 21_600, minimum = 0)]
    pub p50_business_seconds: Option<i64>,
}

/// What the report on engagement is filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EngagementFilter {
    /// Only these partners.
    #[param(style = Form, explode = false, nullable = false)]
    pub partner_id: Option<Vec<PartnerId>>,
    /// Only from this day on, in UTC; thirty days before the end if left out.
    #[param(nullable = false)]
    pub from_day: Option<Date>,
    /// Only before this day, in UTC; until today, with it, if left out.
    #[param(nullable = false)]
    pub before_day: Option<Date>,
}

impl EngagementFilter {
    /// The first day, and the first that is not told of any more.
    pub fn days(&self, now: Time) -> (Date, Date) {
        let before = self.before_day.unwrap_or_else(|| now.date().plus_days(1));
        (self.from_day.unwrap_or_else(|| before.plus_days(-USUAL)), before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_thirty_days_until_today() {
        let now: Time = "2026-11-21T09:00:00Z".parse().unwrap();
        let (from, before) = EngagementFilter::default().days(now);
        assert_eq!(
            (from.to_string(), before.to_string()),
            ("2026-10-23".into(), "2026-11-22".into())
        );
        assert_eq!(from.plus_days(30), before);
    }
}
