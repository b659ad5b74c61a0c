//! The shapes of resolutions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::thresholds::MatchEvidence;
use crate::{
    kernel::{Address, country::Country, ids::AccountId},
    references::ExternalRef,
    words,
};

words! {
    /// How sure it is that two descriptions mean one customer, from the surest down.
    pub EntityClass {
        /// The same registration number, or the same id in the vendor's CRM.
        Identical = "identical",
        /// The same corporate domain, or several signals that agree.
        SameEntity = "same_entity",
        /// Probably the same; a person has to look.
        Probable = "probable",
        /// Possibly the same, or of one group.
        Possible = "possible",
        /// Another customer.
        Distinct = "distinct",
    }

    /// What an account is to the customer of the request.
    pub AccountRelation {
        /// The customer itself, as far as is known.
        Itself = "itself",
        /// The company above it.
        Parent = "parent",
        /// A company below it.
        Subsidiary = "subsidiary",
        /// Another company below the same parent.
        Sibling = "sibling",
    }

    /// How a signal counts in the comparison of two customers.
    pub SignalWeight {
        /// It decides the class alone.
        Decisive = "decisive",
        /// It excludes the upper classes.
        Hard = "hard",
        /// It has a share in the score.
        Share = "share",
    }
}

/// A customer as somebody describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerInput {
    /// Its name, as it is known; "Legal Name d/b/a Trading Name" is understood.
    #[schema(example = "ACME Werkzeugbau", min_length = 1, max_length = 255)]
    pub name: String,
    /// Its web site, or a domain.
    #[schema(example = "acme.example", min_length = 1, max_length = 255)]
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
    /// The e-mail address of somebody there.
    #[schema(example = "jane@acme.example", min_length = 3, max_length = 254)]
    pub email: Option<String>,
    /// Its address.
    pub address: Option<Address>,
    /// What it is called in other systems.
    #[schema(max_items = 20)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

/// One signal in the comparison of two customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchSignal {
    /// What was compared: `registration_number`, `domain`, `email_domain`, `name`, `address`, `phone`, `country`, …
    #[schema(example = "domain", max_length = 64)]
    pub signal: String,
    /// The value of the request, as given.
    #[schema(example = "https://www.acme.example", max_length = 500)]
    pub a: String,
    /// The value of the account, as given.
    #[schema(example = "acme.example", max_length = 500)]
    pub b: String,
    /// The value of the request, as compared.
    #[schema(example = "acme.example", max_length = 500)]
    pub norm_a: String,
    /// The value of the account, as compared.
    #[schema(example = "acme.example", max_length = 500)]
    pub norm_b: String,
    /// How they were compared.
    #[schema(example = "exact", max_length = 64)]
    pub method: String,
    /// How alike they are, 0 to 1.
    #[schema(example = 1.0, minimum = 0, maximum = 1)]
    pub similarity: f64,
    /// How it counts.
    pub weight: SignalWeight,
    /// Its share in the score, where it has one.
    #[schema(required = true, example = 0.45, minimum = 0, maximum = 1)]
    pub share: Option<f64>,
}

/// An account that a description may mean, or a relative of one, with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolutionCandidate {
    /// The account.
    pub account_id: AccountId,
    /// Its number.
    #[schema(example = "CA-2026-000123", max_length = 32)]
    pub number: String,
    /// Its name.
    #[schema(example = "Acme Werkzeugbau GmbH", max_length = 255)]
    pub name: String,
    /// Its country.
    #[schema(required = true)]
    pub country: Option<Country>,
    /// How sure it is that it is the customer described; of a relative always `distinct`.
    pub class: EntityClass,
    /// Whether something decisive says so: a registration number, a domain of its own, an id of another system.
    #[schema(example = true)]
    pub decisive: bool,
    /// How alike they are, 0 to 1.
    #[schema(example = 0.91, minimum = 0, maximum = 1)]
    pub score: f64,
    /// Whether it is the customer itself or a relative.
    pub relation: AccountRelation,
    /// The candidate whose relative it is.
    #[schema(required = true)]
    pub relative_of_id: Option<AccountId>,
    /// What speaks for it, the strongest first.
    #[schema(max_items = 50)]
    pub matched: Vec<MatchSignal>,
    /// What speaks against it.
    #[schema(max_items = 50)]
    pub against: Vec<MatchSignal>,
    /// What the class follows from; none of a relative.
    #[serde(skip)]
    #[schema(ignore)]
    pub evidence: Option<MatchEvidence>,
}

/// An index key that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchKey {
    /// Its kind: `domain`, `registration_number`, `name`, `name_token`, …
    #[schema(example = "domain", max_length = 32)]
    pub kind: String,
    /// The key.
    #[schema(example = "acme.example", max_length = 80)]
    pub key: String,
    /// How many accounts have it; counting ends where it is too common.
    #[schema(example = 1, minimum = 0)]
    pub accounts: i64,
    /// Whether it was left out, because too many accounts have it.
    #[schema(example = false)]
    pub skipped: bool,
}

/// What was found for a description.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolvedCustomer {
    /// The account that it means, if that is sure: one account is identical or the same entity, and no other is as sure.
    #[schema(required = true)]
    pub account_id: Option<AccountId>,
    /// The accounts that it may mean, the surest first, then relatives of those that it probably means.
    /// Accounts that were compared and are distinct are not listed.
    #[schema(max_items = 600)]
    pub candidates: Vec<ResolutionCandidate>,
    /// How many accounts were compared.
    #[schema(example = 14, minimum = 0)]
    pub considered: i64,
    /// Whether there were more accounts than are compared, or keys that too many accounts have.
    #[schema(example = false)]
    pub capped: bool,
    /// What was looked for.
    #[schema(max_items = 200)]
    pub keys: Vec<SearchKey>,
}
