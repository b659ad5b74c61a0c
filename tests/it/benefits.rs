//! What tiers give: granted with the tier, consumed by many at once, kept for a tail, ended by the clock, and reported.

use actix_web::http::Method;
use diesel::prelude::*;
use futures_util::future::join_all;
use openprm::{
    auth::Role,
    error::Error,
    kernel::ids::PartnerId,
    programs::{self, ImportedMembership, ImportedTier},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, guards, sound},
    support::Client,
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn licences(quantity: i64) -> Value {
    json!({"code": "nfr", "name": "Licences for own use", "kind": "internal_use_licences", "quantity": quantity})
}

/// A program with Silver (10 licences) and Gold (25 licences, 4 seats, a better class), both with a tail of 30 days.
async fn channel(ops: &Client<'_>) -> String {
    let silver = json!({"discount_basis_points": 500, "lead_weight": 100, "mdf_rate_basis_points": 2500, "response_class": "standard",
        "allowances": [licences(10)], "tail_days": 30});
    let seats = json!({"code": "seats", "name": "Seats in trainings", "kind": "training_seats", "quantity": 4});
    let gold = json!({"discount_basis_points": 1000, "lead_weight": 200, "mdf_rate_basis_points": 5000, "response_class": "premium",
        "named_manager": true, "allowances": [licences(25), seats], "tail_days": 30});
    with_tiers(ops, &[("Silver", silver), ("Gold", gold)]).await
}

async fn with_tiers(ops: &Client<'_>, tiers: &[(&str, Value)]) -> String {
    let made = ops
        .post("/v1/programs", json!({"code": "RESELL", "name": "Reseller program"}))
        .await
        .expect(201);
    let path = format!("/v1/programs/{}", text(&made["id"]));
    ops.post(&format!("{path}/versions"), json!({"currency": "EUR"}))
        .await
        .expect(201);
    for (rank, (name, benefits)) in (1..).zip(tiers) {
        let body = json!({"rank": rank, "name": name, "benefits": benefits});
        ops.post(&format!("{path}/tiers"), body).await.expect(201);
    }
    ops.post(&format!("{path}/versions/1/publish"), json!({}))
        .await
        .expect(200);
    path
}

async fn enrol(ops: &Client<'_>, program: &str, partner: PartnerId) -> String {
    let made = ops
        .post(&format!("{program}/memberships"), json!({"partner_id": partner}))
        .await
        .expect(201);
    format!("{program}/memberships/{}", text(&made["id"]))
}

async fn to_tier(ops: &Client<'_>, program: &str, membership: &str, name: &str) {
    let tiers = ops.get(&format!("{program}/tiers")).await.expect(200);
    let tier = tiers["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tier| tier["name"] == name)
        .unwrap()["id"]
        .clone();
    let body = json!({"tier_id": tier, "reason_code": "contract", "reason_text": "Agreed."});
    ops.post(&format!("{membership}/override"), body).await.expect(200);
}

async fn benefits(client: &Client<'_>, partner: PartnerId, query: &str) -> Vec<Value> {
    let found = client
        .get(&format!("/v1/partners/{partner}/benefits{query}"))
        .await
        .expect(200);
    found["data"].as_array().unwrap().clone()
}

/// Granted, consumed, expired and remaining of every grant of that code, oldest first.
async fn grants(client: &Client<'_>, query: &str) -> Vec<(i64, i64, i64, i64)> {
    let found = client.get(&format!("/v1/benefit-grants?{query}")).await.expect(200);
    let number = |grant: &Value, name: &str| grant[name].as_i64().unwrap();
    let rows = found["data"].as_array().unwrap().iter();
    rows.map(|grant| {
        (
            number(grant, "granted"),
            number(grant, "consumed"),
            number(grant, "expired"),
            number(grant, "remaining"),
        )
    })
    .collect()
}

async fn first_grant(client: &Client<'_>, query: &str) -> String {
    let found = client.get(&format!("/v1/benefit-grants?{query}")).await.expect(200);
    format!("/v1/benefit-grants/{}", text(&found["data"][0]["id"]))
}

each_engine! {
    async fn moving_up_tops_up_and_moving_down_keeps_for_the_tail(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let program = channel(&ops).await;
        let joined = world.now();
        assert_eq!(benefits(&ops, member, "").await, Vec::<Value>::new());
        let membership = enrol(&ops, &program, member).await;
        let own = world.partner_user(member, Role::PartnerSales);
        let silver = benefits(&own, member, "").await.remove(0);
        assert_eq!((&silver["tier"]["name"], &silver["discount_basis_points"], &silver["response_class"]), (&json!("Silver"), &json!(500), &json!("standard")));
        assert_eq!((&silver["mdf_rate_basis_points"], &silver["named_manager"], &silver["tail"]), (&json!(2500), &json!(false), &json!(null)));
        assert_eq!(grants(&own, "code=nfr").await, [(10, 0, 0, 10)]);
        world.clock.advance_days(1);
        let in_silver = world.now();
        to_tier(&ops, &program, &membership, "Gold").await;
        assert_eq!(grants(&own, "code=nfr").await, [(10, 0, 0, 10), (15, 0, 0, 15)], "topped up, not doubled");
        to_tier(&ops, &program, &membership, "Gold").await;
        assert_eq!(grants(&own, "").await.len(), 3, "however often it is set: ten and fifteen licences, four seats");
        let use_of = first_grant(&own, "code=seats").await;
        ops.post(&format!("{use_of}/uses"), json!({"quantity": 3})).await.expect(201);
        world.clock.advance_days(10);
        let in_gold = world.now();
        ops.post(&format!("{membership}/end-override"), json!({})).await.expect(200);
        let fallen = benefits(&own, member, "").await.remove(0);
        assert_eq!((&fallen["tier"]["name"], &fallen["discount_basis_points"], &fallen["lead_weight"]), (&json!("Silver"), &json!(500), &json!(100)), "figures are the new tier's at once");
        assert_eq!((&fallen["response_class"], &fallen["named_manager"], &fallen["tail"]["tier"]["name"]), (&json!("premium"), &json!(true), &json!("Gold")), "kept for the tail");
        assert_eq!(fallen["allowances"].as_array().unwrap().len(), 3);
        assert_eq!(grants(&own, "status=active").await.len(), 3);
        world.clock.advance_days(31);
        let later = benefits(&own, member, "").await.remove(0);
        assert_eq!((&later["response_class"], &later["named_manager"], &later["tail"]), (&json!("standard"), &json!(false), &json!(null)));
        assert_eq!(grants(&own, "status=active").await, [(10, 0, 0, 10)]);
        assert_eq!(grants(&own, "status=expired&code=nfr").await, [(15, 0, 15, 0)]);
        assert_eq!(grants(&own, "status=expired&code=seats").await, [(4, 3, 1, 0)]);
        assert_eq!(ops.post(&format!("{use_of}/uses"), json!({"quantity": 1})).await.refused(409), "guard_failed");
        let as_of = |at: openprm::kernel::Time| format!("?as_of={at}");
        assert_eq!(benefits(&own, member, &as_of(joined)).await, Vec::<Value>::new());
        assert_eq!(benefits(&own, member, &as_of(in_silver)).await[0]["discount_basis_points"], 500);
        let then = benefits(&own, member, &as_of(in_gold)).await.remove(0);
        assert_eq!((&then["tier"]["name"], &then["named_manager"]), (&json!("Gold"), &json!(true)));
        assert_eq!(then["allowances"].as_array().unwrap().iter().map(|one| one["remaining"].as_i64().unwrap()).sum::<i64>(), 26);
        sound(&world);
    }

    async fn a_lower_tier_s_own_begin_when_the_tail_is_over_and_who_leaves_has_none(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let gold = json!({"allowances": [licences(25)], "tail_days": 30});
        let bronze = json!({"allowances": [licences(5)], "tail_days": 10});
        // Gold is where one begins, so that all of it is one grant.
        let program = with_tiers(&ops, &[("Gold", gold), ("Bronze", bronze)]).await;
        let membership = enrol(&ops, &program, member).await;
        world.clock.advance_days(1);
        to_tier(&ops, &program, &membership, "Bronze").await;
        assert_eq!(grants(&ops, "status=active").await, [(25, 0, 0, 25)]);
        assert_eq!(grants(&ops, "status=upcoming").await, [(5, 0, 0, 5)]);
        let early = first_grant(&ops, "status=upcoming").await;
        assert_eq!(guards(&ops.post(&format!("{early}/uses"), json!({"quantity": 1})).await.expect(409)), ["not_begun"]);
        world.clock.advance_days(31);
        assert_eq!(grants(&ops, "status=active").await, [(5, 0, 0, 5)]);
        ops.post(&format!("{early}/uses"), json!({"quantity": 2})).await.expect(201);
        ops.post(&format!("{membership}/leave"), json!({"reason": "Sold."})).await.expect(200);
        let left = benefits(&ops, member, "").await.remove(0);
        assert_eq!((&left["tier"], &left["discount_basis_points"], left["allowances"].as_array().unwrap().len()), (&json!(null), &json!(null), 1), "the tail runs");
        world.clock.advance_days(11);
        assert_eq!(benefits(&ops, member, "").await, Vec::<Value>::new());
        assert_eq!(grants(&ops, "status=expired").await, [(25, 0, 25, 0), (5, 2, 3, 0)]);
        enrol(&ops, &program, member).await;
        assert_eq!(grants(&ops, "status=active").await, [(25, 0, 0, 25)], "a new membership begins anew");
    }

    async fn twenty_at_once_consume_no_more_than_was_granted(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let program = channel(&ops).await;
        enrol(&ops, &program, member).await;
        let grant = first_grant(&ops, "code=nfr").await;
        let people: Vec<Client<'_>> = (0..20).map(|_| world.partner_user(member, Role::PartnerAdmin)).collect();
        let uses = format!("{grant}/uses");
        let answers = join_all(people.iter().map(|one| one.post(&uses, json!({"quantity": 1, "purpose": "Demonstration"})))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (10, 10));
        for answer in refused {
            assert_eq!(guards(&answer.expect(409)), ["not_enough"]);
        }
        assert_eq!(grants(&ops, "code=nfr").await, [(10, 10, 0, 0)]);
        assert_eq!(ops.get(&uses).await.expect(200)["data"].as_array().unwrap().len(), 10);
        let before = world.now();
        let taken = format!("/v1/benefit-uses/{}", text(&made[0].body["id"]));
        let back = || json!({"reason": "The room was given up."});
        let vendors: Vec<Client<'_>> = (0..8).map(|_| world.vendor(Role::Cam)).collect();
        let at = format!("{taken}/return");
        let answers = join_all(vendors.iter().map(|one| one.post(&at, back()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "it is returned once");
        assert_eq!(ops.post(&format!("{taken}/return"), back()).await.refused(409), "invalid_state");
        assert_eq!(grants(&ops, "code=nfr").await, [(10, 9, 0, 1)]);
        assert_eq!(grants(&ops, &format!("code=nfr&as_of={before}")).await, [(10, 10, 0, 0)], "what was is read as it was");
        let returned = ops.get(&format!("{uses}?status=returned")).await.expect(200);
        assert_eq!((&returned["data"][0]["return_reason"], returned["data"].as_array().unwrap().len()), (&json!("The room was given up."), 1));
        let one = json!({"quantity": 1});
        let mut taken = Vec::new();
        for _ in 0..2 {
            let answer = ops.send(Method::POST, &uses, &[("idempotency-key", "once")], Some(&one)).await;
            taken.push(answer.expect(201)["id"].clone());
        }
        assert_eq!(taken[0], taken[1], "the same key consumes once");
        assert_eq!(grants(&ops, "code=nfr").await, [(10, 10, 0, 0)]);
        sound(&world);
    }

    async fn the_database_holds_it_whatever_the_code_decides(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let program = channel(&ops).await;
        enrol(&ops, &program, member).await;
        let refused = |sql: &'static str| world.sql(move |tx| {
            Ok(tx.attempt(|tx| diesel::sql_query(sql).execute(tx.conn()).map_err(Error::from)).is_err())
        });
        assert!(refused("UPDATE benefit_grants SET consumed = granted + 1"));
        assert!(refused("UPDATE benefit_grants SET consumed = -1"));
        assert!(refused(
            "INSERT INTO benefit_grants SELECT 'bgrant_other', membership_id, partner_id, program_id, tier_version_id, code, name, kind, product_id, granted, consumed, valid_from, valid_until, renews, revision, created_at, updated_at FROM benefit_grants"
        ), "once for each start of a tier");
    }

    async fn a_new_version_tops_up_from_its_first_day(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let (one, other) = (setting.partner("Nordwind"), setting.partner("Suedwind"));
        let program = channel(&ops).await;
        let first = enrol(&ops, &program, one).await;
        enrol(&ops, &program, other).await;
        to_tier(&ops, &program, &first, "Gold").await;
        ops.post(&format!("{program}/versions"), json!({"currency": "EUR"})).await.expect(201);
        let draft = ops.get(&format!("{program}/tiers?version=2")).await.expect(200);
        let silver = format!("{program}/tiers/{}", text(&draft["data"][0]["id"]));
        assert_eq!(draft["data"][0]["benefits"]["allowances"][0]["quantity"], 10, "copied with the tier");
        ops.patch(&silver, json!({"benefits": {"allowances": [licences(12)], "tail_days": 30}})).await.expect(200);
        let begins = world.now().plus_days(20);
        ops.post(&format!("{program}/versions/2/publish"), json!({"valid_from": begins})).await.expect(200);
        assert_eq!(ops.patch(&silver, json!({"benefits": {}})).await.refused(422), "field_locked", "what is published never changes");
        let of = |partner: PartnerId, rest: &str| format!("partner_id={partner}&code=nfr{rest}");
        assert_eq!(grants(&ops, &of(other, "&status=active")).await, [(10, 0, 0, 10)]);
        assert_eq!(grants(&ops, &of(other, "&status=upcoming")).await, [(2, 0, 0, 2)]);
        assert_eq!(grants(&ops, &of(one, "")).await, [(10, 0, 0, 10), (15, 0, 0, 15)], "nothing is missing in Gold");
        world.clock.advance_days(21);
        assert_eq!(grants(&ops, &of(other, "&status=active")).await, [(10, 0, 0, 10), (2, 0, 0, 2)]);
    }

    async fn what_renews_is_granted_anew_at_its_end(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let yearly = json!({"code": "nfr", "name": "Licences", "kind": "internal_use_licences", "quantity": 10, "valid_days": 365, "renews": true});
        let program = with_tiers(&ops, &[("Member", json!({"allowances": [yearly]}))]).await;
        enrol(&ops, &program, member).await;
        let first = first_grant(&ops, "").await;
        ops.post(&format!("{first}/uses"), json!({"quantity": 7})).await.expect(201);
        let renewals = || world.sql(|tx| programs::renew_benefits(tx, 50));
        assert_eq!(renewals(), 0, "its end is far");
        world.clock.advance_days(340);
        assert_eq!((renewals(), renewals()), (1, 0), "once");
        assert_eq!(grants(&ops, "").await, [(10, 7, 0, 3), (10, 0, 0, 10)]);
        world.clock.advance_days(26);
        assert_eq!(grants(&ops, "status=active").await, [(10, 0, 0, 10)]);
        assert_eq!(grants(&ops, "status=expired").await, [(10, 7, 3, 0)]);
        let text_of = |grant: &Value, name: &str| text(&grant[name]).to_owned();
        let both = ops.get("/v1/benefit-grants").await.expect(200);
        assert_eq!(text_of(&both["data"][0], "valid_until"), text_of(&both["data"][1], "valid_from"));
    }

    async fn what_became_of_benefits_is_reported(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let (one, other) = (setting.partner("Nordwind"), setting.partner("Suedwind"));
        let program = channel(&ops).await;
        let first = enrol(&ops, &program, one).await;
        enrol(&ops, &program, other).await;
        to_tier(&ops, &program, &first, "Gold").await;
        let grant = first_grant(&ops, &format!("partner_id={one}&code=nfr")).await;
        ops.post(&format!("{grant}/uses"), json!({"quantity": 4})).await.expect(201);
        let analyst = world.vendor(Role::Analyst);
        let report = |rows: Value| rows["data"].as_array().unwrap().iter().map(|row| {
            let number = |name: &str| row[name].as_i64().unwrap();
            (text(&row["tier_name"]).to_owned(), text(&row["kind"]).to_owned(), [number("granted"), number("consumed"), number("expired"), number("remaining"), number("partners"), number("partners_without_use")])
        }).collect::<Vec<_>>();
        let row = |tier: &str, kind: &str, figures: [i64; 6]| (tier.to_owned(), kind.to_owned(), figures);
        assert_eq!(report(analyst.get("/v1/reports/benefits").await.expect(200)), [
            row("Gold", "internal_use_licences", [15, 0, 0, 15, 1, 1]),
            row("Gold", "training_seats", [4, 0, 0, 4, 1, 1]),
            row("Silver", "internal_use_licences", [20, 4, 0, 16, 2, 1]),
        ]);
        let moment = world.now();
        ops.post(&format!("{first}/leave"), json!({"reason": "Sold."})).await.expect(200);
        world.clock.advance_days(31);
        assert_eq!(report(analyst.get("/v1/reports/benefits?kind=internal_use_licences").await.expect(200)), [
            row("Gold", "internal_use_licences", [15, 0, 15, 0, 1, 1]),
            row("Silver", "internal_use_licences", [20, 4, 6, 10, 2, 1]),
        ]);
        let then = analyst.get(&format!("/v1/reports/benefits?as_of={moment}")).await.expect(200);
        assert_eq!(report(then)[2].2, [20, 4, 0, 16, 2, 1]);
        assert_eq!(grants(&ops, "unused=false").await, [(10, 4, 6, 0)]);
        assert_eq!(world.partner_user(one, Role::PartnerAdmin).get("/v1/reports/benefits").await.refused(403), "forbidden");
    }

    async fn what_cannot_be_granted_or_consumed_is_refused(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let (member, stranger) = (setting.partner("Nordwind"), setting.partner("Suedwind"));
        let program = channel(&ops).await;
        enrol(&ops, &program, member).await;
        let grant = first_grant(&ops, "code=nfr").await;
        let (admin, sales, foreign) = (world.partner_user(member, Role::PartnerAdmin), world.partner_user(member, Role::PartnerSales), world.partner_user(stranger, Role::PartnerAdmin));
        for wrong in [json!({}), json!({"quantity": 0}), json!({"quantity": -1}), json!({"quantity": "1"}), json!({"quantity": 1.5}), json!({"quantity": 1, "free": true})] {
            assert_eq!(admin.post(&format!("{grant}/uses"), wrong.clone()).await.refused(422), "validation_failed", "{wrong}");
        }
        assert_eq!(guards(&admin.post(&format!("{grant}/uses"), json!({"quantity": 11})).await.expect(409)), ["not_enough"]);
        assert_eq!(sales.post(&format!("{grant}/uses"), json!({"quantity": 1})).await.refused(403), "forbidden");
        assert_eq!(foreign.post(&format!("{grant}/uses"), json!({"quantity": 1})).await.refused(404), "not_found");
        assert_eq!(foreign.get(&grant).await.refused(404), "not_found");
        assert_eq!(foreign.get(&format!("/v1/partners/{member}/benefits")).await.refused(404), "not_found");
        assert!(grants(&foreign, "").await.is_empty());
        let made = admin.post(&format!("{grant}/uses"), json!({"quantity": 1})).await.expect(201);
        let taken = format!("/v1/benefit-uses/{}", text(&made["id"]));
        assert_eq!(admin.post(&format!("{taken}/return"), json!({"reason": "No."})).await.refused(403), "forbidden", "the vendor takes it back");
        assert_eq!(foreign.get(&taken).await.refused(404), "not_found");
        let suspend = json!({"reason_code": "payment_overdue", "protections": "keep"});
        ops.post(&format!("/v1/partners/{member}/suspend"), suspend).await.expect(200);
        assert_eq!(guards(&ops.post(&format!("{grant}/uses"), json!({"quantity": 1})).await.expect(409)), ["partner_not_live"]);
        // What a draft may not promise.
        ops.post(&format!("{program}/versions"), json!({"currency": "EUR"})).await.expect(201);
        let tier = |allowances: Value| json!({"rank": 3, "name": "Platinum", "benefits": {"allowances": allowances}});
        let unknown = json!({"code": "a", "name": "A", "kind": "other", "quantity": 1, "product_id": "product_01jdq4p6c8f3kb2v9y0s7x5ham"});
        let endless = json!({"code": "a", "name": "A", "kind": "other", "quantity": 1, "renews": true});
        for (allowances, code) in [(json!([licences(1), licences(2)]), "conflict"), (json!([endless]), "conflict"), (json!([unknown]), "unknown_reference")] {
            assert_eq!(ops.post(&format!("{program}/tiers"), tier(allowances)).await.refused(409), code);
        }
        let torn = json!([{"code": "nfr", "name": "Cases", "kind": "support_incidents", "quantity": 1}]);
        ops.post(&format!("{program}/tiers"), tier(torn)).await.expect(201);
        assert_eq!(guards(&ops.post(&format!("{program}/versions/2/publish"), json!({})).await.expect(409)), ["allowance_differs"]);
    }

    async fn of_imported_history_only_what_still_holds_is_granted(world: World) {
        let (setting, ops) = (Program::new(&world).await, world.vendor(Role::ChannelOps));
        let member = setting.partner("Nordwind");
        let program = channel(&ops).await;
        let id: openprm::kernel::ids::ProgramId = program.trim_start_matches("/v1/programs/").parse().unwrap();
        let begin = world.now().plus_days(-300);
        let import = move |tx: &mut openprm::db::Tx<'_>| {
            let now = tx.now;
            let silver = programs::tier_named(tx, id, "Silver", now)?.unwrap();
            let gold = programs::tier_named(tx, id, "Gold", now)?.unwrap();
            let tiers = vec![ImportedTier { valid_from: begin, tier: gold.id }, ImportedTier { valid_from: begin.plus_days(100), tier: silver.id }];
            programs::insert_membership_imported(tx, &ImportedMembership { partner_id: member, program_id: id, tiers, ended: None })
        };
        assert!(world.sql(import).1);
        assert!(!world.sql(import).1);
        assert_eq!(grants(&ops, "").await, [(10, 0, 0, 10)]);
    }
}
