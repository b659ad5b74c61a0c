//! The shapes of users.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Role,
    bindable,
    kernel::{
        Patch, Time,
        ids::{PersonId, TeamId, TerritoryId, UserId},
    },
    ordered, resource, words,
};

words! {
    /// Which side a user stands on.
    pub UserKind {
        /// The vendor's own people.
        Vendor = "vendor",
        /// People of partners: what they may do depends on their membership.
        Partner = "partner",
    }

    /// Whether a user may sign in.
    pub UserStatus {
        /// Invited, and has not chosen a password yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not sign in; the records that name the user stay.
        Disabled = "disabled",
    }

    /// Which partners' rows a vendor user sees. Whoever is account manager of a partner sees it in any case.
    pub RowScope {
        /// Everyone's.
        All = "all",
        /// Those of the partners that the user's team looks after.
        Team = "team",
        /// Those of the partners that the user looks after.
        Own = "own",
        /// Those of the partners in the user's territories.
        Territories = "territories",
    }

    /// A role of the vendor's people.
    pub VendorRole {
        /// Everything, users and settings included.
        Admin = "admin",
        /// Runs the channel program day by day.
        ChannelOps = "channel_ops",
        /// Channel account manager of some partners.
        Cam = "cam",
        /// Decides on registrations and applications.
        Approver = "approver",
        /// Money.
        Finance = "finance",
        /// Content for partners.
        ContentManager = "content_manager",
        /// Reads and reports, changes nothing.
        Analyst = "analyst",
    }

    /// The order of users.
    pub UserSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }
}

bindable!(UserKind, UserStatus, RowScope, VendorRole);

impl From<VendorRole> for Role {
    fn from(role: VendorRole) -> Self {
        match role {
            VendorRole::Admin => Self::Admin,
            VendorRole::ChannelOps => Self::ChannelOps,
            VendorRole::Cam => Self::Cam,
            VendorRole::Approver => Self::Approver,
            VendorRole::Finance => Self::Finance,
            VendorRole::ContentManager => Self::ContentManager,
            VendorRole::Analyst => Self::Analyst,
        }
    }
}

ordered!(UserSort of "users" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Which side the user stands on.
    pub kind: UserKind,
    /// The address that the user signs in with, unique in any case.
    #[schema(example = "maria.keller@example.com", max_length = 254)]
    pub email: String,
    /// The user's name.
    #[schema(example = "Maria Keller", min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// The user's vendor roles; empty for partner users, whose roles belong to their memberships.
    #[schema(max_items = 7)]
    pub roles: Vec<VendorRole>,
    /// Which partners' rows a vendor user sees; null for partner users, who see those of their partner.
    #[schema(required = true)]
    pub row_scope: Option<RowScope>,
    /// The vendor team that the user belongs to.
    #[schema(required = true)]
    pub team_id: Option<TeamId>,
    /// The territories that `row_scope: territories` speaks of.
    #[schema(max_items = 200)]
    pub territory_ids: Vec<TerritoryId>,
    /// The person behind the user, among the contacts.
    #[schema(required = true)]
    pub person_id: Option<PersonId>,
    /// The language that the user reads best, BCP 47.
    #[schema(required = true, example = "de-CH", max_length = 35)]
    pub locale: Option<String>,
    /// The user's time zone, as in the tz database.
    #[schema(required = true, example = "Europe/Zurich", max_length = 64)]
    pub time_zone: Option<String>,
    /// When the user was invited.
    #[schema(required = true)]
    pub invited_at: Option<Time>,
    /// When the user last signed in.
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

resource!(User, "user", "/v1/users");

/// A vendor user to be invited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVendorUser {
    /// The address that the invitation goes to and that the user will sign in with.
    #[schema(
        example = "jonas.frei@example.com",
        min_length = 3,
        max_length = 254,
        pattern = "^[^@ ]+@[^@ ]+$"
    )]
    pub email: String,
    /// The user's name.
    #[schema(example = "Jonas Frei", min_length = 1, max_length = 200)]
    pub name: String,
    /// The user's roles.
    #[schema(min_items = 1, max_items = 7)]
    pub roles: Vec<VendorRole>,
    /// Which partners' rows the user sees.
    pub row_scope: RowScope,
    /// The team that the user belongs to.
    pub team_id: Option<TeamId>,
    /// The territories that `row_scope: territories` speaks of.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub territory_ids: Vec<TerritoryId>,
    /// The language that the user reads best, BCP 47.
    #[schema(example = "de-CH", max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Option<String>,
    /// The user's time zone, as in the tz database.
    #[schema(
        example = "Europe/Zurich",
        max_length = 64,
        pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"
    )]
    pub time_zone: Option<String>,
}

/// Changes of a user. What is left out stays. Roles, row scope, team and territories are for vendor users only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// A new name.
    #[schema(example = "Jonas Frei", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// All of the user's roles from now on.
    #[schema(min_items = 1, max_items = 7, nullable = false)]
    pub roles: Option<Vec<VendorRole>>,
    /// Which partners' rows the user sees from now on.
    #[schema(nullable = false)]
    pub row_scope: Option<RowScope>,
    /// The team that the user belongs to; null for none.
    #[serde(default)]
    #[schema(value_type = Option<TeamId>)]
    pub team_id: Patch<TeamId>,
    /// All of the user's territories from now on.
    #[schema(max_items = 200, nullable = false)]
    pub territory_ids: Option<Vec<TerritoryId>>,
    /// The language that the user reads best, BCP 47.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "de-CH", max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Patch<String>,
    /// The user's time zone, as in the tz database.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Europe/Zurich", max_length = 64, pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")]
    pub time_zone: Patch<String>,
}

/// What a list of users is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// Only users of these sides.
    #[param(style = Form, explode = false, nullable = false)]
    pub kind: Option<Vec<UserKind>>,
    /// Only users in these states.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<UserStatus>>,
    /// Only vendor users with one of these roles.
    #[param(style = Form, explode = false, nullable = false)]
    pub role: Option<Vec<VendorRole>>,
    /// Only users of this team.
    #[param(nullable = false)]
    pub team_id: Option<TeamId>,
    /// Only users whose name or address begins with this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "mar", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<UserSort>,
}
