//! What a partner's tier gives in a decision. Pure. What a tier leaves open is the program's; what is decided is copied into
//! the decision, so that later changes of tier or program rewrite nothing.

use super::{model::DecisionTerms, states::DealType};
use crate::{
    kernel::Money,
    policies::{AutoApproval, RegistrationPolicy},
    programs::TierTerms,
};

/// The terms of a decision; days that the approver asked for come before those of the tier, and those before the program's for
/// the kind of business.
pub fn of_decision(
    tier: Option<&TierTerms>,
    policy: &RegistrationPolicy,
    deal_type: DealType,
    asked: Option<i64>,
) -> DecisionTerms {
    DecisionTerms {
        tier_rank: tier.map(|tier| tier.rank),
        tier: tier.map(|tier| tier.name.clone()),
        tier_version: tier.map(|tier| tier.rule_version.clone()),
        window_days: asked
            .or_else(|| tier.and_then(|tier| tier.protection_days))
            .unwrap_or_else(|| policy.days_of(deal_type)),
    }
}

/// The discount for registered deals, in hundredths of a percent.
pub fn discount(tier: Option<&TierTerms>, policy: &RegistrationPolicy) -> i64 {
    tier.and_then(|tier| tier.discount_basis_points)
        .unwrap_or(policy.discount_basis_points)
}

/// Whether tier and amount let a registration be granted without a person. A limit of the tier in the currency of the amount
/// stands in the place of the program's.
pub fn grants_without_person(rule: &AutoApproval, tier: Option<&TierTerms>, amount: Option<Money>) -> bool {
    let limit = tier.and_then(|tier| tier.auto_approval_limit);
    let small = match (amount, limit) {
        (Some(amount), Some(limit)) if amount.currency == limit.currency => amount.minor <= limit.minor,
        _ => rule.takes(amount),
    };
    let high = rule.tier_rank == 0 || tier.is_some_and(|tier| tier.rank >= rule.tier_rank);
    rule.enabled && small && high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{Id as _, ProgramId, TierId};

    fn euros(amount: &str) -> Option<Money> {
        Some(serde_json::from_value(serde_json::json!({"amount": amount, "currency": "EUR"})).unwrap())
    }

    fn gold(limit: Option<&str>) -> TierTerms {
        TierTerms {
            program_id: ProgramId::example(1),
            tier_id: TierId::example(1),
            name: "Gold".to_owned(),
            rank: 3,
            rule_version: "RESELL/2/metrics-1".to_owned(),
            discount_basis_points: Some(1500),
            protection_days: Some(180),
            lead_weight: None,
            auto_approval_limit: limit.and_then(euros),
        }
    }

    #[test]
    fn the_tier_s_terms_come_before_the_program_s_and_the_approver_s_days_before_both() {
        let policy = RegistrationPolicy::default();
        let tier = gold(None);
        let days = |tier, asked| of_decision(tier, &policy, DealType::NetNew, asked).window_days;
        assert_eq!(
            (days(None, None), days(Some(&tier), None), days(Some(&tier), Some(30))),
            (90, 180, 30)
        );
        assert_eq!((discount(None, &policy), discount(Some(&tier), &policy)), (500, 1500));
    }

    #[test]
    fn a_limit_of_the_tier_stands_in_the_place_of_the_program_s() {
        let rule = AutoApproval::default();
        let grants = |tier: Option<&TierTerms>, amount| grants_without_person(&rule, tier, euros(amount));
        assert!(grants(Some(&gold(None)), "24999.99") && !grants(Some(&gold(None)), "25000.00"));
        assert!(grants(Some(&gold(Some("60000.00"))), "60000.00"));
        assert!(!grants(Some(&gold(Some("1000.00"))), "1000.01"));
        assert!(!grants(None, "100.00"), "the program asks for a tier");
        assert!(
            !grants_without_person(&rule, Some(&gold(None)), None),
            "an amount is needed"
        );
        let off = AutoApproval {
            enabled: false,
            ..AutoApproval::default()
        };
        assert!(!grants_without_person(&off, Some(&gold(None)), euros("1.00")));
    }
}
