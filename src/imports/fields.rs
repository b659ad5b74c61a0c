//! Which fields each kind of record takes. A field's name is the one it has in the API.

use super::entity::{Kind, Target};

/// A field of a kind of record.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name; the parts of a nested one are joined by dots. One that ends in `.*` stands for every name there.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether every row must have it.
    pub required: bool,
    /// Whether it stands in the body that the API's contract checks.
    pub wire: bool,
}

impl Field {
    /// Whether it takes values under that name.
    pub fn takes(&self, name: &str) -> bool {
        self.name == name
            || self
                .name
                .strip_suffix('*')
                .is_some_and(|open| name.len() > open.len() && name.starts_with(open))
    }
}

/// Part of the body of the API.
const fn wire(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        wire: true,
    }
}

/// What only an import knows.
const fn extra(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        wire: false,
    }
}

const fn required(field: Field) -> Field {
    Field {
        required: true,
        ..field
    }
}

/// The currency of the row's amounts, where the file has a column for it.
const CURRENCY: Field = extra("currency", Kind::Text);

pub const TERRITORIES: &[Field] = &[
    required(wire("code", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("kind", Kind::Text)),
    wire("parent_id", Kind::Ref(Target::Territory)),
];

pub const PRODUCTS: &[Field] = &[
    required(wire("code", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("kind", Kind::Text)),
    wire("parent_id", Kind::Ref(Target::Product)),
    wire("description", Kind::Text),
    wire("list_price", Kind::Money),
    extra("aliases", Kind::List),
    wire("custom.*", Kind::Custom),
    CURRENCY,
];

pub const USERS: &[Field] = &[
    required(wire("email", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("roles", Kind::List)),
    required(wire("row_scope", Kind::Text)),
    wire("territory_ids", Kind::Refs(Target::Territory)),
];

pub const PARTNERS: &[Field] = &[
    required(wire("legal_name", Kind::Text)),
    wire("trading_names", Kind::List),
    wire("types", Kind::List),
    wire("registration.number", Kind::Text),
    wire("registration.authority", Kind::Text),
    wire("website", Kind::Text),
    wire("phone", Kind::Phone),
    wire("hq_address.street", Kind::Text),
    wire("hq_address.city", Kind::Text),
    wire("hq_address.region", Kind::Text),
    wire("hq_address.postal_code", Kind::Text),
    wire("hq_address.country", Kind::Text),
    wire("parent_id", Kind::Ref(Target::Partner)),
    wire("territory_ids", Kind::Refs(Target::Territory)),
    required(wire("default_currency", Kind::Text)),
    required(wire("time_zone", Kind::Text)),
    wire("tags", Kind::List),
    wire("custom.*", Kind::Custom),
    extra("status", Kind::Text),
    extra("since", Kind::Moment),
    extra("account_manager", Kind::Ref(Target::User)),
];

pub const PEOPLE: &[Field] = &[
    required(wire("name", Kind::Text)),
    wire("email", Kind::Text),
    wire("phone", Kind::Phone),
    wire("locale", Kind::Text),
    wire("employment.partner_id", Kind::Ref(Target::Partner)),
    wire("employment.title", Kind::Text),
    wire("employment.department", Kind::Text),
    wire("employment.roles", Kind::List),
    wire("employment.starts_on", Kind::Date),
    extra("employment.ends_on", Kind::Date),
    extra("employment.beside_others", Kind::Flag),
    extra("consents.*", Kind::Moment),
    extra("withdrawn.*", Kind::Moment),
    extra("consent_wording", Kind::Text),
    extra("preferences.*", Kind::Flag),
];

pub const ACCOUNT_MANAGERS: &[Field] = &[
    required(extra("partner", Kind::Ref(Target::Partner))),
    required(extra("user", Kind::Ref(Target::User))),
    required(extra("valid_from", Kind::Moment)),
    extra("role", Kind::Text),
    extra("reason_text", Kind::Text),
];

pub const TIER_MEMBERSHIPS: &[Field] = &[
    required(extra("partner", Kind::Ref(Target::Partner))),
    required(extra("program", Kind::Ref(Target::Program))),
    required(extra("tier", Kind::Text)),
    required(extra("valid_from", Kind::Moment)),
    extra("ended_at", Kind::Moment),
    extra("end_reason", Kind::Text),
];

pub const CUSTOMER_ACCOUNTS: &[Field] = &[
    required(wire("name", Kind::Text)),
    wire("website", Kind::Text),
    wire("registration_number", Kind::Text),
    wire("registration_authority", Kind::Text),
    wire("phone", Kind::Phone),
    wire("address.street", Kind::Text),
    wire("address.city", Kind::Text),
    wire("address.region", Kind::Text),
    wire("address.postal_code", Kind::Text),
    wire("address.country", Kind::Text),
    wire("parent_id", Kind::Ref(Target::Account)),
    wire("industry", Kind::Text),
    wire("employees", Kind::Integer),
    wire("annual_revenue", Kind::Money),
    wire("founded_year", Kind::Integer),
    wire("territory_id", Kind::Ref(Target::Territory)),
    wire("owner_id", Kind::Ref(Target::User)),
    wire("tags", Kind::List),
    wire("custom.*", Kind::Custom),
    CURRENCY,
];

pub const DIRECT_OPPORTUNITIES: &[Field] = &[
    required(wire("account_id", Kind::Ref(Target::Account))),
    required(wire("title", Kind::Text)),
    wire("product_id", Kind::Ref(Target::Product)),
    wire("territory_id", Kind::Ref(Target::Territory)),
    wire("deal_type", Kind::Text),
    wire("status", Kind::Text),
    wire("stage", Kind::Text),
    wire("amount", Kind::Money),
    wire("expected_close_on", Kind::Date),
    wire("owner_id", Kind::Ref(Target::User)),
    wire("owner_name", Kind::Text),
    wire("opened_at", Kind::Moment),
    wire("last_activity_at", Kind::Moment),
    wire("closed_at", Kind::Moment),
    wire("custom.*", Kind::Custom),
    CURRENCY,
];

pub const NAMED_ACCOUNTS: &[Field] = &[
    required(wire("account_id", Kind::Ref(Target::Account))),
    wire("product_id", Kind::Ref(Target::Product)),
    wire("territory_id", Kind::Ref(Target::Territory)),
    required(wire("starts_on", Kind::Date)),
    wire("ends_on", Kind::Date),
    wire("owner_id", Kind::Ref(Target::User)),
    wire("reason", Kind::Text),
];

pub const INSTALLED_BASE: &[Field] = &[
    required(wire("account_id", Kind::Ref(Target::Account))),
    required(wire("product_id", Kind::Ref(Target::Product))),
    wire("territory_id", Kind::Ref(Target::Territory)),
    wire("since_on", Kind::Date),
    wire("ends_on", Kind::Date),
    wire("quantity", Kind::Integer),
    wire("partner_id", Kind::Ref(Target::Partner)),
];

pub const DEALS: &[Field] = &[
    required(extra("partner", Kind::Ref(Target::Partner))),
    required(wire("title", Kind::Text)),
    wire("description", Kind::Text),
    wire("next_step", Kind::Text),
    wire("competitor", Kind::Text),
    wire("deal_type", Kind::Text),
    wire("source", Kind::Text),
    wire("amount", Kind::Money),
    wire("expected_close_on", Kind::Date),
    extra("account", Kind::Ref(Target::Account)),
    extra("distributor", Kind::Ref(Target::Partner)),
    extra("territory", Kind::Ref(Target::Territory)),
    extra("product", Kind::Ref(Target::Product)),
    extra("quantity", Kind::Integer),
    extra("unit_price", Kind::Money),
    extra("review_status", Kind::Text),
    extra("stage", Kind::Text),
    extra("opened_at", Kind::Moment),
    extra("received_at", Kind::Moment),
    extra("decided_at", Kind::Moment),
    extra("last_activity_at", Kind::Moment),
    extra("closed_at", Kind::Moment),
    extra("closed_reason", Kind::Text),
    extra("ended_at", Kind::Moment),
    extra("decision_reason", Kind::Text),
    extra("assignee", Kind::Ref(Target::User)),
    extra("asked_at", Kind::Moment),
    extra("questions", Kind::List),
    extra("info_due_at", Kind::Moment),
    extra("protected_from", Kind::Moment),
    extra("protected_until", Kind::Moment),
    wire("custom.*", Kind::Custom),
    CURRENCY,
];

#[cfg(test)]
mod tests {
    use super::super::ImportKind;

    #[test]
    fn the_guide_names_every_record_and_every_field_of_it() {
        let guide = include_str!("../../examples/README.md");
        for entity in ImportKind::ALL {
            let start = format!("| `{entity}` |");
            let line = guide.lines().find(|line| line.starts_with(&start));
            let line = line.unwrap_or_else(|| panic!("{entity} is not in the guide"));
            for field in entity.fields() {
                assert!(line.contains(&format!("`{}`", field.name)), "{entity}: {}", field.name);
                let marked = line.contains(&format!("**`{}`**", field.name));
                assert_eq!(marked, field.required, "{entity}: {}", field.name);
            }
        }
    }
}
