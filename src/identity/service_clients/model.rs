//! The shapes of service clients.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    http::Resource,
    identity::jose::PublicJwk,
    kernel::{
        Patch, Time,
        ids::{ClientSecretId, PartnerId, ServiceClientId},
    },
    ordered, resource,
    schema::client_secrets,
    words,
};

words! {
    /// Whether a service client may sign in.
    pub ClientStatus {
        /// It may.
        Active = "active",
        /// It may not; its tokens and keys have ended.
        Disabled = "disabled",
    }

    /// The order of service clients.
    pub ServiceClientSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(ClientStatus);

ordered!(ServiceClientSort of "service_clients" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

/// A program that signs in by itself: a CRM connector, a job, an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceClient {
    /// Its id; also its `client_id` at the token endpoint.
    pub id: ServiceClientId,
    /// What it is called.
    #[schema(example = "CRM connector", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is for.
    #[schema(
        required = true,
        example = "Syncs deals with the vendor's CRM every five minutes.",
        max_length = 2000
    )]
    pub description: Option<String>,
    /// What it may do, at most.
    #[schema(max_items = 100, example = json!(["deals:read", "deals:write"]))]
    pub scopes: Vec<String>,
    /// The partner whose rows it sees; null for a client of the vendor.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Whether it may sign in.
    pub status: ClientStatus,
    /// Its secrets that are still good, oldest first: two at most, so that a new one can be put in place before the old goes.
    #[schema(max_items = 2)]
    pub secrets: Vec<ClientSecret>,
    /// The public keys by which it can prove itself instead (`private_key_jwt`); null if it has none.
    #[schema(required = true)]
    pub jwks: Option<PublicKeySet>,
    /// When it last asked for a token.
    #[schema(required = true)]
    pub last_used_at: Option<Time>,
    /// Who made it.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 100)]
    pub created_by: String,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    ServiceClient,
    "service_client",
    "/v1/service-clients",
    told = |record| record.partner_id.into_iter().collect()
);

/// The public keys of a service client, as RFC 7517 writes them: two, while one takes over from the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKeySet {
    /// The keys; each has a name of its own (`kid`). Of Ed25519 (`EdDSA`), P-256 (`ES256`) or RSA (`RS256`), without what is private.
    #[schema(min_items = 1, max_items = 5)]
    pub keys: Vec<PublicJwk>,
}

/// A secret of a service client, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = client_secrets)]
pub struct ClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// Its last four characters, to recognise it by.
    #[schema(example = "Vh4M", min_length = 4, max_length = 4)]
    pub last4: String,
    /// When it ends; null for not before it is revoked.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
    /// When it was last used.
    #[schema(required = true)]
    pub last_used_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

/// A service client with its new secret, which is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct ServiceClientWithSecret {
    /// The client.
    pub client: ServiceClient,
    /// The secret, for `client_secret` at the token endpoint. It is shown this once and not stored.
    #[schema(example = "prm_secret_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M", max_length = 128)]
    pub client_secret: String,
}

impl Resource for ServiceClientWithSecret {
    const TYPE: &'static str = "service_client";

    fn id(&self) -> String {
        self.client.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.client.revision
    }

    fn path(&self) -> String {
        self.client.path()
    }
}

/// A service client to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceClient {
    /// What it is called.
    #[schema(example = "CRM connector", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is for.
    #[schema(example = "Syncs deals with the vendor's CRM every five minutes.", max_length = 2000)]
    pub description: Option<String>,
    /// What it may do, at most. The scopes there are stand in the document, with the security scheme `oauth2`.
    #[schema(min_items = 1, max_items = 100, example = json!(["deals:read"]))]
    pub scopes: Vec<String>,
    /// The partner whose rows it shall see; none for a client of the vendor. A partner's administrators may leave it out.
    pub partner_id: Option<PartnerId>,
    /// The public keys by which it shall be able to prove itself beside its secret (RFC 7523).
    pub jwks: Option<PublicKeySet>,
}

/// Changes of a service client. What is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceClientPatch {
    /// A new name.
    #[schema(example = "CRM connector", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Syncs deals.", max_length = 2000)]
    pub description: Patch<String>,
    /// All that it may do from now on.
    #[schema(min_items = 1, max_items = 100, nullable = false, example = json!(["deals:read"]))]
    pub scopes: Option<Vec<String>>,
    /// All its public keys from now on; null takes them away.
    #[serde(default)]
    #[schema(value_type = Option<PublicKeySet>)]
    pub jwks: Patch<PublicKeySet>,
}

/// How a secret is replaced.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotation {
    /// How many seconds the present secrets stay good beside the new one, up to 30 days; a day by default, 0 ends them at once.
    #[serde(default = "SecretRotation::a_day")]
    #[schema(example = 86_400, default = 86_400, minimum = 0, maximum = 2_592_000)]
    pub overlap_seconds: i64,
}

impl SecretRotation {
    const fn a_day() -> i64 {
        86_400
    }
}

/// What a list of service clients is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServiceClientFilter {
    /// Only clients bound to this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only clients in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<ClientStatus>>,
    /// Only clients whose name begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "crm", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ServiceClientSort>,
}
