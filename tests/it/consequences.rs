//! What the steps of a partner's life do to its registrations, protections, programs, people and programs that sign in.

use diesel::prelude::*;
use openprm::{
    auth::Role,
    error::Error,
    identity::{
        self, Access, NewUser,
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::ids::{PartnerId, UserId},
    schema,
};
use serde_json::{Value, json};

use crate::{
    partners::{applied, by_name, published, territory},
    program::{Program, complete, guards, path, submitted, with},
    support::{Client, World},
};

fn at(partner: PartnerId, rest: &str) -> String {
    format!("/v1/partners/{partner}{rest}")
}

/// A registration that was granted.
async fn granted(program: &Program<'_>, partner: PartnerId) -> Value {
    let deal = submitted(&program.sales(partner), complete()).await;
    let approver = program.world.vendor(Role::Approver);
    approver.post(&path(&deal, "/approve"), json!({})).await.expect(200)
}

async fn suspend(ops: &Client<'_>, partner: PartnerId, protections: &str) {
    let suspension = json!({"reason_code": "payment_overdue", "protections": protections});
    ops.post(&at(partner, "/suspend"), suspension).await.expect(200);
}

/// Ends the partnership at once.
async fn end(ops: &Client<'_>, partner: PartnerId) {
    ops.post(&at(partner, "/offboard"), json!({"reason_code": "moving_on"}))
        .await
        .expect(200);
    ops.post(&at(partner, "/terminate"), json!({"force": true}))
        .await
        .expect(200);
}

/// The actions in the history of a registration, with the reasons.
async fn history(client: &Client<'_>, deal: &Value) -> Vec<(String, Value)> {
    let lines = client.get(&path(deal, "/history?limit=100")).await.expect(200);
    let lines = lines["data"].as_array().unwrap().clone();
    lines
        .iter()
        .map(|line| (line["action"].as_str().unwrap().to_owned(), line["reason_code"].clone()))
        .collect()
}

/// The kinds of the events about a record.
fn told(world: &World, id: &Value) -> Vec<String> {
    let id = id.as_str().unwrap().to_owned();
    world.sql(move |tx| {
        use schema::events::dsl as e;
        e::events
            .filter(e::resource_id.eq(&id))
            .order(e::seq)
            .select(e::event_type)
            .load(tx.conn())
            .map_err(Error::from)
    })
}

/// Somebody of the vendor who can really be given work.
fn vendor_user(world: &World, name: &str, roles: &'static [VendorRole]) -> UserId {
    let new = NewUser {
        id: None,
        email: format!("{name}@vendor.example"),
        name: name.to_owned(),
        password_hash: Some("none".to_owned()),
        access: Access::Vendor {
            roles: roles.to_vec(),
            row_scope: RowScope::All,
            team: None,
            territories: Vec::new(),
        },
    };
    world.sql(move |tx| identity::create_user(tx, &new)).id
}

each_engine! {
    async fn an_accepted_firm_joins_the_chosen_programs_in_their_entry_tier(world: World) {
        let (ops, admin) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
        let de = territory(&ops, "DE").await;
        let (resell, serve) = (published(&ops, "RESELL", json!({"others": []})).await, published(&ops, "SERVE", json!({"others": []})).await);
        let old = published(&ops, "OLD", json!({"others": []})).await;
        ops.post(&format!("/v1/programs/{}/retire", old["id"].as_str().unwrap()), json!({})).await.expect(200);
        applied(&world, "Nordwind", "anna@nordwind.example").await;
        let partner = by_name(&ops, "Nordwind").await;
        let here = format!("/v1/partners/{}", partner["id"].as_str().unwrap());
        ops.post(&format!("{here}/start-review"), json!({})).await.expect(200);
        let approval = |programs: Value| json!({"types": ["reseller"], "territory_ids": [de["id"]], "program_ids": programs, "account_manager_id": world.user("vendor", "cam")});

        let unknown = admin.post(&format!("{here}/approve"), approval(json!([resell["id"], "program_01k7wz9d6cfvb8k1zq3n5x7h2a"]))).await.expect(409);
        assert_eq!((&unknown["code"], &unknown["errors"][0]["pointer"]), (&json!("unknown_reference"), &json!("#/program_ids/1")));
        let retired = admin.post(&format!("{here}/approve"), approval(json!([old["id"], resell["id"]]))).await.expect(409);
        assert_eq!((guards(&retired), &retired["errors"][0]["pointer"]), (vec!["program_retired"], &json!("#/program_ids/0")));
        assert_eq!(ops.get(&here).await.expect(200)["status"], "in_review", "an approval is whole or it is none");

        admin.post(&format!("{here}/approve"), approval(json!([resell["id"], serve["id"], resell["id"]]))).await.expect(200);
        for program in [&resell, &serve] {
            let members = ops.get(&format!("/v1/programs/{}/memberships", program["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(members["data"].as_array().unwrap().len(), 1);
            assert_eq!((&members["data"][0]["partner_id"], &members["data"][0]["tier"]["name"]), (&partner["id"], &json!("Registered")));
        }

        ops.post(&format!("{here}/withdraw"), json!({"reason_code": "no_budget"})).await.expect(200);
        let left = ops.get(&format!("/v1/programs/{}/memberships", resell["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(left["data"][0]["standing"], "ended", "a firm that gives up before it is active leaves what it joined");
    }

    async fn a_suspension_that_keeps_leaves_protections_in_force(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps));
        let deal = granted(&program, partner).await;
        suspend(&ops, partner, "keep").await;
        assert_eq!(ops.get(&path(&deal, "")).await.expect(200)["protection"], deal["protection"]);
        ops.post(&at(partner, "/reinstate"), json!({})).await.expect(200);
        assert_eq!(ops.get(&path(&deal, "")).await.expect(200)["revision"], deal["revision"]);
    }

    async fn a_suspension_that_pauses_sets_protections_aside_with_the_end_they_had(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps));
        let deal = granted(&program, partner).await;
        suspend(&ops, partner, "pause").await;
        let paused = ops.get(&path(&deal, "")).await.expect(200);
        assert_eq!(paused["protection"]["state"], "paused");
        assert!(paused["revision"].as_i64() > deal["revision"].as_i64(), "who holds an old copy learns of it");
        world.clock.advance_days(10);
        ops.post(&at(partner, "/reinstate"), json!({})).await.expect(200);
        let back = program.sales(partner).get(&path(&deal, "")).await.expect(200);
        assert_eq!((&back["protection"]["state"], &back["protection"]["until"]), (&json!("active"), &deal["protection"]["until"]));
        let lines = history(&program.sales(partner), &deal).await;
        assert_eq!(lines[lines.len() - 2..], [("pause".to_owned(), json!("partner_suspended")), ("resume".to_owned(), json!("partner_reinstated"))]);
        assert!(told(&world, &deal["id"]).ends_with(&["deal.protection_paused".to_owned(), "deal.protection_resumed".to_owned()]));
    }

    async fn who_comes_back_to_a_scope_that_was_given_away_meets_a_conflict_case(world: World) {
        let program = Program::new(&world).await;
        let (away, other, ops) = (program.partner("Nordwind"), program.partner("Südstern"), world.vendor(Role::ChannelOps));
        let deal = granted(&program, away).await;
        suspend(&ops, away, "pause").await;
        let next = granted(&program, other).await;
        assert_eq!(next["protection"]["state"], "active");
        ops.post(&at(away, "/reinstate"), json!({})).await.expect(200);
        assert_eq!(ops.get(&path(&deal, "")).await.expect(200)["protection"]["state"], "contested");
        assert_eq!(ops.get(&path(&next, "")).await.expect(200)["protection"]["state"], "active", "nobody loses silently what they were given");
        let cases = ops.get(&format!("/v1/conflict-cases?partner_id={away}")).await.expect(200);
        let case = &cases["data"][0];
        assert_eq!((cases["data"].as_array().unwrap().len(), &case["status"], &case["case_type"]), (1, &json!("opened"), &json!("duplicate_registration")));
        let sides: Vec<&Value> = case["claims"].as_array().unwrap().iter().map(|claim| &claim["deal_id"]).collect();
        assert_eq!(sides, [&deal["id"], &next["id"]], "whose registration was received first comes first");
        assert!(case["claims"].as_array().unwrap().iter().all(|claim| claim["protection_id"].is_string()));
        assert_eq!(history(&ops, &deal).await.last().unwrap(), &("contest".to_owned(), json!("granted_to_another_meanwhile")));
        let resolve = format!("/v1/conflict-cases/{}/resolve", case["id"].as_str().unwrap());
        ops.post(&resolve, json!({"outcome": "uphold_first", "reason": "They were first."})).await.expect(200);
        let states = [&deal, &next].map(|deal| path(deal, ""));
        assert_eq!(ops.get(&states[0]).await.expect(200)["protection"]["state"], "active");
        assert_eq!(ops.get(&states[1]).await.expect(200)["protection"]["state"], "released", "the case moved the protection");
    }

    async fn the_end_of_a_partnership_takes_back_what_was_not_decided_and_releases_what_was_granted(world: World) {
        let program = Program::new(&world).await;
        let (partner, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (ops, approver, sales) = (world.vendor(Role::ChannelOps), world.vendor(Role::Approver), program.sales(partner));
        let customer = |name: &str| with(json!({"customer": {"name": name, "website": format!("https://www.{}.de", name.to_lowercase())}}));
        let protected = granted(&program, partner).await;
        let draft = sales.post("/v1/deals", json!({"title": "Something at Acme"})).await.expect(201);
        let sent = submitted(&sales, customer("Brezelwerk")).await;
        let overdue = submitted(&sales, customer("Kupferschmiede")).await;
        approver.post(&path(&overdue, "/request-info"), json!({"questions": ["Who?"], "business_days": 1})).await.expect(200);
        world.clock.advance_days(10);
        let asked = submitted(&sales, customer("Leuchtturmbau")).await;
        approver.post(&path(&asked, "/request-info"), json!({"questions": ["Which sites?"]})).await.expect(200);
        end(&ops, partner).await;

        for (deal, status, action) in [(&draft, "withdrawn", "withdraw"), (&sent, "withdrawn", "withdraw"), (&asked, "withdrawn", "withdraw"), (&overdue, "lapsed", "lapse"), (&protected, "approved", "release")] {
            assert_eq!(ops.get(&path(deal, "")).await.expect(200)["review_status"], status);
            assert_eq!(history(&ops, deal).await.last().unwrap().0, action);
        }
        assert_eq!(history(&ops, &sent).await.last().unwrap().1, "partner_ended");
        assert_eq!(told(&world, &sent["id"]).last().unwrap(), "deal.withdrawn");
        assert_eq!(told(&world, &protected["id"]).last().unwrap(), "deal.protection_released");
        assert_eq!(ops.get(&path(&protected, "")).await.expect(200)["protection"]["state"], "released");
        let questions = ops.get(&path(&asked, "/info-requests")).await.expect(200);
        assert_eq!(questions["data"][0]["status"], "cancelled");
        let slots: i64 = world.sql(|tx| schema::deal_open_slots::table.count().get_result(tx.conn()).map_err(Error::from));
        assert_eq!(slots, 0, "no place of a partner that is gone is kept");
        assert_eq!(granted(&program, other).await["protection"]["state"], "active", "the scope is free for the next");
    }

    async fn the_end_of_a_partnership_ends_what_hangs_on_it(world: World) {
        let program = Program::new(&world).await;
        let (partner, reseller, ops) = (program.partner("Nordwind"), program.partner("Kleine Netze"), world.vendor(Role::ChannelOps));
        ops.patch(&at(partner, ""), json!({"types": ["distributor"]})).await.expect(200);
        let channel = published(&ops, "RESELL", json!({"others": []})).await;
        let members = format!("/v1/programs/{}/memberships", channel["id"].as_str().unwrap());
        ops.post(&members, json!({"partner_id": partner})).await.expect(201);
        ops.post(&at(partner, "/resellers"), json!({"reseller_id": reseller})).await.expect(201);
        let to = world.user("vendor", "successor");
        let handover = ops.post("/v1/handovers", json!({"partner_id": partner, "role": "primary", "to_user_id": to, "reason_code": "departure", "effective_at": world.now().plus_days(5)})).await.expect(201);
        let handover = format!("/v1/handovers/{}", handover["id"].as_str().unwrap());
        ops.post(&format!("{handover}/schedule"), json!({})).await.expect(200);
        let person = NewUser { id: None, email: "anna@nordwind.example".to_owned(), name: "Anna Berg".to_owned(), password_hash: Some("none".to_owned()), access: Access::Partner { partner, roles: vec![PartnerRole::PartnerAdmin] } };
        let person = world.sql(move |tx| identity::create_user(tx, &person)).id;
        let session = world.state.identity.session_for(person, Some(partner)).unwrap();
        let anna = world.bearer(&session.access_token);
        anna.get("/v1/me").await.expect(200);
        let admin = world.vendor(Role::Admin);
        let client = admin.post("/v1/service-clients", json!({"name": "CRM", "scopes": ["deals:read"], "partner_id": partner})).await.expect(201);

        end(&ops, partner).await;
        assert_eq!(anna.get("/v1/me").await.refused(401), "unauthenticated");
        let places = ops.get(&format!("/v1/partner-users?partner_id={partner}")).await.expect(200);
        assert!(places["data"].as_array().unwrap().iter().all(|place| place["status"] == "disabled"));
        assert_eq!(admin.get(&format!("/v1/service-clients/{}", client["client"]["id"].as_str().unwrap())).await.expect(200)["status"], "disabled");
        assert_eq!(ops.get(&members).await.expect(200)["data"][0]["standing"], "ended");
        assert!(ops.get(&at(partner, "/resellers")).await.expect(200)["data"][0]["ends_on"].is_string());
        assert_eq!(ops.get(&handover).await.expect(200)["status"], "cancelled");
    }

    async fn what_waits_for_the_former_account_manager_waits_for_the_new_one(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps));
        let first = vendor_user(&world, "first", &[VendorRole::Cam, VendorRole::Approver]);
        let second = vendor_user(&world, "second", &[VendorRole::Cam, VendorRole::Approver]);
        let looked_after_by = async |partner: PartnerId, user: UserId| {
            let new = json!({"role": "primary", "user_id": user, "reason_code": "workload"});
            ops.post(&at(partner, "/account-managers"), new).await.expect(201);
        };
        let hand_over = async |partner: PartnerId, to: UserId| {
            let new = json!({"partner_id": partner, "role": "primary", "to_user_id": to, "reason_code": "workload"});
            let handover = ops.post("/v1/handovers", new).await.expect(201);
            let at = format!("/v1/handovers/{}", handover["id"].as_str().unwrap());
            ops.post(&format!("{at}/schedule"), json!({})).await.expect(200);
            ops.post(&format!("{at}/begin"), json!({})).await.expect(200);
        };
        looked_after_by(partner, first).await;
        // Two customers; on the second one, a partner of the new account manager competes.
        let mine = submitted(&program.sales(partner), complete()).await;
        let contested = with(json!({"customer": {"name": "Brezelwerk", "website": "https://www.brezelwerk.de"}}));
        let both = submitted(&program.sales(partner), contested.clone()).await;
        let rival = program.partner("Südstern");
        submitted(&program.sales(rival), contested).await;
        looked_after_by(rival, second).await;
        for deal in [&mine, &both] {
            ops.post(&path(deal, "/assign"), json!({"assignee_id": first})).await.expect(200);
        }
        hand_over(partner, second).await;
        let assignee = async |deal: &Value| ops.get(&path(deal, "")).await.expect(200)["review"]["assignee_id"].clone();
        assert_eq!(assignee(&mine).await, json!(second));
        assert_eq!(assignee(&both).await, Value::Null, "nobody decides between two partners that they look after");
        assert_eq!(history(&ops, &mine).await.last().unwrap().0, "assign");
        assert_eq!(told(&world, &mine["id"]).last().unwrap(), "deal.assigned");
        assert_eq!(ops.get(&path(&both, "")).await.expect(200)["review_status"], "in_review");
        // A new account manager who decides nothing leaves it to the reviewers.
        let another = program.partner("Kleine Netze");
        looked_after_by(another, first).await;
        let deal = submitted(&program.sales(another), with(json!({"customer": {"name": "Kupferschmiede", "website": "https://www.kupferschmiede.de"}}))).await;
        ops.post(&path(&deal, "/assign"), json!({"assignee_id": first})).await.expect(200);
        hand_over(another, vendor_user(&world, "third", &[VendorRole::Cam])).await;
        assert_eq!(assignee(&deal).await, Value::Null);
    }
}
