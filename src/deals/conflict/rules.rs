//! Whether a registration conflicts with what others hold, and why. Pure: the same facts give the same assessment,
//! so that a stored check can be run again years later.
//!
//! The order of things (`cr-1`):
//! 1. Each claim on a candidate customer is held against each line of the request: it stands where product, territory,
//!    class of deal and time overlap, and where it is alive at the time that is asked for.
//! 2. What it leads to is what the policy says for its kind, but never more than the match of the customer bears: a
//!    fuzzy match alone leads to `review`, never to `conflict` and never to `clear`.
//! 3. The verdict is the heaviest of them. Nothing else adds to it, so that taking a claim away never worsens it.
//! 4. What would clear it is found by trying: each suggestion is a changed request that was judged by the same rules.

mod claims;
mod explain;
mod policy;
#[cfg(test)]
mod properties;
mod redact;
mod scope;
mod suggest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use claims::{Claim, QueuePlace};
pub use policy::ConflictPolicy;
pub use redact::redact;
pub use scope::{Position, Tree, Window};
use serde::{Deserialize, Serialize};

use super::model::{
    Assessment, AutoAction, ClaimFinding, ClaimKind, ClaimStanding, ConflictVerdict, CustomerMatch, PolicyOutcome,
    RuleVersion,
};
use crate::{
    customers::resolution::{
        AccountRelation, EntityClass, MatchEvidence, MatchSignal, MatchingThresholds, SignalWeight,
    },
    deals::registrations::DealType,
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, ProductId, TerritoryId},
    },
};

/// The rules in force.
pub const RULES: RuleVersion = RuleVersion::Cr1;

/// A line of what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedLine {
    /// The product or product line.
    pub product_id: ProductId,
    /// Its place in the queue; a line that was added later has a later one than the deal. None before submission.
    pub place: Option<QueuePlace>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The registration, if there is one already; its own claims do not count.
    pub deal_id: Option<DealId>,
    /// The partner who asks; nobody for a look by the vendor.
    pub partner_id: Option<PartnerId>,
    /// The products.
    pub lines: Vec<AskedLine>,
    /// The territory; none means everywhere.
    pub territory_id: Option<TerritoryId>,
    /// What kind of business it is.
    pub deal_type: DealType,
    /// The time for which protection is asked.
    pub window: Window,
}

/// A customer account that the customer of the request may be, or that belongs to its group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The account.
    pub account_id: AccountId,
    /// How sure it is that it is the same customer.
    pub class: EntityClass,
    /// Whether something decisive says so: a registration number, a domain of its own, a verified address, a person.
    pub decisive: bool,
    /// How alike they are, 0 to 1, in thousandths.
    pub score: f64,
    /// Whether it is the customer itself or a relative of it.
    pub relation: AccountRelation,
    /// The candidate whose relative it is.
    pub relative_of: Option<AccountId>,
    /// What speaks for it.
    pub matched: Vec<MatchSignal>,
    /// What speaks against it.
    pub against: Vec<MatchSignal>,
    /// What the class follows from; none where a person, the registration or the hierarchy says it, and in old checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<MatchEvidence>,
}

impl Candidate {
    /// An account that is the customer beyond doubt: a person or the registration itself says so.
    pub fn certain(account_id: AccountId, said_by: &str) -> Self {
        let signal = MatchSignal {
            signal: said_by.to_owned(),
            a: String::new(),
            b: String::new(),
            norm_a: String::new(),
            norm_b: String::new(),
            method: "said".to_owned(),
            similarity: 1.0,
            weight: SignalWeight::Decisive,
            share: None,
        };
        Self {
            account_id,
            class: EntityClass::Identical,
            decisive: true,
            score: 1.0,
            relation: AccountRelation::Itself,
            relative_of: None,
            matched: vec![signal],
            against: Vec::new(),
            evidence: None,
        }
    }
}

/// What is known of the customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// The accounts that it may be, and their relatives.
    pub candidates: Vec<Candidate>,
    /// How many accounts were compared.
    pub considered: i64,
    /// Whether there were more than could be compared.
    pub capped: bool,
    /// Whether the request says too little of the customer to look for it.
    pub unknown: bool,
}

impl Customer {
    /// Brings the classes up to date with what a policy says of scores. What does not follow from a score stays.
    pub fn classed(&mut self, thresholds: &MatchingThresholds) {
        for candidate in &mut self.candidates {
            if let Some(evidence) = &candidate.evidence {
                (candidate.class, candidate.score) = thresholds.judge(evidence);
                candidate.decisive = candidate.class <= EntityClass::SameEntity
                    && candidate
                        .matched
                        .iter()
                        .any(|signal| signal.weight == SignalWeight::Decisive);
            }
        }
    }
}

/// Everything that a check looks at. Stored with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The moment as of which the check looks.
    pub as_of: Time,
    /// What is asked for.
    pub asked: Asked,
    /// Who the customer may be.
    pub customer: Customer,
    /// What is held on those customers.
    pub claims: Vec<Claim>,
    /// The products concerned.
    pub products: Tree<ProductId>,
    /// The territories concerned.
    pub territories: Tree<TerritoryId>,
    /// How much each kind of claim weighs.
    pub policy: ConflictPolicy,
}

/// The verdict with the claims behind it, the heaviest first.
#[derive(Debug, Clone, PartialEq)]
struct Judged {
    verdict: ConflictVerdict,
    claims: Vec<ClaimFinding>,
}

/// Assesses the facts by that version of the rules.
///
/// # Errors
/// None for versions there are; the signature leaves room for a version that has been retired.
pub fn assess(version: RuleVersion, facts: &Facts) -> Result<Assessment> {
    match version {
        RuleVersion::Cr1 => {
            assess_cr1(facts).ok_or_else(|| Error::internal("a request without lines reached the conflict rules"))
        }
    }
}

fn assess_cr1(facts: &Facts) -> Option<Assessment> {
    if facts.asked.lines.is_empty() {
        return None;
    }
    let judged = judge(facts);
    let (earliest_free_at, would_clear_if) = suggest::suggest(facts, &judged);
    let queue = Queue::of(facts, &judged);
    let may_approve = judged.verdict == ConflictVerdict::Clear;
    Some(Assessment {
        verdict: judged.verdict,
        summary: explain::summary(facts, &judged, earliest_free_at),
        customer: best_match(facts),
        candidates: telling_candidates(facts, &judged),
        candidates_considered: facts.customer.considered,
        capped: facts.customer.capped,
        queue_position: queue.ahead + 1,
        registrations_behind: queue.behind,
        earliest_free_at,
        would_clear_if,
        policy: PolicyOutcome {
            auto_action: if may_approve {
                AutoAction::MayApprove
            } else {
                AutoAction::HoldForReview
            },
            appealable: judged.verdict == ConflictVerdict::Conflict,
        },
        claims: judged.claims,
    })
}

/// What a stored check would come to under another policy, on what it had looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejudged {
    /// The surest class of those that follow from a score; none if no account was compared by one.
    pub class: Option<EntityClass>,
    /// The verdict.
    pub verdict: ConflictVerdict,
}

/// Judges what a check had looked at by another policy. What that policy would have looked at besides is not there.
pub fn rejudge(facts: &Facts, policy: ConflictPolicy) -> Rejudged {
    let mut facts = Facts {
        policy,
        ..facts.clone()
    };
    facts.customer.classed(&facts.policy.matching);
    Rejudged {
        class: surest_by_score(&facts),
        verdict: judge(&facts).verdict,
    }
}

/// The verdict alone: what each trial of a suggestion asks for.
fn judge(facts: &Facts) -> Judged {
    let candidates: BTreeMap<AccountId, &Candidate> = facts
        .customer
        .candidates
        .iter()
        .map(|candidate| (candidate.account_id, candidate))
        .collect();
    // One finding for each record: a registration of three lines is one claim on three products.
    let mut found: BTreeMap<(&str, ClaimKind), ClaimFinding> = BTreeMap::new();
    for claim in &facts.claims {
        let Some(candidate) = candidates.get(&claim.account_id) else {
            continue;
        };
        for line in &facts.asked.lines {
            let Some(standing) = claims::stand(claim, candidate, line, facts) else {
                continue;
            };
            let entry = found.entry((claim.reference.as_str(), standing.kind));
            let finding = entry.or_insert_with(|| {
                finding(
                    claim,
                    candidate,
                    standing.kind,
                    standing.effect,
                    standing.standing,
                    facts,
                )
            });
            if standing.effect > finding.effect {
                (finding.effect, finding.standing) = (standing.effect, standing.standing);
            }
            if !finding.overlaps.contains(&standing.overlap) {
                finding.overlaps.push(standing.overlap);
            }
        }
    }
    let mut claims: Vec<ClaimFinding> = found.into_values().collect();
    claims.sort_by(|a, b| strength(a).cmp(&strength(b)));
    for (index, claim) in claims.iter_mut().enumerate() {
        claim.precedence = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        claim
            .overlaps
            .sort_by_key(|overlap| (overlap.asked_product_id, overlap.product_id, overlap.territory_id));
        claim.why = explain::why(facts, claim);
    }
    let heaviest = claims
        .iter()
        .map(|claim| claim.effect)
        .max()
        .unwrap_or(ConflictVerdict::Clear);
    // What could not be looked up cannot be clear.
    let unseen = if facts.customer.capped || facts.customer.unknown {
        ConflictVerdict::Review
    } else {
        ConflictVerdict::Clear
    };
    Judged {
        verdict: heaviest.max(unseen),
        claims,
    }
}

/// The order of claims: what it leads to, then the kind, then the time, then the record.
fn strength(claim: &ClaimFinding) -> (std::cmp::Reverse<ConflictVerdict>, ClaimKind, Time, Option<i64>, &str) {
    (
        std::cmp::Reverse(claim.effect),
        claim.kind,
        claim.since,
        claim.seq,
        claim.reference.as_str(),
    )
}

fn finding(
    claim: &Claim,
    candidate: &Candidate,
    kind: ClaimKind,
    effect: ConflictVerdict,
    standing: ClaimStanding,
    facts: &Facts,
) -> ClaimFinding {
    ClaimFinding {
        precedence: 0,
        kind,
        effect,
        standing,
        reference: claim.reference.clone(),
        number: claim.number.clone(),
        deal_id: claim.deal_id,
        partner_id: claim.partner_id,
        own: claim.partner_id.is_some() && claim.partner_id == facts.asked.partner_id,
        account_id: claim.account_id,
        class: candidate.class,
        relation: candidate.relation,
        since: claim.place.map_or(claim.window.from, |place| place.received_at),
        seq: claim.place.map(|place| place.seq),
        until: claim.window.until,
        last_activity_at: claim.last_activity_at,
        overlaps: Vec::new(),
        why: String::new(),
    }
}

/// The queue of those who want or hold the scope.
struct Queue {
    ahead: i64,
    behind: i64,
}

impl Queue {
    /// Counts each registration once: those whose protection or earlier submission overlaps stand ahead, later ones behind.
    fn of(facts: &Facts, judged: &Judged) -> Self {
        let waits = |claim: &&ClaimFinding| {
            matches!(claim.kind, ClaimKind::ActiveProtection | ClaimKind::EarlierRegistration)
                && claim.relation == AccountRelation::Itself
                && claim.effect >= ConflictVerdict::Review
        };
        let ahead: BTreeSet<&str> = judged
            .claims
            .iter()
            .filter(waits)
            .map(ClaimFinding::registration)
            .collect();
        let behind: BTreeSet<&str> = facts
            .claims
            .iter()
            .filter(|claim| waits_behind(claim, facts))
            .map(|claim| claim.reference.as_str())
            .collect();
        let count = |set: BTreeSet<&str>| i64::try_from(set.len()).unwrap_or(i64::MAX);
        Self {
            ahead: count(ahead),
            behind: count(behind),
        }
    }
}

fn waits_behind(claim: &Claim, facts: &Facts) -> bool {
    let same = facts.customer.candidates.iter().any(|candidate| {
        candidate.account_id == claim.account_id
            && candidate.relation == AccountRelation::Itself
            && claims::ceiling(candidate, facts) >= ConflictVerdict::Review
    });
    let class =
        crate::deals::protection::DealTypeClass::of(facts.asked.deal_type, facts.policy.renewals_meet_new_business);
    same && claim.kind == ClaimKind::EarlierRegistration
        && (claim.deal_id.is_none() || claim.deal_id != facts.asked.deal_id)
        && claim.lapses_at.is_none_or(|at| at > facts.as_of)
        && claim.class.meets(class)
        && facts
            .territories
            .position(claim.territory_id, facts.asked.territory_id)
            .is_some()
        && facts.asked.lines.iter().any(|line| {
            line.place.is_some()
                && facts
                    .products
                    .position(claim.product_id, Some(line.product_id))
                    .is_some()
                && !claims::comes_before(claim, &facts.asked, line)
        })
}

/// The registrations ahead in the queue, by arrival, with the numbers that people know them by.
pub fn earlier(facts: &Facts) -> Vec<(DealId, String)> {
    let mut waiting: Vec<ClaimFinding> = judge(facts)
        .claims
        .into_iter()
        .filter(|claim| {
            claim.kind == ClaimKind::EarlierRegistration
                && claim.relation == AccountRelation::Itself
                && claim.effect > ConflictVerdict::Clear
        })
        .collect();
    waiting.sort_by_key(|claim| (claim.since, claim.seq, claim.deal_id));
    waiting
        .into_iter()
        .filter_map(|claim| Some((claim.deal_id?, claim.registration().to_owned())))
        .collect()
}

/// The registrations behind in the queue, by arrival, with the numbers that people know them by.
pub fn later(facts: &Facts) -> Vec<(DealId, String)> {
    let mut waiting: Vec<&Claim> = facts.claims.iter().filter(|claim| waits_behind(claim, facts)).collect();
    waiting.sort_by_key(|claim| (claim.place.map(|place| (place.received_at, place.seq)), claim.deal_id));
    let mut told = BTreeSet::new();
    waiting
        .into_iter()
        .filter_map(|claim| {
            let number = claim.number.as_ref().unwrap_or(&claim.reference);
            Some((claim.deal_id?, number.clone()))
        })
        .filter(|(deal, _)| told.insert(*deal))
        .collect()
}

/// The account that the customer most surely is.
fn best_match(facts: &Facts) -> Option<CustomerMatch> {
    let itself = facts
        .customer
        .candidates
        .iter()
        .filter(|candidate| candidate.relation == AccountRelation::Itself);
    let best = itself.max_by(|a, b| {
        certainty_order(a)
            .cmp(&certainty_order(b))
            .then(b.account_id.cmp(&a.account_id))
    })?;
    Some(CustomerMatch::from(best))
}

/// The surest class of an account that is known by its score: what a person or the registration itself says is the same under
/// every policy. Classes are declared from the surest down.
fn surest_by_score(facts: &Facts) -> Option<EntityClass> {
    let scored = facts
        .customer
        .candidates
        .iter()
        .filter(|candidate| candidate.evidence.is_some());
    scored.map(|candidate| candidate.class).min()
}

fn certainty_order(candidate: &Candidate) -> (bool, std::cmp::Reverse<EntityClass>, i64) {
    // Classes are declared from the surest down. The score in thousandths, so that there is an order without floats.
    (
        candidate.decisive,
        std::cmp::Reverse(candidate.class),
        thousandths(candidate.score),
    )
}

fn thousandths(score: f64) -> i64 {
    format!("{:.0}", score.clamp(0.0, 10.0) * 1000.0).parse().unwrap_or(0)
}

/// The candidates that a reader has to know of: those with claims, and those that are probably the customer.
fn telling_candidates(facts: &Facts, judged: &Judged) -> Vec<CustomerMatch> {
    let claimed: BTreeSet<AccountId> = judged.claims.iter().map(|claim| claim.account_id).collect();
    let mut telling: Vec<&Candidate> = facts
        .customer
        .candidates
        .iter()
        .filter(|candidate| {
            claimed.contains(&candidate.account_id)
                || (candidate.relation == AccountRelation::Itself && candidate.class <= EntityClass::Probable)
        })
        .collect();
    telling.sort_by(|a, b| {
        certainty_order(b)
            .cmp(&certainty_order(a))
            .then(a.account_id.cmp(&b.account_id))
    });
    telling.into_iter().take(50).map(CustomerMatch::from).collect()
}

impl From<&Candidate> for CustomerMatch {
    fn from(candidate: &Candidate) -> Self {
        Self {
            account_id: candidate.account_id,
            class: candidate.class,
            decisive: candidate.decisive,
            score: candidate.score,
            relation: candidate.relation,
            relative_of_id: candidate.relative_of,
            matched: candidate.matched.clone(),
            against: candidate.against.clone(),
        }
    }
}
