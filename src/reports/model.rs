//! The shapes of reports.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::kernel::{Money, Time, ids::PartnerId};

/// How much of what a partner brought to an end it won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerWinRate {
    /// The partner.
    pub partner_id: PartnerId,
    /// Its name.
    #[schema(example = "Nordwind Systemhaus GmbH", min_length = 1, max_length = 200)]
    pub partner_name: String,
    /// How many of its deals were won.
    #[schema(example = 12, minimum = 0)]
    pub won: i64,
    /// How many were lost.
    #[schema(example = 8, minimum = 0)]
    pub lost: i64,
    /// Won deals among won and lost ones, by count, in hundredths of a percent, rounded half up; null if there are none of
    /// either.
    #[schema(required = true, example = 6000, minimum = 0, maximum = 10000)]
    pub win_rate_basis_points: Option<i64>,
    /// What the won ones brought, one amount for each currency.
    #[schema(max_items = 200)]
    pub won_value: Vec<Money>,
}

/// What the win rates are filtered by.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WinRateFilter {
    /// Only these partners.
    #[param(style = Form, explode = false, nullable = false)]
    pub partner_id: Option<Vec<PartnerId>>,
    /// Only deals that were won or lost at or after this moment.
    #[param(nullable = false)]
    pub closed_since: Option<Time>,
    /// Only deals that were won or lost before this moment.
    #[param(nullable = false)]
    pub closed_before: Option<Time>,
    /// Only imported history, or only what is none.
    #[param(nullable = false, example = true)]
    pub legacy: Option<bool>,
}

/// The win rate in hundredths of a percent, rounded half up.
pub(super) fn basis_points(won: i64, lost: i64) -> Option<i64> {
    let closed = won.checked_add(lost).filter(|closed| *closed > 0)?;
    Some((won * 20_000 + closed) / (2 * closed))
}

#[cfg(test)]
mod tests {
    use super::basis_points;

    #[test]
    fn a_win_rate_is_rounded_half_up_and_needs_something_that_ended() {
        assert_eq!(basis_points(0, 0), None);
        assert_eq!(basis_points(1, 2), Some(3333));
        assert_eq!(basis_points(2, 1), Some(6667));
        assert_eq!(basis_points(5, 0), Some(10_000));
    }
}
