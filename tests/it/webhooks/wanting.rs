//! What endpoints want, and how many of them there may be.

use actix_web::http::Method;
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use openprm::{auth::Role, error::Error, schema};
use serde_json::{Value, json};

use super::{QUICK, Receiver, Running, a_while, deliveries, hook, territory, until};
use crate::{support::World, sync::at_once};

/// Makes an endpoint want what the program before this one had events of.
fn once_wanted(world: &World, id: &str, types: &'static str) {
    let id = id.to_owned();
    world.sql(move |tx| {
        use schema::webhook_endpoints::dsl as w;
        diesel::update(w::webhook_endpoints.find(&id))
            .set(w::event_types.eq(types))
            .execute(tx.conn())
            .map_err(Error::from)
    });
}

hooked! {
    async fn a_type_that_there_are_no_events_of_any_more_stops_nothing(world: World, QUICK) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let mixed = hook(&admin, &receiver.url("/mixed"), &["territory.created"]).await;
        let bygone = hook(&admin, &receiver.url("/bygone"), &["territory.created"]).await;
        assert_eq!(admin.get(&mixed.path).await.expect(200)["unknown_event_types"], json!([]));
        once_wanted(&world, &mixed.id, r#"["newfangled.*","territory.created","territory.painted"]"#);
        once_wanted(&world, &bygone.id, r#"["newfangled.made"]"#);
        let running = Running::start(&world);
        territory(&ops, "LI").await;
        until("the territory", || receiver.at("/mixed").len() == 1).await;

        let shown = admin.get(&mixed.path).await.expect(200);
        assert_eq!(shown["event_types"], json!(["newfangled.*", "territory.created", "territory.painted"]));
        assert_eq!(shown["unknown_event_types"], json!(["newfangled.*", "territory.painted"]));
        let listed = admin.get("/v1/webhook-endpoints").await.expect(200);
        assert_eq!(listed["data"][1]["unknown_event_types"], json!(["newfangled.made"]));
        a_while().await;
        assert!(receiver.at("/bygone").is_empty(), "nothing is left of what it wanted, which is not all");

        // It has gone on with the feed, and wants what it is told to want now from here on.
        let changed = admin.patch(&bygone.path, json!({"event_types": ["territory.*"]})).await.expect(200);
        assert_eq!(changed["unknown_event_types"], json!([]));
        territory(&ops, "MC").await;
        until("another territory", || !receiver.at("/bygone").is_empty() && receiver.at("/mixed").len() == 2).await;
        a_while().await;
        let of_it = format!("endpoint_id={}", bygone.id);
        assert_eq!(deliveries(&admin, &of_it).await.len(), 1);
        running.stop().await;
    }
}

each_engine! {
    async fn of_many_who_make_endpoints_at_once_none_goes_beyond_the_limit(world: World) {
        let admin = world.vendor(Role::Admin);
        let new = || json!({"url": "https://crm.example.com/hooks"});
        for _ in 0..95 {
            admin.post("/v1/webhook-endpoints", new()).await.expect(201);
        }
        let one = || (Method::POST, "/v1/webhook-endpoints".to_owned(), Vec::new(), new());
        let answers = at_once(&world, &admin.token(), (0..20).map(|_| one()).collect());
        let made = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(made, 5, "{answers:?}");
        let refused = |(status, body): &&(u16, Value)| *status == 409 && body["errors"][0]["code"] == "too_many";
        assert_eq!(answers.iter().filter(refused).count(), 15, "{answers:?}");

        // One that is removed makes room for another.
        let path = format!("/v1/webhook-endpoints/{}", admin.get("/v1/webhook-endpoints").await.expect(200)["data"][0]["id"].as_str().unwrap());
        admin.delete(&path).await.expect(204);
        admin.post("/v1/webhook-endpoints", new()).await.expect(201);
        admin.post("/v1/webhook-endpoints", new()).await.refused(409);
    }
}
