//! Field maps: drafted, checked, published, and whose a field is by them.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{account, at, comes, crm, found, id, link, report};
use crate::program::sound;

each_engine! {
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
}
