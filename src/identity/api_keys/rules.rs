//! What may happen to API keys. Pure.

use super::model::{ApiKey, NewApiKey};
use crate::{
    error::{Error, Result, codes},
    identity::{
        credentials::{self, ApiKeyText},
        scopes,
        service_clients::{self, ServiceClient},
    },
    kernel::{
        Time,
        ids::{ApiKeyId, Id as _},
        json::Stored,
        states::{FailingGuard, guard},
        words::fold,
    },
};

/// How long a key is good for if nothing else is said, in days.
const A_YEAR: i64 = 365;

impl ApiKey {
    /// A new key of that client.
    ///
    /// # Errors
    /// 422 for scopes that do not exist, 409 `guard_failed` for scopes that the client does not have or an end in the past.
    pub fn new(
        new: &NewApiKey,
        client: &ServiceClient,
        text: &ApiKeyText,
        created_by: String,
        now: Time,
    ) -> Result<Self> {
        let asked = new.scopes.as_ref().unwrap_or(&client.scopes);
        let scopes = scopes::check(asked, service_clients::side(client.partner_id))?;
        let mut failing: Vec<FailingGuard> = Vec::new();
        if let Some(missing) = scopes.iter().find(|scope| !client.scopes.contains(scope)) {
            failing.push(guard(
                "scopes_of_the_client",
                "#/scopes",
                format!(
                    "The client does not have the scope `{missing}`; give it to the client first, or leave it out."
                ),
            ));
        }
        let expires_at = new.expires_at.unwrap_or_else(|| now.plus_days(A_YEAR));
        if expires_at <= now {
            failing.push(guard(
                "ends_in_the_future",
                "#/expires_at",
                "The key would have ended already; choose a later end.",
            ));
        }
        if !failing.is_empty() {
            return Err(Error::guards("new", "create", failing));
        }
        Ok(Self {
            id: ApiKeyId::at(now),
            name: new.name.trim().to_owned(),
            name_key: fold(&new.name),
            public_id: text.public_id.clone(),
            last4: credentials::last4(&text.whole),
            client_id: Some(client.id),
            partner_id: client.partner_id,
            scopes: Stored(scopes),
            expires_at: Some(expires_at),
            revoked_at: None,
            last_used_at: None,
            created_by,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The key, revoked.
    ///
    /// # Errors
    /// 409 `invalid_state` if it was revoked before.
    pub fn revoked(self, now: Time) -> Result<Self> {
        if self.revoked_at.is_some() {
            return Err(Error::invalid_state("revoked", "revoke", Vec::new()));
        }
        Ok(Self {
            revoked_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

/// A client that a key is to be made for, but that the caller cannot see.
pub fn unknown_client(error: Error) -> Error {
    error.when(&codes::NOT_FOUND, || {
        Error::unknown_reference("#/client_id", "There is no such service client.")
    })
}
