//! What would clear a request. Nothing is guessed: each suggestion is a changed request that the same rules have judged
//! and that nothing holds up any more.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::model::{ClaimFinding, ClaimKind, ConflictVerdict, Suggestion, SuggestionKind},
    Asked, Facts, Judged, Tree, judge,
};
use crate::{
    customers::resolution::AccountRelation,
    deals::registrations::DealType,
    kernel::{
        Time,
        ids::{ProductId, TerritoryId},
    },
};

/// Most requests that are tried for one kind of suggestion: a bound for trees with very many children.
const TRIALS: usize = 400;
/// Most alternatives that one suggestion names.
const NAMED: usize = 20;

/// The first moment from which the scope is free as things stand, and what would clear the request.
pub fn suggest(facts: &Facts, judged: &Judged) -> (Option<Time>, Vec<Suggestion>) {
    if judged.verdict < ConflictVerdict::Review {
        return (None, Vec::new());
    }
    let free = earliest_free(facts);
    let mut suggestions: Vec<Suggestion> = Vec::new();
    suggestions.extend(narrower_territory(facts));
    suggestions.extend(fewer_products(facts, judged));
    suggestions.extend(narrower_product(facts, judged));
    suggestions.extend(other_deal_type(facts));
    suggestions.extend(both_narrower(facts, judged, suggestions.is_empty()));
    suggestions.extend(free.and_then(|at| later(facts, at)));
    suggestions.extend(another_customer(facts));
    (free, suggestions)
}

/// What the changed request leads to, if nothing holds it up.
fn cleared(facts: &Facts) -> Option<ConflictVerdict> {
    // To ask for nothing at all is no way to clear anything.
    if facts.asked.lines.is_empty() {
        return None;
    }
    Some(judge(facts).verdict).filter(|verdict| *verdict < ConflictVerdict::Review)
}

fn with(facts: &Facts, change: impl FnOnce(&mut Asked)) -> Facts {
    let mut changed = facts.clone();
    change(&mut changed.asked);
    changed
}

/// The widest nodes below `top` that pass, the children of one node before those of the next.
fn widest<I: Copy + Ord + std::fmt::Display>(
    tree: &Tree<I>,
    top: I,
    mut passes: impl FnMut(I) -> Option<ConflictVerdict>,
) -> Vec<(I, ConflictVerdict)> {
    let (mut found, mut open, mut trials) = (Vec::new(), std::collections::VecDeque::from([top]), 0);
    let mut seen = BTreeSet::from([top]);
    while let Some(node) = open.pop_front() {
        for child in tree.children(node) {
            trials += 1;
            if trials > TRIALS || !seen.insert(*child) {
                continue;
            }
            match passes(*child) {
                Some(verdict) => found.push((*child, verdict)),
                None => open.push_back(*child),
            }
        }
    }
    found
}

fn suggestion(kind: SuggestionKind, sentence: String, leads_to: ConflictVerdict) -> Suggestion {
    Suggestion {
        kind,
        sentence,
        leads_to,
        territory_ids: Vec::new(),
        product_ids: Vec::new(),
        replaced_product_id: None,
        deal_type: None,
        from: None,
        account_ids: Vec::new(),
    }
}

/// Names with commas, and `word` before the last.
fn listed(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

fn named<I: Copy + Ord + std::fmt::Display>(tree: &Tree<I>, nodes: &[I], word: &str) -> String {
    let names: Vec<String> = nodes.iter().take(NAMED).map(|node| tree.label(*node)).collect();
    listed(&names, word)
}

fn narrower_territory(facts: &Facts) -> Option<Suggestion> {
    let found = widest(&facts.territories, facts.asked.territory_id?, |territory| {
        cleared(&with(facts, |asked| asked.territory_id = Some(territory)))
    });
    let leads_to = found.iter().map(|(_, verdict)| *verdict).max()?;
    let territory_ids: Vec<TerritoryId> = found.into_iter().map(|(territory, _)| territory).take(NAMED).collect();
    let sentence = format!(
        "Narrow the territory to {}.",
        named(&facts.territories, &territory_ids, "or")
    );
    Some(Suggestion {
        territory_ids,
        ..suggestion(SuggestionKind::NarrowTerritory, sentence, leads_to)
    })
}

/// The asked products that claims hold up.
fn held_up(judged: &Judged) -> BTreeSet<ProductId> {
    let holds = |claim: &&ClaimFinding| claim.effect >= ConflictVerdict::Review;
    judged
        .claims
        .iter()
        .filter(holds)
        .flat_map(|claim| claim.overlaps.iter().map(|overlap| overlap.asked_product_id))
        .collect()
}

fn without(facts: &Facts, dropped: &BTreeSet<ProductId>) -> Facts {
    with(facts, |asked| {
        asked.lines.retain(|line| !dropped.contains(&line.product_id));
    })
}

/// Leaving out a line, or all those that are held up where one is not enough.
fn fewer_products(facts: &Facts, judged: &Judged) -> Vec<Suggestion> {
    let asked: BTreeSet<ProductId> = facts.asked.lines.iter().map(|line| line.product_id).collect();
    let drop = |dropped: BTreeSet<ProductId>| {
        if dropped.len() >= asked.len() || dropped.is_empty() {
            return None;
        }
        let leads_to = cleared(&without(facts, &dropped))?;
        let product_ids: Vec<ProductId> = dropped.into_iter().collect();
        let sentence = format!("Leave out {}.", named(&facts.products, &product_ids, "and"));
        Some(Suggestion {
            product_ids,
            ..suggestion(SuggestionKind::DropProducts, sentence, leads_to)
        })
    };
    let held = held_up(judged);
    let single: Vec<Suggestion> = held
        .iter()
        .filter_map(|product| drop(BTreeSet::from([*product])))
        .collect();
    if single.is_empty() {
        drop(held).into_iter().collect()
    } else {
        single
    }
}

/// A part of a line that is free, where the line as a whole is not.
fn narrower_product(facts: &Facts, judged: &Judged) -> Vec<Suggestion> {
    let replaced = |from: ProductId, to: ProductId| {
        with(facts, |asked| {
            for line in asked.lines.iter_mut().filter(|line| line.product_id == from) {
                line.product_id = to;
            }
        })
    };
    held_up(judged)
        .into_iter()
        .filter_map(|line| {
            let found = widest(&facts.products, line, |part| cleared(&replaced(line, part)));
            let leads_to = found.iter().map(|(_, verdict)| *verdict).max()?;
            let product_ids: Vec<ProductId> = found.into_iter().map(|(part, _)| part).take(NAMED).collect();
            let sentence = format!(
                "Register {} instead of all of {}.",
                named(&facts.products, &product_ids, "or"),
                facts.products.label(line)
            );
            Some(Suggestion {
                product_ids,
                replaced_product_id: Some(line),
                ..suggestion(SuggestionKind::NarrowProduct, sentence, leads_to)
            })
        })
        .collect()
}

fn other_deal_type(facts: &Facts) -> Vec<Suggestion> {
    let words = |deal_type: DealType| match deal_type {
        DealType::NetNew => "net-new business",
        DealType::Expansion => "an expansion",
        DealType::Renewal => "a renewal",
    };
    DealType::ALL
        .iter()
        .copied()
        .filter(|deal_type| *deal_type != facts.asked.deal_type)
        .filter_map(|deal_type| {
            let leads_to = cleared(&with(facts, |asked| asked.deal_type = deal_type))?;
            let sentence = format!("Register it as {}, if that is what it is.", words(deal_type));
            Some(Suggestion {
                deal_type: Some(deal_type),
                ..suggestion(SuggestionKind::ChangeDealType, sentence, leads_to)
            })
        })
        .collect()
}

/// A narrower territory together with fewer products, where neither is enough alone.
fn both_narrower(facts: &Facts, judged: &Judged, alone_is_not_enough: bool) -> Option<Suggestion> {
    let top = facts
        .asked
        .territory_id
        .filter(|_| alone_is_not_enough && facts.asked.lines.len() > 1)?;
    held_up(judged).into_iter().find_map(|product| {
        let fewer = without(facts, &BTreeSet::from([product]));
        let found = widest(&fewer.territories, top, |territory| {
            cleared(&with(&fewer, |asked| asked.territory_id = Some(territory)))
        });
        let leads_to = found.iter().map(|(_, verdict)| *verdict).max()?;
        let territory_ids: Vec<TerritoryId> = found.into_iter().map(|(territory, _)| territory).take(NAMED).collect();
        let sentence = format!(
            "Leave out {} and narrow the territory to {}.",
            facts.products.label(product),
            named(&facts.territories, &territory_ids, "or")
        );
        Some(Suggestion {
            territory_ids,
            product_ids: vec![product],
            ..suggestion(SuggestionKind::DropAndNarrow, sentence, leads_to)
        })
    })
}

/// The request as it would be if protection were asked for from that moment on.
fn from_moment(facts: &Facts, from: Time) -> Facts {
    with(facts, |asked| asked.window = asked.window.moved_to(from))
}

/// The first moment at which a window of the asked length meets nothing that holds it up. Claims without a known end
/// (registrations, opportunities, house accounts) leave no such moment: nobody can say when they go.
fn earliest_free(facts: &Facts) -> Option<Time> {
    let ends = facts.claims.iter().filter(|claim| {
        !matches!(
            claim.kind,
            ClaimKind::DirectOpportunity | ClaimKind::EarlierRegistration
        )
    });
    let mut moments: BTreeSet<Time> = BTreeSet::new();
    for until in ends
        .filter_map(|claim| claim.window.until)
        .filter(|until| *until >= facts.asked.window.from)
    {
        moments.extend([until, until.plus_days(facts.policy.cool_down_days)]);
    }
    // A protection that has ended is remembered for a while, too.
    let remembered = facts
        .claims
        .iter()
        .filter_map(|claim| claim.window.until)
        .map(|until| until.plus_days(facts.policy.cool_down_days));
    moments.extend(remembered.filter(|moment| *moment > facts.asked.window.from));
    moments
        .into_iter()
        .take(TRIALS)
        .find(|moment| cleared(&from_moment(facts, *moment)).is_some())
}

fn later(facts: &Facts, from: Time) -> Option<Suggestion> {
    let leads_to = cleared(&from_moment(facts, from))?;
    let sentence = format!(
        "Wait until {}: as things stand the scope is free from then on.",
        from.date()
    );
    Some(Suggestion {
        from: Some(from),
        ..suggestion(SuggestionKind::WaitUntil, sentence, leads_to)
    })
}

/// Telling the customer apart from those that only resemble it.
fn another_customer(facts: &Facts) -> Option<Suggestion> {
    let doubtful: BTreeMap<_, _> = facts
        .customer
        .candidates
        .iter()
        .filter(|candidate| !candidate.decisive && candidate.relation == AccountRelation::Itself)
        .map(|candidate| (candidate.account_id, ()))
        .collect();
    if doubtful.is_empty() {
        return None;
    }
    let mut changed = facts.clone();
    changed.customer.candidates.retain(|candidate| {
        !doubtful.contains_key(&candidate.account_id)
            && !candidate.relative_of.is_some_and(|of| doubtful.contains_key(&of))
    });
    let leads_to = cleared(&changed)?;
    let concerned: BTreeSet<_> = judge(facts)
        .claims
        .iter()
        .map(|claim| claim.account_id)
        .filter(|account| doubtful.contains_key(account))
        .collect();
    if concerned.is_empty() {
        return None;
    }
    let sentence = "Show that the customer is another one than those it resembles: its registration number or web domain tells them apart.".to_owned();
    Some(Suggestion {
        account_ids: concerned.into_iter().collect(),
        ..suggestion(SuggestionKind::TellCustomersApart, sentence, leads_to)
    })
}
