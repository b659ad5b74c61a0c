//! Notes on records of every kind, and who reads them.

use std::sync::Arc;

use openprm::auth::{Role, Rows};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, heard, told_of},
    support::Client,
};

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

fn at(note: &Value) -> String {
    format!("/v1/notes/{}", id(note))
}

fn note(kind: &str, on: &str, visibility: &str, body: &str) -> Value {
    json!({"resource_type": kind, "resource_id": on, "visibility": visibility, "body": body})
}

/// What the client reads, the latest first.
async fn read(client: &Client<'_>, query: &str) -> Vec<String> {
    let page = client.get(&format!("/v1/notes{query}")).await.expect(200);
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .map(|row| row["body"].as_str().unwrap().to_owned())
        .collect()
}

each_engine! {
    async fn neither_side_reads_the_others_own_notes(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (ops, own) = (world.vendor(Role::ChannelOps), world.partner_user(partner, Role::PartnerAdmin));
        let on = partner.to_string();
        let internal = ops.post("/v1/notes", note("partner", &on, "internal", "Slow payer.")).await.expect(201);
        let theirs = own.post("/v1/notes", note("partner", &on, "partner", "Ask for more discount.")).await.expect(201);
        ops.post("/v1/notes", note("partner", &on, "shared", "We meet in May.")).await.expect(201);
        assert_eq!((internal["author_type"].as_str(), theirs["author_type"].as_str()), (Some("vendor"), Some("partner")));
        assert_eq!(own.post("/v1/notes", note("partner", &on, "internal", "x")).await.refused(403), "field_forbidden");
        assert_eq!(ops.post("/v1/notes", note("partner", &on, "partner", "x")).await.refused(403), "field_forbidden");
        assert_eq!(read(&ops, "").await, ["We meet in May.", "Slow payer."]);
        assert_eq!(read(&own, &format!("?resource_type=partner&resource_id={on}")).await, ["We meet in May.", "Ask for more discount."]);
        assert_eq!(read(&own, "?visibility=partner").await, ["Ask for more discount."]);
        own.get(&at(&internal)).await.expect(404);
        ops.get(&at(&theirs)).await.expect(404);
        own.delete(&at(&internal)).await.expect(404);
        let other = world.vendor(Role::Cam);
        assert_eq!(other.patch(&at(&internal), json!({"body": "y"})).await.refused(403), "forbidden");
        assert_eq!(other.delete(&at(&internal)).await.refused(403), "forbidden");
        assert_eq!(ops.patch(&at(&internal), json!({"visibility": "partner"})).await.refused(403), "field_forbidden");
        let changed = ops.patch(&at(&internal), json!({"body": "Pays again.", "visibility": "shared"})).await.expect(200);
        assert_eq!((changed["revision"].as_i64(), own.get(&at(&internal)).await.expect(200)["body"].as_str()), (Some(2), Some("Pays again.")));
        world.vendor(Role::Admin).delete(&at(&internal)).await.expect(204);
        ops.get(&at(&internal)).await.expect(404);
        assert_eq!(world.vendor(Role::Analyst).post("/v1/notes", note("partner", &on, "internal", "x")).await.refused(403), "forbidden");
        let told = told_of(&world, "note");
        for kind in ["note.created", "note.updated", "note.shared", "note.deleted"] {
            assert!(told.contains(kind), "{kind}: {told}");
        }
        let heard = heard(&world, partner);
        assert!(heard.contains("Pays again") && !heard.contains("Slow payer"), "what was the vendor's own is not told when it is shared: {heard}");
    }

    async fn a_note_is_read_by_those_who_may_read_its_record(world: World) {
        let program = Program::new(&world).await;
        let (partner, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, stranger, ops) = (program.sales(partner), program.sales(other), world.vendor(Role::ChannelOps));
        let learner = world.partner_user(partner, Role::PartnerLearner);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let account = ops.post("/v1/customer-accounts", json!({"name": "Gamma GmbH"})).await.expect(201);
        let person = world.partner_user(partner, Role::PartnerAdmin).post("/v1/people", json!({"name": "Erika Muster"})).await.expect(201);
        let product = ops.get("/v1/products").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let on_deal = ops.post("/v1/notes", note("deal", id(&deal), "shared", "On the deal.")).await.expect(201);
        let on_person = ops.post("/v1/notes", note("person", id(&person), "shared", "On the person.")).await.expect(201);
        let on_account = ops.post("/v1/notes", note("customer_account", id(&account), "internal", "On the account.")).await.expect(201);
        ops.post("/v1/notes", note("product", &product, "internal", "On the product.")).await.expect(201);
        sales.post("/v1/notes", note("product", &product, "partner", "Hard to sell.")).await.expect(201);
        for note in [&on_deal, &on_person] {
            assert_eq!(note["partner_id"], json!(partner.to_string()), "{note}");
        }
        assert_eq!(on_account["partner_id"], Value::Null);

        assert_eq!(read(&ops, "").await, ["On the product.", "On the account.", "On the person.", "On the deal."]);
        assert_eq!(read(&sales, "").await, ["Hard to sell.", "On the person.", "On the deal."]);
        assert_eq!(read(&learner, "").await, ["Hard to sell.", "On the person."], "learners read no deals");
        learner.get(&at(&on_deal)).await.expect(404);
        assert_eq!(read(&stranger, "").await, Vec::<String>::new());
        stranger.get(&at(&on_deal)).await.expect(404);
        let near = world.vendor_of(Role::Cam, Rows::Partners(Arc::from([other])));
        assert_eq!(read(&near, "").await, ["On the product.", "On the account."], "another's partner");

        for (client, kind, on) in [
            (&stranger, "deal", id(&deal)), (&sales, "customer_account", id(&account)), (&sales, "partner", &*other.to_string()),
            (&ops, "deal", "deal"), (&ops, "deal", id(&account)), (&near, "deal", id(&deal)), (&ops, "handover", "handover_01jdq4p6c8f3kb2v9y0s7x5ham"),
        ] {
            let refused = client.post("/v1/notes", note(kind, on, "shared", "x")).await.expect(409);
            assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("unknown_reference"), Some("#/resource_id")), "{kind} {on}");
        }
        let alone = ops.post("/v1/notes", note("customer_account", id(&account), "shared", "x")).await.expect(409);
        assert_eq!((alone["code"].as_str(), alone["errors"][0]["code"].as_str()), (Some("conflict"), Some("no_partner")));
        assert_eq!(ops.patch(&at(&on_account), json!({"visibility": "shared"})).await.refused(409), "conflict");
        ops.post("/v1/notes", note("lunch", id(&account), "internal", "x")).await.expect(422);
    }

    async fn what_is_on_a_customer_goes_with_it_into_a_merge_and_out_of_it(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let mut ids = Vec::new();
        for name in ["Gamma GmbH", "Gamma Bau GmbH"] {
            ids.push(id(&ops.post("/v1/customer-accounts", json!({"name": name})).await.expect(201)).to_owned());
        }
        let on = |more: Value| {
            let mut body = json!({"resource_type": "customer_account", "resource_id": ids[1]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let made = [
            ("/v1/notes", on(json!({"visibility": "internal", "body": "They grow."}))),
            ("/v1/tasks", on(json!({"title": "Call them"}))),
            ("/v1/interactions", on(json!({"kind": "call", "subject": "Hello", "happened_at": world.now().to_string()}))),
        ];
        for (path, body) in &made {
            ops.post(path, body.clone()).await.expect(201);
        }
        let held = async |account: &str| {
            let mut count = Vec::new();
            for (path, _) in &made {
                let page = ops.get(&format!("{path}?resource_type=customer_account&resource_id={account}")).await.expect(200);
                count.push(page["data"].as_array().unwrap().len());
            }
            count
        };
        let merge = ops.post("/v1/account-merges", json!({"survivor_id": ids[0], "other_id": ids[1], "reason": "The same company."})).await.expect(201);
        for kind in ["notes", "tasks", "interactions"] {
            assert!(merge["plan"].to_string().contains(&format!("\"kind\":\"{kind}\",\"rows\":1")), "{kind}: {}", merge["plan"]);
        }
        let at = format!("/v1/account-merges/{}", id(&merge));
        ops.post(&format!("{at}/execute"), json!({})).await.expect(200);
        assert_eq!((held(&ids[0]).await, held(&ids[1]).await), (vec![1, 1, 1], vec![0, 0, 0]));
        ops.post(&format!("{at}/split"), json!({})).await.expect(200);
        assert_eq!((held(&ids[0]).await, held(&ids[1]).await), (vec![0, 0, 0], vec![1, 1, 1]));
    }
}
