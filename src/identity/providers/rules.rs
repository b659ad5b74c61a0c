//! What may be said of an identity provider, and what a token of it stands for. Pure.

use super::model::{IdentityProvider, IdentityProviderPatch, LinkBy, NewIdentityProvider, RoleMapping, RolesBy};
use crate::{
    auth::{Role, Roles},
    error::{Error, Fault, Result},
    identity::{
        jose::{Claims, NotNow, Signed, SigningAlgorithm},
        users::sorted,
    },
    kernel::{
        Stored, Time,
        ids::{Id as _, IdentityProviderId, PartnerId},
        words::fold,
    },
};

/// The types that a token may call itself: an ID token, an access token (RFC 9068), or nothing.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];
/// The longest subject (OpenID Connect Core, 2: 255 characters).
const SUBJECT: usize = 255;

/// Whether the text is an address that keys may be fetched from: `https://`, a host and nothing that hides another. With
/// `trial`, also one of this very machine by `http://`.
pub fn is_address(text: &str, trial: bool) -> bool {
    let (rest, near) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) if trial => (rest, true),
        _ => return false,
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>'));
    let here = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    plain && !host.is_empty() && !authority.contains('@') && (!near || here)
}

/// Where an issuer says what it can do (OpenID Connect Discovery 1.0, section 4).
pub fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

fn fault(pointer: &str, detail: impl Into<String>) -> Fault {
    Fault {
        pointer: pointer.to_owned(),
        code: "invalid_value".into(),
        detail: detail.into(),
    }
}

/// A domain as it is compared: letter by letter. What only looks like it, or folds into it, is another one.
fn domain(text: &str) -> String {
    text.trim().trim_start_matches('@').to_ascii_lowercase()
}

impl IdentityProvider {
    /// A new provider. `trial`: whether one of this very machine may be reached by `http://`.
    ///
    /// # Errors
    /// 409 `contradiction` for what does not go together.
    pub fn new(new: NewIdentityProvider, trial: bool, created_by: String, now: Time) -> Result<Self> {
        if !is_address(&new.issuer, trial) || new.issuer.contains('?') {
            return Err(Error::contradiction(vec![fault(
                "#/issuer",
                "An issuer is an address that begins with https://, with a host and without query, exactly as its tokens have it.",
            )]));
        }
        Self {
            id: IdentityProviderId::at(now),
            name_key: fold(&new.name),
            name: new.name,
            issuer: new.issuer,
            audience: new.audience,
            algorithms: Stored(new.algorithms.unwrap_or_else(|| vec![SigningAlgorithm::Rs256])),
            partner_id: new.partner_id,
            link_by: new.link_by,
            email_claim: new.email_claim.unwrap_or_else(|| "email".to_owned()),
            email_domains: Stored(new.email_domains),
            roles_by: new.roles_by.unwrap_or(RolesBy::Own),
            roles_claim: new.roles_claim,
            role_map: Stored(new.role_map),
            partner_claim: new.partner_claim,
            amr: Stored(new.amr),
            authorised_parties: Stored(new.authorised_parties),
            enabled: true,
            created_by,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
        .sound()
    }

    /// The provider with the changes made.
    ///
    /// # Errors
    /// 409 `contradiction` for what does not go together.
    pub fn patched(self, patch: IdentityProviderPatch, now: Time) -> Result<Self> {
        let name = patch.name.unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            audience: patch.audience.unwrap_or(self.audience),
            algorithms: patch.algorithms.map_or(self.algorithms, Stored),
            link_by: patch.link_by.unwrap_or(self.link_by),
            email_claim: patch.email_claim.unwrap_or(self.email_claim),
            email_domains: patch.email_domains.map_or(self.email_domains, Stored),
            roles_by: patch.roles_by.unwrap_or(self.roles_by),
            roles_claim: patch.roles_claim.apply(self.roles_claim),
            role_map: patch.role_map.map_or(self.role_map, Stored),
            partner_claim: patch.partner_claim.apply(self.partner_claim),
            amr: patch.amr.map_or(self.amr, Stored),
            authorised_parties: patch.authorised_parties.map_or(self.authorised_parties, Stored),
            enabled: patch.enabled.unwrap_or(self.enabled),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
        .sound()
    }

    /// The provider, with lists in order, if what is said of it goes together.
    fn sound(self) -> Result<Self> {
        let mut faults = Vec::new();
        if self.link_by == LinkBy::VerifiedEmail && self.email_domains.is_empty() {
            faults.push(fault(
                "#/email_domains",
                "Accounts are linked by address: name the domains that the provider may vouch for, or `*` for every one.",
            ));
        }
        if self.roles_by != RolesBy::Own && self.roles_claim.is_none() {
            faults.push(fault(
                "#/roles_claim",
                "Roles come out of the token: name the claim that holds them.",
            ));
        }
        if self.partner_id.is_some() && self.partner_claim.is_some() {
            faults.push(fault(
                "#/partner_claim",
                "The provider speaks for one partner's people; there is no other for a claim to name.",
            ));
        }
        for (index, RoleMapping { role, .. }) in self.role_map.iter().enumerate() {
            let foreign = *role == Role::Integration || (self.partner_id.is_some() && !role.is_partner());
            if foreign {
                faults.push(fault(
                    &format!("#/role_map/{index}/role"),
                    format!("`{role}` is no role that people have whom this provider speaks for."),
                ));
            }
        }
        if !faults.is_empty() {
            return Err(Error::contradiction(faults));
        }
        Ok(Self {
            algorithms: Stored(sorted(self.algorithms.0)),
            email_domains: Stored(sorted(self.email_domains.iter().map(|text| domain(text)).collect())),
            amr: Stored(sorted(self.amr.0)),
            authorised_parties: Stored(sorted(self.authorised_parties.0)),
            ..self
        })
    }

    /// Whether a token with that header may be one of the provider's.
    pub fn takes(&self, header: &Signed) -> bool {
        let typed = header
            .typ
            .as_ref()
            .is_none_or(|typ| TYPES.contains(&typ.to_ascii_lowercase().as_str()));
        typed && self.algorithms.contains(&header.algorithm)
    }

    /// The address as far as the provider may vouch for it.
    fn vouched(&self, address: &str) -> Option<Vouched> {
        let (_, of) = address.rsplit_once('@')?;
        let of = domain(of);
        let by_name = self.email_domains.contains(&of);
        let vouched = by_name || self.email_domains.iter().any(|domain| domain == "*");
        vouched.then(|| Vouched {
            address: address.to_owned(),
            by_name,
        })
    }

    /// Whether the token was issued to a client that is taken.
    fn takes_party(&self, claims: &Claims, audiences: &[&str]) -> bool {
        let party = claims.text("azp").or_else(|| claims.text("client_id"));
        let party = party.or_else(|| audiences.first().copied().filter(|_| audiences.len() == 1));
        self.authorised_parties.is_empty()
            || party.is_some_and(|party| self.authorised_parties.iter().any(|one| one == party))
    }

    /// What a token of the provider stands for; its signature was checked.
    ///
    /// # Errors
    /// Why it stands for nothing.
    pub fn arrival(&self, claims: &Claims, now: Time) -> std::result::Result<Arrival, Refusal> {
        if claims.text("iss") != Some(self.issuer.as_str()) {
            return Err(Refusal::Wrong("another issuer"));
        }
        let audiences = claims.texts("aud");
        if !audiences.contains(&self.audience.as_str()) {
            return Err(Refusal::Wrong("another audience"));
        }
        if !self.takes_party(claims, &audiences) {
            return Err(Refusal::Wrong("another authorised party"));
        }
        // Word of an event (RFC 8417), as of a logout: it looks like an ID token and stands for nobody's presence.
        if claims.get("events").is_some() {
            return Err(Refusal::Wrong("a security event"));
        }
        let span = claims.span(now).map_err(|why| match why {
            NotNow::Ended => Refusal::Ended,
            NotNow::Otherwise => Refusal::Wrong("its time"),
        })?;
        let iat = span.iat.ok_or(Refusal::Wrong("no iat"))?;
        let subject = claims
            .text("sub")
            .filter(|subject| subject.len() <= SUBJECT)
            .ok_or(Refusal::Wrong("no subject"))?;
        let proofs = claims.texts("amr");
        if !self.amr.is_empty() && !self.amr.iter().any(|wanted| proofs.contains(&wanted.as_str())) {
            return Err(Refusal::Wrong("another amr"));
        }
        let partner = match &self.partner_claim {
            Some(claim) => claims
                .text(claim)
                .map(|text| text.parse().map_err(|_malformed| Refusal::Wrong("no partner's id")))
                .transpose()?,
            None => None,
        };
        // What is said of one claim vouches for no other: people choose some of their names themselves.
        let verified = claims
            .get(&format!("{}_verified", self.email_claim))
            .is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"));
        let email = claims
            .text(&self.email_claim)
            .filter(|_| verified)
            .and_then(|address| self.vouched(address));
        let held = self
            .roles_claim
            .as_ref()
            .map_or_else(Vec::new, |claim| claims.texts(claim));
        let roles = self
            .role_map
            .iter()
            .filter(|mapping| held.contains(&mapping.value.as_str()))
            .map(|mapping| mapping.role)
            .collect();
        // Its own id if it has one; else there is no other of this subject that was made in this second and ends then.
        let own = claims
            .text("jti")
            .map_or_else(|| format!("{iat}.{}", span.exp), str::to_owned);
        Ok(Arrival {
            mark: format!("{}\n{subject}\n{own}", self.issuer),
            subject: subject.to_owned(),
            email,
            partner,
            roles,
            exp: span.exp,
        })
    }

    /// The roles that a token gives to a user with those roles, who acts for a partner or for the vendor.
    pub fn roles(&self, own: Roles, claimed: Roles, for_partner: bool) -> Roles {
        match self.roles_by {
            RolesBy::Own => own,
            RolesBy::Limited => own.within(claimed),
            RolesBy::Mapped => {
                let sides = |role: &Role| *role != Role::Integration && role.is_partner() == for_partner;
                claimed.list().into_iter().filter(sides).collect()
            }
        }
    }
}

/// Why a token of a provider stands for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has ended.
    Ended,
    /// Something else, for the log.
    Wrong(&'static str),
}

/// An address that a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The address.
    pub address: String,
    /// Whether its domain is one that was named; else it is one of all.
    pub by_name: bool,
}

/// Somebody who arrives with a token of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What tells this token from every other.
    pub mark: String,
    /// The account at the provider.
    pub subject: String,
    /// The address, if the provider has verified it and may vouch for it.
    pub email: Option<Vouched>,
    /// The partner that the token names.
    pub partner: Option<PartnerId>,
    /// The roles that the token's claim maps to.
    pub roles: Roles,
    /// When the token ends, in seconds since 1970.
    pub exp: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn made(changes: Value) -> Result<IdentityProvider> {
        let mut new = json!({"name": "Staff", "issuer": "https://login.example.com", "audience": "openprm",
            "link_by": "verified_email", "email_domains": ["@Example.com"]});
        for (name, value) in changes.as_object().unwrap() {
            new[name] = value.clone();
        }
        IdentityProvider::new(serde_json::from_value(new).unwrap(), false, "test".to_owned(), NOW)
    }

    #[test]
    fn an_address_is_https_with_a_host_that_is_what_it_seems() {
        for good in [
            "https://login.example.com",
            "https://login.example.com:8443/realms/prm",
            "https://[2001:db8::1]/x",
        ] {
            assert!(is_address(good, false), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "https://",
            "https:///x",
            "https://user@login.example.com",
            "https://login.example.com\\@evil.example",
            "https://login.example.com/#x",
            "https://login.example.com/a b",
            "ftp://login.example.com",
            "file:///etc/passwd",
            "http://127.0.0.1:1",
        ] {
            assert!(!is_address(bad, false), "{bad}");
        }
        assert!(is_address("http://127.0.0.1:8081/realm", true) && is_address("http://[::1]:1", true));
        assert!(
            !is_address("http://169.254.169.254/latest", true) && !is_address("http://127.0.0.1.evil.example", true)
        );
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        for (changes, pointer) in [
            (json!({"issuer": "http://login.example.com"}), "#/issuer"),
            (json!({"issuer": "https://login.example.com?x=1"}), "#/issuer"),
            (json!({"email_domains": []}), "#/email_domains"),
            (json!({"roles_by": "mapped"}), "#/roles_claim"),
            (
                json!({"partner_id": PartnerId::at(NOW), "partner_claim": "p"}),
                "#/partner_claim",
            ),
            (
                json!({"role_map": [{"value": "x", "role": "integration"}]}),
                "#/role_map/0/role",
            ),
            (
                json!({"partner_id": PartnerId::at(NOW), "role_map": [{"value": "x", "role": "admin"}]}),
                "#/role_map/0/role",
            ),
        ] {
            let refusal = made(changes.clone()).expect_err(pointer);
            assert_eq!(refusal.all_faults()[0].pointer, pointer, "{changes}");
        }
        assert_eq!(made(json!({})).unwrap().email_domains.0, ["example.com"]);
    }

    #[test]
    fn roles_are_ones_own_or_fewer_or_those_of_the_map_on_ones_own_side() {
        let own = Roles::of(&[Role::Cam, Role::Analyst]);
        let claimed = Roles::of(&[Role::Cam, Role::Admin, Role::PartnerSales]);
        let by = |how: &str| made(json!({"roles_by": how, "roles_claim": "groups"})).unwrap();
        assert_eq!(by("own").roles(own, claimed, false), own);
        assert_eq!(by("limited").roles(own, claimed, false), Roles::of(&[Role::Cam]));
        assert_eq!(
            by("mapped").roles(own, claimed, false),
            Roles::of(&[Role::Cam, Role::Admin])
        );
        assert_eq!(by("mapped").roles(own, claimed, true), Roles::of(&[Role::PartnerSales]));
    }
}
