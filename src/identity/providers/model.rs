//! The shapes of identity providers.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Role,
    bindable,
    identity::jose::SigningAlgorithm,
    kernel::{
        Patch, Stored, Time,
        ids::{IdentityProviderId, PartnerId},
    },
    ordered, resource,
    schema::identity_providers,
    words,
};

words! {
    /// How an account at the provider becomes a user's.
    pub LinkBy {
        /// At first sight, by an address that the provider says it has verified and that is of one of `email_domains`. Links that
        /// were made stay when a domain is taken away.
        VerifiedEmail = "verified_email",
        /// By an administrator, who links the account's subject to a user.
        Subject = "subject",
    }

    /// Which roles a token of the provider gives.
    pub RolesBy {
        /// The user's own, whatever the token says.
        Own = "own",
        /// Of the user's own, those that the token's claim maps to.
        Limited = "limited",
        /// Those that the token's claim maps to, whatever the user's own are, but only of the user's side.
        Mapped = "mapped",
    }

    /// The order of identity providers.
    pub IdentityProviderSort {
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

bindable!(LinkBy, RolesBy);

ordered!(IdentityProviderSort of "identity_providers" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

/// What a value of the claim of roles stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleMapping {
    /// The value, as it stands in the token.
    #[schema(example = "prm-channel", min_length = 1, max_length = 200)]
    pub value: String,
    /// The role; not `integration`, which is for programs.
    #[schema(example = "channel_ops")]
    pub role: Role,
}

/// An identity provider (OpenID Connect) whose tokens are taken.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = identity_providers, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct IdentityProvider {
    /// Its id.
    pub id: IdentityProviderId,
    /// What it is called, on the page for signing in, too, unless it is bound to a partner.
    #[schema(example = "Staff sign-in", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// Who issues its tokens, exactly as they say it (`iss`), and below which address its discovery document is.
    #[schema(example = "https://login.example.com/realms/prm", max_length = 500)]
    pub issuer: String,
    /// What its tokens must be for (`aud`).
    #[schema(example = "openprm", min_length = 1, max_length = 255)]
    pub audience: String,
    /// The algorithms that its tokens may be signed with.
    #[schema(value_type = Vec<SigningAlgorithm>, max_items = 4, example = json!(["RS256"]))]
    pub algorithms: Stored<Vec<SigningAlgorithm>>,
    /// The partner whose people it speaks for; null for a provider of the vendor, which speaks for everybody.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// How an account there becomes a user's.
    pub link_by: LinkBy,
    /// The claim that holds the address. The claim of that name with `_verified` says whether the provider has verified it.
    #[schema(example = "email", max_length = 200)]
    pub email_claim: String,
    /// The domains whose addresses it may vouch for; `*` stands for every one, but links the vendor's own people by none: their
    /// domain is named.
    #[schema(value_type = Vec<String>, max_items = 50, example = json!(["example.com"]))]
    pub email_domains: Stored<Vec<String>>,
    /// Which roles its tokens give.
    pub roles_by: RolesBy,
    /// The claim that holds roles or groups; dots lead into objects, as in `realm_access.roles`.
    #[schema(required = true, example = "realm_access.roles", max_length = 200)]
    pub roles_claim: Option<String>,
    /// What the values of that claim stand for; a value that is not here stands for nothing.
    #[schema(value_type = Vec<RoleMapping>, max_items = 100)]
    pub role_map: Stored<Vec<RoleMapping>>,
    /// The claim that names, by its id here, the partner that somebody of several partners acts for.
    #[schema(required = true, example = "openprm_partner", max_length = 200)]
    pub partner_claim: Option<String>,
    /// How people must have proved themselves there: a token's `amr` must have one of these. Empty if that is its own business.
    #[schema(value_type = Vec<String>, max_items = 10, example = json!(["mfa"]))]
    pub amr: Stored<Vec<String>>,
    /// To which of the provider's clients its tokens must have been issued (`azp`, or `client_id` of RFC 9068; a token that names
    /// none is its only audience's). Empty for whichever clients the provider issues tokens for this audience to.
    #[schema(value_type = Vec<String>, max_items = 20, example = json!(["portal"]))]
    pub authorised_parties: Stored<Vec<String>>,
    /// Whether its tokens are taken now.
    #[schema(example = true)]
    pub enabled: bool,
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

resource!(IdentityProvider, "identity_provider", "/v1/identity-providers");

/// An identity provider whose tokens shall be taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIdentityProvider {
    /// What it is called, on the page for signing in, too, unless it is bound to a partner.
    #[schema(example = "Staff sign-in", min_length = 1, max_length = 200)]
    pub name: String,
    /// Who issues its tokens, exactly as they say it: an address that begins with `https://`, without query. It stays.
    #[schema(example = "https://login.example.com/realms/prm", min_length = 8, max_length = 500)]
    pub issuer: String,
    /// What its tokens must be for (`aud`): the name that this server has there.
    #[schema(example = "openprm", min_length = 1, max_length = 255)]
    pub audience: String,
    /// The algorithms that its tokens may be signed with; `RS256` alone if left out.
    #[schema(min_items = 1, max_items = 4, nullable = false, example = json!(["RS256"]))]
    pub algorithms: Option<Vec<SigningAlgorithm>>,
    /// The partner whose people it speaks for; none for a provider of the vendor. It stays.
    pub partner_id: Option<PartnerId>,
    /// How an account there becomes a user's.
    #[schema(example = "verified_email")]
    pub link_by: LinkBy,
    /// The claim that holds the address; `email` if left out. The claim of that name with `_verified` says whether it is verified.
    #[schema(example = "email", min_length = 1, max_length = 200, nullable = false)]
    pub email_claim: Option<String>,
    /// The domains whose addresses it may vouch for, without which none is linked by address; `*` stands for every one, but the
    /// vendor's own people are linked only by a domain that is named.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["example.com"]))]
    pub email_domains: Vec<String>,
    /// Which roles its tokens give; the user's own if left out.
    #[schema(nullable = false, example = "own")]
    pub roles_by: Option<RolesBy>,
    /// The claim that holds roles or groups; dots lead into objects.
    #[schema(example = "realm_access.roles", min_length = 1, max_length = 200)]
    pub roles_claim: Option<String>,
    /// What the values of that claim stand for.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([]))]
    pub role_map: Vec<RoleMapping>,
    /// The claim that names, by its id here, the partner that somebody of several partners acts for.
    #[schema(min_length = 1, max_length = 200)]
    pub partner_claim: Option<String>,
    /// How people must have proved themselves there: a token's `amr` must have one of these.
    #[serde(default)]
    #[schema(max_items = 10, example = json!([]))]
    pub amr: Vec<String>,
    /// To which of the provider's clients its tokens must have been issued; empty for whichever.
    #[serde(default)]
    #[schema(max_items = 20, example = json!([]))]
    pub authorised_parties: Vec<String>,
}

/// Changes of an identity provider. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderPatch {
    /// What it is called, on the page for signing in, too, unless it is bound to a partner.
    #[schema(example = "Staff sign-in", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// What its tokens must be for.
    #[schema(example = "openprm", min_length = 1, max_length = 255, nullable = false)]
    pub audience: Option<String>,
    /// All algorithms that its tokens may be signed with.
    #[schema(min_items = 1, max_items = 4, nullable = false, example = json!(["RS256"]))]
    pub algorithms: Option<Vec<SigningAlgorithm>>,
    /// How an account there becomes a user's.
    #[schema(nullable = false)]
    pub link_by: Option<LinkBy>,
    /// The claim that holds the address.
    #[schema(example = "email", min_length = 1, max_length = 200, nullable = false)]
    pub email_claim: Option<String>,
    /// All domains whose addresses it may vouch for.
    #[schema(max_items = 50, nullable = false, example = json!(["example.com"]))]
    pub email_domains: Option<Vec<String>>,
    /// Which roles its tokens give.
    #[schema(nullable = false)]
    pub roles_by: Option<RolesBy>,
    /// The claim that holds roles or groups.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "realm_access.roles", min_length = 1, max_length = 200)]
    pub roles_claim: Patch<String>,
    /// All values of that claim, with what they stand for.
    #[schema(max_items = 100, nullable = false, example = json!([]))]
    pub role_map: Option<Vec<RoleMapping>>,
    /// The claim that names the partner that somebody of several partners acts for.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub partner_claim: Patch<String>,
    /// All ways in which people may have proved themselves there; empty if that is the provider's own business.
    #[schema(max_items = 10, nullable = false, example = json!(["mfa"]))]
    pub amr: Option<Vec<String>>,
    /// All clients of the provider to which its tokens may have been issued; empty for whichever.
    #[schema(max_items = 20, nullable = false, example = json!(["portal"]))]
    pub authorised_parties: Option<Vec<String>>,
    /// Whether its tokens are taken.
    #[schema(nullable = false, example = false)]
    pub enabled: Option<bool>,
}

/// What a list of identity providers is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IdentityProviderFilter {
    /// Only providers that speak for this partner's people.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only those whose tokens are taken, or are not.
    #[param(nullable = false, example = true)]
    pub enabled: Option<bool>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<IdentityProviderSort>,
}
