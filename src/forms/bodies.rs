//! The bodies that forms are made of, as the published contract has them.

use std::{collections::BTreeMap, future::Ready, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde_json::{Map, Value};

use super::model::{FormOperation, FormResource};
use crate::{
    error::{Error, Result},
    http::State,
};

/// What is written of a type of record, and by which operations.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Makes one.
    pub create: &'static str,
    /// Changes one.
    pub update: &'static str,
    /// Sends one in, where there is such a step.
    pub submit: Option<&'static str>,
    /// Reads one.
    pub read: &'static str,
}

/// The operations that write a record which the contract calls by that name.
macro_rules! written {
    ($name:literal) => {
        Written {
            create: concat!("create", $name),
            update: concat!("update", $name),
            submit: None,
            read: concat!("get", $name),
        }
    };
}

impl FormResource {
    /// The operations that write it.
    pub const fn written(self) -> Written {
        match self {
            Self::Deals => Written {
                submit: Some("submitDeal"),
                ..written!("Deal")
            },
            Self::Partners => written!("Partner"),
            Self::People => written!("Person"),
            Self::CustomerAccounts => written!("CustomerAccount"),
            Self::DirectOpportunities => written!("DirectOpportunity"),
            Self::NamedAccounts => written!("NamedAccount"),
            Self::InstalledBase => written!("InstalledBase"),
            Self::Products => written!("Product"),
            Self::Territories => written!("Territory"),
            Self::Programs => written!("Program"),
        }
    }
}

/// One operation with the schema of its body.
#[derive(Debug, Clone)]
pub struct Body {
    /// The operation.
    pub operation: FormOperation,
    /// The schema, which refers to components.
    pub schema: Value,
}

/// The bodies of all forms, with the components that they refer to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bodies(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    by_operation: BTreeMap<&'static str, Body>,
    records: BTreeMap<&'static str, Value>,
    components: Map<String, Value>,
}

impl Bodies {
    /// Those of a published document. Operations that it does not have, because their module is off, have no body here.
    pub fn of(document: &Value) -> Self {
        let (mut by_operation, mut records) = (BTreeMap::new(), BTreeMap::new());
        let mut components = Map::new();
        let wanted: Vec<&'static str> = FormResource::ALL
            .iter()
            .map(|resource| resource.written())
            .flat_map(|written| [Some(written.create), Some(written.update), written.submit])
            .flatten()
            .collect();
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let id = operation.get("operationId").and_then(Value::as_str);
                let mut reads = FormResource::ALL.iter().map(|resource| resource.written().read);
                if let Some(read) = reads.find(|read| Some(*read) == id) {
                    let schema = operation
                        .pointer("/responses/200/content/application~1json/schema")
                        .cloned()
                        .unwrap_or_default();
                    collect(&schema, document, &mut components);
                    records.insert(read, schema);
                }
                let Some(id) = wanted.iter().copied().find(|wanted| Some(*wanted) == id) else {
                    continue;
                };
                let schema = operation
                    .pointer("/requestBody/content/application~1json/schema")
                    .cloned()
                    .unwrap_or_default();
                collect(&schema, document, &mut components);
                let operation = FormOperation {
                    operation: id.to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                };
                by_operation.insert(id, Body { operation, schema });
            }
        }
        Self(Arc::new(Inner {
            by_operation,
            records,
            components,
        }))
    }

    /// The operation's body.
    pub fn body(&self, operation: &str) -> Option<&Body> {
        self.0.by_operation.get(operation)
    }

    /// The schema of the record that an operation reads.
    pub fn record(&self, operation: &str) -> Option<&Value> {
        self.0.records.get(operation)
    }

    /// Whether a schema has the field that a JSON pointer names, through whatever it refers to.
    pub fn has_field(&self, schema: &Value, pointer: &str) -> bool {
        let path: Vec<&str> = pointer.split('/').skip(1).collect();
        self.holds(schema, &path)
    }

    fn holds(&self, schema: &Value, path: &[&str]) -> bool {
        let (Some(schema), Some((first, rest))) = (schema.as_object(), path.split_first()) else {
            return path.is_empty();
        };
        if let Some(name) = reference(schema) {
            return self.component(name).is_some_and(|target| self.holds(target, path));
        }
        let parts = ["oneOf", "anyOf", "allOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array())
            .flatten();
        let mut parts = parts.filter(|part| part.is_object());
        let own = schema.get("properties").and_then(|properties| properties.get(first));
        own.is_some_and(|inner| self.holds(inner, rest)) || parts.any(|part| self.holds(part, path))
    }

    /// The component of that name.
    pub fn component(&self, name: &str) -> Option<&Value> {
        self.0.components.get(name)
    }
}

/// The name of the component that a schema refers to.
pub fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// Everything that a schema refers to, at any depth.
fn collect(schema: &Value, document: &Value, components: &mut Map<String, Value>) {
    match schema {
        Value::Object(object) => {
            if let Some(name) = reference(object)
                && !components.contains_key(name)
                && let Some(target) = document.pointer(&format!("/components/schemas/{name}"))
            {
                components.insert(name.to_owned(), target.clone());
                collect(target, document, components);
            }
            object.values().for_each(|part| collect(part, document, components));
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, document, components)),
        _ => {}
    }
}

impl FromRequest for Bodies {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(State::of(request).map(|state| state.contract.bodies.clone()))
    }
}
