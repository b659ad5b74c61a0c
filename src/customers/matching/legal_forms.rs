//! Legal forms, abbreviated and in full, of many jurisdictions; stripped at the end of a name,
//! and at its start where that is where they stand (Russian, Indonesian, Vietnamese use).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::fold::{FoldedWord, join};
use super::legal_forms_table as table;

/// What kind of body a legal form makes. Two names alike in all but this are two bodies, mostly
/// of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalKind {
    /// Says no more than "a company" (Inc., Corp., Co., Ltd.).
    Company,
    /// Private limited company (`GmbH`, LLC, S.à r.l., OOO).
    Private,
    /// Company limited by shares (AG, S.A., plc, JSC).
    Stock,
    /// Partnership (LLP, KG, OHG).
    Partnership,
    /// Association or other body without profit (e.V., ANO).
    Association,
    /// Co-operative (eG).
    Cooperative,
    /// Owned by the state (GUP, state enterprise).
    State,
}

impl LegalKind {
    /// Whether two forms exclude that the names mean one legal body.
    #[must_use]
    pub fn conflicts(self, other: Self) -> bool {
        self != other && self != Self::Company && other != Self::Company
    }

    /// Whether one of two forms is for profit and the other is not.
    #[must_use]
    pub fn crosses_purpose(self, other: Self) -> bool {
        self != other && (self == Self::Association || other == Self::Association)
    }
}

/// Forms by their letters without spaces, so that `sp z o.o.` and `Sp. zoo` are one.
struct Forms {
    all: HashMap<String, LegalKind>,
    leading: HashMap<String, LegalKind>,
    /// Long forms: their letters and number of words, for spelling mistakes.
    long: Vec<(String, usize, LegalKind)>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let mut forms = Forms {
        all: HashMap::new(),
        leading: HashMap::new(),
        long: Vec::new(),
    };
    for (kind, list) in table::FORMS {
        for form in list.split('|').map(str::trim).filter(|form| !form.is_empty()) {
            let words = fold_plain(form);
            let letters = words.concat();
            forms.all.entry(letters.clone()).or_insert(*kind);
            if words.len() > 1 && letters.len() >= 10 {
                forms.leading.entry(letters.clone()).or_insert(*kind);
            }
            if letters.len() >= 12 {
                forms.long.push((letters, words.len(), *kind));
            }
        }
    }
    for (kind, list) in table::LEADING {
        for form in list.split_whitespace() {
            forms.leading.entry(fold_plain(form).concat()).or_insert(*kind);
        }
    }
    forms
});

/// Folds an entry of the table. The full folding looks legal forms up, so it cannot be used here.
fn fold_plain(text: &str) -> Vec<String> {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    text.split_whitespace()
        .map(|word| {
            word.nfkc()
                .map(|letter| {
                    let base: String = std::iter::once(letter)
                        .nfkd()
                        .filter(|part| !is_combining_mark(*part))
                        .collect();
                    if base.is_ascii() {
                        base
                    } else {
                        any_ascii::any_ascii_char(letter).to_owned()
                    }
                })
                .collect::<String>()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_ascii_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// The longest form in words.
const MOST_WORDS: usize = 8;

/// Sets legal forms of scripts written without spaces apart from the name, in Latin letters.
pub(super) fn part_unspaced(raw: &str) -> String {
    if raw.is_ascii() {
        return raw.to_owned();
    }
    let mut text = raw.to_owned();
    for (form, latin) in table::UNSPACED {
        if text.contains(form) {
            text = text.replace(form, latin);
        }
    }
    text
}

/// Whether the folded word is a legal form written as an abbreviation.
pub(super) fn is_abbreviation(word: &str) -> bool {
    (2..=5).contains(&word.len()) && FORMS.all.contains_key(word)
}

/// The kind of a legal form given in folded letters without spaces.
#[must_use]
pub fn kind_of(letters: &str) -> Option<LegalKind> {
    FORMS.all.get(letters).copied()
}

/// Takes the legal forms off a name and gives the most telling one. What is left has always at
/// least two characters.
pub(super) fn strip(words: &[FoldedWord]) -> (Vec<FoldedWord>, Option<LegalKind>) {
    let mut left = words.to_vec();
    let mut kind = None;
    if left.len() > 1 && left.first().is_some_and(|word| word.text == "the") {
        left.remove(0);
    }
    strip_trailing(&mut left, &mut kind);
    strip_leading(&mut left, &mut kind);
    strip_trailing(&mut left, &mut kind);
    if left.len() > 1 && left.first().is_some_and(|word| word.text == "the") {
        left.remove(0);
    }
    (left, kind)
}

fn letters(words: &[FoldedWord]) -> String {
    join(words.iter().map(|word| word.text.as_str()), "")
}

fn is_connector(word: &FoldedWord) -> bool {
    matches!(
        word.text.as_str(),
        "and" | "und" | "et" | "y" | "e" | "og" | "och" | "cie"
    )
}

/// Keeps the kind that says most: a form that says only "company" gives way.
fn note(kind: &mut Option<LegalKind>, found: LegalKind) {
    if kind.is_none() || *kind == Some(LegalKind::Company) {
        *kind = Some(found);
    }
}

fn strip_trailing(left: &mut Vec<FoldedWord>, kind: &mut Option<LegalKind>) {
    while let Some((count, found)) = trailing_form(left) {
        let form = left.len() - count;
        let before = left.get(..form).unwrap_or_default();
        let name = before
            .iter()
            .rposition(|word| !is_connector(word))
            .map_or(0, |last| last + 1);
        if length(before.get(..name).unwrap_or_default()) < 2 {
            return;
        }
        left.truncate(name);
        note(kind, found);
    }
}

/// How many letters the words have.
fn length(words: &[FoldedWord]) -> usize {
    words.iter().map(|word| word.text.len()).sum()
}

fn trailing_form(words: &[FoldedWord]) -> Option<(usize, LegalKind)> {
    let most = MOST_WORDS.min(words.len().saturating_sub(1));
    let last = words.get(words.len() - most..)?;
    let letters = letters(last);
    let mut from = 0;
    for (passed, word) in last.iter().enumerate() {
        let (tail, count) = (letters.get(from..)?, most - passed);
        if let Some(kind) = FORMS.all.get(tail).copied().or_else(|| misspelt_form(tail, count)) {
            return Some((count, kind));
        }
        from += word.text.len();
    }
    None
}

/// A long form with a mistake: one letter, or two from fifteen letters on.
fn misspelt_form(tail: &str, words: usize) -> Option<LegalKind> {
    if tail.len() < 12 {
        return None;
    }
    let near = |form: &str| {
        let most = if form.len() >= 15 { 2 } else { 1 };
        form.len().abs_diff(tail.len()) <= most && strsim::osa_distance(form, tail) <= most
    };
    FORMS
        .long
        .iter()
        .find(|(form, count, _)| *count == words && form.as_bytes().first() == tail.as_bytes().first() && near(form))
        .map(|(_, _, kind)| *kind)
}

fn strip_leading(left: &mut Vec<FoldedWord>, kind: &mut Option<LegalKind>) {
    let most = MOST_WORDS.min(left.len().saturating_sub(1));
    let first = left.get(..most).unwrap_or_default();
    let mut head = letters(first);
    let lengths: Vec<usize> = first.iter().map(|word| word.text.len()).collect();
    for (others, last) in lengths.into_iter().enumerate().rev() {
        let count = others + 1;
        // "S.C. Acme S.R.L." is Romanian; "S.C. Johnson" is not.
        let romanian = head == "sc" && *kind == Some(LegalKind::Private);
        let found = FORMS
            .leading
            .get(head.as_str())
            .copied()
            .or(romanian.then_some(LegalKind::Private));
        if let Some(found) = found {
            if length(left.get(count..).unwrap_or_default()) >= 2 {
                left.drain(..count);
                note(kind, found);
            }
            return;
        }
        head.truncate(head.len() - last);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold_words;
    use super::*;

    fn norm(raw: &str) -> String {
        let (words, _) = strip(&fold_words(raw));
        join(words.iter().map(|word| word.text.as_str()), " ")
    }

    #[test]
    fn strips_forms_at_both_ends() {
        for (raw, expected) in [
            ("Acme GmbH & Co. KG", "acme"),
            ("Acme Gesellschaft mit beschränkter Haftung", "acme"),
            ("Acme Aktiengeselschaft", "acme"),
            ("ООО «Ромашка»", "romashka"),
            ("Общество с ограниченной ответственностью Ромашка", "romashka"),
            ("Публичное акционерное общество Ромашка", "romashka"),
            ("АО Ромашка", "romashka"),
            ("PT Maju Jaya Tbk", "maju jaya"),
            ("Joint Stock Company Maju", "maju"),
            ("Maju Société à responsabilité limitée", "maju"),
            ("Maju Sp. z o.o.", "maju"),
            ("Maju Spółka z ograniczoną odpowiedzialnością", "maju"),
            ("Maju Co., Ltd.", "maju"),
            ("Maju S.A. de C.V.", "maju"),
            ("The Maju Company", "maju"),
            ("株式会社ソニー", "soni"),
            ("Maju Pty Ltd", "maju"),
            ("Maju A/S", "maju"),
            ("Goldman Sachs & Co. L.L.C.", "goldman sachs"),
            ("Maju Osakeyhtiö", "maju"),
            ("SC Maju SRL", "maju"),
        ] {
            assert_eq!(norm(raw), expected, "{raw}");
        }
    }

    #[test]
    fn keeps_what_is_a_name() {
        for (raw, expected) in [
            ("AT&T Inc.", "at and t"),
            ("S.C. Johnson & Son, Inc.", "sc johnson and son"),
            ("AG Barr plc", "ag barr"),
            ("The Limited", "limited"),
            ("Co", "co"),
            ("X AG", "x ag"),
            (
                "Organization for Economic Cooperation",
                "organization for economic cooperation",
            ),
        ] {
            assert_eq!(norm(raw), expected, "{raw}");
        }
    }

    #[test]
    fn kinds_conflict_only_where_both_are_definite() {
        let kind = |raw: &str| strip(&fold_words(raw)).1;
        assert_eq!(kind("Acme AG"), Some(LegalKind::Stock));
        assert_eq!(kind("Acme GmbH"), Some(LegalKind::Private));
        assert_eq!(kind("Acme Co., LLC"), Some(LegalKind::Private));
        assert!(LegalKind::Stock.conflicts(LegalKind::Private));
        assert!(!LegalKind::Stock.conflicts(LegalKind::Company));
    }
}
