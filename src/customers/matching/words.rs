//! How much a word of a company name says.
//!
//! A word that thousands of names share ("group", "bank", "München") says little about who it is;
//! a word the table does not know is taken as rare, and a rare word that differs on both sides is
//! the strongest evidence a name holds. The table also brings spellings of one word together
//! (abbreviations, plurals, British and American spelling, the language of a country's name).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::words_places as places;
use super::words_table as table;

/// What kind of word it is; the order has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    /// Articles, prepositions and conjunctions ("of", "und", "de").
    Function,
    /// Words added or left out at will ("group", "holding", "com").
    Light,
    /// A reach that is no country ("international", "Europe", "national").
    Scope,
    /// A line of business or an institution ("bank", "services", "university").
    Activity,
    /// A country, its adjective, a state or a large city.
    Place,
    /// A number, in digits, words or Roman numerals.
    Number,
    /// Known to be frequent in names, and still a name ("Smith", "Alpha", "Green").
    Popular,
    /// Not in the table.
    Rare,
}

impl WordKind {
    /// Weight in hundredths of a long rare word. A short rare word carries less information, since
    /// few letters are easily hit by chance.
    #[must_use]
    pub fn weight(self, letters: usize) -> u16 {
        match self {
            Self::Function => 4,
            Self::Light => 12,
            Self::Scope => 26,
            Self::Activity => 38,
            Self::Place => 40,
            Self::Number => 45,
            Self::Popular => 65,
            Self::Rare => match letters {
                0 | 1 => 35,
                2 => 50,
                3 => 75,
                4 => 88,
                5 => 95,
                _ => 100,
            },
        }
    }
}

/// One entry: the form under which all spellings are compared, and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The common form.
    pub canonical: &'static str,
    /// Its kind.
    pub kind: WordKind,
}

static WORDS: LazyLock<HashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    // The first listing of a word wins, so the tables go from the most to the least specific.
    for (kind, lines) in [
        (WordKind::Function, table::FUNCTION),
        (WordKind::Light, table::LIGHT),
        (WordKind::Scope, table::SCOPE),
        (WordKind::Place, places::COUNTRIES),
        (WordKind::Activity, table::ACTIVITY_FAMILIES),
    ] {
        for line in lines.lines() {
            let mut forms = line.split_whitespace();
            if let Some(canonical) = forms.next() {
                words.entry(canonical).or_insert(Word { canonical, kind });
                for form in forms {
                    words.entry(form).or_insert(Word { canonical, kind });
                }
            }
        }
    }
    for (kind, list) in [
        (WordKind::Activity, table::ACTIVITY),
        (WordKind::Place, places::PLACES),
        (WordKind::Popular, table::POPULAR),
    ] {
        for canonical in list.split_whitespace() {
            words.entry(canonical).or_insert(Word { canonical, kind });
        }
    }
    words
});

/// Looks a folded word up; plurals in `-s` and British `-isation`/`-ise` are found under the
/// form that is listed.
#[must_use]
pub fn lookup(word: &str) -> Option<Word> {
    if let Some(found) = WORDS.get(word) {
        return Some(*found);
    }
    if word.len() < 5 {
        return None;
    }
    if let Some(stem) = word.strip_suffix("ies")
        && let Some(found) = WORDS.get(format!("{stem}y").as_str())
    {
        return Some(*found);
    }
    if let Some(found) = word.strip_suffix('s').and_then(|stem| WORDS.get(stem)) {
        return (found.kind != WordKind::Place).then_some(*found);
    }
    if word.contains("is") {
        let american = word.replace("isation", "ization").replace("ised", "ized");
        return WORDS.get(american.as_str()).copied();
    }
    None
}

/// Names of places of more than one word, as they appear after folding, and the one word that
/// stands for them.
#[must_use]
pub fn place_phrases() -> &'static [(&'static [&'static str], &'static str)] {
    places::PLACE_PHRASES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word_meet() {
        for (a, b) in [
            ("intl", "international"),
            ("technologies", "technology"),
            ("organisation", "organization"),
            ("gruppe", "group"),
            ("universitat", "university"),
            ("deutschland", "germany"),
            ("services", "service"),
            ("labour", "labor"),
        ] {
            assert_eq!(
                lookup(a).map(|word| word.canonical),
                lookup(b).map(|word| word.canonical),
                "{a} and {b}"
            );
            assert!(lookup(a).is_some(), "{a}");
        }
    }

    #[test]
    fn names_are_rare() {
        for word in ["siemens", "gazprom", "volkswagen", "trafigura"] {
            assert_eq!(lookup(word), None, "{word}");
        }
    }

    #[test]
    fn short_rare_words_weigh_less() {
        assert!(WordKind::Rare.weight(3) < WordKind::Rare.weight(8));
        assert!(WordKind::Popular.weight(8) < WordKind::Rare.weight(8));
        assert!(WordKind::Light.weight(8) < WordKind::Activity.weight(8));
    }
}
