//! What may happen to partner users. Pure.

use super::model::{MembershipStatus, PartnerRole, PartnerUser, PartnerUserPatch};
use crate::{
    error::{Error, Result},
    identity::users::sorted,
    kernel::{
        Time,
        ids::UserId,
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
            guards: &["not_yourself"],
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

/// Refuses to lock oneself out, or to take one's own right to run the partner's account.
///
/// # Errors
/// 409 `guard_failed` with `not_yourself`.
pub fn not_yourself(
    before: &PartnerUser,
    after: &PartnerUser,
    caller: Option<UserId>,
    attempted: &'static str,
) -> Result<()> {
    let runs =
        |user: &PartnerUser| user.status == MembershipStatus::Active && user.roles.contains(&PartnerRole::PartnerAdmin);
    if caller != Some(before.user_id) || !runs(before) || runs(after) {
        return Ok(());
    }
    let guard = FailingGuard::new(
        "not_yourself",
        "You would lose the right to run your partner's account; ask another administrator of the partner, or the vendor.",
    );
    Err(Error::guards(before.status, attempted, vec![guard]))
}
