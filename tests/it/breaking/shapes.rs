//! Whether a schema still is what clients were told: for what they send, and for what they receive.
//!
//! What is sent may be taken more widely than before, what is received may say more than before. Everything else breaks somebody:
//! a field that is gone, one that is needed now, a word that is refused now, a bound that became tighter.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Which way a schema's values go, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Sent,
    Received,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// A comparison of the schemas of two documents, and what it found.
pub struct Shapes<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Which schemas were compared as what: a schema is looked at once, and one that holds itself comes to an end.
    met: BTreeSet<(Way, String, String)>,
    /// Each break: where, and what.
    pub found: BTreeSet<String>,
}

impl<'a> Shapes<'a> {
    pub fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            met: BTreeSet::new(),
            found: BTreeSet::new(),
        }
    }

    fn tell(&mut self, way: Way, at: &str, what: &str) {
        self.found.insert(format!("{} {at}: {what}", way.word()));
    }

    /// Compares what stands at one place. Schemas with names are told by their names, wherever they are used.
    pub fn compare(&mut self, way: Way, at: &str, old: &Value, new: &Value) {
        let (was, is) = (name(old), name(new));
        let mut at = at;
        if let (Some(was), Some(is)) = (was, is) {
            if !self.met.insert((way, was.to_owned(), is.to_owned())) {
                return;
            }
            at = was;
        }
        let (old, new) = (flat(self.old, old), flat(self.new, new));
        let (was, is) = (Choice::of(&old), Choice::of(&new));
        match way {
            Way::Sent if was.null && !is.null => self.tell(way, at, "null is no longer taken"),
            Way::Received if is.null && !was.null => self.tell(way, at, "may be null now"),
            _ => {}
        }
        match (was.among.as_slice(), is.among.as_slice()) {
            // Nothing but null on one side: that is said above.
            ([], _) | (_, []) => {}
            ([one], [other]) if was.plain || is.plain => {
                let (one, other) = (flat(self.old, one), flat(self.new, other));
                // Both may be named inside of a choice with null; then the one that is named is met, and told, by its name.
                match (name(&was.among[0]), name(&is.among[0])) {
                    (Some(_), Some(_)) => self.compare(way, at, &was.among[0], &is.among[0]),
                    _ => self.one(way, at, &one, &other),
                }
            }
            ([one], [other]) => self.compare(way, at, one, other),
            (was, is) => self.several(way, at, was, is),
        }
    }

    /// Compares choices: whatever may be sent must still have its choice, whatever may be received must have had one.
    fn several(&mut self, way: Way, at: &str, was: &[Value], is: &[Value]) {
        let (needed, offered) = match way {
            Way::Sent => (was, is),
            Way::Received => (is, was),
        };
        for (index, one) in needed.iter().enumerate() {
            let pair = |other: &'_ Value| match way {
                Way::Sent => (one.clone(), other.clone()),
                Way::Received => (other.clone(), one.clone()),
            };
            let namesake = offered
                .iter()
                .find(|other| name(one).is_some() && name(other) == name(one));
            if let Some(other) = namesake {
                let (old, new) = pair(other);
                self.compare(way, at, &old, &new);
                continue;
            }
            let fits = offered.iter().any(|other| {
                let (old, new) = pair(other);
                let mut trial = Shapes::new(self.old, self.new);
                trial.compare(way, at, &old, &new);
                trial.found.is_empty()
            });
            if !fits {
                let what = name(one).map_or_else(|| format!("number {}", index + 1), str::to_owned);
                let verb = match way {
                    Way::Sent => "is no longer taken",
                    Way::Received => "is new",
                };
                self.tell(way, at, &format!("the choice {what} {verb}"));
            }
        }
    }

    /// Compares two schemas that are no choices.
    fn one(&mut self, way: Way, at: &str, old: &Object, new: &Object) {
        self.types(way, at, old, new);
        self.words(way, at, old, new);
        self.bounds(way, at, old, new);
        self.fields(way, at, old, new);
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.compare(way, &format!("{at}[]"), old, new);
        }
        match (old.get("additionalProperties"), new.get("additionalProperties")) {
            (Some(old), Some(new)) if old.is_object() && new.is_object() => {
                self.compare(way, &format!("{at}{{}}"), old, new);
            }
            (Some(Value::Bool(false)), _) => {}
            (_, Some(Value::Bool(false))) if way == Way::Sent => {
                self.tell(way, at, "fields without a name here are no longer taken");
            }
            _ => {}
        }
        if let (Some(old), Some(new), Way::Sent) = (old.get("propertyNames"), new.get("propertyNames"), way) {
            self.compare(way, &format!("{at} names"), old, new);
        }
    }

    fn types(&mut self, way: Way, at: &str, old: &Object, new: &Object) {
        let (was, is) = (types(old), types(new));
        let (narrow, wide) = match way {
            Way::Sent => (&was, &is),
            Way::Received => (&is, &was),
        };
        let within = |one: &&str| wide.contains(one) || (*one == "integer" && wide.contains("number"));
        let fits = wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(within));
        if !fits {
            let text = |all: &BTreeSet<&str>| match all.len() {
                0 => "any".to_owned(),
                _ => all.iter().copied().collect::<Vec<_>>().join(" or "),
            };
            self.tell(way, at, &format!("the type was {} and is {}", text(&was), text(&is)));
        }
    }

    /// New words in answers break nobody: the contract says that they may come. A word that was the only one is more than a word:
    /// it says which of several shapes something has.
    fn words(&mut self, way: Way, at: &str, old: &Object, new: &Object) {
        let (was, is) = (words(old), words(new));
        match (way, was, is) {
            (Way::Sent, None, Some(_)) => self.tell(way, at, "only listed values are taken now"),
            (Way::Sent, Some(was), Some(is)) => {
                for gone in was.difference(&is) {
                    self.tell(way, at, &format!("{gone} is no longer taken"));
                }
            }
            (Way::Received, Some(_), None) => self.tell(way, at, "may be any value now, not only a listed one"),
            (Way::Received, Some(was), Some(is)) if was.len() == 1 && was != is => {
                let only: Vec<_> = was.into_iter().collect();
                self.tell(way, at, &format!("is no longer always {}", only.join("")));
            }
            _ => {}
        }
    }

    fn bounds(&mut self, way: Way, at: &str, old: &Object, new: &Object) {
        let text = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
        let told = |key: &str| format!("{key} was {} and is {}", text(old.get(key)), text(new.get(key)));
        let format = match way {
            Way::Sent => new.contains_key("format"),
            Way::Received => old.contains_key("format"),
        };
        if format && old.get("format") != new.get("format") {
            self.tell(way, at, &told("format"));
        }
        if way == Way::Received || takes_all(old, new) {
            return;
        }
        for key in ["pattern", "multipleOf"] {
            if new.contains_key(key) && new.get(key) != old.get(key) {
                self.tell(way, at, &told(key));
            }
        }
        if new.get("uniqueItems") == Some(&json!(true)) && old.get("uniqueItems") != Some(&json!(true)) {
            self.tell(way, at, &told("uniqueItems"));
        }
        let number = |schema: &Object, key: &str| schema.get(key).and_then(Value::as_f64);
        for key in ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] {
            if number(new, key).is_some_and(|is| number(old, key).is_none_or(|was| is < was)) {
                self.tell(way, at, &told(key));
            }
        }
        for (key, least) in [
            ("minimum", f64::MIN),
            ("exclusiveMinimum", f64::MIN),
            ("minLength", 0.0),
            ("minItems", 0.0),
            ("minProperties", 0.0),
        ] {
            if number(new, key).is_some_and(|is| is > number(old, key).unwrap_or(least)) {
                self.tell(way, at, &told(key));
            }
        }
    }

    fn fields(&mut self, way: Way, at: &str, old: &Object, new: &Object) {
        let none = Object::new();
        let own = |schema: &'_ Object| schema.get("properties").and_then(Value::as_object).cloned();
        let (was, is) = (own(old).unwrap_or_else(|| none.clone()), own(new).unwrap_or(none));
        let (needed, needs) = (strings(old, "required"), strings(new, "required"));
        for (field, inner) in &was {
            let place = format!("{at}.{field}");
            match is.get(field) {
                Some(other) => self.compare(way, &place, inner, other),
                None if way == Way::Sent => self.tell(way, &place, "is no longer taken"),
                None => self.tell(way, &place, "is gone"),
            }
        }
        match way {
            Way::Sent => {
                for field in needs.difference(&needed) {
                    self.tell(way, &format!("{at}.{field}"), "is required now");
                }
            }
            Way::Received => {
                for field in needed.difference(&needs).filter(|field| is.contains_key(**field)) {
                    self.tell(way, &format!("{at}.{field}"), "is no longer always there");
                }
            }
        }
    }
}

/// What a schema lets choose from.
struct Choice {
    null: bool,
    among: Vec<Value>,
    /// Whether it is no choice: then it stands in `among` itself.
    plain: bool,
}

impl Choice {
    fn of(schema: &Object) -> Self {
        let listed = ["oneOf", "anyOf"]
            .into_iter()
            .find_map(|key| schema.get(key).and_then(Value::as_array));
        let is_null = |one: &Value| one.get("type") == Some(&json!("null"));
        match listed {
            Some(all) => Self {
                null: all.iter().any(is_null),
                among: all.iter().filter(|one| !is_null(one)).cloned().collect(),
                plain: false,
            },
            None => {
                let all = strings(schema, "type");
                let only = schema.get("type") == Some(&json!("null"));
                Self {
                    null: only || all.contains("null"),
                    among: if only {
                        Vec::new()
                    } else {
                        vec![Value::Object(schema.clone())]
                    },
                    plain: true,
                }
            }
        }
    }
}

/// The name of what is referred to, where nothing else is said.
fn name(schema: &Value) -> Option<&str> {
    let schema = schema.as_object()?;
    let said = |key: &&String| {
        !matches!(key.as_str(), "description" | "examples" | "default" | "$ref") && !key.starts_with("x-")
    };
    if schema.keys().any(|key| said(&key)) {
        return None;
    }
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// The schema with what it refers to, and with its parts, as one.
fn flat(doc: &Value, schema: &Value) -> Object {
    let mut whole = Object::new();
    let Some(schema) = schema.as_object() else { return whole };
    if let Some(target) = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|name| doc.pointer(name.strip_prefix('#')?))
    {
        merge(&mut whole, flat(doc, target));
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        merge(&mut whole, flat(doc, part));
    }
    let own = schema
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "$ref" | "allOf"));
    merge(
        &mut whole,
        own.map(|(key, value)| (key.clone(), value.clone())).collect(),
    );
    if let Some(closed) = whole.remove("unevaluatedProperties") {
        whole.insert("additionalProperties".to_owned(), closed);
    }
    whole
}

/// Both must hold.
fn merge(whole: &mut Object, part: Object) {
    for (key, value) in part {
        match (key.as_str(), whole.get_mut(&key), value) {
            ("properties", Some(Value::Object(fields)), Value::Object(more)) => {
                for (field, schema) in more {
                    let both = fields
                        .remove(&field)
                        .map(|first| json!({"allOf": [first, schema.clone()]}));
                    fields.insert(field, both.unwrap_or(schema));
                }
            }
            ("required", Some(Value::Array(needed)), Value::Array(more)) => needed.extend(more),
            ("enum", Some(Value::Array(words)), Value::Array(more)) => words.retain(|word| more.contains(word)),
            (_, _, value) => {
                whole.insert(key, value);
            }
        }
    }
}

fn strings<'a>(schema: &'a Object, key: &str) -> BTreeSet<&'a str> {
    let all = schema.get(key).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

/// The types, null aside; none if it may be any.
fn types(schema: &Object) -> BTreeSet<&str> {
    let mut all = strings(schema, "type");
    all.extend(schema.get("type").and_then(Value::as_str));
    all.remove("null");
    all
}

/// The values, as JSON, that are all there are; null aside.
fn words(schema: &Object) -> Option<BTreeSet<String>> {
    let one = schema.get("const").map(std::slice::from_ref);
    let all = one.or_else(|| schema.get("enum").and_then(Value::as_array).map(Vec::as_slice))?;
    Some(
        all.iter()
            .filter(|word| !word.is_null())
            .map(Value::to_string)
            .collect(),
    )
}

/// Whether there was a list of values, and each of them still is taken.
fn takes_all(old: &Object, new: &Object) -> bool {
    let one = old.get("const").map(std::slice::from_ref);
    let Some(all) = one.or_else(|| old.get("enum").and_then(Value::as_array).map(Vec::as_slice)) else {
        return false;
    };
    let new = Value::Object(new.clone());
    jsonschema::validator_for(&new)
        .is_ok_and(|new| all.iter().filter(|one| !one.is_null()).all(|one| new.is_valid(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(schema: &Value) -> Value {
        json!({"components": {"schemas": {
            "A": schema,
            "Word": {"type": "string", "enum": ["a", "b"]},
            "Tree": {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Tree"}}},
        }}})
    }

    fn found(way: Way, old: &Value, new: &Value) -> Vec<String> {
        let (old, new) = (doc(old), doc(new));
        let start = json!({"$ref": "#/components/schemas/A"});
        let mut shapes = Shapes::new(&old, &new);
        shapes.compare(way, "here", &start, &start);
        shapes.found.into_iter().collect()
    }

    fn told(old: Value, new: Value, sent: &[&str], received: &[&str]) {
        let full = |way: &str, all: &[&str]| all.iter().map(|what| format!("{way} A{what}")).collect::<Vec<_>>();
        assert_eq!(found(Way::Sent, &old, &new), full("sent", sent), "{old} {new}");
        assert_eq!(
            found(Way::Received, &old, &new),
            full("received", received),
            "{old} {new}"
        );
        assert!(found(Way::Sent, &old, &old).is_empty() && found(Way::Received, &new, &new).is_empty());
    }

    #[test]
    fn fields_that_come_go_and_are_needed() {
        let text = json!({"type": "string"});
        let with = |fields: &[&str], required: &[&str]| {
            let fields: Object = fields.iter().map(|field| ((*field).to_owned(), text.clone())).collect();
            json!({"type": "object", "properties": fields, "required": required, "additionalProperties": false})
        };
        told(with(&["a"], &[]), with(&["a", "b"], &[]), &[], &[]);
        told(
            with(&["a", "b"], &[]),
            with(&["a"], &[]),
            &[".b: is no longer taken"],
            &[".b: is gone"],
        );
        told(with(&["a"], &[]), with(&["a"], &["a"]), &[".a: is required now"], &[]);
        told(
            with(&["a"], &["a"]),
            with(&["a"], &[]),
            &[],
            &[".a: is no longer always there"],
        );
        told(
            with(&["a"], &[]),
            with(&["a", "b"], &["b"]),
            &[".b: is required now"],
            &[],
        );
    }

    #[test]
    fn types_null_and_formats() {
        told(
            json!({"type": "string"}),
            json!({"type": "integer"}),
            &[": the type was string and is integer"],
            &[": the type was string and is integer"],
        );
        told(
            json!({"type": "integer"}),
            json!({"type": "number"}),
            &[],
            &[": the type was integer and is number"],
        );
        told(
            json!({"type": ["string", "null"]}),
            json!({"type": "string"}),
            &[": null is no longer taken"],
            &[],
        );
        told(
            json!({"$ref": "#/components/schemas/Word"}),
            json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Word"}]}),
            &[],
            &[": may be null now"],
        );
        told(
            json!({"type": "integer", "format": "int32"}),
            json!({"type": "integer", "format": "int64"}),
            &[": format was \"int32\" and is \"int64\""],
            &[": format was \"int32\" and is \"int64\""],
        );
    }

    #[test]
    fn words_may_be_added_to_answers_and_taken_from_none() {
        let listed = |words: &[&str]| json!({"type": "string", "enum": words});
        told(listed(&["a", "b"]), listed(&["a", "c", "b"]), &[], &[]);
        told(
            listed(&["a", "b"]),
            listed(&["a"]),
            &[": \"b\" is no longer taken"],
            &[],
        );
        told(
            listed(&["a", "b"]),
            json!({"type": "string"}),
            &[],
            &[": may be any value now, not only a listed one"],
        );
        told(
            listed(&["a", "b"]),
            json!({"type": "string", "pattern": "^[a-z]$", "maxLength": 1}),
            &[],
            &[": may be any value now, not only a listed one"],
        );
        told(
            listed(&["a", "bc"]),
            json!({"type": "string", "maxLength": 1}),
            &[": maxLength was none and is 1"],
            &[": may be any value now, not only a listed one"],
        );
        told(
            json!({"type": "string"}),
            listed(&["a"]),
            &[": only listed values are taken now"],
            &[],
        );
        told(
            json!({"const": "a"}),
            json!({"const": "b"}),
            &[": \"a\" is no longer taken"],
            &[": is no longer always \"a\""],
        );
    }

    #[test]
    fn bounds_of_what_is_sent_may_only_widen() {
        let bound = |key: &str, value: Value| json!({"type": "string", key: value});
        told(bound("maxLength", json!(9)), bound("maxLength", json!(10)), &[], &[]);
        told(
            bound("maxLength", json!(9)),
            bound("maxLength", json!(8)),
            &[": maxLength was 9 and is 8"],
            &[],
        );
        told(
            json!({"type": "string"}),
            bound("minLength", json!(1)),
            &[": minLength was none and is 1"],
            &[],
        );
        told(json!({"type": "string"}), bound("minLength", json!(0)), &[], &[]);
        told(
            json!({"type": "integer"}),
            json!({"type": "integer", "minimum": 0}),
            &[": minimum was none and is 0"],
            &[],
        );
        told(
            bound("pattern", json!("^a$")),
            bound("pattern", json!("^[ab]$")),
            &[": pattern was \"^a$\" and is \"^[ab]$\""],
            &[],
        );
    }

    #[test]
    fn choices_lists_maps_and_schemas_that_hold_themselves() {
        let tree = json!({"$ref": "#/components/schemas/Tree"});
        let word = json!({"$ref": "#/components/schemas/Word"});
        told(json!({"oneOf": [tree, word]}), json!({"oneOf": [word, tree]}), &[], &[]);
        told(
            json!({"oneOf": [tree, word]}),
            json!({"oneOf": [tree, {"type": "integer"}]}),
            &[": the choice Word is no longer taken"],
            &[": the choice number 2 is new"],
        );
        let list = |inner: Value| json!({"type": "array", "items": inner});
        told(
            list(json!({"type": "string"})),
            list(json!({"type": "boolean"})),
            &["[]: the type was string and is boolean"],
            &["[]: the type was string and is boolean"],
        );
        let map = |inner: Value| json!({"type": "object", "additionalProperties": inner});
        told(
            map(json!(true)),
            map(json!(false)),
            &[": fields without a name here are no longer taken"],
            &[],
        );
        told(
            map(json!({"type": "string", "maxLength": 5})),
            map(json!({"type": "string", "maxLength": 4})),
            &["{}: maxLength was 5 and is 4"],
            &[],
        );
    }

    #[test]
    fn parts_count_as_one_schema() {
        told(
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}]}),
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"a": {"enum": ["x"]}}}]}),
            &[".a: \"y\" is no longer taken"],
            &[".a: is no longer always there"],
        );
    }
}
