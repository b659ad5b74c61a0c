//! Reading a CSV file row by row, so that a bad row costs only itself: also one with a quote that is never closed, or with
//! bytes that are no text.

use std::path::Path;

use super::{
    formats::{Encoding, Formats},
    mapping::unusable,
    raw::{BYTES_OF_A_ROW, Broken, Over, Place, Row, shown},
};
use crate::error::{Error, Result};

/// How many lines a row may have before an open quote is taken for a mistake.
const LINES_OF_A_ROW: usize = 1000;

/// A file that is being read: the whole of it, or what is there of one that comes piece by piece.
#[derive(Debug)]
pub struct Source {
    bytes: Vec<u8>,
    /// How many bytes went before these.
    before: u64,
    /// Whether nothing comes after these.
    whole: bool,
    /// Where the next row begins.
    at: usize,
    /// The number of the line there; the first is 1.
    line: u64,
    delimiter: u8,
    encoding: Encoding,
    header: Vec<String>,
    /// The row that is passed over, while its end is looked for.
    over: Option<Over>,
}

/// Where the row ends that begins at the present place.
enum End {
    /// Here, after so many lines.
    At(usize, u64),
    /// Nowhere: a quote stays open.
    Nowhere,
    /// Too far away, after so many lines and more.
    TooFar(u64),
    /// In what has not come yet.
    ToCome,
}

impl Source {
    /// Opens the file and reads its first line, which names the columns.
    ///
    /// # Errors
    /// 422 if there is no such file, it is empty, or two columns have one name.
    pub fn open(path: &Path, formats: &Formats) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|error| unusable(format!("{} cannot be read: {error}.", path.display())))?;
        Self::begun(bytes, true, &path.display().to_string(), formats)
    }

    /// Begins content of which these are the first bytes, the first line among them, or all there are.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn begun(bytes: Vec<u8>, whole: bool, name: &str, formats: &Formats) -> Result<Self> {
        let fault = |detail: &str| -> Error { unusable(format!("{name} {detail}")) };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(fault("is written in UTF-16; save it as CSV UTF-8."));
        }
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut source = Self {
            bytes,
            before: 0,
            whole,
            at,
            line: 1,
            delimiter: b',',
            encoding: formats.encoding,
            header: Vec::new(),
            over: None,
        };
        source.delimiter = formats.delimiter.unwrap_or_else(|| source.likely_delimiter());
        let first = source.next().ok_or_else(|| {
            fault(if whole {
                "is empty; its first line must name the columns."
            } else {
                "has a first line that is too long to name the columns."
            })
        })?;
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

    /// Goes on with content at a place; its bytes from there on are still to come.
    pub fn resumed(place: Place, formats: &Formats) -> Self {
        Self {
            bytes: Vec::new(),
            before: place.position,
            whole: false,
            at: 0,
            line: place.line,
            delimiter: place.delimiter,
            encoding: formats.encoding,
            header: place.header,
            over: None,
        }
    }

    /// Gives the columns other names than stand in the first line.
    pub fn rename(&mut self, name: impl Fn(&str) -> String) {
        for column in &mut self.header {
            *column = name(column);
        }
    }

    /// Takes in what comes next, and lets go of what was read.
    pub fn feed(&mut self, piece: &[u8]) {
        let read = self.bytes.drain(..self.at.min(self.bytes.len())).count();
        self.before = self.before.saturating_add(u64::try_from(read).unwrap_or(0));
        self.at = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// Nothing more comes.
    pub const fn end(&mut self) {
        self.whole = true;
    }

    /// Where it is read on.
    pub fn place(&self) -> Place {
        let read = self.before.saturating_add(u64::try_from(self.at).unwrap_or(0));
        Place {
            position: read.saturating_sub(self.over.as_ref().map_or(0, Over::bytes)),
            line: self.line,
            delimiter: self.delimiter,
            header: self.header.clone(),
        }
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

    /// The end of the row that begins at the present place.
    fn end_of_row(&self) -> End {
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
        let many = |lines: usize| u64::try_from(lines).unwrap_or(u64::MAX);
        for (offset, byte) in rest.iter().enumerate() {
            // Whether a line feed follows is still to come.
            if *byte == b'\r' && !self.whole && offset + 1 == rest.len() {
                break;
            }
            let ends_row = *byte == b'\n' || (*byte == b'\r' && rest.get(offset + 1) != Some(&b'\n'));
            state = match state {
                In::Quotes if *byte == b'"' => In::Closing,
                In::Quotes if *byte == b'\n' => {
                    lines += 1;
                    if lines > LINES_OF_A_ROW {
                        return End::Nowhere;
                    }
                    In::Quotes
                }
                In::Quotes => In::Quotes,
                _ if ends_row => return End::At(self.at + offset + 1, many(lines)),
                In::Start | In::Closing if *byte == b'"' => In::Quotes,
                _ if *byte == self.delimiter => In::Start,
                _ => In::Plain,
            };
        }
        match state {
            _ if !self.whole && rest.len() <= BYTES_OF_A_ROW => End::ToCome,
            In::Quotes => End::Nowhere,
            _ if !self.whole => End::TooFar(many(lines)),
            _ => End::At(self.bytes.len(), many(lines)),
        }
    }

    /// The end of the line at the present place, if it has come.
    fn end_of_line(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = |(offset, byte): (usize, &u8)| match (byte, rest.get(offset + 1)) {
            (b'\n', _) => true,
            (b'\r', Some(next)) => *next != b'\n',
            (b'\r', None) => self.whole,
            _ => false,
        };
        match rest.iter().enumerate().position(ends) {
            Some(offset) => Some(self.at + offset + 1),
            None => self.whole.then_some(self.bytes.len()),
        }
    }

    /// The row that is passed over, if its end has come.
    fn passed_over(&mut self) -> Option<Row> {
        if let Some(end) = self.end_of_line() {
            let over = self.over.take()?;
            let row = over.row(self.line);
            self.at = end;
            self.line += over.lines();
            return Some(row);
        }
        self.pass_over();
        None
    }

    /// Passes over what has come of a row that is too long.
    fn pass_over(&mut self) {
        // What could be the first half of a line end is looked at again.
        let end = self.bytes.len() - usize::from(self.bytes.last() == Some(&b'\r'));
        let passed = self.bytes.get(self.at..end).unwrap_or_default();
        if let Some(over) = &mut self.over {
            over.take(passed);
        }
        self.at = self.at.max(end);
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
            if self.over.is_some() {
                return self.passed_over();
            }
            if self.at >= self.bytes.len() {
                return None;
            }
            let line = self.line;
            let (end, lines) = match self.end_of_row() {
                End::At(end, lines) => (end, lines),
                End::ToCome => return None,
                End::TooFar(lines) => {
                    self.over = Some(Over::of(lines));
                    // The ends of lines in it stand in quotes.
                    self.pass_over();
                    continue;
                }
                End::Nowhere => {
                    // Only the line with the quote is given up: the row after it can be read again.
                    let Some(end) = self.end_of_line() else {
                        self.over = Some(Over::of(1));
                        continue;
                    };
                    let raw = Some(shown(self.bytes.get(self.at..end).unwrap_or_default()));
                    self.at = end;
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
                        raw,
                    });
                }
            };
            let row = self.bytes.get(self.at..end).unwrap_or_default();
            let cells = if row.iter().all(u8::is_ascii_whitespace) && !row.contains(&b'\t') {
                None
            } else if row.len() > BYTES_OF_A_ROW {
                Some(Err(Broken::too_long()))
            } else {
                Some(self.cells(row))
            };
            let raw = cells
                .as_ref()
                .is_some_and(std::result::Result::is_err)
                .then(|| shown(row));
            self.at = end;
            self.line += lines;
            if let Some(cells) = cells {
                return Some(Row { line, cells, raw });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{formats::Given, raw::Told},
        *,
    };

    fn source(text: &[u8]) -> Source {
        Source::begun(
            text.to_vec(),
            true,
            "a.csv",
            &Formats::of(&Given::default(), &Given::default()).unwrap(),
        )
        .unwrap()
    }

    fn rows(text: &[u8]) -> Vec<Told> {
        source(text).map(Row::told).collect()
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
    fn content_that_comes_piece_by_piece_is_read_as_the_whole_is() {
        let text =
            b"\xef\xbb\xbfa,b\r\n\"one\r\ntwo\",\"say \"\"hi\"\"\"\r\n1,2,3\r\n\r\n\"open,2\r\ncaf\xc3\xa9,4\r\nlast,5";
        let formats = Formats::of(&Given::default(), &Given::default()).unwrap();
        let expected: Vec<Row> = source(text).collect();
        assert_eq!(expected.len(), 5);
        for size in [1, 2, 3, 7, 100] {
            let mut source = Source::begun(text[..8].to_vec(), false, "a.csv", &formats).unwrap();
            let (mut found, mut fed) = (Vec::new(), 8);
            for piece in text[8..].chunks(size) {
                source.feed(piece);
                found.extend(source.by_ref());
                // As a server does that goes on where another one was.
                let place = source.place();
                let rest = usize::try_from(place.position).unwrap();
                fed += piece.len();
                source = Source::resumed(place, &formats);
                source.feed(&text[rest..fed]);
            }
            source.end();
            found.extend(source);
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn a_row_that_is_too_long_costs_only_itself_and_is_not_held() {
        let formats = Formats::of(&Given::default(), &Given::default()).unwrap();
        let long = "x".repeat(3 * BYTES_OF_A_ROW);
        let text = format!("a,b\r\n1,2\r\n\"two\nlines\",{long}\r\n3,{long}\r\n4,5\r\n");
        for size in [10_000, 65_537, BYTES_OF_A_ROW + 1] {
            let mut source = Source::begun(text.as_bytes()[..9].to_vec(), false, "a.csv", &formats).unwrap();
            let mut found = Vec::new();
            for piece in text.as_bytes()[9..].chunks(size) {
                source.feed(piece);
                found.extend(source.by_ref());
                assert!(source.bytes.len() <= 2 * BYTES_OF_A_ROW + size, "{size}");
            }
            source.end();
            found.extend(source.by_ref());
            assert_eq!(source.place().position, u64::try_from(text.len()).unwrap());
            let found: Vec<Told> = found.into_iter().map(Row::told).collect();
            let expected = [
                (2, cells(&["1", "2"])),
                (3, Err("too_long")),
                (5, Err("too_long")),
                (6, cells(&["4", "5"])),
            ];
            assert_eq!(found, expected, "{size}");
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
            let refusal = Source::begun(bytes.to_vec(), true, "a.csv", &formats).unwrap_err();
            assert!(refusal.message().contains(part), "{refusal}");
        }
    }
}
