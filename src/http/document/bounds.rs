//! Bounds for everything that a body or parameter may hold.
//!
//! A handler's type says what a field is; where it does not say how long or how large, the contract does, so that no
//! caller can send more than the service means to keep. Bodies are checked against the contract, so a bound that is
//! written here is a bound that holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pattern::Pattern;
use super::tree::{self, Object, Place};
use super::words;

/// One line of text: no control characters. Explicit ranges, because `\s` and `\w` differ between languages.
pub(super) const LINE: &str = r"^[^\x00-\x1f\x7f]*$";
/// Text of several lines: of the control characters only tab, line feed and carriage return.
pub(super) const LINES: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$";
/// A password: any character that PostgreSQL can keep.
pub(super) const PASSWORD: &str = r"^[^\x00]*$";
/// The largest whole number that every JSON reader keeps exactly (2^53 - 1).
const LARGEST_EXACT: i64 = 9_007_199_254_740_991;
/// Bounds of lists that state none: of a page, of a comma list in a query, of any other.
const PAGE: u32 = 200;
const QUERY_LIST: u32 = 50;
const LIST: u32 = 1_000;
/// The most keys of a free map, and the longest of them.
const MAP: u32 = 100;
const KEY: u32 = 64;

/// Bounds every string, number, list and map that states no bound of its own.
pub(super) fn bound(doc: &mut Value) {
    let queried = query_names(doc);
    tree::each_schema(doc, &mut |name, _, schema| {
        let types: Vec<String> = tree::types(schema).into_iter().map(str::to_owned).collect();
        let is = |kind: &str| types.iter().any(|one| one == kind);
        if is("string") && !schema.contains_key("enum") && !schema.contains_key("const") {
            string(name, schema);
        }
        if is("integer") {
            integer(schema);
        }
        if is("array") {
            let most = match name {
                "data" => PAGE,
                _ if queried.contains(name) => QUERY_LIST,
                _ => LIST,
            };
            schema.entry("maxItems").or_insert(json!(most));
        }
        if is("object")
            && schema
                .get("additionalProperties")
                .is_some_and(|inner| *inner != json!(false))
        {
            schema.entry("maxProperties").or_insert(json!(MAP));
            tree::within(schema, "propertyNames", |names| {
                names.insert("maxLength".into(), json!(KEY));
                names.insert("pattern".into(), json!(LINE));
            });
        }
    });
}

/// The names of query parameters: a list there is a list in an address, which is short.
fn query_names(doc: &Value) -> BTreeSet<String> {
    let operations = tree::operations(doc);
    let parameters = operations.iter().flat_map(|operation| operation.parameters(doc));
    parameters
        .filter(|one| tree::text(one, "in") == "query")
        .map(|one| tree::text(one, "name").to_owned())
        .collect()
}

fn string(name: &str, schema: &mut Object) {
    let pattern = tree::text(schema, "pattern");
    let longest = Pattern::read(pattern).and_then(|pattern| pattern.longest());
    let (limit, text) = match tree::text(schema, "format") {
        "date-time" => (35, None), // 2026-03-02T09:30:00.000000000+02:00
        "date" => (10, None),
        "time" => (15, None),
        "duration" => (64, None),
        "uuid" => (36, None),
        "email" => (254, None),
        "ipv4" | "ipv6" => (45, None),
        "hostname" | "idn-hostname" => (253, None),
        "uri" | "uri-reference" | "iri" | "url" => (2_048, None),
        "password" => (1_024, Some(PASSWORD)),
        "byte" | "binary" => (8_388_608, None),
        _ if words::is_long(name) => (4_000, Some(LINES)),
        _ if words::is_secret(name) => (4_096, Some(LINE)),
        "" => (255, Some(LINE)),
        _ => (255, None),
    };
    let limit = longest.unwrap_or(limit);
    // A lower bound of the handler's own tells that it means more than the usual.
    let least = schema
        .get("minLength")
        .and_then(Value::as_u64)
        .and_then(|least| usize::try_from(least).ok())
        .unwrap_or(0);
    schema.entry("maxLength").or_insert(json!(limit.max(least)));
    if let Some(text) = text {
        schema.entry("pattern").or_insert(json!(text));
    }
}

fn integer(schema: &mut Object) {
    let format = schema.entry("format").or_insert(json!("int64"));
    let (least, most) = match format.as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (-LARGEST_EXACT, LARGEST_EXACT),
    };
    if !schema.contains_key("exclusiveMinimum") {
        schema.entry("minimum").or_insert(json!(least));
    }
    if !schema.contains_key("exclusiveMaximum") {
        schema.entry("maximum").or_insert(json!(most));
    }
}

/// Refuses unknown fields in everything that a request body may hold.
pub(super) fn close_request_bodies(doc: &mut Value) {
    let bodies: Vec<Value> = tree::operations(doc)
        .iter()
        .filter_map(|one| one.body.get("requestBody").cloned())
        .collect();
    let sent = tree::reachable(doc, &bodies.iter().collect::<Vec<_>>());
    // A schema that is a part of another one must not refuse what the other parts hold: the whole does.
    let mut parts = BTreeSet::new();
    tree::each_schema(doc, &mut |_, place, schema| {
        if place == Place::Part {
            parts.insert(tree::text(schema, "$ref").to_owned());
        }
    });
    let mut wanted: Vec<String> = sent.into_iter().collect();
    wanted.retain(|reference| !parts.contains(reference));
    tree::with_components(doc, "schemas", |schemas| {
        for reference in &wanted {
            if let (Some(_), Some(schema)) = (
                reference.strip_prefix("#/components/schemas/"),
                schemas.get_mut(tree::tail(reference)),
            ) {
                close(schema);
            }
        }
    });
}

fn close(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if object.contains_key("allOf") {
        object.entry("unevaluatedProperties").or_insert(json!(false));
        return;
    }
    if object.contains_key("properties") {
        object.entry("additionalProperties").or_insert(json!(false));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(all)) = object.get_mut(key) {
            all.iter_mut().for_each(close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounded(schemas: &Value) -> Value {
        let mut doc = json!({"components": {"schemas": schemas}});
        bound(&mut doc);
        doc["components"]["schemas"].take()
    }

    #[test]
    fn what_states_no_bound_gets_one_and_what_does_keeps_it() {
        let made = bounded(&json!({"A": {"type": "object", "properties": {
            "id": {"type": "string", "pattern": "^deal_[0-9a-z]{26}$"},
            "title": {"type": ["string", "null"]},
            "notes": {"type": "string"},
            "code": {"type": "string", "maxLength": 9},
            "status": {"type": "string", "enum": ["a"]},
            "count": {"type": "integer", "format": "int32", "minimum": 0},
            "sum": {"type": ["integer", "null"]},
            "odd": {"type": "integer", "exclusiveMinimum": 0},
            "tags": {"type": "array", "items": {"type": "string", "format": "date"}},
            "extra": {"type": "object", "additionalProperties": {"type": "string"}, "propertyNames": {"type": "string"}},
        }}}));
        let of = |name: &str| made["A"]["properties"][name].clone();
        assert_eq!(of("id")["maxLength"], 31);
        assert_eq!(
            of("title"),
            json!({"type": ["string", "null"], "maxLength": 255, "pattern": LINE})
        );
        assert_eq!(
            of("notes"),
            json!({"type": "string", "maxLength": 4000, "pattern": LINES})
        );
        assert_eq!(of("code")["maxLength"], 9);
        assert_eq!(of("status"), json!({"type": "string", "enum": ["a"]}));
        assert_eq!(
            of("count"),
            json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": i32::MAX})
        );
        assert_eq!(of("sum")["format"], "int64");
        assert_eq!(of("odd").get("minimum"), None);
        assert_eq!(of("tags")["maxItems"], LIST);
        assert_eq!(of("tags")["items"]["maxLength"], 10);
        assert_eq!(
            (
                &of("extra")["maxProperties"],
                &of("extra")["propertyNames"]["maxLength"]
            ),
            (&json!(MAP), &json!(KEY))
        );
    }

    #[test]
    fn bodies_refuse_unknown_fields_and_replies_do_not() {
        let mut doc = json!({
            "paths": {"/v1/a": {"post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewA"}}}},
                "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
            }}},
            "components": {"schemas": {
                "NewA": {"type": "object", "properties": {"money": {"$ref": "#/components/schemas/Money"}, "whole": {"$ref": "#/components/schemas/Whole"}}},
                "Money": {"type": "object", "properties": {"amount": {"type": "string"}}},
                "Whole": {"allOf": [{"$ref": "#/components/schemas/Half"}]},
                "Half": {"type": "object", "properties": {}},
                "A": {"type": "object", "properties": {}},
            }},
        });
        close_request_bodies(&mut doc);
        let closed = |name: &str, key: &str| doc["components"]["schemas"][name].get(key) == Some(&json!(false));
        assert!(closed("NewA", "additionalProperties") && closed("Money", "additionalProperties"));
        assert!(closed("Whole", "unevaluatedProperties") && !closed("Half", "additionalProperties"));
        assert!(!closed("A", "additionalProperties"));
    }
}
