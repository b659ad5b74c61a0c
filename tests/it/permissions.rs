//! The authorisation matrix: every operation of the contract × everyone who may call × own, foreign and unknown records.
//!
//! The contract promises by `x-roles` and `x-scope` who may call; the answers are compared with the promise. A caller who
//! may not is told 401 or 403 before anything else is looked at; a record of another partner is answered as one that does
//! not exist, word for word; nothing that is another partner's stands in any answer; nothing fails with 5xx.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use actix_web::http::Method;
use openprm::{
    app::Contract,
    auth::{
        Permission, Role, Roles, Rows,
        permissions::{self, Who},
    },
    db::Engine,
    http::Operations,
};
use serde_json::Value;

use crate::support::{
    Client, Response, World,
    api::{Operation, api},
    contract,
    fixtures::{Fixtures, Whose},
};

/// Codes by which the gate turns a caller away.
const TURNED_AWAY: [&str; 4] = ["unauthenticated", "token_expired", "forbidden", "insufficient_scope"];

/// Somebody who calls.
struct Asker<'w> {
    name: String,
    client: Client<'w>,
    kind: Kind,
    /// Sees partner A's rows alone.
    limited: bool,
}

enum Kind {
    Person(Role),
    /// A machine with these scopes, or with all but these.
    Machine {
        has: bool,
    },
    /// Not signed in, or with a token that is none.
    Nobody,
}

/// What the promise says of one caller and one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    Passes,
    SignIn,
    Forbidden,
    /// The contract leaves it open.
    Open,
}

/// What the matrix found.
#[derive(Default)]
struct Report {
    calls: usize,
    problems: Vec<Problem>,
    succeeded: BTreeSet<String>,
    /// Operations whose foreign case could not be asked, and why.
    unasked: BTreeMap<String, String>,
}

struct Problem {
    operation: String,
    who: String,
    what: String,
}

impl Report {
    fn problem(&mut self, operation: &Operation, who: &Asker<'_>, what: impl Into<String>) {
        self.problems.push(Problem {
            operation: operation.id.clone(),
            who: who.name.clone(),
            what: what.into(),
        });
    }

    fn told(&self) -> String {
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

fn callers<'w>(world: &'w World, fixtures: &Fixtures<'_>) -> Vec<Asker<'w>> {
    let mut callers = Vec::new();
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::Integration) {
        let (client, limited) = if role.is_partner() {
            (world.partner_user(fixtures.a, role), true)
        } else {
            (world.vendor(role), false)
        };
        callers.push(Asker {
            name: role.to_string(),
            client,
            kind: Kind::Person(role),
            limited,
        });
    }
    for role in [Role::Cam, Role::Approver] {
        let client = world.vendor_of(role, Rows::Partners([fixtures.a].into()));
        callers.push(Asker {
            name: format!("{role} of A alone"),
            client,
            kind: Kind::Person(role),
            limited: true,
        });
    }
    callers.push(Asker {
        name: "nobody".to_owned(),
        client: world.stranger(),
        kind: Kind::Nobody,
        limited: true,
    });
    callers.push(Asker {
        name: "forged token".to_owned(),
        client: world.bearer("not-a-token-of-ours"),
        kind: Kind::Nobody,
        limited: true,
    });
    callers
}

fn machines<'w>(world: &'w World, operation: &Operation) -> Vec<Asker<'w>> {
    let every = permissions::scopes();
    let scope = operation.scope.as_deref().unwrap_or("no:scope");
    let others: Vec<&str> = every.into_iter().filter(|one| *one != scope).collect();
    vec![
        Asker {
            name: "machine with the scope".to_owned(),
            client: world.machine(&[scope]),
            kind: Kind::Machine { has: true },
            limited: false,
        },
        Asker {
            name: "machine with all other scopes".to_owned(),
            client: world.machine(&others),
            kind: Kind::Machine { has: false },
            limited: false,
        },
    ]
}

fn promise(operation: &Operation, kind: &Kind) -> Promise {
    match kind {
        // What is open to everyone stays open to those whose token has ended: how else would they sign in again?
        _ if operation.public => Promise::Passes,
        Kind::Nobody => Promise::SignIn,
        Kind::Person(role) if operation.roles.contains(role.as_str()) => Promise::Passes,
        Kind::Person(_) => Promise::Forbidden,
        Kind::Machine { has } => match &operation.scope {
            Some(_) if *has => Promise::Passes,
            Some(_) => Promise::Forbidden,
            // Open to everyone who is signed in, or to people alone: the contract writes both the same way.
            None => Promise::Open,
        },
    }
}

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

async fn matrix(world: &World, fixtures: &mut Fixtures<'_>, callers: Vec<Asker<'_>>, only: &[&str]) -> Report {
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

#[expect(
    clippy::too_many_arguments,
    reason = "one case of the matrix, with all that it is judged by"
)]
fn judge(
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

/// What somebody may call who is then asked for a right to what the body names: an import needs that of making its records.
const NEEDS_MORE: &[(&str, &str)] = &[("createImport", "machine with the scope")];

/// Operations whose fixture a partner may not see: a view or webhook endpoint of the vendor's own, a program that is still a
/// draft.
const HIDDEN: &[&str] = &["getProgram", "getSavedView", "getWebhookEndpoint", "getWebhookDelivery"];

/// The problem without what differs from request to request.
fn without_place(problem: &Value) -> Value {
    let mut problem = problem.clone();
    for name in ["instance", "request_id"] {
        problem[name] = Value::Null;
    }
    problem
}

each_engine! {
    async fn everyone_may_do_what_the_contract_says_and_nothing_else(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let callers = callers(&world, &fixtures);
        let report = matrix(&world, &mut fixtures, callers, &[]).await;
        println!("{} calls of {} operations; {} operations succeeded at least once", report.calls, api().operations.len(), report.succeeded.len());
        for (what, why) in &report.unasked {
            println!("not asked: {what}: {why}");
        }
        assert!(
            report.problems.is_empty(),
            "If you are here because you added an operation: what it answers differs from its row in src/auth/permissions.rs, \
             or from what api.md promises of records that are not the caller's.\n  {}",
            report.told()
        );
        if world.engine() == Engine::Sqlite {
            uncovered(&fixtures);
        }
    }
}

/// The kinds of ids that no row could be made of: their own and foreign cases are not in the matrix.
fn uncovered(fixtures: &Fixtures<'_>) {
    let mut text = String::from(
        "# Kinds of ids without a row in the tests: their own and foreign cases are not in the authorisation matrix.\n",
    );
    text.push_str(
        "# A kind that the contract's own examples cannot make gets a maker in tests/it/support/fixtures.rs.\n",
    );
    for (kind, why) in &fixtures.missing {
        text.push_str(&format!("{kind}  {why}\n"));
    }
    text.push_str(&format!("{} uncovered\n", fixtures.missing.len()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/uncovered.txt");
    if std::fs::read_to_string(&path).unwrap_or_default() != text {
        std::fs::write(&path, &text).unwrap();
        panic!(
            "If you are here because you added a kind of record: openapi/uncovered.txt was written anew. Read it, and commit it or add a maker:\n{text}"
        );
    }
}

/// The permission table with faults, and the contract as it was promised.
fn faulty(change: impl Fn(&mut Permission)) -> std::sync::Arc<Contract> {
    let table: Vec<Permission> = permissions::TABLE
        .iter()
        .map(|row| {
            let mut row = *row;
            change(&mut row);
            row
        })
        .collect();
    // Leaked: the table of a server lives as long as the process.
    let table: &'static [Permission] = Vec::leak(table);
    std::sync::Arc::new(Contract {
        operations: Operations::of(&api().document, table, &contract().switches).unwrap(),
        documents: contract().documents.clone(),
        bodies: contract().bodies.clone(),
        switches: contract().switches.clone(),
    })
}

#[actix_web::test]
async fn the_matrix_finds_faults_that_are_planted() {
    let every = Role::ALL.iter().copied().collect::<Roles>();
    let world = World::with(
        Engine::Sqlite,
        faulty(|row| match row.operation {
            // 1: a role too many.
            "createTerritory" => {
                row.who = Who::Roles([Role::Admin, Role::ChannelOps, Role::Analyst].into_iter().collect());
            }
            // 2: a role too few.
            "listProducts" => {
                row.who = Who::Roles(
                    Role::ALL
                        .iter()
                        .copied()
                        .filter(|role| *role != Role::Finance)
                        .collect(),
                );
            }
            // 3: open to the world.
            "listCustomFields" => row.who = Who::Anyone,
            // 4: open to everyone who has signed in.
            "updateTerritory" => row.who = Who::Roles(every),
            // 5: the scope of another operation.
            "createProduct" => row.scope = Some("catalog:read"),
            _ => {}
        }),
    )
    .await;
    let mut fixtures = Fixtures::new(&world).await;
    let mut callers = callers(&world, &fixtures);
    // 6: a partner's people with the rows of everyone.
    let leaking = world.partner_user_with(fixtures.a, Role::PartnerSales, Rows::All);
    callers.push(Asker {
        name: "partner_sales with all rows".to_owned(),
        client: leaking,
        kind: Kind::Person(Role::PartnerSales),
        limited: true,
    });
    let asked = [
        "createTerritory",
        "listProducts",
        "listCustomFields",
        "updateTerritory",
        "createProduct",
        "getPartner",
        "listPartners",
        "getTerritory",
    ];
    let report = matrix(&world, &mut fixtures, callers, &asked).await;
    let found = |operation: &str, who: &str| {
        report
            .problems
            .iter()
            .any(|problem| problem.operation == operation && problem.who == who)
    };
    let planted = [
        ("createTerritory", "analyst"),
        ("listProducts", "finance"),
        ("listCustomFields", "nobody"),
        ("updateTerritory", "partner_learner"),
        ("createProduct", "machine with all other scopes"),
        ("getPartner", "partner_sales with all rows"),
        ("listPartners", "partner_sales with all rows"),
    ];
    let overlooked: Vec<_> = planted
        .iter()
        .filter(|(operation, who)| !found(operation, who))
        .collect();
    assert!(
        overlooked.is_empty(),
        "the matrix overlooked {overlooked:?}; it found\n  {}",
        report.told()
    );
    let alarms: Vec<_> = report
        .problems
        .iter()
        .filter(|problem| problem.operation == "getTerritory")
        .map(|problem| &problem.what)
        .collect();
    assert!(alarms.is_empty(), "the matrix gave a false alarm: {alarms:?}");
}
