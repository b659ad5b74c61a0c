//! What a registration needs before it is sent in, by the product and by the program's policy.

use serde_json::{Value, json};

use super::{fits, form, form_of};
use crate::{
    program::{Program, complete, path, with},
    support::publish_policy,
};

each_engine! {
    async fn what_a_submission_needs_is_required_by_its_form(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let form = form(&sales, "deals?action=submit").await;
        let (schema, saving) = (&form["create"], form_of(&sales).await);
        assert_eq!(form["required_for_submit"], json!(["/customer", "/territory", "/lines", "/amount", "/expected_close_on"]));
        assert_eq!(form["submit_by"], json!({"operation": "submitDeal", "method": "POST", "path": "/v1/deals/{id}/submit"}));
        assert_eq!(schema["properties"]["lines"]["x-required-for"], json!(["submit"]));
        let empty = json!({"title": "Empty"});
        let draft = sales.post("/v1/deals", empty.clone()).await.expect(201);
        let missing: Vec<String> = draft["missing"].as_array().unwrap().iter().map(|name| format!("/{}", name.as_str().unwrap())).collect();
        assert_eq!(json!(missing), form["required_for_submit"], "the draft lacks what the form says");
        assert!(fits(&saving["create"], &empty) && !fits(schema, &empty));
        assert!(fits(schema, &complete()));
        for (lacking, value) in [("territory", Value::Null), ("lines", json!([])), ("amount", Value::Null), ("customer", json!({"name": "Acme GmbH"}))] {
            let body = with(json!({lacking: value}));
            assert!(!fits(schema, &body), "{lacking}");
            assert!(fits(&saving["create"], &body), "{lacking}");
            let draft = sales.post("/v1/deals", body).await.expect(201);
            assert_eq!(sales.post(&path(&draft, "/submit"), json!({})).await.refused(409), "guard_failed", "{lacking}");
        }
        let one_mark = with(json!({"customer": {"name": "Acme GmbH", "street": "Hauptstraße 5", "postal_code": "70173", "country": "DE"}}));
        assert!(fits(schema, &one_mark));
        let draft = sales.post("/v1/deals", one_mark).await.expect(201);
        sales.post(&path(&draft, "/submit"), json!({})).await.expect(200);
    }

    async fn what_the_policy_asks_for_is_asked_for_by_the_form(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        publish_policy(&world, json!({"registration": {"required_fields": [
            {"fields": ["#/next_step"]},
            {"deal_type": "renewal", "fields": ["#/contacts/0/email", "#/customer/registration_number", "#/lines/0/unit_price"]},
        ]}})).await;
        let form = form(&sales, "deals?action=submit").await;
        let schema = &form["create"];
        assert!(form["required_for_submit"].as_array().unwrap().contains(&json!("/next_step")));
        assert_eq!(schema["properties"]["next_step"]["x-required-for"], json!(["submit"]));
        assert_eq!(schema["properties"]["customer"]["properties"]["registration_number"]["x-required-when"]["in"], json!(["renewal"]));
        let price = json!({"amount": "1200.00", "currency": "EUR"});
        let mut known = complete()["customer"].clone();
        known["registration_number"] = json!("HRB 123456");
        for (body, taken) in [
            (complete(), false),
            (with(json!({"next_step": "A workshop."})), true),
            (with(json!({"next_step": "A workshop.", "deal_type": "renewal", "customer": known})), false),
            (with(json!({"next_step": "A workshop.", "deal_type": "renewal", "customer": known, "contacts": [{"name": "Eva", "email": "eva@acme-werkzeug.de"}], "lines": [{"product": "EDGE-SW", "unit_price": price}]})), true),
        ] {
            assert_eq!(fits(schema, &body), taken, "{body}");
            let draft = sales.post("/v1/deals", body).await.expect(201);
            let answer = sales.post(&path(&draft, "/submit"), json!({})).await;
            assert_eq!(answer.status == 200, taken, "{}", answer.body);
        }
    }
}
