//! The vendor's own people. They can sign in once somebody invites them: an import sends no mail and sets no password.

use super::{Applied, ImportKind, Incoming};
use crate::{
    db::Tx,
    error::Result,
    identity::users::{self, NewVendorUser, User, UserKind, UserStatus, sorted},
    kernel::ids::{Id as _, UserId},
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let new: NewVendorUser = incoming.parsed()?;
    let before = match incoming.known::<UserId>()? {
        Some(id) => Some(users::find(tx, id)?),
        None => users::by_email(tx, &new.email)?,
    };
    let Some(before) = before else {
        let user = User::new(
            UserId::at(tx.now),
            UserKind::Vendor,
            &new.email,
            &new.name,
            UserStatus::Invited,
            tx.now,
        );
        let user = User {
            roles: sorted(new.roles),
            row_scope: Some(new.row_scope),
            territory_ids: sorted(new.territory_ids),
            invited_at: None,
            ..user
        };
        let made = users::insert(tx, user, None)?;
        incoming.name(tx, ImportKind::Users, &made.id.to_string())?;
        return Ok(Applied::made(made.id).because(
            "not_invited",
            "no mail was sent; invite the user when they are to sign in",
        ));
    };
    incoming.name(tx, ImportKind::Users, &before.id.to_string())?;
    // Roles and rows of somebody who is there already are an administrator's to change, not a file's.
    if before.name == new.name {
        return Ok(Applied::changed(false, before.id));
    }
    let after = User {
        name: new.name,
        revision: before.revision + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    let after = users::save(tx, &before, after, "user.updated")?;
    Ok(Applied::changed(true, after.id))
}
