//! Reminders before deadlines: once for each distance, and when the program says.

use openprm::{
    auth::{Caller, Role, Rows},
    error::codes,
    jobs, notices,
};
use serde_json::{Value, json};

use super::{Cast, cast, count, inbox, told, topics, without};
use crate::{
    program::{Program, complete, guards, path, submitted},
    support::publish_policy,
};

each_engine! {
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

    async fn of_what_is_off_nobody_is_reminded(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.clock.advance_days(55);
        let remind = |off: &[&str]| jobs::run_by_name(&world.db, &without(off), "notice_reminders");
        let no_deals = ["deals", "conflict_cases", "reports"];
        assert_eq!(remind(&no_deals).unwrap(), 0, "the end of the protection is not seen");
        assert_eq!(remind(&[]).unwrap(), 1);
        world.clock.advance_days(6);
        assert_eq!(remind(&no_deals).unwrap(), 0, "what waits goes on waiting");
        assert!(remind(&["notices"]).unwrap_err().is(&codes::NOT_FOUND), "the job is not there");
        assert_eq!(remind(&[]).unwrap(), 1);
        told(&sales, "protection_ending").await;
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
}
