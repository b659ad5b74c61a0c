//! What may happen to service clients. Pure.

use super::model::{ClientStatus, NewServiceClient, ServiceClient, ServiceClientPatch};
use crate::{
    auth::Side,
    error::Result,
    identity::scopes,
    kernel::{
        Time,
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

/// The side that a client of that partner, or of the vendor, stands on.
pub fn side(partner: Option<PartnerId>) -> Side {
    partner.map_or(Side::Vendor, Side::Partner)
}

impl ServiceClient {
    /// A new client.
    ///
    /// # Errors
    /// 422 for scopes that it cannot have.
    pub fn new(new: &NewServiceClient, partner_id: Option<PartnerId>, created_by: String, now: Time) -> Result<Self> {
        Ok(Self {
            id: ServiceClientId::at(now),
            name: new.name.trim().to_owned(),
            description: new.description.clone(),
            scopes: scopes::check(&new.scopes, side(partner_id))?,
            partner_id,
            status: ClientStatus::Active,
            secrets: Vec::new(),
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
    /// 422 for scopes that it cannot have.
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
