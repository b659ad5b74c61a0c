//! Who the customer may be: the candidates that the matching finds, the account that the registration is tied to, and
//! the relatives of both.

use std::collections::BTreeSet;

use super::{around::Around, registrations::Described};
use crate::{
    customers::{
        CustomerInput, MatchSignal, ResolutionCandidate,
        resolution::{self, EntityClass, MOST_CANDIDATES, MatchingThresholds, SearchKey},
    },
    db::Tx,
    deals::{
        conflict::rules::{Candidate, Customer},
        registrations::CustomerResolution,
    },
    error::Result,
    kernel::{Address, ids::AccountId},
};

/// From so many accounts on that share a telling key, not all of them may have been looked at.
const SHARED_BY_MANY: i64 = 100;

/// Searches for the accounts that the description may mean. The costly part of a check: it needs no lock, and what it
/// finds is remembered.
///
/// # Errors
/// What the database reports.
pub fn look_up(tx: &mut Tx<'_>, described: &Described, thresholds: &MatchingThresholds) -> Result<Customer> {
    let found = resolution::candidates(tx, &input(described), thresholds)?;
    Ok(Customer {
        capped: incomplete(&found.keys, found.considered),
        unknown: found.keys.is_empty(),
        considered: found.considered,
        candidates: found.candidates.into_iter().map(Candidate::from).collect(),
    })
}

/// Adds what is found among accounts that were made since, but for those that the search found already: it may have seen one that
/// was made while it began.
///
/// # Errors
/// What the database reports.
pub fn look_among(
    tx: &mut Tx<'_>,
    described: &Described,
    customer: &mut Customer,
    accounts: &[AccountId],
) -> Result<()> {
    let seen: BTreeSet<AccountId> = customer.candidates.iter().map(|one| one.account_id).collect();
    let new: Vec<AccountId> = accounts.iter().copied().filter(|id| !seen.contains(id)).collect();
    let found = resolution::candidates_among(tx, &input(described), &new)?;
    customer.considered += i64::try_from(found.len()).unwrap_or(0);
    customer.candidates.extend(found.into_iter().map(Candidate::from));
    customer.candidates.sort_by(|a, b| {
        (a.class, !a.decisive)
            .cmp(&(b.class, !b.decisive))
            .then(b.score.total_cmp(&a.score))
    });
    Ok(())
}

fn input(described: &Described) -> CustomerInput {
    let address = Address {
        street: described.street.clone(),
        city: described.city.clone(),
        region: described.region.clone(),
        postal_code: described.postal_code.clone(),
        country: described.country.as_deref().and_then(|code| code.parse().ok()),
    };
    CustomerInput {
        name: described.name.clone(),
        website: described.website.clone(),
        registration_number: described.registration_number.clone(),
        registration_authority: described.registration_authority.clone(),
        phone: described.phone.clone(),
        email: described.email.clone(),
        address: Some(address),
        external_refs: None,
    }
}

/// Whether accounts may have been passed over that a person would want to look at. A common word that many share is no
/// reason: those who share only that are not alike. But where so many share a telling key, or where nothing but common
/// words was there to look for, nobody can say that the customer is new.
fn incomplete(keys: &[SearchKey], considered: i64) -> bool {
    let telling = |key: &&SearchKey| {
        matches!(
            key.kind.as_str(),
            "external_id" | "registration_number" | "domain" | "email_domain" | "name"
        )
    };
    let cut = keys.iter().filter(telling).any(|key| key.accounts >= SHARED_BY_MANY);
    let nothing_left = !keys.is_empty() && keys.iter().all(|key| key.skipped);
    usize::try_from(considered).unwrap_or(usize::MAX) >= MOST_CANDIDATES || cut || nothing_left
}

impl From<ResolutionCandidate> for Candidate {
    fn from(found: ResolutionCandidate) -> Self {
        Self {
            account_id: found.account_id,
            class: found.class,
            decisive: found.decisive,
            score: thousandths(found.score),
            relation: found.relation,
            relative_of: found.relative_of_id,
            matched: found.matched.into_iter().map(rounded).collect(),
            against: found.against.into_iter().map(rounded).collect(),
            evidence: found.evidence,
        }
    }
}

/// A number with three digits: it is the same after it was stored as text and read again.
fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn rounded(signal: MatchSignal) -> MatchSignal {
    MatchSignal {
        similarity: thousandths(signal.similarity),
        share: signal.share.map(thousandths),
        ..signal
    }
}

/// Brings what was found up to date: accounts that were merged count as those that stayed, and the account that the
/// registration is tied to counts as the customer, beyond doubt if a person or the registration itself said so.
///
/// # Errors
/// What the database reports.
pub fn named(
    tx: &mut Tx<'_>,
    around: &mut Around,
    customer: &mut Customer,
    account: Option<AccountId>,
    how: CustomerResolution,
) -> Result<()> {
    let mut ids: BTreeSet<AccountId> = customer
        .candidates
        .iter()
        .map(|candidate| candidate.account_id)
        .collect();
    ids.extend(account);
    let survivors = around.survivors(tx, &ids)?;
    let now = |id: AccountId| survivors.get(&id).copied().unwrap_or(id);
    for candidate in &mut customer.candidates {
        candidate.account_id = now(candidate.account_id);
    }
    // Two candidates may have become one: the surer of them stays.
    customer
        .candidates
        .sort_by_key(|candidate| (candidate.account_id, !candidate.decisive, candidate.class));
    customer.candidates.dedup_by_key(|candidate| candidate.account_id);
    let Some(account) = account.map(now) else { return Ok(()) };
    customer.unknown = false;
    let present = customer
        .candidates
        .iter_mut()
        .find(|candidate| candidate.account_id == account);
    match (how, present) {
        (CustomerResolution::Chosen | CustomerResolution::Created | CustomerResolution::Imported, Some(candidate)) => {
            (candidate.decisive, candidate.class) = (true, EntityClass::Identical);
            candidate.evidence = None;
        }
        (CustomerResolution::Chosen | CustomerResolution::Created | CustomerResolution::Imported, None) => {
            customer.candidates.push(Candidate::certain(account, how.as_str()));
        }
        // Tied by the matching: as sure as the match is, but no less than probable, since protection hangs on it.
        (CustomerResolution::Matched | CustomerResolution::Unresolved, Some(candidate)) => {
            candidate.class = candidate.class.min(EntityClass::Probable);
            if let Some(evidence) = &mut candidate.evidence {
                evidence.at_least = evidence.at_least.min(EntityClass::Probable);
                evidence.at_most = evidence.at_most.min(EntityClass::Probable);
            }
        }
        (CustomerResolution::Matched | CustomerResolution::Unresolved, None) => {
            customer.candidates.push(Candidate {
                decisive: false,
                class: EntityClass::SameEntity,
                ..Candidate::certain(account, how.as_str())
            });
        }
    }
    Ok(())
}

/// Adds the parents, subsidiaries and siblings of the accounts that are at least probably the customer.
///
/// # Errors
/// What the database reports.
pub fn with_relatives(tx: &mut Tx<'_>, around: &mut Around, customer: &mut Customer) -> Result<()> {
    let relatives = around.relatives(tx, customer)?;
    let candidates = customer.candidates.iter();
    let mut known: BTreeSet<AccountId> = candidates.map(|candidate| candidate.account_id).collect();
    for (account, of, relation) in relatives {
        if known.insert(account) {
            customer.candidates.push(Candidate {
                relation,
                relative_of: Some(of),
                class: EntityClass::Distinct,
                decisive: false,
                score: 0.0,
                ..Candidate::certain(account, "hierarchy")
            });
        }
    }
    Ok(())
}
