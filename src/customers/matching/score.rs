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
    /// 0 to 1, fitted to the class; 0.80, 0.65 and 0.50 are the bounds of the classes where nothing is decisive and the program
    /// says nothing else.
    pub score: f64,
    /// What the class follows from.
    pub evidence: Evidence,
    /// Signals that speak for one customer, the strongest first.
    pub matched: Vec<Signal>,
    /// Signals that speak against it.
    pub against: Vec<Signal>,
}

/// The scores from which two descriptions are one customer, probably one, and possibly one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// One customer.
    pub same: f64,
    /// Probably one.
    pub probable: f64,
    /// Possibly one.
    pub possible: f64,
}

/// Score from which two descriptions are one customer, unless the program says otherwise.
pub const SCORE_SAME: f64 = 0.80;
/// Score from which they are probably one, and the score of a name that is probably the same.
pub const SCORE_PROBABLE: f64 = 0.65;
/// Score from which they are possibly one, and the score of a name that is possibly the same.
pub const SCORE_POSSIBLE: f64 = 0.50;

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            same: SCORE_SAME,
            probable: SCORE_PROBABLE,
            possible: SCORE_POSSIBLE,
        }
    }
}

/// What a class follows from: the score as it was reckoned, and between which classes the signals keep it whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// 0 to 1, in whole thousandths.
    pub score: f64,
    /// The least class that the signals allow.
    pub at_least: EntityClass,
    /// The highest class that they allow.
    pub at_most: EntityClass,
}

impl Thresholds {
    /// The class that follows.
    #[must_use]
    pub fn class(&self, evidence: &Evidence) -> EntityClass {
        let by_score = if evidence.score >= self.same {
            EntityClass::SameEntity
        } else if evidence.score >= self.probable {
            EntityClass::Probable
        } else if evidence.score >= self.possible {
            EntityClass::Possible
        } else {
            EntityClass::Distinct
        };
        by_score.max(evidence.at_least).min(evidence.at_most)
    }

    /// The score fitted to the class: it says neither more nor less than the class.
    #[must_use]
    pub fn fitted(&self, score: f64, class: EntityClass) -> f64 {
        let (floor, ceiling) = match class {
            EntityClass::Distinct => (0.0, self.possible),
            EntityClass::Possible => (self.possible, self.probable),
            EntityClass::Probable => (self.probable, self.same),
            EntityClass::SameEntity | EntityClass::Identical => (self.same, f64::INFINITY),
        };
        let score = if score >= ceiling { ceiling - 0.001 } else { score };
        score.max(floor).clamp(0.0, 1.0)
    }
}

/// Compares two customers by the built-in scores.
#[cfg(test)]
pub fn assess(a: &Profile, b: &Profile) -> Match {
    assess_by(a, b, &Thresholds::default())
}

/// Compares two customers. The same input gives the same result, in the same order.
#[must_use]
pub fn assess_by(a: &Profile, b: &Profile, thresholds: &Thresholds) -> Match {
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
    conclude(weighing, likeness, other_country, thresholds)
}

fn conclude(weighing: Weighing, likeness: f64, other_country: bool, thresholds: &Thresholds) -> Match {
    let mut score: f64 = if weighing.weight > 0.0 {
        weighing.sum / weighing.weight
    } else {
        0.0
    };
    if other_country && !weighing.same_domain {
        score = (score - OTHER_COUNTRY).max(0.0);
    }
    let mut most = EntityClass::Identical;
    // Names alone never make two customers one.
    if weighing.agreeing == 0 {
        most = most.min(EntityClass::Probable);
    }
    // A shared telephone or address without any likeness of names is an agency, a holding, or a
    // building with many tenants.
    if likeness < POSSIBLE {
        most = most.min(EntityClass::Possible);
    }
    let mut least = weighing.least.unwrap_or(EntityClass::Distinct);
    if weighing.same_domain {
        least = least.max(EntityClass::SameEntity);
    }
    // What has to be looked at is stronger than those bounds, and what excludes a class stronger than all.
    let excluded = weighing.most.unwrap_or(EntityClass::Identical);
    let (at_least, at_most) = if weighing.identical {
        score = 1.0;
        (EntityClass::Identical, EntityClass::Identical)
    } else {
        (least.min(excluded), most.max(least).min(excluded))
    };
    let evidence = Evidence {
        score: (score.clamp(0.0, 1.0) * 1000.0).floor() / 1000.0,
        at_least,
        at_most,
    };
    let class = thresholds.class(&evidence);
    let score = thresholds.fitted(score, class);
    let mut matched = weighing.matched;
    let rank = |weight: Weight| match weight {
        Weight::Decisive => 2.0,
        Weight::Hard => 1.5,
        Weight::Share(share) => share,
    };
    matched.sort_by(|a, b| rank(b.weight).total_cmp(&rank(a.weight)));
    Match {
        class,
        score,
        evidence,
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
