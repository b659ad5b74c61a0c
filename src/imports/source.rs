//! Reading a CSV file row by row, so that a bad row costs only itself: also one with a quote that is never closed, or with
//! bytes that are no text.

use std::path::Path;

use super::{
    formats::{Encoding, Formats},
    mapping::unusable,
};
use crate::error::{Error, Result};

/// How many lines a row may have before an open quote is taken for a mistake.
const LINES_OF_A_ROW: usize = 1000;

/// A file that is being read.
#[derive(Debug)]
pub struct Source {
    bytes: Vec<u8>,
    /// Where the next row begins.
    at: usize,
    /// The number of the line there; the first is 1.
    line: u64,
    delimiter: u8,
    encoding: Encoding,
    header: Vec<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of its first line.
    pub line: u64,
    /// Its cells, or what is wrong with it.
    pub cells: std::result::Result<Vec<String>, Broken>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub detail: String,
}

impl Source {
    /// Opens the file and reads its first line, which names the columns.
    ///
    /// # Errors
    /// 422 if there is no such file, it is empty, or two columns have one name.
    pub fn open(path: &Path, formats: &Formats) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|error| unusable(format!("{} cannot be read: {error}.", path.display())))?;
        Self::of(bytes, &path.display().to_string(), formats)
    }

    fn of(bytes: Vec<u8>, name: &str, formats: &Formats) -> Result<Self> {
        let fault = |detail: &str| -> Error { unusable(format!("{name} {detail}")) };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(fault("is written in UTF-16; save it as CSV UTF-8."));
        }
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut source = Self {
            bytes,
            at,
            line: 1,
            delimiter: b',',
            encoding: formats.encoding,
            header: Vec::new(),
        };
        source.delimiter = formats.delimiter.unwrap_or_else(|| source.likely_delimiter());
        let first = source
            .next()
            .ok_or_else(|| fault("is empty; its first line must name the columns."))?;
        let header = first
            .cells
            .map_err(|broken| fault(&format!("has a first line that cannot be read: {}", broken.detail)))?;
        source.header = header.into_iter().map(|name| name.trim().to_owned()).collect();
        for (index, column) in source.header.iter().enumerate() {
            if !column.is_empty() && source.header.iter().take(index).any(|earlier| earlier == column) {
                return Err(fault(&format!("has two columns `{column}`; rename one.")));
            }
        }
        Ok(source)
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How many of them were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What it holds, for the record of the run.
    pub fn digest(&self) -> String {
        super::digest(&self.bytes)
    }

    /// The sign that divides the first line into most cells.
    fn likely_delimiter(&self) -> u8 {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut quoted = false;
        let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
        for byte in rest {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => break,
                byte if !quoted => {
                    if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| sign == byte) {
                        *count += 1;
                    }
                }
                _ => {}
            }
        }
        counts
            .iter()
            .rev()
            .max_by_key(|(_, count)| *count)
            .filter(|(_, count)| *count > 0)
            .map_or(b',', |(sign, _)| *sign)
    }

    /// The end of the row that begins at the present place, and how many lines it has; nothing if a quote stays open.
    fn end_of_row(&self) -> Option<(usize, u64)> {
        #[derive(PartialEq)]
        enum In {
            Start,
            Plain,
            Quotes,
            /// After a quote within quotes: the end of them, or the first half of a doubled quote.
            Closing,
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (mut state, mut lines) = (In::Start, 1_usize);
        for (offset, byte) in rest.iter().enumerate() {
            let ends_row = *byte == b'\n' || (*byte == b'\r' && rest.get(offset + 1) != Some(&b'\n'));
            state = match state {
                In::Quotes if *byte == b'"' => In::Closing,
                In::Quotes if *byte == b'\n' => {
                    lines += 1;
                    if lines > LINES_OF_A_ROW {
                        return None;
                    }
                    In::Quotes
                }
                In::Quotes => In::Quotes,
                _ if ends_row => return Some((self.at + offset + 1, u64::try_from(lines).unwrap_or(u64::MAX))),
                In::Start | In::Closing if *byte == b'"' => In::Quotes,
                _ if *byte == self.delimiter => In::Start,
                _ => In::Plain,
            };
        }
        (state != In::Quotes).then(|| (self.bytes.len(), u64::try_from(lines).unwrap_or(u64::MAX)))
    }

    fn end_of_line(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter()
            .enumerate()
            .position(|(offset, byte)| *byte == b'\n' || (*byte == b'\r' && rest.get(offset + 1) != Some(&b'\n')))
            .map_or(self.bytes.len(), |offset| self.at + offset + 1)
    }

    fn cells(&self, row: &[u8]) -> std::result::Result<Vec<String>, Broken> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(row.len().max(1))
            .from_reader(row);
        let mut record = csv::ByteRecord::new();
        let malformed = |error: csv::Error| Broken {
            code: "malformed_row",
            detail: format!("The row cannot be read: {error}."),
        };
        reader.read_byte_record(&mut record).map_err(malformed)?;
        let mut cells = Vec::with_capacity(record.len());
        for (index, cell) in record.iter().enumerate() {
            let column = || {
                self.header
                    .get(index)
                    .map_or_else(|| format!("cell {}", index + 1), |name| format!("column `{name}`"))
            };
            let Some(text) = self.encoding.decode(cell) else {
                let detail = format!(
                    "The {} has bytes that are no UTF-8; save the file as UTF-8, or say formats.encoding.",
                    column()
                );
                return Err(Broken {
                    code: "invalid_encoding",
                    detail,
                });
            };
            if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
                return Err(Broken {
                    code: "control_character",
                    detail: format!("The {} has a control character; remove it.", column()),
                });
            }
            cells.push(text.trim().to_owned());
        }
        let expected = self.header.len();
        if expected > 0 && cells.len() != expected {
            let detail = format!(
                "The row has {} cells where the first line names {expected} columns; put cells with a delimiter in quotes.",
                cells.len()
            );
            return Err(Broken {
                code: "wrong_number_of_cells",
                detail,
            });
        }
        Ok(cells)
    }
}

impl Iterator for Source {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if self.at >= self.bytes.len() {
                return None;
            }
            let line = self.line;
            let Some((end, lines)) = self.end_of_row() else {
                // Only the line with the quote is given up: the row after it can be read again.
                self.at = self.end_of_line();
                self.line += 1;
                let detail =
                    "A quote is opened and never closed; close it, or double a quote that is part of the text."
                        .to_owned();
                return Some(Row {
                    line,
                    cells: Err(Broken {
                        code: "unclosed_quote",
                        detail,
                    }),
                });
            };
            let row = self.bytes.get(self.at..end).unwrap_or_default();
            let cells = if row.iter().all(u8::is_ascii_whitespace) && !row.contains(&b'\t') {
                None
            } else {
                Some(self.cells(row))
            };
            self.at = end;
            self.line += lines;
            if let Some(cells) = cells {
                return Some(Row { line, cells });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::formats::Given, *};

    fn source(text: &[u8]) -> Source {
        Source::of(
            text.to_vec(),
            "a.csv",
            &Formats::of(&Given::default(), &Given::default()).unwrap(),
        )
        .unwrap()
    }

    fn rows(text: &[u8]) -> Vec<(u64, std::result::Result<Vec<String>, &'static str>)> {
        source(text)
            .map(|row| (row.line, row.cells.map_err(|broken| broken.code)))
            .collect()
    }

    fn cells(texts: &[&str]) -> std::result::Result<Vec<String>, &'static str> {
        Ok(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_marks_and_empty_lines_are_what_they_are() {
        assert_eq!(
            rows(b"a,b\r1,2\r3,4"),
            [(2, cells(&["1", "2"])), (3, cells(&["3", "4"]))]
        );
        assert_eq!(
            rows(b"a,b\n5\"\",x\n6,\"\"\"\"\n"),
            [(2, cells(&["5\"\"", "x"])), (3, cells(&["6", "\""]))]
        );
        let text = b"\xef\xbb\xbfa,b\r\n\"one\ntwo\",\"say \"\"hi\"\", x\"\r\n\r\n  3 ,=1+1\n";
        assert_eq!(source(text).header(), ["a", "b"]);
        assert_eq!(
            rows(text),
            [(2, cells(&["one\ntwo", "say \"hi\", x"])), (5, cells(&["3", "=1+1"]))]
        );
    }

    #[test]
    fn a_bad_row_costs_only_itself() {
        let text = b"a;b\n1;2;3\n\"open;2\n4;caf\xe9\n5;\x07\n6;ok";
        let expected = [
            (2, Err("wrong_number_of_cells")),
            (3, Err("unclosed_quote")),
            (4, Err("invalid_encoding")),
            (5, Err("control_character")),
            (6, cells(&["6", "ok"])),
        ];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn an_open_quote_costs_one_line_also_where_lines_end_as_on_old_macs() {
        assert_eq!(
            rows(b"a,b\r\"open,2\r3,4"),
            [(2, Err("unclosed_quote")), (3, cells(&["3", "4"]))]
        );
    }

    #[test]
    fn the_delimiter_is_the_one_that_the_first_line_has_most_of() {
        for (text, expected) in [
            ("a,b;c,d", b','),
            ("a;b;c,d", b';'),
            ("a\tb", b'\t'),
            ("a|b", b'|'),
            ("\"a;b;c\",d", b','),
            ("alone", b','),
        ] {
            assert_eq!(source(text.as_bytes()).delimiter, expected, "{text}");
        }
    }

    #[test]
    fn a_file_without_usable_columns_is_refused_before_anything_is_read() {
        let formats = Formats::of(&Given::default(), &Given::default()).unwrap();
        for (bytes, part) in [
            (b"".as_slice(), "empty"),
            (b"a,a\n", "two columns"),
            (b"\xff\xfea\0", "UTF-16"),
            (b"\"a,b\n", "first line"),
        ] {
            let refusal = Source::of(bytes.to_vec(), "a.csv", &formats).unwrap_err();
            assert!(refusal.message().contains(part), "{refusal}");
        }
    }
}
