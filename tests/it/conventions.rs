//! What holds for every resource alike, asked of every operation of the contract: whoever adds one is covered by it.
//!
//! Each test collects all offenders before it fails, and names each by its operation.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use openprm::{app, auth::Role};
use serde_json::{Value, json};

use crate::support::{
    Response,
    api::{Operation, Parameter, api},
    fixtures::{Fixtures, Whose},
};

/// What does not keep to a convention.
#[derive(Default)]
struct Offenders {
    asked: usize,
    list: Vec<String>,
}

/// Operations that differ from a convention on purpose, and why.
const EXCEPT: &[(&str, &str)] = &[
    (
        "getProtection",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "listProtections",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "getTierGap",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    (
        "getPartnerBenefits",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "listPartnerSpecialisations",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    (
        "listBenefitUsage",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    ("issueToken", "OAuth has its own form of refusals (RFC 6749)"),
    ("revokeToken", "OAuth has its own form of refusals (RFC 6749)"),
    ("introspectToken", "OAuth has its own form of refusals (RFC 6749)"),
    (
        "getCustomerAccountByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getDealByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getPartnerByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getPersonByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getDirectOpportunityByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    (
        "getNamedAccountByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    (
        "getInstalledBaseByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    ("updateNote", "only its author changes a note"),
    ("updateDealComment", "only its author changes a comment"),
    ("updateInteraction", "only its author changes an interaction"),
    ("updateSavedView", "only its owner changes a view"),
];

impl Offenders {
    fn check(&mut self, holds: bool, operation: &Operation, what: impl FnOnce() -> String) {
        self.asked += 1;
        if !holds && !EXCEPT.iter().any(|(id, _)| *id == operation.id) {
            self.list.push(format!("{}: {}", operation.id, what()));
        }
    }

    /// The answer must be a problem with that status and code.
    fn problem(&mut self, operation: &Operation, what: &str, response: &Response, status: u16, code: &str) {
        let fits = response.status == status && response.body["code"] == code;
        self.check(fits, operation, || {
            format!(
                "{what}: {} {} instead of {status} {code}",
                response.status,
                short(&response.body)
            )
        });
    }

    fn done(self, rule: &str) {
        assert!(self.asked > 0, "nothing was asked: {rule}");
        assert!(
            self.list.is_empty(),
            "If you are here because you added an operation: {rule} (api.md). Of {} answers these keep not to it:\n  {}",
            self.asked,
            self.list.join("\n  ")
        );
    }
}

fn short(value: &Value) -> String {
    let text = if value["code"].is_string() {
        format!("{} {} {}", value["code"], value["detail"], value["errors"])
    } else {
        value.to_string()
    };
    text.chars().take(300).collect()
}

/// The operation's address with ids of rows, or of none where none can be made.
fn address(operation: &Operation, fixtures: &Fixtures<'_>) -> String {
    fixtures.path(operation, Whose::Own).unwrap_or_else(|| {
        let mut path = operation.path.clone();
        for parameter in operation.path_ids() {
            path = path.replace(&format!("{{{}}}", parameter.name), &parameter.plain());
        }
        path
    })
}

pub fn joined(address: &str, query: &str) -> String {
    if query.is_empty() {
        address.to_owned()
    } else {
        format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
    }
}

/// The parameters without which the operation answers nothing.
pub fn needed(operation: &Operation) -> String {
    let needed = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == "query" && parameter.required);
    needed
        .map(|parameter| format!("{}={}", parameter.name, sample(parameter)))
        .collect::<Vec<_>>()
        .join("&")
}

fn sample(parameter: &Parameter) -> String {
    parameter
        .plain()
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn form(operation: &Operation) -> bool {
    operation
        .body
        .as_ref()
        .is_some_and(|body| body.media.iter().any(|media| media.ends_with("urlencoded")))
}

/// Whether its body is content that is taken in as it comes, of whatever kind.
fn streams(operation: &Operation) -> bool {
    operation
        .body
        .as_ref()
        .is_some_and(|body| body.media.iter().any(|media| media == "application/octet-stream"))
}

fn lists() -> impl Iterator<Item = &'static Operation> {
    api().operations.iter().filter(|operation| operation.is_list())
}

/// The operation that adds a row to a list.
pub fn adds_to(list: &Operation) -> Option<&'static Operation> {
    api().operations.iter().find(|operation| {
        operation.method == Method::POST && operation.path == list.path && operation.answer("201").is_some()
    })
}

fn ids(page: &Value) -> Vec<String> {
    page["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["id"].as_str().map_or_else(|| row.to_string(), str::to_owned))
        .collect()
}

each_engine! {
    async fn an_unknown_query_parameter_is_refused_and_named(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in &api().operations {
            let path = joined(&address(operation, &fixtures), "no_such_parameter=1");
            let response = fixtures.caller(operation, Whose::Own).probe(operation.method.clone(), &path, &[], None).await;
            offenders.problem(operation, "?no_such_parameter=1", &response, 400, "invalid_query");
            let named = response.body["errors"].as_array().into_iter().flatten().any(|fault| fault["pointer"] == "query:no_such_parameter");
            offenders.check(named, operation, || "the unknown parameter is not named".to_owned());
        }
        offenders.done("an unknown query parameter is answered 400 and named");
    }

    async fn every_documented_query_parameter_is_taken(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.method == Method::GET && fixtures.path(operation, Whose::Own).is_some()) {
            let caller = fixtures.caller(operation, Whose::Own);
            let path = joined(&address(operation, &fixtures), &needed(operation));
            let before = caller.probe(Method::GET, &path, &[], None).await;
            for parameter in operation.parameters.iter().filter(|parameter| parameter.place == "query" && !parameter.required && parameter.name != "cursor") {
                let schema = api().resolve(&parameter.schema);
                let item = api().resolve(&schema["items"]);
                let words: Vec<String> = [schema, item].iter().flat_map(|schema| schema["enum"].as_array().into_iter().flatten()).filter_map(Value::as_str).map(str::to_owned).collect();
                let values = if words.is_empty() { vec![sample(parameter)] } else { words };
                for value in values {
                    let response = caller.probe(Method::GET, &joined(&path, &format!("{}={value}", parameter.name)), &[], None).await;
                    // Two filters that exclude each other by nature may say so; the server may not fail.
                    let same = response.status == before.status || (response.body["code"] == "invalid_query" && before.status == 200 && parameter.name.starts_with("external_"));
                    offenders.check(same && response.faults.is_empty(), operation, || format!("{}={value}: {} {} {:?}", parameter.name, response.status, short(&response.body), response.faults));
                }
                let nul = caller.probe(Method::GET, &joined(&path, &format!("{}=%00", parameter.name)), &[], None).await;
                offenders.problem(operation, &format!("{}=%00", parameter.name), &nul, 400, "invalid_query");
                let twice = joined(&path, &format!("{0}={1}&{0}={1}", parameter.name, sample(parameter)));
                offenders.problem(operation, "a parameter sent twice", &caller.probe(Method::GET, &twice, &[], None).await, 400, "invalid_query");
            }
        }
        offenders.done("every documented value of a query parameter is taken");
    }

    async fn every_list_keeps_to_its_limit_and_its_cursors(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        let mut foreign_cursor: Option<(String, String)> = None;
        for operation in lists() {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let caller = fixtures.caller(operation, Whose::Own);
            for limit in ["0", "201", "-1", "many", "1.5", "99999999999999999999"] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("limit={limit}")), &[], None).await;
                offenders.problem(operation, &format!("limit={limit}"), &response, 400, "invalid_query");
            }
            for cursor in ["AAAA", "eyJrIjoiMDFqZHE0In0"] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor that is none", &response, 409, "invalid_cursor");
            }
            if let Some(adding) = adds_to(operation) {
                for _ in 0..3 {
                    fixtures.call(adding, Whose::Own).await;
                }
            }
            let first = caller.probe(Method::GET, &joined(&path, "limit=1"), &[], None).await;
            offenders.check(ids(&first.body).len() <= 1, operation, || "limit=1 answers more than one row".to_owned());
            let Some(cursor) = first.body["next_cursor"].as_str() else { continue };
            let link = first.header("link").unwrap_or_default().to_owned();
            offenders.check(link.contains(cursor) && link.contains("rel=\"next\""), operation, || format!("Link does not lead to the next page: {link:?}"));
            offenders.check(first.body["has_more"] == true, operation, || "has_more contradicts next_cursor".to_owned());
            let mut bent = cursor.to_owned();
            let last = bent.pop().unwrap();
            bent.push(if last == 'A' { 'B' } else { 'A' });
            let mut front = cursor.to_owned();
            front.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
            for bent in [bent, front] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("limit=1&cursor={bent}")), &[], None).await;
                // The last character may carry bits that mean nothing.
                let same = response.status == 200 && ids(&response.body) == ids(&caller.probe(Method::GET, &joined(&path, &format!("limit=1&cursor={cursor}")), &[], None).await.body);
                offenders.check(response.body["code"] == "invalid_cursor" || (same && bent.starts_with(&cursor[..cursor.len() - 1])), operation, || format!("a bent cursor: {} {}", response.status, short(&response.body)));
            }
            if let Some((of, other)) = foreign_cursor.replace((operation.id.clone(), cursor.to_owned())) {
                let response = caller.probe(Method::GET, &joined(&path, &format!("cursor={other}")), &[], None).await;
                offenders.problem(operation, &format!("a cursor of {of}"), &response, 409, "cursor_mismatch");
            }
            let sorts = operation.parameter("sort").map(|sort| api().resolve(&sort.schema)["enum"].clone());
            if let Some(other) = sorts.as_ref().and_then(Value::as_array).and_then(|sorts| sorts.last()).and_then(Value::as_str) {
                let response = caller.probe(Method::GET, &joined(&path, &format!("sort={other}&cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor of another order", &response, 409, "cursor_mismatch");
            }
            if operation.path_ids().next().is_some()
                && let Some(elsewhere) = fixtures.path(operation, Whose::Foreign).filter(|elsewhere| !path.starts_with(elsewhere.as_str()))
            {
                let other = fixtures.caller(operation, Whose::Foreign);
                let response = other.probe(Method::GET, &joined(&joined(&elsewhere, &needed(operation)), &format!("cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor of the same list of another record", &response, 409, "cursor_mismatch");
            }
        }
        offenders.done("a list answers 1 to 200 rows, and takes only its own cursors, unchanged");
    }

    async fn a_walk_by_cursor_meets_every_row_once_while_rows_are_added(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in lists() {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let adding = adds_to(operation);
            for _ in 0..4 {
                if let Some(adding) = adding {
                    fixtures.call(adding, Whose::Own).await;
                }
            }
            let sorts: Vec<String> = operation
                .parameter("sort")
                .map(|sort| api().resolve(&sort.schema)["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|word| format!("sort={word}")).collect())
                .unwrap_or_else(|| vec![String::new()]);
            for sort in sorts {
                let caller = fixtures.caller(operation, Whose::Own);
                let listed = joined(&path, &sort);
                let there = ids(&caller.probe(Method::GET, &joined(&listed, "limit=200"), &[], None).await.body);
                let mut met = Vec::new();
                let mut page = joined(&listed, "limit=2");
                for step in 0..200 {
                    let response = caller.probe(Method::GET, &page, &[], None).await;
                    if response.status != 200 {
                        offenders.check(false, operation, || format!("{page}: {} {}", response.status, short(&response.body)));
                        break;
                    }
                    met.extend(ids(&response.body));
                    let Some(cursor) = response.body["next_cursor"].as_str() else { break };
                    page = joined(&listed, &format!("limit=2&cursor={cursor}"));
                    if let (Some(adding), true) = (adding, step < 2) {
                        fixtures.call(adding, Whose::Own).await;
                    }
                }
                let seen: BTreeSet<&String> = met.iter().collect();
                offenders.check(seen.len() == met.len(), operation, || format!("{sort}: a row was met twice: {met:?}"));
                offenders.check(there.iter().all(|id| seen.contains(id)), operation, || format!("{sort}: of {there:?} only {met:?} were met"));
                let order: Vec<&String> = met.iter().filter(|id| there.contains(id)).collect();
                offenders.check(order == there.iter().collect::<Vec<_>>(), operation, || format!("{sort}: the walk is in another order than the whole list"));
            }
        }
        offenders.done("a walk by next_cursor meets every row that was there once, in every order");
    }

    async fn fields_narrow_an_answer(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders { asked: 1, list: Vec::new() };
        for operation in api().operations.iter().filter(|operation| operation.parameter("fields").is_some()) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let response = fixtures.caller(operation, Whose::Own).probe(Method::GET, &joined(&joined(&path, &needed(operation)), "fields=id"), &[], None).await;
            let record = if operation.parameter("cursor").is_some() { &response.body["data"][0] } else { &response.body };
            let names: Vec<&String> = record.as_object().into_iter().flatten().map(|(name, _)| name).collect();
            offenders.check(response.status == 200 && (record.is_null() || names == ["id"]), operation, || format!("fields=id: {} {names:?}", response.status));
        }
        offenders.done("fields= leaves only what is named");
    }

    async fn what_has_not_changed_is_answered_304(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.method == Method::GET) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let caller = fixtures.caller(operation, Whose::Own);
            let response = caller.probe(Method::GET, &path, &[], None).await;
            let Some(tag) = response.header("etag").filter(|_| response.status == 200) else { continue };
            for (sent, wanted) in [(tag.to_owned(), 304), (format!("W/{tag}"), 304), (format!("\"0-0000000000000000\", {tag}"), 304), ("\"0-0000000000000000\"".to_owned(), 200)] {
                let again = caller.probe(Method::GET, &path, &[("if-none-match", &sent)], None).await;
                offenders.check(again.status == wanted && again.faults.is_empty(), operation, || format!("If-None-Match {sent} with ETag {tag}: {} {:?}", again.status, again.faults));
                offenders.check(again.status != 304 || again.bytes.is_empty() && again.header("etag") == Some(tag), operation, || "the 304 has a body or another ETag".to_owned());
            }
        }
        offenders.done("If-None-Match with the present ETag is answered 304");
    }

    async fn a_change_needs_the_tag_of_what_it_changes(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.parameter("If-Match").is_some()) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let required = operation.parameter("If-Match").is_some_and(|parameter| parameter.required);
            let caller = fixtures.caller(operation, Whose::Own);
            let body = fixtures.body(operation, Whose::Own, false);
            let mut headers = vec![];
            if operation.idempotency == "required" {
                headers.push(("idempotency-key", "a-key"));
            }
            if required {
                let response = caller.probe(operation.method.clone(), &path, &headers, body.as_ref()).await;
                offenders.problem(operation, "without If-Match", &response, 428, "precondition_required");
                headers.push(("if-match", "\"999999\""));
                let response = caller.probe(operation.method.clone(), &path, &headers, body.as_ref()).await;
                offenders.problem(operation, "with a stale If-Match", &response, 412, "precondition_failed");
                headers.pop();
            }
            if !required {
                // An action may find more that stands in its way; what it may not do is go through.
                let stale = [headers.as_slice(), &[("if-match", "\"999999\"")]].concat();
                let response = caller.probe(operation.method.clone(), &path, &stale, body.as_ref()).await;
                offenders.check(response.status >= 400, operation, || format!("a stale If-Match was answered {}", response.status));
            }
            headers.push(("if-match", "rubbish"));
            let response = caller.probe(operation.method.clone(), &path, &headers, body.as_ref()).await;
            offenders.problem(operation, "with an If-Match that is no tag", &response, 400, "invalid_header");
            let named = response.body["errors"].as_array().into_iter().flatten().any(|fault| fault["pointer"] == "header:If-Match");
            offenders.check(named, operation, || format!("the header is not named: {}", short(&response.body)));
        }
        for operation in api().operations.iter().filter(|operation| matches!(operation.method, Method::PATCH)) {
            offenders.check(operation.parameter("If-Match").is_some_and(|parameter| parameter.required), operation, || "PATCH does not require If-Match".to_owned());
        }
        offenders.done("If-Match is required on changes by id: missing 428, stale 412");
    }

    async fn an_empty_patch_changes_nothing(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.method == Method::PATCH) {
            let reading = api().operations.iter().find(|read| read.method == Method::GET && read.path == operation.path);
            let (Some(path), Some(_)) = (fixtures.path(operation, Whose::Own), reading) else { continue };
            let caller = fixtures.caller(operation, Whose::Own);
            let before = caller.probe(Method::GET, &path, &[], None).await;
            let Some(tag) = before.header("etag") else { continue };
            let headers = [("if-match", tag), ("content-type", "application/merge-patch+json")];
            let after = caller.probe(Method::PATCH, &path, &headers, Some(&json!({}))).await;
            offenders.check(after.status == 200 && after.faults.is_empty(), operation, || format!("{{}}: {} {} {:?}", after.status, short(&after.body), after.faults));
            let without = |record: &Value| {
                let mut record = record.clone();
                record["revision"] = Value::Null;
                record["updated_at"] = Value::Null;
                record
            };
            offenders.check(after.status != 200 || without(&before.body) == without(&after.body), operation, || format!("{{}} changed {} to {}", before.body, after.body));
        }
        offenders.done("a merge patch without members leaves the record as it is");
    }

    async fn a_body_that_does_not_fit_is_refused_with_its_reason(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.body.is_some() && !form(operation) && !streams(operation)) {
            let path = joined(&address(operation, &fixtures), &needed(operation));
            let caller = fixtures.caller(operation, Whose::Own);
            let mut headers = vec![("if-match", "\"999999\"")];
            if operation.idempotency == "required" {
                headers.push(("idempotency-key", "a-key"));
            }
            let typed = |media: &'static str| [headers.as_slice(), &[("content-type", media)]].concat();
            let method = || operation.method.clone();
            let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
            for text in ["{", "{\"a\":}", "nothing", "{} {}", "\u{feff}{", deep.as_str()] {
                let response = caller.probe_bytes(method(), &path, &typed("application/json"), Some(text.as_bytes().to_vec())).await;
                offenders.problem(operation, &format!("the body {}", text.chars().take(12).collect::<String>()), &response, 400, "malformed_json");
            }
            let response = caller.probe_bytes(method(), &path, &typed("application/json"), Some(b"{\"a\": \"\xff\"}".to_vec())).await;
            offenders.problem(operation, "a body that is not UTF-8", &response, 400, "malformed_json");
            for media in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
                let response = caller.probe_bytes(method(), &path, &typed(media), Some(b"{}".to_vec())).await;
                offenders.problem(operation, media, &response, 415, "unsupported_media_type");
            }
            let limit = if operation.path.ends_with("/batch") || operation.path.ends_with("/matchings") { openprm::http::gate::BATCH_LIMIT } else { openprm::http::gate::BODY_LIMIT };
            let large = format!("{{\"a\":\"{}\"}}", "x".repeat(limit));
            let response = caller.probe_bytes(method(), &path, &typed("application/json"), Some(large.into_bytes())).await;
            offenders.problem(operation, "a body too large", &response, 413, "payload_too_large");
            for other in [json!([]), json!("text"), json!(1), json!(null)] {
                let response = caller.probe(method(), &path, &headers, Some(&other)).await;
                offenders.problem(operation, &format!("the body {other}"), &response, 422, "validation_failed");
            }
            let Some(Value::Object(mut body)) = fixtures.body(operation, Whose::Own, true) else { continue };
            body.insert("no_such_field".to_owned(), json!(1));
            let response = caller.probe(method(), &path, &headers, Some(&Value::Object(body.clone()))).await;
            offenders.problem(operation, "an unknown field", &response, 422, "validation_failed");
            let named = response.body["errors"].as_array().into_iter().flatten().any(|fault| fault["pointer"] == "#/no_such_field");
            offenders.check(named, operation, || format!("the unknown field is not named: {}", short(&response.body)));
            body.remove("no_such_field");
            if let Some(name) = body.iter().find(|(_, value)| value.is_string()).map(|(name, _)| name.clone()) {
                body.insert(name.clone(), json!("nul \0 in it"));
                let response = caller.probe(method(), &path, &headers, Some(&Value::Object(body))).await;
                offenders.problem(operation, &format!("U+0000 in {name}"), &response, 422, "validation_failed");
            }
        }
        offenders.done("what is wrong with a body is told by 400, 413, 415 or 422, with pointers");
    }

    async fn addresses_and_methods_that_are_none_are_problems_too(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let admin = world.vendor(Role::Admin);
        for path in ["/", "/v1", "/v1/nothing", "/v1/partners/a/b/c/d/e", "/V1/partners", "/v1//partners", "/v1/%00", "/v1/partners/%ff", "/v2/partners", "/v1/partners/../users"] {
            let response = admin.probe(Method::GET, path, &[], None).await;
            assert_eq!(response.status, 404, "{path}");
            assert_eq!(response.header("content-type"), Some("application/problem+json"), "{path}");
            assert_eq!(response.header("x-request-id"), response.body["request_id"].as_str(), "{path}");
        }
        let mut offenders = Offenders::default();
        let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for operation in &api().operations {
            methods.entry(&operation.path).or_default().insert(operation.method.to_string());
        }
        for (path, known) in &methods {
            let operation = api().operations.iter().find(|operation| operation.path == *path).unwrap();
            let address = address(operation, &fixtures);
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
                let taken = api().find(&method, &address);
                if taken.is_some() {
                    continue;
                }
                for caller in [&admin, &world.stranger()] {
                    let response = caller.probe(method.clone(), &address, &[], None).await;
                    offenders.problem(operation, method.as_str(), &response, 405, "method_not_allowed");
                    let allow: BTreeSet<String> = response.header("allow").unwrap_or_default().split(',').map(|one| one.trim().to_owned()).filter(|one| !matches!(one.as_str(), "HEAD" | "OPTIONS")).collect();
                    offenders.check(allow == *known, operation, || format!("Allow is {allow:?}, possible are {known:?}"));
                }
            }
        }
        offenders.done("a method that an address does not take is answered 405 with Allow");
    }

    async fn head_is_get_without_a_body_and_options_tells_the_methods(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.method == Method::GET) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let caller = fixtures.caller(operation, Whose::Own);
            let (get, head) = (caller.probe(Method::GET, &path, &[], None).await, caller.probe(Method::HEAD, &path, &[], None).await);
            offenders.check(head.status == get.status && head.header("etag") == get.header("etag"), operation, || format!("HEAD answers {} {:?}, GET {} {:?}", head.status, head.header("etag"), get.status, get.header("etag")));
            let options = world.stranger().probe(Method::OPTIONS, &path, &[], None).await;
            offenders.check(options.status < 300 && options.header("allow").is_some_and(|allow| allow.contains("GET")), operation, || format!("OPTIONS answers {} {:?}", options.status, options.header("allow")));
        }
        offenders.done("HEAD answers as GET does, and OPTIONS tells the methods");
    }

    async fn a_request_id_is_echoed_if_it_is_usable(world: World) {
        let admin = world.vendor(Role::Admin);
        let given = "req_01jdq4m2x8f3v7c9k5t1w6b0za";
        let mut seen = BTreeSet::new();
        for path in ["/v1/partners", "/v1/partners?limit=0", "/v1/nothing", "/v1/partners/partner_01jdq4p6c8f3kb2v9y0s7x5ham"] {
            assert_eq!(admin.send(Method::GET, path, &[("x-request-id", given)], None).await.header("x-request-id"), Some(given), "{path}");
            for bad in ["", "with blanks in it", "<script>", &"x".repeat(500)] {
                let made = admin.send(Method::GET, path, &[("x-request-id", bad)], None).await.header("x-request-id").unwrap().to_owned();
                assert!(made.starts_with("req_"), "{path}: {bad} was answered {made}");
                assert!(seen.insert(made), "an id was given twice");
            }
        }
    }

    async fn the_same_key_gives_the_same_answer_and_one_effect(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.idempotency != "none" && operation.method == Method::POST && !form(operation)) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let caller = fixtures.caller(operation, Whose::Own);
            let Some(body) = fixtures.body(operation, Whose::Own, false) else { continue };
            let key = format!("same-{}", operation.id);
            let headers = [("idempotency-key", key.as_str())];
            if operation.idempotency == "required" {
                let response = caller.probe(Method::POST, &path, &[], Some(&body)).await;
                offenders.problem(operation, "without Idempotency-Key", &response, 400, "invalid_header");
            }
            let first = caller.probe(Method::POST, &path, &headers, Some(&body)).await;
            let second = caller.probe(Method::POST, &path, &headers, Some(&body)).await;
            if first.status >= 300 {
                // Only outcomes of a committed transaction are kept.
                offenders.check(second.header("idempotency-replayed").is_none(), operation, || format!("a refusal ({}) was replayed", first.status));
                continue;
            }
            offenders.check(second.status == first.status && second.bytes == first.bytes, operation, || format!("the second answer is {} {}, the first {} {}", second.status, short(&second.body), first.status, short(&first.body)));
            offenders.check(second.header("idempotency-replayed") == Some("true"), operation, || "the replay does not say so".to_owned());
            offenders.check(first.header("idempotency-replayed").is_none(), operation, || "the first answer says that it is a replay".to_owned());
            for name in ["etag", "location", "content-type", "cache-control"] {
                offenders.check(first.header(name) == second.header(name), operation, || format!("{name} of the replay is {:?}, not {:?}", second.header(name), first.header(name)));
            }
            let other = fixtures.body(operation, Whose::Own, true).filter(|other| *other != body);
            if let Some(other) = other {
                let response = caller.probe(Method::POST, &path, &headers, Some(&other)).await;
                offenders.problem(operation, "the same key with another body", &response, 422, "idempotency_key_reused");
            }
            let long = "k".repeat(256);
            for bad in ["", "a b", long.as_str()] {
                let response = caller.probe(Method::POST, &path, &[("idempotency-key", bad)], Some(&body)).await;
                offenders.problem(operation, "a key that is none", &response, 400, "invalid_header");
            }
        }
        offenders.done("the same key and body give the first answer again, byte for byte");
    }

    async fn eight_servers_with_the_same_key_have_one_effect(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        for round in 0..4 {
            let code = format!("PARALLEL-{round}");
            let body = json!({"code": code, "name": "Parallel", "kind": "custom"}).to_string();
            let (token, key) = (ops.token(), format!("parallel-{round}"));
            // Each server is a worker of its own, as several processes on one database would be.
            let servers: Vec<_> = (0..8)
                .map(|_| {
                    let (state, body, token, key) = (world.state.clone(), body.clone(), token.clone(), key.clone());
                    std::thread::spawn(move || {
                        actix_web::rt::System::new().block_on(async move {
                            let service = actix_web::test::init_service(app::app(state)).await;
                            let request = actix_web::test::TestRequest::post()
                                .uri("/v1/territories")
                                .insert_header(("authorization", format!("Bearer {token}")))
                                .insert_header(("content-type", "application/json"))
                                .insert_header(("idempotency-key", key))
                                .set_payload(body);
                            let response = actix_web::test::call_service(&service, request.to_request()).await;
                            let status = response.status().as_u16();
                            (status, actix_web::test::read_body(response).await.to_vec())
                        })
                    })
                })
                .collect();
            let answers: Vec<(u16, Vec<u8>)> = servers.into_iter().map(|server| server.join().unwrap()).collect();
            let made: BTreeSet<&Vec<u8>> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| body).collect();
            assert_eq!(made.len(), 1, "one answer for all: {answers:?}");
            assert!(answers.iter().all(|(status, body)| *status == 201 || *status == 409 && String::from_utf8_lossy(body).contains("idempotency_in_progress")), "{answers:?}");
            assert_eq!(ops.get(&format!("/v1/territories?code={code}")).await.expect(200)["data"].as_array().unwrap().len(), 1);
        }
    }
}
