//! The contract: what is committed is what the code publishes.

use std::path::Path;

use actix_web::http::Method;
use openprm::{
    app,
    events::catalogue::{self, Rows},
    http::document,
    modules::Modules,
};
use serde_json::{Value, json};

use crate::support::{World, api::api};

/// Writes the file anew if it differs, and tells.
fn committed(name: &str, text: &str, stale: &mut Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi").join(name);
    if std::fs::read_to_string(&path).unwrap_or_default() != text {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        stale.push(name.to_owned());
    }
}

#[test]
fn the_committed_contract_is_the_code_s() {
    let contract = app::document().unwrap_or_else(|error| panic!("{error}"));
    let pretty = |value: &Value| format!("{}\n", serde_json::to_string_pretty(value).unwrap());
    let mut stale = Vec::new();
    committed("openapi.json", &pretty(&contract), &mut stale);
    committed(
        "openapi-3.0.json",
        &pretty(&document::openapi_3_0(&contract)),
        &mut stale,
    );
    committed(
        "openapi-no-webhooks.json",
        &pretty(&document::without_webhooks(&contract)),
        &mut stale,
    );
    committed("operations.txt", &document::operations_txt(&contract), &mut stale);
    committed("permissions.txt", &document::permissions_txt(&contract), &mut stale);
    committed("errors.txt", &document::errors_txt(&contract), &mut stale);
    assert!(
        stale.is_empty(),
        "If you are here because you changed the API: openapi/{{{}}} were written anew. Read the difference as an integrator would, and commit it.",
        stale.join(", ")
    );
}

#[actix_web::test]
async fn the_three_documents_are_served() {
    let world = World::sqlite().await;
    let contract = &api().document;
    for (path, document) in [
        ("/openapi.json", contract.clone()),
        ("/openapi-3.0.json", document::openapi_3_0(contract)),
        ("/openapi-no-webhooks.json", document::without_webhooks(contract)),
    ] {
        let served = world.stranger().probe(Method::GET, path, &[], None).await;
        assert!(served.status == 200 && served.body == document, "{path}");
    }
}

#[test]
fn every_event_is_a_webhook_whose_example_has_its_schema() {
    let contract = &api().document;
    let hooks = contract["webhooks"].as_object().unwrap();
    let (told, personal): (Vec<_>, Vec<_>) = catalogue::all().partition(|kind| kind.resource.rows != Rows::Personal);
    assert_eq!(
        hooks.keys().collect::<Vec<_>>(),
        told.iter().map(|kind| kind.name).collect::<Vec<_>>()
    );
    assert!(!personal.is_empty());
    let mut faults = Vec::new();
    for kind in told {
        let hook = &hooks[kind.name]["post"];
        let id = hook["operationId"].as_str().unwrap();
        assert!(api().operations.iter().all(|operation| operation.id != id), "{id}");
        let media = &hook["requestBody"]["content"]["application/json"];
        let parts = &media["schema"]["allOf"];
        assert_eq!(parts[1]["properties"]["type"]["const"], kind.name);
        let mut found = Vec::new();
        let message = parts[0]["$ref"].as_str().unwrap();
        api().fits(message, &parts[0], &media["example"], &mut found);
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", kind.name)));
        assert_eq!(media["example"]["type"], kind.name);
        assert_eq!(media["example"]["data"]["resource_type"], kind.resource.name);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn webhooks_are_in_the_documents_that_can_hold_them() {
    let contract = &api().document;
    let plain = document::without_webhooks(contract);
    assert!(plain.get("webhooks").is_none());
    let text = plain["components"].to_string();
    for own in ["EventAbout", "WebhookAbout", "WebhookSignature", "WebhookTaken"] {
        assert!(!text.contains(own), "{own}");
    }
    let old = document::openapi_3_0(contract);
    assert_eq!(
        old["x-webhooks"].as_object().unwrap().len(),
        contract["webhooks"].as_object().unwrap().len()
    );
    assert_eq!(
        old["components"]["schemas"]["EventAboutDeal"]["properties"]["resource_type"]["enum"],
        json!(["deal"])
    );
}

#[test]
fn a_module_that_is_off_has_no_webhooks() {
    let modules = Modules::without(&["deals", "conflict_cases", "reports"]).unwrap();
    let contract = app::document_of(modules).unwrap();
    assert!(contract["webhooks"].get("deal.approved").is_none());
    assert!(contract["webhooks"].get("partner.updated").is_some());
    assert!(contract["components"]["schemas"].get("EventAboutDeal").is_none());
}
