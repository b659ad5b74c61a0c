//! Comparing two names: words are paired (equal, glued, abbreviated to initials, misspelt), and
//! what is left unpaired is weighed by how much its words say.

use serde::Serialize;

use super::names::{NameKey, Token};
use super::pairing::{ACRONYM, GLUED, MISSPELT, Pairing, free};
use super::words::WordKind;

/// From here on two names are the same name.
pub const SAME: f64 = 0.92;
/// From here on two names probably mean one organisation.
pub const PROBABLE: f64 = 0.80;
/// From here on two names possibly mean one organisation, or two of one group.
pub const POSSIBLE: f64 = 0.60;

/// Why a similarity is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameReason {
    /// What was found.
    pub kind: ReasonKind,
    /// The words of the first name, or nothing.
    pub a: String,
    /// The words of the second name, or nothing.
    pub b: String,
}

/// What a [`NameReason`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// One word written with and without a space.
    Glued,
    /// One is the initials of the other.
    Acronym,
    /// One word in two spellings.
    Misspelt,
    /// A name of its own that only one side has, or that differs.
    RareWordDiffers,
    /// A number that only one side has, or that differs.
    NumberDiffers,
    /// A place that only one side has, or that differs.
    PlaceDiffers,
    /// A line of business that only one side has, or that differs.
    ActivityDiffers,
    /// Two legal forms that one body cannot both have.
    LegalFormDiffers,
}

impl ReasonKind {
    /// The name of a reason that speaks against one organisation; nothing for the others.
    #[must_use]
    pub fn against(self) -> Option<&'static str> {
        match self {
            Self::Glued | Self::Acronym | Self::Misspelt => None,
            Self::RareWordDiffers => Some("name_word"),
            Self::NumberDiffers => Some("name_number"),
            Self::PlaceDiffers => Some("name_place"),
            Self::ActivityDiffers => Some("name_activity"),
            Self::LegalFormDiffers => Some("legal_form"),
        }
    }
}

/// What two names say about whether they mean one organisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NameEvidence {
    /// 0 (nothing in common) to 1 (the same name), to be read with [`SAME`], [`PROBABLE`] and
    /// [`POSSIBLE`].
    pub similarity: f64,
    /// How the names met: `exact`, `glued`, `acronym`, `misspelt`, `words`, or `none`.
    pub method: &'static str,
    /// First name without its legal form.
    pub norm_a: String,
    /// Second name without its legal form.
    pub norm_b: String,
    /// What was found, in a fixed order.
    pub reasons: Vec<NameReason>,
}

/// Compares two names. Symmetric up to rounding, and never panics.
#[must_use]
pub fn compare(a: &NameKey, b: &NameKey) -> NameEvidence {
    let mut evidence = NameEvidence {
        similarity: 0.0,
        method: "none",
        norm_a: a.norm.clone(),
        norm_b: b.norm.clone(),
        reasons: Vec::new(),
    };
    if a.is_empty() || b.is_empty() {
        return evidence;
    }
    if a.norm == b.norm {
        evidence.similarity = 1.0;
        evidence.method = "exact";
    } else if a.compact == b.compact || a.compact_full == b.compact_full {
        evidence.similarity = 0.98;
        evidence.method = "glued";
    } else {
        let mut pairing = Pairing::new(a, b);
        pairing.run();
        conclude(pairing, &mut evidence);
    }
    if let (Some(left), Some(right)) = (a.legal, b.legal)
        && left.conflicts(right)
    {
        evidence.similarity *= if left.crosses_purpose(right) {
            factor::PURPOSE
        } else {
            factor::LEGAL_FORM
        };
        evidence.reasons.push(NameReason {
            kind: ReasonKind::LegalFormDiffers,
            a: a.fold.clone(),
            b: b.fold.clone(),
        });
    }
    evidence
}

/// Factors by which what is left unpaired lowers the similarity, beyond the weight it lacks.
mod factor {
    /// Each side has a rare word of its own.
    pub const RARE_BOTH: f64 = 0.80;
    /// Different numbers.
    pub const NUMBER_BOTH: f64 = 0.82;
    /// However long the names: with different numbers they are not probably one.
    pub const NUMBER_MOST: f64 = 0.78;
    /// A number on one side only.
    pub const NUMBER_ONE: f64 = 0.80;
    /// Different places.
    pub const PLACE_BOTH: f64 = 0.72;
    /// A place on one side only.
    pub const PLACE_ONE: f64 = 0.90;
    /// Different lines of business.
    pub const ACTIVITY_BOTH: f64 = 0.90;
    /// A line of business on one side only.
    pub const ACTIVITY_ONE: f64 = 0.90;
    /// No rare word is in common, and the names differ.
    pub const NOTHING_RARE: f64 = 0.88;
    /// The initials of one are all there is to go by.
    pub const ACRONYM: f64 = 0.86;
    /// Two definite legal forms that differ.
    pub const LEGAL_FORM: f64 = 0.90;
    /// A company and an association of one name.
    pub const PURPOSE: f64 = 0.75;
}

/// Turns paired and unpaired words into a similarity.
fn conclude(mut pairing: Pairing, evidence: &mut NameEvidence) {
    let mut similarity = (pairing.paired / f64::from(pairing.total().max(1))).min(1.0);
    if pairing.paired > 0.0 {
        let (rest, numbers_differ) = rest_factor(&mut pairing);
        similarity *= rest;
        if !pairing.rare {
            similarity *= factor::NOTHING_RARE;
        }
        if pairing.ways & ACRONYM != 0 {
            similarity *= factor::ACRONYM;
        }
        if numbers_differ {
            similarity = similarity.min(factor::NUMBER_MOST);
        }
    }
    evidence.similarity = similarity;
    evidence.method = if pairing.ways & ACRONYM != 0 {
        "acronym"
    } else if pairing.ways & MISSPELT != 0 {
        "misspelt"
    } else if pairing.ways & GLUED != 0 {
        "glued"
    } else if pairing.paired > 0.0 {
        "words"
    } else {
        "none"
    };
    evidence.reasons = pairing.reasons;
}

/// A reason, the words it is about, and the factors if both sides have such words or one has.
type Group = (ReasonKind, fn(&Token) -> bool, f64, f64);

/// What the unpaired words say, beyond their weight, and whether both sides have other numbers.
fn rest_factor(pairing: &mut Pairing) -> (f64, bool) {
    let (a, b) = (pairing.a, pairing.b);
    let mut result = 1.0;
    let mut numbers_differ = false;
    let groups: [Group; 4] = [
        (
            ReasonKind::RareWordDiffers,
            |token| token.is_telling(),
            factor::RARE_BOTH,
            1.0,
        ),
        (
            ReasonKind::NumberDiffers,
            |token| token.kind == WordKind::Number,
            factor::NUMBER_BOTH,
            factor::NUMBER_ONE,
        ),
        (
            ReasonKind::PlaceDiffers,
            |token| token.kind == WordKind::Place,
            factor::PLACE_BOTH,
            factor::PLACE_ONE,
        ),
        (
            ReasonKind::ActivityDiffers,
            |token| token.kind == WordKind::Activity,
            factor::ACTIVITY_BOTH,
            factor::ACTIVITY_ONE,
        ),
    ];
    for (kind, belongs, both, one) in groups {
        let left = rest_of(&a.tokens, pairing.used_a, belongs);
        let right = rest_of(&b.tokens, pairing.used_b, belongs);
        if left.is_empty() && right.is_empty() {
            continue;
        }
        let first = |text: &str| matches!(text, "1" | "i" | "first" | "1st" | "one");
        numbers_differ |= kind == ReasonKind::NumberDiffers && !left.is_empty() && !right.is_empty();
        result *= match (left.is_empty(), right.is_empty()) {
            (false, false) => both,
            // "Fund" and "Fund I" are mostly one.
            _ if kind == ReasonKind::NumberDiffers && (first(&left) || first(&right)) => 0.97,
            _ => one,
        };
        pairing.reasons.push(NameReason {
            kind,
            a: left,
            b: right,
        });
    }
    (result, numbers_differ)
}

fn rest_of(tokens: &[Token], used: u32, belongs: fn(&Token) -> bool) -> String {
    super::fold::join(
        free(tokens, used)
            .filter(|(_, token)| belongs(token))
            .map(|(_, token)| token.surface.as_str()),
        " ",
    )
}
