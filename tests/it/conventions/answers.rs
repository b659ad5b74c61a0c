//! How every address answers: what has not changed, methods that it takes and does not take, and the ids of requests.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use openprm::auth::Role;
use serde_json::json;

use super::{Offenders, address, joined, needed};
use crate::support::{
    Client,
    api::{Operation, api},
    fixtures::{Fixtures, Whose},
};

/// Every read, with the path to a record of the caller's own, and a caller that may read it.
fn own_reads<'w>(fixtures: &Fixtures<'w>) -> impl Iterator<Item = (&'static Operation, String, Client<'w>)> {
    let reads = api()
        .operations
        .iter()
        .filter(|operation| operation.method == Method::GET);
    reads.filter_map(|operation| {
        let path = fixtures.path(operation, Whose::Own)?;
        let path = joined(&path, &needed(operation));
        Some((operation, path, fixtures.caller(operation, Whose::Own)))
    })
}

each_engine! {
    async fn what_has_not_changed_is_answered_304(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for (operation, path, caller) in own_reads(&fixtures) {
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

    async fn what_json_schema_takes_is_taken(world: World) {
        let admin = world.vendor(Role::Admin);
        // A number without a fraction is whole, however it is written; a list may have no values; a year has four digits, and a time an offset.
        let program = admin.post("/v1/programs", json!({"code": "RESELL", "name": "Resellers"})).await.expect(201);
        let program = format!("/v1/programs/{}", program["id"].as_str().unwrap());
        admin.post(&format!("{program}/versions"), json!({"currency": "EUR"})).await.expect(201);
        let tier = admin.send_bytes(Method::POST, &format!("{program}/tiers"), &[("content-type", "application/json")], Some(br#"{"name": "Gold", "rank": 3.0, "criteria": []}"#.to_vec())).await;
        assert_eq!(tier.expect(201)["rank"], 3);
        assert_eq!(admin.get("/v1/users?role=").await.expect(200)["data"], json!([]));
        assert_ne!(admin.get("/v1/users").await.expect(200)["data"], json!([]));
        admin.get("/v1/policies/in-force?as_of=0094-01-29T15:09:26Z").await.expect(200);
        admin.get("/v1/policies/in-force?as_of=2026-11-20T15:09:26.123456%2B02:00").await.expect(200);
        // What no schema can tell is no fault of its form: the yen has no digits after the point.
        let product = json!({"code": "EDGE", "name": "Edge", "kind": "line", "list_price": {"amount": "0.1", "currency": "JPY"}});
        assert_eq!(admin.post("/v1/products", product).await.refused(409), "contradiction");
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
        for (operation, path, caller) in own_reads(&fixtures) {
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
}
