//! How soon a webhook is out, and how fast a backlog goes through a receiver that fails now and then, with the server killed
//! meanwhile.
//!
//! `./scripts/bench --bench webhooks` runs it, on SQLite and on PostgreSQL with durable settings, against the program itself.
//!
//! First one record after the other is written over the API, and the time is taken from the answer to the arrival at the
//! receiver. The bar is one second (p99). Then a backlog of events is delivered while the receiver answers every third call
//! with 503, failures are tried again after a second, and the program is killed (SIGKILL) at even intervals. Every event must
//! arrive, and those of one record in their order; what arrives twice is what was under way at a kill.
//!
//! `OPENPRM_BENCH_WEBHOOKS` (20,000) sets the number of events, `OPENPRM_BENCH_RECORDS` (1,000) of how many records they are,
//! `OPENPRM_BENCH_KILLS` (2) how often the program is killed. The bar is 100,000 events with six kills.
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

mod server;
mod store;
#[path = "store/times.rs"]
mod times;

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use openprm::db::Engine;
use serde_json::{Value, json};
use server::{Link, Server};
use store::{Store, database, engines, run, setting};
use times::percentile;

/// Serves that database: the receiver is on this machine, and what failed is tried again after a second.
fn start(url: &str) -> Server {
    let schedule = format!("0{}", ",1".repeat(49));
    Server::start(
        url,
        &[
            ("OPENPRM_WEBHOOK_ALLOW_HTTP", "on"),
            ("OPENPRM_WEBHOOK_ALLOW_PRIVATE", "127.0.0.1"),
            ("OPENPRM_WEBHOOK_TIMEOUT_SECONDS", "2"),
            ("OPENPRM_WEBHOOK_SCHEDULE", &schedule),
        ],
    )
}

/// What came in.
#[derive(Default)]
struct Book {
    calls: u64,
    fails: bool,
    /// By record: the last number that was taken.
    last: HashMap<String, i64>,
    /// How often each number was taken.
    taken: HashMap<i64, u32>,
    inversions: u64,
    /// When a record's first message came, by its code.
    came: HashMap<String, Instant>,
}

impl Book {
    /// Notes a message; whether it is taken.
    fn note(&mut self, body: &[u8]) -> bool {
        let at = Instant::now();
        self.calls += 1;
        if self.fails && self.calls.is_multiple_of(3) {
            return false;
        }
        let body: Value = serde_json::from_slice(body).unwrap();
        let (record, number) = (
            body["data"]["resource_id"].as_str().unwrap().to_owned(),
            body["sequence"].as_i64().unwrap(),
        );
        if let Some(code) = body["data"]["data"]["code"].as_str() {
            self.came.entry(code.to_owned()).or_insert(at);
        }
        let last = self.last.entry(record).or_insert(0);
        self.inversions += u64::from(number < *last);
        *last = number.max(*last);
        *self.taken.entry(number).or_default() += 1;
        true
    }
}

fn receiver(book: &Arc<Mutex<Book>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let book = book.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = book.clone();
            std::thread::spawn(move || serve(stream, &book));
        }
    });
    port
}

fn serve(stream: TcpStream, book: &Mutex<Book>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut writing = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let taken = book.lock().unwrap().note(&body);
        let status = if taken { "204 No Content" } else { "503 Busy" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        writing.write_all(answer.as_bytes()).ok()?;
    }
}

fn latency(link: &mut Link, book: &Mutex<Book>) {
    let mut took = Vec::new();
    for number in 0..200 {
        let code = format!("W{number}");
        let body = json!({"code": code, "name": "Measured", "kind": "custom"});
        let (status, _, answer) = link.call("POST", "/v1/territories", "", &body);
        assert_eq!(status, 201, "{answer}");
        let done = Instant::now();
        let came = loop {
            if let Some(came) = book.lock().unwrap().came.get(&code) {
                break *came;
            }
            assert!(done.elapsed() < Duration::from_secs(10), "it never came");
            std::thread::sleep(Duration::from_millis(1));
        };
        took.push(came.saturating_duration_since(done));
        std::thread::sleep(Duration::from_millis(number % 37));
    }
    took.sort_unstable();
    println!(
        "  one at a time: out after {:.0} ms (median), {:.0} ms (p99), {:.0} ms (longest)",
        percentile(&took, 50),
        percentile(&took, 99),
        percentile(&took, 100)
    );
}

fn measure(engine: Engine) {
    let (events, records, kills) = (
        setting("OPENPRM_BENCH_WEBHOOKS", 20_000),
        setting("OPENPRM_BENCH_RECORDS", 1_000),
        setting("OPENPRM_BENCH_KILLS", 2),
    );
    println!("\nWebhooks on {engine:?}:");
    let store = database(engine);
    let book: Arc<Mutex<Book>> = Arc::default();
    let url = format!("http://127.0.0.1:{}/", receiver(&book));
    let mut server = start(&store.url);
    let mut link = Link::new(server.port, &server.sign_in());
    let endpoint = json!({"url": url, "event_types": ["territory.*"]});
    let (status, _, made) = link.call("POST", "/v1/webhook-endpoints", "", &endpoint);
    assert_eq!(status, 201, "{made}");
    latency(&mut link, &book);
    let before = book.lock().unwrap().taken.len();
    drop(server);
    {
        let mut book = book.lock().unwrap();
        (book.fails, book.calls) = (true, 0);
    }
    fill(&store, engine, events, records);
    let begun = Instant::now();
    server = start(&store.url);
    let mut killed = 0;
    loop {
        let came = book.lock().unwrap().taken.len() - before;
        if came as u64 >= events {
            break;
        }
        if killed < kills && came as u64 >= events * (killed + 1) / (kills + 1) {
            killed += 1;
            drop(server);
            server = start(&store.url);
        }
        assert!(begun.elapsed() < Duration::from_secs(3600), "{came} of {events} came");
        std::thread::sleep(Duration::from_millis(10));
    }
    let took = begun.elapsed().as_secs_f64();
    let book = book.lock().unwrap();
    let twice = book.taken.values().filter(|times| **times > 1).count();
    println!(
        "  {events} events of {records} records, every third call failing, {killed} kills: {took:.1} s, {:.0} events/s, {:.0} calls/s; {} out of order, {twice} twice",
        events as f64 / took,
        book.calls as f64 / took,
        book.inversions
    );
    drop(book);
    drop(server);
}

/// Writes events as the program writes them, but many at once.
fn fill(store: &Store, engine: Engine, events: u64, records: u64) {
    let (number, length) = match engine {
        Engine::Sqlite => (
            "printf('%026d', i)".to_owned(),
            format!("printf('%026d', i % {records})"),
        ),
        Engine::Postgres => (
            "lpad(i::text, 26, '0')".to_owned(),
            format!("lpad((i % {records})::text, 26, '0')"),
        ),
    };
    run(
        store,
        &format!(
            "INSERT INTO events (id, event_type, resource_type, resource_id, revision, occurred_at, actor_type, actor_id, origin, changed_fields, data, audience, deleted, salt) \
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {events}) \
             SELECT 'evt_' || {number}, 'territory.updated', 'territory', 'territory_' || {length}, i, 1790000000000000 + i, 'system', 'system:bench', 'bench', '[\"name\"]', \
             '{{\"name\": \"{}\"}}', '[]', FALSE, 'salt' FROM n",
            "x".repeat(600)
        ),
    );
    if engine == Engine::Sqlite {
        run(store, "UPDATE events SET position = seq WHERE position IS NULL");
    }
}

fn main() {
    for engine in engines() {
        measure(engine);
    }
}
