//! Segments of partners: the policy's own words, each with its reason, for the vendor alone; and what is asked by them.

use futures_util::future::join_all;
use openprm::{
    auth::{Role, Rows},
    schema,
};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, heard, path, submitted},
    support::{Client, World, publish_policy},
};

fn set(segment: Value) -> Value {
    json!({"segment": segment, "reason_text": "The year's review said so."})
}

async fn found(client: &Client<'_>, address: &str) -> Vec<Value> {
    let page = client.get(address).await.expect(200);
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["segment"].clone())
        .collect()
}

async fn steps(client: &Client<'_>, deal: &Value) -> Vec<String> {
    let chain = client.get(&path(deal, "/approval-chain")).await.expect(200);
    let steps = chain["data"].as_array().unwrap().iter();
    steps.map(|step| step["name"].as_str().unwrap().to_owned()).collect()
}

fn strategic_too() -> Value {
    json!({"approval_chain": [
        {"name": "Always", "role": "approver"},
        {"name": "Strategic", "role": "finance", "segments": ["strategic", "exit_review"]},
    ]})
}

fn told(world: &World) -> i64 {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use schema::events::dsl as e;
    world.sql(|tx| {
        Ok(e::events
            .filter(e::event_type.eq("partner.segment_changed"))
            .count()
            .get_result(tx.conn())?)
    })
}

fn counts(simulation: &Value, question: &str) -> [i64; 4] {
    let rows = simulation["counts"].as_array().unwrap();
    let row = rows.iter().find(|row| row["question"] == question).unwrap();
    ["asked", "before", "after", "differing"].map(|name| row[name].as_i64().unwrap())
}

each_engine! {
    async fn a_partner_is_put_into_a_segment_with_a_reason_and_what_was_stays(world: World) {
        let program = Program::new(&world).await;
        let (partner, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let ops = world.vendor(Role::ChannelOps);
        let at = format!("/v1/partners/{partner}/segments");
        assert!(found(&ops, &at).await.is_empty());
        let first = ops.post(&at, set(json!("grow"))).await.expect(201);
        assert_eq!((&first["segment"], &first["policy_version"], &first["partner_id"]), (&json!("grow"), &json!(0), &json!(partner)));
        let between = world.now();
        world.clock.advance_days(30);
        ops.post(&at, set(json!("strategic"))).await.expect(201);
        assert_eq!(found(&ops, &at).await, ["strategic", "grow"]);
        assert_eq!(found(&ops, &format!("{at}?as_of={between}")).await, ["grow"]);
        assert!(found(&ops, &format!("{at}?as_of=2026-01-01T00:00:00Z")).await.is_empty());
        let one = format!("{at}/{}", first["id"].as_str().unwrap());
        assert_eq!(ops.get(&one).await.expect(200), first);
        ops.get(&one.replace(&partner.to_string(), &other.to_string())).await.refused(404);

        assert_eq!(guards(&ops.post(&at, set(json!("strategic"))).await.expect(409)), ["unchanged"]);
        let unknown = ops.post(&at, set(json!("gold"))).await.expect(409);
        assert_eq!((&unknown["code"], &unknown["errors"][0]["pointer"]), (&json!("unknown_reference"), &json!("#/segment")));
        for wrong in [set(json!("Gold")), json!({"segment": "grow"}), json!({"segment": "grow", "reason_text": ""})] {
            assert_eq!(ops.post(&at, wrong).await.refused(422), "validation_failed");
        }
        ops.post(&at, set(Value::Null)).await.expect(201);
        assert_eq!(found(&ops, &at).await, [Value::Null, json!("strategic"), json!("grow")]);
        assert_eq!(told(&world), 3);

        // The vendor's own: partners neither read it nor hear of it, and whoever is limited to some partners reads theirs.
        program.sales(partner).get(&at).await.refused(403);
        assert!(!heard(&world, partner).contains("segment"));
        world.vendor(Role::Analyst).get(&at).await.expect(200);
        world.vendor(Role::Cam).post(&at, set(json!("grow"))).await.refused(403);
        world.vendor_of(Role::Cam, Rows::Partners([partner].into())).get(&at).await.expect(200);
        let elsewhere = world.vendor_of(Role::Cam, Rows::Partners([other].into()));
        elsewhere.get(&at).await.refused(404);
        elsewhere.get(&one).await.refused(404);
    }

    async fn of_many_who_say_the_same_at_once_one_is_heard(world: World) {
        let program = Program::new(&world).await;
        let at = format!("/v1/partners/{}/segments", program.partner("Nordwind"));
        let people: Vec<Client<'_>> = (0..8).map(|_| world.vendor(Role::ChannelOps)).collect();
        let answers = join_all(people.iter().map(|one| one.post(&at, set(json!("grow"))))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 7));
        for answer in refused {
            assert_eq!(guards(&answer.expect(409)), ["unchanged"], "each sees the one before");
        }
        assert_eq!(found(&people[0], &at).await, ["grow"]);
    }

    async fn the_segments_are_the_programs_own(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        let at = format!("/v1/partners/{}/segments", program.partner("Nordwind"));
        let own = json!([{"code": "gold", "labels": {"en": "Gold"}}, {"code": "maintain"}]);
        publish_policy(&world, json!({"partners": {"segments": own}})).await;
        let made = ops.post(&at, set(json!("gold"))).await.expect(201);
        assert_eq!(made["policy_version"], 1);
        assert_eq!(ops.post(&at, set(json!("grow"))).await.refused(409), "unknown_reference");
        // What the list has given up is kept by who is in it.
        publish_policy(&world, json!({"partners": {"segments": []}})).await;
        assert_eq!(found(&ops, &at).await, ["gold"]);
        ops.post(&at, set(json!("grow"))).await.expect(201);
        let faulty = ops.post("/v1/policies", json!({"partners": {"segments": [{"code": "gold"}, {"code": "grow"}, {"code": "grow"}]}})).await.expect(201);
        let refused = ops.post(&format!("/v1/policies/{}/publish", faulty["id"].as_str().unwrap()), json!({})).await.expect(409);
        assert_eq!(guards(&refused), ["segment_labelled", "said_once"]);
    }

    async fn an_approval_chain_asks_by_the_segment_of_the_partner(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        let at = format!("/v1/partners/{partner}/segments");
        publish_policy(&world, json!({"registration": strategic_too()})).await;
        let draft = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(steps(&sales, &draft).await, ["Always"], "a partner without segment is in none");
        ops.post(&at, set(json!("strategic"))).await.expect(201);
        assert_eq!(steps(&sales, &draft).await, ["Always", "Strategic"], "the preview says who will be asked");
        let deal = sales.post(&path(&draft, "/submit"), json!({})).await.expect(200);
        ops.post(&at, set(json!("maintain"))).await.expect(201);
        assert_eq!(steps(&sales, &deal).await, ["Always", "Strategic"], "what has begun goes on as it began");
        let next = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(steps(&sales, &next).await, ["Always"]);
    }

    async fn a_simulation_asks_by_the_segment_of_then_and_counts_stages_that_are_gone(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        let at = format!("/v1/partners/{partner}/segments");
        ops.post(&at, set(json!("strategic"))).await.expect(201);
        let deal = submitted(&sales, complete()).await;
        world.clock.advance_days(1);
        ops.post(&at, set(json!("maintain"))).await.expect(201);
        let draft = json!({
            "registration": strategic_too(),
            "pipeline": {"stages": [{"code": "qualified"}, {"code": "committed"}]},
        });
        let draft = ops.post("/v1/policies", draft).await.expect(201);
        let simulation = ops.post(&format!("/v1/policies/{}/simulate", draft["id"].as_str().unwrap()), json!({})).await.expect(201);
        assert_eq!(counts(&simulation, "approval_steps"), [1, 1, 2, 1]);
        assert_eq!(counts(&simulation, "retired_stage"), [1, 0, 1, 1]);
        let rows = format!("/v1/policy-simulations/{}/rows?question=retired_stage", simulation["id"].as_str().unwrap());
        let row = ops.get(&rows).await.expect(200)["data"][0].clone();
        assert_eq!((&row["deal_id"], &row["before"], &row["after"]), (&deal["id"], &json!("no"), &json!("prospect")));
    }
}
