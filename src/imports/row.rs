//! From the cells of a row to the values of a record: columns, constants, templates, tables and rules of the mapping,
//! then dates, numbers and amounts. Everything that is wrong with a row is found at once.

use std::collections::BTreeMap;

use super::{
    entity::{ImportKind, Kind},
    fields::Field,
    formats::{Formats, phone, shown},
    mapping::{Cell, Made, Mapping, Piece, Step, When, template},
    raw::Broken,
    ready::{Ready, RowFault, Typed},
};
use crate::kernel::Currency;

/// The fields whose lines are part of what they say.
const LONG_TEXTS: &[&str] = &[
    "description",
    "reason",
    "reason_text",
    "decision_reason",
    "consent_wording",
];

/// How many characters a text may have that no contract bounds.
const LONGEST: usize = 2000;

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
            Ok(Some(key)) => key,
            Ok(None) => fault_key(&mut faults, "required", "the key is empty"),
            Err(detail) => fault_key(&mut faults, "unknown_word", &detail),
        };
        let values = self.typed(&texts, &mut faults);
        if faults.is_empty() {
            let ready = Ready {
                record: key.clone(),
                key,
                values,
            };
            let ready = if self.step.entity == ImportKind::People {
                ready.of_one_employment()
            } else {
                ready
            };
            if ready.key.chars().count() > 255 {
                fault_key(&mut faults, "too_long", "the key has more than 255 characters");
                return Reading::Wrong(faults);
            }
            Reading::Ready(ready)
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
            if !field.wire && text.chars().count() > LONGEST {
                faults.push(RowFault {
                    field: (*name).to_owned(),
                    code: "too_long".to_owned(),
                    detail: format!("it has more than {LONGEST} characters"),
                });
                continue;
            }
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
            Kind::Phone => Typed::Text(phone(text)),
            Kind::List => Typed::List(list()),
            Kind::Custom => Typed::Custom(text.to_owned()),
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
