//! Deals for a benchmark: as many as wanted, of a channel in proportion.

use std::time::Instant;

use openprm::{
    db::Engine,
    kernel::ids::{Id as _, UserId},
};

use crate::store::{Store, run};

/// Fills the tables by SQL: the shape of the data counts here, not how it came in.
pub fn fill(store: &Store, rows: u64) {
    let engine = store.db.engine();
    let user = UserId::at(store.db.now());
    let begun = Instant::now();
    let number = |kind: &str, n: &str| match engine {
        Engine::Sqlite => format!("'{kind}_0' || printf('%025d', {n})"),
        Engine::Postgres => format!("'{kind}_0' || lpad(({n})::text, 25, '0')"),
    };
    let (partners, accounts) = ((rows / 100).max(1), (rows / 10).max(1));
    let stamp = "1, 1790000000000000 + i, 1790000000000000 + i";
    let series =
        |count: u64| format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})");
    let statements = [
        format!(
            "INSERT INTO users (id, kind, email, email_key, name, name_key, status, session_version, locale, time_zone, row_scope, revision, created_at, updated_at) \
                 VALUES ('{user}', 'vendor', 'ops@example.com', 'ops@example.com', 'Ops', 'ops', 'active', 1, 'en', 'UTC', 'all', 1, 1, 1)"
        ),
        format!(
            "INSERT INTO territories (id, code, name, name_key, kind, status, revision, created_at, updated_at) {} SELECT {}, 'T' || i, 'Territory ' || i, 'territory ' || i, 'custom', 'active', {stamp} FROM n",
            series(20),
            number("territory", "i")
        ),
        format!(
            "INSERT INTO products (id, code, code_key, name, name_key, kind, status, custom, revision, created_at, updated_at) {} SELECT {}, 'P' || i, 'p' || i, 'Product ' || i, 'product ' || i, 'line', 'active', '{{}}', {stamp} FROM n",
            series(20),
            number("product", "i")
        ),
        format!(
            "INSERT INTO partners (id, number, legal_name, name_key, trading_names, tax_ids, default_currency, time_zone, status, status_since, custom, legacy, revision, created_at, updated_at) \
                 {} SELECT {}, 'PA-2026-' || i, 'Partner ' || i, 'partner ' || i, '[]', '[]', 'EUR', 'UTC', 'onboarding', 1, '{{}}', FALSE, {stamp} FROM n",
            series(partners),
            number("partner", "i")
        ),
        format!(
            "INSERT INTO customer_accounts (id, number, name, name_key, status, claim_seq, custom, revision, created_at, updated_at) \
                 {} SELECT {}, 'CA-2026-' || i, 'Customer ' || i, 'customer ' || i, 'active', 100, '{{}}', {stamp} FROM n",
            series(accounts),
            number("account", "i")
        ),
        format!(
            "INSERT INTO deals (id, number, partner_id, submitter_id, title, title_key, deal_type, source, territory_id, customer_account_id, amount_minor, amount_currency, expected_close_on, \
                 review_status, stage, received_at, seq, last_activity_at, legacy, custom, revision, created_at, updated_at) \
                 {} SELECT {}, 'DR-2026-' || i, {}, '{user}', 'Deal number ' || i, 'deal number ' || i, 'net_new', 'partner_sourced', {}, {}, 1250000 + i, 'EUR', '2027-03-31', \
                 CASE i % 4 WHEN 0 THEN 'submitted' WHEN 1 THEN 'in_review' WHEN 2 THEN 'rejected' ELSE 'lapsed' END, 'qualified', 1790000000000000 + i, i, 1790000000000000 + i, FALSE, '{{}}', {stamp} FROM n",
            series(rows),
            number("deal", "i"),
            number("partner", &format!("i % {partners}")),
            number("territory", "i % 20"),
            number("account", &format!("i % {accounts}"))
        ),
        format!(
            "INSERT INTO deal_details (deal_id, description, next_step, co_sell_needs, visibility, customer_consent, missing) \
                 {} SELECT {}, 'What the customer wants to do, and by when, in a sentence or two.', 'Workshop in December.', '[]', 'full', TRUE, '[]' FROM n",
            series(rows),
            number("deal", "i")
        ),
    ];
    for statement in statements {
        run(store, &statement);
    }
    run(store, "ANALYZE");
    println!(
        "\n{engine:?}: {rows} deals of {partners} partners with {accounts} customers, stored in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
}
