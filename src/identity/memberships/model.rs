//! The shapes of partner users: a user's place at one partner.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Role,
    bindable,
    kernel::{
        Time,
        ids::{MembershipId, PartnerId, UserId},
    },
    ordered, resource, words,
};

words! {
    /// Whether a user may act for the partner.
    pub MembershipStatus {
        /// Invited, and has not accepted yet.
        Invited = "invited",
        /// May act for the partner.
        Active = "active",
        /// May not any more; the records that name the user stay.
        Disabled = "disabled",
    }

    /// A role at a partner.
    pub PartnerRole {
        /// Runs the partner's account and its people.
        PartnerAdmin = "partner_admin",
        /// Registers and works deals.
        PartnerSales = "partner_sales",
        /// Campaigns and content.
        PartnerMarketing = "partner_marketing",
        /// Trains.
        PartnerLearner = "partner_learner",
    }

    /// The order of partner users.
    pub PartnerUserSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(MembershipStatus, PartnerRole);

impl From<PartnerRole> for Role {
    fn from(role: PartnerRole) -> Self {
        match role {
            PartnerRole::PartnerAdmin => Self::PartnerAdmin,
            PartnerRole::PartnerSales => Self::PartnerSales,
            PartnerRole::PartnerMarketing => Self::PartnerMarketing,
            PartnerRole::PartnerLearner => Self::PartnerLearner,
        }
    }
}

ordered!(PartnerUserSort of "partner_memberships" {
    Created | CreatedDescending => "created_at",
});

/// A partner user: a person's right to act for one partner. Somebody who works for two has two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerUser {
    /// Its id.
    pub id: MembershipId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The user.
    pub user_id: UserId,
    /// The user's name.
    #[schema(example = "Ana Lopes", min_length = 1, max_length = 200)]
    pub name: String,
    /// The address that the user signs in with.
    #[schema(example = "ana.lopes@reseller.example", max_length = 254)]
    pub email: String,
    /// Whether the user may act for the partner.
    pub status: MembershipStatus,
    /// The user's roles at the partner.
    #[schema(max_items = 4)]
    pub roles: Vec<PartnerRole>,
    /// When the user last signed in, for any partner.
    #[schema(required = true)]
    pub last_sign_in_at: Option<Time>,
    /// Since when a second factor guards the user's sign-in; null if none does.
    #[schema(required = true)]
    pub second_factor_at: Option<Time>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    PartnerUser,
    "partner_user",
    "/v1/partner-users",
    told = |record| vec![record.partner_id]
);

/// A partner user to be invited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerUser {
    /// The partner; a partner's own people may leave it out.
    pub partner_id: Option<PartnerId>,
    /// The address that the invitation goes to and that the user signs in with.
    #[schema(
        example = "ana.lopes@reseller.example",
        min_length = 3,
        max_length = 254,
        pattern = "^[^@ ]+@[^@ ]+$"
    )]
    pub email: String,
    /// The user's name; a user who is known already keeps the one they have.
    #[schema(example = "Ana Lopes", min_length = 1, max_length = 200)]
    pub name: String,
    /// The user's roles at the partner.
    #[schema(min_items = 1, max_items = 4)]
    pub roles: Vec<PartnerRole>,
}

/// Changes of a partner user. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerUserPatch {
    /// All of the user's roles at the partner from now on.
    #[schema(min_items = 1, max_items = 4, nullable = false)]
    pub roles: Option<Vec<PartnerRole>>,
}

/// What a list of partner users is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PartnerUserFilter {
    /// Only users of this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only the places of this user.
    #[param(nullable = false)]
    pub user_id: Option<UserId>,
    /// Only users in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<MembershipStatus>>,
    /// Only users with one of these roles.
    #[param(style = Form, explode = false, nullable = false)]
    pub role: Option<Vec<PartnerRole>>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<PartnerUserSort>,
}
