//! The caller of a request. Handlers get it from the gate alone; nothing else can make one for a person.

use std::{net::IpAddr, sync::Arc};

use super::{MasterSecret, Role, Roles};
use crate::{
    error::{Error, Result, codes},
    kernel::ids::{PartnerId, RequestId, ServiceClientId, UserId},
    modules::Switches,
};

/// Who asks, what they may do, whose rows they may see, and in which request. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Facts>);

/// Whom an act is written down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A machine.
    Client(ServiceClientId),
    /// The program itself, for that reason.
    System(&'static str),
    /// Somebody who has not signed in.
    Anonymous,
}

/// Which side of the channel the caller stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The vendor's people, machines and jobs.
    Vendor,
    /// A partner's.
    Partner(PartnerId),
    /// Not signed in.
    Nobody,
}

/// Whose rows the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Everyone's.
    All,
    /// Those of these partners alone.
    Partners(Arc<[PartnerId]>),
}

/// Everything that is known of a caller.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whom acts are written down to.
    pub actor: Actor,
    /// Which side they stand on.
    pub side: Side,
    /// Their roles.
    pub roles: Roles,
    /// Their scopes, if they are limited by scopes.
    pub scopes: Option<Arc<[String]>>,
    /// Whose rows they see.
    pub rows: Rows,
    /// Whether they must set up a second factor before they can do anything else.
    pub must_enrol: bool,
    /// The request.
    pub request: Request,
}

/// What is known of the request besides its body.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id, in every answer and log line.
    pub id: RequestId,
    /// The operation, by its id in the contract.
    pub operation: &'static str,
    /// The address it came from.
    pub ip: Option<IpAddr>,
    /// The fields that the answer shall have, if not all.
    pub fields: Option<Arc<[String]>>,
    /// The idempotency key, if one was sent.
    pub idempotency: Option<IdempotencyKey>,
    /// What the caller wants to recognise its own change by (`Change-Origin`).
    pub origin_tag: Option<String>,
    /// What is switched off at this server.
    pub switches: Switches,
}

/// An idempotency key and what it was sent with.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The key.
    pub key: String,
    /// The method it was sent with.
    pub method: String,
    /// The path it was sent to.
    pub path: String,
    /// SHA-256 of the whole body.
    pub body_hash: String,
    /// Seals an answer that shows a secret, so that it can be given again and stands nowhere in clear.
    pub vault: MasterSecret,
}

impl Request {
    /// A request that the program makes of itself.
    pub fn internal(operation: &'static str) -> Self {
        use crate::kernel::{Time, ids::Id as _};
        Self {
            id: RequestId::at(Time::from_micros(0)),
            operation,
            ip: None,
            fields: None,
            idempotency: None,
            origin_tag: None,
            switches: Switches::default(),
        }
    }
}

impl Caller {
    /// The caller of those facts.
    pub fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    /// The program itself: jobs, the command line, migrations.
    pub fn system(reason: &'static str) -> Self {
        Self::new(Facts {
            actor: Actor::System(reason),
            side: Side::Vendor,
            roles: Roles::of(&[Role::Admin]),
            scopes: None,
            rows: Rows::All,
            must_enrol: false,
            request: Request::internal(reason),
        })
    }

    /// Somebody who has not signed in.
    pub fn anonymous(request: Request) -> Self {
        Self::new(Facts {
            actor: Actor::Anonymous,
            side: Side::Nobody,
            roles: Roles::NONE,
            scopes: None,
            rows: Rows::Partners(Arc::from([])),
            must_enrol: false,
            request,
        })
    }

    /// Whom acts are written down to.
    pub fn actor(&self) -> Actor {
        self.0.actor
    }

    /// Which side they stand on.
    pub fn side(&self) -> Side {
        self.0.side
    }

    /// Whether they stand on the vendor's side.
    pub fn is_vendor(&self) -> bool {
        self.0.side == Side::Vendor
    }

    /// The partner they act for.
    pub fn partner(&self) -> Option<PartnerId> {
        match self.0.side {
            Side::Partner(partner) => Some(partner),
            Side::Vendor | Side::Nobody => None,
        }
    }

    /// The person.
    pub fn user(&self) -> Option<UserId> {
        match self.0.actor {
            Actor::User(user) => Some(user),
            Actor::Client(_) | Actor::System(_) | Actor::Anonymous => None,
        }
    }

    /// The person, where only a person can act.
    ///
    /// # Errors
    /// 403 `forbidden` for machines.
    pub fn person(&self) -> Result<UserId> {
        self.user()
            .ok_or_else(|| Error::new(&codes::FORBIDDEN).detail("Only a person can do this; sign in as a user."))
    }

    /// Their roles.
    pub fn roles(&self) -> Roles {
        self.0.roles
    }

    /// Whether they have the role.
    pub fn has(&self, role: Role) -> bool {
        self.0.roles.has(role)
    }

    /// Their scopes, if they are limited by scopes.
    pub fn scopes(&self) -> Option<&[String]> {
        self.0.scopes.as_deref()
    }

    /// Whose rows they may see.
    pub fn rows(&self) -> &Rows {
        &self.0.rows
    }

    /// Whether they may see that partner's rows.
    pub fn sees(&self, partner: PartnerId) -> bool {
        match &self.0.rows {
            Rows::All => true,
            Rows::Partners(partners) => partners.contains(&partner),
        }
    }

    /// Whether they must set up a second factor before they can do anything else.
    pub fn must_enrol(&self) -> bool {
        self.0.must_enrol
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The same caller in another request.
    #[must_use]
    pub fn in_request(&self, request: Request) -> Self {
        Self::new(Facts {
            request,
            ..(*self.0).clone()
        })
    }

    /// Stable text of the actor: `user_…`, `client_…`, `system:…`, `anonymous`.
    pub fn actor_text(&self) -> String {
        match self.0.actor {
            Actor::User(user) => user.to_string(),
            Actor::Client(client) => client.to_string(),
            Actor::System(reason) => format!("system:{reason}"),
            Actor::Anonymous => "anonymous".to_owned(),
        }
    }
}
