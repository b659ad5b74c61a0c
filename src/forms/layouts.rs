//! Under which headings forms show their fields, and in which order.
//!
//! A field that stands under no heading fails the test of the labels.

use super::{labels::Texts, model::FormResource};

/// One heading of a form: its name, its label, its fields in order.
pub type Group = (&'static str, Texts, &'static [&'static str]);

const DEALS: &[Group] = &[
    (
        "deal",
        ["Deal", "Projekt"],
        &["partner_id", "title", "description", "deal_type", "source"],
    ),
    (
        "customer",
        ["Customer", "Kunde"],
        &["customer", "customer_consent", "contacts", "sites"],
    ),
    (
        "scope",
        ["Scope", "Umfang"],
        &["territory", "lines", "amount", "expected_close_on"],
    ),
    (
        "sale",
        ["Sale", "Vertrieb"],
        &["next_step", "competitor", "co_sell_needs", "visibility"],
    ),
    ("custom", ["More", "Weiteres"], &["custom"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const PARTNERS: &[Group] = &[
    (
        "firm",
        ["Company", "Unternehmen"],
        &["legal_name", "trading_names", "types", "parent_id"],
    ),
    ("contact", ["Contact", "Kontakt"], &["website", "phone", "hq_address"]),
    (
        "register",
        ["Register and tax", "Register und Steuern"],
        &["registration", "tax_ids"],
    ),
    (
        "business",
        ["Business", "Geschäft"],
        &["territory_ids", "default_currency", "time_zone", "tags"],
    ),
    ("custom", ["More", "Weiteres"], &["custom"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const PEOPLE: &[Group] = &[
    ("person", ["Person", "Person"], &["name", "email", "phone", "locale"]),
    ("work", ["Work", "Tätigkeit"], &["employment"]),
    (
        "wishes",
        ["Wishes and consents", "Wünsche und Einwilligungen"],
        &["preferences", "consents"],
    ),
];

const ACCOUNTS: &[Group] = &[
    (
        "firm",
        ["Company", "Unternehmen"],
        &["name", "website", "phone", "address", "aliases", "parent_id"],
    ),
    (
        "register",
        ["Register", "Register"],
        &["registration_number", "registration_authority"],
    ),
    (
        "facts",
        ["Facts", "Kennzahlen"],
        &["industry", "employees", "annual_revenue", "founded_year"],
    ),
    ("care", ["Care", "Betreuung"], &["territory_id", "owner_id", "tags"]),
    ("custom", ["More", "Weiteres"], &["custom"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const OPPORTUNITIES: &[Group] = &[
    (
        "opportunity",
        ["Opportunity", "Projekt"],
        &["account_id", "title", "deal_type"],
    ),
    (
        "scope",
        ["Scope", "Umfang"],
        &["product_id", "territory_id", "amount", "expected_close_on"],
    ),
    (
        "sale",
        ["Sale", "Vertrieb"],
        &[
            "status",
            "stage",
            "owner_id",
            "owner_name",
            "opened_at",
            "last_activity_at",
            "closed_at",
        ],
    ),
    ("custom", ["More", "Weiteres"], &["custom"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const NAMED_ACCOUNTS: &[Group] = &[
    ("customer", ["Customer", "Kunde"], &["account_id", "owner_id", "reason"]),
    ("scope", ["Scope", "Umfang"], &["product_id", "territory_id"]),
    ("time", ["Time", "Zeitraum"], &["starts_on", "ends_on"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const INSTALLED_BASE: &[Group] = &[
    ("customer", ["Customer", "Kunde"], &["account_id", "partner_id"]),
    (
        "scope",
        ["Scope", "Umfang"],
        &["product_id", "quantity", "territory_id"],
    ),
    ("time", ["Time", "Zeitraum"], &["since_on", "ends_on"]),
    ("systems", ["Other systems", "Andere Systeme"], &["external_refs"]),
];

const PRODUCTS: &[Group] = &[
    (
        "product",
        ["Product", "Produkt"],
        &["kind", "parent_id", "code", "name", "description", "status"],
    ),
    ("price", ["Price", "Preis"], &["list_price"]),
    ("custom", ["More", "Weiteres"], &["custom"]),
];

const TERRITORIES: &[Group] = &[
    (
        "territory",
        ["Territory", "Gebiet"],
        &["kind", "parent_id", "code", "name", "status"],
    ),
    ("time", ["Business time", "Geschäftszeit"], &["calendar_id"]),
];

const PROGRAMS: &[Group] = &[
    ("program", ["Program", "Programm"], &["code", "name", "description"]),
    ("sight", ["Visibility", "Sichtbarkeit"], &["distributor_sees_resellers"]),
    ("custom", ["More", "Weiteres"], &["custom"]),
];

/// The headings of a form with their fields, in order.
pub const fn layout(resource: FormResource) -> &'static [Group] {
    match resource {
        FormResource::Deals => DEALS,
        FormResource::Partners => PARTNERS,
        FormResource::People => PEOPLE,
        FormResource::CustomerAccounts => ACCOUNTS,
        FormResource::DirectOpportunities => OPPORTUNITIES,
        FormResource::NamedAccounts => NAMED_ACCOUNTS,
        FormResource::InstalledBase => INSTALLED_BASE,
        FormResource::Products => PRODUCTS,
        FormResource::Territories => TERRITORIES,
        FormResource::Programs => PROGRAMS,
    }
}
