//! The shapes of identity links.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    kernel::{
        Time,
        ids::{Id as _, IdentityLinkId, IdentityProviderId, UserId},
        page::Order,
    },
    resource,
    schema::identity_links,
};

/// The order of identity links: oldest first.
pub(super) const ORDER: Order = Order {
    column: "identity_links.created_at",
    id: "identity_links.id",
    descending: false,
};

/// Whose an account at an identity provider is.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Identifiable, Serialize, ToSchema)]
#[diesel(table_name = identity_links, treat_none_as_default_value = false)]
pub struct IdentityLink {
    /// Its id.
    pub id: IdentityLinkId,
    /// The provider.
    pub provider_id: IdentityProviderId,
    /// The account there, as the provider's tokens name it (`sub`).
    #[schema(example = "248289761001-8f1c2e", min_length = 1, max_length = 255)]
    pub subject: String,
    /// The user.
    pub user_id: UserId,
    /// Who made it: an administrator, or the program at first sight of the account.
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

resource!(IdentityLink, "identity_link", "/v1/identity-links");

impl IdentityLink {
    /// A new link.
    pub fn new(new: NewIdentityLink, created_by: String, now: Time) -> Self {
        Self {
            id: IdentityLinkId::at(now),
            provider_id: new.provider_id,
            subject: new.subject,
            user_id: new.user_id,
            created_by,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// An account that shall be a user's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIdentityLink {
    /// The provider.
    pub provider_id: IdentityProviderId,
    /// The account there, exactly as the provider's tokens name it (`sub`).
    #[schema(example = "248289761001-8f1c2e", min_length = 1, max_length = 255)]
    pub subject: String,
    /// The user.
    pub user_id: UserId,
}

/// What a list of identity links is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IdentityLinkFilter {
    /// Only accounts at this provider.
    #[param(nullable = false)]
    pub provider_id: Option<IdentityProviderId>,
    /// Only accounts of this user.
    #[param(nullable = false)]
    pub user_id: Option<UserId>,
    /// Only the account of this name, exactly.
    #[param(min_length = 1, max_length = 255, example = "248289761001-8f1c2e", nullable = false)]
    pub subject: Option<String>,
}
