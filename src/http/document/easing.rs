//! What generators of 3.0 clients trip over, said in ways that they read.
//!
//! Generators that read 3.1 have none of these troubles, so the other documents stay as they are. `./scripts/clients` tries
//! the outcome on such a generator.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tree::{self, Object};

const JSON: &str = "application/json";

/// Eases every operation and every schema.
pub(super) fn ease(doc: &mut Value) {
    tree::each_operation(doc, |_, _, operation, doc| {
        leave_cookies(doc, operation);
        for key in ["requestBody", "responses"] {
            let Some(part) = operation.get_mut(key).and_then(Value::as_object_mut) else {
                continue;
            };
            if key == "requestBody" {
                one_media_type(doc, part);
            } else {
                part.values_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|reply| one_media_type(doc, reply));
                refuse_alike(doc, part);
            }
        }
    });
    tell_apart(doc);
    tree::prune(doc);
}

/// A browser sends its cookies by itself and a client cannot, so generators refuse a document with such a parameter.
fn leave_cookies(doc: &Value, operation: &mut Object) {
    if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
        parameters.retain(|one| tree::follow(doc, one).get("in") != Some(&json!("cookie")));
    }
}

/// A body and an answer have one type: JSON where it is offered. Bytes are said where they stand, not by name.
fn one_media_type(doc: &Value, holder: &mut Object) {
    let Some(Value::Object(content)) = holder.get_mut("content") else {
        return;
    };
    if content.contains_key(JSON) {
        content.retain(|media, _| media == JSON);
    }
    for media in content.values_mut().filter_map(Value::as_object_mut) {
        let binary = media
            .get("schema")
            .is_some_and(|schema| tree::follow(doc, schema).get("format") == Some(&json!("binary")));
        if binary {
            media.insert("schema".into(), json!({"type": "string", "format": "binary"}));
        }
    }
}

/// Where some refusals are plain JSON and others are problems, as OAuth has it, the plain ones are any type of
/// application: true, and one kind of error to a generator that knows no more than one.
fn refuse_alike(doc: &Value, responses: &mut Object) {
    let kinds: BTreeSet<String> = responses
        .iter()
        .filter(|(status, _)| status.starts_with(['4', '5']))
        .filter_map(|(_, refusal)| tree::follow(doc, refusal).get("content")?.as_object())
        .flat_map(|content| content.keys().cloned())
        .collect();
    if kinds.len() < 2 {
        return;
    }
    for (status, refusal) in responses.iter_mut() {
        if status.starts_with(['4', '5'])
            && let Some(Value::Object(content)) = refusal.get_mut("content")
            && let Some(plain) = content.remove(JSON)
        {
            content.insert("application/*".into(), plain);
        }
    }
}

/// Generators name what stands inside a schema after it: the text `decision` of `Appeal` is an `AppealDecision`. Where that is
/// another schema's name, the field gets a title, which they take instead.
fn tell_apart(doc: &mut Value) {
    let Some(Value::Object(schemas)) = doc.pointer_mut("/components/schemas") else {
        return;
    };
    let names: BTreeSet<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas.iter_mut() {
        let Some(Value::Object(fields)) = schema.get_mut("properties") else {
            continue;
        };
        for (field, inner) in fields.iter_mut() {
            let made = format!("{name}{}", pascal(field));
            if let Value::Object(inner) = inner
                && names.contains(&made)
                && !inner.contains_key("$ref")
                && !inner.contains_key("allOf")
            {
                inner.entry("title").or_insert_with(|| json!(format!("{made}Value")));
            }
        }
    }
}

fn pascal(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eased(operation: &Value, schemas: &Value) -> Value {
        let mut doc = json!({"paths": {"/v1/a": {"post": operation}}, "components": {"schemas": schemas, "parameters": {"C": {"in": "cookie", "name": "c"}}}});
        ease(&mut doc);
        doc
    }

    #[test]
    fn an_operation_has_one_type_of_body_and_of_answer_and_no_cookies() {
        let both =
            json!({"content": {"application/json": {"schema": {}}, "application/merge-patch+json": {"schema": {}}}});
        let bytes =
            json!({"content": {"application/octet-stream": {"schema": {"$ref": "#/components/schemas/Bytes"}}}});
        let doc = eased(
            &json!({"parameters": [{"$ref": "#/components/parameters/C"}, {"in": "query", "name": "q"}], "requestBody": both, "responses": {"200": both, "201": bytes}}),
            &json!({"Bytes": {"type": "string", "format": "binary", "maxLength": 9}}),
        );
        let operation = &doc["paths"]["/v1/a"]["post"];
        assert_eq!(operation["parameters"], json!([{"in": "query", "name": "q"}]));
        let plain = json!({"content": {"application/json": {"schema": {}}}});
        assert_eq!(
            (&operation["requestBody"], &operation["responses"]["200"]),
            (&plain, &plain)
        );
        assert_eq!(
            operation["responses"]["201"]["content"]["application/octet-stream"]["schema"],
            json!({"type": "string", "format": "binary"})
        );
        assert_eq!(doc.pointer("/components/schemas"), None);
    }

    #[test]
    fn refusals_of_one_operation_are_of_one_kind() {
        let (plain, problem) = (
            json!({"content": {"application/json": {}}}),
            json!({"content": {"application/problem+json": {}}}),
        );
        let mixed = eased(
            &json!({"responses": {"200": plain, "400": plain, "429": problem}}),
            &json!({}),
        );
        assert_eq!(
            mixed["paths"]["/v1/a"]["post"]["responses"],
            json!({"200": plain, "400": {"content": {"application/*": {}}}, "429": problem})
        );
        let pure = json!({"responses": {"400": plain, "401": plain}});
        assert_eq!(eased(&pure, &json!({}))["paths"]["/v1/a"]["post"], pure);
    }

    #[test]
    fn a_field_is_not_called_what_another_schema_is() {
        let doc = eased(
            &json!({"responses": {"200": {"content": {"application/json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Appeal"}, {"$ref": "#/components/schemas/AppealLastDecision"}]}}}}}}),
            &json!({"Appeal": {"properties": {"last_decision": {"type": "string"}, "note": {"type": "string"}}}, "AppealLastDecision": {"type": "object"}}),
        );
        assert_eq!(
            doc["components"]["schemas"]["Appeal"]["properties"],
            json!({"last_decision": {"type": "string", "title": "AppealLastDecisionValue"}, "note": {"type": "string"}})
        );
    }
}
