//! The headers that answers carry, each described once.

use serde_json::{Value, json};

use super::exports;
use super::shared;
use super::tree::{self, Object};

/// On every answer, whatever its status.
const ALWAYS: [&str; 4] = [
    "X-Request-Id",
    "RateLimit",
    "RateLimit-Policy",
    "Access-Control-Allow-Origin",
];

/// Gives every response its headers, as references to shared ones.
pub(super) fn attach(doc: &mut Value) {
    tree::with_components(doc, "headers", |headers| {
        for (name, header) in shared::headers() {
            headers.insert(name.to_owned(), header);
        }
    });
    // Responses that operations share hold errors only: their names end in the status.
    tree::detached(doc, "/components/responses", |responses, _| {
        for (name, response) in responses.iter_mut() {
            let status: String = name.chars().skip(name.chars().count().saturating_sub(3)).collect();
            if let Value::Object(response) = response {
                give(response, &error_headers(&status));
            }
        }
    });
    tree::each_operation(doc, |_, method, operation, doc| {
        let prefers = tree::list(operation, "parameters").contains(&json!({"$ref": "#/components/parameters/Prefer"}));
        let spoken = tree::list(operation, "parameters")
            .iter()
            .any(|one| tree::follow(doc, one).get("name") == Some(&json!("Accept-Language")));
        let replays = operation.get("x-idempotency").is_some_and(|one| *one != json!("none"));
        let Some(Value::Object(responses)) = operation.get_mut("responses") else {
            return;
        };
        for (status, response) in responses.iter_mut() {
            let Some(response) = response.as_object_mut().filter(|one| !one.contains_key("$ref")) else {
                continue;
            };
            let mut names = if status.starts_with('2') {
                success_headers(doc, method, status, response)
            } else {
                error_headers(status)
            };
            if spoken && (status.starts_with('2') || status == "304") {
                names.extend(["Content-Language", "Vary"]);
            }
            if replays && status.starts_with('2') {
                names.push("Idempotency-Replayed");
            }
            if prefers && status.starts_with('2') {
                names.push("Preference-Applied");
            }
            give(response, &names);
        }
    });
}

fn error_headers(status: &str) -> Vec<&'static str> {
    let own: &[&str] = match status {
        "304" | "412" => &["ETag"],
        "401" => &["WWW-Authenticate"],
        "405" => &["Allow"],
        "409" | "429" | "503" => &["Retry-After"],
        _ => &[],
    };
    [&ALWAYS, own].concat()
}

fn success_headers(doc: &Value, method: &str, status: &str, response: &Object) -> Vec<&'static str> {
    let schema = response
        .get("content")
        .and_then(|content| content.get("application/json"))
        .and_then(|media| media.get("schema"));
    let fields = schema.and_then(|schema| tree::follow(doc, schema).get("properties"));
    let has = |name: &str| fields.is_some_and(|fields| fields.get(name).is_some());
    let mut names = ALWAYS.to_vec();
    if schema.is_some() && (matches!(method, "get" | "put" | "patch") || status == "201" || has("revision")) {
        names.push("ETag");
    }
    if has("data") && has("next_cursor") {
        names.push("Link");
    }
    if exports::is_offered(response) {
        names.extend(["Feed-Cursor", "Content-Disposition"]);
    } else if response.contains_key("content") && schema.is_none() {
        // A file.
        names.push("Content-Disposition");
    }
    match status {
        "201" => names.push("Location"),
        "202" => names.extend(["Location", "Retry-After"]),
        _ => {}
    }
    names
}

/// A header that the handler describes itself stays.
fn give(response: &mut Object, names: &[&str]) {
    tree::within(response, "headers", |headers| {
        for name in names {
            headers
                .entry(*name)
                .or_insert_with(|| json!({"$ref": format!("#/components/headers/{name}")}));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(doc: &Value, at: &str) -> Vec<String> {
        let all = doc.pointer(at).unwrap()["headers"].as_object().unwrap();
        let mut names: Vec<String> = all
            .keys()
            .filter(|one| !ALWAYS.contains(&one.as_str()))
            .cloned()
            .collect();
        names.sort();
        names
    }

    #[test]
    fn each_response_has_the_headers_that_fit_it() {
        let reply = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let mut doc = json!({
            "paths": {"/v1/deals": {
                "get": {"responses": {"200": reply("DealPage"), "304": {}}},
                "put": {"parameters": [{"name": "Accept-Language", "in": "header"}], "responses": {"200": reply("Words"), "304": {}, "429": {}}},
                "post": {"x-idempotency": "required", "responses": {"201": reply("Deal"), "401": {"$ref": "#/components/responses/Problem401"}, "429": {}}},
            }},
            "components": {
                "schemas": {"Deal": {"properties": {"id": {}, "revision": {}}}, "DealPage": {"properties": {"data": {}, "next_cursor": {}}}, "Words": {"properties": {}}},
                "responses": {"Problem401": {}},
            },
        });
        attach(&mut doc);
        assert_eq!(headers(&doc, "/paths/~1v1~1deals/get/responses/200"), ["ETag", "Link"]);
        assert_eq!(headers(&doc, "/paths/~1v1~1deals/get/responses/304"), ["ETag"]);
        assert_eq!(
            headers(&doc, "/paths/~1v1~1deals/put/responses/200"),
            ["Content-Language", "ETag", "Vary"]
        );
        assert_eq!(
            headers(&doc, "/paths/~1v1~1deals/put/responses/304"),
            ["Content-Language", "ETag", "Vary"]
        );
        assert_eq!(headers(&doc, "/paths/~1v1~1deals/put/responses/429"), ["Retry-After"]);
        assert_eq!(
            headers(&doc, "/paths/~1v1~1deals/post/responses/201"),
            ["ETag", "Idempotency-Replayed", "Location"]
        );
        assert_eq!(headers(&doc, "/paths/~1v1~1deals/post/responses/429"), ["Retry-After"]);
        assert_eq!(headers(&doc, "/components/responses/Problem401"), ["WWW-Authenticate"]);
        for name in ALWAYS {
            assert!(
                doc["paths"]["/v1/deals"]["get"]["responses"]["200"]["headers"]
                    .get(name)
                    .is_some()
            );
        }
    }
}
