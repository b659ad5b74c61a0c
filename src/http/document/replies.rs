//! Replies as clients read them: every field is there, and says what it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tree::{self, Object};

/// Marks a field that may be absent from a reply, by `#[schema(extensions(("x-optional" = json!(true))))]`.
const OPTIONAL: &str = "x-optional";

/// Makes all fields of replies required: what is empty is `null`, never absent, so typed clients need not ask twice.
/// What is also sent in bodies keeps what it says, for there absence has a meaning.
pub(super) fn complete(doc: &mut Value) {
    let bodies: Vec<&Value> = tree::operations(doc)
        .iter()
        .filter_map(|one| one.body.get("requestBody"))
        .collect();
    // What webhooks tell is read like replies.
    let replies: Vec<&Value> = tree::operations(doc)
        .iter()
        .filter_map(|one| one.body.get("responses"))
        .chain(doc.get("webhooks"))
        .collect();
    let sent = tree::reachable(doc, &bodies);
    let read: BTreeSet<String> = tree::reachable(doc, &replies).difference(&sent).cloned().collect();
    tree::with_components(doc, "schemas", |schemas| {
        for (name, schema) in schemas.iter_mut() {
            if let (true, Value::Object(schema)) = (read.contains(&format!("#/components/schemas/{name}")), schema) {
                require_all(schema);
            }
        }
    });
}

fn require_all(schema: &mut Object) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let always: Vec<String> = properties
        .into_iter()
        .flatten()
        .filter(|(_, field)| field.get(OPTIONAL) != Some(&json!(true)))
        .map(|(name, _)| name.clone())
        .collect();
    if !always.is_empty() {
        schema.insert("required".into(), json!(always));
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            parts.iter_mut().filter_map(Value::as_object_mut).for_each(require_all);
        }
    }
}

/// A field that is a type or null is described at the field, where every reader looks, not at the choice within.
pub(super) fn lift_descriptions(doc: &mut Value) {
    tree::each_schema(doc, &mut |_, _, schema| {
        for key in ["oneOf", "anyOf"] {
            let Some(Value::Array(choices)) = schema.get_mut(key) else {
                continue;
            };
            let nullable = choices.contains(&json!({"type": "null"}));
            let mut others = choices.iter_mut().filter(|one| **one != json!({"type": "null"}));
            let (Some(Value::Object(only)), None, true) = (others.next(), others.next(), nullable) else {
                continue;
            };
            if let Some(text) = only.remove("description") {
                schema.entry("description").or_insert(text);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_complete_and_bodies_are_as_they_say() {
        let reference = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let fields = json!({"properties": {"a": {}, "b": {}, "c": {"x-optional": true}}, "required": ["a"]});
        let mut doc = json!({
            "paths": {"/v1/a": {"post": {"requestBody": reference("NewA"), "responses": {"201": reference("A")}}}},
            "components": {"schemas": {"A": fields, "NewA": fields}},
        });
        complete(&mut doc);
        assert_eq!(doc["components"]["schemas"]["A"]["required"], json!(["a", "b"]));
        assert_eq!(doc["components"]["schemas"]["NewA"]["required"], json!(["a"]));
    }

    #[test]
    fn a_nullable_type_is_described_at_the_field() {
        let mut doc = json!({"components": {"schemas": {"A": {"properties": {"m": {"oneOf": [{"$ref": "#/m", "description": "d"}, {"type": "null"}]}}}}}});
        lift_descriptions(&mut doc);
        assert_eq!(
            doc["components"]["schemas"]["A"]["properties"]["m"],
            json!({"oneOf": [{"$ref": "#/m"}, {"type": "null"}], "description": "d"})
        );
    }
}
