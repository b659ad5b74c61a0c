//! Notices: who is told what, once, on which channels, in which words, and when.

use diesel::prelude::*;
use openprm::{
    auth::{Caller, Role, Rows},
    error::Error,
    events::Fact,
    kernel::ids::PartnerId,
    mail::Delivery,
    notices, on_each,
};
use serde_json::{Value, json};

use crate::{
    partners::published,
    program::{Program, complete, guards, path, submitted, with},
    scene::run,
    support::{Client, World, delivered, publish_policy},
};

/// Those of the mails that go to the partner's seller.
async fn to_sales(world: &World) -> Vec<Delivery> {
    let mut mails = delivered(world).await;
    mails.retain(|mail| mail.to.starts_with("partner_sales"));
    mails
}

/// Everything that happened so far is told.
fn dispatch(world: &World) -> usize {
    world.sequence();
    world.work("notice_dispatch")
}

/// Gives a partner's person the membership that their token speaks of.
fn joins(world: &World, partner: PartnerId, person: &Client<'_>, role: &str) {
    let (user, at) = (person.caller().user().unwrap().to_string(), world.now().micros());
    let id = user.replace("user_", "mem_");
    let role = role.to_owned();
    world.sql(move |tx| {
        run(tx, &format!("INSERT INTO partner_memberships (id, partner_id, user_id, status, revision, created_at, updated_at) VALUES ('{id}', '{partner}', '{user}', 'active', 1, {at}, {at})"))?;
        run(tx, &format!("INSERT INTO partner_membership_roles (membership_id, role) VALUES ('{id}', '{role}')"))
    });
}

/// One partner's seller and administrator, and the vendor's approver.
struct Cast<'w> {
    partner: PartnerId,
    sales: Client<'w>,
    admin: Client<'w>,
    approver: Client<'w>,
}

fn cast<'w>(program: &Program<'w>) -> Cast<'w> {
    let (world, partner) = (program.world, program.partner("Nordwind"));
    // What made the partner is told before there is anybody to hear it.
    dispatch(world);
    let (sales, admin) = (program.sales(partner), world.partner_user(partner, Role::PartnerAdmin));
    let approver = world.vendor(Role::Approver);
    joins(world, partner, &sales, "partner_sales");
    joins(world, partner, &admin, "partner_admin");
    world.holds(&approver, Role::Approver);
    Cast {
        partner,
        sales,
        admin,
        approver,
    }
}

fn topics(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["topic"].as_str().unwrap()).collect()
}

async fn inbox(person: &Client<'_>) -> Value {
    person.get("/v1/notices?limit=200").await.expect(200)
}

async fn told(person: &Client<'_>, topic: &str) -> Value {
    let page = person.get(&format!("/v1/notices?topic={topic}")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "{topic}: {page}");
    page["data"][0].clone()
}

async fn choose(person: &Client<'_>, body: Value) -> Value {
    const PATH: &str = "/v1/me/notice-preferences";
    let tag = person.get(PATH).await.header("etag").unwrap().to_owned();
    person
        .send(actix_web::http::Method::PUT, PATH, &[("if-match", &tag)], Some(&body))
        .await
        .expect(200)
}

fn count(world: &World, sql: &'static str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    world.sql(move |tx| Ok(on_each!(tx, |c| diesel::sql_query(sql).get_result::<Count>(c))?.n))
}

/// Something that happened to a record as an event tells of it, whether or not it did.
fn happened(world: &World, by: &'static str, (kind, resource_type): (&'static str, &'static str), data: Value) {
    let audience = ["partner_id", "from_partner_id", "to_partner_id"]
        .iter()
        .filter_map(|name| data[*name].as_str()?.parse().ok());
    let fact = Fact {
        kind,
        resource_type,
        resource_id: data["id"].as_str().unwrap().to_owned(),
        revision: 1,
        audience: audience.collect(),
        data,
        previous: None,
        changed: Vec::new(),
        lost: Vec::new(),
        partner_view: None,
        deleted: false,
        reason: None,
    };
    world
        .db
        .run_now(&Caller::system(by), move |tx| tx.record(fact.clone()))
        .unwrap();
}

/// How many notices there are, and how many of them are of one kind.
fn written(world: &World) -> i64 {
    count(world, "SELECT COUNT(*) AS n FROM notices")
}

fn in_berlin(world: &World, person: &Client<'_>, locale: &'static str) {
    let user = person.caller().user().unwrap();
    world.sql(move |tx| {
        run(
            tx,
            &format!("UPDATE users SET locale = '{locale}', time_zone = 'Europe/Berlin' WHERE id = '{user}'"),
        )
    });
}

each_engine! {
    async fn a_partner_learns_of_each_step_without_asking(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, partner } = cast(&program);
        in_berlin(&world, &sales, "de-DE");
        dispatch(&world);
        let deal = submitted(&sales, complete()).await;
        dispatch(&world);
        assert_eq!(topics(&inbox(&approver).await), ["deal_submitted"]);
        assert_eq!(topics(&inbox(&sales).await), ["deal_queued"], "a receipt for whoever did it");
        assert_eq!(topics(&inbox(&admin).await), Vec::<&str>::new());
        let asked = told(&approver, "deal_submitted").await;
        assert_eq!((&asked["resource_id"], &asked["path"]), (&deal["id"], &json!(path(&deal, ""))));
        assert_eq!((asked["action"].as_str(), &asked["due_at"]), (Some("approveDeal"), &deal["review"]["due_at"]));
        assert_eq!(asked["subject"], "New registration: Acme: firewalls for 40 branches");

        approver.post(&path(&deal, "/request-info"), json!({"questions": ["Who decides?"], "business_days": 3})).await.expect(200);
        dispatch(&world);
        let question = told(&sales, "deal_info_requested").await;
        let body = question["body"].as_str().unwrap();
        assert!(body.contains("- Who decides?") && body.contains("brauchen wir bis") && body.contains("(Europe/Berlin)"), "{body}");
        assert_eq!((question["action"].as_str(), question["locale"].as_str()), (Some("answerDealInfo"), Some("de")));
        assert_eq!(topics(&inbox(&admin).await), ["deal_info_requested"]);
        sales.post(&path(&deal, "/answer-info"), json!({"answers": ["The board."]})).await.expect(200);
        dispatch(&world);
        assert_eq!(topics(&inbox(&approver).await), ["deal_info_answered", "deal_submitted"]);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        let yes = told(&admin, "deal_approved").await;
        assert!(yes["body"].as_str().unwrap().contains("It is protected until 19 February 2027"), "{yes}");
        assert_eq!((&yes["partner_id"], &yes["action"]), (&json!(partner), &Value::Null));

        let other = submitted(&sales, with(json!({"title": "Bolt: switches", "customer": {"name": "Bolt AG", "website": "https://www.bolt-schrauben.de"}}))).await;
        let no = json!({"reason_code": "not_qualified", "reason_text": "There is no budget before summer."});
        approver.post(&path(&other, "/reject"), no).await.expect(200);
        dispatch(&world);
        let no = told(&sales, "deal_rejected").await;
        assert!(no["body"].as_str().unwrap().contains("There is no budget before summer."), "{no}");
        let mails = delivered(&world).await;
        let rejected = mails.iter().find(|mail| mail.subject == "Nicht genehmigt: Bolt: switches").unwrap();
        assert!(rejected.body.contains("There is no budget before summer.") && rejected.body.contains("Mitteilungseinstellungen"));
        assert_eq!(mails.len(), usize::try_from(written(&world)).unwrap(), "each by mail, once");
    }

    async fn nothing_is_told_twice_or_lost_through_faults_restarts_and_races(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        dispatch(&world);
        let before = written(&world);
        let start = count(&world, "SELECT position AS n FROM feed_marks WHERE name = 'notices'");
        for number in 0..5 {
            let customer = json!({"name": format!("Kunde {number}"), "website": format!("https://www.kunde{number}.de")});
            let deal = submitted(&sales, with(json!({"customer": customer}))).await;
            approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        }
        world.sequence();
        // It falls over after it has read and written: all of it is undone, the mark too.
        let fault = world.db.run_now(&Caller::system("notice_dispatch"), |tx| {
            assert!(notices::tell(tx, 3)?.done > 0);
            Err::<(), Error>(Error::internal("the power is gone"))
        });
        assert!(fault.is_err());
        assert_eq!((written(&world), count(&world, "SELECT COUNT(*) AS n FROM mails")), (before, 0));
        // Half way, and then another server on the same database.
        world.sql(|tx| notices::tell(tx, 3));
        let half = written(&world);
        assert!(half > before);
        world.at_once(4, |db| {
            let caller = Caller::system("notice_dispatch");
            while db.run_now(&caller, |tx| notices::tell(tx, 2)).unwrap().done > 0 {}
        });
        // Of each: a receipt, the account manager, and the decision to seller and administrator. Approvers have nothing to do any more.
        assert_eq!(written(&world) - before, 20);
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM mails"), 20);
        assert_eq!(count(&world, "SELECT COUNT(DISTINCT recipient_id || topic || cause) AS n FROM notices"), written(&world));
        for (person, expected) in [(&sales, 10), (&admin, 5), (&approver, 0)] {
            assert_eq!(inbox(person).await["data"].as_array().unwrap().len(), expected);
        }
        // A mark that was set back, as by a restored backup, tells nobody again.
        world.sql(move |tx| run(tx, &format!("UPDATE feed_marks SET position = {start} WHERE name = 'notices'")));
        dispatch(&world);
        assert_eq!((written(&world) - before, count(&world, "SELECT COUNT(*) AS n FROM mails")), (20, 20));
        assert_eq!(dispatch(&world), 0);
    }

    async fn what_an_import_brings_tells_nobody(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, .. } = cast(&program);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let approved = |by| happened(&world, by, ("deal.approved", "deal"), deal.clone());
        approved("import");
        dispatch(&world);
        assert_eq!(written(&world), 0);
        approved("test");
        dispatch(&world);
        assert_eq!((topics(&inbox(&sales).await), topics(&inbox(&admin).await)), (vec!["deal_approved"], vec!["deal_approved"]));
    }

    async fn nobody_is_told_more_than_they_may_read(world: World) {
        let program = Program::new(&world).await;
        let Cast { partner, sales, admin, approver } = cast(&program);
        let second = program.partner("Südstern");
        let rival = program.sales(second);
        joins(&world, second, &rival, "partner_sales");
        let limited = world.vendor(Role::Approver);
        world.holds(&limited, Role::Approver);
        let user = limited.caller().user().unwrap();
        world.sql(move |tx| run(tx, &format!("UPDATE users SET row_scope = 'own' WHERE id = '{user}'")));
        let (deal, queued) = (submitted(&sales, complete()).await, submitted(&rival, complete()).await);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let comments = path(&deal, "/comments");
        for (who, word, visibility) in [(&approver, "discount", "vendor"), (&sales, "margin", "partner"), (&approver, "trial", "both")] {
            who.post(&comments, json!({"body": format!("About the {word}."), "visibility": visibility})).await.expect(201);
        }
        dispatch(&world);
        assert_eq!(topics(&inbox(&limited).await), Vec::<&str>::new(), "those partners' rows are not theirs");
        let lost = told(&rival, "deal_scope_lost").await;
        assert_eq!(lost["resource_id"], queued["id"]);
        let all = inbox(&rival).await.to_string();
        for secret in [deal["id"].as_str().unwrap(), deal["number"].as_str().unwrap(), &partner.to_string(), "Nordwind"] {
            assert!(!all.contains(secret), "{secret}: {all}");
        }
        let (theirs, ours) = (inbox(&admin).await.to_string(), inbox(&approver).await.to_string());
        assert!(theirs.contains("About the trial.") && !theirs.contains("discount"), "{theirs}");
        assert!(!ours.contains("margin"), "{ours}");
        assert!(!inbox(&sales).await.to_string().contains("margin"), "nobody is told what they said");
        assert_eq!(theirs.matches("comment_added").count(), 2, "colleagues hear that there is one, and read it there");
    }

    async fn both_sides_of_a_decided_case_are_told_how_it_ended_for_them(world: World) {
        let program = Program::new(&world).await;
        let cast = cast(&program);
        let rivals = program.partner("Südstern");
        let (other, third) = (program.sales(rivals), world.vendor(Role::Admin));
        joins(&world, rivals, &other, "partner_sales");
        let deal = submitted(&cast.sales, complete()).await;
        cast.approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.vendor(Role::ChannelOps).post(&path(&deal, "/revoke"), json!({"reason_code": "other", "reason_text": "It seemed to be another plant."})).await.expect(200);
        let grounds = json!({"grounds": "It is another plant.", "evidence": [{"note": "The customer's letter."}]});
        let appeal = cast.sales.post(&path(&deal, "/appeals"), grounds).await.expect(201);
        let rival = submitted(&other, complete()).await;
        cast.approver.post(&path(&rival, "/approve"), json!({})).await.expect(200);
        let judge = world.vendor(Role::Admin);
        let contest = json!({"reason_text": "The two plants are separate companies.", "contest": true});
        let upheld = judge.post(&format!("/v1/deal-appeals/{}/uphold", appeal["id"].as_str().unwrap()), contest).await.expect(200);
        dispatch(&world);
        let case = format!("/v1/conflict-cases/{}/resolve", upheld["conflict_case_id"].as_str().unwrap());
        third.post(&case, json!({"outcome": "uphold_first", "reason": "They were first."})).await.expect(200);
        dispatch(&world);
        let (won, lost) = (told(&cast.sales, "conflict_decided").await, told(&other, "conflict_decided").await);
        assert_eq!((&won["resource_id"], &lost["resource_id"]), (&deal["id"], &rival["id"]), "each of its own registration");
        assert_ne!(won["body"], lost["body"]);
        for (notice, foreign) in [(&won, &rival), (&lost, &deal)] {
            assert!(!notice.to_string().contains(foreign["number"].as_str().unwrap()), "{notice}");
        }
        assert!(!topics(&inbox(&world.partner_user(program.partner("Westwind"), Role::PartnerSales)).await).contains(&"conflict_decided"));
        dispatch(&world);
        told(&cast.sales, "conflict_decided").await;
    }

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

    async fn a_deadline_is_reminded_of_once_for_each_distance_and_anew_when_it_moves(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, partner } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        let deal = submitted(&sales, complete()).await;
        // The first decision is due within days, and the protection ends after ninety.
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.work("notice_reminders");
        let of = format!("/v1/notice-reminders?kind=protection_ends&resource_id={}", deal["id"].as_str().unwrap());
        assert_eq!(ops.get(&of).await.expect(200)["data"], json!([]), "far away");
        world.clock.advance_days(55);
        world.work("notice_reminders");
        let states = |page: &Value| page["data"].as_array().unwrap().iter().map(|row| (row["days_before"].as_i64().unwrap(), row["state"].as_str().unwrap().to_owned())).collect::<Vec<_>>();
        let is = |days: i64, state: &str| (days, state.to_owned());
        assert_eq!(states(&ops.get(&of).await.expect(200)), [is(30, "waiting"), is(14, "waiting"), is(3, "waiting")]);
        world.clock.advance_days(6);
        let reminded = world.at_once(3, |db| db.run_now(&Caller::system("notice_reminders"), |tx| notices::remind(tx, 50)).unwrap());
        assert_eq!(reminded.into_iter().sum::<usize>(), 1, "the first of the three distances, by one of them");
        for person in [&sales, &admin] {
            let notice = told(person, "protection_ending").await;
            assert_eq!(notice["subject"], "Protection ends in 29 days: Acme: firewalls for 40 branches");
            assert_eq!((notice["action"].as_str(), notice["due_at"].is_string()), (Some("requestDealExtension"), true));
        }
        // The protection is extended: what was to come is moot, and the new end has reminders of its own.
        sales.post(&path(&deal, "/move-stage"), json!({"stage": "qualified", "next_step": "Offer."})).await.expect(200);
        let asked = sales.post(&path(&deal, "/extensions"), json!({"activity": "The offer is with the board."})).await.expect(201);
        approver.post(&format!("/v1/deal-extensions/{}/grant", asked["id"].as_str().unwrap()), json!({})).await.expect(200);
        world.clock.advance_days(16);
        world.work("notice_reminders");
        assert_eq!(states(&ops.get(&of).await.expect(200)), [is(30, "sent"), is(14, "moot"), is(3, "waiting")]);
        assert_eq!(topics(&inbox(&admin).await).iter().filter(|topic| **topic == "protection_ending").count(), 1);
        // No server runs for long: the deadline is seen late, and what has passed by then is skipped, and says so.
        world.clock.advance_days(55);
        world.work("notice_reminders");
        let page = ops.get(&format!("{of}&state=skipped,waiting")).await.expect(200);
        assert_eq!(states(&page), [is(30, "skipped"), is(14, "waiting"), is(3, "waiting")]);
        // Both of those that are left come due at once: only the nearer is sent.
        world.clock.advance_days(16);
        assert_eq!(world.work("notice_reminders"), 2);
        assert_eq!(ops.get(&format!("{of}&state=sent")).await.expect(200)["data"].as_array().unwrap().len(), 2);
        assert_eq!(sales.get("/v1/notice-reminders").await.refused(403), "forbidden");
        // Who does not see the partner's rows reads nothing of its deadlines.
        let other = program.partner("Südstern");
        for (seen, rows) in [(partner, 6), (other, 0)] {
            let limited = world.vendor_of(Role::ChannelOps, Rows::Partners(std::sync::Arc::from([seen])));
            let page = limited.get(&of).await.expect(200);
            assert_eq!(page["data"].as_array().unwrap().len(), rows, "{page}");
            assert_eq!(ops.get(&format!("{of}&partner_id={seen}")).await.expect(200)["data"].as_array().unwrap().len(), rows);
        }
        // Long after the deadline has passed, what was settled is not kept; what waits is.
        world.clock.advance_days(399);
        world.work("notice_retention");
        assert!(count(&world, "SELECT COUNT(*) AS n FROM notice_reminders WHERE kind = 'protection_ends'") > 0);
        world.clock.advance_days(60);
        world.work("notice_retention");
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM notice_reminders WHERE state <> 'waiting'"), 0);
    }

    async fn how_long_before_a_deadline_people_are_reminded_is_the_programs_to_say(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        let reminders = |days: Value| json!({"notices": {"reminders": [{"kind": "protection_ends", "days_before": days}, {"kind": "review_due", "days_before": []}]}});
        publish_policy(&world, reminders(json!([5, 60]))).await;
        let deal = submitted(&sales, complete()).await;
        world.work("notice_reminders");
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM notice_reminders"), 0, "of a decision that is due nobody is reminded");
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.clock.advance_days(25);
        world.work("notice_reminders");
        let of = format!("/v1/notice-reminders?resource_id={}", deal["id"].as_str().unwrap());
        let seen = async || {
            let page = ops.get(&of).await.expect(200);
            page["data"].as_array().unwrap().iter().map(|row| (row["days_before"].as_i64().unwrap(), row["state"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
        };
        let is = |days: i64, state: &str| (days, state.to_owned());
        assert_eq!(seen().await, [is(60, "waiting"), is(5, "waiting")]);
        // What was seen keeps its reminders, each once, whatever the program says since.
        publish_policy(&world, reminders(json!([60, 40, 5]))).await;
        world.clock.advance_days(7);
        world.work("notice_reminders");
        world.work("notice_reminders");
        assert_eq!(seen().await, [is(60, "sent"), is(5, "waiting")]);
        let topics = sales.get("/v1/notice-topics").await.expect(200);
        let topic = topics["data"].as_array().unwrap().iter().find(|topic| topic["topic"] == "protection_ending").unwrap().clone();
        assert_eq!(topic["days_before"], json!([60, 40, 5]));
        for wrong in [json!([0]), json!([366]), json!(["1"]), json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])] {
            ops.post("/v1/policies", reminders(wrong)).await.expect(422);
        }
        let twice = json!({"notices": {"reminders": [{"kind": "info_due", "days_before": [1, 1]}, {"kind": "info_due", "days_before": []}]}});
        let draft = ops.post("/v1/policies", twice).await.expect(201);
        let publish = format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap());
        assert_eq!(guards(&ops.post(&publish, json!({})).await.expect(409)), ["said_once", "said_once"]);
    }

    async fn answers_that_are_due_and_decisions_that_are_late_are_reminded_of(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let deal = submitted(&sales, complete()).await;
        world.work("notice_reminders");
        let due: openprm::kernel::Time = deal["review"]["due_at"].as_str().unwrap().parse().unwrap();
        world.clock.advance_seconds(due.since(world.now()) / 1_000_000 - 86_000);
        world.work("notice_reminders");
        assert_eq!(told(&approver, "review_due").await["subject"], "Decision due in 1 day: Acme: firewalls for 40 branches");
        approver.post(&path(&deal, "/request-info"), json!({"questions": ["Who decides?"], "business_days": 5})).await.expect(200);
        world.work("notice_reminders");
        let asked = sales.get(&path(&deal, "")).await.expect(200);
        let due: openprm::kernel::Time = asked["info_request"]["due_at"].as_str().unwrap().parse().unwrap();
        world.clock.advance_seconds(due.since(world.now()) / 1_000_000 - 86_000);
        world.work("notice_reminders");
        let last = told(&sales, "deal_info_due").await;
        assert!(last["subject"].as_str().unwrap().starts_with("Answers are due in 1 day"), "{last}");
        assert!(last["body"].as_str().unwrap().contains("- Who decides?"));
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM notice_reminders WHERE kind = 'info_due' AND state = 'skipped'"), 1, "the two-day one came due with it");
    }

    async fn the_program_s_owner_edits_and_tries_texts_and_has_the_built_in_ones_back(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        const AT: &str = "/v1/notice-templates/deal_approved/en";
        let built_in = ops.get(AT).await.expect(200);
        assert_eq!((built_in["source"].as_str(), &built_in["revision"]), (Some("built_in"), &json!(0)));
        let all = ops.get("/v1/notice-templates").await.expect(200);
        let topics = notices::catalogue::NoticeTopic::ALL.len();
        assert_eq!(all["data"].as_array().unwrap().len(), 2 * topics);
        let wrong = ops.patch(AT, json!({"body": "{{deal.titel}} for {{customer.name}}, {{secret}}"})).await.expect(409);
        let details: Vec<&str> = wrong["errors"].as_array().unwrap().iter().map(|fault| fault["detail"].as_str().unwrap()).collect();
        assert!(details.len() == 2 && details[0].contains("deal.titel") && details[1].contains("secret"), "{wrong}");
        let draft = json!({"subject": "Yes to {{deal.title}}", "body": "<b>{{customer.name}}</b> until {{protected.until}}"});
        let tried = ops.post(&format!("{AT}/preview"), draft.clone()).await.expect(200);
        assert_eq!(tried, json!({"subject": "Yes to Acme: firewalls for 40 branches", "body": "<b>Acme GmbH</b> until 21 February 2027, 09:00 (UTC)"}));
        assert_eq!(ops.get(AT).await.expect(200), built_in, "a try stores nothing");
        let edited = ops.patch(AT, draft).await.expect(200);
        assert_eq!((edited["source"].as_str(), &edited["revision"]), (Some("own"), &json!(1)));
        let french = ops.patch("/v1/notice-templates/deal_approved/fr", json!({"subject": "Accepté : {{deal.title}}", "body": "Votre enregistrement est accepté."})).await.expect(200);
        assert_eq!(french["source"], "own");
        in_berlin(&world, &admin, "fr-CA");
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        assert_eq!(told(&sales, "deal_approved").await["subject"], "Yes to Acme: firewalls for 40 branches");
        assert_eq!(told(&admin, "deal_approved").await["subject"], "Accepté : Acme: firewalls for 40 branches");
        let back = ops.post(&format!("{AT}/reset"), json!({})).await.expect(200);
        assert_eq!((&back["body"], &back["revision"]), (&built_in["body"], &json!(2)));
        let revisions = ops.get(&format!("{AT}/revisions")).await.expect(200);
        let sources: Vec<&str> = revisions["data"].as_array().unwrap().iter().map(|row| row["source"].as_str().unwrap()).collect();
        assert_eq!(sources, ["built_in", "own"]);
        for address in ["/v1/notice-templates/deal_approved/Klingon", "/v1/notice-templates/nothing/en"] {
            assert_eq!(ops.get(address).await.refused(404), "not_found");
        }
        for other in [&sales, &approver] {
            assert_eq!(other.get(AT).await.refused(403), "forbidden");
        }
    }

    async fn the_catalogue_tells_each_side_what_it_is_told_of(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let (theirs, ours) = (sales.get("/v1/notice-topics").await.expect(200), approver.get("/v1/notice-topics").await.expect(200));
        let row = |page: &Value, topic: &str| page["data"].as_array().unwrap().iter().find(|row| row["topic"] == topic).cloned();
        let ending = row(&theirs, "protection_ending").unwrap();
        assert_eq!((&ending["days_before"], &ending["recipients"], &ending["optional"]), (&json!([30, 14, 3]), &json!(["submitter", "partner_admin"]), &json!(true)));
        assert_eq!(row(&ours, "protection_ending").unwrap()["recipients"], json!(["account_manager"]));
        assert!(row(&theirs, "reopening_requested").is_none() && row(&ours, "deal_approved").is_none());
        assert_eq!(row(&theirs, "deal_info_requested").unwrap()["optional"], false);
    }

    async fn whoever_stands_in_for_an_approver_on_holiday_is_told_instead(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let deputy = world.vendor(Role::ChannelOps);
        world.holds(&deputy, Role::ChannelOps);
        let away = json!({"delegate_id": deputy.caller().user().unwrap(), "ends_at": world.now().plus_days(10), "reason": "On holiday."});
        approver.post("/v1/delegations", away).await.expect(201);
        let deal = submitted(&sales, complete()).await;
        dispatch(&world);
        assert_eq!(topics(&inbox(&approver).await), Vec::<&str>::new());
        assert_eq!(told(&deputy, "deal_submitted").await["action"], "approveDeal");
        deputy.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        told(&sales, "deal_approved").await;
    }

    async fn an_appeal_is_told_to_who_may_judge_it_and_its_outcome_to_the_partner(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        in_berlin(&world, &sales, "de-DE");
        let (judge, other) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        world.holds(&judge, Role::Approver);
        world.holds(&other, Role::ChannelOps);
        let deal = submitted(&sales, complete()).await;
        let no = json!({"reason_code": "not_qualified", "reason_text": "There is no budget."});
        approver.post(&path(&deal, "/reject"), no).await.expect(200);
        let lodged = sales.post(&path(&deal, "/appeals"), json!({"grounds": "There is, since Monday.", "evidence": [{"note": "The board's minutes."}]})).await.expect(201);
        let at = format!("/v1/deal-appeals/{}", lodged["id"].as_str().unwrap());
        dispatch(&world);
        for person in [&judge, &other] {
            let asked = told(person, "appeal_received").await;
            assert_eq!((asked["action"].as_str(), &asked["due_at"]), (Some("upholdDealAppeal"), &lodged["due_at"]));
            assert_eq!((&asked["path"], asked["body"].as_str().unwrap().contains("There is, since Monday.")), (&json!(at), true));
        }
        assert!(!topics(&inbox(&approver).await).contains(&"appeal_received"), "who decided does not judge");
        judge.post(&format!("{at}/claim"), json!({})).await.expect(200);
        world.clock.advance_days(2);
        world.work("notice_reminders");
        let due: openprm::kernel::Time = lodged["due_at"].as_str().unwrap().parse().unwrap();
        world.clock.advance_seconds(due.since(world.now()) / 1_000_000 - 86_000);
        world.work("notice_reminders");
        assert_eq!(told(&judge, "appeal_due").await["subject"], "Appeal due in 1 day: Acme: firewalls for 40 branches");
        assert!(!topics(&inbox(&other).await).contains(&"appeal_due"), "it was taken on");
        judge.post(&format!("{at}/dismiss"), json!({"reason_text": "The minutes are of last year."})).await.expect(200);
        dispatch(&world);
        let ours = told(&admin, "appeal_decided").await;
        assert_eq!(ours["subject"], "Appeal dismissed: Acme: firewalls for 40 branches");
        assert!(ours["body"].as_str().unwrap().contains("The minutes are of last year."), "{ours}");
        assert_eq!(told(&sales, "appeal_decided").await["subject"], "Einspruch zurückgewiesen: Acme: firewalls for 40 branches");
        dispatch(&world);
        told(&sales, "appeal_decided").await;
    }

    async fn a_specialisation_is_told_when_it_is_awarded_before_it_ends_and_when_it_has_ended(world: World) {
        let program = Program::new(&world).await;
        let Cast { partner, sales, admin, .. } = cast(&program);
        let second = world.partner_user(partner, Role::PartnerAdmin);
        joins(&world, partner, &second, "partner_admin");
        in_berlin(&world, &second, "de-DE");
        let ops = world.vendor(Role::ChannelOps);
        let tiered = published(&ops, "RESELL", json!({})).await;
        ops.post(&format!("/v1/programs/{}/memberships", tiered["id"].as_str().unwrap()), json!({"partner_id": partner})).await.expect(201);
        let expert = async |code: &str, name: &str, days: Value| {
            let body = json!({"program_id": tiered["id"], "code": code, "name": name, "currency": "EUR", "validity_days": days});
            let made = ops.post("/v1/specialisations", body).await.expect(201);
            let award = json!({"specialisation_id": made["id"], "partner_id": partner, "basis": "manual", "reason": "Ran the pilot."});
            ops.post("/v1/specialisation-awards", award).await.expect(201)
        };
        let act = |award: &Value, action: &str| format!("/v1/specialisation-awards/{}{action}", award["id"].as_str().unwrap());
        let mine = async |person: &Client<'_>| {
            let page = inbox(person).await;
            let rows = page["data"].as_array().unwrap().iter();
            let about = rows.filter(|row| row["topic"].as_str().unwrap().starts_with("specialisation_"));
            about.map(|row| row["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let edge = expert("EDGE", "Edge expert", json!(90)).await;
        dispatch(&world);
        dispatch(&world);
        let awarded = told(&admin, "specialisation_awarded").await;
        assert_eq!((awarded["subject"].as_str(), &awarded["due_at"], awarded["path"].as_str()), (Some("Awarded: Edge expert"), &edge["valid_until"], Some(act(&edge, "").as_str())));
        assert_eq!(mine(&second).await, ["Verliehen: Edge expert"]);
        assert!(mine(&sales).await.is_empty(), "it is for those who run the partner");

        // Sixty days before its end, and fourteen; renewed in between it is reminded of anew.
        for days in [25, 5, 0] {
            world.clock.advance_days(days);
            world.work("notice_reminders");
        }
        let ending = told(&admin, "specialisation_ending").await;
        assert_eq!((ending["subject"].as_str(), &ending["due_at"], ending["path"].as_str()), (Some("Edge expert ends in 60 days"), &edge["valid_until"], Some(act(&edge, "").as_str())));
        let renewed = ops.post(&act(&edge, "/renew"), json!({"basis": "manual", "reason": "Again."})).await.expect(200);
        dispatch(&world);
        world.clock.advance_days(76);
        world.work("notice_reminders");
        assert_eq!(mine(&second).await.len(), 3, "the old end is nobody's concern any more");
        for days in [10, 50, 0] {
            world.clock.advance_days(days);
            world.work("notice_reminders");
        }
        assert_eq!(mine(&second).await[0], "Edge expert endet in 14 Tagen");
        assert_eq!(renewed["renewals"], 1);

        // It ends by the clock, and another is taken back.
        world.clock.advance_days(15);
        assert_eq!((world.work("specialisation_ends"), world.work("specialisation_ends")), (1, 0));
        dispatch(&world);
        let ended = told(&admin, "specialisation_ended").await;
        assert!(ended["body"].as_str().unwrap().contains("Its time is over."), "{ended}");
        let cloud = expert("CLOUD", "Cloud expert", Value::Null).await;
        ops.post(&act(&cloud, "/withdraw"), json!({"reason": "Both engineers have left."})).await.expect(200);
        dispatch(&world);
        dispatch(&world);
        let page = admin.get("/v1/notices?topic=specialisation_ended").await.expect(200);
        let bodies: Vec<&str> = page["data"].as_array().unwrap().iter().map(|row| row["body"].as_str().unwrap()).collect();
        assert_eq!(bodies.len(), 2, "{bodies:?}");
        assert!(bodies[0].contains("Cloud expert") && bodies[0].contains("Both engineers have left."), "{bodies:?}");
        assert_eq!(mine(&admin).await.iter().filter(|subject| subject.contains("Cloud")).count(), 2);
    }

    async fn those_who_look_after_a_partner_and_take_it_over_are_told(world: World) {
        let program = Program::new(&world).await;
        let Cast { partner, sales, admin, .. } = cast(&program);
        let (ops, cam) = (world.vendor(Role::ChannelOps), world.vendor(Role::Cam));
        world.holds(&cam, Role::Cam);
        dispatch(&world);
        let to = cam.caller().user().unwrap();
        ops.post("/v1/handovers", json!({"partner_id": partner, "role": "primary", "to_user_id": to, "reason_code": "departure"})).await.expect(201);
        ops.post(&format!("/v1/partners/{partner}/account-managers"), json!({"role": "primary", "user_id": to, "reason_code": "departure"})).await.expect(201);
        dispatch(&world);
        let given = told(&cam, "handover_given").await;
        assert_eq!((given["resource_type"].as_str(), given["action"].as_str()), (Some("handover"), Some("acceptHandover")));
        assert!(told(&admin, "account_manager_changed").await["body"].as_str().unwrap().contains("looks after Nordwind"));
        submitted(&sales, complete()).await;
        dispatch(&world);
        assert_eq!(told(&cam, "deal_submitted").await["action"], Value::Null, "what the reader may not do is not offered");
    }

    async fn an_event_that_cannot_be_told_keeps_nobody_from_being_told_of_others(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let deal = submitted(&sales, complete()).await;
        let mut lost = deal.clone();
        lost["id"] = json!("deal_01jdq4p6c8f3kb2v9y0s7x5ham");
        // Its reviewer is asked for, and there is no such registration.
        happened(&world, "test", ("deal.info_answered", "deal"), lost);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.sequence();
        let told_of = world.sql(|tx| notices::tell(tx, 50));
        assert_eq!((told_of.failed, told_of.done > 1), (1, true));
        told(&sales, "deal_approved").await;
        let again = world.sql(|tx| notices::tell(tx, 50));
        assert_eq!((again.failed, again.done), (0, 0), "it is left behind");
    }

    async fn each_of_two_partners_reads_its_own_name_and_number(world: World) {
        let program = Program::new(&world).await;
        let Cast { partner, admin, .. } = cast(&program);
        let second = program.partner("Südstern");
        let theirs = world.partner_user(second, Role::PartnerAdmin);
        joins(&world, second, &theirs, "partner_admin");
        let ops = world.vendor(Role::ChannelOps);
        let text = json!({"subject": "A transfer", "body": "{{partner.name}}: {{partner.number}}"});
        ops.patch("/v1/notice-templates/transfer_proposed/en", text).await.expect(200);
        let transfer = json!({"id": "dtr_01jdq4p6c8f3kb2v9y0s7x5ham", "from_partner_id": partner, "to_partner_id": second});
        happened(&world, "test", ("deal_transfer.proposed", "deal_transfer"), transfer);
        dispatch(&world);
        for (person, name, id) in [(&admin, "Nordwind", partner), (&theirs, "Südstern", second)] {
            let number = ops.get(&format!("/v1/partners/{id}")).await.expect(200)["number"].as_str().unwrap().to_owned();
            assert_eq!(told(person, "transfer_proposed").await["body"], json!(format!("{name}: {number}")));
        }
    }

    async fn locales_meet_however_they_were_typed_and_a_notice_says_what_it_is_written_in(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        let swiss = json!({"subject": "Merci für {{deal.title}}", "body": "Danke."});
        ops.patch("/v1/notice-templates/deal_approved/de-CH", swiss).await.expect(200);
        assert_eq!(choose(&sales, json!({"locale": "DE-ch"})).await["locale"], "de-CH");
        let made = count(&world, "SELECT MAX(created_at) AS n FROM notice_preferences");
        assert_eq!(choose(&sales, json!({"locale": "de-ch", "digest_hour": 9})).await["revision"], 2);
        assert_eq!(count(&world, "SELECT MAX(created_at) AS n FROM notice_preferences"), made, "when it was first chosen stays");
        assert!(count(&world, "SELECT MAX(updated_at) AS n FROM notice_preferences") > made);
        choose(&admin, json!({"locale": "it-CH"})).await;
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        let (own, other) = (told(&sales, "deal_approved").await, told(&admin, "deal_approved").await);
        assert_eq!((own["locale"].as_str(), own["subject"].as_str()), (Some("de-CH"), Some("Merci für Acme: firewalls for 40 branches")));
        assert_eq!(other["locale"], "en", "there is no Italian text");
        assert!(other["body"].as_str().unwrap().contains("19 February 2027"), "{other}");
        assert_eq!(told(&sales, "deal_queued").await["locale"], "de");
        let person = ops.post("/v1/people", json!({"name": "Reto Frei", "locale": "de-ch"})).await;
        assert_eq!(person.expect(201)["locale"], "de-CH");
    }

    async fn the_edits_of_a_text_are_counted_alike_on_every_page(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        const AT: &str = "/v1/notice-templates/deal_approved/en";
        for number in 0..3 {
            ops.patch(AT, json!({"subject": format!("Yes, {number}")})).await.expect(200);
        }
        let mut address = format!("{AT}/revisions?limit=1&include_total=true");
        let mut found = Vec::new();
        for _ in 0..3 {
            let page = ops.get(&address).await.expect(200);
            assert_eq!(page["total"]["value"], 3, "{page}");
            found.push(page["data"][0]["revision"].as_i64().unwrap());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            address = format!("{AT}/revisions?limit=1&include_total=true&cursor={cursor}");
        }
        assert_eq!(found, [3, 2, 1]);
    }

    async fn notices_begin_where_the_log_stands_when_they_come(world: World) {
        happened(&world, "test", ("team.updated", "team"), json!({"id": "one"}));
        world.sequence();
        while world.db.migrate_down().unwrap() != "0180" {}
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM feed_marks WHERE name = 'notices'"), 0);
        let happened = count(&world, "SELECT MAX(position) AS n FROM events");
        assert!(happened > 0);
        world.db.migrate_up().unwrap();
        assert_eq!(count(&world, "SELECT position AS n FROM feed_marks WHERE name = 'notices'"), happened);
        assert_eq!(dispatch(&world), 0);
    }
}
