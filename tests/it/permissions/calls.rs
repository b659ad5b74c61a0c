//! The calls of the matrix: each operation at every sort of address.

use actix_web::http::Method;
use serde_json::Value;

use super::{
    askers::{Asker, Promise, machines, promise},
    judging::{Report, judge},
};
use crate::support::{
    Response, World,
    api::{Operation, api},
    fixtures::{Fixtures, Whose},
};

/// A request's path with ids of one sort: own, foreign, of an own parent and a foreign child, unknown, malformed.
fn paths(operation: &Operation, fixtures: &Fixtures<'_>) -> Vec<(&'static str, Option<String>)> {
    let ids: Vec<_> = operation
        .path_ids()
        .map(|parameter| (parameter, parameter.id_prefix()))
        .collect();
    let kinds: Vec<&String> = ids.iter().filter_map(|(_, kind)| kind.as_ref()).collect();
    let last = ids.iter().rposition(|(_, kind)| kind.is_some());
    let mut paths = vec![("own", fixtures.path(operation, Whose::Own))];
    if kinds.is_empty() {
        return paths;
    }
    if kinds.iter().any(|kind| fixtures.is_owned(kind)) {
        paths.push(("foreign", fixtures.path(operation, Whose::Foreign)));
    }
    let with_last = |value: &dyn Fn(&str) -> Option<String>| {
        let mut path = operation.path.clone();
        for (index, (parameter, kind)) in ids.iter().enumerate() {
            let id = match kind {
                None => parameter.plain(),
                Some(kind) if last == Some(index) => value(kind)?,
                Some(kind) => fixtures.id(kind, Whose::Own)?.to_owned(),
            };
            path = path.replace(&format!("{{{}}}", parameter.name), &id);
        }
        Some(path)
    };
    if kinds.len() > 1 {
        paths.push((
            "of another parent",
            with_last(&|kind| fixtures.id(kind, Whose::Foreign).map(str::to_owned)),
        ));
    }
    paths.push((
        "unknown",
        with_last(&|kind| Some(format!("{kind}_01jdq4p6c8f3kb2v9y0s7x5ham"))),
    ));
    paths.push(("malformed", with_last(&|_| Some("nonsense".to_owned()))));
    paths
}

async fn ask(who: &Asker<'_>, operation: &Operation, path: &str, body: Option<&Value>, number: usize) -> Response {
    let key = format!("matrix-{number}");
    let mut headers = vec![];
    if operation.idempotency != "none" {
        headers.push(("idempotency-key", key.as_str()));
    }
    // A revision that no record has: whoever passes is told 412, and nothing changes.
    if operation.parameter("If-Match").is_some() {
        headers.push(("if-match", "\"999999\""));
    }
    let form = operation
        .body
        .as_ref()
        .is_some_and(|body| body.media.iter().any(|media| media.ends_with("urlencoded")));
    if form {
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        let text = body
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
        return who
            .client
            .probe_bytes(
                operation.method.clone(),
                path,
                &headers,
                Some(text.collect::<Vec<_>>().join("&").into_bytes()),
            )
            .await;
    }
    who.client.probe(operation.method.clone(), path, &headers, body).await
}

/// The query that the operation cannot do without.
fn query(operation: &Operation) -> String {
    let required: Vec<String> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == "query" && parameter.required)
        .map(|parameter| {
            let value = match parameter.example.clone().unwrap_or_default() {
                Value::String(text) => text,
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                other => other.to_string(),
            };
            format!("{}={value}", parameter.name)
        })
        .collect();
    if required.is_empty() {
        String::new()
    } else {
        format!("?{}", required.join("&"))
    }
}

/// Reads first, then what If-Match keeps from happening, then what does happen.
fn order(operation: &Operation) -> u8 {
    if operation.method == Method::GET {
        0
    } else if operation.parameter("If-Match").is_some() {
        1
    } else {
        2
    }
}

pub async fn matrix(world: &World, fixtures: &mut Fixtures<'_>, callers: Vec<Asker<'_>>, only: &[&str]) -> Report {
    let mut report = Report::default();
    let mut operations: Vec<&Operation> = api()
        .operations
        .iter()
        .filter(|operation| only.is_empty() || only.contains(&operation.id.as_str()))
        .collect();
    operations.sort_by_key(|operation| order(operation));
    for operation in operations {
        let query = query(operation);
        let paths = paths(operation, fixtures);
        let machines = machines(world, operation);
        for who in callers.iter().chain(&machines) {
            let promise = promise(operation, &who.kind);
            let mut missing_answer = None;
            // Unknown before foreign, so that the two can be compared.
            for (sort, path) in paths.iter().rev() {
                let Some(path) = path else {
                    report.unasked.insert(
                        format!("{} ({sort})", operation.id),
                        "a row of its path cannot be made".to_owned(),
                    );
                    continue;
                };
                if promise != Promise::Passes && matches!(*sort, "malformed" | "of another parent") {
                    continue;
                }
                let whole = report.calls % 2 == 0;
                let body = fixtures.body(operation, Whose::Own, whole);
                report.calls += 1;
                let response = ask(who, operation, &format!("{path}{query}"), body.as_ref(), report.calls).await;
                judge(
                    &mut report,
                    operation,
                    who,
                    promise,
                    sort,
                    &response,
                    fixtures,
                    &mut missing_answer,
                );
            }
        }
    }
    report
}
