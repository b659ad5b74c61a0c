//! Specialisations: awarded because the criteria are met or by hand, for a time, never twice at once.

use diesel::prelude::*;
use futures_util::future::join_all;
use openprm::{auth::Role, error::Error, kernel::ids::PartnerId};
use serde_json::{Value, json};

use crate::{
    partners::published,
    program::{Program, guards, sound},
    support::Client,
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A program, and a specialisation of it that asks for days as an active partner.
async fn expert(ops: &Client<'_>, days: &str) -> (String, Value) {
    let program = published(ops, "RESELL", json!({})).await;
    let criteria = json!([{"metric_key": "days_active", "op": "gte", "threshold": days}]);
    let body = json!({"program_id": program["id"], "code": "EDGE-EXPERT", "name": "Edge expert", "criteria": criteria, "currency": "EUR", "validity_days": 365});
    let made = ops.post("/v1/specialisations", body).await.expect(201);
    (text(&program["id"]).to_owned(), made)
}

async fn enrol(ops: &Client<'_>, program: &str, partner: PartnerId) -> String {
    let made = ops
        .post(
            &format!("/v1/programs/{program}/memberships"),
            json!({"partner_id": partner}),
        )
        .await
        .expect(201);
    format!("/v1/programs/{program}/memberships/{}", text(&made["id"]))
}

fn by_hand(specialisation: &Value, partner: PartnerId) -> Value {
    json!({"specialisation_id": specialisation["id"], "partner_id": partner, "basis": "manual", "reason": "Ran the pilot."})
}

fn by_evaluation(specialisation: &Value, partner: PartnerId) -> Value {
    json!({"specialisation_id": specialisation["id"], "partner_id": partner, "basis": "evaluation"})
}

fn path_of(award: &Value) -> String {
    format!("/v1/specialisation-awards/{}", text(&award["id"]))
}

const AWARDS: &str = "/v1/specialisation-awards";

/// Another award, like the one that there is, a millisecond later.
const COPY: &str = "SELECT 'award_other', specialisation_id, partner_id, basis, reason, findings, valid_from + 1000, valid_until, renewals, renewed_at, withdrawn_at, withdrawal_reason, revision, created_at, updated_at FROM specialisation_awards";

each_engine! {
    async fn it_is_awarded_when_the_criteria_are_met_and_says_what_is_missing(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let (program, expert) = expert(&ops, "400").await;
        assert_eq!(guards(&ops.post(AWARDS, by_evaluation(&expert, member)).await.expect(409)), ["not_a_member", "criterion_not_met"]);
        enrol(&ops, &program, member).await;
        let own = world.partner_user(member, Role::PartnerSales);
        let standing = own.get(&format!("/v1/partners/{member}/specialisations")).await.expect(200);
        let lacking = &standing["data"][0];
        assert_eq!((&lacking["code"], &lacking["held"], &lacking["met"], &lacking["award"]), (&json!("EDGE-EXPERT"), &json!(false), &json!(false), &json!(null)));
        // Active since the first of January, and it is the 21st of November.
        assert_eq!((&lacking["criteria"][0]["actual"], &lacking["criteria"][0]["gap"]), (&json!("324"), &json!("76")));
        let refused = ops.post(AWARDS, by_evaluation(&expert, member)).await.expect(409);
        assert_eq!(guards(&refused), ["criterion_not_met"]);
        assert!(text(&refused["errors"][0]["detail"]).contains("76 is missing"), "{refused}");
        world.clock.advance_days(80);
        let award = ops.post(AWARDS, by_evaluation(&expert, member)).await.expect(201);
        assert_eq!((&award["status"], &award["basis"], &award["findings"][0]["actual"]), (&json!("valid"), &json!("evaluation"), &json!("404")));
        let standing = own.get(&format!("/v1/partners/{member}/specialisations")).await.expect(200);
        assert_eq!((&standing["data"][0]["held"], &standing["data"][0]["award"]["id"]), (&json!(true), &award["id"]));
        assert_eq!(own.get(&path_of(&award)).await.expect(200)["status"], "valid");
    }

    async fn it_is_renewed_from_its_old_end_and_expires_by_the_clock(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let (program, expert) = expert(&ops, "0").await;
        enrol(&ops, &program, member).await;
        let no_reason = json!({"specialisation_id": expert["id"], "partner_id": member, "basis": "manual"});
        assert_eq!(guards(&ops.post(AWARDS, no_reason).await.expect(409)), ["reason_missing"]);
        let start = world.now();
        let award = ops.post(AWARDS, by_hand(&expert, member)).await.expect(201);
        assert_eq!(ops.post(AWARDS, by_hand(&expert, member)).await.refused(409), "already_exists");
        let end = text(&award["valid_until"]).to_owned();
        world.clock.advance_days(300);
        let at = format!("{}/renew", path_of(&award));
        let renewed = ops.post(&at, json!({"basis": "evaluation"})).await.expect(200);
        let ends = |award: &Value| text(&award["valid_until"]).parse::<openprm::kernel::Time>().unwrap();
        assert_eq!((ends(&renewed), &renewed["renewals"]), (end.parse::<openprm::kernel::Time>().unwrap().plus_days(365), &json!(1)));
        assert_eq!(guards(&ops.post(&at, json!({"basis": "evaluation"})).await.expect(409)), ["renewed_already"]);
        let actions = ops.get(&format!("{}/actions", path_of(&award))).await.expect(200);
        let states: Vec<(&str, bool)> = actions["data"].as_array().unwrap().iter().map(|one| (text(&one["action"]), one["available"].as_bool().unwrap())).collect();
        assert_eq!(states, [("renew", false), ("withdraw", true)]);
        world.clock.advance_days(431);
        assert_eq!(ops.get(&path_of(&award)).await.expect(200)["status"], "expired");
        assert_eq!(ops.post(&at, json!({"basis": "evaluation"})).await.refused(409), "invalid_state");
        assert_eq!(ops.post(&format!("{}/withdraw", path_of(&award)), json!({"reason": "Late."})).await.refused(409), "invalid_state");
        let count = |query: String| { let ops = &ops; async move { ops.get(&format!("{AWARDS}?{query}")).await.expect(200)["data"].as_array().unwrap().len() } };
        assert_eq!((count("status=valid".to_owned()).await, count("status=expired".to_owned()).await), (0, 1));
        assert_eq!(count(format!("status=valid&as_of={}", start.plus_days(10))).await, 1);
        assert_eq!(count(format!("status=upcoming&as_of={}", start.plus_days(-10))).await, 1);
        ops.post(AWARDS, by_hand(&expert, member)).await.expect(201);
        sound(&world);
    }

    async fn it_is_withdrawn_with_a_reason_and_partners_are_found_by_it(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let (member, stranger) = (setting.partner("Nordwind"), setting.partner("Suedwind"));
        let (program, expert) = expert(&ops, "0").await;
        let membership = enrol(&ops, &program, member).await;
        let award = ops.post(AWARDS, by_hand(&expert, member)).await.expect(201);
        let listed = |query: &'static str| { let ops = &ops; async move { ops.get(&format!("/v1/partners?{query}")).await.expect(200)["data"].as_array().unwrap().iter().map(|one| text(&one["id"]).to_owned()).collect::<Vec<_>>() } };
        assert_eq!(listed("specialisation=EDGE-EXPERT").await, [member.to_string()]);
        assert_eq!(listed("specialisation=CLOUD-EXPERT").await, Vec::<String>::new());
        let foreign = world.partner_user(stranger, Role::PartnerAdmin);
        assert_eq!(foreign.get(&path_of(&award)).await.refused(404), "not_found");
        assert_eq!(foreign.get(AWARDS).await.expect(200)["data"], json!([]));
        assert_eq!(foreign.get(&format!("/v1/partners/{member}/specialisations")).await.refused(404), "not_found");
        let own = world.partner_user(member, Role::PartnerAdmin);
        assert_eq!(own.post(AWARDS, by_hand(&expert, member)).await.refused(403), "forbidden");
        world.clock.advance_days(1);
        let before = world.now();
        let withdrawn = ops.post(&format!("{}/withdraw", path_of(&award)), json!({"reason": "Both engineers left."})).await.expect(200);
        assert_eq!((&withdrawn["status"], &withdrawn["withdrawal_reason"]), (&json!("withdrawn"), &json!("Both engineers left.")));
        let then = own.get(&format!("{}?as_of={before}", path_of(&award))).await.expect(200);
        assert_eq!((&then["status"], &then["withdrawn_at"]), (&json!("valid"), &json!(null)));
        assert_eq!(listed("specialisation=EDGE-EXPERT").await, Vec::<String>::new());
        let again = ops.post(AWARDS, by_hand(&expert, member)).await.expect(201);
        ops.post(&format!("{membership}/leave"), json!({"reason": "Sold."})).await.expect(200);
        let lost = own.get(&path_of(&again)).await.expect(200);
        assert_eq!((&lost["status"], &lost["withdrawal_reason"]), (&json!("withdrawn"), &json!("Sold.")), "who leaves the program loses it");
        sound(&world);
    }

    async fn of_many_awards_at_once_one_holds(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let (program, expert) = expert(&ops, "0").await;
        enrol(&ops, &program, member).await;
        let people: Vec<Client<'_>> = (0..20).map(|_| world.vendor(Role::ChannelOps)).collect();
        let answers = join_all(people.iter().map(|one| one.post(AWARDS, by_hand(&expert, member)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
        sound(&world);
        let refused = |sql: &'static str| world.sql(move |tx| {
            Ok(tx.attempt(|tx| diesel::sql_query(sql).execute(tx.conn()).map_err(Error::from)).is_err())
        });
        assert!(refused(Box::leak(format!("INSERT INTO specialisation_awards {COPY}").into_boxed_str())), "the database holds it on its own");
        let later = COPY.replace("valid_from + 1000, valid_until", "valid_until, NULL");
        assert!(!refused(Box::leak(format!("INSERT INTO specialisation_awards {later}").into_boxed_str())), "periods that touch do not overlap");
        assert!(refused("UPDATE specialisation_awards SET valid_until = NULL WHERE id <> 'award_other'"));
    }

    async fn what_cannot_be_asked_or_awarded_is_refused(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let (program, expert) = expert(&ops, "0").await;
        enrol(&ops, &program, member).await;
        let new = |changes: Value| {
            let mut body = json!({"program_id": program, "code": "OTHER", "name": "Other", "currency": "EUR"});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let windowed = json!([{"metric_key": "active_people", "op": "gte", "threshold": "2", "window_days": 30}]);
        for (changes, code) in [
            (json!({"criteria": windowed}), "conflict"),
            (json!({"code": "EDGE-EXPERT"}), "already_exists"),
            (json!({"program_id": "program_01jdq4p6c8f3kb2v9y0s7x5ham"}), "unknown_reference"),
        ] {
            assert_eq!(ops.post("/v1/specialisations", new(changes)).await.refused(409), code);
        }
        for wrong in [json!({"validity_days": 0}), json!({"code": "small letters"}), json!({"currency": "Euro"}), json!({"criteria": "none"})] {
            assert_eq!(ops.post("/v1/specialisations", new(wrong)).await.refused(422), "validation_failed");
        }
        let plain = ops.post("/v1/specialisations", new(json!({}))).await.expect(201);
        assert_eq!(guards(&ops.post(AWARDS, by_evaluation(&plain, member)).await.expect(409)), ["no_criteria"]);
        let endless = ops.post(AWARDS, by_hand(&plain, member)).await.expect(201);
        assert_eq!(endless["valid_until"], json!(null));
        assert_eq!(guards(&ops.post(&format!("{}/renew", path_of(&endless)), json!({"basis": "manual", "reason": "Again."})).await.expect(409)), ["without_end"]);
        let mut unknown = by_hand(&expert, member);
        unknown["specialisation_id"] = json!("spec_01jdq4p6c8f3kb2v9y0s7x5ham");
        assert_eq!(ops.post(AWARDS, unknown).await.refused(409), "unknown_reference");
        let at = format!("/v1/specialisations/{}", text(&expert["id"]));
        ops.patch(&at, json!({"status": "retired"})).await.expect(200);
        assert_eq!(guards(&ops.post(AWARDS, by_hand(&expert, member)).await.expect(409)), ["specialisation_retired"]);
        assert_eq!(ops.send(actix_web::http::Method::PATCH, &at, &[("if-match", "\"1\"")], Some(&json!({"name": "Late"}))).await.refused(412), "precondition_failed");
    }
}
