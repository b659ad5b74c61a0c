//! Who signs in, how long that holds, and what it opens.

use std::sync::Arc;

use futures_util::future::join_all;
use openprm::{
    auth::{Role, Rows},
    db::Tx,
    error::{Error, Result},
    identity::{
        self, Access, NewUser,
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::ids::{PartnerId, TeamId, TerritoryId, UserId},
    mail::Delivery,
    schema,
};
use serde_json::{Value, json};

use crate::{
    program::Program,
    scene::run,
    support::{Client, Response, World, delivered},
};

pub const PASSWORD: &str = "nine lime tractors";

/// The one-time token that a mail carries.
pub fn token(mail: &Delivery) -> String {
    mail.body
        .split("token=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

fn store(world: &World, new: NewUser) -> UserId {
    world.sql(move |tx| identity::create_user(tx, &new).map(|user| user.id))
}

pub fn vendor_user(
    world: &World,
    email: &str,
    roles: &[VendorRole],
    row_scope: RowScope,
    team: Option<TeamId>,
    territories: Vec<TerritoryId>,
) -> UserId {
    let access = Access::Vendor {
        roles: roles.to_vec(),
        row_scope,
        team,
        territories,
    };
    store(
        world,
        NewUser {
            id: None,
            email: email.to_owned(),
            name: "Maria Keller".to_owned(),
            password_hash: Some(hash()),
            access,
        },
    )
}

pub fn admin(world: &World, email: &str) -> UserId {
    vendor_user(world, email, &[VendorRole::Admin], RowScope::All, None, Vec::new())
}

pub fn partner_user(world: &World, email: &str, partner: PartnerId, roles: &[PartnerRole]) -> UserId {
    let access = Access::Partner {
        partner,
        roles: roles.to_vec(),
    };
    store(
        world,
        NewUser {
            id: None,
            email: email.to_owned(),
            name: "Ana Lopes".to_owned(),
            password_hash: Some(hash()),
            access,
        },
    )
}

/// Hashed once: hashing is slow by design.
fn hash() -> String {
    static HASH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    HASH.get_or_init(|| identity::hash_password(PASSWORD).unwrap()).clone()
}

pub async fn partner(world: &World, name: &str) -> PartnerId {
    let body = json!({"legal_name": name, "default_currency": "EUR", "time_zone": "Europe/Berlin"});
    let made = world.vendor(Role::Admin).post("/v1/partners", body).await.expect(201);
    made["id"].as_str().unwrap().parse().unwrap()
}

pub async fn try_login(world: &World, email: &str, password: &str) -> Response {
    world
        .stranger()
        .post("/v1/auth/login", json!({"email": email, "password": password}))
        .await
}

pub async fn login(world: &World, email: &str) -> Value {
    try_login(world, email, PASSWORD).await.expect(200)
}

pub async fn renew(world: &World, session: &Value) -> Response {
    world
        .stranger()
        .post("/v1/auth/refresh", json!({"refresh_token": session["refresh_token"]}))
        .await
}

pub fn bearer<'w>(world: &'w World, session: &Value) -> Client<'w> {
    world.bearer(session["access_token"].as_str().unwrap())
}

pub async fn signed_in(world: &World, session: &Value) -> bool {
    bearer(world, session).get("/v1/me").await.status == 200
}

each_engine! {
    async fn who_sees_a_partner_is_whose_rows_hold_it(world: World) {
        let program = Program::new(&world).await;
        let mut seed = 20_261_122_u64;
        let mut below = move |bound: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % bound
        };
        let territories: Vec<String> = world.sql(|tx| {
            use diesel::{QueryDsl as _, RunQueryDsl as _};
            schema::territories::table.select(schema::territories::id).load(tx.conn()).map_err(Error::from)
        });
        let partners: Vec<PartnerId> = ["Nordwind", "Südstern", "Ostsee", "Westwerk"].map(|name| program.partner(name)).into();
        let users: Vec<UserId> = (0..14).map(|_| world.user("vendor", "person")).collect();
        let now = world.now();
        let mut statements = Vec::new();
        for team in 0..2 {
            statements.push(format!("INSERT INTO teams (id, name, name_key, revision, created_at, updated_at) VALUES ('team_{team}1jdq4p6c8f3kb2v9y0s7x5ham', 'Team {team}', 'team {team}', 1, 1, 1)"));
        }
        for (index, user) in users.iter().enumerate() {
            let scope = ["all", "own", "team", "territories"][index % 4];
            let status = if below(6) == 0 { "disabled" } else { "active" };
            let team = if below(3) == 0 { "NULL".to_owned() } else { format!("'team_{}1jdq4p6c8f3kb2v9y0s7x5ham'", below(2)) };
            statements.push(format!("UPDATE users SET row_scope = '{scope}', status = '{status}', team_id = {team} WHERE id = '{user}'"));
            if below(2) == 0 {
                statements.push(format!("INSERT INTO user_territories (user_id, territory_id) VALUES ('{user}', '{}')", territories[below(territories.len())]));
            }
        }
        let mut number = 0;
        for partner in &partners {
            statements.push(format!("DELETE FROM partner_territories WHERE partner_id = '{partner}'"));
            if below(4) > 0 {
                statements.push(format!("INSERT INTO partner_territories (partner_id, territory_id) VALUES ('{partner}', '{}')", territories[below(territories.len())]));
            }
            // Past, present and to come; a later one takes the place of an earlier one of its role.
            for (role, days) in [("primary", -20), ("primary", -10), ("primary", 10), ("backup", -15), ("backup", -5), ("exec_sponsor", -1), ("exec_sponsor", 1)] {
                number += 1;
                let holder = if role == "backup" && below(3) == 0 { "NULL".to_owned() } else { format!("'{}'", users[below(users.len())]) };
                statements.push(format!(
                    "INSERT INTO account_manager_assignments (id, partner_id, role, valid_from, user_id, reason_code, created_by, created_at) \
                     VALUES ('ama_{number:02}', '{partner}', '{role}', {}, {holder}, 'test', 'test', 1)",
                    now.plus_days(days).micros()
                ));
            }
        }
        world.sql(move |tx| statements.iter().try_for_each(|sql| run(tx, sql).map(drop)));
        let (mut seen, mut hidden) = (0, 0);
        for partner in partners {
            for user in users.iter().copied() {
                let (sees, rows) = world.sql(move |tx| Ok((identity::who_sees(tx, partner, &[user])?.contains(&user), identity::rows_of_user(tx, user)?)));
                let holds = match rows {
                    Rows::All => true,
                    Rows::Partners(partners) => partners.contains(&partner),
                };
                assert_eq!(sees, holds, "{user} and {partner}");
                *(if sees { &mut seen } else { &mut hidden }) += 1;
            }
        }
        assert!(seen > 5 && hidden > 5, "{seen} {hidden}");
    }

    async fn a_user_signs_in_and_is_told_who_they_are(world: World) {
        let id = admin(&world, "Maria@Example.com");
        let session = try_login(&world, " maria@example.COM", PASSWORD).await;
        assert_eq!(session.header("cache-control"), Some("no-store"));
        let session = session.expect(200);
        assert_eq!(session["user_id"], id.to_string());
        assert_eq!(session["token_type"], "Bearer");
        let me = bearer(&world, &session).get("/v1/me").await.expect(200);
        assert_eq!((me["id"].as_str().unwrap(), me["side"].as_str().unwrap(), me["row_scope"].as_str().unwrap()), (&*id.to_string(), "vendor", "all"));
        assert_eq!(me["roles"], json!(["admin"]));
        let operations = me["operations"].as_array().unwrap();
        assert!(operations.contains(&json!("inviteUser")) && !operations.contains(&json!("switchPartner")));
    }

    async fn a_wrong_password_and_an_unknown_user_look_alike(world: World) {
        admin(&world, "maria@example.com");
        let plain = |mut body: Value| { body.as_object_mut().unwrap().remove("request_id"); body };
        let wrong = plain(try_login(&world, "maria@example.com", "not the password").await.expect(401));
        let unknown = plain(try_login(&world, "nobody@example.com", "not the password").await.expect(401));
        assert_eq!(wrong, unknown);
        assert_eq!(wrong["code"], "invalid_credentials");
    }

    async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_session(world: World) {
        admin(&world, "maria@example.com");
        let first = login(&world, "maria@example.com").await;
        let second = renew(&world, &first).await.expect(200);
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        assert!(signed_in(&world, &second).await);
        assert_eq!(renew(&world, &first).await.refused(401), "invalid_token");
        assert_eq!(renew(&world, &second).await.refused(401), "invalid_token");
        assert!(!signed_in(&world, &second).await && !signed_in(&world, &first).await);
    }

    async fn of_twenty_uses_at_once_of_one_refresh_token_one_succeeds(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let tries = join_all((0..20).map(|_| renew(&world, &session))).await;
        let statuses: Vec<u16> = tries.iter().map(|response| response.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    }

    async fn a_session_ends_after_thirty_days_however_often_it_is_renewed(world: World) {
        admin(&world, "maria@example.com");
        let mut session = login(&world, "maria@example.com").await;
        for _ in 0..2 {
            world.clock.advance_days(14);
            session = renew(&world, &session).await.expect(200);
        }
        world.clock.advance_days(3);
        renew(&world, &session).await.refused(401);
    }

    async fn an_access_token_ends_in_minutes(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        assert!(signed_in(&world, &session).await);
        world.clock.advance_seconds(600 + 31);
        assert_eq!(bearer(&world, &session).get("/v1/me").await.refused(401), "token_expired");
        // A stale token beside it is no hindrance where nobody needs to be known.
        bearer(&world, &session).post("/v1/auth/refresh", json!({"refresh_token": session["refresh_token"]})).await.expect(200);
    }

    async fn guesses_must_wait_for_known_and_unknown_names_alike(world: World) {
        admin(&world, "maria@example.com");
        for name in ["maria@example.com", "nobody@example.com"] {
            for _ in 0..4 {
                assert_eq!(try_login(&world, name, "not the password").await.refused(401), "invalid_credentials");
            }
            let blocked = try_login(&world, name, PASSWORD).await;
            assert!(blocked.header("retry-after").unwrap().parse::<u32>().unwrap() <= 9);
            assert_eq!(blocked.refused(429), "rate_limited");
        }
        world.clock.advance_seconds(9);
        login(&world, "maria@example.com").await;
        // Signing in has forgiven what was before.
        for _ in 0..3 {
            try_login(&world, "maria@example.com", "not the password").await.expect(401);
        }
        login(&world, "maria@example.com").await;
    }

    async fn guesses_at_once_do_not_slip_past_the_throttle(world: World) {
        admin(&world, "maria@example.com");
        let tries = join_all((0..20).map(|_| try_login(&world, "maria@example.com", "not the password"))).await;
        assert_eq!(tries.iter().filter(|response| response.status == 401).count(), 4, "compared");
        assert!(tries.iter().all(|response| matches!(response.status, 401 | 429)));
    }

    async fn what_is_no_token_of_ours_opens_nothing(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let good = session["access_token"].as_str().unwrap();
        let [header, body, signature] = good.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        let tampered = format!("{header}.{}.{signature}", body.replace(&body[..8], "eyJzdWIiO"));
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}.");
        for token in [none, tampered, format!("{header}.{body}."), "prm_live_x".to_owned(), session["refresh_token"].as_str().unwrap().to_owned(), "x".to_owned()] {
            let response = world.bearer(&token).get("/v1/me").await;
            assert!(response.header("www-authenticate").is_some());
            response.expect(401);
        }
    }

    async fn a_disabled_user_is_out_at_once(world: World) {
        admin(&world, "boss@example.com");
        let id = vendor_user(&world, "maria@example.com", &[VendorRole::Cam], RowScope::Own, None, Vec::new());
        let (boss, session) = (login(&world, "boss@example.com").await, login(&world, "maria@example.com").await);
        assert!(signed_in(&world, &session).await);
        let disabled = bearer(&world, &boss).post(&format!("/v1/users/{id}/disable"), json!({})).await.expect(200);
        assert_eq!(disabled["status"], "disabled");
        assert!(!signed_in(&world, &session).await);
        renew(&world, &session).await.refused(401);
        assert_eq!(try_login(&world, "maria@example.com", PASSWORD).await.refused(401), "invalid_credentials");
        bearer(&world, &boss).post(&format!("/v1/users/{id}/enable"), json!({})).await.expect(200);
        login(&world, "maria@example.com").await;
        assert!(!signed_in(&world, &session).await, "what has ended stays ended");
    }

    async fn the_last_administrator_stays_and_nobody_locks_themselves_out(world: World) {
        let id = admin(&world, "boss@example.com");
        let boss = login(&world, "boss@example.com").await;
        let boss = bearer(&world, &boss);
        let refusal = boss.post(&format!("/v1/users/{id}/disable"), json!({})).await.expect(409);
        assert_eq!(refusal["errors"][0]["code"], "not_yourself");
        let refusal = boss.patch(&format!("/v1/users/{id}"), json!({"roles": ["cam"]})).await.expect(409);
        assert_eq!(refusal["errors"][0]["code"], "not_the_last_admin");
        admin(&world, "second@example.com");
        boss.patch(&format!("/v1/users/{id}"), json!({"roles": ["cam"]})).await.expect(200);
        boss.get("/v1/users").await.refused(403);
    }

    async fn an_invitation_is_accepted_once(world: World) {
        let invited = json!({"email": "jonas@example.com", "name": "Jonas Frei", "roles": ["cam", "approver"], "row_scope": "own"});
        let user = world.vendor(Role::Admin).post("/v1/users", invited.clone()).await.expect(201);
        assert_eq!((user["status"].as_str().unwrap(), &user["roles"]), ("invited", &json!(["cam", "approver"])));
        assert_eq!(world.vendor(Role::Admin).post("/v1/users", invited).await.refused(409), "already_exists");
        try_login(&world, "jonas@example.com", PASSWORD).await.expect(401);
        let mails = delivered(&world).await;
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "jonas@example.com"));
        let token = token(&mails[0]);
        let stranger = world.stranger();
        let weak = stranger.post("/v1/auth/invitations/accept", json!({"token": token, "password": "password1234"})).await.expect(409);
        assert_eq!(weak["errors"][0]["code"], "weak_password");
        stranger.post("/v1/auth/invitations/accept", json!({"token": token, "password": PASSWORD})).await.expect(204);
        login(&world, "jonas@example.com").await;
        assert_eq!(stranger.post("/v1/auth/invitations/accept", json!({"token": token, "password": "seven plum ferries"})).await.refused(401), "invalid_token");
    }

    async fn another_invitation_ends_the_one_before_and_each_ends_after_a_week(world: World) {
        let boss = world.vendor(Role::Admin);
        let user = boss.post("/v1/users", json!({"email": "jonas@example.com", "name": "Jonas", "roles": ["cam"], "row_scope": "own"})).await.expect(201);
        boss.post(&format!("/v1/users/{}/invite", user["id"].as_str().unwrap()), json!({})).await.expect(200);
        let tokens: Vec<String> = delivered(&world).await.iter().map(token).collect();
        let accept = |token: &str| { let body = json!({"token": token, "password": PASSWORD}); async move { body } };
        world.stranger().post("/v1/auth/invitations/accept", accept(&tokens[0]).await).await.expect(401);
        world.clock.advance_days(8);
        world.stranger().post("/v1/auth/invitations/accept", accept(&tokens[1]).await).await.expect(401);
    }

    async fn a_forgotten_password_is_replaced_once_and_ends_every_session(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let stranger = world.stranger();
        for email in ["Maria@example.com", "nobody@example.com"] {
            stranger.post("/v1/auth/password-reset", json!({"email": email})).await.expect(204);
        }
        let mails = delivered(&world).await;
        assert_eq!(mails.len(), 1);
        let token = token(&mails[0]);
        let reset = json!({"token": token, "new_password": "seven plum ferries"});
        stranger.post("/v1/auth/password-reset/confirm", reset.clone()).await.expect(204);
        stranger.post("/v1/auth/password-reset/confirm", reset).await.expect(401);
        assert!(!signed_in(&world, &session).await);
        renew(&world, &session).await.expect(401);
        try_login(&world, "maria@example.com", PASSWORD).await.expect(401);
        try_login(&world, "maria@example.com", "seven plum ferries").await.expect(200);
    }

    async fn a_mail_that_carried_a_token_is_sealed_while_it_waits_and_empty_afterwards(world: World) {
        admin(&world, "maria@example.com");
        world.stranger().post("/v1/auth/password-reset", json!({"email": "maria@example.com"})).await.expect(204);
        let body = |tx: &mut Tx<'_>| -> Result<Option<String>> {
            use diesel::prelude::*;
            Ok(openprm::schema::mails::table.select(openprm::schema::mails::body).get_result(tx.conn())?)
        };
        let waiting = world.sql(body).unwrap();
        assert!(waiting.starts_with("v1.") && !waiting.contains("prm_once_"));
        assert!(delivered(&world).await[0].body.contains("prm_once_"));
        assert_eq!(world.sql(body), None);
    }

    async fn a_password_is_changed_with_the_present_one(world: World) {
        admin(&world, "maria@example.com");
        let (session, other) = (login(&world, "maria@example.com").await, login(&world, "maria@example.com").await);
        let maria = bearer(&world, &session);
        let change = |current: &str| json!({"current_password": current, "new_password": "seven plum ferries"});
        assert_eq!(maria.post("/v1/auth/password", change("wrong")).await.refused(409), "wrong_password");
        let fresh = maria.post("/v1/auth/password", change(PASSWORD)).await.expect(200);
        assert!(signed_in(&world, &fresh).await);
        assert!(!signed_in(&world, &session).await && !signed_in(&world, &other).await);
    }

    async fn signing_out_ends_one_session_or_all(world: World) {
        admin(&world, "maria@example.com");
        let (one, two, three) = (login(&world, "maria@example.com").await, login(&world, "maria@example.com").await, login(&world, "maria@example.com").await);
        bearer(&world, &one).post("/v1/auth/logout", json!({})).await.expect(204);
        assert!(!signed_in(&world, &one).await && signed_in(&world, &two).await);
        renew(&world, &one).await.expect(401);
        bearer(&world, &two).post("/v1/auth/logout-everywhere", json!({})).await.expect(204);
        assert!(!signed_in(&world, &two).await && !signed_in(&world, &three).await);
        renew(&world, &three).await.expect(401);
    }

    async fn somebody_who_works_for_two_partners_acts_for_one_at_a_time(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        let id = partner_user(&world, "ana@reseller.example", north, &[PartnerRole::PartnerSales]);
        let invited = world.vendor(Role::ChannelOps).post("/v1/partner-users", json!({"partner_id": south.to_string(), "email": "Ana@reseller.example", "name": "Ana", "roles": ["partner_admin"]})).await.expect(201);
        assert_eq!((invited["user_id"].as_str().unwrap(), invited["status"].as_str().unwrap()), (&*id.to_string(), "invited"));
        let session = login(&world, "ana@reseller.example").await;
        assert_eq!((session["partner_id"].as_str().unwrap(), session["places"].as_array().unwrap().len()), (&*north.to_string(), 1));
        let token = token(&delivered(&world).await[0]);
        world.stranger().post("/v1/auth/invitations/accept", json!({"token": token})).await.expect(204);
        let other = bearer(&world, &session).post("/v1/auth/switch", json!({"partner_id": south.to_string()})).await.expect(200);
        let me = bearer(&world, &other).get("/v1/me").await.expect(200);
        assert_eq!((me["partner_id"].as_str().unwrap(), &me["roles"]), (&*south.to_string(), &json!(["partner_admin"])));
        assert_eq!(me["places"].as_array().unwrap().len(), 2);
        assert!(signed_in(&world, &session).await, "the other session stays");
        let named = json!({"email": "ana@reseller.example", "password": PASSWORD, "partner_id": south.to_string()});
        assert_eq!(world.stranger().post("/v1/auth/login", named).await.expect(200)["partner_id"], south.to_string());
        // The end of one place leaves the other.
        let place = invited["id"].as_str().unwrap();
        world.vendor(Role::Admin).post(&format!("/v1/partner-users/{place}/disable"), json!({})).await.expect(200);
        assert!(!signed_in(&world, &other).await && signed_in(&world, &session).await);
    }

    async fn a_partners_administrator_runs_the_people_of_their_own_partner(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        partner_user(&world, "boss@north.example", north, &[PartnerRole::PartnerAdmin]);
        partner_user(&world, "sales@south.example", south, &[PartnerRole::PartnerSales]);
        let session = login(&world, "boss@north.example").await;
        let boss = bearer(&world, &session);
        let listed = boss.get("/v1/partner-users").await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let own = listed["data"][0]["id"].as_str().unwrap();
        let new = json!({"email": "new@north.example", "name": "New", "roles": ["partner_sales"]});
        assert_eq!(boss.post("/v1/partner-users", new).await.expect(201)["partner_id"], north.to_string());
        let foreign = json!({"partner_id": south.to_string(), "email": "x@north.example", "name": "X", "roles": ["partner_sales"]});
        assert_eq!(boss.post("/v1/partner-users", foreign).await.refused(409), "unknown_reference");
        let all = world.vendor(Role::Admin).get("/v1/partner-users").await.expect(200);
        let theirs = all["data"].as_array().unwrap().iter().find(|user| user["partner_id"] == south.to_string()).unwrap()["id"].as_str().unwrap().to_owned();
        boss.get(&format!("/v1/partner-users/{theirs}")).await.refused(404);
        assert_eq!(boss.patch(&format!("/v1/partner-users/{own}"), json!({"roles": ["partner_sales"]})).await.expect(409)["errors"][0]["code"], "not_the_last_admin");
        boss.get("/v1/users").await.refused(403);
    }

    async fn a_vendor_user_sees_the_rows_of_the_scope_and_of_what_they_hold(world: World) {
        let (north, south, west) = (partner(&world, "North").await, partner(&world, "South").await, partner(&world, "West").await);
        let team = world.vendor(Role::Admin).post("/v1/teams", json!({"name": "Channel DACH"})).await.expect(201);
        let team: TeamId = team["id"].as_str().unwrap().parse().unwrap();
        let region = territory(&world, "EMEA", "region", None).await;
        let country = territory(&world, "DE", "country", Some(region)).await;
        let holder = vendor_user(&world, "holder@example.com", &[VendorRole::Cam], RowScope::Own, Some(team), Vec::new());
        let colleague = vendor_user(&world, "colleague@example.com", &[VendorRole::Cam], RowScope::Team, Some(team), Vec::new());
        let regional = vendor_user(&world, "regional@example.com", &[VendorRole::Cam], RowScope::Territories, None, vec![region]);
        let past = world.now().plus_days(-10);
        assign(&world, north, holder, past);
        // South was held until yesterday.
        assign(&world, south, holder, past);
        let other = admin(&world, "other@example.com");
        assign(&world, south, other, world.now().plus_days(-1));
        lies_in(&world, west, country);
        assert_eq!(rows(&world, holder).await, Rows::Partners(Arc::from([north])));
        assert_eq!(rows(&world, colleague).await, Rows::Partners(Arc::from([north])));
        assert_eq!(rows(&world, regional).await, Rows::Partners(Arc::from([west])));
        assert_eq!(rows(&world, other).await, Rows::All);
        // A right that is taken is gone in seconds.
        assign(&world, north, other, world.now());
        world.clock.advance_seconds(6);
        assert_eq!(rows(&world, holder).await, Rows::Partners(Arc::from([])));
    }

    async fn the_published_keys_check_our_tokens(world: World) {
        admin(&world, "maria@example.com");
        let session = login(&world, "maria@example.com").await;
        let keys = world.stranger().get("/.well-known/jwks.json").await.expect(200);
        let header = jsonwebtoken::decode_header(session["access_token"].as_str().unwrap()).unwrap();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header.kid.clone().unwrap()).unwrap();
        assert_eq!((key["kty"].as_str().unwrap(), key["crv"].as_str().unwrap()), ("OKP", "Ed25519"));
        let metadata = world.stranger().get("/.well-known/oauth-authorization-server").await.expect(200);
        assert!(metadata["jwks_uri"].as_str().unwrap().ends_with("/.well-known/jwks.json"));
        // Three months later another key signs; it was published before, and the old one still checks.
        world.clock.advance_days(90);
        world.state.identity.upkeep().await.unwrap();
        assert_eq!(world.stranger().get("/.well-known/jwks.json").await.expect(200)["keys"].as_array().unwrap().len(), 2);
        let before = login(&world, "maria@example.com").await;
        assert!(signed_in(&world, &before).await);
        world.clock.advance_days(1);
        world.clock.advance_seconds(1);
        let after = login(&world, "maria@example.com").await;
        let kid = |session: &Value| jsonwebtoken::decode_header(session["access_token"].as_str().unwrap()).unwrap().kid;
        assert_ne!(kid(&before), kid(&after));
        assert!(signed_in(&world, &after).await);
    }

    async fn the_first_administrator_is_made_once(world: World) {
        let config = world.state.config.clone();
        let password = identity::create_first_admin(&world.db, &config).unwrap().expect("a password that was made up");
        assert_eq!(identity::create_first_admin(&world.db, &config).unwrap(), None);
        let session = try_login(&world, &config.admin_email, &password).await.expect(200);
        assert!(signed_in(&world, &session).await);
    }

    async fn a_team_with_members_stays(world: World) {
        let boss = world.vendor(Role::Admin);
        let team = boss.post("/v1/teams", json!({"name": "Channel DACH"})).await.expect(201);
        let path = format!("/v1/teams/{}", team["id"].as_str().unwrap());
        assert_eq!(boss.post("/v1/teams", json!({"name": "channel dach"})).await.refused(409), "already_exists");
        let id = vendor_user(&world, "maria@example.com", &[VendorRole::Cam], RowScope::Team, Some(team["id"].as_str().unwrap().parse().unwrap()), Vec::new());
        assert_eq!(boss.delete(&path).await.refused(409), "in_use");
        boss.patch(&format!("/v1/users/{id}"), json!({"team_id": null})).await.expect(200);
        boss.delete(&path).await.expect(204);
    }

    async fn users_are_found_by_name_address_role_and_state(world: World) {
        let id = vendor_user(&world, "maria@example.com", &[VendorRole::Cam, VendorRole::Approver], RowScope::Own, None, Vec::new());
        admin(&world, "boss@example.com");
        let boss = world.vendor(Role::Admin);
        for (query, found) in [("q=mari%C3%A1", 2), ("q=boss", 1), ("role=approver", 1), ("role=finance", 0), ("kind=partner", 0), ("status=active&role=cam,admin", 2)] {
            let listed = boss.get(&format!("/v1/users?{query}")).await.expect(200);
            let users: Vec<&Value> = listed["data"].as_array().unwrap().iter().filter(|user| user["email"] != "admin@example.com" && !user["name"].as_str().unwrap().starts_with("Test")).collect();
            assert_eq!(users.len(), found, "{query}");
        }
        let read = boss.get(&format!("/v1/users/{id}")).await.expect(200);
        assert_eq!(read["roles"], json!(["cam", "approver"]));
        assert!(read.get("password_hash").is_none());
    }

    async fn secrets_stand_in_no_log_line(world: World) {
        admin(&world, "maria@example.com");
        try_login(&world, "maria@example.com", "wrong canary password").await.expect(401);
        let session = login(&world, "maria@example.com").await;
        let session = renew(&world, &session).await.expect(200);
        let made = world.vendor(Role::Admin).post("/v1/service-clients", json!({"name": "CRM", "scopes": ["catalog:read"]})).await.expect(201);
        let key = world.vendor(Role::Admin).post("/v1/api-keys", json!({"name": "Export", "client_id": made["client"]["id"]})).await.expect(201);
        world.bearer(key["text"].as_str().unwrap()).get("/v1/territories").await.expect(200);
        world.stranger().post("/v1/auth/password-reset/confirm", json!({"token": "prm_once_canary", "new_password": "another canary password"})).await.expect(401);
        assert!(signed_in(&world, &session).await);
        let secrets = [&session["access_token"], &session["refresh_token"], &made["client_secret"], &key["text"]].map(|secret| secret.as_str().unwrap().to_owned());
        let canaries = [PASSWORD, "wrong canary password", "another canary password", "prm_once_canary"].map(str::to_owned);
        let lines = crate::support::logged();
        assert!(lines.iter().any(|line| line.contains("issueToken") || line.contains("createApiKey")), "requests are logged");
        for secret in secrets.iter().chain(&canaries) {
            assert!(!lines.iter().any(|line| line.contains(secret.as_str())), "a secret stands in the log");
        }
    }
}

async fn territory(world: &World, code: &str, kind: &str, parent: Option<TerritoryId>) -> TerritoryId {
    let body = json!({"code": code, "name": code, "kind": kind, "parent_id": parent.map(|parent| parent.to_string())});
    world
        .vendor(Role::Admin)
        .post("/v1/territories", body)
        .await
        .expect(201)["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Makes a user the partner's account manager from a moment on.
fn assign(world: &World, partner: PartnerId, user: UserId, from: openprm::kernel::Time) {
    world.sql(move |tx| {
        use diesel::prelude::*;
        use openprm::schema::account_manager_assignments::dsl as a;
        let row = (
            a::id.eq(tx.new_id::<openprm::kernel::ids::AssignmentId>()),
            a::partner_id.eq(partner),
            a::role.eq("primary"),
            a::valid_from.eq(from.micros()),
            a::user_id.eq(Some(user)),
            a::reason_code.eq("assigned"),
            a::created_by.eq("test"),
            a::created_at.eq(from.micros()),
        );
        diesel::insert_into(a::account_manager_assignments)
            .values(row)
            .execute(tx.conn())?;
        Ok(())
    });
}

fn lies_in(world: &World, partner: PartnerId, territory: TerritoryId) {
    world.sql(move |tx| {
        use diesel::prelude::*;
        use openprm::schema::partner_territories::dsl as t;
        diesel::insert_into(t::partner_territories)
            .values((t::partner_id.eq(partner), t::territory_id.eq(territory)))
            .execute(tx.conn())?;
        Ok(())
    });
}

/// Whose rows a user sees now.
async fn rows(world: &World, user: UserId) -> Rows {
    let identity = world.state.identity.clone();
    let session = actix_web::web::block(move || identity.session_for(user, None))
        .await
        .unwrap()
        .unwrap();
    let request = openprm::auth::Request::internal("test");
    world
        .state
        .authenticator
        .authenticate(&session.access_token, request)
        .await
        .unwrap()
        .rows()
        .clone()
}
