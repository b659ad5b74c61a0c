//! Who is told what, in whose words: one story after another.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{Cast, cast, dispatch, happened, in_berlin, inbox, joins, told, topics, written};
use crate::{
    partners::published,
    program::{Program, complete, path, submitted, with},
    scene::run,
    support::{Client, delivered},
};

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
}
