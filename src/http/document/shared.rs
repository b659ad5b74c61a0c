//! The parts that operations share: the ways to sign in, the headers they take and give, the shape of errors.

use serde_json::{Value, json};

use super::bounds::LINE;
use super::tree::Object;

/// What one request header means everywhere: component, name, required, pattern, length, text, example.
const PARAMETERS: [(&str, &str, bool, &str, u32, &str, &str); 6] = [
    (
        "IdempotencyKey",
        "Idempotency-Key",
        false,
        IDEMPOTENCY_KEY,
        255,
        "Makes the call safe to repeat: the same key with the same body gives the first answer again, for 7 days. Use a random value, such as a UUID, per intended effect.",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    (
        "IdempotencyKeyRequired",
        "Idempotency-Key",
        true,
        IDEMPOTENCY_KEY,
        255,
        "Makes the call safe to repeat: the same key with the same body gives the first answer again, for 7 days. Use a random value, such as a UUID, per intended effect. Required here, because money or protection moves.",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    (
        "IfMatch",
        "If-Match",
        false,
        IF_MATCH,
        255,
        "The `ETag` of the representation that the change is based on. If the record has changed since, the answer is 412.",
        ETAG,
    ),
    (
        "IfMatchRequired",
        "If-Match",
        true,
        IF_MATCH,
        255,
        "The `ETag` of the representation that the change is based on. Without it the answer is 428; if the record has changed since, it is 412.",
        ETAG,
    ),
    (
        "IfNoneMatch",
        "If-None-Match",
        false,
        IF_NONE_MATCH,
        8_192,
        "The `ETag` of a representation that the caller holds, or several of them, separated by commas, or `*` for any. If one is still current, the answer is 304 without a body; what is no such tag matches nothing.",
        ETAG,
    ),
    (
        "Prefer",
        "Prefer",
        false,
        PRINTABLE,
        1_024,
        "`handling=lenient` (RFC 7240) has parameters that the operation does not know passed over instead of refused; `Preference-Applied` names them. For clients that add parameters of their own.",
        "handling=lenient",
    ),
];

/// Visible ASCII.
const IDEMPOTENCY_KEY: &str = "^[!-~]+$";
/// One entity tag of a record: its revision, and a hash of the representation.
const IF_MATCH: &str = r#"^(W/)?"[!#-~]*"$"#;
/// A list of entity tags, whoever made them, or any (RFC 9110, 13.1.2). It only saves an answer, so that what is no tag is
/// not refused: it matches nothing.
const IF_NONE_MATCH: &str = "^[\\t -~]*$";
const ETAG: &str = "\"3-9f86d081884c7d65\"";
const REQUEST_ID: &str = "^[A-Za-z0-9._:-]{1,128}$";

/// What one response header means everywhere: name, pattern, length, text, example.
const HEADERS: [(&str, &str, u32, &str, &str); 17] = [
    (
        "X-Request-Id",
        REQUEST_ID,
        128,
        "The id of this request: the caller's own, if it sent a usable one, or a new one. Name it when you ask for help.",
        "req_01jdq4m2x8f3v7c9k5t1w6b0za",
    ),
    (
        "RateLimit",
        PRINTABLE,
        255,
        "What is left of the caller's rate limit (`r`) and in how many seconds it is restored (`t`).",
        "\"default\";r=98;t=30",
    ),
    (
        "RateLimit-Policy",
        PRINTABLE,
        255,
        "The caller's rate limit: how many units (`q`) in how many seconds (`w`).",
        "\"default\";q=100;w=60",
    ),
    (
        "Access-Control-Allow-Origin",
        PRINTABLE,
        2_048,
        "The origin of the calling page, where the configuration allows it.",
        "https://portal.northwind.example",
    ),
    (
        "ETag",
        r#"^(W/)?"([0-9]{1,18}-)?[0-9a-f]{16}"$"#,
        255,
        "The version of this representation, for `If-Match` and `If-None-Match`.",
        ETAG,
    ),
    (
        "Location",
        PRINTABLE,
        2_048,
        "The address of the new record.",
        "/v1/deals/deal_01jdq4k8v6e5ns3q7t9x2m4b8c",
    ),
    (
        "Link",
        PRINTABLE,
        4_096,
        "The address of the next page (`rel=\"next\"`), where there is one.",
        "</v1/deals?cursor=eyJrIjoiMDFqZHE0In0>; rel=\"next\"",
    ),
    (
        "Allow",
        PRINTABLE,
        255,
        "The methods that this address knows.",
        "GET, POST",
    ),
    (
        "WWW-Authenticate",
        PRINTABLE,
        1_024,
        "How to sign in (RFC 6750).",
        "Bearer realm=\"openprm\", error=\"invalid_token\"",
    ),
    (
        "Idempotency-Replayed",
        "^(true|false)$",
        5,
        "`true` where this is the stored answer to an earlier call with the same `Idempotency-Key`.",
        "true",
    ),
    (
        "Preference-Applied",
        PRINTABLE,
        2_048,
        "That `Prefer: handling=lenient` was followed, and which parameters were passed over.",
        "handling=lenient, ignored=\"order_by\"",
    ),
    (
        "Set-Cookie",
        PRINTABLE,
        1_024,
        "The refresh token for the browser to keep, where it was asked for so; no script can read it. With Max-Age=0 the browser drops it. Without TLS its name is `openprm_refresh`.",
        "__Host-openprm_refresh=prm_refresh_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure",
    ),
    (
        "Content-Language",
        "^[A-Za-z0-9-]+$",
        35,
        "The language of the texts.",
        "en",
    ),
    (
        "Vary",
        PRINTABLE,
        255,
        "By which headers of the request the answer differs: a cache keeps one for each of their values.",
        "Accept-Language",
    ),
    (
        "Cache-Control",
        PRINTABLE,
        255,
        "How the answer may be cached.",
        "private, no-cache",
    ),
    (
        "Feed-Cursor",
        "^[0-9a-f]{16}$",
        16,
        "Of an export (NDJSON or CSV): the cursor at which `GET /v1/events` stood before its first row. The export and the feed from there, put together by `revision`, miss nothing.",
        "00000000000001f4",
    ),
    (
        "Content-Disposition",
        PRINTABLE,
        255,
        "What the file is called: of an export (NDJSON or CSV), or of a file that is downloaded.",
        "attachment; filename=\"deals-2026-11-21.csv\"",
    ),
];
const PRINTABLE: &str = "^[ -~]*$";

pub(super) fn bearer() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /v1/auth/login`, an API key (`prm_live_…`), or a token of an identity provider that is \
            known here. Our tokens are JSON Web Tokens, signed with EdDSA; all are checked as RFC8725 recommends.",
    })
}

pub(super) fn client_credentials(scopes: &Object) -> Value {
    json!({
        "type": "oauth2",
        "description": "Client credentials of a service client (RFC 6749, section 4.4). Access tokens live for minutes and are \
            JSON Web Tokens, checked as RFC8725 recommends; ask for a new one instead of refreshing.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token", "scopes": scopes}},
    })
}

pub(super) fn parameters() -> impl Iterator<Item = (&'static str, Value)> {
    PARAMETERS
        .iter()
        .map(|(component, name, required, pattern, length, about, example)| {
            let mut schema = json!({"type": "string", "minLength": 1, "maxLength": length, "pattern": pattern});
            let mut parameter = json!({"name": name, "in": "header", "required": required, "description": about});
            let place = if *required { &mut parameter } else { &mut schema };
            if let Value::Object(place) = place {
                let (key, value) = if *required {
                    ("example", json!(example))
                } else {
                    ("examples", json!([example]))
                };
                place.insert(key.to_owned(), value);
            }
            if let Value::Object(parameter) = &mut parameter {
                parameter.insert("schema".to_owned(), schema);
            }
            (*component, parameter)
        })
}

pub(super) fn headers() -> impl Iterator<Item = (&'static str, Value)> {
    let texts = HEADERS.iter().map(|(name, pattern, length, about, example)| {
        let schema = json!({"type": "string", "maxLength": length, "pattern": pattern});
        (
            *name,
            json!({"description": about, "schema": schema, "example": example}),
        )
    });
    let seconds = json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400});
    let wait =
        json!({"description": "How many seconds to wait before trying again.", "schema": seconds, "example": 30});
    texts.chain([("Retry-After", wait)])
}

/// The shape of every error.
pub(super) fn problem() -> Value {
    let line = |length: u32| json!({"type": "string", "maxLength": length, "pattern": LINE});
    let described = |mut schema: Value, about: &str| {
        if let Value::Object(fields) = &mut schema {
            fields.insert("description".to_owned(), json!(about));
        }
        schema
    };
    let code = json!({"type": "string", "maxLength": 64, "pattern": "^[a-z][a-z0-9_]*$"});
    let address = |format: &str| json!({"type": "string", "format": format, "maxLength": 2_048});
    json!({
        "type": "object",
        "description": "Why a call did not succeed (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "instance", "request_id", "retryable", "errors"],
        "properties": {
            "type": described(address("uri"), "The address of a text about this kind of problem."),
            "title": described(line(255), "What happened, in a few words."),
            "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            "detail": described(line(4_000), "What happened here and what to do about it, for people."),
            "code": described(code, "What happened, for programs. It never changes."),
            "instance": described(address("uri-reference"), "The path that was called."),
            "request_id": {"type": "string", "maxLength": 128, "pattern": REQUEST_ID, "description": "The id of the request, as in `X-Request-Id`."},
            "errors": {"type": "array", "maxItems": 1_000, "description": "Each part of the request that is at fault; all of them at once. Empty where no part is.", "items": {"$ref": "#/components/schemas/ProblemFault"}},
            "retryable": {"type": "boolean", "description": "Whether the same call may succeed later."},
            "current": described(line(64), "The state that the record is in, where that is what forbids the call."),
            "attempted": described(line(64), "What was tried in that state."),
            "allowed": {"type": "array", "maxItems": 100, "description": "What could be done in that state.", "items": line(64)},
            "current_etag": {"type": "string", "maxLength": 80, "pattern": IF_MATCH, "description": "The record's present `ETag`, where the change was based on another."},
            "challenge": {"type": "string", "maxLength": 128, "pattern": "^prm_challenge_[A-Za-z0-9_-]+$", "description": "What completes the sign-in together with a code, once, where a second factor is required."},
            "challenge_expires_in": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 3_600, "description": "How many seconds the challenge is good for."},
        },
    })
}

/// One part of a request that is at fault.
pub(super) fn problem_fault() -> Value {
    json!({
        "type": "object",
        "description": "One part of a request that is at fault.",
        "required": ["pointer", "code", "detail"],
        "properties": {
            "pointer": {"type": "string", "maxLength": 1_024, "pattern": LINE, "description": "Which part: `#/a/b` in the body, `query:x` or `header:x`."},
            "code": {"type": "string", "maxLength": 64, "pattern": "^[a-z][a-z0-9_]*$", "description": "What is wrong with it, for programs."},
            "detail": {"type": "string", "maxLength": 4_000, "pattern": LINE, "description": "What is wrong with it and what to do about it, for people."},
        },
    })
}
