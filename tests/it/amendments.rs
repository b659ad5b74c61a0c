//! Changes of what was approved: only what changed is reviewed again, and new products queue like everybody.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted, with},
    scene::overlapping_pairs,
    support::Client,
};

async fn approved(sales: &Client<'_>, approver: &Client<'_>, body: Value) -> Value {
    let deal = submitted(sales, body).await;
    approver.post(&path(&deal, "/approve"), json!({})).await.expect(200)
}

fn amendment(amendment: &Value, verb: &str) -> String {
    format!("/v1/deal-amendments/{}{verb}", amendment["id"].as_str().unwrap())
}

fn euro(amount: &str) -> Value {
    json!({"amount": {"amount": amount, "currency": "EUR"}, "reason": "More branches."})
}

fn lines(products: &[&str]) -> Value {
    let lines: Vec<Value> = products
        .iter()
        .map(|product| json!({"product": product, "quantity": 40}))
        .collect();
    json!({"lines": lines, "reason": "The customer adds its branches in Hamburg."})
}

/// The products that are protected for the deal now, each with its end.
async fn protected(client: &Client<'_>, deal: &Value) -> Vec<(String, String)> {
    let page = client
        .get(&format!(
            "/v1/protections?state=active,grace&deal_id={}",
            deal["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    let mut found = Vec::new();
    for row in page["data"].as_array().unwrap() {
        let product = client
            .get(&format!("/v1/products/{}", row["product_id"].as_str().unwrap()))
            .await
            .expect(200);
        found.push((
            product["code"].as_str().unwrap().to_owned(),
            row["ends_at"].as_str().unwrap().to_owned(),
        ));
    }
    found.sort();
    found
}

each_engine! {
    async fn small_rises_hold_at_once_and_do_not_creep_past_a_review(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver, complete()).await;
        let locked = sales.patch(&path(&deal, ""), json!({"amount": {"amount": "50000.00", "currency": "EUR"}})).await.expect(422);
        assert_eq!(locked["code"], "field_locked");
        assert!(locked["errors"][0]["detail"].as_str().unwrap().contains("POST /v1/deals/{id}/amendments"), "{locked}");
        for amount in ["50000.00", "57600.00"] {
            let applied = sales.post(&path(&deal, "/amendments"), euro(amount)).await.expect(201);
            assert_eq!((applied["status"].as_str(), &applied["review_of"]), (Some("applied"), &json!([])));
            assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["amount"]["amount"], amount);
        }
        let body = json!({"amount": {"amount": "57600.01", "currency": "EUR"}, "expected_close_on": "2027-04-30", "reason": "More."});
        let waiting = sales.post(&path(&deal, "/amendments"), body).await.expect(201);
        assert_eq!((waiting["status"].as_str(), &waiting["review_of"]), (Some("pending"), &json!(["amount"])));
        assert_eq!((waiting["previous"]["amount"]["amount"].as_str(), waiting["previous"]["expected_close_on"].as_str()), (Some("57600.00"), Some("2027-03-31")));
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((read["amount"]["amount"].as_str(), read["expected_close_on"].as_str()), (Some("57600.00"), Some("2027-03-31")), "all of it waits");
        assert_eq!(guards(&sales.post(&path(&deal, "/amendments"), euro("57000.00")).await.expect(409)), ["no_pending_amendment"]);
        let agreed = approver.post(&amendment(&waiting, "/approve"), json!({"note": "Agreed."})).await.expect(200);
        assert_eq!((agreed["status"].as_str(), agreed["decision_text"].as_str()), (Some("approved"), Some("Agreed.")));
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((read["amount"]["amount"].as_str(), read["expected_close_on"].as_str()), (Some("57600.01"), Some("2027-04-30")));
        assert_eq!(sales.get(&amendment(&waiting, "")).await.expect(200)["decided_by"], Value::Null);
        let last = approver.get(&path(&deal, "/decisions")).await.expect(200)["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((last["outcome"].as_str(), &last["evidence"]), (Some("amendment_approved"), &waiting["id"]));
        // What was agreed to is what the next rise is measured by.
        assert_eq!(sales.post(&path(&deal, "/amendments"), euro("69000.00")).await.expect(201)["status"], "applied");
        assert_eq!(sales.get(&path(&deal, "/amendments?status=applied")).await.expect(200)["data"].as_array().unwrap().len(), 3);
        let history = sales.get(&path(&deal, "/history")).await.expect(200);
        let steps: Vec<&str> = history["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(steps[4..], ["amend", "amend", "amend", "approve_amendment", "amend"]);
    }

    async fn every_guard_that_fails_is_named_at_once(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver, admin) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver), world.vendor(Role::Admin));
        admin.post("/v1/products", json!({"code": "CORE", "name": "Core", "kind": "line"})).await.expect(201);
        let priced = with(json!({"lines": [{"product": "EDGE-FW", "quantity": 40, "unit_price": {"amount": "1200.00", "currency": "EUR"}}]}));
        let waiting = submitted(&sales, priced).await;
        assert_eq!(guards(&sales.post(&path(&waiting, "/amendments"), euro("1.00")).await.expect(409)), ["registration_approved"]);
        approver.post(&path(&waiting, "/approve"), json!({})).await.expect(200);
        let deal = waiting;
        let dollars = json!({"amount": {"amount": "50000.00", "currency": "USD"}, "expected_close_on": "2026-01-01", "reason": "Paid in dollars."});
        assert_eq!(guards(&sales.post(&path(&deal, "/amendments"), dollars).await.expect(409)), ["expected_close_in_future", "one_currency"]);
        assert_eq!(guards(&sales.post(&path(&deal, "/amendments"), euro("48000.00")).await.expect(409)), ["something_changed"]);
        let core = sales.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "CORE"])).await.expect(409);
        assert_eq!(guards(&core), ["product_authorised"]);
        assert_eq!(core["errors"][0]["pointer"], "#/lines/1/product");
        assert_eq!(sales.post(&path(&deal, "/amendments"), lines(&["NOPE"])).await.refused(409), "unknown_reference");
        let actions = sales.get(&path(&deal, "/actions")).await.expect(200);
        let amend = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "amend").unwrap();
        assert_eq!(amend["available"], true);
        assert_eq!(program.sales(program.partner("Südstern")).get(&path(&deal, "/amendments")).await.refused(404), "not_found");
        world.clock.advance_days(91);
        let late = sales.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(409);
        assert_eq!(guards(&late), ["protection_in_force"]);
        assert_eq!(sales.post(&path(&deal, "/amendments"), euro("48001.00")).await.expect(201)["status"], "applied", "what is not protected may still change");
    }

    async fn another_currency_is_always_reviewed_and_large_amounts_by_who_decides_large_deals(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver, ops) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let deal = approved(&sales, &approver, complete()).await;
        let dollars = json!({"amount": {"amount": "100.00", "currency": "USD"}, "reason": "Paid in dollars."});
        let waiting = sales.post(&path(&deal, "/amendments"), dollars).await.expect(201);
        assert_eq!(waiting["review_of"], json!(["amount", "currency"]));
        let back = sales.post(&amendment(&waiting, "/withdraw"), json!({})).await.expect(200);
        assert_eq!(back["status"], "withdrawn");
        let large = sales.post(&path(&deal, "/amendments"), euro("300000.00")).await.expect(201);
        let refused = approver.post(&amendment(&large, "/approve"), json!({})).await.expect(409);
        assert_eq!(guards(&refused), ["step_role"]);
        let actions = approver.get(&path(&deal, "/actions")).await.expect(200);
        let approve = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "approve_amendment").unwrap();
        assert_eq!(approve["failing"][0]["guard"], "step_role");
        ops.post(&amendment(&large, "/approve"), json!({})).await.expect(200);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["amount"]["amount"], "300000.00");
        let own = ops.post(&path(&deal, "/amendments"), euro("900000.00")).await.expect(201);
        assert_eq!(guards(&ops.post(&amendment(&own, "/approve"), json!({})).await.expect(409)), ["not_own_request"]);
    }

    async fn a_new_product_queues_at_its_own_place_and_is_protected_as_long_as_the_rest(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let deal = approved(&first, &approver, complete()).await;
        world.clock.advance_days(10);
        let waiting = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        assert_eq!((waiting["status"].as_str(), &waiting["review_of"]), (Some("pending"), &json!(["lines"])));
        let check = approver.get(&format!("/v1/conflict-checks/{}", waiting["conflict_check_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(check["purpose"], "amendment");
        let read = first.get(&path(&deal, "")).await.expect(200);
        assert_eq!((read["lines"][1]["product"].as_str(), read["lines"][1]["review_status"].as_str()), (Some("EDGE-SW"), Some("pending")));
        assert_eq!(read["lines"][1]["received_at"], waiting["received_at"]);
        assert!(read["lines"][1]["received_at"].as_str() > read["received_at"].as_str());
        // Who comes later for that product waits behind it.
        let later = submitted(&second, with(json!({"lines": [{"product": "EDGE-SW"}]}))).await;
        assert_eq!(guards(&approver.post(&path(&later, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        approver.post(&amendment(&waiting, "/approve"), json!({})).await.expect(200);
        let read = first.get(&path(&deal, "")).await.expect(200);
        assert_eq!(read["lines"].as_array().unwrap().iter().map(|line| line["review_status"].as_str().unwrap()).collect::<Vec<_>>(), ["approved", "approved"]);
        let end = read["protection"]["ends_at"].as_str().unwrap().to_owned();
        assert_eq!(protected(&approver, &deal).await, [("EDGE-FW".to_owned(), end.clone()), ("EDGE-SW".to_owned(), end)]);
        assert_eq!(approver.post(&path(&later, "/approve"), json!({})).await.refused(409), "protection_overlap");
        let told = second.get(&path(&later, "/history")).await.expect(200).to_string();
        assert!(told.contains("scope_granted_elsewhere"), "{told}");
        assert_eq!(overlapping_pairs(&world), 0);
    }

    async fn who_asked_first_is_decided_first_or_passed_over_with_a_reason(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let deal = approved(&first, &approver, complete()).await;
        let earlier = submitted(&second, with(json!({"lines": [{"product": "EDGE-SW"}]}))).await;
        let waiting = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        let refused = approver.post(&amendment(&waiting, "/approve"), json!({})).await.expect(409);
        assert_eq!(guards(&refused), ["earlier_claim"]);
        assert_eq!(first.get(&amendment(&waiting, "")).await.expect(200)["status"], "pending", "nothing is half done");
        let body = json!({"override": {"reason_code": "customer_choice", "reason_text": "A letter of the customer.", "deals": [earlier["id"]]}});
        approver.post(&amendment(&waiting, "/approve"), body).await.expect(200);
        assert_eq!(protected(&approver, &deal).await.len(), 2);
    }

    async fn what_is_protected_for_another_is_not_added_and_a_refusal_leaves_the_queue(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (first, second) = (program.sales(partner), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let deal = approved(&first, &approver, complete()).await;
        approved(&second, &approver, with(json!({"lines": [{"product": "EDGE-SW"}]}))).await;
        let waiting = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        assert_eq!(approver.post(&amendment(&waiting, "/approve"), json!({})).await.refused(409), "protection_overlap");
        let body = json!({"reason_code": "protected_for_another", "reason_text": "Another partner has it."});
        let rejected = approver.post(&amendment(&waiting, "/reject"), body).await.expect(200);
        assert_eq!((rejected["status"].as_str(), rejected["decision_code"].as_str()), (Some("rejected"), Some("protected_for_another")));
        let read = first.get(&path(&deal, "")).await.expect(200);
        assert_eq!(read["lines"].as_array().unwrap().len(), 1);
        // Its slot is free again: the partner may register the product by itself.
        let alone = submitted(&first, with(json!({"title": "Switches", "lines": [{"product": "EDGE-SW"}]}))).await;
        assert_eq!(alone["review_status"], "submitted");
        let taken = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(409);
        assert_eq!(guards(&taken), ["no_open_registration"]);
    }

    async fn a_product_that_is_left_out_is_given_back_and_a_narrower_one_keeps_the_time(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let deal = approved(&first, &approver, with(json!({"lines": [{"product": "EDGE"}]}))).await;
        let end = deal["protection"]["ends_at"].as_str().unwrap().to_owned();
        world.clock.advance_days(5);
        let narrower = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        assert_eq!(narrower["status"], "applied", "both lie below what was granted");
        assert_eq!(protected(&approver, &deal).await, [("EDGE-FW".to_owned(), end.clone()), ("EDGE-SW".to_owned(), end.clone())]);
        let fewer = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW"])).await.expect(201);
        assert_eq!(fewer["previous"]["lines"].as_array().unwrap().len(), 2);
        assert_eq!(protected(&approver, &deal).await, [("EDGE-FW".to_owned(), end.clone())]);
        approved(&second, &approver, with(json!({"lines": [{"product": "EDGE-SW"}]}))).await;
        let wider = first.post(&path(&deal, "/amendments"), lines(&["EDGE"])).await.expect(201);
        assert_eq!(wider["review_of"], json!(["lines"]), "what was given back is asked for anew");
        assert_eq!(approver.post(&amendment(&wider, "/approve"), json!({})).await.refused(409), "protection_overlap");
        assert_eq!(protected(&approver, &deal).await, [("EDGE-FW".to_owned(), end)], "nothing is half done");
        assert_eq!(overlapping_pairs(&world), 0);
    }

    async fn what_is_added_while_an_extension_waits_shares_its_grace(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver, complete()).await;
        sales.post(&path(&deal, "/extensions"), json!({"activity": "Talks."})).await.expect(201);
        let waiting = sales.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        approver.post(&amendment(&waiting, "/approve"), json!({})).await.expect(200);
        let ends: Vec<String> = protected(&approver, &deal).await.into_iter().map(|(_, end)| end).collect();
        assert_eq!((ends.len(), &ends[0]), (2, &ends[1]));
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!(read["protection"]["ends_at"].as_str(), Some(ends[0].as_str()));
        assert_ne!(read["protection"]["ends_at"], read["protection"]["granted_until"]);
    }

    async fn what_is_added_to_a_narrowed_grant_stays_within_its_territory(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let deal = submitted(&first, with(json!({"territory": "DACH"}))).await;
        approver.post(&path(&deal, "/approve"), json!({"scope": {"territory": "DE"}})).await.expect(200);
        approved(&second, &approver, with(json!({"territory": "AT", "lines": [{"product": "EDGE-SW"}]}))).await;
        let waiting = first.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        approver.post(&amendment(&waiting, "/approve"), json!({})).await.expect(200);
        let last = approver.get(&path(&deal, "/decisions")).await.expect(200)["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["granted_scope"], json!({"products": ["EDGE-SW"], "territory": "DE", "narrowed": true}));
        assert_eq!(protected(&approver, &deal).await.len(), 2);
        assert_eq!(overlapping_pairs(&world), 0);
    }

    async fn of_two_amendments_at_once_one_waits(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver, complete()).await;
        let address = path(&deal, "/amendments");
        let (one, two) = futures_util::future::join(sales.post(&address, euro("90000.00")), sales.post(&address, lines(&["EDGE-SW"]))).await;
        let mut answers = [one.status, two.status];
        answers.sort_unstable();
        assert_eq!(answers, [201, 409], "{} {}", one.body, two.body);
    }

    async fn the_end_of_a_deal_closes_the_amendment_that_waits(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let deal = approved(&sales, &approver, complete()).await;
        let waiting = sales.post(&path(&deal, "/amendments"), lines(&["EDGE-FW", "EDGE-SW"])).await.expect(201);
        let withdrawn = sales.post(&path(&deal, "/withdraw"), json!({})).await.expect(200);
        assert_eq!(withdrawn["lines"][1]["review_status"], "rejected");
        assert_eq!(sales.get(&amendment(&waiting, "")).await.expect(200)["status"], "withdrawn");
        assert_eq!(approver.post(&amendment(&waiting, "/approve"), json!({})).await.refused(409), "invalid_state");
        submitted(&sales, with(json!({"lines": [{"product": "EDGE-SW"}]}))).await;
    }
}
