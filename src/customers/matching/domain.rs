//! The registrable domain of a web address, host or e-mail address, by the public-suffix list.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::shared_hosts;

/// Why a text has no registrable domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainError {
    /// Nothing was given.
    Empty,
    /// Longer than 253 characters, or a label longer than 63 (RFC 1035).
    TooLong,
    /// An IP address names a machine, not an organisation.
    IpAddress,
    /// Characters that no host name holds, or an invalid internationalised label.
    Malformed,
    /// Ends in no suffix of the public-suffix list ("localhost", "acme.internal").
    NoPublicSuffix,
    /// Is itself a public suffix ("co.uk").
    OnlySuffix,
}

impl std::fmt::Display for DomainError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "no domain was given",
            Self::TooLong => "the domain is longer than 253 characters or a label longer than 63",
            Self::IpAddress => "an IP address is not a domain",
            Self::Malformed => "not a valid host name",
            Self::NoPublicSuffix => "the domain ends in no public suffix",
            Self::OnlySuffix => "the domain is only a public suffix",
        })
    }
}

impl std::error::Error for DomainError {}

/// The host in a URL, an e-mail address, or a bare host: lower case, internationalised labels as
/// A-labels (UTS 46), without user, port, path and trailing dot.
///
/// # Errors
/// If there is no valid host name in it.
pub fn host(input: &str) -> Result<String, DomainError> {
    let mut text = input.trim();
    if text.is_empty() {
        return Err(DomainError::Empty);
    }
    if let Some((_, rest)) = text.split_once("://") {
        text = rest;
    } else if let Some(rest) = text.strip_prefix("//").or_else(|| text.strip_prefix("mailto:")) {
        text = rest;
    }
    text = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if let Some((_, rest)) = text.rsplit_once('@') {
        text = rest;
    }
    let text = text.trim().trim_end_matches(['>', ',', ';']);
    if text.starts_with('[') || text.parse::<Ipv6Addr>().is_ok() {
        return Err(DomainError::IpAddress);
    }
    let text = match text.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    };
    let text = text.trim_end_matches('.');
    if text.is_empty() {
        return Err(DomainError::Empty);
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(DomainError::IpAddress);
    }
    if text.chars().count() > 253 {
        return Err(DomainError::TooLong);
    }
    // The reasons of the IDNA check are no more than "invalid"; there is nothing to pass on.
    let Ok(ascii) = idna::domain_to_ascii(text) else {
        return Err(DomainError::Malformed);
    };
    if ascii.len() > 253 || ascii.split('.').any(|label| label.len() > 63) {
        return Err(DomainError::TooLong);
    }
    let valid = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !ascii.split('.').all(valid) {
        return Err(DomainError::Malformed);
    }
    if ascii.parse::<Ipv4Addr>().is_ok() {
        return Err(DomainError::IpAddress);
    }
    Ok(ascii)
}

/// Top-level domains that RFC 6761 reserves for examples and tests: nobody owns a name there, but documentation, demos
/// and test suites are full of them, and there they tell customers apart as others do.
const RESERVED: &[&[u8]] = &[b"example", b"test"];

/// The registrable domain in a URL, an e-mail address, or a bare host: the public suffix and one
/// label more (`shop.acme.co.uk` gives `acme.co.uk`), by the public-suffix list with its private
/// part.
///
/// # Errors
/// If there is no valid host, or it has no registrable domain.
pub fn registrable_domain(input: &str) -> Result<String, DomainError> {
    let host = host(input)?;
    match psl::suffix(host.as_bytes()) {
        Some(suffix) if suffix.is_known() || RESERVED.contains(&suffix.as_bytes()) => {}
        _ => return Err(DomainError::NoPublicSuffix),
    }
    psl::domain_str(&host).map(str::to_owned).ok_or(DomainError::OnlySuffix)
}

/// Whether a host or domain is used by many unrelated parties: free mail, access providers, URL
/// shorteners, marketplaces, social networks, site builders, file sharing. Such a domain says
/// nothing about who the customer is.
#[must_use]
pub fn is_shared_host(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let mut rest = host.as_str();
    loop {
        if shared_hosts::contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) if parent.contains('.') => rest = parent,
            _ => return false,
        }
    }
}

/// The registrable domain of an organisation: an error for what is not a domain, nothing for a
/// shared host.
///
/// # Errors
/// As [`registrable_domain`], but a shared host that is itself a public suffix is no error.
pub fn corporate_domain(input: &str) -> Result<Option<String>, DomainError> {
    if is_shared_host(&host(input)?) {
        return Ok(None);
    }
    registrable_domain(input).map(Some)
}

/// The label of a registrable domain before its suffix: `acme` of `acme.co.uk`.
#[must_use]
pub fn own_label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_registrable_domain() {
        for (input, expected) in [
            ("https://www.Acme.co.uk:8443/path?x=1#y", "acme.co.uk"),
            ("acme.com.", "acme.com"),
            ("Jane Doe <jane@mail.acme.de>", "acme.de"),
            ("mailto:jane@acme.org", "acme.org"),
            ("http://user:pw@shop.acme.fr/", "acme.fr"),
            ("www.bücher.example.de", "example.de"),
            ("bücher.de", "xn--bcher-kva.de"),
            ("acme.com.au", "acme.com.au"),
            ("a.b.kawasaki.jp", "a.b.kawasaki.jp"),
            ("acme.myshopify.com", "acme.myshopify.com"),
            ("//acme.io/x", "acme.io"),
        ] {
            assert_eq!(registrable_domain(input).as_deref(), Ok(expected), "{input}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let long = format!("{}.com", "a".repeat(64));
        let longer = format!("{}com", "abc.".repeat(70));
        for (input, error) in [
            ("", DomainError::Empty),
            ("https:///", DomainError::Empty),
            ("192.168.1.10:80", DomainError::IpAddress),
            ("http://[2001:db8::1]/", DomainError::IpAddress),
            ("2001:db8::1", DomainError::IpAddress),
            ("localhost", DomainError::NoPublicSuffix),
            ("acme.internal", DomainError::NoPublicSuffix),
            ("co.uk", DomainError::OnlySuffix),
            ("com", DomainError::OnlySuffix),
            ("acme corp.com", DomainError::Malformed),
            ("-acme.com", DomainError::Malformed),
            ("a..com", DomainError::Malformed),
            (long.as_str(), DomainError::TooLong),
            (longer.as_str(), DomainError::TooLong),
        ] {
            assert_eq!(registrable_domain(input), Err(error), "{input}");
        }
    }

    #[test]
    fn shared_hosts_are_known() {
        for host in [
            "gmail.com",
            "GMX.de",
            "mail.yahoo.co.jp",
            "www.linkedin.com",
            "bit.ly",
            "amazon.de",
            "acme.myshopify.com",
            "acme.wixsite.com",
            "qq.com",
            "proton.me",
            "t-online.de",
            "facebook.com",
        ] {
            assert!(is_shared_host(host), "{host}");
        }
        for host in ["acme.com", "notgmail.com", "gmail.com.acme.org", "amazonas.com"] {
            assert!(!is_shared_host(host), "{host}");
        }
        assert_eq!(corporate_domain("jane@gmail.com"), Ok(None));
        assert_eq!(corporate_domain("jane@acme.com"), Ok(Some("acme.com".to_owned())));
    }
}
