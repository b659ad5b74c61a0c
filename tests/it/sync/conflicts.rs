//! Both sides changed a record: both versions are kept, until somebody chooses or they agree.

use actix_web::http::Method;
use openprm::auth::Role;
use serde_json::{Value, json};

use super::{at, comes, crm, found, id, report, waiting};
use crate::{
    partners::prospect,
    program::{Program, complete, sound},
};

each_engine! {
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

    async fn what_they_never_spoke_of_is_no_conflict_when_it_is_changed_here_later(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme", "phone": "1", "industry": "Tools"})).await.expect(201);
        ops.patch(&at(&made), json!({"name": "Ours", "phone": "2"})).await.expect(200);
        assert_eq!(comes(&ops, "0001", "2", json!({"phone": "3"})).await.refused(409), "sync_conflict");
        ops.patch(&at(&made), json!({"name": "Ours again"})).await.expect(200);
        // Neither what comes next makes one of it, nor the choice.
        assert_eq!(comes(&ops, "0001", "3", json!({"industry": "Farms"})).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["theirs"]["phone"], &open["theirs"]["name"]), (&json!(["phone"]), &json!("3"), &json!("Ours again")));
        ops.patch(&at(&made), json!({"name": "Ours at last"})).await.expect(200);
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "theirs"})).await.expect(200);
        let present = ops.get(&at(&made)).await.expect(200);
        let values = ["name", "phone", "industry"].map(|field| present[field].as_str().unwrap());
        assert_eq!(values, ["Ours at last", "3", "Farms"]);
        sound(&world);
    }

    async fn times_at_partners_and_references_are_taken_while_ours_waits_and_kept_with_a_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let employment = format!("employment:{}", id(&north));
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
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": taken["revision"]}])).await;

        ops.patch(&path, json!({"name": "Anna Bergen"})).await.expect(200);
        let brought = json!({"name": "Anna Holm", "external_refs": known_as("10"), "employment": works("Owner")});
        assert_eq!(put("3", brought).await.refused(409), "sync_conflict");
        assert_eq!(told(&ops.get(&path).await.expect(200)), is("Anna Bergen", "Director", 2), "nothing of that version is written");
        // What comes later says nothing of them, which takes nothing back.
        assert_eq!(put("4", json!({"name": "Anna Holms"})).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["theirs"][employment.as_str()]["title"], &open["theirs"]["external_refs"]), (&json!(["name"]), &json!("Owner"), &known_as("10")));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "ours"})).await.expect(200);
        assert_eq!(told(&ops.get(&path).await.expect(200)), is("Anna Bergen", "Owner", 3), "what they alone changed is taken either way");
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
}
