//! A partner's administrators and the people of their own: what they do, and where it ends.

use futures_util::future::join;
use openprm::{
    auth::Role,
    identity::{
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::ids::PartnerId,
};
use serde_json::{Value, json};

use crate::{
    identity::{PASSWORD, bearer, login, partner, partner_user, signed_in, token, try_login, vendor_user},
    support::{World, delivered},
};

fn place(session: &Value) -> String {
    format!(
        "/v1/partner-users/{}",
        session["places"][0]["partner_user_id"].as_str().unwrap()
    )
}

async fn boss(world: &World, email: &str, of: PartnerId) -> Value {
    partner_user(world, email, of, &[PartnerRole::PartnerAdmin]);
    login(world, email).await
}

each_engine! {
    async fn a_partners_administrator_invites_changes_and_ends_their_own_people(world: World) {
        let north = partner(&world, "North").await;
        let session = boss(&world, "boss@north.example", north).await;
        let boss = bearer(&world, &session);
        let new = json!({"email": "new@north.example", "name": "New", "roles": ["partner_sales"]});
        let made = boss.post("/v1/partner-users", new.clone()).await.expect(201);
        assert_eq!((&made["partner_id"], &made["status"]), (&json!(north.to_string()), &json!("invited")));
        assert_eq!(boss.post("/v1/partner-users", new).await.refused(409), "already_exists");
        let path = format!("/v1/partner-users/{}", made["id"].as_str().unwrap());
        boss.post(&format!("{path}/invite"), json!({})).await.expect(200);
        let letters = delivered(&world).await;
        let accept = json!({"token": token(letters.last().unwrap()), "password": PASSWORD});
        world.stranger().post("/v1/auth/invitations/accept", accept).await.expect(204);
        let theirs = login(&world, "new@north.example").await;
        assert_eq!(boss.patch(&path, json!({"roles": ["partner_marketing", "partner_learner"]})).await.expect(200)["roles"], json!(["partner_marketing", "partner_learner"]));
        assert_eq!(bearer(&world, &theirs).get("/v1/me").await.expect(200)["roles"], json!(["partner_marketing", "partner_learner"]));
        boss.post(&format!("{path}/disable"), json!({})).await.expect(200);
        assert!(!signed_in(&world, &theirs).await);
        try_login(&world, "new@north.example", PASSWORD).await.refused(401);
        boss.post(&format!("{path}/enable"), json!({})).await.expect(200);
        login(&world, "new@north.example").await;
        let listed = boss.get("/v1/partner-users?status=active&role=partner_marketing").await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    }

    async fn an_invitation_that_was_taken_back_opens_nothing(world: World) {
        let north = partner(&world, "North").await;
        let session = boss(&world, "boss@north.example", north).await;
        let boss = bearer(&world, &session);
        let made = boss.post("/v1/partner-users", json!({"email": "new@north.example", "name": "New", "roles": ["partner_sales"]})).await.expect(201);
        boss.post(&format!("/v1/partner-users/{}/disable", made["id"].as_str().unwrap()), json!({})).await.expect(200);
        let accept = json!({"token": token(&delivered(&world).await[0]), "password": PASSWORD});
        assert_eq!(world.stranger().post("/v1/auth/invitations/accept", accept).await.refused(401), "invalid_token");
    }

    async fn nobody_at_a_partner_gives_or_gets_the_vendors_rights(world: World) {
        let north = partner(&world, "North").await;
        vendor_user(&world, "maria@example.com", &[VendorRole::Cam], RowScope::All, None, Vec::new());
        let session = boss(&world, "boss@north.example", north).await;
        let boss = bearer(&world, &session);
        for role in ["admin", "channel_ops", "cam", "integration"] {
            let new = json!({"email": "new@north.example", "name": "New", "roles": [role]});
            assert_eq!(boss.post("/v1/partner-users", new).await.refused(422), "validation_failed", "{role}");
            assert_eq!(boss.patch(&place(&session), json!({"roles": ["partner_admin", role]})).await.refused(422), "validation_failed", "{role}");
        }
        let vendors = json!({"email": "Maria@example.com", "name": "Maria", "roles": ["partner_sales"]});
        assert_eq!(boss.post("/v1/partner-users", vendors).await.expect(409)["errors"][0]["code"], "partner_user");
        let user = session["user_id"].as_str().unwrap();
        for path in [format!("/v1/users/{user}"), "/v1/users".to_owned(), "/v1/teams".to_owned()] {
            boss.get(&path).await.refused(403);
        }
        for path in [format!("/v1/users/{user}/disable"), format!("/v1/users/{user}/reset-second-factor")] {
            boss.post(&path, json!({})).await.refused(403);
        }
        assert_eq!(bearer(&world, &session).get("/v1/me").await.expect(200)["roles"], json!(["partner_admin"]));
    }

    async fn another_partners_people_are_not_there(world: World) {
        let (north, south) = (partner(&world, "North").await, partner(&world, "South").await);
        let session = boss(&world, "boss@north.example", north).await;
        let theirs = boss(&world, "boss@south.example", south).await;
        let (boss, there) = (bearer(&world, &session), place(&theirs));
        boss.get(&there).await.refused(404);
        let tagged = [("if-match", "\"1\"")];
        let change = json!({"roles": ["partner_sales"]});
        assert_eq!(boss.send(actix_web::http::Method::PATCH, &there, &tagged, Some(&change)).await.refused(404), "not_found");
        for action in ["disable", "enable", "invite", "reset-second-factor"] {
            boss.post(&format!("{there}/{action}"), json!({})).await.refused(404);
        }
        let foreign = json!({"partner_id": south.to_string(), "email": "x@north.example", "name": "X", "roles": ["partner_sales"]});
        assert_eq!(boss.post("/v1/partner-users", foreign).await.refused(409), "unknown_reference");
        let listed = boss.get(&format!("/v1/partner-users?partner_id={south}")).await.expect(200);
        assert_eq!(listed["data"], json!([]));
        assert!(signed_in(&world, &theirs).await);
        // A colleague who only sells runs nobody.
        partner_user(&world, "sales@north.example", north, &[PartnerRole::PartnerSales]);
        let sales = login(&world, "sales@north.example").await;
        let sales = bearer(&world, &sales);
        sales.get("/v1/partner-users").await.refused(403);
        sales.post(&format!("{}/disable", place(&session)), json!({})).await.refused(403);
    }

    async fn the_last_who_runs_a_partners_account_stays_until_a_colleague_does(world: World) {
        let north = partner(&world, "North").await;
        let session = boss(&world, "boss@north.example", north).await;
        let (boss, own) = (bearer(&world, &session), place(&session));
        for refused in [boss.patch(&own, json!({"roles": ["partner_sales"]})).await, boss.post(&format!("{own}/disable"), json!({})).await] {
            assert_eq!(refused.expect(409)["errors"][0]["code"], "not_the_last_admin");
        }
        // One who was invited, or may not sign in, runs nothing.
        boss.post("/v1/partner-users", json!({"email": "new@north.example", "name": "New", "roles": ["partner_admin"]})).await.expect(201);
        boss.post(&format!("{own}/disable"), json!({})).await.refused(409);
        let gone = partner_user(&world, "gone@north.example", north, &[PartnerRole::PartnerAdmin]);
        world.vendor(Role::Admin).post(&format!("/v1/users/{gone}/disable"), json!({})).await.expect(200);
        boss.post(&format!("{own}/disable"), json!({})).await.refused(409);
        partner_user(&world, "second@north.example", north, &[PartnerRole::PartnerAdmin, PartnerRole::PartnerSales]);
        boss.patch(&own, json!({"roles": ["partner_sales"]})).await.expect(200);
        boss.get("/v1/partner-users").await.refused(403);
        // The vendor ends whomever it must.
        let second = login(&world, "second@north.example").await;
        world.vendor(Role::ChannelOps).post(&format!("{}/disable", place(&second)), json!({})).await.expect(200);
        assert!(!signed_in(&world, &second).await);
    }

    async fn of_two_who_end_each_other_at_once_one_stays(world: World) {
        for round in 0..6 {
            let north = partner(&world, &format!("North {round}")).await;
            let one = boss(&world, &format!("one{round}@north.example"), north).await;
            let two = boss(&world, &format!("two{round}@north.example"), north).await;
            let (first, second) = (bearer(&world, &one), bearer(&world, &two));
            let (there, here) = (place(&two), place(&one));
            let statuses = if round % 2 == 0 {
                let change = json!({"roles": ["partner_sales"]});
                let (a, b) = join(first.patch(&there, change.clone()), second.patch(&here, change)).await;
                [a.status, b.status]
            } else {
                let (there, here) = (format!("{there}/disable"), format!("{here}/disable"));
                let (a, b) = join(first.post(&there, json!({})), second.post(&here, json!({}))).await;
                [a.status, b.status]
            };
            let admins = world.vendor(Role::Admin).get(&format!("/v1/partner-users?partner_id={north}&role=partner_admin&status=active")).await.expect(200);
            assert_eq!(admins["data"].as_array().unwrap().len(), 1, "{statuses:?}");
        }
    }
}
