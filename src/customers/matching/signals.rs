//! The signals two customers have in common or differ in, and what each counts.

use super::address;
use super::compare::{NameEvidence, POSSIBLE, PROBABLE, SAME};
use super::domain::own_label;
use super::names::NameKey;
use super::profile::Profile;
use super::score::{EntityClass, SCORE_POSSIBLE, SCORE_PROBABLE};
use super::weighing::{Signal, Weighing, Weight, plain};

const NAME: f64 = 0.45;
const ADDRESS: f64 = 0.40;
const PHONE: f64 = 0.25;
const EMAIL: f64 = 0.35;
/// Share of its weight with which a signal of many values counts when it disagrees.
const DISAGREES: f64 = 0.5;
/// An address is the same from here on.
const SAME_ADDRESS: f64 = 0.75;
/// What another country takes from the score.
pub(super) const OTHER_COUNTRY: f64 = 0.08;

/// Similarity of names on the scale of the score: the bounds of the comparator's classes fall on
/// the bounds of the score's.
fn name_score(similarity: f64) -> f64 {
    let line = |low: f64, high: f64, from: f64, to: f64| from + (similarity - low) / (high - low) * (to - from);
    if similarity >= SAME {
        line(SAME, 1.0, 0.90, 1.0)
    } else if similarity >= PROBABLE {
        line(PROBABLE, SAME, SCORE_PROBABLE, 0.90)
    } else if similarity >= POSSIBLE {
        line(POSSIBLE, PROBABLE, SCORE_POSSIBLE, SCORE_PROBABLE)
    } else {
        similarity / POSSIBLE * SCORE_POSSIBLE
    }
}

pub(super) fn weigh_ids(a: &Profile, b: &Profile, weighing: &mut Weighing) {
    for left in &a.external_ids {
        for right in b
            .external_ids
            .iter()
            .filter(|right| right.system.eq_ignore_ascii_case(&left.system))
        {
            if left.id.trim() == right.id.trim() {
                weighing.identical = true;
                weighing.matched.push(plain(
                    "external_id",
                    &left.id,
                    &right.id,
                    "equal",
                    1.0,
                    Weight::Decisive,
                ));
            }
        }
    }
    for left in &a.registrations {
        for right in &b.registrations {
            let (one, other) = (&left.registration, &right.registration);
            let equal = one.number == other.number;
            let comparable = one.authority == other.authority && one.unique && other.unique;
            // Register courts: without the court on one side the number is a hint, no proof.
            let loosely = equal
                && !comparable
                && (one.authority.starts_with(&other.authority) || other.authority.starts_with(&one.authority));
            let signal = |method, similarity, weight| Signal {
                signal: "registration_number",
                a: left.raw.clone(),
                b: right.raw.clone(),
                norm_a: format!("{} {}", one.authority, one.number).trim().to_owned(),
                norm_b: format!("{} {}", other.authority, other.number).trim().to_owned(),
                method,
                similarity,
                weight,
            };
            if equal && comparable {
                weighing.identical = true;
                weighing.matched.push(signal("equal", 1.0, Weight::Decisive));
            } else if loosely {
                weighing.agreeing += 1;
                weighing.floor(EntityClass::Possible);
                weighing.share(EMAIL, 1.0);
                weighing
                    .matched
                    .push(signal("equal_without_authority", 1.0, Weight::Share(EMAIL)));
            } else if comparable {
                weighing.cap(EntityClass::Possible);
                weighing
                    .against
                    .push(signal("differs_at_same_authority", 0.0, Weight::Hard));
            }
        }
    }
}

/// Weighs web and e-mail domains; whether both sides have a domain and none in common.
pub(super) fn weigh_domains(a: &Profile, b: &Profile, weighing: &mut Weighing) -> bool {
    for left in &a.domains {
        if let Some(right) = b.domains.iter().find(|right| right.norm == left.norm) {
            weighing.same_domain = true;
            weighing.agreeing += 1;
            weighing.matched.push(Signal {
                norm_a: left.norm.clone(),
                norm_b: right.norm.clone(),
                ..plain("domain", &left.raw, &right.raw, "equal", 1.0, Weight::Decisive)
            });
        }
    }
    if weighing.same_domain {
        return false;
    }
    // Domain, and whether it is proved: a web site is, an e-mail address once it was verified.
    let all = |profile: &Profile| -> Vec<(String, bool)> {
        let sites = profile.domains.iter().map(|domain| (domain.norm.clone(), true));
        sites
            .chain(
                profile
                    .email_domains
                    .iter()
                    .map(|mail| (mail.domain.clone(), mail.verified)),
            )
            .collect()
    };
    let (left, right) = (all(a), all(b));
    if left.is_empty() || right.is_empty() {
        return false;
    }
    let mut common: Vec<(&str, bool)> = Vec::new();
    for (domain, proved) in &left {
        for (other, other_proved) in &right {
            if domain == other
                && !common
                    .iter()
                    .any(|(known, sure)| known == domain && (*sure || !other_proved))
            {
                common.retain(|(known, _)| known != domain);
                common.push((domain, *proved && *other_proved));
            }
        }
    }
    if let Some((domain, _)) = common.iter().find(|(_, proved)| *proved) {
        weighing.same_domain = true;
        weighing.agreeing += 1;
        weighing.matched.push(plain(
            "email_domain",
            domain,
            domain,
            "equal_verified",
            1.0,
            Weight::Decisive,
        ));
    } else if let Some((domain, _)) = common.first() {
        weighing.agreeing += 1;
        weighing.floor(EntityClass::Probable);
        weighing.share(EMAIL, 1.0);
        weighing.matched.push(plain(
            "email_domain",
            domain,
            domain,
            "equal",
            1.0,
            Weight::Share(EMAIL),
        ));
    } else {
        return weigh_other_domains(&left, &right, weighing);
    }
    false
}

/// Weighs domains of which none is common; whether that speaks against one customer.
fn weigh_other_domains(left: &[(String, bool)], right: &[(String, bool)], weighing: &mut Weighing) -> bool {
    let (Some((one, _)), Some((other, _))) = (left.first(), right.first()) else {
        return false;
    };
    // acme.de and acme.com: often one organisation, and no evidence against it.
    let labels = |list: &[(String, bool)]| -> Vec<String> {
        list.iter().map(|(domain, _)| own_label(domain).to_owned()).collect()
    };
    let (ours, theirs) = (labels(left), labels(right));
    if let Some(shared) = ours.iter().find(|label| label.len() >= 4 && theirs.contains(label)) {
        weighing.matched.push(Signal {
            norm_a: shared.clone(),
            norm_b: shared.clone(),
            ..plain("domain", one, other, "same_label", 0.6, Weight::Share(0.0))
        });
        return false;
    }
    let share = EMAIL * DISAGREES * DISAGREES;
    weighing.share(share, 0.0);
    weighing
        .against
        .push(plain("domain", one, other, "differs", 0.0, Weight::Share(share)));
    true
}

pub(super) fn weigh_name(left: &NameKey, right: &NameKey, evidence: &NameEvidence, weighing: &mut Weighing) {
    weighing.share(NAME, name_score(evidence.similarity));
    let signal = Signal {
        signal: "name",
        a: left.raw.clone(),
        b: right.raw.clone(),
        norm_a: evidence.norm_a.clone(),
        norm_b: evidence.norm_b.clone(),
        method: evidence.method,
        similarity: evidence.similarity,
        weight: Weight::Share(NAME),
    };
    if evidence.similarity >= POSSIBLE {
        weighing.matched.push(signal);
    } else {
        weighing.against.push(signal);
    }
    for reason in &evidence.reasons {
        if let Some(name) = reason.kind.against() {
            weighing
                .against
                .push(plain(name, &reason.a, &reason.b, "name", 0.0, Weight::Share(0.0)));
        }
    }
}

pub(super) fn weigh_addresses(a: &Profile, b: &Profile, weighing: &mut Weighing) {
    let mut best: Option<(Signal, bool)> = None;
    for left in &a.addresses {
        for right in &b.addresses {
            let found = address::compare(left, right);
            if best
                .as_ref()
                .is_none_or(|(known, _)| found.similarity > known.similarity)
            {
                let method = if found.same_house { "street_and_house" } else { "street" };
                let signal = plain(
                    "address",
                    &left.line(),
                    &right.line(),
                    method,
                    found.similarity,
                    Weight::Share(ADDRESS),
                );
                best = Some((signal, found.similarity >= SAME_ADDRESS));
            }
        }
    }
    match best {
        Some((signal, true)) => {
            weighing.agreeing += 1;
            weighing.floor(EntityClass::Possible);
            weighing.share(ADDRESS, signal.similarity);
            weighing.matched.push(signal);
        }
        Some((mut signal, false)) => {
            let share = ADDRESS * DISAGREES;
            weighing.share(share, signal.similarity);
            signal.weight = Weight::Share(share);
            weighing.against.push(signal);
        }
        None => {}
    }
}

/// Weighs telephones. Agencies and holdings share them, so without a likeness of names an equal
/// one counts little, and different ones count little always.
pub(super) fn weigh_phones(a: &Profile, b: &Profile, likeness: f64, weighing: &mut Weighing) {
    let (Some(one), Some(other)) = (a.phones.first(), b.phones.first()) else {
        return;
    };
    let equal = a.phones.iter().find_map(|left| {
        b.phones
            .iter()
            .find(|right| right.norm == left.norm)
            .map(|right| (left, right))
    });
    let (left, right) = equal.unwrap_or((one, other));
    let share = match (equal.is_some(), likeness >= POSSIBLE) {
        (true, true) => PHONE,
        (true, false) => PHONE * DISAGREES,
        (false, _) => PHONE * DISAGREES * DISAGREES,
    };
    weighing.share(share, if equal.is_some() { 1.0 } else { 0.0 });
    let signal = Signal {
        norm_a: left.norm.clone(),
        norm_b: right.norm.clone(),
        ..plain(
            "phone",
            &left.raw,
            &right.raw,
            if equal.is_some() { "equal" } else { "differs" },
            if equal.is_some() { 1.0 } else { 0.0 },
            Weight::Share(share),
        )
    };
    if equal.is_some() {
        weighing.agreeing += u32::from(likeness >= POSSIBLE);
        weighing.matched.push(signal);
    } else {
        weighing.against.push(signal);
    }
}

/// Whether both countries are known and differ.
pub(super) fn weigh_country(a: &Profile, b: &Profile, weighing: &mut Weighing) -> bool {
    let differ = !a.country.is_empty() && !b.country.is_empty() && a.country != b.country;
    if differ {
        weighing.against.push(plain(
            "country",
            &a.country,
            &b.country,
            "differs",
            0.0,
            Weight::Share(OTHER_COUNTRY),
        ));
    }
    differ
}
