//! Many records in one call, and upserts by ids of another system: verdicts, all or nothing, races, and what a CRM may say.

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
};

use actix_web::http::Method;
use diesel::prelude::*;
use openprm::{
    app,
    auth::{Role, Rows},
    db::Engine,
    error::Error,
    kernel::Time,
    schema::{conflict_checks, customer_accounts, deals, events, idempotency_keys},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, guards, path, with},
    support::{Client, Response, World, contract},
};

const DEALS: &str = "/v1/deals/batch";

fn upsert(id: &str, data: Value) -> Value {
    json!({"op": "upsert", "ref": format!("row {id}"), "external_ref": {"system": "crm", "id": id}, "data": data})
}

/// An item that is sent in as well.
fn sent_in(id: &str, data: Value) -> Value {
    let mut item = upsert(id, data);
    item["submit"] = json!(true);
    item
}

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

fn of(deal: &str) -> String {
    format!("/v1/deals/by-external-id/crm/{deal}")
}

async fn batch(client: &Client<'_>, path: &str, items: Vec<Value>) -> Response {
    client.post(path, json!({"items": items})).await
}

/// A body of a registration for that partner.
fn deal(partner: &impl ToString, title: &str) -> Value {
    with(json!({"title": title, "partner_id": partner.to_string()}))
}

/// Names the system that the external ids are of, so that revisions can come from it.
async fn the_crm(ops: &Client<'_>) {
    let system = json!({"code": "crm", "name": "The CRM", "kind": "other"});
    ops.post("/v1/external-systems", system).await.expect(201);
}

fn statuses(result: &Value) -> Vec<i64> {
    let items = result["items"].as_array().unwrap();
    items.iter().map(|item| item["status"].as_i64().unwrap()).collect()
}

fn codes(result: &Value) -> Vec<&str> {
    let items = result["items"].as_array().unwrap();
    items
        .iter()
        .filter_map(|item| item["problem"]["code"].as_str())
        .collect()
}

fn pointer(result: &Value, index: usize) -> &str {
    result["items"][index]["problem"]["errors"][0]["pointer"]
        .as_str()
        .unwrap_or_default()
}

fn number_of_deals(world: &World) -> i64 {
    world.sql(|tx| deals::table.count().get_result(tx.conn()).map_err(Error::from))
}

fn events_of(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        events::table
            .filter(events::event_type.eq(kind))
            .count()
            .get_result(tx.conn())
            .map_err(Error::from)
    })
}

#[actix_web::test]
async fn the_rate_limit_counts_items() {
    let world = World::configured(Engine::Sqlite, contract(), &[("OPENPRM_RATE_LIMIT", "20")]).await;
    let ops = world.vendor(Role::ChannelOps);
    let items = |from: u32| -> Vec<Value> {
        (from..from + 15)
            .map(|number| upsert(&number.to_string(), json!({"name": format!("Account {number}")})))
            .collect()
    };
    let first = batch(&ops, "/v1/customer-accounts/batch", items(0)).await;
    let left = first.header("ratelimit").unwrap().to_owned();
    assert!(left.contains("r=5;"), "{left}");
    first.expect(200);
    let second = batch(&ops, "/v1/customer-accounts/batch", items(15)).await;
    assert!(second.header("retry-after").is_some());
    assert_eq!(second.refused(429), "rate_limited");
    // A batch of more items than there are calls takes all that there are: otherwise it could never be sent.
    let other = world.vendor(Role::ChannelOps);
    let heavy = batch(&other, "/v1/customer-accounts/batch", [items(0), items(15)].concat()).await;
    let left = heavy.header("ratelimit").unwrap().to_owned();
    assert!(left.contains("r=0;"), "{left}");
    heavy.expect(200);
}

each_engine! {
    async fn verdicts_stand_in_the_order_sent_and_a_bad_item_holds_up_no_other(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let crm = world.machine(&["deals:read", "deals:write"]);
        let known = crm.put(&of("0"), deal(&partner, "Known")).await;
        let tag = known.header("etag").unwrap().to_owned();
        let known = known.expect(201);
        let update = |tag: Value| json!({"op": "update", "id": known["id"], "if_match": tag, "data": {"next_step": "Call"}});
        let result = batch(&crm, DEALS, vec![
            upsert("1", deal(&partner, "One")),
            upsert("2", with(json!({"title": 7, "partner_id": partner.to_string()}))),
            upsert("3", with(json!({"partner_id": partner.to_string(), "territory": "NOWHERE"}))),
            update(json!(tag)),
            update(json!(tag)),
            update(Value::Null),
            upsert("4", json!({"partner_id": partner.to_string()})),
            json!({"op": "upsert", "id": known["id"], "data": {}}),
            upsert("1", json!({"title": "One, again"})),
            upsert("5", deal(&partner, "Nul \0")),
            upsert("0", json!({})),
        ]).await.expect(207);
        assert_eq!(statuses(&result), [201, 422, 409, 200, 412, 428, 409, 409, 200, 422, 200], "{result:#}");
        assert_eq!((&result["succeeded"], &result["failed"]), (&json!(4), &json!(7)));
        let codes = codes(&result);
        assert_eq!(codes, ["validation_failed", "unknown_reference", "precondition_failed", "precondition_required", "contradiction", "contradiction", "validation_failed"]);
        let at: Vec<&str> = [1, 2, 5, 6, 7].into_iter().map(|index| pointer(&result, index)).collect();
        assert_eq!(at, ["#/items/1/data/title", "#/items/2/data/territory", "#/items/5/if_match", "#/items/6/data/title", "#/items/7/external_ref"]);
        let first = &result["items"][0];
        assert_eq!((&first["index"], &first["ref"], &first["id"]), (&json!(0), &json!("row 1"), &result["items"][8]["id"]));
        let read = crm.get(&of("1")).await;
        assert_eq!(read.header("etag"), result["items"][8]["etag"].as_str(), "the tag is that of the record");
        let read = read.expect(200);
        assert_eq!((&read["title"], &read["territory"]), (&json!("One, again"), &json!("DE")));
        assert_eq!(first["location"], json!(path(&read, "")));
        assert_eq!(crm.get(&of("2")).await.refused(404), "not_found");
        assert_eq!(crm.get(&path(&known, "")).await.expect(200)["next_step"], "Call");
        assert_eq!(events_of(&world, "deal.created"), 2, "every item tells of itself, and what was refused of nothing");
    }

    async fn all_or_nothing_keeps_nothing_if_one_item_cannot_be_done(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let crm = world.machine(&["deals:read", "deals:write"]);
        let mut items: Vec<Value> = (0..60).map(|number| upsert(&number.to_string(), deal(&partner, "Deal"))).collect();
        items[55]["data"]["territory"] = json!("NOWHERE");
        let send = |items: &[Value]| json!({"items": items, "atomic": true});
        let key = [("idempotency-key", "atomic")];
        let result = crm.send(Method::POST, DEALS, &key, Some(&send(&items))).await.expect(207);
        assert_eq!((&result["succeeded"], &result["failed"]), (&json!(0), &json!(60)));
        assert_eq!((statuses(&result)[0], statuses(&result)[55]), (424, 409));
        assert_eq!((codes(&result)[0], codes(&result)[55]), ("rolled_back", "unknown_reference"));
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (0, 0));
        items[55]["data"]["territory"] = json!("DE");
        // Nothing was kept, so the key is free.
        let result = crm.send(Method::POST, DEALS, &key, Some(&send(&items))).await.expect(200);
        assert_eq!((&result["succeeded"], number_of_deals(&world)), (&json!(60), 60));
    }

    async fn a_dry_run_tells_what_would_be_and_keeps_nothing(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let crm = world.machine(&["deals:read", "deals:write"]);
        let items = vec![upsert("1", deal(&partner, "One")), upsert("2", json!({})), upsert("1", json!({"next_step": "Call"}))];
        let result = crm.post(DEALS, json!({"items": items, "dry_run": true})).await.expect(207);
        assert_eq!(statuses(&result), [201, 409, 200]);
        assert_eq!((&result["items"][0]["id"], &result["items"][0]["etag"]), (&Value::Null, &Value::Null), "what was undone has no id");
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (0, 0));
    }

    async fn a_batch_has_from_one_to_a_thousand_items(world: World) {
        let crm = world.machine(&["deals:write"]);
        let many: Vec<Value> = (0..1001).map(|number| upsert(&number.to_string(), json!({"title": "Deal"}))).collect();
        for items in [vec![], many] {
            let refused = batch(&crm, DEALS, items).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], "#/items", "{refused}");
        }
        let refused = crm.post(DEALS, json!({"items": [], "everything": true})).await.expect(422);
        assert!(refused.to_string().contains("#/everything"), "{refused}");
        assert_eq!(number_of_deals(&world), 0);
    }

    async fn each_item_is_done_by_the_callers_own_right(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, other) = (program.sales(north), program.sales(south));
        let theirs = other.put(&of("theirs"), complete()).await;
        let tag = theirs.header("etag").unwrap().to_owned();
        let theirs = theirs.expect(201);
        let result = batch(&sales, DEALS, vec![
            upsert("mine", complete()),
            upsert("theirs", complete()),
            json!({"op": "update", "id": theirs["id"], "if_match": tag, "data": {"title": "Mine now"}}),
            upsert("for them", deal(&south, "For them")),
        ]).await.expect(207);
        assert_eq!(statuses(&result), [201, 409, 404, 409]);
        assert_eq!(codes(&result), ["already_exists", "not_found", "unknown_reference"]);
        assert!(!result.to_string().contains(theirs["id"].as_str().unwrap()));
        assert_eq!(sales.get(&of("theirs")).await.refused(404), "not_found");
        assert_eq!(other.get(&of("theirs")).await.expect(200)["title"], complete()["title"]);

        let manager = world.vendor_of(Role::Cam, Rows::Partners([north].into()));
        let result = batch(&manager, DEALS, vec![upsert("a", deal(&north, "A")), upsert("b", deal(&south, "B"))]).await.expect(207);
        assert_eq!(statuses(&result), [201, 409]);
        let reader = world.machine(&["deals:read"]);
        assert_eq!(batch(&reader, DEALS, vec![upsert("c", deal(&north, "C"))]).await.refused(403), "insufficient_scope");
        assert_eq!(batch(&sales, "/v1/partners/batch", vec![upsert("p", json!({"legal_name": "P"}))]).await.refused(403), "forbidden");
        assert_eq!(batch(&sales, "/v1/customer-accounts/batch", vec![upsert("c", json!({"name": "C"}))]).await.refused(403), "forbidden");
    }

    async fn the_same_batch_again_is_answered_as_before_and_ends_what_was_broken_off(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let crm = world.machine(&["deals:read", "deals:write"]);
        let items: Vec<Value> = (0..120).map(|number| upsert(&number.to_string(), deal(&partner, "Deal"))).collect();
        let body = json!({"items": items});
        let key = [("idempotency-key", "batch-1")];
        let first = crm.send(Method::POST, DEALS, &key, Some(&body)).await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (200, None));
        let again = crm.send(Method::POST, DEALS, &key, Some(&body)).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
        assert_eq!(again.bytes, first.bytes);
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (120, 120));
        let other = json!({"items": [items[0]]});
        assert_eq!(crm.send(Method::POST, DEALS, &key, Some(&other)).await.refused(422), "idempotency_key_reused");

        // As if the server had died when two of the three parts were stored.
        world.sql(|tx| diesel::delete(idempotency_keys::table.filter(idempotency_keys::key.like("% 2"))).execute(tx.conn()).map_err(Error::from));
        let ended = crm.send(Method::POST, DEALS, &key, Some(&body)).await;
        assert_eq!(ended.header("idempotency-replayed"), None);
        let ended = ended.expect(200);
        let expected: Vec<i64> = [vec![201; 100], vec![200; 20]].concat();
        assert_eq!(statuses(&ended), expected, "what was done is told as it was told first, the rest is gone through");
        assert_eq!(number_of_deals(&world), 120);
        let numbers: BTreeSet<String> = world.sql(|tx| deals::table.select(deals::number).load::<String>(tx.conn()).map_err(Error::from)).into_iter().collect();
        assert_eq!(numbers.len(), 120);
    }

    async fn a_draft_is_sent_in_with_its_conflict_check_or_not_made_at_all(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let crm = world.machine(&["deals:read", "deals:write"]);
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
        crate::program::sound(&world);
    }

    async fn items_that_bring_one_new_customer_end_at_one_account(world: World) {
        let program = Program::new(&world).await;
        let (north, south, west) = (program.partner("Nordwind"), program.partner("Südstern"), program.partner("Westfeld"));
        let (crm, ops) = (world.machine(&["deals:read", "deals:write"]), world.vendor(Role::ChannelOps));
        let of_customer = |partner: &_, name: &str| with(json!({"title": name, "partner_id": ToString::to_string(partner), "customer": customer(name)}));
        // Nobody knows the customers when the search for them begins, and each is made by the first item that brings it: of the same
        // part, and of one before.
        let mut items = vec![
            sent_in("north", of_customer(&north, "Quellhof")),
            sent_in("other", of_customer(&north, "Birkental")),
            sent_in("south", of_customer(&south, "Quellhof")),
        ];
        items.extend((0..60).map(|number| upsert(&number.to_string(), deal(&north, "Draft"))));
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
        crate::program::sound(&world);
    }

    async fn what_was_found_is_of_no_use_once_the_draft_says_something_else(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let crm = world.machine(&["deals:read", "deals:write"]);
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
        crate::program::sound(&world);
    }

    async fn what_a_batch_sends_in_is_told_as_two_calls_tell_it(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (crm, ops) = (world.machine(&["deals:read", "deals:write"]), world.vendor(Role::ChannelOps));
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
        crate::program::sound(&world);
    }

    async fn an_upsert_keeps_what_is_left_out_and_empties_what_is_null(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let made = sales.put(&of("1"), with(json!({"next_step": "Call", "competitor": "Northwall"}))).await.expect(201);
        let kept = sales.put(&of("1"), json!({"next_step": null, "customer": {"phone": "+49 711 5550100"}})).await.expect(200);
        assert_eq!((&kept["next_step"], &kept["competitor"], &kept["amount"]), (&Value::Null, &json!("Northwall"), &made["amount"]));
        assert_eq!((&kept["customer"]["website"], &kept["customer"]["phone"]), (&made["customer"]["website"], &json!("+49 711 5550100")));
        assert_eq!(kept["external_refs"], json!([{"system": "crm", "id": "1"}]));
        let same = sales.put(&of("1"), json!({"next_step": null})).await.expect(200);
        assert_eq!(same, kept, "nothing changed, so no revision was made");
        let more = sales.put(&of("1"), json!({"external_refs": [{"system": "erp", "id": "9"}]})).await.expect(200);
        assert_eq!(more["external_refs"].as_array().unwrap().len(), 2, "references are added");
        let lacking = sales.put(&of("2"), json!({"next_step": "Call"})).await.expect(409);
        assert_eq!((&lacking["code"], &lacking["errors"][0]["pointer"]), (&json!("contradiction"), &json!("#/title")));
        assert_eq!(sales.send(Method::PUT, &of("1"), &[("if-match", "\"1-a\"")], Some(&json!({"title": "Late"}))).await.refused(412), "precondition_failed");
    }

    async fn who_has_seen_a_record_that_is_not_there_makes_none(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let ops = world.vendor(Role::ChannelOps);
        the_crm(&ops).await;
        let account = ops.post("/v1/customer-accounts", json!({"name": "Acme"})).await.expect(201);
        let seen = [("if-match", "\"1-a\"")];
        for (who, path, body) in [
            (&sales, of("1"), with(json!({}))),
            (&ops, "/v1/partners-by-external-id/crm/1".to_owned(), json!({"legal_name": "Westwind", "default_currency": "EUR", "time_zone": "Europe/Berlin"})),
            (&ops, "/v1/people/by-external-id/crm/1".to_owned(), json!({"name": "Anna"})),
            (&ops, "/v1/customer-accounts/by-external-id/crm/1".to_owned(), json!({"name": "Globex"})),
            (&ops, "/v1/direct-opportunities/by-external-id/crm/1".to_owned(), json!({"account_id": account["id"], "title": "Renewal"})),
            (&ops, "/v1/named-accounts/by-external-id/crm/1".to_owned(), json!({"account_id": account["id"]})),
        ] {
            assert_eq!(who.send(Method::PUT, &path, &seen, Some(&body)).await.refused(412), "precondition_failed", "{path}");
            who.get(&path).await.expect(404);
        }
        let mut item = upsert("1", json!({"name": "Globex"}));
        item["if_match"] = json!("\"1-a\"");
        let mut linked = item.clone();
        linked["external_revision"] = json!("1");
        let result = batch(&ops, "/v1/customer-accounts/batch", vec![item, linked]).await.expect(207);
        assert_eq!((statuses(&result), codes(&result)), (vec![412, 412], vec!["precondition_failed"; 2]));
        let mut item = upsert("1", with(json!({})));
        item["if_match"] = json!("\"1-a\"");
        let result = batch(&sales, "/v1/deals/batch", vec![item]).await.expect(207);
        assert_eq!(statuses(&result), [412]);
        assert_eq!(ops.get("/v1/sync-links").await.expect(200)["data"], json!([]));
        sales.put(&of("1"), with(json!({}))).await.expect(201);
    }

    async fn partners_people_and_accounts_are_put_by_ids_of_another_system(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let firm = json!({"legal_name": "Westwind IT GmbH", "default_currency": "EUR", "time_zone": "Europe/Berlin", "website": "https://www.westwind.example", "tags": ["b", "a"]});
        let at = "/v1/partners-by-external-id/crm/P%2F1";
        let lacking = ops.put(at, json!({"legal_name": "Westwind"})).await.expect(409);
        assert_eq!(lacking["errors"].as_array().unwrap().len(), 2, "{lacking}");
        let made = ops.put(at, firm.clone()).await.expect(201);
        assert_eq!((&made["status"], &made["external_refs"]), (&json!("prospect"), &json!([{"system": "crm", "id": "P/1"}])));
        let same = ops.put(at, firm).await.expect(200);
        assert_eq!(same["revision"], 1, "nothing changed, so no revision was made");
        let changed = ops.put(at, json!({"website": null, "phone": "+493012345678"})).await.expect(200);
        assert_eq!((&changed["website"], &changed["phone"], &changed["tags"]), (&Value::Null, &json!("+493012345678"), &json!(["a", "b"])));
        assert_eq!(ops.get(at).await.expect(200)["id"], made["id"]);

        let at = "/v1/people/by-external-id/crm/003A";
        let anna = ops.put(at, json!({"name": "Anna Berg", "email": "anna@westwind.example", "employment": {"partner_id": made["id"], "roles": ["sales"]}})).await.expect(201);
        assert_eq!((&anna["external_refs"], &anna["employments"][0]["partner_id"]), (&json!([{"system": "crm", "id": "003A"}]), &made["id"]));
        let again = ops.put(at, json!({"phone": "+493012345678", "employment": {"partner_id": made["id"], "title": "Sales lead"}})).await.expect(200);
        assert_eq!((&again["email"], &again["phone"]), (&anna["email"], &json!("+493012345678")), "what was left out stays");
        let times = again["employments"].as_array().unwrap();
        assert_eq!((times.len(), &times[0]["title"], &times[0]["roles"]), (1, &json!("Sales lead"), &json!(["sales"])));
        assert_eq!(ops.get(at).await.expect(200), again);
        let mine = world.partner_user(made["id"].as_str().unwrap().parse().unwrap(), Role::PartnerAdmin);
        assert_eq!(mine.get(&format!("/v1/people/{}", anna["id"].as_str().unwrap())).await.expect(200)["external_refs"], Value::Null);
        assert_eq!(mine.get(at).await.refused(403), "forbidden");
        assert_eq!(ops.put("/v1/people/by-external-id/crm/003B", json!({"phone": null})).await.refused(409), "contradiction");

        let at = "/v1/customer-accounts/by-external-id/crm/A1";
        ops.put(at, json!({"name": "Globex", "phone": "+1 212 555 0100", "address": {"city": "New York", "country": "US"}})).await.expect(201);
        let changed = ops.put(at, json!({"phone": null, "address": {"city": "Albany"}})).await.expect(200);
        assert_eq!((&changed["name"], &changed["phone"]), (&json!("Globex"), &Value::Null));
        assert_eq!((&changed["address"]["city"], &changed["address"]["country"]), (&json!("Albany"), &json!("US")));
        assert_eq!(ops.get(at).await.expect(200), changed);
        assert_eq!(ops.put("/v1/customer-accounts/by-external-id/crm/A2", json!({})).await.refused(409), "contradiction");
    }

    async fn partners_people_and_accounts_come_in_batches_too(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let firm = |name: &str| json!({"legal_name": name, "default_currency": "EUR", "time_zone": "UTC"});
        let made = batch(&ops, "/v1/partners/batch", vec![upsert("1", firm("One")), upsert("2", firm("Two")), upsert("1", json!({"phone": "+493012345678"}))]).await.expect(200);
        assert_eq!(statuses(&made), [201, 201, 200]);
        let update = json!({"op": "update", "id": made["items"][1]["id"], "if_match": made["items"][1]["etag"], "data": {"legal_name": "Two Ltd"}});
        let result = batch(&ops, "/v1/partners/batch", vec![update.clone(), update]).await.expect(207);
        assert_eq!(statuses(&result), [200, 412]);

        let people = batch(&ops, "/v1/people/batch", vec![
            upsert("1", json!({"name": "Anna", "employment": {"partner_id": made["items"][0]["id"]}})),
            upsert("2", json!({"email": "nobody@one.example"})),
            upsert("3", json!({"name": "Carl", "employment": {"partner_id": "partner_01kb9m8q00e9wv2h2a3m7z5x1y"}})),
            upsert("1", json!({"phone": "+493012345678"})),
        ]).await.expect(207);
        assert_eq!((statuses(&people), codes(&people)), (vec![201, 409, 409, 200], vec!["contradiction", "unknown_reference"]));
        assert_eq!(pointer(&people, 2), "#/items/2/data/employment/partner_id");

        let accounts: Vec<Value> = (0..70).map(|number| upsert(&number.to_string(), json!({"name": format!("Account {number}")}))).collect();
        let result = batch(&ops, "/v1/customer-accounts/batch", accounts.clone()).await.expect(200);
        assert_eq!(result["succeeded"], 70);
        let again = batch(&ops, "/v1/customer-accounts/batch", accounts).await.expect(200);
        assert_eq!(statuses(&again), vec![200; 70]);
        assert_eq!(result["items"][69]["etag"], again["items"][69]["etag"], "nothing changed, so no revision was made");
    }

    async fn an_item_with_a_revision_of_theirs_has_the_verdict_of_the_call_for_one(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let accounts = "/v1/customer-accounts/batch";
        let at = |id: &str| format!("/v1/customer-accounts/by-external-id/crm/{id}");
        let item = |id: &str, revision: &str, name: &str| {
            let mut item = upsert(id, json!({"name": name}));
            item["external_revision"] = json!(revision);
            item
        };
        let unnamed = batch(&ops, accounts, vec![item("1", "9", "Acme")]).await.expect(207);
        assert_eq!((codes(&unnamed), pointer(&unnamed, 0)), (vec!["unknown_reference"], "#/items/0/external_revision"));
        the_crm(&ops).await;
        let result = batch(&ops, accounts, vec![
            item("1", "9", "Acme"),
            item("2", "1", "Globex"),
            item("1", "10", "Acme GmbH"),
            item("1", "9", "Acme"),
            item("1", "10", "Acme AG"),
            upsert("3", json!({"name": "Initech"})),
            item("5", "no blank is possible", "Hooli"),
        ]).await.expect(207);
        assert_eq!(statuses(&result), [201, 201, 200, 409, 200, 201, 422], "{result:#}");
        assert_eq!(codes(&result), ["stale_revision", "validation_failed"]);
        assert_eq!(pointer(&result, 6), "#/items/6/external_revision");
        assert_eq!(ops.get(&at("1")).await.expect(200)["name"], "Acme GmbH", "ten is more than nine, and the same one changes nothing");
        let links = ops.get("/v1/sync-links?external_id=1").await.expect(200);
        assert_eq!((&links["data"][0]["state"], &links["data"][0]["pulled_revision"]), (&json!("in_sync"), &json!("10")));

        let account = ops.get(&at("1")).await.expect(200);
        ops.patch(&format!("/v1/customer-accounts/{}", account["id"].as_str().unwrap()), json!({"name": "Ours"})).await.expect(200);
        let theirs = json!([item("1", "11", "Theirs"), upsert("4", json!({"name": "Umbrella"}))]);
        for way in ["atomic", "dry_run"] {
            let mut body = json!({"items": theirs});
            body[way] = json!(true);
            let tried = ops.post(accounts, body).await.expect(207);
            assert_eq!(codes(&tried)[0], "sync_conflict", "{way}");
            let faults = tried["items"][0]["problem"]["errors"].as_array().unwrap();
            let at: Vec<&str> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
            assert!(at.contains(&"#/items/0/data/name"), "{way}: {at:?}");
            assert!(!tried["items"][0]["problem"].to_string().contains("sconf_"), "{way} names no conflict: {tried}");
            assert_eq!(ops.get("/v1/sync-conflicts").await.expect(200)["data"], json!([]), "{way}");
        }
        let (key, body) = ([("idempotency-key", "crm-7")], json!({"items": theirs}));
        let refused = ops.send(Method::POST, accounts, &key, Some(&body)).await.expect(207);
        assert_eq!((statuses(&refused), codes(&refused)), (vec![409, 201], vec!["sync_conflict"]));
        let kept = ops.get("/v1/sync-conflicts?state=open").await.expect(200);
        assert_eq!(kept["data"].as_array().unwrap().len(), 1, "the item is refused, and the conflict is there");
        let named = refused["items"][0]["problem"]["detail"].as_str().unwrap();
        assert!(named.contains(kept["data"][0]["id"].as_str().unwrap()), "{named}");
        assert_eq!(ops.get(&at("1")).await.expect(200)["name"], "Ours", "nothing was written over");
        assert_eq!(ops.send(Method::POST, accounts, &key, Some(&body)).await.expect(207), refused);
        crate::program::sound(&world);
    }

    async fn a_revision_of_theirs_goes_with_an_upsert_alone(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        the_crm(&ops).await;
        let made = batch(&ops, "/v1/customer-accounts/batch", vec![upsert("1", json!({"name": "Acme"}))]).await.expect(200);
        let first = &made["items"][0];
        let result = batch(&ops, "/v1/customer-accounts/batch", vec![
            json!({"op": "update", "id": first["id"], "if_match": first["etag"], "external_revision": "2", "data": {"name": "Acme AG"}}),
            json!({"op": "upsert", "external_ref": {"system": "crm", "id": "1"}, "external_base_revision": 1, "data": {"name": "Acme AG"}}),
            json!({"op": "upsert", "external_ref": {"system": "crm", "id": "1"}, "external_revision": "2", "external_changed_at": "yesterday", "data": {}}),
        ]).await.expect(207);
        assert_eq!((statuses(&result), codes(&result)), (vec![409, 409, 422], vec!["contradiction", "contradiction", "validation_failed"]));
        assert_eq!((pointer(&result, 0), pointer(&result, 1)), ("#/items/0/external_revision", "#/items/1/external_revision"));
        assert_eq!(pointer(&result, 2), "#/items/2/external_changed_at");
    }

    async fn a_registration_comes_with_its_revision_and_is_sent_in_at_once(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (ops, crm) = (world.vendor(Role::ChannelOps), world.machine(&["deals:read", "deals:write"]));
        the_crm(&ops).await;
        let item = |revision: &str| {
            let mut item = upsert("1", deal(&partner, "First"));
            item["external_revision"] = json!(revision);
            item["submit"] = json!(true);
            item
        };
        let made = batch(&crm, DEALS, vec![item("2026-11-21T09:00:00.000000Z")]).await.expect(200);
        assert_eq!(statuses(&made), [201]);
        let read = crm.get(&of("1")).await;
        let revision = |tag: &str| tag.split('-').next().unwrap().to_owned();
        let tag = |result: &Value| revision(result["items"][0]["etag"].as_str().unwrap());
        assert_eq!(revision(read.header("etag").unwrap()), tag(&made), "the tag is that of what was sent in");
        assert_eq!(read.expect(200)["review_status"], "submitted");
        let links = ops.get("/v1/sync-links?external_id=1").await.expect(200);
        assert_eq!(links["data"][0]["state"], "pending", "that it was sent in the other system does not know");
        let again = batch(&crm, DEALS, vec![item("2026-11-21T09:00:00.000000Z"), item("2026-11-20T09:00:00.000000Z")]).await.expect(207);
        assert_eq!((statuses(&again), codes(&again)), (vec![200, 409], vec!["stale_revision"]));
        assert_eq!(tag(&again), tag(&made), "nothing changed, so no revision was made");
        let mut own = upsert("2", complete());
        own["external_revision"] = json!("1");
        let result = batch(&program.sales(partner), DEALS, vec![own]).await.expect(207);
        assert_eq!(codes(&result), ["unknown_reference"], "partners know of no systems of the vendor's");
        crate::program::sound(&world);
    }

    async fn of_twenty_who_put_one_new_id_at_once_one_makes_the_record(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let calls = [
            ("/v1/deals/by-external-id/crm/race", deal(&partner, "Raced")),
            ("/v1/customer-accounts/by-external-id/crm/race", json!({"name": "Raced"})),
            ("/v1/partners-by-external-id/crm/race", json!({"legal_name": "Raced", "default_currency": "EUR", "time_zone": "UTC"})),
            ("/v1/people/by-external-id/crm/race", json!({"name": "Raced", "employment": {"partner_id": partner.to_string()}})),
        ];
        let gate = Arc::new(Barrier::new(20));
        // Each client has a worker of its own, as several processes on one database would be.
        let clients: Vec<_> = (0..20)
            .map(|number| {
                let (state, token, gate, calls) = (world.state.clone(), ops.token(), Arc::clone(&gate), calls.clone());
                std::thread::spawn(move || {
                    actix_web::rt::System::new().block_on(async move {
                        let service = actix_web::test::init_service(app::app(state)).await;
                        let mut answers = Vec::new();
                        for (path, body) in calls {
                            let mut body = body;
                            // Each says something of its own, so that none is a mere repetition.
                            let said = match path.split('/').nth(2).unwrap() {
                                "deals" => ("next_step", format!("Step {number}")),
                                "partners-by-external-id" => ("website", format!("https://www{number}.raced.example")),
                                "people" => ("phone", format!("+4930123456{number:02}")),
                                _ => ("industry", format!("Industry {number}")),
                            };
                            body[said.0] = json!(said.1);
                            gate.wait();
                            let request = actix_web::test::TestRequest::put()
                                .uri(path)
                                .insert_header(("authorization", format!("Bearer {token}")))
                                .set_json(&body);
                            let response = actix_web::test::call_service(&service, request.to_request()).await;
                            let status = response.status().as_u16();
                            let body: Value = serde_json::from_slice(&actix_web::test::read_body(response).await).unwrap();
                            answers.push((status, body));
                        }
                        answers
                    })
                })
            })
            .collect();
        let answers: Vec<Vec<(u16, Value)>> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        for (index, (path, _)) in calls.iter().enumerate() {
            let of_one: Vec<&(u16, Value)> = answers.iter().map(|answers| &answers[index]).collect();
            let made = of_one.iter().filter(|(status, _)| *status == 201).count();
            assert!(made == 1 && of_one.iter().all(|(status, _)| matches!(status, 200 | 201)), "{path}: {of_one:?}");
            let ids: BTreeSet<&str> = of_one.iter().map(|(_, body)| body["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), 1, "{path}");
            let revisions: BTreeSet<i64> = of_one.iter().map(|(_, body)| body["revision"].as_i64().unwrap()).collect();
            assert_eq!(revisions.len(), 20, "{path}: every one was heard");
        }
        crate::program::sound(&world);
    }

    async fn four_batches_of_the_same_ids_make_each_record_once(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let items: Vec<Value> = (0..60).map(|number| upsert(&number.to_string(), deal(&partner, "Raced"))).collect();
        let gate = Arc::new(Barrier::new(4));
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (state, token, gate, mut items) = (world.state.clone(), ops.token(), Arc::clone(&gate), items.clone());
                // Two go the other way, so that they meet crosswise.
                if number % 2 == 1 {
                    items.reverse();
                }
                std::thread::spawn(move || {
                    actix_web::rt::System::new().block_on(async move {
                        let service = actix_web::test::init_service(app::app(state)).await;
                        gate.wait();
                        let request = actix_web::test::TestRequest::post()
                            .uri(DEALS)
                            .insert_header(("authorization", format!("Bearer {token}")))
                            .set_json(json!({"items": items}));
                        let response = actix_web::test::call_service(&service, request.to_request()).await;
                        serde_json::from_slice::<Value>(&actix_web::test::read_body(response).await).unwrap()
                    })
                })
            })
            .collect();
        let results: Vec<Value> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        let all: Vec<i64> = results.iter().filter(|result| result["items"].is_array()).flat_map(statuses).collect();
        // Whoever waited crosswise too often is told to come back, and has made nothing.
        assert!(all.iter().all(|status| matches!(status, 200 | 201 | 503)), "{results:?}");
        let made = i64::try_from(all.iter().filter(|status| **status == 201).count()).unwrap();
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (made, made));
        batch(&ops, DEALS, items).await.expect(200);
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (60, 60));
    }

    async fn a_crm_moves_the_stage_by_a_persons_rules_and_proposes_the_win(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let (crm, ops) = (world.machine(&["deals:read", "deals:write"]), world.vendor(Role::ChannelOps));
        let deal = approved(&world, &sales, with(json!({"external_refs": [{"system": "crm", "id": "006A"}]}))).await;
        let moved = crm.put(&of("006A"), json!({"stage": "committed", "next_step": "Papers"})).await.expect(200);
        assert_eq!((&moved["stage"], &moved["next_step"]), (&json!("committed"), &json!("Papers")));
        let back = json!({"stage": "qualified"});
        let by_person = ops.post(&path(&deal, "/move-stage"), back.clone()).await.expect(409);
        let by_crm = crm.put(&of("006A"), back).await.expect(409);
        assert_eq!((guards(&by_crm), &by_crm["detail"]), (guards(&by_person), &by_person["detail"]));
        let early = crm.put(&of("006A"), json!({"stage": "won"})).await.expect(409);
        assert_eq!(guards(&early), ["minimum_age"], "a person's rules hold for programs");
        assert_eq!(crm.put(&of("006A"), json!({"stage": "closed_lost"})).await.refused(409), "contradiction");
        assert_eq!(crm.put(&of("006A"), json!({"win": {}})).await.refused(409), "contradiction");

        world.clock.advance_days(4);
        let amount = json!({"amount": "47000.00", "currency": "EUR"});
        let won = json!({"stage": "won", "win": {"amount": amount, "closed_on": "2026-11-24"}});
        let result = batch(&crm, DEALS, vec![upsert("006A", won.clone())]).await.expect(200);
        assert_eq!(statuses(&result), [200]);
        let proposed = crm.get(&of("006A")).await.expect(200);
        assert_eq!((&proposed["stage"], &proposed["win_verified_at"], &proposed["amount"]), (&json!("won"), &Value::Null, &amount));
        let shown = ops.get(&path(&deal, "/evidence")).await.expect(200);
        let piece = &shown["data"][0];
        assert_eq!((&piece["kind"], &piece["reference"], &piece["issued_on"], &piece["amount"]), (&json!("other"), &json!("006A"), &json!("2026-11-24"), &amount));
        assert!(piece["verified_at"].is_null());
        let waiting = ops.get("/v1/work-items?kind=win_verification").await.expect(200);
        assert!(waiting.to_string().contains(deal["id"].as_str().unwrap()), "a person confirms it: {waiting}");
        assert_eq!(events_of(&world, "deal.win_verified"), 0);
        assert_eq!(crm.put(&of("006A"), won).await.expect(200), proposed, "said again, it is no second win");
        let confirmed = ops.post(&path(&deal, "/verify-win"), json!({})).await.expect(200);
        assert!(confirmed["win_verified_at"].is_string());

        let second = approved(&world, &sales, with(json!({"deal_type": "renewal", "external_refs": [{"system": "crm", "id": "006B"}]}))).await;
        assert_eq!(crm.put(&of("006B"), json!({"stage": "closed_lost", "loss": {"reason_code": "no_such_reason"}})).await.refused(409), "guard_failed");
        let lost = crm.put(&of("006B"), json!({"stage": "closed_lost", "loss": {"reason_code": "price"}})).await.expect(200);
        assert_eq!((&lost["id"], &lost["closed_reason"]), (&second["id"], &json!("price")));
    }
}
