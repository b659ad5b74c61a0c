//! Registrations from the draft to the decision: guards, queue, questions, chains, locks, and who sees what.

use futures_util::future::join_all;
use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted, with},
    support::{Client, Response, publish_policy},
};

/// Does what is asked, and comes back when told to: a busy machine has no connection for each of many at once.
async fn insisting(client: &Client<'_>, path: &str) -> Response {
    loop {
        let answer = client.post(path, json!({})).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

each_engine! {
    async fn a_draft_may_be_incomplete_and_submitting_names_everything_that_is_lacking(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let draft = sales.post("/v1/deals", json!({"title": "Something at Acme", "expected_close_on": "2020-01-01"})).await.expect(201);
        assert_eq!(draft["review_status"], "draft");
        assert_eq!(draft["protection"]["state"], "none");
        assert_eq!(draft["missing"], json!(["customer", "territory", "lines", "amount"]));
        let problem = sales.post(&path(&draft, "/submit"), json!({})).await.expect(409);
        assert_eq!(guards(&problem), ["required_field", "required_field", "required_field", "required_field", "expected_close_in_future"]);
        let actions = sales.get(&path(&draft, "/actions")).await.expect(200);
        let submit = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "submit").unwrap();
        assert_eq!((submit["available"].clone(), submit["failing"].as_array().unwrap().len()), (json!(false), 5));
        let unknown = sales.post("/v1/deals", with(json!({"territory": "XX", "lines": [{"product": "NOPE"}]}))).await.expect(409);
        assert_eq!(unknown["code"], "unknown_reference");
        assert_eq!(unknown["errors"].as_array().unwrap().len(), 2);
    }

    async fn a_registration_goes_from_draft_over_questions_to_protection(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, approver) = (program.sales(partner), world.vendor(Role::Approver));
        let deal = submitted(&sales, complete()).await;
        assert_eq!((deal["review_status"].as_str(), deal["protection"]["state"].as_str()), (Some("submitted"), Some("queued")));
        assert_eq!((&deal["seq"], &deal["review"]["assignee_id"]), (&Value::Null, &Value::Null), "a partner does not learn the vendor's side");
        assert!(deal["customer_account_id"].is_string() && deal["conflict_check_id"].is_string());
        // Saturday noon: two business days end on Wednesday at midnight.
        assert_eq!(deal["review"]["due_at"], "2026-11-25T00:00:00.000000Z");

        let taken = approver.post(&path(&deal, "/claim-review"), json!({})).await.expect(200);
        assert_eq!(taken["review_status"], "in_review");
        let asked = approver.post(&path(&deal, "/request-info"), json!({"questions": ["Which branches?"], "business_days": 2})).await.expect(200);
        assert_eq!((asked["review_status"].as_str(), &asked["review"]["due_at"]), (Some("info_requested"), &Value::Null));
        world.clock.advance_days(2);
        sales.patch(&path(&deal, ""), json!({"amount": {"amount": "52000.00", "currency": "EUR"}})).await.expect(200);
        let short = sales.post(&path(&deal, "/answer-info"), json!({"answers": ["a", "b"]})).await.expect(409);
        assert_eq!(guards(&short), ["answers_complete"]);
        let answered = sales.post(&path(&deal, "/answer-info"), json!({"answers": ["All of them."]})).await.expect(200);
        assert_eq!(answered["review_status"], "in_review");
        let due = answered["review"]["due_at"].as_str().unwrap();
        assert!(due > "2026-11-25T00:00:00.000000Z", "the clock stood for the business time in between: {due}");

        let approved = approver.post(&path(&deal, "/approve"), json!({"note": "Good luck."})).await.expect(200);
        assert_eq!((approved["review_status"].as_str(), approved["protection"]["state"].as_str()), (Some("approved"), Some("active")));
        let own = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((own["decision"]["outcome"].as_str(), &own["decision"]["decided_by"]), (Some("approved"), &Value::Null));
        assert_eq!(own["decision"]["granted_scope"], json!({"products": ["EDGE-FW"], "territory": "DE", "narrowed": false}));
        let history = sales.get(&path(&deal, "/history")).await.expect(200);
        let steps: Vec<&str> = history["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(steps, ["create", "submit", "claim_review", "request_info", "update", "answer_info", "approve", "protect"]);
        assert!(history["data"].as_array().unwrap().iter().all(|entry| entry["detail"].is_null()));
        world.clock.advance_days(91);
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["protection"]["state"], "expired");
    }

    async fn the_second_claimant_waits_behind_the_first_and_then_before_its_protection(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let one = submitted(&first, complete()).await;
        let two = submitted(&second, with(json!({"title": "Also Acme", "lines": [{"product": "EDGE"}]}))).await;
        assert_eq!(one["customer_account_id"], two["customer_account_id"], "the customer was recognised");
        let early = approver.post(&path(&two, "/approve"), json!({})).await.expect(409);
        assert_eq!(guards(&early), ["earlier_claim"]);
        approver.post(&path(&one, "/approve"), json!({})).await.expect(200);
        let late = approver.post(&path(&two, "/approve"), json!({})).await;
        assert_eq!(late.refused(409), "protection_overlap");
        let other = second.get(&path(&two, "/history")).await.expect(200).to_string();
        assert!(other.contains("scope_granted_elsewhere") && !other.contains(one["number"].as_str().unwrap()), "{other}");
        second.get(&path(&one, "")).await.expect(404);
        let refused = approver.post(&path(&two, "/reject"), json!({"reason_code": "duplicate_registration", "reason_text": "Protected."})).await.expect(409);
        assert_eq!(guards(&refused), ["evidence_named"]);
        let body = json!({"reason_code": "duplicate_registration", "reason_text": "Protected.", "evidence": one["number"]});
        approver.post(&path(&two, "/reject"), body).await.expect(200);
        let seen = second.get(&path(&two, "")).await.expect(200);
        assert_eq!((seen["decision"]["reason_code"].as_str(), &seen["decision"]["evidence"]), (Some("duplicate_registration"), &Value::Null));
        assert!(seen["review"]["appeal_until"].is_string());
    }

    async fn an_earlier_claimant_is_passed_over_with_a_reason_only(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let one = submitted(&first, complete()).await;
        let two = submitted(&second, complete()).await;
        let body = json!({"override": {"reason_code": "customer_choice", "reason_text": "A letter of the customer.", "deals": [one["id"]]}});
        let approved = approver.post(&path(&two, "/approve"), body).await.expect(200);
        assert_eq!(approved["decision"]["overridden_deals"], json!([one["id"]]));
        assert_eq!(second.get(&path(&two, "")).await.expect(200)["decision"]["overridden_deals"], Value::Null);
    }

    async fn questions_keep_the_place_until_they_are_due_and_lose_it_after(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (first, second) = (program.sales(partner), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let one = submitted(&first, complete()).await;
        let two = submitted(&second, complete()).await;
        approver.post(&path(&one, "/request-info"), json!({"questions": ["Who?"], "business_days": 1})).await.expect(200);
        assert_eq!(guards(&approver.post(&path(&two, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        world.clock.advance_days(4);
        let lapsed = first.get(&path(&one, "")).await.expect(200);
        assert_eq!((lapsed["review_status"].as_str(), lapsed["protection"]["state"].as_str()), (Some("lapsed"), Some("none")));
        let listed = first.get("/v1/deals?status=lapsed").await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(first.get("/v1/deals?status=info_requested").await.expect(200)["data"], json!([]));
        assert_eq!(first.post(&path(&one, "/answer-info"), json!({"answers": ["We."]})).await.refused(409), "invalid_state");
        approver.post(&path(&two, "/approve"), json!({})).await.expect(200);
        // Its slot is free although no job has noted the lapse.
        submitted(&first, complete()).await;
        let lapsing = world.sql(|tx| openprm::deals::registrations::overdue(tx, 10));
        assert_eq!(lapsing.iter().map(|id| json!(id)).collect::<Vec<_>>(), [one["id"].clone()]);
        let note = |id| world.sql(move |tx| openprm::deals::registrations::note_lapse(tx, id));
        assert_eq!((note(lapsing[0]), note(lapsing[0])), (true, false));
        assert_eq!(world.sql(|tx| openprm::deals::registrations::overdue(tx, 10)), []);
    }

    async fn a_locked_field_is_named_with_what_locks_it(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let deal = submitted(&sales, complete()).await;
        let problem = sales.patch(&path(&deal, ""), json!({"amount": null, "territory": "AT", "customer": {"name": "Other"}})).await.expect(422);
        assert_eq!(problem["code"], "field_locked");
        let named: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, ["#/territory", "#/amount", "#/customer/name"]);
        sales.patch(&path(&deal, ""), json!({"external_refs": [{"system": "crm", "id": "006-1"}]})).await.expect(200);
    }

    async fn large_deals_take_a_second_approver_and_nobody_decides_twice_or_their_own(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (ops, approver, admin) = (world.vendor(Role::ChannelOps), world.vendor(Role::Approver), world.vendor(Role::Admin));
        let body = with(json!({"partner_id": partner.to_string(), "amount": {"amount": "400000.00", "currency": "EUR"}}));
        let deal = submitted(&ops, body).await;
        let chain = approver.get(&path(&deal, "/approval-chain")).await.expect(200);
        let roles: Vec<&str> = chain["data"].as_array().unwrap().iter().map(|step| step["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["approver", "channel_ops"]);
        assert!(guards(&ops.post(&path(&deal, "/approve"), json!({})).await.expect(409)).contains(&"not_own_submission"));
        let agreed = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!((agreed["review_status"].as_str(), agreed["protection"]["state"].as_str()), (Some("in_review"), Some("queued")));
        assert_eq!(guards(&approver.post(&path(&deal, "/approve"), json!({})).await.expect(409)), ["step_role"]);
        let done = admin.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!(done["review_status"], "approved");
    }

    async fn an_approval_may_grant_less_than_was_asked_for_but_never_more(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let approver = world.vendor(Role::Approver);
        let body = with(json!({"territory": "DACH", "lines": [{"product": "EDGE-FW"}, {"product": "EDGE-SW"}]}));
        let deal = submitted(&sales, body).await;
        let wider = json!({"scope": {"products": ["EDGE"], "territory": "DE"}});
        assert_eq!(guards(&approver.post(&path(&deal, "/approve"), wider).await.expect(409)), ["scope_within"]);
        let narrower = json!({"scope": {"products": ["EDGE-FW"], "territory": "DE"}});
        let approved = approver.post(&path(&deal, "/approve"), narrower).await.expect(200);
        assert_eq!(approved["decision"]["granted_scope"], json!({"products": ["EDGE-FW"], "territory": "DE", "narrowed": true}));
        let lines: Vec<&str> = approved["lines"].as_array().unwrap().iter().map(|line| line["review_status"].as_str().unwrap()).collect();
        assert_eq!(lines, ["approved", "rejected"]);
        let other = program.sales(program.partner("Südstern"));
        let beside = submitted(&other, with(json!({"territory": "AT"}))).await;
        approver.post(&path(&beside, "/approve"), json!({})).await.expect(200);
    }

    async fn one_partner_registers_a_deal_once_and_withdrawing_frees_it(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let approver = world.vendor(Role::Approver);
        let deal = submitted(&sales, complete()).await;
        let again = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(guards(&sales.post(&path(&again, "/submit"), json!({})).await.expect(409)), ["no_open_registration"]);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let back = sales.post(&path(&deal, "/withdraw"), json!({"reason": "Postponed."})).await.expect(200);
        assert_eq!((back["review_status"].as_str(), back["protection"]["state"].as_str()), (Some("withdrawn"), Some("released")));
        sales.post(&path(&again, "/submit"), json!({})).await.expect(200);
        assert_eq!(sales.post(&path(&deal, "/withdraw"), json!({})).await.refused(409), "invalid_state");
    }

    async fn a_small_clear_deal_is_granted_without_a_person_where_the_program_says_so(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let settings = world.vendor(Role::Admin).get("/v1/policies/in-force").await.expect(200);
        assert_eq!(settings["version"], 0);
        let new = json!({"note": "No tier needed.", "registration": {"auto_approval": {"enabled": true, "tier_rank": 0, "below": [{"amount": "50000.00", "currency": "EUR"}]}}});
        publish_policy(&world, new).await;
        let deal = submitted(&sales, complete()).await;
        assert_eq!((deal["review_status"].as_str(), &deal["review"]["auto_approved"]), (Some("approved"), &json!(true)));
        assert_eq!(deal["decision"]["policy_version"], 1);
        let large = submitted(&sales, with(json!({"deal_type": "renewal", "amount": {"amount": "50000.00", "currency": "EUR"}}))).await;
        assert_eq!(large["review_status"], "submitted");
    }

    async fn a_registration_is_put_at_the_callers_own_id(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, other) = (program.sales(partner), program.sales(program.partner("Südstern")));
        let address = "/v1/deals/by-external-id/crm/006%2F42";
        let made = sales.put(address, complete()).await;
        let etag = made.header("etag").unwrap().to_owned();
        let made = made.expect(201);
        assert_eq!(made["external_refs"], json!([{"system": "crm", "id": "006/42"}]));
        let same = sales.put(address, complete()).await;
        assert_eq!(same.header("etag"), Some(etag.as_str()), "the same again changes nothing");
        assert_eq!(same.expect(200)["id"], made["id"]);
        let changed = sales.put(address, with(json!({"title": "Acme, larger", "territory": "AT"}))).await.expect(200);
        assert_eq!((changed["title"].as_str(), changed["territory"].as_str()), (Some("Acme, larger"), Some("AT")));
        assert_eq!(other.put(address, complete()).await.refused(409), "already_exists");
    }

    async fn a_list_is_filtered_by_what_holds_now(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        let protected = submitted(&sales, complete()).await;
        approver.post(&path(&protected, "/approve"), json!({})).await.expect(200);
        let draft = sales.post("/v1/deals", json!({"title": "Beta in yen", "amount": {"amount": "900", "currency": "JPY"}})).await.expect(201);
        submitted(&other, with(json!({"title": "Foreign", "territory": "AT"}))).await;
        for (query, expected) in [
            ("protection=active", vec![&protected]),
            ("protection=none", vec![&draft]),
            ("protection=queued,expired", vec![]),
            ("status=draft,approved&sort=created_at", vec![&protected, &draft]),
            ("q=acme", vec![&protected]),
            ("q=beta", vec![&draft]),
            ("amount_min=900", vec![&draft, &protected]),
            ("amount_max=900", vec![&draft]),
            ("currency=EUR", vec![&protected]),
            ("sort=expected_close_on", vec![&protected]),
        ] {
            let page = sales.get(&format!("/v1/deals?{query}")).await.expect(200);
            let found: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|deal| &deal["id"]).collect();
            assert_eq!(found, expected.iter().map(|deal| &deal["id"]).collect::<Vec<_>>(), "{query}");
        }
        assert_eq!(approver.get("/v1/deals?limit=2").await.expect(200)["data"].as_array().unwrap().len(), 2);
        world.clock.advance_days(100);
        assert_eq!(sales.get("/v1/deals?protection=expired").await.expect(200)["data"][0]["id"], protected["id"]);
    }

    async fn of_many_who_submit_and_approve_one_scope_at_once_the_first_alone_is_protected(world: World) {
        const CLAIMANTS: usize = 50;
        let program = Program::new(&world).await;
        let mut claims = Vec::new();
        for number in 0..CLAIMANTS {
            let sales = program.sales(program.partner(&format!("Partner {number}")));
            let draft = sales.post("/v1/deals", complete()).await.expect(201);
            claims.push((sales, world.vendor(Role::Approver), draft));
        }
        let outcomes = join_all(claims.iter().map(|(sales, approver, draft)| async move {
            let deal = insisting(sales, &path(draft, "/submit")).await.expect(200);
            assert_eq!(deal["review_status"], "submitted");
            let answer = insisting(approver, &path(draft, "/approve")).await;
            let problem = answer.body["code"].as_str().map(str::to_owned);
            (answer.status, problem)
        }))
        .await;
        let winners = outcomes.iter().filter(|(status, _)| *status == 200).count();
        let reasons: std::collections::BTreeSet<String> = outcomes.iter().filter_map(|(_, problem)| problem.clone()).collect();
        assert!(reasons.iter().all(|code| code == "guard_failed" || code == "protection_overlap"), "{reasons:?}");
        assert_eq!(winners, 1, "{reasons:?}");
        let ops = world.vendor(Role::ChannelOps);
        let mut deals = Vec::new();
        for (_, _, draft) in &claims {
            deals.push(ops.get(&path(draft, "")).await.expect(200));
        }
        let accounts: std::collections::BTreeSet<&str> = deals.iter().map(|deal| deal["customer_account_id"].as_str().unwrap()).collect();
        assert_eq!(accounts.len(), 1, "one customer, one account");
        let first = deals.iter().min_by_key(|deal| (deal["received_at"].as_str().unwrap().to_owned(), deal["seq"].as_i64())).unwrap();
        assert_eq!(first["protection"]["state"], "active");
        let protected = deals.iter().filter(|deal| !deal["protection"]["protection_id"].is_null()).count();
        assert_eq!(protected, 1);
        let seqs: std::collections::BTreeSet<i64> = deals.iter().map(|deal| deal["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs.len(), CLAIMANTS);
    }

    async fn no_sequence_of_calls_leaves_the_published_machines(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, approver, ops) = (program.sales(partner), world.vendor(Role::Approver), world.vendor(Role::ChannelOps));
        let machines = openprm::deals::machines();
        let declared = |machine: usize, action: &str, from: &str, to: &str| {
            machines[machine]["transitions"].as_array().unwrap().iter().any(|row| {
                let has = |key: &str, state: &str| row[key].as_array().unwrap().iter().any(|known| known == state);
                row["action"] == action && has("from", from) && has("to", to)
            })
        };
        let calls: [(&str, &str, &Client<'_>, Value); 9] = [
            ("submit", "/submit", &sales, json!({})),
            ("claim_review", "/claim-review", &approver, json!({})),
            ("request_info", "/request-info", &approver, json!({"questions": ["Why?"]})),
            ("answer_info", "/answer-info", &sales, json!({"answers": ["So."]})),
            ("approve", "/approve", &approver, json!({})),
            ("reject", "/reject", &ops, json!({"reason_code": "not_qualified", "reason_text": "Too early."})),
            ("withdraw", "/withdraw", &sales, json!({})),
            ("move_stage", "/move-stage", &sales, json!({"stage": "qualified"})),
            ("move_stage", "/move-stage", &sales, json!({"stage": "committed"})),
        ];
        // A walk that is the same in every run: each step from a linear congruence.
        let kinds = ["net_new", "expansion", "renewal"];
        let mut dice = 7_u64;
        for round in 0..6 {
            let deal = sales.post("/v1/deals", with(json!({"title": format!("Walk {round}"), "deal_type": kinds[round % 3]}))).await.expect(201);
            for _ in 0..14 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (action, rest, client, body) = &calls[usize::try_from(dice >> 33).unwrap() % calls.len()];
                let before = ops.get(&path(&deal, "")).await.expect(200);
                let answer = client.post(&path(&deal, rest), body.clone()).await;
                assert!(matches!(answer.status, 200 | 403 | 409), "{action} answered {}", answer.status);
                let after = ops.get(&path(&deal, "")).await.expect(200);
                for (machine, axis) in [(0, "review_status"), (1, "stage")] {
                    // The machine of the sale tells whether it goes on, and how it ended.
                    let state = |deal: &Value| match deal[axis].as_str().unwrap() {
                        stage if axis == "stage" && !matches!(stage, "won" | "closed_lost") => "open".to_owned(),
                        state => state.to_owned(),
                    };
                    let (from, to) = (&state(&before), &state(&after));
                    assert!(from == to || declared(machine, action, from, to), "{action}: {axis} went from {from} to {to}");
                }
                assert!(answer.status == 200 || before == after, "a refused {action} changed something");
            }
        }
    }
}
