//! The rows of content that comes piece by piece: CSV, or JSON lines.

use serde_json::Value;

use super::model::ImportFormat;
use crate::{
    error::{Error, Result},
    imports::{
        formats::{Encoding, Formats},
        source::{BYTES_OF_A_ROW, Broken, Over, Place, Source},
    },
};

/// The columns that a file of problems has before those of the file that was brought in.
pub const PROBLEM_COLUMNS: [&str; 4] = ["openprm_line", "openprm_code", "openprm_reason", "openprm_raw"];
/// How many characters of a line that cannot be read are kept.
const SHOWN: usize = 4000;

/// A row as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The number of its first line.
    pub line: u64,
    /// Its cells, or what is wrong with it.
    pub cells: std::result::Result<Vec<String>, Broken>,
    /// What is kept of it, so that [`cells`] reads it again.
    pub content: Option<String>,
    /// What stands there, if it cannot be read.
    pub raw: Option<String>,
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

/// JSON lines that are being read.
#[derive(Debug)]
pub struct Lines {
    bytes: Vec<u8>,
    before: u64,
    whole: bool,
    at: usize,
    line: u64,
    columns: Vec<String>,
    list: char,
    /// The line that is passed over, while its end is looked for.
    over: Option<Over>,
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
            ImportFormat::Ndjson => {
                let at = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                Ok(Self::Lines(Lines {
                    bytes: head,
                    before: 0,
                    whole,
                    at,
                    line: 1,
                    columns,
                    list: formats.list,
                    over: None,
                }))
            }
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
            ImportFormat::Ndjson => Self::Lines(Lines {
                bytes: Vec::new(),
                before: place.position,
                whole: false,
                at: 0,
                line: place.line,
                columns: place.header,
                list: formats.list,
                over: None,
            }),
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
            Self::Lines(lines) => lines.whole = true,
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
                let Some(row) = source.next() else { return Ok(None) };
                let cells = row.cells.map(|cells| {
                    if *guarded {
                        cells.iter().map(|cell| unguarded(cell)).collect()
                    } else {
                        cells
                    }
                });
                let content = match &cells {
                    Ok(cells) => Some(serde_json::to_string(cells).map_err(Error::internal)?),
                    Err(_) => None,
                };
                Ok(Some(Read {
                    line: row.line,
                    cells,
                    content,
                    raw: row.raw,
                }))
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

impl Lines {
    fn feed(&mut self, piece: &[u8]) {
        let read = self.bytes.drain(..self.at.min(self.bytes.len())).count();
        self.before = self.before.saturating_add(u64::try_from(read).unwrap_or(0));
        self.at = 0;
        self.bytes.extend_from_slice(piece);
    }

    fn place(&self) -> Place {
        let read = self.before.saturating_add(u64::try_from(self.at).unwrap_or(0));
        Place {
            position: read.saturating_sub(self.over.as_ref().map_or(0, Over::bytes)),
            line: self.line,
            delimiter: 0,
            header: self.columns.clone(),
        }
    }

    fn read(&mut self) -> Option<Read> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() && !(self.whole && self.over.is_some()) {
                return None;
            }
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (length, step) = match end {
                Some(end) => (end, end + 1),
                None if self.whole => (rest.len(), rest.len()),
                None if self.over.is_some() || rest.len() > BYTES_OF_A_ROW => {
                    self.over.get_or_insert_with(|| Over::of(1)).take(rest);
                    self.at = self.bytes.len();
                    return None;
                }
                None => return None,
            };
            let line = self.line;
            if length > BYTES_OF_A_ROW || self.over.is_some() {
                let mut over = self.over.take().unwrap_or_else(|| Over::of(1));
                over.take(rest.get(..length).unwrap_or_default());
                self.at += step;
                self.line += 1;
                let row = over.row(line);
                return Some(Read {
                    line,
                    cells: row.cells,
                    content: None,
                    raw: row.raw,
                });
            }
            let text = String::from_utf8(rest.get(..length).unwrap_or_default().to_vec());
            self.at += step;
            self.line += 1;
            let (cells, text) = match text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => {
                    let text = text.trim().to_owned();
                    (members(&text, &self.columns, self.list), text)
                }
                Err(error) => {
                    let broken = Broken {
                        code: "invalid_encoding",
                        detail: "The line has bytes that are no UTF-8; save the file as UTF-8.".to_owned(),
                    };
                    (Err(broken), String::from_utf8_lossy(error.as_bytes()).into_owned())
                }
            };
            let (content, raw) = match &cells {
                Ok(_) => (Some(text), None),
                Err(_) => {
                    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
                    (None, Some(plain.take(SHOWN).collect()))
                }
            };
            return Some(Read {
                line,
                cells,
                content,
                raw,
            });
        }
    }
}

/// The members of a JSON line that are named as columns, as texts.
fn members(line: &str, columns: &[String], list: char) -> std::result::Result<Vec<String>, Broken> {
    let broken = |code: &'static str, detail: String| Broken { code, detail };
    let record: Value = serde_json::from_str(line)
        .map_err(|error| broken("malformed_row", format!("The line is no JSON object: {error}.")))?;
    if !record.is_object() {
        return Err(broken("malformed_row", "The line is no JSON object.".to_owned()));
    }
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        let text = member(&record, column).map_or_else(String::new, |value| text(value, list));
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            let detail = format!("The member `{column}` has a control character; remove it.");
            return Err(broken("control_character", detail));
        }
        cells.push(text.trim().to_owned());
    }
    Ok(cells)
}

/// The member of that name, or of objects in it with dots between their names.
fn member<'v>(record: &'v Value, name: &str) -> Option<&'v Value> {
    if let Some(found) = record.get(name) {
        return Some(found);
    }
    let (outer, inner) = name.split_once('.')?;
    member(record.get(outer)?, inner)
}

fn text(value: &Value, list: char) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| text(part, list)).collect();
            parts.join(&list.to_string())
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
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

    fn formats() -> Formats {
        Formats::of(&Given::default(), &Given::default()).unwrap()
    }

    fn lines(text: &[u8]) -> Vec<(u64, std::result::Result<Vec<String>, &'static str>)> {
        let columns = ["a".to_owned(), "b.c".to_owned()].to_vec();
        let mut records = Records::begun(ImportFormat::Ndjson, Vec::new(), false, &formats(), columns).unwrap();
        let mut found = Vec::new();
        for piece in text.chunks(5) {
            records.feed(piece);
            while let Some(read) = records.read().unwrap() {
                found.push(read);
            }
        }
        records.end();
        while let Some(read) = records.read().unwrap() {
            found.push(read);
        }
        found
            .into_iter()
            .map(|read| (read.line, read.cells.map_err(|broken| broken.code)))
            .collect()
    }

    #[test]
    fn json_lines_give_the_members_that_are_named() {
        let text = b"{\"a\": \" one \", \"b\": {\"c\": 12.5}}\n\n{\"b.c\": true, \"a\": [\"x\", 1]}\r\nnothing\n[1]\n{\"a\": null}";
        let cells = |texts: [&str; 2]| Ok(texts.map(str::to_owned).to_vec());
        assert_eq!(
            lines(text),
            [
                (1, cells(["one", "12.5"])),
                (3, cells(["x;1", "true"])),
                (4, Err("malformed_row")),
                (5, Err("malformed_row")),
                (6, cells(["", ""])),
            ]
        );
        assert_eq!(lines(b"{\"a\": \"\\u0000\"}"), [(1, Err("control_character"))]);
        assert_eq!(lines(b"{\"a\": \"\xff\"}"), [(1, Err("invalid_encoding"))]);
    }

    #[test]
    fn a_line_that_is_too_long_costs_only_itself_and_is_not_held() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(3 * BYTES_OF_A_ROW));
        for (text, last) in [
            (format!("{{\"a\": 1}}\n{long}\n{{\"a\": 2}}"), true),
            (format!("{{\"a\": 1}}\n{long}"), false),
        ] {
            let columns = ["a".to_owned()].to_vec();
            let mut records = Records::begun(ImportFormat::Ndjson, Vec::new(), false, &formats(), columns).unwrap();
            let mut found = Vec::new();
            for piece in text.as_bytes().chunks(100_000) {
                records.feed(piece);
                while let Some(read) = records.read().unwrap() {
                    found.push(read);
                }
            }
            records.end();
            while let Some(read) = records.read().unwrap() {
                found.push(read);
            }
            assert_eq!(records.place().position, u64::try_from(text.len()).unwrap());
            assert!(
                found
                    .iter()
                    .all(|read| read.raw.as_ref().is_none_or(|raw| raw.len() <= SHOWN))
            );
            let told: Vec<_> = found
                .into_iter()
                .map(|read| (read.line, read.cells.map_err(|broken| broken.code)))
                .collect();
            let cells = |text: &str| Ok([text.to_owned()].to_vec());
            let mut expected = [(1, cells("1")), (2, Err("too_long"))].to_vec();
            expected.extend(last.then(|| (3, cells("2"))));
            assert_eq!(told, expected);
        }
    }

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
            expected.cells.as_ref().unwrap()[4..],
            ["-1".to_owned(), "Köln".to_owned()]
        );
        let mut resumed = Records::resumed(ImportFormat::Csv, place.clone(), &formats);
        resumed.feed(&text[usize::try_from(place.position).unwrap()..]);
        resumed.end();
        assert_eq!(resumed.read().unwrap(), Some(expected));
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
