//! Content whose rows are JSON objects, one a line, that comes piece by piece.

use serde_json::Value;

use super::reading::Read;
use crate::imports::raw::{BYTES_OF_A_ROW, Broken, Over, Place, Row, SHOWN};

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

impl Lines {
    /// Begins content of which these are the first bytes; of its lines those members are read that are named as columns.
    pub fn begun(head: Vec<u8>, whole: bool, columns: Vec<String>, list: char) -> Self {
        let at = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self {
            bytes: head,
            before: 0,
            whole,
            at,
            line: 1,
            columns,
            list,
            over: None,
        }
    }

    /// Goes on with content at a place; its bytes from there on are still to come.
    pub fn resumed(place: Place, list: char) -> Self {
        Self {
            bytes: Vec::new(),
            before: place.position,
            whole: false,
            at: 0,
            line: place.line,
            columns: place.header,
            list,
            over: None,
        }
    }

    /// Nothing more comes.
    pub const fn end(&mut self) {
        self.whole = true;
    }

    /// Takes in what comes next.
    pub fn feed(&mut self, piece: &[u8]) {
        let read = self.bytes.drain(..self.at.min(self.bytes.len())).count();
        self.before = self.before.saturating_add(u64::try_from(read).unwrap_or(0));
        self.at = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// Where they are read on.
    pub fn place(&self) -> Place {
        let read = self.before.saturating_add(u64::try_from(self.at).unwrap_or(0));
        Place {
            position: read.saturating_sub(self.over.as_ref().map_or(0, Over::bytes)),
            line: self.line,
            delimiter: 0,
            header: self.columns.clone(),
        }
    }

    /// The next line, if all of it is there.
    pub fn read(&mut self) -> Option<Read> {
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
                return Some(Read {
                    row: over.row(line),
                    content: None,
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
                row: Row { line, cells, raw },
                content,
            });
        }
    }
}

/// The members of a JSON line that are named as columns, as texts.
///
/// # Errors
/// What is wrong with the line.
pub fn members(line: &str, columns: &[String], list: char) -> std::result::Result<Vec<String>, Broken> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::raw::Told;

    /// Everything that is read of text that comes in pieces of that size, and what read it.
    fn read(text: &[u8], columns: &[&str], size: usize) -> (Lines, Vec<Told>) {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let mut records = Lines::begun(Vec::new(), false, columns, ';');
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            records.feed(piece);
            found.extend(std::iter::from_fn(|| records.read()));
        }
        records.end();
        found.extend(std::iter::from_fn(|| records.read()));
        (records, found.into_iter().map(|read| read.row.told()).collect())
    }

    fn lines(text: &[u8]) -> Vec<Told> {
        read(text, &["a", "b.c"], 5).1
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
            let (records, found) = read(text.as_bytes(), &["a"], 100_000);
            assert_eq!(records.place().position, u64::try_from(text.len()).unwrap());
            let cells = |text: &str| Ok([text.to_owned()].to_vec());
            let mut expected = [(1, cells("1")), (2, Err("too_long"))].to_vec();
            expected.extend(last.then(|| (3, cells("2"))));
            assert_eq!(found, expected);
        }
    }
}
