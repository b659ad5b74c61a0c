//! Problems as RFC 9457 describes them: one shape for everything that can go wrong.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::{
    error::{Error, Fault, StateFacts},
    kernel::ids::RequestId,
};

/// Where the types of problems are described.
const TYPES: &str = "https://openprm.dev/problems/";

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'a str,
    request_id: Option<RequestId>,
    retryable: bool,
    errors: &'a [Fault],
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge_expires_in: Option<i64>,
}

fn problem<'a>(error: &'a Error, instance: &'a str, request_id: Option<RequestId>) -> Problem<'a> {
    let code = error.code();
    let state: Option<&StateFacts> = error.state();
    Problem {
        r#type: format!("{TYPES}{}", code.code),
        title: code.title,
        status: code.status,
        detail: error.message(),
        instance,
        code: code.code,
        request_id,
        retryable: matches!(code.status, 408 | 429 | 500..) || error.seconds_to_wait().is_some(),
        errors: error.all_faults(),
        current: state.map(|state| state.current.as_str()),
        attempted: state.map(|state| state.attempted.as_str()),
        allowed: state.map(|state| state.allowed.as_slice()),
        current_etag: error.current_etag(),
        challenge: error.open_challenge().map(|challenge| challenge.token.as_str()),
        challenge_expires_in: error.open_challenge().map(|challenge| challenge.seconds),
    }
}

/// The problem as it stands within an answer.
pub fn told(error: &Error, instance: &str, request_id: Option<RequestId>) -> serde_json::Value {
    serde_json::to_value(problem(error, instance, request_id)).unwrap_or_default()
}

/// The answer that tells of `error`.
pub fn respond(error: &Error, instance: &str, request_id: Option<RequestId>) -> HttpResponse {
    let code = error.code();
    let problem = problem(error, instance, request_id);
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = error
        .seconds_to_wait()
        .or_else(|| matches!(code.status, 429 | 503).then_some(1))
    {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if code.status == 401 {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"openprm\""));
    }
    response
        .content_type("application/problem+json")
        .body(serde_json::to_vec(&problem).unwrap_or_default())
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Without request id and address; the gate writes it again with both.
    fn error_response(&self) -> HttpResponse {
        respond(self, "", None)
    }
}
