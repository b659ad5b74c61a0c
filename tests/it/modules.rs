//! Modules: what is switched off is nowhere, and what stays is whole.

use std::collections::BTreeSet;

use actix_web::http::Method;
use openprm::{
    app::{self, Contract},
    auth::Role,
    db::Engine,
    error::codes,
    http::document,
    jobs,
    modules::{Module, Modules, places},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete},
    support::{World, api::api},
};

fn without_deals() -> Modules {
    Modules::without(&["deals", "conflict_cases", "reports"]).unwrap()
}

#[test]
fn every_operation_is_of_one_module_or_of_the_core() {
    let mut wrong = Vec::new();
    for operation in &api().operations {
        let places = places(&operation.path);
        if places.len() != 1 {
            wrong.push(format!("{} {}: {places:?}", operation.id, operation.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "If you are here because you added an address: name where it begins in src/modules.rs, once.\n{}",
        wrong.join("\n")
    );
    for module in Module::ALL {
        assert!(
            api()
                .operations
                .iter()
                .any(|operation| places(&operation.path) == [Some(*module)]),
            "{module} has no operation"
        );
    }
}

/// Every text of a document but those that people read, and examples.
fn words(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object.iter().filter(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "description" | "summary" | "x-errors" | "example" | "examples"
                )
            }) {
                found.insert(name.clone());
                words(inner, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| words(inner, found)),
        Value::String(text) => {
            found.insert(text.clone());
        }
        _ => {}
    }
}

#[test]
fn with_a_module_off_nothing_of_it_is_in_the_contract_and_the_rest_is_sound() {
    for module in Module::ALL {
        // With it goes what needs it.
        let mut off = vec![module.as_str()];
        while let Err(why) = Modules::without(&off) {
            let needing = Module::ALL
                .iter()
                .find(|other| why.contains(&format!("because `{other}`")))
                .unwrap();
            off.push(needing.as_str());
        }
        let modules = Modules::without(&off).unwrap();
        // Building it is the check: a dangling reference, an idle permission or a link to nowhere fails.
        let document = app::document_of(modules).unwrap_or_else(|error| panic!("{module}: {error}"));
        let mut found = BTreeSet::new();
        words(&document, &mut found);
        let gone: Vec<&crate::support::api::Operation> = api()
            .operations
            .iter()
            .filter(|operation| {
                places(&operation.path)
                    .into_iter()
                    .flatten()
                    .any(|module| !modules.has(module))
            })
            .collect();
        assert!(!gone.is_empty());
        for operation in gone {
            assert!(!found.contains(&operation.path), "{module}: {}", operation.path);
            assert!(!found.contains(&operation.id), "{module}: {}", operation.id);
        }
        Contract::of(modules).unwrap_or_else(|error| panic!("{module}: {error}"));
    }
    let document = app::document_of(without_deals()).unwrap();
    let text = document::operations_txt(&document);
    assert!(!text.contains("/v1/deals") && text.contains("/v1/partners"));
    let mut found = BTreeSet::new();
    words(&document, &mut found);
    for gone in [
        "deals:read",
        "conflicts:read",
        "cases:read",
        "Deal",
        "NewDeal",
        "deal.review_status",
        "ConflictCase",
    ] {
        assert!(!found.contains(gone), "{gone}");
    }
    assert!(found.contains("customers:read") && found.contains("partner.status"));
}

async fn what_is_off_is_nowhere(engine: Engine) {
    let world = World::with(engine, Contract::of(without_deals()).unwrap()).await;
    let admin = world.vendor(Role::Admin);
    let unknown = admin.probe(Method::GET, "/v1/nothing", &[], None).await;
    for (method, path) in [
        (Method::GET, "/v1/deals"),
        (Method::POST, "/v1/deals"),
        (Method::DELETE, "/v1/deals"),
        (Method::GET, "/v1/deals/deal_01jdq4p6c8f3kb2v9y0s7x5ham"),
        (Method::GET, "/v1/protections"),
        (Method::GET, "/v1/reports/win-rates"),
    ] {
        for client in [&admin, &world.stranger()] {
            let answer = client.probe(method.clone(), path, &[], None).await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (404, &unknown.body["code"]),
                "{method} {path}"
            );
            assert_eq!(answer.body["title"], unknown.body["title"]);
        }
    }
    assert_eq!(admin.get("/v1/partners").await.status, 200);
    let me = admin.get("/v1/me").await.expect(200);
    let operations: Vec<&str> = me["operations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        operations.contains(&"listPartners") && !operations.iter().any(|operation| operation.contains("Deal")),
        "{operations:?}"
    );
    let portal = admin.get("/v1/portal").await.expect(200);
    let menu = portal["menu"].to_string();
    assert!(menu.contains("/v1/partners") && !menu.contains("/v1/deals") && !menu.contains("win-rates"));
    let work = portal["work"].as_array().unwrap();
    let of_deals = [
        "registration",
        "amendment",
        "extension",
        "protection",
        "transfer",
        "deal",
        "case",
        "win",
    ];
    let offered = |one: &Value| {
        let kind = one["kind"].as_str().unwrap();
        !of_deals.iter().any(|word| kind.starts_with(word))
    };
    assert!(!work.is_empty() && work.iter().all(offered), "{work:?}");
    let modules: Vec<&str> = portal["modules"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|module| module["name"].as_str())
        .collect();
    assert_eq!(
        modules,
        [
            "customers",
            "holdings",
            "programs",
            "handovers",
            "applications",
            "sync",
            "work",
            "files",
            "notices",
            "webhooks",
            "imports",
            "calendars",
        ]
    );
    assert_eq!(admin.get("/v1/schema/deals").await.refused(404), "not_found");
    assert_eq!(admin.get("/v1/schema/partners").await.status, 200);
    let listed = |page: &Value, name: &str| -> Vec<String> {
        let rows = page[name].as_array().unwrap();
        rows.iter()
            .map(|row| row["topic"].as_str().unwrap().to_owned())
            .collect()
    };
    let topics = admin.get("/v1/notice-topics").await.expect(200);
    for row in topics["data"].as_array().unwrap() {
        assert!(!row["events"].to_string().contains("\"deal"), "{row}");
        let action = row["action"].as_str();
        assert!(action.is_none_or(|action| !action.contains("Deal")), "{row}");
    }
    let named = listed(&topics, "data");
    assert!(named.contains(&"handover_given".to_owned()), "{named:?}");
    let preferences = admin.get("/v1/me/notice-preferences").await.expect(200);
    assert_eq!(listed(&preferences, "topics"), named);
    let templates = listed(&admin.get("/v1/notice-templates").await.expect(200), "data");
    assert!(
        !templates.iter().any(|topic| topic.starts_with("deal_")) && templates.contains(&"handover_given".to_owned())
    );
    let text = "/v1/notice-templates/deal_approved/en";
    assert_eq!(admin.get(text).await.refused(404), "not_found");
    let tag = admin
        .get("/v1/me/notice-preferences")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let chosen = serde_json::json!({"topics": [{"topic": "deal_submitted", "in_app": true, "mail": "off"}]});
    let answer = admin
        .send(
            Method::PUT,
            "/v1/me/notice-preferences",
            &[("if-match", &tag)],
            Some(&chosen),
        )
        .await;
    assert_eq!(answer.refused(409), "contradiction");
    let metadata = world
        .stranger()
        .get("/.well-known/oauth-authorization-server")
        .await
        .expect(200);
    assert!(!metadata["scopes_supported"].to_string().contains("deals:"));
    let served = world.stranger().probe(Method::GET, "/openapi.json", &[], None).await;
    assert!(served.body["paths"].get("/v1/deals").is_none() && served.body["paths"].get("/v1/partners").is_some());
}

#[actix_web::test]
async fn what_is_off_is_nowhere_sqlite() {
    what_is_off_is_nowhere(Engine::Sqlite).await;
}

#[actix_web::test]
async fn what_is_off_is_nowhere_postgres() {
    what_is_off_is_nowhere(Engine::Postgres).await;
}

/// All that a vendor with deals, and nothing besides, needs.
fn small() -> Modules {
    let needed = [Module::Deals, Module::Customers, Module::Files];
    let others = Module::ALL.iter().filter(|module| !needed.contains(module));
    Modules::without(&others.map(|module| module.as_str()).collect::<Vec<_>>()).unwrap()
}

fn is_there(path: &str) -> bool {
    places(path).into_iter().flatten().all(|module| small().has(module))
}

each_engine! {
    async fn a_small_vendor_with_deals_sees_a_small_api(world: World) {
        let world = World::with(world.engine(), Contract::of(small()).unwrap()).await;
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, admin) = (program.sales(partner), world.vendor(Role::Admin));
        let deal = approved(&world, &sales, complete()).await;
        assert_eq!((&deal["review_status"], &deal["protection"]["state"]), (&json!("approved"), &json!("active")));
        let unknown = admin.probe(Method::GET, "/v1/nothing", &[], None).await;
        for path in ["/v1/work-items", "/v1/tasks", "/v1/notes", "/v1/interactions", "/v1/saved-views", "/v1/notices", "/v1/notice-templates", "/v1/me/notice-preferences", "/v1/webhook-endpoints", "/v1/imports", "/v1/calendars", "/v1/programs", "/v1/sync-links"] {
            let answer = admin.probe(Method::GET, path, &[], None).await;
            assert_eq!((answer.status, &answer.body["code"]), (404, &unknown.body["code"]), "{path}");
        }
        for client in [&admin, &sales] {
            let portal = client.get("/v1/portal").await.expect(200);
            let menu = portal["menu"].as_array().unwrap();
            assert!(!menu.is_empty() && menu.iter().all(|entry| is_there(entry["path"].as_str().unwrap())), "{menu:?}");
            assert_eq!((&portal["work"], &portal["unread_notices"]), (&json!([]), &json!(0)));
            let names: Vec<&Value> = portal["modules"].as_array().unwrap().iter().map(|module| &module["name"]).collect();
            assert_eq!(names, ["deals", "customers", "files"]);
            let me = client.get("/v1/me").await.expect(200);
            for id in me["operations"].as_array().unwrap() {
                let operation = api().operations.iter().find(|operation| *id == operation.id).unwrap();
                assert!(is_there(&operation.path), "{id}");
            }
        }
        let served = world.stranger().probe(Method::GET, "/openapi.json", &[], None).await;
        assert_eq!(served.body.get("webhooks"), None, "nobody is sent anything");
        let offered = served.body["paths"].as_object().unwrap().len();
        let all: BTreeSet<&str> = api().operations.iter().map(|operation| operation.path.as_str()).collect();
        assert!(offered * 3 < all.len() * 2, "{offered} of {}", all.len());
    }

    async fn what_is_off_rests_and_what_deletes_goes_on(world: World) {
        let world = World::with(world.engine(), Contract::of(small()).unwrap()).await;
        let admin = world.vendor(Role::Admin);
        let jobs_page = admin.get("/v1/jobs").await.expect(200);
        let names: Vec<&str> = jobs_page["data"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
        for resting in ["handovers", "benefit_renewals", "specialisation_ends", "notice_reminders", "notice_digests", "sync_failures"] {
            assert!(!names.contains(&resting), "{resting}");
            assert_eq!(admin.get(&format!("/v1/jobs/{resting}")).await.refused(404), "not_found");
            assert_eq!(admin.post(&format!("/v1/jobs/{resting}/run"), json!({})).await.refused(404), "not_found");
            let switches = &world.state.contract.switches;
            assert!(jobs::run_by_name(&world.db, switches, resting).unwrap_err().is(&codes::NOT_FOUND));
        }
        for running in ["registration_lapses", "protection_ends", "notice_dispatch", "notice_retention", "webhook_retention", "import_retention", "file_ends"] {
            assert!(names.contains(&running), "{running}");
        }
        assert_eq!(jobs::states(&world.db, small()).unwrap().len(), names.len());
    }
}
