//! What is granted without a person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::Money;

/// When a registration is granted without a person: the check is clear, the amount is small, the partner's tier is high
/// enough, and none of its registrations was revoked of late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoApproval {
    /// Whether it is done at all.
    #[schema(example = true)]
    pub enabled: bool,
    /// Amounts below which it is done, one for each currency; in a currency that is not here it is not done.
    #[schema(max_items = 50)]
    pub below: Vec<Money>,
    /// The lowest rank of tier for which it is done, 1 being the entry tier; 0 asks for no tier at all.
    #[schema(example = 2, minimum = 0, maximum = 100)]
    pub tier_rank: i64,
    /// A registration of the partner that was revoked within so many days rules it out.
    #[schema(example = 365, minimum = 0, maximum = 3650)]
    pub strike_days: i64,
}

impl Default for AutoApproval {
    fn default() -> Self {
        Self {
            enabled: true,
            below: major(25_000),
            tier_rank: 2,
            strike_days: 365,
        }
    }
}

impl AutoApproval {
    /// Whether the amount is small enough.
    pub fn takes(&self, amount: Option<Money>) -> bool {
        amount.is_some_and(|amount| {
            self.below
                .iter()
                .any(|limit| limit.currency == amount.currency && amount.minor < limit.minor)
        })
    }
}

/// So many whole units of the currencies that most programs work in.
pub fn major(units: i64) -> Vec<Money> {
    ["EUR", "USD", "GBP", "CHF"]
        .into_iter()
        .filter_map(|code| Money::parse(&units.to_string(), code.parse().ok()?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Option<Money> {
        Some(Money::parse(amount, currency.parse().unwrap()).unwrap())
    }

    #[test]
    fn only_small_amounts_of_known_currencies_are_granted_without_a_person() {
        let rule = AutoApproval::default();
        assert!(rule.takes(money("24999.99", "USD")));
        assert!(!rule.takes(money("25000", "USD")));
        assert!(!rule.takes(money("1", "JPY")));
        assert!(!rule.takes(None));
    }
}
