//! From which score on two descriptions are one customer: said by the policy, used by every check, and simulated over the checks
//! there were.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted, with},
    support::{Client, World, publish_policy},
};

/// The customer in full, as the one partner knows it.
fn known() -> Value {
    json!({"name": "Kupferschmiede Altmann GmbH", "phone": "+49 711 5550100", "street": "Hauptstraße 5", "postal_code": "70173", "city": "Stuttgart", "country": "DE"})
}

/// As another partner knows it: the same name and telephone, at another place.
fn alike() -> Value {
    json!({"name": "Kupferschmiede Altmann GmbH", "phone": "+49 711 5550100", "street": "Werkstraße 77", "postal_code": "73728", "city": "Esslingen", "country": "DE"})
}

/// How surely the last check of a registration knew its customer, and what it came to.
async fn check(client: &Client<'_>, deal: &Value) -> (String, String) {
    let check = client
        .post(&path(deal, "/conflict-checks"), json!({}))
        .await
        .expect(201);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let candidates = check["assessment"]["candidates"].as_array().unwrap();
    let claimed = candidates
        .iter()
        .find(|one| one["relation"] == "itself" && one["decisive"] == false);
    (
        claimed.map(|one| text(&one["class"])).unwrap_or_default(),
        text(&check["verdict"]),
    )
}

async fn matching(world: &World, same: i64, probable: i64, possible: i64) {
    let matching = json!({"same": same, "probable": probable, "possible": possible});
    publish_policy(world, json!({"conflict": {"matching": matching}})).await;
}

fn counts(simulation: &Value, question: &str) -> Vec<i64> {
    let counts = simulation["counts"].as_array().unwrap();
    let Some(count) = counts.iter().find(|count| count["question"] == question) else {
        return Vec::new();
    };
    let number = |name: &str| count[name].as_i64().unwrap();
    ["asked", "before", "after", "differing", "partners"]
        .map(number)
        .to_vec()
}

/// How surely the description is the customer of that account.
async fn resolved(client: &Client<'_>, account: &Value) -> (String, f64) {
    let described = json!({"name": "Kupferschmiede Altmann GmbH", "phone": "+49 711 5550100", "address": {"street": "Werkstraße 77", "postal_code": "73728", "city": "Esslingen", "country": "DE"}});
    let found = client
        .post("/v1/customer-accounts/resolve", described)
        .await
        .expect(200);
    let candidates = found["candidates"].as_array().unwrap();
    let known = candidates
        .iter()
        .find(|candidate| candidate["account_id"] == *account)
        .unwrap();
    (
        known["class"].as_str().unwrap().to_owned(),
        known["score"].as_f64().unwrap(),
    )
}

each_engine! {
    async fn the_program_says_how_alike_two_customers_must_be(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&first, with(json!({"customer": known()}))).await;
        if deal["review_status"] != "approved" {
            approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        }
        let account = &first.get(&path(&deal, "")).await.expect(200)["customer_account_id"];
        let (class, score) = resolved(&ops, account).await;
        assert_eq!(class, "probable", "{score}");
        let other = submitted(&second, with(json!({"customer": alike()}))).await;
        assert_eq!(check(&approver, &other).await, ("probable".to_owned(), "review".to_owned()));

        let strict = json!({"conflict": {"matching": {"same": 900, "probable": 795, "possible": 500}}});
        let draft = ops.post("/v1/policies", strict).await.expect(201);
        let simulation = ops.post(&format!("/v1/policies/{}/simulate", draft["id"].as_str().unwrap()), json!({})).await.expect(201);
        assert_eq!(counts(&simulation, "match_class"), [2, 1, 0, 1, 1], "{simulation}");
        let rows = format!("/v1/policy-simulations/{}/rows?question=match_class,check_verdict", simulation["id"].as_str().unwrap());
        let rows = ops.get(&rows).await.expect(200);
        let rows: Vec<_> = rows["data"].as_array().unwrap().iter().map(|row| (row["deal_id"].clone(), row["before"].clone(), row["after"].clone())).collect();
        assert_eq!(rows, [(other["id"].clone(), json!("probable"), json!("possible")), (other["id"].clone(), json!("review"), json!("advisory"))]);

        matching(&world, 900, 795, 500).await;
        assert_eq!(resolved(&ops, account).await.0, "possible");
        assert_eq!(check(&approver, &other).await, ("possible".to_owned(), "advisory".to_owned()), "what was remembered of the customer is judged anew");
        matching(&world, 700, 600, 500).await;
        assert_eq!(resolved(&ops, account).await.0, "same_entity");
        assert_eq!(check(&approver, &other).await, ("same_entity".to_owned(), "review".to_owned()), "a likeness alone never shuts anybody out");
        let third = program.sales(program.partner("Westwind"));
        let silver = |street: &str, postal_code: &str, city: &str| json!({"name": "Silberhütte Brandt GmbH", "phone": "+49 221 5550199", "street": street, "postal_code": postal_code, "city": city, "country": "DE"});
        let before = submitted(&first, with(json!({"customer": silver("Domplatz 1", "50667", "Köln")}))).await;
        let tied = submitted(&third, with(json!({"customer": silver("Hafenstraße 8", "40213", "Düsseldorf")}))).await;
        let account = async |deal: &Value| approver.get(&path(deal, "")).await.expect(200)["customer_account_id"].clone();
        assert_eq!(account(&tied).await, account(&before).await, "who is the same customer is tied to its account");
        assert_ne!(tied["review_status"], "approved", "nothing is approved without a person over a likely match");
    }

    async fn a_stored_check_is_run_again_under_the_scores_it_knew_or_under_those_of_now(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = submitted(&first, with(json!({"customer": known()}))).await;
        if deal["review_status"] != "approved" {
            approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        }
        let other = submitted(&second, with(json!({"customer": alike()}))).await;
        let stored = approver.post(&path(&other, "/conflict-checks"), json!({})).await.expect(201);
        matching(&world, 900, 795, 500).await;
        let at = format!("/v1/conflict-checks/{}/replay", stored["id"].as_str().unwrap());
        let again = ops.post(&at, json!({})).await.expect(201);
        assert_eq!((&again["reproduced"], &again["check"]["verdict"], &again["check"]["policy_version"]), (&json!(true), &json!("review"), &json!(0)));
        let anew = ops.post(&at, json!({"basis": "present_policy"})).await.expect(201);
        assert_eq!((&anew["check"]["verdict"], &anew["check"]["policy_version"]), (&json!("advisory"), &json!(1)));
    }

    async fn scores_that_make_no_sense_are_refused(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        for wrong in [json!({"same": 699}), json!({"same": 951}), json!({"probable": 549}), json!({"probable": 801}), json!({"possible": 399}), json!({"possible": 701}), json!({"same": 0.8}), json!({"sure": 900})] {
            ops.post("/v1/policies", json!({"conflict": {"matching": wrong}})).await.expect(422);
        }
        for apart in [json!({"same": 700, "probable": 700}), json!({"probable": 600, "possible": 700}), json!({"same": 800, "probable": 760}), json!({"possible": 620})] {
            let draft = ops.post("/v1/policies", json!({"conflict": {"matching": apart}})).await.expect(201);
            let publish = format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap());
            assert_eq!(guards(&ops.post(&publish, json!({})).await.expect(409)), ["thresholds_apart"], "{apart}");
        }
    }

    async fn whose_evidence_would_have_counted_is_simulated(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let (approver, ops) = (world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let one = submitted(&first, complete()).await;
        let two = submitted(&second, complete()).await;
        second.post(&path(&two, "/evidence"), json!({"kind": "meeting", "reference": "Kick-off"})).await.expect(201);
        approver.post(&path(&one, "/approve"), json!({})).await.expect(200);
        // What is shown after the grant could not have counted.
        first.post(&path(&one, "/evidence"), json!({"kind": "customer_letter", "reference": "Letter"})).await.expect(201);
        let simulate = async |rule: &str| {
            let draft = ops.post("/v1/policies", json!({"registration": {"first_in_time": rule}})).await.expect(201);
            ops.post(&format!("/v1/policies/{}/simulate", draft["id"].as_str().unwrap()), json!({})).await.expect(201)
        };
        assert_eq!(counts(&simulate("evidence_weighted").await, "passing_over"), [1, 0, 1, 1, 1]);
        assert_eq!(counts(&simulate("first_approved").await, "passing_over"), [1, 0, 0, 0, 0]);
    }
}
