//! The values of a row that can be worked with, and the body of the API that they make.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::entity::{ImportKind, Target};
use crate::{
    deals::registrations::ReviewStatus,
    kernel::{Date, Money, Time},
};

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
    /// What a custom field's cell says, before its definition is known.
    Custom(String),
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
    /// What the row is known by in its system: the key of its record, unless several rows speak of one record.
    pub key: String,
    /// What the record is known by in its system.
    pub record: String,
    /// Its values; what the file leaves empty is not there.
    pub values: BTreeMap<String, Typed>,
}

impl Ready {
    /// A person has a row for each time at a partner: the row is known by person, partner and start.
    #[must_use]
    pub fn of_one_employment(mut self) -> Self {
        if let Some(partner) = self.text("employment.partner_id") {
            self.key = match self.date("employment.starts_on") {
                Some(start) => format!("{} at {partner} from {start}", self.record),
                None => format!("{} at {partner}", self.record),
            };
        }
        self
    }

    /// For a deal that waits for its decision in its own system: when it was received there. Places in a queue are taken
    /// in that order, whatever the order of the file.
    pub fn queued(&self) -> Option<Time> {
        let waits = self
            .text("review_status")
            .and_then(|status| status.parse::<ReviewStatus>().ok())
            .is_some_and(ReviewStatus::is_open);
        let received = self.moment("received_at").or_else(|| self.moment("opened_at"));
        received.filter(|_| waits)
    }

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

    /// The date of a field.
    pub fn date(&self, name: &str) -> Option<Date> {
        match self.values.get(name) {
            Some(Typed::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// Yes or no, of a field.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.values.get(name) {
            Some(Typed::Flag(flag)) => Some(*flag),
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
    pub fn body(&self, entity: ImportKind, ids: &BTreeMap<String, Vec<String>>) -> Value {
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
        Typed::Text(text) | Typed::Custom(text) => Value::String(text.clone()),
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
