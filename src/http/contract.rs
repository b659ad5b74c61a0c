//! The contract as the code gives it: what the handlers say, the schemas they met, and the polish over both.

use serde_json::{Value, json};
use utoipa::{
    OpenApi as _,
    openapi::{OpenApi, Ref},
};

use super::document;
use crate::{
    auth::{Permission, permissions},
    error::{Error, Result, codes},
    events::catalogue::{self, Limit, ResourceType, Rows},
    kernel::{ids::EventId, schemas},
    modules::{Modules, plain},
};

#[derive(utoipa::OpenApi)]
#[openapi(info(title = "OpenPRM", version = "1.0.0"))]
struct Head;

/// The document before any handler is in it.
pub fn empty() -> OpenApi {
    Head::openapi()
}

/// The published document of those modules: the handlers' own, with the schemas that were met when they were told, and everything
/// that stands in tables added.
///
/// # Errors
/// What is wrong with it, all at once: two schemas of one name, operations without permission, and whatever the gates of
/// [`document::check`] find.
pub fn finish(raw: OpenApi, met: schemas::Named, machines: &[Value], modules: Modules) -> Result<Value> {
    let mut raw = serde_json::to_value(raw).map_err(Error::internal)?;
    let off = modules.cut(&mut raw);
    let offered = |operation: &str| !off.contains(&plain(operation));
    let tell = || if offered(SENDS_TO) { hooks(&offered) } else { Vec::new() };
    let (hooks, of_hooks) = schemas::meeting(tell);
    let mut faults = Vec::new();
    for (name, schema) in met.into_iter().chain(of_hooks) {
        let schema = serde_json::to_value(schema).map_err(Error::internal)?;
        let known = raw.pointer(&format!("/components/schemas/{name}")).cloned();
        match known {
            Some(known) if known != schema => faults.push(format!("two schemas have the name {name}")),
            Some(_) => {}
            None => place(&mut raw, &name, schema),
        }
    }
    let patches = patches(&raw);
    let rules: Vec<document::OperationRule> = permissions::TABLE
        .iter()
        .filter(|row| offered(row.operation))
        .map(|row| rule(row, &patches))
        .collect();
    let errors: Vec<document::ErrorCode> = codes::ALL.iter().map(|code| (*code).into()).collect();
    let mut polished = document::polish(raw, &rules, &errors, &hooks);
    if let Some(top) = polished.as_object_mut() {
        let machines: Vec<Value> = machines.iter().filter_map(|machine| alive(machine, &offered)).collect();
        top.insert("x-state-machines".to_owned(), json!(machines));
    }
    faults.extend(document::check(&polished, &rules));
    if faults.is_empty() {
        Ok(polished)
    } else {
        Err(Error::internal(format!(
            "the contract is not sound:\n{}",
            faults.join("\n")
        )))
    }
}

/// The operation that names addresses for events; without it none are sent.
const SENDS_TO: &str = "createWebhookEndpoint";

/// The webhooks: every event that somebody can be sent, of records that an operation reads.
fn hooks(offered: &impl Fn(&str) -> bool) -> Vec<document::Hook> {
    let kinds = catalogue::all().filter(|kind| kind.resource.rows != Rows::Personal && offered(kind.resource.read));
    let hooks: Vec<document::Hook> = kinds
        .map(|kind| document::Hook {
            name: kind.name,
            id: kind.handler(),
            summary: kind.summary,
            receivers: receivers(kind.resource),
            resource_type: kind.resource.name,
            schema: named(&(kind.resource.schema)()),
            change: kind.change,
        })
        .collect();
    if !hooks.is_empty() {
        drop(schemas::met::<EventId>());
    }
    hooks
}

/// The name of the schema that is referred to.
fn named(schema: &Ref) -> String {
    let place = schema.ref_location.rsplit('/').next();
    place.unwrap_or_default().to_owned()
}

/// Who receives events of such records.
fn receivers(resource: &ResourceType) -> String {
    let row = permissions::of(resource.read);
    let open = row.is_some_and(Permission::is_open_to_partners)
        && !resource.limits.iter().any(|limit| matches!(limit, Limit::VendorAlone));
    let whom = match resource.rows {
        Rows::Owned if open => "the vendor, and of the partners that it is about",
        Rows::Common if open => "the vendor, and of all partners",
        _ => "the vendor",
    };
    let scope = match row.and_then(|row| row.scope) {
        Some(scope) => format!("an endpoint that is limited to scopes needs `{scope}`"),
        None => "an endpoint that is limited to scopes does not receive it".to_owned(),
    };
    let tells = if resource
        .limits
        .iter()
        .any(|limit| matches!(limit, Limit::PartnersIf(..)))
    {
        " Partners are told only of what is open to them."
    } else {
        ""
    };
    format!(
        "Sent to endpoints of {whom}; {scope}.{tells} `data.data` is the record as `{}` shows it, without `expanded`.",
        resource.read
    )
}

/// The machine with the operations that are offered; nothing if every operation of it is gone.
fn alive(machine: &Value, offered: &impl Fn(&str) -> bool) -> Option<Value> {
    let mut machine = machine.clone();
    let transitions = machine.get_mut("transitions")?.as_array_mut()?;
    let named = |transition: &Value| transition.get("operation")?.as_str().map(str::to_owned);
    let had = transitions.iter().filter_map(named).count();
    transitions.retain(|transition| named(transition).is_none_or(|operation| offered(&operation)));
    let has = transitions.iter().filter_map(named).count();
    (has > 0 || had == 0).then_some(machine)
}

fn place(document: &mut Value, name: &str, schema: Value) {
    let Some(top) = document.as_object_mut() else { return };
    let components = top.entry("components").or_insert_with(|| json!({}));
    let Some(components) = components.as_object_mut() else {
        return;
    };
    if let Some(schemas) = components.entry("schemas").or_insert_with(|| json!({})).as_object_mut() {
        schemas.insert(name.to_owned(), schema);
    }
}

/// The operations that change a record by PATCH: they take an idempotency key if one is sent.
fn patches(raw: &Value) -> Vec<String> {
    let items = raw
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|paths| paths.values());
    items
        .filter_map(|item| item.pointer("/patch/operationId")?.as_str())
        .map(plain)
        .collect()
}

fn rule(row: &'static Permission, patches: &[String]) -> document::OperationRule {
    document::OperationRule {
        id: row.operation,
        scope: row.scope,
        public: row.who == permissions::Who::Anyone,
        roles: row.role_names(),
        idempotency: match row.idempotency {
            permissions::Idempotency::None if patches.contains(&row.operation.to_lowercase()) => {
                document::Idempotency::Accepted
            }
            permissions::Idempotency::None => document::Idempotency::None,
            permissions::Idempotency::Accepted => document::Idempotency::Accepted,
            permissions::Idempotency::Required => document::Idempotency::Required,
        },
        rate_weight: row.weight,
    }
}

impl From<&'static codes::Code> for document::ErrorCode {
    fn from(code: &'static codes::Code) -> Self {
        use document::Common as Theirs;
        Self {
            code: code.code,
            status: code.status,
            title: code.title,
            detail: code.detail,
            common: match code.common {
                codes::Common::Always => Theirs::Always,
                codes::Common::WhenBody => Theirs::WhenBody,
                codes::Common::WhenPathId => Theirs::WhenPathId,
                codes::Common::WhenQuery => Theirs::WhenQuery,
                codes::Common::WhenList => Theirs::WhenList,
                codes::Common::WhenIfMatch => Theirs::WhenIfMatch,
                codes::Common::WhenIdempotency => Theirs::WhenIdempotency,
                codes::Common::WhenAuth => Theirs::WhenAuth,
                codes::Common::Declared | codes::Common::Never => Theirs::Declared,
            },
        }
    }
}
