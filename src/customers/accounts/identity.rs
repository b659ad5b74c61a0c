//! What of an account says who it is, as the matching understands it. Pure.

use super::model::{AccountAlias, AliasKind, CustomerAccount};
use crate::{
    customers::matching::{
        address::RawAddress,
        domain, phone,
        profile::{ExternalId, Profile, RawEmail, RawProfile, RawRegistration},
        registration,
    },
    kernel::{Address, country::Country, words::fold},
    references::ExternalRef,
};

/// The parts of an account that identify it, borrowed from whatever row they were read into.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The legal name.
    pub name: &'a str,
    /// The web site.
    pub website: Option<&'a str>,
    /// The registration number.
    pub registration_number: Option<&'a str>,
    /// Who gave it.
    pub registration_authority: Option<&'a str>,
    /// The telephone number.
    pub phone: Option<&'a str>,
    /// Street and house number.
    pub street: Option<&'a str>,
    /// The town.
    pub city: Option<&'a str>,
    /// The postal code.
    pub postal_code: Option<&'a str>,
    /// The country.
    pub country: Option<Country>,
    /// What else it is known by.
    pub aliases: &'a [AccountAlias],
    /// The same account in other systems.
    pub external_refs: &'a [ExternalRef],
}

impl Identity<'_> {
    /// The account as it is compared.
    pub fn profile(&self) -> Profile {
        let country = self.country.map(Country::as_str).unwrap_or_default().to_owned();
        let mut raw = RawProfile {
            name: self.name.to_owned(),
            websites: self.website.map(str::to_owned).into_iter().collect(),
            registrations: self
                .registration_number
                .map(|number| registered(number, self.registration_authority))
                .into_iter()
                .collect(),
            phones: self.phone.map(str::to_owned).into_iter().collect(),
            addresses: vec![RawAddress {
                street: self.street.unwrap_or_default().to_owned(),
                postcode: self.postal_code.unwrap_or_default().to_owned(),
                city: self.city.unwrap_or_default().to_owned(),
                country: country.clone(),
                ..RawAddress::default()
            }],
            external_ids: self
                .external_refs
                .iter()
                .map(|known| ExternalId {
                    system: known.system.clone(),
                    id: known.id.clone(),
                })
                .collect(),
            country,
            ..RawProfile::default()
        };
        for alias in self.aliases {
            let value = alias.value.clone();
            match alias.kind {
                AliasKind::TradingName | AliasKind::FormerName | AliasKind::LocalName | AliasKind::Acronym => {
                    raw.trading_names.push(value);
                }
                AliasKind::Domain => raw.websites.push(value),
                // The vendor says that it is the customer's: as good as verified.
                AliasKind::EmailDomain => raw.emails.push(RawEmail {
                    address: format!("mail@{}", value.trim_start_matches('@')),
                    verified: true,
                }),
                AliasKind::Phone => raw.phones.push(value),
                AliasKind::Registration => raw.registrations.push(registered(&value, alias.authority.as_deref())),
                AliasKind::Address => raw.addresses.push(located(alias)),
            }
        }
        Profile::new(&raw)
    }
}

impl CustomerAccount {
    /// What of it says who it is.
    pub fn identity(&self) -> Identity<'_> {
        let address = self.address.as_ref();
        Identity {
            name: &self.name,
            website: self.website.as_deref(),
            registration_number: self.registration_number.as_deref(),
            registration_authority: self.registration_authority.as_deref(),
            phone: self.phone.as_deref(),
            street: address.and_then(|address| address.street.as_deref()),
            city: address.and_then(|address| address.city.as_deref()),
            postal_code: address.and_then(|address| address.postal_code.as_deref()),
            country: self.country(),
            aliases: &self.aliases,
            external_refs: &self.external_refs,
        }
    }

    /// Its country.
    pub fn country(&self) -> Option<Country> {
        self.address.as_ref().and_then(|address| address.country)
    }
}

fn registered(number: &str, authority: Option<&str>) -> RawRegistration {
    RawRegistration {
        number: number.to_owned(),
        authority: authority.unwrap_or_default().to_owned(),
    }
}

fn located(alias: &AccountAlias) -> RawAddress {
    let Some(address) = &alias.address else {
        return RawAddress {
            street: alias.value.clone(),
            ..RawAddress::default()
        };
    };
    RawAddress {
        street: address.street.clone().unwrap_or_default(),
        postcode: address.postal_code.clone().unwrap_or_default(),
        city: address.city.clone().unwrap_or_default(),
        country: address.country.map(Country::as_str).unwrap_or_default().to_owned(),
        ..RawAddress::default()
    }
}

/// The registrable domain of a web site, unless many share its host.
pub fn domain_of(website: &str) -> Option<String> {
    domain::corporate_domain(website).ok().flatten()
}

/// A registration number as it is compared and found, with its authority.
pub fn registration_key(number: &str, authority: Option<&str>, country: Option<Country>) -> String {
    registration::normalise(number, authority, country.map(Country::as_str)).map_or_else(
        |_unusable| format!("|{}", fold(number)),
        |known| format!("{}|{}", known.authority, known.number),
    )
}

/// What makes two aliases of one kind the same.
pub fn alias_key(alias: &AccountAlias, country: Option<Country>) -> String {
    match alias.kind {
        AliasKind::Domain | AliasKind::EmailDomain => domain_of(&alias.value).unwrap_or_else(|| fold(&alias.value)),
        AliasKind::Phone => {
            phone::e164(&alias.value, country.map(Country::as_str)).unwrap_or_else(|_unusable| fold(&alias.value))
        }
        AliasKind::Registration => registration_key(&alias.value, alias.authority.as_deref(), country),
        AliasKind::TradingName
        | AliasKind::FormerName
        | AliasKind::LocalName
        | AliasKind::Acronym
        | AliasKind::Address => fold(&alias.value),
    }
}

/// An address on one line.
pub fn line(address: &Address) -> String {
    let town = [address.postal_code.as_deref(), address.city.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let parts = [
        address.street.as_deref(),
        Some(town.as_str()),
        address.region.as_deref(),
        address.country.map(Country::as_str),
    ];
    parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
