//! How many registrations a second come in by `POST /v1/deals/batch`, and what others notice of it meanwhile.
//!
//! `./scripts/bench --bench batch` runs it, on SQLite and on PostgreSQL with durable settings, against the program itself, with
//! 100,000 customers in the database. Two clients send batches of 1,000 one after the other: new drafts, the same again, a change
//! that leaves customer and scope as they are, and drafts that are sent in at once, which takes the full conflict check. The bars
//! are 2,000 a second for the first three and 300 a second for the last. Beside each a person changes a record and reads one
//! over and over; how long that takes (p99) shows whether others are starved.
//!
//! The references of the same run: rows of `deals` alone written raw, 50 in a transaction, in one thread, which is the least that
//! a draft can cost; and the same drafts put one by one over two connections, which is what a batch saves.
//!
//! `OPENPRM_BENCH_ACCOUNTS` (100,000) sets the number of customers, `OPENPRM_BENCH_BATCHES` (10) how many batches each row has, the
//! last a fifth of them.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program that measures prints, and stops at the first surprise"
)]
#![expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "figures for people; benches read clock and environment"
)]

#[path = "store/customers.rs"]
mod customers;
mod server;
mod store;
#[path = "store/times.rs"]
mod times;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use customers::{catalog, customer, dice, fill, id};
use diesel::{QueryDsl as _, RunQueryDsl as _};
use openprm::{
    auth::Caller,
    db::Engine,
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
    schema::users,
};
use serde_json::{Value, json};
use server::{Link, Server};
use store::{Store, database, engines, run, setting};
use times::percentile;

const SIZE: u64 = 1000;
const CLIENTS: u64 = 2;
/// So many registrations of one partner are open at most.
const OF_PARTNER: u64 = 10;

/// A territory, a product, and partners that may sell it there.
fn ground(store: &Store, count: u64) {
    catalog(store);
    // The program makes its administrator while there are no users; all partners are in that one's charge.
    drop(Server::start(&store.url, &[]));
    let manager: UserId = store
        .db
        .ask_now(&Caller::system("bench"), |tx| {
            Ok(users::table.select(users::id).first(tx.conn())?)
        })
        .unwrap();
    let since: Time = "2026-01-01T00:00:00Z".parse().unwrap();
    for number in 0..count {
        let profile: NewPartner = serde_json::from_value(
            json!({"legal_name": format!("Partner {number}"), "default_currency": "EUR", "time_zone": "UTC"}),
        )
        .unwrap();
        let partner: PartnerId = id("partner", number).parse().unwrap();
        store
            .db
            .run_now(&Caller::system("bench"), move |tx| {
                let imported = ImportedPartner {
                    id: partner,
                    status: PartnerStatus::Active,
                    since,
                    account_manager: Some(manager),
                    legacy: false,
                    profile: profile.clone(),
                };
                partners::insert_imported(tx, &imported).map(drop)
            })
            .unwrap();
        run(
            store,
            &format!(
                "INSERT INTO product_authorisations (id, partner_id, product_id, territory_id, starts_on, granted_by, revision, created_at, updated_at) \
                 VALUES ('{}', '{partner}', 'product_00000000000000000000000000', 'territory_00000000000000000000000000', '2026-01-01', 'bench', 1, 1, 1)",
                id("pauth", number)
            ),
        );
    }
}

/// What is sent of the registration of that number.
fn deal(number: u64, accounts: u64) -> Value {
    let known = customer(dice(number, 77) % accounts.max(1));
    json!({
        "partner_id": id("partner", number / OF_PARTNER),
        "title": format!("Deal number {number}"),
        "customer": {"name": format!("{} {}", known.stem, known.form), "website": format!("https://www.{}", known.domain), "country": known.country},
        "territory": "T0",
        "lines": [{"product": "P0", "quantity": 10}],
        "amount": {"amount": "48000.00", "currency": "EUR"},
        "expected_close_on": "2027-03-31"
    })
}

fn item(number: u64, data: Value) -> Value {
    json!({"op": "upsert", "external_ref": {"system": "crm", "id": format!("006-{number}")}, "data": data})
}

/// A person who works meanwhile: changes a record and reads one, until told to stop. How long each took.
fn person(port: u16, token: &str, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<(Vec<Duration>, Vec<Duration>)> {
    let (token, stop) = (token.to_owned(), Arc::clone(stop));
    std::thread::spawn(move || {
        let mut link = Link::new(port, &token);
        let territory = "/v1/territories/territory_00000000000000000000000000";
        let (mut writes, mut reads) = (Vec::new(), Vec::new());
        let mut number = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let (status, tag, body) = link.call("GET", territory, "", &Value::Null);
            reads.push(begun.elapsed());
            assert_eq!(status, 200, "{body}");
            number += 1;
            let begun = Instant::now();
            let change = json!({"name": format!("T {number}")});
            let (status, _, body) = link.call("PATCH", territory, &format!("if-match: {tag}\r\n"), &change);
            writes.push(begun.elapsed());
            assert_eq!(status, 200, "{body}");
            std::thread::sleep(Duration::from_millis(5));
        }
        (writes, reads)
    })
}

fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort();
    percentile(&times, 99)
}

fn row(what: &str, count: u64, took: Duration, bar: &str, others: Option<(f64, f64)>) {
    let others = others.map_or_else(String::new, |(write, read)| format!("{write:>14.1} {read:>13.1}"));
    println!(
        "  {what:<44} {:>10.0} {bar:>8} {others}",
        count as f64 / took.as_secs_f64()
    );
}

/// Sends batches by several clients at once.
fn send(server: &Server, token: &str, what: &str, bar: &str, batches: Vec<Value>) {
    let count = batches
        .iter()
        .map(|batch| batch["items"].as_array().unwrap().len() as u64)
        .sum();
    let stop = Arc::new(AtomicBool::new(false));
    let person = person(server.port, token, &stop);
    let waiting = Arc::new(Mutex::new(batches));
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (waiting, mut link) = (Arc::clone(&waiting), Link::new(server.port, token));
            std::thread::spawn(move || {
                loop {
                    let Some(batch) = waiting.lock().unwrap().pop() else {
                        break;
                    };
                    let (status, _, body) = link.call("POST", "/v1/deals/batch", "", &batch);
                    let failed = body["items"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .find(|item| !item["problem"].is_null());
                    assert_eq!(status, 200, "{failed:?}");
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let took = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    let (writes, reads) = person.join().unwrap();
    row(what, count, took, bar, Some((p99(writes), p99(reads))));
}

fn batches(numbers: std::ops::Range<u64>, item: impl Fn(u64) -> Value) -> Vec<Value> {
    let mut all = Vec::new();
    let mut from = numbers.start;
    while from < numbers.end {
        let to = (from + SIZE).min(numbers.end);
        all.push(json!({"items": (from..to).map(&item).collect::<Vec<_>>()}));
        from = to;
    }
    all
}

/// Rows of `deals` alone, 50 in a transaction.
fn raw(store: &Store, count: u64) {
    let begun = Instant::now();
    for part in 0..count / 50 {
        store
            .db
            .run_now(&Caller::system("bench"), move |tx| {
                for number in part * 50..part * 50 + 50 {
                    let sql = format!(
                        "INSERT INTO deals (id, number, partner_id, title, title_key, deal_type, source, territory_id, review_status, stage, last_activity_at, legacy, custom, revision, created_at, updated_at) \
                         VALUES ('{}', 'RAW-{number}', '{}', 'Deal', 'deal', 'net_new', 'partner_sourced', 'territory_00000000000000000000000000', 'draft', 'prospect', 1, FALSE, '{{}}', 1, 1, 1)",
                        id("deal", number),
                        id("partner", number / OF_PARTNER)
                    );
                    diesel::sql_query(sql).execute(tx.conn())?;
                }
                Ok(())
            })
            .unwrap();
    }
    row("raw rows of deals, one thread", count, begun.elapsed(), "", None);
}

/// The same drafts one by one.
fn singly(server: &Server, token: &str, numbers: std::ops::Range<u64>, accounts: u64) {
    let (next, end) = (Arc::new(AtomicU64::new(numbers.start)), numbers.end);
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (next, mut link) = (Arc::clone(&next), Link::new(server.port, token));
            std::thread::spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    let path = format!("/v1/deals/by-external-id/crm/006-{number}");
                    let (status, _, body) = link.call("PUT", &path, "", &deal(number, accounts));
                    assert_eq!(status, 201, "{body}");
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    row(
        "new drafts, put one by one",
        numbers.end - numbers.start,
        begun.elapsed(),
        "",
        None,
    );
}

fn measure(engine: Engine) {
    let accounts = setting("OPENPRM_BENCH_ACCOUNTS", 100_000);
    let count = setting("OPENPRM_BENCH_BATCHES", 10) * SIZE;
    let (single, checked) = (SIZE.min(count), (count / 5).max(SIZE));
    let store = database(engine);
    let begun = Instant::now();
    ground(&store, (count + single + checked) / OF_PARTNER + 1);
    fill(&store, 0..accounts);
    // Of what holds rows alone, as PostgreSQL does by itself: a table that is analysed while it is empty is read from end to end
    // until it is analysed again.
    let filled = match engine {
        Engine::Sqlite => "ANALYZE",
        Engine::Postgres => "ANALYZE customer_accounts, account_keys, partners, product_authorisations",
    };
    run(&store, filled);
    println!(
        "\n{engine:?}: {accounts} customers, filled in {:.1} s; {CLIENTS} clients\n  {:<44} {:>10} {:>8} {:>14} {:>13}",
        begun.elapsed().as_secs_f64(),
        "",
        "a second",
        "bar",
        "a write, p99",
        "a read, p99 ms"
    );
    raw(&store, SIZE);
    let server = Server::start(&store.url, &[]);
    let token = server.sign_in();
    singly(&server, &token, 0..single, accounts);
    let drafts = single..single + count;
    send(
        &server,
        &token,
        "new drafts",
        "2000",
        batches(drafts.clone(), |n| item(n, deal(n, accounts))),
    );
    send(
        &server,
        &token,
        "the same again",
        "2000",
        batches(drafts.clone(), |n| item(n, deal(n, accounts))),
    );
    let change = |n| {
        item(
            n,
            json!({"next_step": format!("Step {n}"), "amount": {"amount": "51000.00", "currency": "EUR"}}),
        )
    };
    send(
        &server,
        &token,
        "customer and scope unchanged",
        "2000",
        batches(drafts.clone(), change),
    );
    let sent_in = drafts.end..drafts.end + checked;
    let submit = |n| {
        let mut item = item(n, deal(n, accounts));
        item["submit"] = json!(true);
        item
    };
    send(
        &server,
        &token,
        "new and sent in, with the conflict check",
        "300",
        batches(sent_in, submit),
    );
}

fn main() {
    for engine in engines() {
        measure(engine);
    }
}
