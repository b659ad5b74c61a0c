//! Related records within an answer: whole, as their own address answers them, and only those that the caller may see.

use actix_web::http::Method;
use openprm::{
    auth::{Caller, Role},
    deals::registrations::{self, Deal, DealPath},
    http::{Expand as _, Expanding},
    kernel::ids::DealId,
};
use serde_json::{Value, json};

use crate::{
    program::{Program, path, submitted, with},
    support::{Client, api::api, statements},
};

/// What `expand` embedded in a record.
async fn expanded(client: &Client<'_>, path: &str, paths: &str) -> Value {
    let whole = client.get(&format!("{path}?expand={paths}")).await.expect(200);
    let embedded = whole["expanded"].clone();
    let plain = client.get(path).await.expect(200);
    assert_eq!(plain["expanded"], Value::Null, "nothing was asked for");
    for (name, value) in plain
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "expanded")
    {
        assert_eq!(&whole[name], value, "{name} of the record itself");
    }
    embedded
}

/// The record at its own address, as it is embedded.
async fn own(client: &Client<'_>, kind: &str, id: &Value) -> Value {
    let mut record = client
        .get(&format!("/v1/{kind}/{}", id.as_str().unwrap()))
        .await
        .expect(200);
    record.as_object_mut().unwrap().remove("expanded");
    record
}

fn reference(deal: &Value) -> String {
    path(deal, "")
}

each_engine! {
    async fn a_deal_shows_what_it_names_as_their_own_addresses_do(world: World) {
        let program = Program::new(&world).await;
        let (partner, parent) = (program.partner("Nordwind"), program.partner("Nordwind Holding"));
        let admin = world.vendor(Role::Admin);
        admin.patch(&format!("/v1/partners/{partner}"), json!({"parent_id": parent})).await.expect(200);
        let lines = json!([{"product": "EDGE-FW", "quantity": 1}, {"product": "EDGE-SW", "quantity": 2}]);
        let deal = submitted(&program.sales(partner), with(json!({"lines": lines}))).await;
        let all: Vec<&str> = DealPath::ALL.iter().map(|path| path.as_str()).collect();
        let seen = expanded(&admin, &reference(&deal), &all.join(",")).await;
        assert_eq!(seen["redacted"], json!([]));
        assert_eq!(seen["partner"], own(&admin, "partners", &deal["partner_id"]).await);
        assert_eq!(seen["partner_parent"], own(&admin, "partners", &json!(parent)).await);
        assert_eq!(seen["distributor"], Value::Null, "there is none");
        let account = admin.get(&reference(&deal)).await.expect(200)["customer_account_id"].clone();
        assert_eq!(seen["customer_account"], own(&admin, "customer-accounts", &account).await);
        assert_eq!(seen["territory"], own(&admin, "territories", &deal["territory_id"]).await);
        let mut products = Vec::new();
        for line in deal["lines"].as_array().unwrap() {
            products.push(own(&admin, "products", &line["product_id"]).await);
        }
        assert_eq!(seen["products"], json!(products));
        // One path alone embeds nothing else, and a path embeds what it leads over.
        let one = expanded(&admin, &reference(&deal), "territory").await;
        assert_eq!((&one["partner"], &one["products"], one["territory"]["code"].as_str()), (&Value::Null, &Value::Null, Some("DE")));
        let way = expanded(&admin, &reference(&deal), "partner.parent").await;
        assert_eq!((&way["partner"], &way["partner_parent"]), (&seen["partner"], &seen["partner_parent"]));
        // A list embeds the same.
        let list = admin.get(&format!("/v1/deals?expand={}", all.join(","))).await.expect(200);
        assert_eq!(list["data"][0]["expanded"], seen);
    }

    async fn what_the_caller_may_not_see_is_null_and_named(world: World) {
        let program = Program::new(&world).await;
        let (partner, parent) = (program.partner("Nordwind"), program.partner("Nordwind Holding"));
        let admin = world.vendor(Role::Admin);
        admin.patch(&format!("/v1/partners/{partner}"), json!({"parent_id": parent, "tags": ["gold"]})).await.expect(200);
        let sales = program.sales(partner);
        let deal = submitted(&sales, with(json!({}))).await;
        let seen = expanded(&sales, &reference(&deal), "partner.parent,customer_account,territory").await;
        assert_eq!(seen["redacted"], json!(["partner.parent", "customer_account"]));
        assert_eq!((&seen["partner_parent"], &seen["customer_account"]), (&Value::Null, &Value::Null));
        assert_eq!(seen["partner"], own(&sales, "partners", &deal["partner_id"]).await, "as a partner sees itself");
        assert_eq!(seen["partner"]["tags"], Value::Null, "the vendor's labels are its own");
        assert_eq!(seen["territory"]["code"], "DE");
        // A machine sees what its scopes open, not what its deals name.
        let machine = world.machine(&["deals:read"]);
        let seen = expanded(&machine, &reference(&deal), "partner,customer_account,territory,products").await;
        assert_eq!(seen["redacted"], json!(["partner", "customer_account", "territory", "products"]));
        assert_eq!(seen["products"], json!([]));
        let machine = world.machine(&["deals:read", "partners:read", "catalog:read"]);
        let seen = expanded(&machine, &reference(&deal), "partner,customer_account,territory,products").await;
        assert_eq!(seen["redacted"], json!(["customer_account"]));
        assert_eq!(seen["partner"]["id"], deal["partner_id"]);
    }

    async fn a_protection_shows_its_deal_and_its_scope(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let deal = submitted(&sales, with(json!({}))).await;
        world.vendor(Role::Approver).post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let paths = "deal,deal.distributor,partner,account,product,territory";
        for (client, redacted) in [(&world.vendor(Role::ChannelOps), json!([])), (&sales, json!(["account"]))] {
            let list = client.get(&format!("/v1/protections?expand={paths}")).await.expect(200);
            let protection = &list["data"][0];
            let seen = &protection["expanded"];
            assert_eq!(seen["redacted"], redacted);
            assert_eq!(seen["deal"], own(client, "deals", &deal["id"]).await);
            assert_eq!(seen["deal_distributor"], Value::Null);
            assert_eq!(seen["partner"], own(client, "partners", &deal["partner_id"]).await);
            assert_eq!(seen["product"], own(client, "products", &protection["product_id"]).await);
            assert_eq!(seen["territory"], own(client, "territories", &protection["territory_id"]).await);
            assert_eq!(seen["account"].is_null(), redacted == json!(["account"]));
            // The partner reads the deal without what is the vendor's, here too.
            assert_eq!(seen["deal"]["seq"].is_null(), redacted == json!(["account"]));
        }
    }

    async fn accounts_claims_and_partners_show_what_is_above_them(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        let group = ops.post("/v1/customer-accounts", json!({"name": "Acme Group"})).await.expect(201);
        let holding = ops.post("/v1/customer-accounts", json!({"name": "Acme Holding", "parent_id": group["id"]})).await.expect(201);
        let acme = json!({"name": "Acme GmbH", "parent_id": holding["id"], "territory_id": program.dach});
        let acme = ops.post("/v1/customer-accounts", acme).await.expect(201);
        let at = |kind: &str, record: &Value| format!("/v1/{kind}/{}", record["id"].as_str().unwrap());
        let seen = expanded(&ops, &at("customer-accounts", &acme), "parent.parent,territory,merged_into").await;
        assert_eq!((seen["parent"]["name"].as_str(), seen["parent_parent"]["name"].as_str(), seen["territory"]["code"].as_str()), (Some("Acme Holding"), Some("Acme Group"), Some("DACH")));
        assert_eq!((&seen["merged_into"], &seen["redacted"]), (&Value::Null, &json!([])));
        let partner = program.partner("Nordwind");
        let base = json!({"account_id": acme["id"], "product_id": program.edge, "partner_id": partner});
        let base = ops.post("/v1/installed-base", base).await.expect(201);
        let seen = expanded(&ops, &at("installed-base", &base), "account.parent,product,territory,partner").await;
        assert_eq!(seen["account"], own(&ops, "customer-accounts", &acme["id"]).await);
        assert_eq!((seen["account_parent"]["name"].as_str(), seen["product"]["code"].as_str(), &seen["territory"]), (Some("Acme Holding"), Some("EDGE"), &Value::Null));
        assert_eq!(seen["partner"]["legal_name"], "Nordwind");
        ops.patch(&format!("/v1/partners/{partner}"), json!({"territory_ids": [program.dach]})).await.expect(200);
        let seen = expanded(&ops, &format!("/v1/partners/{partner}"), "territories,parent").await;
        assert_eq!((seen["territories"][0]["code"].as_str(), &seen["parent"]), (Some("DACH"), &Value::Null));
    }

    async fn an_unknown_path_is_refused_with_those_there_are(world: World) {
        let admin = world.vendor(Role::Admin);
        for operation in api().operations.iter().filter(|operation| operation.is_list() && operation.parameter("expand").is_some()) {
            for unknown in ["no_such_path", "partner,no.such.path", "partner,"] {
                let refused = admin.get(&format!("{}?expand={unknown}", operation.path)).await.expect(400);
                assert_eq!((&refused["code"], &refused["errors"][0]["pointer"]), (&json!("invalid_query"), &json!("query:expand")), "{}", operation.id);
                let known = &api().resolve(&api().resolve(&operation.parameter("expand").unwrap().schema)["items"])["enum"];
                for word in known.as_array().unwrap() {
                    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains(word.as_str().unwrap()), "{refused}");
                }
            }
        }
    }

    async fn the_tag_covers_what_is_embedded_and_still_names_the_revision(world: World) {
        let program = Program::new(&world).await;
        let (admin, partner) = (world.vendor(Role::Admin), program.partner("Nordwind"));
        let deal = program.sales(partner).post("/v1/deals", with(json!({}))).await.expect(201);
        let (plain, whole) = (reference(&deal), format!("{}?expand=partner", reference(&deal)));
        let tag = admin.get(&whole).await.header("etag").unwrap().to_owned();
        assert_ne!(admin.get(&plain).await.header("etag").unwrap(), tag);
        assert_eq!(admin.send(Method::GET, &whole, &[("if-none-match", &tag)], None).await.status, 304);
        admin.patch(&format!("/v1/partners/{partner}"), json!({"tags": ["gold"]})).await.expect(200);
        let again = admin.send(Method::GET, &whole, &[("if-none-match", &tag)], None).await;
        assert_eq!(again.status, 200, "the partner has changed");
        assert_eq!(again.body["expanded"]["partner"]["tags"], json!(["gold"]));
        // What changing it answers has the tag that reading it has.
        let held = admin.patch(&plain, json!({"next_step": "Call them."})).await.header("etag").unwrap().to_owned();
        assert_eq!(admin.send(Method::GET, &plain, &[("if-none-match", &held)], None).await.status, 304);
        let tag = admin.get(&whole).await.header("etag").unwrap().to_owned();
        // Whatever is embedded, the tag names the revision that a change is based on.
        let body = json!({"title": "Acme: firewalls for 60 branches"});
        admin.send(Method::PATCH, &plain, &[("if-match", &tag)], Some(&body)).await.expect(200);
        admin.send(Method::PATCH, &plain, &[("if-match", &tag)], Some(&body)).await.refused(412);
    }

    async fn a_page_of_many_costs_as_many_statements_as_one_record(world: World) {
        let program = Program::new(&world).await;
        let holding = program.partner("Holding");
        let admin = world.vendor(Role::Admin);
        let mut ids: Vec<DealId> = Vec::new();
        for number in 0..6 {
            let partner = program.partner(&format!("Partner {number}"));
            admin.patch(&format!("/v1/partners/{partner}"), json!({"parent_id": holding})).await.expect(200);
            let customer = json!({"name": format!("Customer {number}"), "website": format!("https://customer{number}.de"), "country": "DE"});
            let products = [json!([{"product": "EDGE-FW", "quantity": 1}]), json!([{"product": "EDGE-SW", "quantity": 1}])];
            let deal = submitted(&program.sales(partner), with(json!({"customer": customer, "lines": products[number % 2]}))).await;
            ids.push(deal["id"].as_str().unwrap().parse().unwrap());
        }
        let wanted = Expanding::<Deal>::paths(DealPath::ALL);
        let cost = |ids: &[DealId]| {
            let (wanted, ids) = (wanted.clone(), ids.to_vec());
            let work = |tx: &mut openprm::db::Tx<'_>| {
                let deals: Vec<Deal> = registrations::by_ids(tx, &ids)?.into_values().collect();
                assert_eq!(deals.len(), ids.len());
                let (sent, related) = statements::sent(|| Deal::related(tx, &deals, &wanted));
                assert!(related?.iter().all(|one| one.partner_parent.is_some() && one.customer_account.is_some() && one.products.is_some()));
                Ok(sent)
            };
            world.db.ask_now(&Caller::system("test"), work).unwrap()
        };
        let one = cost(&ids[..1]);
        assert!(one > 0, "statements are counted");
        assert_eq!(cost(&ids), one);
    }
}
