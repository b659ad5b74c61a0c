//! What can be imported, and which fields each kind of record takes. A field's name is the one it has in the API.

use crate::words;

words! {
    /// A kind of record that an import makes.
    pub Entity {
        /// Places, a tree.
        Territories = "territories",
        /// Product lines and products, a tree.
        Products = "products",
        /// The vendor's own people who sign in, such as account managers.
        Users = "users",
        /// Partner organisations.
        Partners = "partners",
        /// Who of the vendor looked after a partner from when on.
        AccountManagers = "account_managers",
        /// A partner's tier in a program from when on.
        TierMemberships = "tier_memberships",
        /// Customer organisations.
        CustomerAccounts = "customer_accounts",
        /// Opportunities that the vendor works itself.
        DirectOpportunities = "direct_opportunities",
        /// Customers that the vendor keeps to itself.
        NamedAccounts = "named_accounts",
        /// What customers already have.
        InstalledBase = "installed_base",
        /// Deals of partners, with their protections.
        Deals = "deals",
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text as it stands.
    Text,
    /// A whole number.
    Integer,
    /// An amount of money.
    Money,
    /// A calendar date.
    Date,
    /// A moment; a date means its first moment in UTC.
    Moment,
    /// Yes or no.
    Flag,
    /// Several texts in one cell.
    List,
    /// Another record, by its key in the system, its id, or what people call it by.
    Ref(Target),
    /// Several other records in one cell.
    Refs(Target),
}

/// What another record can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A territory; also by its code.
    Territory,
    /// A product or line; also by its code or an alias.
    Product,
    /// A vendor's user; also by the mail address.
    User,
    /// A partner.
    Partner,
    /// A customer account.
    Account,
    /// A program, by its code.
    Program,
}

impl Target {
    /// The record's type, as external references spell it.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Territory => "territory",
            Self::Product => "product",
            Self::User => "user",
            Self::Partner => "partner",
            Self::Account => "customer_account",
            Self::Program => "program",
        }
    }

    /// What people call it.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Territory => "territory",
            Self::Product => "product",
            Self::User => "user",
            Self::Partner => "partner",
            Self::Account => "customer account",
            Self::Program => "program",
        }
    }
}

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

const TERRITORIES: &[Field] = &[
    required(wire("code", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("kind", Kind::Text)),
    wire("parent_id", Kind::Ref(Target::Territory)),
];

const PRODUCTS: &[Field] = &[
    required(wire("code", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("kind", Kind::Text)),
    wire("parent_id", Kind::Ref(Target::Product)),
    wire("description", Kind::Text),
    wire("list_price", Kind::Money),
    extra("aliases", Kind::List),
    wire("custom.*", Kind::Text),
    CURRENCY,
];

const USERS: &[Field] = &[
    required(wire("email", Kind::Text)),
    required(wire("name", Kind::Text)),
    required(wire("roles", Kind::List)),
    required(wire("row_scope", Kind::Text)),
    wire("territory_ids", Kind::Refs(Target::Territory)),
];

const PARTNERS: &[Field] = &[
    required(wire("legal_name", Kind::Text)),
    wire("trading_names", Kind::List),
    wire("types", Kind::List),
    wire("registration.number", Kind::Text),
    wire("registration.authority", Kind::Text),
    wire("website", Kind::Text),
    wire("phone", Kind::Text),
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
    wire("custom.*", Kind::Text),
    extra("status", Kind::Text),
    extra("since", Kind::Moment),
    extra("account_manager", Kind::Ref(Target::User)),
];

const ACCOUNT_MANAGERS: &[Field] = &[
    required(extra("partner", Kind::Ref(Target::Partner))),
    required(extra("user", Kind::Ref(Target::User))),
    required(extra("valid_from", Kind::Moment)),
    extra("role", Kind::Text),
    extra("reason_text", Kind::Text),
];

const TIER_MEMBERSHIPS: &[Field] = &[
    required(extra("partner", Kind::Ref(Target::Partner))),
    required(extra("program", Kind::Ref(Target::Program))),
    required(extra("tier", Kind::Text)),
    required(extra("valid_from", Kind::Moment)),
];

const CUSTOMER_ACCOUNTS: &[Field] = &[
    required(wire("name", Kind::Text)),
    wire("website", Kind::Text),
    wire("registration_number", Kind::Text),
    wire("registration_authority", Kind::Text),
    wire("phone", Kind::Text),
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
    wire("custom.*", Kind::Text),
    CURRENCY,
];

const DIRECT_OPPORTUNITIES: &[Field] = &[
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
    wire("custom.*", Kind::Text),
    CURRENCY,
];

const NAMED_ACCOUNTS: &[Field] = &[
    required(wire("account_id", Kind::Ref(Target::Account))),
    wire("product_id", Kind::Ref(Target::Product)),
    wire("territory_id", Kind::Ref(Target::Territory)),
    required(wire("starts_on", Kind::Date)),
    wire("ends_on", Kind::Date),
    wire("owner_id", Kind::Ref(Target::User)),
    wire("reason", Kind::Text),
];

const INSTALLED_BASE: &[Field] = &[
    required(wire("account_id", Kind::Ref(Target::Account))),
    required(wire("product_id", Kind::Ref(Target::Product))),
    wire("territory_id", Kind::Ref(Target::Territory)),
    wire("since_on", Kind::Date),
    wire("ends_on", Kind::Date),
    wire("quantity", Kind::Integer),
    wire("partner_id", Kind::Ref(Target::Partner)),
];

const DEALS: &[Field] = &[
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
    extra("protected_from", Kind::Moment),
    extra("protected_until", Kind::Moment),
    CURRENCY,
];

impl Entity {
    /// The fields that it takes.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Territories => TERRITORIES,
            Self::Products => PRODUCTS,
            Self::Users => USERS,
            Self::Partners => PARTNERS,
            Self::AccountManagers => ACCOUNT_MANAGERS,
            Self::TierMemberships => TIER_MEMBERSHIPS,
            Self::CustomerAccounts => CUSTOMER_ACCOUNTS,
            Self::DirectOpportunities => DIRECT_OPPORTUNITIES,
            Self::NamedAccounts => NAMED_ACCOUNTS,
            Self::InstalledBase => INSTALLED_BASE,
            Self::Deals => DEALS,
        }
    }

    /// The type of its records, as events and external references spell it.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Territories => "territory",
            Self::Products => "product",
            Self::Users => "user",
            Self::Partners => "partner",
            Self::AccountManagers => "account_manager_assignment",
            Self::TierMemberships => "program_membership",
            Self::CustomerAccounts => "customer_account",
            Self::DirectOpportunities => "direct_opportunity",
            Self::NamedAccounts => "named_account",
            Self::InstalledBase => "installed_base",
            Self::Deals => "deal",
        }
    }

    /// The route whose request body its fields are, for the check against the contract.
    pub const fn route(self) -> Option<&'static str> {
        Some(match self {
            Self::Territories => "/v1/territories",
            Self::Products => "/v1/products",
            Self::Users => "/v1/users",
            Self::Partners => "/v1/partners",
            Self::CustomerAccounts => "/v1/customer-accounts",
            Self::DirectOpportunities => "/v1/direct-opportunities",
            Self::NamedAccounts => "/v1/named-accounts",
            Self::InstalledBase => "/v1/installed-base",
            Self::Deals => "/v1/deals",
            Self::AccountManagers | Self::TierMemberships => return None,
        })
    }
}
