//! The rules, case by case, on a small world: EMEA (DACH: DE with DE-BY, AT, CH; FR) and a suite (edge with edge-pro; core).

use super::{super::model::*, *};
use crate::{
    customers::resolution::{AccountRelation, EntityClass, MatchSignal, SignalWeight},
    deals::protection::DealTypeClass,
    kernel::ids::Id as _,
};

pub const EMEA: u64 = 1;
pub const DACH: u64 = 2;
pub const DE: u64 = 3;
pub const BAVARIA: u64 = 4;
pub const AT: u64 = 5;
pub const CH: u64 = 6;
pub const FR: u64 = 7;
pub const TERRITORIES: &[(u64, Option<u64>, &str)] = &[
    (EMEA, None, "EMEA"),
    (DACH, Some(EMEA), "DACH"),
    (DE, Some(DACH), "DE"),
    (BAVARIA, Some(DE), "DE-BY"),
    (AT, Some(DACH), "AT"),
    (CH, Some(DACH), "CH"),
    (FR, Some(EMEA), "FR"),
];
pub const SUITE: u64 = 11;
pub const EDGE: u64 = 12;
pub const EDGE_PRO: u64 = 13;
pub const EDGE_LITE: u64 = 14;
pub const CORE: u64 = 15;
pub const PRODUCTS: &[(u64, Option<u64>, &str)] = &[
    (SUITE, None, "Suite"),
    (EDGE, Some(SUITE), "Edge"),
    (EDGE_PRO, Some(EDGE), "Edge Pro"),
    (EDGE_LITE, Some(EDGE), "Edge Lite"),
    (CORE, Some(SUITE), "Core"),
];

pub fn tree<I: crate::kernel::ids::Id>(nodes: &[(u64, Option<u64>, &str)]) -> Tree<I> {
    let mut tree = Tree::default();
    for (node, parent, label) in nodes {
        let mut above: Vec<I> = Vec::new();
        let mut next = *parent;
        while let Some(up) = next {
            above.push(I::example(up));
            next = nodes
                .iter()
                .find(|(id, ..)| *id == up)
                .and_then(|(_, parent, _)| *parent);
        }
        tree.above.insert(I::example(*node), above);
        tree.labels.insert(I::example(*node), (*label).to_owned());
        if let Some(parent) = parent {
            tree.below
                .entry(I::example(*parent))
                .or_default()
                .push(I::example(*node));
        }
    }
    tree
}

pub fn day(day: i64) -> Time {
    Time::from_micros(1_770_000_000_000_000).plus_days(day)
}

pub fn product(number: u64) -> ProductId {
    ProductId::example(number)
}

pub fn territory(number: u64) -> TerritoryId {
    TerritoryId::example(number)
}

/// Partner 1 asks for `products` in `place`, received on day 10, wanting 90 days.
pub fn asks(products: &[u64], place: u64) -> Facts {
    let line = |number: &u64| AskedLine {
        product_id: product(*number),
        place: Some(QueuePlace {
            received_at: day(10),
            seq: 5,
        }),
    };
    Facts {
        as_of: day(10),
        asked: Asked {
            deal_id: Some(DealId::example(100)),
            partner_id: Some(PartnerId::example(1)),
            lines: products.iter().map(line).collect(),
            territory_id: Some(territory(place)),
            deal_type: DealType::NetNew,
            window: Window::new(day(10), day(100)),
        },
        customer: Customer {
            candidates: vec![candidate(1, EntityClass::SameEntity, true)],
            considered: 1,
            ..Customer::default()
        },
        claims: Vec::new(),
        products: tree(PRODUCTS),
        territories: tree(TERRITORIES),
        policy: ConflictPolicy::default(),
    }
}

pub fn candidate(number: u64, class: EntityClass, decisive: bool) -> Candidate {
    let signal = MatchSignal {
        signal: "domain".into(),
        a: "acme.example".into(),
        b: "acme.example".into(),
        norm_a: "acme.example".into(),
        norm_b: "acme.example".into(),
        method: "exact".into(),
        similarity: 1.0,
        weight: SignalWeight::Decisive,
        share: None,
    };
    Candidate {
        account_id: AccountId::example(number),
        class,
        decisive,
        score: 0.9,
        relation: AccountRelation::Itself,
        relative_of: None,
        matched: vec![signal],
        against: Vec::new(),
        evidence: None,
    }
}

/// A claim of partner 2 on account 1.
pub fn claim(kind: ClaimKind, on: u64, place: u64) -> Claim {
    let vendor = matches!(
        kind,
        ClaimKind::NamedAccount | ClaimKind::DirectOpportunity | ClaimKind::InstalledBase
    );
    let window = match kind {
        ClaimKind::ActiveProtection | ClaimKind::ContestedProtection | ClaimKind::SharedProtection => {
            Window::new(day(0), day(60))
        }
        ClaimKind::ExpiredProtection => Window::new(day(-90), day(0)),
        _ => Window::open(day(1)),
    };
    Claim {
        kind,
        reference: format!("{kind}-{on}-{place}"),
        number: Some("DR-2026-000007".into()),
        deal_id: (!vendor).then(|| DealId::example(7)),
        account_id: AccountId::example(1),
        partner_id: (!vendor).then(|| PartnerId::example(2)),
        product_id: Some(product(on)),
        territory_id: Some(territory(place)),
        class: DealTypeClass::Any,
        window,
        place: (kind == ClaimKind::EarlierRegistration).then(|| QueuePlace {
            received_at: day(1),
            seq: 1,
        }),
        last_activity_at: (kind == ClaimKind::DirectOpportunity).then(|| day(5)),
        lapses_at: None,
    }
}

pub fn run(facts: &Facts) -> Assessment {
    assess(RULES, facts).unwrap()
}

fn against(products: &[u64], place: u64, claims: Vec<Claim>) -> Assessment {
    run(&Facts {
        claims,
        ..asks(products, place)
    })
}

fn ways(assessment: &Assessment) -> Vec<(SuggestionKind, &str)> {
    assessment
        .would_clear_if
        .iter()
        .map(|way| (way.kind, way.sentence.as_str()))
        .collect()
}

#[test]
fn nobody_there_is_clear_and_may_be_approved() {
    let found = against(&[EDGE], DE, vec![]);
    assert_eq!(found.verdict, ConflictVerdict::Clear);
    assert_eq!(
        found.policy,
        PolicyOutcome {
            auto_action: AutoAction::MayApprove,
            appealable: false
        }
    );
    assert_eq!(
        (found.queue_position, found.earliest_free_at, found.would_clear_if.len()),
        (1, None, 0)
    );
}

#[test]
fn every_kind_of_claim_on_the_same_scope_is_a_conflict_and_says_why() {
    for kind in [
        ClaimKind::ActiveProtection,
        ClaimKind::NamedAccount,
        ClaimKind::DirectOpportunity,
        ClaimKind::EarlierRegistration,
        ClaimKind::AcceptedLead,
        ClaimKind::InstalledBase,
    ] {
        let found = against(&[EDGE], DE, vec![claim(kind, EDGE, DE)]);
        assert_eq!(found.verdict, ConflictVerdict::Conflict, "{kind}");
        assert_eq!(found.policy.auto_action, AutoAction::HoldForReview);
        assert!(found.policy.appealable);
        assert!(
            found.claims[0].why.ends_with('.') && found.claims[0].why.len() > 20,
            "{}",
            found.claims[0].why
        );
    }
}

#[test]
fn scopes_overlap_up_and_down_both_trees_and_not_across() {
    for (asked, held, overlap) in [
        (EDGE, EDGE, Some(ProductOverlap::Equal)),
        (EDGE, SUITE, Some(ProductOverlap::Ancestor)),
        (EDGE, EDGE_PRO, Some(ProductOverlap::Descendant)),
        (EDGE, CORE, None),
        (EDGE_PRO, EDGE_LITE, None),
    ] {
        let found = against(&[asked], DE, vec![claim(ClaimKind::ActiveProtection, held, DE)]);
        assert_eq!(
            found.claims.first().map(|claim| claim.overlaps[0].product),
            overlap,
            "{asked} {held}"
        );
    }
    for (asked, held, overlap) in [
        (DE, DE, Some(TerritoryOverlap::Equal)),
        (DE, EMEA, Some(TerritoryOverlap::Contains)),
        (DE, BAVARIA, Some(TerritoryOverlap::Contained)),
        (DE, AT, None),
        (FR, DACH, None),
    ] {
        let found = against(&[EDGE], asked, vec![claim(ClaimKind::ActiveProtection, EDGE, held)]);
        assert_eq!(
            found.claims.first().map(|claim| claim.overlaps[0].territory),
            overlap,
            "{asked} {held}"
        );
    }
}

#[test]
fn a_claim_without_product_or_territory_is_on_all_of_them() {
    let whole = Claim {
        product_id: None,
        territory_id: None,
        ..claim(ClaimKind::NamedAccount, EDGE, DE)
    };
    let found = against(&[CORE], FR, vec![whole]);
    let overlap = &found.claims[0].overlaps[0];
    assert_eq!(
        (overlap.product, overlap.territory),
        (ProductOverlap::Ancestor, TerritoryOverlap::Contains)
    );
}

#[test]
fn a_renewal_does_not_meet_new_business_unless_the_policy_says_so() {
    let renewal = Claim {
        class: DealTypeClass::Renewal,
        ..claim(ClaimKind::ActiveProtection, EDGE, DE)
    };
    let mut facts = Facts {
        claims: vec![renewal],
        ..asks(&[EDGE], DE)
    };
    assert_eq!(run(&facts).verdict, ConflictVerdict::Clear);
    facts.asked.deal_type = DealType::Renewal;
    assert_eq!(run(&facts).verdict, ConflictVerdict::Conflict);
    facts.asked.deal_type = DealType::Expansion;
    facts.policy.renewals_meet_new_business = true;
    assert_eq!(run(&facts).verdict, ConflictVerdict::Conflict);
}

#[test]
fn a_fuzzy_match_is_for_a_person_never_a_conflict_and_never_clear() {
    for (class, decisive, verdict) in [
        (EntityClass::Identical, true, ConflictVerdict::Conflict),
        (EntityClass::SameEntity, true, ConflictVerdict::Conflict),
        (EntityClass::SameEntity, false, ConflictVerdict::Review),
        (EntityClass::Probable, false, ConflictVerdict::Review),
        (EntityClass::Possible, false, ConflictVerdict::Advisory),
        (EntityClass::Distinct, false, ConflictVerdict::Clear),
    ] {
        let mut facts = Facts {
            claims: vec![claim(ClaimKind::ActiveProtection, EDGE, DE)],
            ..asks(&[EDGE], DE)
        };
        facts.customer.candidates = vec![candidate(1, class, decisive)];
        let found = run(&facts);
        assert_eq!(found.verdict, verdict, "{class} {decisive}");
        assert_eq!(
            found.policy.auto_action == AutoAction::MayApprove,
            verdict == ConflictVerdict::Clear
        );
    }
}

#[test]
fn a_customer_that_only_resembles_can_be_told_apart() {
    let mut facts = Facts {
        claims: vec![claim(ClaimKind::ActiveProtection, EDGE, DE)],
        ..asks(&[EDGE], DE)
    };
    facts.customer.candidates = vec![candidate(1, EntityClass::Probable, false)];
    let found = run(&facts);
    let way = found
        .would_clear_if
        .iter()
        .find(|way| way.kind == SuggestionKind::TellCustomersApart)
        .unwrap();
    assert_eq!(way.account_ids, [AccountId::example(1)]);
    assert!(
        redact(&found, &ConflictPolicy::default())
            .would_clear_if
            .iter()
            .all(|way| way.account_ids.is_empty())
    );
}

#[test]
#[expect(clippy::as_conversions, reason = "closures become one type of function pointer")]
fn relatives_of_the_customer_are_a_matter_of_policy() {
    for (relation, set) in [
        (
            AccountRelation::Parent,
            (|policy, verdict| policy.parent = verdict) as fn(&mut ConflictPolicy, ConflictVerdict),
        ),
        (AccountRelation::Subsidiary, |policy, verdict| {
            policy.subsidiary = verdict;
        }),
        (AccountRelation::Sibling, |policy, verdict| policy.sibling = verdict),
    ] {
        let relative = Candidate {
            relation,
            relative_of: Some(AccountId::example(1)),
            ..candidate(2, EntityClass::Distinct, false)
        };
        let on_relative = Claim {
            account_id: AccountId::example(2),
            ..claim(ClaimKind::ActiveProtection, EDGE, DE)
        };
        let mut facts = Facts {
            claims: vec![on_relative],
            ..asks(&[EDGE], DE)
        };
        facts.customer.candidates.push(relative);
        assert_eq!(run(&facts).verdict, ConflictVerdict::Review, "{relation}");
        assert_eq!(
            run(&facts).queue_position,
            1,
            "a claim on a relative is not in the customer's queue"
        );
        for verdict in ConflictVerdict::ALL {
            set(&mut facts.policy, *verdict);
            assert_eq!(run(&facts).verdict, *verdict, "{relation}");
        }
    }
}

#[test]
fn the_queue_counts_by_arrival_and_the_counter_decides_within_one_moment() {
    let at = |seq, deal| Claim {
        reference: format!("deal-{seq}-{deal}"),
        number: Some(format!("DR-{seq}-{deal}")),
        deal_id: Some(DealId::example(deal)),
        place: Some(QueuePlace {
            received_at: day(10),
            seq,
        }),
        ..claim(ClaimKind::EarlierRegistration, EDGE, DE)
    };
    let found = against(&[EDGE], DE, vec![at(3, 1), at(4, 2), at(6, 3)]);
    assert_eq!((found.queue_position, found.registrations_behind), (3, 1));
    assert_eq!(found.claims.len(), 2);
    // Before submission there is no place: everybody is ahead.
    let mut facts = Facts {
        claims: vec![at(3, 1), at(4, 2), at(6, 3)],
        ..asks(&[EDGE], DE)
    };
    facts.asked.lines[0].place = None;
    assert_eq!(run(&facts).queue_position, 4);
}

#[test]
fn a_line_that_was_added_later_stands_behind_those_who_came_between() {
    let mut facts = Facts {
        claims: vec![Claim {
            place: Some(QueuePlace {
                received_at: day(12),
                seq: 8,
            }),
            ..claim(ClaimKind::EarlierRegistration, CORE, DE)
        }],
        ..asks(&[EDGE, CORE], DE)
    };
    facts.as_of = day(20);
    assert_eq!(run(&facts).verdict, ConflictVerdict::Clear);
    facts.asked.lines[1].place = Some(QueuePlace {
        received_at: day(15),
        seq: 9,
    });
    let found = run(&facts);
    assert_eq!((found.verdict, found.queue_position), (ConflictVerdict::Conflict, 2));
    assert_eq!(found.claims[0].overlaps.len(), 1);
}

#[test]
fn a_registration_that_owes_information_keeps_its_place_until_the_deadline() {
    let waiting = Claim {
        lapses_at: Some(day(11)),
        ..claim(ClaimKind::EarlierRegistration, EDGE, DE)
    };
    let mut facts = Facts {
        claims: vec![waiting],
        ..asks(&[EDGE], DE)
    };
    assert_eq!(run(&facts).verdict, ConflictVerdict::Conflict);
    facts.as_of = day(11);
    assert_eq!(run(&facts).verdict, ConflictVerdict::Clear);
}

#[test]
fn an_opportunity_counts_while_it_is_alive_and_if_it_was_first() {
    let opened = |opened: i64, active: i64| Claim {
        window: Window::open(day(opened)),
        last_activity_at: Some(day(active)),
        ..claim(ClaimKind::DirectOpportunity, EDGE, DE)
    };
    assert_eq!(
        against(&[EDGE], DE, vec![opened(1, 5)]).verdict,
        ConflictVerdict::Conflict
    );
    assert_eq!(
        against(&[EDGE], DE, vec![opened(-200, -80)]).verdict,
        ConflictVerdict::Conflict
    );
    assert_eq!(
        against(&[EDGE], DE, vec![opened(-200, -81)]).verdict,
        ConflictVerdict::Advisory
    );
    assert_eq!(
        against(&[EDGE], DE, vec![opened(10, 11)]).verdict,
        ConflictVerdict::Clear,
        "opened when the registration had arrived"
    );
}

#[test]
fn a_house_account_named_after_the_registration_is_for_a_person() {
    let named = |from: i64| Claim {
        window: Window::open(day(from)),
        ..claim(ClaimKind::NamedAccount, EDGE, DE)
    };
    assert_eq!(against(&[EDGE], DE, vec![named(9)]).verdict, ConflictVerdict::Conflict);
    assert_eq!(against(&[EDGE], DE, vec![named(11)]).verdict, ConflictVerdict::Review);
    let ended = Claim {
        window: Window::new(day(-9), day(10)),
        ..named(0)
    };
    assert_eq!(against(&[EDGE], DE, vec![ended]).verdict, ConflictVerdict::Clear);
}

#[test]
fn the_installed_base_speaks_against_net_new_business_only_and_says_so() {
    let found = against(&[EDGE], DE, vec![claim(ClaimKind::InstalledBase, EDGE, DE)]);
    assert_eq!(found.verdict, ConflictVerdict::Conflict);
    assert!(ways(&found).contains(&(
        SuggestionKind::ChangeDealType,
        "Register it as an expansion, if that is what it is."
    )));
    let gone = Claim {
        window: Window::new(day(-900), day(-400)),
        ..claim(ClaimKind::InstalledBase, EDGE, DE)
    };
    assert_eq!(against(&[EDGE], DE, vec![gone]).verdict, ConflictVerdict::Clear);
}

#[test]
fn a_protection_that_ended_lately_is_remembered_longest_against_its_own_holder() {
    let ended = |days: i64| Claim {
        window: Window::new(day(-90), day(10 - days)),
        ..claim(ClaimKind::ActiveProtection, EDGE, DE)
    };
    assert_eq!(against(&[EDGE], DE, vec![ended(0)]).verdict, ConflictVerdict::Advisory);
    assert_eq!(against(&[EDGE], DE, vec![ended(29)]).verdict, ConflictVerdict::Advisory);
    assert_eq!(against(&[EDGE], DE, vec![ended(30)]).verdict, ConflictVerdict::Clear);
    let own = Claim {
        partner_id: Some(PartnerId::example(1)),
        ..ended(3)
    };
    let found = against(&[EDGE], DE, vec![own]);
    assert_eq!(
        (found.verdict, found.claims[0].kind, found.claims[0].own),
        (ConflictVerdict::Review, ClaimKind::ExpiredProtection, true)
    );
    assert_eq!(
        found.earliest_free_at,
        Some(day(37)),
        "the cool-down ends 30 days after day 7"
    );
}

#[test]
fn the_registration_s_own_claims_do_not_count() {
    let own = Claim {
        deal_id: Some(DealId::example(100)),
        ..claim(ClaimKind::ActiveProtection, EDGE, DE)
    };
    assert_eq!(against(&[EDGE], DE, vec![own]).verdict, ConflictVerdict::Clear);
}

#[test]
fn a_contested_or_paused_protection_is_for_a_person_and_a_shared_one_is_told() {
    assert_eq!(
        against(&[EDGE], DE, vec![claim(ClaimKind::ContestedProtection, EDGE, DE)]).verdict,
        ConflictVerdict::Review
    );
    assert_eq!(
        against(&[EDGE], DE, vec![claim(ClaimKind::SharedProtection, EDGE, DE)]).verdict,
        ConflictVerdict::Advisory
    );
}

#[test]
fn what_cannot_be_looked_up_is_never_clear() {
    let mut facts = asks(&[EDGE], DE);
    facts.customer.capped = true;
    assert_eq!(run(&facts).verdict, ConflictVerdict::Review);
    let mut facts = asks(&[EDGE], DE);
    facts.customer = Customer {
        unknown: true,
        ..Customer::default()
    };
    assert_eq!(run(&facts).verdict, ConflictVerdict::Review);
    assert!(assess(RULES, &asks(&[], DE)).is_err());
}

#[test]
fn the_territory_is_narrowed_to_the_widest_parts_that_are_free() {
    let found = against(&[EDGE], EMEA, vec![claim(ClaimKind::ActiveProtection, EDGE, BAVARIA)]);
    let narrow = found
        .would_clear_if
        .iter()
        .find(|way| way.kind == SuggestionKind::NarrowTerritory)
        .unwrap();
    assert_eq!(narrow.sentence, "Narrow the territory to FR, AT or CH.");
    assert_eq!(narrow.territory_ids, [territory(FR), territory(AT), territory(CH)]);
    assert_eq!(narrow.leads_to, ConflictVerdict::Clear);
}

#[test]
fn held_up_products_are_left_out_or_narrowed() {
    let found = against(
        &[EDGE, CORE],
        DE,
        vec![claim(ClaimKind::ActiveProtection, EDGE_PRO, EMEA)],
    );
    assert!(ways(&found).contains(&(SuggestionKind::DropProducts, "Leave out Edge.")));
    assert!(ways(&found).contains(&(
        SuggestionKind::NarrowProduct,
        "Register Edge Lite instead of all of Edge."
    )));
    let all = against(&[EDGE], DE, vec![claim(ClaimKind::ActiveProtection, SUITE, EMEA)]);
    assert_eq!(
        ways(&all),
        [(
            SuggestionKind::WaitUntil,
            "Wait until 2026-04-03: as things stand the scope is free from then on."
        )]
    );
    assert_eq!(all.earliest_free_at, Some(day(60)));
}

#[test]
fn two_held_up_products_are_left_out_together() {
    let claims = vec![
        claim(ClaimKind::ActiveProtection, EDGE_PRO, EMEA),
        claim(ClaimKind::EarlierRegistration, CORE, EMEA),
    ];
    let found = against(&[EDGE_PRO, EDGE_LITE, CORE], DE, claims);
    let drop: Vec<_> = found
        .would_clear_if
        .iter()
        .filter(|way| way.kind == SuggestionKind::DropProducts)
        .collect();
    assert_eq!(drop.len(), 1);
    assert_eq!(drop[0].product_ids.len(), 2);
    assert_eq!(
        found.earliest_free_at, None,
        "nobody knows when a registration is decided"
    );
}

#[test]
fn waiting_looks_beyond_the_first_end() {
    let second = Claim {
        reference: "second".into(),
        window: Window::new(day(60), day(80)),
        ..claim(ClaimKind::ActiveProtection, EDGE, DE)
    };
    let found = against(&[EDGE], DE, vec![claim(ClaimKind::ActiveProtection, EDGE, DE), second]);
    assert_eq!(found.earliest_free_at, Some(day(80)));
}

#[test]
fn claims_are_ordered_by_what_they_lead_to_then_kind_then_time() {
    let kinds = [
        ClaimKind::InstalledBase,
        ClaimKind::EarlierRegistration,
        ClaimKind::ActiveProtection,
        ClaimKind::NamedAccount,
        ClaimKind::ExpiredProtection,
        ClaimKind::DirectOpportunity,
    ];
    let found = against(&[EDGE], DE, kinds.map(|kind| claim(kind, EDGE, DE)).to_vec());
    let order: Vec<_> = found
        .claims
        .iter()
        .map(|claim| (claim.precedence, claim.kind))
        .collect();
    assert_eq!(
        order,
        [
            (1, ClaimKind::ActiveProtection),
            (2, ClaimKind::NamedAccount),
            (3, ClaimKind::DirectOpportunity),
            (4, ClaimKind::EarlierRegistration),
            (5, ClaimKind::InstalledBase),
            (6, ClaimKind::ExpiredProtection),
        ]
    );
}

#[test]
fn the_partner_s_view_names_nobody() {
    let secret = Claim {
        number: Some("DR-SECRET".into()),
        reference: "prot_secret".into(),
        ..claim(ClaimKind::ActiveProtection, EDGE, DE)
    };
    let opportunity = Claim {
        number: Some("OP-SECRET".into()),
        reference: "opp_secret".into(),
        ..claim(ClaimKind::DirectOpportunity, EDGE, BAVARIA)
    };
    let found = against(&[EDGE], DE, vec![secret, opportunity]);
    let text = serde_json::to_string(&redact(&found, &ConflictPolicy::default())).unwrap();
    for hidden in [
        "SECRET",
        "secret",
        &PartnerId::example(2).to_string(),
        &AccountId::example(1).to_string(),
        &DealId::example(7).to_string(),
        "acme",
        &territory(BAVARIA).to_string(),
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let view = redact(&found, &ConflictPolicy::default());
    assert_eq!(
        (view.verdict, view.queue_position, view.earliest_free_at),
        (found.verdict, Some(found.queue_position), found.earliest_free_at)
    );
}

#[test]
fn facts_and_assessments_survive_being_stored() {
    let facts = Facts {
        claims: vec![claim(ClaimKind::ActiveProtection, EDGE, BAVARIA)],
        ..asks(&[EDGE, CORE], EMEA)
    };
    let again: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
    assert_eq!(again, facts);
    assert_eq!(
        serde_json::to_string(&run(&again)).unwrap(),
        serde_json::to_string(&run(&facts)).unwrap()
    );
}
