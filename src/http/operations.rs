//! The contract at run time: which operation a request is for, and whether its query and body fit.
//!
//! Requests are checked against the very document that is published, so the contract cannot drift from the check.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};

use actix_web::http::header::HeaderMap;
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value, json};

use super::export::{Columns, Form};
use crate::{
    auth::{Idempotency, Permission},
    error::{Error, Fault, Result, codes},
    modules::Switches,
    usage,
};

/// Every operation of the contract, by method and path pattern.
pub struct Operations {
    by_route: HashMap<String, HashMap<String, Operation>>,
}

/// One operation.
pub struct Operation {
    /// Who may call it.
    pub permission: &'static Permission,
    /// Its query parameters.
    query: Vec<Parameter>,
    /// The headers that it takes.
    headers: Vec<Parameter>,
    /// Its body, if it takes one.
    pub body: Option<Arc<Body>>,
    /// Whether its body is content of any size, which the handler takes in piece by piece.
    pub streams: bool,
    /// Whether it takes an idempotency key.
    pub idempotency: Idempotency,
    /// Whether `If-Match` must be sent.
    pub needs_if_match: bool,
    /// What its use is counted as: where its address begins, if it is counted.
    pub counted_as: Option<&'static str>,
    /// Whether it lists records page by page.
    pub pages: bool,
    /// The columns of its rows, if it is a list that can be exported.
    pub columns: Option<Columns>,
}

struct Parameter {
    name: String,
    required: bool,
    kind: Kind,
    schema: Schema,
    /// What a value looks like, for whoever sent another.
    example: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    List,
}

/// A request body.
pub struct Body {
    /// Whether it may be absent.
    pub required: bool,
    /// Whether it is a form, as OAuth's token endpoint takes.
    pub is_form: bool,
    /// Of a batch: what each of its `items` is checked against, apart from the others.
    item: Option<Schema>,
    schema: Schema,
}

/// A schema that is compiled when it is first needed.
struct Schema {
    source: Value,
    compiled: OnceLock<Option<Validator>>,
}

impl Schema {
    fn new(schema: &Value, components: &Value) -> Self {
        Self {
            source: closed(schema, components),
            compiled: OnceLock::new(),
        }
    }

    fn validator(&self) -> Result<&Validator> {
        self.compiled
            .get_or_init(|| {
                jsonschema::options()
                    .should_validate_formats(true)
                    .build(&self.source)
                    .map_err(|error| log::error!("a schema of the contract: {error}"))
                    .ok()
            })
            .as_ref()
            .ok_or_else(|| Error::internal("a schema of the contract cannot be compiled"))
    }

    fn fits(&self, value: &Value) -> Result<bool> {
        Ok(self.validator()?.is_valid(value))
    }

    fn faults(&self, value: &Value, place: &dyn Fn(&str) -> String) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for error in self.validator()?.iter_errors(value) {
            tell(&error, place, &mut faults);
        }
        Ok(faults)
    }
}

/// The schema together with every component that it refers to, and nothing else.
fn closed(schema: &Value, components: &Value) -> Value {
    fn collect(value: &Value, names: &mut BTreeSet<String>, components: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(name) = map
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|path| path.strip_prefix("#/components/schemas/"))
                    && names.insert(name.to_owned())
                    && let Some(target) = components.get(name)
                {
                    collect(target, names, components);
                }
                map.values().for_each(|part| collect(part, names, components));
            }
            Value::Array(list) => list.iter().for_each(|part| collect(part, names, components)),
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    collect(schema, &mut names, components);
    let used: Map<String, Value> = names
        .into_iter()
        .filter_map(|name| Some((name.clone(), components.get(&name)?.clone())))
        .collect();
    json!({"allOf": [schema], "components": {"schemas": used}})
}

/// One fault in the words of the problem's list.
fn tell(error: &ValidationError<'_>, place: &dyn Fn(&str) -> String, faults: &mut Vec<Fault>) {
    let at = error.instance_path().to_string();
    let mut add = |pointer: &str, code: &'static str, detail: String| {
        faults.push(Fault {
            pointer: place(pointer),
            code: code.into(),
            detail,
        });
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            add(&format!("{at}/{name}"), "required", format!("`{name}` is required."));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                add(
                    &format!("{at}/{name}"),
                    "unknown_field",
                    format!("There is no field `{name}` to write here; leave it out."),
                );
            }
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            // A nullable reference: what is wrong with the value itself says more than "neither of two".
            let nearest = context
                .iter()
                .max_by_key(|branch| branch.iter().map(|error| error.instance_path().as_str().len()).max());
            match nearest {
                Some(branch) if !branch.is_empty() => branch.iter().for_each(|error| tell(error, place, faults)),
                _ => add(
                    &at,
                    "invalid_value",
                    "The value has none of the forms that are possible here.".to_owned(),
                ),
            }
        }
        ValidationErrorKind::Type { .. } => add(&at, "wrong_type", sentence(error)),
        ValidationErrorKind::Enum { options } => add(&at, "unknown_value", possible(options)),
        ValidationErrorKind::Constant { .. } => add(&at, "unknown_value", sentence(error)),
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::Format { .. } => {
            add(&at, "invalid_format", sentence(error));
        }
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MaxLength { .. } => {
            add(&at, "wrong_length", sentence(error));
        }
        ValidationErrorKind::Minimum { .. }
        | ValidationErrorKind::Maximum { .. }
        | ValidationErrorKind::ExclusiveMinimum { .. }
        | ValidationErrorKind::ExclusiveMaximum { .. }
        | ValidationErrorKind::MultipleOf { .. } => add(&at, "out_of_range", sentence(error)),
        ValidationErrorKind::MinItems { .. }
        | ValidationErrorKind::MaxItems { .. }
        | ValidationErrorKind::UniqueItems => {
            add(&at, "wrong_count", sentence(error));
        }
        _ => add(&at, "invalid_value", sentence(error)),
    }
}

/// The words that are possible, all of them: whoever sent another need not look them up.
fn possible(options: &Value) -> String {
    let words: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
        .collect();
    format!("The value is none of those that are possible: {}.", words.join(", "))
}

fn sentence(error: &ValidationError<'_>) -> String {
    let text = error.masked_with("The value").to_string();
    let short: String = text.chars().take(300).collect();
    format!("{}.", short.trim_end_matches('.'))
}

impl Operations {
    /// The operations of the finished document, guarded by that permission table.
    ///
    /// # Errors
    /// An operation without a row in the permission table, or a row without an operation that is not switched off.
    pub fn of(document: &Value, table: &'static [Permission], switches: &Switches) -> Result<Self> {
        let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
        let mut by_route: HashMap<String, HashMap<String, Operation>> = HashMap::new();
        let mut seen = BTreeSet::new();
        for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                    continue;
                };
                let permission = table
                    .iter()
                    .find(|row| row.operation == id)
                    .ok_or_else(|| Error::internal(format!("{id} has no row in the permission table")))?;
                seen.insert(id.to_owned());
                let read = Operation {
                    counted_as: usage::counted_as(path),
                    ..Operation::read(operation, permission, document, &components)
                };
                by_route
                    .entry(path.clone())
                    .or_default()
                    .insert(method.to_uppercase(), read);
            }
        }
        let idle = |row: &&Permission| !seen.contains(row.operation) && !switches.is_off(row.operation);
        match table.iter().find(idle) {
            Some(row) => Err(Error::internal(format!(
                "the permission table names {}, which is no operation",
                row.operation
            ))),
            None => Ok(Self { by_route }),
        }
    }

    /// The operation of a method at a path pattern.
    ///
    /// # Errors
    /// The methods that are possible there, if this one is not.
    pub fn find(&self, method: &str, pattern: &str) -> std::result::Result<Option<&Operation>, Vec<&str>> {
        let Some(methods) = self.by_route.get(pattern) else {
            return Ok(None);
        };
        methods.get(method).map(Some).ok_or_else(|| {
            let mut allowed: Vec<&str> = methods.keys().map(String::as_str).collect();
            allowed.sort_unstable();
            allowed
        })
    }
}

impl Operations {
    /// The list with that operation id: what is read page by page.
    pub fn list(&self, id: &str) -> Option<&Operation> {
        self.by_route
            .values()
            .filter_map(|methods| methods.get("GET"))
            .find(|operation| {
                operation.permission.operation == id
                    && operation.query.iter().any(|parameter| parameter.name == "cursor")
            })
    }
}

fn resolve<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| document.pointer(path.trim_start_matches('#')))
        .unwrap_or(value)
}

impl Operation {
    fn read(operation: &Value, permission: &'static Permission, document: &Value, components: &Value) -> Self {
        let parameters: Vec<&Value> = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|parameter| resolve(parameter, document))
            .collect();
        let text = |parameter: &Value, name: &str| {
            parameter
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let required = |value: &Value| value.get("required").and_then(Value::as_bool).unwrap_or(false);
        let placed = |place: &str| -> Vec<Parameter> {
            parameters
                .iter()
                .filter(|parameter| text(parameter, "in") == place)
                .map(|parameter| {
                    let schema = parameter.get("schema").cloned().unwrap_or_default();
                    let example = parameter.get("example").or_else(|| schema.pointer("/examples/0"));
                    Parameter {
                        name: text(parameter, "name"),
                        required: required(parameter),
                        kind: kind(&schema, document),
                        schema: Schema::new(&schema, components),
                        example: example.and_then(Value::as_str).unwrap_or_default().to_owned(),
                    }
                })
                .collect()
        };
        let body = operation
            .get("requestBody")
            .map(|body| resolve(body, document))
            .and_then(|body| {
                let content = body.get("content")?.as_object()?;
                let is_form = content.contains_key("application/x-www-form-urlencoded");
                let media = content.get(if is_form {
                    "application/x-www-form-urlencoded"
                } else {
                    "application/json"
                })?;
                let mut schema = resolve(media.get("schema")?, document).clone();
                let item = schema
                    .pointer_mut("/properties/items/items")
                    .filter(|_item| permission.operation.starts_with("batch"))
                    .map(|item| Schema::new(&std::mem::replace(item, json!({})), components));
                Some(Arc::new(Body {
                    required: required(body),
                    is_form,
                    item,
                    schema: Schema::new(&schema, components),
                }))
            });
        let streams = operation
            .get("requestBody")
            .map(|body| resolve(body, document))
            .is_some_and(|body| body.pointer("/content/application~1octet-stream").is_some());
        let needs_if_match = parameters
            .iter()
            .any(|parameter| text(parameter, "name") == "If-Match" && required(parameter));
        let idempotency = match text(operation, "x-idempotency").as_str() {
            "required" => Idempotency::Required,
            "accepted" => Idempotency::Accepted,
            _ => Idempotency::None,
        };
        let query = placed("query");
        let columns = operation
            .pointer("/responses/200/content")
            .filter(|content| content.get(Form::Table.media()).is_some())
            .and_then(|content| Columns::of(document, content.get(Form::Json.media())?.get("schema")?));
        Self {
            permission,
            columns,
            pages: query.iter().any(|parameter| parameter.name == "cursor"),
            counted_as: None,
            query,
            headers: placed("header"),
            body,
            streams,
            idempotency,
            needs_if_match,
        }
    }

    /// Whether it takes a header of that name.
    pub fn takes_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Checks the headers that the operation takes and the request has. What it does not take is not looked at.
    ///
    /// # Errors
    /// 400 `invalid_header` with every header that does not fit.
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<()> {
        let mut faults = Vec::new();
        for header in &self.headers {
            // Several lines of one header are one list (RFC 9110, 5.3).
            let lines: Vec<Option<&str>> = headers
                .get_all(header.name.as_str())
                .map(|value| value.to_str().ok().map(str::trim))
                .collect();
            if lines.is_empty() {
                continue;
            }
            let fits = match lines.into_iter().collect::<Option<Vec<&str>>>() {
                Some(lines) => header.schema.fits(&Value::String(lines.join(", ")))?,
                None => false,
            };
            if !fits {
                faults.push(Fault {
                    pointer: format!("header:{}", header.name),
                    code: "invalid_format".into(),
                    detail: format!("Send it in its form, as here: {}", header.example),
                });
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::new(&codes::INVALID_HEADER).faults(faults))
        }
    }

    /// The query as typed values, and the parameters that were passed over because the caller wants it so.
    ///
    /// # Errors
    /// 400 `invalid_query` with every parameter that is unknown (unless `lenient`), repeated, missing or does not fit.
    pub fn check_query(&self, pairs: &[(String, String)], lenient: bool) -> Result<(Map<String, Value>, Vec<String>)> {
        let mut query = Map::new();
        let mut ignored = Vec::new();
        let mut faults = Vec::new();
        for (name, text) in pairs {
            let place = |inner: &str| format!("query:{name}{inner}");
            let mut fault = |code: &'static str, detail: String| {
                faults.push(Fault {
                    pointer: place(""),
                    code: code.into(),
                    detail,
                });
            };
            let Some(parameter) = self.query.iter().find(|parameter| parameter.name == *name) else {
                if lenient {
                    ignored.push(name.clone());
                } else {
                    fault("unknown_parameter", self.suggestion(name));
                }
                continue;
            };
            if query.contains_key(name) {
                fault(
                    "repeated",
                    format!("`{name}` may stand only once; separate several values by commas."),
                );
                continue;
            }
            if text.contains('\0') {
                fault("invalid_character", "The character U+0000 is not possible.".to_owned());
                continue;
            }
            let value = match parameter.kind {
                Kind::Text => Value::String(text.clone()),
                Kind::Integer => text
                    .parse::<i64>()
                    .map_or_else(|_malformed| Value::String(text.clone()), Value::from),
                Kind::Boolean => match text.as_str() {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    other => Value::String(other.to_owned()),
                },
                // Of a list without values nothing is one of them.
                Kind::List if text.is_empty() => Value::Array(Vec::new()),
                Kind::List => text.split(',').map(|part| Value::String(part.to_owned())).collect(),
            };
            faults.extend(parameter.schema.faults(&value, &|_| place(""))?);
            query.insert(name.clone(), value);
        }
        for parameter in self
            .query
            .iter()
            .filter(|parameter| parameter.required && !query.contains_key(&parameter.name))
        {
            faults.push(Fault {
                pointer: format!("query:{}", parameter.name),
                code: "required".into(),
                detail: format!("`{}` is required.", parameter.name),
            });
        }
        if faults.is_empty() {
            Ok((query, ignored))
        } else {
            Err(Error::new(&codes::INVALID_QUERY).faults(faults))
        }
    }

    fn suggestion(&self, name: &str) -> String {
        let nearest = self
            .query
            .iter()
            .map(|known| (strsim::jaro_winkler(&known.name, name), known.name.as_str()))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(similarity, _)| *similarity > 0.75);
        match (nearest, self.query.is_empty()) {
            (Some((_, known)), _) => format!("There is no parameter `{name}`; did you mean `{known}`?"),
            (None, true) => format!("There is no parameter `{name}`; this operation takes none."),
            (None, false) => {
                let known: Vec<&str> = self.query.iter().map(|known| known.name.as_str()).collect();
                format!("There is no parameter `{name}`; there are: {}.", known.join(", "))
            }
        }
    }
}

/// How the text of a query parameter is read.
fn kind(schema: &Value, document: &Value) -> Kind {
    let schema = resolve(schema, document);
    let names = |wanted: &str| match schema.get("type") {
        Some(Value::String(name)) => name == wanted,
        Some(Value::Array(names)) => names.iter().any(|name| name == wanted),
        _ => false,
    };
    if names("array") {
        Kind::List
    } else if names("integer") {
        Kind::Integer
    } else if names("boolean") {
        Kind::Boolean
    } else {
        Kind::Text
    }
}

impl Body {
    /// Checks a body against the operation's schema.
    ///
    /// # Errors
    /// 422 `validation_failed` with everything that does not fit.
    pub fn check(&self, value: &Value) -> Result<()> {
        let mut faults = self.schema.faults(value, &|pointer| format!("#{pointer}"))?;
        if self.item.is_none() {
            without_nul(value, &mut String::new(), &mut faults);
        }
        if faults.is_empty() {
            return Ok(());
        }
        let count = faults.len();
        let detail = if count == 1 {
            "1 field needs attention.".to_owned()
        } else {
            format!("{count} fields need attention.")
        };
        Err(Error::new(&codes::VALIDATION_FAILED).detail(detail).faults(faults))
    }
}

impl Body {
    /// How many records the body speaks of: one, or of a batch its items.
    pub fn records(&self, value: &Value) -> usize {
        let items = self.item.as_ref().and_then(|_batch| value.get("items")?.as_array());
        items.map_or(1, Vec::len)
    }

    /// What is wrong with an item of a batch, which [`Body::check`] passes over.
    ///
    /// # Errors
    /// `internal` if the operation is no batch.
    pub fn item_faults(&self, index: usize, item: &Value) -> Result<Vec<Fault>> {
        let schema = self
            .item
            .as_ref()
            .ok_or_else(|| Error::internal("the body is no batch"))?;
        let mut faults = schema.faults(item, &|pointer| format!("#/items/{index}{pointer}"))?;
        without_nul(item, &mut format!("/items/{index}"), &mut faults);
        Ok(faults)
    }
}

/// U+0000 is possible in JSON but not in PostgreSQL's text.
fn without_nul(value: &Value, at: &mut String, faults: &mut Vec<Fault>) {
    let length = at.len();
    match value {
        Value::String(text) if text.contains('\0') => {
            faults.push(Fault {
                pointer: format!("#{at}"),
                code: "invalid_character".into(),
                detail: "The character U+0000 is not possible.".to_owned(),
            });
        }
        Value::Array(list) => {
            for (index, part) in list.iter().enumerate() {
                at.extend(["/", &index.to_string()]);
                without_nul(part, at, faults);
                at.truncate(length);
            }
        }
        Value::Object(map) => {
            for (name, part) in map {
                at.push('/');
                at.push_str(name);
                without_nul(part, at, faults);
                if name.contains('\0') {
                    faults.push(Fault {
                        pointer: format!("#{at}").replace('\0', "\u{fffd}"),
                        code: "invalid_character".into(),
                        detail: "The character U+0000 is not possible.".to_owned(),
                    });
                }
                at.truncate(length);
            }
        }
        _ => {}
    }
}
