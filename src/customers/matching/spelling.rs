//! How near two words are in spelling and in sound.

/// The most bytes of a word that are compared; longer words are cut.
const MOST: usize = 40;

/// From here on one word may be a spelling of the other. One full mistake in five letters is 0.80.
pub const NEAR: f64 = 0.78;
/// From here on where another word of the names' own agrees. One mistake in four letters is 0.75.
pub const NEAR_IN_CONTEXT: f64 = 0.74;

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// Cost in tenths of writing one letter for another. Vowels and letters of like sound are easily
/// taken for each other.
fn substitution(a: u8, b: u8, first: bool) -> u16 {
    if a == b {
        return 0;
    }
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    match (low, high) {
        (b'i' | b'j', b'y') | (b'c', b'k' | b's') | (b's', b'z') | (b'v', b'w') => 5,
        (b'f' | b'u', b'v') | (b'c' | b'k', b'q') | (b'g' | b'i', b'j') => 6,
        (b'd', b't') | (b'b', b'p') | (b'g', b'k') | (b'm', b'n') => 7,
        _ if is_vowel(a) && is_vowel(b) => {
            if first {
                8
            } else {
                5
            }
        }
        _ if first => 12,
        _ => 10,
    }
}

/// Cost in tenths of a letter too many or too few, by the letter before it.
fn insertion(letter: u8, before: Option<u8>) -> u16 {
    match letter {
        _ if before == Some(letter) => 4,
        b'k' if before == Some(b'c') => 4,
        b'h' => 5,
        _ if is_vowel(letter) => 7,
        _ => 10,
    }
}

/// The likeness of two folded words, 0 to 1: one minus the cost of the cheapest edits (wrong,
/// missing, doubled, swapped letters) for each letter of the longer word. Anything that cannot
/// reach [`NEAR_IN_CONTEXT`] is 0.
#[must_use]
pub fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (bytes(a), bytes(b));
    if a == b {
        return 1.0;
    }
    let longest = a.len().max(b.len());
    let shortest = a.len().min(b.len());
    if shortest < 3 || longest - shortest > longest / 4 + 1 {
        return 0.0;
    }
    let spelled = 1.0 - f64::from(edit_cost(a, b)) / (10.0 * size(longest));
    if spelled >= NEAR_IN_CONTEXT { spelled } else { 0.0 }
}

fn bytes(word: &str) -> &[u8] {
    let bytes = word.as_bytes();
    bytes.get(..MOST).unwrap_or(bytes)
}

/// A length as a float; lengths here are at most [`MOST`].
fn size(length: usize) -> f64 {
    f64::from(u16::try_from(length).unwrap_or(u16::MAX))
}

/// The letters and digits that occur in a word, a bit each.
pub(super) fn letter_set(word: &[u8]) -> u64 {
    word.iter().fold(0, |set, letter| {
        set | 1_u64.checked_shl(u32::from(letter & 63)).unwrap_or(0)
    })
}

type Row = [u16; MOST + 1];

fn cell(row: &Row, index: usize) -> u16 {
    row.get(index).copied().unwrap_or(u16::MAX / 2)
}

/// Optimal string alignment with the costs above, in tenths.
fn edit_cost(a: &[u8], b: &[u8]) -> u16 {
    let mut before_last: Row = [0; MOST + 1];
    let mut last: Row = [0; MOST + 1];
    let mut row: Row = [0; MOST + 1];
    let mut previous = None;
    for (index, letter) in b.iter().enumerate() {
        let cost = cell(&last, index) + insertion(*letter, previous);
        if let Some(slot) = last.get_mut(index + 1) {
            *slot = cost;
        }
        previous = Some(*letter);
    }
    let mut above = None;
    for (line, upper) in a.iter().enumerate() {
        if let Some(slot) = row.first_mut() {
            *slot = cell(&last, 0) + insertion(*upper, above);
        }
        let mut left = None;
        for (column, lower) in b.iter().enumerate() {
            let first = line == 0 && column == 0;
            let mut best = cell(&last, column) + substitution(*upper, *lower, first);
            best = best.min(cell(&last, column + 1) + insertion(*upper, above));
            best = best.min(cell(&row, column) + insertion(*lower, left));
            if upper != lower && above == Some(*lower) && left == Some(*upper) {
                best = best.min(cell(&before_last, column.wrapping_sub(1)) + 7);
            }
            if let Some(slot) = row.get_mut(column + 1) {
                *slot = best;
            }
            left = Some(*lower);
        }
        above = Some(*upper);
        before_last = last;
        last = row;
    }
    cell(&last, b.len())
}

/// The sound of a word, roughly: runs of vowels are one `a` (the first letter keeps its vowel),
/// letters of like sound are one, doubled letters are single, `h` is silent.
#[must_use]
pub fn sound(word: &str) -> String {
    let bytes = word.as_bytes();
    let mut sound = String::with_capacity(bytes.len());
    let mut last = '\0';
    for (index, letter) in bytes.iter().enumerate() {
        let next = bytes.get(index + 1).copied();
        let previous = index.checked_sub(1).and_then(|before| bytes.get(before)).copied();
        let heard: &str = match letter {
            b'p' if next == Some(b'h') => "f",
            b'c' if next == Some(b'h') => "k",
            b'c' if previous == Some(b's') && next == Some(b'h') => "",
            b'c' if matches!(next, Some(b'e' | b'i' | b'y')) => "s",
            b'c' | b'q' | b'g' | b'k' => "k",
            b't' if next == Some(b'z') => "",
            b'h' => "",
            b's' | b'z' => "s",
            b'x' => "ks",
            b'v' | b'w' => "v",
            b'b' | b'p' => "p",
            b'd' | b't' => "t",
            b'm' | b'n' => "n",
            b'e' if index == 0 => "e",
            b'o' | b'u' if index == 0 => "o",
            b'i' | b'y' if index == 0 => "i",
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y' => "a",
            b'f' => "f",
            b'j' => "j",
            b'l' => "l",
            b'r' => "r",
            _ => "0",
        };
        for letter in heard.chars() {
            if letter != last {
                sound.push(letter);
                last = letter;
            }
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_near() {
        for (a, b) in [
            ("gazprom", "gasprom"),
            ("microsoft", "macrosoft"),
            ("walmart", "wallmart"),
            ("apple", "appel"),
            ("stellantis", "stellaris"),
            ("trafigura", "trafalgura"),
            ("chevron", "chevon"),
            ("ericsson", "ericson"),
            ("schwarz", "schwartz"),
        ] {
            assert!(likeness(a, b) >= NEAR, "{a} {b} {}", likeness(a, b));
            assert!((likeness(a, b) - likeness(b, a)).abs() < 0.08, "{a} {b}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for (a, b) in [
            ("mckesson", "mckenton"),
            ("hathaway", "halloway"),
            ("puccini", "puffin"),
            ("lxc", "lau"),
            ("bp", "bd"),
            ("siemens", "volkswagen"),
            ("estonia", "ethiopia"),
            ("sparkles", "sporks"),
        ] {
            assert!(likeness(a, b) < NEAR, "{a} {b} {}", likeness(a, b));
        }
    }

    #[test]
    fn like_sounds_meet() {
        for (a, b) in [
            ("vital", "vitol"),
            ("mueller", "muller"),
            ("yandex", "yandeks"),
            ("philips", "filips"),
        ] {
            assert_eq!(sound(a), sound(b), "{a} {b}");
        }
        assert_ne!(sound("alpha"), sound("omega"));
    }
}
