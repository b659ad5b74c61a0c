//! What the code declares to clients is what it does: names of schemas, If-Match, and events.

use std::collections::{BTreeMap, BTreeSet};

use openprm::events::catalogue;

use super::{holds, sources, tables::tables, words};

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
