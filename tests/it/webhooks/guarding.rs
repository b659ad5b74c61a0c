//! Where nothing is sent.

use std::{io, net::IpAddr, sync::Arc};

use futures_util::future::BoxFuture;
use openprm::{auth::Role, webhooks::Resolve};
use serde_json::json;

use super::{Receiver, Running, SHORT, becomes, deliveries, hook, territory, until_listed};

hooked! {
    async fn names_are_called_at_addresses_that_were_checked(world: World, SHORT) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let receiver = Receiver::willing().await;
        let named = |name: &str| format!("http://{name}:{}/{name}", receiver.port);
        let mut hooks = Vec::new();
        for name in ["here.example.com", "inner.example.com", "both.example.com", "nowhere.example.com"] {
            hooks.push(hook(&admin, &named(name), &["territory.*"]).await);
        }
        let running = Running::with(&world, world.db.clone(), Arc::new(Names));
        territory(&ops, "LI").await;
        for (hook, status) in hooks.iter().zip(["delivered", "pending", "pending", "pending"]) {
            let query = format!("endpoint_id={}", hook.id);
            until_listed(&admin, &query, 1).await;
            let path = format!("/v1/webhook-deliveries/{}", deliveries(&admin, &query).await[0]["id"].as_str().unwrap());
            let delivery = becomes(&admin, &path, "attempts", json!(1)).await;
            assert_eq!(delivery["status"], json!(status), "{delivery}");
            assert_eq!(delivery["last_error"].is_null(), status == "delivered");
        }
        let hits = receiver.hits();
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert_eq!(hits[0].headers["host"], format!("here.example.com:{}", receiver.port));
        running.stop().await;
    }
}

/// Knows some names.
struct Names;

impl Resolve for Names {
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
        let found: &[&str] = match host {
            "here.example.com" => &["127.0.0.1"],
            "inner.example.com" => &["10.0.0.1"],
            "both.example.com" => &["127.0.0.1", "169.254.169.254"],
            _ => &[],
        };
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    }
}

each_engine! {
    async fn an_address_that_nothing_may_be_sent_to_is_refused(world: World) {
        let admin = world.vendor(Role::Admin);
        for url in [
            "http://crm.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://localhost/",
            "https://user:word@crm.example.com/",
            "https://2130706433/",
        ] {
            let refused = admin.post("/v1/webhook-endpoints", json!({"url": url})).await;
            assert_eq!(refused.body["errors"][0]["pointer"], json!("#/url"), "{url}: {}", refused.body);
            assert_eq!(refused.refused(409), "contradiction");
        }
        let made = hook(&admin, "https://crm.example.com/hooks", &["*"]).await;
        let tag = admin.get(&made.path).await.header("etag").unwrap().to_owned();
        let body = json!({"url": "https://10.0.0.1/"});
        let refused = admin.send(actix_web::http::Method::PATCH, &made.path, &[("if-match", &tag)], Some(&body)).await;
        assert_eq!(refused.refused(409), "contradiction");
        let changed = admin.patch(&made.path, json!({"event_types": ["territory.updated", "territory.created", "territory.updated"], "description": "For the CRM."})).await.expect(200);
        assert_eq!(changed["event_types"], json!(["territory.created", "territory.updated"]));
        assert_eq!(admin.post(&format!("{}/enable", made.path), json!({})).await.refused(409), "invalid_state");
    }
}
