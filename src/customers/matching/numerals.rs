//! Numbers in names: digits, words, ordinals, Roman numerals.

/// A number word: units and tens combine ("forty-four").
fn word_value(word: &str) -> Option<u32> {
    Some(match word {
        "zero" => 0,
        "one" | "first" => 1,
        "two" | "second" => 2,
        "three" | "third" => 3,
        "four" | "fourth" => 4,
        "five" | "fifth" => 5,
        "six" | "sixth" => 6,
        "seven" | "seventh" => 7,
        "eight" | "eighth" => 8,
        "nine" | "ninth" => 9,
        "ten" | "tenth" => 10,
        "eleven" | "eleventh" => 11,
        "twelve" | "twelfth" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" | "twentieth" => 20,
        "thirty" => 30,
        "forty" | "fourty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        "hundred" => 100,
        "thousand" => 1000,
        _ => return None,
    })
}

/// The value of digits with an ordinal ending (`1st`, `22nd`).
fn ordinal(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))?;
    digits.parse().ok()
}

/// The value of a Roman numeral up to 39, the largest that is not rather a word or initials.
fn roman(word: &str) -> Option<u32> {
    let rest = word.trim_start_matches('x');
    let tens = u32::try_from(word.len() - rest.len()).ok().filter(|tens| *tens <= 3)?;
    let units = match rest {
        "" if tens > 0 => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => 9,
        _ => return None,
    };
    Some(tens * 10 + units)
}

/// Reads the number at the start of `words`: its value as digits, and how many words it takes.
/// A Roman numeral is one only after the first word, and a single letter only in capitals.
pub(super) fn read(words: &[(&str, bool)], at_start: bool) -> Option<(String, usize)> {
    let (word, capitals) = *words.first()?;
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = word.trim_start_matches('0');
        return Some((if digits.is_empty() { "0" } else { digits }.to_owned(), 1));
    }
    if let Some(value) = ordinal(word) {
        return Some((value.to_string(), 1));
    }
    if let Some(value) = word_value(word) {
        let unit = (20..100)
            .contains(&value)
            .then(|| words.get(1))
            .flatten()
            .and_then(|(next, _)| next.parse().ok().or_else(|| word_value(next)))
            .filter(|unit: &u32| (1..10).contains(unit));
        return Some(match unit {
            Some(unit) => ((value + unit).to_string(), 2),
            None => (value.to_string(), 1),
        });
    }
    if at_start || (word.len() == 1 && !capitals) {
        return None;
    }
    roman(word).map(|value| (value.to_string(), 1))
}

/// Splits a word where letters and digits meet (`ahl1`), unless it is an ordinal (`1st`).
pub(super) fn split(word: &str) -> Vec<&str> {
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) || ordinal(word).is_some() {
        return vec![word];
    }
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.bytes().next() {
        let end = rest
            .bytes()
            .position(|byte| byte.is_ascii_digit() != first.is_ascii_digit())
            .unwrap_or(rest.len());
        let (part, next) = rest.split_at(end);
        parts.push(part);
        rest = next;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, at_start: bool) -> Option<String> {
        let words: Vec<(&str, bool)> = text.split(' ').map(|word| (word, true)).collect();
        read(&words, at_start).map(|(value, _)| value)
    }

    #[test]
    fn reads_numbers_of_all_kinds() {
        for (text, number) in [
            ("44", "44"),
            ("forty four", "44"),
            ("forty 4", "44"),
            ("fourty four", "44"),
            ("1st", "1"),
            ("first", "1"),
            ("xiv", "14"),
            ("007", "7"),
            ("v", "5"),
        ] {
            assert_eq!(value(text, false).as_deref(), Some(number), "{text}");
        }
        assert_eq!(value("vi", true), None);
        assert_eq!(value("civic", false), None);
        assert_eq!(value("mix", false), None);
        assert_eq!(read(&[("v", false)], false), None);
    }

    #[test]
    fn splits_letters_from_digits() {
        assert_eq!(split("ahl1"), ["ahl", "1"]);
        assert_eq!(split("3m"), ["3", "m"]);
        assert_eq!(split("1st"), ["1st"]);
        assert_eq!(split("acme"), ["acme"]);
    }
}
