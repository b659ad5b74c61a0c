//! First loads: what is ours already is linked, and what is ambiguous waits for somebody.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{crm, found, id, waiting};
use crate::program::sound;

each_engine! {
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
}
