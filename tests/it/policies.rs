//! The policy of the program: worked out as a draft, simulated over history, published from a moment on, and enforced.

use actix_web::http::Method;
use futures_util::future::join_all;
use openprm::{
    auth::{Caller, Role, Rows},
    deals::registrations::{self, DealStage, ImportedDeal, NewDeal, ReviewStatus},
    kernel::{Time, ids::PartnerId},
};
use serde_json::{Value, json};

use crate::{
    partners::published,
    program::{Program, complete, guards, path, submitted, told_of, with},
    support::{Client, World, publish_policy, statements},
};

fn at(policy: &Value, rest: &str) -> String {
    format!("/v1/policies/{}{rest}", policy["id"].as_str().unwrap())
}

async fn listed(client: &Client<'_>, address: &str) -> Vec<Value> {
    client.get(address).await.expect(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

async fn statuses(client: &Client<'_>, status: &str) -> Vec<Value> {
    let rows = listed(client, &format!("/v1/policies?status={status}")).await;
    rows.iter().map(|row| row["version"].clone()).collect()
}

async fn account(world: &World, name: &str) -> String {
    let made = world
        .vendor(Role::ChannelOps)
        .post("/v1/customer-accounts", json!({"name": name}))
        .await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A deal of history: begun, and maybe closed, on these days.
fn past(
    world: &World,
    partner: PartnerId,
    account: &str,
    territory: &str,
    began: &str,
    closed: Option<(&str, DealStage)>,
) {
    let time = |day: &str| -> Time { format!("{day}T12:00:00Z").parse().unwrap() };
    let deal: NewDeal = serde_json::from_value(json!({
        "title": "From the old CRM", "territory": territory,
        "lines": [{"product": "EDGE-FW"}], "amount": {"amount": "30000.00", "currency": "EUR"},
    }))
    .unwrap();
    let imported = ImportedDeal {
        id: None,
        deal,
        partner_id: partner,
        distributor_id: None,
        submitter_id: None,
        account_id: Some(account.parse().unwrap()),
        review_status: ReviewStatus::NotRegistered,
        stage: closed.map_or(DealStage::QUALIFIED, |(_, stage)| stage),
        created_at: time(began),
        received_at: None,
        closed_at: closed.map(|(day, _)| time(day)),
        closed_reason: None,
        protection: None,
        legacy: true,
    };
    world.sql(move |tx| registrations::insert_imported(tx, imported.clone()).map(drop));
}

/// The counts of a simulation by question: asked, before, after, differing, partners.
fn counts(simulation: &Value, question: &str) -> [i64; 5] {
    let rows = simulation["counts"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["question"] == question)
        .unwrap_or_else(|| panic!("no {question}: {simulation}"));
    ["asked", "before", "after", "differing", "partners"].map(|name| row[name].as_i64().unwrap())
}

each_engine! {
    async fn a_draft_is_changed_until_it_is_published_and_then_never_again(world: World) {
        let (ops, analyst) = (world.vendor(Role::ChannelOps), world.vendor(Role::Analyst));
        let first = ops.get("/v1/policies/in-force").await.expect(200);
        assert_eq!((&first["version"], &first["policy_id"], &first["registration"]["protection_days"]), (&json!(0), &json!(null), &json!(90)));
        let draft = ops.post("/v1/policies", json!({"note": "Longer.", "registration": {"protection_days": 120}})).await.expect(201);
        assert_eq!((&draft["status"], &draft["version"], &draft["base_version"]), (&json!("draft"), &json!(null), &json!(0)));
        assert_eq!(draft["registration"]["extension_days"], 60, "what is left out is as before");
        let patch = json!({"registration": {"auto_approval": {"tier_rank": 1}}, "conflict": {"cool_down_days": 7}});
        let draft = ops.patch(&at(&draft, ""), patch).await.expect(200);
        assert_eq!((&draft["registration"]["protection_days"], &draft["registration"]["auto_approval"]["tier_rank"], &draft["registration"]["auto_approval"]["enabled"]), (&json!(120), &json!(1), &json!(true)));
        let changes = analyst.get(&at(&draft, "/changes")).await.expect(200);
        let told: Vec<(&str, &str, &str)> = changes["changes"].as_array().unwrap().iter().map(|one| (one["pointer"].as_str().unwrap(), one["before"].as_str().unwrap(), one["after"].as_str().unwrap())).collect();
        assert_eq!(told, [("/conflict/cool_down_days", "30", "7"), ("/registration/auto_approval/tier_rank", "2", "1"), ("/registration/protection_days", "90", "120")]);
        assert_eq!(ops.get("/v1/policies/in-force").await.expect(200)["version"], 0, "a draft holds for nothing");

        let held = ops.post(&at(&draft, "/publish"), json!({})).await.expect(200);
        assert_eq!((&held["status"], &held["version"], &held["note"]), (&json!("in_force"), &json!(1), &json!("Longer.")));
        let now = ops.get("/v1/policies/in-force").await.expect(200);
        assert_eq!((&now["version"], &now["registration"]["protection_days"], &now["policy_id"]), (&json!(1), &json!(120), &held["id"]));
        let before = ops.get("/v1/policies/in-force?as_of=2026-01-01T00:00:00Z").await.expect(200);
        assert_eq!((&before["version"], &before["registration"]["protection_days"]), (&json!(0), &json!(90)));
        assert_eq!(ops.patch(&at(&held, ""), json!({"note": "Other."})).await.refused(409), "invalid_state");
        assert_eq!(ops.delete(&at(&held, "")).await.refused(409), "invalid_state");
        assert_eq!(ops.post(&at(&held, "/publish"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(ops.post(&at(&held, "/withdraw"), json!({})).await.refused(409), "invalid_state");

        let draft = ops.post("/v1/policies", json!({})).await.expect(201);
        assert_eq!((&draft["base_version"], &draft["registration"]["protection_days"]), (&json!(1), &json!(120)), "a draft begins from the last version");
        let back = ops.post("/v1/policies", json!({"from_version": 0})).await.expect(201);
        assert_eq!(back["registration"]["protection_days"], 90);
        let etag = ops.get(&at(&back, "")).await.header("etag").unwrap().to_owned();
        ops.patch(&at(&back, ""), json!({"note": "The defaults again."})).await.expect(200);
        assert_eq!(ops.send(Method::DELETE, &at(&back, ""), &[("if-match", &etag)], None).await.refused(412), "precondition_failed");
        ops.delete(&at(&back, "")).await.expect(204);
        ops.get(&at(&back, "")).await.expect(404);
        assert_eq!(listed(&analyst, "/v1/policies").await.len(), 2);
        assert_eq!(statuses(&analyst, "draft").await, [json!(null)]);
        assert_eq!(statuses(&analyst, "in_force,past").await, [json!(1)]);
        let told = told_of(&world, "policy");
        for kind in ["policy.drafted", "policy.updated", "policy.published", "policy.deleted"] {
            assert!(told.contains(kind), "{kind}");
        }
    }

    async fn the_database_itself_keeps_what_was_published(world: World) {
        use diesel::RunQueryDsl as _;
        publish_policy(&world, json!({"registration": {"protection_days": 30}})).await;
        for sql in ["UPDATE policies SET document = '{}'", "UPDATE policies SET valid_from = 1", "DELETE FROM policies",
            "UPDATE policies SET withdrawn_at = 1, withdrawn_by = 'x', created_by = 'somebody else'", "UPDATE policies SET withdrawn_at = 1, withdrawn_by = 'x', created_at = 1"] {
            let refused = world.sql(move |tx| Ok(tx.attempt(|tx| diesel::sql_query(sql).execute(tx.conn()).map_err(openprm::error::Error::from)).is_err()));
            assert!(refused, "{sql}");
        }
    }

    async fn a_published_document_is_read_once_and_the_next_holds_at_once(world: World) {
        let days = || {
            let asked = |tx: &mut openprm::db::Tx<'_>| {
                let now = tx.now;
                Ok(openprm::policies::in_force(tx, now)?.registration.protection_days)
            };
            statements::sent(|| world.db.ask_now(&Caller::system("test"), asked).unwrap())
        };
        assert_eq!(days(), (1, 90), "the built-in defaults");
        for held in [30, 45] {
            publish_policy(&world, json!({"registration": {"protection_days": held}})).await;
            let (_, first) = days();
            assert_eq!((first, days(), days()), (held, (1, held), (1, held)));
        }
    }

    async fn what_is_scheduled_holds_once_its_moment_has_come_unless_it_is_withdrawn(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (soon, later) = (world.now().plus_days(10).to_string(), world.now().plus_days(20).to_string());
        let draft = ops.post("/v1/policies", json!({"registration": {"protection_days": 60}})).await.expect(201);
        assert_eq!(guards(&ops.post(&at(&draft, "/publish"), json!({"valid_from": "2026-01-01T00:00:00Z"})).await.expect(409)), ["not_in_past"]);
        let planned = ops.post(&at(&draft, "/publish"), json!({"valid_from": later, "note": "From spring on."})).await.expect(200);
        assert_eq!((&planned["status"], &planned["version"], &planned["note"]), (&json!("scheduled"), &json!(1), &json!("From spring on.")));
        assert_eq!(ops.get("/v1/policies/in-force").await.expect(200)["version"], 0);
        assert_eq!(ops.get(&format!("/v1/policies/in-force?as_of={later}")).await.expect(200)["version"], 1);
        let other = ops.post("/v1/policies", json!({"from_version": 0, "registration": {"protection_days": 45}})).await.expect(201);
        assert_eq!(guards(&ops.post(&at(&other, "/publish"), json!({"valid_from": soon})).await.expect(409)), ["after_last_published"]);
        let gone = ops.post(&at(&planned, "/withdraw"), json!({})).await.expect(200);
        assert_eq!(gone["status"], "withdrawn");
        assert_eq!(ops.post(&at(&planned, "/withdraw"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(guards(&ops.post(&at(&other, "/publish"), json!({"valid_from": soon})).await.expect(409)), ["base_is_last"], "it was begun after a version that is gone");
        ops.patch(&at(&other, ""), json!({"base_version": 0})).await.expect(200);
        let next = ops.post(&at(&other, "/publish"), json!({"valid_from": soon})).await.expect(200);
        assert_eq!((&next["status"], &next["version"]), (&json!("scheduled"), &json!(2)), "no number is given twice");
        assert_eq!(statuses(&ops, "scheduled,withdrawn").await, [json!(2), json!(1)]);
        world.clock.advance_days(15);
        assert_eq!(ops.get(&at(&next, "")).await.expect(200)["status"], "in_force");
        world.clock.advance_days(15);
        assert_eq!(ops.get("/v1/policies/in-force").await.expect(200)["version"], 2, "what was withdrawn never holds");
        publish_policy(&world, json!({})).await;
        assert_eq!(statuses(&ops, "past").await, [json!(2)]);
        assert!(told_of(&world, "policy").contains("policy.withdrawn"));
    }

    async fn of_two_drafts_that_are_published_at_once_one_is(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let mut drafts = Vec::new();
        for days in [60, 61, 62, 63] {
            drafts.push(ops.post("/v1/policies", json!({"registration": {"protection_days": days}})).await.expect(201));
        }
        let outcomes = join_all(drafts.iter().map(|draft| async { ops.post(&at(draft, "/publish"), json!({})).await.status })).await;
        assert_eq!(outcomes.iter().filter(|status| **status == 200).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|status| **status == 409).count(), 3, "{outcomes:?}");
        assert_eq!(ops.get("/v1/policies/in-force").await.expect(200)["version"], 1);
        let lost = drafts.iter().zip(&outcomes).find(|(_, status)| **status == 409).unwrap().0;
        assert_eq!(guards(&ops.post(&at(lost, "/publish"), json!({})).await.expect(409)), ["base_is_last"]);
        ops.patch(&at(lost, ""), json!({"base_version": 1})).await.expect(200);
        assert_eq!(ops.post(&at(lost, "/publish"), json!({})).await.expect(200)["version"], 2);
    }

    async fn nonsense_is_refused_and_not_everybody_may_write(world: World) {
        let (ops, cam) = (world.vendor(Role::ChannelOps), world.vendor(Role::Cam));
        for body in [
            json!({"registration": {"protection_days": 0}}),
            json!({"registration": {"protection_days": "long"}}),
            json!({"registration": {"protection_dayz": 30}}),
            json!({"registration": {"required_fields": [{"fields": ["#/password"]}]}}),
            json!({"registration": null}),
            json!({"registration": {"first_in_time": null}}),
            json!({"registration": {"first_in_time": "loudest"}}),
            json!({"unknown": 1}),
        ] {
            let refused = ops.post("/v1/policies", body.clone()).await;
            assert!(matches!(refused.status, 400 | 422), "{} for {body}", refused.status);
        }
        assert_eq!(ops.post("/v1/policies", json!({"from_version": 7})).await.refused(409), "unknown_reference");
        let draft = ops.post("/v1/policies", json!({"registration": {"protection_days_by_type": [{"deal_type": "renewal", "days": 30}, {"deal_type": "renewal", "days": 60}]}})).await.expect(201);
        let refused = ops.post(&at(&draft, "/publish"), json!({})).await.expect(409);
        assert_eq!((guards(&refused), &refused["errors"][0]["pointer"]), (vec!["said_once"], &json!("#/registration/protection_days_by_type/1")));
        cam.get(&at(&draft, "")).await.expect(200);
        assert_eq!(cam.post("/v1/policies", json!({})).await.refused(403), "forbidden");
        assert_eq!(cam.post(&at(&draft, "/simulate"), json!({})).await.refused(403), "forbidden");
        let program = Program::new(&world).await;
        let partner = program.sales(program.partner("Nordwind"));
        assert_eq!(partner.get("/v1/policies/in-force").await.refused(403), "forbidden");
    }

    async fn what_the_program_asks_for_is_asked_for_by_kind_of_business(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        publish_policy(&world, json!({"registration": {"required_fields": [
            {"fields": ["#/next_step"]},
            {"deal_type": "net_new", "fields": ["#/contacts/0/email", "#/customer/registration_number", "#/lines/0/unit_price"]},
        ]}})).await;
        let draft = sales.post("/v1/deals", complete()).await.expect(201);
        let refused = sales.post(&path(&draft, "/submit"), json!({})).await.expect(409);
        assert_eq!(guards(&refused), ["required_fields"; 4]);
        let pointers: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["#/next_step", "#/contacts/0/email", "#/lines/0/unit_price", "#/customer/registration_number"]);
        sales.patch(&path(&draft, ""), json!({"deal_type": "expansion", "next_step": "A workshop."})).await.expect(200);
        sales.post(&path(&draft, "/submit"), json!({})).await.expect(200);
    }

    async fn how_many_may_be_open_depends_on_the_tier(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        publish_policy(&world, json!({"registration": {"open_registrations": 1, "open_registrations_by_tier": [{"tier_rank": 1, "limit": 2}], "auto_approval": {"enabled": false}}})).await;
        let body = |name: &str| with(json!({"customer": {"name": name, "website": format!("https://www.{}.de", name.to_lowercase())}}));
        submitted(&sales, body("Brezelwerk")).await;
        let second = sales.post("/v1/deals", body("Kupferschmiede")).await.expect(201);
        assert_eq!(guards(&sales.post(&path(&second, "/submit"), json!({})).await.expect(409)), ["capacity"]);
        let channel = published(&ops, "RESELL", json!({"others": []})).await;
        ops.post(&format!("/v1/programs/{}/memberships", channel["id"].as_str().unwrap()), json!({"partner_id": partner})).await.expect(201);
        sales.post(&path(&second, "/submit"), json!({})).await.expect(200);
        let third = sales.post("/v1/deals", body("Leuchtturmbau")).await.expect(201);
        assert_eq!(guards(&sales.post(&path(&third, "/submit"), json!({})).await.expect(409)), ["capacity"]);
    }

    async fn arrival_binds_the_approver_only_where_the_program_says_so(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        submitted(&first, complete()).await;
        let two = submitted(&second, complete()).await;
        assert_eq!(guards(&approver.post(&path(&two, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        publish_policy(&world, json!({"registration": {"first_in_time": "first_approved"}})).await;
        let approved = approver.post(&path(&two, "/approve"), json!({})).await.expect(200);
        assert_eq!((&approved["review_status"], &approved["decision"]["policy_version"], &approved["decision"]["override_code"]), (&json!("approved"), &json!(1), &json!(null)));
    }

    async fn who_has_shown_more_of_its_work_comes_first_where_evidence_counts(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let approver = world.vendor(Role::Approver);
        publish_policy(&world, json!({"registration": {"first_in_time": "evidence_weighted"}})).await;
        let one = submitted(&first, complete()).await;
        let two = submitted(&second, complete()).await;
        assert_eq!(guards(&approver.post(&path(&two, "/approve"), json!({})).await.expect(409)), ["earlier_claim"], "as much was shown by both, so the order of arrival counts");
        second.post(&path(&two, "/evidence"), json!({"kind": "meeting", "reference": "Kick-off"})).await.expect(201);
        assert_eq!(guards(&approver.post(&path(&one, "/approve"), json!({})).await.expect(409)), ["earlier_claim"], "now the later one comes first");
        first.post(&path(&one, "/evidence"), json!({"kind": "customer_letter", "reference": "Letter"})).await.expect(201);
        let refused = approver.post(&path(&two, "/approve"), json!({})).await.expect(409);
        assert!(refused.to_string().contains("by the evidence that was shown"), "{refused}");
        approver.post(&path(&one, "/approve"), json!({})).await.expect(200);
    }

    async fn partners_are_told_of_a_conflict_what_the_program_lets_them_know(world: World) {
        let program = Program::new(&world).await;
        let (first, second) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        submitted(&first, complete()).await;
        let told = submitted(&second, complete()).await;
        let read = |deal: &Value| format!("/v1/conflict-checks?deal_id={}", deal["id"].as_str().unwrap());
        let open = &listed(&second, &read(&told)).await[0]["redacted"];
        assert_eq!((&open["queue_position"], open["claims"].as_array().unwrap().len()), (&json!(2), 1));
        publish_policy(&world, json!({"conflict": {"tell_queue_position": false, "tell_earliest_free": false, "tell_ways_out": false, "tell_claims": false}})).await;
        let third = program.sales(program.partner("Westwind"));
        let deal = submitted(&third, complete()).await;
        let closed = &listed(&third, &read(&deal)).await[0]["redacted"];
        assert_eq!((&closed["verdict"], &closed["queue_position"], &closed["earliest_free_at"], &closed["claims"], &closed["would_clear_if"]), (&json!("conflict"), &json!(null), &json!(null), &json!([]), &json!([])));
        assert_eq!(closed["summary"], "The scope is taken.");
        let full = &listed(&world.vendor(Role::Approver), &read(&deal)).await[0]["assessment"];
        assert_eq!((&full["queue_position"], full["claims"].as_array().unwrap().len()), (&json!(3), 2), "the vendor sees all of it");
    }

    async fn a_longer_window_is_simulated_published_and_carried_by_the_next_decision(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (acme, beta) = (account(&world, "Altwerk").await, account(&world, "Betabau").await);
        let won = |day| Some((day, DealStage::WON));
        // With 90 days its window ends on 2026-04-10, before it was won; with 120 on 2026-05-10.
        past(&world, north, &acme, "DE", "2026-01-10", won("2026-04-20"));
        // Five days after the shorter window, within the longer one, and elsewhere on the same day.
        past(&world, south, &acme, "DE", "2026-04-15", None);
        past(&world, south, &acme, "AT", "2026-04-15", Some(("2026-05-01", DealStage::CLOSED_LOST)));
        past(&world, north, &beta, "DE", "2026-02-01", won("2026-03-01"));

        let ops = world.vendor(Role::ChannelOps);
        let draft = ops.post("/v1/policies", json!({"registration": {"protection_days": 120}})).await.expect(201);
        let simulation = ops.post(&at(&draft, "/simulate"), json!({})).await.expect(201);
        assert_eq!((&simulation["deals"], &simulation["legacy_deals"], &simulation["differing_deals"], &simulation["compared_version"]), (&json!(4), &json!(4), &json!(4), &json!(0)));
        assert_eq!(counts(&simulation, "protection_end"), [4, 360, 360, 4, 2], "three windows of 120 days, and one that is shut out");
        assert_eq!(counts(&simulation, "won_inside_window"), [2, 1, 2, 1, 1]);
        assert_eq!(counts(&simulation, "shut_out"), [4, 0, 1, 1, 1]);
        assert_eq!(counts(&simulation, "approval_steps"), [4, 4, 4, 0, 0]);
        assert_eq!(counts(&simulation, "auto_approval"), [4, 0, 0, 0, 0]);
        assert_eq!((&simulation["found_rows"], &simulation["stored_rows"]), (&json!(6), &json!(6)));
        let rows = format!("/v1/policy-simulations/{}/rows", simulation["id"].as_str().unwrap());
        assert_eq!(listed(&ops, &rows).await.len(), 6);
        let out = listed(&ops, &format!("{rows}?question=shut_out")).await;
        assert_eq!((&out[0]["partner_id"], &out[0]["before"], out[0]["after"].as_str().unwrap().starts_with("by DR-")), (&json!(south), &json!("no"), true));
        let inside = listed(&ops, &format!("{rows}?question=won_inside_window&partner_id={north}")).await;
        assert_eq!((inside.len(), &inside[0]["before"], &inside[0]["after"]), (1, &json!("no"), &json!("yes")));
        let cam = world.vendor_of(Role::Cam, Rows::Partners(std::sync::Arc::from([south])));
        let theirs = listed(&cam, &rows).await;
        assert!(theirs.iter().all(|row| row["partner_id"] == json!(south)), "of other partners an account manager reads nothing");
        let out = theirs.iter().find(|row| row["question"] == "shut_out").unwrap();
        assert_eq!((&out["before"], &out["after"]), (&json!("no"), &json!("by another partner")), "nor the number of another's deal");
        let both = world.vendor_of(Role::Cam, Rows::Partners(std::sync::Arc::from([north, south])));
        assert!(listed(&both, &format!("{rows}?question=shut_out")).await[0]["after"].as_str().unwrap().starts_with("by DR-"));
        let limited = world.vendor_of(Role::ChannelOps, Rows::Partners(std::sync::Arc::from([south])));
        let same = limited.post(&at(&draft, "/simulate"), json!({})).await.expect(201);
        assert_eq!((&same["deals"], &same["counts"]), (&simulation["deals"], &simulation["counts"]), "the simulation is the policy's, whoever asks for it");
        let part = ops.post(&at(&draft, "/simulate"), json!({"from": "2026-02-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"})).await.expect(201);
        assert_eq!((&part["deals"], counts(&part, "protection_end")), (&json!(1), [1, 90, 120, 1, 1]));
        let none = ops.post(&at(&draft, "/simulate"), json!({"filter": {"legacy": false}})).await.expect(201);
        assert_eq!((&none["deals"], &none["counts"]), (&json!(0), &json!([])));
        assert_eq!(listed(&ops, &format!("/v1/policy-simulations?policy_id={}", draft["id"].as_str().unwrap())).await.len(), 4);

        ops.post(&at(&draft, "/publish"), json!({})).await.expect(200);
        let deal = submitted(&program.sales(north), complete()).await;
        let deal = world.vendor(Role::Approver).post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!((&deal["decision"]["policy_version"], &deal["decision"]["terms"]["window_days"]), (&json!(1), &json!(120)));
        let day = |time: &Value| -> Time { time.as_str().unwrap().parse().unwrap() };
        assert_eq!(day(&deal["decision"]["ends_at"]), day(&deal["decision"]["starts_at"]).plus_days(120));
        assert_eq!(deal["protection"]["granted_until"], deal["decision"]["ends_at"]);
        let again = ops.post("/v1/policies", json!({"registration": {"protection_days": 30, "protection_days_by_type": [{"deal_type": "renewal", "days": 10}], "required_fields": [{"fields": ["#/next_step"]}], "approval_chain": [{"name": "One", "role": "approver"}, {"name": "Two", "role": "finance"}]}})).await.expect(201);
        let simulation = ops.post(&at(&again, "/simulate"), json!({"filter": {"legacy": false}})).await.expect(201);
        assert_eq!((&simulation["deals"], &simulation["compared_version"]), (&json!(1), &json!(1)));
        assert_eq!(counts(&simulation, "protection_end"), [1, 120, 30, 1, 1]);
        assert_eq!(counts(&simulation, "required_fields"), [1, 0, 1, 1, 1]);
        assert_eq!(counts(&simulation, "approval_steps"), [1, 1, 2, 1, 1]);
        ops.delete(&at(&again, "")).await.expect(204);
        ops.get(&format!("/v1/policy-simulations/{}", simulation["id"].as_str().unwrap())).await.expect(404);
        let told = told_of(&world, "policy_simulation");
        assert!(told.contains("policy_simulation.completed"));
        assert_eq!(told.matches("policy_simulation.deleted").count(), 1, "the one of the draft that was deleted");
    }
}
