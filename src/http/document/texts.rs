//! The texts of the contract: what the API is, its conventions, its tags, headers and shared parts.

use serde_json::{Value, json};

use super::tree::{self, Object};
use super::{OperationRule, words};

/// The conventions, for whoever opens the document first.
const ABOUT: &str = include_str!("conventions.md");

/// Begins the paragraph of a description that says who may call.
pub(super) const WHO: &str = "**Who may call it:**";
pub(super) const NOT_MODIFIED: &str =
    "Not modified: the caller already holds the current representation (`If-None-Match`).";

/// Tags by the first segment of the path: the segments, the tag, what it is about.
const TAGS: [(&[&str], &str, &str); 27] = [
    (
        &["auth", "oauth", "me", "api-keys", "service-clients", "sessions"],
        "Authentication",
        "Signing in and out, tokens, API keys and service clients, and who the caller is.",
    ),
    (
        &["users", "invitations", "teams"],
        "Users",
        "The people of the vendor and of its partners, with their roles.",
    ),
    (
        &["partners"],
        "Partners",
        "Partner organisations from application to termination, with everything that belongs to them.",
    ),
    (
        &["partner-applications"],
        "Partner applications",
        "Applications to become a partner and their review.",
    ),
    (
        &["contacts", "people"],
        "Contacts",
        "People as contacts, with their employments and roles over time.",
    ),
    (
        &["programs"],
        "Programs",
        "Partner programs with their ranked tiers, memberships and evaluations.",
    ),
    (
        &["customer-accounts"],
        "Customer accounts",
        "The end customers that deals are about, with their hierarchy, merges and splits.",
    ),
    (
        &["deals"],
        "Deals",
        "Deal registrations: submission, conflict check, decision, protection and outcome.",
    ),
    (
        &["protections"],
        "Protections",
        "What is protected for whom, where and until when.",
    ),
    (
        &["conflicts", "conflict-checks", "conflict-cases"],
        "Conflicts",
        "Checks for conflicts with other claims, and the cases that they open.",
    ),
    (
        &["products", "product-lines"],
        "Products",
        "Products and product lines, as a tree.",
    ),
    (&["territories"], "Territories", "Territories, as a tree."),
    (
        &["direct-opportunities", "opportunities"],
        "Direct opportunities",
        "The vendor's own pipeline, which registrations are checked against.",
    ),
    (
        &["named-accounts"],
        "Named accounts",
        "Accounts that the vendor keeps for itself.",
    ),
    (
        &["installed-base", "installations"],
        "Installed base",
        "Which customer has which product line already.",
    ),
    (
        &["imports", "jobs", "exports"],
        "Jobs",
        "Long-running work, such as imports, with progress and results.",
    ),
    (&["events"], "Events", "The feed of every change, in commit order."),
    (
        &["webhook-endpoints", "webhook-deliveries", "webhooks"],
        "Webhooks",
        "Endpoints that changes are delivered to, and every attempt to do so.",
    ),
    (
        &[
            "settings",
            "policies",
            "approval-chains",
            "calendars",
            "custom-fields",
            "tags",
        ],
        "Settings",
        "Policies, approval chains, calendars and custom fields, with their versions.",
    ),
    (&["audit", "audit-log", "sign-ins"], "Audit", "Who did what and when."),
    (
        &["sync-links", "external-references"],
        "Sync links",
        "The same record in other systems.",
    ),
    (
        &["leads"],
        "Leads",
        "Leads that are passed between vendor and partners.",
    ),
    (&["agreements"], "Agreements", "Contracts between vendor and partners."),
    (
        &["reports", "analytics"],
        "Reports",
        "Figures over partners, deals and programs.",
    ),
    (
        &["errors", "schema", "requests", "usage"],
        "Reference",
        "What the service says of itself: error codes, schemas, requests and usage.",
    ),
    (&["notifications"], "Notifications", "What people are told and how."),
    (
        &["work-items", "tasks"],
        "Work items",
        "What waits for somebody to do it.",
    ),
];

/// What one request header means everywhere: component, name, required, pattern, length, text, example.
const PARAMETERS: [(&str, &str, bool, &str, u32, &str, &str); 5] = [
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
        "The `ETag` of the representation that the change is based on, or `*`. If the record has changed since, the answer is 412.",
        ETAG,
    ),
    (
        "IfMatchRequired",
        "If-Match",
        true,
        IF_MATCH,
        255,
        "The `ETag` of the representation that the change is based on, or `*`. Without it the answer is 428; if the record has changed since, it is 412.",
        ETAG,
    ),
    (
        "IfNoneMatch",
        "If-None-Match",
        false,
        IF_NONE_MATCH,
        1_024,
        "The `ETag` of a representation that the caller holds. If it is still current, the answer is 304 without a body.",
        ETAG,
    ),
];

/// Visible ASCII.
const IDEMPOTENCY_KEY: &str = "^[!-~]+$";
/// One entity tag (RFC 9110), or `*`.
const IF_MATCH: &str = r#"^(\*|(W/)?"[!#-~]+")$"#;
/// A list of entity tags.
const IF_NONE_MATCH: &str = r#"^(W/)?"[!#-~]+"(, ?(W/)?"[!#-~]+")*$"#;
const ETAG: &str = "\"3-9f86d081884c7d65\"";
const REQUEST_ID: &str = "^[A-Za-z0-9._-]{1,128}$";

/// What one response header means everywhere: name, pattern, length, text, example.
const HEADERS: [(&str, &str, u32, &str, &str); 12] = [
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
        r#"^(W/)?"[!#-~]+"$"#,
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
        "Content-Language",
        "^[A-Za-z0-9-]+$",
        35,
        "The language of the texts.",
        "en",
    ),
    (
        "Cache-Control",
        PRINTABLE,
        255,
        "How the answer may be cached.",
        "private, no-cache",
    ),
];
const PRINTABLE: &str = "^[ -~]*$";

/// Fills in what the document says before its first operation.
pub(super) fn introduce(doc: &mut Value) {
    let Value::Object(root) = doc else { return };
    root.insert("openapi".into(), json!("3.1.0"));
    tree::within(root, "info", |info| {
        info.insert("title".into(), json!("OpenPRM"));
        info.entry("version").or_insert(json!("0.0.0"));
        info.insert(
            "summary".into(),
            json!("Open-source, API-first partner relationship management"),
        );
        info.insert("description".into(), json!(ABOUT.trim()));
        info.insert(
            "contact".into(),
            json!({"name": "OpenPRM", "url": "https://openprm.dev", "email": "api@openprm.dev"}),
        );
        info.insert(
            "license".into(),
            json!({"name": "Apache-2.0", "identifier": "Apache-2.0"}),
        );
    });
    // Relative, so that a document is right wherever it is served, and a trial from its page stays on the same host.
    let here =
        json!({"url": "/", "description": "This server: production, or wherever you run it", "x-internal": false});
    root.insert("servers".into(), json!([here]));
}

/// The tag of a path, and what it is about.
pub(super) fn tag(path: &str) -> (String, String) {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let segment = path.split('/').find(|part| !part.is_empty()).unwrap_or("service");
    if let Some((_, tag, about)) = TAGS.iter().find(|(segments, ..)| segments.contains(&segment)) {
        return ((*tag).to_owned(), (*about).to_owned());
    }
    let tag = words::sentence(segment);
    let about = format!("Everything about {}.", tag.to_lowercase());
    (tag, about)
}

/// What a scope such as `deals:read` allows.
pub(super) fn scope(scope: &str) -> String {
    let (resource, verb) = scope.split_once(':').unwrap_or((scope, "use"));
    let things = resource.replace(['-', '_'], " ");
    match verb {
        "read" => format!("Read {things}."),
        "write" => format!("Create and change {things}."),
        other => format!("{} {things}.", words::sentence(other)),
    }
}

/// Who may call an operation, as a paragraph.
pub(super) fn permission(rule: &OperationRule) -> String {
    let who = if rule.public {
        "anyone, without signing in".to_owned()
    } else if rule.roles.is_empty() {
        "anyone who signed in".to_owned()
    } else {
        let roles: Vec<String> = rule.roles.iter().map(|role| format!("`{role}`")).collect();
        roles.join(", ")
    };
    let mut sentences = vec![format!("{WHO} {who}.")];
    sentences.extend(
        rule.scope
            .map(|scope| format!("Service clients and API keys need the scope `{scope}`.")),
    );
    if rule.rate_weight != 1 {
        sentences.push(format!("It costs {} units of the rate limit.", rule.rate_weight));
    }
    sentences.join(" ")
}

pub(super) fn bearer() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /v1/auth/login` or an API key (`prm_live_…`). Tokens are JSON Web Tokens, \
            signed with EdDSA and checked as RFC8725 recommends.",
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

pub(super) fn shared_parameters() -> impl Iterator<Item = (&'static str, Value)> {
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

pub(super) fn shared_headers() -> impl Iterator<Item = (&'static str, Value)> {
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
    let line = |length: u32| json!({"type": "string", "maxLength": length, "pattern": super::bounds::LINE});
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
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": described(address("uri"), "The address of a text about this kind of problem."),
            "title": described(line(255), "What happened, in a few words."),
            "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            "detail": described(line(4_000), "What happened here and what to do about it, for people."),
            "code": described(code, "What happened, for programs. It never changes."),
            "instance": described(address("uri-reference"), "The path that was called."),
            "request_id": {"type": "string", "maxLength": 128, "pattern": REQUEST_ID, "description": "The id of the request, as in `X-Request-Id`."},
            "errors": {"type": "array", "maxItems": 1_000, "description": "Each part of the request that is at fault; all of them at once.", "items": {"$ref": "#/components/schemas/ProblemFault"}},
            "current": described(line(64), "The state that the record is in, where that is what forbids the call."),
            "attempted": described(line(64), "What was tried in that state."),
            "allowed": {"type": "array", "maxItems": 100, "description": "What could be done in that state.", "items": line(64)},
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
            "pointer": {"type": "string", "maxLength": 1_024, "pattern": PRINTABLE_OR_WIDE, "description": "Which part: `#/a/b` in the body, `query:x` or `header:x`."},
            "code": {"type": "string", "maxLength": 64, "pattern": "^[a-z][a-z0-9_]*$", "description": "What is wrong with it, for programs."},
            "detail": {"type": "string", "maxLength": 4_000, "pattern": super::bounds::LINE, "description": "What is wrong with it and what to do about it, for people."},
        },
    })
}
const PRINTABLE_OR_WIDE: &str = super::bounds::LINE;

/// What a status says, in words.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be understood",
        401 => "The caller is not signed in",
        403 => "The caller may not do this",
        404 => "There is no such thing, or the caller may not see it",
        405 => "The address does not know this method",
        406 => "There is no representation that the caller accepts",
        408 => "The request took too long to arrive",
        409 => "The present state forbids it",
        410 => "It is gone",
        412 => "The record has changed since it was read",
        413 => "The request is too large",
        415 => "The media type of the body is not supported",
        422 => "The content of the request is not valid",
        428 => "A condition is required",
        429 => "Too many requests",
        500 => "The service failed",
        503 => "The service is busy or not ready",
        504 => "The call took too long",
        _ => "The call did not succeed",
    }
}

/// What a successful status says, in words.
pub(super) fn success(status: &str) -> &'static str {
    match status {
        "201" => "Created.",
        "202" => "Accepted: the work goes on in the background.",
        "204" => "Done; there is nothing to say.",
        "207" => "Done item by item; each says how it went.",
        _ => "Done.",
    }
}

/// What a request body is, in words.
pub(super) fn body(method: &str) -> &'static str {
    match method {
        "patch" => "The fields to change: what is left out stays, `null` clears (JSON Merge Patch, RFC 7396).",
        "put" => "The whole record as it should be.",
        _ => "What the call needs to know.",
    }
}
