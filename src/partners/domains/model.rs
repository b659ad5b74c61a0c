//! The shapes of partners' domains.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Time,
        ids::{PartnerDomainId, PartnerId},
        page::Order,
    },
    schema::partner_domains,
    words,
};

words! {
    /// Whether a domain is a partner's own.
    pub DomainStatus {
        /// The partner says so.
        Pending = "pending",
        /// It is; no other live partner can have it.
        Verified = "verified",
        /// It was.
        Released = "released",
    }

    /// How a domain was verified.
    pub DomainMethod {
        /// By a token sent to an address in it.
        Email = "email",
        /// By a record in its zone.
        Dns = "dns",
        /// By the vendor's word.
        Vendor = "vendor",
    }
}

bindable!(DomainStatus, DomainMethod);

/// The order of domains: the first claimed first.
pub(super) const ORDER: Order = Order {
    column: "partner_domains.created_at",
    id: "partner_domains.id",
    descending: false,
};

/// A domain that a partner claims, has or had.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = partner_domains, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PartnerDomain {
    /// Its id.
    pub id: PartnerDomainId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The registrable domain, lower case, with international names in their ASCII form.
    #[schema(example = "nordwind.example", max_length = 253)]
    pub domain: String,
    /// Whether it is the partner's own.
    pub status: DomainStatus,
    /// How it was verified; null until it is.
    #[schema(required = true)]
    pub method: Option<DomainMethod>,
    /// The hash of a token that would verify it.
    #[serde(skip)]
    #[schema(ignore)]
    pub verification_hash: Option<String>,
    /// When it was verified.
    #[schema(required = true)]
    pub verified_at: Option<Time>,
    /// When it was released.
    #[schema(required = true)]
    pub released_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was claimed.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for PartnerDomain {
    const TYPE: &'static str = "partner_domain";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/domains/{}", self.partner_id, self.id)
    }

    fn audience(&self) -> Vec<PartnerId> {
        vec![self.partner_id]
    }
}

/// A domain to be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerDomain {
    /// A host of the firm; its registrable domain is taken. International names in their ASCII form.
    #[schema(
        example = "www.nordwind.example",
        min_length = 3,
        max_length = 253,
        pattern = "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
    )]
    pub domain: String,
}

/// What a list of domains is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DomainFilter {
    /// Only domains in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<DomainStatus>>,
}

/// A domain of a partner, by the ids in its address.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DomainPath {
    /// The partner.
    pub id: PartnerId,
    /// The domain.
    pub domain_id: PartnerDomainId,
}
