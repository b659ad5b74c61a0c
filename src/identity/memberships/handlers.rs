//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{MembershipStatus, NewPartnerUser, PartnerUser, PartnerUserFilter, PartnerUserPatch},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, Result},
    http::{Created, IfMatch, Json, Path, Query, Reply},
    identity::{
        Identity, invite,
        one_time::{self, Purpose},
        second_factors, sessions, users,
    },
    kernel::{
        ids::{MembershipId, PartnerId},
        page::{Page, Paging},
    },
};

/// List partner users
///
/// The people who act for partners, with their roles. A partner's administrators see those of their own.
#[utoipa::path(params(PartnerUserFilter, Paging))]
#[get("")]
pub async fn list_partner_users(
    db: Db,
    caller: Caller,
    filter: Query<PartnerUserFilter>,
    paging: Paging,
) -> Reply<Page<PartnerUser>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// The partner that an invitation is for: named, or the caller's own.
fn partner_of(caller: &Caller, new: &NewPartnerUser) -> Result<PartnerId> {
    let partner = new.partner_id.or_else(|| caller.partner());
    let known = partner.filter(|partner| caller.sees(*partner) && caller.partner().is_none_or(|own| own == *partner));
    known.ok_or_else(|| {
        Error::unknown_reference("#/partner_id", "There is no such partner whose people you may invite.")
    })
}

/// Invite a partner user
///
/// Sends a mail with a one-time token. Somebody who signs in already keeps name and password, and gets another place.
/// The vendor invites for any partner that the caller sees; a partner's administrators for their own.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists", "guard_failed"]))))]
#[post("")]
pub async fn invite_partner_user(
    db: Db,
    identity: Identity,
    caller: Caller,
    new: Json<NewPartnerUser>,
) -> Reply<Created<PartnerUser>> {
    let partner = partner_of(&caller, &new.0)?;
    let new = NewPartnerUser {
        email: users::email(&new.0.email, "#/email")?,
        ..new.0
    };
    db.write(&caller, move |tx| {
        invite::partner_user(tx, &identity, partner, &new).map(Created)
    })
    .await
}

/// Read a partner user
///
/// One person's place at one partner.
#[utoipa::path(params(MembershipId))]
#[get("/{id}")]
pub async fn get_partner_user(db: Db, caller: Caller, id: Path<MembershipId>) -> Reply<Json<PartnerUser>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a partner user
///
/// Sets the roles at the partner. They hold within five seconds on every instance. A partner's own people leave it somebody who
/// runs its account.
#[utoipa::path(params(MembershipId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[patch("/{id}")]
pub async fn update_partner_user(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<MembershipId>,
    seen: IfMatch,
    patch: Json<PartnerUserPatch>,
) -> Reply<Json<PartnerUser>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(&patch.0, tx.now);
            let others = queries::other_admins(tx, &before)?;
            rules::keep_an_admin(&before, &after, others, tx.caller().is_vendor(), "update")?;
            queries::save(tx, &before, after, "partner_user.updated").map(Json)
        })
        .await;
    identity.forget();
    reply
}

/// Disable a partner user
///
/// Ends the right to act for the partner, every session there, and an invitation that waits; sessions at other partners stay.
/// A partner's own people leave it somebody who runs its account.
#[utoipa::path(params(MembershipId), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/disable")]
pub async fn disable_partner_user(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<MembershipId>,
) -> Reply<Json<PartnerUser>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            let after = before
                .clone()
                .moved(rules::MACHINE.go(before.status, "disable")?, tx.now);
            let others = queries::other_admins(tx, &before)?;
            rules::keep_an_admin(&before, &after, others, tx.caller().is_vendor(), "disable")?;
            one_time::revoke(tx, Purpose::Invitation, before.user_id, Some(before.partner_id))?;
            sessions::end(
                tx,
                sessions::Which::Membership(before.id),
                sessions::EndReason::MembershipEnded,
            )?;
            queries::save(tx, &before, after, "partner_user.disabled").map(Json)
        })
        .await;
    identity.forget();
    reply
}

/// Enable a partner user
///
/// Gives back the right to act for the partner; somebody who never accepted is invited again.
#[utoipa::path(params(MembershipId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/enable")]
pub async fn enable_partner_user(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<MembershipId>,
) -> Reply<Json<PartnerUser>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        let known = users::find(tx, before.user_id)?.status == users::UserStatus::Active;
        let target = if known {
            MembershipStatus::Active
        } else {
            MembershipStatus::Invited
        };
        let after = before
            .clone()
            .moved(rules::MACHINE.go_to(before.status, "enable", target)?, tx.now);
        let after = queries::save(tx, &before, after, "partner_user.enabled")?;
        if target == MembershipStatus::Invited {
            invite::send_to_place(tx, &identity, &after)?;
        }
        Ok(Json(after))
    })
    .await
}

/// Invite a partner user again
///
/// Sends another mail; the token of the one before has ended.
#[utoipa::path(params(MembershipId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/invite")]
pub async fn invite_partner_user_again(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<MembershipId>,
) -> Reply<Json<PartnerUser>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        let after = before
            .clone()
            .moved(rules::MACHINE.go(before.status, "invite")?, tx.now);
        let after = queries::save(tx, &before, after, "partner_user.invited")?;
        invite::send_to_place(tx, &identity, &after)?;
        Ok(Json(after))
    })
    .await
}

/// Take away a partner user's second factor
///
/// For somebody who lost authenticator and recovery codes: the password alone signs in again, every session ends, and a mail
/// tells the user. A partner's administrators do it for people who act for no other partner; nobody does it for themselves.
#[utoipa::path(params(MembershipId), extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("/{id}/reset-second-factor")]
pub async fn reset_partner_user_second_factor(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<MembershipId>,
) -> Reply<Json<PartnerUser>> {
    let told = identity.clone();
    let reply = db
        .write(&caller, move |tx| {
            let place = queries::find(tx, id.0)?;
            let all = queries::of_user(tx, place.user_id)?;
            rules::only_here(&place, &all, tx.caller().is_vendor())?;
            second_factors::reset(tx, &told, place.user_id)?;
            queries::find(tx, id.0).map(Json)
        })
        .await;
    identity.forget();
    reply
}
