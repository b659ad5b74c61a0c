//! Rows as they stand in a file, whatever its format, before anything is made of them.

/// How many bytes a row may have.
pub const BYTES_OF_A_ROW: usize = 1024 * 1024;
/// How many characters of a row that cannot be read are kept.
pub const SHOWN: usize = 4000;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of its first line.
    pub line: u64,
    /// Its cells, or what is wrong with it.
    pub cells: std::result::Result<Vec<String>, Broken>,
    /// What stands there, if it cannot be read.
    pub raw: Option<String>,
}

/// A row as tests compare it: the number of its first line, and its cells or the code of what is wrong with it.
#[cfg(test)]
pub type Told = (u64, std::result::Result<Vec<String>, &'static str>);

#[cfg(test)]
impl Row {
    /// The row as tests compare it. Whatever is wrong with it, no more than its beginning is kept.
    pub fn told(self) -> Told {
        let kept = self.raw.map_or(0, |raw| raw.chars().count());
        assert!(kept <= SHOWN, "{kept} characters of line {}", self.line);
        (self.line, self.cells.map_err(|broken| broken.code))
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub detail: String,
}

impl Broken {
    /// A row that is longer than any may be.
    pub fn too_long() -> Self {
        Self {
            code: "too_long",
            detail: format!("The row has more than {BYTES_OF_A_ROW} bytes; no record needs so many."),
        }
    }
}

/// Where content that came piece by piece is read on.
#[derive(Debug, Clone)]
pub struct Place {
    /// How many bytes were read.
    pub position: u64,
    /// The number of the next line.
    pub line: u64,
    /// What stands between cells.
    pub delimiter: u8,
    /// The names of the columns.
    pub header: Vec<String>,
}

/// What is remembered of a row that is too long, so that its bytes need not be.
#[derive(Debug)]
pub struct Over {
    begins: Vec<u8>,
    bytes: u64,
    lines: u64,
}

impl Over {
    /// A row of which so many lines were seen.
    pub fn of(lines: u64) -> Self {
        Self {
            begins: Vec::new(),
            bytes: 0,
            lines,
        }
    }

    /// Passes these bytes over, too.
    pub fn take(&mut self, bytes: &[u8]) {
        let room = (4 * SHOWN).saturating_sub(self.begins.len());
        self.begins.extend(bytes.iter().take(room));
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }

    /// How many lines were seen of it.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// How many bytes were passed over.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The row, which begins at that line.
    pub fn row(&self, line: u64) -> Row {
        Row {
            line,
            cells: Err(Broken::too_long()),
            raw: Some(shown(&self.begins)),
        }
    }
}

/// What stands in a row that cannot be read, as far as it is text: the beginning of a long one.
pub fn shown(row: &[u8]) -> String {
    String::from_utf8_lossy(row)
        .trim_end()
        .chars()
        .map(|c| {
            if c.is_control() && !matches!(c, '\n' | '\t') {
                '\u{fffd}'
            } else {
                c
            }
        })
        .take(SHOWN)
        .collect()
}
