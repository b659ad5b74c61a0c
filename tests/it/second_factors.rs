//! A second proof beside the password: set up, asked for, lost, required.

use aws_lc_rs::hmac;
use diesel::prelude::*;
use futures_util::future::join_all;
use openprm::{
    auth::Role,
    identity::{self as house, memberships::PartnerRole, users::VendorRole},
    schema::{events, recovery_codes, second_factors, sign_in_challenges, sign_ins},
};
use serde_json::{Value, json};

use crate::{
    identity::{PASSWORD, admin, bearer, login, partner, partner_user, renew, signed_in, try_login, vendor_user},
    support::{Response, World, contract, delivered},
};

/// An authenticator, as it is in somebody's pocket.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    fn new(secret: &str) -> Self {
        let mut bits = 0_u64;
        let mut held = 0;
        let mut bytes = Vec::new();
        for letter in secret.bytes() {
            let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
                .iter()
                .position(|one| *one == letter)
                .unwrap();
            bits = (bits << 5) | u64::try_from(digit).unwrap();
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from((bits >> held) & 255).unwrap());
            }
        }
        Self(bytes)
    }

    /// What it shows so many steps from now.
    pub fn shows(&self, world: &World, steps: i64) -> String {
        let step = world.now().seconds().div_euclid(30) + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    /// What it does not show, whatever the time.
    fn never_shows(&self, world: &World) -> String {
        let shown: Vec<String> = (-3..=3).map(|steps| self.shows(world, steps)).collect();
        (0..10)
            .map(|digit| digit.to_string().repeat(6))
            .find(|code| !shown.contains(code))
            .unwrap()
    }
}

/// Somebody with a second factor: the authenticator, the recovery codes, and the session that it was set up in. The next code
/// is a fresh one.
pub async fn enrolled(world: &World, email: &str) -> (Authenticator, Vec<String>, Value) {
    let session = login(world, email).await;
    let me = bearer(world, &session);
    let enrolment = me
        .post("/v1/me/second-factor", json!({"password": PASSWORD}))
        .await
        .expect(200);
    let authenticator = Authenticator::new(enrolment["secret"].as_str().unwrap());
    let confirmed = me
        .post(
            "/v1/me/second-factor/confirm",
            json!({"code": authenticator.shows(world, 0)}),
        )
        .await
        .expect(200);
    let codes = confirmed["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    world.clock.advance_seconds(30);
    (authenticator, codes, session)
}

/// The challenge that the right password is answered with.
pub async fn challenge(world: &World, email: &str) -> Value {
    let refused = try_login(world, email, PASSWORD).await.expect(403);
    assert_eq!(refused["code"], "second_factor_required");
    assert_eq!(refused["challenge_expires_in"], 300);
    refused["challenge"].clone()
}

pub async fn complete(world: &World, challenge: &Value, code: &str) -> Response {
    let body = json!({"challenge": challenge, "code": code});
    world.stranger().post("/v1/auth/login/second-factor", body).await
}

async fn state(world: &World, session: &Value) -> Value {
    bearer(world, session).get("/v1/me/second-factor").await.expect(200)
}

/// What was told of users, by kind.
fn told(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        Ok(events::table
            .filter(events::event_type.eq(kind))
            .count()
            .get_result(tx.conn())?)
    })
}

each_engine! {
    async fn a_second_factor_is_set_up_confirmed_and_asked_for(world: World) {
        admin(&world, "maria@example.com");
        let (session, other) = (login(&world, "maria@example.com").await, login(&world, "maria@example.com").await);
        let maria = bearer(&world, &session);
        let nothing = json!({"status": "none", "required": false, "active_since": null, "recovery_codes_left": 0});
        assert_eq!(state(&world, &session).await, nothing);
        let enrolment = maria.post("/v1/me/second-factor", json!({"password": PASSWORD})).await;
        assert_eq!(enrolment.header("cache-control"), Some("no-store"));
        let enrolment = enrolment.expect(200);
        let (secret, uri) = (enrolment["secret"].as_str().unwrap(), enrolment["uri"].as_str().unwrap());
        assert!(uri.starts_with("otpauth://totp/127.0.0.1:maria%40example.com?") && uri.contains(secret), "{uri}");
        assert_eq!(state(&world, &session).await["status"], "pending");
        // It guards nothing yet.
        login(&world, "maria@example.com").await;
        let pocket = Authenticator::new(secret);
        let confirm = |code: String| maria.post("/v1/me/second-factor/confirm", json!({"code": code}));
        assert_eq!(confirm(pocket.never_shows(&world)).await.refused(409), "wrong_code");
        let confirmed = confirm(pocket.shows(&world, 0)).await.expect(200);
        assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(confirm(pocket.shows(&world, 1)).await.refused(409), "invalid_state");
        assert!(signed_in(&world, &session).await && !signed_in(&world, &other).await, "what was begun without it is over");
        renew(&world, &other).await.refused(401);
        let active = state(&world, &session).await;
        assert_eq!((&active["status"], &active["recovery_codes_left"]), (&json!("active"), &json!(10)));
        let me = maria.get("/v1/me").await.expect(200);
        assert_eq!((&me["second_factor_at"], &me["second_factor_due"]), (&active["active_since"], &json!(false)));
        assert_eq!(told(&world, "user.second_factor_enabled"), 1);

        world.clock.advance_seconds(30);
        let challenge = challenge(&world, "maria@example.com").await;
        let opened = complete(&world, &challenge, &pocket.shows(&world, 0)).await;
        assert_eq!(opened.header("cache-control"), Some("no-store"));
        let opened = opened.expect(200);
        assert!(signed_in(&world, &opened).await && opened["second_factor_due"] == false);
        renew(&world, &opened).await.expect(200);
        world.clock.advance_seconds(30);
        assert_eq!(complete(&world, &challenge, &pocket.shows(&world, 0)).await.refused(401), "invalid_token");
    }

    async fn a_code_is_taken_once_and_none_before_it(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        world.clock.advance_seconds(30);
        let code = pocket.shows(&world, 0);
        complete(&world, &challenge(&world, "maria@example.com").await, &code).await.expect(200);
        for (code, why) in [(code, "the same"), (pocket.shows(&world, -1), "one before")] {
            let refused = complete(&world, &challenge(&world, "maria@example.com").await, &code).await;
            assert_eq!(refused.refused(409), "wrong_code", "{why}");
        }
        complete(&world, &challenge(&world, "maria@example.com").await, &pocket.shows(&world, 1)).await.expect(200);
    }

    async fn of_one_code_many_times_at_once_one_is_taken(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, codes, _) = enrolled(&world, "maria@example.com").await;
        for code in [pocket.shows(&world, 0), codes[0].clone()] {
            let mut challenges = Vec::new();
            for _ in 0..8 {
                challenges.push(challenge(&world, "maria@example.com").await);
            }
            let tries = join_all(challenges.iter().map(|challenge| complete(&world, challenge, &code))).await;
            let statuses: Vec<u16> = tries.iter().map(|response| response.status).collect();
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            assert!(statuses.iter().all(|status| matches!(status, 200 | 409 | 429)), "{statuses:?}");
            world.clock.advance_seconds(3600);
        }
        // One challenge, too, is completed once.
        let (challenge, code) = (challenge(&world, "maria@example.com").await, pocket.shows(&world, 0));
        let tries = join_all((0..8).map(|_| complete(&world, &challenge, &code))).await;
        let statuses: Vec<u16> = tries.iter().map(|response| response.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    }

    async fn clocks_may_differ_by_half_a_minute(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        for (steps, taken) in [(-2, false), (2, false), (-1, true), (1, true)] {
            world.clock.advance_seconds(300);
            let answer = complete(&world, &challenge(&world, "maria@example.com").await, &pocket.shows(&world, steps)).await;
            assert_eq!(answer.status == 200, taken, "{steps} steps");
        }
    }

    async fn wrong_codes_make_the_next_try_wait_and_end_the_challenge(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        let first = challenge(&world, "maria@example.com").await;
        for _ in 0..4 {
            assert_eq!(complete(&world, &first, &pocket.never_shows(&world)).await.refused(409), "wrong_code");
        }
        // Another challenge does not help: it is the person's codes that wait.
        let second = challenge(&world, "maria@example.com").await;
        for challenge in [&first, &second] {
            let blocked = complete(&world, challenge, &pocket.shows(&world, 0)).await;
            assert!(blocked.header("retry-after").unwrap().parse::<u32>().unwrap() <= 9);
            assert_eq!(blocked.refused(429), "rate_limited");
        }
        world.clock.advance_seconds(9);
        assert_eq!(complete(&world, &first, "xxxx-xxxx-xxxx").await.refused(409), "wrong_code");
        world.clock.advance_seconds(9);
        assert_eq!(complete(&world, &first, &pocket.shows(&world, 0)).await.refused(401), "invalid_token", "five were wrong");
        complete(&world, &second, &pocket.shows(&world, 0)).await.expect(200);
        // Signing in has forgiven what was before.
        complete(&world, &challenge(&world, "maria@example.com").await, &pocket.never_shows(&world)).await.refused(409);
        complete(&world, &challenge(&world, "maria@example.com").await, &pocket.shows(&world, 1)).await.expect(200);
    }

    async fn guesses_of_codes_at_once_do_not_slip_past_the_throttle(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        let mut challenges = Vec::new();
        for _ in 0..12 {
            challenges.push(challenge(&world, "maria@example.com").await);
        }
        let wrong = pocket.never_shows(&world);
        let tries = join_all(challenges.iter().map(|challenge| complete(&world, challenge, &wrong))).await;
        assert_eq!(tries.iter().filter(|response| response.status == 409).count(), 4, "compared");
        assert!(tries.iter().all(|response| matches!(response.status, 409 | 429)));
    }

    async fn a_challenge_ends_after_five_minutes_and_opens_nothing_but_its_own_sign_in(world: World) {
        admin(&world, "maria@example.com");
        admin(&world, "jonas@example.com");
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        let (other, codes, _) = enrolled(&world, "jonas@example.com").await;
        let open = challenge(&world, "maria@example.com").await;
        for theirs in [other.shows(&world, 0), codes[0].clone()] {
            assert_eq!(complete(&world, &open, &theirs).await.refused(409), "wrong_code", "another's code");
        }
        // It is no token: of no other use.
        let text = open.as_str().unwrap();
        assert_eq!(world.bearer(text).get("/v1/me").await.refused(401), "unauthenticated");
        world.stranger().post("/v1/auth/refresh", json!({"refresh_token": text})).await.refused(401);
        world.stranger().post("/v1/auth/password-reset/confirm", json!({"token": text, "new_password": "seven plum ferries"})).await.refused(401);
        world.clock.advance_seconds(300);
        assert_eq!(complete(&world, &open, &pocket.shows(&world, 0)).await.refused(401), "invalid_token");
        let now = world.now();
        world.sql(move |tx| house::delete_expired(tx, now, 100));
        assert_eq!(world.sql(|tx| Ok(sign_in_challenges::table.count().get_result::<i64>(tx.conn())?)), 0);
    }

    async fn a_recovery_code_signs_in_once(world: World) {
        admin(&world, "maria@example.com");
        let (_, codes, _) = enrolled(&world, "maria@example.com").await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        let session = complete(&world, &challenge(&world, "maria@example.com").await, &typed).await.expect(200);
        assert_eq!(state(&world, &session).await["recovery_codes_left"], 9);
        assert_eq!(complete(&world, &challenge(&world, "maria@example.com").await, &codes[3]).await.refused(409), "wrong_code");
        // Others in their place end those that were left.
        let replaced = bearer(&world, &session).post("/v1/me/second-factor/recovery-codes", json!({"code": codes[4]})).await.expect(200);
        assert_eq!(state(&world, &session).await["recovery_codes_left"], 10);
        assert_eq!(told(&world, "user.recovery_codes_replaced"), 1);
        complete(&world, &challenge(&world, "maria@example.com").await, &codes[5]).await.refused(409);
        let fresh = replaced["recovery_codes"][0].as_str().unwrap();
        complete(&world, &challenge(&world, "maria@example.com").await, fresh).await.expect(200);
    }

    async fn an_access_token_alone_changes_no_second_factor(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let thief = bearer(&world, &session);
        assert_eq!(thief.post("/v1/me/second-factor", json!({"password": "not the password"})).await.refused(409), "wrong_password");
        for path in ["/v1/me/second-factor/remove", "/v1/me/second-factor/recovery-codes"] {
            assert_eq!(thief.post(path, json!({"password": PASSWORD})).await.refused(409), "invalid_state", "there is none");
        }
        let (pocket, codes, mut session) = enrolled(&world, "maria@example.com").await;
        let again = bearer(&world, &session).post("/v1/me/second-factor", json!({"password": PASSWORD})).await;
        assert_eq!(again.refused(409), "already_exists");
        for path in ["/v1/me/second-factor/remove", "/v1/me/second-factor/recovery-codes"] {
            let thief = bearer(&world, &session);
            assert_eq!(thief.post(path, json!({"password": "not the password"})).await.refused(409), "wrong_password");
            assert_eq!(thief.post(path, json!({"code": pocket.never_shows(&world)})).await.refused(409), "wrong_code");
            assert_eq!(thief.post(path, json!({})).await.refused(409), "contradiction");
            assert_eq!(thief.post(path, json!({"password": "not the password", "code": codes[0]})).await.refused(409), "wrong_password");
            world.clock.advance_seconds(3600);
            session = complete(&world, &challenge(&world, "maria@example.com").await, &pocket.shows(&world, 0)).await.expect(200);
            assert_eq!(state(&world, &session).await["status"], "active");
            world.clock.advance_seconds(30);
        }
    }

    async fn a_second_factor_is_removed_with_the_password_or_a_code(world: World) {
        admin(&world, "maria@example.com");
        for by_code in [false, true] {
            let (pocket, _, session) = enrolled(&world, "maria@example.com").await;
            let open = challenge(&world, "maria@example.com").await;
            let proof = if by_code { json!({"code": pocket.shows(&world, 0)}) } else { json!({"password": PASSWORD}) };
            bearer(&world, &session).post("/v1/me/second-factor/remove", proof).await.expect(204);
            assert!(signed_in(&world, &session).await);
            assert_eq!(complete(&world, &open, &pocket.shows(&world, 1)).await.refused(401), "invalid_token");
            login(&world, "maria@example.com").await;
            let last = delivered(&world).await.pop().unwrap();
            assert!(last.to == "maria@example.com" && last.subject.contains("second factor"), "{}", last.subject);
        }
        assert_eq!(told(&world, "user.second_factor_removed"), 2);
    }

    async fn an_administrator_takes_away_what_was_lost_but_never_their_own(world: World) {
        let boss_id = admin(&world, "boss@example.com");
        let id = vendor_user(&world, "maria@example.com", &[VendorRole::Cam], house::users::RowScope::All, None, Vec::new());
        let (_, _, session) = enrolled(&world, "maria@example.com").await;
        let (_, _, own) = enrolled(&world, "boss@example.com").await;
        let boss = bearer(&world, &own);
        let path = format!("/v1/users/{id}/reset-second-factor");
        world.vendor(Role::ChannelOps).post(&path, json!({})).await.refused(403);
        bearer(&world, &session).post(&path, json!({})).await.refused(403);
        let user = boss.post(&path, json!({})).await.expect(200);
        assert_eq!((&user["second_factor_at"], &user["id"]), (&Value::Null, &json!(id.to_string())));
        assert!(!signed_in(&world, &session).await);
        renew(&world, &session).await.refused(401);
        login(&world, "maria@example.com").await;
        assert_eq!(delivered(&world).await.pop().unwrap().to, "maria@example.com");
        assert_eq!(told(&world, "user.second_factor_reset"), 1);
        let again = boss.post(&path, json!({})).await.expect(409);
        assert_eq!(again["errors"][0]["code"], "has_second_factor");
        let own = boss.post(&format!("/v1/users/{boss_id}/reset-second-factor"), json!({})).await.expect(409);
        assert_eq!(own["errors"][0]["code"], "not_yourself");
        challenge(&world, "boss@example.com").await;
        // The list tells who has one.
        let listed = boss.get("/v1/users?sort=name").await.expect(200);
        let guarded: Vec<bool> = listed["data"].as_array().unwrap().iter().map(|user| !user["second_factor_at"].is_null()).collect();
        assert_eq!(guarded.iter().filter(|has| **has).count(), 1);
    }

    async fn a_partners_administrator_helps_their_own_people_and_nobody_elses(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        partner_user(&world, "boss@north.example", north, &[PartnerRole::PartnerAdmin]);
        partner_user(&world, "sales@north.example", north, &[PartnerRole::PartnerSales]);
        partner_user(&world, "sales@south.example", south, &[PartnerRole::PartnerSales]);
        let (_, _, lost) = enrolled(&world, "sales@north.example").await;
        let (_, _, theirs) = enrolled(&world, "sales@south.example").await;
        let (_, _, session) = enrolled(&world, "boss@north.example").await;
        let boss = bearer(&world, &session);
        let place = |session: &Value| format!("/v1/partner-users/{}/reset-second-factor", session["places"][0]["partner_user_id"].as_str().unwrap());
        boss.post(&place(&theirs), json!({})).await.refused(404);
        bearer(&world, &lost).post(&place(&lost), json!({})).await.refused(403);
        assert_eq!(boss.post(&place(&session), json!({})).await.expect(409)["errors"][0]["code"], "not_yourself");
        let helped = boss.post(&place(&lost), json!({})).await.expect(200);
        assert_eq!(helped["second_factor_at"], Value::Null);
        assert!(!signed_in(&world, &lost).await);
        let again = login(&world, "sales@north.example").await;
        assert!(signed_in(&world, &again).await);
        // Who acts for another partner too is no affair of one alone.
        let invited = json!({"partner_id": south.to_string(), "email": "sales@north.example", "name": "Ana", "roles": ["partner_sales"]});
        world.vendor(Role::Admin).post("/v1/partner-users", invited).await.expect(201);
        let token = crate::identity::token(&delivered(&world).await.pop().unwrap());
        world.stranger().post("/v1/auth/invitations/accept", json!({"token": token})).await.expect(204);
        let (_, _, both) = enrolled(&world, "sales@north.example").await;
        assert_eq!(boss.post(&place(&lost), json!({})).await.expect(409)["errors"][0]["code"], "only_here");
        assert!(signed_in(&world, &both).await);
        world.vendor(Role::ChannelOps).post(&place(&lost), json!({})).await.expect(200);
    }

    async fn whoever_must_have_one_can_do_nothing_before(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_SECOND_FACTOR", "vendor")]).await;
        admin(&world, "maria@example.com");
        let north = partner(&world, "North").await;
        partner_user(&world, "ana@north.example", north, &[PartnerRole::PartnerAdmin]);
        let ana = login(&world, "ana@north.example").await;
        assert_eq!(ana["second_factor_due"], false);
        bearer(&world, &ana).get("/v1/deals").await.expect(200);

        let session = login(&world, "maria@example.com").await;
        assert_eq!(session["second_factor_due"], true);
        let maria = bearer(&world, &session);
        let me = maria.get("/v1/me").await.expect(200);
        assert_eq!(me["second_factor_due"], true);
        let left: Vec<&str> = me["operations"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(left.contains(&"enrolSecondFactor") && !left.contains(&"listUsers") && !left.contains(&"changePassword"), "{left:?}");
        for path in ["/v1/users", "/v1/deals", "/v1/portal", "/v1/schema/deals", "/v1/policies"] {
            assert_eq!(maria.get(path).await.refused(403), "second_factor_due", "{path}");
        }
        let invite = json!({"email": "x@example.com", "name": "X", "roles": ["admin"], "row_scope": "all"});
        assert_eq!(maria.post("/v1/users", invite).await.refused(403), "second_factor_due");
        let change = json!({"current_password": PASSWORD, "new_password": "seven plum ferries"});
        assert_eq!(maria.post("/v1/auth/password", change).await.refused(403), "second_factor_due");
        let renewed = renew(&world, &session).await.expect(200);
        assert_eq!(renewed["second_factor_due"], true, "renewing does not go round it");
        assert_eq!(state(&world, &renewed).await["required"], true);

        let maria = bearer(&world, &renewed);
        let enrolment = maria.post("/v1/me/second-factor", json!({"password": PASSWORD})).await.expect(200);
        assert_eq!(maria.get("/v1/users").await.refused(403), "second_factor_due", "not before it is confirmed");
        let pocket = Authenticator::new(enrolment["secret"].as_str().unwrap());
        maria.post("/v1/me/second-factor/confirm", json!({"code": pocket.shows(&world, 0)})).await.expect(200);
        maria.get("/v1/users").await.expect(200);
        assert_eq!(renew(&world, &renewed).await.expect(200)["second_factor_due"], false);
        // Removed, it is due again.
        maria.post("/v1/me/second-factor/remove", json!({"password": PASSWORD})).await.expect(204);
        assert_eq!(maria.get("/v1/users").await.refused(403), "second_factor_due");
    }

    async fn partners_people_must_have_one_where_all_must_and_machines_need_none(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_SECOND_FACTOR", "all")]).await;
        let north = partner(&world, "North").await;
        partner_user(&world, "ana@north.example", north, &[PartnerRole::PartnerAdmin]);
        let ana = login(&world, "ana@north.example").await;
        assert_eq!(ana["second_factor_due"], true);
        assert_eq!(bearer(&world, &ana).get("/v1/deals").await.refused(403), "second_factor_due");
        let (_, _, session) = enrolled(&world, "ana@north.example").await;
        bearer(&world, &session).get("/v1/deals").await.expect(200);
        let key = json!({"name": "CRM", "scopes": ["deals:read"]});
        let made = world.vendor(Role::Admin).post("/v1/service-clients", key).await.expect(201);
        let form = [("grant_type", "client_credentials"), ("client_id", made["client"]["id"].as_str().unwrap()), ("client_secret", made["client_secret"].as_str().unwrap())];
        let token = world.stranger().form("/oauth/token", &[], &form).await.expect(200);
        world.bearer(token["access_token"].as_str().unwrap()).get("/v1/deals").await.expect(200);
    }

    async fn neither_a_forgotten_password_nor_a_disabled_user_goes_round_it(world: World) {
        let id = vendor_user(&world, "maria@example.com", &[VendorRole::Cam], house::users::RowScope::All, None, Vec::new());
        let (pocket, _, _) = enrolled(&world, "maria@example.com").await;
        world.stranger().post("/v1/auth/password-reset", json!({"email": "maria@example.com"})).await.expect(204);
        let token = crate::identity::token(&delivered(&world).await[0]);
        world.stranger().post("/v1/auth/password-reset/confirm", json!({"token": token, "new_password": "seven plum ferries"})).await.expect(204);
        let refused = try_login(&world, "maria@example.com", "seven plum ferries").await.expect(403);
        assert_eq!(refused["code"], "second_factor_required");
        world.vendor(Role::Admin).post(&format!("/v1/users/{id}/disable"), json!({})).await.expect(200);
        assert_eq!(complete(&world, &refused["challenge"], &pocket.shows(&world, 0)).await.refused(401), "invalid_token");
    }

    async fn what_is_stored_opens_nothing_by_itself_and_what_happened_is_known(world: World) {
        admin(&world, "maria@example.com");
        let (pocket, codes, _) = enrolled(&world, "maria@example.com").await;
        let open = challenge(&world, "maria@example.com").await;
        complete(&world, &open, &pocket.never_shows(&world)).await.refused(409);
        complete(&world, &open, &pocket.shows(&world, 0)).await.expect(200);
        complete(&world, &challenge(&world, "maria@example.com").await, &codes[0]).await.expect(200);
        let findings = world.sql(openprm::verify::findings);
        assert!(findings.iter().all(|finding| finding.count == 0), "{findings:?}");
        let sealed: String = world.sql(|tx| Ok(second_factors::table.select(second_factors::sealed_secret).get_result(tx.conn())?));
        assert!(sealed.starts_with("v1."), "{sealed}");
        let hashes: Vec<String> = world.sql(|tx| Ok(recovery_codes::table.select(recovery_codes::hash).load(tx.conn())?));
        assert_eq!(hashes.len(), 10);
        assert!(hashes.iter().all(|hash| codes.iter().all(|code| !hash.contains(&code.replace('-', "")) && hash.len() == 43)));
        let tries: Vec<(Option<String>, String)> = world.sql(|tx| Ok(sign_ins::table.order((sign_ins::at, sign_ins::id)).select((sign_ins::second_factor, sign_ins::outcome)).load(tx.conn())?));
        let known = |second: Option<&str>, outcome: &str| tries.iter().filter(|one| (one.0.as_deref(), one.1.as_str()) == (second, outcome)).count();
        assert_eq!((known(None, "success"), known(Some("totp"), "wrong_credentials"), known(Some("totp"), "success"), known(Some("recovery_code"), "success")), (1, 1, 1, 1));
    }
}
