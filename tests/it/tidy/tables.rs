//! Who may name a table: the queries of its module; and what handlers and rules may not know.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, holds, sources, without_strings, words};

/// Files that name tables without being a `queries.rs`, each with its reason.
pub const NAMES_TABLES: &[(&str, &str)] = &[
    ("schema.rs", "declares them"),
    (
        "verify.rs",
        "asks the data of all modules what must hold, and changes nothing",
    ),
    ("numbers.rs", "has one table and one statement"),
    (
        "deals/protection/holders.rs",
        "says what holds a scope once as a question and once as a condition within another module's statement",
    ),
    (
        "http/idempotency.rs",
        "the record of a request is part of its transaction",
    ),
    (
        "customers/existing.rs",
        "asks whether the records that a body names exist",
    ),
    (
        "customers/accounts/keys.rs",
        "the keys of an account are one table and three statements",
    ),
    (
        "deals/registrations/filter.rs",
        "the conditions of the list, by name of what they filter",
    ),
    (
        "deals/registrations/history.rs",
        "has one table, appended to and listed",
    ),
    (
        "identity/keys.rs",
        "has one table, whose rows are sealed and opened beside it",
    ),
    (
        "partners/handovers/worklist.rs",
        "the list is its queries: one for each kind of open work",
    ),
    (
        "programs/memberships/terms.rs",
        "the terms of a tier as they stood at a moment are one query",
    ),
    ("programs/metrics.rs", "a metric is its query"),
    ("work/items/sources.rs", "a kind of what waits is its query"),
    (
        "demo/base.rs",
        "writes users as the demo needs them, with passwords that are printed",
    ),
];

/// Tables that every module may read: the trees' closures are how a scope is asked for.
const OPEN_TABLES: [&str; 2] = ["product_closure", "territory_closure"];

/// Files that read tables of another module, each with its reason.
pub const READERS: &[(&str, &str)] = &[
    ("verify.rs", "invariants go across modules"),
    (
        "customers/existing.rs",
        "asks whether the records that a body names exist",
    ),
    (
        "custom_fields/value_queries.rs",
        "fills its table, once, with the values that records held before there was it",
    ),
    ("customers/merges/queries.rs", "a merge moves what hangs on the account"),
    (
        "deals/registrations/parts_queries.rs",
        "a registration is read with the codes of its products and with its external references",
    ),
    (
        "deals/registrations/wide_queries.rs",
        "a registration is read with the code of its territory",
    ),
    (
        "deals/transfers/queries.rs",
        "tells the receiver the territory of a registration that it does not see",
    ),
    (
        "deals/conflict/queries.rs",
        "the conflict engine compares claims of every kind",
    ),
    (
        "deals/conflict/queries/around.rs",
        "the conflict engine compares claims of every kind",
    ),
    (
        "deals/conflict/queries/claims.rs",
        "the conflict engine compares claims of every kind",
    ),
    (
        "deals/conflict/queries/trees.rs",
        "the conflict engine compares claims of every kind",
    ),
    (
        "deals/protection/queries.rs",
        "locks the account's row before a protection is granted",
    ),
    (
        "identity/standing/queries.rs",
        "whose rows a person sees hangs on assignments and territories",
    ),
    (
        "identity/memberships/queries.rs",
        "tells the partner that a membership is of",
    ),
    (
        "partners/handovers/worklist.rs",
        "a handover lists what is open with the partner",
    ),
    ("partners/letters/queries.rs", "puts letters into the mail's outbox"),
    (
        "programs/metrics.rs",
        "a tier is judged by what the partner did elsewhere",
    ),
    ("reports/queries.rs", "reports go across modules, and change nothing"),
    (
        "usage/queries.rs",
        "counts are kept of people and partners that there are",
    ),
    (
        "usage/engagement/queries.rs",
        "reports go across modules, and change nothing",
    ),
    (
        "usage/responses/queries.rs",
        "an answer is found by its event; the question stands in the tables of registrations",
    ),
    (
        "notices/reminders/queries.rs",
        "people are reminded before the deadlines of other modules",
    ),
    (
        "work/items/sources.rs",
        "what waits for a person waits in every module; the queue reads it all, and changes nothing",
    ),
    ("work/queries.rs", "asks whether the people exist whom a body names"),
];

/// Files that write tables of another module, with the tables and the reason.
const WRITERS: &[(&str, &[&str], &str)] = &[
    (
        "partners/letters/queries.rs",
        &["mails"],
        "puts letters into the mail's outbox",
    ),
    (
        "deals/protection/queries.rs",
        &["customer_accounts"],
        "counts the account's claims, which is what locks its row",
    ),
    (
        "customers/merges/queries.rs",
        &["deal_open_slots", "deals", "protections"],
        "a merge moves what hangs on the account",
    ),
    ("demo/base.rs", &["users"], "writes users as the demo needs them"),
];

pub fn tables() -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema.rs")).unwrap();
    let found = text.lines().filter_map(|line| {
        line.trim()
            .strip_suffix(") {")?
            .split_once(" (")
            .map(|(name, _)| name.to_owned())
    });
    let tables: BTreeSet<String> = found.collect();
    assert!(tables.len() > 50);
    tables
}

/// The tables that some code names: of diesel's, and in SQL.
pub fn named_tables(code: &str, tables: &BTreeSet<String>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for part in code.split("schema::").skip(1) {
        let part = if part.starts_with('{') {
            let mut depth = 0;
            let end = part.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            &part[..end.unwrap_or(part.len())]
        } else {
            part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()
        };
        named.extend(words(part).filter(|word| tables.contains(*word)).map(str::to_owned));
    }
    let all: Vec<&str> = words(code).collect();
    for pair in all.windows(2) {
        if matches!(pair[0], "FROM" | "JOIN" | "INTO" | "UPDATE") && tables.contains(pair[1]) {
            named.insert(pair[1].to_owned());
        }
    }
    named
}

/// The tables that some code writes.
fn written_tables(code: &str, tables: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let all: Vec<&str> = words(code).collect();
    for four in all.windows(4) {
        // `use schema::deals as d`, `use schema::deals::dsl as d`
        match four {
            [table, "dsl", "as", alias] | [_, table, "as", alias] if tables.contains(*table) => {
                names.insert(alias, table);
            }
            _ => {}
        }
    }
    let mut written = BTreeSet::new();
    for verb in ["insert_into(", "update(", "delete("] {
        for part in code.split(verb).skip(1) {
            let path = part
                .trim_start()
                .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                .next()
                .unwrap();
            let table = path.split("::").find_map(|word| {
                tables
                    .get(word)
                    .map(String::as_str)
                    .or_else(|| names.get(word).copied())
            });
            written.extend(table.map(str::to_owned));
        }
    }
    for three in all.windows(3) {
        match three {
            ["INSERT", "INTO", table] | ["DELETE", "FROM", table] if tables.contains(*table) => {
                written.insert((*table).to_owned());
            }
            ["UPDATE", table, "SET"] if tables.contains(*table) => {
                written.insert((*table).to_owned());
            }
            _ => {}
        }
    }
    written
}

fn is_queries(source: &Source) -> bool {
    let name = source.name();
    name == "queries.rs" || name.ends_with("_queries.rs") || name == "rows.rs" || source.path.contains("/queries/")
}

#[test]
fn handlers_know_no_database_and_rules_know_neither_database_nor_web_nor_clock() {
    let mut offenders = Vec::new();
    let tables = tables();
    for source in sources("src") {
        let code = without_strings(&source.code);
        let forbidden: &[&str] = match source.name() {
            "handlers.rs" => &["diesel", "conn", "sql_query"],
            "rules.rs" => &[
                "diesel",
                "conn",
                "sql_query",
                "actix_web",
                "Tx",
                "Db",
                "Utc",
                "SystemTime",
            ],
            _ => continue,
        };
        for word in words(&code)
            .filter(|word| forbidden.contains(word))
            .collect::<BTreeSet<_>>()
        {
            offenders.push(format!("{} names {word}", source.path));
        }
        for table in named_tables(&source.code, &tables) {
            offenders.push(format!("{} names the table {table}", source.path));
        }
    }
    holds(
        "handlers.rs takes, calls and answers; rules.rs decides from its arguments alone.",
        offenders,
    );
}

#[test]
fn tables_are_named_in_queries_alone() {
    let tables = tables();
    let mut offenders = Vec::new();
    for source in sources("src")
        .iter()
        .filter(|source| !is_queries(source) && !NAMES_TABLES.iter().any(|(path, _)| *path == source.inner()))
    {
        let mut code = source.code.clone();
        if source.name() == "model.rs" {
            // A model may be its table's row: it names the table where it derives that, and in no query.
            let rows: Vec<&str> = code
                .split("table_name = ")
                .skip(1)
                .filter_map(|part| words(part).next())
                .collect();
            let allowed: BTreeSet<String> = rows.into_iter().map(str::to_owned).collect();
            let named = named_tables(&code, &tables);
            offenders.extend(
                named
                    .difference(&allowed)
                    .map(|table| format!("{} names {table}", source.path)),
            );
            code.clear();
        }
        offenders.extend(
            named_tables(&code, &tables)
                .into_iter()
                .map(|table| format!("{} names {table}", source.path)),
        );
    }
    holds(
        "a table is named in its module's queries.rs (or rows.rs, or where model.rs derives its row); other files are declared in NAMES_TABLES with a reason.",
        offenders,
    );
}

#[test]
fn no_module_reaches_into_another_s_tables() {
    let tables = tables();
    let all = sources("src");
    // A table belongs to the module that writes it; if only one names it, to that one.
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in &all {
        let lent = WRITERS.iter().find(|(path, ..)| *path == source.inner());
        let lent = lent.map_or(&[][..], |(_, tables, _)| tables);
        for table in written_tables(&source.code, &tables) {
            if lent.contains(&table.as_str()) {
                continue;
            }
            owners.entry(table).or_default().insert(source.module());
        }
    }
    let mut offenders = Vec::new();
    for (table, modules) in owners.iter().filter(|(_, modules)| modules.len() > 1) {
        offenders.push(format!(
            "{table} is written by {}",
            modules.iter().copied().collect::<Vec<_>>().join(" and ")
        ));
    }
    for source in all
        .iter()
        .filter(|source| source.path != "src/schema.rs" && !READERS.iter().any(|(path, _)| *path == source.inner()))
    {
        for table in named_tables(&source.code, &tables)
            .into_iter()
            .filter(|table| !OPEN_TABLES.contains(&table.as_str()))
        {
            if let Some(owner) = owners.get(&table)
                && !owner.contains(source.module())
            {
                offenders.push(format!(
                    "{} reads {table}, which is {}'s",
                    source.path,
                    owner.iter().copied().collect::<Vec<_>>().join("'s and ")
                ));
            }
        }
    }
    holds(
        "another module is asked through its mod.rs; a file that must read its tables is declared in READERS with a reason, and writes none.",
        offenders,
    );
}
