//! Where the choices of a field are read, if they are too many for the schema or records themselves.

use serde::Serialize;

use super::model::FormResource;

/// Lists of more words than this stand once, in `$defs`, without labels: browsers and systems have those in every language
/// (ISO 3166, ISO 4217, IANA).
pub const LONG_LIST: usize = 40;

/// A list of records that are chosen from, as `x-choices` says it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Choices {
    /// The operation that lists them.
    pub operation: &'static str,
    /// Its path, with the filter.
    pub path: &'static str,
    /// The field that is written.
    pub value: &'static str,
    /// The field that people read.
    pub label: &'static str,
    /// The parameter that searches the list; none for lists that are short.
    pub search: Option<&'static str>,
}

impl Choices {
    const fn of(operation: &'static str, path: &'static str, value: &'static str, label: &'static str) -> Self {
        Self {
            operation,
            path,
            value,
            label,
            search: Some("q"),
        }
    }

    const fn short(self) -> Self {
        Self { search: None, ..self }
    }
}

/// Records that are chosen from, by the type of their id.
pub const BY_ID: [(&str, Choices); 6] = [
    (
        "PartnerId",
        Choices::of("listPartners", "/v1/partners", "id", "legal_name"),
    ),
    (
        "TerritoryId",
        Choices::of("listTerritories", "/v1/territories?status=active", "id", "name"),
    ),
    (
        "ProductId",
        Choices::of("listProducts", "/v1/products?status=active", "id", "name"),
    ),
    (
        "AccountId",
        Choices::of(
            "listCustomerAccounts",
            "/v1/customer-accounts?status=active",
            "id",
            "name",
        ),
    ),
    ("UserId", Choices::of("listUsers", "/v1/users", "id", "name")),
    (
        "CalendarId",
        Choices::of("listCalendars", "/v1/calendars?status=active", "id", "name").short(),
    ),
];

/// Records that are named by their code: type of record, field, choices.
pub const BY_CODE: [(FormResource, &str, Choices); 2] = [
    (
        FormResource::Deals,
        "/territory",
        Choices::of("listTerritories", "/v1/territories?status=active", "code", "name"),
    ),
    (
        FormResource::Deals,
        "/lines/*/product",
        Choices::of("listProducts", "/v1/products?status=active", "code", "name"),
    ),
];
