//! Changes: with the tag of what they change, with a body that fits, and once for each key.

use std::collections::BTreeSet;

use actix_web::http::Method;
use openprm::{app, auth::Role};
use serde_json::{Value, json};

use super::{Offenders, address, joined, needed, short};
use crate::support::{
    api::{Operation, api},
    fixtures::{Fixtures, Whose},
};

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

each_engine! {
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
