//! What may happen to customer accounts. Pure.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut seen = BTreeSet::new();
    given
        .into_iter()
        .filter(|alias| seen.insert((alias.kind, alias_key(alias, country))))
        .collect()
}

/// One of each, in the order in which they are always shown; one that is there already stays as it is spelled.
fn distinct_tags(given: Vec<String>, present: &[String]) -> Vec<String> {
    let spelled: BTreeMap<String, &String> = present.iter().map(|tag| (fold(tag), tag)).collect();
    let mut known = BTreeMap::new();
    for tag in given {
        let key = fold(&tag);
        let kept = spelled.get(&key).map_or(tag.trim(), |spelled| spelled.as_str());
        known.entry(key).or_insert_with(|| kept.to_owned());
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
            tags: distinct_tags(new.tags.unwrap_or_default(), &[]),
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
        let tags = match patch.tags {
            Some(given) => distinct_tags(given, &self.tags),
            None => self.tags,
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
            tags,
            custom,
            external_refs: patch.external_refs.map_or(self.external_refs, distinct),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The account with what another system says of it: what that leaves out stays, null clears, and references are added.
    #[must_use]
    pub fn upserted(self, mut patch: CustomerAccountPatch, custom: CustomFields, now: Time) -> Self {
        if let Some(added) = &mut patch.external_refs {
            added.extend(self.external_refs.iter().cloned());
        }
        self.patched(&patch, custom, now)
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

/// A new account of what another system says.
///
/// # Errors
/// 409 `contradiction` if it says no name.
pub fn new_account(patch: CustomerAccountPatch) -> Result<NewCustomerAccount> {
    let name = patch.name.ok_or_else(|| {
        Error::contradicts(
            "#/name",
            "required",
            "There is no such account yet, and a new one needs a name.",
        )
    })?;
    Ok(NewCustomerAccount {
        name,
        website: patch.website.apply(None),
        registration_number: patch.registration_number.apply(None),
        registration_authority: patch.registration_authority.apply(None),
        phone: patch.phone.apply(None),
        address: patch.address.apply(None).and_then(|address| address.apply(None)),
        parent_id: patch.parent_id.apply(None),
        industry: patch.industry.apply(None),
        employees: patch.employees.apply(None),
        annual_revenue: patch.annual_revenue.apply(None),
        founded_year: patch.founded_year.apply(None),
        territory_id: patch.territory_id.apply(None),
        owner_id: patch.owner_id.apply(None),
        aliases: patch.aliases,
        tags: patch.tags,
        custom: patch.custom.unwrap_or_default().set(),
        external_refs: patch.external_refs,
    })
}

/// The refusal to write to an account that another stands for.
pub fn merged(account: AccountId, survivor: AccountId) -> Error {
    Error::new(&codes::ACCOUNT_MERGED).detail(format!(
        "{account} was merged into {survivor}; use that account instead."
    ))
}
