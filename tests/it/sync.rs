//! Records in step with other systems: links, revisions of theirs, conflicts, field maps, first loads.

use std::sync::Arc;

use actix_web::http::Method;
use diesel::{ExpressionMethods as _, RunQueryDsl as _};
use openprm::{
    app,
    auth::{Role, Rows},
    error::Error,
};
use serde_json::{Value, json};

use crate::{
    partners::prospect,
    program::{Program, approved, complete, path, sound, told_of},
    support::{Client, Response, World},
};

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

async fn crm(ops: &Client<'_>) -> Value {
    ops.post(
        "/v1/external-systems",
        json!({"code": "crm", "name": "The CRM", "kind": "other"}),
    )
    .await
    .expect(201)
}

async fn account(ops: &Client<'_>, name: &str) -> Value {
    ops.post("/v1/customer-accounts", json!({"name": name}))
        .await
        .expect(201)
}

fn at(account: &Value) -> String {
    format!("/v1/customer-accounts/{}", id(account))
}

fn linking(system: &Value, account: &Value, external: &str) -> Value {
    json!({"system_id": system["id"], "resource_type": "customer_account", "resource_id": account["id"], "external_id": external})
}

async fn link(ops: &Client<'_>, system: &Value, account: &Value, external: &str) -> Value {
    ops.post("/v1/sync-links", linking(system, account, external))
        .await
        .expect(201)
}

async fn read(ops: &Client<'_>, link: &Value) -> Value {
    ops.get(&format!("/v1/sync-links/{}", id(link))).await.expect(200)
}

async fn act(ops: &Client<'_>, link: &Value, action: &str) -> Response {
    ops.post(&format!("/v1/sync-links/{}/{action}", id(link)), json!({}))
        .await
}

async fn report(ops: &Client<'_>, system: &Value, items: Value) -> Value {
    ops.post(
        "/v1/sync-links/report",
        json!({"system_id": system["id"], "items": items}),
    )
    .await
    .expect(200)
}

/// A change that comes from the CRM, in its revision.
async fn comes(ops: &Client<'_>, external: &str, revision: &str, body: Value) -> Response {
    let path = format!("/v1/customer-accounts/by-external-id/crm/{external}");
    ops.send(Method::PUT, &path, &[("external-revision", revision)], Some(&body))
        .await
}

/// The link of an id, as the list has it.
async fn found(ops: &Client<'_>, external: &str) -> Value {
    ops.get(&format!("/v1/sync-links?external_id={external}"))
        .await
        .expect(200)["data"][0]
        .clone()
}

async fn waiting(person: &Client<'_>, kind: &str) -> Vec<Value> {
    let items = person.get(&format!("/v1/work-items?kind={kind}")).await.expect(200);
    items["data"].as_array().unwrap().clone()
}

/// A request: method, address, headers and body.
pub type Sent = (Method, String, Vec<(&'static str, String)>, Value);

/// So many requests at once, each by a server of its own.
pub fn at_once(world: &World, token: &str, requests: Vec<Sent>) -> Vec<(u16, Value)> {
    let threads: Vec<_> = requests
        .into_iter()
        .map(|(method, path, headers, body)| {
            let (state, token) = (world.state.clone(), token.to_owned());
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    let service = actix_web::test::init_service(app::app(state)).await;
                    let mut request = actix_web::test::TestRequest::default()
                        .method(method)
                        .uri(&path)
                        .insert_header(("authorization", format!("Bearer {token}")))
                        .insert_header(("content-type", "application/json"))
                        .set_payload(body.to_string());
                    for (name, value) in headers {
                        request = request.insert_header((name, value));
                    }
                    let response = actix_web::test::call_service(&service, request.to_request()).await;
                    let status = response.status().as_u16();
                    let body = actix_web::test::read_body(response).await;
                    (status, serde_json::from_slice(&body).unwrap_or_default())
                })
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

each_engine! {
    async fn a_link_follows_its_record_until_it_is_pushed(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (system, acme) = (crm(&ops).await, account(&ops, "Acme").await);
        let linked = link(&ops, &system, &acme, "0001").await;
        assert_eq!((linked["state"].as_str(), &linked["pushed_revision"]), (Some("pending"), &Value::Null));
        let present = ops.get(&at(&acme)).await.expect(200);
        assert_eq!(present["external_refs"], json!([{"system": "crm", "id": "0001"}]), "the id is a reference of the record");
        assert_eq!(linked["our_revision"], present["revision"]);

        let revision = present["revision"].as_i64().unwrap();
        let told = report(&ops, &system, json!([
            {"resource_id": acme["id"], "revision": revision, "external_revision": "1"},
            {"resource_id": "account_01jdq4p6c8f3kb2v9y0s7x5ham", "revision": 1},
            {"resource_id": acme["id"], "revision": revision + 7},
        ])).await;
        let verdicts: Vec<&str> = told["items"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
        assert_eq!((verdicts, &told["succeeded"], &told["failed"]), (vec!["noted", "unknown", "ahead"], &json!(1), &json!(2)));
        let calm = read(&ops, &linked).await;
        assert_eq!((calm["state"].as_str(), &calm["pending_since"], calm["pulled_revision"].as_str()), (Some("in_sync"), &Value::Null, Some("1")));

        ops.patch(&at(&acme), json!({"phone": "+49 30 1"})).await.expect(200);
        let waits = read(&ops, &linked).await;
        assert_eq!((waits["state"].as_str(), waits["our_revision"].as_i64()), (Some("pending"), Some(revision + 1)));
        world.clock.advance_seconds(90);
        let summary = ops.get(&format!("/v1/external-systems/{}/summary", id(&system))).await.expect(200);
        assert_eq!((summary["types"][0]["pending"].as_i64(), summary["oldest_lag_seconds"].as_i64()), (Some(1), Some(90)));
        report(&ops, &system, json!([{"resource_id": acme["id"], "revision": revision}])).await;
        assert_eq!(read(&ops, &linked).await["state"], "pending", "an older revision was pushed than there is");
        report(&ops, &system, json!([{"resource_id": acme["id"], "revision": revision + 1}])).await;
        assert_eq!(read(&ops, &linked).await["state"], "in_sync");
        let listed = ops.get(&format!("/v1/sync-links?state=in_sync&resource_type=customer_account&resource_id={}", id(&acme))).await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);

        ops.delete(&format!("/v1/sync-links/{}", id(&linked))).await.expect(204);
        assert_eq!(ops.get(&at(&acme)).await.expect(200)["external_refs"], json!([]));
        let told = told_of(&world, "sync_link");
        for kind in ["sync_link.created", "sync_link.reported", "sync_link.deleted"] {
            assert!(told.contains(kind), "{kind}: {told}");
        }
        sound(&world);
    }

    async fn one_record_has_one_link_and_one_id_names_one_record(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (system, acme, globex) = (crm(&ops).await, account(&ops, "Acme").await, account(&ops, "Globex").await);
        let first = link(&ops, &system, &acme, "0001").await;
        assert_eq!(ops.post("/v1/sync-links", linking(&system, &acme, "0002")).await.refused(409), "already_exists");
        assert_eq!(ops.post("/v1/sync-links", linking(&system, &globex, "0001")).await.refused(409), "already_exists");
        ops.patch(&at(&globex), json!({"external_refs": [{"system": "crm", "id": "0009"}]})).await.expect(200);
        let third = account(&ops, "Initech").await;
        assert_eq!(ops.post("/v1/sync-links", linking(&system, &third, "0009")).await.refused(409), "already_exists", "a reference names one record, too");
        let second = link(&ops, &system, &globex, "0009").await;

        let to = |body: Value| (format!("/v1/sync-links/{}/relink", id(&first)), body);
        let (path, body) = to(json!({"external_id": "0009"}));
        assert_eq!(ops.post(&path, body).await.refused(409), "already_exists");
        let (path, body) = to(json!({"resource_id": globex["id"]}));
        assert_eq!(ops.post(&path, body).await.refused(409), "already_exists");
        let (path, body) = to(json!({}));
        assert_eq!(ops.post(&path, body).await.refused(409), "contradiction");
        let (path, body) = to(json!({"external_id": "0003"}));
        let moved = ops.post(&path, body).await.expect(200);
        assert_eq!((moved["external_id"].as_str(), moved["state"].as_str()), (Some("0003"), Some("pending")));
        assert_eq!(ops.get(&at(&acme)).await.expect(200)["external_refs"], json!([{"system": "crm", "id": "0003"}]));
        let (path, body) = to(json!({"resource_id": third["id"]}));
        let moved = ops.post(&path, body).await.expect(200);
        assert_eq!(moved["resource_id"], third["id"]);
        assert_eq!(ops.get(&at(&acme)).await.expect(200)["external_refs"], json!([]));
        let now = ops.get(&at(&third)).await.expect(200);
        assert_eq!((&now["external_refs"], &now["revision"]), (&json!([{"system": "crm", "id": "0003"}]), &moved["our_revision"]));

        ops.patch(&at(&globex), json!({"external_refs": []})).await.expect(200);
        assert_eq!(ops.get(&format!("/v1/sync-links/{}", id(&second))).await.refused(404), "not_found", "with its reference a link ends");
        sound(&world);
    }

    async fn a_merge_takes_links_along(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (system, acme, other) = (crm(&ops).await, account(&ops, "Acme").await, account(&ops, "Acme Holding").await);
        let linked = link(&ops, &system, &other, "0002").await;
        let merge = ops.post("/v1/account-merges", json!({"survivor_id": acme["id"], "other_id": other["id"], "reason": "The same."})).await.expect(201);
        ops.post(&format!("/v1/account-merges/{}/execute", id(&merge)), json!({})).await.expect(200);
        let after = read(&ops, &linked).await;
        assert_eq!((&after["resource_id"], after["state"].as_str()), (&acme["id"], Some("pending")));
        sound(&world);
        ops.post(&format!("/v1/account-merges/{}/split", id(&merge)), json!({})).await.expect(200);
        assert_eq!(read(&ops, &linked).await["resource_id"], other["id"]);
        sound(&world);
    }

    async fn failures_are_work_and_lasting_ones_are_told(world: World) {
        let (ops, admin) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
        world.holds(&admin, Role::Admin);
        let (system, acme) = (crm(&ops).await, account(&ops, "Acme").await);
        let linked = link(&ops, &system, &acme, "0001").await;
        let refused = json!([{"resource_id": acme["id"], "revision": linked["our_revision"], "error": {"code": "REQUIRED_FIELD", "detail": "Industry is required."}}]);
        report(&ops, &system, refused.clone()).await;
        let failed = read(&ops, &linked).await;
        assert_eq!((failed["state"].as_str(), failed["error_code"].as_str(), failed["failures"].as_i64()), (Some("error"), Some("REQUIRED_FIELD"), Some(1)));
        let items = waiting(&ops, "sync_error").await;
        assert!(items.len() == 1 && items[0]["title"].as_str().unwrap().contains("Industry is required."), "{items:?}");
        assert_eq!(items[0]["action"]["path"], json!(format!("/v1/sync-links/{}/retry", id(&linked))));
        assert_eq!(waiting(&world.vendor(Role::Approver), "sync_error").await, Vec::<Value>::new(), "it is not theirs to mend");

        assert_eq!(world.work("sync_failures"), 0, "a connector has an hour to try again");
        world.clock.advance_seconds(3700);
        report(&ops, &system, refused).await;
        assert_eq!((world.work("sync_failures"), world.work("sync_failures")), (1, 0));
        world.sequence();
        world.work("notice_dispatch");
        let notices = admin.get("/v1/notices?topic=sync_failing").await.expect(200);
        assert!(notices["data"][0]["body"].as_str().unwrap().contains("The CRM"), "{notices}");

        let again = act(&ops, &linked, "retry").await.expect(200);
        assert_eq!((again["state"].as_str(), &again["error_code"]), (Some("pending"), &Value::Null));
        assert_eq!(act(&ops, &linked, "retry").await.refused(409), "invalid_state");
        assert_eq!(world.work("sync_failures"), 1, "it is well again");
        assert_eq!(ops.get(&format!("/v1/external-systems/{}", id(&system))).await.expect(200)["failing_since"], Value::Null);
        assert!(waiting(&ops, "sync_error").await.is_empty());
    }

    async fn what_is_paused_is_not_taken(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        comes(&ops, "0001", "1", json!({"name": "Acme"})).await.expect(201);
        let linked = found(&ops, "0001").await;
        act(&ops, &linked, "pause").await.expect(200);
        assert_eq!(comes(&ops, "0001", "2", json!({"name": "Acme II"})).await.refused(409), "sync_paused");
        let acme = json!({"id": linked["resource_id"]});
        ops.patch(&at(&acme), json!({"phone": "1"})).await.expect(200);
        assert_eq!(read(&ops, &linked).await["state"], "paused");
        assert_eq!(act(&ops, &linked, "resume").await.expect(200)["state"], "pending", "what changed meanwhile waits");
        let path = format!("/v1/external-systems/{}", id(&system));
        ops.post(&format!("{path}/pause"), json!({})).await.expect(200);
        assert_eq!(comes(&ops, "0009", "1", json!({"name": "Globex"})).await.refused(409), "sync_paused");
        ops.post(&format!("{path}/resume"), json!({})).await.expect(200);
        comes(&ops, "0009", "1", json!({"name": "Globex"})).await.expect(201);
        assert_eq!(found(&ops, "0009").await["state"], "in_sync");
        ops.post(&format!("{path}/resync"), json!({"resource_type": "customer_account"})).await.expect(200);
        assert_eq!(found(&ops, "0009").await["state"], "pending");
    }

    async fn an_older_revision_is_stale_and_the_same_one_changes_nothing(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Acme"})).await.refused(409), "unknown_reference", "the system is not named");
        crm(&ops).await;
        let made = comes(&ops, "0001", "9", json!({"name": "Acme"})).await.expect(201);
        let linked = found(&ops, "0001").await;
        assert_eq!((linked["state"].as_str(), linked["pulled_revision"].as_str(), &linked["resource_id"]), (Some("in_sync"), Some("9"), &made["id"]));
        let newer = comes(&ops, "0001", "10", json!({"name": "Acme GmbH"})).await.expect(200);
        assert_eq!(newer["name"], "Acme GmbH", "ten is more than nine");
        assert_eq!(found(&ops, "0001").await["state"], "in_sync", "what they sent they have");
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Acme"})).await.refused(409), "stale_revision");
        let same = comes(&ops, "0001", "10", json!({"name": "Something else"})).await.expect(200);
        assert_eq!(same, newer);
        let plain = ops.put("/v1/customer-accounts/by-external-id/crm/0001", json!({"name": "Acme AG"})).await.expect(200);
        assert_eq!(plain["name"], "Acme AG", "without a revision it is taken as it is");
        assert_eq!(found(&ops, "0001").await["state"], "pending");
    }

    async fn what_both_sides_changed_is_a_conflict_and_nothing_is_written_over(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme", "phone": "1", "industry": "Tools"})).await.expect(201);
        // Another field than they change: both changes stand.
        ops.patch(&at(&made), json!({"industry": "Machinery"})).await.expect(200);
        let merged = comes(&ops, "0001", "2", json!({"name": "Acme", "phone": "2", "industry": "Tools"})).await.expect(200);
        assert_eq!((merged["phone"].as_str(), merged["industry"].as_str()), (Some("2"), Some("Machinery")), "their old value of what we changed is no change");
        assert_eq!(found(&ops, "0001").await["state"], "pending", "ours still is to be pushed");

        ops.patch(&at(&made), json!({"name": "Acme Group"})).await.expect(200);
        let refused = comes(&ops, "0001", "3", json!({"name": "Acme Holding", "phone": "3"})).await;
        let problem = refused.expect(409);
        assert_eq!(problem["code"], "sync_conflict");
        let present = ops.get(&at(&made)).await.expect(200);
        assert_eq!((present["name"].as_str(), present["phone"].as_str()), (Some("Acme Group"), Some("2")), "nothing was written over");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200);
        let conflict = open["data"][0].clone();
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(id(&conflict)), "{problem}");
        let names: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
        assert!(names.contains(&"#/name"), "{names:?}");
        assert_eq!((conflict["ours"]["name"].as_str(), conflict["theirs"]["name"].as_str(), conflict["base"]["name"].as_str()), (Some("Acme Group"), Some("Acme Holding"), Some("Acme")));
        assert!(conflict["fields"].as_array().unwrap().contains(&json!("name")));
        assert_eq!(found(&ops, "0001").await["state"], "conflict");
        assert_eq!(waiting(&ops, "sync_conflict").await.len(), 1);

        // A later version of theirs joins the same conflict.
        assert_eq!(comes(&ops, "0001", "4", json!({"name": "Acme SE", "phone": "3"})).await.refused(409), "sync_conflict");
        let path = format!("/v1/sync-conflicts/{}", id(&conflict));
        let conflict = ops.get(&path).await.expect(200);
        assert_eq!((conflict["theirs"]["name"].as_str(), conflict["their_revision"].as_str()), (Some("Acme SE"), Some("4")));
        // What changes here meanwhile is shown before anything is decided.
        ops.patch(&at(&made), json!({"name": "Acme World"})).await.expect(200);
        assert_eq!(ops.post(&format!("{path}/resolve"), json!({"resolution": "theirs"})).await.refused(409), "conflict");
        assert_eq!(ops.get(&path).await.expect(200)["ours"]["name"], "Acme World");
        assert_eq!(ops.post(&format!("{path}/resolve"), json!({"resolution": "fields", "fields": [{"field": "website", "take": "ours"}]})).await.refused(409), "contradiction");
        let resolved = ops.post(&format!("{path}/resolve"), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!((resolved["state"].as_str(), resolved["resolution"].as_str()), (Some("resolved"), Some("theirs")));
        assert_eq!(ops.post(&format!("{path}/resolve"), json!({"resolution": "ours"})).await.refused(409), "invalid_state");
        let present = ops.get(&at(&made)).await.expect(200);
        assert_eq!((present["name"].as_str(), present["phone"].as_str()), (Some("Acme SE"), Some("3")));
        let linked = found(&ops, "0001").await;
        assert_eq!((linked["state"].as_str(), linked["pulled_revision"].as_str()), (Some("pending"), Some("4")));
        assert!(waiting(&ops, "sync_conflict").await.is_empty());
        sound(&world);
    }

    async fn ours_stays_if_somebody_says_so_and_fields_are_chosen_one_by_one(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme", "phone": "1", "industry": "Tools"})).await.expect(201);
        let revision = || async { ops.get(&at(&made)).await.expect(200)["revision"].clone() };
        let conflict = |revision: &'static str, ours: Value, theirs: Value| {
            let (ops, made) = (&ops, &made);
            async move {
                ops.patch(&at(made), ours).await.expect(200);
                assert_eq!(comes(ops, "0001", revision, theirs).await.refused(409), "sync_conflict");
                let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200);
                format!("/v1/sync-conflicts/{}/resolve", id(&open["data"][0]))
            }
        };
        let path = conflict("2", json!({"name": "Ours"}), json!({"name": "Theirs", "website": "https://acme.example"})).await;
        ops.post(&path, json!({"resolution": "ours"})).await.expect(200);
        let present = ops.get(&at(&made)).await.expect(200);
        assert_eq!((present["name"].as_str(), present["website"].as_str()), (Some("Ours"), Some("https://acme.example")), "what they alone changed is taken either way");
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": revision().await, "external_revision": "3"}])).await;
        assert_eq!(found(&ops, "0001").await["state"], "in_sync");
        comes(&ops, "0001", "3", json!({"name": "Ours"})).await.expect(200);

        let path = conflict("4", json!({"name": "Ours II", "phone": "2"}), json!({"name": "Theirs II", "phone": "3"})).await;
        let choice = json!({"resolution": "fields", "fields": [{"field": "name", "take": "ours"}, {"field": "phone", "take": "theirs"}]});
        ops.post(&path, choice).await.expect(200);
        let present = ops.get(&at(&made)).await.expect(200);
        assert_eq!((present["name"].as_str(), present["phone"].as_str()), (Some("Ours II"), Some("3")));
        sound(&world);
    }

    async fn a_conflict_is_gone_when_they_agree_or_the_link_ends(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        for external in ["0001", "0002"] {
            let made = comes(&ops, external, "1", json!({"name": external})).await.expect(201);
            ops.patch(&at(&made), json!({"name": "Ours"})).await.expect(200);
            assert_eq!(comes(&ops, external, "2", json!({"name": "Theirs"})).await.refused(409), "sync_conflict");
        }
        comes(&ops, "0001", "3", json!({"name": "Ours"})).await.expect(200);
        let settled = ops.get("/v1/sync-conflicts?state=resolved").await.expect(200);
        assert_eq!(settled["data"][0]["resolution"], "settled");
        let linked = found(&ops, "0002").await;
        ops.delete(&format!("/v1/sync-links/{}", id(&linked))).await.expect(204);
        let dropped = ops.get("/v1/sync-conflicts?state=dropped").await.expect(200);
        assert_eq!((dropped["data"][0]["external_id"].as_str(), &dropped["data"][0]["link_id"]), (Some("0002"), &Value::Null));
        sound(&world);
    }

    async fn deals_are_kept_in_step_by_the_same_rules(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let body = |title: &str| {
            let mut body = complete();
            body["partner_id"] = json!(partner.to_string());
            body["title"] = json!(title);
            body
        };
        let put = |revision: &'static str, body: Value| {
            let ops = &ops;
            async move {
                let headers = [("external-revision", revision)];
                ops.send(Method::PUT, "/v1/deals/by-external-id/crm/006", &headers, Some(&body)).await
            }
        };
        let made = put("2026-11-21T09:00:00.000000Z", body("First")).await.expect(201);
        let path = format!("/v1/deals/{}", id(&made));
        ops.patch(&path, json!({"title": "Ours"})).await.expect(200);
        assert_eq!(put("2026-11-21T10:00:00.000000Z", body("Theirs")).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?resource_type=deal").await.expect(200);
        assert_eq!(open["data"][0]["fields"], json!(["title"]), "lines and customer are the same on both sides: {open}");
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open["data"][0])), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!(ops.get(&path).await.expect(200)["title"], "Theirs");
        let sales = program.sales(partner);
        assert_eq!(sales.get("/v1/sync-links").await.refused(403), "forbidden");
        let headers = [("external-revision", "1")];
        let own = sales.send(Method::PUT, "/v1/deals/by-external-id/crm/007", &headers, Some(&complete())).await;
        assert_eq!(own.refused(409), "unknown_reference", "partners know of no systems of the vendor's");
    }

    async fn who_sees_some_partners_alone_sees_nothing_of_it(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let limited = world.vendor_of(Role::ChannelOps, Rows::Partners(Arc::from([])));
        assert_eq!(limited.get("/v1/external-systems").await.expect(200)["data"], json!([]));
        limited.get(&format!("/v1/external-systems/{}", id(&system))).await.expect(404);
        let machine = world.machine(&["sync:read"]);
        machine.get("/v1/external-systems?code=crm").await.expect(200);
        assert_eq!(machine.post("/v1/external-systems", json!({"code": "erp", "name": "ERP", "kind": "erp"})).await.refused(403), "insufficient_scope");
    }

    async fn a_field_map_is_drafted_checked_published_and_tried(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (system, acme) = (crm(&ops).await, account(&ops, "Acme").await);
        let entry = |field: &str, external: &str, owner: &str| json!({"field": field, "external_field": external, "owner": owner});
        let new = |entries: Value| json!({"system_id": system["id"], "resource_type": "customer_account", "entries": entries});
        let wrong = ops.post("/v1/field-maps", new(json!([entry("/nothing", "A", "ours"), entry("/number", "B", "both")]))).await.expect(409);
        let pointers: Vec<&str> = wrong["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["#/entries/0/field", "#/entries/1/owner"]);
        let industry = json!({"field": "/industry", "external_field": "Industry", "owner": "theirs", "kind": "picklist", "values": [{"ours": "Machinery", "theirs": "machines"}]});
        let entries = json!([entry("/number", "Number__c", "ours"), entry("/address/country", "Country", "both"), industry]);
        let draft = ops.post("/v1/field-maps", new(entries)).await.expect(201);
        assert_eq!((draft["version"].as_i64(), draft["state"].as_str()), (Some(1), Some("draft")));
        assert_eq!(ops.post("/v1/field-maps", new(json!([]))).await.refused(409), "already_exists");
        let path = format!("/v1/field-maps/{}", id(&draft));
        let tried = ops.post(&format!("{path}/preview"), json!({
            "resource_id": acme["id"], "external": {"Country": "DE", "Industry": "farms", "Other": 1},
        })).await.expect(200);
        assert_eq!(tried["to_external"], json!({"Number__c": acme["number"], "Country": null}));
        assert_eq!(tried["from_external"], json!({"address": {"country": "DE"}}));
        assert_eq!(tried["warnings"].as_array().unwrap().len(), 2);
        ops.patch(&path, json!({"note": "The first."})).await.expect(200);
        let published = ops.post(&format!("{path}/publish"), json!({})).await.expect(200);
        assert_eq!((published["state"].as_str(), published["valid_from"].is_string()), (Some("published"), true));
        assert_eq!(ops.patch(&path, json!({"note": "Later."})).await.refused(409), "invalid_state");
        assert_eq!(ops.delete(&path).await.refused(409), "invalid_state");

        let next = ops.post("/v1/field-maps", json!({"system_id": system["id"], "resource_type": "customer_account"})).await.expect(201);
        assert_eq!((next["version"].as_i64(), &next["entries"]), (Some(2), &published["entries"]), "it begins with what the last one says");
        let at = format!("/v1/field-maps/{}/publish", id(&next));
        assert_eq!(ops.post(&at, json!({"valid_from": "2026-11-01T00:00:00Z"})).await.refused(409), "guard_failed");
        ops.post(&at, json!({"valid_from": "2027-01-01T00:00:00Z"})).await.expect(200);
        let holds = ops.get("/v1/field-maps?as_of=2026-12-01T00:00:00Z").await.expect(200);
        assert_eq!((holds["data"].as_array().unwrap().len(), &holds["data"][0]["id"]), (1, &draft["id"]));

        link(&ops, &system, &acme, "0001").await;
        let form = ops.get(&format!("/v1/schema/customer-accounts?id={}", id(&acme))).await.expect(200);
        let field = &form["update"]["properties"]["industry"];
        assert!(field["readOnly"] == true && field["x-locked"].as_str().unwrap().contains("The CRM"), "{field}");
        assert_eq!(form["update"]["properties"]["name"]["readOnly"], Value::Null);
    }

    async fn a_first_load_links_what_is_sure_and_asks_about_the_rest(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let path = format!("/v1/external-systems/{}/matchings", id(&system));
        let acme = ops.post("/v1/customer-accounts", json!({"name": "Acme Werkzeugbau GmbH", "website": "https://acme-tools.de"})).await.expect(201);
        let records = json!([
            {"external_id": "0001", "name": "ACME Werkzeugbau", "website": "www.acme-tools.de"},
            {"external_id": "0002", "name": "Zitronenhain AG", "website": "zitronenhain.de"},
        ]);
        let asked = |dry: bool, kind: &str, items: Value| json!({"resource_type": kind, "dry_run": dry, "items": items});
        let dry = ops.post(&path, asked(true, "customer_account", records.clone())).await.expect(200);
        let statuses = |told: &Value| told["items"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(statuses(&dry), ["matched", "new"]);
        assert_eq!((&dry["items"][0]["resource_id"], &dry["items"][0]["link_id"]), (&acme["id"], &Value::Null));
        assert!(ops.get("/v1/sync-links").await.expect(200)["data"].as_array().unwrap().is_empty(), "a dry run writes nothing");
        let done = ops.post(&path, asked(false, "customer_account", records.clone())).await.expect(200);
        assert!(done["items"][0]["link_id"].is_string(), "{done}");
        let again = ops.post(&path, asked(false, "customer_account", records)).await.expect(200);
        assert_eq!(statuses(&again), ["linked", "new"]);

        for name in ["Anna Berg", "Anna Bergmann"] {
            ops.post("/v1/people", json!({"name": name, "email": "anna@nordwind.de"})).await.expect(201);
        }
        let person = |name: &str| json!([{"external_id": "003", "name": name, "email": "Anna@nordwind.de"}]);
        assert_eq!(statuses(&ops.post(&path, asked(true, "person", person("Anna Berg"))).await.expect(200)), ["matched"]);
        let vague = ops.post(&path, asked(false, "person", person("A. Berg"))).await.expect(200);
        assert_eq!((statuses(&vague), vague["items"][0]["candidates"].as_array().unwrap().len()), (vec!["ambiguous".to_owned()], 2));
        let items = waiting(&ops, "sync_review").await;
        assert_eq!(items.len(), 1, "{items:?}");
        let review = format!("/v1/sync-reviews/{}", vague["items"][0]["review_id"].as_str().unwrap());
        let shown = ops.get(&review).await.expect(200);
        let chosen = shown["candidates"][0]["resource_id"].clone();
        assert_eq!(ops.post(&format!("{review}/decide"), json!({"decision": "link"})).await.refused(409), "contradiction");
        let decided = ops.post(&format!("{review}/decide"), json!({"decision": "link", "resource_id": chosen})).await.expect(200);
        assert_eq!((decided["state"].as_str(), &decided["resource_id"]), (Some("linked"), &chosen));
        assert_eq!(found(&ops, "003").await["resource_id"], chosen);
        let summary = ops.get(&format!("/v1/external-systems/{}/summary", id(&system))).await.expect(200);
        assert_eq!((summary["types"].as_array().unwrap().len(), summary["open_reviews"].as_i64()), (2, Some(0)));

        let partner = ops.post("/v1/partners", json!({"legal_name": "Nordwind GmbH", "default_currency": "EUR", "time_zone": "Europe/Berlin", "registration": {"number": "HRB 1", "authority": "DE-HRB"}})).await.expect(201);
        let firms = json!([
            {"external_id": "1", "name": "Nord", "registration_number": "hrb-1", "registration_authority": "DE-HRB"},
            {"external_id": "2", "name": "NORDWIND GMBH"},
        ]);
        let told = ops.post(&path, asked(true, "partner", firms)).await.expect(200);
        assert_eq!((statuses(&told), &told["items"][0]["resource_id"]), (vec!["matched".to_owned(), "ambiguous".to_owned()], &partner["id"]));
        sound(&world);
    }

    async fn twenty_who_link_one_id_at_once_have_one_link(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let mut requests = Vec::new();
        for number in 0..20 {
            let made = account(&ops, &format!("Account {number}")).await;
            requests.push((Method::POST, "/v1/sync-links".to_owned(), Vec::new(), linking(&system, &made, "0001")));
        }
        let answers = at_once(&world, &ops.token(), requests);
        let made = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert!(answers.iter().all(|(status, body)| *status == 201 || (*status == 409 && body["code"] == "already_exists")), "{answers:?}");
        assert_eq!(ops.get("/v1/sync-links?external_id=0001").await.expect(200)["data"].as_array().unwrap().len(), 1);
        sound(&world);
    }

    async fn twenty_first_arrivals_of_one_id_make_one_record_in_its_latest_revision(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let requests = (1..=20)
            .map(|revision| {
                let path = "/v1/customer-accounts/by-external-id/crm/0001".to_owned();
                let headers = vec![("external-revision", revision.to_string())];
                (Method::PUT, path, headers, json!({"name": format!("Revision {revision}")}))
            })
            .collect();
        let answers = at_once(&world, &ops.token(), requests);
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, body)| matches!(status, 200 | 201) || (*status == 409 && body["code"] == "stale_revision")), "{answers:?}");
        let linked = found(&ops, "0001").await;
        assert_eq!((linked["pulled_revision"].as_str(), linked["state"].as_str()), (Some("20"), Some("in_sync")));
        let record = ops.get(&format!("/v1/customer-accounts/{}", linked["resource_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(record["name"], "Revision 20");
        sound(&world);
    }

    async fn a_stage_moves_with_other_changes_and_collides_as_a_field_does(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let put = |revision: &'static str, body: Value| {
            let ops = &ops;
            async move {
                let headers = [("external-revision", revision)];
                ops.send(Method::PUT, "/v1/deals/by-external-id/crm/006", &headers, Some(&body)).await
            }
        };
        let mut first = complete();
        first["partner_id"] = json!(partner.to_string());
        let made = put("1", first).await.expect(201);
        let path = format!("/v1/deals/{}", id(&made));
        let both = put("2", json!({"stage": "qualified", "competitor": "Contoso"})).await.expect(200);
        assert_eq!((both["stage"].as_str(), both["competitor"].as_str()), (Some("qualified"), Some("Contoso")));
        assert_eq!(found(&ops, "006").await["state"], "in_sync", "two revisions of ours came of one of theirs");

        ops.patch(&path, json!({"next_step": "Ours"})).await.expect(200);
        let moved = put("3", json!({"stage": "technical_validation", "next_step": null})).await.expect(200);
        assert_eq!((moved["stage"].as_str(), moved["next_step"].as_str()), (Some("technical_validation"), Some("Ours")), "the act is done, and what is ours stays");
        let revision = ops.get(&path).await.expect(200)["revision"].clone();
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": revision}])).await;

        ops.post(&format!("{path}/move-stage"), json!({"stage": "business_validation"})).await.expect(200);
        assert_eq!(put("4", json!({"stage": "qualified"})).await.refused(409), "sync_conflict");
        assert_eq!(ops.get(&path).await.expect(200)["stage"], "business_validation", "nothing was written over");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["theirs"]["stage"], &open["base"]["stage"]), (&json!(["stage"]), &json!("qualified"), &json!("technical_validation")));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!(ops.get(&path).await.expect(200)["stage"], "qualified");
        sound(&world);
    }

    async fn a_win_in_the_crm_is_proposed_with_its_evidence_while_ours_waits(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (ops, machine) = (world.vendor(Role::ChannelOps), world.machine(&["deals:read", "deals:write"]));
        let system = crm(&ops).await;
        let deal = approved(&world, &sales, complete()).await;
        ops.post("/v1/sync-links", json!({"system_id": system["id"], "resource_type": "deal", "resource_id": deal["id"], "external_id": "006"})).await.expect(201);
        world.clock.advance_days(4);
        ops.patch(&path(&deal, ""), json!({"next_step": "Ours"})).await.expect(200);
        let amount = json!({"amount": "47000.00", "currency": "EUR"});
        let body = json!({"next_step": null, "stage": "won", "win": {"amount": amount, "evidence": [{"kind": "order", "reference": "SO-1"}]}});
        let won = machine.send(Method::PUT, "/v1/deals/by-external-id/crm/006", &[("external-revision", "1")], Some(&body)).await.expect(200);
        assert_eq!((&won["stage"], &won["win_verified_at"], &won["amount"], &won["next_step"]), (&json!("won"), &Value::Null, &amount, &json!("Ours")));
        let shown = ops.get(&path(&deal, "/evidence")).await.expect(200);
        assert_eq!((shown["data"].as_array().unwrap().len(), &shown["data"][0]["reference"]), (1, &json!("SO-1")));
        assert_eq!(found(&ops, "006").await["state"], "pending", "the next step is to be pushed");
    }

    async fn a_field_is_whose_the_map_says(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme", "phone": "1", "industry": "Tools"})).await.expect(201);
        let entry = |field: &str, owner: &str| json!({"field": field, "external_field": field, "owner": owner});
        let map = ops.post("/v1/field-maps", json!({
            "system_id": system["id"], "resource_type": "customer_account",
            "entries": [entry("/name", "theirs"), entry("/phone", "ours"), entry("/industry", "both")],
        })).await.expect(201);
        ops.post(&format!("/v1/field-maps/{}/publish", id(&map)), json!({})).await.expect(200);
        let values = |record: &Value| ["name", "phone", "industry"].map(|name| record[name].as_str().unwrap().to_owned());
        let all_pushed = || async {
            let revision = ops.get(&at(&made)).await.expect(200)["revision"].clone();
            report(&ops, &system, json!([{"resource_id": made["id"], "revision": revision}])).await;
        };

        ops.patch(&at(&made), json!({"name": "Ours", "phone": "2"})).await.expect(200);
        let taken = comes(&ops, "0001", "2", json!({"name": "Theirs", "phone": "9"})).await.expect(200);
        assert_eq!(values(&taken), ["Theirs", "2", "Tools"], "neither is a conflict: each has an owner");
        ops.patch(&at(&made), json!({"industry": "Machinery"})).await.expect(200);
        assert_eq!(comes(&ops, "0001", "3", json!({"industry": "Farms"})).await.refused(409), "sync_conflict", "both write it");
        comes(&ops, "0001", "4", json!({"industry": "Machinery"})).await.expect(200);

        all_pushed().await;
        assert_eq!(found(&ops, "0001").await["state"], "in_sync");
        let taken = comes(&ops, "0001", "5", json!({"name": "Theirs II", "phone": "9"})).await.expect(200);
        assert_eq!(values(&taken), ["Theirs II", "2", "Machinery"]);
        assert_eq!(found(&ops, "0001").await["state"], "pending", "they have another value of what is ours");
        all_pushed().await;
        let taken = comes(&ops, "0001", "6", json!({"name": "Theirs III", "phone": "2"})).await.expect(200);
        assert_eq!((values(&taken)[0].as_str(), found(&ops, "0001").await["state"].as_str()), ("Theirs III", Some("in_sync")));

        let stage = json!({"system_id": system["id"], "resource_type": "deal", "entries": [entry("/stage", "both")]});
        ops.post("/v1/field-maps", stage).await.expect(201);
        sound(&world);
    }

    async fn what_collides_only_after_a_conflict_was_found_is_shown_before_it_is_decided(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme", "phone": "1"})).await.expect(201);
        ops.patch(&at(&made), json!({"name": "Ours"})).await.expect(200);
        assert_eq!(comes(&ops, "0001", "2", json!({"name": "Theirs", "phone": "2"})).await.refused(409), "sync_conflict");
        let conflict = || async { ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone() };
        let open = conflict().await;
        assert_eq!(open["fields"], json!(["name"]), "the telephone they alone have changed");
        ops.patch(&at(&made), json!({"phone": "3"})).await.expect(200);
        let path = format!("/v1/sync-conflicts/{}/resolve", id(&open));
        assert_eq!(ops.post(&path, json!({"resolution": "ours"})).await.refused(409), "conflict");
        let open = conflict().await;
        assert_eq!((&open["fields"], &open["ours"]["phone"], &open["theirs"]["phone"]), (&json!(["name", "phone"]), &json!("3"), &json!("2")));
        let choice = json!({"resolution": "fields", "fields": [{"field": "name", "take": "ours"}, {"field": "phone", "take": "theirs"}]});
        ops.post(&path, choice).await.expect(200);
        let present = ops.get(&at(&made)).await.expect(200);
        assert_eq!((present["name"].as_str(), present["phone"].as_str()), (Some("Ours"), Some("2")));
    }

    async fn a_late_report_opens_no_door_to_older_revisions(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "10", json!({"name": "Acme"})).await.expect(201);
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": made["revision"], "external_revision": "8"}])).await;
        assert_eq!(found(&ops, "0001").await["pulled_revision"], "10");
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Old"})).await.refused(409), "stale_revision");
    }

    async fn what_was_never_pushed_still_waits_after_a_pause_and_after_an_arrival(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (system, acme) = (crm(&ops).await, account(&ops, "Acme").await);
        let linked = link(&ops, &system, &acme, "0001").await;
        act(&ops, &linked, "pause").await.expect(200);
        assert_eq!(act(&ops, &linked, "resume").await.expect(200)["state"], "pending", "it was never pushed");
        comes(&ops, "0001", "1", json!({"phone": "1"})).await.expect(200);
        assert_eq!(read(&ops, &linked).await["state"], "pending", "they told of one field, and have not got the others");
        comes(&ops, "0001", "2", json!({"phone": "2"})).await.expect(200);
        let revision = ops.get(&at(&acme)).await.expect(200)["revision"].clone();
        report(&ops, &system, json!([{"resource_id": acme["id"], "revision": revision}])).await;
        assert_eq!(read(&ops, &linked).await["state"], "in_sync");
        act(&ops, &linked, "resync").await.expect(200);
        comes(&ops, "0001", "3", json!({"phone": "3"})).await.expect(200);
        assert_eq!(read(&ops, &linked).await["state"], "pending", "somebody asked for it to be pushed");
    }

    async fn a_review_is_told_once_and_settled_by_whatever_links_its_id(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let path = format!("/v1/external-systems/{}/matchings", id(&system));
        let mut people = Vec::new();
        for name in ["Anna Berg", "Anna Bergmann"] {
            people.push(ops.post("/v1/people", json!({"name": name, "email": "anna@nordwind.de"})).await.expect(201));
        }
        let vague = |external: &str| json!({"external_id": external, "name": "A. Berg", "email": "anna@nordwind.de"});
        let asked = json!({"resource_type": "person", "dry_run": false, "items": [vague("003"), vague("004")]});
        let first = ops.post(&path, asked.clone()).await.expect(200);
        ops.post(&path, asked.clone()).await.expect(200);
        let review = |index: usize| format!("/v1/sync-reviews/{}", first["items"][index]["review_id"].as_str().unwrap());
        assert_eq!(ops.get(&review(0)).await.expect(200)["revision"], 1, "asked again, nothing is new");
        let linking = json!({"system_id": system["id"], "resource_type": "person", "resource_id": people[1]["id"], "external_id": "003"});
        ops.post("/v1/sync-links", linking).await.expect(201);
        let settled = ops.get(&review(0)).await.expect(200);
        assert_eq!((settled["state"].as_str(), &settled["resource_id"]), (Some("linked"), &people[1]["id"]));
        ops.post(&format!("{}/decide", review(1)), json!({"decision": "ignore"})).await.expect(200);
        let again = ops.post(&path, asked).await.expect(200);
        let statuses: Vec<&str> = again["items"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["linked", "ignored"]);
        assert!(waiting(&ops, "sync_review").await.is_empty());
    }

    async fn a_person_and_the_crm_who_change_a_record_at_once_lose_nothing(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme"})).await.expect(201);
        for round in 2..10 {
            let value = round.to_string();
            let revision = ops.get(&at(&made)).await.expect(200)["revision"].as_i64().unwrap();
            let upsert = "/v1/customer-accounts/by-external-id/crm/0001".to_owned();
            let answers = at_once(&world, &ops.token(), vec![
                (Method::PUT, upsert, vec![("external-revision", value.clone())], json!({"phone": value})),
                (Method::PATCH, at(&made), vec![("if-match", format!("\"{revision}\""))], json!({"industry": value})),
            ]);
            let [(arrived, _), (changed, _)] = answers.as_slice() else { panic!("{answers:?}") };
            assert!(*arrived == 200 && [200, 412].contains(changed), "{answers:?}");
            let present = ops.get(&at(&made)).await.expect(200);
            assert_eq!(present["phone"], json!(value), "{answers:?}");
            let linked = found(&ops, "0001").await;
            if *changed == 200 {
                assert_eq!((&present["industry"], &linked["state"]), (&json!(value), &json!("pending")), "{answers:?}");
            }
            assert_eq!(linked["our_revision"], present["revision"]);
            report(&ops, &system, json!([{"resource_id": made["id"], "revision": present["revision"]}])).await;
        }
        sound(&world);
    }

    async fn what_comes_besides_the_fields_is_taken_while_ours_waits_and_kept_with_a_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let works = |title: &str| json!({"partner_id": north["id"], "title": title});
        let known_as = |id: &str| json!([{"system": "erp", "id": id}]);
        let put = |revision: &'static str, body: Value| {
            let ops = &ops;
            async move {
                let headers = [("external-revision", revision)];
                ops.send(Method::PUT, "/v1/people/by-external-id/crm/003", &headers, Some(&body)).await
            }
        };
        let made = put("1", json!({"name": "Anna"})).await.expect(201);
        let path = format!("/v1/people/{}", id(&made));
        let told = |person: &Value| {
            let times = person["employments"].as_array().unwrap();
            let titles: Vec<String> = times.iter().map(|time| time["title"].as_str().unwrap().to_owned()).collect();
            (person["name"].as_str().unwrap().to_owned(), titles.join(", "), person["external_refs"].as_array().unwrap().len())
        };
        let is = |name: &str, titles: &str, references: usize| (name.to_owned(), titles.to_owned(), references);
        ops.patch(&path, json!({"name": "Anna Berg"})).await.expect(200);
        let brought = json!({"name": "Anna", "locale": "de", "external_refs": known_as("9"), "employment": works("Director")});
        let taken = put("2", brought).await.expect(200);
        assert_eq!((told(&taken), taken["locale"].as_str()), (is("Anna Berg", "Director", 2), Some("de")));
        assert_eq!(found(&ops, "003").await["state"], "pending", "the name is to be pushed");

        let brought = json!({"name": "Anna Holm", "external_refs": known_as("10"), "employment": works("Owner")});
        assert_eq!(put("3", brought).await.refused(409), "sync_conflict");
        assert_eq!(told(&ops.get(&path).await.expect(200)), is("Anna Berg", "Director", 2), "nothing of that version is written");
        // What comes later says nothing of them, which takes nothing back.
        assert_eq!(put("4", json!({"name": "Anna Holms"})).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["theirs"]["employment"]["title"], &open["theirs"]["external_refs"]), (&json!(["name"]), &json!("Owner"), &known_as("10")));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "ours"})).await.expect(200);
        assert_eq!(told(&ops.get(&path).await.expect(200)), is("Anna Berg", "Owner", 3), "what they alone changed is taken either way");
        assert_eq!(ops.get("/v1/people/by-external-id/erp/10").await.expect(200)["id"], made["id"]);
        sound(&world);
    }

    async fn a_version_that_joins_a_conflict_and_says_less_loses_nothing_of_the_one_before(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        for (external, last) in [("0001", "Acme SE"), ("0002", "Ours")] {
            let made = comes(&ops, external, "1", json!({"name": "Acme", "phone": "1", "industry": "Tools"})).await.expect(201);
            ops.patch(&at(&made), json!({"name": "Ours"})).await.expect(200);
            assert_eq!(comes(&ops, external, "2", json!({"name": "Acme AG", "phone": "2", "industry": "Farms"})).await.refused(409), "sync_conflict");
            let later = comes(&ops, external, "3", json!({"name": last, "phone": "3"})).await;
            if last == "Ours" {
                later.expect(200);
            } else {
                assert_eq!(later.refused(409), "sync_conflict");
                let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
                assert_eq!((&open["fields"], &open["theirs"]["industry"], &open["theirs"]["phone"]), (&json!(["name"]), &json!("Farms"), &json!("3")));
                ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "ours"})).await.expect(200);
            }
            let present = ops.get(&at(&made)).await.expect(200);
            let values = ["name", "phone", "industry"].map(|field| present[field].as_str().unwrap());
            assert_eq!(values, ["Ours", "3", "Farms"], "{external}");
        }
        let resolved = ops.get("/v1/sync-conflicts?state=resolved").await.expect(200);
        assert_eq!(resolved["data"].as_array().unwrap().len(), 2);
        sound(&world);
    }

    async fn a_record_that_is_met_by_its_reference_is_held_against_what_it_was_when_it_got_it(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let values = |record: &Value| ["name", "phone"].map(|field| record[field].as_str().unwrap_or_default().to_owned());
        let are = |name: &str, phone: &str| [name.to_owned(), phone.to_owned()];
        let plain = |external: &'static str, body: Value| {
            let ops = &ops;
            async move { ops.put(&format!("/v1/customer-accounts/by-external-id/crm/{external}"), body).await.expect(201) }
        };
        // Nothing was changed here since: theirs is taken.
        plain("0001", json!({"name": "Acme", "phone": "1"})).await;
        let taken = comes(&ops, "0001", "1", json!({"name": "Acme GmbH"})).await.expect(200);
        assert_eq!((values(&taken), &found(&ops, "0001").await["state"]), (are("Acme GmbH", "1"), &json!("in_sync")));

        // Both have changed the name, and nothing is written over.
        let made = plain("0002", json!({"name": "Globex", "phone": "1"})).await;
        ops.patch(&at(&made), json!({"name": "Globex here"})).await.expect(200);
        assert_eq!(comes(&ops, "0002", "1", json!({"name": "Globex there", "phone": "2"})).await.refused(409), "sync_conflict");
        assert_eq!(values(&ops.get(&at(&made)).await.expect(200)), are("Globex here", "1"));
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        let names = ["base", "ours", "theirs"].map(|side| open[side]["name"].as_str().unwrap());
        assert_eq!((names, &open["fields"]), (["Globex", "Globex here", "Globex there"], &json!(["name"])));
        assert_eq!((&found(&ops, "0002").await["state"], &open["base_revision"]), (&json!("conflict"), &json!(1)));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!(values(&ops.get(&at(&made)).await.expect(200)), are("Globex there", "2"));

        // Each has changed another field: both changes stand.
        let made = plain("0003", json!({"name": "Initech", "phone": "1"})).await;
        ops.patch(&at(&made), json!({"phone": "2"})).await.expect(200);
        let merged = comes(&ops, "0003", "1", json!({"name": "Initech Ltd", "phone": "1"})).await.expect(200);
        assert_eq!((values(&merged), &found(&ops, "0003").await["state"]), (are("Initech Ltd", "2"), &json!("pending")));

        // Whoever gives the reference says that the two are one: what was before is no change of ours since.
        let made = account(&ops, "Umbrella").await;
        ops.patch(&at(&made), json!({"name": "Umbrella here"})).await.expect(200);
        let refs = json!([{"system": "crm", "id": "0004"}, {"system": "erp", "id": "4"}]);
        ops.patch(&at(&made), json!({"external_refs": refs})).await.expect(200);
        ops.patch(&at(&made), json!({"external_refs": [{"system": "crm", "id": "0004"}]})).await.expect(200);
        ops.patch(&at(&made), json!({"phone": "1"})).await.expect(200);
        let taken = comes(&ops, "0004", "1", json!({"name": "Umbrella there"})).await.expect(200);
        assert_eq!(values(&taken), are("Umbrella there", "1"));

        // They say which revision theirs was made on the base of.
        let made = plain("0005", json!({"name": "Hooli"})).await;
        let here = ops.patch(&at(&made), json!({"name": "Hooli here"})).await.expect(200);
        let revision = here["revision"].to_string();
        let headers = [("external-revision", "1"), ("external-base-revision", revision.as_str())];
        let path = "/v1/customer-accounts/by-external-id/crm/0005";
        let taken = ops.send(Method::PUT, path, &headers, Some(&json!({"name": "Hooli there"}))).await.expect(200);
        assert_eq!(taken["name"], "Hooli there", "they knew ours");
        sound(&world);
    }

    async fn where_nobody_knows_when_a_reference_was_given_whatever_differs_is_a_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let made = account(&ops, "Acme").await;
        let record = id(&made).to_owned();
        // As if the event that told of it was kept no more.
        world.sql(move |tx| {
            use openprm::schema::external_references::dsl as r;
            let row = (
                r::id.eq("xref_1"),
                r::system.eq("crm"),
                r::resource_type.eq("customer_account"),
                r::external_id.eq("0001"),
                r::resource_id.eq(&record),
                r::created_at.eq(0_i64),
                r::updated_at.eq(0_i64),
            );
            diesel::insert_into(r::external_references).values(&row).execute(tx.conn())
                .map(drop)
                .map_err(Error::from)
        });
        assert_eq!(comes(&ops, "0001", "1", json!({"name": "Acme GmbH"})).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["base"], &open["base_revision"]), (&json!(["name"]), &Value::Null, &json!(0)));
        assert_eq!(ops.get(&at(&made)).await.expect(200)["name"], "Acme");
        comes(&ops, "0001", "2", json!({"name": "Acme"})).await.expect(200);
        assert_eq!(found(&ops, "0001").await["state"], "pending", "they told of one field, and the others are to be pushed");
    }
}
