//! The texts of the contract: what the API is, its conventions, its tags, headers and shared parts.

use serde_json::{Value, json};

use super::tree;
use super::{OperationRule, words};

/// The conventions, for whoever opens the document first.
const ABOUT: &str = include_str!("conventions.md");

/// Begins the paragraph of a description that says who may call.
pub(super) const WHO: &str = "**Who may call it:**";
pub(super) const NOT_MODIFIED: &str =
    "Not modified: the caller already holds the current representation (`If-None-Match`).";

/// Tags by the first segment of the path: the segments, the tag, what it is about.
const TAGS: [(&[&str], &str, &str); 29] = [
    (
        &[
            "auth",
            "oauth",
            "me",
            "api-keys",
            "service-clients",
            "sessions",
            "identity-providers",
            "identity-links",
        ],
        "Authentication",
        "Signing in and out, tokens, API keys, service clients and identity providers, and who the caller is.",
    ),
    (
        &["users", "invitations", "teams"],
        "Users",
        "The people of the vendor and of its partners, with their roles.",
    ),
    (
        &["partners", "partners-by-external-id"],
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
        &["deals", "deal-comments", "deal-transfers"],
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
        &["approvals", "delegations"],
        "Approvals",
        "What waits for whose decision, who is away, and who stands in.",
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
            "policy-simulations",
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
        &[
            "external-systems",
            "sync-links",
            "sync-conflicts",
            "sync-reviews",
            "field-maps",
        ],
        "Sync",
        "Other systems that records are kept in step with: links, conflicts, field maps and first loads.",
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
        &["errors", "requests", "usage"],
        "Reference",
        "What the service says of itself: error codes, schemas, requests and usage.",
    ),
    (
        &["notices", "notice-topics", "notice-templates", "notice-reminders"],
        "Notices",
        "What people are told, in the app and by mail, in which words, and how they want it.",
    ),
    (
        &["portal", "schema"],
        "Portal",
        "What a front end needs: its appearance, menu and open work, and the schemas of its forms.",
    ),
    (
        &["work-items", "tasks", "interactions", "notes", "saved-views"],
        "Work",
        "What waits for each person, tasks and follow-ups, interactions, notes on any record, and saved views.",
    ),
];

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
        "put" => "What the record shall say; what is left out of an upsert stays as it is.",
        _ => "What the call needs to know.",
    }
}
