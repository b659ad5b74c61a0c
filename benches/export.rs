//! What an export of many deals costs: rows a second, and how much the server grows meanwhile.
//!
//! `./scripts/bench --bench export` runs it, on SQLite and on PostgreSQL, against the program itself. The bar is that an export of
//! a million deals lets the server grow by less than 64 MiB. What counts is memory of its own (`RssAnon`): SQLite maps its file
//! besides, up to 256 MiB for each connection, which are pages of the system's cache and go whenever they are wanted elsewhere.
//! The server is warm when it begins: it has answered pages of the list, in both engines' caches.
//!
//! `OPENPRM_BENCH_ROWS` (1,000,000) sets the number of deals.
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

#[path = "store/deals.rs"]
mod deals;
mod store;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use openprm::db::Engine;
use serde_json::{Value, json};
use store::{database, setting};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "nine lime tractors at dusk";

/// The program, killed when it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start(url: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_openprm"))
            .arg("serve")
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", url)
            .env("OPENPRM_BIND", format!("127.0.0.1:{port}"))
            .env("OPENPRM_SECRET", "a secret for benchmarks that is long enough")
            .env("OPENPRM_ADMIN_EMAIL", EMAIL)
            .env("OPENPRM_ADMIN_PASSWORD", PASSWORD)
            .env("OPENPRM_ACCESS_TOKEN_SECONDS", "3600")
            .env("OPENPRM_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err()
            || server.ask("GET", "/health/ready", "", "", "").0 != 200
        {
            assert!(begun.elapsed() < Duration::from_secs(60), "the program was not ready");
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// The status of an answer, its lines and its bytes.
    fn ask(&self, method: &str, path: &str, token: &str, accept: &str, body: &str) -> (u16, Counted) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let bearer = if token.is_empty() {
            String::new()
        } else {
            format!("authorization: Bearer {token}\r\n")
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept: {accept}\r\n{bearer}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = BufReader::with_capacity(1 << 16, stream);
        let (mut line, mut status, mut length) = (String::new(), 0, None);
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            if status == 0 {
                status = line
                    .split(' ')
                    .nth(1)
                    .and_then(|status| status.parse().ok())
                    .unwrap_or(1);
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().ok();
            }
        }
        let mut counted = Counted::default();
        match length {
            Some(length) => counted.take(&mut reader, length),
            None => loop {
                line.clear();
                reader.read_line(&mut line).expect("the size of a chunk");
                let size = usize::from_str_radix(line.trim(), 16).expect("a body that ends as it should");
                counted.take(&mut reader, size);
                reader.read_line(&mut line).unwrap();
                if size == 0 {
                    break;
                }
            },
        }
        (status, counted)
    }

    fn sign_in(&self) -> String {
        let login = json!({"email": EMAIL, "password": PASSWORD}).to_string();
        let (status, answer) = self.ask("POST", "/v1/auth/login", "", "application/json", &login);
        assert_eq!(status, 200);
        let session: Value = serde_json::from_slice(&answer.last).unwrap();
        session["access_token"].as_str().expect("a token").to_owned()
    }

    /// What it holds, in KiB: memory of its own, and all of it.
    fn memory(&self) -> (u64, u64) {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let of = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace()
                .nth(1)
                .and_then(|number| number.parse().ok())
                .unwrap_or(0)
        };
        (of("RssAnon:"), of("VmRSS:"))
    }
}

/// What came of a body.
#[derive(Default)]
struct Counted {
    lines: u64,
    bytes: u64,
    /// Its last piece.
    last: Vec<u8>,
}

impl Counted {
    fn take(&mut self, reader: &mut BufReader<TcpStream>, size: usize) {
        self.last.resize(size, 0);
        reader.read_exact(&mut self.last).unwrap();
        self.bytes += size as u64;
        self.lines += self.last.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
}

fn measure(engine: Engine) {
    let rows = setting("OPENPRM_BENCH_ROWS", 1_000_000);
    let store = database(engine);
    let server = Server::start(&store.url);
    deals::fill(&store, rows);
    let token = server.sign_in();
    for _ in 0..20 {
        assert_eq!(
            server
                .ask("GET", "/v1/deals?limit=200", &token, "application/json", "")
                .0,
            200
        );
    }
    for accept in ["application/x-ndjson", "text/csv"] {
        let before = server.memory();
        let done = Arc::new(AtomicBool::new(false));
        let (counted, took, most) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let mut most = (0, 0);
                while !done.load(Ordering::Relaxed) {
                    let now = server.memory();
                    most = (now.0.max(most.0), now.1.max(most.1));
                    sleep(Duration::from_millis(20));
                }
                most
            });
            let begun = Instant::now();
            let (status, counted) = server.ask("GET", "/v1/deals", &token, accept, "");
            let took = begun.elapsed().as_secs_f64();
            done.store(true, Ordering::Relaxed);
            assert_eq!(status, 200);
            (counted, took, watching.join().unwrap())
        });
        let head = u64::from(accept == "text/csv");
        assert_eq!(counted.lines - head, rows, "every deal once");
        let grown = |most: u64, before: u64| most.saturating_sub(before) as f64 / 1024.0;
        println!(
            "  {accept:<22} {rows} deals in {took:.1} s: {:.0} rows/s, {:.1} MB/s; the server grew by {:.1} MiB of its own ({:.1} MiB with mapped files)",
            rows as f64 / took,
            counted.bytes as f64 / took / 1e6,
            grown(most.0, before.0),
            grown(most.1, before.1)
        );
    }
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for engine in [Engine::Sqlite, Engine::Postgres] {
        println!("\nExports on {engine:?}:");
        measure(engine);
    }
}
