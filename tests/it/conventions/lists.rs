//! What a call may ask of a list or a record: query parameters, pages and their cursors, and fewer fields.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::Value;

use super::{Offenders, address, adds_to, joined, needed, sample, short};
use crate::support::{
    api::{Operation, api},
    fixtures::{Fixtures, Whose},
};

fn lists() -> impl Iterator<Item = &'static Operation> {
    api().operations.iter().filter(|operation| operation.is_list())
}

fn ids(page: &Value) -> Vec<String> {
    page["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["id"].as_str().map_or_else(|| row.to_string(), str::to_owned))
        .collect()
}

each_engine! {
    async fn an_unknown_query_parameter_is_refused_and_named(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in &api().operations {
            let path = joined(&address(operation, &fixtures), "no_such_parameter=1");
            let response = fixtures.caller(operation, Whose::Own).probe(operation.method.clone(), &path, &[], None).await;
            offenders.problem(operation, "?no_such_parameter=1", &response, 400, "invalid_query");
            let named = response.body["errors"].as_array().into_iter().flatten().any(|fault| fault["pointer"] == "query:no_such_parameter");
            offenders.check(named, operation, || "the unknown parameter is not named".to_owned());
        }
        offenders.done("an unknown query parameter is answered 400 and named");
    }

    async fn every_documented_query_parameter_is_taken(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in api().operations.iter().filter(|operation| operation.method == Method::GET && fixtures.path(operation, Whose::Own).is_some()) {
            let caller = fixtures.caller(operation, Whose::Own);
            let path = joined(&address(operation, &fixtures), &needed(operation));
            let before = caller.probe(Method::GET, &path, &[], None).await;
            for parameter in operation.parameters.iter().filter(|parameter| parameter.place == "query" && !parameter.required && parameter.name != "cursor") {
                let schema = api().resolve(&parameter.schema);
                let item = api().resolve(&schema["items"]);
                let words: Vec<String> = [schema, item].iter().flat_map(|schema| schema["enum"].as_array().into_iter().flatten()).filter_map(Value::as_str).map(str::to_owned).collect();
                let values = if words.is_empty() { vec![sample(parameter)] } else { words };
                for value in values {
                    let response = caller.probe(Method::GET, &joined(&path, &format!("{}={value}", parameter.name)), &[], None).await;
                    // Two filters that exclude each other by nature may say so; the server may not fail.
                    let same = response.status == before.status || (response.body["code"] == "contradiction" && before.status == 200 && parameter.name.starts_with("external_"));
                    offenders.check(same && response.faults.is_empty(), operation, || format!("{}={value}: {} {} {:?}", parameter.name, response.status, short(&response.body), response.faults));
                }
                let nul = caller.probe(Method::GET, &joined(&path, &format!("{}=%00", parameter.name)), &[], None).await;
                offenders.problem(operation, &format!("{}=%00", parameter.name), &nul, 400, "invalid_query");
                let twice = joined(&path, &format!("{0}={1}&{0}={1}", parameter.name, sample(parameter)));
                offenders.problem(operation, "a parameter sent twice", &caller.probe(Method::GET, &twice, &[], None).await, 400, "invalid_query");
            }
        }
        offenders.done("every documented value of a query parameter is taken");
    }

    async fn every_list_keeps_to_its_limit_and_its_cursors(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        let mut foreign_cursor: Option<(String, String)> = None;
        for operation in lists() {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let caller = fixtures.caller(operation, Whose::Own);
            for limit in ["0", "201", "-1", "many", "1.5", "99999999999999999999"] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("limit={limit}")), &[], None).await;
                offenders.problem(operation, &format!("limit={limit}"), &response, 400, "invalid_query");
            }
            for cursor in ["AAAA", "eyJrIjoiMDFqZHE0In0"] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor that is none", &response, 409, "invalid_cursor");
            }
            if let Some(adding) = adds_to(operation) {
                for _ in 0..3 {
                    fixtures.call(adding, Whose::Own).await;
                }
            }
            let first = caller.probe(Method::GET, &joined(&path, "limit=1"), &[], None).await;
            offenders.check(ids(&first.body).len() <= 1, operation, || "limit=1 answers more than one row".to_owned());
            let Some(cursor) = first.body["next_cursor"].as_str() else { continue };
            let link = first.header("link").unwrap_or_default().to_owned();
            offenders.check(link.contains(cursor) && link.contains("rel=\"next\""), operation, || format!("Link does not lead to the next page: {link:?}"));
            offenders.check(first.body["has_more"] == true, operation, || "has_more contradicts next_cursor".to_owned());
            let mut bent = cursor.to_owned();
            let last = bent.pop().unwrap();
            bent.push(if last == 'A' { 'B' } else { 'A' });
            let mut front = cursor.to_owned();
            front.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
            for bent in [bent, front] {
                let response = caller.probe(Method::GET, &joined(&path, &format!("limit=1&cursor={bent}")), &[], None).await;
                // The last character may carry bits that mean nothing.
                let same = response.status == 200 && ids(&response.body) == ids(&caller.probe(Method::GET, &joined(&path, &format!("limit=1&cursor={cursor}")), &[], None).await.body);
                offenders.check(response.body["code"] == "invalid_cursor" || (same && bent.starts_with(&cursor[..cursor.len() - 1])), operation, || format!("a bent cursor: {} {}", response.status, short(&response.body)));
            }
            if let Some((of, other)) = foreign_cursor.replace((operation.id.clone(), cursor.to_owned())) {
                let response = caller.probe(Method::GET, &joined(&path, &format!("cursor={other}")), &[], None).await;
                offenders.problem(operation, &format!("a cursor of {of}"), &response, 409, "cursor_mismatch");
            }
            let sorts = operation.parameter("sort").map(|sort| api().resolve(&sort.schema)["enum"].clone());
            if let Some(other) = sorts.as_ref().and_then(Value::as_array).and_then(|sorts| sorts.last()).and_then(Value::as_str) {
                let response = caller.probe(Method::GET, &joined(&path, &format!("sort={other}&cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor of another order", &response, 409, "cursor_mismatch");
            }
            if operation.path_ids().next().is_some()
                && let Some(elsewhere) = fixtures.path(operation, Whose::Foreign).filter(|elsewhere| !path.starts_with(elsewhere.as_str()))
            {
                let other = fixtures.caller(operation, Whose::Foreign);
                let response = other.probe(Method::GET, &joined(&joined(&elsewhere, &needed(operation)), &format!("cursor={cursor}")), &[], None).await;
                offenders.problem(operation, "a cursor of the same list of another record", &response, 409, "cursor_mismatch");
            }
        }
        offenders.done("a list answers 1 to 200 rows, and takes only its own cursors, unchanged");
    }

    async fn a_walk_by_cursor_meets_every_row_once_while_rows_are_added(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders::default();
        for operation in lists() {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let path = joined(&path, &needed(operation));
            let adding = adds_to(operation);
            for _ in 0..4 {
                if let Some(adding) = adding {
                    fixtures.call(adding, Whose::Own).await;
                }
            }
            let sorts: Vec<String> = operation
                .parameter("sort")
                .map(|sort| api().resolve(&sort.schema)["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|word| format!("sort={word}")).collect())
                .unwrap_or_else(|| vec![String::new()]);
            for sort in sorts {
                let caller = fixtures.caller(operation, Whose::Own);
                let listed = joined(&path, &sort);
                let there = ids(&caller.probe(Method::GET, &joined(&listed, "limit=200"), &[], None).await.body);
                let mut met = Vec::new();
                let mut page = joined(&listed, "limit=2");
                for step in 0..200 {
                    let response = caller.probe(Method::GET, &page, &[], None).await;
                    if response.status != 200 {
                        offenders.check(false, operation, || format!("{page}: {} {}", response.status, short(&response.body)));
                        break;
                    }
                    met.extend(ids(&response.body));
                    let Some(cursor) = response.body["next_cursor"].as_str() else { break };
                    page = joined(&listed, &format!("limit=2&cursor={cursor}"));
                    if let (Some(adding), true) = (adding, step < 2) {
                        fixtures.call(adding, Whose::Own).await;
                    }
                }
                let seen: BTreeSet<&String> = met.iter().collect();
                offenders.check(seen.len() == met.len(), operation, || format!("{sort}: a row was met twice: {met:?}"));
                offenders.check(there.iter().all(|id| seen.contains(id)), operation, || format!("{sort}: of {there:?} only {met:?} were met"));
                let order: Vec<&String> = met.iter().filter(|id| there.contains(id)).collect();
                offenders.check(order == there.iter().collect::<Vec<_>>(), operation, || format!("{sort}: the walk is in another order than the whole list"));
            }
        }
        offenders.done("a walk by next_cursor meets every row that was there once, in every order");
    }

    async fn fields_narrow_an_answer(world: World) {
        let fixtures = Fixtures::new(&world).await;
        let mut offenders = Offenders { asked: 1, list: Vec::new() };
        for operation in api().operations.iter().filter(|operation| operation.parameter("fields").is_some()) {
            let Some(path) = fixtures.path(operation, Whose::Own) else { continue };
            let response = fixtures.caller(operation, Whose::Own).probe(Method::GET, &joined(&joined(&path, &needed(operation)), "fields=id"), &[], None).await;
            let record = if operation.parameter("cursor").is_some() { &response.body["data"][0] } else { &response.body };
            let names: Vec<&String> = record.as_object().into_iter().flatten().map(|(name, _)| name).collect();
            offenders.check(response.status == 200 && (record.is_null() || names == ["id"]), operation, || format!("fields=id: {} {names:?}", response.status));
        }
        offenders.done("fields= leaves only what is named");
    }
}
