//! The gate: the one road into the API. In this order, so that nothing is read from a stranger before they are known:
//! request id → operation → who asks → may they → how often → headers → query → body → handler → problem, log, metrics.

use std::{
    net::IpAddr,
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse,
    body::{self, BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, Version, header},
    middleware::Next,
    web::{Bytes, BytesMut, Data},
};
use futures_util::{FutureExt as _, StreamExt as _};
use hmac::digest::Digest as _;
use serde_json::{Map, Value};

use super::{
    export::{self, Form},
    extract::{self, Checked},
    limits::Limiter,
    metrics::Metrics,
    operations::{Body, Operation},
    problem,
    reply::Listed,
};
use crate::{
    app::Contract,
    auth::{Authenticator, Caller, Idempotency, IdempotencyKey, MasterSecret, Request, Who},
    config::Config,
    db::Db,
    error::{Error, Result, codes},
    events::feed::Tail,
    files::Files,
    identity::{Identity, oauth::refusal},
    kernel::{
        hex,
        ids::{Id as _, RequestId},
        page::Signer,
    },
    usage::{self, Recorder, Use},
};

/// Largest body of an ordinary operation.
pub const BODY_LIMIT: usize = 256 * 1024;
/// Largest body of a batch.
pub const BATCH_LIMIT: usize = 8 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// How long a handler may take.
pub(super) const HANDLER_DEADLINE: Duration = Duration::from_secs(15);
/// Where the addresses of batches end.
const BATCH: &str = "/batch";
/// How long a batch may take, which is many calls in one.
const BATCH_DEADLINE: Duration = Duration::from_secs(60);
/// How long a handler may take that waits for something to happen.
const POLL_DEADLINE: Duration = Duration::from_secs(45);
/// How long a handler may take that takes its body in itself; each piece of that has a deadline of its own.
const STREAM_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// What requests share.
pub struct State {
    /// The database.
    pub db: Db,
    /// The settings.
    pub config: Arc<Config>,
    /// The contract.
    pub contract: Arc<Contract>,
    /// Signs cursors.
    pub signer: Signer,
    /// Signs people and programs in.
    pub identity: Identity,
    /// Knows callers by their tokens: identity itself, but for tests.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts calls.
    pub limiter: Limiter,
    /// Where files lie, and who scans them.
    pub files: Files,
    /// Counts everything else.
    pub metrics: Metrics,
    /// Counts how much partners' people use the portal.
    pub usage: Recorder,
    /// How far the log of events has come, for those who wait for more.
    pub tail: Tail,
    /// The exports that are under way.
    pub exports: Arc<export::Running>,
}

impl State {
    /// The state that a request shares.
    ///
    /// # Errors
    /// `internal` if the app was built without one.
    pub fn of(request: &HttpRequest) -> Result<Data<Self>> {
        request
            .app_data::<Data<Self>>()
            .cloned()
            .ok_or_else(|| Error::internal("the app has no state"))
    }
}

/// The middleware.
///
/// # Errors
/// None: every failure is answered as a problem.
pub async fn gate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let state = State::of(request.request())?;
    let id = request_id(&request, &state);
    let pattern = request.match_pattern();
    let method = request.method().clone();
    // HEAD is GET to everything behind the gate; the server leaves the body out when it writes the answer.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let mut course = Course::default();
    let outcome = prepare(&mut request, pattern.as_deref(), id, &state, &mut course).await;
    let Course {
        operation: known,
        quota,
        ignored,
        used,
        streams,
    } = course;
    let deadline = match known {
        _ if streams => STREAM_DEADLINE,
        Some("listEvents" | "getImport") => POLL_DEADLINE,
        Some(_) if request.path().ends_with(BATCH) => BATCH_DEADLINE,
        _ => HANDLER_DEADLINE,
    };
    let path = request.path().to_owned();
    let (mut response, operation) = match outcome {
        Err(error) => {
            let operation = known.map_or("-", |known: &'static str| known);
            let asks_for_methods = method == Method::OPTIONS && error.is(&codes::METHOD_NOT_ALLOWED);
            let mut response = if asks_for_methods {
                HttpResponse::NoContent().finish()
            } else {
                problem_response(&error, &path, id)
            };
            if error.is(&codes::METHOD_NOT_ALLOWED) {
                allow(&mut response, &error);
            }
            (request.into_response(response).map_into_boxed_body(), operation)
        }
        Ok(()) => {
            let operation = known.unwrap_or("-");
            let call = AssertUnwindSafe(next.call(request)).catch_unwind();
            // Routing needs the request to itself, so nothing of it is kept here; what never came to an answer fails by itself.
            let failed = |error: Error| {
                actix_web::Error::from(Failed {
                    error,
                    path: path.clone(),
                    id,
                })
            };
            let response = match tokio::time::timeout(deadline, call).await {
                Err(_elapsed) => return Err(failed(Error::new(&codes::TIMEOUT).retry_after(5))),
                Ok(Err(_panic)) => return Err(failed(Error::internal("a handler panicked"))),
                Ok(Ok(Err(error))) => return Err(failed(Error::internal(&error))),
                Ok(Ok(Ok(response))) => response,
            };
            let ours = response
                .response()
                .error()
                .and_then(|error| error.as_error::<Error>())
                .map(|error| problem_response(error, &path, id));
            let response = match ours {
                Some(problem) => response.into_response(problem),
                None => response.map_into_boxed_body(),
            };
            (response, operation)
        }
    };
    // Nobody reads what follows the head, so that it is not made.
    if method == Method::HEAD && matches!(response.response().body().size(), BodySize::Stream) {
        response = response.map_body(|_, _| BoxBody::new(body::None::new()));
    }
    let headers = response.headers_mut();
    if let Ok(value) = header::HeaderValue::from_str(&id.to_string()) {
        headers.insert(header::HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    if let Some(quota) = quota {
        state.limiter.tell(quota, headers);
    }
    if let Some(applied) = ignored.and_then(|ignored| applied(&ignored)) {
        headers.insert(header::HeaderName::from_static("preference-applied"), applied);
    }
    let status = response.status().as_u16();
    if let Some(used) = used.filter(|_| status < 400 && method != Method::HEAD) {
        let rows = response.response().extensions().get::<Listed>().map(|listed| listed.0);
        state.usage.count(used.with(rows), state.db.now());
    }
    state
        .metrics
        .request(operation, method.as_str(), status, started.elapsed());
    if state.config.request_log {
        log::info!(target: "openprm::request", "{{\"request_id\":\"{id}\",\"method\":\"{method}\",\"operation\":\"{operation}\",\"status\":{status},\"us\":{}}}", started.elapsed().as_micros());
    }
    Ok(response)
}

fn problem_response(error: &Error, path: &str, id: RequestId) -> HttpResponse {
    if error.code().status >= 500 {
        log::error!("{id} {error}");
    } else if let Some(cause) = error.inner_cause() {
        log::debug!("{id} {}: {cause}", error.code().code);
    }
    // Clients of OAuth's endpoints read OAuth's own words.
    let oauth = refusal::speaks(path).then(|| refusal::respond(error)).flatten();
    oauth.unwrap_or_else(|| problem::respond(error, path, Some(id)))
}

/// A request that came to no answer: its handler panicked or took too long.
#[derive(Debug)]
struct Failed {
    error: Error,
    path: String,
    id: RequestId,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl actix_web::ResponseError for Failed {
    fn error_response(&self) -> HttpResponse {
        let mut response = problem_response(&self.error, &self.path, self.id);
        if let Ok(value) = header::HeaderValue::from_str(&self.id.to_string()) {
            response
                .headers_mut()
                .insert(header::HeaderName::from_static("x-request-id"), value);
        }
        response
    }
}

fn allow(response: &mut HttpResponse, error: &Error) {
    let mut methods: Vec<&str> = error
        .state()
        .map(|state| state.allowed.iter().map(String::as_str).collect())
        .unwrap_or_default();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    if let Ok(value) = header::HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
}

/// The id that the caller gave the request, if it is one of ours in form, or a new one.
fn request_id(request: &ServiceRequest, state: &State) -> RequestId {
    let given = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| RequestId::at(state.db.now()))
}

/// What became known of a request on its way to the handler, however far it came.
#[derive(Default)]
struct Course {
    operation: Option<&'static str>,
    quota: Option<super::limits::Quota>,
    /// The parameters that were passed over, if the caller prefers that to a refusal.
    ignored: Option<Vec<String>>,
    /// What it counts as, if it comes to a good end.
    used: Option<Use>,
    /// Whether the handler takes the body in itself.
    streams: bool,
}

/// Everything before the handler.
async fn prepare(
    request: &mut ServiceRequest,
    pattern: Option<&str>,
    id: RequestId,
    state: &Data<State>,
    course: &mut Course,
) -> Result<()> {
    let Some(pattern) = pattern else {
        return Err(nothing_at(request.path()));
    };
    let operation = match state.contract.operations.find(request.method().as_str(), pattern) {
        Ok(Some(operation)) => operation,
        // A handler that the contract does not have is of a module that is switched off: there is nothing there.
        Ok(None) if pattern.starts_with("/v1/") => return Err(nothing_at(request.path())),
        // Health, metrics, the document and its pages: not part of the contract, open to everyone.
        Ok(None) => return Ok(()),
        Err(allowed) => return Err(Error::wrong_method(request.method().as_str(), allowed)),
    };
    course.operation = Some(operation.permission.operation);
    let ip = peer(request, &state.config);
    let facts = Request {
        id,
        operation: operation.permission.operation,
        ip,
        fields: None,
        idempotency: None,
        origin_tag: origin_tag(request)?,
        switches: state.contract.switches.clone(),
    };
    let caller = match bearer(request)? {
        Some(token) => match state.authenticator.authenticate(&token, facts.clone()).await {
            // Whoever renews a session may still send its last token along; here nobody needs to be known.
            Err(refusal) if operation.permission.who == Who::Anyone && refusal.code().status == 401 => {
                Caller::anonymous(facts)
            }
            outcome => outcome?,
        },
        None => Caller::anonymous(facts),
    };
    course.quota = Some(state.limiter.take(&caller, operation.permission.weight)?);
    operation.permission.check(&caller)?;
    operation.check_headers(request.headers())?;
    let form = wanted_form(request, operation)?;
    let lenient = operation.takes_header("prefer") && prefers_leniency(request);
    let (query, ignored) = query(request, operation, lenient)?;
    course.ignored = lenient.then_some(ignored);
    course.used = operation.counted_as.and_then(|resource| {
        let reads = request.method() == Method::GET;
        state
            .usage
            .of(&caller, resource, || usage::kind(reads, operation.pages, &query))
    });
    let list = list_digest(request.path(), &query, &caller);
    let body = match &operation.body {
        Some(expected) => {
            let (body, records) = read_body(request, expected).await?;
            if records > 1 {
                // One of them was counted with the call.
                let others = u32::try_from(records - 1).unwrap_or(u32::MAX);
                let weight = operation.permission.weight.saturating_mul(others);
                course.quota = Some(state.limiter.take(&caller, weight)?);
            }
            body
        }
        None if operation.streams => {
            course.streams = true;
            None
        }
        None => refuse_body(request).map(|()| None)?,
    };
    let if_match = if operation.takes_header("if-match") {
        extract::revision(request.request())?
    } else {
        None
    };
    if operation.needs_if_match && if_match.is_none() {
        return Err(Error::new(&codes::PRECONDITION_REQUIRED).fault(
            "header:If-Match",
            "required",
            "Send the ETag of the record as you last read it.",
        ));
    }
    let facts = Request {
        fields: fields(&query),
        idempotency: idempotency(request, operation, body.as_ref(), state.identity.master())?,
        ..caller.request().clone()
    };
    let caller = caller.in_request(facts);
    request.extensions_mut().insert(Rc::new(Checked {
        caller,
        body,
        query,
        list,
        if_match,
        form,
    }));
    Ok(())
}

fn nothing_at(path: &str) -> Error {
    Error::new(&codes::ROUTE_NOT_FOUND).detail(format!(
        "There is nothing at {path}; the addresses there are stand in /openapi.json."
    ))
}

/// The peer's address; what a proxy says counts only if the proxy is one of the configured.
fn peer(request: &ServiceRequest, config: &Config) -> Option<IpAddr> {
    let direct = request.peer_addr().map(|address| address.ip())?;
    if !config.trusted_proxies.contains(&direct) {
        return Some(direct);
    }
    let forwarded = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok());
    forwarded
        .and_then(|list| {
            list.rsplit(',')
                .map(str::trim)
                .find_map(|part| part.parse().ok().filter(|ip| !config.trusted_proxies.contains(ip)))
        })
        .or(Some(direct))
}

fn bearer(request: &ServiceRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_binary| Error::new(&codes::UNAUTHENTICATED))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim().to_owned()))
        }
        // Basic is for OAuth's endpoints, which read it themselves.
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") && refusal::speaks(request.path()) => Ok(None),
        _ => Err(Error::new(&codes::UNAUTHENTICATED)),
    }
}

fn origin_tag(request: &ServiceRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get("change-origin") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 64 || !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) {
        return Err(Error::new(&codes::INVALID_HEADER).fault(
            "header:Change-Origin",
            "invalid_format",
            "1 to 64 letters, digits, or any of - _ . :",
        ));
    }
    Ok(Some(text.to_owned()))
}

fn query(request: &ServiceRequest, operation: &Operation, lenient: bool) -> Result<(Map<String, Value>, Vec<String>)> {
    #[expect(
        clippy::disallowed_types,
        reason = "the pairs as they stand; Operation checks and types them"
    )]
    let pairs =
        actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string()).map_err(|_malformed| {
            Error::new(&codes::INVALID_QUERY)
                .detail("The query cannot be read; encode it as application/x-www-form-urlencoded.")
        })?;
    operation.check_query(&pairs, lenient)
}

/// In which form a list is asked for. Whatever is no list is in the one form that it has.
fn wanted_form(request: &ServiceRequest, operation: &Operation) -> Result<Form> {
    if operation.columns.is_none() {
        return Ok(Form::Json);
    }
    let form = export::form(request.headers())?;
    if form != Form::Json && request.version() < Version::HTTP_11 {
        return Err(Error::new(&codes::NOT_ACCEPTABLE).detail(
            "In HTTP/1.0 nobody can tell an export that broke off from a whole one: ask by HTTP/1.1, the proxies between included.",
        ));
    }
    Ok(form)
}

/// Whether the caller wants parameters that are not known to be passed over: `Prefer: handling=lenient` (RFC 7240).
fn prefers_leniency(request: &ServiceRequest) -> bool {
    let lines = request.headers().get_all("prefer");
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        line.split(',').any(|preference| {
            let preference = preference.split(';').next().unwrap_or_default();
            preference.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("handling")
                    && value.trim().trim_matches('"').eq_ignore_ascii_case("lenient")
            })
        })
    })
}

/// What became of the preference: that it was followed, and which parameters were passed over.
fn applied(ignored: &[String]) -> Option<header::HeaderValue> {
    let plain = |name: &String| -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[]".contains(c);
        name.chars().take(64).map(|c| if plain(c) { c } else { '?' }).collect()
    };
    let names: Vec<String> = ignored.iter().take(20).map(plain).collect();
    let text = if names.is_empty() {
        "handling=lenient".to_owned()
    } else {
        format!("handling=lenient, ignored=\"{}\"", names.join(" "))
    };
    header::HeaderValue::from_str(&text).ok()
}

/// What the list is, without where the page begins and how its rows are shown: the same for every page of one walk.
fn list_digest(path: &str, query: &Map<String, Value>, caller: &Caller) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    caller.request().operation.hash(&mut hasher);
    path.hash(&mut hasher);
    for (name, value) in query.iter().filter(|(name, _)| {
        !matches!(
            name.as_str(),
            "cursor" | "limit" | "include_total" | "fields" | "expand"
        )
    }) {
        name.hash(&mut hasher);
        value.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

fn fields(query: &Map<String, Value>) -> Option<Arc<[String]>> {
    let names = query.get("fields")?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn content_type(request: &ServiceRequest) -> String {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// An operation without a body takes none, but an empty one does no harm.
fn refuse_body(request: &ServiceRequest) -> Result<()> {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if length.unwrap_or(0) > u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX) {
        return Err(Error::new(&codes::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

/// The body, and how many records it speaks of.
async fn read_body(request: &mut ServiceRequest, expected: &Body) -> Result<(Option<Bytes>, usize)> {
    let many = [BATCH, "/matchings"];
    let limit = if many.iter().any(|end| request.path().ends_with(end)) {
        BATCH_LIMIT
    } else {
        BODY_LIMIT
    };
    let bytes = match tokio::time::timeout(BODY_DEADLINE, drain(request.take_payload(), limit)).await {
        Ok(bytes) => bytes?,
        Err(_elapsed) => return Err(Error::new(&codes::REQUEST_TIMEOUT)),
    };
    if bytes.is_empty() && !expected.required {
        return Ok((None, 1));
    }
    let given = content_type(request);
    let fits = if expected.is_form {
        given == "application/x-www-form-urlencoded"
    } else {
        given == "application/json" || (given == "application/merge-patch+json" && *request.method() == Method::PATCH)
    };
    if !fits {
        let wanted = if expected.is_form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        return Err(Error::new(&codes::UNSUPPORTED_MEDIA_TYPE).detail(format!("Send Content-Type: {wanted}.")));
    }
    let value = if expected.is_form { form(&bytes)? } else { json(&bytes)? };
    expected.check(&value)?;
    let records = expected.records(&value);
    if expected.is_form {
        serde_json::to_vec(&value)
            .map(|json| (Some(json.into()), records))
            .map_err(Error::internal)
    } else {
        Ok((Some(bytes), records))
    }
}

async fn drain(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            Error::new(&codes::MALFORMED_JSON)
                .detail("The body ended too early; send it whole.")
                .cause(error)
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(Error::new(&codes::PAYLOAD_TOO_LARGE)
                .detail(format!("The body may have at most {} KiB.", limit / 1024)));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new(&codes::MALFORMED_JSON)
            .detail(format!("The body cannot be read as JSON: {error}."))
            .fault(
                "#",
                "malformed",
                format!("Line {}, column {}.", error.line(), error.column()),
            )
    })
}

fn form(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_binary| Error::new(&codes::MALFORMED_JSON).detail("The form is not UTF-8."))?;
    #[expect(
        clippy::disallowed_types,
        reason = "the pairs as they stand; the operation's schema checks them"
    )]
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text)
        .map_err(|_malformed| Error::new(&codes::MALFORMED_JSON).detail("The form cannot be read."))?;
    let mut map = Map::new();
    for (name, value) in pairs.into_inner() {
        // A parameter without a value counts as left out (RFC 6749, section 3.2; forms are OAuth's alone).
        if value.is_empty() {
            continue;
        }
        if map.insert(name.clone(), Value::String(value)).is_some() {
            return Err(Error::field(
                format!("#/{name}"),
                "repeated",
                format!("`{name}` may stand only once."),
            ));
        }
    }
    Ok(Value::Object(map))
}

fn idempotency(
    request: &ServiceRequest,
    operation: &Operation,
    body: Option<&Bytes>,
    vault: &MasterSecret,
) -> Result<Option<IdempotencyKey>> {
    match (request.headers().get("idempotency-key"), operation.idempotency) {
        (None, Idempotency::Required) => Err(Error::new(&codes::INVALID_HEADER).fault(
            "header:Idempotency-Key",
            "required",
            "This operation moves money or protection: send an Idempotency-Key, so that it happens once.",
        )),
        (None, _) | (Some(_), Idempotency::None) => Ok(None),
        (Some(value), _) => {
            let key = value.to_str().unwrap_or_default().trim();
            let hash = sha2::Sha256::digest(body.map(Bytes::as_ref).unwrap_or_default());
            let body_hash = hex::encode(&hash);
            let path = match request.query_string() {
                "" => request.path().to_owned(),
                query => format!("{}?{query}", request.path()),
            };
            Ok(Some(IdempotencyKey {
                key: key.to_owned(),
                method: request.method().to_string(),
                path,
                body_hash,
                vault: vault.clone(),
            }))
        }
    }
}

/// The caller of a request that the gate let through.
///
/// # Errors
/// `internal` outside the gate.
pub async fn caller(request: &HttpRequest) -> Result<Caller> {
    Caller::from_request(request, &mut Payload::None).await
}
