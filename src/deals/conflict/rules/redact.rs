//! What the partner reads of a check: that there is something, of which kind, on which part of its own request, and what
//! it can do. Never who, how much, or with whom at the customer. Built anew from allowed values, not by deleting.

use super::super::model::{
    Assessment, ClaimFinding, ClaimKind, ConflictVerdict, RedactedAssessment, RedactedClaim, RedactedCustomer,
    RedactedOverlap, SuggestionKind,
};
use super::policy::ConflictPolicy;
use crate::{customers::resolution::AccountRelation, kernel::Time};

/// The partner's view of an assessment: at most what the policy lets partners know. Their own claims they are always told.
pub fn redact(full: &Assessment, policy: &ConflictPolicy) -> RedactedAssessment {
    RedactedAssessment {
        verdict: full.verdict,
        summary: summary(full, policy),
        customer: full.customer.as_ref().map(|customer| RedactedCustomer {
            class: customer.class,
            decisive: customer.decisive,
            matched: names(customer.matched.iter().map(|signal| signal.signal.as_str())),
            against: names(customer.against.iter().map(|signal| signal.signal.as_str())),
        }),
        claims: full
            .claims
            .iter()
            .filter(|claim| policy.tell_claims || claim.own)
            .map(|found| claim(found, policy))
            .collect(),
        queue_position: policy.tell_queue_position.then_some(full.queue_position),
        earliest_free_at: full.earliest_free_at.filter(|_| policy.tell_earliest_free),
        would_clear_if: full
            .would_clear_if
            .iter()
            .filter(|way| is_told(way.kind, policy))
            .cloned()
            .map(|mut suggestion| {
                // Which customers resemble this one is the vendor's knowledge.
                suggestion.account_ids.clear();
                suggestion
            })
            .collect(),
        policy: full.policy,
    }
}

/// Whether partners may know of such a way: one that names a moment tells when the scope is free.
fn is_told(kind: SuggestionKind, policy: &ConflictPolicy) -> bool {
    policy.tell_ways_out && (policy.tell_earliest_free || kind != SuggestionKind::WaitUntil)
}

fn names<'a>(signals: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = signals.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn claim(claim: &ClaimFinding, policy: &ConflictPolicy) -> RedactedClaim {
    let until = claim
        .until
        .filter(|_| claim.kind == ClaimKind::ActiveProtection && (policy.tell_earliest_free || claim.own));
    RedactedClaim {
        precedence: claim.precedence,
        kind: claim.kind,
        effect: claim.effect,
        own: claim.own,
        deal_id: claim.deal_id.filter(|_| claim.own),
        relation: claim.relation,
        until,
        overlaps: claim
            .overlaps
            .iter()
            .map(|overlap| RedactedOverlap {
                asked_product_id: overlap.asked_product_id,
                product: overlap.product,
                territory: overlap.territory,
            })
            .collect(),
        why: why(claim, until),
    }
}

fn why(claim: &ClaimFinding, until: Option<Time>) -> String {
    let mut text = match (claim.kind, claim.own) {
        (ClaimKind::ActiveProtection, true) => "You hold a protection on this scope already".to_owned(),
        (ClaimKind::ActiveProtection, false) => "Another registration was approved first".to_owned(),
        (ClaimKind::NamedAccount, _) => "The vendor keeps this customer to itself".to_owned(),
        (ClaimKind::DirectOpportunity, _) => "The vendor is in touch with this customer itself".to_owned(),
        (ClaimKind::EarlierRegistration, true) => {
            "You have an earlier registration of this scope that is not decided".to_owned()
        }
        (ClaimKind::EarlierRegistration, false) => {
            "Another registration was received earlier and is not decided".to_owned()
        }
        (ClaimKind::AcceptedLead, _) => "The vendor has given this customer as a lead already".to_owned(),
        (ClaimKind::InstalledBase, _) => {
            "The customer already has the product, so this is not net-new business".to_owned()
        }
        (ClaimKind::ContestedProtection, _) => "A protection of this scope is being decided on".to_owned(),
        (ClaimKind::SharedProtection, _) => "Others may work on this scope as well".to_owned(),
        (ClaimKind::ExpiredProtection, true) => "Your protection of this scope ended only lately".to_owned(),
        (ClaimKind::ExpiredProtection, false) => "A protection of this scope ended only lately".to_owned(),
    };
    if let Some(until) = until {
        text.push_str(&format!(", and is protected until {}", until.date()));
    }
    if claim.relation != AccountRelation::Itself {
        text.push_str("; it concerns another company of the customer's group");
    } else if claim.effect == ConflictVerdict::Review && !claim.own {
        text.push_str("; whether it is the same customer has to be looked at");
    }
    text.push('.');
    text
}

fn summary(full: &Assessment, policy: &ConflictPolicy) -> String {
    let verdict = match full.verdict {
        ConflictVerdict::Clear => return "Nobody holds or waits for this scope.".to_owned(),
        ConflictVerdict::Advisory => "Nothing stands in the way, but there is something to know.".to_owned(),
        ConflictVerdict::Review => "A person at the vendor has to look at this registration.".to_owned(),
        ConflictVerdict::Conflict => "The scope is taken.".to_owned(),
    };
    let place = if full.queue_position > 1 && policy.tell_queue_position {
        format!(" Your place in the queue is {}.", full.queue_position)
    } else {
        String::new()
    };
    let free = full.earliest_free_at.filter(|_| policy.tell_earliest_free);
    let free = free.map_or_else(String::new, |at| {
        format!(" As things stand it is free from {}.", at.date())
    });
    let way = if full
        .would_clear_if
        .iter()
        .any(|way| way.kind != SuggestionKind::WaitUntil && is_told(way.kind, policy))
    {
        " There are ways to clear it."
    } else {
        ""
    };
    format!("{verdict}{place}{free}{way}")
}
