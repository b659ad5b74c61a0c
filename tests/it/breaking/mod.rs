//! The promise to clients: what the last released contract said still holds, or `openapi/breaking.toml` says why not.
//!
//! `openapi/released/contract.json` is the contract of the last release without its texts and examples. Every difference of today's
//! contract from it that breaks a client fails the test unless it is declared; so does a declaration of what is not so.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use openprm::app;
use serde::Deserialize;
use serde_json::{Map, Value, json};

mod calls;
mod shapes;

/// Where the version of the released contract stands in it.
const RELEASED: &str = "x-released";

/// What `openapi/breaking.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    #[serde(default)]
    change: Vec<Change>,
}

/// A break that is meant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The break, word for word as the test names it.
    what: String,
    /// For integrators: the reason, and what to do instead.
    why: String,
    /// The version in which it comes.
    since: String,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi").join(name)
}

#[test]
fn the_released_contract_still_holds() {
    let present = app::document().unwrap_or_else(|error| panic!("{error}"));
    if let Ok(version) = std::env::var("OPENPRM_RELEASE") {
        release(&present, &version);
        return;
    }
    let released: Value =
        serde_json::from_str(&std::fs::read_to_string(file("released/contract.json")).unwrap()).unwrap();
    let declared = std::fs::read_to_string(file("breaking.toml")).unwrap();
    let faults = faults(&released, &present, &declared);
    assert!(
        faults.is_empty(),
        "{}\nCan clients be spared? If not, declare each break in openapi/breaking.toml, with a reason that helps an integrator.",
        faults.join("\n")
    );
}

/// Makes the present contract the released one. Then nothing is broken, so nothing is declared.
fn release(present: &Value, version: &str) {
    assert_eq!(version, env!("CARGO_PKG_VERSION"), "the version stands in Cargo.toml");
    std::fs::write(file("released/contract.json"), lines(&bare(present, version))).unwrap();
    let declared = std::fs::read_to_string(file("breaking.toml")).unwrap();
    let head: String = declared
        .lines()
        .take_while(|line| line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(file("breaking.toml"), head).unwrap();
}

/// What is wrong between two contracts and what was declared of it.
fn faults(released: &Value, present: &Value, declared: &str) -> Vec<String> {
    let declared: Declared = match toml::from_str(declared) {
        Ok(declared) => declared,
        Err(error) => return vec![format!("openapi/breaking.toml: {error}")],
    };
    let last = released[RELEASED].as_str().unwrap_or_default();
    let found = calls::breaks(released, present);
    let mut faults = Vec::new();
    let mut known = BTreeSet::new();
    for Change { what, why, since } in &declared.change {
        if !known.insert(what) {
            faults.push(format!("declared twice: {what}"));
        }
        if why.trim().is_empty() {
            faults.push(format!("declared without a reason: {what}"));
        }
        if version(since).is_none() || version(since) <= version(last) {
            faults.push(format!("declared for {since}, and {last} is released: {what}"));
        }
        if !found.contains(what) {
            faults.push(format!("declared, but not so: {what}"));
        }
    }
    faults.extend(
        found
            .iter()
            .filter(|what| !known.contains(what))
            .map(|what| format!("broken: {what}")),
    );
    faults
}

/// `1.20.3` in a form that sorts.
fn version(text: &str) -> Option<Vec<u32>> {
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| parts.len() == 3)
}

/// The contract without what breaks nobody when it changes: texts, examples, tags and tables.
fn bare(contract: &Value, version: &str) -> Value {
    let mut bare = stripped(contract, false);
    if let Some(top) = bare.as_object_mut() {
        top.retain(|key, _| matches!(key.as_str(), "openapi" | "paths" | "webhooks" | "components"));
        top.insert(RELEASED.to_owned(), json!(version));
    }
    bare
}

/// Without words that only people read. `names` says that the keys are names of ours, of which none is such a word.
fn stripped(value: &Value, names: bool) -> Value {
    const TEXTS: [&str; 11] = [
        "description",
        "summary",
        "title",
        "example",
        "examples",
        "tags",
        "links",
        "x-errors",
        "x-idempotency",
        "x-rate-weight",
        "x-optional",
    ];
    const NAMED: [&str; 10] = [
        "properties",
        "paths",
        "webhooks",
        "schemas",
        "responses",
        "parameters",
        "headers",
        "content",
        "securitySchemes",
        "scopes",
    ];
    match value {
        Value::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, _)| names || !TEXTS.contains(&key.as_str()))
                .map(|(key, inner)| (key.clone(), stripped(inner, !names && NAMED.contains(&key.as_str()))));
            Value::Object(kept.collect::<BTreeMap<_, _>>().into_iter().collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(|one| stripped(one, false)).collect()),
        other => other.clone(),
    }
}

/// As JSON with a line for each path, schema and webhook: short, and a change of one is a change of one line.
fn lines(contract: &Value) -> String {
    fn members(object: &Map<String, Value>, deep: usize, text: &mut String) {
        text.push_str("{\n");
        for (index, (key, value)) in object.iter().enumerate() {
            text.push_str(&format!("{}: ", json!(key)));
            match value {
                Value::Object(inner) if deep > 0 => members(inner, deep - 1, text),
                _ => text.push_str(&value.to_string()),
            }
            text.push_str(if index + 1 < object.len() { ",\n" } else { "\n" });
        }
        text.push('}');
    }
    let mut text = String::new();
    // Paths and webhooks stand one step in, schemas two.
    members(contract.as_object().unwrap(), 2, &mut text);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(fields: &Value) -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {"title": "x"},
            "paths": {"/v1/a": {"get": {"operationId": "getA", "summary": "A", "responses": {"200": {"description": "A", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}, "example": {}}}}}}}},
            "components": {"schemas": {"A": {"type": "object", "description": "A", "properties": fields}}},
        })
    }

    #[test]
    fn a_break_must_be_declared_and_a_declaration_must_be_so() {
        let old = bare(&contract(&json!({"title": {"type": "string"}})), "0.9.0");
        let new = contract(&json!({}));
        assert_eq!(faults(&old, &new, ""), ["broken: received A.title: is gone"]);
        let told = |what: &str, why: &str, since: &str| {
            format!("[[change]]\nwhat = {what:?}\nwhy = {why:?}\nsince = {since:?}\n")
        };
        let right = told(
            "received A.title: is gone",
            "It was never filled; use `name`.",
            "0.10.0",
        );
        assert!(faults(&old, &new, &right).is_empty());
        assert_eq!(
            faults(&old, &old, &right),
            ["declared, but not so: received A.title: is gone"]
        );
        assert_eq!(
            faults(&old, &new, &format!("{right}{right}")),
            ["declared twice: received A.title: is gone"]
        );
        assert_eq!(
            faults(&old, &new, &told("received A.title: is gone", " ", "0.9.0")),
            [
                "declared without a reason: received A.title: is gone",
                "declared for 0.9.0, and 0.9.0 is released: received A.title: is gone"
            ]
        );
        assert!(faults(&old, &new, "[[changes]]\n")[0].starts_with("openapi/breaking.toml: "));
    }

    #[test]
    fn what_is_kept_has_no_texts_and_all_names() {
        let bare = bare(
            &contract(&json!({"title": {"type": "string", "title": "T", "examples": ["a"]}})),
            "0.9.0",
        );
        assert_eq!(
            bare["components"]["schemas"]["A"],
            json!({"type": "object", "properties": {"title": {"type": "string"}}})
        );
        assert_eq!(
            bare["paths"]["/v1/a"]["get"]["responses"]["200"],
            json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}})
        );
        assert_eq!((bare.get("info"), &bare[RELEASED]), (None, &json!("0.9.0")));
        let text = lines(&bare);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), bare);
        assert!(text.contains("\n\"A\": {\"properties\""), "{text}");
    }
}
