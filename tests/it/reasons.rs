//! The reasons that people may give: the program's own lists, enforced, shown with their labels, and kept with decisions.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted},
    support::{Client, World, publish_policy},
};

fn because(code: &str) -> Value {
    json!({"reason_code": code, "reason_text": "Because."})
}

/// The reasons that the form of deals offers for an operation: code and label.
async fn offered(client: &Client<'_>, language: &str, operation: &str) -> Vec<(String, String)> {
    let headers = [("accept-language", language)];
    let form = client
        .send(actix_web::http::Method::GET, "/v1/schema/deals", &headers, None)
        .await
        .expect(200);
    let lists = form["reasons"].as_array().unwrap();
    let Some(list) = lists.iter().find(|list| list["operation"] == operation) else {
        return Vec::new();
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reasons = list["reasons"].as_array().unwrap().iter();
    reasons
        .map(|reason| (text(&reason["code"]), text(&reason["label"])))
        .collect()
}

fn pair(code: &str, label: &str) -> (String, String) {
    (code.to_owned(), label.to_owned())
}

async fn refused(world: &World, reasons: Value) -> Vec<String> {
    let ops = world.vendor(Role::ChannelOps);
    let draft = ops.post("/v1/policies", json!({"reasons": reasons})).await.expect(201);
    let address = format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap());
    let problem = ops.post(&address, json!({})).await.expect(409);
    guards(&problem).into_iter().map(str::to_owned).collect()
}

each_engine! {
    async fn only_reasons_that_are_offered_can_be_given(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver, ops) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let own = |code: &str| json!([{"code": code, "labels": {"en": "Own", "de": "Eigener"}}]);
        publish_policy(&world, json!({"reasons": {
            "rejection": own("strategy"), "revocation": [{"code": "inactivity"}], "info_request": own("who_pays"),
            "loss": [{"code": "price"}, {"code": "vendor_direct", "for_partner": false}, {"code": "timing", "active": false}],
            "win_rejection": own("wrong_order"), "extension_denial": own("enough"), "reopening": own("error"), "withdrawal": own("tired"),
        }})).await;
        let deal = submitted(&sales, complete()).await;
        let questions = |code: &str| json!({"questions": ["Who pays?"], "reason_code": code});
        assert_eq!(guards(&approver.post(&path(&deal, "/request-info"), questions("other")).await.expect(409)), ["reason_offered"]);
        approver.post(&path(&deal, "/request-info"), questions("who_pays")).await.expect(200);
        sales.post(&path(&deal, "/answer-info"), json!({"answers": ["Acme."]})).await.expect(200);
        assert_eq!(guards(&approver.post(&path(&deal, "/reject"), because("other")).await.expect(409)), ["reason_offered"]);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!(guards(&ops.post(&path(&deal, "/revoke"), because("other")).await.expect(409)), ["reason_offered"]);
        assert_eq!(guards(&ops.post(&path(&deal, "/reopenings"), because("other")).await.expect(409)), ["reason_offered"]);
        sales.post(&path(&deal, "/move-stage"), json!({"stage": "qualified"})).await.expect(200);
        let extension = sales.post(&path(&deal, "/extensions"), json!({"activity": "Offer sent."})).await.expect(201);
        let at = format!("/v1/deal-extensions/{}/deny", extension["id"].as_str().unwrap());
        assert_eq!(guards(&approver.post(&at, because("no_progress")).await.expect(409)), ["reason_offered"]);
        let denied = approver.post(&at, because("enough")).await.expect(200);
        assert_eq!(denied["reason_code"], "enough");
        for code in ["competitor", "timing", "vendor_direct"] {
            assert_eq!(guards(&sales.post(&path(&deal, "/lose"), json!({"reason_code": code})).await.expect(409)), ["reason_offered"], "{code}");
        }
        assert_eq!(guards(&sales.post(&path(&deal, "/withdraw"), json!({"reason_code": "other"})).await.expect(409)), ["reason_offered"]);
        let lost = ops.post(&path(&deal, "/lose"), json!({"reason_code": "vendor_direct"})).await.expect(200);
        assert_eq!(lost["closed_reason"], "vendor_direct", "what is not for partners is for the vendor");
    }

    async fn a_decision_keeps_what_its_reason_was_called(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let named = |en: &str| json!({"reasons": {"rejection": [{"code": "strategy", "labels": {"en": en, "de": "Strategie"}, "needs_evidence": true}]}});
        publish_policy(&world, named("Not our market")).await;
        let deal = submitted(&sales, complete()).await;
        assert_eq!(guards(&approver.post(&path(&deal, "/reject"), because("strategy")).await.expect(409)), ["evidence_named"]);
        let refusal = json!({"reason_code": "strategy", "reason_text": "Because.", "evidence": "Board, 2026-11-20"});
        approver.post(&path(&deal, "/reject"), refusal).await.expect(200);
        publish_policy(&world, named("Other markets first")).await;
        let seen = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((&seen["decision"]["reason_code"], &seen["decision"]["reason_labels"]), (&json!("strategy"), &json!({"en": "Not our market", "de": "Strategie"})));
        assert_eq!((&seen["decision"]["policy_version"], &seen["decision"]["evidence"]), (&json!(1), &Value::Null));
        let decisions = approver.get(&path(&deal, "/decisions")).await.expect(200);
        assert_eq!(decisions["data"][0]["reason_labels"]["en"], "Not our market");
    }

    async fn what_is_built_in_holds_until_the_program_names_its_own(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(guards(&approver.post(&path(&deal, "/reject"), because("named_account")).await.expect(409)), ["evidence_named"]);
        assert_eq!(guards(&approver.post(&path(&deal, "/reject"), because("made_up")).await.expect(409)), ["reason_offered"]);
        approver.post(&path(&deal, "/reject"), json!({"reason_code": "Not A Code", "reason_text": "Because."})).await.expect(422);
        assert!(offered(&sales, "en", "rejectDeal").await.is_empty(), "partners refuse nothing");
        let losses = offered(&sales, "de-CH", "loseDeal").await;
        assert_eq!((losses.len(), &losses[0]), (10, &pair("price", "Preis")));
        let rejected = approver.post(&path(&deal, "/reject"), because("not_qualified")).await.expect(200);
        assert_eq!(rejected["decision"]["reason_labels"]["de"], "Nicht weit genug oder nicht echt");
        publish_policy(&world, json!({"reasons": {"loss": [
            {"code": "price"}, {"code": "budget_frozen", "labels": {"de": "Haushaltssperre"}}, {"code": "other", "for_partner": false},
        ]}})).await;
        assert_eq!(offered(&sales, "en", "loseDeal").await, [pair("price", "Price"), pair("budget_frozen", "Haushaltssperre")]);
        assert!(offered(&approver, "de", "loseDeal").await.is_empty(), "an approver loses no deals");
        let ops = world.vendor(Role::ChannelOps);
        assert_eq!(offered(&ops, "de", "loseDeal").await, [pair("price", "Preis"), pair("budget_frozen", "Haushaltssperre"), pair("other", "Anderes")]);
        assert_eq!(offered(&ops, "en", "approveDeal").await.len(), 5, "reasons for passing over");
    }

    async fn lists_that_nobody_could_use_are_not_published(world: World) {
        assert_eq!(refused(&world, json!({"loss": [{"code": "price", "active": false}]})).await, ["reason_left"]);
        assert_eq!(refused(&world, json!({"withdrawal": [{"code": "other", "for_partner": false}]})).await, ["reason_left"]);
        assert_eq!(refused(&world, json!({"override": [{"code": "fancy"}, {"code": "incumbent"}, {"code": "incumbent"}]})).await, ["reason_labelled", "said_once"]);
        assert_eq!(refused(&world, json!({"reopening": [{"code": "other", "needs_evidence": true}]})).await, ["evidence_taken"]);
        let ops = world.vendor(Role::ChannelOps);
        for wrong in [
            json!({"loss": [{"code": "No"}]}), json!({"loss": [{"code": ""}]}), json!({"loss": [{"labels": {"en": "X"}}]}),
            json!({"loss": [{"code": "x", "labels": {"fr": "X"}}]}), json!({"loss": [{"code": "x", "labels": {"en": ""}}]}), json!({"profit": []}),
            json!({"loss": [{"code": "x", "for_partner": 1}]}), json!({"loss": "price"}),
        ] {
            ops.post("/v1/policies", json!({"reasons": wrong})).await.expect(422);
        }
        let draft = ops.post("/v1/policies", json!({"reasons": {"loss": [{"code": "price"}]}})).await.expect(201);
        let address = format!("/v1/policies/{}", draft["id"].as_str().unwrap());
        let changed = ops.patch(&address, json!({"reasons": {"reopening": [{"code": "other"}]}})).await.expect(200);
        assert_eq!((&changed["reasons"]["loss"][0]["code"], &changed["reasons"]["reopening"][0]["code"]), (&json!("price"), &json!("other")));
        let differences = ops.get(&format!("{address}/changes")).await.expect(200);
        assert!(differences.to_string().contains("/reasons/loss"), "{differences}");
    }
}
