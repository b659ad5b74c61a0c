//! The rules of the house, held against the source text (ARCHITECTURE.md, "One way through").

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use openprm::events::catalogue;

/// Files that name tables without being a `queries.rs`, each with its reason.
const NAMES_TABLES: &[(&str, &str)] = &[
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
const READERS: &[(&str, &str)] = &[
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
        "deals/registrations/queries.rs",
        "asks whether the products and territories of a registration exist",
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
        "deals/conflict/queries/customers.rs",
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

/// Files over 400 lines of code, each with its reason.
const LONG: &[(&str, &str)] = &[
    ("src/schema.rs", "every table, in the order of the migrations"),
    ("src/auth/permissions.rs", "one table, a row for each operation"),
    (
        "src/deals/registrations/queries.rs",
        "a registration with all its parts: found, listed, stored, told of",
    ),
    (
        "src/customers/accounts/queries.rs",
        "one record with its aliases, keys and references: found, listed, saved",
    ),
    (
        "src/customers/merges/queries.rs",
        "a query for each kind of record that hangs on an account",
    ),
    (
        "src/deals/conflict/model.rs",
        "the shape of a verdict with all its evidence, with a description of each field",
    ),
    (
        "src/deals/conflict/rules/tests.rs",
        "the cases of the conflict engine, one beside the other",
    ),
    (
        "src/deals/registrations/approvals.rs",
        "the chain of an approval from its plan to its last step",
    ),
    (
        "src/partners/queries.rs",
        "one record with its children: found, listed, saved",
    ),
    (
        "src/programs/memberships/queries.rs",
        "a membership, its assignments and its evaluations: found, listed, saved",
    ),
    ("src/programs/metrics.rs", "a query for each metric"),
    (
        "src/http/operations.rs",
        "the contract at run time: what an operation takes, and what is wrong with what it got",
    ),
    ("src/kernel/zone.rs", "the names of the time zones"),
    (
        "src/notices/catalogue/table.rs",
        "one table, a row for each topic of notices",
    ),
];

/// The longest file that needs no reason.
const LINES: usize = 400;

/// Where a clock is read, with its reason.
const CLOCKS: [(&str, &str); 7] = [
    ("src/db/manager.rs", "how old the plans of a connection are, by Instant"),
    (
        "src/db/mod.rs",
        "SystemClock, the one place that reads the machine's clock",
    ),
    (
        "src/events/feed/tail.rs",
        "how long readers of the feed wait, by Instant",
    ),
    ("src/http/", "durations of requests, by Instant"),
    ("src/identity/", "durations of hashing and throttles, by Instant"),
    ("src/import/", "progress and durations, by Instant"),
    ("src/webhooks/", "durations of calls and leases, by Instant"),
];

/// Where the environment is read, with its reason.
const ENVIRONMENT: [(&str, &str); 1] = [("src/config.rs", "every setting, typed and checked")];

/// Names of drawers: a thing lives where its noun lives.
const DRAWERS: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

struct Source {
    /// From the top of the repository: `src/deals/rules.rs`.
    path: String,
    /// As it stands.
    text: String,
    /// Without comments and without the tests at its end.
    code: String,
}

impl Source {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// From `src/`.
    fn inner(&self) -> &str {
        self.path.strip_prefix("src/").unwrap_or(&self.path)
    }

    /// How many lines of code it has, without comments, blank lines and the tests at its end.
    fn lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// The module at the top of the crate: `deals`.
    fn module(&self) -> &str {
        self.inner().split('/').next().unwrap().trim_end_matches(".rs")
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            // What npm installs and builds beside an example is not ours.
            if ["node_modules", "dist"].iter().any(|foreign| path.ends_with(foreign)) {
                continue;
            }
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<Source> {
    let rust = files(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        Source { path, text, code }
    })
    .collect()
}

fn holds(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<String> = offenders.into_iter().collect();
    assert!(
        offenders.is_empty(),
        "If you are here because you wrote or moved code: {rule}\n  {}",
        offenders.join("\n  ")
    );
}

/// The words of some code: identifiers, in order.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

fn without_strings(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

fn tables() -> BTreeSet<String> {
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
fn named_tables(code: &str, tables: &BTreeSet<String>) -> BTreeSet<String> {
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

#[test]
fn clock_and_environment_are_read_in_one_place() {
    let mut offenders = Vec::new();
    for source in sources("src") {
        let code = without_strings(&source.code);
        let at = |places: &[(&str, &str)]| {
            places
                .iter()
                .any(|(path, _)| source.path == *path || (path.ends_with('/') && source.path.starts_with(path)))
        };
        for clock in ["Utc::now", "Local::now", "SystemTime::now", "Instant::now"] {
            if code.contains(clock) && !at(&CLOCKS) {
                offenders.push(format!("{} reads {clock}", source.path));
            }
        }
        for environment in ["env::var", "env::vars"] {
            if code.contains(environment) && !at(&ENVIRONMENT) {
                offenders.push(format!("{} reads the environment", source.path));
            }
        }
    }
    holds("the time is tx.now, and settings are fields of Config.", offenders);
}

#[test]
fn nothing_is_left_undone() {
    let marks = [
        "todo!(",
        "unimplemented!(",
        "dbg!(",
        "#[ignore",
        "#[allow(",
        "#![allow(",
        "FIXME",
        "XXX",
        "TODO",
        "HACK",
    ];
    let mut offenders = Vec::new();
    for source in sources("src")
        .iter()
        .chain(&sources("tests"))
        .chain(&sources("benches"))
        .filter(|source| source.name() != "tidy.rs")
    {
        for (index, line) in source.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                offenders.push(format!("{}:{} {mark}", source.path, index + 1));
            }
        }
    }
    holds(
        "what is delivered is whole; a lint is expected with a reason, not allowed.",
        offenders,
    );
}

#[test]
fn the_repository_names_no_place_of_one_machine() {
    let mut offenders = Vec::new();
    for folder in [
        "src",
        "tests",
        "benches",
        "migrations",
        "openapi",
        "scripts",
        "examples",
        "docs",
        ".ci",
    ] {
        for path in files(folder)
            .iter()
            .filter(|path| !path.ends_with("tidy.rs") && path.exists())
        {
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            for place in ["/work/", "/root/", "/home/"] {
                if let Some(line) = text.lines().find(|line| line.contains(place)) {
                    offenders.push(format!(
                        "{}: {}",
                        path.display(),
                        line.trim().chars().take(120).collect::<String>()
                    ));
                }
            }
        }
    }
    holds("paths come from settings.", offenders);
}

#[test]
fn schema_names_are_unique() {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources("src") {
        let mut derives = false;
        for line in source.code.lines().map(str::trim) {
            if line.starts_with("#[derive(") {
                derives = words(line).any(|word| word == "ToSchema");
            } else if let Some(rest) = line
                .strip_prefix("pub struct ")
                .or_else(|| line.strip_prefix("pub enum "))
            {
                if derives && let Some(name) = words(rest).next().filter(|_| !rest.contains('$')) {
                    seen.entry(name.to_owned()).or_default().push(source.path.clone());
                }
                derives = false;
            }
        }
    }
    holds(
        "a schema's name is unique over the crate.",
        seen.into_iter()
            .filter(|(_, places)| places.len() > 1)
            .map(|(name, places)| format!("{name}: {}", places.join(", "))),
    );
}

#[test]
fn who_takes_if_match_says_so() {
    let mut offenders = Vec::new();
    for source in sources("src") {
        // From one operation's declaration to the next: the declaration, then the handler with its arguments.
        for part in source.text.split("#[utoipa::path").skip(1) {
            let Some((declared, rest)) = part.split_once("pub async fn ") else {
                continue;
            };
            let (name, rest) = rest.split_once('(').unwrap();
            let takes = rest.split("->").next().unwrap().contains(": IfMatch");
            if takes != declared.contains("IfMatch") {
                offenders.push(format!("{}: {name}", source.path));
            }
        }
    }
    holds(
        "a handler that takes IfMatch says so in params(…): IfMatch where it is required, IfMatchIfSent on actions and upserts.",
        offenders,
    );
}

/// Every text in some code that could be the name of an event.
fn dotted(code: &str) -> impl Iterator<Item = &str> {
    let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    code.split('"').filter(move |text| {
        text.split_once('.')
            .is_some_and(|(record, verb)| plain(record) && plain(verb))
    })
}

#[test]
fn whatever_is_told_stands_in_the_catalogue_of_events() {
    let (all, tables) = (sources("src"), tables());
    let elsewhere = || {
        all.iter()
            .filter(|source| !source.path.starts_with("src/events/catalogue/"))
    };
    let verbs: BTreeSet<&str> = catalogue::all()
        .filter_map(|kind| Some(kind.name.split_once('.')?.1))
        .collect();
    let mut missing = Vec::new();
    let mut written: BTreeSet<String> = BTreeSet::new();
    for source in elsewhere() {
        for name in dotted(&source.code) {
            written.insert(name.to_owned());
            let (record, verb) = name.split_once('.').unwrap();
            let told = (verb.ends_with("ed") || verbs.contains(verb)) && !tables.contains(record);
            if told && catalogue::find(name).is_none() {
                missing.push(format!("{}: {name}", source.path));
            }
        }
        // The holdings' queries are one macro, which is told what its events begin with.
        if let Some((_, call)) = source.code.split_once("\nholding_queries!(") {
            let record = call.split('"').nth(1).unwrap();
            written.extend(["created", "updated", "deleted"].map(|verb| format!("{record}.{verb}")));
        }
    }
    holds("an event has a row in src/events/catalogue.", missing);
    let idle = catalogue::all().filter(|kind| !written.contains(kind.name));
    holds(
        "a row of the catalogue of events goes with its event.",
        idle.map(|kind| kind.name.to_owned()),
    );
}

#[test]
fn a_long_file_says_why() {
    let mut offenders = Vec::new();
    for source in &sources("src") {
        let lines = source.lines();
        if lines > LINES && !LONG.iter().any(|(path, _)| *path == source.path) {
            offenders.push(format!("{}: {lines} lines", source.path));
        }
    }
    holds(
        "a file has one idea and at most 400 lines of code; a longer one is declared in LONG with a reason.",
        offenders,
    );
}

#[test]
fn a_thing_lives_where_its_noun_lives() {
    let drawers = files("src").into_iter().chain(files("tests")).filter(|path| {
        path.iter().any(|part| {
            let name = part.to_string_lossy();
            DRAWERS.contains(&name.trim_end_matches(".rs"))
        })
    });
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    holds(
        "there is no drawer for what has no place.",
        drawers
            .filter_map(|path| path.strip_prefix(top).ok().map(|path| path.display().to_string()))
            .filter(|path| !path.contains("migrations/")),
    );
}

#[test]
fn a_test_that_cannot_run_says_so() {
    let silent = sources("tests").into_iter().chain(sources("src")).filter(|source| {
        source.name() != "tidy.rs" && source.text.contains("OPENPRM_SHARED") && !source.text.contains("not run:")
    });
    holds(
        "a test that needs OPENPRM_SHARED prints `not run: <its name>` without it; ./scripts/test counts those.",
        silent.map(|source| source.path),
    );
}

#[test]
fn every_declared_exception_is_needed() {
    let tables = tables();
    let all = sources("src");
    let mut idle = Vec::new();
    for (path, _) in NAMES_TABLES.iter().chain(READERS) {
        if let Some(source) = all.iter().find(|source| source.inner() == *path)
            && named_tables(&source.code, &tables).is_empty()
            && *path != "schema.rs"
        {
            idle.push(format!("{path} names no table any more"));
        }
    }
    for source in all
        .iter()
        .filter(|source| LONG.iter().any(|(path, _)| *path == source.path))
    {
        let lines = source.lines();
        // A file near the limit goes to and fro.
        if lines <= LINES - LINES / 4 {
            idle.push(format!("{} has {lines} lines", source.path));
        }
    }
    holds("an exception goes when its reason goes.", idle);
}
