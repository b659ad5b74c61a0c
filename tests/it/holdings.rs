//! What the vendor itself holds on customers: direct opportunities, named accounts, installed base.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use openprm::{
    auth::{Caller, Role},
    customers::{direct_opportunities, installed_base, named_accounts},
    kernel::ids::AccountId,
};
use serde_json::{Value, json};

use crate::support::{Client, World};

/// A customer, a product and a territory.
async fn scope(ops: &Client<'_>) -> (Value, Value, Value) {
    let account = ops
        .post("/v1/customer-accounts", json!({"name": "Acme"}))
        .await
        .expect(201);
    let line = ops
        .post("/v1/products", json!({"code": "EDGE", "name": "Edge", "kind": "line"}))
        .await
        .expect(201);
    let place = ops
        .post(
            "/v1/territories",
            json!({"code": "DE", "name": "Germany", "kind": "country"}),
        )
        .await
        .expect(201);
    (account, line, place)
}

fn ask<T>(world: &World, work: impl FnOnce(&mut openprm::db::Tx<'_>) -> openprm::error::Result<T>) -> T {
    world.db.ask_now(&Caller::system("test"), work).unwrap()
}

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

fn account_id(record: &Value) -> AccountId {
    id(record).parse().unwrap()
}

each_engine! {
    async fn an_opportunity_claims_while_it_is_open(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (account, line, place) = scope(&ops).await;
        let made = ops.post("/v1/direct-opportunities", json!({
            "account_id": account["id"], "title": "Edge for Berlin", "product_id": line["id"], "territory_id": place["id"],
            "amount": {"amount": "12500.00", "currency": "EUR"}, "opened_at": "2026-09-01T08:00:00Z", "stage": "Proposal",
        })).await.expect(201);
        assert_eq!((&made["status"], &made["deal_type"], &made["last_activity_at"]), (&json!("open"), &json!("net_new"), &made["opened_at"]));
        let at = format!("/v1/direct-opportunities/{}", id(&made));
        assert_eq!(ops.get(&at).await.expect(200), made);
        let open = ask(&world, |tx| direct_opportunities::open_for(tx, &[account_id(&account)]));
        assert_eq!(open.iter().map(|claim| claim.number.as_str()).collect::<Vec<_>>(), [made["number"].as_str().unwrap()]);

        let moved = ops.patch(&at, json!({"stage": "Negotiation"})).await.expect(200);
        assert!(moved["last_activity_at"].as_str() > made["last_activity_at"].as_str(), "a move is activity");
        let won = ops.patch(&at, json!({"status": "won", "closed_at": "2026-11-20T00:00:00Z"})).await.expect(200);
        assert_eq!(won["closed_at"], "2026-11-20T00:00:00.000000Z");
        assert!(ask(&world, |tx| direct_opportunities::open_for(tx, &[account_id(&account)])).is_empty());
        let again = ops.patch(&at, json!({"status": "open"})).await.expect(200);
        assert_eq!(again["closed_at"], json!(null));
        assert_eq!(ops.get("/v1/direct-opportunities?status=open&q=EDGE").await.expect(200)["data"][0]["id"], made["id"]);
        assert_eq!(ops.delete(&format!("/v1/customer-accounts/{}", id(&account))).await.refused(409), "in_use");
        ops.delete(&at).await.expect(204);
    }

    async fn the_crm_puts_its_opportunities_under_its_own_ids(world: World) {
        let ops = world.vendor(Role::Cam);
        let account = ops.post("/v1/customer-accounts", json!({"name": "Acme"})).await.expect(201);
        let at = "/v1/direct-opportunities/by-external-id/salesforce/006A";
        let body = json!({"account_id": account["id"], "title": "First", "amount": {"amount": "10.00", "currency": "USD"}});
        let first = ops.put(at, body).await.expect(201);
        let second = ops.put(at, json!({"account_id": account["id"], "title": "Second"})).await.expect(200);
        assert_eq!((&second["id"], &second["amount"], &second["title"]), (&first["id"], &first["amount"], &json!("Second")));
        let unknown = json!({"account_id": "account_01kb9m8q00e9wv2h2a3m7z5x1y", "title": "Lost"});
        assert_eq!(ops.put("/v1/direct-opportunities/by-external-id/salesforce/006B", unknown).await.refused(409), "unknown_reference");
    }

    async fn what_another_system_knows_is_read_by_its_id_there(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (account, line, _) = scope(&ops).await;
        for (list, body) in [
            ("direct-opportunities", json!({"account_id": account["id"], "title": "Edge for Berlin"})),
            ("named-accounts", json!({"account_id": account["id"]})),
            ("installed-base", json!({"account_id": account["id"], "product_id": line["id"]})),
        ] {
            let address = |system: &str, id: &str| format!("/v1/{list}/by-external-id/{system}/{id}");
            let at = address("crm", "A%2F1");
            assert_eq!(ops.get(&at).await.refused(404), "not_found");
            let made = ops.put(&at, body).await.expect(201);
            assert_eq!(made["external_refs"], json!([{"system": "crm", "id": "A/1"}]), "the same id names one record of each kind");
            assert_eq!(world.vendor(Role::Analyst).get(&at).await.expect(200), made);
            let whole = ops.get(&format!("{at}?expand=account")).await.expect(200);
            assert_eq!(whole["expanded"]["account"]["id"], account["id"]);
            for other in [address("erp", "A%2F1"), address("crm", "A1")] {
                assert_eq!(ops.get(&other).await.refused(404), "not_found");
            }
            assert_eq!(world.machine(&["deals:read"]).get(&at).await.refused(403), "insufficient_scope");
            ops.delete(&format!("/v1/{list}/{}", id(&made))).await.expect(204);
            assert_eq!(ops.get(&at).await.refused(404), "not_found");
        }
    }

    async fn of_twenty_who_put_one_new_id_at_once_one_makes_the_record(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (account, line, _) = scope(&ops).await;
        let said = |number: i64| [
            ("direct-opportunities", json!({"account_id": account["id"], "title": format!("Edge {number}")})),
            ("named-accounts", json!({"account_id": account["id"], "reason": format!("Contract {number}")})),
            ("installed-base", json!({"account_id": account["id"], "product_id": line["id"], "quantity": number})),
        ];
        let clients: Vec<Client<'_>> = (0..20).map(|_| world.vendor(Role::Cam)).collect();
        for kind in 0..3 {
            let calls = (1..).zip(&clients).map(|(number, client)| {
                let (list, body) = said(number)[kind].clone();
                async move { client.put(&format!("/v1/{list}/by-external-id/crm/race"), body).await }
            });
            let answers = join_all(calls).await;
            let list = said(0)[kind].0;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [vec![200; 19], vec![201]].concat(), "{list}");
            let revisions: BTreeSet<i64> = answers.iter().map(|answer| answer.body["revision"].as_i64().unwrap()).collect();
            assert_eq!(revisions.len(), 20, "{list}: every one was heard");
        }
    }

    async fn a_named_account_is_in_force_for_its_time(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (account, line, _) = scope(&ops).await;
        let made = ops.post("/v1/named-accounts", json!({"account_id": account["id"], "product_id": line["id"], "starts_on": "2026-11-21", "ends_on": "2026-11-23"})).await.expect(201);
        let in_force = |day: &str| {
            let at = format!("{day}T12:00:00Z").parse().unwrap();
            ask(&world, |tx| named_accounts::in_force(tx, &[account_id(&account)], at)).len()
        };
        assert_eq!([in_force("2026-11-20"), in_force("2026-11-21"), in_force("2026-11-22"), in_force("2026-11-23")], [0, 1, 1, 0]);
        let at = format!("/v1/named-accounts/{}", id(&made));
        assert_eq!(ops.patch(&at, json!({"ends_on": "2026-11-01"})).await.refused(409), "contradiction");
        ops.patch(&at, json!({"ends_on": null})).await.expect(200);
        assert_eq!(in_force("2030-01-01"), 1);
        ops.put("/v1/named-accounts/by-external-id/crm/n1", json!({"account_id": account["id"]})).await.expect(201);
        ops.put("/v1/named-accounts/by-external-id/crm/n1", json!({"account_id": account["id"], "reason": "Global contract"})).await.expect(200);
        assert_eq!(ops.get(&format!("/v1/named-accounts?account_id={}", id(&account))).await.expect(200)["data"].as_array().unwrap().len(), 2);
        ops.delete(&at).await.expect(204);
    }

    async fn the_installed_base_says_what_a_customer_has(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (account, line, place) = scope(&ops).await;
        let made = ops.post("/v1/installed-base", json!({"account_id": account["id"], "product_id": line["id"], "territory_id": place["id"], "since_on": "2024-01-01", "quantity": 3})).await.expect(201);
        assert_eq!(made["source"], "manual");
        let at = format!("/v1/installed-base/{}", id(&made));
        assert_eq!(ops.patch(&at, json!({"quantity": 5})).await.expect(200)["quantity"], 5);
        assert_eq!(ask(&world, |tx| installed_base::for_accounts(tx, &[account_id(&account)])).len(), 1);
        ops.put("/v1/installed-base/by-external-id/erp/77", json!({"account_id": account["id"], "product_id": line["id"]})).await.expect(201);
        ops.put("/v1/installed-base/by-external-id/erp/77", json!({"account_id": account["id"], "product_id": line["id"]})).await.expect(200);
        assert_eq!(ops.get("/v1/installed-base").await.expect(200)["data"].as_array().unwrap().len(), 2);
        ops.delete(&at).await.expect(204);
    }
}
