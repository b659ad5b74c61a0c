//! What is known of a customer, as given and as it is compared.

use serde::{Deserialize, Serialize};

use super::address::{Address, RawAddress};
use super::domain;
use super::names::NameKey;
use super::phone;
use super::registration::{self, Registration};

/// A registration number as given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawRegistration {
    /// The number.
    pub number: String,
    /// Who gave it ("DUNS", "VAT", "Amtsgericht Berlin"), or empty.
    pub authority: String,
}

/// An e-mail address as given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawEmail {
    /// The address.
    pub address: String,
    /// Whether somebody proved to receive mail there.
    pub verified: bool,
}

/// The number of the customer in a system outside (a CRM).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalId {
    /// Name of the system.
    pub system: String,
    /// Id in it.
    pub id: String,
}

/// A customer as given. Everything but a name may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawProfile {
    /// Legal name.
    pub name: String,
    /// Trading names and former names.
    pub trading_names: Vec<String>,
    /// Web sites, or bare domains.
    pub websites: Vec<String>,
    /// Registration numbers.
    pub registrations: Vec<RawRegistration>,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// E-mail addresses of contacts.
    pub emails: Vec<RawEmail>,
    /// Addresses.
    pub addresses: Vec<RawAddress>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: String,
    /// Ids in other systems.
    pub external_ids: Vec<ExternalId>,
}

/// A name with its key, or any other value with the form it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Normalised {
    /// As given.
    pub raw: String,
    /// As compared.
    pub norm: String,
}

/// The domain of an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmailDomain {
    /// Registrable domain; never that of a shared host.
    pub domain: String,
    /// Whether an address at it was verified.
    pub verified: bool,
}

/// A registration number with its form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileRegistration {
    /// As given.
    pub raw: String,
    /// As compared.
    pub registration: Registration,
}

/// A customer prepared for comparison. Values that say nothing (shared hosts, placeholders,
/// malformed numbers) are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Legal name first, then the others; none is empty.
    pub names: Vec<NameKey>,
    /// Registrable domains of web sites.
    pub domains: Vec<Normalised>,
    /// Registration numbers.
    pub registrations: Vec<ProfileRegistration>,
    /// Telephone numbers, in E.164 form.
    pub phones: Vec<Normalised>,
    /// Domains of e-mail addresses, in order of the alphabet.
    pub email_domains: Vec<EmailDomain>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// ISO 3166-1 alpha-2 country code, or empty.
    pub country: String,
    /// Ids in other systems.
    pub external_ids: Vec<ExternalId>,
}

/// Words that part a legal from a trading name.
const ALIAS_MARKS: &[&str] = &[
    " d/b/a ",
    " dba ",
    " t/a ",
    " trading as ",
    " doing business as ",
    " f/k/a ",
    " fka ",
    " formerly known as ",
    " a/k/a ",
    " aka ",
];

/// Both names of "Acme Holdings LLC d/b/a Roadrunner Supplies".
fn alias_parts(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    for mark in ALIAS_MARKS {
        if let Some(at) = lower.find(mark) {
            let (before, after) = (name.get(..at), name.get(at + mark.len()..));
            if let (Some(before), Some(after)) = (before, after) {
                return vec![before.trim().to_owned(), after.trim().to_owned()];
            }
        }
    }
    vec![name.to_owned()]
}

fn country_code(raw: &str) -> String {
    let code = raw.trim().to_ascii_uppercase();
    match code.as_str() {
        "UK" => "GB".to_owned(),
        "EL" => "GR".to_owned(),
        _ if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => code,
        _ => String::new(),
    }
}

impl Profile {
    /// Prepares a customer. The country is that of the customer, else of its first address.
    #[must_use]
    pub fn new(raw: &RawProfile) -> Self {
        let mut country = country_code(&raw.country);
        if country.is_empty() {
            country = raw
                .addresses
                .iter()
                .map(|address| country_code(&address.country))
                .find(|code| !code.is_empty())
                .unwrap_or_default();
        }
        let known = (!country.is_empty()).then_some(country.as_str());
        let mut names: Vec<NameKey> = Vec::new();
        for name in std::iter::once(&raw.name).chain(&raw.trading_names) {
            for part in alias_parts(name) {
                let key = NameKey::new(&part);
                if !key.is_empty() && !names.iter().any(|other| other.fold == key.fold) {
                    names.push(key);
                }
            }
        }
        let mut profile = Self {
            names,
            domains: Vec::new(),
            registrations: Vec::new(),
            phones: Vec::new(),
            email_domains: email_domains(&raw.emails),
            addresses: raw
                .addresses
                .iter()
                .filter_map(|address| located(address, &country))
                .collect(),
            external_ids: raw
                .external_ids
                .iter()
                .filter(|id| !id.system.trim().is_empty() && !id.id.trim().is_empty())
                .cloned()
                .collect(),
            country: country.clone(),
        };
        for website in &raw.websites {
            if let Ok(Some(domain)) = domain::corporate_domain(website) {
                push_new(&mut profile.domains, website, domain);
            }
        }
        for number in &raw.phones {
            if let Ok(e164) = phone::e164(number, known) {
                push_new(&mut profile.phones, number, e164);
            }
        }
        for given in &raw.registrations {
            let authority = Some(given.authority.as_str()).filter(|text| !text.trim().is_empty());
            if let Ok(registration) = registration::normalise(&given.number, authority, known) {
                profile.registrations.push(ProfileRegistration {
                    raw: given.number.clone(),
                    registration,
                });
            }
        }
        profile
    }
}

fn located(raw: &RawAddress, country: &str) -> Option<Address> {
    let mut raw = raw.clone();
    if raw.country.trim().is_empty() {
        country.clone_into(&mut raw.country);
    }
    Address::new(&raw)
}

fn push_new(list: &mut Vec<Normalised>, raw: &str, norm: String) {
    if !list.iter().any(|known| known.norm == norm) {
        list.push(Normalised {
            raw: raw.to_owned(),
            norm,
        });
    }
}

fn email_domains(emails: &[RawEmail]) -> Vec<EmailDomain> {
    let mut found: std::collections::BTreeMap<String, bool> = std::collections::BTreeMap::new();
    for email in emails.iter().filter(|email| email.address.contains('@')) {
        if let Ok(Some(domain)) = domain::corporate_domain(&email.address) {
            *found.entry(domain).or_default() |= email.verified;
        }
    }
    found
        .into_iter()
        .map(|(domain, verified)| EmailDomain { domain, verified })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_says_nothing() {
        let profile = Profile::new(&RawProfile {
            name: "Acme Holdings LLC d/b/a Roadrunner Supplies".into(),
            websites: vec![
                "https://www.facebook.com/acme".into(),
                "www.acme.com".into(),
                "http://acme.com/de".into(),
            ],
            phones: vec!["000000".into(), "(212) 736-5000".into()],
            emails: vec![
                RawEmail {
                    address: "acme@gmail.com".into(),
                    verified: true,
                },
                RawEmail {
                    address: "jane@acme.com".into(),
                    verified: false,
                },
                RawEmail {
                    address: "joe@acme.com".into(),
                    verified: true,
                },
            ],
            registrations: vec![RawRegistration {
                number: "n/a".into(),
                authority: String::new(),
            }],
            country: "us".into(),
            ..RawProfile::default()
        });
        let names: Vec<_> = profile.names.iter().map(|name| name.norm.as_str()).collect();
        assert_eq!(names, ["acme holdings", "roadrunner supplies"]);
        assert_eq!(profile.domains.len(), 1);
        assert_eq!(profile.phones.first().unwrap().norm, "+12127365000");
        assert_eq!(
            profile.email_domains,
            [EmailDomain {
                domain: "acme.com".into(),
                verified: true
            }]
        );
        assert!(profile.registrations.is_empty());
    }
}
