//! What a policy says of approvals: the steps of a chain with their conditions, and who may not decide.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Role,
    deals::registrations::DealType,
    kernel::{Currency, Money, ids::TerritoryId},
    policies::PolicyCode,
    words,
};

words! {
    /// The roles that can decide a step of the approval chain.
    pub ApproverRole {
        /// Decides on registrations and applications.
        Approver = "approver",
        /// Runs the channel program.
        ChannelOps = "channel_ops",
        /// Answers for the money.
        Finance = "finance",
        /// Answers for everything.
        Admin = "admin",
    }
}

impl ApproverRole {
    /// The role that a person must have.
    pub const fn role(self) -> Role {
        match self {
            Self::Approver => Role::Approver,
            Self::ChannelOps => Role::ChannelOps,
            Self::Finance => Role::Finance,
            Self::Admin => Role::Admin,
        }
    }
}

/// One step of the approval chain. It is asked for where all of its conditions are met; a condition without values is always
/// met, and so is one about something that is not known of the record yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStepRule {
    /// What it is called.
    #[schema(example = "Channel approval", min_length = 1, max_length = 120)]
    pub name: String,
    /// The role that decides it.
    pub role: ApproverRole,
    /// Amounts from which it is asked for, one for each currency. Without any it is always asked for, and in a currency
    /// that is not here as well: amounts of different currencies are not compared.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub from: Vec<Money>,
    /// The kinds of deals that it is asked for.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub deal_types: Vec<DealType>,
    /// The territories that it is asked for, each with everything that lies in it.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([]))]
    pub territory_ids: Vec<TerritoryId>,
    /// The ranks of the partner's tier that it is asked for, 1 being the entry tier and 0 no tier at all.
    #[serde(default)]
    #[schema(max_items = 20, example = json!([]), minimum = 0, maximum = 100)]
    pub tier_ranks: Vec<i64>,
    /// The segments of partners that it is asked for, by their codes in the policy. A partner without segment is in none of them.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20, example = json!([]), max_length = 64, pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub segments: Vec<PolicyCode>,
    /// How many different people must agree. One who refuses is enough to refuse.
    #[serde(default = "one")]
    #[schema(example = 1, minimum = 1, maximum = 20)]
    pub quorum: i64,
    /// Hours for which the step may wait, by the policy's clock for them; then it is escalated, once. 0: never. While the partner
    /// owes an answer the clock stands.
    #[serde(default)]
    #[schema(example = 48, minimum = 0, maximum = 8760)]
    pub escalate_after_hours: i64,
    /// The role that may decide the step as well once it is escalated.
    #[serde(default = "admin")]
    pub escalate_to: ApproverRole,
}

const fn one() -> i64 {
    1
}

const fn admin() -> ApproverRole {
    ApproverRole::Admin
}

/// What is known of a record that a chain is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainFacts {
    /// What it is worth.
    pub amount: Option<Money>,
    /// What kind of deal it is; none for what is no deal.
    pub deal_type: Option<DealType>,
    /// Its territory and all that it lies in; nothing if it has none yet.
    pub territories: Vec<TerritoryId>,
    /// The rank of the partner's tier; 0 for a partner without tier.
    pub tier_rank: i64,
    /// The segment that the partner is in; none for a partner without.
    pub segment: Option<PolicyCode>,
}

impl ApprovalStepRule {
    /// A step that one person of that role decides, always.
    pub fn of(name: &str, role: ApproverRole) -> Self {
        Self {
            name: name.to_owned(),
            role,
            from: Vec::new(),
            deal_types: Vec::new(),
            territory_ids: Vec::new(),
            tier_ranks: Vec::new(),
            segments: Vec::new(),
            quorum: one(),
            escalate_after_hours: 0,
            escalate_to: admin(),
        }
    }

    /// Whether the step is asked for.
    pub fn is_asked_for(&self, facts: &ChainFacts) -> bool {
        self.amount_meets(facts.amount)
            && (self.deal_types.is_empty() || facts.deal_type.is_none_or(|kind| self.deal_types.contains(&kind)))
            && (self.territory_ids.is_empty()
                || facts.territories.is_empty()
                || facts.territories.iter().any(|place| self.territory_ids.contains(place)))
            && (self.tier_ranks.is_empty() || self.tier_ranks.contains(&facts.tier_rank))
            && (self.segments.is_empty() || facts.segment.as_ref().is_some_and(|one| self.segments.contains(one)))
    }

    fn amount_meets(&self, amount: Option<Money>) -> bool {
        let limit = |currency: Currency| self.from.iter().find(|limit| limit.currency == currency);
        match amount {
            Some(amount) if !self.from.is_empty() => {
                limit(amount.currency).is_none_or(|limit| amount.minor >= limit.minor)
            }
            _ => true,
        }
    }
}

/// The steps that are asked for, in order. A chain that asks nobody would let nobody approve: then it is the first step of all.
pub fn asked<'r>(rules: &'r [ApprovalStepRule], facts: &ChainFacts) -> Vec<&'r ApprovalStepRule> {
    let mut asked: Vec<&ApprovalStepRule> = rules.iter().filter(|rule| rule.is_asked_for(facts)).collect();
    if asked.is_empty() {
        asked.extend(rules.first());
    }
    asked
}

/// Who may not decide on a record, whatever their role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule that the program's owner switches by itself"
)]
pub struct SegregationPolicy {
    /// Nobody decides what they sent in.
    #[schema(example = true)]
    pub own_submissions: bool,
    /// Nobody decides what they wrote, or what was written on their behalf.
    #[schema(example = true)]
    pub own_records: bool,
    /// Nobody decides on a partner that they are the primary account manager of.
    #[schema(example = false)]
    pub managed_partners: bool,
    /// Nobody decides between a partner that they are the primary account manager of and its competitor.
    #[schema(example = true)]
    pub competing_partners: bool,
}

impl Default for SegregationPolicy {
    fn default() -> Self {
        Self {
            own_submissions: true,
            own_records: true,
            managed_partners: false,
            competing_partners: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::ids::Id as _;

    fn money(units: i64, currency: &str) -> Money {
        Money::parse(&units.to_string(), currency.parse().unwrap()).unwrap()
    }

    fn segment() -> impl Strategy<Value = PolicyCode> {
        proptest::sample::select(vec!["grow", "maintain", "protect"]).prop_map(|code| code.parse().unwrap())
    }

    fn rule() -> impl Strategy<Value = ApprovalStepRule> {
        (
            proptest::collection::vec((0_i64..1000, proptest::sample::select(vec!["EUR", "USD"])), 0..2),
            proptest::collection::vec(proptest::sample::select(DealType::ALL), 0..3),
            proptest::collection::vec(1_u64..6, 0..3),
            proptest::collection::vec(0_i64..4, 0..3),
            proptest::collection::vec(segment(), 0..3),
        )
            .prop_map(|(from, deal_types, places, tier_ranks, segments)| ApprovalStepRule {
                from: from.into_iter().map(|(units, code)| money(units, code)).collect(),
                deal_types,
                territory_ids: places.into_iter().map(TerritoryId::example).collect(),
                tier_ranks,
                segments,
                ..ApprovalStepRule::of("Step", ApproverRole::Approver)
            })
    }

    fn facts() -> impl Strategy<Value = ChainFacts> {
        (
            proptest::option::of((0_i64..1000, proptest::sample::select(vec!["EUR", "USD", "JPY"]))),
            proptest::option::of(proptest::sample::select(DealType::ALL)),
            proptest::collection::vec(1_u64..6, 0..3),
            0_i64..4,
            proptest::option::of(segment()),
        )
            .prop_map(|(amount, deal_type, places, tier_rank, segment)| ChainFacts {
                amount: amount.map(|(units, code)| money(units, code)),
                deal_type,
                territories: places.into_iter().map(TerritoryId::example).collect(),
                tier_rank,
                segment,
            })
    }

    proptest! {
        #[test]
        fn somebody_is_always_asked_and_in_the_order_of_the_policy(rules in proptest::collection::vec(rule(), 1..5), facts in facts()) {
            let asked = asked(&rules, &facts);
            prop_assert!(!asked.is_empty());
            let places: Vec<usize> = asked.iter().map(|step| rules.iter().position(|rule| std::ptr::eq(rule, *step)).unwrap()).collect();
            prop_assert!(places.is_sorted());
        }

        #[test]
        fn a_condition_only_ever_takes_away(rule in rule(), facts in facts()) {
            let free = |change: fn(&mut ApprovalStepRule)| {
                let mut rule = rule.clone();
                change(&mut rule);
                rule.is_asked_for(&facts)
            };
            if rule.is_asked_for(&facts) {
                prop_assert!(free(|rule| rule.from.clear()) && free(|rule| rule.deal_types.clear()));
                prop_assert!(free(|rule| rule.territory_ids.clear()) && free(|rule| rule.tier_ranks.clear()));
                prop_assert!(free(|rule| rule.segments.clear()));
            }
            prop_assert!(free(|rule| *rule = ApprovalStepRule::of("Step", ApproverRole::Approver)));
        }

        #[test]
        fn what_is_not_known_counts_as_met(rule in rule(), facts in facts()) {
            let unknown = ChainFacts { amount: None, deal_type: None, territories: Vec::new(), ..facts };
            let of_tier = rule.tier_ranks.is_empty() || rule.tier_ranks.contains(&unknown.tier_rank);
            let of_segment = rule.segments.is_empty() || unknown.segment.as_ref().is_some_and(|one| rule.segments.contains(one));
            prop_assert_eq!(rule.is_asked_for(&unknown), of_tier && of_segment);
        }
    }

    #[test]
    fn a_step_as_it_was_stored_before_there_were_conditions_can_be_read() {
        let stored = r#"{"name":"Channel approval","role":"approver","from":[]}"#;
        let rule: ApprovalStepRule = serde_json::from_str(stored).unwrap();
        assert_eq!(rule, ApprovalStepRule::of("Channel approval", ApproverRole::Approver));
    }

    #[test]
    fn a_large_amount_takes_another_step_and_an_unknown_currency_is_taken_for_large() {
        let large = ApprovalStepRule {
            from: vec![money(250_000, "EUR")],
            ..ApprovalStepRule::of("Large", ApproverRole::ChannelOps)
        };
        let asked = |amount| {
            large.is_asked_for(&ChainFacts {
                amount: Some(amount),
                ..ChainFacts::default()
            })
        };
        assert!(!asked(money(249_999, "EUR")) && asked(money(250_000, "EUR")) && asked(money(10, "JPY")));
    }
}
