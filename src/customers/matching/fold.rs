//! Folding: one spelling for every way of writing the same letters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::legal_forms;

/// A word of a folded text, with what folding would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoldedWord {
    /// Lower case, ASCII letters and digits only.
    pub text: String,
    /// Whether the word was written in capitals throughout.
    pub capitals: bool,
}

/// Folds a text: compatibility decomposition, no marks, Latin letters, lower case, `&` as `and`,
/// apostrophes dropped, dotted initials joined (`N.V.` is `nv`), anything else a space.
#[must_use]
pub fn fold(raw: &str) -> String {
    let words = fold_words(raw);
    join(words.iter().map(|word| word.text.as_str()), " ")
}

/// Joins words with a separator.
pub(super) fn join<'a>(words: impl Iterator<Item = &'a str>, separator: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(word);
    }
    text
}

/// A run of letters and digits and what stood before it.
struct Piece {
    text: String,
    /// The separators between the piece before and this one.
    before: String,
}

/// The words of [`fold`].
pub(super) fn fold_words(raw: &str) -> Vec<FoldedWord> {
    let spelled = legal_forms::part_unspaced(raw);
    let mut pieces = pieces(&spelled);
    let mut words = Vec::with_capacity(pieces.len() + 1);
    let mut start = 0;
    while start < pieces.len() {
        let run = initials_run(pieces.get(start..).unwrap_or_default());
        let mut text = String::new();
        for piece in pieces.iter_mut().skip(start).take(run) {
            text.push_str(&std::mem::take(&mut piece.text));
        }
        start += run;
        for part in split_glued_legal_form(&text) {
            words.push(FoldedWord {
                capitals: part.bytes().any(|byte| byte.is_ascii_uppercase())
                    && !part.bytes().any(|byte| byte.is_ascii_lowercase()),
                text: part.to_ascii_lowercase(),
            });
        }
    }
    words
}

/// Cuts a text into pieces in their original case. Most names are ASCII, which composition leaves as it is.
fn pieces(text: &str) -> Vec<Piece> {
    if text.is_ascii() {
        cut(text.chars())
    } else {
        cut(text.nfkc())
    }
}

fn cut(letters: impl Iterator<Item = char>) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut piece = Piece {
        text: String::new(),
        before: String::new(),
    };
    let mut separators = String::new();
    let mut flush = |piece: &mut Piece, next: &mut String| {
        if !piece.text.is_empty() {
            all.push(std::mem::replace(
                piece,
                Piece {
                    text: String::new(),
                    before: String::new(),
                },
            ));
        }
        piece.before = std::mem::take(next);
    };
    for letter in letters {
        match letter {
            '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' | '′' | '″' | '״' | '׳' => {}
            '&' | '+' | '%' => {
                flush(&mut piece, &mut separators);
                piece.text.push_str(if letter == '%' { "percent" } else { "and" });
                piece.before.push(' ');
                flush(&mut piece, &mut separators);
                separators.push(' ');
            }
            _ if is_combining_mark(letter) => {}
            _ if letter.is_alphanumeric() => {
                if !separators.is_empty() {
                    flush(&mut piece, &mut separators);
                }
                push_latin(letter, &mut piece.text);
            }
            _ => separators.push(letter),
        }
    }
    flush(&mut piece, &mut separators);
    all
}

/// Adds the Latin letters and digits of a letter or digit.
fn push_latin(letter: char, text: &mut String) {
    if letter.is_ascii() {
        return text.push(letter);
    }
    if letter == 'ё' || letter == 'Ё' {
        // Russian usually leaves the dots out.
        return text.push(if letter == 'ё' { 'e' } else { 'E' });
    }
    let base: String = std::iter::once(letter)
        .nfkd()
        .filter(|part| !is_combining_mark(*part))
        .collect();
    let latin = if base.is_ascii() {
        &base
    } else {
        any_ascii::any_ascii_char(letter)
    };
    // Soft signs come as apostrophes; they are dropped as such, and the word goes on.
    text.extend(latin.chars().filter(char::is_ascii_alphanumeric));
}

/// How many pieces from the first on are initials that belong together: `N.V.`, `S. A.`, `A/S`,
/// and `J P` where both stand free. `V L.P.` is not joined, since `L` starts dotted initials.
fn initials_run(pieces: &[Piece]) -> usize {
    let single = |piece: &Piece| piece.text.len() == 1 && piece.text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut run = 1;
    let mut rest = pieces.windows(2).enumerate();
    while let Some((index, [left, right])) = rest.next() {
        if !single(left) || !single(right) {
            break;
        }
        let dotted_after = pieces
            .get(index + 2)
            .is_some_and(|piece| piece.before.starts_with(['.', '/']));
        let linked = match right.before.as_str() {
            "." | ". " | "/" | "./" => true,
            // A lone Roman numeral before other initials stays alone.
            " " => !(dotted_after || (index == 0 && matches!(left.text.as_str(), "I" | "V" | "X"))),
            _ => false,
        };
        if !linked {
            break;
        }
        run = index + 2;
    }
    run
}

/// Splits a legal form written without a space from the name before it (`SiemensAG`), where the
/// change of case shows it.
fn split_glued_legal_form(word: &str) -> Vec<&str> {
    let bytes = word.as_bytes();
    for (index, pair) in bytes.windows(2).enumerate().skip(1) {
        let turns = matches!(pair, [left, right]
            if left.is_ascii_lowercase() && right.is_ascii_uppercase());
        if turns {
            let (name, form) = word.split_at(index + 1);
            if name.len() >= 3 && legal_forms::is_abbreviation(&form.to_ascii_lowercase()) {
                return vec![name, form];
            }
        }
    }
    vec![word]
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folds_letters_of_all_scripts() {
        for (raw, folded) in [
            ("Société Générale S.A.", "societe generale sa"),
            ("Straße & Söhne", "strasse and sohne"),
            ("Łódź Øresund Æther", "lodz oresund aether"),
            ("ОАО «Газпром»", "oao gazprom"),
            ("Роснефть", "rosneft"),
            ("ΑΛΦΑ Α.Ε.", "alfa ae"),
            ("ＡＢＣ　Ｃｏｒｐ", "abc corp"),
            ("ﬁrst", "first"),
        ] {
            assert_eq!(fold(raw), folded, "{raw}");
        }
    }

    #[test]
    fn joins_initials() {
        for (raw, folded) in [
            ("A.B.C. Company", "abc company"),
            ("L.X.C Aviation", "lxc aviation"),
            ("Philips N.V.", "philips nv"),
            ("C G Clow", "cg clow"),
            ("J. P. Morgan", "jp morgan"),
            ("Novo A/S", "novo as"),
            ("Partners V L.P.", "partners v lp"),
            ("Fund I L.L.C.", "fund i llc"),
            ("FABERLIC Sp. z o.o.", "faberlic sp z oo"),
            ("AT&T", "at and t"),
        ] {
            assert_eq!(fold(raw), folded, "{raw}");
        }
    }

    #[test]
    fn drops_apostrophes_and_splits_glued_forms() {
        assert_eq!(fold("Deutsche Bank's AG"), "deutsche banks ag");
        assert_eq!(fold("Int’l"), "intl");
        assert_eq!(fold("SiemensAG"), "siemens ag");
        assert_eq!(fold("McDonalds"), "mcdonalds");
        assert_eq!(fold("  "), "");
    }
}
