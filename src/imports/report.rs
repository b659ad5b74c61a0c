//! What became of each row: the verdicts, and the report that says them, line by line.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use serde::Serialize;

use super::{ImportVerdict, entity::ImportKind, mapping::unusable};
use crate::error::{Error, Result};

/// What became of one row.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The number of the row's first line in its file.
    pub line: u64,
    /// What its record is known by in its system; nothing if it could not be read.
    pub key: Option<String>,
    /// What became of it.
    pub verdict: ImportVerdict,
    /// Why, as a code.
    pub code: Option<String>,
    /// Why, in words: for a row of history also which guards were not applied to it.
    pub reason: Option<String>,
    /// The record.
    pub resource_id: Option<String>,
    /// What the row said: the same for rows that say the same.
    #[serde(skip)]
    pub hash: String,
    /// How it left its record, if that is remembered.
    #[serde(skip)]
    pub left: Option<Left>,
}

/// How a row left its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The record's revision.
    pub revision: i64,
    /// The event that tells what the record was before.
    pub event: i64,
}

/// How many rows got which verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts(pub BTreeMap<&'static str, u64>);

impl Counts {
    /// One more.
    pub fn add(&mut self, verdict: ImportVerdict) {
        *self.0.entry(verdict.as_str()).or_default() += 1;
    }

    /// How many got that verdict.
    pub fn of(&self, verdict: ImportVerdict) -> u64 {
        self.0.get(verdict.as_str()).copied().unwrap_or(0)
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.0.values().sum()
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<String> = ImportVerdict::ALL
            .iter()
            .filter(|verdict| self.of(**verdict) > 0)
            .map(|verdict| format!("{} {verdict}", self.of(*verdict)))
            .collect();
        f.write_str(if told.is_empty() { "no rows" } else { "" })?;
        f.write_str(&told.join(", "))
    }
}

/// What became of the rows of one step.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// Which step of the mapping, from 1.
    pub step: usize,
    /// The kind of record.
    pub entity: ImportKind,
    /// The file.
    pub file: String,
    /// Row by row.
    pub outcomes: Vec<Outcome>,
}

impl StepReport {
    /// How many rows got which verdict.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.outcomes.iter().for_each(|outcome| counts.add(outcome.verdict));
        counts
    }
}

/// A report that is being written.
pub enum Report {
    /// Comma-separated, for a spreadsheet.
    Csv(Box<csv::Writer<File>>),
    /// One JSON object a line, for a program.
    Lines(BufWriter<File>),
}

#[derive(Serialize)]
struct Line<'o> {
    step: usize,
    entity: ImportKind,
    file: &'o str,
    #[serde(flatten)]
    outcome: &'o Outcome,
}

impl Report {
    /// A new file: lines of JSON if it is called `.ndjson` or `.jsonl`, else comma-separated.
    ///
    /// # Errors
    /// 422 if it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path)
            .map_err(|error| unusable(format!("The report {} cannot be written: {error}.", path.display())))?;
        if path.extension().is_some_and(|kind| kind == "ndjson" || kind == "jsonl") {
            return Ok(Self::Lines(BufWriter::new(file)));
        }
        let mut writer = csv::Writer::from_writer(file);
        writer
            .write_record([
                "step",
                "entity",
                "file",
                "line",
                "key",
                "verdict",
                "code",
                "reason",
                "resource_id",
            ])
            .map_err(Error::internal)?;
        Ok(Self::Csv(Box::new(writer)))
    }

    /// Writes what became of the rows of a step.
    ///
    /// # Errors
    /// `internal` if the file cannot be written any more.
    pub fn write(&mut self, step: &StepReport) -> Result<()> {
        match self {
            Self::Lines(file) => {
                for outcome in &step.outcomes {
                    let line = Line {
                        step: step.step,
                        entity: step.entity,
                        file: &step.file,
                        outcome,
                    };
                    serde_json::to_writer(&mut *file, &line).map_err(Error::internal)?;
                    file.write_all(b"\n").map_err(Error::internal)?;
                }
                file.flush().map_err(Error::internal)
            }
            Self::Csv(writer) => {
                for outcome in &step.outcomes {
                    let record = [
                        step.step.to_string(),
                        step.entity.to_string(),
                        inert(&step.file),
                        outcome.line.to_string(),
                        inert(outcome.key.as_deref().unwrap_or_default()),
                        outcome.verdict.to_string(),
                        outcome.code.clone().unwrap_or_default(),
                        inert(outcome.reason.as_deref().unwrap_or_default()),
                        outcome.resource_id.clone().unwrap_or_default(),
                    ];
                    writer.write_record(record).map_err(Error::internal)?;
                }
                writer.flush().map_err(Error::internal)
            }
        }
    }
}

/// A cell that no spreadsheet takes for a formula (OWASP, "CSV injection"): the keys in a report are texts of others.
pub fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// What an import did.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// By step: what it reads, and how many rows got which verdict.
    pub steps: Vec<(ImportKind, String, Counts)>,
}

impl Summary {
    /// How many rows of a kind of record got which verdict.
    pub fn of(&self, entity: ImportKind) -> Counts {
        let mut counts = Counts::default();
        for (_, _, step) in self.steps.iter().filter(|(kind, ..)| *kind == entity) {
            step.0
                .iter()
                .for_each(|(verdict, count)| *counts.0.entry(verdict).or_default() += count);
        }
        counts
    }

    /// How many rows got that verdict.
    pub fn total(&self, verdict: ImportVerdict) -> u64 {
        self.steps.iter().map(|(_, _, counts)| counts.of(verdict)).sum()
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (entity, file, counts) in &self.steps {
            writeln!(f, "{:<21} {file}: {counts}", entity.as_str())?;
        }
        if self.dry_run {
            writeln!(f, "This was a dry run: nothing was kept.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_report_is_no_carrier_of_formulas() {
        assert_eq!(super::inert("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(super::inert("1C1I7A6R"), "1C1I7A6R");
    }
}
