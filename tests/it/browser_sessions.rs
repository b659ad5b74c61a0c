//! Pages in a browser: the refresh token as a cookie, and what another site's page cannot do with it.

use actix_web::http::Method;
use futures_util::future::join_all;
use openprm::identity::memberships::PartnerRole;
use serde_json::{Value, json};

use crate::{
    identity::{PASSWORD, admin, bearer, login, partner, partner_user, signed_in},
    second_factors::enrolled,
    support::{Response, World, contract, delivered},
};

const ASKED: (&str, &str) = ("x-requested-with", "fetch");

async fn post(world: &World, path: &str, headers: &[(&str, &str)], body: Value) -> Response {
    world.stranger().send(Method::POST, path, headers, Some(&body)).await
}

fn credentials() -> Value {
    json!({"email": "maria@example.com", "password": PASSWORD, "refresh_token_in": "cookie"})
}

/// `name=value` of the cookie that was set, and its attributes.
fn set(response: &Response) -> (String, Vec<String>) {
    let line = response.header("set-cookie").expect("a cookie");
    let mut parts = line.split("; ").map(str::to_owned);
    (parts.next().unwrap(), parts.collect())
}

async fn sign_in(world: &World) -> (String, Value) {
    let response = post(world, "/v1/auth/login", &[ASKED], credentials()).await;
    (set(&response).0, response.expect(200))
}

async fn renew(world: &World, cookie: &str) -> Response {
    post(world, "/v1/auth/refresh", &[ASKED, ("cookie", cookie)], json!({})).await
}

each_engine! {
    async fn a_browser_keeps_the_session_in_a_cookie_that_no_script_reads(world: World) {
        admin(&world, "maria@example.com");
        let response = post(&world, "/v1/auth/login", &[ASKED], credentials()).await;
        let (cookie, attributes) = set(&response);
        assert!(cookie.starts_with("openprm_refresh=prm_refresh_"), "{cookie}");
        assert_eq!(attributes, ["Path=/v1/auth", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"]);
        let session = response.expect(200);
        assert_eq!(session["refresh_token"], Value::Null);
        assert!(signed_in(&world, &session).await);
        world.clock.advance_days(10);
        let renewed = renew(&world, &cookie).await;
        let (next, attributes) = set(&renewed);
        assert!(next != cookie && attributes.contains(&"Max-Age=1728000".to_owned()), "{next} {attributes:?}");
        let renewed = renewed.expect(200);
        assert!(renewed["refresh_token"].is_null() && renewed["session_id"] == session["session_id"]);
        assert!(signed_in(&world, &renewed).await);
        renew(&world, &format!("theme=dark; {next}; other=1")).await.expect(200);
    }

    async fn the_cookie_is_tied_to_tls_where_there_is_tls(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_PUBLIC_URL", "https://prm.example.com")]).await;
        admin(&world, "maria@example.com");
        let response = post(&world, "/v1/auth/login", &[ASKED, ("origin", "https://prm.example.com")], credentials()).await;
        let (cookie, attributes) = set(&response);
        assert!(cookie.starts_with("__Host-openprm_refresh=prm_refresh_"), "{cookie}");
        assert_eq!(attributes, ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Strict", "Secure"]);
        // The name without the prefix, which another host of the domain could set, counts for nothing.
        let tossed = cookie.replace("__Host-", "");
        assert_eq!(renew(&world, &tossed).await.refused(401), "invalid_token");
        renew(&world, &cookie).await.expect(200);
    }

    async fn a_second_use_of_the_cookie_ends_the_session(world: World) {
        admin(&world, "maria@example.com");
        let (first, _) = sign_in(&world).await;
        let renewed = renew(&world, &first).await;
        let (second, _) = set(&renewed);
        let session = renewed.expect(200);
        assert_eq!(renew(&world, &first).await.refused(401), "invalid_token");
        assert_eq!(renew(&world, &second).await.refused(401), "invalid_token");
        assert!(!signed_in(&world, &session).await);
    }

    async fn of_many_uses_of_one_cookie_at_once_one_succeeds(world: World) {
        admin(&world, "maria@example.com");
        let (cookie, _) = sign_in(&world).await;
        let tries = join_all((0..12).map(|_| renew(&world, &cookie))).await;
        let statuses: Vec<u16> = tries.iter().map(|response| response.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    }

    async fn another_sites_page_cannot_use_the_cookie(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_CORS_ORIGINS", "https://portal.example.com")]).await;
        admin(&world, "maria@example.com");
        let (cookie, _) = sign_in(&world).await;
        let with = ("cookie", cookie.as_str());
        for headers in [
            &[with][..],
            &[with, ("origin", "https://portal.example.com")],
            &[with, ASKED, ("origin", "https://evil.example")],
            &[with, ASKED, ("origin", "null")],
        ] {
            let refused = post(&world, "/v1/auth/refresh", headers, json!({})).await;
            assert!(refused.header("set-cookie").is_none());
            assert_eq!(refused.refused(403), "cross_site_request", "{headers:?}");
        }
        // A form's body is not taken at all.
        let form = [with, ("content-type", "text/plain")];
        assert_eq!(post(&world, "/v1/auth/refresh", &form, json!({})).await.refused(415), "unsupported_media_type");
        // Nor can it put its own session into the browser.
        assert_eq!(post(&world, "/v1/auth/login", &[], credentials()).await.refused(403), "cross_site_request");
        assert_eq!(post(&world, "/v1/auth/login", &[ASKED, ("origin", "https://evil.example")], credentials()).await.refused(403), "cross_site_request");
        // None of it used the token up.
        post(&world, "/v1/auth/refresh", &[with, ASKED, ("origin", "https://portal.example.com")], json!({})).await.expect(200);
    }

    async fn cookies_go_with_the_origins_that_are_listed(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_CORS_ORIGINS", "https://portal.example.com")]).await;
        for (origin, listed) in [("https://portal.example.com", true), ("https://evil.example", false)] {
            let asks = [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "content-type,x-requested-with")];
            let preflight = world.stranger().probe(Method::OPTIONS, "/v1/auth/refresh", &asks, None).await;
            let answer = post(&world, "/v1/auth/refresh", &[("origin", origin)], json!({})).await;
            for response in [&preflight, &answer] {
                let allowed = response.header("access-control-allow-origin");
                assert_eq!(allowed, listed.then_some(origin), "{origin}: {response:?}");
                assert_eq!(response.header("access-control-allow-credentials") == Some("true") && allowed.is_some(), listed);
            }
        }
    }

    async fn signing_out_drops_the_cookie(world: World) {
        admin(&world, "maria@example.com");
        for path in ["/v1/auth/logout", "/v1/auth/logout-everywhere"] {
            let (cookie, session) = sign_in(&world).await;
            let token = format!("Bearer {}", session["access_token"].as_str().unwrap());
            let gone = post(&world, path, &[("cookie", &cookie), ("authorization", &token)], json!({})).await;
            let (dropped, attributes) = set(&gone);
            assert!(dropped == "openprm_refresh=" && attributes.contains(&"Max-Age=0".to_owned()), "{dropped} {attributes:?}");
            gone.expect(204);
            renew(&world, &cookie).await.refused(401);
        }
        // Whoever keeps no cookie is told of none.
        let session = login(&world, "maria@example.com").await;
        let gone = bearer(&world, &session).post("/v1/auth/logout", json!({})).await;
        assert!(gone.header("set-cookie").is_none());
    }

    async fn whoever_asks_for_no_cookie_gets_none(world: World) {
        admin(&world, "maria@example.com");
        let (cookie, _) = sign_in(&world).await;
        let plain = post(&world, "/v1/auth/login", &[("cookie", &cookie)], json!({"email": "maria@example.com", "password": PASSWORD})).await;
        assert!(plain.header("set-cookie").is_none());
        let plain = plain.expect(200);
        // The body's token goes before the cookie's, and is answered as it came.
        let renewed = post(&world, "/v1/auth/refresh", &[("cookie", &cookie)], json!({"refresh_token": plain["refresh_token"]})).await;
        assert!(renewed.header("set-cookie").is_none());
        let renewed = renewed.expect(200);
        assert!(renewed["refresh_token"].is_string() && renewed["session_id"] == plain["session_id"]);
        assert_eq!(post(&world, "/v1/auth/refresh", &[ASKED], json!({})).await.refused(401), "invalid_token", "neither");
        renew(&world, &cookie).await.expect(200);
    }

    async fn a_code_a_new_password_and_another_partner_go_on_with_a_cookie(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        partner_user(&world, "maria@example.com", north, &[PartnerRole::PartnerAdmin]);
        let invited = json!({"partner_id": south.to_string(), "email": "maria@example.com", "name": "M", "roles": ["partner_sales"]});
        world.vendor(openprm::auth::Role::Admin).post("/v1/partner-users", invited).await.expect(201);
        let token = crate::identity::token(&delivered(&world).await[0]);
        world.stranger().post("/v1/auth/invitations/accept", json!({"token": token})).await.expect(204);
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;

        let refused = post(&world, "/v1/auth/login", &[ASKED], credentials()).await;
        assert!(refused.header("set-cookie").is_none());
        assert_eq!(refused.refused(403), "second_factor_required");
        let named = json!({"email": "maria@example.com", "password": PASSWORD, "partner_id": south.to_string()});
        let open = post(&world, "/v1/auth/login", &[], named).await.expect(403)["challenge"].clone();
        let code = json!({"challenge": open, "code": pocket.shows(&world, 0), "refresh_token_in": "cookie"});
        assert_eq!(post(&world, "/v1/auth/login/second-factor", &[], code.clone()).await.refused(403), "cross_site_request");
        let opened = post(&world, "/v1/auth/login/second-factor", &[ASKED], code).await;
        let (cookie, _) = set(&opened);
        let session = opened.expect(200);
        assert_eq!((&session["refresh_token"], &session["partner_id"]), (&Value::Null, &json!(south.to_string())));
        let session = renew(&world, &cookie).await.expect(200);
        let token = format!("Bearer {}", session["access_token"].as_str().unwrap());
        let headers = [ASKED, ("authorization", token.as_str())];

        let switched = post(&world, "/v1/auth/switch", &headers, json!({"partner_id": north.to_string(), "refresh_token_in": "cookie"})).await;
        let (cookie, _) = set(&switched);
        assert_eq!(switched.expect(200)["partner_id"], north.to_string());
        assert_eq!(renew(&world, &cookie).await.expect(200)["partner_id"], north.to_string());

        let change = json!({"current_password": PASSWORD, "new_password": "seven plum ferries", "refresh_token_in": "cookie"});
        let changed = post(&world, "/v1/auth/password", &headers, change).await;
        let (cookie, _) = set(&changed);
        changed.expect(200);
        renew(&world, &cookie).await.expect(200);
        // A named partner must be one's own before a code is asked for.
        let foreign = partner(&world, "West").await;
        let named = json!({"email": "maria@example.com", "password": "seven plum ferries", "partner_id": foreign.to_string()});
        assert_eq!(post(&world, "/v1/auth/login", &[], named).await.refused(409), "unknown_reference");
        let refused = post(&world, "/v1/auth/login", &[], json!({"email": "maria@example.com", "password": PASSWORD})).await;
        assert_eq!(refused.refused(401), "invalid_credentials");
    }
}
