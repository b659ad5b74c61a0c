//! Invitations: a user or a place that waits, a one-time token, and the mail that carries it, in one transaction.

use super::{
    Identity, letters,
    memberships::{self, MembershipStatus, NewPartnerUser, PartnerUser},
    one_time::{self, Proof, Purpose},
    users::{self, NewVendorUser, User, UserKind, UserStatus, sorted},
};
use crate::{
    db::Tx,
    error::{Error, Result},
    kernel::{
        ids::{MembershipId, PartnerId, UserId},
        language,
        states::guard,
        words::fold,
    },
    mail,
};

/// What the vendor is called in mails, until the settings of the program give it a name.
const VENDOR: &str = "our partner program";

/// Invites a vendor user.
///
/// # Errors
/// 409 `already_exists` if the address is taken, `unknown_reference` for a team or territory that does not exist.
pub fn vendor_user(tx: &mut Tx<'_>, identity: &Identity, new: &NewVendorUser) -> Result<User> {
    let user = User {
        roles: sorted(new.roles.clone()),
        row_scope: Some(new.row_scope),
        team_id: new.team_id,
        territory_ids: sorted(new.territory_ids.clone()),
        locale: new.locale.as_deref().map(language::kept),
        time_zone: new.time_zone.clone(),
        ..User::new(
            tx.new_id::<UserId>(),
            UserKind::Vendor,
            &new.email,
            &new.name,
            UserStatus::Invited,
            tx.now,
        )
    };
    let user = users::insert(tx, user, None)?;
    send(tx, identity, &user)?;
    Ok(user)
}

/// Sends a user the invitation, or another one; the token of the one before has ended.
///
/// # Errors
/// What the database reports.
pub fn send(tx: &mut Tx<'_>, identity: &Identity, user: &User) -> Result<()> {
    one_time::revoke(tx, Purpose::Invitation, user.id, None)?;
    let proof = Proof {
        user: Some(user.id),
        partner: None,
        email_key: fold(&user.email),
    };
    let token = one_time::issue(tx, Purpose::Invitation, &proof)?;
    mail::queue_sealed(
        tx,
        identity.master(),
        &letters::invitation(identity.portal(), &user.email, &user.name, VENDOR, &token),
    )
}

/// Invites somebody to act for a partner.
///
/// # Errors
/// 409 `already_exists` if they do already, `guard_failed` if the address belongs to a vendor user or a disabled one,
/// `unknown_reference` if there is no such partner.
pub fn partner_user(
    tx: &mut Tx<'_>,
    identity: &Identity,
    partner: PartnerId,
    new: &NewPartnerUser,
) -> Result<PartnerUser> {
    let user = match users::by_email(tx, &new.email)? {
        Some(user) if user.kind == UserKind::Partner && user.status != UserStatus::Disabled => user,
        // Which of both it is, is the vendor's own affair.
        Some(user) => {
            let guard = guard(
                "partner_user",
                "#/email",
                "Somebody with this address cannot be invited by a partner; ask the vendor, or use another address.",
            );
            return Err(Error::guards(user.status, "invite", vec![guard]));
        }
        None => {
            let user = User::new(
                tx.new_id::<UserId>(),
                UserKind::Partner,
                &new.email,
                &new.name,
                UserStatus::Invited,
                tx.now,
            );
            users::insert(tx, user, None)?
        }
    };
    let now = tx.now;
    let membership = PartnerUser {
        id: tx.new_id::<MembershipId>(),
        partner_id: partner,
        user_id: user.id,
        name: user.name,
        email: user.email,
        status: MembershipStatus::Invited,
        roles: sorted(new.roles.clone()),
        last_sign_in_at: user.last_sign_in_at,
        second_factor_at: user.second_factor_at,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let membership = memberships::insert(tx, membership)?;
    send_to_place(tx, identity, &membership)?;
    Ok(membership)
}

/// Sends the invitation of a place; the token of the one before has ended.
///
/// # Errors
/// What the database reports.
pub fn send_to_place(tx: &mut Tx<'_>, identity: &Identity, membership: &PartnerUser) -> Result<()> {
    let partner = membership.partner_id;
    one_time::revoke(tx, Purpose::Invitation, membership.user_id, Some(partner))?;
    let proof = Proof {
        user: Some(membership.user_id),
        partner: Some(partner),
        email_key: fold(&membership.email),
    };
    let token = one_time::issue(tx, Purpose::Invitation, &proof)?;
    let host = memberships::partner_names(tx, &[partner])?
        .remove(&partner)
        .unwrap_or_else(|| VENDOR.to_owned());
    mail::queue_sealed(
        tx,
        identity.master(),
        &letters::invitation(identity.portal(), &membership.email, &membership.name, &host, &token),
    )
}
