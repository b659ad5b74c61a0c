//! What a policy would have made of what came after deals were sent in: more time, changes, wins, who decided, and why.

use openprm::auth::{Role, Rows};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, path, submitted, with},
    support::{Client, World},
};

/// The counts of a simulation by question: asked, before, after, differing, partners.
fn counts(simulation: &Value, question: &str) -> [i64; 5] {
    let rows = simulation["counts"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["question"] == question)
        .unwrap_or_else(|| panic!("no {question}: {simulation}"));
    ["asked", "before", "after", "differing", "partners"].map(|name| row[name].as_i64().unwrap())
}

async fn simulated(ops: &Client<'_>, draft: Value) -> Value {
    let draft = ops.post("/v1/policies", draft).await.expect(201);
    let at = format!("/v1/policies/{}/simulate", draft["id"].as_str().unwrap());
    ops.post(&at, json!({})).await.expect(201)
}

/// What the simulation found for a question: before and after, deal by deal.
async fn rows(client: &Client<'_>, simulation: &Value, question: &str) -> Vec<(String, String)> {
    let at = format!(
        "/v1/policy-simulations/{}/rows?question={question}",
        simulation["id"].as_str().unwrap()
    );
    let page = client.get(&at).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["before"]), text(&row["after"]))).collect()
}

fn pair(before: &str, after: &str) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

/// Another customer's registration.
fn other() -> Value {
    with(
        json!({"title": "Betabau", "customer": {"name": "Betabau GmbH", "website": "https://www.betabau.example", "city": "Bremen", "country": "DE"}}),
    )
}

/// One deal that was granted, changed, extended and won, and one that was refused, all by somebody who looked after the partner.
async fn history(world: &World) {
    let program = Program::new(world).await;
    let partner = program.partner("Nordwind");
    let (sales, approver, ops) = (
        program.sales(partner),
        world.vendor(Role::Approver),
        world.vendor(Role::ChannelOps),
    );
    world.holds(&approver, Role::Approver);
    let manager =
        json!({"role": "primary", "user_id": approver.caller().user().unwrap().to_string(), "reason_code": "workload"});
    ops.post(&format!("/v1/partners/{partner}/account-managers"), manager)
        .await
        .expect(201);
    let deal = submitted(&sales, complete()).await;
    approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
    let more = json!({"amount": {"amount": "55000.00", "currency": "EUR"}, "reason": "More branches."});
    let amended = sales.post(&path(&deal, "/amendments"), more).await.expect(201);
    assert_eq!(amended["status"], "applied");
    world.clock.advance_days(80);
    let stage = json!({"stage": "qualified", "next_step": "Offer."});
    sales.post(&path(&deal, "/move-stage"), stage).await.expect(200);
    let asked = sales
        .post(
            &path(&deal, "/extensions"),
            json!({"activity": "The offer is with the board."}),
        )
        .await;
    let asked = asked.expect(201);
    let grant = format!("/v1/deal-extensions/{}/grant", asked["id"].as_str().unwrap());
    approver.post(&grant, json!({})).await.expect(200);
    let order = json!({"evidence": [{"kind": "purchase_order", "reference": "PO-4711", "issued_on": "2027-02-08"}]});
    sales.post(&path(&deal, "/win"), order).await.expect(200);
    let refused = submitted(&sales, other()).await;
    let why = json!({"reason_code": "not_qualified", "reason_text": "Nobody knows of a project."});
    approver.post(&path(&refused, "/reject"), why).await.expect(200);
}

each_engine! {
    async fn what_came_after_a_deal_was_sent_in_is_judged_again(world: World) {
        history(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        let same = simulated(&ops, json!({"note": "Nothing is changed."})).await;
        assert_eq!((&same["deals"], &same["found_rows"]), (&json!(2), &json!(0)));
        let found = simulated(&ops, json!({
            "registration": {"extensions": 0, "extension_days": 30, "amendment_percent": 10, "won_after_hours": 8760, "segregation": {"managed_partners": true}},
            "reasons": {"rejection": [{"code": "out_of_scope"}]},
        })).await;
        for (question, expected, differing) in [
            ("extension_limits", [1, 0, 1, 1, 1], pair("none", "end_within_limit, extension_left")),
            ("amendment_review", [1, 0, 1, 1, 1], pair("0", "1")),
            ("won_too_early", [1, 0, 1, 1, 1], pair("no", "yes")),
            ("retired_reason", [1, 0, 1, 1, 1], pair("none", "rejection/not_qualified")),
        ] {
            assert_eq!(counts(&found, question), expected, "{question}");
            assert_eq!(rows(&ops, &found, question).await, [differing], "{question}");
        }
        assert_eq!(counts(&found, "segregation"), [2, 0, 3, 2, 1], "a grant, more time, and a refusal");
        let mut kept = rows(&ops, &found, "segregation").await;
        kept.sort();
        assert_eq!(kept, [pair("none", "not_managed_partner: 1"), pair("none", "not_managed_partner: 2")]);

        let stranger = world.vendor_of(Role::Cam, Rows::Partners(std::sync::Arc::from([])));
        assert_eq!(rows(&stranger, &found, "segregation").await, [], "of other partners an account manager reads nothing");

        let wide = simulated(&ops, json!({"registration": {"extension_days": 90, "amendment_percent": 100, "won_after_hours": 0}})).await;
        assert_eq!(wide["found_rows"], 0, "nobody ran into what is wider now: {wide}");
    }
}
