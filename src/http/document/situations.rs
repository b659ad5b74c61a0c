//! Examples of errors as they would happen at one operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::tree::{self, Object};
use super::{Common, ErrorCode, examples};

/// Where the codes are described.
const TYPE: &str = "https://openprm.dev/problems/";

/// The verbs that a record's state machine knows, by the record's path: `/v1/deals/{id}` has `submit` and `approve`.
pub(super) fn verbs(doc: &Value) -> BTreeMap<String, Vec<String>> {
    let mut verbs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in tree::operations(doc).into_iter().filter(|one| one.method == "post") {
        if let Some((record, verb)) = operation
            .path
            .rsplit_once('/')
            .filter(|(record, _)| record.ends_with('}'))
        {
            verbs.entry(record.to_owned()).or_default().push(verb.to_owned());
        }
    }
    verbs
}

/// What examples of an operation's errors point at.
pub(super) struct Situation {
    instance: String,
    field: String,
    query: String,
    /// Where the operation moves a state: the state it is in, what was tried, what could be done.
    states: Option<(String, String, Vec<String>)>,
}

impl Situation {
    pub fn of(
        doc: &Value,
        path: &str,
        method: &str,
        operation: &Object,
        verbs: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let mut instance = path.to_owned();
        let mut query = None;
        for parameter in tree::list(operation, "parameters")
            .iter()
            .filter_map(|one| tree::follow(doc, one).as_object())
        {
            let name = tree::text(parameter, "name");
            match tree::text(parameter, "in") {
                "path" => {
                    let example = examples::of_parameter(doc, parameter);
                    instance = instance.replace(
                        &format!("{{{name}}}"),
                        example.as_ref().and_then(Value::as_str).unwrap_or("1"),
                    );
                }
                "query" if query.is_none() || name == "limit" => query = Some(name.to_owned()),
                _ => {}
            }
        }
        let body = operation
            .get("requestBody")
            .and_then(|body| body.pointer("/content/application~1json/schema"));
        let body = body.map(|schema| tree::follow(doc, schema));
        let required = body
            .and_then(|body| body.pointer("/required/0"))
            .and_then(Value::as_str);
        let first = || {
            body.and_then(|body| body.get("properties")?.as_object()?.keys().next())
                .map(String::as_str)
        };
        let verb = path
            .rsplit_once('/')
            .filter(|(record, _)| method == "post" && record.ends_with('}'));
        let states = verb.map(|(record, verb)| {
            let others = verbs.get(record).map(Vec::as_slice).unwrap_or_default();
            let allowed = others.iter().filter(|other| *other != verb).take(2).cloned().collect();
            (
                state(doc, path, method, operation).unwrap_or_else(|| "closed".to_owned()),
                verb.to_owned(),
                allowed,
            )
        });
        Self {
            instance,
            field: required.or_else(first).unwrap_or("name").to_owned(),
            query: query.unwrap_or_else(|| "limit".to_owned()),
            states,
        }
    }

    /// For a response that operations of many resources share.
    pub fn anywhere(active: &BTreeSet<Common>) -> Self {
        let instance = if active.contains(&Common::WhenPathId) {
            "/v1/deals/deal_01jdq4k8v6e5ns3q7t9x2m4b8c"
        } else {
            "/v1/deals"
        };
        Self {
            instance: instance.to_owned(),
            field: "name".to_owned(),
            query: "limit".to_owned(),
            states: None,
        }
    }

    pub fn example(&self, error: &ErrorCode) -> Value {
        let mut made = json!({
            "type": format!("{TYPE}{}", error.code),
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "code": error.code,
            "instance": self.instance,
            "request_id": "req_01jdq4m2x8f3v7c9k5t1w6b0za",
            "retryable": matches!(error.status, 408 | 429 | 500..),
            "errors": [],
        });
        let Value::Object(fields) = &mut made else { return made };
        if let Some((pointer, code, detail)) = self.fault(error) {
            fields.insert(
                "errors".into(),
                json!([{"pointer": pointer, "code": code, "detail": detail}]),
            );
        }
        if error.code == "second_factor_required" {
            fields.insert(
                "challenge".into(),
                json!("prm_challenge_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M"),
            );
            fields.insert("challenge_expires_in".into(), json!(300));
        }
        if let (Some((current, attempted, allowed)), true) =
            (&self.states, error.status == 409 && error.code.contains("state"))
        {
            fields.insert("current".into(), json!(current));
            fields.insert("attempted".into(), json!(attempted));
            fields.insert("allowed".into(), json!(allowed));
        }
        made
    }

    /// The part of the request that is at fault: its pointer, code and what to do.
    fn fault(&self, error: &ErrorCode) -> Option<(String, &'static str, &'static str)> {
        match (error.status, error.common) {
            (400 | 422 | 428, Common::WhenIdempotency) => {
                Some(("header:Idempotency-Key".to_owned(), error.code, error.detail))
            }
            (400 | 422 | 428, Common::WhenIfMatch) => Some(("header:If-Match".to_owned(), error.code, error.detail)),
            (400, Common::WhenQuery) => Some((format!("query:{}", self.query), error.code, error.detail)),
            (422, Common::WhenBody) => Some((format!("#/{}", self.field), "required", "Give a value.")),
            (422, _) => Some((format!("#/{}", self.field), error.code, error.detail)),
            _ => None,
        }
    }
}

/// A state that the operation's reply can be in, as an example of one that forbids what was tried: the last of the list.
fn state(doc: &Value, path: &str, method: &str, operation: &Object) -> Option<String> {
    let reply = tree::Operation {
        path,
        method,
        body: operation,
    }
    .reply(doc)?;
    let fields = reply.get("properties")?;
    let field = ["status", "state", "review_status"]
        .iter()
        .find_map(|name| fields.get(*name))?;
    let last = tree::follow(doc, field).get("enum")?.as_array()?.last()?;
    last.as_str().map(str::to_owned)
}
