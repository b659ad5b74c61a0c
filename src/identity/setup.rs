//! What the command line, the demo and the tests need: users without an invitation.

use super::{
    Identity, credentials,
    memberships::{self, MembershipStatus, PartnerRole, PartnerUser},
    one_time, passwords, service_clients,
    sessions::{self, EndReason, Which},
    users::{self, RowScope, User, UserKind, UserStatus, VendorRole, sorted},
};
use crate::{
    auth::Caller,
    config::Config,
    db::{Db, Tx},
    error::{Error, Result},
    kernel::ids::{Id as _, MembershipId, PartnerId, TeamId, TerritoryId, UserId},
};

/// What a user of set-up may do.
#[derive(Debug, Clone)]
pub enum Access {
    /// A user of the vendor.
    Vendor {
        /// The roles.
        roles: Vec<VendorRole>,
        /// The rows that the user sees.
        row_scope: RowScope,
        /// The team.
        team: Option<TeamId>,
        /// The territories that the row scope may speak of.
        territories: Vec<TerritoryId>,
    },
    /// A user of a partner.
    Partner {
        /// The partner.
        partner: PartnerId,
        /// The roles there.
        roles: Vec<PartnerRole>,
    },
}

/// A user of set-up.
#[derive(Clone)]
pub struct NewUser {
    /// The id, if it must be a certain one.
    pub id: Option<UserId>,
    /// The address to sign in with.
    pub email: String,
    /// The name.
    pub name: String,
    /// The hash of the password ([`hash_password`]); one hash may serve many users of a demo.
    pub password_hash: Option<String>,
    /// What the user may do.
    pub access: Access,
}

/// The hash of a password, for [`NewUser`].
///
/// # Errors
/// `internal` if the hasher fails.
pub fn hash_password(password: &str) -> Result<String> {
    passwords::hash_now(password)
}

/// Stores a user who may sign in at once, and, for a partner, the place there.
///
/// # Errors
/// 422 for an address that is none, 409 if it is taken, or the partner, team or territory does not exist.
pub fn create_user(tx: &mut Tx<'_>, new: &NewUser) -> Result<User> {
    let email = users::email(&new.email, "#/email")?;
    let id = new.id.unwrap_or_else(|| UserId::at(tx.now));
    let kind = match &new.access {
        Access::Vendor { .. } => UserKind::Vendor,
        Access::Partner { .. } => UserKind::Partner,
    };
    let status = if new.password_hash.is_some() {
        UserStatus::Active
    } else {
        UserStatus::Invited
    };
    let mut user = User::new(id, kind, &email, &new.name, status, tx.now);
    if let Access::Vendor {
        roles,
        row_scope,
        team,
        territories,
    } = &new.access
    {
        user = User {
            roles: sorted(roles.clone()),
            row_scope: Some(*row_scope),
            team_id: *team,
            territory_ids: sorted(territories.clone()),
            ..user
        };
    }
    let user = users::insert(tx, user, new.password_hash.as_deref())?;
    if let Access::Partner { partner, roles } = &new.access {
        let now = tx.now;
        let place = PartnerUser {
            id: tx.new_id::<MembershipId>(),
            partner_id: *partner,
            user_id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            status: if status == UserStatus::Active {
                MembershipStatus::Active
            } else {
                MembershipStatus::Invited
            },
            roles: sorted(roles.clone()),
            last_sign_in_at: None,
            second_factor_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        memberships::insert(tx, place)?;
    }
    Ok(user)
}

/// Makes the first administrator of an empty database. Gives back the password if it was made up, to be shown once.
///
/// # Errors
/// 422 if the password of the settings is too weak.
pub fn create_first_admin(db: &Db, config: &Config) -> Result<Option<String>> {
    let caller = Caller::system("first start");
    if db.ask_now(&caller, users::any)? {
        return Ok(None);
    }
    let made_up = config.admin_password.is_none().then(made_up_password);
    let password = match (&config.admin_password, &made_up) {
        (Some(password), _) | (None, Some(password)) => password.clone(),
        (None, None) => return Err(Error::internal("no password for the first administrator")),
    };
    passwords::check(
        &password,
        &config.admin_email,
        "Administrator",
        "OPENPRM_ADMIN_PASSWORD",
    )?;
    let new = NewUser {
        id: None,
        email: config.admin_email.clone(),
        name: "Administrator".to_owned(),
        password_hash: Some(hash_password(&password)?),
        access: Access::Vendor {
            roles: vec![VendorRole::Admin],
            row_scope: RowScope::All,
            team: None,
            territories: Vec::new(),
        },
    };
    // Two instances that start together: the second finds a user, and has nothing to show.
    let made = db.run_now(&caller, move |tx| {
        if users::any(tx)? {
            Ok(false)
        } else {
            create_user(tx, &new).map(|_| true)
        }
    })?;
    Ok(made_up.filter(|_| made))
}

/// Five groups of four characters that cannot be mistaken for each other: 98 random bits.
pub fn made_up_password() -> String {
    credentials::readable(5, 4)
}

/// Ends all that people and programs of a partner can do, when the partner ends: their places with the sessions and
/// invitations there, and the service clients with their keys.
///
/// # Errors
/// What the database reports.
pub fn end_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    for before in memberships::of_partner(tx, partner)? {
        if before.status == MembershipStatus::Disabled {
            continue;
        }
        sessions::end(tx, Which::Membership(before.id), EndReason::MembershipEnded)?;
        one_time::revoke(tx, one_time::Purpose::Invitation, before.user_id, Some(partner))?;
        let after = before
            .clone()
            .moved(memberships::MACHINE.go(before.status, "disable")?, tx.now);
        memberships::save(tx, &before, after, "partner_user.disabled")?;
    }
    service_clients::disable_all(tx, partner)
}

impl Identity {
    /// A session without a password: the program itself vouches. For set-up and tests.
    ///
    /// # Errors
    /// 404 for an unknown user, 409 for a partner that the user does not belong to.
    pub fn session_for(&self, user: UserId, partner: Option<PartnerId>) -> Result<sessions::Session> {
        sessions::session(self, user, partner)
    }
}
