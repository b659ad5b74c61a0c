//! The gate: the one road into the API. In this order, so that nothing is read from a stranger before they are known:
//! request id → operation → who asks → may they → how often → headers → query → body → handler → problem, log, metrics.

mod body;
mod head;

use std::{
    panic::AssertUnwindSafe,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, MessageBody, None as NoBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web::Data,
};
pub use body::{BATCH_LIMIT, BODY_LIMIT};
use futures_util::FutureExt as _;
pub(super) use head::bearer;

use super::{
    State,
    export::{self, Form},
    extract::{self, Checked},
    limits::Quota,
    problem,
    reply::Listed,
};
use crate::{
    auth::{Caller, Request, Who},
    error::{Error, Result, codes},
    identity::oauth::refusal,
    kernel::ids::RequestId,
    usage::{self, Use},
};

/// How long a handler may take.
pub(super) const HANDLER_DEADLINE: Duration = Duration::from_secs(15);
/// How long a batch may take, which is many calls in one.
const BATCH_DEADLINE: Duration = Duration::from_secs(60);
/// How long a handler may take that waits for something to happen.
const POLL_DEADLINE: Duration = Duration::from_secs(45);
/// How long a handler may take that takes its body in itself; each piece of that has a deadline of its own.
const STREAM_DEADLINE: Duration = Duration::from_secs(15 * 60);

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
    let id = head::request_id(&request, &state);
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
        exports,
    } = course;
    let deadline = match known {
        _ if streams => STREAM_DEADLINE,
        Some("listEvents" | "getImport") => POLL_DEADLINE,
        Some(_) if request.path().ends_with(body::BATCH) => BATCH_DEADLINE,
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
            let call = AssertUnwindSafe(answer(request, next, exports)).catch_unwind();
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
                None => response,
            };
            (response, operation)
        }
    };
    // Nobody reads what follows the head, so that it is not made.
    if method == Method::HEAD && matches!(response.response().body().size(), BodySize::Stream) {
        response = response.map_body(|_, _| BoxBody::new(NoBody::new()));
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
    if let Some(applied) = ignored.and_then(|ignored| head::applied(&ignored)) {
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

/// What the handler answers; of a list that is asked for whole, page after page.
async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    exports: bool,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if exports {
        // Rare and large: in a box, so that no other request carries it along.
        return Ok(Box::pin(export::serve(request, next)).await);
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
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

/// What became known of a request on its way to the handler, however far it came.
#[derive(Default)]
struct Course {
    operation: Option<&'static str>,
    quota: Option<Quota>,
    /// The parameters that were passed over, if the caller prefers that to a refusal.
    ignored: Option<Vec<String>>,
    /// What it counts as, if it comes to a good end.
    used: Option<Use>,
    /// Whether the handler takes the body in itself.
    streams: bool,
    /// Whether a list is asked for whole.
    exports: bool,
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
    let ip = head::peer(request, &state.config);
    let facts = Request {
        id,
        operation: operation.permission.operation,
        ip,
        fields: None,
        idempotency: None,
        origin_tag: head::origin_tag(request)?,
        switches: state.contract.switches.clone(),
    };
    let caller = match head::bearer(request)? {
        Some(token) => match state.authenticator.authenticate(&token, facts.clone()).await {
            // Whoever renews a session may still send its last token along; here nobody needs to be known.
            Err(refusal) if operation.permission.who == Who::Anyone && refusal.code().status == 401 => {
                Caller::anonymous(facts)
            }
            outcome => outcome?,
        },
        None => Caller::anonymous(facts),
    };
    let weight = operation.permission.weight;
    let quota = state.limiter.take(&caller, weight)?;
    course.quota = Some(quota);
    operation.permission.check(&caller)?;
    operation.check_headers(request.headers())?;
    let form = head::wanted_form(request, operation)?;
    course.exports = form != Form::Json;
    let lenient = operation.takes_header("prefer") && head::prefers_leniency(request);
    let (query, ignored) = head::query(request, operation, lenient)?;
    course.ignored = lenient.then_some(ignored);
    course.used = operation.counted_as.and_then(|resource| {
        let reads = request.method() == Method::GET;
        state
            .usage
            .of(&caller, resource, || usage::kind(reads, operation.pages, &query))
    });
    let list = head::list_digest(request.path(), &query, &caller);
    let body = match &operation.body {
        Some(expected) => {
            let (body, records) = body::read(request, expected).await?;
            // One of them was counted with the call.
            let others = u32::try_from(records.saturating_sub(1)).unwrap_or(u32::MAX);
            let more = weight.saturating_mul(others);
            course.quota = Some(state.limiter.take_more(&caller, quota, weight, more)?);
            body
        }
        None if operation.streams => {
            course.streams = true;
            None
        }
        None => body::refuse(request).map(|()| None)?,
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
        fields: head::fields(&query),
        idempotency: head::idempotency(request, operation, body.as_ref(), state.identity.master())?,
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
