//! Streets and house numbers.

use super::fold::fold;
use super::spelling;

/// Words for a kind of street and directions, and the form they are compared in.
const STREET_WORDS: &[(&str, &str)] = &[
    ("street", "st"),
    ("str", "st"),
    ("strasse", "st"),
    ("straat", "st"),
    ("avenue", "ave"),
    ("av", "ave"),
    ("avda", "ave"),
    ("avenida", "ave"),
    ("boulevard", "blvd"),
    ("boul", "blvd"),
    ("bd", "blvd"),
    ("bvd", "blvd"),
    ("road", "rd"),
    ("drive", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("place", "pl"),
    ("platz", "pl"),
    ("plaza", "pl"),
    ("piazza", "pl"),
    ("plz", "pl"),
    ("square", "sq"),
    ("terrace", "ter"),
    ("parkway", "pkwy"),
    ("highway", "hwy"),
    ("circle", "cir"),
    ("crescent", "cres"),
    ("close", "cl"),
    ("gardens", "gdns"),
    ("building", "bldg"),
    ("suite", "ste"),
    ("floor", "fl"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("southeast", "se"),
    ("southwest", "sw"),
    ("saint", "st"),
    ("sankt", "st"),
    ("calle", "c"),
    ("cl", "c"),
    ("rue", "r"),
    ("via", "v"),
    ("viale", "v"),
    ("weg", "wg"),
    ("allee", "all"),
    ("chaussee", "chs"),
    ("ulitsa", "ul"),
    ("ulica", "ul"),
    ("prospekt", "pr"),
    ("pereulok", "per"),
    ("mount", "mt"),
    ("center", "ctr"),
    ("centre", "ctr"),
    ("industrial", "ind"),
    ("estate", "est"),
    ("expressway", "expy"),
    ("route", "rte"),
    ("rua", "r"),
    ("carrer", "c"),
    ("caddesi", "cad"),
    ("sokak", "sok"),
    ("mahallesi", "mah"),
];

/// Words for a place inside a building.
const INSIDE: &[&str] = &["floor", "suite", "ste", "unit", "fl", "building", "bldg", "etage", "og"];

/// Endings of German and Dutch streets that are written as one word with the name.
const GLUED_ENDINGS: &[(&str, &str)] = &[
    ("strasse", "st"),
    ("straat", "st"),
    ("str", "st"),
    ("gasse", "gasse"),
    ("platz", "pl"),
    ("allee", "all"),
    ("weg", "wg"),
];

/// Words of both streets paired by their likeness; the kind of street counts little.
pub(super) fn street_likeness(a: &str, b: &str) -> f64 {
    if a == b || a.replace(' ', "") == b.replace(' ', "") {
        return 1.0;
    }
    let weight = |word: &str| {
        if STREET_WORDS.iter().any(|(_, short)| *short == word) {
            0.25
        } else {
            1.0
        }
    };
    let mut right: Vec<&str> = b.split(' ').collect();
    let total: f64 = a.split(' ').chain(right.iter().copied()).map(weight).sum();
    let mut paired = 0.0;
    for word in a.split(' ') {
        let best = right
            .iter()
            .enumerate()
            .map(|(at, other)| (at, spelling::likeness(word, other)))
            .fold(None, |best: Option<(usize, f64)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            });
        if let Some((at, likeness)) = best.filter(|(_, likeness)| *likeness >= spelling::NEAR) {
            let other = right.remove(at);
            paired += likeness * (weight(word) + weight(other));
        }
    }
    paired / total.max(0.01)
}

/// The first number of a house number: "12-14" is 12, "12 A" is 12a.
pub(super) fn first_number(compact: &str) -> String {
    let start = compact.find(|letter: char| letter.is_ascii_digit()).unwrap_or(0);
    let rest = compact.get(start..).unwrap_or_default();
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, tail) = rest.split_at(end);
    let digits = digits.trim_start_matches('0');
    match tail.len() {
        1 if !digits.is_empty() => format!("{digits}{tail}"),
        _ => digits.to_owned(),
    }
}

/// Takes the house number out of a street line, at its start (221B Baker Street) or after the
/// name (Hauptstraße 12 a), and folds the rest.
pub(super) fn split_house_number(line: &str) -> (String, String) {
    // What follows a comma is a floor, a suite, a building.
    let line = line.replace(['-', '–'], " - ");
    let mut words: Vec<String> = fold(line.split(',').next().unwrap_or_default())
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let is_number = |word: &str| {
        let letters = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        letters.len() < word.len() && letters.len() <= 1
    };
    let at = match words.first() {
        Some(first) if is_number(first) && words.len() > 1 => Some(0),
        // A number that is the name of the street ("Rue du 8 Mai") stands before other words.
        _ => (1..words.len()).find(|at| {
            words.get(*at).is_some_and(|word| is_number(word))
                && (words.iter().skip(at + 1).all(|rest| rest.len() <= 2 || is_number(rest))
                    || words.get(at + 1).is_some_and(|next| INSIDE.contains(&next.as_str())))
        }),
    };
    let mut house = String::new();
    if let Some(at) = at {
        house = words.get(at).cloned().unwrap_or_default();
        let letter = words.get(at + 1).filter(|next| next.len() == 1 && at > 0).cloned();
        if house.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(letter) = letter
            && letter.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            house.push_str(&letter);
        }
        if at == 0 {
            words.remove(0);
            // "12-14 Baker Street"
            while words.len() > 1 && words.first().is_some_and(|word| is_number(word)) {
                words.remove(0);
            }
        } else {
            words.truncate(at);
        }
    }
    let street: Vec<String> = words.iter().flat_map(|word| street_word(word)).collect();
    (street.join(" "), first_number(&house))
}

fn street_word(word: &str) -> Vec<String> {
    if let Some((_, short)) = STREET_WORDS.iter().find(|(long, _)| *long == word) {
        return vec![(*short).to_owned()];
    }
    for (ending, short) in GLUED_ENDINGS {
        if let Some(name) = word.strip_suffix(ending).filter(|name| name.len() >= 3) {
            return vec![name.to_owned(), (*short).to_owned()];
        }
    }
    vec![word.to_owned()]
}
