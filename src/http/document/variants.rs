//! The contract for generators that read less than OpenAPI 3.1.

use serde_json::{Value, json};

use super::{
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

/// The document as OpenAPI 3.0.3: the same operations, said with the older words. Webhooks move to `x-webhooks`.
#[must_use]
pub fn openapi_3_0(doc: &Value) -> Value {
    let mut old = doc.clone();
    tree::each_schema(&mut old, &mut |_, _, schema| older(schema));
    // Whatever stands beside a reference must say again what the type is: 3.0 has no nullable reference.
    let named = old.clone();
    tree::each_schema(&mut old, &mut |_, _, schema| {
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

/// Repeats the type and bounds of what `schema` refers to.
fn repeat_type(schema: &mut Object, target: &Object) {
    for key in ["type", "format", "pattern", "maxLength", "enum"] {
        if let Some(value) = target.get(key) {
            schema.entry(key).or_insert_with(|| value.clone());
        }
    }
    if schema.get("nullable") == Some(&json!(true)) {
        allow_null(schema);
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
            let choices: Vec<Value> = several.iter().map(|one| json!({"type": one})).collect();
            schema.remove("type");
            schema.insert("anyOf".into(), json!(choices));
        }
    }
    if nullable {
        schema.insert("nullable".into(), json!(true));
        allow_null(schema);
    }
}

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
        let doc = json!({"openapi": "3.1.0", "info": {"license": {"name": "x", "identifier": "MIT"}}, "components": {"schemas": {"A": schema}}});
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
