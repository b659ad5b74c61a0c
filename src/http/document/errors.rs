//! The errors that each operation can answer with, each status with the codes that it may carry there.
//!
//! Typed clients need `code` as an enumeration of what this operation can say, not of all there is. A set of codes that
//! many operations have for the same reason (all who take a body, all who sign in) is one shared response whose name
//! says the reason; a set with codes of the operation's own is named after the operation. So a name never changes
//! because another operation did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::situations::{self, Situation};
use super::tree::{self, Object};
use super::{Common, ErrorCode, exports, shared, texts, words};

/// The media type of every error (RFC 9457).
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Puts the table of codes into the document, for readers and for the gates.
pub(super) fn publish_catalogue(doc: &mut Value, errors: &[ErrorCode]) {
    let one = |error: &ErrorCode| json!({"status": error.status, "title": error.title, "detail": error.detail});
    let catalogue: Object = errors.iter().map(|error| (error.code.to_owned(), one(error))).collect();
    if let Value::Object(root) = doc {
        root.insert("x-errors".into(), Value::Object(catalogue));
    }
}

/// Describes every error that each operation can answer with.
pub(super) fn describe(doc: &mut Value, errors: &[ErrorCode]) {
    let verbs = situations::verbs(doc);
    let mut shared = BTreeMap::new();
    let mut schemas = BTreeMap::new();
    tree::each_operation(doc, |path, method, operation, doc| {
        let operation_id = tree::text(operation, "operationId").to_owned();
        let declared: Vec<String> = tree::list(operation, "x-errors")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let active = triggers(doc, operation);
        let mut all: BTreeSet<String> = declared.iter().cloned().collect();
        let situation = Situation::of(doc, path, method, operation, &verbs);
        let mut made = Vec::new();
        for (status, codes) in by_status(errors, &active, &declared) {
            let known = operation.get("responses").and_then(|all| all.get(status.to_string()));
            // An operation that speaks another protocol (OAuth) says its errors itself; a condition is only missed where
            // it is required.
            if known.is_some_and(|known| speaks_otherwise(doc, known))
                || (status == 428 && !takes(operation, "IfMatchRequired"))
            {
                continue;
            }
            all.extend(codes.iter().map(|error| error.code.to_owned()));
            let own = codes.iter().any(|error| !active.contains(&error.common));
            let name = if own {
                format!("{}Problem{status}", words::capital(&operation_id))
            } else {
                shared_name(errors, &active, status)
            };
            schemas.entry(name.clone()).or_insert_with(|| schema(status, &codes));
            let response = if own {
                response(&name, status, &codes, &situation)
            } else {
                shared
                    .entry(name.clone())
                    .or_insert_with(|| response(&name, status, &codes, &Situation::anywhere(&active)));
                json!({"$ref": format!("#/components/responses/{name}")})
            };
            made.push((status.to_string(), response));
        }
        if takes(operation, "IfNoneMatch") {
            made.push(("304".to_owned(), json!({"description": texts::NOT_MODIFIED})));
        }
        operation.insert("x-errors".into(), json!(all));
        tree::within(operation, "responses", |responses| {
            responses.remove("default");
            responses.extend(made);
        });
    });
    tree::with_components(doc, "schemas", |all| {
        all.entry("Problem").or_insert_with(shared::problem);
        all.entry("ProblemFault").or_insert_with(shared::problem_fault);
        all.extend(schemas);
    });
    tree::with_components(doc, "responses", |all| all.extend(shared));
}

/// The codes that the operation can answer with, by status, in the order of the table.
fn by_status<'a>(
    errors: &'a [ErrorCode],
    active: &BTreeSet<Common>,
    declared: &[String],
) -> BTreeMap<u16, Vec<&'a ErrorCode>> {
    let mut found: BTreeMap<u16, Vec<&ErrorCode>> = BTreeMap::new();
    for error in errors {
        if active.contains(&error.common) || declared.iter().any(|code| code == error.code) {
            found.entry(error.status).or_default().push(error);
        }
    }
    found
}

/// Why an operation can answer with codes that it does not declare.
fn triggers(doc: &Value, operation: &Object) -> BTreeSet<Common> {
    let places: BTreeSet<&str> = tree::list(operation, "parameters")
        .iter()
        .filter_map(|one| tree::follow(doc, one).get("in")?.as_str())
        .collect();
    let mut active = BTreeSet::from([Common::Always]);
    let mut add = |holds: bool, trigger: Common| {
        if holds {
            active.insert(trigger);
        }
    };
    add(operation.get("x-public") != Some(&json!(true)), Common::WhenAuth);
    add(places.contains("path"), Common::WhenPathId);
    add(places.contains("query"), Common::WhenQuery);
    add(exports::offers(operation), Common::WhenList);
    add(operation.contains_key("requestBody"), Common::WhenBody);
    add(
        takes(operation, "IfMatch") || takes(operation, "IfMatchRequired"),
        Common::WhenIfMatch,
    );
    add(
        takes(operation, "IdempotencyKey") || takes(operation, "IdempotencyKeyRequired"),
        Common::WhenIdempotency,
    );
    active
}

fn takes(operation: &Object, shared: &str) -> bool {
    let reference = json!({"$ref": format!("#/components/parameters/{shared}")});
    tree::list(operation, "parameters").contains(&reference)
}

/// The name of a response that operations share: the status, and why they can answer so where there are several reasons.
fn shared_name(errors: &[ErrorCode], active: &BTreeSet<Common>, status: u16) -> String {
    let common = errors
        .iter()
        .filter(|error| error.status == status && error.common != Common::Declared);
    let reasons: BTreeSet<Common> = common.map(|error| error.common).collect();
    let mut name = String::new();
    if reasons.len() > 1 {
        for reason in reasons.intersection(active) {
            name += match reason {
                Common::Always | Common::Declared => "",
                Common::WhenAuth => "SignedIn",
                Common::WhenPathId => "Path",
                Common::WhenQuery => "Query",
                Common::WhenList => "List",
                Common::WhenBody => "Body",
                Common::WhenIfMatch => "Revision",
                Common::WhenIdempotency => "Key",
            };
        }
    }
    format!("{name}Problem{status}")
}

fn schema(status: u16, codes: &[&ErrorCode]) -> Value {
    let names: Vec<&str> = codes.iter().map(|error| error.code).collect();
    let lines: Vec<String> = codes
        .iter()
        .map(|error| format!("- `{}`: {}", error.code, error.title))
        .collect();
    json!({
        "description": format!("A problem of status {status}."),
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "required": ["code"], "properties": {
                "code": {"type": "string", "description": format!("What happened, for programs:\n{}", lines.join("\n")), "enum": names},
            }},
        ],
    })
}

fn response(schema: &str, status: u16, codes: &[&ErrorCode], situation: &Situation) -> Value {
    let example = |error: &&ErrorCode| {
        (
            error.code.to_owned(),
            json!({"summary": error.title, "value": situation.example(error)}),
        )
    };
    let examples: Object = codes.iter().map(example).collect();
    let names: Vec<String> = codes.iter().map(|error| format!("`{}`", error.code)).collect();
    json!({
        "description": format!("{}: {}.", texts::reason(status), names.join(", ")),
        "content": {PROBLEM_JSON: {
            "schema": {"$ref": format!("#/components/schemas/{schema}")},
            "examples": examples,
        }},
    })
}

fn speaks_otherwise(doc: &Value, response: &Value) -> bool {
    let content = tree::follow(doc, response).get("content").and_then(Value::as_object);
    content.is_some_and(|content| !content.is_empty() && !content.contains_key(PROBLEM_JSON))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn code(code: &'static str, status: u16, common: Common) -> ErrorCode {
        ErrorCode {
            code,
            status,
            title: "It went wrong",
            detail: "Try another way.",
            common,
        }
    }

    const CODES: [ErrorCode; 7] = [
        code("internal", 500, Common::Always),
        code("unauthorized", 401, Common::WhenAuth),
        code("unknown_parameter", 400, Common::Always),
        code("malformed_json", 400, Common::WhenBody),
        code("validation_failed", 422, Common::WhenBody),
        code("invalid_state", 409, Common::Declared),
        code("not_found", 404, Common::WhenPathId),
    ];

    fn described(path: &str, operation: &Value) -> Value {
        let mut doc = json!({"paths": {path: {"post": operation}}, "components": {"schemas": {
            "Deal": {"properties": {"status": {"enum": ["draft", "won"]}}},
            "NewDeal": {"required": ["title"], "properties": {"title": {}}},
        }}});
        describe(&mut doc, &CODES);
        doc
    }

    #[test]
    fn common_codes_share_a_response_and_own_ones_name_the_operation() {
        let doc = described(
            "/v1/deals/{id}/approve",
            &json!({
                "operationId": "approveDeal",
                "x-errors": ["invalid_state"],
                "parameters": [{"name": "id", "in": "path", "example": "deal_1"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewDeal"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Deal"}}}}, "default": {}},
            }),
        );
        let operation = &doc["paths"]["/v1/deals/{id}/approve"]["post"];
        assert_eq!(
            operation["responses"]["400"]["$ref"],
            "#/components/responses/BodyProblem400"
        );
        assert_eq!(
            operation["responses"]["401"]["$ref"],
            "#/components/responses/Problem401"
        );
        assert_eq!(operation["responses"].get("default"), None);
        let media = &operation["responses"]["409"]["content"][PROBLEM_JSON];
        assert_eq!(media["schema"]["$ref"], "#/components/schemas/ApproveDealProblem409");
        let example = &media["examples"]["invalid_state"]["value"];
        assert_eq!(
            (&example["current"], &example["attempted"], &example["instance"]),
            (&json!("won"), &json!("approve"), &json!("/v1/deals/deal_1/approve"))
        );
        assert_eq!(
            doc["components"]["schemas"]["BodyProblem400"]["allOf"][1]["properties"]["code"]["enum"],
            json!(["unknown_parameter", "malformed_json"])
        );
        assert_eq!(operation["x-errors"].as_array().unwrap().len(), 7);
    }

    #[test]
    fn another_protocol_keeps_its_own_errors() {
        let own = json!({"description": "OAuth", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Deal"}}}});
        let doc = described(
            "/oauth/token",
            &json!({"operationId": "issueToken", "x-public": true, "responses": {"400": own}}),
        );
        let responses = &doc["paths"]["/oauth/token"]["post"]["responses"];
        assert_eq!(responses["400"], own);
        assert!(responses.get("500").is_some() && responses.get("401").is_none());
    }
}
