//! What every form is: a schema of its own, in the reader's language, with what is theirs to write and choices that are there.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{RESOURCES, fits, form};
use crate::{program::Program, support::api::api};

/// Every reference of a schema.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|part| references(part, found));
        }
        Value::Array(list) => list.iter().for_each(|part| references(part, found)),
        _ => {}
    }
}

each_engine! {
    async fn every_form_is_a_schema_of_its_own_that_the_contract_s_example_fits(world: World) {
        Program::new(&world).await;
        let admin = world.vendor(Role::Admin);
        for resource in RESOURCES {
            let form = form(&admin, resource).await;
            for (purpose, operation) in [("create", "create_by"), ("update", "update_by")] {
                let schema = &form[purpose];
                assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{resource}");
                assert!(jsonschema::meta::is_valid(schema), "{resource} {purpose}");
                let mut all = Vec::new();
                references(schema, &mut all);
                assert!(all.iter().all(|one| one.starts_with("#/$defs/") && !schema.pointer(&one[1..]).unwrap().is_null()), "{all:?}");
                let operation = api().operation(form[operation]["operation"].as_str().unwrap());
                let mut example = operation.body.as_ref().unwrap().example.clone().unwrap();
                example.as_object_mut().unwrap().remove("custom");
                assert!(fits(schema, &example), "{resource} {purpose}: {example}");
                assert!(!fits(schema, &json!({"no_such_field": 1})));
                for (name, property) in schema["properties"].as_object().unwrap() {
                    assert!(property["title"].is_string() && property["x-order"].is_u64() && property["x-widget"].is_string(), "{resource}/{name}: {property}");
                    assert!(property["x-group"].is_string(), "{resource}/{name}");
                }
            }
        }
        assert_eq!(admin.get("/v1/schema/invoices").await.refused(404), "not_found");
        assert_eq!(world.stranger().get("/v1/schema/deals").await.refused(401), "unauthenticated");
    }

    async fn labels_are_in_the_language_that_was_asked_for(world: World) {
        let admin = world.vendor(Role::Admin);
        let get = async |language: &str| admin.send(actix_web::http::Method::GET, "/v1/schema/deals", &[("accept-language", language)], None).await;
        let german = get("de-CH, en;q=0.5").await.expect(200);
        assert_eq!(german["language"], "de");
        let kind = &german["create"]["properties"]["deal_type"];
        assert_eq!((kind["title"].as_str(), &kind["oneOf"][0]), (Some("Geschäftsart"), &json!({"const": "net_new", "title": "Neugeschäft"})));
        assert_eq!(german["create"]["x-groups"][1]["label"], "Kunde");
        let english = get("fr, *;q=0.1").await;
        let tag = english.header("etag").unwrap().to_owned();
        assert_eq!(english.expect(200)["create"]["properties"]["deal_type"]["oneOf"][0]["title"], "New business");
        let again = admin.send(actix_web::http::Method::GET, "/v1/schema/deals", &[("if-none-match", &tag)], None).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
    }

    async fn a_partner_sees_what_is_a_partner_s_to_write(world: World) {
        let program = Program::new(&world).await;
        let nordwind = program.partner("Nordwind");
        let sales = program.sales(nordwind);
        let deals = form(&sales, "deals").await;
        assert!(deals["create"]["properties"].get("partner_id").is_none(), "a partner has nobody else to register for");
        assert_eq!(deals["create"]["required"], json!(["title"]));
        let vendor = form(&world.vendor(Role::ChannelOps), "deals").await;
        assert_eq!(vendor["create"]["required"], json!(["partner_id", "title"]));
        assert_eq!(vendor["create"]["properties"]["partner_id"]["x-choices"]["operation"], "listPartners");
        let reader = form(&world.vendor(Role::Analyst), "deals").await;
        assert_eq!((&reader["create"], &reader["update"], &reader["submit_by"]), (&Value::Null, &Value::Null, &Value::Null));

        let own = world.partner_user(nordwind, Role::PartnerAdmin);
        let profile = form(&own, &format!("partners?id={nordwind}")).await;
        assert_eq!(profile["create"], Value::Null);
        let mut open: Vec<&str> = profile["update"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        open.sort_unstable();
        assert_eq!(open, ["hq_address", "phone", "time_zone", "trading_names", "website"]);
        assert_eq!(form(&sales, "customer-accounts").await["update"], Value::Null);
        let choices = &deals["create"]["properties"]["lines"]["items"]["properties"]["product"]["x-choices"];
        assert_eq!((choices["path"].as_str(), choices["value"].as_str()), (Some("/v1/products?status=active"), Some("code")));
        let listed = sales.get(choices["path"].as_str().unwrap()).await.expect(200);
        assert!(listed["data"][0][choices["value"].as_str().unwrap()].is_string() && listed["data"][0][choices["label"].as_str().unwrap()].is_string());
    }

    async fn the_choices_that_a_form_names_can_be_listed_and_searched(world: World) {
        Program::new(&world).await;
        let admin = world.vendor(Role::Admin);
        let mut asked = 0;
        for resource in RESOURCES {
            let form = form(&admin, resource).await;
            let mut open = vec![&form["create"]];
            while let Some(part) = open.pop() {
                match part {
                    Value::Object(object) => {
                        if let Some(choices) = object.get("x-choices") {
                            let operation = api().operation(choices["operation"].as_str().unwrap());
                            let path = choices["path"].as_str().unwrap();
                            assert_eq!(operation.path, path.split('?').next().unwrap());
                            let search = operation.parameter("q").map(|_| "q");
                            assert_eq!(choices["search"].as_str(), search, "{choices}");
                            let row = &api().resolve(operation.answer("200").unwrap())["properties"]["data"]["items"];
                            let record = admin.get(path).await.expect(200)["data"].get(0).cloned();
                            for key in ["value", "label"] {
                                let name = choices[key].as_str().unwrap();
                                assert!(record.as_ref().is_none_or(|record| record.get(name).is_some()), "{choices} {row}");
                            }
                            asked += 1;
                        }
                        open.extend(object.values());
                    }
                    Value::Array(list) => open.extend(list),
                    _ => {}
                }
            }
        }
        assert!(asked >= 20, "{asked}");
    }
}
