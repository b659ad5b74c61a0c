//! The roles, and sets of them.

crate::words! {
    /// What a person may do. Vendor roles and partner roles never mix in one token.
    pub Role {
        /// Vendor: everything, users and settings included.
        Admin = "admin",
        /// Vendor: runs the channel program day by day.
        ChannelOps = "channel_ops",
        /// Vendor: channel account manager of some partners.
        Cam = "cam",
        /// Vendor: decides on registrations and applications.
        Approver = "approver",
        /// Vendor: money.
        Finance = "finance",
        /// Vendor: content for partners.
        ContentManager = "content_manager",
        /// Vendor: reads and reports, changes nothing.
        Analyst = "analyst",
        /// Partner: runs the partner's account and its people.
        PartnerAdmin = "partner_admin",
        /// Partner: registers and works deals.
        PartnerSales = "partner_sales",
        /// Partner: campaigns and content.
        PartnerMarketing = "partner_marketing",
        /// Partner: trains.
        PartnerLearner = "partner_learner",
        /// A machine: what its scopes say.
        Integration = "integration",
    }
}

impl Role {
    /// Whether the role belongs to the partners' side.
    pub const fn is_partner(self) -> bool {
        matches!(
            self,
            Self::PartnerAdmin | Self::PartnerSales | Self::PartnerMarketing | Self::PartnerLearner
        )
    }
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u16);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);

    /// The set of these roles.
    pub const fn of(roles: &[Role]) -> Self {
        let (mut bits, mut rest) = (0, roles);
        while let [first, others @ ..] = rest {
            bits |= bit(*first);
            rest = others;
        }
        Self(bits)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets have.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Whether the sets share a role.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles of the set, in the order of declaration.
    pub fn list(self) -> Vec<Role> {
        Role::ALL.iter().copied().filter(|role| self.has(*role)).collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, |set, role| Self(set.0 | bit(role)))
    }
}

const fn bit(role: Role) -> u16 {
    1 << match role {
        Role::Admin => 0,
        Role::ChannelOps => 1,
        Role::Cam => 2,
        Role::Approver => 3,
        Role::Finance => 4,
        Role::ContentManager => 5,
        Role::Analyst => 6,
        Role::PartnerAdmin => 7,
        Role::PartnerSales => 8,
        Role::PartnerMarketing => 9,
        Role::PartnerLearner => 10,
        Role::Integration => 11,
    }
}
