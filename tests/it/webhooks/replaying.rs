//! What is sent again, and what is deleted when its time is over.

use diesel::RunQueryDsl as _;
use openprm::{auth::Role, error::Error};
use serde_json::{Value, json};

use super::{QUICK, Receiver, Running, becomes, deliveries, hook, territory, told, until, until_listed};

hooked! {
    async fn one_delivery_or_a_time_range_is_sent_again_under_its_old_ids(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let begun = world.now();
        for code in ["AA", "BB", "CC"] {
            territory(&ops, code).await;
        }
        until_listed(&admin, "status=delivered", 3).await;
        let second = deliveries(&admin, "").await[1].clone();
        let path = format!("/v1/webhook-deliveries/{}", second["id"].as_str().unwrap());
        assert_eq!(admin.post(&format!("{path}/replay"), json!({})).await.expect(200)["status"], json!("pending"));
        until("it again", || receiver.hits().len() == 4).await;
        assert_eq!(Some(receiver.hits()[3].headers["webhook-id"].as_str()), second["event_id"].as_str());
        let again = becomes(&admin, &path, "status", json!("delivered")).await;
        assert_eq!(again["attempts"], json!(2));
        until("it has its place in the log", || told(&world, "webhook_delivery.replayed") == 1).await;

        let replay = format!("{}/replay", hook.path);
        let failed = json!({"from": begun, "only_failed": true});
        assert_eq!(admin.post(&replay, failed).await.expect(200)["deliveries"], json!(0));
        assert_eq!(admin.post(&replay, json!({"from": begun})).await.expect(200)["deliveries"], json!(3));
        until("all again", || receiver.hits().len() == 7).await;
        let backwards = json!({"from": world.now(), "to": begun});
        assert_eq!(admin.post(&replay, backwards).await.refused(409), "contradiction");
        running.stop().await;
    }

    async fn what_is_settled_goes_when_its_time_is_over_and_a_removed_endpoint_with_all_of_its(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let (kept, removed) = (hook(&admin, &receiver.url("/kept"), &["territory.*"]).await, hook(&admin, &receiver.url("/gone"), &["territory.*"]).await);
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until_listed(&admin, "status=delivered", 2).await;
        assert_eq!(admin.delete(&removed.path).await.status, 204);
        assert_eq!(admin.get(&removed.path).await.refused(404), "not_found");
        assert_eq!(world.work("webhook_retention"), 0, "those at work may not have noticed");
        world.clock.advance_seconds(3700);
        assert_eq!(world.work("webhook_retention"), 1);
        assert_eq!(deliveries(&admin, "").await.len(), 1);
        territory(&ops, "MC").await;
        until("the other", || receiver.at("/kept").len() == 2).await;
        until_listed(&admin, "status=delivered", 2).await;
        world.clock.advance_days(31);
        assert_eq!(world.work("webhook_retention"), 2);
        assert_eq!(receiver.at("/gone").len(), 1);
        admin.get(&kept.path).await.expect(200);
        running.stop().await;
    }

    async fn a_long_range_is_sent_again_in_parts(world: World, QUICK) {
        let admin = world.vendor(Role::Admin);
        let hook = hook(&admin, "https://crm.example.com/hooks", &["*"]).await;
        let (begun, at, endpoint) = (world.now(), world.now().micros(), hook.id.clone());
        world.sql(move |tx| {
            let sql = format!(
                "INSERT INTO webhook_deliveries (id, endpoint_id, kind, sequence, position, event_type, resource_type, resource_id, occurred_at, status, attempts, tries, expires_at, revision, created_at, updated_at) \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5003) \
                 SELECT 'whd_' || i, '{endpoint}', 'event', i, i, 'deal.won', 'deal', 'deal_1', {at}, 'delivered', 1, 1, {at}, 1, {at}, {at} FROM n"
            );
            diesel::sql_query(sql).execute(tx.conn()).map(drop).map_err(Error::from)
        });
        let replay = format!("{}/replay", hook.path);
        let first = admin.post(&replay, json!({"from": begun})).await.expect(200);
        assert_eq!((&first["deliveries"], &first["next_sequence"]), (&json!(5000), &json!(5001)));
        let rest = admin.post(&replay, json!({"from": begun, "from_sequence": 5001})).await.expect(200);
        assert_eq!((&rest["deliveries"], &rest["next_sequence"]), (&json!(3), &Value::Null));
        let none = admin.post(&replay, json!({"from": begun, "only_failed": true})).await.expect(200);
        assert_eq!(none["deliveries"], json!(0), "what was not tried again has not failed again");
        assert_eq!(world.db.ask_now(admin.caller(), openprm::webhooks::waiting).unwrap().0, 5003);
    }
}
