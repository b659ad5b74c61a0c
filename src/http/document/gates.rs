//! What a contract must hold, and what a handler's author has to add where it does not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::pattern::Pattern;
use super::tree::{self, Object, Operation, Place};
use super::{OperationRule, bounds, texts};

/// The faults of a polished document, each a sentence that says what to add; empty where there is none.
///
/// Whether an example obeys its schema is for a JSON Schema validator to say, not for this function.
#[must_use]
pub fn check(doc: &Value, operations: &[OperationRule]) -> Vec<String> {
    let mut faults = Vec::new();
    references(doc, &mut faults);
    let found = tree::operations(doc);
    rules(&found, operations, &mut faults);
    let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for operation in &found {
        let here = format!("{} {}", operation.method.to_uppercase(), operation.path);
        ids.entry(operation.id()).or_default().push(here.clone());
        self::operation(doc, operation, &here, &mut faults);
    }
    for (id, places) in ids.into_iter().filter(|(_, places)| places.len() > 1) {
        faults.push(format!(
            "{} have the same id {id}: rename one handler",
            places.join(" and ")
        ));
    }
    ambiguous(&found, &mut faults);
    schemas(doc, &mut faults);
    faults.sort();
    faults.dedup();
    faults
}

fn references(doc: &Value, faults: &mut Vec<String>) {
    let mut all = BTreeSet::new();
    tree::references(doc, &mut all);
    let dangling = all.iter().filter(|reference| tree::target(doc, reference).is_none());
    faults.extend(dangling.map(|reference| format!("{reference} refers to nothing: register the schema")));
}

fn rules(found: &[Operation<'_>], rules: &[OperationRule], faults: &mut Vec<String>) {
    let ids: BTreeSet<&str> = found.iter().map(Operation::id).collect();
    let mut seen = BTreeSet::new();
    for rule in rules {
        if !ids.contains(rule.id) {
            faults.push(format!("the permission table names {}, which no operation is", rule.id));
        }
        if !seen.insert(rule.id) {
            faults.push(format!("the permission table names {} twice", rule.id));
        }
    }
    let without = ids.iter().filter(|id| !seen.contains(*id));
    faults.extend(without.map(|id| format!("{id} has no row in the permission table")));
}

fn operation(doc: &Value, operation: &Operation<'_>, here: &str, faults: &mut Vec<String>) {
    let mut fault = |text: String| faults.push(format!("{here}: {text}"));
    if operation.id().is_empty() {
        fault("has no operationId".to_owned());
    }
    if tree::text(operation.body, "summary").trim().is_empty() {
        fault("has no summary: give the handler a doc comment".to_owned());
    }
    let said = tree::text(operation.body, "description")
        .split(texts::WHO)
        .next()
        .unwrap_or_default();
    if said.trim().is_empty() {
        fault("has no description: give the handler's doc comment a second paragraph".to_owned());
    }
    if !operation.body.contains_key("security") {
        fault("has no security: add it to the permission table".to_owned());
    }
    let parameters = operation.parameters(doc);
    path_parameters(operation.path, &parameters, &mut fault);
    for parameter in &parameters {
        let name = tree::text(parameter, "name");
        let schema = parameter
            .get("schema")
            .and_then(|schema| tree::follow(doc, schema).as_object());
        if tree::text(parameter, "description").is_empty()
            && schema.is_none_or(|schema| tree::text(schema, "description").is_empty())
        {
            fault(format!("the parameter {name} has no description"));
        }
        if schema.is_none() {
            fault(format!("the parameter {name} has no schema"));
        }
    }
    let responses = operation.responses(doc);
    // 200 and 201 of an upsert may stand beside each other, if typed clients read both alike.
    let schema = |response: &Object| {
        response
            .get("content")
            .and_then(|content| content.pointer("/application~1json/schema").cloned())
    };
    let mut successes: Vec<Option<Value>> = Vec::new();
    for (_, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
        successes.push(schema(response));
    }
    successes.dedup();
    if successes.len() != 1 {
        fault(format!("answers with {} kinds of success, not one", successes.len()));
    }
    for (status, response) in &responses {
        if status.starts_with(['4', '5']) && !response.contains_key("content") {
            fault(format!(
                "answers {status} without a problem: name the code in x-errors instead"
            ));
        }
    }
    if !responses.iter().any(|(status, _)| *status == "401") {
        fault("does not say when it answers 401: a public operation names a code of its own in x-errors".to_owned());
    }
    let catalogue = doc.get("x-errors").and_then(Value::as_object);
    for code in tree::list(operation.body, "x-errors").iter().filter_map(Value::as_str) {
        if catalogue.is_none_or(|catalogue| !catalogue.contains_key(code)) {
            fault(format!(
                "names the error code {code}, which the table of codes does not have"
            ));
        }
    }
}

/// Two paths that one address could mean, which routers and clients tell apart by luck.
fn ambiguous(found: &[Operation<'_>], faults: &mut Vec<String>) {
    let paths: BTreeSet<&str> = found.iter().map(|one| one.path).collect();
    let is_open = |part: &str| part.starts_with('{');
    for path in &paths {
        for other in paths.range::<str, _>((std::ops::Bound::Excluded(*path), std::ops::Bound::Unbounded)) {
            let (parts, others): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), other.split('/').collect());
            let open = |parts: &[&str]| parts.iter().filter(|part| is_open(part)).count();
            let fits = parts
                .iter()
                .zip(&others)
                .all(|(one, two)| one == two || is_open(one) || is_open(two));
            if parts.len() == others.len() && open(&parts) == open(&others) && fits {
                faults.push(format!("{path} and {other} can mean the same address: rename one"));
            }
        }
    }
}

fn path_parameters(path: &str, parameters: &[&Object], fault: &mut impl FnMut(String)) {
    let named: BTreeSet<&str> = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .collect();
    let mut declared = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for parameter in parameters {
        let (name, place) = (tree::text(parameter, "name"), tree::text(parameter, "in"));
        if !seen.insert((name, place)) {
            fault(format!("has the parameter {name} twice"));
        }
        if place == "path" {
            declared.insert(name);
        }
    }
    for missing in named.difference(&declared) {
        fault(format!("does not describe {{{missing}}}: list its type in params(…)"));
    }
    for extra in declared.difference(&named) {
        fault(format!(
            "describes the path parameter {extra}, which is not in the path"
        ));
    }
}

fn schemas(doc: &Value, faults: &mut Vec<String>) {
    let mut visited = doc.clone(); // the visitor may change what it visits; this one does not
    tree::each_schema(&mut visited, &mut |name, place, schema| {
        let properties = schema.get("properties").and_then(Value::as_object);
        if place == Place::Inline && properties.is_some_and(|properties| !properties.is_empty()) {
            faults.push(format!(
                "the schema of {name} is an object without a name: make it a type of its own"
            ));
        }
        for (property, inner) in properties.into_iter().flatten() {
            if !described(doc, inner) {
                let owner = if place == Place::Named { name } else { "an object" };
                faults.push(format!(
                    "the field {property} of {owner} has no description: give it a doc comment"
                ));
            }
        }
        if place == Place::Named
            && tree::reachable(doc, &[&json!(schema)]).contains(&format!("#/components/schemas/{name}"))
        {
            faults.push(format!("the type {name} contains itself, which readers of the document cannot follow: name the inner one by its id"));
        }
        if place == Place::Named && properties.is_some() && tree::text(schema, "description").is_empty() {
            faults.push(format!("the type {name} has no description: give it a doc comment"));
        }
        let pattern = tree::text(schema, "pattern");
        if !matches!(pattern, "" | bounds::LINE | bounds::LINES) && Pattern::read(pattern).is_none() {
            faults.push(format!(
                "the pattern {pattern} of {name} is read differently in other languages: use explicit classes"
            ));
        }
    });
}

/// Whether the schema, or the type it refers to, says what it is.
fn described(doc: &Value, schema: &Value) -> bool {
    let says = |one: &Value| {
        one.get("description")
            .and_then(Value::as_str)
            .is_some_and(|text| !text.trim().is_empty())
    };
    let choices = ["oneOf", "anyOf", "allOf"]
        .iter()
        .filter_map(|key| schema.get(*key)?.as_array())
        .flatten();
    says(schema)
        || says(tree::follow(doc, schema))
        || choices
            .into_iter()
            .any(|one| *one != json!({"type": "null"}) && says(tree::follow(doc, one)))
}

#[cfg(test)]
mod tests {
    use super::super::{Common, ErrorCode, Idempotency, polish};
    use super::*;

    fn rule(id: &'static str) -> OperationRule {
        OperationRule {
            id,
            scope: None,
            public: false,
            roles: Vec::new(),
            idempotency: Idempotency::None,
            rate_weight: 1,
        }
    }

    const CODES: [ErrorCode; 1] = [ErrorCode {
        code: "unauthorized",
        status: 401,
        title: "Not signed in",
        detail: "Sign in.",
        common: Common::WhenAuth,
    }];

    fn good() -> Value {
        json!({
            "paths": {"/v1/deals/{id}": {"get": {
                "operationId": "get_deal", "summary": "Read a deal", "description": "As it is now.",
                "parameters": [{"name": "id", "in": "path", "required": true, "description": "Which deal.", "schema": {"type": "string"}}],
                "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Deal"}}}}},
            }}},
            "components": {"schemas": {"Deal": {"type": "object", "description": "A deal.", "properties": {"id": {"type": "string", "description": "Its id."}}}}},
        })
    }

    fn faults(raw: Value) -> Vec<String> {
        let rules = [rule("getDeal")];
        check(&polish(raw, &rules, &CODES, &[]), &rules)
    }

    #[test]
    fn a_good_document_has_no_fault() {
        assert_eq!(faults(good()), Vec::<String>::new());
    }

    #[test]
    fn each_omission_is_named() {
        let omissions: [(&str, Value, &str); 10] = [
            ("/paths/~1v1~1deals~1{id}/get/summary", json!(""), "no summary"),
            ("/paths/~1v1~1deals~1{id}/get/description", json!(""), "no description"),
            (
                "/paths/~1v1~1deals~1{id}/get/operationId",
                json!("read_deal"),
                "readDeal has no row in the permission table",
            ),
            (
                "/paths/~1v1~1deals~1{id}/get/parameters",
                json!([]),
                "does not describe {id}",
            ),
            (
                "/paths/~1v1~1deals~1{id}/get/parameters/0/description",
                json!(""),
                "the parameter id has no description",
            ),
            (
                "/paths/~1v1~1deals~1{id}/get/responses",
                json!({}),
                "0 kinds of success",
            ),
            (
                "/components/schemas/Deal/properties/id",
                json!({"type": "string"}),
                "the field id of Deal has no description",
            ),
            (
                "/components/schemas/Deal/properties/id",
                json!({"$ref": "#/components/schemas/DealId"}),
                "DealId refers to nothing",
            ),
            (
                "/components/schemas/Deal/properties/id",
                json!({"$ref": "#/components/schemas/Deal"}),
                "Deal contains itself",
            ),
            (
                "/components/schemas/Deal/properties/id",
                json!({"type": "object", "properties": {"a": {}}}),
                "object without a name",
            ),
        ];
        for (place, value, expected) in omissions {
            let mut raw = good();
            *raw.pointer_mut(place).unwrap() = value;
            let found = faults(raw);
            assert!(
                found.iter().any(|fault| fault.contains(expected)),
                "{expected}: {found:?}"
            );
        }
    }

    #[test]
    fn paths_that_could_be_confused_are_named() {
        let mut raw = good();
        let operation = raw["paths"]["/v1/deals/{id}"]["get"].clone();
        for path in [
            "/v1/deals/{id}/lines/{line_id}",
            "/v1/deals/by-number/{year}/{number}",
            "/v1/deals/batch",
        ] {
            raw["paths"][path]["get"] = operation.clone();
        }
        let found: Vec<String> = faults(raw)
            .into_iter()
            .filter(|fault| fault.contains("same address"))
            .collect();
        assert_eq!(
            found,
            [
                "/v1/deals/by-number/{year}/{number} and /v1/deals/{id}/lines/{line_id} can mean the same address: rename one"
            ]
        );
    }

    #[test]
    fn a_code_that_is_not_in_the_table_is_named() {
        let mut raw = good();
        raw["paths"]["/v1/deals/{id}"]["get"]["x-errors"] = json!(["no_such_code"]);
        assert!(faults(raw)[0].contains("no_such_code"));
    }
}
