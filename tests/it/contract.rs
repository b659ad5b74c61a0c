//! The contract: what is committed is what the code publishes.

use std::{future::ready, path::Path};

use actix_http::encoding::Decoder;
use actix_web::{
    body::{self, BodySize, BodyStream, MessageBody as _},
    error::PayloadError,
    http::{Method, header::ContentEncoding},
    web::Bytes,
};
use futures_util::stream;
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

/// What was compressed.
async fn unpacked(bytes: Bytes, coding: ContentEncoding) -> Value {
    let pieces = stream::once(ready(Ok::<_, PayloadError>(bytes)));
    let plain = body::to_bytes(BodyStream::new(Decoder::new(pieces, coding))).await;
    serde_json::from_slice(&plain.unwrap()).unwrap()
}

#[actix_web::test]
async fn a_document_is_compressed_once_and_not_sent_to_who_has_it() {
    let world = World::sqlite().await;
    let reader = world.stranger();
    let plain = document::without_webhooks(&api().document);
    for (asked, coding) in [
        ("br, gzip", ContentEncoding::Brotli),
        ("deflate;q=0.5, gzip", ContentEncoding::Gzip),
        ("identity", ContentEncoding::Identity),
        ("", ContentEncoding::Identity),
    ] {
        let mut tags = Vec::new();
        for _made_then_kept in 0..2 {
            let ask = [("accept-encoding", asked)];
            let answer = reader.open("/openapi-no-webhooks.json", &ask).await;
            let headers = answer.headers();
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let named = (coding != ContentEncoding::Identity).then(|| coding.as_str().to_owned());
            assert_eq!((answer.status().as_u16(), header("content-encoding")), (200, named));
            assert_eq!(header("content-type").unwrap(), "application/json");
            assert_eq!(header("cache-control").unwrap(), "no-cache");
            let vary: Vec<&str> = headers.get_all("vary").map(|line| line.to_str().unwrap()).collect();
            assert_eq!(vary.join(", ").matches("Accept-Encoding").count(), 1, "{vary:?}");
            tags.push(header("etag").unwrap());
            // A body that was compressed on its way out would not know its length.
            assert!(matches!(answer.response().body().size(), BodySize::Sized(_)), "{asked}");
            let bytes = body::to_bytes(answer.into_body()).await.unwrap();
            assert!(unpacked(bytes, coding).await == plain, "{asked}");
        }
        let tag = &tags[0];
        assert_eq!(tag, &tags[1]);
        let among_others = format!("\"other\", {tag}");
        for (held, status) in [
            (tag.as_str(), 304),
            (tag.trim_start_matches("W/"), 304),
            ("*", 304),
            (among_others.as_str(), 304),
            ("\"other\"", 200),
        ] {
            let ask = [("accept-encoding", asked), ("if-none-match", held)];
            let answer = reader.open("/openapi-no-webhooks.json", &ask).await;
            assert_eq!(answer.status().as_u16(), status, "{held}");
            assert_eq!(answer.headers().get("etag").unwrap().to_str().unwrap(), tag);
            let bytes = body::to_bytes(answer.into_body()).await.unwrap();
            assert_eq!(bytes.is_empty(), status == 304, "{held}");
        }
    }
}

#[actix_web::test]
async fn documents_that_differ_have_tags_that_differ() {
    let world = World::sqlite().await;
    let mut tags = Vec::new();
    for path in ["/openapi.json", "/openapi-3.0.json", "/openapi-no-webhooks.json"] {
        let served = world.stranger().probe(Method::GET, path, &[], None).await;
        tags.push(served.header("etag").unwrap().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3);
}

#[actix_web::test]
async fn swagger_ui_begins_in_our_way() {
    let world = World::sqlite().await;
    let page = async |path: &str| {
        let answer = world.stranger().open(path, &[]).await;
        let status = answer.status().as_u16();
        let bytes = body::to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    };
    let (status, html) = page("/docs/").await;
    assert!(status == 200 && html.contains("./swagger-initializer.js"), "{html}");
    let (status, script) = page("/docs/swagger-initializer.js").await;
    assert!(status == 200 && script.contains("url: \"/openapi.json\""), "{script}");
    // The place in Swagger UI that our plugin takes: a version without it would be slow, and say nothing.
    assert!(script.contains("this.fn.resolveSubtree = "), "{script}");
    let (status, bundle) = page("/docs/swagger-ui-bundle.js").await;
    assert!(status == 200 && bundle.contains("resolveSubtree:async"));
    assert_eq!(page("/docs").await.0, 308);
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
