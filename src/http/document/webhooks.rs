//! The webhooks of the contract: one for each type of event, in the envelope of Standard Webhooks.
//!
//! What all of them share stands in components: for each type of record one event and one message, whose `data` has the
//! record's own schema, and the headers and answers. A webhook names its message and narrows its type.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    examples,
    tree::{self, Object},
    words,
};
use crate::events::catalogue::Change;

/// A type of event as the contract tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its name, which is the webhook's: `deal.approved`.
    pub name: &'static str,
    /// The webhook as an operation: `onDealApproved`.
    pub id: String,
    /// What happened, in a sentence.
    pub summary: &'static str,
    /// Who receives it, in sentences.
    pub receivers: String,
    /// The type of the record.
    pub resource_type: &'static str,
    /// The name of the record's schema.
    pub schema: String,
    /// What it does to the record.
    pub change: Change,
}

/// The tag of all webhooks.
pub(super) const TAG: &str = "Webhook events";
const ABOUT: &str = "What is sent to webhook endpoints: one message for each event, signed as Standard Webhooks says.";

/// What every delivery is sent with: component, name, pattern, length, text, example.
const HEADERS: [(&str, &str, &str, u32, &str, &str); 3] = [
    (
        "WebhookId",
        "webhook-id",
        "^[!-~]+$",
        64,
        "The id of the message: the same for each attempt to deliver it, so that a receiver can tell what it has already.",
        "evt_01kdvdna00e00b6wqyjkw2mpjt",
    ),
    (
        "WebhookTimestamp",
        "webhook-timestamp",
        "^[0-9]{1,12}$",
        12,
        "When this attempt was made, in seconds since 1970. Refuse what is older than a few minutes: it may be a repetition.",
        "1772443800",
    ),
    (
        "WebhookSignature",
        "webhook-signature",
        "^[ -~]+$",
        1_024,
        "Signatures over id, timestamp and body, joined by full stops, one for each live secret, separated by spaces: `v1,` and the HMAC-SHA256 in Base64.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
];

/// What a receiver can answer: status, component, what then happens.
const ANSWERS: [(&str, &str, &str); 4] = [
    (
        "2XX",
        "WebhookTaken",
        "The receiver has the message. What it says beyond that is not read.",
    ),
    (
        "410",
        "WebhookGone",
        "The receiver wants no more messages: its endpoint is disabled.",
    ),
    (
        "429",
        "WebhookLater",
        "The receiver is busy: the message is sent again later.",
    ),
    (
        "5XX",
        "WebhookFailed",
        "The receiver failed: the message is sent again later.",
    ),
];

/// Whom an act is written down to.
const ACTOR: &str = "EventActor";

fn component(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// Puts the webhooks into the document, with the schemas of their messages.
pub(super) fn publish(doc: &mut Value, hooks: &[Hook]) {
    let mut types: BTreeMap<&str, Vec<&Hook>> = BTreeMap::new();
    for hook in hooks {
        types.entry(&hook.schema).or_default().push(hook);
    }
    if types.is_empty() {
        return;
    }
    tree::with_components(doc, "schemas", |schemas| {
        schemas.entry(ACTOR).or_insert_with(actor);
        for (schema, hooks) in &types {
            schemas.insert(format!("EventAbout{schema}"), event(schema, hooks));
            schemas.insert(format!("WebhookAbout{schema}"), message(schema, hooks));
        }
    });
    tree::with_components(doc, "parameters", |parameters| {
        for (component, name, pattern, length, about, example) in HEADERS {
            let schema = json!({"type": "string", "minLength": 1, "maxLength": length, "pattern": pattern});
            let parameter = json!({"name": name, "in": "header", "required": true, "description": about, "schema": schema, "example": example});
            parameters.insert(component.to_owned(), parameter);
        }
    });
    let items: Object = hooks
        .iter()
        .map(|hook| (hook.name.to_owned(), json!({"post": operation(hook)})))
        .collect();
    if let Value::Object(root) = doc {
        root.insert("webhooks".to_owned(), Value::Object(items));
    }
}

fn operation(hook: &Hook) -> Value {
    let about = format!("{}\n\n{}", hook.summary, hook.receivers);
    let narrowed =
        json!({"type": "object", "properties": {"type": {"const": hook.name, "description": "What happened."}}});
    let schema = json!({"allOf": [component("schemas", &format!("WebhookAbout{}", hook.schema)), narrowed]});
    let headers: Vec<Value> = HEADERS.iter().map(|(name, ..)| component("parameters", name)).collect();
    let answers: Object = ANSWERS
        .iter()
        .map(|(status, name, _)| ((*status).to_owned(), component("responses", name)))
        .collect();
    json!({
        "operationId": hook.id,
        "summary": hook.summary.trim_end_matches('.'),
        "description": about,
        "tags": [TAG],
        "security": [{}],
        "parameters": headers,
        "requestBody": {
            "required": true,
            "description": "The message.",
            "content": {"application/json": {"schema": schema}},
        },
        "responses": answers,
    })
}

fn actor() -> Value {
    let kinds = ["user", "client", "system", "anonymous"];
    json!({
        "type": "object",
        "description": "Who did it.",
        "required": ["type", "id"],
        "properties": {
            "type": {"type": "string", "enum": kinds, "description": "What they are: a person, a service client, the program itself, or somebody who had not signed in."},
            "id": {"type": "string", "maxLength": 255, "description": "Their id; of the program itself which part of it, `system:…`.", "examples": ["user_01k7wz9d6cfvb8k1zq3n5x7h2a"]},
        },
    })
}

fn message(schema: &str, hooks: &[&Hook]) -> Value {
    json!({
        "type": "object",
        "description": "The message of a webhook, in the envelope of Standard Webhooks.",
        "required": ["type", "timestamp", "sequence", "thin", "data"],
        "properties": {
            "type": {"type": "string", "enum": names(hooks), "description": "What happened."},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "sequence": {"type": ["integer", "null"], "format": "int64", "minimum": 1, "description": "Its number at the endpoint, one more than that of the event before: a gap tells that a message is missing.", "examples": [17]},
            "thin": {"type": "boolean", "description": "Whether `data.data` and `data.previous` were left out, because the endpoint asks for that or the message would be larger than 20,000 bytes: read the record, or the feed from `data.cursor`.", "examples": [false]},
            "data": {"$ref": format!("#/components/schemas/EventAbout{schema}")},
        },
    })
}

fn names(hooks: &[&Hook]) -> Vec<&'static str> {
    hooks.iter().map(|hook| hook.name).collect()
}

/// The event as the feed tells it, with the shape of its record.
fn event(schema: &str, hooks: &[&Hook]) -> Value {
    let kind = hooks.first().map_or("", |hook| hook.resource_type);
    let words = words::sentence(kind).to_lowercase();
    let properties = json!({
        "cursor": {"type": "string", "maxLength": 16, "pattern": "^[0-9a-f]{16}$", "description": "Its place in the feed, which can be read on from here.", "examples": ["00000000000001f4"]},
        "id": {"$ref": "#/components/schemas/EventId"},
        "type": {"type": "string", "enum": names(hooks), "description": "What happened."},
        "resource_type": {"type": "string", "const": kind, "description": "The type of the record."},
        "resource_id": {"type": "string", "maxLength": 255, "description": "The record."},
        "revision": {"type": "integer", "format": "int64", "minimum": 0, "description": "The record's revision after it. Of two events of one record the one with the higher revision is the later."},
        "occurred_at": {"type": "string", "format": "date-time", "description": "When it happened."},
        "actor": component("schemas", ACTOR),
        "origin": {"type": "string", "maxLength": 255, "description": "The operation or job that did it.", "examples": ["updatePartner"]},
        "origin_tag": {"type": ["string", "null"], "maxLength": 255, "description": "What the caller sent as `Change-Origin`, to recognise its own changes by.", "examples": ["crm-sync"]},
        "changed_fields": {"type": "array", "maxItems": 1000, "items": {"type": "string", "maxLength": 255}, "description": "The names of the fields that changed; of a new record all of them."},
        "data": {"oneOf": [component("schemas", schema), {"type": "null"}], "description": "The record after it, as the receiver may read it; null if it is gone, or its content was erased."},
        "previous": {"type": ["object", "null"], "additionalProperties": true, "description": "What the changed fields held before, by their names; of a record that is gone all fields, of a new one null."},
        "deleted": {"type": "boolean", "description": "Whether the record is gone."},
    });
    let required: Vec<String> = properties
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    json!({
        "type": "object",
        "description": format!("What happened to a record of the type `{kind}` ({words}), as the feed and webhooks tell of it."),
        "required": required,
        "properties": properties,
    })
}

/// Adds what is composed when the rest of the document is finished: the answers, an example of each message, and the tag.
pub(super) fn complete(doc: &mut Value, hooks: &[Hook]) {
    if hooks.is_empty() {
        return;
    }
    tree::with_components(doc, "responses", |responses| {
        for (_, name, about) in ANSWERS {
            responses.insert(name.to_owned(), json!({"description": about}));
        }
    });
    let mut bodies: BTreeMap<&str, Value> = BTreeMap::new();
    for hook in hooks {
        let media = json!({"$ref": format!("#/components/schemas/WebhookAbout{}", hook.schema)});
        if let Some(general) = examples::of(doc, &media, "") {
            bodies.insert(hook.name, example(doc, hook, general));
        }
    }
    if let Some(items) = doc.get_mut("webhooks").and_then(Value::as_object_mut) {
        for (name, item) in items.iter_mut() {
            let media = item.pointer_mut("/post/requestBody/content/application~1json");
            if let (Some(Value::Object(media)), Some(body)) = (media, bodies.remove(name.as_str())) {
                media.insert("example".to_owned(), body);
            }
        }
    }
    if let Some(tags) = doc.get_mut("tags").and_then(Value::as_array_mut) {
        tags.push(json!({"name": TAG, "description": ABOUT}));
        tags.sort_by(|one, other| {
            one.get("name")
                .and_then(Value::as_str)
                .cmp(&other.get("name").and_then(Value::as_str))
        });
    }
}

/// The message of that type, out of the one that is composed for all types of its record.
fn example(doc: &Value, hook: &Hook, mut message: Value) -> Value {
    let Some(Value::Object(event)) = message.get_mut("data").map(Value::take) else {
        return message;
    };
    let mut event = event;
    let mut record = event.remove("data").unwrap_or_default();
    let verb = hook.name.split_once('.').map_or("", |(_, verb)| verb);
    let (previous, changed, deleted) = match hook.change {
        Change::New => (Value::Null, fields(&record), false),
        Change::Gone => (record.clone(), Vec::new(), true),
        Change::Changed => {
            let before = change(doc, hook, verb, &mut record);
            let changed = fields(&before);
            (before, changed, false)
        }
    };
    for (field, of_record) in [("resource_id", "id"), ("revision", "revision")] {
        if let Some(value) = record.get(of_record) {
            event.insert(field.to_owned(), value.clone());
        }
    }
    event.insert("type".to_owned(), json!(hook.name));
    event.insert("data".to_owned(), if deleted { Value::Null } else { record });
    event.insert("previous".to_owned(), previous);
    event.insert("changed_fields".to_owned(), json!(changed));
    event.insert("deleted".to_owned(), json!(deleted));
    let at = event.get("occurred_at").cloned().unwrap_or_default();
    json!({"type": hook.name, "timestamp": at, "sequence": 17, "thin": false, "data": event})
}

fn fields(record: &Value) -> Vec<String> {
    record
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// Lets the record be what the event made of it where one of its words says so, and tells what it was before.
fn change(doc: &Value, hook: &Hook, verb: &str, record: &mut Value) -> Value {
    const TEXTS: [&str; 6] = ["name", "title", "label", "subject", "body", "description"];
    let Some(record) = record.as_object_mut() else {
        return json!({});
    };
    let schema = tree::target(doc, &format!("#/components/schemas/{}", hook.schema));
    let properties = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    let last = verb.rsplit('_').next().unwrap_or(verb);
    let mut other = None;
    for (name, property) in properties.into_iter().flatten() {
        let known = choices(doc, property);
        if let Some(word) = known.iter().find(|word| **word == verb || **word == last)
            && let Some(before) = known.iter().find(|other| *other != word)
        {
            record.insert(name.clone(), json!(word));
            return json!({name: before});
        }
        if let (Some(before), true) = (
            known.iter().find(|one| record.get(name) != Some(&json!(one))),
            matches!(name.as_str(), "status" | "stage" | "standing"),
        ) {
            other.get_or_insert(json!({name: before}));
        }
    }
    let text = TEXTS
        .iter()
        .find(|name| record.get(**name).is_some_and(Value::is_string));
    other.unwrap_or_else(|| text.map_or_else(|| json!({}), |name| json!({*name: "What it was before"})))
}

/// The words that the schema allows, or the type that it refers to.
fn choices<'a>(doc: &'a Value, schema: &'a Value) -> Vec<&'a str> {
    let direct = tree::follow(doc, schema);
    let nullable = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|key| direct.get(*key)?.as_array())
        .flatten()
        .map(|one| tree::follow(doc, one));
    std::iter::once(direct)
        .chain(nullable)
        .filter_map(|one| one.get("enum")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(name: &'static str, change: Change) -> Hook {
        Hook {
            name,
            id: "onDealApproved".to_owned(),
            summary: "A registration was approved.",
            receivers: "Sent to endpoints of the vendor.".to_owned(),
            resource_type: "deal",
            schema: "Deal".to_owned(),
            change,
        }
    }

    fn published(name: &'static str, change: Change) -> Value {
        let mut doc = json!({"paths": {}, "tags": [{"name": "Work"}, {"name": "Deals"}], "components": {"schemas": {
            "EventId": {"type": "string", "examples": ["evt_1"]},
            "Status": {"type": "string", "enum": ["draft", "approved"]},
            "Deal": {"type": "object", "properties": {
                "id": {"type": "string", "examples": ["deal_1"]},
                "revision": {"type": "integer", "examples": [4]},
                "review_status": {"$ref": "#/components/schemas/Status"},
            }},
        }}});
        let hooks = [hook(name, change)];
        publish(&mut doc, &hooks);
        complete(&mut doc, &hooks);
        doc
    }

    fn message(name: &'static str, change: Change) -> Value {
        published(name, change)["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["example"]
            .take()
    }

    #[test]
    fn a_webhook_has_its_own_type_and_the_message_of_its_record() {
        let doc = published("deal.approved", Change::Changed);
        let hook = &doc["webhooks"]["deal.approved"]["post"];
        assert_eq!(
            (&hook["operationId"], &hook["tags"]),
            (&json!("onDealApproved"), &json!([TAG]))
        );
        let schema = &hook["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["allOf"][0]["$ref"], "#/components/schemas/WebhookAboutDeal");
        assert_eq!(schema["allOf"][1]["properties"]["type"]["const"], "deal.approved");
        let event = &doc["components"]["schemas"]["EventAboutDeal"];
        assert_eq!(
            event["properties"]["data"]["oneOf"][0]["$ref"],
            "#/components/schemas/Deal"
        );
        let mut all = std::collections::BTreeSet::new();
        tree::references(&doc, &mut all);
        for reference in all {
            assert!(tree::target(&doc, &reference).is_some(), "{reference}");
        }
        assert_eq!(doc["tags"][1]["name"], TAG);
        assert_eq!(super::super::without_webhooks(&doc)["components"], json!({}));
    }

    #[test]
    fn an_example_tells_what_the_event_did() {
        let changed = message("deal.approved", Change::Changed);
        assert_eq!(
            (&changed["type"], &changed["data"]["type"]),
            (&json!("deal.approved"), &json!("deal.approved"))
        );
        let event = &changed["data"];
        assert_eq!(
            (&event["resource_id"], &event["revision"]),
            (&json!("deal_1"), &json!(4))
        );
        assert_eq!(event["data"]["review_status"], "approved");
        assert_eq!(event["previous"], json!({"review_status": "draft"}));
        assert_eq!(
            (&event["changed_fields"], &event["deleted"]),
            (&json!(["review_status"]), &json!(false))
        );
        let new = &message("deal.created", Change::New)["data"];
        assert_eq!(
            (&new["previous"], new["changed_fields"].as_array().unwrap().len()),
            (&Value::Null, 3)
        );
        let gone = &message("deal.deleted", Change::Gone)["data"];
        assert_eq!(
            (&gone["data"], &gone["deleted"], &gone["previous"]["id"]),
            (&Value::Null, &json!(true), &json!("deal_1"))
        );
    }

    #[test]
    fn without_events_there_is_nothing() {
        let mut doc = json!({"paths": {}});
        publish(&mut doc, &[]);
        complete(&mut doc, &[]);
        assert_eq!(doc, json!({"paths": {}}));
    }
}
