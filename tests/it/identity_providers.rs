//! Sign-in from elsewhere: whose tokens are taken, by which keys, and whom they stand for.

use actix_web::http::Method;
use futures_util::future::join_all;
use openprm::{
    auth::Role,
    identity::{
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::ids::PartnerId,
    schema,
};
use serde_json::{Value, json};

use crate::{
    identity::{admin, partner, partner_user, vendor_user},
    support::{
        Response, World, contract,
        provider::Provider,
        signer::{Signer, encoded, with_secret},
    },
};

/// A provider that is known here, with those changes of what is said of it.
async fn known(world: &World, provider: &Provider, more: Value) -> Value {
    let mut body = json!({"name": "Staff", "issuer": provider.issuer, "audience": "openprm", "link_by": "verified_email",
        "email_domains": ["example.com"], "algorithms": [match provider.signer.algorithm() { "RS256" => "RS256", other => other }]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world
        .vendor(Role::Admin)
        .post("/v1/identity-providers", body)
        .await
        .expect(201)
}

fn at(record: &Value) -> String {
    let id = record["id"].as_str().unwrap();
    let place = if id.starts_with("idp") { "providers" } else { "links" };
    format!("/v1/identity-{place}/{id}")
}

async fn me(world: &World, token: &str) -> Response {
    world.bearer(token).get("/v1/me").await
}

/// What the provider's account of that address may do here.
async fn arrives(world: &World, provider: &Provider, email: &str) -> Response {
    let claims = provider.claims(email, email, world.now());
    me(world, &provider.signer.sign(&claims)).await
}

/// How sign-ins by providers ended.
fn sign_ins(world: &World) -> Vec<String> {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use schema::sign_ins::dsl as s;
    world.sql(|tx| {
        Ok(s::sign_ins
            .filter(s::method.eq("identity_provider"))
            .order(s::at)
            .select(s::outcome)
            .load(tx.conn())?)
    })
}

fn events(world: &World, kind: &'static str) -> i64 {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use schema::events::dsl as e;
    world.sql(move |tx| Ok(e::events.filter(e::event_type.eq(kind)).count().get_result(tx.conn())?))
}

async fn links(world: &World) -> Vec<Value> {
    let listed = world.vendor(Role::Admin).get("/v1/identity-links").await.expect(200);
    listed["data"].as_array().unwrap().clone()
}

each_engine! {
    async fn somebody_signs_in_with_a_token_from_elsewhere(world: World) {
        let user = admin(&world, "Maria@example.com");
        for signer in [Signer::ed("k1"), Signer::ec("k1"), Signer::rsa("k1")] {
            let provider = Provider::start(signer);
            let made = known(&world, &provider, json!({})).await;
            let claims = provider.claims("account-1", "maria@Example.com", world.now());
            let token = provider.signer.sign(&claims);
            let before = sign_ins(&world).len();
            for _ in 0..3 {
                let told = me(&world, &token).await.expect(200);
                assert_eq!((told["id"].as_str(), &told["roles"]), (Some(user.to_string().as_str()), &json!(["admin"])));
            }
            world.bearer(&token).get("/v1/users").await.expect(200);
            assert_eq!(sign_ins(&world).len(), before + 1, "once for a token");
            let found = links(&world).await.into_iter().find(|link| link["provider_id"] == made["id"]).unwrap();
            assert_eq!((found["subject"].as_str(), found["user_id"].as_str()), (Some("account-1"), Some(user.to_string().as_str())));
            assert!(found["created_by"].as_str().unwrap().starts_with("system:"));
            // Another token of the account is another sign-in, whatever its address by now; the account is what counts.
            let mut claims = provider.claims("account-1", "elsewhere@other.example", world.now());
            claims["email_verified"] = json!(false);
            me(&world, &provider.signer.sign(&claims)).await.expect(200);
            assert_eq!(sign_ins(&world).len(), before + 2);
        }
        assert_eq!(events(&world, "identity_link.created"), 3);
        assert!(sign_ins(&world).iter().all(|outcome| outcome == "success"));
        let read = world.vendor(Role::Admin).get(&format!("/v1/users/{user}")).await.expect(200);
        assert!(read["last_sign_in_at"].is_string());
    }

    async fn no_forged_token_is_taken(world: World) {
        admin(&world, "maria@example.com");
        let (provider, theirs) = (Provider::start(Signer::rsa("k1")), Signer::ed("k1"));
        let another = Provider::start(Signer::rsa("k1"));
        known(&world, &provider, json!({"amr": ["mfa"]})).await;
        let now = world.now().seconds();
        let claims = || { let mut claims = provider.claims("account-1", "maria@example.com", world.now()); claims["amr"] = json!(["pwd", "mfa"]); claims };
        let with = |name: &str, value: Value| { let mut claims = claims(); claims[name] = value; provider.signer.sign(&claims) };
        let without = |name: &str| { let mut claims = claims(); claims.as_object_mut().unwrap().remove(name); provider.signer.sign(&claims) };
        let head = |alg: &str, typ: &str| json!({"alg": alg, "typ": typ, "kid": "k1"});
        let jwk = provider.signer.jwk();
        let modulus = { use base64::Engine as _; base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap() };
        let good = provider.signer.sign(&claims());
        let parts: Vec<&str> = good.split('.').collect();
        let forgeries = [
            ("no algorithm", format!("{}.{}.", encoded(&head("none", "JWT")), encoded(&claims()))),
            ("None", format!("{}.{}.{}", encoded(&head("None", "JWT")), encoded(&claims()), parts[2])),
            ("HS256 with the modulus", with_secret(&head("HS256", "JWT"), &claims(), &modulus)),
            ("HS256 with the public key", with_secret(&head("HS256", "JWT"), &claims(), jwk.to_string().as_bytes())),
            ("an algorithm that is not allowed", provider.signer.sign_with(&head("PS256", "JWT"), &claims())),
            ("another key under the name", theirs.sign_with(&head("RS256", "JWT"), &claims())),
            ("another key with its own algorithm", theirs.sign(&claims())),
            ("a key in the header", theirs.sign_with(&json!({"alg": "EdDSA", "kid": "k1", "jwk": theirs.jwk()}), &claims())),
            ("keys from elsewhere", theirs.sign_with(&json!({"alg": "RS256", "kid": "k1", "jku": "https://evil.example/keys"}), &claims())),
            ("an unknown key", provider.signer.sign_with(&json!({"alg": "RS256", "kid": "k2"}), &claims())),
            ("a critical header", provider.signer.sign_with(&json!({"alg": "RS256", "kid": "k1", "crit": ["exp"]}), &claims())),
            ("the type of a logout", provider.signer.sign_with(&head("RS256", "logout+jwt"), &claims())),
            ("a logout that calls itself a JWT", with("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}}))),
            ("another body", format!("{}.{}.{}", parts[0], encoded(&claims()), parts[2])),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
            ("an issuer that is not known", another.signer.sign(&another.claims("account-1", "maria@example.com", world.now()))),
            ("an issuer with a slash", with("iss", json!(format!("{}/", provider.issuer)))),
            ("our own issuer", with("iss", json!(world.state.identity.issuer()))),
            ("another audience", with("aud", json!("another-app"))),
            ("other audiences", with("aud", json!(["another-app", "openprm2"]))),
            ("from the future", with("iat", json!(now + 60))),
            ("not good yet", with("nbf", json!(now + 60))),
            ("an end that is no number", with("exp", json!("never"))),
            ("an empty subject", with("sub", json!(""))),
            ("a subject that is no text", with("sub", json!(1))),
            ("without a second factor there", with("amr", json!(["pwd"]))),
            ("no exp", without("exp")),
            ("no iat", without("iat")),
            ("no aud", without("aud")),
            ("no sub", without("sub")),
            ("no amr", without("amr")),
            // The account is nobody's so far: it is linked by what the provider vouches for alone.
            ("an address that was not verified", with("email_verified", json!(false))),
            ("nothing said of verification", without("email_verified")),
            ("an address of another domain", with("email", json!("maria@other.example"))),
            ("an address that only looks like it", with("email", json!("marıa@example.com"))),
            ("an address that folds into it", with("email", json!("maría@example.com"))),
            ("an address in an address", with("email", json!("maria@example.com@other.example"))),
            ("nobody's address", with("email", json!("nobody@example.com"))),
        ];
        for (what, token) in forgeries {
            assert_eq!(me(&world, &token).await.status, 401, "{what}");
        }
        assert_eq!(me(&world, &with("exp", json!(now - 31))).await.refused(401), "token_expired");
        assert!(links(&world).await.is_empty() && sign_ins(&world).is_empty());
        me(&world, &good).await.expect(200);
        world.clock.advance_seconds(3600 + 31);
        assert_eq!(me(&world, &good).await.refused(401), "token_expired");
    }

    async fn what_is_said_of_one_claim_vouches_for_no_other(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({"email_claim": "preferred_username"})).await;
        // A name that somebody chose, beside an address of their own that was verified.
        let mut claims = provider.claims("stranger", "stranger@example.com", world.now());
        claims["preferred_username"] = json!("maria@example.com");
        me(&world, &provider.signer.sign(&claims)).await.refused(401);
        assert!(links(&world).await.is_empty());
        claims["preferred_username_verified"] = json!(true);
        me(&world, &provider.signer.sign(&claims)).await.expect(200);
    }

    async fn who_vouches_for_every_domain_makes_nobody_one_of_the_vendors_people(world: World) {
        let north = partner(&world, "North").await;
        admin(&world, "maria@example.com");
        partner_user(&world, "ana@north.example", north, &[PartnerRole::PartnerSales]);
        let provider = Provider::start(Signer::ed("k1"));
        let made = known(&world, &provider, json!({"email_domains": ["*"]})).await;
        arrives(&world, &provider, "maria@example.com").await.refused(401);
        arrives(&world, &provider, "ana@north.example").await.expect(200);
        world.vendor(Role::Admin).patch(&at(&made), json!({"email_domains": ["*", "example.com"]})).await.expect(200);
        arrives(&world, &provider, "maria@example.com").await.expect(200);
    }

    async fn tokens_of_other_clients_of_the_provider_are_not_taken_where_clients_are_named(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        let made = known(&world, &provider, json!({})).await;
        let status = async |more: Value| {
            let mut claims = provider.claims("maria", "maria@example.com", world.now());
            for (name, value) in more.as_object().unwrap() {
                claims[name] = value.clone();
            }
            me(&world, &provider.signer.sign(&claims)).await.status
        };
        let several = json!({"aud": ["openprm", "account"], "azp": "another-app"});
        assert_eq!(status(several.clone()).await, 200, "whoever the provider issues tokens for this audience to");
        world.vendor(Role::Admin).patch(&at(&made), json!({"authorised_parties": ["portal"]})).await.expect(200);
        for (claims, taken) in [
            (several, 401),
            (json!({"aud": ["openprm", "account"]}), 401),
            (json!({"azp": "another-app"}), 401),
            (json!({"client_id": "another-app"}), 401),
            (json!({}), 401),
            (json!({"aud": ["openprm", "account"], "azp": "portal"}), 200),
            (json!({"client_id": "portal"}), 200),
        ] {
            assert_eq!(status(claims.clone()).await, taken, "{claims}");
        }
        world.vendor(Role::Admin).patch(&at(&made), json!({"authorised_parties": ["openprm"]})).await.expect(200);
        assert_eq!(status(json!({})).await, 200, "a token that names nobody is its only audience's");
    }

    async fn of_made_up_keys_the_provider_is_asked_once_a_minute(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({})).await;
        assert_eq!(provider.asked(), 0, "nobody came so far");
        let made_up = |number: usize| {
            let claims = provider.claims("x", "maria@example.com", world.now());
            provider.signer.sign_with(&json!({"alg": "EdDSA", "kid": format!("made-up-{number}")}), &claims)
        };
        let storm = join_all((0..20).map(|number| { let token = made_up(number); let world = &world; async move { me(world, &token).await.status } })).await;
        assert!(storm.iter().all(|status| *status == 401), "{storm:?}");
        assert_eq!(provider.asked(), 1);
        arrives(&world, &provider, "maria@example.com").await.expect(200);
        for minute in 0..3 {
            world.clock.advance_seconds(61);
            for number in 0..5 {
                me(&world, &made_up(number)).await.expect(401);
            }
            assert_eq!(provider.asked(), 2 + minute);
        }
    }

    async fn keys_turn_over(world: World) {
        admin(&world, "maria@example.com");
        let mut provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({})).await;
        let first = provider.signer.sign(&provider.claims("x", "maria@example.com", world.now()));
        me(&world, &first).await.expect(200);
        let old = provider.rotate(Signer::ed("k2"));
        let second = provider.signer.sign(&provider.claims("x", "maria@example.com", world.now()));
        assert_eq!(me(&world, &second).await.status, 401, "asked a moment ago");
        world.clock.advance_seconds(61);
        me(&world, &second).await.expect(200);
        // What the old key signed is worth nothing any more, whether it was met before or not.
        assert_eq!(me(&world, &first).await.status, 401);
        me(&world, &old.sign(&provider.claims("x", "maria@example.com", world.now()))).await.expect(401);
        assert_eq!(provider.asked(), 2);
    }

    async fn keys_are_read_again_when_they_are_no_longer_fresh(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        provider.answers.lock().unwrap().cache_control = Some("public, max-age=3600".to_owned());
        known(&world, &provider, json!({})).await;
        for (seconds, asked) in [(0, 1), (3500, 1), (200, 2), (3500, 2), (200, 3)] {
            world.clock.advance_seconds(seconds);
            arrives(&world, &provider, "maria@example.com").await.expect(200);
            // The answer does not wait for it.
            for _ in 0..100 {
                if provider.asked() >= asked {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            assert_eq!(provider.asked(), asked, "{seconds}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn the_last_keys_are_believed_while_the_provider_is_down(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({})).await;
        provider.set_down(true);
        let refused = arrives(&world, &provider, "maria@example.com").await;
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.refused(503), "unavailable");
        provider.set_down(false);
        assert_eq!(arrives(&world, &provider, "maria@example.com").await.status, 503, "not again within a minute");
        world.clock.advance_seconds(61);
        arrives(&world, &provider, "maria@example.com").await.expect(200);
        provider.set_down(true);
        for _ in 0..4 {
            world.clock.advance_seconds(5 * 3600);
            arrives(&world, &provider, "maria@example.com").await.expect(200);
        }
        world.clock.advance_seconds(5 * 3600);
        assert_eq!(arrives(&world, &provider, "maria@example.com").await.refused(503), "unavailable");
        provider.set_down(false);
        world.clock.advance_seconds(61);
        arrives(&world, &provider, "maria@example.com").await.expect(200);
    }

    async fn keys_are_fetched_from_where_the_provider_is_and_from_nowhere_else(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        let elsewhere = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({})).await;
        let good = provider.answers.lock().unwrap().discovery.clone();
        let say = |discovery: Value| { world.clock.advance_seconds(61); provider.answers.lock().unwrap().discovery = discovery; };
        for discovery in [
            json!({"issuer": format!("{}/", provider.issuer), "jwks_uri": good["jwks_uri"]}),
            json!({"issuer": elsewhere.issuer, "jwks_uri": good["jwks_uri"]}),
            json!({"issuer": provider.issuer, "jwks_uri": "http://169.254.169.254/latest/meta-data"}),
            json!({"issuer": provider.issuer, "jwks_uri": "file:///etc/passwd"}),
            json!({"issuer": provider.issuer, "jwks_uri": format!("{}/keys", elsewhere.issuer)}),
            json!({"issuer": provider.issuer, "jwks_uri": format!("{}/nothing-there", provider.issuer)}),
            json!({"issuer": provider.issuer}),
            json!(["x"]),
            json!({"issuer": provider.issuer, "jwks_uri": good["jwks_uri"], "more": "x".repeat(300_000)}),
        ] {
            say(discovery);
            assert_eq!(arrives(&world, &provider, "maria@example.com").await.status, 503);
        }
        assert!(elsewhere.answers.lock().unwrap().asked.is_empty(), "nothing beside the issuer's own address is called");
        say(good.clone());
        let real = provider.answers.lock().unwrap().keys.clone();
        provider.answers.lock().unwrap().keys = vec![json!({"kty": "oct", "k": "c2VjcmV0", "kid": "k1", "alg": "HS256"}), json!("x")];
        assert_eq!(arrives(&world, &provider, "maria@example.com").await.status, 503);
        provider.answers.lock().unwrap().keys = real;
        provider.answers.lock().unwrap().instead = Some((302, format!("{}/keys", elsewhere.issuer)));
        world.clock.advance_seconds(61);
        assert_eq!(arrives(&world, &provider, "maria@example.com").await.status, 503);
        assert!(elsewhere.answers.lock().unwrap().asked.is_empty(), "no redirect is followed");
        provider.answers.lock().unwrap().instead = None;
        say(good);
        arrives(&world, &provider, "maria@example.com").await.expect(200);
    }

    async fn who_may_not_sign_in_here_may_not_from_elsewhere(world: World) {
        let user = vendor_user(&world, "maria@example.com", &[VendorRole::Cam], RowScope::Own, None, Vec::new());
        let boss = world.vendor(Role::Admin);
        let provider = Provider::start(Signer::ed("k1"));
        let made = known(&world, &provider, json!({})).await;
        let token = provider.signer.sign(&provider.claims("x", "maria@example.com", world.now()));
        me(&world, &token).await.expect(200);
        boss.post(&format!("/v1/users/{user}/disable"), json!({})).await.expect(200);
        assert_eq!(me(&world, &token).await.refused(401), "unauthenticated");
        // With a fresh token neither; that is written down.
        let fresh = provider.signer.sign(&provider.claims("x", "maria@example.com", world.now()));
        for _ in 0..3 {
            me(&world, &fresh).await.refused(401);
        }
        assert_eq!(sign_ins(&world), ["success", "disabled"]);
        boss.post(&format!("/v1/users/{user}/enable"), json!({})).await.expect(200);
        world.clock.advance_seconds(6);
        me(&world, &token).await.expect(200);
        // Switched off, changed, and gone: at once, whatever was believed.
        boss.patch(&at(&made), json!({"enabled": false})).await.expect(200);
        me(&world, &token).await.refused(401);
        boss.patch(&at(&made), json!({"enabled": true})).await.expect(200);
        me(&world, &token).await.expect(200);
        boss.patch(&at(&made), json!({"audience": "another"})).await.expect(200);
        me(&world, &token).await.refused(401);
        boss.patch(&at(&made), json!({"audience": "openprm"})).await.expect(200);
        me(&world, &token).await.expect(200);
        let link = links(&world).await.remove(0);
        assert_eq!(boss.send(Method::DELETE, &at(&link), &[("if-match", "\"7\"")], None).await.refused(412), "precondition_failed");
        boss.delete(&at(&made)).await.expect(204);
        me(&world, &token).await.refused(401);
        assert!(links(&world).await.is_empty());
        assert_eq!((events(&world, "identity_provider.deleted"), events(&world, "identity_link.deleted")), (1, 1));
    }

    async fn accounts_are_linked_by_an_administrator(world: World) {
        let (maria, jonas) = (admin(&world, "maria@example.com"), admin(&world, "jonas@example.com"));
        let boss = world.vendor(Role::Admin);
        let provider = Provider::start(Signer::ed("k1"));
        let made = known(&world, &provider, json!({"link_by": "subject", "email_domains": []})).await;
        assert_eq!(arrives(&world, &provider, "maria@example.com").await.status, 401, "an address links nothing here");
        let token = provider.signer.sign(&provider.claims("account-1", "maria@example.com", world.now()));
        me(&world, &token).await.refused(401);
        let body = json!({"provider_id": made["id"], "subject": "account-1", "user_id": jonas.to_string()});
        let link = boss.post("/v1/identity-links", body.clone()).await.expect(201);
        assert_eq!(me(&world, &token).await.expect(200)["id"], jonas.to_string(), "whose the account is, the link says");
        for (name, value) in [("user_id", json!(maria.to_string())), ("subject", json!("account-2"))] {
            let mut second = body.clone();
            second[name] = value;
            assert_eq!(boss.post("/v1/identity-links", second).await.refused(409), "already_exists");
        }
        let mut nobody = body.clone();
        nobody["provider_id"] = json!("idp_01jdq4p6c8f3kb2v9y0s7x5ham");
        assert_eq!(boss.post("/v1/identity-links", nobody).await.refused(409), "unknown_reference");
        boss.delete(&at(&link)).await.expect(204);
        me(&world, &token).await.refused(401);
        let mut other = body;
        other["user_id"] = json!(maria.to_string());
        boss.post("/v1/identity-links", other).await.expect(201);
        assert_eq!(me(&world, &token).await.expect(200)["id"], maria.to_string());
        for (query, found) in [(format!("user_id={maria}"), 1), (format!("user_id={jonas}"), 0), ("subject=account-1".to_owned(), 1), (format!("provider_id={}", made["id"].as_str().unwrap()), 1)] {
            assert_eq!(boss.get(&format!("/v1/identity-links?{query}")).await.expect(200)["data"].as_array().unwrap().len(), found, "{query}");
        }
    }

    async fn an_address_that_goes_to_somebody_else_does_not_take_the_user_along(world: World) {
        admin(&world, "maria@example.com");
        let provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({})).await;
        let account = |subject: &str| provider.signer.sign(&provider.claims(subject, "maria@example.com", world.now()));
        let tokens = [account("first"), account("second")];
        me(&world, &tokens[0]).await.expect(200);
        me(&world, &tokens[1]).await.refused(401);
        me(&world, &tokens[0]).await.expect(200);
        // Of many at once with one account, all are let in, and there is one link.
        admin(&world, "jonas@example.com");
        let many = join_all((0..10).map(|_| { let token = provider.signer.sign(&provider.claims("third", "jonas@example.com", world.now())); let world = &world; async move { me(world, &token).await.status } })).await;
        assert!(many.iter().all(|status| *status == 200), "{many:?}");
        assert_eq!(links(&world).await.len(), 2);
    }

    async fn a_partners_provider_speaks_for_its_people_alone(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        let boss = admin(&world, "boss@example.com");
        let ana = partner_user(&world, "ana@example.com", north, &[PartnerRole::PartnerSales]);
        partner_user(&world, "sue@example.com", south, &[PartnerRole::PartnerSales]);
        // Ana works for the other one, too.
        also_at(&world, ana, south);
        let provider = Provider::start(Signer::ed("k1"));
        let made = known(&world, &provider, json!({"partner_id": north, "email_domains": ["*"]})).await;
        assert_eq!(arrives(&world, &provider, "boss@example.com").await.status, 401);
        assert_eq!(arrives(&world, &provider, "sue@example.com").await.status, 401);
        assert!(links(&world).await.is_empty());
        let token = provider.signer.sign(&provider.claims("ana", "ana@example.com", world.now()));
        let told = me(&world, &token).await.expect(200);
        assert_eq!((told["partner_id"].as_str(), &told["roles"]), (Some(north.to_string().as_str()), &json!(["partner_sales"])));
        let ana_here = world.bearer(&token);
        assert_eq!(ana_here.get(&format!("/v1/partners/{north}")).await.status, 200);
        ana_here.get(&format!("/v1/partners/{south}")).await.refused(404);
        // It opens no session at the other one.
        assert_eq!(ana_here.post("/v1/auth/switch", json!({"partner_id": south})).await.refused(409), "contradiction");
        ana_here.post("/v1/auth/logout", json!({})).await.expect(204);
        assert_eq!(me(&world, &token).await.status, 200, "the token is the provider's to end");
        // Not even by an administrator's link.
        world.vendor(Role::Admin).post("/v1/identity-links", json!({"provider_id": made["id"], "subject": "boss", "user_id": boss.to_string()})).await.expect(201);
        me(&world, &provider.signer.sign(&provider.claims("boss", "boss@example.com", world.now()))).await.refused(401);
        // Who does not belong there any more is out at once.
        let place = world.vendor(Role::Admin).get(&format!("/v1/partner-users?partner_id={north}&user_id={ana}")).await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        partner_user(&world, "second@example.com", north, &[PartnerRole::PartnerAdmin]);
        world.vendor(Role::Admin).post(&format!("/v1/partner-users/{place}/disable"), json!({})).await.expect(200);
        me(&world, &token).await.refused(401);
    }

    async fn a_claim_names_the_partner_for_whom_somebody_acts(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        let west = partner(&world, "West").await;
        let ana = partner_user(&world, "ana@example.com", north, &[PartnerRole::PartnerSales]);
        also_at(&world, ana, south);
        let provider = Provider::start(Signer::ed("k1"));
        known(&world, &provider, json!({"partner_claim": "org.partner"})).await;
        for (named, acts_for) in [(None, Some(north)), (Some(south.to_string()), Some(south)), (Some(west.to_string()), None), (Some("nonsense".to_owned()), None)] {
            let mut claims = provider.claims("ana", "ana@example.com", world.now());
            if let Some(named) = &named {
                claims["org"] = json!({"partner": named});
            }
            let response = me(&world, &provider.signer.sign(&claims)).await;
            match acts_for {
                Some(partner) => assert_eq!(response.expect(200)["partner_id"], partner.to_string()),
                None => assert_eq!(response.status, 401, "{named:?}"),
            }
        }
    }

    async fn roles_are_ones_own_fewer_or_those_that_the_claim_maps_to(world: World) {
        vendor_user(&world, "maria@example.com", &[VendorRole::Cam, VendorRole::Analyst], RowScope::All, None, Vec::new());
        let provider = Provider::start(Signer::ed("k1"));
        let map = json!([{"value": "cams", "role": "cam"}, {"value": "admins", "role": "admin"}, {"value": "sellers", "role": "partner_sales"}]);
        let made = known(&world, &provider, json!({"roles_claim": "realm_access.roles", "role_map": map})).await;
        let boss = world.vendor(Role::Admin);
        for (how, groups, roles) in [
            ("own", json!([]), json!(["cam", "analyst"])),
            ("limited", json!(["cams", "admins", "others"]), json!(["cam"])),
            ("limited", json!([]), json!([])),
            ("mapped", json!(["cams", "admins", "sellers"]), json!(["admin", "cam"])),
            ("mapped", json!("admins"), json!(["admin"])),
            ("mapped", json!(["Admins"]), json!([])),
        ] {
            boss.patch(&at(&made), json!({"roles_by": how})).await.expect(200);
            let mut claims = provider.claims("maria", "maria@example.com", world.now());
            claims["realm_access"] = json!({"roles": groups});
            let token = provider.signer.sign(&claims);
            assert_eq!(me(&world, &token).await.expect(200)["roles"], roles, "{how} {groups}");
            assert_eq!(world.bearer(&token).get("/v1/users").await.status == 200, roles.as_array().unwrap().contains(&json!("admin")));
        }
        // What is changed holds for tokens that were taken before.
        let mut claims = provider.claims("maria", "maria@example.com", world.now());
        claims["realm_access"] = json!({"roles": ["admins"]});
        let token = provider.signer.sign(&claims);
        assert_eq!(me(&world, &token).await.expect(200)["roles"], json!(["admin"]));
        boss.patch(&at(&made), json!({"role_map": []})).await.expect(200);
        assert_eq!(me(&world, &token).await.expect(200)["roles"], json!([]));
    }

    async fn what_is_said_of_a_provider_goes_together(world: World) {
        let boss = world.vendor(Role::Admin);
        let good = json!({"name": "Staff", "issuer": "https://login.example.com", "audience": "openprm", "link_by": "verified_email", "email_domains": ["@Example.com", "example.com"]});
        let made = boss.post("/v1/identity-providers", good.clone()).await.expect(201);
        assert_eq!((&made["algorithms"], &made["email_domains"], &made["roles_by"], &made["enabled"]), (&json!(["RS256"]), &json!(["example.com"]), &json!("own"), &json!(true)));
        assert_eq!(boss.post("/v1/identity-providers", good.clone()).await.refused(409), "already_exists");
        for (name, value, pointer) in [
            ("issuer", json!("http://login.example.com"), "#/issuer"),
            ("issuer", json!("https://user@login.example.com"), "#/issuer"),
            ("issuer", json!("https://login.example.com?tenant=1"), "#/issuer"),
            ("email_domains", json!([]), "#/email_domains"),
            ("roles_by", json!("limited"), "#/roles_claim"),
            ("role_map", json!([{"value": "x", "role": "integration"}]), "#/role_map/0/role"),
        ] {
            let mut body = good.clone();
            body[name] = value;
            let refused = boss.post("/v1/identity-providers", body).await.expect(409);
            assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("contradiction"), Some(pointer)));
        }
        let mut body = good.clone();
        body["algorithms"] = json!(["HS256"]);
        boss.post("/v1/identity-providers", body).await.refused(422);
        let mut body = good;
        body["issuer"] = json!("https://other.example.com");
        body["partner_id"] = json!(partner(&world, "North").await);
        body["role_map"] = json!([{"value": "x", "role": "admin"}]);
        assert_eq!(boss.post("/v1/identity-providers", body).await.expect(409)["errors"][0]["pointer"], "#/role_map/0/role");
        assert_eq!(boss.patch(&at(&made), json!({"email_domains": []})).await.refused(409), "contradiction");
        assert_eq!(boss.patch(&at(&made), json!({"issuer": "https://evil.example"})).await.refused(422), "validation_failed");
        boss.patch(&at(&made), json!({"link_by": "subject", "email_domains": []})).await.expect(200);
        world.vendor(Role::ChannelOps).get("/v1/identity-providers").await.refused(403);
        // Plain HTTP is for trials on the same machine alone.
        let strict = World::configured(world.engine(), contract(), &[("OPENPRM_IDENTITY_PROVIDER_HTTP", "off")]).await;
        let near = json!({"name": "Staff", "issuer": "http://127.0.0.1:8081", "audience": "openprm", "link_by": "subject"});
        assert_eq!(strict.vendor(Role::Admin).post("/v1/identity-providers", near.clone()).await.refused(409), "contradiction");
        boss.post("/v1/identity-providers", near).await.expect(201);
    }
}

/// Gives somebody a place at another partner.
fn also_at(world: &World, user: openprm::kernel::ids::UserId, partner: PartnerId) {
    let now = world.now();
    world.sql(move |tx| {
        use diesel::{ExpressionMethods as _, RunQueryDsl as _};
        use openprm::schema::{partner_membership_roles::dsl as r, partner_memberships::dsl as m};
        let id: openprm::kernel::ids::MembershipId = tx.new_id();
        let row = (
            m::id.eq(id),
            m::user_id.eq(user),
            m::partner_id.eq(partner),
            m::status.eq("active"),
            m::revision.eq(1_i64),
            m::created_at.eq(now.micros()),
            m::updated_at.eq(now.micros()),
        );
        diesel::insert_into(m::partner_memberships)
            .values(row)
            .execute(tx.conn())?;
        let role = (r::membership_id.eq(id), r::role.eq("partner_sales"));
        diesel::insert_into(r::partner_membership_roles)
            .values(role)
            .execute(tx.conn())?;
        Ok(())
    });
}
