//! What a request costs: CPU of the server and of the database, beside the cost of the same rows read raw.
//!
//! `./scripts/bench --bench http` runs it. The server runs in this process on the loopback, as in production; a few
//! keep-alive clients with a real access token load it. CPU is counted by thread, so the clients' own is left out, and
//! neighbours on the machine disturb it little. The raw read is the row of `deals` alone by a cached prepared statement
//! and its JSON, in one thread; with a signed-in request that the gate answers without the database it is the least that
//! an answer can cost: the limit. A ratio of 0.45 on SQLite and 0.6 on PostgreSQL is what we mean to reach.
//!
//! `OPENPRM_BENCH_ROWS` (100,000) sets the number of deals, `OPENPRM_BENCH_SECONDS` (3) how long each row is measured.
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

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

#[path = "store/deals.rs"]
mod deals;
mod store;
#[path = "store/times.rs"]
mod times;

use actix_web::HttpServer;
use deals::fill;
use diesel::prelude::*;
use openprm::{
    app::{self, Contract},
    auth::{Actor, Caller, Facts, MasterSecret, Request, Roles, Rows, Side},
    config::Config,
    db::{Clock as _, Engine, SystemClock},
    error::{Error, Result},
    identity::{
        self, Access, Identity, NewUser,
        users::{RowScope, VendorRole},
    },
    kernel::ids::{Id as _, PartnerId, UserId},
    schema,
    usage::{Recorder, UseKind},
};
use serde::Serialize;
use store::{Store, database, engines, setting};
use times::percentile;

const CLIENTS: usize = 4;

/// An id whose number is written in digits, which all are letters of the ids' alphabet.
fn id(kind: &str, number: u64) -> String {
    format!("{kind}_0{number:025}")
}

/// Serves on a free port, in threads of its own, until the process ends; the token of who signed in there.
fn serve(store: &Store, contract: &Arc<Contract>) -> (u16, String) {
    let url = store.url.clone();
    let config = Config::read(move |name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "OPENPRM_SECRET" => Some("a secret for benchmarks that is long enough".to_owned()),
        "OPENPRM_RATE_LIMIT" => Some("0".to_owned()),
        "OPENPRM_ACCESS_TOKEN_SECONDS" => Some("3600".to_owned()),
        _ => None,
    })
    .unwrap();
    let password = identity::made_up_password();
    let new = NewUser {
        id: None,
        email: "bench@example.com".to_owned(),
        name: "Bench".to_owned(),
        password_hash: Some(identity::hash_password(&password).unwrap()),
        access: Access::Vendor {
            roles: vec![VendorRole::ChannelOps],
            row_scope: RowScope::All,
            team: None,
            territories: Vec::new(),
        },
    };
    store
        .db
        .run_now(&Caller::system("bench"), move |tx| identity::create_user(tx, &new))
        .unwrap();
    let secret = MasterSecret::load(&config).unwrap();
    let identity = Identity::open(&store.db, &config, &secret).unwrap();
    let state = app::state(
        contract.clone(),
        Arc::new(config),
        store.db.clone(),
        secret.signer(),
        identity.clone(),
        Arc::new(identity),
    )
    .unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || app::app(state.clone()))
                .workers(2)
                .worker_max_blocking_threads(4)
                .bind("127.0.0.1:0")
                .unwrap();
            sender.send(server.addrs()[0].port()).unwrap();
            server.run().await.unwrap();
        });
    });
    let port = receiver.recv().unwrap();
    let body = serde_json::json!({"email": "bench@example.com", "password": password}).to_string();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.try_clone().unwrap().write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let status = answer(&mut BufReader::new(stream), &mut bytes);
    assert!(status < 300, "{}", String::from_utf8_lossy(&bytes));
    let session: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    (port, session["access_token"].as_str().unwrap().to_owned())
}

/// CPU of this process's threads but for the clients', in nanoseconds, by thread.
fn threads() -> BTreeMap<String, u64> {
    let tasks = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| Some(task.ok()?.path()));
    tasks
        .filter_map(|task| {
            let name = std::fs::read_to_string(task.join("comm")).ok()?;
            (!name.starts_with("load-")).then_some(())?;
            Some((task.display().to_string(), on_cpu(&task.join("schedstat"))?))
        })
        .collect()
}

fn on_cpu(file: &std::path::Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.split(' ').next()?.parse().ok()
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pid: i32,
}

/// CPU of the database's own processes for our database, if this machine shows them.
fn backends(store: &Store) -> BTreeMap<String, u64> {
    if store.db.engine() == Engine::Sqlite {
        return BTreeMap::new();
    }
    let mut connection = diesel::PgConnection::establish(&store.url).unwrap();
    let pids: Vec<Pid> = diesel::sql_query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .load(&mut connection)
    .unwrap();
    pids.iter()
        .filter_map(|pid| {
            Some((
                pid.pid.to_string(),
                on_cpu(&std::path::PathBuf::from(format!("/proc/{}/schedstat", pid.pid)))?,
            ))
        })
        .collect()
}

fn spent(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> f64 {
    after
        .iter()
        .map(|(name, now)| now.saturating_sub(before.get(name).copied().unwrap_or(0)))
        .sum::<u64>() as f64
}

/// What one workload cost.
struct Cost {
    per_second: f64,
    server_us: f64,
    database_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Sends what `ask` says on keep-alive connections, until the time is over.
fn load(
    store: &Store,
    port: u16,
    clients: usize,
    expected: u16,
    ask: impl Fn(u64) -> String + Send + Sync + 'static,
) -> Cost {
    let seconds = setting("OPENPRM_BENCH_SECONDS", 3);
    let ask = Arc::new(ask);
    let next = Arc::new(AtomicU64::new(0));
    let (warm, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let threads_: Vec<_> = (0..clients)
        .map(|client| {
            let (ask, next, warm, stop) = (ask.clone(), next.clone(), warm.clone(), stop.clone());
            std::thread::Builder::new()
                .name(format!("load-{client}"))
                .spawn(move || {
                    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut writer = stream.try_clone().unwrap();
                    let mut reader = BufReader::new(stream);
                    let mut times = Vec::new();
                    let mut bytes = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let text = ask(next.fetch_add(1, Ordering::Relaxed));
                        let begun = Instant::now();
                        writer.write_all(text.as_bytes()).unwrap();
                        let status = answer(&mut reader, &mut bytes);
                        assert_eq!(status, expected, "{text}\n{}", String::from_utf8_lossy(&bytes));
                        if !warm.load(Ordering::Relaxed) {
                            times.push(begun.elapsed());
                        }
                    }
                    times
                })
                .unwrap()
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let before = (threads(), backends(store));
    warm.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(seconds));
    let took = begun.elapsed();
    let after = (threads(), backends(store));
    stop.store(true, Ordering::Relaxed);
    let mut times: Vec<Duration> = threads_.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    times.sort();
    let count = times.len().max(1) as f64;
    Cost {
        per_second: count / took.as_secs_f64(),
        server_us: spent(&before.0, &after.0) / count / 1000.0,
        database_us: spent(&before.1, &after.1) / count / 1000.0,
        p50_ms: percentile(&times, 50),
        p99_ms: percentile(&times, 99),
    }
}

fn answer(reader: &mut BufReader<TcpStream>, bytes: &mut Vec<u8>) -> u16 {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    bytes.resize(length, 0);
    reader.read_exact(bytes).unwrap();
    status
}

fn get(token: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// A deal as the raw read takes it: every column, as text and numbers.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = schema::deals)]
struct Raw {
    id: String,
    number: String,
    partner_id: String,
    distributor_id: Option<String>,
    submitter_id: Option<String>,
    title: String,
    deal_type: String,
    source: String,
    territory_id: Option<String>,
    customer_account_id: Option<String>,
    amount_minor: Option<i64>,
    amount_currency: Option<String>,
    expected_close_on: Option<String>,
    review_status: String,
    stage: String,
    received_at: Option<i64>,
    seq: Option<i64>,
    last_activity_at: i64,
    legacy: bool,
    custom: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

/// CPU of this thread and of the database for one raw read and its JSON, in microseconds.
fn raw(store: &Store, mut read: impl FnMut(&mut openprm::db::Tx<'_>, u64) -> Result<usize>) -> f64 {
    let file = std::path::Path::new("/proc/thread-self/schedstat");
    store
        .db
        .ask_now(&Caller::system("bench"), |tx| {
            let mut bytes = 0;
            for number in 0..200 {
                bytes += read(tx, number)?;
            }
            let before = (on_cpu(file).unwrap(), backends(store));
            let begun = Instant::now();
            let mut count = 0_u64;
            while begun.elapsed() < Duration::from_secs(1) {
                for _ in 0..20 {
                    bytes += read(tx, count)?;
                    count += 1;
                }
            }
            let after = (on_cpu(file).unwrap(), backends(store));
            assert!(bytes > 0);
            Ok(((after.0 - before.0) as f64 + spent(&before.1, &after.1)) / count as f64 / 1000.0)
        })
        .unwrap()
}

/// Spreads consecutive numbers over the rows.
fn somewhere(number: u64, rows: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % rows
}

fn row(name: &str, cost: &Cost, limit: Option<f64>) {
    let total = cost.server_us + cost.database_us;
    let ratio = limit.map_or_else(|| "      -".to_owned(), |limit| format!("{:7.2}", limit / total));
    println!(
        "  {name:<34} {:>9.0} {:>9.0} {:>9.0} {:>9.2} {:>9.2} {:>9} {ratio}",
        cost.per_second,
        cost.server_us,
        cost.database_us,
        cost.p50_ms,
        cost.p99_ms,
        limit.map_or_else(|| "-".to_owned(), |limit| format!("{limit:.0}")),
    );
}

/// The cursor that many rows into the list.
fn deep(port: u16, token: &str, filter: &str, rows: u64) -> (String, u64) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    let (mut cursor, mut passed) = (String::new(), 0);
    while passed < rows {
        writer
            .write_all(get(token, &format!("/v1/deals?limit=200{filter}{cursor}")).as_bytes())
            .unwrap();
        assert_eq!(
            answer(&mut reader, &mut bytes),
            200,
            "{}",
            String::from_utf8_lossy(&bytes)
        );
        let page: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        passed += 200;
    }
    (cursor, passed)
}

fn measure(engine: Engine, contract: &Arc<Contract>) {
    let rows = setting("OPENPRM_BENCH_ROWS", 100_000);
    let store = database(engine);
    fill(&store, rows);
    let (port, token) = serve(&store, contract);
    let token: Arc<str> = token.into();
    let asking = |path: String| {
        let token = token.clone();
        move |_: u64| get(&token, &path)
    };
    println!(
        "  {:<34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "", "per s", "CPU µs", "db µs", "p50 ms", "p99 ms", "limit µs", "ratio"
    );

    let endpoint = load(&store, port, CLIENTS, 400, asking("/v1/deals?limit=0".to_owned()));
    row("signed in, answered by the gate", &endpoint, None);

    let raw_get = raw(&store, |tx, number| {
        let id = id("deal", somewhere(number, rows));
        let found: Raw = schema::deals::table
            .find(&id)
            .select(Raw::as_select())
            .first(tx.conn())?;
        serde_json::to_vec(&found)
            .map(|bytes| bytes.len())
            .map_err(Error::internal)
    });
    let bearer = token.clone();
    let cost = load(&store, port, CLIENTS, 200, move |number| {
        get(&bearer, &format!("/v1/deals/{}", id("deal", somewhere(number, rows))))
    });
    row("get a deal by id", &cost, Some(raw_get + endpoint.server_us));

    let raw_list = raw(&store, |tx, _| {
        use schema::deals::dsl as d;
        let found: Vec<Raw> = d::deals
            .filter(d::stage.eq("qualified"))
            .order((d::created_at.desc(), d::id.desc()))
            .limit(51)
            .select(Raw::as_select())
            .load(tx.conn())?;
        serde_json::to_vec(&found)
            .map(|bytes| bytes.len())
            .map_err(Error::internal)
    });
    let filter = "&stage=qualified&sort=-created_at";
    let first = load(
        &store,
        port,
        CLIENTS,
        200,
        asking(format!("/v1/deals?limit=50{filter}")),
    );
    row(
        "list 50, filtered, newest first",
        &first,
        Some(raw_list + endpoint.server_us),
    );

    let (cursor, passed) = deep(port, &token, filter, (rows / 2).min(50_000));
    let page = load(
        &store,
        port,
        CLIENTS,
        200,
        asking(format!("/v1/deals?limit=50{filter}{cursor}")),
    );
    row(&format!("the page after {passed} rows"), &page, None);
    println!(
        "    a deep page costs {:.2} of the first",
        (page.server_us + page.database_us) / (first.server_us + first.database_us)
    );

    let bearer = token.clone();
    let account = load(&store, port, CLIENTS, 200, move |number| {
        let partner = id("partner", number % (rows / 100).max(1));
        get(&bearer, &format!("/v1/deals?limit=50&partner_id={partner}"))
    });
    row("list 50 of one partner", &account, Some(raw_list + endpoint.server_us));

    for clients in [1, 16] {
        let run = format!("{engine:?}-{clients}-{}", store.db.now().micros());
        let bearer = token.clone();
        let cost = load(&store, port, clients, 201, move |number| {
            let partner = id("partner", number % (rows / 100).max(1));
            let body = serde_json::json!({
                "partner_id": partner, "title": format!("Firewalls for {number} branches"), "deal_type": "net_new", "source": "partner_sourced",
                "territory": format!("T{}", number % 20), "amount": {"amount": "12500.00", "currency": "EUR"}, "expected_close_on": "2027-03-31",
                "customer": {"name": format!("Customer {number} of {run}"), "country": "DE"}, "customer_consent": true,
                "lines": [{"product": "P1", "quantity": 40}],
            })
            .to_string();
            format!(
                "POST /v1/deals HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\nidempotency-key: {run}-{number}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        });
        row(&format!("write a registration, {clients} clients"), &cost, None);
    }
    println!(
        "  limit: the raw read and its JSON ({raw_get:.0} and {raw_list:.0} µs) and the endpoint without a database; ratio: limit / (CPU + db)"
    );
}

/// What counting one request of a partner's person adds to it.
fn counting() {
    const EACH: usize = 1_000_000;
    let callers: Vec<Caller> = (0..500)
        .map(|number| {
            let partner = PartnerId::example(number % 50);
            Caller::new(Facts {
                actor: Actor::User(UserId::example(number)),
                side: Side::Partner(partner),
                roles: Roles::NONE,
                scopes: None,
                must_enrol: false,
                rows: Rows::Partners(Arc::from([partner])),
                request: Request::internal("bench"),
            })
        })
        .collect();
    let recorder = Recorder::new(true);
    for threads in [1, 4] {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for caller in callers.iter().cycle().take(EACH) {
                        if let Some(used) = recorder.of(caller, "deals", || Some(UseKind::View)) {
                            recorder.count(used, SystemClock.now());
                        }
                    }
                });
            }
        });
        println!(
            "  a count of use, {threads} at once: {:.0} ns",
            begun.elapsed().as_nanos() as f64 / EACH as f64
        );
    }
}

fn main() {
    let engines = engines();
    if engines.is_empty() {
        return;
    }
    counting();
    let contract = Contract::build().unwrap();
    for engine in engines {
        measure(engine, &contract);
    }
}
