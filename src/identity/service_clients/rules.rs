//! What may happen to service clients. Pure.

use std::collections::BTreeSet;

use super::model::{ClientStatus, NewServiceClient, PublicKeySet, ServiceClient, ServiceClientPatch};
use crate::{
    auth::Side,
    error::{Error, Fault, Result},
    identity::{
        jose::{SigningAlgorithm, VerifyingKey},
        scopes,
    },
    kernel::{
        Patch, Time,
        ids::{Id as _, PartnerId, ServiceClientId},
        states::{Machine, Transition},
    },
};

/// The life of a service client.
pub const MACHINE: Machine<ClientStatus> = Machine {
    name: "service_client.status",
    transitions: &[
        Transition {
            action: "disable",
            operation: Some("disableServiceClient"),
            from: &[ClientStatus::Active],
            to: &[ClientStatus::Disabled],
            guards: &[],
        },
        Transition {
            action: "enable",
            operation: Some("enableServiceClient"),
            from: &[ClientStatus::Disabled],
            to: &[ClientStatus::Active],
            guards: &[],
        },
    ],
};

/// The algorithms that a client may sign its assertions with.
pub const CLIENT_ALGORITHMS: [SigningAlgorithm; 3] = [
    SigningAlgorithm::EdDsa,
    SigningAlgorithm::Es256,
    SigningAlgorithm::Rs256,
];

/// The side that a client of that partner, or of the vendor, stands on.
pub fn side(partner: Option<PartnerId>) -> Side {
    partner.map_or(Side::Vendor, Side::Partner)
}

/// The keys, if each has a name of its own and can check a signature.
fn checked(set: PublicKeySet) -> Result<PublicKeySet> {
    let mut faults = Vec::new();
    let mut fault = |index: usize, name: &str, code: &'static str, detail: &str| {
        faults.push(Fault {
            pointer: format!("#/jwks/keys/{index}{name}"),
            code: code.into(),
            detail: detail.to_owned(),
        });
    };
    let mut names = BTreeSet::new();
    for (index, key) in set.keys.iter().enumerate() {
        match &key.kid {
            None => fault(
                index,
                "/kid",
                "required",
                "Give the key a name; the header of what it signs says it.",
            ),
            Some(kid) if !names.insert(kid) => fault(index, "/kid", "repeated", "Two keys have this name."),
            Some(_) => {}
        }
        if !VerifyingKey::read(key).is_some_and(|key| key.is_for(&CLIENT_ALGORITHMS)) {
            fault(
                index,
                "",
                "invalid_key",
                "This is no public key of Ed25519, P-256 or RSA (2048 bits or more) for EdDSA, ES256 or RS256.",
            );
        }
    }
    if faults.is_empty() {
        Ok(set)
    } else {
        Err(Error::contradiction(faults))
    }
}

impl ServiceClient {
    /// A new client.
    ///
    /// # Errors
    /// 409 `contradiction` for scopes that it cannot have, and for keys that are none.
    pub fn new(new: &NewServiceClient, partner_id: Option<PartnerId>, created_by: String, now: Time) -> Result<Self> {
        Ok(Self {
            id: ServiceClientId::at(now),
            name: new.name.trim().to_owned(),
            description: new.description.clone(),
            scopes: scopes::check(&new.scopes, side(partner_id))?,
            partner_id,
            status: ClientStatus::Active,
            secrets: Vec::new(),
            jwks: new.jwks.clone().map(checked).transpose()?,
            last_used_at: None,
            created_by,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The client with the changes made.
    ///
    /// # Errors
    /// 409 `contradiction` for scopes that it cannot have, and for keys that are none.
    pub fn patched(self, patch: &ServiceClientPatch, now: Time) -> Result<Self> {
        let scopes = match &patch.scopes {
            Some(asked) => scopes::check(asked, side(self.partner_id))?,
            None => self.scopes,
        };
        Ok(Self {
            name: patch
                .name
                .as_deref()
                .map(str::trim)
                .map(str::to_owned)
                .unwrap_or(self.name),
            description: patch.description.clone().apply(self.description),
            scopes,
            jwks: match &patch.jwks {
                Patch::Keep => self.jwks,
                Patch::Clear => None,
                Patch::Set(keys) => Some(checked(keys.clone())?),
            },
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The client in another state.
    #[must_use]
    pub fn moved(self, status: ClientStatus, now: Time) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}
