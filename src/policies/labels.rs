//! What the program's owner calls something, in the languages that the program speaks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::Language;

/// A text in each of the languages that the program speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyLabels {
    /// In English.
    #[schema(example = "Budget frozen", min_length = 1, max_length = 120)]
    pub en: Option<String>,
    /// In German.
    #[schema(example = "Haushaltssperre", min_length = 1, max_length = 120)]
    pub de: Option<String>,
}

impl PolicyLabels {
    /// The texts, English first.
    pub fn of(texts: [&str; 2]) -> Self {
        let [en, de] = texts.map(|text| Some(text.to_owned()));
        Self { en, de }
    }

    /// Whether there is no text at all.
    pub const fn is_empty(&self) -> bool {
        self.en.is_none() && self.de.is_none()
    }

    /// These texts, and of what they lack the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            en: self.en.or(others.en),
            de: self.de.or(others.de),
        }
    }

    /// The text in that language; if there is none, in another one; the code if there is none at all.
    pub fn text<'a>(&'a self, language: Language, code: &'a str) -> &'a str {
        let (own, other) = match language {
            Language::English => (&self.en, &self.de),
            Language::German => (&self.de, &self.en),
        };
        own.as_deref().or(other.as_deref()).unwrap_or(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_lacking_is_taken_from_elsewhere() {
        let english = PolicyLabels {
            en: Some("Frozen".to_owned()),
            de: None,
        };
        assert_eq!(english.text(Language::German, "frozen"), "Frozen");
        assert_eq!(PolicyLabels::default().text(Language::German, "frozen"), "frozen");
        let both = english.or(PolicyLabels::of(["x", "Gesperrt"]));
        assert_eq!(
            (both.text(Language::English, ""), both.text(Language::German, "")),
            ("Frozen", "Gesperrt")
        );
    }
}
