//! How partners are taken in, looked after and let go, and into which segments the vendor sorts them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{code::PolicyCode, labels::PolicyLabels};
use crate::{
    calendars::ClockBasis,
    kernel::states::{FailingGuard, guard},
};

/// How partners are taken in, looked after and let go, and into which segments they are sorted. A change holds for what begins
/// after it: an invitation, a review or a notice that runs keeps the days that it began with.
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
    /// The segments that partners are sorted into. Empty for what is built in: `strategic`, `grow`, `protect`, `maintain`,
    /// `reactivate` and `exit_review`. A partner keeps one that is no longer here.
    #[schema(max_items = 20, example = json!([]))]
    pub segments: Vec<SegmentDefinition>,
}

/// A segment of partners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentDefinition {
    /// Its code, once in the list.
    #[schema(value_type = String, example = "strategic", min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: PolicyCode,
    /// What people read; one text at least if the code is not built in.
    #[serde(default)]
    pub labels: PolicyLabels,
}

/// The built-in segments, by what a partner sells and how it works with the vendor.
const BUILT_IN: [&str; 6] = ["strategic", "grow", "protect", "maintain", "reactivate", "exit_review"];

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
            segments: Vec::new(),
        }
    }
}

impl PartnerPolicy {
    /// The codes of the segments, in their order.
    fn segment_codes(&self) -> Vec<&str> {
        if self.segments.is_empty() {
            BUILT_IN.to_vec()
        } else {
            self.segments.iter().map(|segment| segment.code.as_str()).collect()
        }
    }

    /// Whether partners can be put into that segment.
    pub fn has_segment(&self, segment: &PolicyCode) -> bool {
        self.segment_codes().contains(&segment.as_str())
    }

    /// The codes of the segments, as a sentence lists them.
    pub fn listed_segments(&self) -> String {
        self.segment_codes().join(", ")
    }

    /// What keeps the list of segments from being published.
    pub fn unsound(&self) -> Vec<FailingGuard> {
        let (mut seen, mut failing) = (BTreeSet::new(), Vec::new());
        for (index, segment) in self.segments.iter().enumerate() {
            let at = |field: &str| format!("#/partners/segments/{index}/{field}");
            if !seen.insert(&segment.code) {
                let detail = "The list says this a second time; which of the two counts would be chance.";
                failing.push(guard("said_once", &at("code"), detail));
            }
            if segment.labels.is_empty() && !BUILT_IN.contains(&segment.code.as_str()) {
                let detail = "This code is the program's own; say what people shall read.";
                failing.push(guard("segment_labelled", &at("labels"), detail));
            }
        }
        failing
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_programs_segments_take_the_place_of_the_built_in_ones() {
        let policy = |segments| -> PartnerPolicy { serde_json::from_value(json!({"segments": segments})).unwrap() };
        let code = |text: &str| text.parse::<PolicyCode>().unwrap();
        let built_in = PartnerPolicy::default();
        assert!(built_in.has_segment(&code("grow")) && !built_in.has_segment(&code("gold")));
        assert!(built_in.unsound().is_empty());
        let own = policy(json!([{"code": "gold", "labels": {"en": "Gold"}}, {"code": "maintain"}]));
        assert!(own.has_segment(&code("gold")) && !own.has_segment(&code("grow")));
        assert!(own.unsound().is_empty());
        let faulty = policy(json!([{"code": "gold"}, {"code": "grow"}, {"code": "grow"}]));
        let told: Vec<_> = faulty
            .unsound()
            .into_iter()
            .map(|one| (one.guard, one.pointer.unwrap()))
            .collect();
        let expected = [
            ("segment_labelled", "#/partners/segments/0/labels"),
            ("said_once", "#/partners/segments/2/code"),
        ];
        assert_eq!(told, expected.map(|(guard, at)| (guard.to_owned(), at.to_owned())));
    }
}
