//! How partners are taken in, looked after and let go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendars::ClockBasis;

/// How partners are taken in, looked after and let go. A change holds for what begins after it: an invitation, a review or a
/// notice that runs keeps the days that it began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerPolicy {
    /// Days for which an invitation can be taken up.
    #[schema(example = 30, minimum = 1, maximum = 365)]
    pub invitation_days: i64,
    /// Days within which the vendor decides on an application, without the time that it waits for answers.
    #[schema(example = 10, minimum = 1, maximum = 365)]
    pub review_days: i64,
    /// By which clock `review_days` and `answer_days` run; the program's calendar counts, for a firm may be at home in several
    /// territories.
    pub review_clock: ClockBasis,
    /// Days that an applicant has to answer, unless said otherwise.
    #[schema(example = 10, minimum = 1, maximum = 365)]
    pub answer_days: i64,
    /// Days after which a firm that was turned down may apply again, where no date is named.
    #[schema(example = 182, minimum = 1, maximum = 3650)]
    pub reapply_days: i64,
    /// The shortest notice, in days.
    #[schema(example = 30, minimum = 0, maximum = 3650)]
    pub notice_days: i64,
    /// Days for which a former account manager can still read.
    #[schema(example = 14, minimum = 0, maximum = 365)]
    pub overlap_days: i64,
    /// How often the primary account manager may change in twelve months before a second person must agree: with each change
    /// partner and vendor begin anew.
    #[schema(example = 2, minimum = 0, maximum = 100)]
    pub reassignments_in_a_year: i64,
}

impl Default for PartnerPolicy {
    fn default() -> Self {
        Self {
            invitation_days: 30,
            review_days: 10,
            review_clock: ClockBasis::RoundTheClock,
            answer_days: 10,
            reapply_days: 182,
            notice_days: 30,
            overlap_days: 14,
            reassignments_in_a_year: 2,
        }
    }
}
