//! What holds for all facts, whatever they are.

use proptest::prelude::*;

use super::{
    super::model::*,
    tests::{PRODUCTS, TERRITORIES, asks, candidate, claim, day, product, run, territory, tree},
    *,
};
use crate::{
    customers::resolution::{AccountRelation, EntityClass},
    deals::protection::DealTypeClass,
    kernel::ids::Id as _,
};

fn node(nodes: &'static [(u64, Option<u64>, &str)]) -> impl Strategy<Value = u64> {
    proptest::sample::select(nodes.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
}

fn any_word<W: Copy + std::fmt::Debug + 'static>(words: &'static [W]) -> impl Strategy<Value = W> {
    proptest::sample::select(words)
}

prop_compose! {
    fn any_claim()(
        kind in any_word(ClaimKind::ALL),
        on in proptest::option::weighted(0.9, node(PRODUCTS)),
        place in proptest::option::weighted(0.9, node(TERRITORIES)),
        class in any_word(DealTypeClass::ALL),
        account in 1_u64..5,
        partner in 1_u64..4,
        deal in 90_u64..101,
        from in -60_i64..30,
        length in proptest::option::of(1_i64..150),
        seq in 1_i64..9,
        lapses in proptest::option::of(0_i64..20),
        number in 0_u32..1000,
    ) -> Claim {
        Claim {
            reference: format!("{kind}-{number}"),
            number: Some(format!("N-{number}")),
            deal_id: Some(DealId::example(deal)),
            account_id: AccountId::example(account),
            partner_id: Some(PartnerId::example(partner)),
            product_id: on.map(product),
            territory_id: place.map(territory),
            class,
            window: Window { from: day(from), until: length.map(|days| day(from + days)) },
            place: Some(QueuePlace { received_at: day(from), seq }),
            last_activity_at: Some(day(from)),
            lapses_at: lapses.map(day),
            ..claim(kind, 12, 3)
        }
    }
}

prop_compose! {
    fn any_candidate(number: u64)(
        class in any_word(EntityClass::ALL),
        decisive in any::<bool>(),
        relation in any_word(AccountRelation::ALL),
        thousandths in 0_u32..1000,
    ) -> Candidate {
        let decisive = decisive && class <= EntityClass::SameEntity;
        let relative_of = (relation != AccountRelation::Itself).then(|| AccountId::example(1));
        Candidate { relation, relative_of, score: f64::from(thousandths) / 1000.0, ..candidate(number, class, decisive) }
    }
}

prop_compose! {
    fn any_policy()(weights in proptest::collection::vec(any_word(ConflictVerdict::ALL), 13), meet in any::<bool>(), possible in any::<bool>(), cool in 0_i64..60) -> ConflictPolicy {
        ConflictPolicy {
            active_protection: weights[0], named_account: weights[1], direct_opportunity: weights[2], earlier_registration: weights[3],
            accepted_lead: weights[4], installed_base: weights[5], contested_protection: weights[6], shared_protection: weights[7],
            cool_down_own: weights[8], cool_down_others: weights[9], parent: weights[10], subsidiary: weights[11], sibling: weights[12],
            tell_possible: possible, renewals_meet_new_business: meet, cool_down_days: cool, ..ConflictPolicy::default()
        }
    }
}

prop_compose! {
    fn any_facts()(
        lines in proptest::collection::vec((node(PRODUCTS), proptest::option::of((0_i64..20, 1_i64..9))), 1..4),
        place in node(TERRITORIES),
        deal_type in any_word(DealType::ALL),
        candidates in (any_candidate(1), any_candidate(2), any_candidate(3)),
        claims in proptest::collection::vec(any_claim(), 0..7),
        policy in prop_oneof![Just(ConflictPolicy::default()), any_policy()],
        length in 1_i64..120,
    ) -> Facts {
        let mut facts = asks(&[12], place);
        facts.asked.lines = lines
            .into_iter()
            .map(|(number, at)| AskedLine { product_id: product(number), place: at.map(|(received, seq)| QueuePlace { received_at: day(received), seq }) })
            .collect();
        facts.asked.deal_type = deal_type;
        facts.asked.window = Window::new(day(10), day(10 + length));
        facts.customer.candidates = vec![candidates.0, candidates.1, candidates.2];
        Facts { claims, policy, ..facts }
    }
}

/// The request changed as the suggestion says; one request for each of its alternatives.
fn followed(facts: &Facts, way: &Suggestion) -> Vec<Facts> {
    let with = |change: &dyn Fn(&mut Facts)| {
        let mut changed = facts.clone();
        change(&mut changed);
        changed
    };
    let drop = |changed: &mut Facts| {
        changed
            .asked
            .lines
            .retain(|line| !way.product_ids.contains(&line.product_id));
    };
    match way.kind {
        SuggestionKind::NarrowTerritory => way
            .territory_ids
            .iter()
            .map(|place| with(&|changed| changed.asked.territory_id = Some(*place)))
            .collect(),
        SuggestionKind::DropProducts => vec![with(&drop)],
        SuggestionKind::DropAndNarrow => way
            .territory_ids
            .iter()
            .map(|place| {
                with(&|changed| {
                    drop(changed);
                    changed.asked.territory_id = Some(*place);
                })
            })
            .collect(),
        SuggestionKind::NarrowProduct => way
            .product_ids
            .iter()
            .map(|part| {
                with(&|changed| {
                    changed
                        .asked
                        .lines
                        .iter_mut()
                        .filter(|line| Some(line.product_id) == way.replaced_product_id)
                        .for_each(|line| line.product_id = *part);
                })
            })
            .collect(),
        SuggestionKind::ChangeDealType => vec![with(&|changed| changed.asked.deal_type = way.deal_type.unwrap())],
        SuggestionKind::WaitUntil => vec![with(&|changed| {
            changed.asked.window = changed.asked.window.moved_to(way.from.unwrap());
        })],
        // The accounts named are those with claims; once they are known to be others, so are the rest that only resemble.
        SuggestionKind::TellCustomersApart => vec![with(&|changed| {
            let gone: Vec<AccountId> = changed
                .customer
                .candidates
                .iter()
                .filter(|c| !c.decisive && c.relation == AccountRelation::Itself)
                .map(|c| c.account_id)
                .collect();
            changed
                .customer
                .candidates
                .retain(|c| !gone.contains(&c.account_id) && !c.relative_of.is_some_and(|of| gone.contains(&of)));
        })],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_facts_give_the_same_assessment_in_whatever_order_they_come(facts in any_facts()) {
        let mut turned = facts.clone();
        turned.claims.reverse();
        turned.customer.candidates.reverse();
        let (a, b) = (run(&facts), run(&turned));
        prop_assert_eq!(a.verdict, b.verdict);
        prop_assert_eq!(a.would_clear_if, b.would_clear_if);
        prop_assert_eq!(a.queue_position, b.queue_position);
        prop_assert_eq!(run(&facts), run(&facts));
    }

    #[test]
    fn taking_a_claim_away_never_worsens_the_verdict(facts in any_facts(), which in any::<prop::sample::Index>()) {
        prop_assume!(!facts.claims.is_empty());
        let mut fewer = facts.clone();
        fewer.claims.remove(which.index(facts.claims.len()));
        let (before, after) = (run(&facts), run(&fewer));
        prop_assert!(after.verdict <= before.verdict);
        prop_assert!(after.queue_position <= before.queue_position);
    }

    #[test]
    fn what_would_clear_it_clears_it(facts in any_facts()) {
        let found = run(&facts);
        for way in &found.would_clear_if {
            let requests = followed(&facts, way);
            prop_assert!(!requests.is_empty(), "{:?}", way);
            for request in requests {
                prop_assert!(run(&request).verdict < ConflictVerdict::Review, "{:?}", way);
            }
        }
        prop_assert!(found.verdict >= ConflictVerdict::Review || found.would_clear_if.is_empty());
    }

    #[test]
    fn a_fuzzy_match_never_makes_a_conflict_and_a_likely_one_is_never_clear(facts in any_facts()) {
        let found = run(&facts);
        for claim in &found.claims {
            let candidate = facts.customer.candidates.iter().find(|candidate| candidate.account_id == claim.account_id).unwrap();
            if candidate.relation == AccountRelation::Itself {
                prop_assert!(candidate.decisive || claim.effect <= ConflictVerdict::Review);
            }
            prop_assert!(claim.effect > ConflictVerdict::Clear);
        }
        prop_assert_eq!(found.policy.auto_action == AutoAction::MayApprove, found.verdict == ConflictVerdict::Clear);
    }

    #[test]
    fn claims_stand_in_order_and_the_first_decides(facts in any_facts()) {
        let found = run(&facts);
        for pair in found.claims.windows(2) {
            prop_assert!(pair[0].precedence < pair[1].precedence);
            prop_assert!((std::cmp::Reverse(pair[0].effect), pair[0].kind, pair[0].since) <= (std::cmp::Reverse(pair[1].effect), pair[1].kind, pair[1].since));
        }
        prop_assert_eq!(found.claims.first().map_or(ConflictVerdict::Clear, |claim| claim.effect), found.verdict);
        for claim in &found.claims {
            prop_assert!(!claim.overlaps.is_empty());
        }
    }

    #[test]
    fn if_one_scope_meets_another_the_other_meets_the_one(a in (node(PRODUCTS), node(TERRITORIES)), b in (node(PRODUCTS), node(TERRITORIES))) {
        let (products, territories): (Tree<ProductId>, Tree<TerritoryId>) = (tree(PRODUCTS), tree(TERRITORIES));
        let there = products.position(Some(product(a.0)), Some(product(b.0)));
        prop_assert_eq!(there.map(Position::turned), products.position(Some(product(b.0)), Some(product(a.0))));
        let there = territories.position(Some(territory(a.1)), Some(territory(b.1)));
        prop_assert_eq!(there.map(Position::turned), territories.position(Some(territory(b.1)), Some(territory(a.1))));
        let verdict = |asked: (u64, u64), held: (u64, u64)| {
            run(&Facts { claims: vec![claim(ClaimKind::ActiveProtection, held.0, held.1)], ..asks(&[asked.0], asked.1) }).verdict
        };
        prop_assert_eq!(verdict(a, b), verdict(b, a));
    }

    #[test]
    fn windows_that_touch_do_not_meet_and_meeting_is_mutual(a in 0_i64..50, b in 1_i64..50, c in 0_i64..50, d in 1_i64..50) {
        let (one, other) = (Window::new(day(a), day(a + b)), Window::new(day(c), day(c + d)));
        prop_assert_eq!(one.meets(other), other.meets(one));
        prop_assert_eq!(one.meets(other), one.shared(other).is_some());
        prop_assert!(!one.meets(Window::new(day(a + b), day(a + b + d))));
    }
}
