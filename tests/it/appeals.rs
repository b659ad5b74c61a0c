//! Appeals: once, in time, judged by somebody who had no part, and the protection moves with the outcome or not at all.

use futures_util::future::join;
use openprm::{auth::Role, kernel::Time};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, guards, heard, path, submitted},
    support::{Client, World},
};

fn refusal() -> Value {
    json!({"reason_code": "duplicate_registration", "reason_text": "Another partner registered it before.", "evidence": "DR-2026-000777"})
}

fn revocation() -> Value {
    json!({"reason_code": "other", "reason_text": "It seemed to be another plant."})
}

fn grounds() -> Value {
    json!({"grounds": "It is another plant.", "evidence": [{"note": "The customer's letter.", "link": "https://files.example.com/letter.pdf"}]})
}

fn because() -> Value {
    json!({"reason_text": "The two plants are separate companies."})
}

async fn appeal(client: &Client<'_>, deal: &Value) -> String {
    let lodged = client.post(&path(deal, "/appeals"), grounds()).await.expect(201);
    assert_eq!((&lodged["status"], &lodged["sla"]), (&json!("open"), &json!("on_time")));
    format!("/v1/deal-appeals/{}", lodged["id"].as_str().unwrap())
}

async fn protections(world: &World, deals: &[&Value]) -> usize {
    let ops = world.vendor(Role::ChannelOps);
    let mut active = 0;
    for deal in deals {
        let at = format!(
            "/v1/protections?deal_id={}&state=active,grace",
            deal["id"].as_str().unwrap()
        );
        active += ops.get(&at).await.expect(200)["data"].as_array().unwrap().len();
    }
    active
}

fn time(value: &Value) -> Time {
    value.as_str().unwrap().parse().unwrap()
}

fn contested() -> Value {
    json!({"reason_text": "The two plants are separate companies.", "contest": true})
}

/// The case that an upheld appeal opened.
async fn the_case(vendor: &Client<'_>, appeal: &Value) -> Value {
    let id = appeal["conflict_case_id"].as_str().unwrap();
    vendor.get(&format!("/v1/conflict-cases/{id}")).await.expect(200)
}

fn case_path(case: &Value, rest: &str) -> String {
    format!("/v1/conflict-cases/{}{rest}", case["id"].as_str().unwrap())
}

fn for_first() -> Value {
    json!({"outcome": "uphold_first", "reason": "They were first, and the refusal was a mistake."})
}

/// Where a registration and its protection stand.
async fn state(vendor: &Client<'_>, deal: &Value) -> Value {
    let read = vendor.get(&path(deal, "")).await.expect(200);
    json!([read["review_status"], read["protection"]["state"]])
}

each_engine! {
    async fn a_refusal_is_undone_by_somebody_who_had_no_part_in_it(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, other) = (program.sales(partner), program.sales(program.partner("Südstern")));
        let (approver, second) = (world.vendor(Role::Approver), world.vendor(Role::Approver));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(sales.post(&path(&deal, "/appeals"), grounds()).await.refused(409), "invalid_state");
        let later = submitted(&other, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        assert_eq!(other.post(&path(&deal, "/appeals"), grounds()).await.refused(404), "not_found");
        assert_eq!(second.post(&path(&deal, "/appeals"), grounds()).await.refused(403), "forbidden");
        let at = appeal(&sales, &deal).await;
        assert_eq!(guards(&sales.post(&path(&deal, "/appeals"), grounds()).await.expect(409)), ["appealed_once"]);
        assert_eq!(other.get(&at).await.refused(404), "not_found");
        assert_eq!(guards(&approver.post(&format!("{at}/uphold"), because()).await.expect(409)), ["had_no_part"]);
        assert_eq!(guards(&approver.post(&format!("{at}/dismiss"), because()).await.expect(409)), ["had_no_part"]);
        let actions = approver.get(&path(&deal, "/actions")).await.expect(200);
        let uphold = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "uphold_appeal").unwrap();
        assert_eq!((&uphold["available"], &uphold["failing"][0]["guard"]), (&json!(false), &json!("had_no_part")));
        let upheld = second.post(&format!("{at}/uphold"), because()).await.expect(200);
        assert_eq!((&upheld["status"], &upheld["remedy"]), (&json!("upheld"), &json!("reviewed_again")));
        assert_eq!(upheld["policy_version"], 0);
        let open = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((open["review_status"].as_str(), &open["review"]["round"]), (Some("in_review"), &json!(2)));
        assert_eq!(open["received_at"], deal["received_at"], "the vendor's mistake costs no place");
        assert_eq!(guards(&approver.post(&path(&later, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!(second.post(&format!("{at}/uphold"), because()).await.refused(409), "invalid_state");
        let told = heard(&world, partner);
        for kind in ["deal_appeal.lodged", "deal_appeal.upheld", "deal.appeal_upheld"] {
            assert!(told.contains(kind), "{kind} is missing in {told}");
        }
        assert!(!told.contains(&second.caller().actor_text()), "the adjudicator's name is the vendor's alone");
    }

    async fn what_was_revoked_is_protected_again_for_the_time_that_was_left(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (ops, judge) = (world.vendor(Role::ChannelOps), world.vendor(Role::Approver));
        let deal = approved(&world, &sales, complete()).await;
        world.clock.advance_days(30);
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        world.clock.advance_days(8);
        assert_eq!(sales.get(&at).await.expect(200)["sla"], "breached");
        let waiting = judge.get("/v1/deal-appeals?status=open").await.expect(200);
        assert_eq!(waiting["data"].as_array().unwrap().len(), 1);
        let upheld = judge.post(&format!("{at}/uphold"), because()).await.expect(200);
        assert_eq!((&upheld["remedy"], &upheld["sla"]), (&json!("restored"), &json!("missed")));
        let back = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((back["review_status"].as_str(), back["protection"]["state"].as_str()), (Some("approved"), Some("active")));
        assert_eq!(back["lines"][0]["review_status"], "approved");
        assert_eq!(protections(&world, &[&deal]).await, 1);
        let (was, is) = (time(&deal["protection"]["ends_at"]), time(&back["protection"]["ends_at"]));
        let shift = is.since(was) / 86_400_000_000;
        assert!((7..=8).contains(&shift), "the eight days without protection are given back, not {shift}");
        let outcomes: Vec<Value> = ops.get(&path(&deal, "/decisions")).await.expect(200)["data"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
        assert_eq!(outcomes, [json!("approved"), json!("revoked"), json!("appeal_upheld")]);
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        assert_eq!(protections(&world, &[&deal]).await, 0);
        let at = appeal(&sales, &deal).await;
        for step in ["claim", "dismiss"] {
            let body = if step == "claim" { json!({}) } else { because() };
            let refused = judge.post(&format!("{at}/{step}"), body).await.expect(409);
            assert_eq!(guards(&refused), ["had_no_part"], "who upheld the last does not judge the next");
        }
    }

    async fn both_sides_read_the_timeline_and_the_partner_no_names(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, judge) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        sales.post(&path(&deal, "/evidence"), json!({"kind": "customer_letter", "reference": "Letter of 2026-11-18"})).await.expect(201);
        let at = appeal(&sales, &deal).await;
        let dismissed = judge.post(&format!("{at}/dismiss"), because()).await.expect(200);
        assert_eq!((&dismissed["status"], &dismissed["remedy"]), (&json!("dismissed"), &Value::Null));
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["review_status"], "rejected");
        let events = |timeline: &Value| -> Vec<String> { timeline["data"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect() };
        let (ours, theirs) = (judge.get(&format!("{at}/timeline")).await.expect(200), sales.get(&format!("{at}/timeline")).await.expect(200));
        assert_eq!(events(&ours), ["check", "received", "refusal", "evidence", "appeal", "evidence", "outcome"]);
        assert_eq!(events(&theirs), events(&ours));
        assert!(ours.to_string().contains("DR-2026-000777") && ours.to_string().contains(&approver.caller().actor_text()));
        for secret in ["DR-2026-000777", &approver.caller().actor_text(), &judge.caller().actor_text()] {
            assert!(!theirs.to_string().contains(secret), "{secret} in {theirs}");
        }
        assert_eq!(guards(&sales.post(&path(&deal, "/appeals"), grounds()).await.expect(409)), ["appealed_once"]);
        let outcomes = sales.get(&path(&deal, "/decisions")).await.expect(200);
        assert_eq!(outcomes["data"][1]["outcome"], "appeal_dismissed");
    }

    async fn nothing_is_given_back_over_somebody_elses_protection(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (ops, judge) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
        let deal = approved(&world, &sales, complete()).await;
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let refused = judge.post(&format!("{at}/uphold"), because()).await.expect(409);
        assert_eq!(guards(&refused), ["scope_free"]);
        assert!(refused.to_string().contains(rival["number"].as_str().unwrap()), "{refused}");
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["review_status"], "revoked");
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
        other.post(&path(&rival, "/withdraw"), json!({})).await.expect(200);
        judge.post(&format!("{at}/uphold"), because()).await.expect(200);
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
    }

    async fn a_contested_appeal_opens_a_case_and_the_case_moves_the_protection(world: World) {
        let program = Program::new(&world).await;
        let (partner, rivals) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, other) = (program.sales(partner), program.sales(rivals));
        let (ops, judge, third) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let deal = approved(&world, &sales, complete()).await;
        world.clock.advance_days(30);
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        assert_eq!(guards(&judge.post(&format!("{at}/uphold"), because()).await.expect(409)), ["scope_free"]);
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        assert_eq!((&upheld["status"], &upheld["remedy"]), (&json!("upheld"), &json!("contested")));
        let case = the_case(&ops, &upheld).await;
        assert_eq!((&case["case_type"], &case["status"]), (&json!("appeal"), &json!("opened")));
        let sides: Vec<&Value> = case["claims"].as_array().unwrap().iter().map(|claim| &claim["deal_id"]).collect();
        assert_eq!(sides, [&deal["id"], &rival["id"]], "whose registration was received first comes first");
        let theirs = sales.get(&at).await.expect(200);
        assert_eq!((&theirs["remedy"], &theirs["conflict_case_id"]), (&json!("contested"), &Value::Null));
        let states = async || [state(&ops, &deal).await, state(&ops, &rival).await];
        assert_eq!(states().await, [json!(["approved", "contested"]), json!(["approved", "active"])], "nobody loses anything yet");
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
        assert_eq!(guards(&judge.post(&case_path(&case, "/resolve"), for_first()).await.expect(409)), ["had_no_part"], "who upheld the appeal does not decide the case");

        world.clock.advance_days(5);
        let resolved = third.post(&case_path(&case, "/resolve"), for_first()).await.expect(200);
        assert_eq!((&resolved["claims"][0]["outcome"], &resolved["claims"][1]["outcome"]), (&json!("upheld"), &json!("denied")));
        assert_eq!(states().await, [json!(["approved", "active"]), json!(["approved", "released"])]);
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
        let back = sales.get(&path(&deal, "")).await.expect(200);
        let left = time(&back["protection"]["ends_at"]).since(world.now()) / 86_400_000_000;
        assert!((59..=60).contains(&left), "the time that was left of it, not {left}");
        assert!(heard(&world, partner).contains("deal.protection_awarded"));
        let lost = heard(&world, rivals);
        assert!(lost.contains("deal.protection_lost") && !lost.contains(deal["number"].as_str().unwrap()), "{lost}");
        let line = ops.get(&path(&rival, "/history?limit=200")).await.expect(200)["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&line["action"], &line["reason_code"]), (&json!("case_decision"), &json!("case_decision")), "{line}");
        assert_eq!(third.post(&case_path(&case, "/resolve"), for_first()).await.refused(409), "invalid_state");
    }

    async fn a_case_that_is_decided_for_the_holder_leaves_the_protection_where_it_is(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (ops, judge, third) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let deal = approved(&world, &sales, complete()).await;
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        let case = the_case(&ops, &upheld).await;
        let none = json!({"reason": "They are two plants."});
        assert_eq!(third.post(&case_path(&case, "/close"), none).await.refused(409), "protection_overlap", "the two do meet");
        assert_eq!(the_case(&ops, &upheld).await["status"], "opened");
        third.post(&case_path(&case, "/resolve"), json!({"outcome": "award_second", "reason": "The customer chose them."})).await.expect(200);
        assert_eq!(state(&ops, &deal).await, json!(["approved", "released"]));
        assert_eq!(state(&ops, &rival).await, json!(["approved", "active"]));
        assert_eq!(other.get(&path(&rival, "")).await.expect(200)["protection"], rival["protection"]);
    }

    async fn those_who_share_are_protected_side_by_side(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (ops, judge, third) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let deal = approved(&world, &sales, complete()).await;
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        let case = the_case(&ops, &upheld).await;
        third.post(&case_path(&case, "/resolve"), json!({"outcome": "co_sell", "reason": "Each has a half of the site."})).await.expect(200);
        assert_eq!([state(&ops, &deal).await, state(&ops, &rival).await], [json!(["approved", "active"]), json!(["approved", "active"])]);
        let mine = ops.get(&format!("/v1/protections?deal_id={}&state=active", deal["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(mine["data"][0]["exclusive"], false, "it shuts out nobody");
    }

    async fn a_refused_registration_wins_its_case_and_is_granted(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, judge, third) = (world.vendor(Role::Approver), world.vendor(Role::Admin), world.vendor(Role::Admin));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        assert_eq!(upheld["remedy"], "contested");
        assert_eq!(state(&judge, &deal).await, json!(["in_review", "queued"]));
        assert_eq!(approver.post(&path(&deal, "/approve"), json!({})).await.refused(409), "protection_overlap");
        let case = the_case(&judge, &upheld).await;
        third.post(&case_path(&case, "/resolve"), for_first()).await.expect(200);
        assert_eq!([state(&judge, &deal).await, state(&judge, &rival).await], [json!(["approved", "active"]), json!(["approved", "released"])]);
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
    }

    async fn who_decides_a_case_grants_nothing_that_others_must_agree_to(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, judge, third) = (world.vendor(Role::Approver), world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        let case = the_case(&judge, &upheld).await;
        third.post(&case_path(&case, "/resolve"), for_first()).await.expect(200);
        // The scope is free for it, and whoever approves registrations has the last word on this one.
        assert_eq!([state(&judge, &deal).await, state(&judge, &rival).await], [json!(["in_review", "queued"]), json!(["approved", "released"])]);
        let told = sales.get(&path(&deal, "/history?limit=200")).await.expect(200);
        assert_eq!(told["data"].as_array().unwrap().last().unwrap()["action"], "case_decision");
        world.vendor(Role::Approver).post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!(state(&judge, &deal).await, json!(["approved", "active"]));
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
    }

    async fn a_case_and_a_competitors_approval_end_in_one_protection(world: World) {
        let program = Program::new(&world).await;
        let (sales, other, late) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")), program.sales(program.partner("Westwerk")));
        let (ops, judge, third, approver) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.vendor(Role::ChannelOps), world.vendor(Role::Approver));
        let deal = approved(&world, &sales, complete()).await;
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let rival = approved(&world, &other, complete()).await;
        let waiting = submitted(&late, complete()).await;
        let upheld = judge.post(&format!("{at}/uphold"), contested()).await.expect(200);
        let case = the_case(&ops, &upheld).await;
        let (resolve, withdraw, approve) = (case_path(&case, "/resolve"), path(&rival, "/withdraw"), path(&waiting, "/approve"));
        let (resolved, (gone, granted)) = join(third.post(&resolve, for_first()), async {
            (other.post(&withdraw, json!({})).await, approver.post(&approve, json!({})).await)
        }).await;
        assert_eq!(gone.status, 200, "{}", gone.body);
        let mut codes = [resolved.status, granted.status];
        codes.sort_unstable();
        assert_eq!(codes, [200, 409], "{} {}", resolved.body, granted.body);
        assert_eq!(protections(&world, &[&deal, &rival, &waiting]).await, 1);
    }

    async fn a_refused_registration_can_be_granted_at_once_by_who_may_decide_its_chain(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, judge) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let grant = json!({"reason_text": "Separate companies.", "relief": "approve"});
        assert_eq!(guards(&judge.post(&format!("{at}/uphold"), grant.clone()).await.expect(409)), ["step_role"]);
        let judge = world.vendor(Role::Admin);
        let upheld = judge.post(&format!("{at}/uphold"), grant).await.expect(200);
        assert_eq!(upheld["remedy"], "approved");
        let back = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((back["review_status"].as_str(), back["protection"]["state"].as_str()), (Some("approved"), Some("active")));
        assert_eq!(back["decision"]["policy_version"], 0);
    }

    async fn an_appeal_has_its_time_and_the_partner_can_take_it_back(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, judge, other) = (world.vendor(Role::Approver), world.vendor(Role::Admin), world.vendor(Role::Admin));
        let late = submitted(&sales, complete()).await;
        approver.post(&path(&late, "/reject"), refusal()).await.expect(200);
        world.clock.advance_days(11);
        assert_eq!(guards(&sales.post(&path(&late, "/appeals"), grounds()).await.expect(409)), ["appeal_window"]);
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        judge.post(&format!("{at}/claim"), json!({})).await.expect(200);
        assert_eq!(guards(&other.post(&format!("{at}/dismiss"), because()).await.expect(409)), ["claimed_by_another"]);
        assert_eq!(judge.get(&at).await.expect(200)["adjudicator"], json!(judge.caller().actor_text()));
        assert_eq!(sales.get(&at).await.expect(200)["adjudicator"], Value::Null);
        let back = sales.post(&format!("{at}/withdraw"), json!({})).await.expect(200);
        assert_eq!(back["status"], "withdrawn");
        assert_eq!(judge.post(&format!("{at}/dismiss"), because()).await.refused(409), "invalid_state");
        assert_eq!(guards(&sales.post(&path(&deal, "/appeals"), grounds()).await.expect(409)), ["appealed_once"]);
    }

    async fn an_appeal_is_over_when_the_registration_is_reopened(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, ops, second) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let asked = ops.post(&path(&deal, "/reopenings"), json!({"reason_code": "wrong_data", "reason_text": "A mistake."})).await.expect(201);
        second.post(&format!("/v1/deal-reopenings/{}/approve", asked["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!(sales.get(&at).await.expect(200)["status"], "withdrawn");
    }

    async fn two_appeals_at_once_are_one_and_none_comes_without_evidence(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let approver = world.vendor(Role::Approver);
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = path(&deal, "/appeals");
        for none in [json!({"grounds": "It is another plant."}), json!({"grounds": "It is another plant.", "evidence": []})] {
            assert_eq!(sales.post(&at, none).await.refused(422), "validation_failed");
        }
        let (one, two) = join(sales.post(&at, grounds()), sales.post(&at, grounds())).await;
        let mut codes = [one.status, two.status];
        codes.sort_unstable();
        assert_eq!(codes, [201, 409], "{} {}", one.body, two.body);
        assert_eq!(sales.get(&at).await.expect(200)["data"].as_array().unwrap().len(), 1);
    }

    async fn two_adjudicators_decide_once(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (ops, one, two) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.vendor(Role::Approver));
        let deal = approved(&world, &sales, complete()).await;
        ops.post(&path(&deal, "/revoke"), revocation()).await.expect(200);
        let at = appeal(&sales, &deal).await;
        let (uphold, dismiss) = (format!("{at}/uphold"), format!("{at}/dismiss"));
        let (upheld, dismissed) = join(one.post(&uphold, because()), two.post(&dismiss, because())).await;
        let mut codes = [upheld.status, dismissed.status];
        codes.sort_unstable();
        assert_eq!(codes, [200, 409], "{} {}", upheld.body, dismissed.body);
        let expected = usize::from(upheld.status == 200);
        assert_eq!(protections(&world, &[&deal]).await, expected);
    }

    async fn an_appeal_and_a_competitors_approval_end_in_one_protection(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, judge) = (world.vendor(Role::Approver), world.vendor(Role::Admin));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let rival = submitted(&other, complete()).await;
        let at = appeal(&sales, &deal).await;
        let (uphold, approve) = (format!("{at}/uphold"), path(&rival, "/approve"));
        let grant = json!({"reason_text": "Separate companies.", "relief": "approve"});
        let (upheld, granted) = join(judge.post(&uphold, grant), approver.post(&approve, json!({}))).await;
        let mut codes = [upheld.status, granted.status];
        codes.sort_unstable();
        assert_eq!(codes, [200, 409], "{} {}", upheld.body, granted.body);
        assert_eq!(protections(&world, &[&deal, &rival]).await, 1);
    }
}
