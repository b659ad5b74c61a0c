//! What can be imported.

use super::fields::{self, Field};
use crate::{custom_fields::CustomRecord, words};

words! {
    /// A kind of record that an import makes.
    pub ImportKind {
        /// Places, a tree.
        Territories = "territories",
        /// Product lines and products, a tree.
        Products = "products",
        /// The vendor's own people who sign in, such as account managers.
        Users = "users",
        /// Partner organisations.
        Partners = "partners",
        /// Whom the vendor knows at partners, with their times there.
        People = "people",
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
    /// A telephone number, however it is grouped.
    Phone,
    /// Several texts in one cell.
    List,
    /// A custom field: what it holds is a matter of its definition.
    Custom,
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

impl ImportKind {
    /// The fields that it takes.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Territories => fields::TERRITORIES,
            Self::Products => fields::PRODUCTS,
            Self::Users => fields::USERS,
            Self::Partners => fields::PARTNERS,
            Self::People => fields::PEOPLE,
            Self::AccountManagers => fields::ACCOUNT_MANAGERS,
            Self::TierMemberships => fields::TIER_MEMBERSHIPS,
            Self::CustomerAccounts => fields::CUSTOMER_ACCOUNTS,
            Self::DirectOpportunities => fields::DIRECT_OPPORTUNITIES,
            Self::NamedAccounts => fields::NAMED_ACCOUNTS,
            Self::InstalledBase => fields::INSTALLED_BASE,
            Self::Deals => fields::DEALS,
        }
    }

    /// The type of its records, as events and external references spell it.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Territories => "territory",
            Self::Products => "product",
            Self::Users => "user",
            Self::Partners => "partner",
            Self::People => "person",
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
            Self::People => "/v1/people",
            Self::CustomerAccounts => "/v1/customer-accounts",
            Self::DirectOpportunities => "/v1/direct-opportunities",
            Self::NamedAccounts => "/v1/named-accounts",
            Self::InstalledBase => "/v1/installed-base",
            Self::Deals => "/v1/deals",
            Self::AccountManagers | Self::TierMemberships => return None,
        })
    }

    /// The records whose custom fields its `custom.*` are.
    pub const fn custom(self) -> Option<CustomRecord> {
        match self {
            Self::Products => Some(CustomRecord::Product),
            Self::Partners => Some(CustomRecord::Partner),
            Self::CustomerAccounts => Some(CustomRecord::CustomerAccount),
            Self::DirectOpportunities => Some(CustomRecord::DirectOpportunity),
            Self::Deals => Some(CustomRecord::Deal),
            _ => None,
        }
    }
}
