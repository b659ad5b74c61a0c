//! Programs that sign in: by credentials or a key, within their scopes.

use openprm::{auth::Role, identity::memberships::PartnerRole};
use serde_json::{Value, json};

use crate::identity::{bearer, login, partner, partner_user};

each_engine! {
    async fn a_program_gets_a_token_for_its_credentials_and_its_scopes_bind_it(world: World) {
        let boss = world.vendor(Role::Admin);
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read", "catalog:write"]})).await;
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let made = made.expect(201);
        let (id, secret) = (made["client"]["id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
        let stranger = world.stranger();
        let basic = |secret: &str| { use base64::Engine as _; format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"))) };
        let ask = &[("grant_type", "client_credentials"), ("scope", "catalog:read")];
        let granted = stranger.form("/oauth/token", &[("authorization", &basic(secret))], ask).await.expect(200);
        assert_eq!((granted["scope"].as_str().unwrap(), granted["token_type"].as_str().unwrap()), ("catalog:read", "Bearer"));
        let program = world.bearer(granted["access_token"].as_str().unwrap());
        program.get("/v1/territories").await.expect(200);
        let wider = json!({"code": "FR", "name": "France", "kind": "country"});
        assert_eq!(program.post("/v1/territories", wider.clone()).await.refused(403), "insufficient_scope");
        assert_eq!(program.get("/v1/service-clients").await.refused(403), "insufficient_scope");
        let me = program.get("/v1/me").await.expect(200);
        assert_eq!((me["kind"].as_str().unwrap(), &me["scopes"]), ("service_client", &json!(["catalog:read"])));
        // In the form, and with all scopes by default.
        let all = &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let granted = stranger.form("/oauth/token", &[], all).await.expect(200);
        world.bearer(granted["access_token"].as_str().unwrap()).post("/v1/territories", wider).await.expect(201);
        // Refusals are OAuth's own.
        let wrong = stranger.form("/oauth/token", &[("authorization", &basic("prm_secret_x"))], ask).await;
        assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
        assert_eq!(wrong.header("content-type"), Some("application/json"));
        assert_eq!(wrong.expect(401)["error"], "invalid_client");
        let refused = |fields: Vec<(&'static str, &'static str)>| { let header = basic(secret); async move { world_form(&header, fields).await } };
        for (fields, error) in [
            (vec![("grant_type", "client_credentials"), ("scope", "deals:destroy")], "invalid_scope"),
            (vec![("grant_type", "password")], "unsupported_grant_type"),
            (vec![("scope", "catalog:read")], "invalid_request"),
            (vec![("grant_type", "client_credentials"), ("scope", "catalog:read"), ("scope", "catalog:write")], "invalid_request"),
        ] {
            let (header, fields) = refused(fields).await;
            assert_eq!(stranger.form("/oauth/token", &[("authorization", &header)], &fields).await.expect(400)["error"], error);
        }
    }

    async fn a_clients_secret_is_replaced_without_a_gap(world: World) {
        let boss = world.vendor(Role::Admin);
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]})).await.expect(201);
        let id = made["client"]["id"].as_str().unwrap().to_owned();
        let works = |secret: Value| {
            let (world, id) = (&world, id.clone());
            async move { world.stranger().form("/oauth/token", &[], &[("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret.as_str().unwrap())]).await.status == 200 }
        };
        let first = made["client_secret"].clone();
        let next = boss.post(&format!("/v1/service-clients/{id}/secrets"), json!({"overlap_seconds": 60})).await.expect(201);
        let second = next["client_secret"].clone();
        assert_eq!(next["client"]["secrets"].as_array().unwrap().len(), 2);
        assert!(works(first.clone()).await && works(second.clone()).await);
        world.clock.advance_seconds(61);
        assert!(!works(first).await && works(second.clone()).await);
        let third = boss.post(&format!("/v1/service-clients/{id}/secrets"), json!({"overlap_seconds": 0})).await.expect(201)["client_secret"].clone();
        assert!(!works(second).await && works(third.clone()).await);
        let client = boss.get(&format!("/v1/service-clients/{id}")).await.expect(200);
        let secret = client["secrets"][0]["id"].as_str().unwrap();
        let tag = boss.get(&format!("/v1/service-clients/{id}")).await.header("etag").unwrap().to_owned();
        boss.send(actix_web::http::Method::DELETE, &format!("/v1/service-clients/{id}/secrets/{secret}"), &[("if-match", &tag)], None).await.expect(200);
        assert!(!works(third).await);
    }

    async fn a_disabled_clients_tokens_and_keys_are_dead(world: World) {
        let boss = world.vendor(Role::Admin);
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]})).await.expect(201);
        let id = made["client"]["id"].as_str().unwrap();
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", made["client_secret"].as_str().unwrap())];
        let token = world.stranger().form("/oauth/token", &[], &form).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        let key = boss.post("/v1/api-keys", json!({"name": "Export", "client_id": id})).await.expect(201)["text"].as_str().unwrap().to_owned();
        for text in [&token, &key] {
            world.bearer(text).get("/v1/territories").await.expect(200);
        }
        boss.post(&format!("/v1/service-clients/{id}/disable"), json!({})).await.expect(200);
        for text in [&token, &key] {
            world.bearer(text).get("/v1/territories").await.refused(401);
        }
        assert_eq!(world.stranger().form("/oauth/token", &[], &form).await.expect(401)["error"], "invalid_client");
    }

    async fn an_api_key_is_shown_once_and_can_do_no_more_than_its_client(world: World) {
        let boss = world.vendor(Role::Admin);
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]})).await.expect(201);
        let id = made["client"]["id"].as_str().unwrap();
        let wider = json!({"name": "Export", "client_id": id, "scopes": ["catalog:write"]});
        assert_eq!(boss.post("/v1/api-keys", wider).await.expect(409)["errors"][0]["code"], "scopes_of_the_client");
        let body = json!({"name": "Export", "client_id": id});
        let send = || boss.send(actix_web::http::Method::POST, "/v1/api-keys", &[("idempotency-key", "once")], Some(&body));
        let made = send().await.expect(201);
        let text = made["text"].as_str().unwrap().to_owned();
        let replay = send().await;
        assert_eq!((replay.status, replay.header("idempotency-replayed")), (201, Some("true")));
        assert_eq!(replay.body["text"], made["text"], "the answer that was lost, not another key");
        let key = world.bearer(&text);
        key.get("/v1/territories").await.expect(200);
        assert_eq!(key.get("/v1/users").await.refused(403), "insufficient_scope");
        let mistyped = format!("{}{}", &text[..text.len() - 1], if text.ends_with('0') { '1' } else { '0' });
        world.bearer(&mistyped).get("/v1/territories").await.refused(401);
        let id = made["api_key"]["id"].as_str().unwrap();
        let shown = boss.get(&format!("/v1/api-keys/{id}")).await.expect(200);
        assert!(!shown.to_string().contains(&text[26..40]), "nothing of the secret is shown again");
        boss.post(&format!("/v1/api-keys/{id}/revoke"), json!({})).await.expect(200);
        key.get("/v1/territories").await.refused(401);
        assert_eq!(boss.post(&format!("/v1/api-keys/{id}/revoke"), json!({})).await.refused(409), "invalid_state");
    }

    async fn an_api_key_ends_with_its_date(world: World) {
        let boss = world.vendor(Role::Admin);
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]})).await.expect(201);
        let body = json!({"name": "Export", "client_id": made["client"]["id"], "expires_at": world.now().plus_seconds(60).to_string()});
        let key = boss.post("/v1/api-keys", body).await.expect(201)["text"].as_str().unwrap().to_owned();
        world.bearer(&key).get("/v1/territories").await.expect(200);
        world.clock.advance_seconds(61);
        assert_eq!(world.bearer(&key).get("/v1/territories").await.refused(401), "token_expired");
    }

    async fn a_partners_program_never_gets_what_is_the_vendors(world: World) {
        let north = partner(&world, "North").await;
        partner_user(&world, "boss@north.example", north, &[PartnerRole::PartnerAdmin]);
        let session = login(&world, "boss@north.example").await;
        let boss = bearer(&world, &session);
        let refused = boss.post("/v1/service-clients", json!({"name": "Sync", "scopes": ["catalog:write", "deals:fly"]})).await.expect(409);
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
        let made = boss.post("/v1/service-clients", json!({"name": "Sync", "scopes": ["catalog:read", "partners:read"]})).await.expect(201);
        assert_eq!(made["client"]["partner_id"], north.to_string());
        let other = partner(&world, "South").await;
        let form = [("grant_type", "client_credentials"), ("client_id", made["client"]["id"].as_str().unwrap()), ("client_secret", made["client_secret"].as_str().unwrap())];
        let token = world.stranger().form("/oauth/token", &[], &form).await.expect(200);
        let program = world.bearer(token["access_token"].as_str().unwrap());
        program.get(&format!("/v1/partners/{north}")).await.expect(200);
        program.get(&format!("/v1/partners/{other}")).await.refused(404);
        // The vendor's clients are nobody else's business.
        world.vendor(Role::Admin).post("/v1/service-clients", json!({"name": "Vendor's", "scopes": ["catalog:read"]})).await.expect(201);
        assert_eq!(boss.get("/v1/service-clients").await.expect(200)["data"].as_array().unwrap().len(), 1);
    }
}

/// Header and fields of a request that OAuth refuses.
async fn world_form(
    header: &str,
    fields: Vec<(&'static str, &'static str)>,
) -> (String, Vec<(&'static str, &'static str)>) {
    (header.to_owned(), fields)
}
