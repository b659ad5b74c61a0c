//! Who waited for the same when a deal was granted, and whether they come before it under a policy. Pure.

use crate::{
    deals::outcomes::DealEvidenceKind,
    policies::{FirstInTime, RegistrationPolicy},
};

/// Those who waited for the same scope when a deal was granted, with the evidence that was shown by then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rivals {
    /// What the deal had shown.
    pub own: Vec<DealEvidenceKind>,
    /// What those had shown that were received earlier.
    pub earlier: Vec<Vec<DealEvidenceKind>>,
    /// What those had shown that were received later.
    pub later: Vec<Vec<DealEvidenceKind>>,
}

impl Rivals {
    /// Whether one of them comes before the deal, so that granting it takes a reason.
    pub fn come_before(&self, policy: &RegistrationPolicy) -> bool {
        let weight = |shown: &Vec<DealEvidenceKind>| policy.weight_of(shown);
        match policy.first_in_time {
            FirstInTime::FirstValid => !self.earlier.is_empty(),
            FirstInTime::FirstApproved => false,
            FirstInTime::EvidenceWeighted => {
                let own = weight(&self.own);
                self.earlier.iter().any(|other| weight(other) >= own)
                    || self.later.iter().any(|other| weight(other) > own)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_before_depends_on_the_rule_and_on_what_was_shown() {
        use DealEvidenceKind::{CustomerLetter, Meeting};
        let rivals =
            |own: &[DealEvidenceKind], earlier: &[&[DealEvidenceKind]], later: &[&[DealEvidenceKind]]| Rivals {
                own: own.to_vec(),
                earlier: earlier.iter().map(|one| one.to_vec()).collect(),
                later: later.iter().map(|one| one.to_vec()).collect(),
            };
        let before = |rivals: &Rivals| {
            [
                FirstInTime::FirstValid,
                FirstInTime::FirstApproved,
                FirstInTime::EvidenceWeighted,
            ]
            .map(|rule| {
                rivals.come_before(&RegistrationPolicy {
                    first_in_time: rule,
                    ..RegistrationPolicy::default()
                })
            })
        };
        assert_eq!(
            before(&rivals(&[], &[&[]], &[])),
            [true, false, true],
            "as much was shown, so arrival counts"
        );
        assert_eq!(
            before(&rivals(&[CustomerLetter], &[&[Meeting]], &[])),
            [true, false, false]
        );
        assert_eq!(before(&rivals(&[Meeting], &[], &[&[Meeting]])), [false, false, false]);
        assert_eq!(
            before(&rivals(&[Meeting], &[], &[&[CustomerLetter]])),
            [false, false, true]
        );
    }
}
