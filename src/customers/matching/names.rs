//! A name of an organisation, prepared once for many comparisons.

use serde::Serialize;

use super::fold::{FoldedWord, fold_words, join};
use super::legal_forms::{self, LegalKind};
use super::numerals;
use super::spelling;
use super::words::{self, WordKind};

/// The most words of a name that are compared.
const MOST_TOKENS: usize = 24;

/// A word of a name as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Common form of the word ("international" for "intl", "#2" for "II").
    pub text: String,
    /// The letters as written, folded; what glued words are looked for in.
    pub surface: String,
    /// Kind of word.
    pub kind: WordKind,
    /// Weight in hundredths.
    pub weight: u16,
    /// The sound of the word, empty where it does not matter.
    pub(super) sound: String,
    /// The letters that occur, a bit each.
    #[serde(skip)]
    pub(super) letters: u64,
}

impl Token {
    fn new(text: String, surface: String, kind: WordKind) -> Self {
        let weight = kind.weight(surface.len());
        let sound = match kind {
            WordKind::Rare | WordKind::Popular => spelling::sound(&surface),
            _ => String::new(),
        };
        let letters = spelling::letter_set(surface.as_bytes());
        Self {
            text,
            surface,
            kind,
            weight,
            sound,
            letters,
        }
    }

    /// Whether the word carries a name of its own.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        matches!(self.kind, WordKind::Rare | WordKind::Popular)
    }

    /// Whether the word says something, if little.
    #[must_use]
    pub fn is_content(&self) -> bool {
        !matches!(self.kind, WordKind::Function | WordKind::Light)
    }
}

/// A name with everything a comparison needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameKey {
    /// As given.
    pub raw: String,
    /// Folded, with its legal form.
    pub fold: String,
    /// Folded, without legal forms and a leading "the".
    pub norm: String,
    /// `norm` without spaces.
    pub compact: String,
    /// `fold` without spaces.
    pub compact_full: String,
    /// Kind of the legal form, if one was found.
    pub legal: Option<LegalKind>,
    /// The words of `norm`.
    pub tokens: Vec<Token>,
    /// Initials of at least two words: without small words, with them, with the legal form, and
    /// with "and" written out.
    pub acronyms: Vec<String>,
}

impl NameKey {
    /// Prepares a name. A name without a letter or digit gives an empty key that matches nothing.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let told = without_own_acronym(raw);
        let folded = fold_words(told.as_deref().unwrap_or(raw));
        let (left, legal) = legal_forms::strip(&folded);
        let norm = join(left.iter().map(|word| word.text.as_str()), " ");
        let fold = join(folded.iter().map(|word| word.text.as_str()), " ");
        Self {
            compact: norm.replace(' ', ""),
            compact_full: fold.replace(' ', ""),
            tokens: tokens(&left),
            acronyms: acronyms(&folded, &left),
            raw: raw.to_owned(),
            fold,
            norm,
            legal,
        }
    }

    /// Whether there is nothing to compare.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.norm.is_empty()
    }

    /// How many words say something.
    #[must_use]
    pub fn content_words(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_content()).count()
    }
}

/// Drops the acronym a name gives of itself: "International Business Machines (IBM)".
fn without_own_acronym(raw: &str) -> Option<String> {
    let (before, rest) = raw.split_once('(')?;
    let (inside, after) = rest.split_once(')')?;
    let outside = format!("{before} {after}");
    let folded = fold_words(&outside);
    let (left, _) = legal_forms::strip(&folded);
    let inner = fold_words(inside);
    let [word] = inner.as_slice() else {
        return None;
    };
    (word.text.len() >= 2 && acronyms(&folded, &left).contains(&word.text)).then_some(outside)
}

fn is_small(word: &str) -> bool {
    words::lookup(word).is_some_and(|word| word.kind == WordKind::Function)
}

fn initials<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.filter_map(|word| word.chars().next()).collect()
}

/// The ways a name may be abbreviated to initials.
fn acronyms(folded: &[FoldedWord], left: &[FoldedWord]) -> Vec<String> {
    fn texts(words: &[FoldedWord]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }
    let (all, name) = (texts(folded), texts(left));
    let mut found: Vec<String> = Vec::new();
    for candidate in [
        initials(name.iter().copied().filter(|word| !is_small(word))),
        initials(name.iter().copied()),
        initials(all.iter().copied().filter(|word| !is_small(word))),
        // "P&G" folds to "p and g".
        name.iter()
            .map(|word| match *word {
                "and" => word,
                word => word.get(..1).unwrap_or(word),
            })
            .collect(),
    ] {
        // The legal form counts among initials only where it makes them long ("TSMC").
        let with_form = candidate.len() > name.len() && candidate.len() < 4;
        if candidate.len() >= 2
            && !with_form
            && candidate.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !found.contains(&candidate)
        {
            found.push(candidate);
        }
    }
    found
}

fn tokens(left: &[FoldedWord]) -> Vec<Token> {
    let parts: Vec<(&str, bool)> = left
        .iter()
        .flat_map(|word| {
            numerals::split(&word.text)
                .into_iter()
                .map(|part| (part, word.capitals))
        })
        .collect();
    let mut tokens = Vec::with_capacity(parts.len());
    let mut at = 0;
    while let Some(rest) = parts.get(at..).filter(|rest| !rest.is_empty()) {
        if tokens.len() >= MOST_TOKENS {
            break;
        }
        let (next, taken) = token(rest, at == 0);
        tokens.push(next);
        at += taken;
    }
    if let [first, second, ..] = tokens.as_mut_slice() {
        // A legal form before the name ("AB Volvo") is told from a name only by what follows.
        if first.kind == WordKind::Rare
            && legal_forms::is_abbreviation(&first.text)
            && first.text.len() == 2
            && second.is_telling()
        {
            first.weight = WordKind::Light.weight(2);
            first.kind = WordKind::Light;
        }
    }
    tokens
}

fn token(rest: &[(&str, bool)], at_start: bool) -> (Token, usize) {
    for (phrase, place) in words::place_phrases() {
        if phrase.len() <= rest.len() && phrase.iter().zip(rest).all(|(a, (b, _))| a == b) {
            let surface = phrase.concat();
            return (Token::new((*place).to_owned(), surface, WordKind::Place), phrase.len());
        }
    }
    if let Some((value, taken)) = numerals::read(rest, at_start) {
        let surface = rest.iter().take(taken).map(|(word, _)| *word).collect::<String>();
        return (Token::new(format!("#{value}"), surface, WordKind::Number), taken);
    }
    let word = rest.first().map_or("", |(word, _)| *word);
    let token = match words::lookup(word) {
        Some(found) => Token::new(found.canonical.to_owned(), word.to_owned(), found.kind),
        None => Token::new(word.to_owned(), word.to_owned(), WordKind::Rare),
    };
    (token, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepares_a_name() {
        let key = NameKey::new("The Deutsche Bank (Schweiz) AG");
        assert_eq!(key.norm, "deutsche bank schweiz");
        assert_eq!(key.legal, Some(LegalKind::Stock));
        assert_eq!(key.tokens.last().map(|token| token.text.as_str()), Some("switzerland"));
        assert_eq!(NameKey::new("Brigade Forty-Four").tokens.last().unwrap().text, "#44");
        assert_eq!(NameKey::new("Fund VII L.P.").tokens.last().unwrap().text, "#7");
    }

    #[test]
    fn acronyms_come_with_and_without_small_words() {
        let key = NameKey::new("Kreditanstalt für Wiederaufbau");
        assert_eq!(key.acronyms, ["kw", "kfw"]);
        assert!(
            NameKey::new("Taiwan Semiconductor Manufacturing Company")
                .acronyms
                .contains(&"tsmc".to_owned())
        );
        assert_eq!(
            NameKey::new("International Business Machines (IBM)").norm,
            "international business machines"
        );
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(NameKey::new(" -- ").is_empty());
        assert!(!NameKey::new("X").is_empty());
    }
}
