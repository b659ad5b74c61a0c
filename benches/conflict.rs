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

#[path = "store/customers.rs"]
mod customers;
#[expect(dead_code, reason = "this benchmark asks the database itself, not over HTTP")]
mod store;
#[path = "store/times.rs"]
mod times;

use std::time::{Duration, Instant};

use customers::{catalog, customer, dice, fill, id};
use openprm::{
    auth::Caller,
    db::Engine,
    deals::conflict::{self, CheckPurpose},
    kernel::ids::DealId,
};
use store::{Store, database, engines, run, setting};
use times::percentile;

/// Customers in the reference.
const FEW: u64 = 10_000;

/// A territory, a product, a partner, and one draft for each check.
fn ground(store: &Store, checks: u64, accounts: u64) {
    catalog(store);
    run(
        store,
        "INSERT INTO partners (id, number, legal_name, name_key, trading_names, tax_ids, default_currency, time_zone, status, status_since, custom, legacy, revision, created_at, updated_at)
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
        let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
        println!(
            "  {to:>12} {p50:>10.2} {p99:>10.2} {:>10.2} {:>11.0}% {:>12.1}",
            percentile(&times, 100),
            recognised * 100.0,
            filled.as_secs_f64()
        );
        match reference {
            None => reference = Some((p50, p99)),
            Some((few50, few99)) => println!(
                "  {} times the customers cost {:.2} (p50) and {:.2} (p99) times as much",
                accounts / few.max(1),
                p50 / few50,
                p99 / few99
            ),
        }
    }
}

fn main() {
    for engine in engines() {
        measure(engine);
    }
}
