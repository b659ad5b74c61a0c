//! One claim against one request: whether it stands, on what they overlap, and what it leads to.

use serde::{Deserialize, Serialize};

use super::{
    super::model::{ClaimKind, ClaimStanding, ConflictVerdict, ScopeOverlap},
    Asked, AskedLine, Candidate, ConflictPolicy, Facts, Window,
};
use crate::{
    customers::resolution::{AccountRelation, EntityClass},
    deals::{protection::DealTypeClass, registrations::DealType},
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, ProductId, TerritoryId},
    },
};

/// A place in the queue of first come, first protected: the moment of arrival, then the counter of the account,
/// both taken under the lock on the customer's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueuePlace {
    /// When the complete submission was received.
    pub received_at: Time,
    /// The account's counter.
    pub seq: i64,
}

/// Something that is held on a customer: by a partner, or by the vendor itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What it is.
    pub kind: ClaimKind,
    /// The record behind it, by id.
    pub reference: String,
    /// The number that people know the record by.
    pub number: Option<String>,
    /// The registration behind it, where there is one.
    pub deal_id: Option<DealId>,
    /// The customer it is on.
    pub account_id: AccountId,
    /// Who holds it; nobody means the vendor.
    pub partner_id: Option<PartnerId>,
    /// The product or line it is on; none means all.
    pub product_id: Option<ProductId>,
    /// The territory it is for; none means everywhere.
    pub territory_id: Option<TerritoryId>,
    /// The deals that it shuts out.
    pub class: DealTypeClass,
    /// For how long it is held.
    pub window: Window,
    /// Its place in the queue, for registrations.
    pub place: Option<QueuePlace>,
    /// When it was last worked on, for opportunities.
    pub last_activity_at: Option<Time>,
    /// When it loses its place unless somebody acts: the deadline of a request for information.
    pub lapses_at: Option<Time>,
}

/// A claim that stands against a line of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As what it counts now.
    pub kind: ClaimKind,
    /// What it leads to.
    pub effect: ConflictVerdict,
    /// How it stands.
    pub standing: ClaimStanding,
    /// On what they overlap.
    pub overlap: ScopeOverlap,
}

/// The most that a claim on that customer can lead to.
///
/// A fuzzy match alone never makes a conflict: it takes a decisive sign (a registration number, a domain, a person's
/// word). And it never lets anything through: what is probably the same customer is for a person to look at.
pub fn ceiling(candidate: &Candidate, facts: &Facts) -> ConflictVerdict {
    let policy = &facts.policy;
    let by_policy = match candidate.relation {
        AccountRelation::Itself => return certainty(candidate, policy),
        AccountRelation::Parent => policy.parent,
        AccountRelation::Subsidiary => policy.subsidiary,
        AccountRelation::Sibling => policy.sibling,
    };
    let of = facts
        .customer
        .candidates
        .iter()
        .find(|other| Some(other.account_id) == candidate.relative_of);
    let known = of
        .filter(|of| of.relation == AccountRelation::Itself)
        .map_or(ConflictVerdict::Clear, |of| certainty(of, policy));
    // A relative of a customer that is itself only possible says nothing.
    if known < ConflictVerdict::Review {
        ConflictVerdict::Clear
    } else {
        by_policy.min(known)
    }
}

fn certainty(candidate: &Candidate, policy: &ConflictPolicy) -> ConflictVerdict {
    match candidate.class {
        EntityClass::Identical | EntityClass::SameEntity if candidate.decisive => ConflictVerdict::Conflict,
        EntityClass::Identical | EntityClass::SameEntity | EntityClass::Probable => ConflictVerdict::Review,
        EntityClass::Possible if policy.tell_possible => ConflictVerdict::Advisory,
        EntityClass::Possible | EntityClass::Distinct => ConflictVerdict::Clear,
    }
}

/// Whether the claim stands against that line of the request, and how.
pub fn stand(claim: &Claim, candidate: &Candidate, line: &AskedLine, facts: &Facts) -> Option<Standing> {
    let (asked, policy) = (&facts.asked, &facts.policy);
    if claim.deal_id.is_some() && claim.deal_id == asked.deal_id {
        return None;
    }
    let ceiling = ceiling(candidate, facts);
    if ceiling == ConflictVerdict::Clear {
        return None;
    }
    let product = facts.products.position(claim.product_id, Some(line.product_id))?;
    let territory = facts.territories.position(claim.territory_id, asked.territory_id)?;
    let class = DealTypeClass::of(asked.deal_type, policy.renewals_meet_new_business);
    if !claim.class.meets(class) {
        return None;
    }
    let own = claim.partner_id.is_some() && claim.partner_id == asked.partner_id;
    let (kind, standing) = alive(claim, line, facts, own)?;
    let weight = policy.weight(kind, own);
    let effect = match standing {
        ClaimStanding::Holds => weight,
        ClaimStanding::Later => weight.min(ConflictVerdict::Review),
        ClaimStanding::Stale => ConflictVerdict::Advisory,
    };
    let shared = claim.window.shared(asked.window).unwrap_or(claim.window);
    Some(Standing {
        kind,
        effect: effect.min(ceiling),
        standing,
        overlap: ScopeOverlap {
            asked_product_id: line.product_id,
            product_id: claim.product_id,
            product: product.into(),
            territory_id: claim.territory_id,
            territory: territory.into(),
            from: shared.from,
            until: shared.until,
        },
    })
}

/// As what the claim counts at the time that is asked for, and whether it holds in full.
fn alive(claim: &Claim, line: &AskedLine, facts: &Facts, own: bool) -> Option<(ClaimKind, ClaimStanding)> {
    let (asked, policy) = (&facts.asked, &facts.policy);
    let received = line.place.map_or(facts.as_of, |place| place.received_at);
    let kind = claim.kind;
    match kind {
        ClaimKind::ActiveProtection
        | ClaimKind::SharedProtection
        | ClaimKind::ContestedProtection
        | ClaimKind::ExpiredProtection => {
            if kind != ClaimKind::ExpiredProtection && claim.window.meets(asked.window) {
                return Some((kind, ClaimStanding::Holds));
            }
            let ended = claim.window.until.filter(|until| *until <= asked.window.from)?;
            (asked.window.from < ended.plus_days(policy.cool_down_days) && kind != ClaimKind::ContestedProtection)
                .then_some((ClaimKind::ExpiredProtection, ClaimStanding::Holds))
        }
        ClaimKind::NamedAccount => claim.window.meets(asked.window).then(|| {
            // A customer that was reserved after the registration had arrived was not so when it counted.
            (
                kind,
                if claim.window.from <= received {
                    ClaimStanding::Holds
                } else {
                    ClaimStanding::Later
                },
            )
        }),
        ClaimKind::DirectOpportunity => {
            if claim.window.from >= received {
                return None;
            }
            let lively = claim
                .last_activity_at
                .is_some_and(|at| at.plus_days(policy.opportunity_active_days) >= received);
            Some((
                kind,
                if lively {
                    ClaimStanding::Holds
                } else {
                    ClaimStanding::Stale
                },
            ))
        }
        ClaimKind::EarlierRegistration => {
            let lapsed = claim.lapses_at.is_some_and(|at| at <= facts.as_of);
            (!lapsed && comes_before(claim, asked, line)).then_some((kind, ClaimStanding::Holds))
        }
        ClaimKind::AcceptedLead => (!own && claim.window.meets(asked.window)).then_some((kind, ClaimStanding::Holds)),
        ClaimKind::InstalledBase => (asked.deal_type == DealType::NetNew && claim.window.meets(Window::open(received)))
            .then_some((kind, ClaimStanding::Holds)),
    }
}

/// Whether a registration has a place in the queue before the line. What has no place yet is behind everyone.
pub fn comes_before(claim: &Claim, asked: &Asked, line: &AskedLine) -> bool {
    match (claim.place, line.place) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(theirs), Some(ours)) => (theirs, claim.deal_id) < (ours, asked.deal_id),
    }
}
