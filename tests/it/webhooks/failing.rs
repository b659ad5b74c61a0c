//! What becomes of messages when the receiver fails.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use diesel::{ExpressionMethods as _, RunQueryDsl as _};
use openprm::{auth::Role, error::Error, schema};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Hit, PATIENCE, QUICK, Receiver, Reply, Running, SHORT, a_while, becomes, by_record, deliveries, hook, territory,
    told, until, until_listed,
};

hooked! {
    async fn whatever_fails_a_record_s_messages_come_in_order_and_all_of_them(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let mut number = 0;
        let receiver = Receiver::new(move |_| {
            number += 1;
            if number % 3 == 0 { Reply::Status(503, "") } else { Reply::Status(200, "") }
        }).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let mut paths = Vec::new();
        for code in ["AA", "BB", "CC", "DD"] {
            paths.push(territory(&ops, code).await);
        }
        for round in 0..6 {
            for path in &paths {
                ops.patch(path, json!({"name": format!("Round {round}")})).await.expect(200);
            }
        }
        let open = format!("/v1/webhook-deliveries?endpoint_id={}&include_total=true", hook.id);
        let (begun, all) = (Instant::now(), 4 * 7);
        loop {
            let delivered = admin.get(&format!("{open}&status=delivered")).await.expect(200)["total"]["value"].as_i64();
            if delivered == Some(all) {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{delivered:?} of {all}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lines = by_record(&receiver.hits());
        assert_eq!(lines.len(), 4);
        for (record, order) in &lines {
            assert!(order.is_sorted(), "{record}: {order:?}");
            assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 7, "{record}: {order:?}");
        }
        let numbers: BTreeSet<i64> = lines.into_values().flatten().collect();
        assert_eq!(numbers, (1..=all).collect::<BTreeSet<_>>(), "numbers without gaps");
        running.stop().await;
    }

    async fn it_is_tried_by_the_schedule_then_disabled_and_goes_on_in_order_once_enabled(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        world.holds(&admin, Role::Admin);
        let well = Arc::new(Mutex::new(false));
        let state = well.clone();
        let receiver = Receiver::new(move |_| if *state.lock().unwrap() { Reply::Status(204, "") } else { Reply::Status(500, "") }).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        let path = territory(&ops, "LI").await;
        ops.patch(&path, json!({"name": "Second"})).await.expect(200);
        until("the first try", || receiver.hits().len() == 1).await;
        a_while().await;
        assert_eq!(receiver.hits().len(), 1, "the second message waits for the first");
        let first = deliveries(&admin, "").await[0].clone();
        let delivery = format!("/v1/webhook-deliveries/{}", first["id"].as_str().unwrap());
        let waits = becomes(&admin, &delivery, "attempts", json!(1)).await;
        assert_eq!((&waits["status"], &waits["last_status"]), (&json!("pending"), &json!(500)));
        world.clock.advance_seconds(73);
        until("the second try", || receiver.hits().len() == 2).await;
        // What comes of it is written down with the time of that moment, and the schedule counts from there.
        becomes(&admin, &delivery, "attempts", json!(2)).await;
        world.clock.advance_seconds(4400);
        until("the third try", || receiver.hits().len() == 3).await;
        let failed = becomes(&admin, &delivery, "status", json!("failed")).await;
        assert_eq!((&failed["attempts"], &failed["next_attempt_at"]), (&json!(3), &Value::Null));
        let disabled = becomes(&admin, &hook.path, "status", json!("disabled")).await;
        assert_eq!(disabled["disabled_reason"], json!("failing"));
        until("it has its place in the log", || told(&world, "webhook_endpoint.disabled") == 1).await;
        world.work("notice_dispatch");
        let notices = admin.get("/v1/notices?topic=webhook_disabled").await.expect(200);
        assert_eq!(notices["data"].as_array().unwrap().len(), 1, "{notices}");
        assert!(notices["data"][0]["body"].as_str().unwrap().contains(&receiver.url("/")));

        ops.patch(&path, json!({"name": "Third"})).await.expect(200);
        world.clock.advance_days(3);
        a_while().await;
        assert_eq!(receiver.hits().len(), 3, "nothing is sent to one that is disabled");
        *well.lock().unwrap() = true;
        admin.post(&format!("{}/enable", hook.path), json!({})).await.expect(200);
        until("all of them", || receiver.hits().len() == 6).await;
        let order: Vec<i64> = receiver.hits().iter().map(Hit::sequence).collect();
        assert_eq!(order, [1, 1, 1, 1, 2, 3]);
        let ids: Vec<String> = receiver.hits().iter().map(|hit| hit.headers["webhook-id"].clone()).collect();
        assert!(ids[..4].iter().all(|id| *id == ids[0]) && ids[4] != ids[0], "an id stays over all tries");
        becomes(&admin, &delivery, "status", json!("delivered")).await;
        running.stop().await;
    }

    async fn a_receiver_that_is_gone_is_left_alone_at_once(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|_| Reply::Status(410, "")).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        let disabled = becomes(&admin, &hook.path, "status", json!("disabled")).await;
        assert_eq!((&disabled["disabled_reason"], receiver.hits().len()), (&json!("gone"), 1));
        assert_eq!(deliveries(&admin, "status=pending").await.len(), 1, "what it has not had waits");
        running.stop().await;
    }

    async fn redirects_silence_and_answers_without_end_are_cut_short_and_told(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| match hit.path.as_str() {
            "/moved" => Reply::Status(302, "location: /elsewhere\r\n"),
            "/silent" => Reply::Hang,
            "/endless" => Reply::Endless,
            "/busy" => Reply::Status(429, "retry-after: 7200\r\n"),
            _ => Reply::Status(204, ""),
        }).await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let urls = [receiver.url("/moved"), receiver.url("/silent"), receiver.url("/endless"), receiver.url("/busy"), format!("http://127.0.0.1:{free}/")];
        let mut hooks = Vec::new();
        for url in &urls {
            hooks.push(hook(&admin, url, &["territory.*"]).await);
        }
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        let mut found = Vec::new();
        for hook in &hooks {
            let query = format!("endpoint_id={}", hook.id);
            until_listed(&admin, &query, 1).await;
            let id = deliveries(&admin, &query).await[0]["id"].as_str().unwrap().to_owned();
            let path = format!("/v1/webhook-deliveries/{id}");
            let delivery = becomes(&admin, &path, "attempts", json!(1)).await;
            let attempts = admin.get(&format!("{path}/attempts")).await.expect(200);
            found.push((delivery, attempts["data"][0].clone()));
        }
        let error = |index: usize| found[index].1["error"].as_str().unwrap().to_owned();
        assert!(error(0).contains("redirects are not followed") && found[0].1["status"] == 302, "{found:?}");
        assert!(receiver.at("/elsewhere").is_empty());
        assert!(error(1).contains("did not answer within 1 seconds"), "{}", error(1));
        let took = found[1].1["milliseconds"].as_i64().unwrap();
        assert!(took >= 900, "{took}");
        assert_eq!((&found[2].0["status"], found[2].1["answer"].as_str().unwrap().len()), (&json!("delivered"), 1024));
        let next: openprm::kernel::Time = found[3].0["next_attempt_at"].as_str().unwrap().parse().unwrap();
        assert!(next.since(world.now()) > 7_000_000_000, "the receiver's wish is obeyed");
        assert!(error(4).contains("cannot be reached"), "{}", error(4));
        running.stop().await;
    }

    async fn an_endpoint_that_hangs_keeps_no_other_waiting(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| if hit.path == "/poison" { Reply::Hang } else { Reply::Status(204, "") }).await;
        hook(&admin, &receiver.url("/poison"), &["territory.*"]).await;
        for number in 0..8 {
            hook(&admin, &receiver.url(&format!("/{number}")), &["territory.*"]).await;
        }
        let running = Running::start(&world);
        for number in 0..10 {
            territory(&ops, &format!("T{number}")).await;
        }
        // Its first message alone has fifty tries of two seconds each: nothing that waits for it is here in time.
        let good = || receiver.hits().iter().filter(|hit| hit.path != "/poison").count();
        until("the good ones", || good() == 80).await;
        running.stop().await;
    }

    async fn a_receiver_that_wants_to_be_left_alone_is_until_it_has_another_address(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| match hit.path.as_str() {
            "/busy" => Reply::Status(429, "retry-after: 3600\r\n"),
            _ => Reply::Status(204, ""),
        }).await;
        let hook = hook(&admin, &receiver.url("/busy"), &["territory.*"]).await;
        for number in 0..40 {
            territory(&ops, &format!("T{number}")).await;
        }
        let running = Running::start(&world);
        until("an answer", || !receiver.hits().is_empty()).await;
        a_while().await;
        let asked = receiver.at("/busy").len();
        assert!(asked <= 4, "{asked} calls: none but those that were under way");
        world.clock.advance_seconds(1800);
        a_while().await;
        assert_eq!(receiver.at("/busy").len(), asked);
        admin.patch(&hook.path, json!({"url": receiver.url("/well")})).await.expect(200);
        until("the others", || receiver.at("/well").len() == 40 - asked).await;
        assert_eq!(receiver.at("/busy").len(), asked);
        running.stop().await;
    }

    async fn a_dead_receiver_is_not_called_again_and_again(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|hit| if hit.path == "/dead" { Reply::Status(500, "") } else { Reply::Status(204, "") }).await;
        hook(&admin, &receiver.url("/dead"), &["territory.*"]).await;
        hook(&admin, &receiver.url("/well"), &["territory.*"]).await;
        let running = Running::start(&world);
        for number in 0..30 {
            territory(&ops, &format!("T{number}")).await;
        }
        until("all at the other", || receiver.at("/well").len() == 30).await;
        until("its first calls", || receiver.at("/dead").len() >= 12).await;
        a_while().await;
        let calls = receiver.at("/dead").len();
        // Its schedule has no waits at all: what holds it back is that nothing was taken.
        assert!(calls < 40, "{calls} calls");
        running.stop().await;
    }

    async fn what_was_written_down_without_anybody_learning_of_it_is_written_again(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|_| Reply::Status(500, "")).await;
        hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until_listed(&admin, "", 1).await;
        let id = deliveries(&admin, "").await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/webhook-deliveries/{id}");
        becomes(&admin, &path, "attempts", json!(1)).await;
        let at = world.now().micros();
        world.sql(move |tx| {
            use schema::webhook_attempts::dsl as a;
            let row = (a::delivery_id.eq(&id), a::number.eq(2_i64), a::attempted_at.eq(at), a::milliseconds.eq(1_i64));
            diesel::insert_into(a::webhook_attempts).values(row).execute(tx.conn()).map(drop).map_err(Error::from)
        });
        world.clock.advance_seconds(73);
        becomes(&admin, &path, "attempts", json!(2)).await;
        running.stop().await;
    }

    async fn what_waits_for_an_endpoint_that_is_disabled_is_late_for_nobody(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::new(|_| Reply::Status(500, "")).await;
        let hook = hook(&admin, &receiver.url("/"), &["territory.*"]).await;
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until_listed(&admin, "status=pending", 1).await;
        let waiting = || world.db.ask_now(admin.caller(), openprm::webhooks::waiting).unwrap();
        assert!(waiting().0 == 1 && waiting().1.is_some());
        admin.post(&format!("{}/disable", hook.path), json!({})).await.expect(200);
        assert_eq!(waiting(), (0, None));
        running.stop().await;
    }
}
