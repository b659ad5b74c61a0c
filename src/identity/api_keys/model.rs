//! The shapes of API keys.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::Resource,
    kernel::{
        Time,
        ids::{ApiKeyId, PartnerId, ServiceClientId},
        json::Stored,
    },
    ordered, resource,
    schema::api_keys,
    words,
};

words! {
    /// The order of API keys.
    pub ApiKeySort {
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

ordered!(ApiKeySort of "api_keys" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

/// An API key, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = api_keys, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called.
    #[schema(example = "Nightly export", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for search and order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// The part of the key after `prm_live_` that names it; it may stand in logs.
    #[schema(
        example = "5f1c0e9a3b7d2846",
        min_length = 16,
        max_length = 16,
        pattern = "^[0-9a-f]+$"
    )]
    pub public_id: String,
    /// The last four characters of the key.
    #[schema(example = "9c1e", min_length = 4, max_length = 4)]
    pub last4: String,
    /// The service client that it belongs to; its rights bound those of the key.
    #[schema(value_type = ServiceClientId)]
    pub client_id: Option<ServiceClientId>,
    /// The partner whose rows it opens; null for the vendor's.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// What it may do, at most.
    #[schema(value_type = Vec<String>, max_items = 100, example = json!(["deals:read"]))]
    pub scopes: Stored<Vec<String>>,
    /// When it ends; null for not before it is revoked.
    #[schema(required = true)]
    pub expires_at: Option<Time>,
    /// When it was revoked.
    #[schema(required = true)]
    pub revoked_at: Option<Time>,
    /// When it was last used, to within some minutes.
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
    ApiKey,
    "api_key",
    "/v1/api-keys",
    told = |record| record.partner_id.into_iter().collect()
);

/// An API key with its text, which is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct ApiKeyWithText {
    /// The key, without what is secret.
    pub api_key: ApiKey,
    /// The whole key, for `Authorization: Bearer …`. It is shown this once and not stored.
    #[schema(
        example = "prm_live_5f1c0e9a3b7d2846_0000000000000000000000000000000000000000000000000000000000000000_00000000",
        max_length = 128
    )]
    pub text: String,
}

impl Resource for ApiKeyWithText {
    const TYPE: &'static str = "api_key";

    fn id(&self) -> String {
        self.api_key.id.to_string()
    }

    fn revision(&self) -> i64 {
        self.api_key.revision
    }

    fn path(&self) -> String {
        self.api_key.path()
    }
}

/// An API key to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is called.
    #[schema(example = "Nightly export", min_length = 1, max_length = 200)]
    pub name: String,
    /// The service client that it shall belong to.
    pub client_id: ServiceClientId,
    /// What it may do; by default all that its client may.
    #[schema(min_items = 1, max_items = 100, nullable = false, example = json!(["deals:read"]))]
    pub scopes: Option<Vec<String>>,
    /// When it shall end; by default in a year.
    #[schema(nullable = false)]
    pub expires_at: Option<Time>,
}

/// What a list of API keys is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyFilter {
    /// Only keys of this client.
    #[param(nullable = false)]
    pub client_id: Option<ServiceClientId>,
    /// Only keys that were (or were not) revoked.
    #[param(nullable = false)]
    pub revoked: Option<bool>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ApiKeySort>,
}
