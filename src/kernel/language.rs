//! The languages that the program speaks, and locales as they are written down.

use crate::words;

words! {
    /// A language of labels, BCP 47.
    pub Language {
        /// English.
        English = "en",
        /// German.
        German = "de",
    }
}

impl Language {
    /// The language of a locale, whatever its country and case; none if the program does not speak it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        primary(locale).to_ascii_lowercase().parse().ok()
    }

    /// What the language calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The text of that language of a pair of texts, English first.
    pub const fn of(self, texts: [&str; 2]) -> &str {
        let [english, german] = texts;
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

/// The language of a locale: `de` of `de-CH`.
pub fn primary(locale: &str) -> &str {
    locale.split('-').next().unwrap_or(locale)
}

/// The country of a locale, if it names one: `CH` of `de-CH` and of `de-Latn-CH`.
pub fn country(locale: &str) -> Option<&str> {
    locale.split('-').skip(1).take(2).find(|part| is_country(part))
}

fn is_country(part: &str) -> bool {
    part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A locale as it is kept, however it was typed: the language small, the country in capitals, a script with a capital
/// (RFC 5646, section 2.1.1). So `de-ch` and `DE-CH` are one.
pub fn kept(locale: &str) -> String {
    let parts = locale.split('-').enumerate().map(|(index, part)| {
        let small = part.to_ascii_lowercase();
        match index {
            1 | 2 if is_country(part) => small.to_ascii_uppercase(),
            1 if part.len() == 4 => {
                let mut letters = small.chars();
                letters
                    .next()
                    .map(|first| first.to_ascii_uppercase())
                    .into_iter()
                    .chain(letters)
                    .collect()
            }
            _ => small,
        }
    });
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_kept_in_one_way() {
        for (typed, expected) in [
            ("DE", "de"),
            ("de-ch", "de-CH"),
            ("ZH-hANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("De-Ch-1996", "de-CH-1996"),
            ("en", "en"),
        ] {
            assert_eq!(kept(typed), expected);
            assert_eq!(kept(expected), expected);
        }
        assert_eq!(
            (country("zh-Hant-TW"), country("de"), country("es-419")),
            (Some("TW"), None, None)
        );
    }

    #[test]
    fn a_locale_has_a_language_that_is_spoken_or_none() {
        assert_eq!(Language::of_locale("DE-ch"), Some(Language::German));
        assert_eq!(Language::of_locale("en"), Some(Language::English));
        assert_eq!(Language::of_locale("fr-CA"), None);
    }
}
