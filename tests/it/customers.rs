//! Customer accounts: who a customer is, and what the vendor holds on it.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::support::Client;

/// A customer account of that description.
async fn account(ops: &Client<'_>, body: Value) -> Value {
    ops.post("/v1/customer-accounts", body).await.expect(201)
}

fn path(record: &Value) -> String {
    format!("/v1/customer-accounts/{}", record["id"].as_str().unwrap())
}

each_engine! {
    async fn an_account_is_made_read_changed_found_and_removed(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let made = account(&ops, json!({
            "name": "Acme Werkzeugbau GmbH", "website": "https://www.shop.acme-tools.de/start", "registration_number": "HRB 12345",
            "registration_authority": "Amtsgericht Berlin", "phone": "+49 30 1234567",
            "address": {"street": "Musterstr. 12", "postal_code": "10115", "city": "Berlin", "country": "DE"},
            "aliases": [{"kind": "trading_name", "value": "Acme Tools"}, {"kind": "trading_name", "value": "ACME  tools"}],
            "tags": ["Machines"], "external_refs": [{"system": "crm", "id": "0001"}],
        })).await;
        assert_eq!(made["domain"], "acme-tools.de");
        assert!(made["number"].as_str().unwrap().starts_with("CA-2026-"));
        assert_eq!(made["aliases"].as_array().unwrap().len(), 1, "two spellings of one name are one alias");
        assert_eq!(ops.get(&path(&made)).await.expect(200), made);

        let changed = ops.patch(&path(&made), json!({"address": {"city": "Potsdam"}, "website": null, "tags": []})).await.expect(200);
        assert_eq!((&changed["address"]["city"], &changed["address"]["street"]), (&json!("Potsdam"), &json!("Musterstr. 12")));
        assert_eq!((&changed["domain"], &changed["tags"], &changed["revision"]), (&json!(null), &json!([]), &json!(2)));
        assert_eq!(ops.get("/v1/customer-accounts?q=ACME&country=DE,AT&status=active").await.expect(200)["data"][0]["id"], made["id"]);
        ops.delete(&path(&made)).await.expect(204);
        assert_eq!(ops.get(&path(&made)).await.refused(404), "not_found");
    }

    async fn a_host_that_many_share_is_nobodys_domain(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let made = account(&ops, json!({"name": "Sunrise Bakery", "website": "https://www.facebook.com/sunrise"})).await;
        assert_eq!(made["domain"], json!(null));
    }

    async fn another_systems_id_names_one_account(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let at = "/v1/customer-accounts/by-external-id/crm/A%2F1";
        let first = ops.put(at, json!({"name": "Globex", "phone": "+1 212 555 0100", "tags": ["big"]})).await.expect(201);
        assert_eq!(first["external_refs"], json!([{"system": "crm", "id": "A/1"}]));
        let again = ops.put(at, json!({"name": "Globex Corporation"})).await.expect(200);
        assert_eq!((&again["id"], &again["revision"]), (&first["id"], &json!(2)));
        assert_eq!((&again["phone"], &again["tags"]), (&first["phone"], &first["tags"]), "what was left out stays");
        let same = ops.put(at, json!({"name": "Globex Corporation"})).await.expect(200);
        assert_eq!(same, again, "nothing changed, so no revision was made");
        assert_eq!(ops.put(at, json!({"tags": ["BIG"]})).await.expect(200), again, "two spellings of a tag are one tag, and the first stays");
        let other = ops.post("/v1/customer-accounts", json!({"name": "Other", "external_refs": [{"system": "crm", "id": "A/1"}]})).await;
        assert_eq!(other.refused(409), "already_exists");
    }

    async fn a_hierarchy_has_no_circle(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let top = account(&ops, json!({"name": "Top"})).await;
        let middle = account(&ops, json!({"name": "Middle", "parent_id": top["id"]})).await;
        let low = account(&ops, json!({"name": "Low", "parent_id": middle["id"]})).await;
        assert_eq!(ops.patch(&path(&top), json!({"parent_id": low["id"]})).await.refused(409), "conflict");
        assert_eq!(ops.patch(&path(&top), json!({"parent_id": top["id"]})).await.refused(409), "conflict");
        let unknown = "account_01kb9m8q00e9wv2h2a3m7z5x1y";
        assert_eq!(ops.patch(&path(&top), json!({"parent_id": unknown})).await.refused(409), "unknown_reference");
        let unknown = "territory_01kb9m8q00e9wv2h2a3m7z5x1y";
        assert_eq!(ops.patch(&path(&top), json!({"territory_id": unknown})).await.refused(409), "unknown_reference");
        assert_eq!(ops.delete(&path(&top)).await.refused(409), "in_use");
    }

    async fn partners_do_not_see_accounts(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let made = account(&ops, json!({"name": "Acme"})).await;
        let partner = openprm::kernel::ids::Id::example(1);
        let sales = world.partner_user(partner, Role::PartnerSales);
        assert_eq!(sales.get(&path(&made)).await.refused(403), "forbidden");
        assert_eq!(world.vendor(Role::Analyst).get(&path(&made)).await.expect(200)["name"], "Acme");
        assert_eq!(world.vendor(Role::Analyst).post("/v1/customer-accounts", json!({"name": "X"})).await.refused(403), "forbidden");
    }

    async fn a_description_is_resolved_with_its_evidence(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let group = account(&ops, json!({"name": "Acme Holding AG", "website": "acme-holding.com"})).await;
        let acme = account(&ops, json!({
            "name": "Acme Werkzeugbau GmbH", "website": "https://www.acme-tools.de", "parent_id": group["id"], "phone": "+49 30 1234567",
            "address": {"street": "Musterstr. 12", "postal_code": "10115", "city": "Berlin", "country": "DE"},
        })).await;
        let sister = account(&ops, json!({"name": "Nimbus Logistik GmbH", "parent_id": group["id"]})).await;
        account(&ops, json!({"name": "Globex Corporation", "website": "globex.com"})).await;
        let resolve = async |body: Value| ops.post("/v1/customer-accounts/resolve", body).await.expect(200);

        let by_domain = resolve(json!({"name": "AT Werke", "website": "shop.acme-tools.de"})).await;
        assert_eq!(by_domain["account_id"], acme["id"]);
        let first = &by_domain["candidates"][0];
        assert_eq!((&first["class"], &first["decisive"], &first["matched"][0]["signal"]), (&json!("same_entity"), &json!(true), &json!("domain")));
        let relation = |id: &Value| by_domain["candidates"].as_array().unwrap().iter().find(|one| one["account_id"] == *id).map(|one| one["relation"].clone());
        assert_eq!(relation(&group["id"]), Some(json!("parent")));
        assert_eq!(relation(&sister["id"]), Some(json!("sibling")));

        let by_name = resolve(json!({"name": "ACME Werkzeugbau"})).await;
        assert_eq!(by_name["account_id"], json!(null), "a name alone is never sure");
        assert_eq!((&by_name["candidates"][0]["account_id"], &by_name["candidates"][0]["class"]), (&acme["id"], &json!("probable")));

        let by_mail = resolve(json!({"name": "Somebody Else", "email": "globex.corporation@gmail.com"})).await;
        assert_eq!((&by_mail["account_id"], &by_mail["candidates"]), (&json!(null), &json!([])), "a free mailbox says nothing");
    }

    async fn different_numbers_of_one_register_are_different_customers(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        account(&ops, json!({"name": "Baker Industries Ltd", "registration_number": "01234567", "registration_authority": "Companies House", "address": {"country": "GB"}})).await;
        let answer = ops.post("/v1/customer-accounts/resolve", json!({
            "name": "Baker Industries Ltd", "registration_number": "07654321", "registration_authority": "Companies House", "address": {"country": "GB"},
        })).await.expect(200);
        assert_eq!(answer["account_id"], json!(null));
        assert_eq!(answer["candidates"][0]["class"], "possible");
        let same = ops.post("/v1/customer-accounts/resolve", json!({
            "name": "Something quite different", "registration_number": "1234567", "registration_authority": "Companies House", "address": {"country": "GB"},
        })).await.expect(200);
        assert_eq!(same["candidates"][0]["class"], "identical");
    }

    async fn an_account_is_found_by_what_it_is_now(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let made = account(&ops, json!({"name": "Initech", "website": "initech.com"})).await;
        let asked = json!({"name": "Whatever", "website": "initrode.com"});
        assert_eq!(ops.post("/v1/customer-accounts/resolve", asked.clone()).await.expect(200)["considered"], 0);
        ops.patch(&path(&made), json!({"aliases": [{"kind": "domain", "value": "initrode.com"}]})).await.expect(200);
        assert_eq!(ops.post("/v1/customer-accounts/resolve", asked.clone()).await.expect(200)["account_id"], made["id"]);
        ops.patch(&path(&made), json!({"aliases": []})).await.expect(200);
        assert_eq!(ops.post("/v1/customer-accounts/resolve", asked).await.expect(200)["considered"], 0);
    }
}
