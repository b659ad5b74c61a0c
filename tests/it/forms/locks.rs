//! What is locked in a form, and what it says of that.

use openprm::auth::{Role, Rows};
use serde_json::{Value, json};

use super::{form, locked};
use crate::program::{Program, approved, complete, path, submitted, with};

each_engine! {
    async fn what_is_locked_in_a_form_is_what_the_change_refuses(world: World) {
        let program = Program::new(&world).await;
        let (sales, vendor) = (program.sales(program.partner("Nordwind")), world.vendor(Role::ChannelOps));
        let draft = sales.post("/v1/deals", complete()).await.expect(201);
        let sent = submitted(&sales, with(json!({"customer": {"name": "Beta GmbH", "website": "https://www.beta-anlagen.de"}}))).await;
        let granted = approved(&world, &sales, with(json!({"customer": {"name": "Gamma GmbH", "website": "https://www.gamma-bau.de"}}))).await;
        let body = json!({
            "title": "Other", "description": "Other", "deal_type": "renewal", "source": "referral", "territory": "AT",
            "lines": [{"product": "EDGE-SW"}], "amount": {"amount": "1.00", "currency": "EUR"}, "expected_close_on": "2027-01-31",
            "next_step": "Other", "competitor": "Other", "co_sell_needs": ["demo"], "visibility": "limited", "customer_consent": true,
            "contacts": [{"name": "Eva"}], "sites": [{"name": "Ulm"}], "external_refs": [{"system": "crm", "id": "1"}], "customer": {"name": "Other", "website": "other.de"}
        });
        for (deal, open) in [(&draft, 17), (&sent, 1), (&granted, 9)] {
            let form = form(&sales, &format!("deals?id={}", deal["id"].as_str().unwrap())).await;
            let schema = &form["update"];
            let mut refused = 0;
            for (name, value) in body.as_object().unwrap() {
                let answer = sales.patch(&path(deal, ""), json!({name: value})).await;
                let property = &schema["properties"][name];
                let parts = property["properties"].as_object().filter(|_| name == "customer");
                let is_locked = property["readOnly"] == true || parts.is_some_and(|parts| parts["name"]["readOnly"] == true);
                assert_eq!(answer.status == 422, is_locked, "{name} of {}: {}", deal["review_status"], answer.body);
                if is_locked {
                    refused += 1;
                    let told = parts.map_or(&property["x-locked"], |parts| &parts["name"]["x-locked"]).as_str().unwrap();
                    let faults = answer.body["errors"].as_array().unwrap();
                    assert!(faults.iter().any(|fault| fault["detail"] == told), "{told}: {faults:?}");
                }
            }
            assert_eq!(body.as_object().unwrap().len() - refused, open, "{}: {:?}", deal["review_status"], locked(schema));
        }
        let foreign = program.sales(program.partner("Südwind"));
        assert_eq!(form(&foreign, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"], Value::Null);
        assert_eq!(form(&vendor, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"]["properties"]["title"]["readOnly"], true);
        let limited = world.vendor_of(Role::Cam, Rows::Partners([program.partner("Westwind")].into()));
        assert_eq!(form(&limited, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"], Value::Null);
        assert_eq!(form(&vendor, "deals?id=partner_01jdq4p6c8f3kb2v9y0s7x5ham").await["update"], Value::Null);
    }

    async fn a_record_that_is_locked_as_a_whole_says_why(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let mut ids = Vec::new();
        for name in ["Acme GmbH", "Acme Werkzeugbau GmbH"] {
            ids.push(ops.post("/v1/customer-accounts", json!({"name": name})).await.expect(201)["id"].as_str().unwrap().to_owned());
        }
        let open = form(&ops, &format!("customer-accounts?id={}", ids[1])).await;
        assert!(open["update"].get("readOnly").is_none());
        let plan = ops.post("/v1/account-merges", json!({"survivor_id": ids[0], "other_id": ids[1], "reason": "The same company."})).await;
        assert!(plan.status == 201, "{}", plan.body);
        let merge = format!("/v1/account-merges/{}/execute", plan.body["id"].as_str().unwrap());
        ops.post(&merge, json!({})).await.expect(200);
        let merged = form(&ops, &format!("customer-accounts?id={}", ids[1])).await;
        assert_eq!(merged["update"]["readOnly"], true);
        assert!(merged["update"]["properties"]["name"]["x-locked"].as_str().unwrap().contains("was merged into"));
    }
}
