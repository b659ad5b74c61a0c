//! More time for a protection: asked for with evidence, kept by a grace, granted from the old end on.

use openprm::{
    auth::Role,
    deals::{
        conflict::rules::AskedLine,
        protection::{self, Grant},
        registrations::DealType,
    },
    kernel::Time,
};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted},
    scene::overlapping_pairs,
    support::Client,
};

async fn approved(sales: &Client<'_>, approver: &Client<'_>) -> Value {
    let deal = submitted(sales, complete()).await;
    approver.post(&path(&deal, "/approve"), json!({})).await.expect(200)
}

fn time(value: &Value) -> Time {
    value.as_str().unwrap().parse().unwrap()
}

fn extension(extension: &Value, verb: &str) -> String {
    format!("/v1/deal-extensions/{}{verb}", extension["id"].as_str().unwrap())
}

fn asked() -> Value {
    json!({"activity": "The offer is with the board."})
}

async fn moved(sales: &Client<'_>, deal: &Value, stage: &str) {
    sales
        .post(
            &path(deal, "/move-stage"),
            json!({"stage": stage, "next_step": "Offer."}),
        )
        .await
        .expect(200);
}

fn action<'a>(actions: &'a Value, name: &str) -> Option<&'a Value> {
    actions["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|action| action["action"] == name)
}

each_engine! {
    async fn more_time_begins_at_the_old_end_and_a_grace_keeps_the_scope_while_it_is_asked(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver).await;
        assert_eq!(deal["extension_count"], 0);
        let end = time(&deal["protection"]["granted_until"]);
        world.clock.advance_days(80);
        let idle = sales.post(&path(&deal, "/extensions"), asked()).await.expect(409);
        assert_eq!(guards(&idle), ["recent_activity"], "what is told is no work done");
        moved(&sales, &deal, "qualified").await;
        let waiting = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        assert_eq!((waiting["status"].as_str(), time(&waiting["previous_end_at"])), (Some("pending"), end));
        assert_eq!((time(&waiting["requested_end_at"]), time(&waiting["grace_until"])), (end.plus_days(60), end.plus_days(10)));
        let kept = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((kept["protection"]["state"].as_str(), time(&kept["protection"]["granted_until"]), time(&kept["protection"]["ends_at"])), (Some("active"), end, end.plus_days(10)));
        world.clock.advance_days(15);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["protection"]["state"], "grace");

        let granted = approver.post(&extension(&waiting, "/grant"), json!({"reason_text": "For the board."})).await.expect(200);
        assert_eq!((granted["status"].as_str(), time(&granted["granted_end_at"])), (Some("granted"), end.plus_days(60)));
        assert!(granted["decided_by"].is_string());
        let own = sales.get(&extension(&waiting, "")).await.expect(200);
        assert_eq!((&own["decided_by"], own["reason_text"].as_str()), (&Value::Null, Some("For the board.")));
        let after = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((after["protection"]["state"].as_str(), time(&after["protection"]["granted_until"]), time(&after["protection"]["ends_at"])), (Some("active"), end.plus_days(60), end.plus_days(60)));
        assert_eq!((&after["extension_count"], after["decision"]["outcome"].as_str()), (&json!(1), Some("approved")));
        assert_eq!(sales.get("/v1/deals").await.expect(200)["data"][0]["extension_count"], 1);
        let decisions = approver.get(&path(&deal, "/decisions")).await.expect(200);
        let last = decisions["data"].as_array().unwrap().last().unwrap();
        assert_eq!((last["outcome"].as_str(), time(&last["starts_at"]), time(&last["ends_at"])), (Some("extension_granted"), end, end.plus_days(60)));
        assert_eq!(last["evidence"], waiting["id"]);
        let history = sales.get(&path(&deal, "/history")).await.expect(200);
        let steps: Vec<&str> = history["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(steps, ["create", "submit", "approve", "protect", "move_stage", "request_extension", "grant_extension"]);
        assert_eq!(approver.post(&extension(&waiting, "/deny"), json!({"reason_code": "other", "reason_text": "No."})).await.refused(409), "invalid_state");
        assert_eq!(sales.get(&path(&deal, "/extensions?status=granted")).await.expect(200)["data"].as_array().unwrap().len(), 1);
        assert_eq!(sales.get(&path(&deal, "/extensions?status=pending")).await.expect(200)["data"], json!([]));
    }

    async fn every_guard_that_fails_is_named_at_once_and_the_actions_say_the_same(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let waiting = submitted(&sales, complete()).await;
        let early = sales.post(&path(&waiting, "/extensions"), asked()).await.expect(409);
        assert_eq!(guards(&early), ["registration_approved", "protection_in_force"]);
        approver.post(&path(&waiting, "/approve"), json!({})).await.expect(200);
        let deal = waiting;
        for (body, named) in [
            (json!({"activity": "Talks.", "days": 61}), vec!["end_within_limit"]),
            (json!({"activity": "Talks.", "days": 5, "requested_end_on": "2026-12-01"}), vec!["end_named_once", "end_after_present"]),
            (json!({"activity": "Talks.", "requested_end_on": "2027-12-01"}), vec!["end_within_limit"]),
        ] {
            assert_eq!(guards(&sales.post(&path(&deal, "/extensions"), body).await.expect(409)), named);
        }
        let actions = sales.get(&path(&deal, "/actions")).await.expect(200);
        assert_eq!(action(&actions, "request_extension").unwrap()["available"], true);
        assert!(action(&actions, "grant_extension").is_none());
        let one = sales.post(&path(&deal, "/extensions"), json!({"activity": "Talks.", "requested_end_on": "2027-03-31"})).await.expect(201);
        assert_eq!(one["requested_end_at"], "2027-03-31T00:00:00.000000Z");
        assert_eq!(guards(&sales.post(&path(&deal, "/extensions"), asked()).await.expect(409)), ["no_pending_extension"]);
        let actions = sales.get(&path(&deal, "/actions")).await.expect(200);
        assert_eq!(action(&actions, "request_extension").unwrap()["failing"][0]["guard"], "no_pending_extension");
        assert_eq!(action(&actions, "withdraw_extension").unwrap()["available"], true);
        assert!(action(&actions, "grant_extension").is_none(), "the vendor's alone");
        let actions = approver.get(&path(&deal, "/actions")).await.expect(200);
        assert_eq!(action(&actions, "grant_extension").unwrap()["available"], true);
        for (body, named) in [
            (json!({"days": 60}), vec!["end_within_request"]),
            (json!({"until": "2026-12-01T00:00:00Z"}), vec!["end_after_present"]),
            (json!({"until": "2027-03-01T00:00:00Z", "days": 3}), vec!["end_named_once"]),
        ] {
            assert_eq!(guards(&approver.post(&extension(&one, "/grant"), body).await.expect(409)), named);
        }
        let fewer = approver.post(&extension(&one, "/grant"), json!({"days": 3})).await.expect(200);
        assert_eq!(time(&fewer["granted_end_at"]), time(&fewer["previous_end_at"]).plus_days(3));
        let stranger = program.sales(program.partner("Südstern"));
        for address in [path(&deal, "/extensions"), extension(&one, "")] {
            assert_eq!(stranger.get(&address).await.refused(404), "not_found");
        }
    }

    async fn a_refusal_and_a_withdrawal_end_the_grace(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver).await;
        let end = time(&deal["protection"]["granted_until"]);
        world.clock.advance_days(85);
        moved(&sales, &deal, "qualified").await;
        let first = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        let body = json!({"reason_code": "no_progress", "reason_text": "Nothing has happened since October."});
        let denied = approver.post(&extension(&first, "/deny"), body).await.expect(200);
        assert_eq!((denied["status"].as_str(), denied["reason_code"].as_str()), (Some("denied"), Some("no_progress")));
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((read["protection"]["state"].as_str(), time(&read["protection"]["ends_at"])), (Some("active"), end));

        let second = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        world.clock.advance_days(8);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["protection"]["state"], "grace");
        let back = sales.post(&extension(&second, "/withdraw"), json!({})).await.expect(200);
        assert_eq!(back["status"], "withdrawn");
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((read["protection"]["state"].as_str(), time(&read["protection"]["granted_until"])), (Some("expired"), end));
        let ended = time(&read["protection"]["ends_at"]);
        assert!(end < ended && ended < end.plus_days(10), "the grace was over at once: {ended}");
        assert_eq!(guards(&sales.post(&path(&deal, "/extensions"), asked()).await.expect(409)), ["protection_in_force"]);
        // The scope is free for the next.
        let next = submitted(&program.sales(program.partner("Südstern")), complete()).await;
        approver.post(&path(&next, "/approve"), json!({})).await.expect(200);
    }

    async fn what_ended_while_it_waited_is_registered_anew(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver).await;
        world.clock.advance_days(85);
        moved(&sales, &deal, "qualified").await;
        let waiting = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        world.clock.advance_days(16);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["protection"]["state"], "expired");
        let late = approver.post(&extension(&waiting, "/grant"), json!({})).await.expect(409);
        assert_eq!(guards(&late), ["protection_in_force"]);
        assert!(late["errors"][0]["detail"].as_str().unwrap().contains("register the deal anew"), "{late}");
        let body = json!({"reason_code": "other", "reason_text": "It ended."});
        approver.post(&extension(&waiting, "/deny"), body).await.expect(200);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["extension_count"], 0);
    }

    async fn there_are_as_many_extensions_as_the_program_permits_and_nobody_grants_their_own(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, approver, ops) = (program.sales(partner), world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = approved(&sales, &approver).await;
        let end = time(&deal["protection"]["granted_until"]);
        for (round, stage) in [(1, "qualified"), (2, "technical_validation")] {
            moved(&sales, &deal, stage).await;
            let waiting = ops.post(&path(&deal, "/extensions"), json!({"activity": "On the partner's behalf.", "days": 30})).await.expect(201);
            let own = ops.post(&extension(&waiting, "/grant"), json!({})).await.expect(409);
            assert_eq!(guards(&own), ["not_own_request"]);
            let granted = approver.post(&extension(&waiting, "/grant"), json!({})).await.expect(200);
            assert_eq!(time(&granted["granted_end_at"]), end.plus_days(30 * round));
        }
        assert_eq!(guards(&sales.post(&path(&deal, "/extensions"), asked()).await.expect(409)), ["extension_left"]);
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((&read["extension_count"], time(&read["protection"]["ends_at"])), (&json!(2), end.plus_days(60)));
    }

    async fn evidence_of_a_meeting_counts_as_work_by_its_own_day(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver).await;
        world.clock.advance_days(80);
        let (id, at) = (deal["id"].as_str().unwrap().to_owned(), world.now().micros());
        let shown = move |number: u8, kind: &str, day: &str| format!(
            "INSERT INTO deal_evidence (id, deal_id, kind, reference, reference_key, issued_on, submitted_by, revision, created_at, updated_at) \
             VALUES ('proof_{number}', '{id}', '{kind}', 'R{number}', 'r{number}', '{day}', 'test', 1, {at}, {at})"
        );
        for (sql, enough) in [(shown(1, "order", "2027-02-05"), false), (shown(2, "meeting", "2026-11-22"), false), (shown(3, "meeting", "2027-02-01"), true)] {
            world.sql(move |tx| crate::scene::run(tx, &sql));
            let answer = sales.post(&path(&deal, "/extensions"), asked()).await;
            assert_eq!(answer.status == 201, enough, "{}", answer.body);
        }
    }

    async fn an_extension_does_not_push_others_aside(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let other = submitted(&program.sales(program.partner("Südstern")), complete()).await;
        let body = json!({"reason_code": "not_qualified", "reason_text": "Too early."});
        approver.post(&path(&other, "/reject"), body).await.expect(200);
        let deal = approved(&sales, &approver).await;
        let end = time(&deal["protection"]["granted_until"]);
        let product = deal["lines"][0]["product_id"].as_str().unwrap().parse().unwrap();
        let taken = Grant {
            deal_id: other["id"].as_str().unwrap().parse().unwrap(),
            partner_id: other["partner_id"].as_str().unwrap().parse().unwrap(),
            decision_id: None,
            account_id: deal["customer_account_id"].as_str().unwrap().parse().unwrap(),
            lines: vec![AskedLine { product_id: product, place: None }],
            territory_id: deal["territory_id"].as_str().unwrap().parse().unwrap(),
            deal_type: DealType::NetNew,
            exclusive: true,
            starts_at: end.plus_days(30),
            until: end.plus_days(60),
            legacy: true,
            overridden: None,
        };
        world.sql(move |tx| protection::grant(tx, &taken));
        let waiting = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        assert_eq!(approver.post(&extension(&waiting, "/grant"), json!({})).await.refused(409), "protection_overlap");
        assert_eq!(sales.get(&extension(&waiting, "")).await.expect(200)["status"], "pending", "nothing is half done");
        approver.post(&extension(&waiting, "/grant"), json!({"days": 30})).await.expect(200);
        assert_eq!(overlapping_pairs(&world), 0);
    }

    async fn the_end_of_a_deal_closes_the_extension_that_waits(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver).await;
        let waiting = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        let withdrawn = sales.post(&path(&deal, "/withdraw"), json!({})).await.expect(200);
        assert_eq!(withdrawn["protection"]["state"], "released");
        assert_eq!(sales.get(&extension(&waiting, "")).await.expect(200)["status"], "withdrawn");
        assert_eq!(approver.post(&extension(&waiting, "/grant"), json!({})).await.refused(409), "invalid_state");
    }

    async fn of_two_decisions_at_once_one_holds(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver, other) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = approved(&sales, &approver).await;
        let waiting = sales.post(&path(&deal, "/extensions"), asked()).await.expect(201);
        let denial = json!({"reason_code": "other", "reason_text": "No."});
        let (granting, denying) = (extension(&waiting, "/grant"), extension(&waiting, "/deny"));
        let (grant, deny) = futures_util::future::join(approver.post(&granting, json!({})), other.post(&denying, denial)).await;
        let mut answers = [grant.status, deny.status];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{} {}", grant.body, deny.body);
    }
}
