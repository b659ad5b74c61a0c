//! The contract for generators that read less than OpenAPI 3.1.

use serde_json::{Value, json};

use super::{
    easing,
    tree::{self, Object},
    webhooks,
};

/// The document without webhooks, for generators that cannot compile them.
#[must_use]
pub fn without_webhooks(doc: &Value) -> Value {
    let mut plain = doc.clone();
    if let Value::Object(root) = &mut plain {
        root.remove("webhooks");
        if let Some(tags) = root.get_mut("tags").and_then(Value::as_array_mut) {
            tags.retain(|tag| tag.get("name") != Some(&json!(webhooks::TAG)));
        }
    }
    tree::prune(&mut plain);
    tree::sorted(plain)
}

/// The document as OpenAPI 3.0.3: the same operations, said with the older words, and each body and answer in one media type.
/// Webhooks move to `x-webhooks`.
#[must_use]
pub fn openapi_3_0(doc: &Value) -> Value {
    let mut old = doc.clone();
    tree::each_schema(&mut old, &mut |_, _, schema| older(schema));
    // What may be null must say again what the type is: 3.0 has no nullable reference.
    let named = old.clone();
    tree::each_schema(&mut old, &mut |_, _, schema| {
        if schema.get("nullable") != Some(&json!(true)) {
            return;
        }
        let target = match tree::list(schema, "allOf") {
            [only] => only
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|name| tree::target(&named, name)),
            _ => None,
        };
        if let Some(target) = target.and_then(Value::as_object) {
            repeat_type(schema, target);
        }
    });
    easing::ease(&mut old);
    if let Value::Object(root) = &mut old {
        root.insert("openapi".into(), json!("3.0.3"));
        root.remove("jsonSchemaDialect");
        if let Some(webhooks) = root.remove("webhooks") {
            root.insert("x-webhooks".into(), webhooks);
        }
        tree::within(root, "info", |info| {
            info.remove("summary");
            tree::within(info, "license", |license| {
                if let Some(Value::String(identifier)) = license.remove("identifier") {
                    license
                        .entry("url")
                        .or_insert(json!(format!("https://spdx.org/licenses/{identifier}.html")));
                }
            });
        });
        tree::within(root, "components", |components| components.remove("pathItems"));
    }
    tree::sorted(old)
}

/// Repeats the type and bounds of what `schema` refers to; not its words, which would make another enumeration of them.
fn repeat_type(schema: &mut Object, target: &Object) {
    for key in ["type", "format", "pattern", "maxLength"] {
        if let Some(value) = target.get(key) {
            schema.entry(key).or_insert_with(|| value.clone());
        }
    }
}

fn allow_null(schema: &mut Object) {
    if let Some(Value::Array(allowed)) = schema.get_mut("enum")
        && !allowed.contains(&Value::Null)
    {
        allowed.push(Value::Null);
    }
}

/// Says one schema, whose inner schemas are said already, in the words of 3.0.
fn older(schema: &mut Object) {
    if let Some(one) = schema
        .remove("examples")
        .and_then(|all| all.as_array()?.first().cloned())
    {
        schema.entry("example").or_insert(one);
    }
    if let Some(one) = schema.remove("const") {
        schema.insert("enum".into(), json!([one]));
    }
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if let Some(limit) = schema.remove(exclusive).filter(Value::is_number) {
            schema.insert(bound.into(), limit);
            schema.insert(exclusive.into(), json!(true));
        }
    }
    match tree::text(schema, "contentEncoding") {
        "base64" => schema.entry("format").or_insert(json!("byte")),
        _ if schema.contains_key("contentMediaType") => schema.entry("format").or_insert(json!("binary")),
        _ => &mut Value::Null,
    };
    for unknown in UNKNOWN {
        schema.remove(unknown);
    }
    if schema.remove("prefixItems").is_some() {
        schema.entry("items").or_insert(json!({}));
    }
    nullable_types(schema);
    nullable_choices(schema);
    if schema.len() > 1
        && let Some(reference) = schema.remove("$ref")
    {
        // In 3.0 whatever stands beside a reference is ignored.
        if let Value::Array(parts) = schema.entry("allOf").or_insert(json!([])) {
            parts.push(json!({"$ref": reference}));
        }
    }
}

/// What 3.0 has no word for.
const UNKNOWN: [&str; 16] = [
    "$schema",
    "$id",
    "$anchor",
    "$comment",
    "$defs",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "patternProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// `["string", "null"]` is a nullable string.
fn nullable_types(schema: &mut Object) {
    let Some(Value::Array(types)) = schema.get("type") else {
        return;
    };
    let others: Vec<Value> = types.iter().filter(|one| **one != json!("null")).cloned().collect();
    let nullable = others.len() < types.len();
    match others.as_slice() {
        [] => {
            schema.remove("type");
        }
        [one] => {
            schema.insert("type".into(), one.clone());
        }
        several => {
            let choices = choices(schema, several, nullable);
            schema.remove("type");
            schema.insert("anyOf".into(), json!(choices));
            return;
        }
    }
    if nullable {
        schema.insert("nullable".into(), json!(true));
        allow_null(schema);
    }
}

/// A schema for each type, with those words that are about it, which the common schema loses. Null is of no type in 3.0 but
/// beside one.
fn choices(schema: &mut Object, types: &[Value], nullable: bool) -> Vec<Value> {
    let mut choices: Vec<Object> = types
        .iter()
        .map(|one| Object::from_iter([("type".to_owned(), one.clone())]))
        .collect();
    for (word, about) in WORDS {
        let Some(value) = schema.remove(word) else { continue };
        for choice in &mut choices {
            if about.contains(&tree::text(choice, "type")) {
                choice.insert(word.into(), value.clone());
            }
        }
    }
    if let (true, Some(first)) = (nullable, choices.first_mut()) {
        first.insert("nullable".into(), json!(true));
    }
    choices.into_iter().map(Value::Object).collect()
}

/// Words that are about values of some types. Where several types meet, `format` is that of numbers.
const WORDS: [(&str, &[&str]); 12] = [
    ("format", &["integer", "number"]),
    ("minimum", &["integer", "number"]),
    ("maximum", &["integer", "number"]),
    ("exclusiveMinimum", &["integer", "number"]),
    ("exclusiveMaximum", &["integer", "number"]),
    ("multipleOf", &["integer", "number"]),
    ("minLength", &["string"]),
    ("maxLength", &["string"]),
    ("pattern", &["string"]),
    ("items", &["array"]),
    ("minItems", &["array"]),
    ("maxItems", &["array"]),
];

/// A choice between null and something is that thing, nullable.
fn nullable_choices(schema: &mut Object) {
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(choices)) = schema.get_mut(key) else {
            continue;
        };
        let before = choices.len();
        choices.retain(|one| *one != json!({"nullable": true, "enum": [null]})); // null, said already in the words of 3.0
        if choices.len() == before {
            continue;
        }
        if choices.len() == 1 {
            let only = schema.remove(key).unwrap_or_default();
            schema.insert("allOf".into(), only);
        }
        schema.insert("nullable".into(), json!(true));
    }
    if schema.get("type") == Some(&json!("null")) {
        schema.remove("type");
        schema.insert("nullable".into(), json!(true));
        schema.insert("enum".into(), json!([null]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_3_0(schema: &Value) -> Value {
        let used = json!({"get": {"parameters": [{"schema": {"$ref": "#/components/schemas/A"}}]}});
        let doc = json!({"openapi": "3.1.0", "info": {"license": {"name": "x", "identifier": "MIT"}}, "paths": {"/": used}, "components": {"schemas": {"A": schema}}});
        openapi_3_0(&doc)["components"]["schemas"]["A"].take()
    }

    #[test]
    fn each_word_of_3_1_has_one_of_3_0() {
        for (new, old) in [
            (
                json!({"type": ["string", "null"], "examples": ["a", "b"]}),
                json!({"type": "string", "nullable": true, "example": "a"}),
            ),
            (
                json!({"type": ["string", "null"], "enum": ["a"]}),
                json!({"type": "string", "nullable": true, "enum": ["a", null]}),
            ),
            (
                json!({"type": ["string", "integer", "null"], "maxLength": 9, "maximum": 7, "format": "int64"}),
                json!({"anyOf": [{"type": "string", "maxLength": 9, "nullable": true}, {"type": "integer", "maximum": 7, "format": "int64"}]}),
            ),
            (json!({"const": 3}), json!({"enum": [3]})),
            (
                json!({"type": "integer", "exclusiveMinimum": 0}),
                json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true}),
            ),
            (
                json!({"oneOf": [{"type": "null"}, {"$ref": "#/x"}], "description": "d"}),
                json!({"allOf": [{"$ref": "#/x"}], "nullable": true, "description": "d"}),
            ),
            (
                json!({"$ref": "#/x", "description": "d"}),
                json!({"allOf": [{"$ref": "#/x"}], "description": "d"}),
            ),
            (json!({"$ref": "#/x"}), json!({"$ref": "#/x"})),
            (
                json!({"type": "string", "contentEncoding": "base64"}),
                json!({"type": "string", "format": "byte"}),
            ),
            (
                json!({"type": "object", "unevaluatedProperties": false}),
                json!({"type": "object"}),
            ),
        ] {
            assert_eq!(in_3_0(&new), old, "{new}");
        }
    }

    #[test]
    fn webhooks_and_what_only_they_need_can_be_left_out() {
        let hook = json!({"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}}}}}});
        let doc = json!({"openapi": "3.1.0", "paths": {}, "webhooks": {"dealApproved": hook}, "components": {"schemas": {"Event": {}}}});
        let plain = without_webhooks(&doc);
        assert_eq!(
            (plain.get("webhooks"), plain.pointer("/components/schemas")),
            (None, None)
        );
        assert_eq!(openapi_3_0(&doc)["x-webhooks"]["dealApproved"], hook);
    }
}
