//! What counts as what. Pure.

use serde_json::{Map, Value};

use super::UseKind;
use crate::modules;

/// Parameters that say how a list is shown, not what is looked for.
const SHOWN: [&str; 6] = ["cursor", "limit", "include_total", "fields", "expand", "sort"];

/// Addresses that a front end asks by itself, or that are about the caller alone.
const UNCOUNTED: [&str; 10] = [
    "auth",
    "events",
    "me",
    "me/notice-preferences",
    "notice-reminders",
    "notice-templates",
    "notice-topics",
    "notices",
    "portal",
    "schema",
];

/// What the use of the operations at an address is counted as: where it begins. Nothing if it is not counted.
pub fn counted_as(path: &str) -> Option<&'static str> {
    modules::prefix(path)?
        .strip_prefix("/v1/")
        .filter(|name| !UNCOUNTED.contains(name))
}

/// What a request is that comes to a good end: whether it reads, whether it lists records page by page, and what was asked
/// for. Nothing for a further page of a list: the first one was counted.
pub fn kind(reads: bool, pages: bool, query: &Map<String, Value>) -> Option<UseKind> {
    let looks_for = || query.keys().any(|name| !SHOWN.contains(&name.as_str()));
    match (reads, pages) {
        (false, _) => Some(UseKind::Action),
        (true, _) if query.contains_key("cursor") => None,
        (true, true) if looks_for() => Some(UseKind::Search),
        (true, _) => Some(UseKind::View),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(reads: bool, pages: bool, query: Value) -> Option<UseKind> {
        kind(reads, pages, query.as_object().unwrap())
    }

    #[test]
    fn a_condition_makes_a_list_a_search_and_how_it_is_shown_does_not() {
        assert_eq!(asked(true, true, json!({"q": "acme"})), Some(UseKind::Search));
        assert_eq!(
            asked(true, true, json!({"stage": ["won"], "limit": 5})),
            Some(UseKind::Search)
        );
        assert_eq!(
            asked(
                true,
                true,
                json!({"sort": "-updated_at", "limit": 5, "expand": ["partner"]})
            ),
            Some(UseKind::View)
        );
        assert_eq!(asked(true, false, json!({"as_of": "2026-01-01"})), Some(UseKind::View));
        assert_eq!(asked(true, true, json!({"q": "acme", "cursor": "x"})), None);
        assert_eq!(asked(false, false, json!({})), Some(UseKind::Action));
    }

    #[test]
    fn what_a_portal_asks_by_itself_does_not_count() {
        assert_eq!(counted_as("/v1/deals/{id}/comments"), Some("deals"));
        assert_eq!(counted_as("/v1/programs"), Some("programs"));
        for path in [
            "/v1/me",
            "/v1/portal/public",
            "/v1/notices/unread-count",
            "/v1/schema/{resource}",
            "/oauth/token",
            "/v1/auth/refresh",
            "/nowhere",
        ] {
            assert_eq!(counted_as(path), None, "{path}");
        }
    }
}
