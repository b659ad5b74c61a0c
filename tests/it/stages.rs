//! The stages of a sale: the program's own, along the steps that it allows, with the ends that every program has.

use openprm::{auth::Role, error::Error};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, guards, path, submitted},
    scene::run,
    support::{Client, Response, publish_policy},
};

fn own() -> Value {
    json!({"pipeline": {"stages": [
        {"code": "lead", "labels": {"en": "Lead", "de": "Anfrage"}, "probability": 5, "next": ["qualified"]},
        {"code": "qualified", "probability": 30},
        {"code": "pilot", "labels": {"de": "Pilot"}, "probability": 70},
    ]}})
}

async fn move_to(client: &Client<'_>, deal: &Value, stage: &str) -> Response {
    client.post(&path(deal, "/move-stage"), json!({"stage": stage})).await
}

async fn stages(client: &Client<'_>, language: &str) -> Value {
    let headers = [("accept-language", language)];
    let form = client
        .send(actix_web::http::Method::GET, "/v1/schema/deals", &headers, None)
        .await
        .expect(200);
    form["stages"].clone()
}

each_engine! {
    async fn a_sale_moves_through_the_stages_of_the_program_along_the_steps_that_it_allows(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let before = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(before["stage"], "prospect");
        assert_eq!(stages(&sales, "de").await[4], json!({"code": "committed", "label": "Zugesagt", "probability": 90, "next": []}));
        publish_policy(&world, own()).await;

        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(deal["stage"], "lead", "a sale begins in the first stage");
        let listed = stages(&sales, "de-CH").await;
        assert_eq!(listed, json!([
            {"code": "lead", "label": "Anfrage", "probability": 5, "next": ["qualified"]},
            {"code": "qualified", "label": "Qualifiziert", "probability": 30, "next": null},
            {"code": "pilot", "label": "Pilot", "probability": 70, "next": null},
        ]));
        let refused = move_to(&sales, &deal, "pilot").await.expect(409);
        assert_eq!(guards(&refused), ["stage_reachable"]);
        assert!(refused.to_string().contains("it is moved to: qualified."), "{refused}");
        let refused = move_to(&sales, &deal, "committed").await.expect(409);
        assert_eq!(guards(&refused), ["stage_offered"]);
        assert!(refused.to_string().contains("lead, qualified, pilot"), "{refused}");
        assert_eq!(guards(&move_to(&sales, &deal, "won").await.expect(409)), ["stage_open"]);
        assert_eq!(move_to(&sales, &deal, "No Stage").await.status, 422);
        move_to(&sales, &deal, "qualified").await.expect(200);
        let moved = move_to(&sales, &deal, "pilot").await.expect(200);
        assert_eq!(moved["stage"], "pilot");
        move_to(&sales, &deal, "lead").await.expect(200);

        // What stands in a stage that is gone keeps it, and goes on from there.
        let kept = sales.get(&path(&before, "")).await.expect(200);
        assert_eq!(kept["stage"], "prospect");
        let found = sales.get("/v1/deals?stage=prospect,lead&sort=created_at").await.expect(200);
        let ids: Vec<&Value> = found["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [&before["id"], &deal["id"]]);
        assert_eq!(sales.get("/v1/deals?stage=prospect").await.expect(200)["data"].as_array().unwrap().len(), 1);
        assert_eq!(move_to(&sales, &before, "pilot").await.expect(200)["stage"], "pilot");
        assert_eq!(guards(&move_to(&sales, &before, "prospect").await.expect(409)), ["stage_offered"]);
        let history = sales.get(&path(&before, "/history?axis=stage")).await.expect(200);
        let line = &history["data"].as_array().unwrap().last().unwrap();
        assert_eq!((&line["from_state"], &line["to_state"]), (&json!("prospect"), &json!("pilot")), "{line}");
    }

    async fn every_program_has_the_two_ends_and_a_win_that_is_sent_back_goes_on_in_the_last_stage(world: World) {
        let program = Program::new(&world).await;
        let (sales, ops) = (program.sales(program.partner("Nordwind")), world.vendor(Role::ChannelOps));
        publish_policy(&world, own()).await;
        let deal = approved(&world, &sales, complete()).await;
        assert_eq!(deal["stage"], "lead");
        world.clock.advance_days(4);
        let won = json!({"evidence": [{"kind": "purchase_order", "reference": "PO-77", "issued_on": "2026-11-20"}]});
        assert_eq!(sales.post(&path(&deal, "/win"), won).await.expect(200)["stage"], "won");
        assert_eq!(move_to(&sales, &deal, "pilot").await.refused(409), "invalid_state");
        let back = json!({"reason_code": "order_not_found", "reason_text": "We do not find it."});
        assert_eq!(ops.post(&path(&deal, "/reject-win"), back).await.expect(200)["stage"], "pilot");
        let lost = sales.post(&path(&deal, "/lose"), json!({"reason_code": "price"})).await.expect(200);
        assert_eq!((&lost["stage"], lost["closed_at"].is_string()), (&json!("closed_lost"), true));
    }

    async fn a_list_that_says_nothing_sound_is_not_published(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let refused = async |stages: Value| {
            let draft = ops.post("/v1/policies", json!({"pipeline": {"stages": stages}})).await.expect(201);
            let at = format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap());
            let problem = ops.post(&at, json!({})).await.expect(409);
            guards(&problem).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let labels = json!({"en": "Lead"});
        assert_eq!(refused(json!([{"code": "lead"}])).await, ["stage_labelled"]);
        assert_eq!(refused(json!([{"code": "won", "labels": labels}])).await, ["stage_open"]);
        assert_eq!(refused(json!([{"code": "lead", "labels": labels, "next": ["pilot"]}])).await, ["stage_offered"]);
        assert_eq!(refused(json!([{"code": "lead", "labels": labels}, {"code": "lead", "labels": labels}])).await, ["said_once"]);
        for wrong in [json!([{"code": "Lead"}]), json!([{"code": "lead", "probability": 101}])] {
            ops.post("/v1/policies", json!({"pipeline": {"stages": wrong}})).await.expect(422);
        }
    }

    async fn the_database_keeps_the_ends_and_the_form_of_stages(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let deal = submitted(&sales, complete()).await;
        let id = deal["id"].as_str().unwrap().to_owned();
        for wrong in ["'won'", "'Lead'", "''", "'two words'", "'qualified', closed_at = 5"] {
            let sql = format!("UPDATE deals SET stage = {wrong} WHERE id = '{id}'");
            let stored = world.db.run_now(&openprm::auth::Caller::system("test"), move |tx| run(tx, &sql));
            assert!(stored.is_err(), "{wrong}");
        }
        let sql = format!("UPDATE deals SET stage = 'pilot' WHERE id = '{id}'");
        world.sql(move |tx| diesel::RunQueryDsl::execute(diesel::sql_query(&sql), tx.conn()).map_err(Error::from));
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["stage"], "pilot");
    }
}
