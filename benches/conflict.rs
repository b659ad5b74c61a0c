//! What it costs to check one registration for conflicts, with few customers in the database and with many.
//!
//! `./scripts/bench --bench conflict` runs it. A check is measured whole, as a submission runs it: candidates are found by the
//! index of keys, compared, their claims read, the rules run, and the check stored and committed. A third of the
//! registrations name a customer that is there with its domain, a third one that is there under another spelling of its
//! name alone, and a third one that is not there. Names are made of syllables, so that words are shared by some customers
//! and rare, as in life; the same in every run.
//!
//! The reference is the same check among 10,000 customers: what grows with their number shows in the ratio. The bars are
//! 25 ms (median) and 100 ms (p99) among 1,000,000 on an idle machine.
//!
//! `OPENPRM_BENCH_ACCOUNTS` (1,000,000) sets the number of customers, `OPENPRM_BENCH_CHECKS` (300) the number of checks.
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

#[expect(dead_code, reason = "this benchmark asks the database itself, not over HTTP")]
mod store;

use std::time::{Duration, Instant};

use diesel::prelude::*;
use openprm::{
    auth::Caller,
    customers::matching::{
        keys::keys,
        profile::{Profile, RawProfile},
    },
    db::Engine,
    deals::conflict::{self, CheckPurpose},
    kernel::ids::DealId,
    on_each,
};
use serde_json::{Value, json};
use store::{Store, database, run, setting};

/// Customers in the reference.
const FEW: u64 = 10_000;
/// Customers written by one statement.
const AT_ONCE: u64 = 5_000;

const SYLLABLES: [&str; 40] = [
    "ba", "ber", "bro", "cal", "con", "dal", "den", "do", "el", "fal", "fer", "ga", "gol", "har", "hol", "in", "ka",
    "kel", "kro", "la", "lin", "ma", "mer", "mon", "na", "nor", "or", "pal", "per", "ra", "ros", "sa", "sil", "ta",
    "ter", "ul", "va", "ver", "wes", "zan",
];
const TRADES: [&str; 24] = [
    "Maschinenbau",
    "Logistik",
    "Systems",
    "Foods",
    "Textil",
    "Energy",
    "Pharma",
    "Optics",
    "Consulting",
    "Werke",
    "Medical",
    "Packaging",
    "Motors",
    "Chemie",
    "Robotics",
    "Holding",
    "Networks",
    "Bau",
    "Trading",
    "Labs",
    "Steel",
    "Paper",
    "Marine",
    "Media",
];
const FORMS: [&str; 8] = ["GmbH", "AG", "Ltd", "Inc.", "S.A.", "B.V.", "SARL", "KG"];
const COUNTRIES: [&str; 8] = ["DE", "CH", "GB", "US", "FR", "NL", "FR", "DE"];

/// A well spread number for each place of each customer.
fn dice(number: u64, place: u64) -> u64 {
    let mut x = number
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(place.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn pick<'a>(from: &[&'a str], number: u64, place: u64) -> &'a str {
    from[usize::try_from(dice(number, place) % from.len() as u64).unwrap()]
}

fn word(number: u64, place: u64) -> String {
    let long = 2 + dice(number, place) % 2;
    let text: String = (0..long)
        .map(|n| pick(&SYLLABLES, number, place * 10 + n + 1))
        .collect();
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The customer of that number.
struct Customer {
    stem: String,
    form: &'static str,
    domain: String,
    country: &'static str,
}

fn customer(number: u64) -> Customer {
    let two = !dice(number, 1).is_multiple_of(3);
    let first = word(number, 2);
    let name = if two {
        format!("{first} {}", word(number, 3))
    } else {
        first
    };
    let stem = format!("{name} {}", pick(&TRADES, number, 4));
    Customer {
        domain: format!("{}-{number}.com", stem.to_lowercase().replace(' ', "-")),
        stem,
        form: pick(&FORMS, number, 5),
        country: pick(&COUNTRIES, number, 5),
    }
}

fn id(kind: &str, number: u64) -> String {
    format!("{kind}_0{number:025}")
}

/// Adds the customers of those numbers, with the keys that they are found by.
fn add(store: &Store, numbers: std::ops::Range<u64>) {
    let mut from = numbers.start;
    while from < numbers.end {
        let to = (from + AT_ONCE).min(numbers.end);
        let (mut accounts, mut index) = (Vec::new(), Vec::new());
        for number in from..to {
            let one = customer(number);
            let name = format!("{} {}", one.stem, one.form);
            let profile = Profile::new(&RawProfile {
                name: name.clone(),
                websites: vec![one.domain.clone()],
                country: one.country.to_owned(),
                ..RawProfile::default()
            });
            let account = id("account", number);
            for key in keys(&profile) {
                index.push(json!([key.kind.as_str(), key.key, account]));
            }
            accounts.push(json!([
                account,
                format!("CA-{number}"),
                name,
                name.to_lowercase(),
                one.domain,
                one.country
            ]));
        }
        insert(
            store,
            "INSERT INTO customer_accounts (id, number, name, name_key, website, domain, country, status, claim_seq, custom, revision, created_at, updated_at) \
             SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>4, value->>5, 'active', 0, '{}', 1, 1790000000000000, 1790000000000000 FROM ",
            &accounts,
        );
        insert(
            store,
            "INSERT INTO account_keys (kind, key, account_id) SELECT value->>0, value->>1, value->>2 FROM ",
            &index,
        );
        from = to;
    }
}

/// Adds the customers of those numbers, on PostgreSQL with the keys of the index made afterwards: row by row they are found
/// on the disk one by one, which takes an hour for millions of them.
fn fill(store: &Store, numbers: std::ops::Range<u64>) {
    let later = store.db.engine() == Engine::Postgres;
    if later {
        run(
            store,
            "ALTER TABLE account_keys DROP CONSTRAINT account_keys_pkey, DROP CONSTRAINT account_keys_account_id_fkey;
             DROP INDEX account_keys_account;",
        );
    }
    add(store, numbers);
    if later {
        run(
            store,
            "SET LOCAL maintenance_work_mem = '256MB';
             ALTER TABLE account_keys ADD PRIMARY KEY (kind, key, account_id),
               ADD FOREIGN KEY (account_id) REFERENCES customer_accounts (id);
             CREATE INDEX account_keys_account ON account_keys (account_id, kind, key);",
        );
    }
}

fn insert(store: &Store, head: &str, rows: &[Value]) {
    let text = serde_json::to_string(rows).unwrap();
    let rows = match store.db.engine() {
        Engine::Sqlite => "json_each(?)",
        Engine::Postgres => "json_array_elements($1::json)",
    };
    // The order of the key: a tree is filled much faster in its own order.
    let sql = format!("{head}{rows} ORDER BY value->>0, value->>1, value->>2");
    store
        .db
        .run_now(&Caller::system("bench"), move |tx| {
            Ok(on_each!(tx, |c| diesel::sql_query(&sql)
                .bind::<diesel::sql_types::Text, _>(&text)
                .execute(c))
            .map(drop)?)
        })
        .unwrap();
}

/// A territory, a product, a partner, and one draft for each check.
fn ground(store: &Store, checks: u64, accounts: u64) {
    run(
        store,
        "INSERT INTO territories (id, code, name, name_key, kind, status, revision, created_at, updated_at) VALUES ('territory_00000000000000000000000000', 'T0', 'T', 't', 'custom', 'active', 1, 1, 1);
         INSERT INTO products (id, code, code_key, name, name_key, kind, status, custom, revision, created_at, updated_at) VALUES ('product_00000000000000000000000000', 'P0', 'p0', 'P', 'p', 'line', 'active', '{}', 1, 1, 1);
         INSERT INTO partners (id, number, legal_name, name_key, trading_names, tax_ids, default_currency, time_zone, status, status_since, custom, legacy, revision, created_at, updated_at)
           VALUES ('partner_00000000000000000000000000', 'PA-1', 'Partner', 'partner', '[]', '[]', 'EUR', 'UTC', 'onboarding', 1, '{}', FALSE, 1, 1, 1);",
    );
    for number in 0..checks {
        let known = customer(dice(number, 99) % accounts.max(1));
        let unknown = customer(u64::MAX / 2 + number);
        let (name, website) = match number % 3 {
            0 => (format!("{} {}", known.stem, known.form), Some(known.domain)),
            1 => (format!("The {} Group", known.stem.to_uppercase()), None),
            _ => (format!("{} {}", unknown.stem, unknown.form), Some(unknown.domain)),
        };
        let website = website.map_or_else(
            || ("NULL".to_owned(), "NULL".to_owned()),
            |domain| (format!("'www.{domain}'"), format!("'{domain}'")),
        );
        run(
            store,
            &format!(
                "INSERT INTO deals (id, number, partner_id, title, title_key, deal_type, source, territory_id, review_status, stage, last_activity_at, legacy, custom, revision, created_at, updated_at)
                   VALUES ('{deal}', 'DR-{number}', 'partner_00000000000000000000000000', 'Deal', 'deal', 'net_new', 'partner_sourced', 'territory_00000000000000000000000000', 'draft', 'prospect', 1, FALSE, '{{}}', 1, 1, 1);
                 INSERT INTO deal_details (deal_id, co_sell_needs, visibility, customer_consent, missing) VALUES ('{deal}', '[]', 'full', TRUE, '[]');
                 INSERT INTO deal_customer_inputs (deal_id, name, name_key, website, domain, country, resolution) VALUES ('{deal}', '{name}', '{key}', {}, {}, '{}', 'unresolved');
                 INSERT INTO deal_lines (id, deal_id, position, product_id, quantity, review_status, created_at, updated_at) VALUES ('{line}', '{deal}', 1, 'product_00000000000000000000000000', 1, 'draft', 1, 1);",
                website.0,
                website.1,
                known.country,
                deal = id("deal", number),
                line = id("line", number),
                key = name.to_lowercase(),
            ),
        );
    }
}

/// How long each check took, sorted, and on how many candidates each came to its verdict.
fn check(store: &Store, checks: u64) -> (Vec<Duration>, f64) {
    let (mut times, mut candidates) = (Vec::new(), 0);
    for number in 0..checks {
        // What an earlier run found is not remembered.
        run(
            store,
            &format!(
                "UPDATE deal_customer_inputs SET input_hash = NULL, matcher_version = NULL, candidates = NULL, matched_at = NULL WHERE deal_id = '{}'",
                id("deal", number)
            ),
        );
        let deal: DealId = id("deal", number).parse().unwrap();
        let begun = Instant::now();
        let found = store
            .db
            .run_now(&Caller::system("bench"), move |tx| {
                let prepared = conflict::prepare(tx, deal)?;
                conflict::check_deal(tx, deal, CheckPurpose::Review, None, Some(&prepared))
            })
            .unwrap();
        times.push(begun.elapsed());
        candidates += usize::from(found.assessment.customer.is_some());
    }
    times.sort();
    (times, candidates as f64 / checks as f64)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn measure(engine: Engine) {
    let accounts = setting("OPENPRM_BENCH_ACCOUNTS", 1_000_000);
    let checks = setting("OPENPRM_BENCH_CHECKS", 300);
    let few = FEW.min(accounts);
    let store = database(engine);
    println!(
        "\n{engine:?}\n  {:>12} {:>10} {:>10} {:>10} {:>12} {:>12}",
        "customers", "p50 ms", "p99 ms", "max ms", "recognised", "filled in s"
    );
    ground(&store, checks, few);
    let mut reference = None;
    for (from, to) in [(0, few), (few, accounts)] {
        let begun = Instant::now();
        fill(&store, from..to);
        run(&store, "ANALYZE");
        let filled = begun.elapsed();
        // The first checks find caches cold that a server would have warm.
        check(&store, checks.min(30));
        let (times, recognised) = check(&store, checks);
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!(
            "  {to:>12} {:>10.2} {:>10.2} {:>10.2} {:>11.0}% {:>12.1}",
            ms(p50),
            ms(p99),
            ms(times[times.len() - 1]),
            recognised * 100.0,
            filled.as_secs_f64()
        );
        match reference {
            None => reference = Some((p50, p99)),
            Some((few50, few99)) => println!(
                "  {} times the customers cost {:.2} (p50) and {:.2} (p99) times as much",
                accounts / few.max(1),
                ms(p50) / ms(few50),
                ms(p99) / ms(few99)
            ),
        }
    }
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for engine in [Engine::Sqlite, Engine::Postgres] {
        measure(engine);
    }
}
