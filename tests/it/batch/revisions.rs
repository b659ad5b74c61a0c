//! Items in a revision of theirs: new, stale, in conflict, and where a revision may not stand.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{
    ACCOUNTS, DEALS, batch, codes, deal, keyed, machine, of, pointer, revised, sent_in, statuses, the_crm, upsert,
};
use crate::program::{Program, complete, sound};

each_engine! {
    async fn an_item_with_a_revision_of_theirs_has_the_verdict_of_the_call_for_one(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let at = |id: &str| format!("/v1/customer-accounts/by-external-id/crm/{id}");
        let item = |id: &str, revision: &str, name: &str| revised(upsert(id, json!({"name": name})), revision);
        let unnamed = batch(&ops, ACCOUNTS, vec![item("1", "9", "Acme")]).await.expect(207);
        assert_eq!((codes(&unnamed), pointer(&unnamed, 0)), (vec!["unknown_reference"], "#/items/0/external_revision"));
        the_crm(&ops).await;
        let result = batch(&ops, ACCOUNTS, vec![
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
            let tried = ops.post(ACCOUNTS, body).await.expect(207);
            assert_eq!(codes(&tried)[0], "sync_conflict", "{way}");
            let faults = tried["items"][0]["problem"]["errors"].as_array().unwrap();
            let at: Vec<&str> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
            assert!(at.contains(&"#/items/0/data/name"), "{way}: {at:?}");
            assert!(!tried["items"][0]["problem"].to_string().contains("sconf_"), "{way} names no conflict: {tried}");
            assert_eq!(ops.get("/v1/sync-conflicts").await.expect(200)["data"], json!([]), "{way}");
        }
        let (key, body) = ("crm-7", json!({"items": theirs}));
        let refused = keyed(&ops, ACCOUNTS, key, &body).await.expect(207);
        assert_eq!((statuses(&refused), codes(&refused)), (vec![409, 201], vec!["sync_conflict"]));
        let kept = ops.get("/v1/sync-conflicts?state=open").await.expect(200);
        assert_eq!(kept["data"].as_array().unwrap().len(), 1, "the item is refused, and the conflict is there");
        let named = refused["items"][0]["problem"]["detail"].as_str().unwrap();
        assert!(named.contains(kept["data"][0]["id"].as_str().unwrap()), "{named}");
        assert_eq!(ops.get(&at("1")).await.expect(200)["name"], "Ours", "nothing was written over");
        assert_eq!(keyed(&ops, ACCOUNTS, key, &body).await.expect(207), refused);
        sound(&world);
    }

    async fn a_revision_of_theirs_goes_with_an_upsert_alone(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        the_crm(&ops).await;
        let made = batch(&ops, ACCOUNTS, vec![upsert("1", json!({"name": "Acme"}))]).await.expect(200);
        let first = &made["items"][0];
        let result = batch(&ops, ACCOUNTS, vec![
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
        let (ops, crm) = (world.vendor(Role::ChannelOps), machine(&world));
        the_crm(&ops).await;
        let item = |revision: &str| revised(sent_in("1", deal(&partner, "First")), revision);
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
        let own = revised(upsert("2", complete()), "1");
        let result = batch(&program.sales(partner), DEALS, vec![own]).await.expect(207);
        assert_eq!(codes(&result), ["unknown_reference"], "partners know of no systems of the vendor's");
        sound(&world);
    }
}
