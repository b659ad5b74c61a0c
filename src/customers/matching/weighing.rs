//! What a signal is, and how signals add up.

use serde::Serialize;

use super::score::EntityClass;

/// How much a signal counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Decides the class alone.
    Decisive,
    /// Excludes the upper classes.
    Hard,
    /// Its share in the score.
    Share(f64),
}

/// One signal: what stands on both sides and how alike it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// Name of the signal: `external_id`, `registration_number`, `domain`, `email_domain`, `name`,
    /// `address`, `phone`, `country`, or a reason of the name comparator.
    pub signal: &'static str,
    /// First value, as given.
    pub a: String,
    /// Second value, as given.
    pub b: String,
    /// First value, as compared.
    pub norm_a: String,
    /// Second value, as compared.
    pub norm_b: String,
    /// How they were compared.
    pub method: &'static str,
    /// 0 to 1.
    pub similarity: f64,
    /// What it counts.
    pub weight: Weight,
}

/// Collects signals while two profiles are compared.
#[derive(Default)]
pub(super) struct Weighing {
    pub matched: Vec<Signal>,
    pub against: Vec<Signal>,
    pub sum: f64,
    pub weight: f64,
    /// Present signals beside the name that agree.
    pub agreeing: u32,
    pub identical: bool,
    pub same_domain: bool,
    pub most: Option<EntityClass>,
    pub least: Option<EntityClass>,
}

impl Weighing {
    /// A signal that excludes the classes above.
    pub fn cap(&mut self, class: EntityClass) {
        self.most = Some(self.most.map_or(class, |most| most.min(class)));
    }

    /// A signal that has to be looked at however unlike the rest is.
    pub fn floor(&mut self, class: EntityClass) {
        self.least = Some(self.least.map_or(class, |least| least.max(class)));
    }

    /// Counts a signal into the score.
    pub fn share(&mut self, share: f64, likeness: f64) {
        self.sum += share * likeness;
        self.weight += share;
    }
}

/// A signal whose values are compared as they stand.
pub(super) fn plain(
    signal: &'static str,
    a: &str,
    b: &str,
    method: &'static str,
    similarity: f64,
    weight: Weight,
) -> Signal {
    Signal {
        signal,
        a: a.to_owned(),
        b: b.to_owned(),
        norm_a: a.to_owned(),
        norm_b: b.to_owned(),
        method,
        similarity,
        weight,
    }
}
