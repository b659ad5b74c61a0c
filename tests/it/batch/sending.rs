//! Items that are sent in as well: customers that are recognised or made, conflict checks, and what is told of it all.

use std::collections::BTreeSet;

use diesel::prelude::*;
use openprm::{
    auth::Role,
    error::Error,
    kernel::Time,
    schema::{conflict_checks, customer_accounts, deals, events},
};
use serde_json::{Value, json};

use super::{DEALS, batch, codes, deal, many, of, partners_and_crm, pointer, sent_in, statuses, upsert};
use crate::{
    program::{path, sound, with},
    support::{World, publish_policy},
};

/// A customer that nobody has brought yet.
fn customer(name: &str) -> Value {
    json!({"name": format!("{name} GmbH"), "website": format!("https://www.{}.de", name.to_lowercase()), "country": "DE"})
}

fn number_of_accounts(world: &World) -> i64 {
    world.sql(|tx| {
        customer_accounts::table
            .count()
            .get_result(tx.conn())
            .map_err(Error::from)
    })
}

/// What is said of one registration as it would be said of another: without ids, numbers, moments and the word that is its own; and
/// without when something was done with it last, which is one moment of what is done in one transaction.
fn bare(value: &Value, own: &str) -> Value {
    const LAST: &str = "last_activity_at";
    match value {
        Value::Array(values) => values
            .iter()
            .filter(|value| **value != LAST)
            .map(|value| bare(value, own))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != LAST)
            .map(|(name, value)| (name.clone(), bare(value, own)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::String(text) if text.parse::<Time>().is_ok() => json!("a moment"),
        Value::String(text) => {
            let words = text
                .split(' ')
                .map(|word| match word.trim_end_matches(':').rsplit_once('_') {
                    Some((kind, id)) if id.len() == 26 => kind,
                    _ if word.starts_with("DR-") || word.starts_with("CA-") => "a number",
                    _ => word,
                });
            let text = words.collect::<Vec<_>>().join(" ");
            json!(text.replace(own, "own").replace(&own.to_lowercase(), "own"))
        }
        other => other.clone(),
    }
}

fn last_event(world: &World) -> i64 {
    let last: Option<i64> = world.sql(|tx| {
        events::table
            .select(diesel::dsl::max(events::seq))
            .first(tx.conn())
            .map_err(Error::from)
    });
    last.unwrap_or(0)
}

/// The events after that one, in order, as they would be told of another registration.
fn told_since(world: &World, last: i64, own: &str) -> Vec<Value> {
    type Told = (
        String,
        i64,
        String,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let told: Vec<Told> = world.sql(move |tx| {
        events::table
            .filter(events::seq.gt(last))
            .order(events::seq)
            .select((
                events::event_type,
                events::revision,
                events::changed_fields,
                events::audience,
                events::data,
                events::previous,
                events::partner_view,
            ))
            .load(tx.conn())
            .map_err(Error::from)
    });
    let read = |text: &str| bare(&serde_json::from_str(text).unwrap(), own);
    let perhaps = |text: Option<String>| text.map_or(Value::Null, |text| read(&text));
    told.into_iter()
        .map(|(kind, revision, changed, audience, data, previous, view)| {
            json!([
                kind,
                revision,
                read(&changed),
                read(&audience),
                perhaps(data),
                perhaps(previous),
                perhaps(view)
            ])
        })
        .collect()
}

each_engine! {
    async fn a_draft_is_sent_in_with_its_conflict_check_or_not_made_at_all(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        let result = batch(&crm, DEALS, vec![
            sent_in("1", deal(&north, "First")),
            sent_in("2", deal(&south, "Second")),
            sent_in("3", json!({"title": "Incomplete", "partner_id": north.to_string()})),
            sent_in("1", deal(&north, "First")),
        ]).await.expect(207);
        assert_eq!(statuses(&result), [201, 201, 409, 200], "{result:#}");
        assert_eq!(codes(&result), ["guard_failed"]);
        let (first, second) = (crm.get(&of("1")).await.expect(200), crm.get(&of("2")).await.expect(200));
        assert_eq!((&first["review_status"], &second["review_status"]), (&json!("submitted"), &json!("submitted")));
        assert_eq!(first["customer_account_id"], second["customer_account_id"], "the customer was recognised");
        assert!(second["conflict_check_id"].is_string());
        assert_eq!(crm.get(&of("3")).await.refused(404), "not_found");
        let locked = batch(&crm, DEALS, vec![upsert("1", json!({"territory": "AT"}))]).await.expect(207);
        assert_eq!((statuses(&locked), pointer(&locked, 0)), (vec![422], "#/items/0/data/territory"));
        sound(&world);
    }

    async fn items_that_bring_one_new_customer_end_at_one_account(world: World) {
        let ([north, south, west], crm) = partners_and_crm(&world, ["Nordwind", "Südstern", "Westfeld"]).await;
        let ops = world.vendor(Role::ChannelOps);
        let of_customer = |partner: &_, name: &str| with(json!({"title": name, "partner_id": ToString::to_string(partner), "customer": customer(name)}));
        // Nobody knows the customers when the search for them begins, and each is made by the first item that brings it: of the same
        // part, and of one before.
        let mut items = vec![
            sent_in("north", of_customer(&north, "Quellhof")),
            sent_in("other", of_customer(&north, "Birkental")),
            sent_in("south", of_customer(&south, "Quellhof")),
        ];
        items.extend(many(0..60, |_| deal(&north, "Draft")));
        items.push(sent_in("west", of_customer(&west, "Quellhof")));
        let result = batch(&crm, DEALS, items).await.expect(200);
        assert_eq!(statuses(&result), vec![201; 64]);
        assert_eq!(number_of_accounts(&world), 2);
        let mut sent = Vec::new();
        for id in ["north", "south", "west", "other"] {
            sent.push(crm.get(&of(id)).await.expect(200));
        }
        let accounts: BTreeSet<&str> = sent[..3].iter().map(|deal| deal["customer_account_id"].as_str().unwrap()).collect();
        assert!(accounts.len() == 1 && !accounts.contains(sent[3]["customer_account_id"].as_str().unwrap()), "{sent:#?}");
        let settled: Vec<&Value> = sent.iter().map(|deal| &deal["customer"]["resolution"]).collect();
        assert_eq!(settled, ["created", "matched", "matched", "created"]);
        for (place, deal) in (1..).zip(&sent[..3]) {
            let check = ops.get(&format!("/v1/conflict-checks/{}", deal["conflict_check_id"].as_str().unwrap())).await.expect(200);
            assert_eq!(check["assessment"]["queue_position"], place, "each sees who came before: {check:#}");
            assert_eq!(check["verdict"], if place == 1 { "clear" } else { "conflict" }, "{check:#}");
            let history = ops.get(&path(deal, "/history")).await.expect(200);
            let steps: Vec<(&Value, &Value)> = history["data"].as_array().unwrap().iter().map(|line| (&line["seq"], &line["action"])).collect();
            assert_eq!(steps[..2], [(&json!(1), &json!("create")), (&json!(2), &json!("submit"))]);
        }
        sound(&world);
    }

    async fn an_account_that_an_item_made_is_looked_at_by_those_after_it(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        let ops = world.vendor(Role::ChannelOps);
        let known = json!({"name": "Quellhof GmbH", "website": "https://www.quellhof.de", "address": {"country": "DE"}});
        let known = ops.post("/v1/customer-accounts", known).await.expect(201);
        // The search for the second item begins before the first makes an account that is like the one that is found.
        let near = json!({"name": "Quellhof Holding GmbH", "website": "https://www.quellhof-holding.de", "country": "DE"});
        let of = |partner: &_, customer: &Value| with(json!({"partner_id": ToString::to_string(partner), "customer": customer}));
        let result = batch(&crm, DEALS, vec![
            sent_in("near", of(&north, &near)),
            sent_in("known", of(&south, &customer("Quellhof"))),
        ]).await.expect(200);
        assert_eq!(statuses(&result), [201, 201]);
        let (near, found) = (crm.get(&super::of("near")).await.expect(200), crm.get(&super::of("known")).await.expect(200));
        assert_eq!((&near["customer"]["resolution"], &found["customer_account_id"]), (&json!("created"), &known["id"]));
        let check = found["conflict_check_id"].as_str().unwrap().to_owned();
        let looked_at: String = world.sql(move |tx| conflict_checks::table.find(&check).select(conflict_checks::input).first(tx.conn()).map_err(Error::from));
        let looked_at: Value = serde_json::from_str(&looked_at).unwrap();
        let candidates: Vec<&Value> = looked_at["customer"]["candidates"].as_array().unwrap().iter().map(|one| &one["account_id"]).collect();
        assert!(candidates.contains(&&near["customer_account_id"]) && candidates.contains(&&known["id"]), "{looked_at:#}");
        sound(&world);
    }

    async fn items_are_granted_without_a_person_where_the_program_says_so(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        publish_policy(&world, json!({"note": "No tier needed.", "registration": {"auto_approval": {"enabled": true, "tier_rank": 0, "below": [{"amount": "50000.00", "currency": "EUR"}]}}})).await;
        let of = |partner: &_, own: &str| with(json!({"title": own, "partner_id": ToString::to_string(partner), "customer": customer(own)}));
        let result = batch(&crm, DEALS, vec![
            sent_in("1", of(&north, "Quellhof")),
            sent_in("2", of(&north, "Birkental")),
            sent_in("3", of(&south, "Quellhof")),
            upsert("4", of(&south, "Birkental")),
        ]).await.expect(200);
        assert_eq!(statuses(&result), [201; 4]);
        let mut stand = Vec::new();
        for id in ["1", "2", "3", "4"] {
            stand.push(crm.get(&super::of(id)).await.expect(200)["review_status"].clone());
        }
        assert_eq!(stand, ["approved", "approved", "submitted", "draft"], "who comes second is not granted what is held");
        let protected = world.vendor(Role::ChannelOps).get("/v1/protections").await.expect(200);
        assert_eq!(protected["data"].as_array().unwrap().len(), 2);
        sound(&world);
    }

    async fn on_an_account_that_is_known_each_item_sees_those_before_it(world: World) {
        let ([first, north, south, west], crm) = partners_and_crm(&world, ["Erstfeld", "Nordwind", "Südstern", "Westfeld"]).await;
        let ops = world.vendor(Role::ChannelOps);
        crm.put(&of("first"), deal(&first, "First")).await.expect(201);
        let sent = crm.get(&of("first")).await.expect(200);
        crm.post(&path(&sent, "/submit"), json!({})).await.expect(200);
        let partners = [("north", &north), ("south", &south), ("west", &west)];
        let items = partners.map(|(id, partner)| sent_in(id, deal(partner, id)));
        let result = batch(&crm, DEALS, items.to_vec()).await.expect(200);
        assert_eq!(statuses(&result), [201; 3]);
        let mut before = vec![sent["id"].clone()];
        for (place, (id, _)) in (2..).zip(partners) {
            let deal = crm.get(&of(id)).await.expect(200);
            let check = ops.get(&format!("/v1/conflict-checks/{}", deal["conflict_check_id"].as_str().unwrap())).await.expect(200);
            let claims = check["assessment"]["claims"].as_array().unwrap();
            let seen: Vec<&Value> = claims.iter().map(|claim| &claim["deal_id"]).collect();
            assert_eq!((&check["verdict"], &check["assessment"]["queue_position"]), (&json!("conflict"), &json!(place)), "{check:#}");
            assert_eq!(seen, before.iter().collect::<Vec<_>>(), "those that came before, in their order");
            before.push(deal["id"].clone());
        }
        let places: Vec<Option<i64>> = world.sql(|tx| {
            deals::table.filter(deals::seq.is_not_null()).order((deals::received_at, deals::seq)).select(deals::seq).load(tx.conn()).map_err(Error::from)
        });
        assert_eq!(places, [Some(1), Some(2), Some(3), Some(4)]);
        let last: i64 = world.sql(|tx| customer_accounts::table.select(customer_accounts::claim_seq).first(tx.conn()).map_err(Error::from));
        assert_eq!(last, 4, "the account goes on from there");
        sound(&world);
    }

    async fn what_an_item_ends_or_is_granted_counts_for_those_after_it(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        let old = batch(&crm, DEALS, vec![sent_in("old", deal(&north, "Old"))]).await.expect(200);
        assert_eq!(statuses(&old), [201]);
        let again = batch(&crm, DEALS, vec![sent_in("new", deal(&north, "New"))]).await.expect(207);
        assert_eq!((statuses(&again), codes(&again)), (vec![409], vec!["guard_failed"]), "its own registration is open");
        publish_policy(&world, json!({"note": "No tier needed.", "registration": {"auto_approval": {"enabled": true, "tier_rank": 0, "below": [{"amount": "50000.00", "currency": "EUR"}]}}})).await;
        let result = batch(&crm, DEALS, vec![
            upsert("old", json!({"stage": "closed_lost", "loss": {"reason_code": "price"}})),
            sent_in("new", deal(&north, "New")),
            sent_in("second", deal(&south, "Second")),
        ]).await.expect(200);
        assert_eq!(statuses(&result), [200, 201, 201]);
        let (new, second) = (crm.get(&of("new")).await.expect(200), crm.get(&of("second")).await.expect(200));
        assert_eq!((&new["review_status"], &second["review_status"]), (&json!("approved"), &json!("submitted")));
        let check = format!("/v1/conflict-checks/{}", second["conflict_check_id"].as_str().unwrap());
        let check = world.vendor(Role::ChannelOps).get(&check).await.expect(200);
        assert_eq!(check["assessment"]["claims"][0]["kind"], "active_protection", "{check:#}");
        sound(&world);
    }

    async fn what_was_found_is_of_no_use_once_the_draft_says_something_else(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        let known = batch(&crm, DEALS, vec![sent_in("known", deal(&south, "Known"))]).await.expect(200);
        assert_eq!(statuses(&known), [201]);
        let acme = crm.get(&of("known")).await.expect(200)["customer_account_id"].clone();
        for id in ["turned", "kept"] {
            let title = json!({"title": id, "partner_id": north.to_string(), "deal_type": if id == "kept" { "renewal" } else { "net_new" }});
            crm.put(&of(id), with(title)).await.expect(201);
        }
        // As it stands when the search begins the first draft is one for a customer that is known. The item before says otherwise.
        let result = batch(&crm, DEALS, vec![
            upsert("turned", json!({"customer": {"name": "Quellhof GmbH", "website": "https://www.quellhof.de", "street": null, "city": null}})),
            sent_in("turned", json!({"next_step": "Call"})),
            sent_in("kept", json!({"next_step": "Call"})),
            sent_in("known", json!({})),
        ]).await.expect(200);
        assert_eq!(statuses(&result), [200; 4]);
        let (turned, kept) = (crm.get(&of("turned")).await.expect(200), crm.get(&of("kept")).await.expect(200));
        assert_eq!((&turned["customer"]["name"], &turned["customer"]["resolution"]), (&json!("Quellhof GmbH"), &json!("created")));
        assert_ne!(turned["customer_account_id"], acme);
        assert_eq!((&kept["customer_account_id"], &kept["customer"]["resolution"]), (&acme, &json!("matched")));
        sound(&world);
    }

    async fn what_a_batch_sends_in_is_told_as_two_calls_tell_it(world: World) {
        let ([north, south], crm) = partners_and_crm(&world, ["Nordwind", "Südstern"]).await;
        let ops = world.vendor(Role::ChannelOps);
        let body = |partner: &_, own: &str| with(json!({"title": own, "partner_id": ToString::to_string(partner), "customer": customer(own)}));
        let before = last_event(&world);
        let made = crm.put(&of("quellhof"), body(&north, "Quellhof")).await.expect(201);
        let singly = crm.post(&path(&made, "/submit"), json!({})).await.expect(200);
        let told_singly = told_since(&world, before, "Quellhof");
        let before = last_event(&world);
        let result = batch(&crm, DEALS, vec![sent_in("birkental", body(&south, "Birkental"))]).await;
        let result = result.expect(200);
        let told_at_once = told_since(&world, before, "Birkental");
        let kinds: Vec<&Value> = told_at_once.iter().map(|event| &event[0]).collect();
        assert_eq!(kinds, ["deal.created", "customer_account.created", "conflict_check.created", "deal.submitted"]);
        assert_eq!(told_at_once, told_singly);

        let read = crm.get(&of("birkental")).await;
        let revision = |tag: Option<&str>| tag.unwrap().split('-').next().unwrap().to_owned();
        assert_eq!(revision(read.header("etag")), revision(result["items"][0]["etag"].as_str()), "the tag is that of what was sent in");
        let at_once = read.expect(200);
        assert_eq!(bare(&at_once, "Birkental"), bare(&singly, "Quellhof"));
        assert_eq!(crm.get(&path(&singly, "")).await.expect(200), singly, "what is answered is what is stored");
        let mut said = Vec::new();
        for (deal, own) in [(&singly, "Quellhof"), (&at_once, "Birkental")] {
            let check = ops.get(&format!("/v1/conflict-checks/{}", deal["conflict_check_id"].as_str().unwrap())).await.expect(200);
            let history = ops.get(&path(deal, "/history")).await.expect(200);
            let chain = ops.get(&path(deal, "/approval-chain")).await.expect(200);
            said.push([check, history["data"].clone(), chain].map(|said| bare(&said, own)));
        }
        assert_eq!(said[0], said[1]);
        // What the check had looked at: its own claim stands among the others, whenever the rows were written.
        let looked_at: Vec<String> = world.sql(|tx| conflict_checks::table.order(conflict_checks::created_at).select(conflict_checks::input).load(tx.conn()).map_err(Error::from));
        let facts: Vec<Value> = looked_at.iter().map(|facts| serde_json::from_str(facts).unwrap()).collect();
        assert_eq!(facts[0]["claims"][0]["deal_id"], singly["id"]);
        assert_eq!(facts[1]["claims"][0]["deal_id"], at_once["id"]);
        assert_eq!(bare(&facts[1]["asked"], "Birkental"), bare(&facts[0]["asked"], "Quellhof"));
        sound(&world);
    }
}
