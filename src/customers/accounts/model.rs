//! The shapes of customer accounts.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    kernel::{
        Address, AddressPatch, Money, Patch, Time,
        country::Country,
        ids::{AccountId, TerritoryId, UserId},
    },
    ordered,
    references::ExternalRef,
    resource, words,
};

words! {
    /// Whether a customer account is in use.
    pub AccountStatus {
        /// It is.
        Active = "active",
        /// It was merged into another account, which stands for it now.
        Merged = "merged",
    }

    /// What kind of other name, domain or number an alias is.
    pub AliasKind {
        /// A name that the customer trades under.
        TradingName = "trading_name",
        /// A name that it had before.
        FormerName = "former_name",
        /// Its name in another language or script.
        LocalName = "local_name",
        /// Its initials.
        Acronym = "acronym",
        /// Another web site or domain.
        Domain = "domain",
        /// A domain that its people receive mail at.
        EmailDomain = "email_domain",
        /// Another telephone number.
        Phone = "phone",
        /// Another registration number, with its authority.
        Registration = "registration",
        /// Another address.
        Address = "address",
    }

    /// The order of customer accounts.
    pub CustomerAccountSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(AccountStatus, AliasKind);

ordered!(CustomerAccountSort of "customer_accounts" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// Something else that a customer is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAlias {
    /// What it is.
    pub kind: AliasKind,
    /// The name, domain or number; of an address its line.
    #[schema(example = "Acme Tools", min_length = 1, max_length = 255)]
    pub value: String,
    /// Of a registration number: who gave it.
    #[serde(default)]
    #[schema(example = "DUNS", min_length = 1, max_length = 100)]
    pub authority: Option<String>,
    /// Of an address: its parts.
    #[serde(default)]
    pub address: Option<Address>,
}

/// A customer account: one organisation that buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerAccount {
    /// Its id.
    pub id: AccountId,
    /// The number that people use for it.
    #[schema(example = "CA-2026-000123", max_length = 32)]
    pub number: String,
    /// Its legal name.
    #[schema(example = "Acme Werkzeugbau GmbH", min_length = 1, max_length = 255)]
    pub name: String,
    /// Its web site.
    #[schema(required = true, example = "https://www.acme.example", max_length = 255)]
    pub website: Option<String>,
    /// The registrable domain of its web site; null for hosts that many share, which say nothing of who it is.
    #[schema(required = true, example = "acme.example", max_length = 255)]
    pub domain: Option<String>,
    /// Its number in a register: commercial register, tax number, DUNS, LEI.
    #[schema(required = true, example = "HRB 123456", max_length = 64)]
    pub registration_number: Option<String>,
    /// Who gave the number.
    #[schema(required = true, example = "Amtsgericht Charlottenburg", max_length = 100)]
    pub registration_authority: Option<String>,
    /// Its telephone number.
    #[schema(required = true, example = "+49 30 1234567", max_length = 50)]
    pub phone: Option<String>,
    /// Its address; null if nothing of it is known.
    #[schema(required = true)]
    pub address: Option<Address>,
    /// The account of the organisation that it belongs to.
    #[schema(required = true)]
    pub parent_id: Option<AccountId>,
    /// Its line of business.
    #[schema(required = true, example = "Machinery", max_length = 100)]
    pub industry: Option<String>,
    /// How many people work there.
    #[schema(required = true, example = 250, minimum = 0)]
    pub employees: Option<i64>,
    /// Its revenue in a year.
    #[schema(required = true)]
    pub annual_revenue: Option<Money>,
    /// The year in which it was founded.
    #[schema(required = true, example = 1987, minimum = 0, maximum = 9999)]
    pub founded_year: Option<i64>,
    /// The territory that it lies in.
    #[schema(required = true)]
    pub territory_id: Option<TerritoryId>,
    /// The vendor's own representative for it.
    #[schema(required = true)]
    pub owner_id: Option<UserId>,
    /// What else it is known by.
    #[schema(max_items = 2000)]
    pub aliases: Vec<AccountAlias>,
    /// Labels, to find it again.
    #[schema(example = json!(["manufacturing"]), max_items = 1000)]
    pub tags: Vec<String>,
    /// Custom fields.
    pub custom: CustomFields,
    /// The same account in other systems.
    #[schema(max_items = 2000)]
    pub external_refs: Vec<ExternalRef>,
    /// Whether it is in use.
    pub status: AccountStatus,
    /// The account that stands for it since a merge.
    #[schema(required = true)]
    pub merged_into_id: Option<AccountId>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(CustomerAccount, super::TYPE, "/v1/customer-accounts", expandable);

/// A customer account to be made, or put at an id of another system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerAccount {
    /// Its legal name.
    #[schema(example = "Acme Werkzeugbau GmbH", min_length = 1, max_length = 255)]
    pub name: String,
    /// Its web site, or a domain.
    #[schema(example = "https://www.acme.example", min_length = 1, max_length = 255)]
    pub website: Option<String>,
    /// Its number in a register: commercial register, tax number, DUNS, LEI.
    #[schema(example = "HRB 123456", min_length = 1, max_length = 64)]
    pub registration_number: Option<String>,
    /// Who gave the number.
    #[schema(example = "Amtsgericht Charlottenburg", min_length = 1, max_length = 100)]
    pub registration_authority: Option<String>,
    /// Its telephone number.
    #[schema(example = "+49 30 1234567", min_length = 1, max_length = 50)]
    pub phone: Option<String>,
    /// Its address.
    pub address: Option<Address>,
    /// The account of the organisation that it belongs to.
    pub parent_id: Option<AccountId>,
    /// Its line of business.
    #[schema(example = "Machinery", min_length = 1, max_length = 100)]
    pub industry: Option<String>,
    /// How many people work there.
    #[schema(example = 250, minimum = 0, maximum = 100_000_000)]
    pub employees: Option<i64>,
    /// Its revenue in a year.
    pub annual_revenue: Option<Money>,
    /// The year in which it was founded.
    #[schema(example = 1987, minimum = 0, maximum = 9999)]
    pub founded_year: Option<i64>,
    /// The territory that it lies in.
    pub territory_id: Option<TerritoryId>,
    /// The vendor's own representative for it.
    pub owner_id: Option<UserId>,
    /// What else it is known by.
    #[schema(max_items = 200)]
    pub aliases: Option<Vec<AccountAlias>>,
    /// Labels, to find it again.
    #[schema(example = json!(["manufacturing"]), max_items = 50)]
    pub tags: Option<Vec<String>>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// The same account in other systems.
    #[schema(max_items = 200)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// Changes of a customer account. What is left out stays, null clears; lists are replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerAccountPatch {
    /// Its legal name.
    #[schema(
        example = "Acme Werkzeugbau GmbH",
        min_length = 1,
        max_length = 255,
        nullable = false
    )]
    pub name: Option<String>,
    /// Its web site, or a domain.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.acme.example", min_length = 1, max_length = 255)]
    pub website: Patch<String>,
    /// Its number in a register; without it the authority goes too.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "HRB 123456", min_length = 1, max_length = 64)]
    pub registration_number: Patch<String>,
    /// Who gave the number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Amtsgericht Charlottenburg", min_length = 1, max_length = 100)]
    pub registration_authority: Patch<String>,
    /// Its telephone number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+49 30 1234567", min_length = 1, max_length = 50)]
    pub phone: Patch<String>,
    /// Changes of its address; null clears all of it.
    #[serde(default)]
    #[schema(value_type = Option<AddressPatch>)]
    pub address: Patch<AddressPatch>,
    /// The account of the organisation that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<AccountId>)]
    pub parent_id: Patch<AccountId>,
    /// Its line of business.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Machinery", min_length = 1, max_length = 100)]
    pub industry: Patch<String>,
    /// How many people work there.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 250, minimum = 0, maximum = 100_000_000)]
    pub employees: Patch<i64>,
    /// Its revenue in a year.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub annual_revenue: Patch<Money>,
    /// The year in which it was founded.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 1987, minimum = 0, maximum = 9999)]
    pub founded_year: Patch<i64>,
    /// The territory that it lies in.
    #[serde(default)]
    #[schema(value_type = Option<TerritoryId>)]
    pub territory_id: Patch<TerritoryId>,
    /// The vendor's own representative for it.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub owner_id: Patch<UserId>,
    /// What else it is known by.
    #[schema(max_items = 200, nullable = false)]
    pub aliases: Option<Vec<AccountAlias>>,
    /// Labels, to find it again.
    #[schema(example = json!(["manufacturing"]), max_items = 50, nullable = false)]
    pub tags: Option<Vec<String>>,
    /// Changes of custom fields.
    #[schema(nullable = false)]
    pub custom: Option<CustomFieldsPatch>,
    /// The same account in other systems.
    #[schema(max_items = 200, nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CustomerAccountPatch {
    /// What it can change, by the names that the account has it under.
    pub const FIELDS: &'static [&'static str] = &[
        "name",
        "website",
        "registration_number",
        "registration_authority",
        "phone",
        "address",
        "parent_id",
        "industry",
        "employees",
        "annual_revenue",
        "founded_year",
        "territory_id",
        "owner_id",
        "aliases",
        "tags",
        "custom",
        "external_refs",
    ];
}

/// What a list of customer accounts is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerAccountFilter {
    /// Only accounts in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<AccountStatus>>,
    /// Only accounts in these countries.
    #[param(style = Form, explode = false, nullable = false)]
    pub country: Option<Vec<Country>>,
    /// Only accounts whose web site has this registrable domain.
    #[param(min_length = 1, max_length = 255, example = "acme.example", nullable = false)]
    pub domain: Option<String>,
    /// Only accounts directly below this one.
    #[param(nullable = false)]
    pub parent_id: Option<AccountId>,
    /// Only accounts in exactly this territory.
    #[param(nullable = false)]
    pub territory_id: Option<TerritoryId>,
    /// Only accounts of this representative.
    #[param(nullable = false)]
    pub owner_id: Option<UserId>,
    /// Only accounts with one of these tags, in any spelling.
    #[param(style = Form, explode = false, nullable = false)]
    pub tag: Option<Vec<String>>,
    /// Only accounts changed at this moment or later.
    #[param(nullable = false)]
    pub updated_since: Option<Time>,
    /// Only accounts whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that
    /// there is none of holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only accounts whose name begins with this text, in any case and with or without accents.
    #[param(min_length = 1, max_length = 100, example = "acme", nullable = false)]
    pub q: Option<String>,
    /// The order; by name unless said otherwise.
    #[param(nullable = false)]
    pub sort: Option<CustomerAccountSort>,
}
