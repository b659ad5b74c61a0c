//! How figures are judged, and what follows from it. Pure.

use super::model::{CriterionResult, Effect, Proposal, TierFinding};
use crate::{
    kernel::{Currency, Time, ids::PartnerId},
    programs::{
        figure::Figure,
        memberships::Standing,
        metrics::{self, Asked, Figures, MetricUnit},
        tiers::{Comparison, Criterion, Tier},
    },
};

/// The name of the rules that an evaluation goes by.
pub fn rule_version(program_code: &str, version: i64) -> String {
    format!("{program_code}/{version}/metrics-{}", metrics::VERSION)
}

/// The question that a criterion puts to the records.
pub fn asked(criterion: &Criterion, currency: Currency) -> Asked {
    Asked {
        key: criterion.metric_key,
        window_days: criterion.window_days,
        product: criterion.product_id,
        territory: criterion.territory_id,
        currency: criterion.currency.unwrap_or(currency),
    }
}

/// How a criterion comes out for a partner.
pub fn judge_criterion(
    criterion: &Criterion,
    currency: Currency,
    figures: &Figures,
    partner: PartnerId,
    as_of: Time,
) -> CriterionResult {
    let asked = asked(criterion, currency);
    let found = figures.of(&asked, partner);
    let definition = criterion.metric_key.definition();
    let pass = match criterion.op {
        Comparison::AtLeast => found.figure >= criterion.threshold,
        Comparison::AtMost => found.figure <= criterion.threshold,
    };
    CriterionResult {
        metric_key: criterion.metric_key,
        unit: definition.unit,
        op: criterion.op,
        threshold: criterion.threshold,
        actual: found.figure,
        pass,
        gap: if pass {
            Figure::default()
        } else {
            found.figure.apart(criterion.threshold)
        },
        from: asked.from(as_of),
        until: as_of,
        product_id: criterion.product_id,
        territory_id: criterion.territory_id,
        currency: (definition.unit == MetricUnit::Amount).then_some(asked.currency),
        records: found.records,
        source: definition.source.to_owned(),
    }
}

/// How every tier of a version comes out for a partner, the lowest rank first.
pub fn judge(
    tiers: &[Tier],
    currency: Currency,
    figures: &Figures,
    partner: PartnerId,
    as_of: Time,
) -> Vec<TierFinding> {
    let mut findings: Vec<TierFinding> = tiers
        .iter()
        .map(|tier| {
            let criteria: Vec<_> = tier
                .criteria
                .iter()
                .map(|criterion| judge_criterion(criterion, currency, figures, partner, as_of))
                .collect();
            let met = criteria.iter().all(|criterion| criterion.pass);
            TierFinding {
                tier_id: tier.id,
                rank: tier.rank,
                name: tier.name.clone(),
                met,
                criteria,
            }
        })
        .collect();
    findings.sort_by_key(|finding| finding.rank);
    findings
}

/// The tier that a member deserves: the highest whose criteria are all met, and never less than the lowest.
pub fn due(findings: &[TierFinding]) -> Option<&TierFinding> {
    findings
        .iter()
        .filter(|finding| finding.met)
        .max_by_key(|finding| finding.rank)
        .or_else(|| findings.first())
}

/// What follows from the tier that is deserved for the one that is held.
pub const fn propose(held: i64, deserved: i64) -> Proposal {
    if deserved > held {
        Proposal::Promote
    } else if deserved < held {
        Proposal::Demote
    } else {
        Proposal::Retain
    }
}

/// What a committed evaluation does about a member.
pub const fn effect(proposal: Proposal, standing: Standing, overridden: bool, auto_promote: bool) -> Effect {
    match (proposal, standing) {
        (_, Standing::Ended) => Effect::None,
        _ if overridden => Effect::HeldByOverride,
        (Proposal::Promote, _) if auto_promote => Effect::Promoted,
        (Proposal::Promote, _) => Effect::PromotionProposed,
        (Proposal::Retain, Standing::Current) => Effect::None,
        (Proposal::Retain, _) => Effect::Recovered,
        (Proposal::Demote, Standing::Current) => Effect::PutAtRisk,
        (Proposal::Demote, Standing::AtRisk) => Effect::NoticeRunning,
        (Proposal::Demote, Standing::DemotionPending) => Effect::DemotionDue,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        kernel::{
            Stored,
            ids::{Id as _, ProgramId},
        },
        programs::{
            metrics::MetricKey,
            tiers::{NewTier, NewTierBenefits},
        },
    };

    fn criterion(threshold: &str) -> Criterion {
        Criterion {
            metric_key: MetricKey::WonAmount,
            op: Comparison::AtLeast,
            threshold: threshold.parse().unwrap(),
            window_days: Some(365),
            product_id: None,
            territory_id: None,
            currency: None,
        }
    }

    fn ladder(thresholds: &[&str]) -> Vec<Tier> {
        (1_i64..)
            .zip(thresholds)
            .map(|(rank, threshold)| {
                let new = NewTier {
                    rank,
                    name: format!("Tier {rank}"),
                    criteria: vec![],
                    benefits: NewTierBenefits::default(),
                };
                let tier = Tier::new(&new, ProgramId::example(1), 1, Time::from_micros(0));
                Tier {
                    criteria: Stored(vec![criterion(threshold)]),
                    ..tier
                }
            })
            .collect()
    }

    fn findings(won: i64) -> Vec<TierFinding> {
        let (euro, partner) = ("EUR".parse().unwrap(), PartnerId::example(1));
        let figures: Figures = [(asked(&criterion("1"), euro), partner, Figure::whole(won))]
            .into_iter()
            .collect();
        judge(
            &ladder(&["0", "100", "1000"]),
            euro,
            &figures,
            partner,
            Time::from_micros(1),
        )
    }

    #[test]
    fn the_gap_says_what_is_missing() {
        let gold = findings(250).pop().unwrap();
        let result = &gold.criteria[0];
        assert_eq!(
            (result.pass, result.actual.to_string(), result.gap.to_string()),
            (false, "250".to_owned(), "750".to_owned())
        );
        assert!(findings(1000).pop().unwrap().met, "exactly enough is enough");
    }

    #[test]
    fn nobody_falls_below_the_entry_tier() {
        let mut found = findings(0);
        for finding in &mut found {
            finding.met = false;
        }
        assert_eq!(due(&found).unwrap().rank, 1);
        assert_eq!(due(&findings(999)).unwrap().rank, 2);
    }

    #[test]
    fn an_evaluation_never_demotes_and_an_override_holds() {
        for standing in [Standing::Current, Standing::AtRisk, Standing::DemotionPending] {
            for proposal in [Proposal::Promote, Proposal::Retain, Proposal::Demote] {
                assert_eq!(effect(proposal, standing, true, true), Effect::HeldByOverride);
            }
        }
        assert_eq!(
            effect(Proposal::Demote, Standing::Current, false, true),
            Effect::PutAtRisk
        );
        assert_eq!(
            effect(Proposal::Demote, Standing::AtRisk, false, true),
            Effect::NoticeRunning
        );
        assert_eq!(
            effect(Proposal::Promote, Standing::Current, false, false),
            Effect::PromotionProposed
        );
    }

    proptest! {
        #[test]
        fn whoever_wins_more_never_deserves_less(some in 0_i64..2_000, more in 0_i64..2_000) {
            prop_assert!(due(&findings(some)).unwrap().rank <= due(&findings(some + more)).unwrap().rank);
        }
    }
}
