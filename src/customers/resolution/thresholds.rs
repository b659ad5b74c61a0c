//! From which score on an account is possibly, probably and surely the customer that is described. Part of the program's versioned
//! settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::EntityClass;
use crate::{
    customers::matching::score::{self, Evidence, Thresholds},
    kernel::states::{FailingGuard, guard},
};

/// The least span, in thousandths, in which an account is neither surely the customer nor surely another.
const LEAST_SPAN: i32 = 50;

/// From which score on an account is the customer that is described, in thousandths. The built-in 800, 650 and 500 hold where none
/// is said.
///
/// What decides without a score is not affected: a registration number or a domain in common, and what excludes a class. So a
/// corporate mail domain in common is always at least probable, names alone are never more than probable, and nothing is approved
/// without a person while an account that is probably the customer is claimed by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatchingThresholds {
    /// From here on it is the same customer; 50 above `probable` at least.
    #[schema(example = 800, minimum = 700, maximum = 950)]
    pub same: i32,
    /// From here on it probably is, and a person has to look; 50 above `possible` at least.
    #[schema(example = 650, minimum = 550, maximum = 800)]
    pub probable: i32,
    /// From here on it possibly is.
    #[schema(example = 500, minimum = 400, maximum = 700)]
    pub possible: i32,
}

impl Default for MatchingThresholds {
    fn default() -> Self {
        Self {
            same: 800,
            probable: 650,
            possible: 500,
        }
    }
}

/// What the class of a match follows from, as it is kept with a check: with it the class can be reckoned anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MatchEvidence {
    /// The score as it was reckoned, 0 to 1, in whole thousandths.
    pub score: f64,
    /// The least sure class that the signals allow.
    pub at_least: EntityClass,
    /// The surest class that they allow.
    pub at_most: EntityClass,
}

impl MatchingThresholds {
    /// The scores, as the matching takes them.
    pub(super) fn scores(&self) -> Thresholds {
        let score = |thousandths: i32| f64::from(thousandths) / 1000.0;
        Thresholds {
            same: score(self.same),
            probable: score(self.probable),
            possible: score(self.possible),
        }
    }

    /// The class that follows, and the score fitted to it.
    pub fn judge(&self, evidence: &MatchEvidence) -> (EntityClass, f64) {
        let (scores, evidence) = (self.scores(), Evidence::from(*evidence));
        let class = scores.class(&evidence);
        let fitted = scores.fitted(evidence.score, class);
        (class.into(), (fitted * 1000.0).round() / 1000.0)
    }

    /// What keeps them from being published.
    pub fn unsound(&self) -> Option<FailingGuard> {
        let ordered = self.same >= self.probable + LEAST_SPAN && self.probable >= self.possible + LEAST_SPAN;
        (!ordered).then(|| {
            let detail = format!(
                "`same` must lie above `probable`, and that above `possible`, each by {LEAST_SPAN} at least: in between a person looks."
            );
            guard("thresholds_apart", "#/conflict/matching", detail)
        })
    }
}

impl From<Evidence> for MatchEvidence {
    fn from(evidence: Evidence) -> Self {
        Self {
            score: evidence.score,
            at_least: evidence.at_least.into(),
            at_most: evidence.at_most.into(),
        }
    }
}

impl From<MatchEvidence> for Evidence {
    fn from(evidence: MatchEvidence) -> Self {
        Self {
            score: evidence.score,
            at_least: evidence.at_least.into(),
            at_most: evidence.at_most.into(),
        }
    }
}

impl From<EntityClass> for score::EntityClass {
    fn from(class: EntityClass) -> Self {
        match class {
            EntityClass::Identical => Self::Identical,
            EntityClass::SameEntity => Self::SameEntity,
            EntityClass::Probable => Self::Probable,
            EntityClass::Possible => Self::Possible,
            EntityClass::Distinct => Self::Distinct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(score: f64, at_least: EntityClass, at_most: EntityClass) -> MatchEvidence {
        MatchEvidence {
            score,
            at_least,
            at_most,
        }
    }

    #[test]
    fn a_score_counts_between_what_the_signals_allow() {
        use EntityClass::{Distinct, Identical, Possible, Probable, SameEntity};
        let strict = MatchingThresholds {
            same: 900,
            probable: 700,
            possible: 600,
        };
        let class = |score, at_least, at_most| {
            [MatchingThresholds::default(), strict].map(|one| one.judge(&evidence(score, at_least, at_most)).0)
        };
        assert_eq!(class(0.85, Distinct, Identical), [SameEntity, Probable]);
        assert_eq!(class(0.66, Distinct, Identical), [Probable, Possible]);
        assert_eq!(class(0.55, Distinct, Identical), [Possible, Distinct]);
        assert_eq!(
            class(0.85, Distinct, Possible),
            [Possible, Possible],
            "what excludes a class still does"
        );
        assert_eq!(
            class(0.10, Probable, Identical),
            [Probable, Probable],
            "what has to be looked at still has"
        );
        let fitted = |score, at_least| format!("{:.3}", strict.judge(&evidence(score, at_least, Identical)).1);
        assert_eq!(
            (fitted(0.85, Distinct), fitted(0.10, Probable)),
            ("0.850".to_owned(), "0.700".to_owned())
        );
    }

    #[test]
    fn thresholds_that_leave_no_room_for_a_person_are_refused() {
        assert!(MatchingThresholds::default().unsound().is_none());
        for (same, probable, possible) in [(700, 700, 500), (749, 700, 500), (800, 600, 600), (800, 560, 700)] {
            let one = MatchingThresholds {
                same,
                probable,
                possible,
            };
            assert!(one.unsound().is_some(), "{one:?}");
        }
    }
}
