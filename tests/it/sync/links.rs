//! Links: how a record's state follows what is changed here, pushed, refused, paused and merged.

use std::sync::Arc;

use actix_web::http::Method;
use openprm::auth::{Role, Rows};
use serde_json::{Value, json};

use super::{account, act, at, at_once, comes, crm, found, id, link, linking, read, report, waiting};
use crate::program::{sound, told_of};

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
}
