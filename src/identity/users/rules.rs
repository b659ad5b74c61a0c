//! What may happen to users. Pure.

use super::model::{RowScope, User, UserKind, UserPatch, UserStatus, VendorRole};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::UserId,
        language,
        states::{FailingGuard, Machine, Transition, guard},
    },
};

/// The life of a user.
pub const MACHINE: Machine<UserStatus> = Machine {
    name: "user.status",
    transitions: &[
        Transition {
            action: "accept",
            operation: Some("acceptInvitation"),
            from: &[UserStatus::Invited],
            to: &[UserStatus::Active],
            guards: &["the invitation is open"],
        },
        Transition {
            action: "disable",
            operation: Some("disableUser"),
            from: &[UserStatus::Invited, UserStatus::Active],
            to: &[UserStatus::Disabled],
            guards: &["not_yourself", "not_the_last_admin"],
        },
        Transition {
            action: "enable",
            operation: Some("enableUser"),
            from: &[UserStatus::Disabled],
            to: &[UserStatus::Active, UserStatus::Invited],
            guards: &[],
        },
        Transition {
            action: "invite",
            operation: Some("inviteUserAgain"),
            from: &[UserStatus::Invited],
            to: &[UserStatus::Invited],
            guards: &[],
        },
    ],
};

impl User {
    /// A new user.
    pub fn new(id: UserId, kind: UserKind, email: &str, name: &str, status: UserStatus, now: Time) -> Self {
        Self {
            id,
            kind,
            email: email.trim().to_owned(),
            name: name.trim().to_owned(),
            status,
            roles: Vec::new(),
            row_scope: (kind == UserKind::Vendor).then_some(RowScope::All),
            team_id: None,
            territory_ids: Vec::new(),
            person_id: None,
            locale: None,
            time_zone: None,
            invited_at: (status == UserStatus::Invited).then_some(now),
            last_sign_in_at: None,
            second_factor_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The user with the changes made.
    ///
    /// # Errors
    /// 409 `guard_failed` if vendor rights are given to a partner user.
    pub fn patched(self, patch: &UserPatch, now: Time) -> Result<Self> {
        let vendor_only = [
            ("roles", patch.roles.is_some()),
            ("row_scope", patch.row_scope.is_some()),
            ("team_id", patch.team_id.value().is_some()),
            (
                "territory_ids",
                patch.territory_ids.as_ref().is_some_and(|ids| !ids.is_empty()),
            ),
        ];
        let wrong: Vec<FailingGuard> = vendor_only
            .iter()
            .filter(|(_, sent)| *sent && self.kind == UserKind::Partner)
            .map(|(field, _)| {
                guard(
                    "vendor_user",
                    &format!("#/{field}"),
                    format!("`{field}` is for vendor users; the rights of a partner user belong to its membership."),
                )
            })
            .collect();
        if !wrong.is_empty() {
            return Err(Error::guards(self.status, "update", wrong));
        }
        Ok(Self {
            name: patch
                .name
                .as_deref()
                .map(str::trim)
                .map(str::to_owned)
                .unwrap_or(self.name),
            roles: patch.roles.clone().map_or(self.roles, sorted),
            row_scope: patch.row_scope.or(self.row_scope),
            team_id: patch.team_id.apply(self.team_id),
            territory_ids: patch.territory_ids.clone().map_or(self.territory_ids, sorted),
            locale: patch.locale.clone().apply(self.locale).as_deref().map(language::kept),
            time_zone: patch.time_zone.clone().apply(self.time_zone),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The user with a second factor since then, or with none.
    #[must_use]
    pub fn guarded(self, since: Option<Time>, now: Time) -> Self {
        Self {
            second_factor_at: since,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The user in another state.
    #[must_use]
    pub fn moved(self, status: UserStatus, now: Time) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Whether the user can do what only an administrator can.
    pub fn administers(&self) -> bool {
        self.status == UserStatus::Active && self.roles.contains(&VendorRole::Admin)
    }
}

/// Each thing once, in order.
pub fn sorted<T: Ord>(mut things: Vec<T>) -> Vec<T> {
    things.sort_unstable();
    things.dedup();
    things
}

/// Refuses a change that would leave nobody who can administer.
///
/// # Errors
/// 409 `guard_failed` with `not_the_last_admin`.
pub fn keep_an_admin(before: &User, after: &User, other_admins: i64, attempted: &'static str) -> Result<()> {
    if before.administers() && !after.administers() && other_admins == 0 {
        let guard = FailingGuard::new(
            "not_the_last_admin",
            "Nobody else could administer the program; make another user administrator first.",
        );
        return Err(Error::guards(before.status, attempted, vec![guard]));
    }
    Ok(())
}

/// Refuses to lock oneself out.
///
/// # Errors
/// 409 `guard_failed` with `not_yourself`.
pub fn not_yourself(user: &User, caller: Option<UserId>) -> Result<()> {
    if caller != Some(user.id) {
        return Ok(());
    }
    let guard = FailingGuard::new(
        "not_yourself",
        "You would lock yourself out; ask another administrator.",
    );
    Err(Error::guards(user.status, "disable", vec![guard]))
}

/// Refuses what would take away a second factor that there is not, or one's own without the proof that removing it asks for.
///
/// # Errors
/// 409 `guard_failed` with `has_second_factor` or `not_yourself`.
pub fn may_reset(user: &User, caller: Option<UserId>) -> Result<()> {
    let mut failing = Vec::new();
    if user.second_factor_at.is_none() {
        failing.push(FailingGuard::new(
            "has_second_factor",
            "No second factor guards this sign-in.",
        ));
    }
    if caller == Some(user.id) {
        failing.push(FailingGuard::new(
            "not_yourself",
            "Remove your own second factor with your password or a code.",
        ));
    }
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(user.status, "reset_second_factor", failing))
    }
}

/// Checks the form of an e-mail address as far as a form can be checked: one address, a domain with a dot or `localhost`.
///
/// # Errors
/// 409 `contradiction` at `pointer`.
pub fn email(text: &str, pointer: &str) -> Result<String> {
    let text = text.trim();
    match text.parse::<lettre::Address>() {
        Ok(_) if text.len() <= 254 => Ok(text.to_owned()),
        _ => Err(Error::contradicts(
            pointer,
            "invalid_email",
            "This is not an e-mail address; it should look like name@example.com.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Patch, ids::Id as _};

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn user(kind: UserKind) -> User {
        User::new(UserId::at(NOW), kind, "a@example.com", "A", UserStatus::Active, NOW)
    }

    fn patch() -> UserPatch {
        UserPatch {
            name: None,
            roles: None,
            row_scope: None,
            team_id: Patch::Keep,
            territory_ids: None,
            locale: Patch::Keep,
            time_zone: Patch::Keep,
        }
    }

    #[test]
    fn vendor_rights_are_not_for_partner_users() {
        let change = UserPatch {
            roles: Some(vec![VendorRole::Admin]),
            ..patch()
        };
        let refusal = user(UserKind::Partner).patched(&change, NOW).unwrap_err();
        assert_eq!(refusal.all_faults()[0].pointer, "#/roles");
        assert_eq!(
            user(UserKind::Vendor).patched(&change, NOW).unwrap().roles,
            [VendorRole::Admin]
        );
    }

    #[test]
    fn the_last_administrator_stays() {
        let before = User {
            roles: vec![VendorRole::Admin],
            ..user(UserKind::Vendor)
        };
        let after = before.clone().moved(UserStatus::Disabled, NOW);
        assert!(keep_an_admin(&before, &after, 0, "disable").is_err());
        assert!(keep_an_admin(&before, &after, 1, "disable").is_ok());
        assert!(keep_an_admin(&after, &after, 0, "disable").is_ok());
    }

    #[test]
    fn nobody_disables_themselves() {
        let user = user(UserKind::Vendor);
        assert!(not_yourself(&user, Some(user.id)).is_err() && not_yourself(&user, None).is_ok());
    }

    #[test]
    fn addresses_have_one_at_sign_and_a_domain() {
        assert!(email(" maria@example.com ", "#/email").is_ok());
        for bad in ["maria", "maria@", "@example.com", "a@b@c", "a b@example.com"] {
            assert!(email(bad, "#/email").is_err(), "{bad}");
        }
    }
}
