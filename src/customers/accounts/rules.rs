//! What may happen to customer accounts. Pure.

use super::{
    identity::{alias_key, domain_of},
    model::{AccountAlias, AccountStatus, CustomerAccount, CustomerAccountPatch, NewCustomerAccount},
};
use crate::{
    custom_fields::CustomFields,
    error::{Error, Result, codes},
    kernel::{
        Address, Patch, Time,
        country::Country,
        ids::{AccountId, Id as _},
        states::{Machine, Transition},
        words::fold,
    },
    references::distinct,
};

/// What can become of an account.
pub const STATES: Machine<AccountStatus> = Machine {
    name: "customer_account.status",
    transitions: &[
        Transition {
            action: "merge",
            operation: Some("mergeAccounts"),
            from: &[AccountStatus::Active],
            to: &[AccountStatus::Merged],
            guards: &["the plan is current: neither account was changed since it was shown"],
        },
        Transition {
            action: "split",
            operation: Some("splitAccount"),
            from: &[AccountStatus::Merged],
            to: &[AccountStatus::Active],
            guards: &["nothing that the merge moved was changed since"],
        },
    ],
};

/// One of each, in the order given.
fn distinct_aliases(given: Vec<AccountAlias>, country: Option<Country>) -> Vec<AccountAlias> {
    let mut seen = std::collections::BTreeSet::new();
    given
        .into_iter()
        .filter(|alias| seen.insert((alias.kind, alias_key(alias, country))))
        .collect()
}

/// One of each, in the order in which they are always shown.
fn distinct_tags(given: Vec<String>) -> Vec<String> {
    let mut known = std::collections::BTreeMap::new();
    for tag in given {
        known.entry(fold(&tag)).or_insert_with(|| tag.trim().to_owned());
    }
    known.remove("");
    known.into_values().collect()
}

impl CustomerAccount {
    /// A new account.
    pub fn new(new: &NewCustomerAccount, number: String, custom: CustomFields, now: Time) -> Self {
        let new = new.clone();
        let address = new.address.and_then(Address::known);
        let country = address.as_ref().and_then(|address| address.country);
        Self {
            id: AccountId::at(now),
            number,
            name: new.name,
            domain: new.website.as_deref().and_then(domain_of),
            website: new.website,
            registration_authority: new.registration_authority.filter(|_| new.registration_number.is_some()),
            registration_number: new.registration_number,
            phone: new.phone,
            address,
            parent_id: new.parent_id,
            industry: new.industry,
            employees: new.employees,
            annual_revenue: new.annual_revenue,
            founded_year: new.founded_year,
            territory_id: new.territory_id,
            owner_id: new.owner_id,
            aliases: distinct_aliases(new.aliases.unwrap_or_default(), country),
            tags: distinct_tags(new.tags.unwrap_or_default()),
            custom,
            external_refs: distinct(new.external_refs.unwrap_or_default()),
            status: AccountStatus::Active,
            merged_into_id: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The account with the changes made.
    #[must_use]
    pub fn patched(self, patch: &CustomerAccountPatch, custom: CustomFields, now: Time) -> Self {
        let patch = patch.clone();
        let address = match patch.address {
            Patch::Keep => self.address,
            Patch::Clear => None,
            Patch::Set(changes) => changes.apply(self.address),
        };
        let website = patch.website.apply(self.website);
        let registration_number = patch.registration_number.apply(self.registration_number);
        let country = address.as_ref().and_then(|address| address.country);
        Self {
            name: patch.name.unwrap_or(self.name),
            domain: website.as_deref().and_then(domain_of),
            website,
            registration_authority: patch
                .registration_authority
                .apply(self.registration_authority)
                .filter(|_| registration_number.is_some()),
            registration_number,
            phone: patch.phone.apply(self.phone),
            address,
            parent_id: patch.parent_id.apply(self.parent_id),
            industry: patch.industry.apply(self.industry),
            employees: patch.employees.apply(self.employees),
            annual_revenue: patch.annual_revenue.apply(self.annual_revenue),
            founded_year: patch.founded_year.apply(self.founded_year),
            territory_id: patch.territory_id.apply(self.territory_id),
            owner_id: patch.owner_id.apply(self.owner_id),
            aliases: distinct_aliases(patch.aliases.unwrap_or(self.aliases), country),
            tags: patch.tags.map_or(self.tags, distinct_tags),
            custom,
            external_refs: patch.external_refs.map_or(self.external_refs, distinct),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The account with what another system says of it: what that leaves out stays, and references are added.
    #[must_use]
    pub fn upserted(self, given: NewCustomerAccount, custom: CustomFields, now: Time) -> Self {
        let address = match (given.address.and_then(Address::known), self.address) {
            (None, known) => known,
            (Some(new), None) => Some(new),
            (Some(new), Some(known)) => Some(Address {
                street: new.street.or(known.street),
                city: new.city.or(known.city),
                region: new.region.or(known.region),
                postal_code: new.postal_code.or(known.postal_code),
                country: new.country.or(known.country),
            }),
        };
        let country = address.as_ref().and_then(|address| address.country);
        let website = given.website.or(self.website);
        let registration_number = given.registration_number.or(self.registration_number);
        let mut external_refs = self.external_refs;
        external_refs.extend(given.external_refs.unwrap_or_default());
        Self {
            name: given.name,
            domain: website.as_deref().and_then(domain_of),
            website,
            registration_authority: given
                .registration_authority
                .or(self.registration_authority)
                .filter(|_| registration_number.is_some()),
            registration_number,
            phone: given.phone.or(self.phone),
            address,
            parent_id: given.parent_id.or(self.parent_id),
            industry: given.industry.or(self.industry),
            employees: given.employees.or(self.employees),
            annual_revenue: given.annual_revenue.or(self.annual_revenue),
            founded_year: given.founded_year.or(self.founded_year),
            territory_id: given.territory_id.or(self.territory_id),
            owner_id: given.owner_id.or(self.owner_id),
            aliases: distinct_aliases(given.aliases.unwrap_or(self.aliases), country),
            tags: given.tags.map_or(self.tags, distinct_tags),
            custom,
            external_refs: distinct(external_refs),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Whether nothing differs but the book-keeping.
    pub fn same_as(&self, other: &Self) -> bool {
        Self {
            revision: other.revision,
            updated_at: other.updated_at,
            ..self.clone()
        } == *other
    }

    /// Refuses to change an account that another stands for.
    ///
    /// # Errors
    /// 409 `account_merged` naming the account that stands for it.
    pub fn check_live(&self) -> Result<()> {
        match self.merged_into_id {
            None => Ok(()),
            Some(survivor) => Err(merged(self.id, survivor)),
        }
    }
}

/// The refusal to write to an account that another stands for.
pub fn merged(account: AccountId, survivor: AccountId) -> Error {
    Error::new(&codes::ACCOUNT_MERGED).detail(format!(
        "{account} was merged into {survivor}; use that account instead."
    ))
}
