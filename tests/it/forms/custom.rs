//! Custom fields: typed fields of forms, and what lists are filtered by.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{entries, fits, form, form_of};
use crate::{
    program::{Program, complete, with},
    support::{Client, World},
};

/// Of a list filtered so, the ids.
async fn found_in(who: &Client<'_>, list: &str, query: &str) -> Vec<Value> {
    let page = who.get(&format!("{list}?{query}")).await.expect(200);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].clone()).collect()
}

/// How many values of custom fields are kept for lists of such records.
fn values_kept(world: &World, record: &'static str) -> i64 {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use openprm::schema::custom_values as values;
    world.sql(move |tx| {
        values::table
            .filter(values::record_type.eq(record))
            .count()
            .get_result(tx.conn())
            .map_err(openprm::error::Error::from)
    })
}

each_engine! {
    async fn custom_fields_are_typed_fields_of_the_form(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales) = (world.vendor(Role::ChannelOps), program.sales(program.partner("Nordwind")));
        for (field, status) in [
            (json!({"name": "segment", "label": "Segment", "data_type": "choice", "choices": ["enterprise", "public"], "required": true, "partner_visible": true, "partner_editable": true, "position": 2, "section": "Sales desk"}), 201),
            (json!({"name": "seats", "label": "Seats", "data_type": "integer", "minimum": "1", "maximum": "500", "partner_visible": true, "partner_editable": true, "position": 1}), 201),
            (json!({"name": "contract", "label": "Contract", "data_type": "text", "pattern": "^[A-Z]{2}-[0-9]{4}$", "max_length": 7, "partner_visible": true, "partner_editable": true, "help": "As on the cover."}), 201),
            (json!({"name": "score", "label": "Score", "data_type": "decimal", "maximum": "100.0", "partner_visible": true}), 201),
            (json!({"name": "margin", "label": "Margin", "data_type": "decimal"}), 201),
            (json!({"name": "desk", "label": "Desk", "data_type": "text", "required": true, "partner_editable": true}), 201),
            (json!({"name": "wrong", "label": "Wrong", "data_type": "integer", "minimum": "9", "maximum": "1"}), 409),
            (json!({"name": "odd", "label": "Odd", "data_type": "text", "pattern": "^(?=a)b$"}), 409),
            (json!({"name": "odd", "label": "Odd", "data_type": "date", "minimum": "tomorrow"}), 409),
            (json!({"name": "odd", "label": "Odd", "data_type": "boolean", "max_length": 3}), 409),
            (json!({"name": "odd", "label": "Odd", "data_type": "date", "choices": ["soon"]}), 409),
            (json!({"name": "odd", "label": "Odd", "data_type": "choice"}), 409),
        ] {
            let mut field = field;
            field["resource_type"] = json!("deal");
            ops.post("/v1/custom-fields", field).await.expect(status);
        }
        let whole = form_of(&sales).await["create"].clone();
        assert_eq!(whole["required"], json!(["custom", "title"]), "what is required of the custom fields is required of the record");
        assert!(!fits(&whole, &complete()));
        assert_eq!(sales.post("/v1/deals", complete()).await.refused(409), "contradiction");
        let custom = whole["properties"]["custom"].clone();
        let mut names: Vec<(&str, u64)> = custom["properties"].as_object().unwrap().iter().map(|(name, one)| (name.as_str(), one["x-order"].as_u64().unwrap())).collect();
        names.sort_by_key(|(_, order)| *order);
        assert_eq!(names.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["seats", "segment", "contract"]);
        assert_eq!(custom["required"], json!(["segment"]));
        assert_eq!(custom["properties"]["segment"]["x-group"], "Sales desk");
        assert_eq!(custom["properties"]["contract"]["description"], "As on the cover.");
        let values = [
            (json!({"segment": "enterprise", "seats": 500, "contract": "DE-0815"}), true),
            (json!({"segment": "enterprise", "seats": null}), false),
            (json!({"segment": "enterprise", "seats": 501}), false),
            (json!({"segment": "other"}), false),
            (json!({"segment": "public", "contract": "de-0815"}), false),
            (json!({"seats": 1}), false),
            (json!({"segment": "public", "score": "1.0"}), false),
            (json!({"segment": "public", "margin": "1.0"}), false),
        ];
        for (value, taken) in values {
            assert_eq!(fits(&custom, &value), taken, "{value}");
            assert_eq!(fits(&whole, &with(json!({"custom": value}))), taken, "{value}");
            let answer = sales.post("/v1/deals", with(json!({"custom": value}))).await;
            assert_eq!(answer.status == 201, taken, "{value}: {}", answer.body);
        }
        let update = form_of(&sales).await["update"]["properties"]["custom"].clone();
        assert_eq!(update["properties"]["score"]["readOnly"], true);
        assert!(fits(&update, &json!({"seats": null})) && !fits(&update, &json!({"segment": null})));
        for unseen in ["margin", "desk"] {
            assert!(update["properties"].get(unseen).is_none(), "a partner does not learn that there is {unseen}, and is not asked for it");
        }
        assert_eq!(form_of(&world.vendor(Role::Admin)).await["create"]["properties"]["custom"]["properties"]["margin"]["x-filter"]["prefix"], "margin:");
    }

    async fn custom_fields_of_what_the_vendor_keeps_are_typed_fields_of_its_forms(world: World) {
        let program = Program::new(&world).await;
        let (ops, partner) = (world.vendor(Role::ChannelOps), program.partner("Nordwind"));
        let entries = entries(&program, &ops).await;
        for (record, resource) in [("direct_opportunity", "direct-opportunities"), ("product", "products"), ("program", "programs")] {
            let entry = entries.iter().find(|entry| entry.resource == resource).unwrap();
            for field in [
                json!({"name": "segment", "label": "Segment", "data_type": "choice", "choices": ["enterprise", "public"], "required": true, "partner_visible": true, "partner_editable": true, "position": 2, "section": "Sales desk"}),
                json!({"name": "seats", "label": "Plätze", "data_type": "integer", "minimum": "1", "maximum": "500", "position": 1, "help": "As ordered."}),
            ] {
                let mut field = field;
                field["resource_type"] = json!(record);
                ops.post("/v1/custom-fields", field).await.expect(201);
            }
            let german = ops.send(actix_web::http::Method::GET, &format!("/v1/schema/{resource}"), &[("accept-language", "de")], None).await;
            let schema = german.expect(200)["create"].clone();
            let custom = &schema["properties"]["custom"];
            assert!(schema["required"].as_array().unwrap().contains(&json!("custom")), "{resource}");
            assert_eq!((&custom["title"], &custom["required"]), (&json!("Weiteres"), &json!(["segment"])));
            let (segment, seats) = (&custom["properties"]["segment"], &custom["properties"]["seats"]);
            assert_eq!(segment["oneOf"], json!([{"const": "enterprise", "title": "enterprise"}, {"const": "public", "title": "public"}]));
            assert_eq!((&segment["x-group"], &seats["x-group"]), (&json!("Sales desk"), &json!("custom")));
            let headings = schema["x-groups"].as_array().unwrap();
            assert!(headings.contains(&json!({"name": "custom", "label": "Weiteres"})) && headings.contains(&json!({"name": "Sales desk", "label": "Sales desk"})));
            assert_eq!((&seats["title"], &seats["description"], &seats["x-order"]), (&json!("Plätze"), &json!("As ordered."), &json!(10)));
            let list = format!("/v1/{resource}");
            let mut made = None;
            for (values, taken) in [
                (Value::Null, false),
                (json!({"seats": 5}), false),
                (json!({"segment": "other"}), false),
                (json!({"segment": "public", "seats": 501}), false),
                (json!({"segment": "public", "unknown": 1}), false),
                (json!({"segment": "public", "seats": 500}), true),
            ] {
                let body = if values.is_null() { entry.least.clone() } else { entry.with(&json!({"custom": values})) };
                assert_eq!(fits(&schema, &body), taken, "{resource}: {body}");
                let answer = ops.post(&list, body).await;
                assert_eq!(answer.status == 201, taken, "{resource}: {}", answer.body);
                if taken {
                    made = answer.body["id"].as_str().map(str::to_owned);
                }
            }
            let made = made.unwrap();
            assert_eq!(found_in(&ops, &list, &format!("custom={}public", segment["x-filter"]["prefix"].as_str().unwrap())).await, [json!(made)]);
            let change = form(&ops, &format!("{resource}?id={made}")).await["update"].clone();
            for (values, taken) in [(json!({"seats": null}), true), (json!({"segment": null}), false), (json!({"segment": "enterprise"}), true)] {
                let body = json!({"custom": values});
                assert_eq!(fits(&change, &body), taken, "{resource}: {body}");
                let answer = ops.patch(&format!("{list}/{made}"), body).await;
                assert_eq!(answer.status == 200, taken, "{resource}: {}", answer.body);
            }
            let outside = form(&program.sales(partner), resource).await;
            assert!(!outside.to_string().contains("segment") && !outside.to_string().contains("seats"), "what is not a partner's to write is not shown to it: {outside}");
        }
    }

    async fn a_list_is_filtered_by_custom_fields_that_the_caller_sees(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales) = (world.vendor(Role::ChannelOps), program.sales(program.partner("Nordwind")));
        for (name, visible) in [("segment", true), ("margin", false)] {
            let field = json!({"resource_type": "deal", "name": name, "label": name, "data_type": "text", "partner_visible": visible, "partner_editable": visible});
            ops.post("/v1/custom-fields", field).await.expect(201);
        }
        let mut ids = Vec::new();
        for segment in ["Öffentlich", "enterprise", "enterprise"] {
            ids.push(sales.post("/v1/deals", with(json!({"custom": {"segment": segment}}))).await.expect(201)["id"].clone());
        }
        let first = format!("/v1/deals/{}", ids[0].as_str().unwrap());
        ops.patch(&first, json!({"custom": {"margin": "high"}})).await.expect(200);
        let found = async |who: &Client<'_>, query: &str| who.get(&format!("/v1/deals?{query}")).await.expect(200)["data"].as_array().unwrap().len();
        assert_eq!(found(&sales, "custom=segment:enterprise").await, 2);
        assert_eq!(found(&sales, "custom=segment:ENTERPRISE,segment:%C3%B6ffentlich").await, 3, "alternatives, in any case");
        assert_eq!(found(&ops, "custom=segment:%C3%96ffentlich,margin:high").await, 1, "both must hold");
        assert_eq!(found(&ops, "custom=segment:enterprise,margin:high").await, 0);
        assert_eq!(found(&sales, "custom=margin:high").await, 0, "a partner does not learn what it does not see");
        assert_eq!(found(&sales, "custom=nothing:here").await, 0);
        assert_eq!(sales.get("/v1/deals?custom=segment").await.refused(400), "invalid_query");
        sales.patch(&first, json!({"custom": {"segment": "enterprise"}})).await.expect(200);
        assert_eq!(found(&sales, "custom=segment:enterprise").await, 3, "the index follows the change");
        sales.patch(&first, json!({"custom": {"segment": null}})).await.expect(200);
        assert_eq!(found(&sales, "custom=segment:enterprise").await, 2);
    }

    async fn every_record_with_custom_fields_is_found_by_them(world: World) {
        let program = Program::new(&world).await;
        let own = program.partner("Westwind");
        let (ops, sales) = (world.vendor(Role::ChannelOps), program.sales(own));
        let account = ops.post("/v1/customer-accounts", json!({"name": "Harbour Authority"})).await.expect(201)["id"].clone();
        let kinds = [
            ("partner", "/v1/partners", json!({"legal_name": "", "default_currency": "EUR", "time_zone": "Europe/Berlin"}), ["legal_name", "legal_name"]),
            ("customer_account", "/v1/customer-accounts", json!({"name": ""}), ["name", "name"]),
            ("direct_opportunity", "/v1/direct-opportunities", json!({"account_id": account, "title": ""}), ["title", "title"]),
            ("product", "/v1/products", json!({"code": "", "name": "", "kind": "line"}), ["code", "name"]),
            ("program", "/v1/programs", json!({"code": "", "name": ""}), ["code", "name"]),
        ];
        let mut made = Vec::new();
        for (record, list, body, names) in kinds {
            for (name, kind, visible) in [("segment", "text", true), ("margin", "text", false), ("seats", "integer", false), ("strategic", "boolean", false)] {
                let field = json!({"resource_type": record, "name": name, "label": name, "data_type": kind, "partner_visible": visible});
                ops.post("/v1/custom-fields", field).await.expect(201);
            }
            let mut ids = Vec::new();
            for (name, custom) in [("ALPHA", json!({"segment": "Öffentlich", "margin": "high", "seats": 7})), ("OMEGA", json!({"segment": "enterprise", "strategic": true}))] {
                let mut body = body.clone();
                for field in names {
                    body[field] = json!(name);
                }
                body["custom"] = custom;
                ids.push(ops.post(list, body).await.expect(201)["id"].clone());
            }
            made.push((record, list, ids));
        }
        let stories: [(&str, &[usize]); 8] = [
            ("custom=segment:%C3%B6ffentlich", &[0]),
            ("custom=segment:ENTERPRISE", &[1]),
            ("custom=seats:7", &[0]),
            ("custom=strategic:true", &[1]),
            ("custom=segment:%C3%96ffentlich,margin:high", &[0]),
            ("custom=segment:enterprise,margin:high", &[]),
            ("custom=segment:other", &[]),
            ("custom=nothing:here", &[]),
        ];
        for migrated in [false, true] {
            if migrated {
                // As an older release left it: the values stand in the records alone.
                while world.db.migrate_down().unwrap() != "0360" {}
                world.db.migrate_up().unwrap();
            }
            for &(record, list, ref ids) in &made {
                for (query, wanted) in stories {
                    let wanted: Vec<Value> = wanted.iter().map(|index| ids[*index].clone()).collect();
                    assert_eq!(found_in(&ops, list, query).await, wanted, "{record} {query} {migrated}");
                }
                assert_eq!(found_in(&ops, list, "custom=segment:enterprise,segment:%C3%B6ffentlich").await.len(), 2, "{record}: alternatives");
                assert_eq!(ops.get(&format!("{list}?custom=segment")).await.refused(400), "invalid_query");
                assert_eq!(values_kept(&world, record), 5, "{record} {migrated}");
            }
        }
        // A partner finds by what it sees: its own record, and products.
        let mine = json!(own.to_string());
        ops.patch(&format!("/v1/partners/{own}"), json!({"custom": {"segment": "enterprise", "margin": "high"}})).await.expect(200);
        assert_eq!(found_in(&sales, "/v1/partners", "custom=segment:enterprise").await, [mine]);
        assert_eq!(found_in(&sales, "/v1/products", "custom=segment:%C3%B6ffentlich").await.len(), 1);
        for list in ["/v1/partners", "/v1/products"] {
            for query in ["custom=margin:high", "custom=nothing:here"] {
                assert!(found_in(&sales, list, query).await.is_empty(), "{list}: a partner does not learn what it does not see");
            }
        }
        ops.patch(&format!("/v1/partners/{own}"), json!({"custom": {"segment": null, "margin": null}})).await.expect(200);
        // What is kept follows the record, and goes with it.
        for &(record, list, ref ids) in &made {
            let first = format!("{list}/{}", ids[0].as_str().unwrap());
            ops.patch(&first, json!({"custom": {"segment": "Enterprise"}})).await.expect(200);
            assert_eq!(found_in(&ops, list, "custom=segment:enterprise").await.len(), 2, "{record}");
            ops.patch(&first, json!({"custom": {"segment": null}})).await.expect(200);
            assert_eq!(found_in(&ops, list, "custom=segment:enterprise").await, [ids[1].clone()], "{record}");
            assert_eq!(values_kept(&world, record), 4, "{record}");
            if ["customer_account", "direct_opportunity", "product"].contains(&record) {
                ops.delete(&first).await.expect(204);
                assert_eq!(values_kept(&world, record), 2, "{record}");
            }
        }
    }
}
