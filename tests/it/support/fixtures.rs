//! Rows to call operations with: for each kind of id one row of partner A and one of partner B, made over the API.
//!
//! Most kinds make themselves: the contract tells which operation creates them, and its example is a body. What needs
//! more has a maker of its own in `makers.rs`. A kind that cannot be made is listed in `openapi/uncovered.txt`.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use openprm::{
    auth::Role,
    kernel::{
        Time,
        ids::{Id as _, PartnerId, UserId},
    },
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
};
use serde_json::{Map, Value, json};

use super::{
    Client, Response, World,
    api::{Operation, api, id_prefix},
};

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Of the partner whose people call.
    Own,
    /// Of another partner.
    Foreign,
}

/// The rows of one world.
pub struct Fixtures<'w> {
    pub(super) world: &'w World,
    pub a: PartnerId,
    pub b: PartnerId,
    /// The account manager of both.
    pub manager: UserId,
    ids: BTreeMap<(String, Whose), String>,
    /// Kinds whose rows belong to one partner, so that the other must not see them.
    owned: BTreeSet<String>,
    making: BTreeSet<String>,
    /// Kinds that cannot be made, each with the last refusal.
    pub missing: BTreeMap<String, String>,
    number: u32,
    /// The line over all products, and the region over all territories.
    pub(super) tops: Vec<Value>,
}

/// Who makes rows, the first who may.
const MAKERS: [Role; 8] = [
    Role::ChannelOps,
    Role::Admin,
    Role::Cam,
    Role::Approver,
    Role::Finance,
    Role::ContentManager,
    Role::PartnerAdmin,
    Role::PartnerSales,
];

/// Fields whose values must differ from row to row.
const VARIED: [&str; 15] = [
    "code",
    "name",
    "legal_name",
    "title",
    "label",
    "email",
    "key",
    "number",
    "registration_number",
    "domain",
    "alias",
    "external_id",
    "topic",
    "website",
    "issuer",
];

/// Fields that decide who sees the row.
const SHOWN: [&str; 3] = ["partner_id", "partner_visible", "visibility"];

/// Kinds that name a partner and are the vendor's all the same: the limit of rows does not apply.
const VENDORS: [&str; 1] = ["base"];

impl<'w> Fixtures<'w> {
    /// Two active partners, and a row of each kind that the contract knows, for both.
    pub async fn new(world: &'w World) -> Self {
        let manager = world.user("vendor", "manager");
        let (a, b) = (
            partner(world, "Nordwind Systemhaus GmbH", manager),
            partner(world, "Südwind Systeme GmbH", manager),
        );
        let mut fixtures = Self {
            world,
            a,
            b,
            manager,
            ids: BTreeMap::new(),
            owned: BTreeSet::from(["partner".to_owned()]),
            making: BTreeSet::new(),
            missing: BTreeMap::new(),
            number: 0,
            tops: Vec::new(),
        };
        for (whose, id) in [(Whose::Own, a), (Whose::Foreign, b)] {
            fixtures.ids.insert(("partner".to_owned(), whose), id.to_string());
            fixtures.ids.insert(("user".to_owned(), whose), manager.to_string());
        }
        fixtures.lay_ground().await;
        let kinds: BTreeSet<String> = api()
            .operations
            .iter()
            .flat_map(Operation::path_ids)
            .filter_map(super::api::Parameter::id_prefix)
            .collect();
        for kind in kinds {
            for whose in [Whose::Own, Whose::Foreign] {
                fixtures.make(&kind, whose).await;
            }
        }
        fixtures
    }

    /// The row of that kind, if there is one.
    pub fn id(&self, kind: &str, whose: Whose) -> Option<&str> {
        self.ids.get(&(kind.to_owned(), whose)).map(String::as_str)
    }

    /// Whether rows of that kind belong to one partner.
    pub fn is_owned(&self, kind: &str) -> bool {
        self.owned.contains(kind)
    }

    /// Whether the operation answers the vendor's own records, which may name any partner.
    pub fn is_vendors(operation: &Operation) -> bool {
        let Some(schema) = operation.answer("200").or_else(|| operation.answer("201")) else {
            return false;
        };
        let item = &api().resolve(schema)["properties"]["data"]["items"];
        record_kind(if item.is_null() { schema } else { item }).is_some_and(|kind| VENDORS.contains(&kind.as_str()))
    }

    /// Every id of a row that belongs to partner B.
    pub fn foreign(&self) -> impl Iterator<Item = &str> {
        self.ids
            .iter()
            .filter(|((kind, whose), _)| *whose == Whose::Foreign && self.is_owned(kind))
            .map(|(_, id)| id.as_str())
    }

    /// Somebody who may call the operation.
    pub fn caller(&self, operation: &Operation, whose: Whose) -> Client<'w> {
        if operation.public {
            return self.world.stranger();
        }
        let partner = if whose == Whose::Own { self.a } else { self.b };
        let role = MAKERS
            .into_iter()
            .chain(Role::ALL.iter().copied())
            .find(|role| operation.roles.contains(role.as_str()));
        match role {
            Some(role) if role.is_partner() => self.world.partner_user(partner, role),
            Some(role) => self.world.vendor(role),
            None => self.world.vendor(Role::Admin),
        }
    }

    /// The operation's path with the rows of `whose`; none if one of its ids cannot be made.
    pub fn path(&self, operation: &Operation, whose: Whose) -> Option<String> {
        let mut path = operation.path.clone();
        for parameter in operation.path_ids() {
            let value = match parameter.id_prefix() {
                Some(kind) => self.id(&kind, whose)?.to_owned(),
                None => parameter.plain(),
            };
            path = path.replace(&format!("{{{}}}", parameter.name), &value);
        }
        Some(path)
    }

    /// A body of the operation's own example about rows of `whose`; with `whole` false, only what is required.
    pub fn body(&mut self, operation: &Operation, whose: Whose, whole: bool) -> Option<Value> {
        self.number += 1;
        let number = self.number;
        let body = operation.body.as_ref()?;
        let schema = api().resolve(&body.schema);
        let example = body.example.as_ref()?;
        let Some(example) = example.as_object() else {
            return Some(example.clone());
        };
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut value: Map<String, Value> = example
            .iter()
            .filter(|(name, _)| whole || required.contains(&name.as_str()) || SHOWN.contains(&name.as_str()))
            .map(|(name, part)| (name.clone(), part.clone()))
            .collect();
        if schema["properties"].get("partner_id").is_some() {
            value.insert("partner_id".to_owned(), json!(self.id("partner", whose)));
        }
        for (name, part) in &mut value {
            let fixed = !api().resolve(&schema["properties"][name])["enum"].is_null();
            if let (Value::String(text), true) = (&*part, VARIED.contains(&name.as_str()) && !fixed) {
                *part = Value::String(varied(text, number));
            }
        }
        let mut value = Value::Object(value);
        self.substitute(&mut value, whose);
        Some(value)
    }

    /// Puts rows that exist in the place of the example's ids.
    fn substitute(&self, value: &mut Value, whose: Whose) {
        match value {
            Value::String(text) => {
                if let Some((kind, rest)) = text.rsplit_once('_').map(|(kind, rest)| (kind.to_owned(), rest.len()))
                    && rest == 26
                    && let Some(id) = self.id(&kind, whose)
                {
                    *text = id.to_owned();
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|part| self.substitute(part, whose)),
            Value::Object(map) => map.values_mut().for_each(|part| self.substitute(part, whose)),
            _ => {}
        }
    }

    /// Calls an operation that makes something; the first answer that is a success, or the last refusal.
    pub async fn call(&mut self, operation: &Operation, whose: Whose) -> Option<Response> {
        let path = self.path(operation, whose)?;
        let client = self.caller(operation, whose);
        let mut last = None;
        for whole in [false, true] {
            let body = self.body(operation, whose, whole);
            self.number += 1;
            let key = format!("fixture-{}", self.number);
            let response = client
                .probe(
                    operation.method.clone(),
                    &path,
                    &[("idempotency-key", &key)],
                    body.as_ref(),
                )
                .await;
            if response.status < 300 {
                return Some(response);
            }
            last = Some(response);
        }
        last
    }

    pub(super) async fn make(&mut self, kind: &str, whose: Whose) {
        if self.id(kind, whose).is_some() || !self.making.insert(kind.to_owned()) {
            return;
        }
        // A member is of a program, an evaluation too.
        if matches!(kind, "pmem" | "eval") {
            Box::pin(self.make("program", whose)).await;
        }
        // What was granted or awarded is a member's.
        if matches!(kind, "bgrant" | "buse" | "award") {
            Box::pin(self.make("pmem", whose)).await;
        }
        // Both are of a deal, and the deal in the path must be that one.
        if matches!(kind, "ext" | "amend") {
            Box::pin(self.make("deal", whose)).await;
        }
        let made = match Box::pin(self.own_maker(kind, whose)).await {
            Some(id) => Some(id),
            None => match Box::pin(self.created(kind, whose)).await {
                Some(id) => Some(id),
                None => Box::pin(self.listed(kind, whose)).await,
            },
        };
        self.making.remove(kind);
        match made {
            Some(id) => {
                self.ids.insert((kind.to_owned(), whose), id);
                self.missing.remove(kind);
            }
            None => {
                self.missing
                    .entry(kind.to_owned())
                    .or_insert_with(|| "no operation answers such a row".to_owned());
            }
        }
    }

    /// Keeps a row that was made.
    pub(super) fn keep(&mut self, kind: &str, whose: Whose, id: Option<String>, owned: bool) {
        if let Some(id) = id {
            self.ids.insert((kind.to_owned(), whose), id);
            self.missing.remove(kind);
        }
        if owned {
            self.owned.insert(kind.to_owned());
        }
    }

    /// Makes the rows that an operation's path and body name.
    async fn prepare(&mut self, operation: &Operation, whose: Whose) -> bool {
        let mut kinds: BTreeSet<String> = operation
            .path_ids()
            .filter_map(super::api::Parameter::id_prefix)
            .collect();
        let in_path = kinds.clone();
        if let Some(example) = operation.body.as_ref().and_then(|body| body.example.as_ref()) {
            named(example, &mut kinds);
        }
        for kind in kinds {
            Box::pin(self.make(&kind, whose)).await;
        }
        in_path.iter().all(|kind| self.id(kind, whose).is_some())
    }

    fn note_owner(&mut self, kind: &str, operation: &Operation, record: &Value) {
        if VENDORS.contains(&kind) {
            return;
        }
        let mut parents = operation.path_ids().filter_map(super::api::Parameter::id_prefix);
        if parents.any(|parent| self.owned.contains(&parent))
            || record.get("partner_id").is_some_and(|id| !id.is_null())
            || record.get("deal_id").is_some()
        {
            self.owned.insert(kind.to_owned());
        }
    }

    /// By the operation that answers 201 with such a record.
    async fn created(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let operations = api().operations.iter().filter(|operation| {
            operation.method == Method::POST
                && operation
                    .answer("201")
                    .is_some_and(|schema| record_kind(schema).as_deref() == Some(kind))
        });
        for operation in operations {
            if !self.prepare(operation, whose).await {
                continue;
            }
            let Some(response) = self.call(operation, whose).await else {
                continue;
            };
            if response.status == 201
                && let Some(id) = response.body["id"].as_str()
            {
                self.note_owner(kind, operation, &response.body);
                return Some(id.to_owned());
            }
            self.missing.insert(
                kind.to_owned(),
                format!(
                    "{} answered {} {}",
                    operation.id,
                    response.status,
                    response.body["code"].as_str().unwrap_or_default()
                ),
            );
        }
        None
    }

    /// By a list that has such records.
    async fn listed(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let operations = api().operations.iter().filter(|operation| {
            let item = operation
                .answer("200")
                .map(|schema| &api().resolve(schema)["properties"]["data"]["items"]);
            operation.is_list() && item.is_some_and(|item| record_kind(item).as_deref() == Some(kind))
        });
        for operation in operations {
            if !self.prepare(operation, whose).await {
                continue;
            }
            let Some(mut path) = self.path(operation, whose) else {
                continue;
            };
            if operation.parameter("partner_id").is_some() {
                path = format!("{path}?partner_id={}", self.id("partner", whose).unwrap_or_default());
            }
            let response = self.caller(operation, whose).probe(Method::GET, &path, &[], None).await;
            let partner = self.id("partner", whose).unwrap_or_default().to_owned();
            let row = response.body["data"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|row| row.get("partner_id").is_none_or(|id| *id == partner.as_str()));
            if let Some(row) = row
                && let Some(id) = row["id"].as_str()
            {
                self.note_owner(kind, operation, row);
                return Some(id.to_owned());
            }
        }
        None
    }
}

/// The kind of a record, by its id.
fn record_kind(schema: &Value) -> Option<String> {
    id_prefix(&api().resolve(schema)["properties"]["id"])
}

fn named(value: &Value, kinds: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if let Some((kind, rest)) = text.rsplit_once('_')
                && rest.len() == 26
            {
                kinds.insert(kind.to_owned());
            }
        }
        Value::Array(list) => list.iter().for_each(|part| named(part, kinds)),
        Value::Object(map) => map.values().for_each(|part| named(part, kinds)),
        _ => {}
    }
}

/// The same text, a little different, in the same form.
fn varied(text: &str, number: u32) -> String {
    if let Some((name, domain)) = text.split_once('@') {
        return format!("{name}{number}@{domain}");
    }
    if let Some(rest) = text.strip_prefix("https://") {
        return format!("https://{}", varied(rest, number));
    }
    if text.contains('.') && !text.contains(' ') {
        return format!("w{number}.{text}");
    }
    if text.contains(' ') {
        format!("{text} {}", spelled(number))
    } else {
        format!("{text}{number}")
    }
}

/// A number as a word of its own, so that two names differ by more than a digit.
fn spelled(number: u32) -> String {
    const SYLLABLES: [&str; 10] = ["Ba", "Ko", "Lu", "Mi", "Ne", "Pa", "Ro", "Su", "Ti", "Vo"];
    number
        .to_string()
        .bytes()
        .map(|digit| SYLLABLES[usize::from(digit - b'0')])
        .collect()
}

/// Stores an active partner with that account manager.
pub fn partner(world: &World, name: &str, manager: UserId) -> PartnerId {
    let profile: NewPartner =
        serde_json::from_value(json!({"legal_name": name, "default_currency": "EUR", "time_zone": "Europe/Berlin"}))
            .unwrap();
    let id = PartnerId::at(world.now());
    let since: Time = "2026-01-01T00:00:00Z".parse().unwrap();
    let imported = ImportedPartner {
        id,
        status: PartnerStatus::Active,
        since,
        account_manager: Some(manager),
        legacy: false,
        profile,
    };
    world.sql(move |tx| partners::insert_imported(tx, &imported).map(drop));
    id
}
