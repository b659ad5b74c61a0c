//! Many records in one call, and upserts by ids of another system: verdicts, all or nothing, races, and what a CRM may say.

mod answers;
mod races;
mod revisions;
mod sending;
mod upserts;

use std::ops::Range;

use actix_web::http::Method;
use diesel::prelude::*;
use openprm::{
    error::Error,
    kernel::ids::PartnerId,
    schema::{deals, events},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, with},
    support::{Client, Response, World},
};

const DEALS: &str = "/v1/deals/batch";
const ACCOUNTS: &str = "/v1/customer-accounts/batch";

/// The CRM, which reads and writes registrations.
fn machine(world: &World) -> Client<'_> {
    world.machine(&["deals:read", "deals:write"])
}

/// Partners of these names in a small program, and the CRM that brings their registrations.
async fn partners_and_crm<'w, const N: usize>(world: &'w World, names: [&str; N]) -> ([PartnerId; N], Client<'w>) {
    let program = Program::new(world).await;
    (names.map(|name| program.partner(name)), machine(world))
}

fn upsert(id: &str, data: Value) -> Value {
    json!({"op": "upsert", "ref": format!("row {id}"), "external_ref": {"system": "crm", "id": id}, "data": data})
}

/// An item that is sent in as well.
fn sent_in(id: &str, data: Value) -> Value {
    let mut item = upsert(id, data);
    item["submit"] = json!(true);
    item
}

/// An item in a revision of theirs.
fn revised(mut item: Value, revision: &str) -> Value {
    item["external_revision"] = json!(revision);
    item
}

/// An item for each of these numbers, with the number as its id.
fn many(numbers: Range<u32>, data: impl Fn(u32) -> Value) -> Vec<Value> {
    numbers
        .map(|number| upsert(&number.to_string(), data(number)))
        .collect()
}

fn of(deal: &str) -> String {
    format!("/v1/deals/by-external-id/crm/{deal}")
}

async fn batch(client: &Client<'_>, path: &str, items: Vec<Value>) -> Response {
    client.post(path, json!({"items": items})).await
}

/// Sends that body with that key, so that the call can be made again.
async fn keyed(client: &Client<'_>, path: &str, key: &str, body: &Value) -> Response {
    client
        .send(Method::POST, path, &[("idempotency-key", key)], Some(body))
        .await
}

/// A body of a registration for that partner.
fn deal(partner: &impl ToString, title: &str) -> Value {
    with(json!({"title": title, "partner_id": partner.to_string()}))
}

/// Names the system that the external ids are of, so that revisions can come from it.
async fn the_crm(ops: &Client<'_>) {
    let system = json!({"code": "crm", "name": "The CRM", "kind": "other"});
    ops.post("/v1/external-systems", system).await.expect(201);
}

fn statuses(result: &Value) -> Vec<i64> {
    let items = result["items"].as_array().unwrap();
    items.iter().map(|item| item["status"].as_i64().unwrap()).collect()
}

fn codes(result: &Value) -> Vec<&str> {
    let items = result["items"].as_array().unwrap();
    items
        .iter()
        .filter_map(|item| item["problem"]["code"].as_str())
        .collect()
}

fn pointer(result: &Value, index: usize) -> &str {
    result["items"][index]["problem"]["errors"][0]["pointer"]
        .as_str()
        .unwrap_or_default()
}

fn number_of_deals(world: &World) -> i64 {
    world.sql(|tx| deals::table.count().get_result(tx.conn()).map_err(Error::from))
}

fn events_of(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        events::table
            .filter(events::event_type.eq(kind))
            .count()
            .get_result(tx.conn())
            .map_err(Error::from)
    })
}
