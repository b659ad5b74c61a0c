//! Whose events somebody reads, and which of them are wanted.

use std::sync::Arc;

use crate::{
    auth::{Actor, Caller, Facts, Request, Role, Roles, Rows, Side, permissions},
    error::Result,
    events::catalogue::{self, EventType, ResourceType},
    kernel::ids::PartnerId,
};

use super::rules;

/// What somebody reads of the feed: by their roles or scopes, and by whose rows they see.
#[derive(Debug, Clone)]
pub struct Reading(Caller);

/// Which events are wanted; all of them where a list is empty.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Types of events; `deal.*` for all of a resource.
    pub types: Vec<String>,
    /// Types of records.
    pub resource_types: Vec<String>,
    /// Records.
    pub resource_ids: Vec<String>,
    /// Leaves out what was done by that actor.
    pub not_by: Option<String>,
}

/// Which types somebody reads of those that are wanted.
#[derive(Debug, Clone)]
pub(super) enum Types {
    /// These types of records with all their events.
    Resources(Vec<&'static ResourceType>),
    /// These types of events.
    Events(Vec<&'static EventType>),
}

impl Reading {
    /// What the caller reads.
    pub fn of(caller: &Caller) -> Self {
        Self(caller.clone())
    }

    /// What a whole side of the channel reads: the vendor, or a partner of its own rows; no more than machines with these scopes,
    /// if any are given.
    pub fn granted(partner: Option<PartnerId>, scopes: Option<&[String]>) -> Self {
        let rows = partner.map_or(Rows::All, |id| Rows::Partners(Arc::from([id])));
        Self::granted_over(rows, partner, scopes)
    }

    /// The same over these rows, as identity has them of that side now. For what is sent without anybody asking.
    pub fn granted_over(rows: Rows, partner: Option<PartnerId>, scopes: Option<&[String]>) -> Self {
        let (side, role) = match partner {
            None => (Side::Vendor, Role::Admin),
            Some(id) => (Side::Partner(id), Role::PartnerAdmin),
        };
        Self(Caller::new(Facts {
            actor: Actor::System("feed"),
            side,
            roles: Roles::of(&[role]),
            scopes: scopes.map(Arc::from),
            rows,
            must_enrol: false,
            request: Request::internal("feed"),
        }))
    }

    /// Who reads.
    pub(super) fn caller(&self) -> &Caller {
        &self.0
    }

    /// The partners that the reader is limited to; none for who sees all rows.
    pub(super) fn limited_to(&self) -> Option<&[PartnerId]> {
        match self.0.rows() {
            Rows::All => None,
            Rows::Partners(partners) => Some(partners),
        }
    }

    /// Whether events of records of that type can be read at all.
    pub(super) fn takes_resource(&self, resource: &ResourceType) -> bool {
        let by_rows = match resource.rows {
            catalogue::Rows::Owned | catalogue::Rows::Common => true,
            catalogue::Rows::Vendor => self.limited_to().is_none(),
            catalogue::Rows::Personal => false,
        };
        by_rows && permissions::may_call(&self.0, resource.read)
    }

    /// Whether events of that type can be read at all.
    pub fn takes(&self, kind: &EventType) -> bool {
        self.takes_resource(kind.resource)
    }

    /// The types that are wanted, of those that are read.
    ///
    /// # Errors
    /// 409 `unknown_reference` for types of events that do not exist.
    pub(super) fn types(&self, wanted: &Wanted) -> Result<Types> {
        let named = |resource: &ResourceType| {
            wanted.resource_types.is_empty() || wanted.resource_types.iter().any(|name| name == resource.name)
        };
        if wanted.types.is_empty() {
            let resources = catalogue::resources().filter(|one| named(one) && self.takes_resource(one));
            return Ok(Types::Resources(resources.collect()));
        }
        let mut kinds: Vec<&'static EventType> = Vec::new();
        for pattern in &wanted.types {
            kinds.extend(rules::types_of(pattern)?.into_iter().filter_map(catalogue::find));
        }
        kinds.sort_unstable_by_key(|kind| kind.name);
        kinds.dedup_by_key(|kind| kind.name);
        kinds.retain(|kind| named(kind.resource) && self.takes(kind));
        Ok(Types::Events(kinds))
    }
}

impl Types {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Resources(resources) => resources.is_empty(),
            Self::Events(kinds) => kinds.is_empty(),
        }
    }

    /// Those of records that are a partner's, and those that are not.
    pub fn by_owner(self) -> (Self, Self) {
        let owned = |resource: &ResourceType| resource.rows == catalogue::Rows::Owned;
        match self {
            Self::Resources(all) => {
                let (one, other) = all.into_iter().partition(|resource| owned(resource));
                (Self::Resources(one), Self::Resources(other))
            }
            Self::Events(all) => {
                let (one, other) = all.into_iter().partition(|kind| owned(kind.resource));
                (Self::Events(one), Self::Events(other))
            }
        }
    }
}
