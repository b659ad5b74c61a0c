//! Customers for a benchmark, with the keys that they are found by, and what is registered for them. Names are made of syllables,
//! so that words are shared by some customers and rare, as in life; the same in every run.

use diesel::prelude::*;
use openprm::{
    auth::Caller,
    customers::matching::{
        keys::keys,
        profile::{Profile, RawProfile},
    },
    db::Engine,
};
use serde_json::{Value, json};

use crate::store::{Store, run};

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
pub fn dice(number: u64, place: u64) -> u64 {
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
pub struct Customer {
    pub stem: String,
    pub form: &'static str,
    pub domain: String,
    pub country: &'static str,
}

pub fn customer(number: u64) -> Customer {
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

/// An id whose number is written in digits, which all are letters of the ids' alphabet.
pub fn id(kind: &str, number: u64) -> String {
    format!("{kind}_0{number:025}")
}

/// The territory and the product of all registrations: number 0 of each.
pub fn catalog(store: &Store) {
    run(
        store,
        "INSERT INTO territories (id, code, name, name_key, kind, status, revision, created_at, updated_at) VALUES ('territory_00000000000000000000000000', 'T0', 'T', 't', 'custom', 'active', 1, 1, 1);
         INSERT INTO products (id, code, code_key, name, name_key, kind, status, custom, revision, created_at, updated_at) VALUES ('product_00000000000000000000000000', 'P0', 'p0', 'P', 'p', 'line', 'active', '{}', 1, 1, 1);",
    );
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
pub fn fill(store: &Store, numbers: std::ops::Range<u64>) {
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
            Ok(diesel::sql_query(&sql)
                .bind::<diesel::sql_types::Text, _>(&text)
                .execute(tx.conn())
                .map(drop)?)
        })
        .unwrap();
}
