//! Whether an answer is the one that was promised.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use serde_json::Value;

use super::askers::{Asker, Promise};
use crate::support::{Response, api::Operation, fixtures::Fixtures};

/// Codes by which the gate turns a caller away.
const TURNED_AWAY: [&str; 4] = ["unauthenticated", "token_expired", "forbidden", "insufficient_scope"];

/// What somebody may call who is then asked for a right to what the body names: an import needs that of making its records.
const NEEDS_MORE: &[(&str, &str)] = &[("createImport", "machine with the scope")];

/// Operations whose fixture a partner may not see: a view or webhook endpoint of the vendor's own, a program that is still a
/// draft.
const HIDDEN: &[&str] = &["getProgram", "getSavedView", "getWebhookEndpoint", "getWebhookDelivery"];

/// What the matrix found.
#[derive(Default)]
pub struct Report {
    pub calls: usize,
    pub problems: Vec<Problem>,
    pub succeeded: BTreeSet<String>,
    /// Operations whose foreign case could not be asked, and why.
    pub unasked: BTreeMap<String, String>,
}

pub struct Problem {
    pub operation: String,
    pub who: String,
    pub what: String,
}

impl Report {
    fn problem(&mut self, operation: &Operation, who: &Asker<'_>, what: impl Into<String>) {
        self.problems.push(Problem {
            operation: operation.id.clone(),
            who: who.name.clone(),
            what: what.into(),
        });
    }

    pub fn told(&self) -> String {
        // The same fault of ten roles is one line.
        let mut grouped: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for problem in &self.problems {
            grouped
                .entry((problem.operation.clone(), problem.what.clone()))
                .or_default()
                .insert(problem.who.clone());
        }
        let lines: Vec<String> = grouped
            .into_iter()
            .map(|((operation, what), who)| {
                format!(
                    "{operation}: {what} [{}]",
                    who.into_iter().collect::<Vec<_>>().join(", ")
                )
            })
            .collect();
        lines.join("\n  ")
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one case of the matrix, with all that it is judged by"
)]
pub fn judge(
    report: &mut Report,
    operation: &Operation,
    who: &Asker<'_>,
    promise: Promise,
    sort: &str,
    response: &Response,
    fixtures: &Fixtures<'_>,
    missing_answer: &mut Option<Value>,
) {
    let code = response.body["code"].as_str().unwrap_or_default();
    let status = response.status;
    let turned_away = matches!(status, 401 | 403) && TURNED_AWAY.contains(&code);
    if status >= 500 {
        report.problem(operation, who, format!("{sort}: {status} {code}"));
        return;
    }
    for fault in &response.faults {
        report.problem(
            operation,
            who,
            format!("{sort}: {status} is not as the contract says: {fault}"),
        );
    }
    match promise {
        Promise::Open => return,
        Promise::SignIn | Promise::Forbidden => {
            let wanted = if promise == Promise::SignIn { 401 } else { 403 };
            if status != wanted {
                report.problem(
                    operation,
                    who,
                    format!("{sort}: {status} {code}, though the contract does not let them: {wanted} is right"),
                );
            }
            return;
        }
        Promise::Passes if turned_away && !NEEDS_MORE.contains(&(&*operation.id, &*who.name)) => {
            report.problem(
                operation,
                who,
                format!(
                    "{sort}: {status} {code}, though the contract lets them: {}",
                    response.body["detail"].as_str().unwrap_or_default()
                ),
            );
            return;
        }
        Promise::Passes => {}
    }
    if status < 300 {
        report.succeeded.insert(operation.id.clone());
        let text = String::from_utf8_lossy(&response.bytes);
        if who.limited
            && !operation.public
            && !Fixtures::is_vendors(operation)
            && let Some(id) = fixtures.foreign().find(|id| text.contains(*id))
        {
            report.problem(
                operation,
                who,
                format!(
                    "{sort}: the answer holds {}, which is another partner's",
                    id.rsplit_once('_').map_or(id, |(kind, _)| kind)
                ),
            );
        }
    }
    // A body that does not fit is turned down before the record is looked for.
    // So is a change of a parent that was changed meanwhile, when its child is no more.
    let of_a_parent = status == 412 && operation.path.matches('{').count() > 1;
    let before_the_record = matches!(status, 400 | 415 | 422) || of_a_parent;
    match sort {
        "unknown" | "malformed" | "of another parent" => {
            if status != 404 && !before_the_record {
                report.problem(
                    operation,
                    who,
                    format!("{sort}: {status} {code}, though there is no such record: 404 is right"),
                );
            }
            if sort == "unknown" && status == 404 {
                *missing_answer = Some(without_place(&response.body));
            }
        }
        "foreign" if who.limited => {
            if status != 404 && !before_the_record {
                report.problem(
                    operation,
                    who,
                    format!("foreign: {status} {code}, though the record is another partner's: 404 is right"),
                );
            } else if status == 404
                && missing_answer
                    .as_ref()
                    .is_some_and(|unknown| *unknown != without_place(&response.body))
            {
                report.problem(
                    operation,
                    who,
                    "foreign: the 404 differs from that of an unknown record".to_owned(),
                );
            }
        }
        // What hangs on a record without an id of its own, as its application, may not be there.
        "own"
            if operation.method == Method::GET
                && status == 404
                && operation.path.ends_with("id}")
                // The id of another system in the example names no record; the stories of batches read by one.
                && !operation.path.ends_with("{external_id}")
                && !(who.limited && HIDDEN.contains(&operation.id.as_str())) =>
        {
            report.problem(operation, who, "own: 404, though the record is theirs".to_owned());
        }
        _ => {}
    }
}

/// The problem without what differs from request to request.
fn without_place(problem: &Value) -> Value {
    let mut problem = problem.clone();
    for name in ["instance", "request_id"] {
        problem[name] = Value::Null;
    }
    problem
}
