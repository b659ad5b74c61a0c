//! Index keys: two customers are compared only if they share one. All kinds stand in one table
//! `account_keys(kind, key, account_id)`, so that both databases find candidates alike.
//!
//! A key has to be rare among a million customers. So a word everybody uses is never a key alone,
//! only together with another; and keys for misspelt words that are short are bound to the next
//! word of the name.

use serde::Serialize;

use super::names::{NameKey, Token};
use super::profile::Profile;
use super::spelling::sound;
use super::words::WordKind;

/// Kind of a key. In the order of strength: where there are more candidates than can be compared,
/// those of the stronger kinds go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Id in another system.
    ExternalId,
    /// Registration number, without its authority.
    RegistrationNumber,
    /// Registrable domain of a web site or of an e-mail address.
    Domain,
    /// Registrable domain of an e-mail address.
    EmailDomain,
    /// The whole name without spaces and legal form.
    Name,
    /// Telephone number.
    Phone,
    /// Country, postcode and house number.
    Address,
    /// A rare word of the name.
    NameToken,
    /// Two words of a name without rare ones.
    NamePair,
    /// The initials of the name, or a name that may be initials.
    Acronym,
    /// The sound of a rare word, whole or with one sound missing.
    NameSound,
}

impl KeyKind {
    /// All kinds, the strongest first.
    pub const ALL: [Self; 11] = [
        Self::ExternalId,
        Self::RegistrationNumber,
        Self::Domain,
        Self::EmailDomain,
        Self::Name,
        Self::Phone,
        Self::Address,
        Self::NameToken,
        Self::NamePair,
        Self::Acronym,
        Self::NameSound,
    ];

    /// The text that stands in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::RegistrationNumber => "registration_number",
            Self::Domain => "domain",
            Self::EmailDomain => "email_domain",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::NameToken => "name_token",
            Self::NamePair => "name_pair",
            Self::Acronym => "acronym",
            Self::NameSound => "name_sound",
        }
    }
}

/// An index key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key {
    /// Kind.
    pub kind: KeyKind,
    /// Text, at most [`LONGEST`] bytes.
    pub key: String,
}

/// The longest key in bytes.
pub const LONGEST: usize = 80;
/// The most rare words of a name that become keys.
const MOST_TOKENS: usize = 3;

/// The keys of a customer, sorted, none twice.
#[must_use]
pub fn keys(profile: &Profile) -> Vec<Key> {
    let mut all = Vec::new();
    for id in &profile.external_ids {
        push(
            &mut all,
            KeyKind::ExternalId,
            format!("{}|{}", id.system.trim().to_lowercase(), id.id.trim()),
        );
    }
    for known in &profile.registrations {
        push(&mut all, KeyKind::RegistrationNumber, known.registration.number.clone());
    }
    for domain in &profile.domains {
        push(&mut all, KeyKind::Domain, domain.norm.clone());
    }
    for email in &profile.email_domains {
        push(&mut all, KeyKind::EmailDomain, email.domain.clone());
        // A web site on one side is found by an address on the other.
        push(&mut all, KeyKind::Domain, email.domain.clone());
    }
    for phone in &profile.phones {
        push(&mut all, KeyKind::Phone, phone.norm.clone());
    }
    for address in &profile.addresses {
        if let Some(key) = address.key() {
            push(&mut all, KeyKind::Address, key);
        }
    }
    for name in &profile.names {
        name_keys(name, &mut all);
    }
    all.sort();
    all.dedup();
    all
}

fn push(all: &mut Vec<Key>, kind: KeyKind, mut key: String) {
    if let Some(cut) = (0..=LONGEST.min(key.len())).rev().find(|at| key.is_char_boundary(*at)) {
        key.truncate(cut);
    }
    if !key.is_empty() {
        all.push(Key { kind, key });
    }
}

fn name_keys(name: &NameKey, all: &mut Vec<Key>) {
    push(all, KeyKind::Name, name.compact.clone());
    let form = name.compact_full.len().saturating_sub(name.compact.len());
    if (2..=5).contains(&form) && name.tokens.len() == 1 {
        // The other spelling may have the legal form glued to the name ("SIEMENSAG").
        push(all, KeyKind::Name, name.compact_full.clone());
    }
    for acronym in name.acronyms.iter().filter(|letters| (3..=7).contains(&letters.len())) {
        push(all, KeyKind::Acronym, acronym.clone());
    }
    if (3..=7).contains(&name.compact.len()) {
        push(all, KeyKind::Acronym, name.compact.clone());
    }

    let ranked = ranked(name);
    let rare: Vec<&Token> = ranked
        .iter()
        .copied()
        .filter(|token| token.kind == WordKind::Rare && token.text.len() >= 3)
        .collect();
    for token in rare.iter().take(MOST_TOKENS) {
        push(all, KeyKind::NameToken, token.text.clone());
        // Among the words of a longer name one may be its initials.
        if (3..=7).contains(&token.text.len()) && name.content_words() <= 3 {
            push(all, KeyKind::Acronym, token.text.clone());
        }
    }
    glued_keys(name, all);
    if rare.is_empty() {
        pair_keys(&ranked, all);
    }
    sound_keys(&ranked, all);
    // Spaces and spelling differ at once ("Andrang Heta").
    let sounds = bare_sound(&name.compact);
    if (1..=3).contains(&name.tokens.len()) && consonants(&sounds) >= 4 {
        push(all, KeyKind::NameSound, sounds.trim_end_matches('a').to_owned());
    }
}

/// The words that say something, the heaviest first; at equal weight the longer, then the one
/// that stands first.
fn ranked(name: &NameKey) -> Vec<&Token> {
    let mut ranked: Vec<&Token> = name
        .tokens
        .iter()
        .filter(|token| token.is_content() && token.kind != WordKind::Number && token.surface.len() > 1)
        .collect();
    ranked.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.surface.len().cmp(&a.surface.len())));
    ranked.dedup_by(|a, b| a.text == b.text);
    ranked
}

/// Two neighbours written as one word ("good will"), if one of them is a name of its own.
fn glued_keys(name: &NameKey, all: &mut Vec<Key>) {
    let words: Vec<&Token> = name.tokens.iter().take(3).collect();
    for pair in words.windows(2) {
        if let [left, right] = pair {
            let glued = format!("{}{}", left.surface, right.surface);
            if (left.is_telling() || right.is_telling()) && glued.len() >= 5 {
                push(all, KeyKind::NameToken, glued);
            }
        }
    }
}

fn pair_keys(ranked: &[&Token], all: &mut Vec<Key>) {
    let top: Vec<&Token> = ranked.iter().copied().take(3).collect();
    for (index, left) in top.iter().enumerate() {
        for right in top.iter().skip(index + 1) {
            let (low, high) = if left.text < right.text {
                (left, right)
            } else {
                (right, left)
            };
            push(all, KeyKind::NamePair, format!("{}+{}", low.text, high.text));
        }
    }
}

/// Keys that survive one mistake in the heaviest word, and the sound of the second.
///
/// The whole sound of a rare word is a key alone from three consonants on. All others are bound to
/// the next word of the name; a sound of two consonants also to the first letter, and without its
/// vowels; less is no key.
fn sound_keys(ranked: &[&Token], all: &mut Vec<Key>) {
    let Some(first) = ranked.first() else { return };
    let context = ranked.get(1).map_or("", |token| token.text.as_str());
    let letter = first.surface.get(..1).unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    let mut add = |sounds: &str, alone: bool| {
        let sounds = sounds.trim_end_matches('a');
        let key = match (consonants(sounds), alone) {
            (0 | 1, _) => return,
            (2, _) => format!("{letter}{}|{context}", sounds.replace('a', "")),
            (_, false) => format!("{sounds}|{context}"),
            (_, true) => sounds.to_owned(),
        };
        if !found.contains(&key) {
            found.push(key);
        }
    };
    let whole = bare_sound(&first.surface);
    let rare = first.kind == WordKind::Rare;
    add(&whole, rare);
    if consonants(&whole) <= 6 {
        add(&whole, false);
        for (at, _) in whole.bytes().enumerate().filter(|(_, letter)| *letter != b'a') {
            let rest = whole.chars().enumerate().filter(|(index, _)| *index != at);
            add(&rest.map(|(_, letter)| letter).collect::<String>(), false);
        }
    } else {
        // One mistake leaves the first or the last four consonants whole.
        add(&format!("{}~", cut(whole.chars(), 4)), rare);
        add(&format!("~{}", cut(whole.chars().rev(), 4)), rare);
    }
    if let Some(second) = ranked.get(1) {
        let sounds = bare_sound(&second.surface);
        let sounds = sounds.trim_end_matches('a');
        let key = if second.kind == WordKind::Rare {
            sounds.to_owned()
        } else {
            format!("{sounds}|{}", first.text)
        };
        if consonants(sounds) >= 3 && !found.contains(&key) {
            found.push(key);
        }
    }
    for key in found {
        push(all, KeyKind::NameSound, key);
    }
}

/// The sound without a vowel at its start, which is easily added or lost.
fn bare_sound(word: &str) -> String {
    sound(word).trim_start_matches(['a', 'e', 'i', 'o']).to_owned()
}

fn consonants(sounds: &str) -> usize {
    sounds.bytes().filter(|letter| *letter != b'a').count()
}

/// The sounds up to the given number of consonants.
fn cut(sounds: impl Iterator<Item = char>, most: usize) -> String {
    let mut left = most;
    let mut result = String::new();
    for letter in sounds {
        if letter != 'a' {
            if left == 0 {
                break;
            }
            left -= 1;
        }
        result.push(letter);
    }
    result.trim_end_matches('a').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::profile::RawProfile;
    use super::*;

    fn of(name: &str) -> Vec<Key> {
        keys(&Profile::new(&RawProfile {
            name: name.into(),
            ..RawProfile::default()
        }))
    }

    fn share(a: &str, b: &str) -> bool {
        let other = of(b);
        of(a).iter().any(|key| other.contains(key))
    }

    #[test]
    fn variants_share_a_key() {
        for (a, b) in [
            ("Acme Widgets GmbH", "ACME Holding"),
            ("Goodwill Industries", "Good Will"),
            ("IBM", "International Business Machines Corp"),
            ("Samsong Electronics", "Samsung Electronics Co., Ltd."),
            ("Fjord Motor Company", "Ford Motor Company"),
            ("Schlumbeger", "Schlumberger NV"),
            ("Газпром", "Gazprom Neft"),
            ("World Bank", "The World Bank"),
            ("Nvidia", "Invidia Corp"),
            ("Chevon", "Chevron"),
        ] {
            assert!(share(a, b), "{a} {b}\n{:?}\n{:?}", of(a), of(b));
        }
    }

    #[test]
    fn common_words_are_no_keys_alone() {
        for name in [
            "International Bank Group",
            "Global Services Holding",
            "General Construction Company",
        ] {
            for key in of(name) {
                assert_ne!(key.kind, KeyKind::NameToken, "{name} {key:?}");
            }
        }
        assert!(!share("Global Logistics Services", "Premier Logistics Group"));
    }

    #[test]
    fn keys_are_few_and_in_order() {
        for name in [
            "Kreditanstalt für Wiederaufbau",
            "Blackstone Real Estate Partners VI L.P.",
            "X",
            "Al-Qaida in Iraq",
        ] {
            let keys = of(name);
            assert!(keys.len() <= 20, "{name} {keys:?}");
            assert!(keys.is_sorted());
            assert!(keys.iter().all(|key| key.key.len() <= LONGEST));
        }
    }
}
