//! What the vendor decides about conflicts: which claim weighs how much. Part of the program's versioned settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::model::{ClaimKind, ConflictVerdict};
use crate::{customers::resolution::MatchingThresholds, policies::FirstInTime};

/// How much each kind of claim weighs, and what else of a check is the vendor's to decide.
///
/// A weight is the verdict that such a claim leads to when it is surely on the same customer. No weight makes a
/// claim vanish: what overlaps is at least told (`advisory`), and a likely match is at most a matter for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that the program's owner tells or keeps by itself"
)]
pub struct ConflictPolicy {
    /// The verdict for an active exclusive protection.
    pub active_protection: ConflictVerdict,
    /// The verdict for a named (house) account.
    pub named_account: ConflictVerdict,
    /// The verdict for an open direct opportunity of the vendor that is alive.
    pub direct_opportunity: ConflictVerdict,
    /// The verdict for a registration that was received earlier and is not decided.
    pub earlier_registration: ConflictVerdict,
    /// The verdict for a lead that the vendor gave to another partner who accepted it.
    pub accepted_lead: ConflictVerdict,
    /// The verdict for net-new business with a customer who already has the product.
    pub installed_base: ConflictVerdict,
    /// The verdict for a protection that is paused, or contested in a conflict case.
    pub contested_protection: ConflictVerdict,
    /// The verdict for a protection that was granted without being exclusive.
    pub shared_protection: ConflictVerdict,
    /// The verdict when a partner registers again what it was protected for until lately.
    pub cool_down_own: ConflictVerdict,
    /// The verdict when the protection of another partner has ended only lately.
    pub cool_down_others: ConflictVerdict,
    /// The most that a claim on the customer's parent can lead to; `clear` leaves parents out.
    pub parent: ConflictVerdict,
    /// The most that a claim on a subsidiary of the customer can lead to; `clear` leaves subsidiaries out.
    pub subsidiary: ConflictVerdict,
    /// The most that a claim on another subsidiary of the customer's parent can lead to; `clear` leaves them out.
    pub sibling: ConflictVerdict,
    /// From which score on an account is possibly, probably and surely the customer.
    pub matching: MatchingThresholds,
    /// Whether claims on customers that are only possibly the same are told.
    pub tell_possible: bool,
    /// Whether partners are told their place in the queue.
    pub tell_queue_position: bool,
    /// Whether partners are told when the scope will be free, and until when it is protected.
    pub tell_earliest_free: bool,
    /// Whether partners are told what would clear their request.
    pub tell_ways_out: bool,
    /// Whether partners are told of which kind the claims are that stand in their way; otherwise only what it comes to.
    pub tell_claims: bool,
    /// Whether a renewal and new business with the same customer shut each other out.
    pub renewals_meet_new_business: bool,
    /// Days after its last activity for which a direct opportunity counts as alive.
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    pub opportunity_active_days: i64,
    /// Days after the end of a protection for which it is remembered; 0 means not at all.
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub cool_down_days: i64,
    /// Dry runs that one partner may make in 24 hours.
    #[schema(minimum = 0, maximum = 10000, example = 20)]
    pub dry_runs_per_day: i64,
    /// From so many different customers asked for within 7 days without a registration a partner is probing.
    #[schema(minimum = 1, maximum = 10000, example = 15)]
    pub probing_customers: i64,
}

impl Default for ConflictPolicy {
    fn default() -> Self {
        use ConflictVerdict::{Advisory, Conflict, Review};
        Self {
            active_protection: Conflict,
            named_account: Conflict,
            direct_opportunity: Conflict,
            earlier_registration: Conflict,
            accepted_lead: Conflict,
            installed_base: Conflict,
            contested_protection: Review,
            shared_protection: Advisory,
            cool_down_own: Review,
            cool_down_others: Advisory,
            parent: Review,
            subsidiary: Review,
            sibling: Review,
            matching: MatchingThresholds::default(),
            tell_possible: true,
            tell_queue_position: true,
            tell_earliest_free: true,
            tell_ways_out: true,
            tell_claims: true,
            renewals_meet_new_business: false,
            opportunity_active_days: 90,
            cool_down_days: 30,
            dry_runs_per_day: 20,
            probing_customers: 15,
        }
    }
}

impl ConflictPolicy {
    /// The weights where that decides who comes first: where it is not the order of arrival, an earlier registration that is
    /// not decided shuts nobody out.
    #[must_use]
    pub fn under(self, rule: FirstInTime) -> Self {
        let most = match rule {
            FirstInTime::FirstValid => ConflictVerdict::Conflict,
            FirstInTime::FirstApproved => ConflictVerdict::Advisory,
            FirstInTime::EvidenceWeighted => ConflictVerdict::Review,
        };
        Self {
            earlier_registration: self.earlier_registration.min(most),
            ..self
        }
    }

    /// What a claim of that kind leads to, at least `advisory`.
    pub fn weight(&self, kind: ClaimKind, own: bool) -> ConflictVerdict {
        let weight = match kind {
            ClaimKind::ActiveProtection => self.active_protection,
            ClaimKind::NamedAccount => self.named_account,
            ClaimKind::DirectOpportunity => self.direct_opportunity,
            ClaimKind::EarlierRegistration => self.earlier_registration,
            ClaimKind::AcceptedLead => self.accepted_lead,
            ClaimKind::InstalledBase => self.installed_base,
            ClaimKind::ContestedProtection => self.contested_protection,
            ClaimKind::SharedProtection => self.shared_protection,
            ClaimKind::ExpiredProtection if own => self.cool_down_own,
            ClaimKind::ExpiredProtection => self.cool_down_others,
        };
        weight.max(ConflictVerdict::Advisory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_registration_shuts_others_out_only_where_the_order_of_arrival_decides() {
        let weighs = |earlier_registration, rule| {
            let policy = ConflictPolicy {
                earlier_registration,
                ..ConflictPolicy::default()
            };
            let under = policy.clone().under(rule);
            assert_eq!(
                ConflictPolicy {
                    earlier_registration,
                    ..under.clone()
                },
                policy,
                "nothing else changes"
            );
            under.earlier_registration
        };
        use ConflictVerdict::{Advisory, Conflict, Review};
        assert_eq!(
            FirstInTime::ALL
                .iter()
                .map(|rule| weighs(Conflict, *rule))
                .collect::<Vec<_>>(),
            [Conflict, Advisory, Review]
        );
        assert_eq!(
            FirstInTime::ALL
                .iter()
                .map(|rule| weighs(Review, *rule))
                .collect::<Vec<_>>(),
            [Review, Advisory, Review],
            "what weighs less weighs less still"
        );
    }
}
