//! Undoing a mistaken decision: two people, the place in the queue, and nothing taken from anybody else.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted},
    support::Client,
};

const REFUSAL: &str = r#"{"reason_code": "not_qualified", "reason_text": "Nobody buys yet."}"#;

fn refusal() -> Value {
    serde_json::from_str(REFUSAL).unwrap()
}

fn mistake() -> Value {
    json!({"reason_code": "wrong_data", "reason_text": "It was another plant's project."})
}

async fn ask(client: &Client<'_>, deal: &Value) -> String {
    let asked = client.post(&path(deal, "/reopenings"), mistake()).await.expect(201);
    assert_eq!(asked["status"], "requested");
    format!("/v1/deal-reopenings/{}", asked["id"].as_str().unwrap())
}

each_engine! {
    async fn two_people_undo_a_refusal_and_the_registration_keeps_its_place(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(approver.post(&path(&deal, "/reopenings"), mistake()).await.refused(409), "invalid_state");
        let later = submitted(&other, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = ask(&ops, &deal).await;
        assert_eq!(ops.post(&path(&deal, "/reopenings"), mistake()).await.refused(409), "already_exists");
        assert_eq!(guards(&ops.post(&format!("{at}/approve"), json!({})).await.expect(409)), ["another_person"]);
        assert_eq!(guards(&ops.post(&format!("{at}/reject"), json!({})).await.expect(409)), ["another_person"]);
        assert_eq!(guards(&approver.post(&format!("{at}/approve"), json!({})).await.expect(409)), ["decider_role"]);
        assert_eq!(sales.get(&path(&deal, "/reopenings")).await.refused(403), "forbidden");
        let second = world.vendor(Role::Admin);
        let agreed = second.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!((&agreed["status"], &agreed["from_status"]), (&json!("approved"), &json!("rejected")));
        let open = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((open["review_status"].as_str(), &open["review"]["round"]), (Some("in_review"), &json!(2)));
        assert_eq!(open["received_at"], deal["received_at"], "the vendor's mistake costs no place");
        assert_eq!(guards(&approver.post(&path(&later, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        let granted = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!(granted["protection"]["state"], "active");
        let outcomes: Vec<Value> = ops.get(&path(&deal, "/decisions")).await.expect(200)["data"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
        assert_eq!(outcomes, [json!("rejected"), json!("reopened"), json!("approved")]);
        assert_eq!(second.post(&format!("{at}/approve"), json!({})).await.refused(409), "invalid_state");
    }

    async fn undoing_an_approval_releases_what_it_protected(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let at = ask(&approver, &deal).await;
        ops.post(&format!("{at}/approve"), json!({})).await.expect(200);
        let open = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((open["review_status"].as_str(), open["protection"]["state"].as_str()), (Some("in_review"), Some("released")));
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
    }

    async fn nothing_is_reopened_over_somebody_elses_protection(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        let later = submitted(&other, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let at = ask(&ops, &deal).await;
        approver.post(&path(&later, "/approve"), json!({})).await.expect(200);
        let second = world.vendor(Role::Admin);
        assert_eq!(guards(&second.post(&format!("{at}/approve"), json!({})).await.expect(409)), ["scope_free"]);
        let actions = second.get(&path(&deal, "/actions")).await.expect(200);
        let approve = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "approve_reopening").unwrap();
        assert_eq!((&approve["available"], &approve["failing"][0]["guard"]), (&json!(false), &json!("scope_free")));
        let back = ops.post(&format!("{at}/withdraw"), json!({})).await.expect(200);
        assert_eq!(back["status"], "withdrawn");
    }

    async fn what_was_withdrawn_comes_back_at_the_end_of_the_queue(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        let later = submitted(&other, complete()).await;
        sales.post(&path(&deal, "/withdraw"), json!({})).await.expect(200);
        let at = ask(&approver, &deal).await;
        ops.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!(guards(&approver.post(&path(&deal, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        approver.post(&path(&later, "/approve"), json!({})).await.expect(200);
    }

    async fn a_registration_that_was_made_anew_stands_in_the_way(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        submitted(&sales, complete()).await;
        assert_eq!(guards(&ops.post(&path(&deal, "/reopenings"), mistake()).await.expect(409)), ["no_open_registration"]);
    }
}
