//! The inbox, and how each person wants to be told: channels, quiet hours, digests.

use openprm::{
    auth::{Caller, Role},
    notices,
};
use serde_json::{Value, json};

use super::{Cast, cast, choose, dispatch, inbox, to_sales, told, topics, written};
use crate::{
    program::{Program, complete, path, submitted, with},
    scene::run,
    support::delivered,
};

each_engine! {
    async fn notices_are_read_by_their_owner_alone(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        let mine = told(&sales, "deal_approved").await;
        let read = format!("/v1/notices/{}/read", mine["id"].as_str().unwrap());
        for other in [&admin, &approver, &world.vendor(Role::Admin)] {
            assert_eq!(other.post(&read, json!({})).await.refused(404), "not_found");
        }
        assert_eq!(sales.get("/v1/notices/unread-count").await.expect(200)["unread"], 2);
        let done = sales.post(&read, json!({})).await.expect(200);
        assert!(done["read_at"].is_string() && done["revision"] == 2);
        assert_eq!(sales.post(&read, json!({})).await.expect(200)["read_at"], done["read_at"], "the first time counts");
        assert_eq!(topics(&sales.get("/v1/notices?unread=true").await.expect(200)), ["deal_queued"]);
        assert_eq!(topics(&sales.get("/v1/notices?unread=false").await.expect(200)), ["deal_approved"]);
        let about = format!("/v1/notices?resource_type=deal&resource_id={}", deal["id"].as_str().unwrap());
        assert_eq!(sales.get(&about).await.expect(200)["data"].as_array().unwrap().len(), 2);
        let first = sales.get("/v1/notices?limit=1").await.expect(200);
        let rest = sales.get(&format!("/v1/notices?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((topics(&first), topics(&rest)), (vec!["deal_approved"], vec!["deal_queued"]));
        assert_eq!(sales.post("/v1/notices/read-all", json!({"until": "2026-01-01T00:00:00Z"})).await.expect(200)["unread"], 1);
        assert_eq!(sales.post("/v1/notices/read-all", json!({})).await.expect(200)["unread"], 0);
        assert_eq!(admin.get("/v1/notices/unread-count").await.expect(200)["unread"], 1, "those of others stay");
        assert_eq!(world.machine(&["deals:read", "settings:read"]).get("/v1/notices").await.refused(403), "insufficient_scope");
        world.stranger().get("/v1/notices").await.expect(401);
        // Whoever works for two partners reads with each token that partner's.
        let second = program.partner("Südstern");
        let user = sales.caller().user().unwrap();
        world.sql(move |tx| run(tx, &format!("UPDATE notices SET partner_id = '{second}' WHERE recipient_id = '{user}' AND topic = 'deal_queued'")));
        assert_eq!(topics(&inbox(&sales).await), ["deal_approved"]);
        world.clock.advance_days(91);
        assert_eq!((world.work("notice_retention"), written(&world)), (2, 2));
        world.clock.advance_days(400);
        assert_eq!((world.work("notice_retention"), written(&world)), (2, 0));
    }

    async fn everybody_chooses_topic_by_topic_and_some_cannot_be_switched_off(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let before = sales.get("/v1/me/notice-preferences").await.expect(200);
        assert_eq!((&before["revision"], &before["digest_hour"], &before["quiet_hours"]), (&json!(0), &json!(8), &Value::Null));
        assert!(!before.to_string().contains("deal_submitted"), "the vendor's topic");
        let chosen = choose(&sales, json!({"topics": [{"topic": "deal_queued", "in_app": false, "mail": "off"}, {"topic": "deal_approved", "in_app": false, "mail": "at_once"}], "locale": "de"})).await;
        assert_eq!((&chosen["revision"], &chosen["locale"]), (&json!(1), &json!("de")));
        const PATH: &str = "/v1/me/notice-preferences";
        for (topic, pointer) in [
            (json!({"topic": "deal_info_requested", "in_app": true, "mail": "off"}), "#/topics/0/mail"),
            (json!({"topic": "deal_revoked", "in_app": false, "mail": "digest"}), "#/topics/0/in_app"),
            (json!({"topic": "deal_submitted", "in_app": true, "mail": "digest"}), "#/topics/0/topic"),
        ] {
            let refused = sales.send(actix_web::http::Method::PUT, PATH, &[("if-match", "\"1\"")], Some(&json!({"topics": [topic]}))).await.expect(409);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        }
        let stale = sales.send(actix_web::http::Method::PUT, PATH, &[("if-match", "\"0\"")], Some(&json!({}))).await;
        assert_eq!(stale.refused(412), "precondition_failed");
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        assert_eq!(topics(&inbox(&sales).await), Vec::<&str>::new());
        assert_eq!(sales.get("/v1/notices/unread-count").await.expect(200)["unread"], 0);
        assert_eq!(topics(&inbox(&admin).await), ["deal_approved"]);
        let mails = delivered(&world).await;
        let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
        assert!(subjects.contains(&"Genehmigt: Acme: firewalls for 40 branches") && !subjects.iter().any(|subject| subject.starts_with("Ihre Registrierung")), "{subjects:?}");
    }

    async fn mail_waits_for_the_end_of_the_night_of_its_reader(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        // It is 10:00 in Berlin and 18:00 in Tokyo.
        choose(&sales, json!({"quiet_hours": {"from": "17:30", "until": "07:00"}, "time_zone": "Asia/Tokyo"})).await;
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        assert_eq!(inbox(&sales).await["data"].as_array().unwrap().len(), 2, "the app does not wait");
        assert!(to_sales(&world).await.is_empty());
        world.clock.advance_seconds(12 * 3600 + 3000);
        assert!(to_sales(&world).await.is_empty(), "06:50 there");
        world.clock.advance_seconds(900);
        assert_eq!(to_sales(&world).await.len(), 2);
    }

    async fn a_digest_comes_once_a_day_at_the_hour_of_its_reader(world: World) {
        let program = Program::new(&world).await;
        let Cast { partner, sales, admin, approver } = cast(&program);
        let daily = |topic: &str| json!({"topic": topic, "in_app": true, "mail": "digest"});
        let off = |topic: &str| json!({"topic": topic, "in_app": true, "mail": "off"});
        choose(&sales, json!({"topics": [daily("deal_queued"), daily("deal_approved")], "digest_hour": 18, "time_zone": "Europe/Berlin", "locale": "de"})).await;
        choose(&admin, json!({"topics": [off("deal_approved")]})).await;
        choose(&approver, json!({"topics": [off("deal_submitted")]})).await;
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        assert_eq!((world.work("notice_digests"), to_sales(&world).await.len()), (0, 0));
        // 18:00 in Berlin is 17:00 in UTC.
        world.clock.advance_seconds(8 * 3600 - 120);
        assert_eq!(world.work("notice_digests"), 0);
        world.clock.advance_seconds(300);
        let sent = world.at_once(3, |db| db.run_now(&Caller::system("notice_digests"), |tx| notices::send_digests(tx, 50)).unwrap());
        assert_eq!(sent.into_iter().sum::<usize>(), 1, "the seller's, by one of them");
        let mails = to_sales(&world).await;
        assert_eq!(mails.len(), 1, "one for the day");
        assert_eq!(mails[0].subject, "Ihre 2 Mitteilungen des Tages");
        assert!(mails[0].body.find("Ihre Registrierung ist da").unwrap() < mails[0].body.find("* Genehmigt").unwrap(), "{}", mails[0].body);
        // What comes after the hour goes into the digest of the next day, even if the hour is changed.
        let other = submitted(&sales, with(json!({"customer": {"name": "Bolt AG", "website": "https://www.bolt-schrauben.de"}}))).await;
        dispatch(&world);
        world.sql(|tx| run(tx, "UPDATE notices SET digest_at = 1 WHERE mailed_at IS NULL AND digest_at IS NOT NULL"));
        assert_eq!(world.work("notice_digests"), 1);
        assert!(to_sales(&world).await.is_empty(), "today's was sent");
        world.clock.advance_days(1);
        assert_eq!((world.work("notice_digests"), to_sales(&world).await.len()), (1, 1));
        // Who left is sent nothing of the partner's.
        approver.post(&path(&other, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        world.sql(move |tx| run(tx, &format!("UPDATE partner_memberships SET status = 'disabled' WHERE partner_id = '{partner}'")));
        world.clock.advance_days(1);
        assert_eq!((world.work("notice_digests"), to_sales(&world).await.len()), (1, 0));
        assert_eq!(world.work("notice_digests"), 0);
    }
}
