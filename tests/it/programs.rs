//! Programs: tiers in versions, memberships, overrides, evaluations, and demotions that are never silent.

use diesel::prelude::*;
use openprm::{
    auth::Role,
    error::Error,
    kernel::{
        Time,
        ids::{DealId, DecisionId, EmploymentId, Id as _, PartnerId, PersonId},
    },
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
    programs::{self, ImportedMembership, ImportedTier},
    schema,
};
use serde_json::{Value, json};

use crate::support::{Client, World};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An active partner, whose account manager is some user.
fn partner(world: &World, name: &str) -> PartnerId {
    let (id, manager, since) = (
        PartnerId::at(world.now()),
        world.user("vendor", "cam"),
        world.now().plus_days(-400),
    );
    let profile: NewPartner = serde_json::from_value(json!({
        "legal_name": name, "types": ["reseller"], "default_currency": "EUR", "time_zone": "UTC",
    }))
    .unwrap();
    let imported = ImportedPartner {
        id,
        status: PartnerStatus::Active,
        since,
        account_manager: Some(manager),
        legacy: true,
        profile,
    };
    world.sql(move |tx| partners::insert_imported(tx, &imported).map(|partner| partner.id))
}

/// A deal that the partner won so many days ago.
fn won(world: &World, partner: PartnerId, minor: i64, currency: &'static str, days_ago: i64) -> DealId {
    deal(world, partner, minor, currency, "won", days_ago)
}

fn deal(
    world: &World,
    partner: PartnerId,
    minor: i64,
    currency: &'static str,
    stage: &'static str,
    days_ago: i64,
) -> DealId {
    let (id, now) = (DealId::at(world.now()), world.now());
    let closed = now.plus_days(-days_ago).micros();
    world.sql(move |tx| {
        use schema::deals::dsl as d;
        let row = (
            (
                d::id.eq(id.to_string()),
                d::number.eq(id.to_string()),
                d::partner_id.eq(partner.to_string()),
                d::title.eq("A deal"),
                d::title_key.eq("a deal"),
            ),
            (
                d::deal_type.eq("net_new"),
                d::source.eq("partner_sourced"),
                d::review_status.eq("not_registered"),
                d::stage.eq(stage),
            ),
            (
                d::amount_minor.eq(minor),
                d::amount_currency.eq(currency),
                d::last_activity_at.eq(closed),
                d::legacy.eq(true),
                d::closed_at.eq(closed),
            ),
            (
                d::custom.eq("{}"),
                d::revision.eq(1_i64),
                d::created_at.eq(closed),
                d::updated_at.eq(closed),
            ),
        );
        diesel::insert_into(d::deals)
            .values(&row)
            .execute(tx.conn())
            .map(drop)
            .map_err(Error::from)
    });
    id
}

/// A program with Registered, Silver (won 10,000 EUR in a year) and Gold (won 50,000 EUR in a year), in force since long.
async fn resellers(ops: &Client<'_>, auto_promote: bool) -> Value {
    let program = ops
        .post("/v1/programs", json!({"code": "RESELL", "name": "Reseller program"}))
        .await
        .expect(201);
    let path = path_of(&program);
    let version = json!({"currency": "EUR", "auto_promote": auto_promote, "notice_days": 30});
    ops.post(&format!("{path}/versions"), version).await.expect(201);
    for (rank, name, amount, discount) in [
        (1, "Registered", "0", 500),
        (2, "Silver", "10000", 1000),
        (3, "Gold", "50000", 1500),
    ] {
        let criteria = json!([{"metric_key": "won_amount", "op": "gte", "threshold": amount, "window_days": 365}]);
        let tier = json!({"rank": rank, "name": name, "criteria": criteria, "benefits": {"discount_basis_points": discount, "others": []}});
        ops.post(&format!("{path}/tiers"), tier).await.expect(201);
    }
    ops.post(&format!("{path}/versions/1/publish"), json!({}))
        .await
        .expect(200);
    ops.get(&path).await.expect(200)
}

fn path_of(program: &Value) -> String {
    format!("/v1/programs/{}", text(&program["id"]))
}

async fn enrol(ops: &Client<'_>, program: &Value, partner: PartnerId) -> String {
    let made = ops
        .post(
            &format!("{}/memberships", path_of(program)),
            json!({"partner_id": partner}),
        )
        .await
        .expect(201);
    format!("{}/memberships/{}", path_of(program), text(&made["id"]))
}

async fn tier_of(client: &Client<'_>, membership: &str) -> String {
    text(&client.get(membership).await.expect(200)["tier"]["name"])
}

async fn tier_id(client: &Client<'_>, program: &Value, name: &str) -> Value {
    let tiers = client.get(&format!("{}/tiers", path_of(program))).await.expect(200);
    tiers["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tier| tier["name"] == name)
        .unwrap()["id"]
        .clone()
}

async fn evaluate(ops: &Client<'_>, program: &Value, body: Value) -> (Value, Vec<Value>) {
    let run = ops
        .post(&format!("{}/evaluations", path_of(program)), body)
        .await
        .expect(201);
    let results = ops
        .get(&format!(
            "{}/evaluations/{}/results",
            path_of(program),
            text(&run["id"])
        ))
        .await
        .expect(200);
    (run, results["data"].as_array().unwrap().clone())
}

each_engine! {
    async fn a_program_is_worked_out_published_and_joined(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (member, stranger) = (partner(&world, "Northwind"), partner(&world, "Contoso"));
        let draft = ops.post("/v1/programs", json!({"code": "MSP", "name": "Managed services"})).await.expect(201);
        let path = path_of(&draft);
        let seen_by_partner = world.partner_user(member, Role::PartnerAdmin);
        assert_eq!(seen_by_partner.get(&path).await.refused(404), "not_found", "a draft is the vendor's");
        assert_eq!(ops.post(&format!("{path}/tiers"), json!({"rank": 1, "name": "Member"})).await.refused(409), "invalid_state");
        ops.post(&format!("{path}/versions"), json!({"currency": "EUR"})).await.expect(201);
        assert_eq!(ops.post(&format!("{path}/versions"), json!({"currency": "EUR"})).await.refused(409), "already_exists");
        assert_eq!(ops.post(&format!("{path}/versions/1/publish"), json!({})).await.refused(409), "guard_failed", "no entry tier");
        let tier = ops.post(&format!("{path}/tiers"), json!({"rank": 1, "name": "Member"})).await.expect(201);
        assert_eq!(ops.post(&format!("{path}/tiers"), json!({"rank": 1, "name": "Other"})).await.refused(409), "already_exists");
        assert_eq!(ops.post(&format!("{path}/tiers"), json!({"rank": 2, "name": "MEMBER"})).await.refused(409), "already_exists");
        assert_eq!(ops.post(&format!("{path}/memberships"), json!({"partner_id": member})).await.refused(409), "invalid_state");
        let published = ops.post(&format!("{path}/versions/1/publish"), json!({})).await.expect(200);
        assert_eq!(published["status"], "published");
        let locked = ops.patch(&format!("{path}/tiers/{}", text(&tier["id"])), json!({"rank": 2, "name": "Partner"})).await.expect(422);
        assert_eq!((&locked["code"], locked["errors"].as_array().unwrap().len()), (&json!("field_locked"), 2));
        let membership = enrol(&ops, &draft, member).await;
        assert_eq!(tier_of(&seen_by_partner, &membership).await, "Member");
        assert_eq!(ops.post(&format!("{path}/memberships"), json!({"partner_id": member})).await.refused(409), "already_exists");
        let other = world.partner_user(stranger, Role::PartnerAdmin);
        assert_eq!(other.get(&membership).await.refused(404), "not_found", "another partner's membership");
        assert_eq!(other.get(&format!("{path}/memberships")).await.expect(200)["data"], json!([]));
        ops.post(&format!("{membership}/leave"), json!({"reason": "Sold."})).await.expect(200);
        assert_eq!(ops.get(&membership).await.expect(200)["tier"], json!(null));
        ops.post(&format!("{path}/retire"), json!({})).await.expect(200);
        assert_eq!(ops.post(&format!("{path}/memberships"), json!({"partner_id": stranger})).await.refused(409), "invalid_state");
    }

    async fn an_override_holds_until_it_ends_and_is_read_as_of_any_moment(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let membership = enrol(&ops, &program, member).await;
        let (gold, start) = (tier_id(&ops, &program, "Gold").await, world.now());
        world.clock.advance_days(1);
        let until = world.now().plus_days(90);
        let set = json!({"tier_id": gold, "reason_code": "strategic_partner", "reason_text": "Takes over our customers.", "until": until});
        let overridden = ops.post(&format!("{membership}/override"), set).await.expect(200);
        assert_eq!((&overridden["tier"]["name"], &overridden["tier"]["overridden"]), (&json!("Gold"), &json!(true)));
        let at = |moment: Time| format!("{membership}?as_of={moment}");
        assert_eq!(tier_of(&ops, &at(start)).await, "Registered");
        assert_eq!(tier_of(&ops, &at(until.plus_days(1))).await, "Registered", "it will return by itself");
        let chain = world.partner_user(member, Role::PartnerSales).get(&format!("{membership}/tiers")).await.expect(200);
        let causes: Vec<&str> = chain["data"].as_array().unwrap().iter().map(|link| link["cause"].as_str().unwrap()).collect();
        assert_eq!(causes, ["entry", "override", "override_expired"]);
        assert_eq!(chain["data"][1]["reason_text"], json!(null), "the vendor's own words");
        let (_, results) = evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!((&results[0]["proposal"], &results[0]["effect"]), (&json!("demote"), &json!("held_by_override")));
        let terms = world.sql(move |tx| { let now = tx.now; programs::tier_at(tx, member, now) }).unwrap();
        assert_eq!((terms.name.as_str(), terms.discount_basis_points), ("Gold", Some(1500)));
        world.clock.advance_days(91);
        assert_eq!(tier_of(&ops, &membership).await, "Registered");
        assert_eq!(ops.post(&format!("{membership}/end-override"), json!({})).await.refused(409), "guard_failed");
        let past = json!({"tier_id": gold, "reason_code": "other", "reason_text": "No.", "until": start});
        assert_eq!(ops.post(&format!("{membership}/override"), past).await.refused(409), "guard_failed");
    }

    async fn an_evaluation_says_what_is_missing_and_promotes(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let membership = enrol(&ops, &program, member).await;
        won(&world, member, 1_200_000, "EUR", 10);
        won(&world, member, 9_900_000, "USD", 10);
        won(&world, member, 9_900_000, "EUR", 400);
        let sales = world.partner_user(member, Role::PartnerSales);
        let gap = sales.get(&format!("{membership}/gap?tier=gold")).await.expect(200);
        let criterion = &gap["tier"]["criteria"][0];
        assert_eq!((&criterion["actual"], &criterion["threshold"], &criterion["gap"]), (&json!("12000"), &json!("50000"), &json!("38000")));
        assert_eq!(gap["tier"]["met"], json!(false));
        assert_eq!(sales.get(&format!("{membership}/gap")).await.expect(200)["tier"]["name"], "Silver", "the next one above");
        assert_eq!(sales.get(&format!("{membership}/gap?tier=Platinum")).await.refused(404), "not_found");
        world.clock.advance_seconds(60);
        let as_of = world.now();
        let preview = json!({"mode": "preview", "as_of": as_of});
        let (run, first) = evaluate(&ops, &program, preview.clone()).await;
        assert_eq!((&run["evaluated"], &run["promotions"], &run["rule_version"]), (&json!(1), &json!(1), &json!("RESELL/1/metrics-1")));
        assert_eq!((&first[0]["proposal"], &first[0]["effect"]), (&json!("promote"), &json!("none")));
        assert_eq!(tier_of(&ops, &membership).await, "Registered", "a preview changes nothing");
        let (_, committed) = evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!(committed[0]["effect"], "promoted");
        assert_eq!(tier_of(&sales, &membership).await, "Silver");
        won(&world, member, 9_000_000, "EUR", 0);
        let (_, again) = evaluate(&ops, &program, preview).await;
        let found = |result: &Value| (result["tiers"].clone(), result["current_tier_id"].clone(), result["proposal"].clone());
        assert_eq!(found(&again[0]), found(&first[0]), "the same moment under the same rules gives the same result");
        assert_eq!(ops.post(&format!("{}/evaluations", path_of(&program)), json!({"mode": "preview", "as_of": world.now().plus_days(1)})).await.refused(409), "guard_failed");
    }

    async fn a_promotion_that_is_only_proposed_waits_to_be_confirmed(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, false).await, partner(&world, "Northwind"));
        let membership = enrol(&ops, &program, member).await;
        won(&world, member, 6_000_000, "EUR", 10);
        let (preview, _) = evaluate(&ops, &program, json!({"mode": "preview"})).await;
        assert_eq!(ops.post(&format!("{membership}/promote"), json!({"evaluation_id": preview["id"]})).await.refused(409), "unknown_reference");
        let (run, results) = evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!(results[0]["effect"], "promotion_proposed");
        assert_eq!(tier_of(&ops, &membership).await, "Registered");
        let actions = ops.get(&format!("{membership}/actions")).await.expect(200);
        let promote = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "promote").unwrap().clone();
        assert_eq!(promote["available"], json!(true));
        ops.post(&format!("{membership}/promote"), json!({"evaluation_id": run["id"]})).await.expect(200);
        assert_eq!(tier_of(&ops, &membership).await, "Gold");
        assert_eq!(ops.post(&format!("{membership}/promote"), json!({"evaluation_id": run["id"]})).await.refused(409), "guard_failed");
    }

    async fn a_demotion_is_never_silent(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let membership = enrol(&ops, &program, member).await;
        won(&world, member, 6_000_000, "EUR", 10);
        evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!(tier_of(&ops, &membership).await, "Gold");
        world.clock.advance_days(360);
        let (_, results) = evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!(results[0]["effect"], "put_at_risk");
        let admin = world.partner_user(member, Role::PartnerAdmin);
        let told = admin.get(&membership).await.expect(200);
        assert_eq!((&told["standing"], &told["tier"]["name"]), (&json!("at_risk"), &json!("Gold")), "it keeps the tier");
        assert_eq!(told["risk"]["failing"][0]["gap"], "50000");
        let grace: Time = text(&told["grace_until"]).parse().unwrap();
        assert!(grace >= world.now().plus_days(29), "notice is given");
        assert_eq!(ops.post(&format!("{membership}/demote"), json!({})).await.refused(409), "invalid_state", "the notice runs");
        assert_eq!(ops.post(&format!("{membership}/appeal"), json!({"statement": "No."})).await.refused(403), "forbidden", "the partner's own word");
        admin.post(&format!("{membership}/appeal"), json!({"statement": "Two deals are missing."})).await.expect(200);
        assert_eq!(admin.post(&format!("{membership}/appeal"), json!({"statement": "Again."})).await.refused(409), "guard_failed");
        world.clock.advance_days(31);
        let due = ops.get(&format!("{}/memberships?standing=demotion_pending", path_of(&program))).await.expect(200);
        assert_eq!(due["data"].as_array().unwrap().len(), 1);
        let refused = ops.post(&format!("{membership}/demote"), json!({})).await.expect(409);
        assert_eq!(refused["errors"][0]["code"], "appeal_open");
        ops.post(&format!("{membership}/decide-appeal"), json!({"upheld": false, "decision": "They are not ours."})).await.expect(200);
        let before = world.now();
        let demoted = ops.post(&format!("{membership}/demote"), json!({})).await.expect(200);
        assert_eq!((&demoted["tier"]["name"], &demoted["standing"], &demoted["risk"]), (&json!("Registered"), &json!("current"), &json!(null)));
        let terms = move |at: Time| world.sql(move |tx| programs::tier_at(tx, member, at)).unwrap().name;
        assert_eq!((terms(before), terms(before.plus_days(1))), ("Gold".to_owned(), "Registered".to_owned()));
    }

    async fn who_meets_the_criteria_again_recovers(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let membership = enrol(&ops, &program, member).await;
        won(&world, member, 1_500_000, "EUR", 10);
        evaluate(&ops, &program, json!({"mode": "commit"})).await;
        world.clock.advance_days(360);
        evaluate(&ops, &program, json!({"mode": "commit"})).await;
        assert_eq!(ops.get(&membership).await.expect(200)["standing"], "at_risk");
        world.clock.advance_days(31);
        won(&world, member, 2_000_000, "EUR", 1);
        let refused = ops.post(&format!("{membership}/demote"), json!({})).await.expect(409);
        assert_eq!(refused["errors"][0]["code"], "criteria_met");
        let (_, results) = evaluate(&ops, &program, json!({"mode": "commit", "partner_id": member})).await;
        assert_eq!(results[0]["effect"], "recovered");
        let settled = ops.get(&membership).await.expect(200);
        assert_eq!((&settled["standing"], &settled["grace_until"], &settled["tier"]["name"]), (&json!("current"), &json!(null), &json!("Silver")));
    }

    async fn a_new_version_takes_its_members_along_from_its_first_day(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let path = path_of(&program);
        let membership = enrol(&ops, &program, member).await;
        let version = ops.post(&format!("{path}/versions"), json!({"currency": "EUR", "note": "Gold asks for more."})).await.expect(201);
        assert_eq!(version["version"], 2);
        let draft = ops.get(&format!("{path}/tiers?version=2")).await.expect(200);
        let gold = draft["data"].as_array().unwrap().iter().find(|tier| tier["name"] == "Gold").unwrap().clone();
        let criteria = json!([{"metric_key": "won_count", "op": "gte", "threshold": "0"}, {"metric_key": "active_people", "op": "gte", "threshold": "2"}]);
        ops.patch(&format!("{path}/tiers/{}", text(&gold["id"])), json!({"criteria": criteria})).await.expect(200);
        let unknown = json!({"criteria": [{"metric_key": "active_people", "op": "gte", "threshold": "2", "window_days": 30}]});
        assert_eq!(ops.patch(&format!("{path}/tiers/{}", text(&gold["id"])), unknown).await.refused(409), "conflict");
        let (_, preview) = evaluate(&ops, &program, json!({"mode": "preview", "version": 2})).await;
        assert_eq!(preview[0]["tiers"][2]["criteria"].as_array().unwrap().len(), 2, "a draft can be previewed");
        assert_eq!(ops.post(&format!("{path}/evaluations"), json!({"mode": "commit", "version": 2})).await.refused(409), "guard_failed");
        let admin = world.partner_user(member, Role::PartnerAdmin);
        assert_eq!(admin.get(&format!("{path}/tiers?version=2")).await.refused(404), "not_found");
        let begins = world.now().plus_days(30);
        assert_eq!(ops.post(&format!("{path}/versions/2/publish"), json!({"valid_from": world.now().plus_days(-1)})).await.refused(409), "guard_failed");
        ops.post(&format!("{path}/versions/2/publish"), json!({"valid_from": begins})).await.expect(200);
        let version_at = |body: Value| body["tier"]["version"].as_i64();
        assert_eq!(version_at(admin.get(&membership).await.expect(200)), Some(1));
        assert_eq!(version_at(admin.get(&format!("{membership}?as_of={begins}")).await.expect(200)), Some(2));
        // An override that was set before ends in the new version.
        let until = world.now().plus_days(60);
        let set = json!({"tier_id": tier_id(&ops, &program, "Silver").await, "reason_code": "contract", "reason_text": "Agreed.", "until": until});
        ops.post(&format!("{membership}/override"), set).await.expect(200);
        let chain = ops.get(&format!("{membership}/tiers")).await.expect(200);
        let links: Vec<(String, String)> = chain["data"].as_array().unwrap().iter().map(|link| (text(&link["cause"]), text(&link["tier_name"]))).collect();
        let expected = [("entry", "Registered"), ("override", "Silver"), ("new_version", "Silver"), ("override_expired", "Registered")];
        assert_eq!(links, expected.map(|(cause, tier)| (cause.to_owned(), tier.to_owned())));
        world.clock.advance_days(61);
        assert_eq!(version_at(ops.get(&membership).await.expect(200)), Some(2));
        let holders = ops.get(&format!("{path}/memberships?tier_id={}", text(&tier_id(&ops, &program, "Registered").await))).await.expect(200);
        assert_eq!(holders["data"].as_array().unwrap().len(), 1);
    }

    async fn the_figures_are_what_the_records_say_of_the_moment(world: World) {
        use openprm::programs::metrics::{Asked, MetricKey, Population, measure};
        let ops = world.vendor(Role::ChannelOps);
        let (one, other) = (partner(&world, "Northwind"), partner(&world, "Contoso"));
        let line = text(&ops.post("/v1/products", json!({"code": "L", "name": "Line", "kind": "line"})).await.expect(201)["id"]);
        let product = text(&ops.post("/v1/products", json!({"code": "P", "name": "Product", "kind": "product", "parent_id": line})).await.expect(201)["id"]);
        let with_line = won(&world, one, 10_050, "EUR", 5);
        won(&world, one, 20_000, "EUR", 50);
        deal(&world, one, 1_000, "EUR", "closed_lost", 5);
        won(&world, other, 70_000, "EUR", 5);
        let (now, today) = (world.now(), world.now().date());
        let product_id = product.clone();
        world.sql(move |tx| {
            use schema::{deal_decisions::dsl as dd, deal_lines::dsl as dl, employments::dsl as e, people::dsl as p};
            let micros = now.micros();
            let row = (
                (dl::id.eq("line_1"), dl::deal_id.eq(with_line.to_string()), dl::position.eq(1_i64), dl::product_id.eq(&product_id), dl::quantity.eq(1_i64)),
                (dl::review_status.eq("not_registered"), dl::created_at.eq(micros), dl::updated_at.eq(micros)),
            );
            diesel::insert_into(dl::deal_lines).values(&row).execute(tx.conn())?;
            for outcome in ["auto_approved", "extension_granted"] {
                let row = (dd::id.eq(DecisionId::at(now).to_string()), dd::deal_id.eq(with_line.to_string()), dd::outcome.eq(outcome), dd::decided_by.eq("system"), dd::decided_at.eq(micros));
                diesel::insert_into(dd::deal_decisions).values(&row).execute(tx.conn())?;
            }
            for (name, ends) in [("Ann", None), ("Bob", Some(today))] {
                let person = PersonId::at(tx.moment()).to_string();
                let row = (
                    (p::id.eq(&person), p::name.eq(name), p::name_key.eq(name), p::status.eq("active"), p::preferences.eq("{}"), p::consents.eq("[]")),
                    (p::revision.eq(1_i64), p::created_at.eq(micros), p::updated_at.eq(micros)),
                );
                diesel::insert_into(p::people).values(&row).execute(tx.conn())?;
                let row = (
                    (e::id.eq(EmploymentId::at(tx.moment()).to_string()), e::person_id.eq(&person), e::partner_id.eq(one.to_string())),
                    (e::starts_on.eq(today.plus_days(-10).to_string()), e::ends_on.eq(ends.map(|day| day.to_string()))),
                    (e::revision.eq(1_i64), e::created_at.eq(micros), e::updated_at.eq(micros)),
                );
                diesel::insert_into(e::employments).values(&row).execute(tx.conn())?;
            }
            Ok(())
        });
        let asked = |key, window_days| Asked { key, window_days, product: None, territory: None, currency: "EUR".parse().unwrap() };
        let in_line = Asked { product: Some(line.parse().unwrap()), ..asked(MetricKey::WonAmount, None) };
        let questions = [
            (asked(MetricKey::WonAmount, None), "300.5"),
            (asked(MetricKey::WonAmount, Some(30)), "100.5"),
            (in_line, "100.5"),
            (Asked { currency: "USD".parse().unwrap(), ..asked(MetricKey::WonAmount, None) }, "0"),
            (asked(MetricKey::WonCount, None), "2"),
            (asked(MetricKey::WonCustomers, None), "0"),
            (asked(MetricKey::WinRate, Some(30)), "50"),
            (asked(MetricKey::SubmittedRegistrations, None), "0"),
            (asked(MetricKey::ApprovedRegistrations, Some(30)), "1"),
            (asked(MetricKey::ActivePeople, None), "1"),
            (asked(MetricKey::ProductAuthorisations, None), "0"),
            (asked(MetricKey::DaysActive, Some(100)), "100"),
        ];
        world.clock.advance_seconds(1);
        let as_of = world.now();
        let figures = world.sql(move |tx| measure(tx, Population::Partner(one), questions.map(|(asked, _)| asked), as_of));
        for (asked, expected) in questions {
            assert_eq!(figures.of(&asked, one).figure.to_string(), expected, "{asked:?}");
            assert_eq!(figures.of(&asked, other).records, 0, "only the partner that was asked for");
        }
        let program = resellers(&ops, true).await;
        for partner in [one, other] {
            enrol(&ops, &program, partner).await;
        }
        let program = text(&program["id"]).parse().unwrap();
        let as_of = world.now();
        let of_all = world.sql(move |tx| measure(tx, Population::Members(program), [asked(MetricKey::WonAmount, None)], as_of));
        assert_eq!(of_all.of(&asked(MetricKey::WonAmount, None), other).figure.to_string(), "700");
    }

    async fn history_is_imported_once_however_often_it_is_sent(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (program, member) = (resellers(&ops, true).await, partner(&world, "Northwind"));
        let program = text(&program["id"]).parse().unwrap();
        let begin = world.now().plus_days(-300);
        let import = move |tx: &mut openprm::db::Tx<'_>| {
            let now = tx.now;
            let silver = programs::tier_named(tx, program, "silver", now)?.unwrap();
            let gold = programs::tier_named(tx, program, "Gold", now)?.unwrap();
            let tiers = vec![ImportedTier { valid_from: begin, tier: silver.id }, ImportedTier { valid_from: begin.plus_days(100), tier: gold.id }];
            programs::insert_membership_imported(tx, &ImportedMembership { partner_id: member, program_id: program, tiers, ended: None })
        };
        let (first, new) = world.sql(import);
        assert!(new);
        assert_eq!(world.sql(import), (first, false));
        let name = |at: Time| world.sql(move |tx| programs::tier_at(tx, member, at)).map(|terms| terms.name);
        assert_eq!(name(begin.plus_days(-1)), None);
        assert_eq!(name(begin.plus_days(1)).as_deref(), Some("Silver"));
        assert_eq!(name(world.now()).as_deref(), Some("Gold"));
    }
}
