//! Examples of parameters, bodies and replies, composed from the examples of their fields.
//!
//! What a type says of itself (`example`, `examples`, `default`, `const`, `enum`) comes first; then what its format,
//! pattern and name suggest. Whatever is composed obeys the schema.

use serde_json::{Value, json};

use super::tree::{self, Object};
use super::{values, words};

/// Gives examples to all parameters, bodies and successful replies that have none.
pub(super) fn compose(doc: &mut Value) {
    tree::each_schema(doc, &mut |_, _, schema| {
        // 3.1 has `examples`; `example` is the old word for a list of one.
        if let Some(one) = schema.remove("example") {
            schema.entry("examples").or_insert(json!([one]));
        }
    });
    name_scalars(doc);
    tree::detached(doc, "/components/parameters", |all, doc| {
        all.values_mut().for_each(|one| parameter(doc, one));
    });
    tree::each_operation(doc, |_, _, operation, doc| {
        if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
            for one in parameters {
                parameter(doc, one);
            }
        }
        if let Some(content) = operation
            .get_mut("requestBody")
            .and_then(|body| body.get_mut("content"))
        {
            media(doc, content);
        }
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
                response
                    .get_mut("content")
                    .into_iter()
                    .for_each(|content| media(doc, content));
            }
        }
    });
}

/// Types such as ids carry their example themselves, for whoever refers to them.
fn name_scalars(doc: &mut Value) {
    tree::detached(doc, "/components/schemas", |schemas, doc| {
        for (name, schema) in schemas.iter_mut() {
            let scalar = schema.as_object().is_some_and(|schema| {
                tree::types(schema)
                    .into_iter()
                    .any(|kind| matches!(kind, "string" | "integer" | "number"))
            });
            let known = ["examples", "enum", "const"]
                .iter()
                .any(|key| schema.get(*key).is_some());
            let example = of(doc, schema, name).filter(|_| scalar && !known);
            if let (Some(example), Value::Object(schema)) = (example, schema) {
                schema.insert("examples".into(), json!([example]));
            }
        }
    });
}

fn media(doc: &Value, content: &mut Value) {
    let Value::Object(content) = content else { return };
    for (kind, media) in content
        .iter_mut()
        .filter_map(|(kind, media)| Some((kind, media.as_object_mut()?)))
    {
        if media.contains_key("example") || media.contains_key("examples") {
            continue;
        }
        let Some(schema) = media.get("schema") else { continue };
        let example = if kind.contains("json") || kind.contains("form") {
            of(doc, schema, "")
        } else {
            None
        };
        if let Some(example) = example {
            media.insert("example".into(), example);
        }
    }
}

/// An example stands where Swagger UI puts it to use: what must be sent is filled in at once (`example`), what may be
/// sent is only shown (`examples` of the schema), or else each trial of a list would be filtered to nothing.
fn parameter(doc: &Value, parameter: &mut Value) {
    let Value::Object(parameter) = parameter else { return };
    if parameter.contains_key("$ref") || parameter.contains_key("examples") {
        return;
    }
    let name = tree::text(parameter, "name").to_owned();
    let required = parameter.get("required") == Some(&json!(true));
    let known = parameter.remove("example");
    let Some(example) = known.or_else(|| parameter.get("schema").and_then(|schema| of(doc, schema, &name))) else {
        return;
    };
    if required {
        parameter.insert("example".into(), example);
    } else {
        // What stands beside a reference is lost to many readers: there the type has its own example.
        tree::within(parameter, "schema", |schema| {
            let named = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|name| tree::target(doc, name));
            if named.is_some_and(|named| {
                ["examples", "enum", "const", "default"]
                    .iter()
                    .any(|key| named.get(*key).is_some())
            }) {
                return;
            }
            schema.entry("examples").or_insert(json!([example]));
        });
    }
}

/// An example of the schema, which is known as `name` from outside; `None` where it refers to itself without end.
pub(super) fn of(doc: &Value, schema: &Value, name: &str) -> Option<Value> {
    Composer { doc, open: Vec::new() }.value(schema, name)
}

/// The example that stands at a parameter.
pub(super) fn of_parameter(doc: &Value, parameter: &Object) -> Option<Value> {
    let schema = parameter.get("schema");
    let own = parameter.get("example").cloned();
    own.or_else(|| schema?.pointer("/examples/0").cloned())
        .or_else(|| of(doc, schema?, tree::text(parameter, "name")))
}

struct Composer<'a> {
    doc: &'a Value,
    /// The references that are being followed.
    open: Vec<&'a str>,
}

impl<'a> Composer<'a> {
    fn value(&mut self, schema: &'a Value, name: &str) -> Option<Value> {
        let schema = schema.as_object()?;
        if let Some(given) = given(schema) {
            return Some(given);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, name);
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(Value::Array(all)) = schema.get(key) {
                let chosen = all
                    .iter()
                    .filter(|one| one.get("type") != Some(&json!("null")))
                    .find_map(|one| self.value(one, name));
                return chosen.or_else(|| {
                    all.iter()
                        .any(|one| one.get("type") == Some(&json!("null")))
                        .then_some(Value::Null)
                });
            }
        }
        if schema.contains_key("allOf") || schema.contains_key("properties") {
            return self.object(schema, name);
        }
        match tree::types(schema).into_iter().find(|kind| *kind != "null") {
            Some("string") => Some(json!(values::string(schema, name))),
            Some("integer") => Some(json!(values::integer(schema, name))),
            Some("number") => schema.get("minimum").cloned().or(Some(json!(0.5))),
            Some("boolean") => Some(json!(true)),
            Some("array") => self.array(schema, name),
            Some("object") => self.map(schema),
            _ if tree::types(schema).contains(&"null") => Some(Value::Null),
            _ => Some(json!(words::usual(name).unwrap_or("any value"))),
        }
    }

    fn reference(&mut self, reference: &'a str, name: &str) -> Option<Value> {
        if self.open.contains(&reference) {
            return None;
        }
        let known = if name.is_empty() { tree::tail(reference) } else { name };
        let inner = tree::target(self.doc, reference)?;
        self.open.push(reference);
        let made = self.value(inner, known);
        self.open.pop();
        made
    }

    fn object(&mut self, schema: &'a Object, name: &str) -> Option<Value> {
        let mut made = Object::new();
        for part in tree::list(schema, "allOf") {
            if let Some(Value::Object(fields)) = self.value(part, name) {
                made.extend(fields);
            }
        }
        let required = tree::list(schema, "required");
        for (property, inner) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            match self.value(inner, property) {
                Some(value) => {
                    made.insert(property.clone(), value);
                }
                None if required.contains(&json!(property)) => return None,
                None => {}
            }
        }
        Some(Value::Object(made))
    }

    fn map(&mut self, schema: &'a Object) -> Option<Value> {
        let mut made = Object::new();
        if let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            made.insert("region".into(), self.value(inner, "region")?);
        }
        Some(Value::Object(made))
    }

    fn array(&mut self, schema: &'a Object, name: &str) -> Option<Value> {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let name = words::singular(name);
        match schema.get("items").and_then(|items| self.value(items, &name)) {
            Some(one) => Some(Value::Array(vec![one])),
            None if least == 0 => Some(json!([])),
            None => None,
        }
    }
}

/// What the schema says of itself.
fn given(schema: &Object) -> Option<Value> {
    let first = |key: &str| tree::list(schema, key).iter().find(|one| !one.is_null()).cloned();
    let own = || schema.get("example").or_else(|| schema.get("const")).cloned();
    first("examples")
        .or_else(own)
        .or_else(|| schema.get("default").filter(|one| !one.is_null()).cloned())
        .or_else(|| first("enum"))
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Pattern;
    use super::*;

    #[test]
    fn an_object_is_composed_from_its_fields() {
        let doc = json!({"components": {"schemas": {
            "DealId": {"type": "string", "pattern": "^deal_[0-9a-hjkmnp-tv-z]{26}$"},
            "Money": {"type": "object", "properties": {
                "amount": {"type": "string", "pattern": "^-?[0-9]{1,15}(\\.[0-9]{1,4})?$"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            }},
            "Deal": {"type": "object", "required": ["id"], "properties": {
                "id": {"$ref": "#/components/schemas/DealId"},
                "amount": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]},
                "status": {"type": "string", "enum": ["draft", "won"]},
                "stage": {"type": "string", "default": "open"},
                "created_at": {"type": "string", "format": "date-time"},
                "close_date": {"type": ["string", "null"], "format": "date"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "probability": {"type": "integer", "minimum": 10, "maximum": 20},
                "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Deal"}]},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Deal"}},
                "code": {"type": "string", "pattern": "^[0-9]{4}-[A-F]{2}$"},
                "own": {"type": "string", "examples": ["mine"]},
            }},
        }}});
        let made = of(&doc, &json!({"$ref": "#/components/schemas/Deal"}), "").unwrap();
        let id = made["id"].as_str().unwrap();
        assert!(
            Pattern::read("^deal_[0-9a-hjkmnp-tv-z]{26}$").unwrap().matches(id) && id.starts_with("deal_01jdq4"),
            "{id}"
        );
        assert_eq!(made["amount"], json!({"amount": "12500.00", "currency": "EUR"}));
        assert_eq!(
            (&made["status"], &made["stage"], &made["own"]),
            (&json!("draft"), &json!("open"), &json!("mine"))
        );
        assert_eq!(
            (&made["created_at"], &made["close_date"]),
            (&json!("2026-03-02T09:30:00.250000Z"), &json!("2026-06-30"))
        );
        assert_eq!(
            (&made["tags"], &made["probability"]),
            (&json!(["strategic"]), &json!(20))
        );
        assert_eq!((&made["parent"], &made["children"]), (&Value::Null, &json!([])));
        assert!(
            Pattern::read("^[0-9]{4}-[A-F]{2}$")
                .unwrap()
                .matches(made["code"].as_str().unwrap())
        );
    }

    #[test]
    fn only_what_must_be_sent_is_filled_in() {
        let mut needed = json!({"name": "id", "required": true, "schema": {"type": "string", "format": "uuid"}});
        let mut optional = json!({"name": "country", "example": "FR", "schema": {"type": "string"}});
        parameter(&json!({}), &mut needed);
        parameter(&json!({}), &mut optional);
        assert!(needed.get("example").is_some());
        assert_eq!(
            optional,
            json!({"name": "country", "schema": {"type": "string", "examples": ["FR"]}})
        );
    }
}
