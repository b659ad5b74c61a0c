//! The rows of content that comes piece by piece: CSV, or JSON lines.

use super::{
    lines::{Lines, members},
    model::ImportFormat,
};
use crate::{
    error::{Error, Result},
    imports::{
        formats::{Encoding, Formats},
        raw::{Broken, Place, Row},
        source::Source,
    },
};

/// The columns that a file of problems has before those of the file that was brought in.
pub const PROBLEM_COLUMNS: [&str; 4] = ["openprm_line", "openprm_code", "openprm_reason", "openprm_raw"];

/// A row as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The row.
    pub row: Row,
    /// What is kept of it, so that [`cells`] reads it again; nothing of one that cannot be read.
    pub content: Option<String>,
}

/// Content that is being read.
#[derive(Debug)]
pub enum Records {
    /// CSV.
    Csv {
        /// Its rows.
        source: Source,
        /// Whether its cells were made safe for spreadsheets.
        guarded: bool,
    },
    /// JSON lines.
    Lines(Lines),
}

/// Which format content has that begins so.
pub fn sniffed(head: &[u8]) -> ImportFormat {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        ImportFormat::Ndjson
    } else {
        ImportFormat::Csv
    }
}

/// How the letters of content are stored that begins so, or is no more than that: in UTF-8 or, if more of its letters are none
/// than are some, in the code page of western Windows, which has all that ISO 8859-1 has.
pub fn likely_encoding(head: &[u8], whole: bool) -> Encoding {
    match std::str::from_utf8(head) {
        Ok(_) => return Encoding::Utf8,
        // The head may end within a character, the whole does not.
        Err(error) if error.error_len().is_none() && !whole => return Encoding::Utf8,
        Err(_) => {}
    }
    let text = String::from_utf8_lossy(head);
    let (mut broken, mut sound) = (0_usize, 0_usize);
    for letter in text.chars().filter(|letter| !letter.is_ascii()) {
        if letter == char::REPLACEMENT_CHARACTER {
            broken += 1;
        } else {
            sound += 1;
        }
    }
    if broken > sound {
        Encoding::Windows1252
    } else {
        Encoding::Utf8
    }
}

impl Records {
    /// Begins content of which these are the first bytes. Of JSON lines those members are read that are named as columns.
    ///
    /// # Errors
    /// 422 for CSV whose first line cannot name the columns.
    pub fn begun(
        format: ImportFormat,
        head: Vec<u8>,
        whole: bool,
        formats: &Formats,
        columns: Vec<String>,
    ) -> Result<Self> {
        match format {
            ImportFormat::Csv => {
                let source = Source::begun(head.clone(), whole, "The file", formats)?;
                if !is_of_problems(source.header()) {
                    return Ok(Self::Csv { source, guarded: false });
                }
                let mut source = Source::begun(head, whole, "The file", &as_problems_are(formats))?;
                source.rename(unguarded);
                Ok(Self::Csv { source, guarded: true })
            }
            ImportFormat::Ndjson => Ok(Self::Lines(Lines::begun(head, whole, columns, formats.list))),
        }
    }

    /// Goes on with content at a place; its bytes from there on are still to come.
    pub fn resumed(format: ImportFormat, place: Place, formats: &Formats) -> Self {
        match format {
            ImportFormat::Csv if is_of_problems(&place.header) => Self::Csv {
                source: Source::resumed(place, &as_problems_are(formats)),
                guarded: true,
            },
            ImportFormat::Csv => Self::Csv {
                source: Source::resumed(place, formats),
                guarded: false,
            },
            ImportFormat::Ndjson => Self::Lines(Lines::resumed(place, formats.list)),
        }
    }

    /// Takes in what comes next.
    pub fn feed(&mut self, piece: &[u8]) {
        match self {
            Self::Csv { source, .. } => source.feed(piece),
            Self::Lines(lines) => lines.feed(piece),
        }
    }

    /// Nothing more comes.
    pub const fn end(&mut self) {
        match self {
            Self::Csv { source, .. } => source.end(),
            Self::Lines(lines) => lines.end(),
        }
    }

    /// Where it is read on.
    pub fn place(&self) -> Place {
        match self {
            Self::Csv { source, .. } => source.place(),
            Self::Lines(lines) => lines.place(),
        }
    }

    /// The next row, if all of it is there.
    ///
    /// # Errors
    /// `internal` if cells cannot be kept, which none in practice cannot.
    pub fn read(&mut self) -> Result<Option<Read>> {
        match self {
            Self::Lines(lines) => Ok(lines.read()),
            Self::Csv { source, guarded } => {
                let Some(mut row) = source.next() else { return Ok(None) };
                if *guarded {
                    row.cells = row
                        .cells
                        .map(|cells| cells.iter().map(|cell| unguarded(cell)).collect());
                }
                let content = match &row.cells {
                    Ok(cells) => Some(serde_json::to_string(cells).map_err(Error::internal)?),
                    Err(_) => None,
                };
                Ok(Some(Read { row, content }))
            }
        }
    }
}

fn is_of_problems(header: &[String]) -> bool {
    PROBLEM_COLUMNS
        .iter()
        .all(|column| header.iter().any(|name| name == column))
}

/// A file of problems is UTF-8, whatever the file was that they are of.
fn as_problems_are(formats: &Formats) -> Formats {
    let mut formats = formats.clone();
    formats.encoding = Encoding::Utf8;
    formats
}

/// The cells of a row that was kept, in the order of the columns.
///
/// # Errors
/// What is wrong with it.
pub fn cells(
    format: ImportFormat,
    content: &str,
    columns: &[String],
    list: char,
) -> std::result::Result<Vec<String>, Broken> {
    match format {
        ImportFormat::Csv => serde_json::from_str(content).map_err(|error| Broken {
            code: "malformed_row",
            detail: format!("The row cannot be read: {error}."),
        }),
        ImportFormat::Ndjson => members(content, columns, list),
    }
}

/// Signs that make a spreadsheet take a cell for a formula (OWASP, "CSV injection"), in full width too.
const FORMULA: [char; 10] = [
    '=', '+', '-', '@', '\t', '\r', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
];
/// Signs after which some spreadsheet begins another cell.
const SEPARATORS: [char; 5] = [';', '|', '\t', '\r', '\n'];

fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell that no spreadsheet takes for a formula, and no part of it behind a sign that separates cells elsewhere; [`unguarded`]
/// undoes that exactly.
pub fn guarded(text: &str) -> String {
    let guard = |part: &str| {
        if looks_like_formula(part) {
            format!("'{part}")
        } else {
            part.to_owned()
        }
    };
    text.split_inclusive(SEPARATORS).map(guard).collect()
}

/// The cell that [`guarded`] made safe.
pub fn unguarded(text: &str) -> String {
    let bare = |part: &str| match part.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest.to_owned(),
        _ => part.to_owned(),
    };
    text.split_inclusive(SEPARATORS).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::formats::Given;

    #[test]
    fn a_file_of_problems_is_utf_8_and_its_columns_are_guarded_too() {
        let given = Given {
            encoding: Some(Encoding::Windows1252),
            ..Given::default()
        };
        let formats = Formats::of(&given, &Given::default()).unwrap();
        let text = "openprm_line,openprm_code,openprm_reason,openprm_raw,'@id,Straße\n2,x,y,,'-1,Köln\n".as_bytes();
        let mut records = Records::begun(ImportFormat::Csv, text.to_vec(), true, &formats, Vec::new()).unwrap();
        let place = records.place();
        assert_eq!(place.header[4..], ["@id".to_owned(), "Straße".to_owned()]);
        let expected = records.read().unwrap().unwrap();
        assert_eq!(
            expected.row.cells.as_ref().unwrap()[4..],
            ["-1".to_owned(), "Köln".to_owned()]
        );
        let mut resumed = Records::resumed(ImportFormat::Csv, place.clone(), &formats);
        resumed.feed(&text[usize::try_from(place.position).unwrap()..]);
        resumed.end();
        assert_eq!(resumed.read().unwrap(), Some(expected));
    }

    #[test]
    fn what_is_no_utf_8_is_likely_of_windows() {
        assert_eq!(likely_encoding("Id;Köln".as_bytes(), true), Encoding::Utf8);
        assert_eq!(
            likely_encoding(b"Id;K\xc3", false),
            Encoding::Utf8,
            "the head ends within a letter"
        );
        assert_eq!(likely_encoding(b"Id;K\xf6ln", false), Encoding::Windows1252);
        assert_eq!(
            likely_encoding(b"Id;Caf\xe9", true),
            Encoding::Windows1252,
            "nothing more comes of the last letter"
        );
        let one_bad_row = [b"Id;K\xf6ln\n".as_slice(), "1;Köln\n2;Bonn–Süd".as_bytes()].concat();
        assert_eq!(likely_encoding(&one_bad_row, true), Encoding::Utf8);
    }

    #[test]
    fn the_format_is_told_by_the_first_sign() {
        assert_eq!(sniffed(b"\xef\xbb\xbf {\"a\": 1}"), ImportFormat::Ndjson);
        assert_eq!(sniffed(b"a,b\n{1,2\n"), ImportFormat::Csv);
    }

    #[test]
    fn a_cell_that_was_made_safe_is_read_as_it_was() {
        for text in [
            "=1+1",
            "+49 30 1",
            "-5",
            "@a",
            "'=1",
            "''-x",
            "plain",
            "'quoted'",
            "",
            "'",
            "x;=1+1;'=2;;-",
            "a\n=1\n\n'+2",
            "a\tb|@c",
            "\u{FF1D}1",
        ] {
            let safe = guarded(text);
            for part in safe.split([';', '|', '\n']) {
                assert!(!part.starts_with(['=', '+', '-', '@', '\u{FF1D}']), "{safe}");
            }
            assert_eq!(unguarded(&safe), text);
        }
    }
}
