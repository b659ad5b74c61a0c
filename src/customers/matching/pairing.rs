//! Pairing the words of two names: equal, glued, abbreviated to initials, misspelt, shortened.

use super::compare::{NameReason, ReasonKind};
use super::names::{NameKey, Token};
use super::spelling::{self, NEAR, NEAR_IN_CONTEXT};
use super::words::WordKind;

/// Words were found glued.
pub(super) const GLUED: u8 = 1;
/// A word was found as the initials of others.
pub(super) const ACRONYM: u8 = 2;
/// Words were found in two spellings.
pub(super) const MISSPELT: u8 = 4;

/// A word and its place in the name.
type Placed<'a> = (usize, &'a Token);

/// The words of both names and which are paired, as bit sets.
pub(super) struct Pairing<'a> {
    pub a: &'a NameKey,
    pub b: &'a NameKey,
    pub used_a: u32,
    pub used_b: u32,
    /// Paired weight of both sides, in hundredths.
    pub paired: f64,
    /// Whether a word that is a name of its own was paired.
    pub rare: bool,
    /// The ways other than equality in which words were paired.
    pub ways: u8,
    pub reasons: Vec<NameReason>,
}

fn bit(index: usize) -> u32 {
    u32::try_from(index)
        .ok()
        .and_then(|index| 1_u32.checked_shl(index))
        .unwrap_or(0)
}

/// The words not paired yet.
pub(super) fn free(tokens: &[Token], used: u32) -> impl Iterator<Item = (usize, &Token)> {
    tokens
        .iter()
        .enumerate()
        .filter(move |(index, _)| used & bit(*index) == 0)
}

impl<'a> Pairing<'a> {
    /// Starts with nothing paired.
    pub fn new(a: &'a NameKey, b: &'a NameKey) -> Self {
        Self {
            a,
            b,
            used_a: 0,
            used_b: 0,
            paired: 0.0,
            rare: false,
            ways: 0,
            reasons: Vec::new(),
        }
    }

    /// Pairs what can be paired, the surest ways first.
    pub fn run(&mut self) {
        if self.pair_whole_acronym(false) || self.pair_whole_acronym(true) {
            return;
        }
        self.pair_equal();
        self.pair_glued(false);
        self.pair_glued(true);
        self.pair_acronym(false);
        self.pair_acronym(true);
        self.pair_misspelt();
        self.pair_shortened();
    }

    fn take(&mut self, a: Placed, b: Placed, likeness: f64) {
        self.used_a |= bit(a.0);
        self.used_b |= bit(b.0);
        self.paired += likeness * f64::from(a.1.weight + b.1.weight);
        self.rare |= a.1.is_telling() || b.1.is_telling();
    }

    fn pair_equal(&mut self) {
        let (a, b) = (self.a, self.b);
        for left in a.tokens.iter().enumerate() {
            let found = free(&b.tokens, self.used_b).find(|right| right.1.text == left.1.text);
            if let Some(right) = found {
                self.take(left, right, 1.0);
            }
        }
    }

    /// Finds one word of a side in two to four consecutive words of the other.
    fn pair_glued(&mut self, swapped: bool) {
        let (one, many) = if swapped { (self.b, self.a) } else { (self.a, self.b) };
        for (index, single) in one.tokens.iter().enumerate() {
            let (used_one, used_many) = if swapped {
                (self.used_b, self.used_a)
            } else {
                (self.used_a, self.used_b)
            };
            if used_one & bit(index) != 0 || single.surface.len() < 4 {
                continue;
            }
            let Some((start, count, likeness)) = find_glued(single, &many.tokens, used_many) else {
                continue;
            };
            let weight: u16 = many
                .tokens
                .iter()
                .skip(start)
                .take(count)
                .map(|token| token.weight)
                .sum();
            let run = (start..start + count).fold(0, |set, index| set | bit(index));
            if swapped {
                self.used_b |= bit(index);
                self.used_a |= run;
            } else {
                self.used_a |= bit(index);
                self.used_b |= run;
            }
            self.paired += likeness * f64::from(single.weight + weight);
            self.rare = true;
            self.ways |= GLUED;
            self.note(ReasonKind::Glued, &single.surface, &many.tokens, run, swapped);
        }
    }

    fn note(&mut self, kind: ReasonKind, single: &str, tokens: &[Token], run: u32, swapped: bool) {
        let many = super::fold::join(
            tokens
                .iter()
                .enumerate()
                .filter(|(index, _)| run & bit(*index) != 0)
                .map(|(_, token)| token.surface.as_str()),
            " ",
        );
        let (a, b) = if swapped {
            (many, single.to_owned())
        } else {
            (single.to_owned(), many)
        };
        self.reasons.push(NameReason { kind, a, b });
    }

    /// Whether one name is the initials of the other: three to seven letters, or "P&G".
    fn pair_whole_acronym(&mut self, swapped: bool) -> bool {
        let (one, many) = if swapped { (self.b, self.a) } else { (self.a, self.b) };
        if !(3..=7).contains(&one.compact.len())
            || many.tokens.len() < 2
            || !many.acronyms.contains(&one.compact)
            || one
                .tokens
                .iter()
                .any(|token| token.is_content() && token.kind != WordKind::Rare)
        {
            return false;
        }
        self.used_a = u32::MAX;
        self.used_b = u32::MAX;
        self.paired = f64::from(self.total());
        self.rare = true;
        self.ways |= ACRONYM;
        let run = self.used_b;
        self.note(ReasonKind::Acronym, &one.norm, &many.tokens, run, swapped);
        true
    }

    /// Weight of all words of both names, in hundredths.
    pub fn total(&self) -> u32 {
        self.a
            .tokens
            .iter()
            .chain(&self.b.tokens)
            .map(|token| u32::from(token.weight))
            .sum()
    }

    /// Finds a word of a side as the initials of words of the other.
    fn pair_acronym(&mut self, swapped: bool) {
        let (one, many) = if swapped { (self.b, self.a) } else { (self.a, self.b) };
        for (index, single) in one.tokens.iter().enumerate() {
            let (used_one, used_many) = if swapped {
                (self.used_b, self.used_a)
            } else {
                (self.used_a, self.used_b)
            };
            if used_one & bit(index) != 0 || single.kind != WordKind::Rare || !(3..=7).contains(&single.surface.len()) {
                continue;
            }
            let Some(run) = find_initials(&single.surface, &many.tokens, used_many) else {
                continue;
            };
            // Initials stand for all their words: both sides count the weight of the words.
            let weight: u16 = many
                .tokens
                .iter()
                .enumerate()
                .filter(|(index, _)| run & bit(*index) != 0)
                .map(|(_, token)| token.weight)
                .sum();
            if swapped {
                self.used_b |= bit(index);
                self.used_a |= run;
            } else {
                self.used_a |= bit(index);
                self.used_b |= run;
            }
            self.paired += f64::from(single.weight + weight);
            self.rare = true;
            self.ways |= ACRONYM;
            self.note(ReasonKind::Acronym, &single.surface, &many.tokens, run, swapped);
        }
    }

    /// Pairs misspelt words, the nearest first. Two words the table knows are two words.
    fn pair_misspelt(&mut self) {
        let (a, b) = (self.a, self.b);
        loop {
            let mut best: Option<(Placed, Placed, f64)> = None;
            for left in free(&a.tokens, self.used_a).filter(|left| may_be_misspelt(left.1)) {
                for right in free(&b.tokens, self.used_b) {
                    let known = left.1.kind != WordKind::Rare && right.1.kind != WordKind::Rare;
                    // "Müller" and "Mueller" are both known.
                    let heard = left.1.sound.len() >= 4 && left.1.sound == right.1.sound;
                    if (known && !heard) || !may_be_misspelt(right.1) {
                        continue;
                    }
                    let likeness = word_likeness(left.1, right.1);
                    let near = if self.rare { NEAR_IN_CONTEXT } else { NEAR };
                    if likeness >= near && best.is_none_or(|(_, _, so_far)| likeness > so_far) {
                        best = Some((left, right, likeness));
                    }
                }
            }
            let Some((left, right, likeness)) = best else {
                return;
            };
            self.take(left, right, likeness);
            self.ways |= MISSPELT;
            self.reasons.push(NameReason {
                kind: ReasonKind::Misspelt,
                a: left.1.surface.clone(),
                b: right.1.surface.clone(),
            });
        }
    }

    /// Pairs a word with its beginning: a letter for a name ("J. Smith"), or the start of a word
    /// the table knows ("Assoc.", "Univer.").
    fn pair_shortened(&mut self) {
        let (a, b) = (self.a, self.b);
        let meets = |short: &Token, long: &Token| {
            short.kind == WordKind::Rare
                && long.surface.starts_with(&short.surface)
                && match short.surface.len() {
                    1 => long.is_telling(),
                    4..=7 => matches!(long.kind, WordKind::Activity | WordKind::Scope),
                    _ => false,
                }
        };
        for left in a.tokens.iter().enumerate() {
            if self.used_a & bit(left.0) != 0 {
                continue;
            }
            let found = free(&b.tokens, self.used_b).find(|right| meets(left.1, right.1) || meets(right.1, left.1));
            if let Some(right) = found {
                let (rare, letter) = (self.rare, left.1.surface.len().min(right.1.surface.len()) == 1);
                self.take(left, right, if letter { 0.75 } else { 0.9 });
                self.rare = rare;
            }
        }
    }
}

fn may_be_misspelt(token: &Token) -> bool {
    !matches!(token.kind, WordKind::Number | WordKind::Function)
}

/// The likeness of two words in spelling, or in sound where that is nearer.
fn word_likeness(a: &Token, b: &Token) -> f64 {
    // Words that differ in two letters of three are not looked at; a mistake changes two at most.
    let apart = usize::try_from((a.letters ^ b.letters).count_ones()).unwrap_or(usize::MAX);
    if apart > a.surface.len().max(b.surface.len()) * 2 / 3 + 1 {
        return 0.0;
    }
    let spelled = spelling::likeness(&a.surface, &b.surface);
    if spelled < 0.84 && a.sound.len() >= 4 && a.sound == b.sound {
        0.84
    } else {
        spelled
    }
}

/// Two to four consecutive free words that make up the single one: where they start, how many.
fn find_glued(single: &Token, tokens: &[Token], used: u32) -> Option<(usize, usize, f64)> {
    for (start, head) in tokens.iter().enumerate() {
        if head.surface.bytes().next() != single.surface.bytes().next() {
            continue;
        }
        let mut glued = String::new();
        for (count, (index, token)) in tokens.iter().enumerate().skip(start).take(4).enumerate() {
            if used & bit(index) != 0 || glued.len() > single.surface.len() {
                break;
            }
            glued.push_str(&token.surface);
            if count == 0 || glued.len().abs_diff(single.surface.len()) > 1 {
                continue;
            }
            if glued == single.surface {
                return Some((start, count + 1, 1.0));
            }
            if glued.len() >= 8 {
                let likeness = spelling::likeness(&glued, &single.surface);
                if likeness >= 0.9 {
                    return Some((start, count + 1, likeness));
                }
            }
        }
    }
    None
}

/// Consecutive free words whose initials, small words left out or not, are the letters.
fn find_initials(letters: &str, tokens: &[Token], used: u32) -> Option<u32> {
    for start in 0..tokens.len() {
        for skip_small in [true, false] {
            let mut wanted = letters.chars();
            let mut run = 0;
            for (index, token) in tokens.iter().enumerate().skip(start) {
                let small = skip_small && token.kind == WordKind::Function;
                if small && run != 0 {
                    run |= bit(index);
                    continue;
                }
                if wanted.as_str().is_empty() {
                    break;
                }
                if used & bit(index) != 0 || token.surface.len() < 2 || token.kind == WordKind::Number {
                    break;
                }
                if wanted.next() != token.surface.chars().next() {
                    run = 0;
                    wanted = letters.chars();
                    break;
                }
                run |= bit(index);
            }
            if run != 0 && wanted.as_str().is_empty() {
                return Some(run & !used);
            }
        }
    }
    None
}
