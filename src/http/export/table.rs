//! Rows as a table: CSV (RFC 4180) that no spreadsheet takes for formulas.
//!
//! The columns are known before the first row: they are the fields of the row's schema, in its order, those within objects by
//! their dotted names (`amount.currency`), and each custom field as `custom.<name>`. What has no fields of its own (lists, maps,
//! whatever `expand` embeds) is one column of JSON text. Null is an empty cell.

use std::borrow::Cow;

use actix_web::web::Bytes;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    custom_fields::CustomRecord,
    error::{Error, Result},
};

/// So deep are objects taken apart; what lies deeper is JSON text.
const DEEPEST: usize = 6;
/// So many references lead from one schema to the next at most.
const STEPS: usize = 16;

/// The columns of a list's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Where each value is in a row: `["amount", "currency"]`.
    paths: Vec<Vec<String>>,
    /// The schema of a row, as a type of record: `customer_account`.
    record: String,
}

impl Columns {
    /// The columns of the rows of a page with that schema, without what `expand` embeds; none if it is no page of records.
    pub fn of(document: &Value, page: &Value) -> Option<Self> {
        let row = meaning(document, page).pointer("/properties/data/items")?;
        let mut paths = Vec::new();
        for (name, field) in fields(document, row) {
            if name != "expanded" {
                collect(document, &field, &mut vec![name], &mut paths);
            }
        }
        let name = row.get("$ref").and_then(Value::as_str).unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        let record = snake(name.strip_prefix("Expandable").unwrap_or(name));
        (!paths.is_empty()).then_some(Self { paths, record })
    }

    /// The type of record whose custom fields the rows have, if they have any.
    pub fn custom_record(&self) -> Option<CustomRecord> {
        let has = self.paths.iter().any(|path| is_custom(path));
        self.record.parse().ok().filter(|_| has)
    }

    /// The columns of these fields, in their order, or of all; with what is embedded, if that is asked for; and a column for each
    /// of these custom fields, if they are known.
    pub fn asked(&self, fields: Option<&Vec<Value>>, expand: bool, custom: Option<&[String]>) -> Self {
        let of = |field: &Value| -> Vec<Vec<String>> {
            let name = field.as_str().unwrap_or_default();
            let named = self
                .paths
                .iter()
                .filter(|path| path.first().is_some_and(|first| first == name));
            named.cloned().collect()
        };
        let mut paths = match fields {
            Some(fields) => fields.iter().flat_map(of).collect(),
            None => self.paths.clone(),
        };
        if let Some(custom) = custom {
            let each = |path: Vec<String>| {
                if is_custom(&path) {
                    custom
                        .iter()
                        .map(|name| vec!["custom".to_owned(), name.clone()])
                        .collect()
                } else {
                    vec![path]
                }
            };
            paths = paths.into_iter().flat_map(each).collect();
        }
        if expand {
            paths.push(vec!["expanded".to_owned()]);
        }
        Self {
            paths,
            record: self.record.clone(),
        }
    }

    /// The line of the columns' names.
    ///
    /// # Errors
    /// None in practice.
    pub fn head(&self) -> Result<Bytes> {
        csv([self.names()])
    }

    /// The columns' names.
    pub fn names(&self) -> Vec<Cow<'static, str>> {
        self.paths.iter().map(|path| Cow::from(path.join("."))).collect()
    }

    /// The lines of these rows.
    ///
    /// # Errors
    /// `internal` for a row that is no JSON.
    pub fn table(&self, rows: &[&RawValue]) -> Result<Bytes> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let row: Value = serde_json::from_str(row.get()).map_err(Error::internal)?;
            lines.push(self.line(&row));
        }
        csv(lines)
    }

    /// The cells of a row.
    pub fn line(&self, row: &Value) -> Vec<Cow<'static, str>> {
        let at = |path: &Vec<String>| path.iter().try_fold(row, |value, name| value.get(name));
        self.paths
            .iter()
            .map(|path| at(path).map_or(Cow::Borrowed(""), cell))
            .collect()
    }
}

/// Lines of cells as CSV.
///
/// # Errors
/// None in practice.
pub fn csv(lines: impl IntoIterator<Item = Vec<Cow<'static, str>>>) -> Result<Bytes> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for line in lines {
        writer
            .write_record(line.iter().map(|cell| cell.as_bytes()))
            .map_err(Error::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(Error::internal)
}

fn is_custom(path: &[String]) -> bool {
    matches!(path, [only] if only == "custom")
}

/// A value as a cell.
fn cell(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => number.to_string().into(),
        Value::String(text) => guarded(text).into(),
        Value::Array(_) | Value::Object(_) => guarded(&value.to_string()).into(),
    }
}

/// A text that a spreadsheet takes for a text: what begins as a formula could is put behind an apostrophe, as OWASP recommends
/// against "CSV injection", but for a plain number, which is an amount below zero. A spreadsheet that separates cells by semicolons
/// or tabs, as it does where the comma is in numbers, takes our quotes for letters: so a text begins anew behind each of these, and
/// behind the end of a line.
fn guarded(text: &str) -> String {
    if is_number(text) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 1);
    let mut before = None;
    for letter in text.chars() {
        let begins = match before {
            None => opens_formula(letter) || matches!(letter, '\t' | '\r' | '\n'),
            Some(before) => opens_formula(letter) && ends_cell(before),
        };
        if begins {
            safe.push('\'');
        }
        safe.push(letter);
        before = Some(letter);
    }
    safe
}

/// What a formula begins with, in full width too.
const fn opens_formula(letter: char) -> bool {
    matches!(
        letter,
        '=' | '+' | '-' | '@' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}'
    )
}

/// What ends a cell for some spreadsheet.
const fn ends_cell(letter: char) -> bool {
    matches!(letter, ';' | '\t' | '\r' | '\n')
}

/// Whether it is a plain number: `-12.50`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

/// Adds the columns of what stands at `path`.
fn collect(document: &Value, schema: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let inner = fields(document, schema);
    if inner.is_empty() || path.len() >= DEEPEST {
        paths.push(path.clone());
        return;
    }
    for (name, field) in inner {
        path.push(name);
        collect(document, &field, path, paths);
        path.pop();
    }
}

/// The schema that is meant: references followed, and what may be null taken as what it is otherwise.
fn meaning<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut here = schema;
    for _ in 0..STEPS {
        let target = here.get("$ref").and_then(Value::as_str);
        let next = match target {
            Some(target) => document.pointer(target.trim_start_matches('#')),
            None => only_choice(here),
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    here
}

/// The one thing that a schema can be but null.
fn only_choice(schema: &Value) -> Option<&Value> {
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    let is_null = |one: &&Value| one.get("type").is_some_and(|kind| kind == "null");
    let mut others = choices.iter().filter(|one| !is_null(one));
    let only = others.next();
    only.filter(|_| others.next().is_none())
}

/// The fields of an object, those of its parts included; none of what is no object, has several forms, or fields of any name.
fn fields(document: &Value, schema: &Value) -> Map<String, Value> {
    let schema = meaning(document, schema);
    let several = ["oneOf", "anyOf"].iter().any(|key| schema.get(*key).is_some());
    let any_name = schema
        .get("additionalProperties")
        .is_some_and(|more| *more != Value::Bool(false));
    if several || any_name {
        return Map::new();
    }
    let own = schema.get("properties").and_then(Value::as_object);
    let mut found = own.cloned().unwrap_or_default();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(fields(document, part));
    }
    found
}

/// `CustomerAccount` as `customer_account`.
fn snake(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !made.is_empty() {
            made.push('_');
        }
        made.push(letter.to_ascii_lowercase());
    }
    made
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deals() -> (Value, Columns) {
        let document = json!({"components": {"schemas": {
            "DealPage": {"properties": {"data": {"items": {"$ref": "#/components/schemas/ExpandableDeal"}}, "next_cursor": {}}},
            "ExpandableDeal": {"properties": {
                "amount": {"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
                "custom": {"$ref": "#/components/schemas/CustomFields"},
                "expanded": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]},
                "id": {"type": "string"},
                "legacy": {"type": "boolean"},
                "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Money"}},
                "review": {"allOf": [{"$ref": "#/components/schemas/Money"}, {"properties": {"by": {}}}]},
            }},
            "Money": {"properties": {"amount": {}, "currency": {}}},
            "CustomFields": {"type": "object", "additionalProperties": {}},
        }}});
        let page = json!({"$ref": "#/components/schemas/DealPage"});
        let columns = Columns::of(&document, &page).unwrap();
        (document, columns)
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn columns_come_from_the_schema_of_a_row() {
        let (document, columns) = deals();
        assert_eq!(
            text(&columns.head().unwrap()),
            "amount.amount,amount.currency,custom,id,legacy,lines,review.amount,review.by,review.currency\r\n"
        );
        assert_eq!(columns.custom_record(), Some(CustomRecord::Deal));
        let chosen = columns.asked(
            Some(&vec![json!("id"), json!("amount")]),
            true,
            Some(&["margin".to_owned()]),
        );
        assert_eq!(
            text(&chosen.head().unwrap()),
            "id,amount.amount,amount.currency,expanded\r\n"
        );
        let custom = ["margin".to_owned(), "region".to_owned()];
        let all = columns.asked(None, false, Some(&custom));
        assert!(text(&all.head().unwrap()).contains(",custom.margin,custom.region,id,"));
        assert_eq!(Columns::of(&document, &json!({"type": "object"})), None);
    }

    #[test]
    fn a_row_is_a_line_and_what_is_no_scalar_is_json() {
        let (_, columns) = deals();
        let columns = columns.asked(None, true, Some(&["note".to_owned()]));
        let row = RawValue::from_string(
            json!({
                "id": "a, \"b\"\nc", "amount": null, "legacy": false, "lines": [{"amount": "1"}],
                "custom": {"note": "=1+1", "gone": 1}, "review": {"amount": "-12.50", "by": 7}, "expanded": {"partner": null},
            })
            .to_string(),
        )
        .unwrap();
        assert_eq!(
            text(&columns.table(&[&row]).unwrap()),
            ",,'=1+1,\"a, \"\"b\"\"\nc\",false,\"[{\"\"amount\"\":\"\"1\"\"}]\",-12.50,7,,\"{\"\"partner\"\":null}\"\r\n"
        );
    }

    #[test]
    fn no_text_begins_as_a_formula() {
        for text in [
            "=1+1",
            "+49 30",
            "-1+1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\u{FF1D}1",
            "-",
            "-1.",
            "+1",
            "-1e5",
        ] {
            assert_eq!(guarded(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "a=1", "-1", "-12.50", "12.50", "2026-11-22", "'x", "a@b.example"] {
            assert_eq!(guarded(text), text);
        }
    }

    #[test]
    fn no_text_has_a_formula_where_cells_are_separated_otherwise() {
        for (text, safe) in [
            ("a;=1+1", "a;'=1+1"),
            ("a\t@SUM(A1);b", "a\t'@SUM(A1);b"),
            ("a\r\n-1+1", "a\r\n'-1+1"),
            ("=1;=1", "'=1;'=1"),
            (";=1", ";'=1"),
        ] {
            assert_eq!(guarded(text), safe);
        }
        for text in ["a; b", "a;b=c", "a\n\nb", "a\t\tb", "a,=1"] {
            assert_eq!(guarded(text), text);
        }
        let listed = cell(&json!(["a;=1"]));
        assert_eq!(listed, "[\"a;'=1\"]");
    }
}
