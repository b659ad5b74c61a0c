//! The chains of what is asked for about a registration: more time, and the undoing of a decision.

use openprm::{auth::Role, jobs::JOBS, kernel::Time};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, sound, submitted, told_of},
    support::{Client, World, publish_policy},
};

async fn policy(world: &World, registration: Value) {
    publish_policy(world, json!({"registration": registration})).await;
}

async fn granted(sales: &Client<'_>, approver: &Client<'_>) -> Value {
    let deal = submitted(sales, complete()).await;
    let deal = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
    sales
        .post(&path(&deal, "/move-stage"), json!({"stage": "qualified"}))
        .await
        .expect(200);
    deal
}

async fn more_time(sales: &Client<'_>, deal: &Value) -> String {
    let asked = sales
        .post(
            &path(deal, "/extensions"),
            json!({"activity": "The offer is with the board."}),
        )
        .await
        .expect(201);
    format!("/v1/deal-extensions/{}", asked["id"].as_str().unwrap())
}

async fn undoing(client: &Client<'_>, deal: &Value) -> String {
    let body = json!({"reason_code": "wrong_data", "reason_text": "It was another plant's project."});
    let asked = client.post(&path(deal, "/reopenings"), body).await.expect(201);
    format!("/v1/deal-reopenings/{}", asked["id"].as_str().unwrap())
}

async fn chain(client: &Client<'_>, deal: &Value, kind: &str) -> (bool, Vec<(String, String)>) {
    let chain = client
        .get(&path(deal, &format!("/approval-chain?kind={kind}")))
        .await
        .expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = chain["data"].as_array().unwrap().iter();
    (
        chain["preview"].as_bool().unwrap(),
        steps.map(|step| (text(&step["name"]), text(&step["status"]))).collect(),
    )
}

fn is(name: &str, status: &str) -> (String, String) {
    (name.to_owned(), status.to_owned())
}

fn escalate(world: &World) -> usize {
    let job = JOBS.iter().find(|job| job.name == "approval_escalations").unwrap();
    world.sql(job.work).done
}

async fn waiting(client: &Client<'_>, kind: &str) -> usize {
    let page = client
        .get(&format!("/v1/approvals?mine=true&kind={kind}"))
        .await
        .expect(200);
    page["data"].as_array().unwrap().len()
}

each_engine! {
    async fn more_time_takes_every_step_of_its_chain(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let (ops, finance) = (world.vendor(Role::ChannelOps), world.vendor(Role::Finance));
        policy(&world, json!({"extension_chain": [{"name": "Program", "role": "channel_ops"}, {"name": "Money", "role": "finance"}]})).await;
        let deal = granted(&sales, &approver).await;
        assert_eq!(chain(&sales, &deal, "deal_extension").await, (true, vec![is("Program", "pending"), is("Money", "waiting")]), "before it is asked");
        let at = more_time(&sales, &deal).await;
        assert_eq!(chain(&ops, &deal, "deal_extension").await, (false, vec![is("Program", "pending"), is("Money", "waiting")]));
        assert_eq!(guards(&approver.post(&format!("{at}/grant"), json!({})).await.expect(409)), ["step_role"]);
        assert_eq!(guards(&finance.post(&format!("{at}/grant"), json!({})).await.expect(409)), ["step_role"]);
        assert_eq!((waiting(&ops, "deal_extension").await, waiting(&finance, "deal_extension").await), (1, 0));
        let some = ops.post(&format!("{at}/grant"), json!({})).await.expect(200);
        assert_eq!((&some["status"], &some["granted_end_at"], &some["revision"]), (&json!("pending"), &Value::Null, &json!(2)));
        assert_eq!(guards(&ops.post(&format!("{at}/grant"), json!({})).await.expect(409)), ["step_role"]);
        assert_eq!((waiting(&ops, "deal_extension").await, waiting(&finance, "deal_extension").await), (0, 1));
        let all = finance.post(&format!("{at}/grant"), json!({"days": 20})).await.expect(200);
        let time = |value: &Value| value.as_str().unwrap().parse::<Time>().unwrap();
        assert_eq!((&all["status"], time(&all["granted_end_at"])), (&json!("granted"), time(&all["previous_end_at"]).plus_days(20)), "the last step's end counts");
        assert_eq!(finance.post(&format!("{at}/grant"), json!({})).await.refused(409), "invalid_state");
        assert!(told_of(&world, "deal").contains("deal.approval_advanced"));
        let history = sales.get(&path(&deal, "/history")).await.expect(200).to_string();
        assert!(!history.contains("Step agreed"), "who of the vendor has agreed is its own business: {history}");
        sound(&world);
    }

    async fn who_refuses_ends_the_chain_and_who_takes_back_leaves_nobody_asked(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let (ops, finance) = (world.vendor(Role::ChannelOps), world.vendor(Role::Finance));
        policy(&world, json!({"extension_chain": [{"name": "Program", "role": "channel_ops", "quorum": 2}, {"name": "Money", "role": "finance"}]})).await;
        let deal = granted(&sales, &approver).await;
        let first = more_time(&sales, &deal).await;
        ops.post(&format!("{first}/grant"), json!({})).await.expect(200);
        assert_eq!(guards(&ops.post(&format!("{first}/grant"), json!({})).await.expect(409)), ["already_decided"]);
        let denied = approver.post(&format!("{first}/deny"), json!({"reason_code": "other", "reason_text": "No."})).await.expect(200);
        assert_eq!(denied["status"], "denied");
        assert_eq!((waiting(&ops, "deal_extension").await, waiting(&finance, "deal_extension").await), (0, 0));
        let second = more_time(&sales, &deal).await;
        sales.post(&format!("{second}/withdraw"), json!({})).await.expect(200);
        assert_eq!(waiting(&world.vendor(Role::ChannelOps), "deal_extension").await, 0);
        let third = more_time(&sales, &deal).await;
        sales.post(&path(&deal, "/lose"), json!({"reason_code": "price"})).await.expect(200);
        assert_eq!(sales.get(&third).await.expect(200)["status"], "withdrawn");
        assert_eq!(waiting(&world.vendor(Role::ChannelOps), "deal_extension").await, 0, "the end of the deal ends it");
    }

    async fn without_a_chain_one_of_the_usual_roles_decides(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let finance = world.vendor(Role::Finance);
        let deal = granted(&sales, &approver).await;
        assert_eq!(chain(&approver, &deal, "deal_extension").await, (true, vec![]));
        let at = more_time(&sales, &deal).await;
        assert_eq!(guards(&finance.post(&format!("{at}/grant"), json!({})).await.expect(409)), ["decider_role"]);
        assert_eq!(guards(&finance.post(&format!("{at}/deny"), json!({"reason_code": "other", "reason_text": "No."})).await.expect(409)), ["decider_role"]);
        // A chain that is published now is for those who ask from now on.
        policy(&world, json!({"extension_chain": [{"name": "Money", "role": "finance"}]})).await;
        assert_eq!(guards(&finance.post(&format!("{at}/grant"), json!({})).await.expect(409)), ["decider_role"]);
        approver.post(&format!("{at}/grant"), json!({})).await.expect(200);
    }

    async fn undoing_a_decision_takes_every_step_of_its_chain(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let (ops, finance) = (world.vendor(Role::ChannelOps), world.vendor(Role::Finance));
        policy(&world, json!({"reopening_chain": [{"name": "Review", "role": "approver"}, {"name": "Money", "role": "finance"}]})).await;
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), json!({"reason_code": "not_qualified", "reason_text": "Nobody buys."})).await.expect(200);
        let at = undoing(&ops, &deal).await;
        assert_eq!(chain(&sales, &deal, "deal_reopening").await, (true, vec![]), "what the vendor asks itself is its own business");
        assert_eq!(chain(&ops, &deal, "deal_reopening").await, (false, vec![is("Review", "pending"), is("Money", "waiting")]));
        assert_eq!(guards(&finance.post(&format!("{at}/approve"), json!({})).await.expect(409)), ["step_role"]);
        let some = approver.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!(some["status"], "requested");
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["review_status"], "rejected");
        finance.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["review_status"], "in_review");
        let decisions = ops.get(&path(&deal, "/decisions")).await.expect(200);
        let last = decisions["data"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["outcome"], &last["reason_labels"]["en"]), (&json!("reopened"), &json!("Made on wrong data")));
        // One who refuses is enough.
        approver.post(&path(&deal, "/reject"), json!({"reason_code": "not_qualified", "reason_text": "Nobody buys."})).await.expect(200);
        let again = undoing(&ops, &deal).await;
        assert_eq!(guards(&finance.post(&format!("{again}/reject"), json!({})).await.expect(409)), ["step_role"], "it is not their turn");
        approver.post(&format!("{again}/reject"), json!({})).await.expect(200);
        assert_eq!(waiting(&approver, "deal_reopening").await, 0);
    }

    async fn a_request_that_waits_too_long_is_escalated_in_business_time(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let step = json!({"name": "Program", "role": "channel_ops", "escalate_after_hours": 24, "escalate_to": "finance"});
        policy(&world, json!({"extension_chain": [step], "escalation_clock": "business_time"})).await;
        let deal = granted(&sales, &approver).await;
        // From Friday on a weekend lies in between.
        world.clock.advance_days(6);
        let at = more_time(&sales, &deal).await;
        world.clock.advance_days(2);
        assert_eq!(escalate(&world), 0, "nobody works on a weekend");
        world.clock.advance_days(2);
        assert_eq!((escalate(&world), escalate(&world)), (1, 0));
        assert!(told_of(&world, "deal").contains("deal.approval_escalated"));
        world.vendor(Role::Finance).post(&format!("{at}/grant"), json!({})).await.expect(200);
    }

    async fn servers_that_agree_at_once_count_each_voice_once(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        policy(&world, json!({"extension_chain": [{"name": "Program", "role": "channel_ops", "quorum": 2}]})).await;
        let deal = granted(&sales, &approver).await;
        let at = format!("{}/grant", more_time(&sales, &deal).await);
        let people = [world.vendor(Role::ChannelOps), world.vendor(Role::ChannelOps), world.vendor(Role::ChannelOps)];
        let answers = futures_util::future::join_all(people.iter().map(|person| person.post(&at, json!({})))).await;
        let agreed = answers.iter().filter(|answer| answer.status == 200).count();
        assert!((1..=2).contains(&agreed), "two are enough, and one may have met the other's lock");
        let status = sales.get(at.trim_end_matches("/grant")).await.expect(200)["status"].clone();
        assert_eq!(status == "granted", agreed == 2);
        sound(&world);
    }

    async fn chains_that_cannot_be_are_refused(world: World) {
        Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        for wrong in [json!({"extension_chain": [{"name": "", "role": "finance"}]}), json!({"reopening_chain": [{"name": "X", "role": "nobody"}]}), json!({"escalation_clock": "moon"})] {
            ops.post("/v1/policies", json!({"registration": wrong})).await.expect(422);
        }
        let unknown = json!({"reopening_chain": [{"name": "X", "role": "finance", "territory_ids": ["territory_01k7wz9d6cfvb8k1zq3n5x7h2a"]}]});
        let problem = ops.post("/v1/policies", json!({"registration": unknown})).await.expect(409);
        assert_eq!((&problem["code"], &problem["errors"][0]["pointer"]), (&json!("unknown_reference"), &json!("#/registration/reopening_chain/0/territory_ids/0")));
    }
}
