//! Whether two descriptions mean one customer, with the evidence.
//!
//! Each signal present on both sides has a weight: name 0.45, address 0.40, telephone 0.25, domain
//! of unverified e-mail addresses 0.35. The score is the weighted mean over those signals alone
//! so that two customers known by few signals can still be alike. A signal
//! that disagrees counts half its weight where a customer may well have several values (addresses,
//! telephones, e-mail domains). Some signals are decisive and bypass the score; some exclude a
//! class whatever the score; and a corporate e-mail domain in common is always at least
//! `probable`, an address in common at least `possible`, so that another name for a customer does
//! not hide it.

use serde::Serialize;

use super::compare::{self, NameEvidence, POSSIBLE};
use super::names::NameKey;
use super::profile::Profile;
use super::signals::{
    OTHER_COUNTRY, weigh_addresses, weigh_country, weigh_domains, weigh_ids, weigh_name, weigh_phones,
};
use super::weighing::Weighing;
pub use super::weighing::{Signal, Weight};

/// How sure it is that two descriptions mean one customer; ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityClass {
    /// Two customers.
    Distinct,
    /// Perhaps one, or two of one group.
    Possible,
    /// Probably one: a person has to look before anything is approved.
    Probable,
    /// One customer by its domain, or by several signals.
    SameEntity,
    /// One customer by a registration number or an id in the CRM.
    Identical,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Class.
    pub class: EntityClass,
    /// 0 to 1; 0.80, 0.65 and 0.50 are the bounds of the classes where nothing is decisive.
    pub score: f64,
    /// Signals that speak for one customer, the strongest first.
    pub matched: Vec<Signal>,
    /// Signals that speak against it.
    pub against: Vec<Signal>,
}

/// Score from which two descriptions are one customer.
pub const SCORE_SAME: f64 = 0.80;
/// Score from which they are probably one.
pub const SCORE_PROBABLE: f64 = 0.65;
/// Score from which they are possibly one.
pub const SCORE_POSSIBLE: f64 = 0.50;

/// Compares two customers. The same input gives the same result, in the same order.
#[must_use]
pub fn assess(a: &Profile, b: &Profile) -> Match {
    let mut weighing = Weighing::default();
    let name = best_names(a, b);
    weigh_ids(a, b, &mut weighing);
    let domains_differ = weigh_domains(a, b, &mut weighing);
    let likeness = name.as_ref().map_or(0.0, |(_, _, evidence)| evidence.similarity);
    if let Some((left, right, evidence)) = &name {
        weigh_name(left, right, evidence, &mut weighing);
    }
    weigh_addresses(a, b, &mut weighing);
    weigh_phones(a, b, likeness, &mut weighing);
    let other_country = weigh_country(a, b, &mut weighing);
    let short = |profile: &Profile| profile.names.first().is_none_or(|name| name.content_words() <= 1);
    if other_country && domains_differ && (short(a) || short(b)) {
        weighing.cap(EntityClass::Possible);
        for signal in &mut weighing.against {
            if matches!(signal.signal, "country" | "domain") {
                signal.weight = Weight::Hard;
            }
        }
    }
    conclude(weighing, likeness, other_country)
}

fn conclude(weighing: Weighing, likeness: f64, other_country: bool) -> Match {
    let mut score: f64 = if weighing.weight > 0.0 {
        weighing.sum / weighing.weight
    } else {
        0.0
    };
    if other_country && !weighing.same_domain {
        score = (score - OTHER_COUNTRY).max(0.0);
    }
    let mut class = if score >= SCORE_SAME {
        EntityClass::SameEntity
    } else if score >= SCORE_PROBABLE {
        EntityClass::Probable
    } else if score >= SCORE_POSSIBLE {
        EntityClass::Possible
    } else {
        EntityClass::Distinct
    };
    // Names alone never make two customers one.
    if weighing.agreeing == 0 {
        class = class.min(EntityClass::Probable);
    }
    // A shared telephone or address without any likeness of names is an agency, a holding, or a
    // building with many tenants.
    if likeness < POSSIBLE {
        class = class.min(EntityClass::Possible);
    }
    if weighing.same_domain {
        class = class.max(EntityClass::SameEntity);
    }
    if let Some(least) = weighing.least {
        class = class.max(least);
    }
    if let Some(most) = weighing.most {
        class = class.min(most);
    }
    if weighing.identical {
        class = EntityClass::Identical;
        score = 1.0;
    }
    // The score says neither more nor less than the class.
    let (floor, ceiling) = match class {
        EntityClass::Distinct => (0.0, SCORE_POSSIBLE),
        EntityClass::Possible => (SCORE_POSSIBLE, SCORE_PROBABLE),
        EntityClass::Probable => (SCORE_PROBABLE, SCORE_SAME),
        EntityClass::SameEntity | EntityClass::Identical => (SCORE_SAME, f64::INFINITY),
    };
    if score >= ceiling {
        score = ceiling - 0.001;
    }
    score = score.max(floor);
    let mut matched = weighing.matched;
    let rank = |weight: Weight| match weight {
        Weight::Decisive => 2.0,
        Weight::Hard => 1.5,
        Weight::Share(share) => share,
    };
    matched.sort_by(|a, b| rank(b.weight).total_cmp(&rank(a.weight)));
    Match {
        class,
        score: score.clamp(0.0, 1.0),
        matched,
        against: weighing.against,
    }
}

/// The pair of names that is most alike; of equals the first.
fn best_names<'a>(a: &'a Profile, b: &'a Profile) -> Option<(&'a NameKey, &'a NameKey, NameEvidence)> {
    let mut best: Option<(&NameKey, &NameKey, NameEvidence)> = None;
    for left in &a.names {
        for right in &b.names {
            let evidence = compare::compare(left, right);
            if best
                .as_ref()
                .is_none_or(|(_, _, known)| evidence.similarity > known.similarity)
            {
                best = Some((left, right, evidence));
            }
        }
    }
    best
}
