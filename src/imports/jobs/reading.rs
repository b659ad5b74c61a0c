//! The rows of content that comes piece by piece: CSV, or JSON lines.

use serde_json::Value;

use super::model::ImportFormat;
use crate::{
    error::{Error, Result},
    imports::{
        formats::Formats,
        source::{Broken, Place, Source},
    },
};

/// The columns that a file of problems has before those of the file that was brought in.
pub const PROBLEM_COLUMNS: [&str; 4] = ["openprm_line", "openprm_code", "openprm_reason", "openprm_raw"];
/// How many bytes a JSON line may have.
const BYTES_OF_A_LINE: usize = 1024 * 1024;
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
                let source = Source::begun(head, whole, "The file", formats)?;
                let guarded = is_of_problems(source.header());
                Ok(Self::Csv { source, guarded })
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
                }))
            }
        }
    }

    /// Goes on with content at a place; its bytes from there on are still to come.
    pub fn resumed(format: ImportFormat, place: Place, formats: &Formats) -> Self {
        match format {
            ImportFormat::Csv => {
                let guarded = is_of_problems(&place.header);
                Self::Csv {
                    source: Source::resumed(place, formats),
                    guarded,
                }
            }
            ImportFormat::Ndjson => Self::Lines(Lines {
                bytes: Vec::new(),
                before: place.position,
                whole: false,
                at: 0,
                line: place.line,
                columns: place.header,
                list: formats.list,
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
            Self::Lines(lines) => Place {
                position: lines.before.saturating_add(u64::try_from(lines.at).unwrap_or(0)),
                line: lines.line,
                delimiter: 0,
                header: lines.columns.clone(),
            },
        }
    }

    /// Whether it is a file of problems.
    pub const fn is_guarded(&self) -> bool {
        match self {
            Self::Csv { guarded, .. } => *guarded,
            Self::Lines(_) => false,
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
                        cells.iter().map(|cell| unguarded(cell).to_owned()).collect()
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

    fn read(&mut self) -> Option<Read> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return None;
            }
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (length, step) = match end {
                Some(end) => (end, end + 1),
                None if self.whole || rest.len() > BYTES_OF_A_LINE => (rest.len(), rest.len()),
                None => return None,
            };
            let text = String::from_utf8(rest.get(..length).unwrap_or_default().to_vec());
            let line = self.line;
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

/// Signs that make a spreadsheet take a cell for a formula (OWASP, "CSV injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell that no spreadsheet takes for a formula; [`unguarded`] undoes that exactly.
pub fn guarded(text: &str) -> String {
    if looks_like_formula(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The cell that [`guarded`] made safe.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => text,
    }
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
    fn the_format_is_told_by_the_first_sign() {
        assert_eq!(sniffed(b"\xef\xbb\xbf {\"a\": 1}"), ImportFormat::Ndjson);
        assert_eq!(sniffed(b"a,b\n{1,2\n"), ImportFormat::Csv);
    }

    #[test]
    fn a_cell_that_was_made_safe_is_read_as_it_was() {
        for text in [
            "=1+1", "+49 30 1", "-5", "@a", "'=1", "''-x", "plain", "'quoted'", "", "'",
        ] {
            let safe = guarded(text);
            assert!(!safe.starts_with(FORMULA), "{safe}");
            assert_eq!(unguarded(&safe), text);
        }
    }
}
