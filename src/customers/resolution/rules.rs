//! Which keys are looked for, which finds are compared, and what the comparison comes to. Pure.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    MOST_CANDIDATES,
    model::{
        AccountRelation, CustomerInput, EntityClass, MatchSignal, ResolutionCandidate, ResolvedCustomer, SearchKey,
        SignalWeight,
    },
    queries::{Described, Hit},
    thresholds::MatchingThresholds,
};
use crate::{
    customers::matching::{
        address::RawAddress,
        keys::{Key, KeyKind, keys},
        profile::{ExternalId, Profile, RawEmail, RawProfile, RawRegistration},
        score::{self, Match, Signal, Weight},
    },
    kernel::{country::Country, ids::AccountId},
};

impl CustomerInput {
    /// The customer as the matching takes it.
    pub fn described(&self) -> RawProfile {
        let address = self.address.clone().unwrap_or_default();
        let country = address.country.map(Country::as_str).unwrap_or_default().to_owned();
        RawProfile {
            name: self.name.clone(),
            websites: self.website.clone().into_iter().collect(),
            registrations: self
                .registration_number
                .clone()
                .map(|number| RawRegistration {
                    number,
                    authority: self.registration_authority.clone().unwrap_or_default(),
                })
                .into_iter()
                .collect(),
            phones: self.phone.clone().into_iter().collect(),
            emails: self
                .email
                .clone()
                .map(|address| RawEmail {
                    address,
                    verified: false,
                })
                .into_iter()
                .collect(),
            addresses: vec![RawAddress {
                street: address.street.unwrap_or_default(),
                postcode: address.postal_code.unwrap_or_default(),
                city: address.city.unwrap_or_default(),
                country: country.clone(),
                ..RawAddress::default()
            }],
            external_ids: self
                .external_refs
                .iter()
                .flatten()
                .map(|known| ExternalId {
                    system: known.system.clone(),
                    id: known.id.clone(),
                })
                .collect(),
            country,
            ..RawProfile::default()
        }
    }
}

/// A key to look for, with how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// How many accounts may have it. One more is read, to know whether it is too common.
    pub most: i64,
}

/// How many accounts may share a key of the kind before it says too little.
const fn most(kind: KeyKind) -> i64 {
    match kind {
        KeyKind::ExternalId | KeyKind::RegistrationNumber | KeyKind::Domain | KeyKind::EmailDomain => 100,
        KeyKind::Name | KeyKind::NameToken => 150,
        KeyKind::Phone | KeyKind::Address | KeyKind::NamePair | KeyKind::Acronym | KeyKind::NameSound => 60,
    }
}

/// What a find by a key of the kind is worth, when more is found than can be compared.
const fn worth(kind: KeyKind) -> f64 {
    match kind {
        KeyKind::ExternalId | KeyKind::RegistrationNumber => 100.0,
        KeyKind::Domain | KeyKind::EmailDomain => 50.0,
        KeyKind::Name => 20.0,
        KeyKind::Phone | KeyKind::Address => 8.0,
        KeyKind::NameToken | KeyKind::NamePair => 4.0,
        KeyKind::Acronym => 2.0,
        KeyKind::NameSound => 1.5,
    }
}

/// Whether accounts found by a key of the kind are compared even if too many have it.
const fn is_strong(kind: KeyKind) -> bool {
    matches!(
        kind,
        KeyKind::ExternalId | KeyKind::RegistrationNumber | KeyKind::Domain | KeyKind::EmailDomain | KeyKind::Name
    )
}

/// The keys to look for.
pub fn search(profile: &Profile) -> Vec<Wanted> {
    keys(profile)
        .into_iter()
        .map(|key| Wanted {
            most: most(key.kind),
            key,
        })
        .collect()
}

/// The accounts to compare, and how they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The accounts, the most promising first.
    pub accounts: Vec<AccountId>,
    /// Whether some that share a key were left out.
    pub capped: bool,
    /// What was looked for.
    pub keys: Vec<SearchKey>,
}

/// Chooses from the finds: accounts that share rare keys of strong kinds come first.
pub fn choose(search: &[Wanted], hits: &[Hit]) -> Chosen {
    let mut chosen = Chosen::default();
    let mut worths: BTreeMap<AccountId, f64> = BTreeMap::new();
    for (number, wanted) in search.iter().enumerate() {
        let found: Vec<AccountId> = hits
            .iter()
            .filter(|hit| usize::try_from(hit.number) == Ok(number))
            .map(|hit| hit.account_id)
            .collect();
        let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let too_common = count > wanted.most;
        let skipped = too_common && !is_strong(wanted.key.kind);
        chosen.capped |= too_common;
        chosen.keys.push(SearchKey {
            kind: wanted.key.kind.as_str().to_owned(),
            key: wanted.key.key.clone(),
            accounts: count.min(wanted.most),
            skipped,
        });
        if !skipped {
            let rarity = f64::from(u32::try_from(count).unwrap_or(u32::MAX)).ln_1p();
            for account in found {
                *worths.entry(account).or_default() += worth(wanted.key.kind) / rarity;
            }
        }
    }
    let mut ranked: Vec<(AccountId, f64)> = worths.into_iter().collect();
    ranked.sort_by(|(a, one), (b, other)| other.total_cmp(one).then(a.cmp(b)));
    chosen.capped |= ranked.len() > MOST_CANDIDATES;
    ranked.truncate(MOST_CANDIDATES);
    chosen.accounts = ranked.into_iter().map(|(account, _)| account).collect();
    chosen
}

/// Those of some accounts that share a key with the description, whatever the key is worth, and are not surely others.
pub fn judge_alike(
    profile: &Profile,
    known: Vec<Described>,
    thresholds: &MatchingThresholds,
) -> Vec<ResolutionCandidate> {
    let (scores, wanted) = (thresholds.scores(), keys(profile));
    known
        .into_iter()
        .map(|account| (account.profile(), account))
        .filter(|(own, _)| keys(own).iter().any(|key| wanted.binary_search(key).is_ok()))
        .map(|(own, account)| candidate(&account, &score::assess_by(profile, &own, &scores)))
        .filter(|candidate| candidate.class != EntityClass::Distinct)
        .collect()
}

/// Compares the description with each account that was found.
pub fn judge(
    profile: &Profile,
    chosen: Chosen,
    known: Vec<Described>,
    thresholds: &MatchingThresholds,
) -> ResolvedCustomer {
    let scores = thresholds.scores();
    let considered = i64::try_from(known.len()).unwrap_or(i64::MAX);
    let mut candidates: Vec<ResolutionCandidate> = known
        .into_iter()
        .map(|account| candidate(&account, &score::assess_by(profile, &account.profile(), &scores)))
        .filter(|candidate| candidate.class != EntityClass::Distinct)
        .collect();
    candidates.sort_by(|a, b| {
        order(a)
            .cmp(&order(b))
            .then(b.score.total_cmp(&a.score))
            .then(a.account_id.cmp(&b.account_id))
    });
    ResolvedCustomer {
        account_id: sure(&candidates),
        candidates,
        considered,
        capped: chosen.capped,
        keys: chosen.keys,
    }
}

fn order(candidate: &ResolutionCandidate) -> (EntityClass, Reverse<bool>) {
    (candidate.class, Reverse(candidate.decisive))
}

/// The only account that the description surely means.
fn sure(candidates: &[ResolutionCandidate]) -> Option<AccountId> {
    let first = candidates
        .first()
        .filter(|first| first.class <= EntityClass::SameEntity)?;
    let rival = candidates
        .get(1)
        .is_some_and(|second| order(second) == order(first) && (first.score - second.score).abs() < 0.05);
    (!rival).then_some(first.account_id)
}

/// The candidates whose relatives are of interest.
pub fn likely(found: &ResolvedCustomer) -> Vec<AccountId> {
    /// A description means one customer: beyond some, the likely ones are a family already.
    const MOST: usize = 20;
    found
        .candidates
        .iter()
        .filter(|candidate| candidate.class <= EntityClass::Probable)
        .take(MOST)
        .map(|candidate| candidate.account_id)
        .collect()
}

fn candidate(account: &Described, found: &Match) -> ResolutionCandidate {
    ResolutionCandidate {
        account_id: account.row.id,
        number: account.row.number.clone(),
        name: account.row.name.clone(),
        country: account.row.country,
        class: found.class.into(),
        decisive: found.class >= score::EntityClass::SameEntity
            && found.matched.iter().any(|signal| signal.weight == Weight::Decisive),
        score: thousandths(found.score),
        relation: AccountRelation::Itself,
        relative_of_id: None,
        matched: found.matched.iter().map(MatchSignal::from).collect(),
        against: found.against.iter().map(MatchSignal::from).collect(),
        evidence: Some(found.evidence.into()),
    }
}

/// Rounded, so that what is stored reads back as it was.
fn thousandths(value: f64) -> f64 {
    (value.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}

impl From<score::EntityClass> for EntityClass {
    fn from(class: score::EntityClass) -> Self {
        match class {
            score::EntityClass::Identical => Self::Identical,
            score::EntityClass::SameEntity => Self::SameEntity,
            score::EntityClass::Probable => Self::Probable,
            score::EntityClass::Possible => Self::Possible,
            score::EntityClass::Distinct => Self::Distinct,
        }
    }
}

impl From<&Signal> for MatchSignal {
    fn from(signal: &Signal) -> Self {
        let (weight, share) = match signal.weight {
            Weight::Decisive => (SignalWeight::Decisive, None),
            Weight::Hard => (SignalWeight::Hard, None),
            Weight::Share(share) => (SignalWeight::Share, Some(thousandths(share))),
        };
        Self {
            signal: signal.signal.to_owned(),
            a: signal.a.clone(),
            b: signal.b.clone(),
            norm_a: signal.norm_a.clone(),
            norm_b: signal.norm_b.clone(),
            method: signal.method.to_owned(),
            similarity: thousandths(signal.similarity),
            weight,
            share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::Id as _;

    fn wanted(kind: KeyKind, most: i64) -> Wanted {
        Wanted {
            key: Key {
                kind,
                key: format!("{kind:?}"),
            },
            most,
        }
    }

    fn hits(number: i64, accounts: std::ops::Range<u64>) -> Vec<Hit> {
        accounts
            .map(|account| Hit {
                number,
                account_id: AccountId::example(account),
            })
            .collect()
    }

    #[test]
    fn a_key_that_too_many_share_is_left_out_unless_it_is_strong() {
        let search = [wanted(KeyKind::NameToken, 5), wanted(KeyKind::Domain, 5)];
        let found = [hits(0, 0..6), hits(1, 10..16)].concat();
        let chosen = choose(&search, &found);
        assert_eq!(chosen.accounts.len(), 6);
        assert!(
            chosen
                .accounts
                .iter()
                .all(|account| (10..16).any(|number| AccountId::example(number) == *account))
        );
        assert!(chosen.capped && chosen.keys[0].skipped && !chosen.keys[1].skipped);
    }

    #[test]
    fn the_most_promising_are_compared_first_and_no_more_than_can_be() {
        let search = [
            wanted(KeyKind::NameSound, 500),
            wanted(KeyKind::RegistrationNumber, 500),
        ];
        let found = [hits(0, 0..400), hits(1, 399..400)].concat();
        let chosen = choose(&search, &found);
        assert_eq!(chosen.accounts.len(), MOST_CANDIDATES);
        assert_eq!(chosen.accounts[0], AccountId::example(399));
        assert!(chosen.capped);
    }
}
