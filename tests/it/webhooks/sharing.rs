//! How several servers share the work, and what one leaves behind that is gone.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use openprm::{auth::Role, db::Engine, error::Error, schema, webhooks::SystemResolver};
use serde_json::json;

use super::{QUICK, Receiver, Reply, Running, SHORT, a_while, by_record, deliveries, hook, territory, until};
use crate::support::{World, contract};

hooked! {
    async fn two_servers_share_the_endpoints_and_send_nothing_twice(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let mut hooks = Vec::new();
        for number in 0..6 {
            hooks.push(hook(&admin, &receiver.url(&format!("/{number}")), &["territory.*"]).await);
        }
        let resolver = || Arc::new(SystemResolver);
        let servers = [Running::with(&world, world.with_connections(4), resolver()), Running::with(&world, world.with_connections(4), resolver())];
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC"] {
            paths.push(territory(&ops, code).await);
        }
        for round in 0..5 {
            for path in &paths {
                ops.patch(path, json!({"name": format!("Round {round}")})).await.expect(200);
            }
        }
        until("all messages", || receiver.hits().len() >= 6 * 18).await;
        a_while().await;
        for number in 0..6 {
            let hits = receiver.at(&format!("/{number}"));
            assert_eq!(hits.len(), 18, "endpoint {number}");
            assert!(by_record(&hits).values().all(|order| order.is_sorted() && order.len() == 6));
        }
        for server in servers {
            server.stop().await;
        }
        let leased: i64 = world.sql(|tx| {
            use schema::webhook_marks::dsl as m;
            m::webhook_marks.filter(m::lease_token.is_not_null()).count().get_result(tx.conn()).map_err(Error::from)
        });
        assert_eq!(leased, 0, "whoever ends in order gives everything back");
    }

    async fn what_was_under_way_when_a_server_was_gone_is_sent_again_in_order(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let hangs = Arc::new(Mutex::new(true));
        let state = hangs.clone();
        let receiver = Receiver::new(move |_| if *state.lock().unwrap() { Reply::Hang } else { Reply::Status(204, "") }).await;
        hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let server = Running::start(&world);
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC"] {
            paths.push(territory(&ops, code).await);
        }
        for path in &paths {
            ops.patch(path, json!({"name": "Changed"})).await.expect(200);
        }
        until("calls under way", || receiver.hits().len() == 3).await;
        server.crash();
        *hangs.lock().unwrap() = false;
        let other = Running::start(&world);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let early = receiver.hits().len();
        assert_eq!(early, 3, "the lease holds");
        world.clock.advance_seconds(5);
        until("all of them", || receiver.hits().len() >= 9).await;
        a_while().await;
        let lines = by_record(&receiver.hits());
        assert!(lines.values().all(|order| order.is_sorted() && order.len() == 3), "{lines:?}");
        assert_eq!(deliveries(&admin, "status=delivered").await.len(), 6);
        other.stop().await;
    }
}

#[actix_web::test]
async fn the_first_server_on_an_sqlite_database_takes_over_at_once() {
    let world = World::configured(Engine::Sqlite, contract(), QUICK).await;
    let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
    let receiver = Receiver::willing().await;
    hook(&admin, &receiver.url("/"), &["territory.*"]).await;
    let server = Running::start(&world);
    territory(&ops, "LI").await;
    until("a message", || receiver.hits().len() == 1).await;
    server.crash();
    openprm::webhooks::take_over(&world.db).unwrap();
    let next = Running::start(&world);
    territory(&ops, "MC").await;
    until("another message", || receiver.hits().len() == 2).await;
    next.stop().await;
}
