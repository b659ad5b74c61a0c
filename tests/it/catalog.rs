//! Territories and products.

use openprm::auth::Role;
use serde_json::json;

each_engine! {
    async fn territories_are_made_read_changed_and_removed(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let europe = ops.post("/v1/territories", json!({"code": "EUROPE", "name": "Europe", "kind": "region"})).await.expect(201);
        let made = ops.post("/v1/territories", json!({"code": "LI", "name": "Liechtenstein", "kind": "country", "parent_id": europe["id"]})).await;
        assert_eq!(made.header("location"), Some(format!("/v1/territories/{}", made.body["id"].as_str().unwrap()).as_str()));
        let path = made.header("location").unwrap().to_owned();
        let changed = ops.patch(&path, json!({"name": "Fürstentum Liechtenstein", "parent_id": null})).await.expect(200);
        assert_eq!(changed["revision"], 2);
        assert_eq!(changed["parent_id"], json!(null));
        assert_eq!(ops.get("/v1/territories?q=FURST").await.expect(200)["data"][0]["code"], "LI");
        ops.delete(&path).await.expect(204);
        assert_eq!(ops.get(&path).await.refused(404), "not_found");
    }

    async fn a_territory_cannot_lie_in_itself(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let outer = ops.post("/v1/territories", json!({"code": "A", "name": "Outer", "kind": "custom"})).await.expect(201);
        let inner = ops.post("/v1/territories", json!({"code": "B", "name": "Inner", "kind": "custom", "parent_id": outer["id"]})).await.expect(201);
        let path = format!("/v1/territories/{}", outer["id"].as_str().unwrap());
        assert_eq!(ops.patch(&path, json!({"parent_id": inner["id"]})).await.refused(409), "conflict");
        assert_eq!(ops.patch(&path, json!({"parent_id": outer["id"]})).await.refused(409), "conflict");
        assert_eq!(ops.delete(&path).await.refused(409), "in_use");
        assert_eq!(ops.post("/v1/territories", json!({"code": "A", "name": "Again", "kind": "custom"})).await.refused(409), "already_exists");
        let unknown = "territory_01kb9m8q00e9wv2h2a3m7z5x1y";
        assert_eq!(ops.post("/v1/territories", json!({"code": "C", "name": "Lost", "kind": "custom", "parent_id": unknown})).await.refused(409), "unknown_reference");
    }
}

mod products {
    use std::collections::{BTreeMap, BTreeSet};

    use openprm::{
        auth::{Caller, Role},
        catalog::products,
        kernel::ids::ProductId,
    };
    use proptest::{
        prelude::*,
        strategy::ValueTree as _,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };
    use serde_json::json;

    use crate::support::Client;

    async fn product(ops: &Client<'_>, code: &str, kind: &str, parent: Option<&str>) -> String {
        let new = json!({"code": code, "name": format!("Product {code}"), "kind": kind, "parent_id": parent});
        ops.post("/v1/products", new).await.expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    each_engine! {
        async fn products_lie_in_lines_and_are_found_by_branch(world: World) {
            let ops = world.vendor(Role::ChannelOps);
            let line = product(&ops, "GTX", "line", None).await;
            let basic = product(&ops, "GTX-B", "product", Some(&line)).await;
            let variant = product(&ops, "GTX-B-CH", "product", Some(&basic)).await;
            product(&ops, "MG", "line", None).await;
            let codes = |list: serde_json::Value| -> Vec<String> {
                list["data"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
            };
            assert_eq!(codes(ops.get(&format!("/v1/products?under={line}")).await.expect(200)), ["GTX", "GTX-B", "GTX-B-CH"]);
            assert_eq!(codes(ops.get(&format!("/v1/products?parent_id={line}")).await.expect(200)), ["GTX-B"]);
            assert_eq!(codes(ops.get("/v1/products?kind=line").await.expect(200)), ["GTX", "MG"]);
            assert_eq!(codes(ops.get(&format!("/v1/products/{variant}/path")).await.expect(200)), ["GTX", "GTX-B", "GTX-B-CH"]);
            let inside = json!({"code": "X", "name": "X", "kind": "line", "parent_id": basic});
            assert_eq!(ops.post("/v1/products", inside).await.refused(409), "conflict", "a line lies in no product");
            assert_eq!(ops.patch(&format!("/v1/products/{basic}"), json!({"parent_id": variant})).await.refused(409), "conflict");
            assert_eq!(ops.delete(&format!("/v1/products/{basic}")).await.refused(409), "in_use");
            ops.delete(&format!("/v1/products/{variant}")).await.expect(204);
        }

        async fn a_product_keeps_its_price_in_its_currency(world: World) {
            let ops = world.vendor(Role::ChannelOps);
            let id = product(&ops, "MG-S", "product", None).await;
            let path = format!("/v1/products/{id}");
            let priced = ops.patch(&path, json!({"list_price": {"amount": "55", "currency": "USD"}, "status": "retired"})).await.expect(200);
            assert_eq!(priced["list_price"], json!({"amount": "55.00", "currency": "USD"}));
            assert_eq!((priced["status"].as_str(), priced["revision"].as_i64()), (Some("retired"), Some(2)));
            assert_eq!(ops.patch(&path, json!({"list_price": null})).await.expect(200)["list_price"], json!(null));
        }

        async fn an_alias_leads_to_its_product_in_any_case(world: World) {
            let ops = world.vendor(Role::ChannelOps);
            let pro = product(&ops, "GTX Pro", "product", None).await;
            let other = product(&ops, "GTK-500", "product", None).await;
            let aliases = format!("/v1/products/{pro}/aliases");
            let made = ops.post(&aliases, json!({"alias": "GTXPro"})).await.expect(201);
            for taken in ["gtxpro", "GTK-500", "gtx  PRO"] {
                assert_eq!(ops.post(&format!("/v1/products/{other}/aliases"), json!({"alias": taken})).await.refused(409), "already_exists");
            }
            assert_eq!(ops.post("/v1/products", json!({"code": "gtxpro", "name": "Again", "kind": "product"})).await.refused(409), "already_exists");
            assert_eq!(ops.get("/v1/products?code=gtxPRO").await.expect(200)["data"][0]["id"], json!(pro));
            let found = world.sql(|tx| Ok(products::resolve(tx, " gtxPRO ")?.map(|product| product.code)));
            assert_eq!(found.as_deref(), Some("GTX Pro"));
            ops.delete(&format!("{aliases}/{}", made["id"].as_str().unwrap())).await.expect(204);
            assert_eq!(ops.get(&aliases).await.expect(200)["data"], json!([]));
            assert_eq!(world.sql(|tx| products::resolve(tx, "GTXPro")), None);
        }

        /// Random trees, grown and moved about: the closure is always the one that the parents give.
        async fn the_closure_follows_every_change_of_the_tree(world: World) {
            let ops = world.vendor(Role::ChannelOps);
            let steps = proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 5..20);
            let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
            for case in 0..4 {
                let mut parents: BTreeMap<String, Option<String>> = BTreeMap::new();
                for (step, (which, to, grow)) in steps.new_tree(&mut runner).unwrap().current().into_iter().enumerate() {
                    let ids: Vec<String> = parents.keys().cloned().collect();
                    // One more than there are: the last choice is no parent.
                    let target = ids.get(to.index(ids.len() + 1)).cloned();
                    if grow || ids.is_empty() {
                        let id = product(&ops, &format!("T{case}-{step}"), "product", target.as_deref()).await;
                        parents.insert(id, target);
                    } else {
                        let moved = ids[which.index(ids.len())].clone();
                        let circle = target.as_ref().is_some_and(|target| above(&parents, target).contains(&moved));
                        let answer = ops.patch(&format!("/v1/products/{moved}"), json!({"parent_id": target})).await;
                        if circle {
                            assert_eq!(answer.refused(409), "conflict");
                        } else {
                            answer.expect(200);
                            parents.insert(moved, target);
                        }
                    }
                }
                let ids: Vec<ProductId> = parents.keys().map(|id| id.parse().unwrap()).collect();
                let stored = world.db.run_now(&Caller::system("test"), {
                    let ids = ids.clone();
                    move |tx| ids.iter().map(|id| products::ancestors(tx, *id)).collect::<Result<Vec<_>, _>>()
                });
                for (id, ancestors) in parents.keys().zip(stored.unwrap()) {
                    assert_eq!(ancestors.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), above(&parents, id));
                    let below: BTreeSet<String> = parents.keys().filter(|other| above(&parents, other).contains(id)).cloned().collect();
                    let other: ProductId = ids[0];
                    let meets = world.sql({ let id: ProductId = id.parse().unwrap(); move |tx| products::overlaps(tx, id, other) });
                    assert_eq!(meets, above(&parents, id).contains(&other.to_string()) || below.contains(&other.to_string()));
                }
            }
        }
    }

    /// The node and everything above it.
    fn above(parents: &BTreeMap<String, Option<String>>, id: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::from([id.to_owned()]);
        let mut next = parents[id].clone();
        while let Some(parent) = next {
            next = parents[&parent].clone();
            all.insert(parent);
        }
        all
    }
}

each_engine! {
    async fn territories_are_found_by_branch_code_and_path(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let world_id = ops.post("/v1/territories", json!({"code": "W", "name": "World", "kind": "world"})).await.expect(201)["id"].clone();
        let region = ops.post("/v1/territories", json!({"code": "DACH", "name": "Dach", "kind": "region", "parent_id": world_id})).await.expect(201)["id"].clone();
        let germany = ops.post("/v1/territories", json!({"code": "DE", "name": "Germany", "kind": "country", "parent_id": region})).await.expect(201)["id"].clone();
        let codes = |list: serde_json::Value| -> Vec<String> {
            list["data"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
        };
        let path = |id: &serde_json::Value, rest: &str| format!("/v1/territories{rest}{}", id.as_str().unwrap());
        assert_eq!(codes(ops.get(&path(&region, "?under=")).await.expect(200)), ["DACH", "DE"]);
        assert_eq!(codes(ops.get("/v1/territories?code=DE,W").await.expect(200)), ["DE", "W"]);
        assert_eq!(codes(ops.get("/v1/territories?q=de").await.expect(200)), ["DE"], "by its code");
        assert_eq!(codes(ops.get(&format!("{}/path", path(&germany, "/"))).await.expect(200)), ["W", "DACH", "DE"]);
        let meets = world.sql(move |tx| {
            let by = |tx: &mut openprm::db::Tx<'_>, code: &str| openprm::catalog::territories::by_code(tx, code).map(|territory| territory.id);
            let (one, other) = (by(tx, "W")?, by(tx, "DE")?);
            openprm::catalog::territories::overlaps(tx, one, other)
        });
        assert!(meets);
    }
}
