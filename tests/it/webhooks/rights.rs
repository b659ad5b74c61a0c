//! Who is told what, and who says where.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use openprm::{auth::Role, error::Error, kernel::ids::PartnerId, schema};
use serde_json::{Value, json};

use super::{QUICK, Receiver, Running, a_while, becomes, deliveries, hook, territory, until};
use crate::{partners::prospect, program::Program};

hooked! {
    async fn a_partner_is_told_what_is_its_own_and_sees_its_own_endpoints(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let mut partners = Vec::new();
        for name in ["Nordwind", "Südwind"] {
            let partner: PartnerId = prospect(&ops, name).await["id"].as_str().unwrap().parse().unwrap();
            partners.push(partner);
        }
        let (a, b) = (partners[0], partners[1]);
        let (ours, theirs) = (world.partner_user(a, Role::PartnerAdmin), world.partner_user(b, Role::PartnerAdmin));
        let receiver = Receiver::willing().await;
        let own = hook(&ours, &receiver.url("/ours"), &["task.*"]).await;
        hook(&theirs, &receiver.url("/theirs"), &["*"]).await;
        for other in [&theirs, &admin] {
            assert_eq!(other.get(&own.path).await.refused(404), "not_found");
            assert_eq!(other.post(&format!("{}/ping", own.path), json!({})).await.refused(404), "not_found");
        }
        assert_eq!(ops.get(&own.path).await.refused(403), "forbidden");
        let running = Running::start(&world);
        let task = |partner: PartnerId| json!({"title": "Call", "resource_type": "partner", "resource_id": partner, "visibility": "shared"});
        for partner in [a, b, a] {
            ops.post("/v1/tasks", task(partner)).await.expect(201);
        }
        until("both of ours", || receiver.at("/ours").len() == 2).await;
        a_while().await;
        let about = |path: &str| -> BTreeSet<String> {
            receiver.at(path).iter().filter_map(|hit| hit.json()["data"]["data"]["partner_id"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!((receiver.at("/ours").len(), about("/ours")), (2, BTreeSet::from([a.to_string()])));
        assert!(!about("/theirs").contains(&a.to_string()));
        let listed = deliveries(&ours, "status=delivered").await;
        assert_eq!((listed.len(), deliveries(&admin, "").await.len()), (2, 0));
        let attempts = ours.get(&format!("/v1/webhook-deliveries/{}/attempts", listed[0]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(attempts["data"][0]["answer"], Value::Null, "what a receiver says is for the vendor alone");
        assert!(attempts["request_body"].is_string());
        running.stop().await;
    }

    async fn a_distributor_is_told_of_its_resellers_where_a_program_says_so(world: World, QUICK) {
        let (ops, firms) = (world.vendor(Role::ChannelOps), Program::new(&world).await);
        let (distributor, reseller) = (firms.partner("Groß"), firms.partner("Klein"));
        let at = format!("/v1/partners/{distributor}");
        ops.patch(&at, json!({"types": ["distributor"]})).await.expect(200);
        let made = ops.post("/v1/programs", json!({"code": "CHANNEL", "name": "Channel", "distributor_sees_resellers": true})).await.expect(201);
        let program = format!("/v1/programs/{}", made["id"].as_str().unwrap());
        for (path, body, status) in [
            ("/versions", json!({"currency": "EUR"}), 201),
            ("/tiers", json!({"rank": 1, "name": "Member"}), 201),
            ("/versions/1/publish", json!({}), 200),
            ("/memberships", json!({"partner_id": distributor}), 201),
            ("/memberships", json!({"partner_id": reseller}), 201),
        ] {
            ops.post(&format!("{program}{path}"), body).await.expect(status);
        }
        let receiver = Receiver::willing().await;
        hook(&world.partner_user(distributor, Role::PartnerAdmin), &receiver.url("/distributor"), &["task.*"]).await;
        hook(&world.partner_user(reseller, Role::PartnerAdmin), &receiver.url("/reseller"), &["task.*"]).await;
        let running = Running::start(&world);
        let task = async |partner: PartnerId, title: &str| {
            let body = json!({"title": title, "resource_type": "partner", "resource_id": partner, "visibility": "shared"});
            ops.post("/v1/tasks", body).await.expect(201);
        };
        let heard = |path: &str| -> Vec<String> {
            receiver.at(path).iter().map(|hit| hit.json()["data"]["data"]["title"].as_str().unwrap().to_owned()).collect()
        };
        let come = async |mine: usize, theirs: usize| {
            until("all of them", || heard("/distributor").len() == mine && heard("/reseller").len() == theirs).await;
        };
        task(reseller, "Before it serves them").await;
        task(distributor, "Own").await;
        come(1, 1).await;
        // Those at work hear of it without reading their endpoint again.
        ops.post(&format!("{at}/resellers"), json!({"reseller_id": reseller})).await.expect(201);
        task(reseller, "Seen").await;
        task(distributor, "Own again").await;
        come(3, 2).await;
        ops.patch(&program, json!({"distributor_sees_resellers": false})).await.expect(200);
        task(reseller, "Hidden").await;
        task(distributor, "Own at last").await;
        come(4, 3).await;
        a_while().await;
        let (mine, theirs) = (heard("/distributor"), heard("/reseller"));
        assert_eq!(mine.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["Own", "Seen", "Own again", "Own at last"]));
        assert_eq!((mine.len(), theirs), (4, ["Before it serves them", "Seen", "Hidden"].map(str::to_owned).to_vec()));
        running.stop().await;
    }

    async fn a_machine_s_endpoint_learns_what_its_scopes_allow_and_ends_with_it(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let machine = world.machine(&["webhooks:read", "webhooks:write", "catalog:read"]);
        let receiver = Receiver::willing().await;
        for types in [json!(["partner.created"]), json!(["partner.*"]), json!(["no.such"]), json!(["nothing.*"])] {
            let body = json!({"url": receiver.url("/"), "event_types": types});
            assert_eq!(machine.post("/v1/webhook-endpoints", body).await.refused(409), "contradiction");
        }
        let made = hook(&machine, &receiver.url("/"), &["*"]).await;
        let seen = admin.get(&made.path).await.expect(200);
        assert!(seen["client_id"].is_string(), "the vendor's people see their machines' endpoints");
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        prospect(&ops, "Nordwind").await;
        until("the territory", || !receiver.hits().is_empty()).await;
        a_while().await;
        assert!(receiver.hits().iter().all(|hit| hit.json()["type"].as_str().unwrap().starts_with("territory.")), "{:?}", receiver.hits());
        let count = receiver.hits().len();
        let client = seen["client_id"].as_str().unwrap().to_owned();
        world.sql(move |tx| {
            use schema::service_clients::dsl as s;
            diesel::update(s::service_clients.find(&client)).set(s::status.eq("disabled")).execute(tx.conn()).map_err(Error::from)
        });
        territory(&ops, "MC").await;
        let ended = becomes(&admin, &made.path, "status", json!("disabled")).await;
        assert_eq!((&ended["disabled_reason"], receiver.hits().len()), (&json!("client_disabled"), count));
        // A test message tells nothing.
        let ping = admin.post(&format!("{}/ping", made.path), json!({})).await;
        let path = ping.header("location").unwrap().to_owned();
        becomes(&admin, &path, "status", json!("delivered")).await;
        running.stop().await;
    }

    async fn an_endpoint_learns_no_more_than_the_key_that_made_it(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let scopes = ["webhooks:read", "webhooks:write", "catalog:read", "partners:read"];
        let made = admin.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": scopes})).await.expect(201);
        let body = json!({"name": "Catalogue", "client_id": made["client"]["id"], "scopes": &scopes[..3]});
        let key = admin.post("/v1/api-keys", body).await.expect(201)["text"].as_str().unwrap().to_owned();
        let receiver = Receiver::willing().await;
        hook(&world.bearer(&key), &receiver.url("/"), &["*"]).await;
        let running = Running::start(&world);
        prospect(&ops, "Nordwind").await;
        territory(&ops, "LI").await;
        until("the territory", || !receiver.hits().is_empty()).await;
        a_while().await;
        assert!(receiver.hits().iter().all(|hit| hit.json()["type"].as_str().unwrap().starts_with("territory.")), "{:?}", receiver.hits());
        running.stop().await;
    }

    async fn a_machine_points_nobody_else_s_messages_elsewhere(world: World, QUICK) {
        let admin = world.vendor(Role::Admin);
        let scopes = ["webhooks:read", "webhooks:write", "catalog:read"];
        let (machine, other) = (world.machine(&scopes), world.machine(&scopes));
        let ours = hook(&admin, "https://crm.example.com/ours", &["*"]).await;
        let own = hook(&machine, "https://crm.example.com/own", &["territory.*"]).await;
        let elsewhere = json!({"url": "https://elsewhere.example.net/"});
        for (who, hook) in [(&machine, &ours), (&other, &own)] {
            who.get(&hook.path).await.expect(200);
            assert_eq!(who.patch(&hook.path, elsewhere.clone()).await.refused(403), "forbidden");
            assert_eq!(who.post(&format!("{}/rotate-secret", hook.path), json!({})).await.refused(403), "forbidden");
        }
        assert_eq!(admin.get(&ours.path).await.expect(200)["url"], json!("https://crm.example.com/ours"));
        machine.patch(&own.path, elsewhere).await.expect(200);
        machine.post(&format!("{}/rotate-secret", own.path), json!({})).await.expect(200);
        admin.patch(&own.path, json!({"description": "For the CRM."})).await.expect(200);
    }
}
