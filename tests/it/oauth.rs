//! OAuth beside the token endpoint's own: keys instead of secrets, tokens that end before their time, and what a token is.

use futures_util::future::join_all;
use openprm::{auth::Role, schema};
use serde_json::{Value, json};

use crate::{
    identity::{admin, login, partner},
    support::{
        Response, World,
        provider::Provider,
        signer::{Signer, encoded, with_secret},
    },
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ISSUER: &str = "http://127.0.0.1:8080";

/// A program with its id and secret.
struct Program {
    id: String,
    secret: String,
}

async fn program(world: &World, more: Value) -> Program {
    let mut body = json!({"name": "CRM connector", "scopes": ["catalog:read"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = world
        .vendor(Role::Admin)
        .post("/v1/service-clients", body)
        .await
        .expect(201);
    Program {
        id: made["client"]["id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().unwrap().to_owned(),
    }
}

impl Program {
    /// Calls an endpoint by its secret.
    async fn call(&self, world: &World, path: &str, fields: &[(&str, &str)]) -> Response {
        let own = [("client_id", self.id.as_str()), ("client_secret", self.secret.as_str())];
        world.stranger().form(path, &[], &[&own[..], fields].concat()).await
    }

    async fn token(&self, world: &World) -> String {
        let granted = self
            .call(world, "/oauth/token", &[("grant_type", "client_credentials")])
            .await
            .expect(200);
        granted["access_token"].as_str().unwrap().to_owned()
    }

    async fn introspect(&self, world: &World, token: &str) -> Value {
        self.call(world, "/oauth/introspect", &[("token", token)])
            .await
            .expect(200)
    }

    async fn revoke(&self, world: &World, token: &str) -> Response {
        self.call(world, "/oauth/revoke", &[("token", token)]).await
    }

    /// What an assertion of it says.
    fn claims(&self, world: &World) -> Value {
        let now = world.now().seconds();
        json!({"iss": self.id, "sub": self.id, "aud": format!("{ISSUER}/oauth/token"), "iat": now, "exp": now + 300, "jti": format!("{:032x}", rand::random::<u128>())})
    }
}

async fn by_assertion(world: &World, assertion: &str) -> Response {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    world.stranger().form("/oauth/token", &[], &form).await
}

async fn works(world: &World, token: &str) -> bool {
    world.bearer(token).get("/v1/territories").await.status == 200
}

fn inactive() -> Value {
    json!({"active": false})
}

fn count(world: &World, kind: &'static str) -> i64 {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use schema::events::dsl as e;
    world.sql(move |tx| Ok(e::events.filter(e::event_type.eq(kind)).count().get_result(tx.conn())?))
}

fn outcomes(world: &World) -> Vec<String> {
    use diesel::{QueryDsl as _, RunQueryDsl as _};
    use schema::sign_ins::dsl as s;
    world.sql(|tx| Ok(s::sign_ins.order(s::at).select(s::outcome).load(tx.conn())?))
}

each_engine! {
    async fn the_metadata_tell_what_there_is(world: World) {
        let metadata = world.stranger().get("/.well-known/oauth-authorization-server").await.expect(200);
        assert_eq!(metadata["issuer"], ISSUER);
        for (name, path) in [("token_endpoint", "/oauth/token"), ("revocation_endpoint", "/oauth/revoke"), ("introspection_endpoint", "/oauth/introspect"), ("jwks_uri", "/.well-known/jwks.json")] {
            assert_eq!(metadata[name], format!("{ISSUER}{path}"), "{name}");
        }
        for name in ["token_endpoint", "revocation_endpoint", "introspection_endpoint"] {
            assert_eq!(metadata[format!("{name}_auth_methods_supported")], json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]));
            assert_eq!(metadata[format!("{name}_auth_signing_alg_values_supported")], json!(["EdDSA", "ES256", "RS256"]));
        }
        let scopes = metadata["scopes_supported"].as_array().unwrap();
        assert!(scopes.contains(&json!("deals:read")) && scopes.contains(&json!("tokens:introspect")));
    }

    async fn a_revoked_token_is_refused_at_once_and_no_other(world: World) {
        let (one, other) = (program(&world, json!({})).await, program(&world, json!({})).await);
        let (token, second, foreign) = (one.token(&world).await, one.token(&world).await, other.token(&world).await);
        assert!(works(&world, &token).await && works(&world, &second).await);
        let done = one.revoke(&world, &token).await;
        assert_eq!((done.status, done.header("cache-control"), done.bytes.len()), (200, Some("no-store"), 0));
        assert!(!works(&world, &token).await && works(&world, &second).await && works(&world, &foreign).await);
        // Once more, and of what is none: the same answer.
        for text in [token.as_str(), "nonsense", "a.b.c", &format!("{second}x")] {
            assert_eq!(one.revoke(&world, text).await.status, 200, "{text}");
        }
        assert!(works(&world, &second).await);
        assert_eq!(count(&world, "service_client.token_revoked"), 1);
        // What is another's, or no token, is told.
        let refused = one.revoke(&world, &foreign).await.expect(400);
        assert_eq!(refused["error"], "invalid_request");
        assert!(works(&world, &foreign).await);
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        one.revoke(&world, session["access_token"].as_str().unwrap()).await.expect(400);
        assert_eq!(world.bearer(session["access_token"].as_str().unwrap()).get("/v1/me").await.status, 200);
        assert_eq!(one.revoke(&world, "prm_live_0123456789abcdef_x_y").await.expect(400)["error"], "unsupported_token_type");
        let wrong = Program { id: one.id.clone(), secret: "prm_secret_x".to_owned() };
        assert_eq!(wrong.revoke(&world, &second).await.expect(401)["error"], "invalid_client");
        assert!(works(&world, &second).await);
        // Remembered for as long as the token would be good, and then not.
        let rows = |world: &World| {
            use diesel::{QueryDsl as _, RunQueryDsl as _};
            world.sql(|tx| Ok(schema::revoked_tokens::table.count().get_result::<i64>(tx.conn())?))
        };
        world.work("expired_credentials");
        assert_eq!(rows(&world), 1);
        world.clock.advance_days(8);
        world.work("expired_credentials");
        assert_eq!(rows(&world), 0);
    }

    async fn of_many_revocations_at_once_one_is_told(world: World) {
        let one = program(&world, json!({})).await;
        let token = one.token(&world).await;
        let done = join_all((0..8).map(|_| one.revoke(&world, &token))).await;
        assert!(done.iter().all(|response| response.status == 200));
        assert_eq!(count(&world, "service_client.token_revoked"), 1);
        assert!(!works(&world, &token).await);
    }

    async fn a_program_may_ask_what_its_own_tokens_are(world: World) {
        let (one, other) = (program(&world, json!({})).await, program(&world, json!({})).await);
        let token = one.token(&world).await;
        let now = world.now().seconds();
        let asked = one.call(&world, "/oauth/introspect", &[("token", &token), ("token_type_hint", "access_token")]).await;
        assert_eq!(asked.header("cache-control"), Some("no-store"));
        let told = asked.expect(200);
        assert_eq!(
            told,
            json!({"active": true, "scope": "catalog:read", "client_id": one.id, "sub": one.id, "exp": told["exp"], "iat": told["iat"], "iss": ISSUER, "aud": format!("{ISSUER}/v1"), "token_type": "Bearer"})
        );
        assert_eq!(told["iat"], now);
        assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 600);
        // Another's, a person's, and what is none: nothing but that.
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let person = session["access_token"].as_str().unwrap();
        let provider = Provider::start(Signer::ed("k1"));
        let theirs = provider.signer.sign(&provider.claims("x", "maria@example.com", world.now()));
        for text in [&token, person, session["refresh_token"].as_str().unwrap(), "nonsense", &theirs] {
            assert_eq!(other.introspect(&world, text).await, inactive(), "{text}");
        }
        // Scopes are those that it has now.
        world.vendor(Role::Admin).patch(&format!("/v1/service-clients/{}", one.id), json!({"scopes": ["deals:read"]})).await.expect(200);
        assert_eq!(one.introspect(&world, &token).await["scope"], "");
        one.revoke(&world, &token).await.expect(200);
        assert_eq!(one.introspect(&world, &token).await, inactive());
        let token = one.token(&world).await;
        world.clock.advance_seconds(631);
        assert_eq!(one.introspect(&world, &token).await, inactive());
        assert_eq!(world.stranger().form("/oauth/introspect", &[], &[("token", &token)]).await.expect(401)["error"], "invalid_client");
        assert_eq!(one.call(&world, "/oauth/introspect", &[]).await.expect(400)["error"], "invalid_request");
    }

    async fn the_scope_opens_every_token_and_to_a_partners_program_its_partners(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        let gateway = program(&world, json!({"scopes": ["tokens:introspect"]})).await;
        let of_north = program(&world, json!({"scopes": ["tokens:introspect"], "partner_id": north})).await;
        let (in_north, in_south) = (program(&world, json!({"partner_id": north})).await, program(&world, json!({"partner_id": south})).await);
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let person = session["access_token"].as_str().unwrap().to_owned();
        let told = gateway.introspect(&world, &person).await;
        assert_eq!((&told["active"], &told["sub"]), (&json!(true), &session["user_id"]));
        assert!(told.get("scope").is_none() && told.get("client_id").is_none());
        let (north_token, south_token) = (in_north.token(&world).await, in_south.token(&world).await);
        assert_eq!(gateway.introspect(&world, &south_token).await["active"], true);
        assert_eq!(of_north.introspect(&world, &north_token).await["active"], true);
        assert_eq!(of_north.introspect(&world, &south_token).await, inactive());
        assert_eq!(of_north.introspect(&world, &person).await, inactive());
        world.vendor(Role::Admin).post(&format!("/v1/service-clients/{}/disable", in_south.id), json!({})).await.expect(200);
        assert_eq!(gateway.introspect(&world, &south_token).await, inactive());
    }

    async fn a_program_proves_itself_by_a_key_of_its_own(world: World) {
        let (ed, ec, rsa) = (Signer::ed("ed"), Signer::ec("ec"), Signer::rsa("rsa"));
        let one = program(&world, json!({"jwks": {"keys": [ed.jwk(), ec.jwk(), rsa.jwk()]}})).await;
        for signer in [&ed, &ec, &rsa] {
            let granted = by_assertion(&world, &signer.sign(&one.claims(&world))).await.expect(200);
            assert!(works(&world, granted["access_token"].as_str().unwrap()).await);
        }
        // To the issuer, with its id beside it, or to the very endpoint.
        let mut claims = one.claims(&world);
        claims["aud"] = json!([ISSUER]);
        let form = [("grant_type", "client_credentials"), ("client_id", one.id.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &ed.sign(&claims))];
        let token = world.stranger().form("/oauth/token", &[], &form).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        let mut claims = one.claims(&world);
        claims["aud"] = json!(format!("{ISSUER}/oauth/introspect"));
        let assertion = ed.sign(&claims);
        let form = [("token", token.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
        assert_eq!(world.stranger().form("/oauth/introspect", &[], &form).await.expect(200)["active"], true);
        assert_eq!(world.stranger().form("/oauth/introspect", &[], &form).await.expect(401)["error"], "invalid_client", "the assertion was used");
        let read = world.vendor(Role::Admin).get(&format!("/v1/service-clients/{}", one.id)).await.expect(200);
        assert_eq!(read["jwks"]["keys"][0], ed.jwk());
        assert!(read["last_used_at"].is_string());
        // Without keys it is by the secret alone, and the other way round.
        let at = format!("/v1/service-clients/{}", one.id);
        world.vendor(Role::Admin).patch(&at, json!({"jwks": null})).await.expect(200);
        by_assertion(&world, &ed.sign(&one.claims(&world))).await.expect(401);
        one.token(&world).await;
    }

    async fn no_forged_assertion_is_taken(world: World) {
        let (ed, ec, rsa, theirs) = (Signer::ed("ed"), Signer::ec("ec"), Signer::rsa("rsa"), Signer::ed("ed"));
        let one = program(&world, json!({"jwks": {"keys": [ed.jwk(), ec.jwk(), rsa.jwk()]}})).await;
        let other = program(&world, json!({"jwks": {"keys": [theirs.jwk()]}})).await;
        let now = world.now().seconds();
        let with = |name: &str, value: Value| {
            let mut claims = one.claims(&world);
            claims[name] = value;
            ed.sign(&claims)
        };
        let without = |name: &str| {
            let mut claims = one.claims(&world);
            claims.as_object_mut().unwrap().remove(name);
            ed.sign(&claims)
        };
        let head = |alg: &str, kid: &str| json!({"alg": alg, "typ": "JWT", "kid": kid});
        let public = serde_json::to_string(&rsa.jwk()).unwrap();
        let own_key = json!({"alg": "EdDSA", "typ": "JWT", "kid": "ed", "jwk": theirs.jwk()});
        let critical = json!({"alg": "EdDSA", "typ": "JWT", "kid": "ed", "crit": ["exp"]});
        let forgeries = [
            ("another's key under the name", theirs.sign(&one.claims(&world))),
            ("another client's assertion for this one", theirs.sign(&{ let mut claims = other.claims(&world); claims["iss"] = json!(one.id); claims })),
            ("a key in the header", theirs.sign_with(&own_key, &one.claims(&world))),
            ("a critical header", ed.sign_with(&critical, &one.claims(&world))),
            ("the type of our tokens", ed.sign_with(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "ed"}), &one.claims(&world))),
            ("an unknown name of a key", ed.sign_with(&head("EdDSA", "none"), &one.claims(&world))),
            ("another algorithm than the key's", ed.sign_with(&head("ES256", "ed"), &one.claims(&world))),
            ("PS256, which clients do not sign with", rsa.sign_with(&head("PS256", "rsa"), &one.claims(&world))),
            ("no algorithm", format!("{}.{}.", encoded(&head("none", "ed")), encoded(&one.claims(&world)))),
            ("HS256 with the public key", with_secret(&head("HS256", "rsa"), &one.claims(&world), public.as_bytes())),
            ("HS256 with the secret", with_secret(&head("HS256", "ed"), &one.claims(&world), one.secret.as_bytes())),
            ("another issuer", with("iss", json!(other.id))),
            ("another audience", with("aud", json!("https://elsewhere.example/token"))),
            ("an audience besides", with("aud", json!([ISSUER, "https://elsewhere.example"]))),
            ("no audience in the list", with("aud", json!([]))),
            ("ended", with("exp", json!(now - 31))),
            ("good for too long", with("exp", json!(now + 400))),
            ("from the future", with("iat", json!(now + 60))),
            ("not good yet", with("nbf", json!(now + 60))),
            ("an end that is no number", with("exp", json!("2030-01-01"))),
            ("an empty id", with("jti", json!(""))),
            ("no jti", without("jti")),
            ("no exp", without("exp")),
            ("no aud", without("aud")),
            ("no iss", without("iss")),
            ("no sub", without("sub")),
            ("nonsense", "nonsense".to_owned()),
        ];
        for (what, assertion) in forgeries {
            let refused = by_assertion(&world, &assertion).await;
            assert_eq!(refused.status, 401, "{what}");
            assert_eq!(refused.expect(401)["error"], "invalid_client", "{what}");
        }
        let good = ed.sign(&one.claims(&world));
        let tampered = { let parts: Vec<&str> = good.split('.').collect(); format!("{}.{}.{}", parts[0], encoded(&one.claims(&world)), parts[2]) };
        by_assertion(&world, &tampered).await.expect(401);
        // In two places, without its type, or with another one.
        for (fields, error) in [
            (vec![("client_assertion", good.as_str())], "invalid_request"),
            (vec![("client_assertion", good.as_str()), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")], "invalid_request"),
            (vec![("client_assertion", good.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_id", one.id.as_str()), ("client_secret", one.secret.as_str())], "invalid_request"),
        ] {
            let form = [vec![("grant_type", "client_credentials")], fields].concat();
            assert_eq!(world.stranger().form("/oauth/token", &[], &form).await.expect(400)["error"], error);
        }
        let form = [("grant_type", "client_credentials"), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", good.as_str()), ("client_id", other.id.as_str())];
        assert_eq!(world.stranger().form("/oauth/token", &[], &form).await.expect(401)["error"], "invalid_client");
        by_assertion(&world, &good).await.expect(200);
        world.vendor(Role::Admin).post(&format!("/v1/service-clients/{}/disable", one.id), json!({})).await.expect(200);
        by_assertion(&world, &ed.sign(&one.claims(&world))).await.expect(401);
        assert_eq!(outcomes(&world).last().map(String::as_str), Some("disabled"));
    }

    async fn a_parameter_without_a_value_counts_as_left_out(world: World) {
        let key = Signer::ed("ed");
        let one = program(&world, json!({"jwks": {"keys": [key.jwk()]}})).await;
        let assertion = key.sign(&one.claims(&world));
        let form = [("grant_type", "client_credentials"), ("scope", ""), ("client_id", ""), ("client_secret", ""), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        world.stranger().form("/oauth/token", &[], &form).await.expect(200);
        let twice = [("grant_type", "client_credentials"), ("client_id", one.id.as_str()), ("client_id", one.id.as_str()), ("client_secret", one.secret.as_str())];
        assert_eq!(world.stranger().form("/oauth/token", &[], &twice).await.expect(400)["error"], "invalid_request");
        assert_eq!(one.call(&world, "/oauth/introspect", &[("token", "")]).await.expect(400)["error"], "invalid_request");
    }

    async fn of_twenty_uses_at_once_of_one_assertion_one_succeeds(world: World) {
        let key = Signer::ed("ed");
        let one = program(&world, json!({"jwks": {"keys": [key.jwk()]}})).await;
        let assertion = key.sign(&one.claims(&world));
        let tries = join_all((0..20).map(|_| by_assertion(&world, &assertion))).await;
        let statuses: Vec<u16> = tries.iter().map(|response| response.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
        assert_eq!(outcomes(&world).iter().filter(|outcome| *outcome == "reuse_detected").count(), 19);
        // The same name in a token of another client is another token.
        let (key, twin) = (Signer::ed("ed"), Signer::ed("ed"));
        let (one, other) = (program(&world, json!({"jwks": {"keys": [key.jwk()]}})).await, program(&world, json!({"jwks": {"keys": [twin.jwk()]}})).await);
        for (program, key) in [(&one, &key), (&other, &twin)] {
            let mut claims = program.claims(&world);
            claims["jti"] = json!("one");
            by_assertion(&world, &key.sign(&claims)).await.expect(200);
            by_assertion(&world, &key.sign(&claims)).await.expect(401);
        }
    }

    async fn what_is_no_key_is_not_registered(world: World) {
        let key = Signer::ed("ed");
        let with = |name: &str, value: Value| { let mut jwk = key.jwk(); jwk[name] = value; jwk };
        let nameless = { let mut jwk = key.jwk(); jwk.as_object_mut().unwrap().remove("kid"); jwk };
        for (keys, pointer) in [
            (json!([nameless]), "#/jwks/keys/0/kid"),
            (json!([key.jwk(), key.jwk()]), "#/jwks/keys/1/kid"),
            (json!([with("x", json!("c2hvcnQ"))]), "#/jwks/keys/0"),
            (json!([with("use", json!("enc"))]), "#/jwks/keys/0"),
            (json!([with("alg", json!("HS256"))]), "#/jwks/keys/0"),
            (json!([with("kty", json!("oct"))]), "#/jwks/keys/0"),
        ] {
            let refused = world.vendor(Role::Admin).post("/v1/service-clients", json!({"name": "CRM", "scopes": ["catalog:read"], "jwks": {"keys": keys}})).await.expect(409);
            assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("contradiction"), Some(pointer)), "{refused}");
        }
        // The private half has no place here.
        let private = with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
        world.vendor(Role::Admin).post("/v1/service-clients", json!({"name": "CRM", "scopes": ["catalog:read"], "jwks": {"keys": [private]}})).await.refused(422);
    }
}
