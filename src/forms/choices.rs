//! Where the choices of a field are read, if they are too many for the schema or records themselves.

use super::model::FormResource;

/// Lists of more words than this stand once, in `$defs`, without labels: browsers and systems have those in every language
/// (ISO 3166, ISO 4217, IANA).
pub const LONG_LIST: usize = 40;

/// Records that are chosen from, by the type of their id: type, operation, path, value, label.
pub const BY_ID: [(&str, &str, &str, &str, &str); 5] = [
    ("PartnerId", "listPartners", "/v1/partners", "id", "legal_name"),
    (
        "TerritoryId",
        "listTerritories",
        "/v1/territories?status=active",
        "id",
        "name",
    ),
    ("ProductId", "listProducts", "/v1/products?status=active", "id", "name"),
    (
        "AccountId",
        "listCustomerAccounts",
        "/v1/customer-accounts?status=active",
        "id",
        "name",
    ),
    ("UserId", "listUsers", "/v1/users", "id", "name"),
];

/// Records that are named by their code: type of record, field, operation, path, value, label.
pub const BY_CODE: [(FormResource, &str, &str, &str, &str, &str); 2] = [
    (
        FormResource::Deals,
        "/territory",
        "listTerritories",
        "/v1/territories?status=active",
        "code",
        "name",
    ),
    (
        FormResource::Deals,
        "/lines/*/product",
        "listProducts",
        "/v1/products?status=active",
        "code",
        "name",
    ),
];
