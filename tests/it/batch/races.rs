//! Several who bring the same ids at one moment.

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
};

use actix_web::http::Method;
use openprm::{app, auth::Role};
use serde_json::{Value, json};

use super::{DEALS, batch, deal, events_of, many, number_of_deals, statuses};
use crate::{
    program::{Program, sound},
    support::{Client, World},
};

type Calls = Vec<(Method, &'static str, Value)>;

/// What each of several clients is answered: all make their first call at one moment, then their second.
fn at_once(world: &World, caller: &Client<'_>, clients: Vec<Calls>) -> Vec<Vec<(u16, Value)>> {
    let gate = Arc::new(Barrier::new(clients.len()));
    // Each client has a worker of its own, as several processes on one database would be.
    let threads: Vec<_> = clients
        .into_iter()
        .map(|calls| {
            let (state, token, gate) = (world.state.clone(), caller.token(), Arc::clone(&gate));
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    let service = actix_web::test::init_service(app::app(state)).await;
                    let mut answers = Vec::new();
                    for (method, path, body) in calls {
                        gate.wait();
                        let request = actix_web::test::TestRequest::default()
                            .method(method)
                            .uri(path)
                            .insert_header(("authorization", format!("Bearer {token}")))
                            .set_json(&body);
                        let response = actix_web::test::call_service(&service, request.to_request()).await;
                        let status = response.status().as_u16();
                        let body: Value = serde_json::from_slice(&actix_web::test::read_body(response).await).unwrap();
                        answers.push((status, body));
                    }
                    answers
                })
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

each_engine! {
    async fn of_twenty_who_put_one_new_id_at_once_one_makes_the_record(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let calls = [
            ("/v1/deals/by-external-id/crm/race", deal(&partner, "Raced")),
            ("/v1/customer-accounts/by-external-id/crm/race", json!({"name": "Raced"})),
            ("/v1/partners-by-external-id/crm/race", json!({"legal_name": "Raced", "default_currency": "EUR", "time_zone": "UTC"})),
            ("/v1/people/by-external-id/crm/race", json!({"name": "Raced", "employment": {"partner_id": partner.to_string()}})),
        ];
        // Each says something of its own, so that none is a mere repetition.
        let said_by = |number: u32, path: &str, body: &Value| {
            let (field, said) = match path.split('/').nth(2).unwrap() {
                "deals" => ("next_step", format!("Step {number}")),
                "partners-by-external-id" => ("website", format!("https://www{number}.raced.example")),
                "people" => ("phone", format!("+4930123456{number:02}")),
                _ => ("industry", format!("Industry {number}")),
            };
            let mut body = body.clone();
            body[field] = json!(said);
            body
        };
        let clients: Vec<Calls> = (0..20)
            .map(|number| calls.iter().map(|(path, body)| (Method::PUT, *path, said_by(number, path, body))).collect())
            .collect();
        let answers = at_once(&world, &ops, clients);
        for (index, (path, _)) in calls.iter().enumerate() {
            let of_one: Vec<&(u16, Value)> = answers.iter().map(|answers| &answers[index]).collect();
            let made = of_one.iter().filter(|(status, _)| *status == 201).count();
            assert!(made == 1 && of_one.iter().all(|(status, _)| matches!(status, 200 | 201)), "{path}: {of_one:?}");
            let ids: BTreeSet<&str> = of_one.iter().map(|(_, body)| body["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), 1, "{path}");
            let revisions: BTreeSet<i64> = of_one.iter().map(|(_, body)| body["revision"].as_i64().unwrap()).collect();
            assert_eq!(revisions.len(), 20, "{path}: every one was heard");
        }
        sound(&world);
    }

    async fn four_batches_of_the_same_ids_make_each_record_once(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let items = many(0..60, |_| deal(&partner, "Raced"));
        let clients: Vec<Calls> = (0..4)
            .map(|number| {
                let mut items = items.clone();
                // Two go the other way, so that they meet crosswise.
                if number % 2 == 1 {
                    items.reverse();
                }
                vec![(Method::POST, DEALS, json!({"items": items}))]
            })
            .collect();
        let results: Vec<Value> = at_once(&world, &ops, clients).into_iter().flatten().map(|(_, body)| body).collect();
        let all: Vec<i64> = results.iter().filter(|result| result["items"].is_array()).flat_map(statuses).collect();
        // Whoever waited crosswise too often is told to come back, and has made nothing.
        assert!(all.iter().all(|status| matches!(status, 200 | 201 | 503)), "{results:?}");
        let made = i64::try_from(all.iter().filter(|status| **status == 201).count()).unwrap();
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (made, made));
        batch(&ops, DEALS, items).await.expect(200);
        assert_eq!((number_of_deals(&world), events_of(&world, "deal.created")), (60, 60));
    }
}
