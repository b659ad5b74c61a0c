//! What of an event a reader is shown. Pure.

use serde_json::{Map, Value};

use super::{EventType, Limit, ResourceType, all, resource};
use crate::kernel::ids::PartnerId;

/// Who reads an event.
pub struct Reader<'r> {
    /// The partner that they are of; none for the vendor's side.
    pub partner: Option<PartnerId>,
    /// Whether they may call the operation of that name.
    pub may_call: &'r dyn Fn(&str) -> bool,
}

/// An event that was found by its rows.
#[derive(Debug)]
pub struct Told<'e> {
    /// The partners that may learn of it.
    pub audience: &'e [PartnerId],
    /// The record after it; null if it is gone or was erased.
    pub data: &'e mut Value,
    /// What the changed fields held before; null for a new record, or if it was erased.
    pub previous: &'e mut Value,
    /// The names of the changed fields.
    pub changed: &'e mut Vec<String>,
}

impl ResourceType {
    /// Whether the reader is shown an event of such a record that their rows let them read, as far as its limits go; takes what
    /// they may not read out of it. A change that leaves nothing to tell is not shown, nor one that was erased where a
    /// limit asks for what it said.
    pub fn shows(&self, reader: &Reader<'_>, told: &mut Told<'_>) -> bool {
        let had_changes = !told.changed.is_empty();
        let let_through = self.limits.iter().all(|limit| limit.lets(reader, told));
        let_through && !(had_changes && told.changed.is_empty())
    }
}

impl Limit {
    fn lets(self, reader: &Reader<'_>, told: &mut Told<'_>) -> bool {
        match self {
            Self::VendorFields(fields) => {
                if reader.partner.is_some() {
                    fields.iter().for_each(|field| told.withhold(field));
                }
                true
            }
            Self::VendorAlone => reader.partner.is_none(),
            Self::PartnersIf(field, texts) => {
                reader.partner.is_none()
                    || told
                        .now(field)
                        .is_some_and(|value| texts.iter().any(|text| says(value, text)))
            }
            Self::PartnersOwn(field, text) => {
                let theirs = |value: Option<&Value>| value.is_some_and(|value| says(value, text));
                reader.partner.is_some()
                    || (told.now(field).is_some() && !theirs(told.data.get(field)) && !theirs(told.previous.get(field)))
            }
            Self::Colleagues => reader.partner.is_none_or(|partner| told.audience.contains(&partner)),
            Self::On(field) => match told.now(field) {
                Some(Value::String(kind)) => resource(kind).is_some_and(|on| (reader.may_call)(on.read)),
                Some(_) => true,
                None => false,
            },
        }
    }
}

fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Bool(value) => *value == (text == "true"),
        _ => false,
    }
}

impl Told<'_> {
    /// What the record's field holds, or held last.
    fn now(&self, field: &str) -> Option<&Value> {
        self.data.get(field).or_else(|| self.previous.get(field))
    }

    /// Empties a field, as the operation that reads the record does.
    fn withhold(&mut self, field: &str) {
        if let Some(value) = self.data.get_mut(field) {
            *value = match value {
                Value::Object(_) => Value::Object(Map::new()),
                _ => Value::Null,
            };
        }
        if let Some(previous) = self.previous.as_object_mut() {
            previous.remove(field);
        }
        self.changed.retain(|name| name != field);
    }
}

impl EventType {
    /// The name of the webhook as an operation: `onDealApproved`. What a record is told of one that hangs on it, and has events
    /// of its own, is told apart from those: `onDealItsAmendmentRejected` beside `onDealAmendmentRejected`.
    pub fn handler(&self) -> String {
        let (record, verb) = self.name.split_once('.').unwrap_or((self.name, ""));
        let head = verb.split('_').next().unwrap_or_default();
        let hanging = format!("{record}_{head}.");
        let its = if all().any(|other| other.name.starts_with(&hanging)) {
            "its_"
        } else {
            ""
        };
        format!("{record}_{its}{verb}")
            .split('_')
            .fold("on".to_owned(), |made, word| {
                let mut letters = word.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                made + &first.into_iter().chain(letters).collect::<String>()
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{events::catalogue::find, kernel::ids::Id as _};

    struct Event {
        data: Value,
        previous: Value,
        changed: Vec<String>,
    }

    fn event(data: Value, previous: Value, changed: &[&str]) -> Event {
        Event {
            data,
            previous,
            changed: changed.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn shown(kind: &str, partner: Option<u64>, event: &mut Event) -> bool {
        let may_call = |operation: &str| operation != "getDeal";
        let reader = Reader {
            partner: partner.map(PartnerId::example),
            may_call: &may_call,
        };
        find(kind).unwrap().resource.shows(
            &reader,
            &mut Told {
                audience: &[PartnerId::example(1)],
                data: &mut event.data,
                previous: &mut event.previous,
                changed: &mut event.changed,
            },
        )
    }

    #[test]
    fn partners_read_nothing_that_is_for_the_vendor() {
        let make = || {
            event(
                json!({"status": "active", "tags": ["strategic"], "custom": {"grade": "a"}}),
                json!({"status": "invited", "tags": []}),
                &["status", "tags"],
            )
        };
        let mut one = make();
        assert!(shown("partner.updated", Some(1), &mut one));
        assert_eq!(one.data, json!({"status": "active", "tags": null, "custom": {}}));
        assert_eq!(
            (one.previous, one.changed),
            (json!({"status": "invited"}), vec!["status".to_owned()])
        );
        let mut whole = make();
        assert!(shown("partner.updated", None, &mut whole) && whole.data == make().data);
        let mut hidden = event(json!({"tags": ["strategic"]}), json!({"tags": []}), &["tags"]);
        assert!(
            !shown("partner.updated", Some(1), &mut hidden),
            "nothing is left to tell"
        );
    }

    #[test]
    fn drafts_are_the_vendor_s() {
        for (status, told) in [("draft", false), ("active", true), ("retired", true)] {
            let mut one = event(json!({"status": status}), Value::Null, &["status"]);
            assert_eq!(shown("program.updated", Some(1), &mut one), told, "{status}");
            assert!(shown("program.updated", None, &mut one));
        }
        let mut gone = event(Value::Null, json!({"status": "draft"}), &[]);
        assert!(!shown("program_version.deleted", Some(1), &mut gone));
        assert!(shown("program_version.deleted", None, &mut gone));
        let mut field = event(json!({"partner_visible": false}), Value::Null, &["label"]);
        assert!(!shown("custom_field.updated", Some(1), &mut field));
        let mut tier = event(json!({"name": "Gold"}), Value::Null, &["name"]);
        assert!(!shown("tier.updated", Some(1), &mut tier) && shown("tier.updated", None, &mut tier));
    }

    #[test]
    fn what_is_a_partner_s_own_is_not_the_vendor_s() {
        let on = json!({"visibility": "partner", "resource_type": "partner"});
        let mut own = event(on, Value::Null, &["body"]);
        assert!(shown("note.created", Some(1), &mut own) && !shown("note.created", None, &mut own));
        let mut shared = event(
            json!({"visibility": "shared", "resource_type": "partner"}),
            json!({"visibility": "partner"}),
            &["visibility"],
        );
        assert!(!shown("note.updated", None, &mut shared), "it would tell what it was");
        let mut gone = event(
            Value::Null,
            json!({"visibility": "partner", "resource_type": "partner"}),
            &[],
        );
        assert!(!shown("note.deleted", None, &mut gone) && shown("note.deleted", Some(1), &mut gone));
        let mut erased = event(Value::Null, Value::Null, &["body"]);
        assert!(!shown("note.updated", None, &mut erased));
    }

    #[test]
    fn work_is_read_by_those_who_read_what_it_is_on() {
        for (on, told) in [(json!("deal"), false), (json!("partner"), true), (Value::Null, true)] {
            let mut one = event(json!({"resource_type": on}), Value::Null, &["title"]);
            assert_eq!(shown("task.created", Some(1), &mut one), told);
        }
    }

    #[test]
    fn colleagues_are_nobody_else_s_business() {
        let mut one = event(json!({}), Value::Null, &["status"]);
        assert!(shown("partner_user.created", Some(1), &mut one) && shown("partner_user.created", None, &mut one));
        assert!(!shown("partner_user.created", Some(2), &mut one));
    }
}
