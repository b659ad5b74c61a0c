//! The contract as the suites read it: its operations, what each takes, and whether an answer is what it promises.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, OnceLock},
};

use actix_web::http::{Method, header::HeaderMap};
use jsonschema::Validator;
use openprm::app;
use serde_json::{Map, Value, json};

/// Headers that an answer has only if its operation declares them.
const DECLARED: [&str; 12] = [
    "feed-cursor",
    "content-disposition",
    "etag",
    "location",
    "link",
    "idempotency-replayed",
    "retry-after",
    "www-authenticate",
    "allow",
    "ratelimit",
    "ratelimit-policy",
    "set-cookie",
];

/// The published contract, read once for all tests of the process.
pub struct Api {
    pub document: Value,
    pub operations: Vec<Operation>,
    /// Answers' schemas, compiled when first needed.
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of the contract.
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// `/v1/deals/{id}`.
    pub path: String,
    pub public: bool,
    pub roles: BTreeSet<String>,
    pub scope: Option<String>,
    /// `none`, `accepted` or `required`.
    pub idempotency: String,
    pub errors: BTreeSet<String>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    responses: BTreeMap<String, Value>,
}

/// A parameter of an operation.
pub struct Parameter {
    pub name: String,
    pub place: String,
    pub required: bool,
    pub schema: Value,
    pub example: Option<Value>,
}

/// The body that an operation takes.
pub struct Body {
    pub media: Vec<String>,
    pub schema: Value,
    pub example: Option<Value>,
    pub required: bool,
}

/// The contract.
pub fn api() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| Api::of(app::document().unwrap_or_else(|error| panic!("{error}"))))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> BTreeSet<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

impl Api {
    fn of(document: Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if let (Some(_), Ok(method)) = (operation["operationId"].as_str(), method.to_uppercase().parse()) {
                    operations.push(Operation::of(path, method, operation, &document));
                }
            }
        }
        Self {
            document,
            operations,
            compiled: Mutex::default(),
        }
    }

    /// The operation of that id.
    pub fn operation(&self, id: &str) -> &Operation {
        self.operations
            .iter()
            .find(|operation| operation.id == id)
            .unwrap_or_else(|| panic!("there is no operation {id}"))
    }

    /// The operation that a request is for; literal segments go before ids, as in the router.
    pub fn find(&self, method: &Method, path: &str) -> Option<&Operation> {
        let path = path.split('?').next().unwrap_or_default();
        self.operations
            .iter()
            .filter(|operation| operation.method == *method && operation.takes(path))
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    /// What `$ref` stands for.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        resolve(value, &self.document)
    }

    /// What is wrong with an answer, in sentences; none if it is as the contract says.
    pub fn faults(&self, method: &Method, path: &str, status: u16, headers: &HeaderMap, bytes: &[u8]) -> Vec<String> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut faults = Vec::new();
        let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let Some(operation) = self.find(method, path) else {
            if status >= 400 && *method != Method::HEAD && path.starts_with("/v1/") {
                self.problem(status, header("content-type"), &body, &mut faults);
            }
            return faults;
        };
        let Some(response) = operation.responses.get(&status.to_string()) else {
            let known: Vec<&str> = operation.responses.keys().map(String::as_str).collect();
            return vec![format!(
                "status {status} is not documented; there are {}",
                known.join(", ")
            )];
        };
        let response = self.resolve(response);
        let declared: BTreeSet<String> = response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.to_lowercase())
            .collect();
        for name in DECLARED
            .iter()
            .filter(|name| header(name).is_some() && !declared.contains(**name))
        {
            faults.push(format!("the header {name} of status {status} is not documented"));
        }
        let sent = header("content-type").unwrap_or_default();
        let sent = sent.split(';').next().unwrap_or_default().trim().to_owned();
        // An export is no representation that could be the same another time.
        let exported = matches!(sent.as_str(), "application/x-ndjson" | "text/csv");
        if (200..300).contains(&status) && !exported {
            for name in ["etag", "location"]
                .iter()
                .filter(|name| declared.contains(**name) && header(name).is_none())
            {
                faults.push(format!(
                    "the header {name} of status {status} is documented and missing"
                ));
            }
        }
        match (header("x-request-id"), body["request_id"].as_str()) {
            (None, _) => faults.push("X-Request-Id is missing".to_owned()),
            (Some(sent), Some(told)) if status >= 400 && sent != told => {
                faults.push(format!("X-Request-Id is {sent}, but request_id is {told}"));
            }
            _ => {}
        }
        let content = response["content"].as_object();
        match content.and_then(|content| content.iter().next()) {
            None if !bytes.is_empty() => faults.push(format!(
                "status {status} has no body in the contract, but {} bytes were answered",
                bytes.len()
            )),
            None => {}
            Some(_) => {
                let media = content.and_then(|content| content.get(&sent));
                if let Some(media) = media.filter(|_| sent.ends_with("json") && !exported && !sent.ends_with("ndjson"))
                {
                    self.fits(
                        &format!("{} {status} {sent}", operation.id),
                        &media["schema"],
                        &body,
                        &mut faults,
                    );
                } else if media.is_none() {
                    faults.push(format!("the media type `{sent}` of status {status} is not documented"));
                }
            }
        }
        // OAuth's endpoint answers in the form of its own standard, and says so.
        let as_problem = content.is_none_or(|content| content.contains_key("application/problem+json"));
        if status >= 400 && as_problem {
            self.problem(status, header("content-type"), &body, &mut faults);
            let code = text(&body, "code");
            if !operation.errors.contains(&code) {
                faults.push(format!(
                    "the code `{code}` ({status}) is not among the operation's x-errors: {}",
                    body["detail"]
                ));
            }
        }
        times(&body, "#", &mut faults);
        faults
    }

    fn problem(&self, status: u16, media: Option<&str>, body: &Value, faults: &mut Vec<String>) {
        if media != Some("application/problem+json") {
            faults.push(format!(
                "status {status} came as {media:?}, not as application/problem+json"
            ));
        }
        if body["status"] != status {
            faults.push(format!(
                "the problem's status is {}, the answer's {status}",
                body["status"]
            ));
        }
        self.fits(
            "problem",
            &json!({"$ref": "#/components/schemas/Problem"}),
            body,
            faults,
        );
    }

    /// Checks a value against a schema of the contract; objects may have no property that it does not name.
    pub fn fits(&self, name: &str, schema: &Value, value: &Value, faults: &mut Vec<String>) {
        let validator = self.compiled.lock().unwrap().get(name).cloned();
        let validator = validator.unwrap_or_else(|| {
            let closed = closed(schema, &self.document);
            let options = jsonschema::options().should_validate_formats(true);
            let fresh = Arc::new(
                options
                    .build(&closed)
                    .unwrap_or_else(|error| panic!("the schema of {name}: {error}")),
            );
            self.compiled.lock().unwrap().insert(name.to_owned(), fresh.clone());
            fresh
        });
        faults.extend(
            validator
                .iter_errors(value)
                .take(8)
                .map(|error| format!("#{}: {error}", error.instance_path())),
        );
    }
}

fn resolve<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|path| document.pointer(path.trim_start_matches('#')));
    target.map_or(value, |target| resolve(target, document))
}

/// The schema with every component that it refers to. Objects are closed, so that a field that the contract does not
/// name is found.
fn closed(schema: &Value, document: &Value) -> Value {
    fn collect(value: &Value, document: &Value, used: &mut Map<String, Value>) {
        match value {
            Value::Object(map) => {
                if let Some(name) = map
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|path| path.strip_prefix("#/components/schemas/"))
                    && !used.contains_key(name)
                {
                    let target = document
                        .pointer(&format!("/components/schemas/{name}"))
                        .unwrap_or_else(|| panic!("no schema {name}"));
                    used.insert(name.to_owned(), Value::Null);
                    let mut shut = target.clone();
                    shut_objects(&mut shut);
                    used.insert(name.to_owned(), shut);
                    collect(target, document, used);
                }
                map.values().for_each(|part| collect(part, document, used));
            }
            Value::Array(list) => list.iter().for_each(|part| collect(part, document, used)),
            _ => {}
        }
    }
    let mut used = Map::new();
    collect(schema, document, &mut used);
    let mut own = schema.clone();
    shut_objects(&mut own);
    json!({"allOf": [own], "components": {"schemas": used}})
}

fn shut_objects(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.contains_key("properties")
                && !map.contains_key("allOf")
                && !map.contains_key("unevaluatedProperties")
            {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            // Parts of an `allOf` see only their own properties.
            for (name, part) in map
                .iter_mut()
                .filter(|(name, _)| !matches!(name.as_str(), "allOf" | "examples" | "example" | "enum" | "const"))
            {
                let _ = name;
                shut_objects(part);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(shut_objects),
        _ => {}
    }
}

/// Moments have one width: six digits of a second, and `Z`.
fn times(value: &Value, at: &str, faults: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            if form.starts_with("0000-00-00T") && form != "0000-00-00T00:00:00.000000Z" {
                faults.push(format!(
                    "{at}: the moment {text} is not of the form 2026-11-21T09:30:00.000000Z"
                ));
            }
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, part)| times(part, &format!("{at}/{index}"), faults)),
        Value::Object(map) => map
            .iter()
            .for_each(|(name, part)| times(part, &format!("{at}/{name}"), faults)),
        _ => {}
    }
}

impl Operation {
    fn of(path: &str, method: Method, operation: &Value, document: &Value) -> Self {
        let parameters = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| {
                let parameter = resolve(parameter, document);
                let schema = parameter["schema"].clone();
                let resolved = resolve(&schema, document).clone();
                let example = [
                    &parameter["example"],
                    &schema["examples"][0],
                    &schema["default"],
                    &resolved["examples"][0],
                    &resolved["enum"][0],
                ];
                let example = example.into_iter().find(|example| !example.is_null()).cloned();
                Parameter {
                    name: text(parameter, "name"),
                    place: text(parameter, "in"),
                    required: parameter["required"] == true,
                    schema,
                    example,
                }
            });
        let body = operation
            .get("requestBody")
            .map(|body| resolve(body, document))
            .map(|body| {
                let content = body["content"].as_object().cloned().unwrap_or_default();
                let media = content
                    .get("application/json")
                    .or_else(|| content.values().next())
                    .cloned()
                    .unwrap_or_default();
                let example = [
                    &media["example"],
                    &media["examples"]
                        .as_object()
                        .and_then(|all| all.values().next())
                        .map_or(Value::Null, |one| one["value"].clone()),
                ]
                .into_iter()
                .find(|example| !example.is_null())
                .cloned();
                Body {
                    media: content.keys().cloned().collect(),
                    schema: media["schema"].clone(),
                    example,
                    required: body["required"] == true,
                }
            });
        Self {
            id: text(operation, "operationId"),
            method,
            path: path.to_owned(),
            public: operation["x-public"] == true,
            roles: texts(&operation["x-roles"]),
            scope: operation["x-scope"].as_str().map(str::to_owned),
            idempotency: text(operation, "x-idempotency"),
            errors: texts(&operation["x-errors"]),
            parameters: parameters.collect(),
            body,
            responses: operation["responses"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(status, one)| (status.clone(), one.clone()))
                .collect(),
        }
    }

    fn takes(&self, path: &str) -> bool {
        let (wanted, given): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        wanted.len() == given.len()
            && wanted
                .iter()
                .zip(&given)
                .all(|(wanted, given)| wanted == given || (wanted.starts_with('{') && !given.is_empty()))
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// Whether it answers the pages of a list, which end. Those of the feed do not: there is always a next one.
    pub fn is_list(&self) -> bool {
        self.method == Method::GET && self.parameter("cursor").is_some() && self.parameter("include_total").is_some()
    }

    /// The ids in its path, in order.
    pub fn path_ids(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.place == "path")
    }

    /// The schema of the answer with that status.
    pub fn answer(&self, status: &str) -> Option<&Value> {
        api()
            .resolve(self.responses.get(status)?)
            .pointer("/content/application~1json/schema")
    }

    /// What the answer with that status may be, by media type.
    pub fn content(&self, status: &str) -> &Value {
        let response = self.responses.get(status).unwrap_or(&Value::Null);
        &api().resolve(response)["content"]
    }

    /// The statuses that it answers.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        self.responses.keys().map(String::as_str)
    }
}

impl Parameter {
    /// Its example as it stands in an address.
    pub fn plain(&self) -> String {
        match &self.example {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Some(Value::Null) | None => "sample".to_owned(),
            Some(other) => other.to_string(),
        }
    }

    /// The prefix of the ids that it takes: `deal` for `deal_…`; none if it is no id of ours.
    pub fn id_prefix(&self) -> Option<String> {
        id_prefix(&self.schema)
    }
}

/// The prefix of an id's schema.
pub fn id_prefix(schema: &Value) -> Option<String> {
    let pattern = api().resolve(schema)["pattern"].as_str()?.strip_prefix('^')?;
    let (prefix, rest) = pattern.split_once("_[0-7]")?;
    (rest.contains("{25}") && prefix.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| prefix.to_owned())
}
