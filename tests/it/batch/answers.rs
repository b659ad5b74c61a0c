//! How a batch is answered: a verdict for each item, all or nothing, by whose right, and the same call again.

use std::collections::BTreeSet;

use diesel::prelude::*;
use openprm::{
    auth::{Role, Rows},
    db::Engine,
    error::Error,
    schema::{deals, idempotency_keys},
};
use serde_json::{Value, json};

use super::{
    ACCOUNTS, DEALS, batch, codes, deal, events_of, keyed, many, number_of_deals, of, partners_and_crm, pointer,
    statuses, upsert,
};
use crate::{
    program::{Program, complete, path, with},
    support::{World, contract},
};

#[actix_web::test]
async fn the_rate_limit_counts_items() {
    let world = World::configured(Engine::Sqlite, contract(), &[("OPENPRM_RATE_LIMIT", "20")]).await;
    let ops = world.vendor(Role::ChannelOps);
    let items = |from: u32| many(from..from + 15, |number| json!({"name": format!("Account {number}")}));
    let first = batch(&ops, ACCOUNTS, items(0)).await;
    let left = first.header("ratelimit").unwrap().to_owned();
    assert!(left.contains("r=5;"), "{left}");
    first.expect(200);
    let second = batch(&ops, ACCOUNTS, items(15)).await;
    assert!(second.header("retry-after").is_some());
    assert_eq!(second.refused(429), "rate_limited");
    // A batch of more items than there are calls takes all that there are: otherwise it could never be sent.
    let other = world.vendor(Role::ChannelOps);
    let heavy = batch(&other, ACCOUNTS, [items(0), items(15)].concat()).await;
    let left = heavy.header("ratelimit").unwrap().to_owned();
    assert!(left.contains("r=0;"), "{left}");
    heavy.expect(200);
}

each_engine! {
    async fn verdicts_stand_in_the_order_sent_and_a_bad_item_holds_up_no_other(world: World) {
        let ([partner], crm) = partners_and_crm(&world, ["Nordwind"]).await;
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
        let ([partner], crm) = partners_and_crm(&world, ["Nordwind"]).await;
        let mut items = many(0..60, |_| deal(&partner, "Deal"));
        items[55]["data"]["territory"] = json!("NOWHERE");
        let send = |items: &[Value]| json!({"items": items, "atomic": true});
        let result = keyed(&crm, DEALS, "atomic", &send(&items)).await.expect(207);
        assert_eq!((&result["succeeded"], &result["failed"]), (&json!(0), &json!(60)));
        assert_eq!((statuses(&result)[0], statuses(&result)[55]), (424, 409));
        assert_eq!((codes(&result)[0], codes(&result)[55]), ("rolled_back", "unknown_reference"));
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (0, 0));
        items[55]["data"]["territory"] = json!("DE");
        // Nothing was kept, so the key is free.
        let result = keyed(&crm, DEALS, "atomic", &send(&items)).await.expect(200);
        assert_eq!((&result["succeeded"], number_of_deals(&world)), (&json!(60), 60));
    }

    async fn a_dry_run_tells_what_would_be_and_keeps_nothing(world: World) {
        let ([partner], crm) = partners_and_crm(&world, ["Nordwind"]).await;
        let items = vec![upsert("1", deal(&partner, "One")), upsert("2", json!({})), upsert("1", json!({"next_step": "Call"}))];
        let result = crm.post(DEALS, json!({"items": items, "dry_run": true})).await.expect(207);
        assert_eq!(statuses(&result), [201, 409, 200]);
        assert_eq!((&result["items"][0]["id"], &result["items"][0]["etag"]), (&Value::Null, &Value::Null), "what was undone has no id");
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (0, 0));
    }

    async fn a_batch_has_from_one_to_a_thousand_items(world: World) {
        let crm = world.machine(&["deals:write"]);
        for items in [vec![], many(0..1001, |_| json!({"title": "Deal"}))] {
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
        assert_eq!(batch(&sales, ACCOUNTS, vec![upsert("c", json!({"name": "C"}))]).await.refused(403), "forbidden");
    }

    async fn the_same_batch_again_is_answered_as_before_and_ends_what_was_broken_off(world: World) {
        let ([partner], crm) = partners_and_crm(&world, ["Nordwind"]).await;
        let items = many(0..120, |_| deal(&partner, "Deal"));
        let body = json!({"items": items});
        let key = "batch-1";
        let first = keyed(&crm, DEALS, key, &body).await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (200, None));
        let again = keyed(&crm, DEALS, key, &body).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
        assert_eq!(again.bytes, first.bytes);
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (120, 120));
        let other = json!({"items": [items[0]]});
        assert_eq!(keyed(&crm, DEALS, key, &other).await.refused(422), "idempotency_key_reused");

        // As if the server had died when two of the three parts were stored.
        world.sql(|tx| diesel::delete(idempotency_keys::table.filter(idempotency_keys::key.like("% 2"))).execute(tx.conn()).map_err(Error::from));
        let ended = keyed(&crm, DEALS, key, &body).await;
        assert_eq!(ended.header("idempotency-replayed"), None);
        let ended = ended.expect(200);
        let expected: Vec<i64> = [vec![201; 100], vec![200; 20]].concat();
        assert_eq!(statuses(&ended), expected, "what was done is told as it was told first, the rest is gone through");
        assert_eq!(number_of_deals(&world), 120);
        let numbers: BTreeSet<String> = world.sql(|tx| deals::table.select(deals::number).load::<String>(tx.conn()).map_err(Error::from)).into_iter().collect();
        assert_eq!(numbers.len(), 120);
    }
}
