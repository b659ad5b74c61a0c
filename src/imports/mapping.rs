//! The mapping file: which column of which file becomes which field of which record. TOML, read strictly: a word that is
//! not known is a mistake of the mapping, found before the first row is read.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{
    entity::ImportKind,
    fields::Field,
    formats::{Formats, Given},
};
use crate::error::{Error, Result};

/// A whole mapping.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What the import is called in the record of runs.
    pub name: String,
    /// The system that the files come from: with the key of a row it names a record for ever.
    pub system: String,
    /// How dates, numbers and amounts are written.
    #[serde(default)]
    pub formats: Given,
    /// Tables that turn what stands in the file into what is meant: misspelt words, aliases, codes.
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
    /// What is read, in this order.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
}

/// One reading of one file for one kind of record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The kind of record.
    pub entity: ImportKind,
    /// The file, within the folder of the data.
    pub file: String,
    /// What a record is known by in its system. Two rows with one key are one record.
    pub key: Cell,
    /// Where each field comes from.
    pub fields: BTreeMap<String, Cell>,
    /// What holds for some rows only, in this order; the later rule wins.
    #[serde(default)]
    pub when: Vec<When>,
    /// What this file writes differently from the others.
    #[serde(default)]
    pub formats: Given,
}

/// A rule for the rows whose cell in a column has, or has not, one of these texts; an empty text means an empty cell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The column.
    pub column: String,
    /// One of these texts.
    #[serde(default)]
    pub is: Option<Vec<String>>,
    /// None of these texts.
    #[serde(default)]
    pub is_not: Option<Vec<String>>,
    /// Fields of such rows.
    #[serde(default)]
    pub fields: BTreeMap<String, Cell>,
    /// Why such rows are left out.
    #[serde(default)]
    pub skip: Option<String>,
}

/// Where a field's text comes from: the name of a column, or more than that.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// The column.
    Column(String),
    /// More than a column.
    Made(Made),
}

/// A text that is made from the row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// From this column,
    pub column: Option<String>,
    /// or this text in every row,
    pub value: Option<String>,
    /// or a text with columns in it: `{first} {last}`, `{name:dotted}@example.com`.
    pub template: Option<String>,
    /// Then replaced by what this table says, if it has the text.
    pub table: Option<String>,
    /// Whether a text that the table lacks is a fault of the row.
    #[serde(default)]
    pub closed: bool,
    /// Then brought into this form.
    pub form: Option<Form>,
    /// Then, a number, taken in thousands or millions.
    pub unit: Option<Unit>,
    /// What stands for an empty cell.
    pub default: Option<String>,
}

/// What a number counts, if not ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Thousands.
    Thousand,
    /// Millions.
    Million,
}

impl Unit {
    /// How many zeros it has.
    pub const fn zeros(self) -> usize {
        match self {
            Self::Thousand => 3,
            Self::Million => 6,
        }
    }
}

/// A form that a text is brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Capital letters.
    Upper,
    /// Small letters.
    Lower,
    /// Capital letters, digits and hyphens, as in codes: `GTX-PRO`.
    Code,
    /// Small letters, digits and dots, as in mail addresses: `anna.snelling`.
    Dotted,
}

impl Form {
    /// The text in this form.
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Code => joined(&any_ascii::any_ascii(text).to_ascii_uppercase(), "-"),
            Self::Dotted => joined(&any_ascii::any_ascii(text).to_ascii_lowercase(), "."),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "upper" => Self::Upper,
            "lower" => Self::Lower,
            "code" => Self::Code,
            "dotted" => Self::Dotted,
            _ => return None,
        })
    }
}

fn joined(text: &str, between: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(between)
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// A column, in a form.
    Column(String, Option<Form>),
}

/// Takes a template apart.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn template(text: &str) -> std::result::Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, tail) = after
            .split_once('}')
            .ok_or_else(|| format!("`{text}` has a {{ without a }}"))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (column, form) = match inside.rsplit_once(':') {
            None => (inside, None),
            Some((column, name)) => {
                let form = Form::named(name)
                    .ok_or_else(|| format!("`{name}` is no form; forms are upper, lower, code, dotted"))?;
                (column, Some(form))
            }
        };
        pieces.push(Piece::Column(column.to_owned(), form));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl Cell {
    /// The columns that it reads.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Column(name) => vec![name.clone()],
            Self::Made(made) => {
                let pieces = made
                    .template
                    .as_deref()
                    .and_then(|text| template(text).ok())
                    .unwrap_or_default();
                let of_template = pieces.into_iter().filter_map(|piece| match piece {
                    Piece::Column(name, _) => Some(name),
                    Piece::Text(_) => None,
                });
                made.column.iter().cloned().chain(of_template).collect()
            }
        }
    }

    fn check(&self, place: &str, tables: &BTreeMap<String, BTreeMap<String, String>>, faults: &mut Vec<String>) {
        let Self::Made(made) = self else { return };
        let sources = [made.column.is_some(), made.value.is_some(), made.template.is_some()];
        if sources.iter().filter(|set| **set).count() != 1 {
            faults.push(format!("{place}: name exactly one of column, value, template"));
        }
        if let Some(table) = made.table.as_ref().filter(|table| !tables.contains_key(*table)) {
            faults.push(format!("{place}: there is no table `{table}` under [tables]"));
        }
        if made.closed && made.table.is_none() {
            faults.push(format!("{place}: `closed` speaks of a table, and none is named"));
        }
        if let Some(fault) = made.template.as_deref().and_then(|text| template(text).err()) {
            faults.push(format!("{place}: {fault}"));
        }
    }
}

impl Step {
    /// The cell of each field that the step can set, with all its rules.
    pub fn cells(&self) -> impl Iterator<Item = (&String, &Cell)> {
        self.fields
            .iter()
            .chain(self.when.iter().flat_map(|rule| rule.fields.iter()))
    }

    /// The columns that it reads.
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.key.columns();
        columns.extend(self.cells().flat_map(|(_, cell)| cell.columns()));
        columns.extend(self.when.iter().map(|rule| rule.column.clone()));
        columns.sort();
        columns.dedup();
        columns
    }

    fn check(&self, number: usize, mapping: &Mapping, faults: &mut Vec<String>) {
        let place = format!("step {number} ({})", self.entity);
        let fields = self.entity.fields();
        for (name, cell) in self.cells() {
            cell.check(&format!("{place}, field `{name}`"), &mapping.tables, faults);
            if !fields.iter().any(|field| field.takes(name)) {
                let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
                faults.push(format!(
                    "{place}: there is no field `{name}`; fields are {}",
                    known.join(", ")
                ));
            }
        }
        self.key.check(&format!("{place}, key"), &mapping.tables, faults);
        for Field { name, .. } in fields.iter().filter(|field| field.required) {
            if !self.fields.contains_key(*name) && !self.when.iter().any(|rule| rule.fields.contains_key(*name)) {
                faults.push(format!("{place}: the field `{name}` is required"));
            }
        }
        for rule in &self.when {
            if rule.is.is_some() == rule.is_not.is_some() {
                faults.push(format!("{place}: a rule names `is` or `is_not`"));
            }
            if rule.fields.is_empty() && rule.skip.is_none() {
                faults.push(format!(
                    "{place}: a rule for `{}` says nothing; give it fields, or a reason to skip",
                    rule.column
                ));
            }
        }
        if let Err(fault) = Formats::of(&mapping.formats, &self.formats) {
            faults.push(format!("{place}: {fault}"));
        }
    }
}

impl Mapping {
    /// The mapping in that file, and its text.
    ///
    /// # Errors
    /// 422 with everything that is wrong with it.
    pub fn read(path: &Path) -> Result<(Self, String)> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| unusable(format!("{} cannot be read: {error}.", path.display())))?;
        Ok((Self::parse(&text)?, text))
    }

    /// The mapping of that text.
    ///
    /// # Errors
    /// As [`Mapping::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let mapping: Self = toml::from_str(text)
            .map_err(|error| unusable(format!("The mapping cannot be read: {}", error.to_string().trim_end())))?;
        let faults = mapping.faults();
        if faults.is_empty() {
            Ok(mapping)
        } else {
            Err(unusable(format!("The mapping is not sound: {}.", faults.join("; "))))
        }
    }

    /// Everything that is wrong with it, whatever the files look like.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let system = &self.system;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
        if system.is_empty()
            || system.len() > 64
            || !system.chars().all(fits)
            || !system.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            faults.push("`system` is a name of small letters, digits, and _ . - such as salesforce".to_owned());
        }
        if self.steps.is_empty() {
            faults.push("there is no [[step]]".to_owned());
        }
        for (number, step) in (1..).zip(&self.steps) {
            step.check(number, self, &mut faults);
        }
        faults
    }
}

/// The refusal of a mapping or of a file that it names.
pub fn unusable(detail: String) -> Error {
    Error::new(&crate::error::codes::VALIDATION_FAILED).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Mapping::parse(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn every_fault_of_a_mapping_is_named_before_a_row_is_read() {
        let text = r#"
            name = "x"
            system = "Big CRM"
            [[step]]
            entity = "territories"
            file = "a.csv"
            key = "code"
            fields = { colour = "c", name = { column = "n", table = "absent" } }
        "#;
        let said = refusal(text);
        for part in [
            "`system`",
            "no field `colour`",
            "no table `absent`",
            "`code` is required",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(refusal("name = 1").contains("cannot be read"));
        assert!(refusal("name = \"x\"\nsystem = \"x\"\nstray = 1").contains("stray"));
    }

    #[test]
    fn a_template_is_taken_apart() {
        let pieces = template("{first} {last:dotted}@x").unwrap();
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces[2], Piece::Column("last".to_owned(), Some(Form::Dotted)));
        assert!(template("{a").is_err());
        assert!(template("{a:loud}").is_err());
        assert_eq!(
            Form::Dotted.apply("Müller-Lüdenscheidt, Jörg"),
            "muller.ludenscheidt.jorg"
        );
        assert_eq!(Form::Code.apply("GTX Plus Pro"), "GTX-PLUS-PRO");
    }
}
