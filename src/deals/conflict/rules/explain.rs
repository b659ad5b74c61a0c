//! The sentences of a check. For the vendor: they name records. The partner's are in `redact`.

use super::{
    super::model::{ClaimFinding, ClaimKind, ClaimStanding, ConflictVerdict},
    Facts, Judged,
};
use crate::{customers::resolution::AccountRelation, kernel::Time};

/// Why the claim stands.
pub fn why(facts: &Facts, claim: &ClaimFinding) -> String {
    let number = claim.number.as_deref().unwrap_or(claim.reference.as_str());
    let since = claim.since.date();
    let mut text = match claim.kind {
        ClaimKind::ActiveProtection => match claim.until {
            Some(until) => format!("Approved first: {number} is protected until {}", until.date()),
            None => format!("Approved first: {number} is protected"),
        },
        ClaimKind::NamedAccount if claim.standing == ClaimStanding::Later => {
            format!(
                "The vendor has kept this customer to itself since {since}, but only after the registration was received"
            )
        }
        ClaimKind::NamedAccount => format!("The vendor has kept this customer to itself since {since}"),
        ClaimKind::DirectOpportunity => {
            let activity = claim
                .last_activity_at
                .map_or_else(|| "never".to_owned(), |at| format!("on {}", at.date()));
            if claim.standing == ClaimStanding::Stale {
                format!(
                    "The vendor's own opportunity {number} is open since {since}, but was last worked on {activity}"
                )
            } else {
                format!("The vendor works on opportunity {number} itself since {since}, last {activity}")
            }
        }
        ClaimKind::EarlierRegistration => {
            format!("{number} was received earlier, at {}, and is not decided", claim.since)
        }
        ClaimKind::AcceptedLead => format!("The vendor's lead {number} was accepted by another partner on {since}"),
        ClaimKind::InstalledBase => "The customer already has the product, so this is not net-new business".to_owned(),
        ClaimKind::ContestedProtection => {
            format!("The protection of {number} is paused or contested in a conflict case")
        }
        ClaimKind::SharedProtection => format!("{number} is protected beside others, not exclusively"),
        ClaimKind::ExpiredProtection => {
            let ended = claim
                .until
                .map_or_else(String::new, |until| format!(" on {}", until.date()));
            format!(
                "The protection of {number} ended only lately{ended}; for {} days it is remembered",
                facts.policy.cool_down_days
            )
        }
    };
    if claim.own {
        text.push_str("; it is the same partner's");
    }
    match claim.relation {
        AccountRelation::Itself
            if claim.effect < ConflictVerdict::Conflict
                && facts.policy.weight(claim.kind, claim.own) > claim.effect
                && claim.standing == ClaimStanding::Holds =>
        {
            text.push_str(&format!(
                "; that it is the same customer is only {}",
                if claim.class <= crate::customers::resolution::EntityClass::Probable {
                    "likely"
                } else {
                    "possible"
                }
            ));
        }
        AccountRelation::Itself => {}
        AccountRelation::Parent => text.push_str("; the claim is on the customer's parent"),
        AccountRelation::Subsidiary => text.push_str("; the claim is on a subsidiary of the customer"),
        AccountRelation::Sibling => text.push_str("; the claim is on another company of the customer's group"),
    }
    text.push('.');
    text
}

/// The check in one or two sentences.
pub fn summary(facts: &Facts, judged: &Judged, free: Option<Time>) -> String {
    if facts.customer.unknown {
        return "Too little is known of the customer to look for conflicts; give a domain, a registration number, or name and address.".to_owned();
    }
    let Some(first) = judged.claims.first() else {
        return if facts.customer.capped {
            "More customers resemble this one than can be compared; a person has to look.".to_owned()
        } else {
            "Nobody holds or waits for this scope.".to_owned()
        };
    };
    let verdict = match judged.verdict {
        ConflictVerdict::Conflict => "The scope is taken.",
        ConflictVerdict::Review => "The scope may be taken; a person has to look.",
        ConflictVerdict::Advisory | ConflictVerdict::Clear => {
            "Nothing stands in the way, but there is something to know."
        }
    };
    let free = free.map_or_else(String::new, |at| {
        format!(" As things stand it is free from {}.", at.date())
    });
    format!("{verdict} {}{free}", first.why)
}
