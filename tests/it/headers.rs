//! Headers of requests: what the contract says of them is held against every request, and what it promises is kept.

use std::collections::BTreeSet;

use actix_web::http::Method;
use diesel::{QueryDsl as _, RunQueryDsl as _};
use openprm::{auth::Role, kernel::ids::Id as _, schema::idempotency_keys};
use serde_json::{Value, json};

use crate::{
    program::{Program, path, submitted, with},
    support::{
        api::api,
        fixtures::{Fixtures, Whose},
    },
};

each_engine! {
    async fn a_header_that_does_not_have_its_form_is_refused_and_named(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut asked = BTreeSet::new();
        for operation in &api().operations {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let caller = fixtures.caller(operation, Whose::Own);
            for (name, bad) in [
                ("If-None-Match", &["\"ключ\"", ""][..]),
                ("If-Match", &["rubbish", "*", "\"1\", \"2\"", "1", ""][..]),
                ("Idempotency-Key", &["", "a b", "ключ"][..]),
            ] {
                if operation.parameter(name).is_none() {
                    continue;
                }
                for bad in bad {
                    let response = caller.probe(operation.method.clone(), &path, &[(name, bad)], None).await;
                    assert!(response.faults.is_empty(), "{}: {:?}", operation.id, response.faults);
                    // OAuth has its own form of refusals.
                    if operation.id != "issueToken" {
                        let named = response.body["errors"].as_array().into_iter().flatten().any(|fault| fault["pointer"] == format!("header:{name}"));
                        assert!(response.status == 400 && response.body["code"] == "invalid_header" && named, "{} with {name}: {bad}: {} {}", operation.id, response.status, response.body);
                    }
                }
                asked.insert((name, operation.id.as_str()));
            }
        }
        assert!(asked.contains(&("If-None-Match", "getJwks")) && asked.contains(&("If-None-Match", "getAuthorizationServer")));
        assert!(asked.contains(&("If-Match", "updateTerritory")) && asked.contains(&("Idempotency-Key", "createTerritory")));
    }

    async fn any_list_of_entity_tags_is_one(world: World) {
        let admin = world.vendor(Role::Admin);
        let made = admin.post("/v1/territories", json!({"code": "LI", "name": "Liechtenstein", "kind": "country"})).await;
        let (path, tag) = (made.header("location").unwrap().to_owned(), made.header("etag").unwrap().to_owned());
        for held in ["*".to_owned(), format!("\"someone's own, with a comma\",{tag}").replace(' ', "_"), format!("W/\"\" , {tag}"), format!("\"a\",\t\"b\", W/{tag}")] {
            assert_eq!(admin.send(Method::GET, &path, &[("if-none-match", &held)], None).await.status, 304, "{held}");
        }
        let lines = [("if-none-match", "\"other\""), ("if-none-match", tag.as_str())];
        assert_eq!(admin.send(Method::GET, &path, &lines, None).await.status, 304, "several lines are one list");
        for other in ["\"other\"", "rubbish", "\"open", "W/"] {
            assert_eq!(admin.send(Method::GET, &path, &[("if-none-match", other)], None).await.status, 200, "{other}");
        }
        // What an operation does not take is not looked at.
        assert_eq!(admin.send(Method::GET, &path, &[("if-match", "rubbish"), ("idempotency-key", "a b")], None).await.status, 200);
    }

    async fn an_action_on_what_has_changed_since_is_refused(world: World) {
        let program = Program::new(&world).await;
        let (approver, sales) = (world.vendor(Role::Approver), program.sales(program.partner("Nordwind")));
        let deal = submitted(&sales, with(json!({}))).await;
        let seen = approver.get(&path(&deal, "")).await.header("etag").unwrap().to_owned();
        approver.post(&path(&deal, "/claim-review"), json!({})).await.expect(200);
        let approve = async |tag: &str, key: &str| approver.send(Method::POST, &path(&deal, "/approve"), &[("if-match", tag), ("idempotency-key", key)], Some(&json!({}))).await;
        let refused = approve(&seen, "first").await.expect(412);
        assert_eq!((refused["code"].as_str(), refused["current_etag"].is_string()), (Some("precondition_failed"), true));
        let now = approver.get(&path(&deal, "")).await.header("etag").unwrap().to_owned();
        assert_eq!(approve(&now, "second").await.expect(200)["review_status"], "approved");
    }

    async fn an_answer_with_a_secret_is_given_again_and_stands_nowhere_in_clear(world: World) {
        let admin = world.vendor(Role::Admin);
        let again = async |path: &str, body: Value, key: &str| {
            let first = admin.send(Method::POST, path, &[("idempotency-key", key)], Some(&body)).await;
            let second = admin.send(Method::POST, path, &[("idempotency-key", key)], Some(&body)).await;
            assert_eq!((first.status, second.status), (201, 201), "{path}");
            assert_eq!(first.bytes, second.bytes, "{path}");
            assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), (None, Some("true")));
            assert_eq!((first.header("cache-control"), second.header("cache-control")), (Some("no-store"), Some("no-store")));
            assert_eq!((first.header("etag"), first.header("location")), (second.header("etag"), second.header("location")));
            first.body
        };
        let client = again("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]}), "client").await;
        let id = client["client"]["id"].as_str().unwrap();
        let rotated = again(&format!("/v1/service-clients/{id}/secrets"), json!({"overlap_seconds": 60}), "rotated").await;
        let key = again("/v1/api-keys", json!({"name": "Export", "client_id": id}), "key").await;
        let secrets = [&client["client_secret"], &rotated["client_secret"], &key["text"]];
        let stored: Vec<(bool, Option<String>)> = world.sql(|tx| {
            Ok(idempotency_keys::table.select((idempotency_keys::sealed, idempotency_keys::body)).load(tx.conn())?)
        });
        assert_eq!(stored.len(), 3);
        for (sealed, body) in stored {
            let body = body.unwrap();
            assert!(sealed && body.starts_with("v1."), "{body}");
            assert!(!secrets.iter().any(|secret| body.contains(secret.as_str().unwrap())));
        }
        // The key that was given again works: there is one, not two.
        world.bearer(key["text"].as_str().unwrap()).get("/v1/territories").await.expect(200);
        assert_eq!(admin.get("/v1/api-keys").await.expect(200)["data"].as_array().unwrap().len(), 1);
        // Sealed for one caller's key: under another's it does not open, and nobody else finds it.
        let other = world.vendor(Role::Admin);
        let fresh = other.send(Method::POST, "/v1/api-keys", &[("idempotency-key", "key")], Some(&json!({"name": "Export", "client_id": id}))).await;
        assert_ne!(fresh.expect(201)["text"], key["text"]);
    }

    async fn unknown_parameters_are_passed_over_for_those_who_prefer_it(world: World) {
        let admin = world.vendor(Role::Admin);
        let lenient = async |path: &str, prefer: &str| admin.send(Method::GET, path, &[("prefer", prefer)], None).await;
        for prefer in ["handling=lenient", "respond-async, Handling=\"lenient\"; for=life", "wait=10,handling = lenient"] {
            let taken = lenient("/v1/territories?order_by=name&q=x&no%22such%0A=1", prefer).await;
            assert_eq!(taken.header("preference-applied"), Some("handling=lenient, ignored=\"order_by no?such?\""), "{prefer}");
            taken.expect(200);
        }
        assert_eq!(lenient("/v1/territories?q=x", "handling=lenient").await.header("preference-applied"), Some("handling=lenient"));
        // What is known must still fit; and who does not ask for leniency does not get it.
        let refused = lenient("/v1/territories?order_by=name&limit=0", "handling=lenient").await.expect(400);
        assert_eq!(refused["errors"].as_array().unwrap().len(), 1);
        for prefer in ["handling=strict", "lenient", "return=minimal"] {
            let refused = lenient("/v1/territories?order_by=name", prefer).await;
            assert_eq!(refused.header("preference-applied"), None);
            assert_eq!(refused.expect(400)["errors"][0]["pointer"], "query:order_by");
        }
    }

    async fn a_list_tells_how_many_rows_it_has_if_it_is_asked(world: World) {
        let admin = world.vendor(Role::Admin);
        for number in 0..5 {
            let kind = if number < 3 { "region" } else { "custom" };
            admin.post("/v1/territories", json!({"code": format!("T{number}"), "name": format!("Territory {number}"), "kind": kind})).await.expect(201);
        }
        assert_eq!(admin.get("/v1/territories?limit=2").await.expect(200)["total"], Value::Null);
        let first = admin.get("/v1/territories?limit=2&include_total=true").await.expect(200);
        assert_eq!(first["total"], json!({"value": 5, "relation": "eq"}));
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = admin.get(&format!("/v1/territories?limit=2&include_total=true&cursor={cursor}")).await.expect(200);
        assert_eq!(next["total"], json!({"value": 5, "relation": "eq"}), "of all pages, wherever the page begins");
        admin.get(&format!("/v1/territories?limit=2&cursor={cursor}")).await.expect(200);
        assert_eq!(admin.get("/v1/territories?kind=custom&include_total=true").await.expect(200)["total"]["value"], 2);
        assert_eq!(admin.get("/v1/territories?kind=world&include_total=true").await.expect(200)["total"]["value"], 0);
        // Beyond the bound it says so. Rows as they stand, for speed.
        let at = world.now();
        world.sql(move |tx| {
            for block in 0..21_u128 {
                let rows: Vec<String> = (0..500_u128)
                    .map(|row| {
                        let number = 1000 + block * 500 + row;
                        let id = openprm::kernel::ids::TerritoryId::example(u64::try_from(number).unwrap());
                        format!("('{id}', 'M{number}', 'Many {number}', 'many {number}', 'custom', NULL, 'active', 1, {0}, {0})", at.micros())
                    })
                    .collect();
                let sql = format!("INSERT INTO territories (id, code, name, name_key, kind, parent_id, status, revision, created_at, updated_at) VALUES {}", rows.join(", "));
                diesel::sql_query(&sql).execute(tx.conn())?;
            }
            Ok(())
        });
        assert_eq!(admin.get("/v1/territories?limit=1&include_total=true").await.expect(200)["total"], json!({"value": 10_000, "relation": "gte"}));
    }

    async fn every_list_counts_its_rows(world: World) {
        let fixtures = Fixtures::new(&world).await;
        for operation in api().operations.iter().filter(|operation| operation.is_list()) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let needed: Vec<String> = operation.parameters.iter().filter(|one| one.place == "query" && one.required).map(|one| format!("{}={}&", one.name, one.plain())).collect();
            let caller = fixtures.caller(operation, Whose::Own);
            let page = caller.get(&format!("{path}?{}limit=200&include_total=true", needed.concat())).await.expect(200);
            if page["has_more"] == false {
                assert_eq!(page["total"]["value"], page["data"].as_array().unwrap().len(), "{}", operation.id);
            }
        }
    }
}
