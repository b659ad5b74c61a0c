//! Forms: the schema that a caller gets is sound, holds what the caller may write and nothing else, and what fits it is taken.

use openprm::{auth::Role, auth::Rows};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, path, submitted, with},
    support::{Client, World, api::api, publish_policy},
};

const RESOURCES: [&str; 10] = [
    "deals",
    "partners",
    "people",
    "customer-accounts",
    "direct-opportunities",
    "named-accounts",
    "installed-base",
    "products",
    "territories",
    "programs",
];

async fn form(client: &Client<'_>, rest: &str) -> Value {
    client.get(&format!("/v1/schema/{rest}")).await.expect(200)
}

/// A record that the vendor's people make by a form.
struct Entry {
    /// Its type, as in its address.
    resource: &'static str,
    /// What it needs, and nothing else.
    least: Value,
    /// What else it can have, and what must differ from the first one.
    more: Value,
    /// What can be changed of it.
    change: Value,
    /// What stays as it was made, if anything does.
    fixed: Option<&'static str>,
    /// What it is called, then a field, then a word of it: each by its name, in English and in German.
    labels: [[&'static str; 3]; 3],
}

impl Entry {
    fn with(&self, changes: &Value) -> Value {
        let mut body = self.least.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }
}

/// Records of every type that the vendor's people alone make by a form.
async fn entries(program: &Program<'_>, ops: &Client<'_>) -> Vec<Entry> {
    let body = json!({"name": "Harbour Authority"});
    let account = ops.post("/v1/customer-accounts", body).await.expect(201)["id"].clone();
    let scope = json!({"product_id": program.edge, "territory_id": program.dach});
    let scoped = |mut more: Value| {
        more["product_id"] = scope["product_id"].clone();
        more["territory_id"] = scope["territory_id"].clone();
        more
    };
    vec![
        Entry {
            resource: "direct-opportunities",
            least: json!({"account_id": account, "title": "Edge for the Berlin plant"}),
            more: scoped(json!({
                "deal_type": "expansion", "status": "open", "stage": "Proposal", "owner_name": "Jane Doe",
                "amount": {"amount": "48000.00", "currency": "EUR"}, "expected_close_on": "2027-03-31",
                "opened_at": "2026-10-01T08:00:00Z", "external_refs": [{"system": "crm", "id": "0061"}],
            })),
            change: json!({"status": "won", "amount": null}),
            fixed: Some("opened_at"),
            labels: [
                ["", "Own opportunity", "Eigenes Projekt"],
                ["deal_type", "Kind of business", "Geschäftsart"],
                ["renewal", "Renewal", "Verlängerung"],
            ],
        },
        Entry {
            resource: "named-accounts",
            least: json!({"account_id": account}),
            more: scoped(json!({"reason": "Framework contract", "starts_on": "2026-10-01", "ends_on": "2027-10-01"})),
            change: json!({"ends_on": null}),
            fixed: None,
            labels: [
                ["", "Named account", "Hauskunde"],
                ["reason", "Reason", "Grund"],
                ["", "", ""],
            ],
        },
        Entry {
            resource: "installed-base",
            least: json!({"account_id": account, "product_id": program.edge}),
            more: scoped(json!({"quantity": 25, "since_on": "2025-10-01", "partner_id": program.partner("Ostwind")})),
            change: json!({"quantity": 30, "partner_id": null}),
            fixed: None,
            labels: [
                ["", "Installed product", "Bestandsprodukt"],
                ["partner_id", "Sold by", "Verkauft von"],
                ["", "", ""],
            ],
        },
        Entry {
            resource: "products",
            least: json!({"code": "CLOUD", "name": "Cloud", "kind": "line"}),
            more: json!({
                "code": "EDGE-AP", "name": "Edge Access Point", "kind": "product", "parent_id": program.edge,
                "description": "Indoors.", "list_price": {"amount": "199.00", "currency": "EUR"},
            }),
            change: json!({"status": "retired", "list_price": null}),
            fixed: Some("kind"),
            labels: [
                ["", "Product", "Produkt"],
                ["kind", "Kind", "Art"],
                ["line", "Product line", "Produktlinie"],
            ],
        },
        Entry {
            resource: "territories",
            least: json!({"code": "CH", "name": "Switzerland", "kind": "country"}),
            more: json!({"code": "LI", "name": "Liechtenstein", "parent_id": program.dach}),
            change: json!({"name": "Principality of Liechtenstein", "status": "retired"}),
            fixed: Some("code"),
            labels: [
                ["", "Territory", "Gebiet"],
                ["parent_id", "Lies in", "Liegt in"],
                ["country", "Country", "Land"],
            ],
        },
        Entry {
            resource: "programs",
            least: json!({"code": "RESELL", "name": "Reseller program"}),
            more: json!({
                "code": "MSP", "name": "Managed services", "description": "For those who operate.",
                "distributor_sees_resellers": true,
            }),
            change: json!({"name": "Managed services program", "description": null}),
            fixed: Some("code"),
            labels: [
                ["", "Program", "Programm"],
                [
                    "distributor_sees_resellers",
                    "Distributors see their resellers' records",
                    "Distributoren sehen die Daten ihrer Wiederverkäufer",
                ],
                ["", "", ""],
            ],
        },
    ]
}

/// Every choice of closed sets that a schema offers.
fn offered(schema: &Value) -> Vec<Value> {
    let properties = schema["properties"].as_object().unwrap().values();
    properties
        .filter_map(|property| property["oneOf"].as_array())
        .flatten()
        .cloned()
        .collect()
}

/// Checks that a value fits a schema, formats included.
fn fits(schema: &Value, value: &Value) -> bool {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}"));
    validator.is_valid(value)
}

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

fn locked(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object().unwrap();
    properties
        .iter()
        .filter(|(_, one)| one["readOnly"] == true)
        .map(|(name, _)| name.as_str())
        .collect()
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

    async fn what_is_locked_in_a_form_is_what_the_change_refuses(world: World) {
        let program = Program::new(&world).await;
        let (sales, vendor) = (program.sales(program.partner("Nordwind")), world.vendor(Role::ChannelOps));
        let draft = sales.post("/v1/deals", complete()).await.expect(201);
        let sent = submitted(&sales, with(json!({"customer": {"name": "Beta GmbH", "website": "https://www.beta-anlagen.de"}}))).await;
        let granted = approved(&world, &sales, with(json!({"customer": {"name": "Gamma GmbH", "website": "https://www.gamma-bau.de"}}))).await;
        let body = json!({
            "title": "Other", "description": "Other", "deal_type": "renewal", "source": "referral", "territory": "AT",
            "lines": [{"product": "EDGE-SW"}], "amount": {"amount": "1.00", "currency": "EUR"}, "expected_close_on": "2027-01-31",
            "next_step": "Other", "competitor": "Other", "co_sell_needs": ["demo"], "visibility": "limited", "customer_consent": true,
            "contacts": [{"name": "Eva"}], "sites": [{"name": "Ulm"}], "external_refs": [{"system": "crm", "id": "1"}], "customer": {"name": "Other", "website": "other.de"}
        });
        for (deal, open) in [(&draft, 17), (&sent, 1), (&granted, 9)] {
            let form = form(&sales, &format!("deals?id={}", deal["id"].as_str().unwrap())).await;
            let schema = &form["update"];
            let mut refused = 0;
            for (name, value) in body.as_object().unwrap() {
                let answer = sales.patch(&path(deal, ""), json!({name: value})).await;
                let property = &schema["properties"][name];
                let parts = property["properties"].as_object().filter(|_| name == "customer");
                let is_locked = property["readOnly"] == true || parts.is_some_and(|parts| parts["name"]["readOnly"] == true);
                assert_eq!(answer.status == 422, is_locked, "{name} of {}: {}", deal["review_status"], answer.body);
                if is_locked {
                    refused += 1;
                    let told = parts.map_or(&property["x-locked"], |parts| &parts["name"]["x-locked"]).as_str().unwrap();
                    let faults = answer.body["errors"].as_array().unwrap();
                    assert!(faults.iter().any(|fault| fault["detail"] == told), "{told}: {faults:?}");
                }
            }
            assert_eq!(body.as_object().unwrap().len() - refused, open, "{}: {:?}", deal["review_status"], locked(schema));
        }
        let foreign = program.sales(program.partner("Südwind"));
        assert_eq!(form(&foreign, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"], Value::Null);
        assert_eq!(form(&vendor, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"]["properties"]["title"]["readOnly"], true);
        let limited = world.vendor_of(Role::Cam, Rows::Partners([program.partner("Westwind")].into()));
        assert_eq!(form(&limited, &format!("deals?id={}", sent["id"].as_str().unwrap())).await["update"], Value::Null);
        assert_eq!(form(&vendor, "deals?id=partner_01jdq4p6c8f3kb2v9y0s7x5ham").await["update"], Value::Null);
    }

    async fn what_a_submission_needs_is_required_by_its_form(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let form = form(&sales, "deals?action=submit").await;
        let (schema, saving) = (&form["create"], form_of(&sales).await);
        assert_eq!(form["required_for_submit"], json!(["/customer", "/territory", "/lines", "/amount", "/expected_close_on"]));
        assert_eq!(form["submit_by"], json!({"operation": "submitDeal", "method": "POST", "path": "/v1/deals/{id}/submit"}));
        assert_eq!(schema["properties"]["lines"]["x-required-for"], json!(["submit"]));
        let empty = json!({"title": "Empty"});
        let draft = sales.post("/v1/deals", empty.clone()).await.expect(201);
        let missing: Vec<String> = draft["missing"].as_array().unwrap().iter().map(|name| format!("/{}", name.as_str().unwrap())).collect();
        assert_eq!(json!(missing), form["required_for_submit"], "the draft lacks what the form says");
        assert!(fits(&saving["create"], &empty) && !fits(schema, &empty));
        assert!(fits(schema, &complete()));
        for (lacking, value) in [("territory", Value::Null), ("lines", json!([])), ("amount", Value::Null), ("customer", json!({"name": "Acme GmbH"}))] {
            let body = with(json!({lacking: value}));
            assert!(!fits(schema, &body), "{lacking}");
            assert!(fits(&saving["create"], &body), "{lacking}");
            let draft = sales.post("/v1/deals", body).await.expect(201);
            assert_eq!(sales.post(&path(&draft, "/submit"), json!({})).await.refused(409), "guard_failed", "{lacking}");
        }
        let one_mark = with(json!({"customer": {"name": "Acme GmbH", "street": "Hauptstraße 5", "postal_code": "70173", "country": "DE"}}));
        assert!(fits(schema, &one_mark));
        let draft = sales.post("/v1/deals", one_mark).await.expect(201);
        sales.post(&path(&draft, "/submit"), json!({})).await.expect(200);
    }

    async fn what_the_policy_asks_for_is_asked_for_by_the_form(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        publish_policy(&world, json!({"registration": {"required_fields": [
            {"fields": ["#/next_step"]},
            {"deal_type": "renewal", "fields": ["#/contacts/0/email", "#/customer/registration_number", "#/lines/0/unit_price"]},
        ]}})).await;
        let form = form(&sales, "deals?action=submit").await;
        let schema = &form["create"];
        assert!(form["required_for_submit"].as_array().unwrap().contains(&json!("/next_step")));
        assert_eq!(schema["properties"]["next_step"]["x-required-for"], json!(["submit"]));
        assert_eq!(schema["properties"]["customer"]["properties"]["registration_number"]["x-required-when"]["in"], json!(["renewal"]));
        let price = json!({"amount": "1200.00", "currency": "EUR"});
        let mut known = complete()["customer"].clone();
        known["registration_number"] = json!("HRB 123456");
        for (body, taken) in [
            (complete(), false),
            (with(json!({"next_step": "A workshop."})), true),
            (with(json!({"next_step": "A workshop.", "deal_type": "renewal", "customer": known})), false),
            (with(json!({"next_step": "A workshop.", "deal_type": "renewal", "customer": known, "contacts": [{"name": "Eva", "email": "eva@acme-werkzeug.de"}], "lines": [{"product": "EDGE-SW", "unit_price": price}]})), true),
        ] {
            assert_eq!(fits(schema, &body), taken, "{body}");
            let draft = sales.post("/v1/deals", body).await.expect(201);
            let answer = sales.post(&path(&draft, "/submit"), json!({})).await;
            assert_eq!(answer.status == 200, taken, "{}", answer.body);
        }
    }

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

    async fn what_the_vendor_s_forms_require_makes_a_record_and_what_they_lack_is_refused(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        for entry in entries(&program, &ops).await {
            let (resource, list) = (entry.resource, format!("/v1/{}", entry.resource));
            let before = form(&ops, resource).await;
            let schema = &before["create"];
            let mut needed: Vec<&str> = entry.least.as_object().unwrap().keys().map(String::as_str).collect();
            needed.sort_unstable();
            assert_eq!(schema["required"], json!(needed), "{resource}");
            assert_eq!((&before["required_for_submit"], &before["submit_by"]), (&json!([]), &Value::Null), "{resource}");
            assert!(before["reasons"].as_array().unwrap().is_empty() && before["stages"].as_array().unwrap().is_empty(), "{resource}");
            assert_eq!(before["create_by"]["path"], list.as_str());
            assert_eq!(before["update_by"]["path"], format!("{list}/{{id}}"));
            for lacking in needed {
                let mut body = entry.least.clone();
                body.as_object_mut().unwrap().remove(lacking);
                assert!(!fits(schema, &body), "{resource} without {lacking}");
                assert_eq!(ops.post(&list, body).await.refused(422), "validation_failed", "{resource} without {lacking}");
            }
            let whole = entry.with(&entry.more);
            for body in [&entry.least, &whole] {
                assert!(fits(schema, body), "{resource}: {body}");
            }
            let least = ops.post(&list, entry.least.clone()).await.expect(201);
            let made = ops.post(&list, whole.clone()).await.expect(201);
            assert_ne!(least["id"], made["id"]);

            let of = |id: &Value| format!("{resource}?id={}", id.as_str().unwrap());
            let change = form(&ops, &of(&made["id"])).await["update"].clone();
            assert_eq!((&change["required"], &change["readOnly"], locked(&change).len()), (&json!([]), &Value::Null, 0), "{resource}");
            assert!(fits(&change, &entry.change), "{resource}: {}", entry.change);
            let path = format!("{list}/{}", made["id"].as_str().unwrap());
            if let Some(fixed) = entry.fixed {
                let body = json!({fixed: whole[fixed]});
                assert!(change["properties"].get(fixed).is_none() && !fits(&change, &body), "{resource}/{fixed}");
                assert_eq!(ops.patch(&path, body).await.refused(422), "validation_failed");
            }
            let changed = ops.patch(&path, entry.change.clone()).await.expect(200);
            for (name, value) in entry.change.as_object().unwrap() {
                assert_eq!(&changed[name], value, "{resource}/{name}");
            }
            let foreign = json!("deal_01jdq4p6c8f3kb2v9y0s7x5ham");
            assert_eq!(form(&ops, &of(&foreign)).await["update"], Value::Null, "{resource}");
        }
    }

    async fn the_vendor_s_forms_speak_the_language_of_who_fills_them_in(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        for entry in entries(&program, &ops).await {
            for (index, language) in [(1, "en"), (2, "de")] {
                let path = format!("/v1/schema/{}", entry.resource);
                let answer = ops.send(actix_web::http::Method::GET, &path, &[("accept-language", language)], None).await;
                let schema = answer.expect(200)["create"].clone();
                let [record, field, word] = entry.labels;
                assert_eq!(schema["title"], record[index]);
                assert_eq!(schema["properties"][field[0]]["title"], field[index], "{}", entry.resource);
                let choice = json!({"const": word[0], "title": word[index]});
                assert!(word[0].is_empty() || offered(&schema).contains(&choice), "{choice}");
            }
        }
    }

    async fn a_form_is_there_to_be_filled_in_by_those_who_may(world: World) {
        let program = Program::new(&world).await;
        let (ops, partner) = (world.vendor(Role::ChannelOps), program.partner("Nordwind"));
        let entries = entries(&program, &ops).await;
        for role in Role::ALL.iter().copied().filter(|role| *role != Role::Integration) {
            let client = if role.is_partner() { world.partner_user(partner, role) } else { world.vendor(role) };
            for entry in &entries {
                let resource = entry.resource;
                let runs_it = [Role::Admin, Role::ChannelOps].contains(&role);
                let may = runs_it || (role == Role::Cam && ["direct-opportunities", "named-accounts", "installed-base"].contains(&resource));
                let form = form(&client, resource).await;
                for part in ["create", "update", "create_by", "update_by"] {
                    assert_eq!(form[part].is_null(), !may, "{role}: {part} of {resource}");
                }
                if may {
                    let chosen = &form["create"]["properties"]["owner_id"];
                    assert!(chosen.is_null() || chosen.get("x-choices").is_some() == runs_it, "{role} {resource}: {chosen}");
                } else {
                    let refused = client.post(&format!("/v1/{resource}"), entry.least.clone()).await.refused(403);
                    assert_eq!(refused, "forbidden", "{role}: {resource}");
                }
            }
        }
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

    async fn a_record_that_is_locked_as_a_whole_says_why(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let mut ids = Vec::new();
        for name in ["Acme GmbH", "Acme Werkzeugbau GmbH"] {
            ids.push(ops.post("/v1/customer-accounts", json!({"name": name})).await.expect(201)["id"].as_str().unwrap().to_owned());
        }
        let open = form(&ops, &format!("customer-accounts?id={}", ids[1])).await;
        assert!(open["update"].get("readOnly").is_none());
        let plan = ops.post("/v1/account-merges", json!({"survivor_id": ids[0], "other_id": ids[1], "reason": "The same company."})).await;
        assert!(plan.status == 201, "{}", plan.body);
        let merge = format!("/v1/account-merges/{}/execute", plan.body["id"].as_str().unwrap());
        ops.post(&merge, json!({})).await.expect(200);
        let merged = form(&ops, &format!("customer-accounts?id={}", ids[1])).await;
        assert_eq!(merged["update"]["readOnly"], true);
        assert!(merged["update"]["properties"]["name"]["x-locked"].as_str().unwrap().contains("was merged into"));
    }
}

async fn form_of(client: &Client<'_>) -> Value {
    form(client, "deals").await
}
