//! What every operation says alike: its id, its tag, who may call it, and the headers that it takes.

use serde_json::{Value, json};

use super::tree::{self, Object};
use super::{Idempotency, OperationRule, shared, texts, words};
use crate::auth::permissions;

/// The name of the bearer scheme: a person's access token or an API key.
pub(super) const BEARER: &str = "apiToken";
/// The name of the client credentials scheme.
pub(super) const OAUTH: &str = "oauth2";

/// Turns the handlers' names into ids: `create_deal` is `createDeal`.
pub(super) fn name(doc: &mut Value) {
    tree::each_operation(doc, |_, _, operation, _| {
        if let Some(Value::String(id)) = operation.get_mut("operationId") {
            *id = words::camel(id);
        }
    });
}

/// Adds tag, security, roles, scope, shared headers and the texts that say so.
pub(super) fn apply(doc: &mut Value, rules: &[OperationRule]) {
    let mut tags = Vec::new();
    tree::each_operation(doc, |path, method, operation, doc| {
        let tag = texts::tag(path);
        operation.insert("tags".into(), json!([tag.0]));
        tags.push(tag);
        operation.insert("x-idempotency".into(), json!("none"));
        if let Some(rule) = rules
            .iter()
            .find(|rule| rule.id == tree::text(operation, "operationId"))
        {
            permit(operation, rule);
        }
        share_if_match(operation);
        if method == "get" && replies_with_json(doc, operation) {
            take(operation, "IfNoneMatch");
        }
        if tree::list(operation, "parameters")
            .iter()
            .any(|one| one.get("in") == Some(&json!("query")))
        {
            take(operation, "Prefer");
        }
        if method == "patch" {
            accept_merge_patch(operation);
        }
        if let Some(Value::Object(body)) = operation.get_mut("requestBody") {
            body.entry("required").or_insert(json!(true));
            body.entry("description").or_insert(json!(texts::body(method)));
        }
        name_successes(operation);
    });
    tags.sort();
    tags.dedup_by(|one, other| one.0 == other.0);
    let scopes: Object = scopes(rules)
        .into_iter()
        .map(|scope| (scope.to_owned(), json!(texts::scope(scope))))
        .collect();
    if let Value::Object(root) = doc {
        let tags: Vec<Value> = tags
            .into_iter()
            .map(|(name, about)| json!({"name": name, "description": about}))
            .collect();
        root.insert("tags".into(), json!(tags));
    }
    tree::with_components(doc, "securitySchemes", |schemes| {
        schemes.clear();
        schemes.insert(BEARER.into(), shared::bearer());
        schemes.insert(OAUTH.into(), shared::client_credentials(&scopes));
    });
    tree::with_components(doc, "parameters", |parameters| {
        for (name, parameter) in shared::parameters() {
            parameters.insert(name.to_owned(), parameter);
        }
    });
}

/// Every scope that an operation asks for, in order, and the one that none asks for.
fn scopes(rules: &[OperationRule]) -> Vec<&'static str> {
    let mut scopes: Vec<&str> = rules.iter().filter_map(|rule| rule.scope).collect();
    scopes.push(permissions::INTROSPECTION);
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn permit(operation: &mut Object, rule: &OperationRule) {
    let scopes: Vec<&str> = rule.scope.into_iter().collect();
    // One empty requirement, not an empty list: anyone may call it, and it was thought about.
    let security = if rule.public {
        json!([{}])
    } else {
        json!([{BEARER: []}, {OAUTH: scopes}])
    };
    operation.insert("security".into(), security);
    operation.insert("x-public".into(), json!(rule.public));
    operation.insert("x-scope".into(), json!(rule.scope));
    operation.insert("x-roles".into(), json!(rule.roles));
    operation.insert("x-rate-weight".into(), json!(rule.rate_weight));
    let idempotency = match rule.idempotency {
        Idempotency::None => "none",
        Idempotency::Accepted => "accepted",
        Idempotency::Required => "required",
    };
    operation.insert("x-idempotency".into(), json!(idempotency));
    match rule.idempotency {
        Idempotency::None => {}
        Idempotency::Accepted => take(operation, "IdempotencyKey"),
        Idempotency::Required => take(operation, "IdempotencyKeyRequired"),
    }
    let described = [tree::text(operation, "description"), &texts::permission(rule)].join("\n\n");
    operation.insert("description".into(), json!(described.trim()));
}

/// Lets the operation take a shared parameter.
fn take(operation: &mut Object, name: &str) {
    let parameters = operation.entry("parameters").or_insert(json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
    }
}

/// A handler that takes `If-Match` says so by a header parameter; all of them mean the same one.
fn share_if_match(operation: &mut Object) {
    let Some(Value::Array(parameters)) = operation.get_mut("parameters") else {
        return;
    };
    let is_it = |one: &Value| {
        let named = one
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.eq_ignore_ascii_case("if-match"));
        named && one.get("in") == Some(&json!("header"))
    };
    let found = parameters
        .iter()
        .find(|one| is_it(one))
        .map(|one| one.get("required") == Some(&json!(true)));
    parameters.retain(|one| !is_it(one));
    if let Some(required) = found {
        take(operation, if required { "IfMatchRequired" } else { "IfMatch" });
    }
}

fn replies_with_json(doc: &Value, operation: &Object) -> bool {
    let response = operation.get("responses").and_then(|all| all.get("200"));
    response.is_some_and(|response| {
        tree::follow(doc, response)
            .pointer("/content/application~1json")
            .is_some()
    })
}

/// A patch may be sent as merge patch or, equal in meaning, as plain JSON, for generators that know no merge patch.
fn accept_merge_patch(operation: &mut Object) {
    let content = operation
        .get_mut("requestBody")
        .and_then(|body| body.get_mut("content"));
    let Some(Value::Object(content)) = content else { return };
    for (known, missing) in [
        ("application/json", "application/merge-patch+json"),
        ("application/merge-patch+json", "application/json"),
    ] {
        if let Some(media) = content.get(known).cloned() {
            content.entry(missing).or_insert(media);
        }
    }
}

fn name_successes(operation: &mut Object) {
    let Some(Value::Object(responses)) = operation.get_mut("responses") else {
        return;
    };
    for (status, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let unsaid = |one: &&mut Object| !one.contains_key("$ref") && tree::text(one, "description").trim().is_empty();
        if let Some(response) = response.as_object_mut().filter(unsaid) {
            response.insert("description".into(), json!(texts::success(status)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> OperationRule {
        OperationRule {
            id: "createDeal",
            scope: Some("deals:write"),
            public: false,
            roles: vec!["cam", "partner_sales"],
            idempotency: Idempotency::Required,
            rate_weight: 5,
        }
    }

    fn applied(method: &str, operation: &Value, rule: OperationRule) -> (Value, Value) {
        let mut doc = json!({"paths": {"/v1/deals": {method: operation}}});
        name(&mut doc);
        apply(&mut doc, &[rule]);
        let operation = doc["paths"]["/v1/deals"][method].take();
        (operation, doc)
    }

    #[test]
    fn the_permission_table_is_published() {
        let (operation, doc) = applied(
            "post",
            &json!({"operationId": "create_deal", "description": "Makes one."}),
            rule(),
        );
        assert_eq!(operation["operationId"], "createDeal");
        assert_eq!(operation["tags"], json!(["Deals"]));
        assert_eq!(
            operation["security"],
            json!([{"apiToken": []}, {"oauth2": ["deals:write"]}])
        );
        assert_eq!(
            operation["parameters"],
            json!([{"$ref": "#/components/parameters/IdempotencyKeyRequired"}])
        );
        let text = operation["description"].as_str().unwrap();
        assert!(
            text.starts_with("Makes one.\n\n") && text.contains("`partner_sales`") && text.contains("`deals:write`"),
            "{text}"
        );
        assert!(
            doc["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]["deals:write"]
                .is_string()
        );
    }

    #[test]
    fn a_patch_takes_both_media_types_and_the_shared_if_match() {
        let raw = json!({
            "operationId": "update_deal",
            "parameters": [{"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/DealPatch"}}}},
        });
        let rule = OperationRule {
            id: "updateDeal",
            idempotency: Idempotency::None,
            ..rule()
        };
        let (operation, _) = applied("patch", &raw, rule);
        assert_eq!(
            operation["parameters"],
            json!([{"$ref": "#/components/parameters/IfMatchRequired"}])
        );
        let content = operation["requestBody"]["content"].as_object().unwrap();
        assert_eq!(content["application/json"], content["application/merge-patch+json"]);
    }

    #[test]
    fn a_public_operation_asks_for_nothing() {
        let rule = OperationRule {
            public: true,
            scope: None,
            roles: Vec::new(),
            idempotency: Idempotency::None,
            ..rule()
        };
        let (operation, _) = applied("post", &json!({"operationId": "create_deal"}), rule);
        assert_eq!(operation["security"], json!([{}]));
    }
}
