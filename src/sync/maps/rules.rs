//! What a field map may say, and what it makes of a record. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::model::{
    FieldMap, FieldMapEntry, FieldMapPatch, FieldMapPublication, FieldMapState, FieldMapWarning, FieldOwner,
    NewFieldMap,
};
use crate::{
    error::{Error, Fault, Result, codes},
    kernel::{
        Stored, Time,
        ids::{FieldMapId, Id as _},
        states::{Machine, Transition},
    },
    sync::kinds::Fields,
};

/// The life of a field map.
pub const MACHINE: Machine<FieldMapState> = Machine {
    name: "field_map.state",
    transitions: &[
        Transition {
            action: "update",
            operation: Some("updateFieldMap"),
            from: &[FieldMapState::Draft],
            to: &[FieldMapState::Draft],
            guards: &["every field is one of the record"],
        },
        Transition {
            action: "publish",
            operation: Some("publishFieldMap"),
            from: &[FieldMapState::Draft],
            to: &[FieldMapState::Published],
            guards: &["it holds after every other version", "it maps something"],
        },
    ],
};

/// Checks what a map says. `reads` and `writes` tell whether the record has the field, and whether a change of it can write it.
///
/// # Errors
/// 409 `contradiction` naming each entry that cannot be.
pub fn check(entries: &[FieldMapEntry], reads: &dyn Fn(&str) -> bool, writes: &dyn Fn(&str) -> bool) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |index: usize, field: &str, code: &'static str, detail: String| {
        faults.push(Fault {
            pointer: format!("#/entries/{index}/{field}"),
            code: code.into(),
            detail,
        });
    };
    let (mut fields, mut externals) = (BTreeSet::new(), BTreeSet::new());
    for (index, entry) in entries.iter().enumerate() {
        let comes = entry.owner != FieldOwner::Ours;
        if !reads(&entry.field) && !writes(&entry.field) {
            fault(
                index,
                "field",
                "unknown_field",
                format!("The record has no field {}.", entry.field),
            );
        } else if comes && !writes(&entry.field) {
            fault(
                index,
                "owner",
                "read_only",
                format!("{} is the program's own to write: it can only be `ours`.", entry.field),
            );
        }
        if comes && !fields.insert(entry.field.as_str()) {
            fault(
                index,
                "field",
                "twice",
                format!("{} comes from two fields of theirs.", entry.field),
            );
        }
        if entry.owner != FieldOwner::Theirs && !externals.insert(entry.external_field.as_str()) {
            fault(
                index,
                "external_field",
                "twice",
                format!("{} is made of two fields of ours.", entry.external_field),
            );
        }
        let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        for value in &entry.values {
            // Several of theirs may be one of ours if it comes from there alone, and the other way round.
            let doubled = (comes && !theirs.insert(value.theirs.as_str()))
                || (entry.owner != FieldOwner::Theirs && !ours.insert(value.ours.as_str()));
            if doubled {
                fault(
                    index,
                    "values",
                    "twice",
                    format!("`{}` or `{}` stands for two values.", value.ours, value.theirs),
                );
            }
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::contradiction(faults))
    }
}

impl FieldMap {
    /// A new draft, after the last version.
    pub fn new(new: NewFieldMap, last: Option<&Self>, by: String, now: Time) -> Self {
        let entries = new.entries.or_else(|| last.map(|last| last.entries.0.clone()));
        Self {
            id: FieldMapId::at(now),
            system_id: new.system_id,
            resource_type: new.resource_type,
            version: last.map_or(1, |last| last.version + 1),
            state: FieldMapState::Draft,
            valid_from: None,
            entries: Stored(entries.unwrap_or_default()),
            note: new.note,
            created_by: by,
            published_by: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The draft with the changes made.
    ///
    /// # Errors
    /// 409 `invalid_state` once it is published.
    pub fn patched(self, patch: &FieldMapPatch, now: Time) -> Result<Self> {
        Ok(Self {
            state: MACHINE.go(self.state, "update")?,
            entries: patch.entries.clone().map_or(self.entries, Stored),
            note: patch.note.clone().apply(self.note),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// Checks that it is a draft still.
    ///
    /// # Errors
    /// 409 `invalid_state` once it is published.
    pub fn check_draft(&self, action: &'static str) -> Result<()> {
        match self.state {
            FieldMapState::Draft => Ok(()),
            FieldMapState::Published => Err(Error::invalid_state(self.state, action, MACHINE.allowed(self.state))),
        }
    }

    /// The map, published; `after` is the moment of the last version.
    ///
    /// # Errors
    /// 409 `invalid_state` if it is published, `guard_failed` if it would hold before another or maps nothing.
    pub fn published(self, how: &FieldMapPublication, after: Option<Time>, by: String, now: Time) -> Result<Self> {
        let state = MACHINE.go(self.state, "publish")?;
        let from = how.valid_from.unwrap_or(now);
        let refusal =
            |pointer: &str, detail: &str| Error::new(&codes::GUARD_FAILED).fault(pointer, "not_in_order", detail);
        if after.is_some_and(|after| from <= after) || from < now {
            return Err(refusal(
                "#/valid_from",
                "A version holds from now on, or later, and after every other.",
            ));
        }
        if self.entries.is_empty() {
            return Err(refusal("#", "A map without fields maps nothing."));
        }
        Ok(Self {
            state,
            valid_from: Some(from),
            published_by: Some(by),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

fn unmapped(field: &str, value: &Value, whose: &str) -> FieldMapWarning {
    FieldMapWarning {
        field: field.to_owned(),
        code: "unmapped_value".to_owned(),
        detail: format!("`{}` stands for nothing of {whose}.", shown(value)),
    }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(200).collect()
}

/// What stands for a value on the other side; nothing if the list of values has none.
fn counterpart(entry: &FieldMapEntry, value: &Value, outward: bool) -> Option<Value> {
    if entry.values.is_empty() || value.is_null() {
        return Some(value.clone());
    }
    let text = shown(value);
    entry.values.iter().find_map(|pair| {
        let (from, to) = if outward {
            (&pair.ours, &pair.theirs)
        } else {
            (&pair.theirs, &pair.ours)
        };
        (*from == text).then(|| Value::String(to.clone()))
    })
}

/// Our record in their fields.
pub fn outward(entries: &[FieldMapEntry], record: &Value, warnings: &mut Vec<FieldMapWarning>) -> Fields {
    let mut made = Fields::new();
    for entry in entries.iter().filter(|entry| entry.owner != FieldOwner::Theirs) {
        let value = record.pointer(&entry.field).cloned().unwrap_or_default();
        match counterpart(entry, &value, true) {
            Some(value) => {
                made.insert(entry.external_field.clone(), value);
            }
            None => warnings.push(unmapped(&entry.field, &value, "theirs")),
        }
    }
    made
}

/// Their record as a change of ours. What they have and the map does not is told.
pub fn inward(entries: &[FieldMapEntry], external: &Fields, warnings: &mut Vec<FieldMapWarning>) -> Fields {
    let mut made = Fields::new();
    for entry in entries.iter().filter(|entry| entry.owner != FieldOwner::Ours) {
        let Some(value) = external.get(&entry.external_field) else {
            continue;
        };
        match counterpart(entry, value, false) {
            Some(value) => put(&mut made, &entry.field, value),
            None => warnings.push(unmapped(&entry.external_field, value, "ours")),
        }
    }
    for name in external.keys() {
        if !entries.iter().any(|entry| entry.external_field == *name) {
            warnings.push(FieldMapWarning {
                field: name.chars().take(200).collect(),
                code: "unmapped_field".to_owned(),
                detail: "The map does not have this field of theirs.".to_owned(),
            });
        }
    }
    warnings.truncate(1000);
    made
}

/// Puts a value at a pointer, making the objects on the way.
fn put(into: &mut Fields, pointer: &str, value: Value) {
    let mut parts = pointer.split('/').skip(1).peekable();
    let mut here = into;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            here.insert(part.to_owned(), value);
            return;
        }
        let inner = here.entry(part.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        let Some(next) = inner.as_object_mut() else { return };
        here = next;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sync::maps::model::{FieldKind, FieldValue};

    fn entry(field: &str, external: &str, owner: FieldOwner, values: &[(&str, &str)]) -> FieldMapEntry {
        FieldMapEntry {
            field: field.to_owned(),
            external_field: external.to_owned(),
            owner,
            kind: if values.is_empty() {
                FieldKind::Value
            } else {
                FieldKind::Picklist
            },
            values: values
                .iter()
                .map(|(ours, theirs)| FieldValue {
                    ours: (*ours).to_owned(),
                    theirs: (*theirs).to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_record_is_mapped_both_ways_and_what_is_not_is_told() {
        let entries = [
            entry("/number", "Number__c", FieldOwner::Ours, &[]),
            entry("/stage", "StageName", FieldOwner::Ours, &[("won", "Closed Won")]),
            entry("/address/country", "BillingCountryCode", FieldOwner::Both, &[]),
            entry(
                "/industry",
                "Industry",
                FieldOwner::Theirs,
                &[("Machinery", "machines")],
            ),
        ];
        let mut warnings = Vec::new();
        let record = json!({"number": "CA-1", "stage": "prospect", "address": {"country": "DE"}});
        let out = outward(&entries, &record, &mut warnings);
        assert_eq!(
            Value::Object(out),
            json!({"Number__c": "CA-1", "BillingCountryCode": "DE"})
        );
        assert_eq!((warnings.len(), warnings[0].field.as_str()), (1, "/stage"));
        warnings.clear();
        let external = json!({"BillingCountryCode": "AT", "Industry": "machines", "Number__c": "x", "Other": 1});
        let into = inward(&entries, external.as_object().unwrap(), &mut warnings);
        assert_eq!(
            Value::Object(into),
            json!({"address": {"country": "AT"}, "industry": "Machinery"})
        );
        assert_eq!((warnings.len(), warnings[0].code.as_str()), (1, "unmapped_field"));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let reads = |field: &str| ["/number", "/name"].contains(&field);
        let writes = |field: &str| field == "/name";
        let faulty = [
            entry("/nothing", "A", FieldOwner::Ours, &[]),
            entry("/number", "B", FieldOwner::Both, &[]),
            entry("/name", "C", FieldOwner::Theirs, &[("a", "x"), ("b", "x")]),
            entry("/name", "D", FieldOwner::Both, &[]),
        ];
        let error = check(&faulty, &reads, &writes).unwrap_err();
        let found: Vec<&str> = error.all_faults().iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            found,
            [
                "#/entries/0/field",
                "#/entries/1/owner",
                "#/entries/2/values",
                "#/entries/3/field"
            ]
        );
        let fine = [
            entry("/name", "C", FieldOwner::Both, &[("a", "x"), ("b", "y")]),
            entry("/number", "N", FieldOwner::Ours, &[]),
        ];
        assert!(check(&fine, &reads, &writes).is_ok());
    }
}
