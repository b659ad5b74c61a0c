//! What may happen to partner users. Pure.

use super::model::{MembershipStatus, PartnerRole, PartnerUser, PartnerUserPatch};
use crate::{
    error::{Error, Result},
    identity::users::sorted,
    kernel::{
        Time,
        states::{FailingGuard, Machine, Transition},
    },
};

/// The life of a partner user.
pub const MACHINE: Machine<MembershipStatus> = Machine {
    name: "partner_user.status",
    transitions: &[
        Transition {
            action: "accept",
            operation: Some("acceptInvitation"),
            from: &[MembershipStatus::Invited],
            to: &[MembershipStatus::Active],
            guards: &["the invitation is open"],
        },
        Transition {
            action: "disable",
            operation: Some("disablePartnerUser"),
            from: &[MembershipStatus::Invited, MembershipStatus::Active],
            to: &[MembershipStatus::Disabled],
            guards: &["not_the_last_admin"],
        },
        Transition {
            action: "enable",
            operation: Some("enablePartnerUser"),
            from: &[MembershipStatus::Disabled],
            to: &[MembershipStatus::Active, MembershipStatus::Invited],
            guards: &[],
        },
        Transition {
            action: "invite",
            operation: Some("invitePartnerUserAgain"),
            from: &[MembershipStatus::Invited],
            to: &[MembershipStatus::Invited],
            guards: &[],
        },
    ],
};

impl PartnerUser {
    /// The partner user with the changes made.
    #[must_use]
    pub fn patched(self, patch: &PartnerUserPatch, now: Time) -> Self {
        Self {
            roles: patch.roles.clone().map_or(self.roles, sorted),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The partner user in another state.
    #[must_use]
    pub fn moved(self, status: MembershipStatus, now: Time) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

impl PartnerUser {
    /// Whether this person runs the partner's account.
    pub fn administers(&self) -> bool {
        self.status == MembershipStatus::Active && self.roles.contains(&PartnerRole::PartnerAdmin)
    }
}

/// Refuses a change by a partner's own people that would leave nobody to run the partner's account. The vendor may: it can
/// invite another.
///
/// # Errors
/// 409 `guard_failed` with `not_the_last_admin`.
pub fn keep_an_admin(
    before: &PartnerUser,
    after: &PartnerUser,
    other_admins: i64,
    by_the_vendor: bool,
    attempted: &'static str,
) -> Result<()> {
    if by_the_vendor || !before.administers() || after.administers() || other_admins > 0 {
        return Ok(());
    }
    let guard = FailingGuard::new(
        "not_the_last_admin",
        "Nobody else could run your partner's account; make a colleague administrator first, or ask the vendor.",
    );
    Err(Error::guards(before.status, attempted, vec![guard]))
}

/// Refuses to a partner's people what would reach another partner: somebody's sign-in is one, for whomever they act.
///
/// # Errors
/// 409 `guard_failed` with `only_here`.
pub fn only_here(place: &PartnerUser, all: &[PartnerUser], by_the_vendor: bool) -> Result<()> {
    let elsewhere = |other: &PartnerUser| other.id != place.id && other.status == MembershipStatus::Active;
    if by_the_vendor || !all.iter().any(elsewhere) {
        return Ok(());
    }
    let guard = FailingGuard::new("only_here", "This cannot be done by one partner alone; ask the vendor.");
    Err(Error::guards(place.status, "reset_second_factor", vec![guard]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{Id as _, MembershipId, PartnerId, UserId};

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn place(roles: &[PartnerRole], status: MembershipStatus) -> PartnerUser {
        PartnerUser {
            id: MembershipId::at(NOW),
            partner_id: PartnerId::at(NOW),
            user_id: UserId::at(NOW),
            name: "Ana Lopes".to_owned(),
            email: "ana@reseller.example".to_owned(),
            status,
            roles: roles.to_vec(),
            last_sign_in_at: None,
            second_factor_at: None,
            revision: 1,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn a_partner_keeps_somebody_who_runs_its_account() {
        let boss = place(&[PartnerRole::PartnerAdmin], MembershipStatus::Active);
        let gone = boss.clone().moved(MembershipStatus::Disabled, NOW);
        let sales = place(&[PartnerRole::PartnerSales], MembershipStatus::Active);
        assert!(keep_an_admin(&boss, &gone, 0, false, "disable").is_err());
        assert!(keep_an_admin(&boss, &sales, 0, false, "update").is_err());
        assert!(
            keep_an_admin(&boss, &gone, 1, false, "disable").is_ok(),
            "a colleague stays"
        );
        assert!(keep_an_admin(&boss, &gone, 0, true, "disable").is_ok(), "the vendor");
        assert!(keep_an_admin(&boss, &boss, 0, false, "update").is_ok());
        assert!(keep_an_admin(&sales, &gone, 0, false, "disable").is_ok());
    }

    #[test]
    fn who_acts_for_two_partners_is_no_affair_of_one() {
        let here = place(&[PartnerRole::PartnerSales], MembershipStatus::Active);
        let there = place(&[PartnerRole::PartnerSales], MembershipStatus::Active);
        let left = place(&[PartnerRole::PartnerSales], MembershipStatus::Disabled);
        assert!(only_here(&here, &[here.clone(), there.clone()], false).is_err());
        assert!(only_here(&here, &[here.clone(), left], false).is_ok());
        assert!(only_here(&here, &[here.clone(), there], true).is_ok());
    }
}
