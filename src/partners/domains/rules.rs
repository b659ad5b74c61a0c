//! Which domains can be a firm's own, and what may happen to one. Pure.

use super::model::{DomainMethod, DomainStatus, PartnerDomain};
use crate::{
    customers::matching::domain::is_shared_host,
    error::{Error, Result},
    kernel::{
        Time,
        ids::{Id as _, PartnerDomainId, PartnerId},
        states,
    },
};

/// Whose a domain can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// A firm's own.
    Own(String),
    /// Many parties share it: free mailboxes, access providers.
    Shared(String),
    /// The text names no domain.
    None,
}

/// The registrable domain of an address or a host, by the public-suffix list; under an ending that the list does not know,
/// the name before the ending.
pub fn of_text(text: &str) -> Domain {
    let host = text
        .rsplit_once('@')
        .map_or(text, |(_, host)| host)
        .trim()
        .trim_end_matches('.');
    let Ok(host) = idna::domain_to_ascii(host) else {
        return Domain::None;
    };
    let Some(domain) = psl::domain_str(&host) else {
        return Domain::None;
    };
    if is_shared_host(&host) {
        Domain::Shared(domain.to_owned())
    } else {
        Domain::Own(domain.to_owned())
    }
}

impl PartnerDomain {
    /// A new claim.
    pub fn new(partner: PartnerId, domain: String, now: Time) -> Self {
        Self {
            id: PartnerDomainId::at(now),
            partner_id: partner,
            domain,
            status: DomainStatus::Pending,
            method: None,
            verification_hash: None,
            verified_at: None,
            released_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The claim made again after it was released.
    #[must_use]
    pub fn claimed_again(self, now: Time) -> Self {
        Self {
            status: DomainStatus::Pending,
            method: None,
            verified_at: None,
            released_at: None,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The domain, verified.
    #[must_use]
    pub fn verified(self, method: DomainMethod, now: Time) -> Self {
        Self {
            status: DomainStatus::Verified,
            method: Some(method),
            verified_at: Some(now),
            released_at: None,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The domain, released.
    #[must_use]
    pub fn released(self, now: Time) -> Self {
        Self {
            status: DomainStatus::Released,
            released_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

/// The firm's own domain in `text`.
///
/// # Errors
/// 409 `guard_failed` if it is shared, or none.
pub fn own(text: &str, pointer: &str) -> Result<String> {
    let (guard, detail) = match of_text(text) {
        Domain::Own(domain) => return Ok(domain),
        Domain::Shared(domain) => (
            "shared_domain",
            format!("Anybody can have an address in {domain}; use a domain of the firm."),
        ),
        Domain::None => (
            "not_registrable",
            "This is no domain that a firm can register; use the firm's own.".to_owned(),
        ),
    };
    Err(Error::guards(
        "unclaimed",
        "claim",
        vec![states::guard(guard, pointer, detail)],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_mailbox_is_nobodys_domain() {
        for address in ["jane@gmail.com", "jan@gmx.de", "jane@yahoo.co.uk", "JANE@Outlook.com"] {
            assert!(matches!(of_text(address), Domain::Shared(_)), "{address}");
        }
    }

    #[test]
    fn the_registrable_domain_is_taken() {
        for (text, domain) in [
            ("jane@mail.nordwind.example", "nordwind.example"),
            ("www.Acme.co.uk", "acme.co.uk"),
            ("bücher.de", "xn--bcher-kva.de"),
        ] {
            assert_eq!(of_text(text), Domain::Own(domain.to_owned()));
        }
        assert_eq!(of_text("co.uk"), Domain::None);
        assert!(own("a@gmail.com", "#/domain").is_err());
    }
}
