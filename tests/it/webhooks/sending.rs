//! What a receiver gets.

use openprm::{auth::Role, events::Fact};
use serde_json::{Value, json};

use super::{QUICK, Receiver, Reply, Running, SHORT, a_while, becomes, deliveries, hook, territory, until};

hooked! {
    async fn a_message_is_signed_and_says_what_happened(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let running = Running::start(&world);
        let hook = hook(&admin, &receiver.url("/in?team=7"), &["territory.created"]).await;
        assert!(hook.secret.starts_with("whsec_") && admin.get(&hook.path).await.expect(200).get("secret").is_none());
        let made = territory(&ops, "LI").await;
        ops.patch(&made, json!({"name": "Liechtenstein"})).await.expect(200);
        until("one message", || receiver.hits().len() == 1).await;
        a_while().await;
        let hits = receiver.hits();
        let (hit, body) = (&hits[0], hits[0].json());
        assert_eq!((hits.len(), hit.path.as_str()), (1, "/in?team=7"), "it wants new territories alone");
        assert_eq!(hit.signed_by(&hook.secret), 1);
        assert_eq!(hit.headers["user-agent"], "OpenPRM-Webhooks/1");
        assert_eq!(hit.headers["content-type"], "application/json");
        assert_eq!((&body["type"], &body["sequence"], &body["thin"]), (&json!("territory.created"), &json!(1), &json!(false)));
        assert_eq!((&body["data"]["data"]["code"], &body["timestamp"]), (&json!("LI"), &body["data"]["occurred_at"]));
        assert!(body["data"]["cursor"].is_string() && hit.headers["webhook-id"] == body["data"]["id"].as_str().unwrap());

        let all = deliveries(&admin, &format!("endpoint_id={}", hook.id)).await;
        let path = format!("/v1/webhook-deliveries/{}", all[0]["id"].as_str().unwrap());
        let delivery = becomes(&admin, &path, "status", json!("delivered")).await;
        assert_eq!((&delivery["attempts"], &delivery["last_status"], &delivery["next_attempt_at"]), (&json!(1), &json!(204), &Value::Null));
        let attempts = admin.get(&format!("{path}/attempts")).await.expect(200);
        assert_eq!(attempts["request_body"].as_str().unwrap().as_bytes(), hit.body);
        let attempt = &attempts["data"][0];
        assert_eq!(attempt["request_headers"]["webhook-signature"].as_str().unwrap(), hit.headers["webhook-signature"]);
        assert_eq!(attempt["request_headers"]["webhook-timestamp"].as_str().unwrap(), hit.headers["webhook-timestamp"]);
        running.stop().await;
    }

    async fn both_secrets_sign_while_one_takes_the_place_of_the_other(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let rotated = admin.post(&format!("{}/rotate-secret", hook.path), json!({})).await.expect(200);
        let new = rotated["secret"].as_str().unwrap().to_owned();
        assert!(rotated["endpoint"]["previous_secret_until"].is_string());
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until("a message", || receiver.hits().len() == 1).await;
        let hit = &receiver.hits()[0];
        assert_eq!((hit.signed_by(&hook.secret), hit.signed_by(&new)), (1, 1));
        assert!(new != hook.secret && hit.headers["webhook-signature"].split(' ').count() == 2);
        world.clock.advance_seconds(24 * 3600 + 1);
        territory(&ops, "MC").await;
        until("another message", || receiver.hits().len() == 2).await;
        let hit = &receiver.hits()[1];
        assert_eq!((hit.signed_by(&hook.secret), hit.signed_by(&new)), (0, 1));
        let at_once = admin.post(&format!("{}/rotate-secret", hook.path), json!({"overlap_hours": 0})).await.expect(200);
        assert_eq!(at_once["endpoint"]["previous_secret_until"], Value::Null);
        running.stop().await;
    }

    async fn a_ping_goes_past_the_queue_and_to_one_that_is_disabled(world: World, SHORT) {
        let admin = world.vendor(Role::Admin);
        let receiver = Receiver::new(|hit| if hit.path == "/well" { Reply::Status(204, "") } else { Reply::Status(410, "") }).await;
        let (well, ill) = (hook(&admin, &receiver.url("/well"), &["*"]).await, hook(&admin, &receiver.url("/ill"), &["*"]).await);
        admin.post(&format!("{}/disable", well.path), json!({})).await.expect(200);
        let running = Running::start(&world);
        for (hook, status) in [(&well, "delivered"), (&ill, "failed")] {
            let made = admin.post(&format!("{}/ping", hook.path), json!({})).await;
            let path = made.header("location").unwrap().to_owned();
            assert_eq!(made.expect(201)["kind"], json!("ping"));
            let ping = becomes(&admin, &path, "status", json!(status)).await;
            assert_eq!((&ping["attempts"], &ping["sequence"]), (&json!(1), &Value::Null));
            assert_eq!(admin.post(&format!("{path}/replay"), json!({})).await.refused(409), "conflict");
        }
        let hits = receiver.at("/well");
        assert_eq!((hits[0].json()["type"].clone(), hits[0].signed_by(&well.secret)), (json!("ping"), 1));
        assert_eq!(hits[0].json()["data"]["endpoint_id"], json!(well.id));
        running.stop().await;
    }

    async fn a_message_without_its_record_is_small_and_so_is_one_about_a_large_record(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let thin = json!({"url": receiver.url("/thin"), "event_types": ["territory.*"], "include_data": false});
        admin.post("/v1/webhook-endpoints", thin).await.expect(201);
        hook(&admin, &receiver.url("/whole"), &["territory.*"]).await;
        let running = Running::start(&world);
        let path = territory(&ops, "LI").await;
        let id = path.rsplit('/').next().unwrap().to_owned();
        world.sql(move |tx| {
            tx.record(Fact {
                kind: "territory.updated",
                resource_type: "territory",
                resource_id: id.clone(),
                revision: 2,
                audience: Vec::new(),
                data: json!({"name": "x".repeat(30_000)}),
                previous: Some(json!({"name": "LI"})),
                changed: vec!["name".to_owned()],
                lost: Vec::new(),
                partner_view: None,
                deleted: false,
                reason: None,
            })
        });
        until("all of it", || receiver.hits().len() == 4).await;
        let (thin, whole) = (receiver.at("/thin"), receiver.at("/whole"));
        assert!(thin.iter().all(|hit| hit.json()["thin"] == true && hit.json()["data"]["data"].is_null()));
        assert_eq!(thin[0].json()["data"]["resource_id"], whole[0].json()["data"]["resource_id"]);
        assert_eq!((whole[0].json()["thin"].clone(), whole[1].json()["thin"].clone()), (json!(false), json!(true)));
        assert!(whole[1].body.len() < 20_000 && whole[1].json()["data"]["data"].is_null());
        running.stop().await;
    }

    async fn what_is_changed_holds_for_whatever_happens_next(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.deleted"]).await;
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        a_while().await;
        for (number, code) in ["MC", "SM", "VA"].into_iter().enumerate() {
            // At once, before anybody at work can have heard of it.
            admin.patch(&hook.path, json!({"event_types": ["territory.created"]})).await.expect(200);
            territory(&ops, code).await;
            until("it", || receiver.hits().len() == number + 1).await;
            admin.patch(&hook.path, json!({"event_types": ["territory.deleted"]})).await.expect(200);
            territory(&ops, &format!("{code}2")).await;
            a_while().await;
        }
        let codes: Vec<Value> = receiver.hits().iter().map(|hit| hit.json()["data"]["data"]["code"].clone()).collect();
        assert_eq!(codes, ["MC", "SM", "VA"], "nothing is missed, and nothing else comes");
        running.stop().await;
    }
}
