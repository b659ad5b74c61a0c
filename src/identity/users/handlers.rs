//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{NewVendorUser, User, UserFilter, UserPatch, UserStatus},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, Path, Query, Reply},
    identity::{
        Identity, invite,
        one_time::{self, Purpose},
        second_factors, sessions,
    },
    kernel::{
        ids::UserId,
        page::{Page, Paging},
    },
};

/// List users
///
/// Everybody who signs in, of the vendor and of partners.
#[utoipa::path(params(UserFilter, Paging))]
#[get("")]
pub async fn list_users(db: Db, caller: Caller, filter: Query<UserFilter>, paging: Paging) -> Reply<Page<User>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Invite a vendor user
///
/// Makes a user of the vendor's own and sends a mail with a one-time token, by which the user chooses a password.
/// People of partners are invited as partner users.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn invite_user(db: Db, identity: Identity, caller: Caller, new: Json<NewVendorUser>) -> Reply<Created<User>> {
    let new = NewVendorUser {
        email: rules::email(&new.0.email, "#/email")?,
        ..new.0
    };
    db.write(&caller, move |tx| invite::vendor_user(tx, &identity, &new).map(Created))
        .await
}

/// Read a user
///
/// One user with roles, row scope and territories.
#[utoipa::path(params(UserId))]
#[get("/{id}")]
pub async fn get_user(db: Db, caller: Caller, id: Path<UserId>) -> Reply<Json<User>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a user
///
/// Sets name, roles, row scope, team and territories. Rights hold within five seconds on every instance. The last
/// administrator stays one.
#[utoipa::path(params(UserId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[patch("/{id}")]
pub async fn update_user(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<UserId>,
    seen: IfMatch,
    patch: Json<UserPatch>,
) -> Reply<Json<User>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(&patch.0, tx.now)?;
            let others = queries::other_admins(tx, before.id)?;
            rules::keep_an_admin(&before, &after, others, "update")?;
            queries::save(tx, &before, after, "user.updated").map(Json)
        })
        .await;
    identity.forget();
    reply
}

/// Disable a user
///
/// Ends every session of the user and the right to sign in; the records that name the user stay. Nobody disables
/// themselves or the last administrator.
#[utoipa::path(params(UserId), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/disable")]
pub async fn disable_user(db: Db, identity: Identity, caller: Caller, id: Path<UserId>) -> Reply<Json<User>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = queries::find(tx, id.0)?;
            let after = before
                .clone()
                .moved(rules::MACHINE.go(before.status, "disable")?, tx.now);
            rules::not_yourself(&before, tx.caller().user())?;
            let others = queries::other_admins(tx, before.id)?;
            rules::keep_an_admin(&before, &after, others, "disable")?;
            queries::raise_session_version(tx, before.id)?;
            sessions::end(tx, sessions::Which::User(before.id), sessions::EndReason::UserDisabled)?;
            one_time::revoke(tx, Purpose::Invitation, before.id, None)?;
            one_time::revoke(tx, Purpose::PasswordReset, before.id, None)?;
            queries::save(tx, &before, after, "user.disabled").map(Json)
        })
        .await;
    identity.forget();
    reply
}

/// Enable a user
///
/// Gives back the right to sign in; somebody who never chose a password is invited again.
#[utoipa::path(params(UserId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/enable")]
pub async fn enable_user(db: Db, identity: Identity, caller: Caller, id: Path<UserId>) -> Reply<Json<User>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        let has_password = queries::credentials_of(tx, before.id)?.password_hash.is_some();
        let target = if has_password {
            UserStatus::Active
        } else {
            UserStatus::Invited
        };
        let after = before
            .clone()
            .moved(rules::MACHINE.go_to(before.status, "enable", target)?, tx.now);
        let after = queries::save(tx, &before, after, "user.enabled")?;
        if target == UserStatus::Invited {
            invite::send(tx, &identity, &after)?;
        }
        Ok(Json(after))
    })
    .await
}

/// Invite a user again
///
/// Sends another mail; the token of the one before has ended.
#[utoipa::path(params(UserId), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/invite")]
pub async fn invite_user_again(db: Db, identity: Identity, caller: Caller, id: Path<UserId>) -> Reply<Json<User>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        let now = tx.now;
        let after = User {
            invited_at: Some(now),
            ..before.clone().moved(rules::MACHINE.go(before.status, "invite")?, now)
        };
        let after = queries::save(tx, &before, after, "user.invited")?;
        invite::send(tx, &identity, &after)?;
        Ok(Json(after))
    })
    .await
}

/// Take away a user's second factor
///
/// For somebody who lost authenticator and recovery codes: the password alone signs in again, every session ends, and a mail
/// tells the user. Where a second factor is required, the user sets up another one first thing. Nobody takes away their own.
#[utoipa::path(params(UserId), extensions(("x-errors" = json!(["guard_failed"]))))]
#[post("/{id}/reset-second-factor")]
pub async fn reset_user_second_factor(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<UserId>,
) -> Reply<Json<User>> {
    let told = identity.clone();
    let reply = db
        .write(&caller, move |tx| second_factors::reset(tx, &told, id.0).map(Json))
        .await;
    identity.forget();
    reply
}
