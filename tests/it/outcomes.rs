//! How sales end: wins with evidence that the vendor confirms, losses, revocations, and what becomes of the protection.

use actix_web::http::Method;
use futures_util::future::join_all;
use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted, with},
    support::{Client, World, publish_policy},
};

const ORDER: &str = "PO-2026-4711";

fn order(reference: &str) -> Value {
    json!({"evidence": [{"kind": "purchase_order", "reference": reference, "issued_on": "2026-11-20"}]})
}

/// An approved registration, three days old.
async fn approved(world: &World, sales: &Client<'_>, body: Value) -> Value {
    let deal = submitted(sales, body).await;
    let deal = world
        .vendor(Role::Approver)
        .post(&path(&deal, "/approve"), json!({}))
        .await
        .expect(200);
    world.clock.advance_days(4);
    deal
}

fn state(deal: &Value) -> (&str, &str, &str) {
    let axes = [&deal["stage"], &deal["review_status"], &deal["protection"]["state"]];
    let [stage, review, protection] = axes.map(|axis| axis.as_str().unwrap());
    (stage, review, protection)
}

each_engine! {
    async fn a_win_takes_an_order_and_a_registration_of_some_age(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(guards(&sales.post(&path(&deal, "/win"), order(ORDER)).await.expect(409)), ["registration_decided"]);
        world.vendor(Role::Approver).post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let hasty = json!({"evidence": [{"kind": "customer_letter", "reference": "Letter"}], "closed_on": "2030-01-01", "amount": {"amount": "10", "currency": "JPY"}});
        let problem = sales.post(&path(&deal, "/win"), hasty).await.expect(409);
        assert_eq!(guards(&problem), ["minimum_age", "sale_shown", "closed_on_not_in_future", "currency_unchanged"]);
        assert_eq!(sales.get(&path(&deal, "/evidence")).await.expect(200)["data"], json!([]), "a refused win leaves nothing behind");
        let actions = sales.get(&path(&deal, "/actions")).await.expect(200);
        let win = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "win").unwrap();
        let failing: Vec<&str> = win["failing"].as_array().unwrap().iter().map(|guard| guard["guard"].as_str().unwrap()).collect();
        assert_eq!(failing, ["minimum_age", "sale_shown"]);
        world.clock.advance_days(4);
        let backdated = json!({"evidence": order(ORDER)["evidence"], "closed_on": "2020-01-01"});
        assert_eq!(guards(&sales.post(&path(&deal, "/win"), backdated).await.expect(409)), ["closed_on_after_registration"]);
        let mut report = order(ORDER);
        report["amount"] = json!({"amount": "46800.00", "currency": "EUR"});
        let won = sales.post(&path(&deal, "/win"), report).await.expect(200);
        assert_eq!(state(&won), ("won", "approved", "consumed"));
        assert_eq!(won["amount"], json!({"amount": "46800.00", "currency": "EUR"}));
        assert_eq!((won["closed_at"].is_null(), won["win_verified_at"].is_null()), (false, true));
        assert_eq!(sales.post(&path(&deal, "/win"), order(ORDER)).await.refused(409), "invalid_state");
        let history = sales.get(&path(&deal, "/history?axis=stage")).await.expect(200);
        assert_eq!((&history["data"][0]["action"], &history["data"][0]["to_state"]), (&json!("win"), &json!("won")));
    }

    async fn the_vendor_confirms_a_win_once_and_one_order_confirms_one_win(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let ops = world.vendor(Role::ChannelOps);
        let deal = approved(&world, &sales, complete()).await;
        let beside = approved(&world, &other, with(json!({"territory": "AT"}))).await;
        sales.post(&path(&deal, "/win"), order(ORDER)).await.expect(200);
        other.post(&path(&beside, "/win"), order("po 2026 4711")).await.expect(200);
        assert_eq!(sales.post(&path(&deal, "/verify-win"), json!({})).await.refused(403), "forbidden");
        let confirmed = ops.post(&path(&deal, "/verify-win"), json!({})).await.expect(200);
        assert!(!confirmed["win_verified_at"].is_null());
        assert_eq!(guards(&ops.post(&path(&deal, "/verify-win"), json!({})).await.expect(409)), ["win_not_verified"]);
        assert_eq!(guards(&ops.post(&path(&deal, "/reject-win"), json!({"reason_code": "other", "reason_text": "No."})).await.expect(409)), ["win_not_verified"]);
        assert_eq!(guards(&ops.post(&path(&beside, "/verify-win"), json!({})).await.expect(409)), ["evidence_unused"]);
        let evidence = ops.get(&path(&beside, "/evidence")).await.expect(200);
        assert_eq!(evidence["data"][0]["also_shown_for"], json!([deal["id"]]));
        let own = other.get(&path(&beside, "/evidence")).await.expect(200);
        assert_eq!(own["data"][0]["also_shown_for"], Value::Null, "a partner learns nothing of other deals");
        let shown = sales.get(&path(&deal, "/evidence")).await.expect(200);
        assert_eq!((shown["data"][0]["verified_at"].is_null(), shown["data"][0]["verified_by"].is_null()), (false, true));
    }

    async fn an_order_is_found_among_however_much_was_shown_that_only_looks_like_it(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let ops = world.vendor(Role::ChannelOps);
        let shown = |kind: &str, number: i64| json!({"kind": kind, "reference": format!("A-{number}")});
        let all = |kind: &str| (2..=20).map(|number| shown(kind, number)).collect::<Vec<_>>();
        let won = async |by: &Client<'_>, deal: &Value, evidence: Vec<Value>| {
            by.post(&path(deal, "/win"), json!({"evidence": evidence})).await.expect(200);
        };
        // The numbers of the first are those of the third, but as orders, and the other way round; the second has the same order.
        let first = approved(&world, &sales, complete()).await;
        let second = approved(&world, &sales, with(json!({"customer": {"name": "Zeller Druck AG", "website": "https://www.zeller-druck.de", "country": "DE"}}))).await;
        let third = approved(&world, &other, with(json!({"lines": [{"product": "EDGE-SW", "quantity": 1}]}))).await;
        won(&sales, &first, [all("order"), vec![shown("purchase_order", 1)]].concat()).await;
        won(&sales, &second, vec![shown("order", 1)]).await;
        won(&other, &third, [all("purchase_order"), vec![shown("order", 1)]].concat()).await;
        for deal in [&first, &second] {
            ops.post(&path(deal, "/verify-win"), json!({})).await.expect(200);
        }
        let refused = ops.post(&path(&third, "/verify-win"), json!({})).await.expect(409);
        assert_eq!(guards(&refused), ["evidence_unused"]);
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("A-1 ") && detail.contains(second["number"].as_str().unwrap()), "{detail}");
        let evidence = ops.get(&path(&third, "/evidence?limit=100")).await.expect(200);
        let elsewhere: Vec<&Value> = evidence["data"].as_array().unwrap().iter().map(|row| &row["also_shown_for"]).filter(|deals| **deals != json!([])).collect();
        assert_eq!(elsewhere, [&json!([second["id"]])]);
    }

    async fn two_who_confirm_a_win_at_once_confirm_it_once(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let deal = approved(&world, &sales, complete()).await;
        sales.post(&path(&deal, "/win"), order(ORDER)).await.expect(200);
        let people: Vec<_> = (0..6).map(|_| world.vendor(Role::ChannelOps)).collect();
        let at = path(&deal, "/verify-win");
        let answers = join_all(people.iter().map(|ops| ops.post(&at, json!({})))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    }

    async fn a_win_that_was_none_goes_on_with_the_rest_of_its_protection(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let ops = world.vendor(Role::ChannelOps);
        let deal = approved(&world, &sales, complete()).await;
        let until = deal["protection"]["granted_until"].clone();
        sales.post(&path(&deal, "/win"), order(ORDER)).await.expect(200);
        world.clock.advance_days(2);
        let refusal = json!({"reason_code": "order_not_found", "reason_text": "Nobody knows that order."});
        let back = ops.post(&path(&deal, "/reject-win"), refusal).await.expect(200);
        assert_eq!(state(&back), ("committed", "approved", "active"));
        assert_eq!((&back["protection"]["ends_at"], &back["closed_at"]), (&until, &Value::Null));
        let again = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(guards(&sales.post(&path(&again, "/submit"), json!({})).await.expect(409)), ["no_open_registration"]);
    }

    async fn a_refused_win_takes_nothing_from_who_was_protected_meanwhile(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let ops = world.vendor(Role::ChannelOps);
        let deal = approved(&world, &sales, complete()).await;
        sales.post(&path(&deal, "/win"), order(ORDER)).await.expect(200);
        let taken = approved(&world, &other, complete()).await;
        assert_eq!(taken["protection"]["state"], "active");
        let refusal = json!({"reason_code": "order_not_found", "reason_text": "Nobody knows that order."});
        let back = ops.post(&path(&deal, "/reject-win"), refusal).await.expect(200);
        assert_eq!(state(&back), ("committed", "approved", "consumed"));
        assert_eq!(other.get(&path(&taken, "")).await.expect(200)["protection"]["state"], "active");
    }

    async fn a_program_of_the_vendor_proposes_a_win_and_a_person_confirms_it(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let verified = |won: &Value| kinds(&world, won).iter().filter(|kind| *kind == "deal.win_verified").count();
        let deal = approved(&world, &sales, complete()).await;
        let crm = world.machine(&["deals:read", "deals:write"]);
        assert_eq!(guards(&crm.post(&path(&deal, "/win"), json!({})).await.expect(409)), ["sale_shown"]);
        let record = json!({"evidence": [{"kind": "other", "reference": "006A", "note": "Closed as won in the CRM."}]});
        assert_eq!(guards(&sales.post(&path(&deal, "/win"), record.clone()).await.expect(409)), ["sale_shown"], "a partner shows an order");
        let won = crm.post(&path(&deal, "/win"), record).await.expect(200);
        assert_eq!((won["stage"].as_str(), won["win_verified_at"].is_null(), verified(&won)), (Some("won"), true, 0));
        assert_eq!(crm.post(&path(&deal, "/verify-win"), json!({})).await.refused(403), "insufficient_scope");
        // A program that is trusted with that has the scope.
        world.machine(&["deals:review"]).post(&path(&deal, "/verify-win"), json!({})).await.expect(200);
        assert_eq!(verified(&won), 1);

        let own = approved(&world, &sales, with(json!({"deal_type": "renewal"}))).await;
        let won = world.vendor(Role::ChannelOps).post(&path(&own, "/win"), order("SO-9")).await.expect(200);
        assert_eq!((won["win_verified_at"].is_null(), verified(&won)), (false, 1), "who runs the program has the vendor's word");
    }

    async fn a_loss_says_why_and_frees_the_scope_at_once(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let draft = sales.post("/v1/deals", complete()).await.expect(201);
        let loss = json!({"reason_code": "competitor", "competitor": "Contoso", "note": "They chose Contoso."});
        assert_eq!(guards(&sales.post(&path(&draft, "/lose"), loss.clone()).await.expect(409)), ["registration_alive"]);
        sales.post(&path(&draft, "/submit"), json!({})).await.expect(200);
        let approver = world.vendor(Role::Approver);
        approver.post(&path(&draft, "/approve"), json!({})).await.expect(200);
        let second = submitted(&other, complete()).await;
        assert_eq!(approver.post(&path(&second, "/approve"), json!({})).await.refused(409), "protection_overlap");
        let lost = sales.post(&path(&draft, "/lose"), loss.clone()).await.expect(200);
        assert_eq!(state(&lost), ("closed_lost", "approved", "released"));
        assert_eq!((lost["closed_reason"].as_str(), lost["competitor"].as_str()), (Some("competitor"), Some("Contoso")));
        approver.post(&path(&second, "/approve"), json!({})).await.expect(200);
        let waiting = submitted(&sales, with(json!({"deal_type": "renewal"}))).await;
        let lost = sales.post(&path(&waiting, "/lose"), loss).await.expect(200);
        assert_eq!(state(&lost), ("closed_lost", "withdrawn", "none"));
    }

    async fn what_was_granted_is_taken_away_for_a_reason_and_counts_against_the_partner(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let ops = world.vendor(Role::ChannelOps);
        let deal = approved(&world, &sales, complete()).await;
        let revocation = json!({"reason_code": "customer_objection", "reason_text": "The customer objects."});
        assert_eq!(guards(&ops.post(&path(&deal, "/revoke"), revocation.clone()).await.expect(409)), ["evidence_named"]);
        let mut revocation = revocation;
        revocation["evidence"] = json!("Letter of 2026-11-18");
        assert_eq!(sales.post(&path(&deal, "/revoke"), revocation.clone()).await.refused(403), "forbidden");
        let revoked = ops.post(&path(&deal, "/revoke"), revocation.clone()).await.expect(200);
        assert_eq!(state(&revoked), ("prospect", "revoked", "released"));
        assert_eq!((revoked["decision"]["outcome"].as_str(), revoked["decision"]["evidence"].as_str()), (Some("revoked"), Some("Letter of 2026-11-18")));
        assert!(!revoked["review"]["appeal_until"].is_null());
        let read = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((&read["decision"]["reason_code"], &read["decision"]["evidence"]), (&json!("customer_objection"), &Value::Null));
        assert_eq!(ops.post(&path(&deal, "/revoke"), revocation).await.refused(409), "invalid_state");
        let settings = json!({"registration": {"auto_approval": {"enabled": true, "tier_rank": 0, "below": [{"amount": "50000.00", "currency": "EUR"}]}}});
        publish_policy(&world, settings).await;
        let next = submitted(&sales, complete()).await;
        assert_eq!(next["review_status"], "submitted", "after a revocation a person looks at what the partner sends in");
    }

    async fn evidence_is_kept_once_and_stays_once_the_sale_has_ended(world: World) {
        let program = Program::new(&world).await;
        let (sales, other) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südstern")));
        let deal = approved(&world, &sales, complete()).await;
        let meeting = json!({"kind": "meeting", "reference": "Kick-off 2026-11-19", "note": "Eight people."});
        let shown = sales.post(&path(&deal, "/evidence"), meeting.clone()).await;
        let etag = shown.header("etag").unwrap().to_owned();
        let shown = shown.expect(201);
        assert_eq!(sales.post(&path(&deal, "/evidence"), meeting.clone()).await.refused(409), "already_exists");
        assert_eq!(other.post(&path(&deal, "/evidence"), meeting.clone()).await.refused(404), "not_found");
        let at = format!("/v1/deal-evidence/{}", shown["id"].as_str().unwrap());
        sales.send(Method::DELETE, &at, &[("if-match", &etag)], None).await.expect(204);
        let order = sales.post(&path(&deal, "/evidence"), json!({"kind": "order", "reference": "SO-77"})).await;
        let etag = order.header("etag").unwrap().to_owned();
        let order = order.expect(201);
        sales.post(&path(&deal, "/win"), json!({})).await.expect(200);
        let at = format!("/v1/deal-evidence/{}", order["id"].as_str().unwrap());
        assert_eq!(guards(&sales.send(Method::DELETE, &at, &[("if-match", &etag)], None).await.expect(409)), ["evidence_open"]);
    }
}

/// The kinds of events about a deal.
fn kinds(world: &World, deal: &Value) -> Vec<String> {
    use diesel::prelude::*;
    use openprm::schema::events;
    let id = deal["id"].as_str().unwrap().to_owned();
    world.sql(move |tx| {
        let id = id.clone();
        events::table
            .filter(events::resource_id.eq(&id))
            .order(events::seq)
            .select(events::event_type)
            .load::<String>(tx.conn())
            .map_err(openprm::error::Error::from)
    })
}
