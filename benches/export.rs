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
mod server;
mod store;

use std::{
    io::{BufRead as _, Read as _},
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use openprm::db::Engine;
use serde_json::Value;
use server::{Link, Server};
use store::{database, engines, setting};

/// What the server holds, in KiB: memory of its own, and all of it.
fn memory(server: &Server) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    (of("RssAnon:"), of("VmRSS:"))
}

/// What came of an export.
#[derive(Default)]
struct Counted {
    lines: u64,
    bytes: u64,
}

/// Takes the list of deals in that form, chunk by chunk, and keeps nothing of it.
fn export(link: &mut Link, accept: &str) -> Counted {
    let head = link.send("GET", "/v1/deals", &format!("accept: {accept}\r\n"), &Value::Null);
    assert_eq!((head.status, head.length), (200, None), "a stream");
    let (mut counted, mut line, mut piece) = (Counted::default(), String::new(), Vec::new());
    loop {
        line.clear();
        link.reader.read_line(&mut line).expect("the size of a chunk");
        let size = usize::from_str_radix(line.trim(), 16).expect("a body that ends as it should");
        piece.resize(size, 0);
        link.reader.read_exact(&mut piece).unwrap();
        link.reader.read_line(&mut line).unwrap();
        if size == 0 {
            return counted;
        }
        counted.bytes += size as u64;
        counted.lines += piece.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
}

fn measure(engine: Engine) {
    let rows = setting("OPENPRM_BENCH_ROWS", 1_000_000);
    let store = database(engine);
    let server = Server::start(&store.url, &[]);
    deals::fill(&store, rows);
    let mut link = Link::new(server.port, &server.sign_in());
    for _ in 0..20 {
        let (status, _, page) = link.call("GET", "/v1/deals?limit=200", "", &Value::Null);
        assert_eq!(status, 200, "{page}");
    }
    for accept in ["application/x-ndjson", "text/csv"] {
        let before = memory(&server);
        let done = AtomicBool::new(false);
        let (counted, took, most) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let mut most = (0, 0);
                while !done.load(Ordering::Relaxed) {
                    let now = memory(&server);
                    most = (now.0.max(most.0), now.1.max(most.1));
                    sleep(Duration::from_millis(20));
                }
                most
            });
            let begun = Instant::now();
            let counted = export(&mut link, accept);
            let took = begun.elapsed().as_secs_f64();
            done.store(true, Ordering::Relaxed);
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
    for engine in engines() {
        println!("\nExports on {engine:?}:");
        measure(engine);
    }
}
