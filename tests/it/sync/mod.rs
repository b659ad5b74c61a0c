//! Records in step with other systems: links, revisions of theirs, conflicts, field maps, first loads.

mod arrivals;
mod conflicts;
mod employments;
mod links;
mod maps;
mod reviews;

use actix_web::http::Method;
use openprm::app;
use serde_json::{Value, json};

use crate::support::{Client, Response, World};

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

async fn crm(ops: &Client<'_>) -> Value {
    ops.post(
        "/v1/external-systems",
        json!({"code": "crm", "name": "The CRM", "kind": "other"}),
    )
    .await
    .expect(201)
}

async fn account(ops: &Client<'_>, name: &str) -> Value {
    ops.post("/v1/customer-accounts", json!({"name": name}))
        .await
        .expect(201)
}

fn at(account: &Value) -> String {
    format!("/v1/customer-accounts/{}", id(account))
}

fn linking(system: &Value, account: &Value, external: &str) -> Value {
    json!({"system_id": system["id"], "resource_type": "customer_account", "resource_id": account["id"], "external_id": external})
}

async fn link(ops: &Client<'_>, system: &Value, account: &Value, external: &str) -> Value {
    ops.post("/v1/sync-links", linking(system, account, external))
        .await
        .expect(201)
}

async fn read(ops: &Client<'_>, link: &Value) -> Value {
    ops.get(&format!("/v1/sync-links/{}", id(link))).await.expect(200)
}

async fn act(ops: &Client<'_>, link: &Value, action: &str) -> Response {
    ops.post(&format!("/v1/sync-links/{}/{action}", id(link)), json!({}))
        .await
}

async fn report(ops: &Client<'_>, system: &Value, items: Value) -> Value {
    ops.post(
        "/v1/sync-links/report",
        json!({"system_id": system["id"], "items": items}),
    )
    .await
    .expect(200)
}

/// A change that comes from the CRM, in its revision.
async fn comes(ops: &Client<'_>, external: &str, revision: &str, body: Value) -> Response {
    let path = format!("/v1/customer-accounts/by-external-id/crm/{external}");
    ops.send(Method::PUT, &path, &[("external-revision", revision)], Some(&body))
        .await
}

/// The link of an id, as the list has it.
async fn found(ops: &Client<'_>, external: &str) -> Value {
    ops.get(&format!("/v1/sync-links?external_id={external}"))
        .await
        .expect(200)["data"][0]
        .clone()
}

async fn waiting(person: &Client<'_>, kind: &str) -> Vec<Value> {
    let items = person.get(&format!("/v1/work-items?kind={kind}")).await.expect(200);
    items["data"].as_array().unwrap().clone()
}

/// A request: method, address, headers and body.
pub type Sent = (Method, String, Vec<(&'static str, String)>, Value);

/// So many requests at once, each by a server of its own.
pub fn at_once(world: &World, token: &str, requests: Vec<Sent>) -> Vec<(u16, Value)> {
    let threads: Vec<_> = requests
        .into_iter()
        .map(|(method, path, headers, body)| {
            let (state, token) = (world.state.clone(), token.to_owned());
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    let service = actix_web::test::init_service(app::app(state)).await;
                    let mut request = actix_web::test::TestRequest::default()
                        .method(method)
                        .uri(&path)
                        .insert_header(("authorization", format!("Bearer {token}")))
                        .insert_header(("content-type", "application/json"))
                        .set_payload(body.to_string());
                    for (name, value) in headers {
                        request = request.insert_header((name, value));
                    }
                    let response = actix_web::test::call_service(&service, request.to_request()).await;
                    let status = response.status().as_u16();
                    let body = actix_web::test::read_body(response).await;
                    (status, serde_json::from_slice(&body).unwrap_or_default())
                })
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}
