//! What two contracts say about calls and webhooks, compared: each difference that breaks a client of the older one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::shapes::{Shapes, Way};

type Object = Map<String, Value>;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// Every break between a contract and a later one, as sentences that say where and what.
pub fn breaks(old: &Value, new: &Value) -> BTreeSet<String> {
    let mut calls = Calls {
        old,
        new,
        shapes: Shapes::new(old, new),
        found: BTreeSet::new(),
    };
    for (path, item) in members(old, "paths") {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let id = text(operation, "operationId");
            match new.pointer(&format!(
                "/paths/{}/{method}",
                path.replace('~', "~0").replace('/', "~1")
            )) {
                Some(other) => calls.operation(id, operation, other),
                None => calls.tell(id, &format!("{} {path} is gone", method.to_uppercase())),
            }
        }
    }
    for (event, item) in members(old, "webhooks") {
        let place = format!("webhook {event}");
        match new.pointer(&format!("/webhooks/{event}/post")) {
            Some(other) => calls.contents(
                Way::Received,
                &place,
                calls.followed(old, item.pointer("/post/requestBody").unwrap_or(&Value::Null)),
                calls.followed(new, other.get("requestBody").unwrap_or(&Value::Null)),
            ),
            None => calls.tell(&place, "is no longer sent"),
        }
    }
    let mut found = calls.found;
    found.extend(calls.shapes.found);
    found
}

struct Calls<'a> {
    old: &'a Value,
    new: &'a Value,
    shapes: Shapes<'a>,
    found: BTreeSet<String>,
}

impl<'a> Calls<'a> {
    fn tell(&mut self, at: &str, what: &str) {
        self.found.insert(format!("{at}: {what}"));
    }

    /// What a reference stands for, in its document.
    fn followed(&self, doc: &'a Value, value: &'a Value) -> &'a Value {
        let target = value.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|name| doc.pointer(name.strip_prefix('#')?));
        target.unwrap_or(value)
    }

    fn operation(&mut self, id: &str, old: &'a Value, new: &'a Value) {
        if text(new, "operationId") != id {
            self.tell(id, &format!("is called {} now", text(new, "operationId")));
        }
        self.parameters(id, old, new);
        self.body(id, old, new);
        self.answers(id, old, new);
        self.callers(id, old, new);
    }

    fn parameters(&mut self, id: &str, old: &'a Value, new: &'a Value) {
        let (was, is) = (self.named(self.old, old), self.named(self.new, new));
        for (key, parameter) in &was {
            let place = format!("{id} {} {}", key.0, key.1);
            let Some(other) = is.get(key) else {
                self.tell(&place, "is no longer taken");
                continue;
            };
            if needed(other) && !needed(parameter) {
                self.tell(&place, "is required now");
            }
            if ["style", "explode"]
                .iter()
                .any(|key| parameter.get(key) != other.get(key))
            {
                self.tell(&place, "is written in another way now");
            }
            if let (Some(old), Some(new)) = (parameter.get("schema"), other.get("schema")) {
                self.shapes.compare(Way::Sent, &place, old, new);
            }
        }
        for ((place, name), parameter) in &is {
            if needed(parameter) && !was.contains_key(&(*place, *name)) {
                self.tell(&format!("{id} {place} {name}"), "is required now");
            }
        }
    }

    /// The parameters of an operation by place and name.
    fn named(&self, doc: &'a Value, operation: &'a Value) -> BTreeMap<(&'a str, &'a str), &'a Value> {
        let all = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        all.map(|one| self.followed(doc, one))
            .map(|one| ((text(one, "in"), text(one, "name")), one))
            .collect()
    }

    fn body(&mut self, id: &str, old: &'a Value, new: &'a Value) {
        let place = format!("{id} body");
        let old = old.get("requestBody").map(|body| self.followed(self.old, body));
        let new = new.get("requestBody").map(|body| self.followed(self.new, body));
        match (old, new) {
            (None, Some(new)) if needed(new) => self.tell(&place, "is required now"),
            (Some(_), None) => self.tell(&place, "is no longer taken"),
            (Some(old), Some(new)) => {
                if needed(new) && !needed(old) {
                    self.tell(&place, "is required now");
                }
                self.contents(Way::Sent, &place, old, new);
            }
            _ => {}
        }
    }

    /// Compares the media types of one body or answer.
    fn contents(&mut self, way: Way, place: &str, old: &'a Value, new: &'a Value) {
        for (media, content) in members(old, "content") {
            let Some(other) = new.get("content").and_then(|all| all.get(media)) else {
                self.tell(place, &format!("is no longer {media}"));
                continue;
            };
            if let (Some(old), Some(new)) = (content.get("schema"), other.get("schema")) {
                self.shapes.compare(way, place, old, new);
            }
        }
    }

    /// A refusal that is no longer given breaks nobody; a success that is no longer given does.
    fn answers(&mut self, id: &str, old: &'a Value, new: &'a Value) {
        for (status, answer) in members(old, "responses") {
            let place = format!("{id} {status}");
            let Some(other) = new.get("responses").and_then(|all| all.get(status)) else {
                if status.starts_with(['2', '3']) {
                    self.tell(&place, "is no longer answered");
                }
                continue;
            };
            let (answer, other) = (self.followed(self.old, answer), self.followed(self.new, other));
            self.contents(Way::Received, &place, answer, other);
            for (header, _) in members(answer, "headers") {
                if other.get("headers").and_then(|all| all.get(header)).is_none() {
                    self.tell(&place, &format!("the header {header} is gone"));
                }
            }
        }
    }

    fn callers(&mut self, id: &str, old: &Value, new: &Value) {
        if let Some(is) = ways_in(new) {
            match ways_in(old) {
                None => self.tell(id, "needs a caller who signed in now"),
                Some(was) => {
                    for (scheme, scopes) in was {
                        match is.get(scheme) {
                            None => self.tell(id, &format!("can no longer be called with {scheme}")),
                            Some(needed) => {
                                for scope in needed.difference(&scopes) {
                                    self.tell(id, &format!("needs the scope {scope} now"));
                                }
                            }
                        }
                    }
                }
            }
        }
        // No roles: every role may.
        let (was, is) = (strings(old, "x-roles"), strings(new, "x-roles"));
        if was.is_empty() && !is.is_empty() {
            self.tell(id, "is for some roles only now");
        }
        for role in was.difference(&is).filter(|_| !is.is_empty()) {
            self.tell(id, &format!("{role} may no longer call it"));
        }
    }
}

/// The ways of signing in that do, with the scopes that each needs; none if nobody needs to.
fn ways_in(operation: &Value) -> Option<BTreeMap<&str, BTreeSet<&str>>> {
    let all = operation.get("security").and_then(Value::as_array)?;
    if all.is_empty() || all.contains(&json!({})) {
        return None;
    }
    let ways = all.iter().filter_map(Value::as_object).flatten();
    Some(
        ways.map(|(scheme, _)| scheme.as_str())
            .map(|scheme| (scheme, all.iter().flat_map(|one| strings(one, scheme)).collect()))
            .collect(),
    )
}

fn needed(value: &Value) -> bool {
    value.get("required") == Some(&json!(true))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn strings<'a>(value: &'a Value, key: &str) -> BTreeSet<&'a str> {
    let all = value.get(key).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

fn members<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Object::iter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(operation: Value) -> Value {
        json!({
            "paths": {"/v1/things/{id}": {"post": operation}},
            "webhooks": {"thing.made": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}},
            "components": {
                "schemas": {"Thing": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
                "parameters": {"Key": {"in": "header", "name": "Key", "required": false, "schema": {"type": "string"}}},
            },
        })
    }

    fn operation() -> Value {
        let thing = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}});
        json!({
            "operationId": "makeThing",
            "parameters": [{"$ref": "#/components/parameters/Key"}, {"in": "query", "name": "q", "style": "form", "schema": {"type": "string", "maxLength": 9}}],
            "requestBody": {"required": false, "content": thing},
            "responses": {"201": {"content": thing, "headers": {"ETag": {}}}, "204": {}, "409": {}},
            "security": [{"token": []}, {"oauth2": ["things:write"]}],
            "x-roles": ["admin", "cam"],
        })
    }

    /// What is found when the later contract differs so.
    fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let old = doc(operation());
        let mut new = old.clone();
        change(&mut new);
        breaks(&old, &new).into_iter().collect()
    }

    fn on(pointer: &str, value: Value) -> Vec<String> {
        let pointer = format!("/paths/~1v1~1things~1{{id}}/post{pointer}");
        after(|doc| {
            *doc.pointer_mut(&pointer).unwrap() = value;
        })
    }

    #[test]
    fn nothing_new_and_whatever_is_added_break_nobody() {
        assert!(after(|_| ()).is_empty());
        let more = after(|doc| {
            doc["paths"]["/v1/others"] = json!({"get": {"operationId": "listOthers"}});
            let operation = &mut doc["paths"]["/v1/things/{id}"]["post"];
            operation["parameters"]
                .as_array_mut()
                .unwrap()
                .push(json!({"in": "query", "name": "new"}));
            operation["responses"]["202"] = json!({});
            operation["responses"].as_object_mut().unwrap().remove("409");
            operation["x-roles"] = json!(["admin", "cam", "analyst"]);
            doc["components"]["schemas"]["Thing"]["properties"]["b"] = json!({"type": "string"});
        });
        assert!(more.is_empty(), "{more:?}");
    }

    #[test]
    fn what_is_gone_is_told() {
        assert_eq!(
            after(|doc| doc["paths"] = json!({})),
            ["makeThing: POST /v1/things/{id} is gone"]
        );
        assert_eq!(
            after(|doc| doc["webhooks"] = json!({})),
            ["webhook thing.made: is no longer sent"]
        );
        assert_eq!(on("/operationId", json!("create")), ["makeThing: is called create now"]);
        assert_eq!(
            on("/parameters", json!([])),
            [
                "makeThing header Key: is no longer taken",
                "makeThing query q: is no longer taken"
            ]
        );
        assert_eq!(
            on("/responses", json!({"201": {"content": {"text/csv": {}}}})),
            [
                "makeThing 201: is no longer application/json",
                "makeThing 201: the header ETag is gone",
                "makeThing 204: is no longer answered"
            ]
        );
    }

    #[test]
    fn what_is_needed_now_is_told() {
        assert_eq!(
            on("/requestBody/required", json!(true)),
            ["makeThing body: is required now"]
        );
        assert_eq!(
            after(|doc| doc["components"]["parameters"]["Key"]["required"] = json!(true)),
            ["makeThing header Key: is required now"]
        );
        assert_eq!(
            on("/parameters/1/schema/maxLength", json!(8)),
            ["sent makeThing query q: maxLength was 9 and is 8"]
        );
        assert_eq!(
            on("/parameters/1/style", json!("pipeDelimited")),
            ["makeThing query q: is written in another way now"]
        );
        // The same schema goes both ways, and into a webhook; it is told once for each way.
        assert_eq!(
            after(|doc| doc["components"]["schemas"]["Thing"]["properties"] = json!({})),
            ["received Thing.a: is gone", "sent Thing.a: is no longer taken"]
        );
    }

    #[test]
    fn who_may_no_longer_call_is_told() {
        assert_eq!(
            on(
                "/security",
                json!([{"token": []}, {"oauth2": ["things:write", "admin"]}])
            ),
            ["makeThing: needs the scope admin now"]
        );
        assert_eq!(
            on("/security", json!([{"token": []}])),
            ["makeThing: can no longer be called with oauth2"]
        );
        assert_eq!(
            on("/x-roles", json!(["admin"])),
            ["makeThing: cam may no longer call it"]
        );
        assert!(on("/security", json!([])).is_empty());
        let mut open = operation();
        open["security"] = json!([{}]);
        assert_eq!(
            Vec::from_iter(breaks(&doc(open), &doc(operation()))),
            ["makeThing: needs a caller who signed in now"]
        );
    }
}
