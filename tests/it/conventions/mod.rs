//! What holds for every resource alike, asked of every operation of the contract: whoever adds one is covered by it.
//!
//! Each test collects all offenders before it fails, and names each by its operation.

mod answers;
mod changes;
mod lists;

use actix_web::http::Method;
use serde_json::Value;

use crate::support::{
    Response,
    api::{Operation, Parameter, api},
    fixtures::{Fixtures, Whose},
};

/// What does not keep to a convention.
#[derive(Default)]
struct Offenders {
    asked: usize,
    list: Vec<String>,
}

/// Operations that differ from a convention on purpose, and why.
const EXCEPT: &[(&str, &str)] = &[
    (
        "getProtection",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "listProtections",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "getTierGap",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    (
        "getPartnerBenefits",
        "it is read as of the moment of asking, which its answer tells",
    ),
    (
        "listPartnerSpecialisations",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    (
        "listBenefitUsage",
        "it is reckoned at the moment of asking, which its answer tells",
    ),
    ("issueToken", "OAuth has its own form of refusals (RFC 6749)"),
    ("revokeToken", "OAuth has its own form of refusals (RFC 6749)"),
    ("introspectToken", "OAuth has its own form of refusals (RFC 6749)"),
    (
        "getCustomerAccountByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getDealByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getPartnerByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getPersonByExternalId",
        "the external id of its example names no record here; `batch` reads by it",
    ),
    (
        "getDirectOpportunityByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    (
        "getNamedAccountByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    (
        "getInstalledBaseByExternalId",
        "the external id of its example names no record here; `holdings` reads by it",
    ),
    ("updateNote", "only its author changes a note"),
    ("updateDealComment", "only its author changes a comment"),
    ("updateInteraction", "only its author changes an interaction"),
    ("updateSavedView", "only its owner changes a view"),
];

impl Offenders {
    fn check(&mut self, holds: bool, operation: &Operation, what: impl FnOnce() -> String) {
        self.asked += 1;
        if !holds && !EXCEPT.iter().any(|(id, _)| *id == operation.id) {
            self.list.push(format!("{}: {}", operation.id, what()));
        }
    }

    /// The answer must be a problem with that status and code.
    fn problem(&mut self, operation: &Operation, what: &str, response: &Response, status: u16, code: &str) {
        let fits = response.status == status && response.body["code"] == code;
        self.check(fits, operation, || {
            format!(
                "{what}: {} {} instead of {status} {code}",
                response.status,
                short(&response.body)
            )
        });
    }

    fn done(self, rule: &str) {
        assert!(self.asked > 0, "nothing was asked: {rule}");
        assert!(
            self.list.is_empty(),
            "If you are here because you added an operation: {rule} (api.md). Of {} answers these keep not to it:\n  {}",
            self.asked,
            self.list.join("\n  ")
        );
    }
}

fn short(value: &Value) -> String {
    let text = if value["code"].is_string() {
        format!("{} {} {}", value["code"], value["detail"], value["errors"])
    } else {
        value.to_string()
    };
    text.chars().take(300).collect()
}

/// The operation's address with ids of rows, or of none where none can be made.
fn address(operation: &Operation, fixtures: &Fixtures<'_>) -> String {
    fixtures.path(operation, Whose::Own).unwrap_or_else(|| {
        let mut path = operation.path.clone();
        for parameter in operation.path_ids() {
            path = path.replace(&format!("{{{}}}", parameter.name), &parameter.plain());
        }
        path
    })
}

pub fn joined(address: &str, query: &str) -> String {
    if query.is_empty() {
        address.to_owned()
    } else {
        format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
    }
}

/// The parameters without which the operation answers nothing.
pub fn needed(operation: &Operation) -> String {
    let needed = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == "query" && parameter.required);
    needed
        .map(|parameter| format!("{}={}", parameter.name, sample(parameter)))
        .collect::<Vec<_>>()
        .join("&")
}

fn sample(parameter: &Parameter) -> String {
    parameter
        .plain()
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The operation that adds a row to a list.
pub fn adds_to(list: &Operation) -> Option<&'static Operation> {
    api().operations.iter().find(|operation| {
        operation.method == Method::POST && operation.path == list.path && operation.answer("201").is_some()
    })
}
