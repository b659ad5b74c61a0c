//! Events about users and programs that sign in.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    http::Resource,
    identity::{
        api_keys::ApiKey, links::IdentityLink, memberships::PartnerUser, providers::IdentityProvider,
        service_clients::ServiceClient, teams::Team, users::User,
    },
    kernel::schemas,
};

resource_types! {
    // The users of partners too, whose accounts the vendor keeps; their partners read them as partner users.
    User, "getUser", Vendor {
        "user.activated" => "A user set a password and can sign in.",
        "user.created" new => "A user was created.",
        "user.disabled" => "A user was disabled.",
        "user.enabled" => "A user was enabled again.",
        "user.invited" => "A user was invited again.",
        "user.password_changed" => "A user changed the password.",
        "user.recovery_codes_replaced" => "A user replaced the recovery codes.",
        "user.second_factor_enabled" => "A user set up a second factor.",
        "user.second_factor_removed" => "A user removed the second factor.",
        "user.second_factor_reset" => "An administrator removed a user's second factor.",
        "user.updated" => "A user was changed.",
    }
    Team, "getTeam", Common {
        "team.created" new => "A team was created.",
        "team.deleted" gone => "A team was deleted.",
        "team.updated" => "A team was changed.",
    }
    PartnerUser, "getPartnerUser", Owned, [Limit::Colleagues] {
        "partner_user.activated" => "A partner user accepted the invitation.",
        "partner_user.created" new => "A partner user was invited.",
        "partner_user.disabled" => "A partner user was disabled.",
        "partner_user.enabled" => "A partner user was enabled again.",
        "partner_user.invited" => "A partner user was invited again.",
        "partner_user.updated" => "A partner user was changed.",
    }
    // Without a partner they are the vendor's own.
    ServiceClient, "getServiceClient", Owned, [Limit::Colleagues] {
        "service_client.created" new => "A service client was created.",
        "service_client.disabled" => "A service client was disabled.",
        "service_client.enabled" => "A service client was enabled again.",
        "service_client.secret_revoked" => "A secret of a service client was revoked.",
        "service_client.secret_rotated" => "A service client was given a new secret.",
        "service_client.token_revoked" => "A token of a service client was revoked.",
        "service_client.updated" => "A service client was changed.",
    }
    ApiKey, "getApiKey", Owned, [Limit::Colleagues] {
        "api_key.created" new => "An API key was created.",
        "api_key.revoked" => "An API key was revoked.",
    }
    IdentityProvider, "getIdentityProvider", Vendor {
        "identity_provider.created" new => "An identity provider was named, whose tokens are taken.",
        "identity_provider.deleted" gone => "An identity provider was removed.",
        "identity_provider.updated" => "An identity provider was changed.",
    }
    IdentityLink, "getIdentityLink", Vendor {
        "identity_link.created" new => "An account at an identity provider was linked to a user.",
        "identity_link.deleted" gone => "An account at an identity provider was unlinked.",
    }
}
