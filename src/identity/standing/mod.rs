//! What somebody who presents a token is and may do at this moment. The token proves who; this says what.

mod queries;

use std::sync::Arc;

pub use queries::{
    distributors_of, of_api_key, of_client, of_link, of_session, rows_of_partner, rows_of_user, touch, who_sees,
};

use crate::{
    auth::{Actor, Caller, Facts, Request, Roles, Rows, Side},
    db::Tx,
    error::Result,
    identity::second_factors::SecondFactorPolicy,
    kernel::{
        Time,
        ids::{IdentityLinkId, PartnerId, ServiceClientId, SessionId},
    },
};

/// The scopes that a client has now; none if it cannot sign in any more.
///
/// # Errors
/// What the database reports.
pub fn scopes_of_client(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<Option<Arc<[String]>>> {
    Ok(of_client(tx, client)?.and_then(|standing| standing.scopes))
}

/// Seconds for which a standing is believed without a look into the database.
pub const BELIEVED: i64 = 5;

/// Whose standing it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session of a user.
    Session(SessionId),
    /// A service client.
    Client(ServiceClientId),
    /// An API key, by its public part.
    ApiKey(String),
    /// An account at an identity provider, by its link, and the partner that the user acts for.
    Linked(IdentityLinkId, Option<PartnerId>),
}

/// Who they are and what they may do now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whom acts are written down to.
    pub actor: Actor,
    /// The side they stand on.
    pub side: Side,
    /// Their roles.
    pub roles: Roles,
    /// Their scopes, for machines.
    pub scopes: Option<Arc<[String]>>,
    /// Whose rows they see.
    pub rows: Rows,
    /// The user's session version: an older token has ended.
    pub session_version: i64,
    /// Whether a second factor guards the person's sign-in; machines need none.
    pub second_factor: bool,
    /// What an API key's secret must hash to, and when the key ends.
    pub key: Option<KeyFacts>,
    /// Tokens that were ended before their time, by their `jti`.
    pub revoked: Arc<[String]>,
}

/// What is checked of an API key on every call.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    /// SHA-256 of its secret.
    pub hash: String,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// When it was last noted as used.
    pub last_used_at: Option<Time>,
}

impl Standing {
    /// The caller of a request. `limit`: the scopes that the token was issued for; `policy`: who must have a second factor.
    pub fn caller(&self, request: Request, limit: Option<&str>, policy: SecondFactorPolicy) -> Caller {
        let scopes = match (&self.scopes, limit) {
            (Some(held), Some(limit)) => {
                let asked: Vec<&str> = limit.split_ascii_whitespace().collect();
                Some(
                    held.iter()
                        .filter(|scope| asked.contains(&scope.as_str()))
                        .cloned()
                        .collect(),
                )
            }
            (held, _) => held.clone(),
        };
        Caller::new(Facts {
            actor: self.actor,
            side: self.side,
            roles: self.roles,
            scopes,
            rows: self.rows.clone(),
            must_enrol: !self.second_factor && policy.requires(self.side),
            request,
        })
    }
}
