//! Where things stand: what is read in one place alone, and what stands nowhere.

use std::path::Path;

use super::{RULES, files, holds, sources, without_strings};

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
        .filter(|source| !source.is_rules())
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
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES);
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
            .filter(|path| !path.starts_with(&rules) && path.exists())
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
        !source.is_rules() && source.text.contains("OPENPRM_SHARED") && !source.text.contains("not run:")
    });
    holds(
        "a test that needs OPENPRM_SHARED prints `not run: <its name>` without it; ./scripts/test counts those.",
        silent.map(|source| source.path),
    );
}
