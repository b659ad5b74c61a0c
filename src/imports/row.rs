//! From the cells of a row to the values of a record: columns, constants, templates, tables and rules of the mapping,
//! then dates, numbers and amounts. Everything that is wrong with a row is found at once.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    entity::{Entity, Field, Kind, Target},
    formats::{Formats, shown},
    mapping::{Cell, Made, Mapping, Piece, Step, When, template},
    source::Broken,
};
use crate::kernel::{Currency, Date, Money, Time};

/// The fields whose lines are part of what they say.
const LONG_TEXTS: &[&str] = &["description", "reason", "reason_text"];

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// An amount.
    Money(Money),
    /// A date.
    Date(Date),
    /// A moment.
    Moment(Time),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
    /// What another record is called.
    Ref(Target, String),
    /// What other records are called.
    Refs(Target, Vec<String>),
}

/// What is wrong with one field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The field.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

/// A row that can be worked with.
#[derive(Debug, Clone)]
pub struct Ready {
    /// What the record is known by in its system.
    pub key: String,
    /// Its values; what the file leaves empty is not there.
    pub values: BTreeMap<String, Typed>,
}

/// What a row turned out to be.
#[derive(Debug, Clone)]
pub enum Reading {
    /// One to work with.
    Ready(Ready),
    /// One that the mapping leaves out, for that reason.
    Skipped(String),
    /// One that is wrong.
    Wrong(Vec<RowFault>),
}

/// Reads the rows of one step.
#[derive(Debug, Clone)]
pub struct Reader<'m> {
    step: &'m Step,
    tables: &'m BTreeMap<String, BTreeMap<String, String>>,
    columns: BTreeMap<String, usize>,
    formats: Formats,
}

impl<'m> Reader<'m> {
    /// The reader of a step for a file with that first line.
    ///
    /// # Errors
    /// A sentence that names the columns which the file lacks.
    pub fn new(mapping: &'m Mapping, step: &'m Step, header: &[String]) -> Result<Self, String> {
        let formats = Formats::of(&mapping.formats, &step.formats)?;
        let columns: BTreeMap<String, usize> = header
            .iter()
            .enumerate()
            .map(|(index, name)| (name.clone(), index))
            .collect();
        let lacking: Vec<String> = step
            .columns()
            .into_iter()
            .filter(|name| !columns.contains_key(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !lacking.is_empty() {
            let known = header.join(", ");
            return Err(format!(
                "{} has no column {}; its columns are {known}",
                step.file,
                lacking.join(", ")
            ));
        }
        Ok(Self {
            step,
            tables: &mapping.tables,
            columns,
            formats,
        })
    }

    fn cell<'c>(&self, cells: &'c [String], column: &str) -> &'c str {
        let text = self
            .columns
            .get(column)
            .and_then(|index| cells.get(*index))
            .map_or("", String::as_str);
        if self.formats.empty.iter().any(|nothing| nothing == text) {
            ""
        } else {
            text
        }
    }

    fn holds(&self, rule: &When, cells: &[String]) -> bool {
        let text = self.cell(cells, &rule.column);
        let within = |texts: &[String]| texts.iter().any(|known| known == text);
        rule.is.as_deref().is_none_or(within) && !rule.is_not.as_deref().is_some_and(within)
    }

    /// The text of a field, if there is any.
    fn text(&self, cell: &Cell, cells: &[String]) -> Result<Option<String>, String> {
        let made = match cell {
            Cell::Column(column) => {
                return Ok(Some(self.cell(cells, column))
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned));
            }
            Cell::Made(made) => made,
        };
        let text = self.raw(made, cells);
        let text = match made.table.as_ref().and_then(|name| self.tables.get(name)) {
            Some(table) if !text.is_empty() => match table.get(&text) {
                Some(meant) => meant.clone(),
                None if made.closed => {
                    return Err(format!(
                        "`{}` is not in the table `{}`",
                        shown(&text),
                        made.table.as_deref().unwrap_or_default()
                    ));
                }
                None => text,
            },
            _ => text,
        };
        let text = made.form.map_or(text.clone(), |form| form.apply(&text));
        let text = match made.unit {
            Some(unit) if !text.is_empty() => self.formats.shifted(&text, unit.zeros())?,
            _ => text,
        };
        if text.is_empty() {
            Ok(made.default.clone())
        } else {
            Ok(Some(text))
        }
    }

    fn raw(&self, made: &Made, cells: &[String]) -> String {
        if let Some(column) = &made.column {
            return self.cell(cells, column).to_owned();
        }
        if let Some(value) = &made.value {
            return value.clone();
        }
        let pieces = made
            .template
            .as_deref()
            .and_then(|text| template(text).ok())
            .unwrap_or_default();
        let mut filled = false;
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Column(column, form) => {
                    let text = self.cell(cells, column);
                    filled |= !text.is_empty();
                    form.map_or_else(|| text.to_owned(), |form| form.apply(text))
                }
            })
            .collect();
        // A template whose columns are all empty says nothing.
        if filled { text.trim().to_owned() } else { String::new() }
    }

    /// What the row turns out to be.
    pub fn read(&self, cells: Result<Vec<String>, Broken>) -> Reading {
        let cells = match cells {
            Ok(cells) => cells,
            Err(broken) => {
                return Reading::Wrong(vec![RowFault {
                    field: String::new(),
                    code: broken.code.to_owned(),
                    detail: broken.detail,
                }]);
            }
        };
        let mut chosen: BTreeMap<&str, &Cell> = self
            .step
            .fields
            .iter()
            .map(|(name, cell)| (name.as_str(), cell))
            .collect();
        for rule in self.step.when.iter().filter(|rule| self.holds(rule, &cells)) {
            if let Some(reason) = &rule.skip {
                return Reading::Skipped(reason.clone());
            }
            chosen.extend(rule.fields.iter().map(|(name, cell)| (name.as_str(), cell)));
        }
        let mut faults = Vec::new();
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for (name, cell) in chosen {
            match self.text(cell, &cells) {
                Ok(Some(text)) => drop(texts.insert(name, text)),
                Ok(None) => {}
                Err(detail) => faults.push(RowFault {
                    field: name.to_owned(),
                    code: "unknown_word".to_owned(),
                    detail,
                }),
            }
        }
        let key = match self.text(&self.step.key, &cells) {
            Ok(Some(key)) if key.chars().count() <= 255 => key,
            Ok(Some(_)) => fault_key(&mut faults, "too_long", "the key has more than 255 characters"),
            Ok(None) => fault_key(&mut faults, "required", "the key is empty"),
            Err(detail) => fault_key(&mut faults, "unknown_word", &detail),
        };
        let values = self.typed(&texts, &mut faults);
        if faults.is_empty() {
            Reading::Ready(Ready { key, values })
        } else {
            Reading::Wrong(faults)
        }
    }

    fn typed(&self, texts: &BTreeMap<&str, String>, faults: &mut Vec<RowFault>) -> BTreeMap<String, Typed> {
        let fields = self.step.entity.fields();
        let currency = match texts.get("currency").map(|code| code.parse::<Currency>()) {
            None => None,
            Some(Ok(currency)) => Some(currency),
            Some(Err(fault)) => {
                faults.push(RowFault {
                    field: "currency".to_owned(),
                    code: "invalid_currency".to_owned(),
                    detail: fault.to_owned(),
                });
                None
            }
        };
        let mut values = BTreeMap::new();
        for (name, text) in texts.iter().filter(|(name, _)| **name != "currency") {
            let Some(field) = fields.iter().find(|field| field.takes(name)) else {
                continue;
            };
            // A line break within a name is one of the file's layout.
            let text = if LONG_TEXTS.contains(name) {
                text.clone()
            } else {
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            };
            match self.value(field.kind, &text, currency) {
                Ok(value) => drop(values.insert((*name).to_owned(), value)),
                Err((code, detail)) => faults.push(RowFault {
                    field: (*name).to_owned(),
                    code: code.to_owned(),
                    detail,
                }),
            }
        }
        for Field { name, .. } in fields.iter().filter(|field| field.required) {
            if !texts.contains_key(name) && !faults.iter().any(|fault| fault.field == *name) {
                let detail = "it is empty, and every row must have it".to_owned();
                faults.push(RowFault {
                    field: (*name).to_owned(),
                    code: "required".to_owned(),
                    detail,
                });
            }
        }
        values
    }

    fn value(&self, kind: Kind, text: &str, currency: Option<Currency>) -> Result<Typed, (&'static str, String)> {
        let list = || {
            text.split(self.formats.list)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(match kind {
            Kind::Text => Typed::Text(text.to_owned()),
            Kind::Integer => Typed::Integer(
                self.formats
                    .integer(text)
                    .map_err(|detail| ("invalid_number", detail))?,
            ),
            Kind::Money => Typed::Money(
                self.formats
                    .amount(text, currency)
                    .map_err(|detail| ("invalid_amount", detail))?,
            ),
            Kind::Date => Typed::Date(self.formats.date(text).map_err(|detail| ("invalid_date", detail))?),
            Kind::Moment => Typed::Moment(self.formats.moment(text).map_err(|detail| ("invalid_date", detail))?),
            Kind::Flag => Typed::Flag(Formats::flag(text).map_err(|detail| ("invalid_value", detail))?),
            Kind::List => Typed::List(list()),
            Kind::Ref(target) => Typed::Ref(target, text.to_owned()),
            Kind::Refs(target) => Typed::Refs(target, list()),
        })
    }
}

fn fault_key(faults: &mut Vec<RowFault>, code: &str, detail: &str) -> String {
    faults.push(RowFault {
        field: "key".to_owned(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    });
    String::new()
}

impl Ready {
    /// The text of a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Typed::Text(text) | Typed::Ref(_, text)) => Some(text),
            _ => None,
        }
    }

    /// The moment of a field.
    pub fn moment(&self, name: &str) -> Option<Time> {
        match self.values.get(name) {
            Some(Typed::Moment(moment)) => Some(*moment),
            _ => None,
        }
    }

    /// The number of a field.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(Typed::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The amount of a field.
    pub fn money(&self, name: &str) -> Option<Money> {
        match self.values.get(name) {
            Some(Typed::Money(money)) => Some(*money),
            _ => None,
        }
    }

    /// The texts of a field.
    pub fn list(&self, name: &str) -> &[String] {
        match self.values.get(name) {
            Some(Typed::List(texts) | Typed::Refs(_, texts)) => texts,
            _ => &[],
        }
    }

    /// The word of a field, out of a closed set.
    ///
    /// # Errors
    /// The fault of a word that is not in the set.
    pub fn word<W: std::str::FromStr<Err = crate::kernel::words::UnknownWord>>(
        &self,
        name: &str,
    ) -> Result<Option<W>, RowFault> {
        let parsed = self.text(name).map(str::parse::<W>).transpose();
        parsed.map_err(|unknown| RowFault {
            field: name.to_owned(),
            code: "unknown_word".to_owned(),
            detail: unknown.to_string(),
        })
    }

    /// What the row says, as one text: two rows that say the same have the same.
    pub fn said(&self) -> String {
        format!("{:?}", self.values)
    }

    /// The body of the API that the values make, with the ids of other records in the place of what they are called.
    pub fn body(&self, entity: Entity, ids: &BTreeMap<String, Vec<String>>) -> Value {
        let mut body = Map::new();
        for (name, value) in &self.values {
            if entity.fields().iter().any(|field| field.wire && field.takes(name)) {
                put(&mut body, name, json(value, ids.get(name)));
            }
        }
        Value::Object(body)
    }
}

fn json(value: &Typed, ids: Option<&Vec<String>>) -> Value {
    let texts = |texts: &[String]| Value::Array(texts.iter().cloned().map(Value::String).collect());
    match value {
        Typed::Text(text) => Value::String(text.clone()),
        Typed::Integer(number) => (*number).into(),
        Typed::Money(money) => serde_json::to_value(money).unwrap_or_default(),
        Typed::Date(date) => Value::String(date.to_string()),
        Typed::Moment(moment) => Value::String(moment.to_string()),
        Typed::Flag(flag) => Value::Bool(*flag),
        Typed::List(list) => texts(list),
        Typed::Ref(..) => ids
            .and_then(|ids| ids.first())
            .map_or(Value::Null, |id| Value::String(id.clone())),
        Typed::Refs(..) => texts(ids.map_or(&[], Vec::as_slice)),
    }
}

/// Puts a value under a name whose parts are joined by dots.
fn put(body: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(body.insert(name.to_owned(), value)),
        Some((outer, inner)) => {
            let nested = body.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(nested) = nested {
                put(nested, inner, value);
            }
        }
    }
}
