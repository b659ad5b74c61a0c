//! Within what the value of a custom field must lie. Pure.

use std::cmp::Ordering;

use serde_json::json;

use super::model::{CustomField, CustomType};
use crate::http::document::Pattern;

impl CustomField {
    /// Which of two values of this field, written as text, comes first.
    pub(super) fn order(&self, one: &str, other: &str) -> Ordering {
        if self.data_type == CustomType::Date {
            one.cmp(other)
        } else {
            decimal_order(one, other)
        }
    }

    /// What is wrong with the length or the form of a text.
    pub(super) fn misfit(&self, text: &str) -> Option<String> {
        let label = &self.label;
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let (least, most) = (self.min_length.unwrap_or(0), self.max_length.unwrap_or(LONGEST));
        if length < least || length > most {
            return Some(format!("{label} has {least} to {most} characters."));
        }
        match &self.pattern {
            Some(pattern) if !matches(pattern, text) => Some(format!("{label} must match {pattern}.")),
            _ => None,
        }
    }

    /// What is wrong with a number or date that lies outside the bounds.
    pub(super) fn outside(&self, text: &str) -> Option<String> {
        let label = &self.label;
        let too_low = self.minimum.as_ref().filter(|least| self.order(text, least).is_lt());
        let too_high = self.maximum.as_ref().filter(|most| self.order(text, most).is_gt());
        too_low
            .map(|least| format!("{label} is at least {least}."))
            .or_else(|| too_high.map(|most| format!("{label} is at most {most}.")))
    }
}

/// The most characters of a text whose definition says nothing else.
pub const LONGEST: i64 = 1000;
/// One line of text, as the contract has it for every custom value.
pub const LINE: &str = r"^[^\x00-\x1f\x7f]*$";

/// Whether every language reads the pattern alike, and this program can use it.
pub fn is_portable(pattern: &str) -> bool {
    Pattern::read(pattern).is_some() && compiled(pattern).is_some()
}

fn compiled(pattern: &str) -> Option<jsonschema::Validator> {
    jsonschema::validator_for(&json!({"type": "string", "pattern": pattern})).ok()
}

fn matches(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_none_or(|compiled| compiled.is_valid(&json!(text)))
}

/// Which of two decimal numbers is less, exactly, however many digits they have.
fn decimal_order(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (
            whole.trim_start_matches('0').to_owned(),
            fraction.trim_end_matches('0').to_owned(),
        );
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        (negative, whole, fraction)
    };
    let ((minus, whole, fraction), (other_minus, other_whole, other_fraction)) = (parts(one), parts(other));
    let size = whole
        .len()
        .cmp(&other_whole.len())
        .then_with(|| whole.cmp(&other_whole))
        .then_with(|| fraction.cmp(&other_fraction));
    match (minus, other_minus) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}
