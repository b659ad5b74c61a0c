//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    flow,
    model::{
        NewSecondFactor, RecoveryCodeSet, SecondFactor, SecondFactorConfirmation, SecondFactorEnrolment,
        SecondFactorProof, SecondFactorStatus,
    },
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Confidential, Json, NoContent, Plain, Reply, Sent},
    identity::{
        Identity,
        engine::{Agent, CurrentSession},
        users,
    },
};

/// Read your second factor
///
/// Whether one guards the caller's sign-in, whether it must, and how many recovery codes are left.
#[utoipa::path]
#[get("")]
pub async fn get_second_factor(db: Db, identity: Identity, caller: Caller) -> Reply<Plain<SecondFactor>> {
    let user = caller.person()?;
    let required = identity.second_factor().requires(caller.side());
    db.snapshot(&caller, move |tx| {
        let status = match queries::confirmed(tx, user)? {
            None => SecondFactorStatus::Missing,
            Some(false) => SecondFactorStatus::Pending,
            Some(true) => SecondFactorStatus::Active,
        };
        Ok(Plain(SecondFactor {
            status,
            required,
            active_since: users::find(tx, user)?.second_factor_at,
            recovery_codes_left: queries::recovery_codes_left(tx, user)?,
        }))
    })
    .await
}

/// Set up a second factor
///
/// Answers a secret for an authenticator (TOTP, RFC 6238), once; it guards nothing until a first code confirms it. Another call
/// before that gives another secret. Needs the password.
#[utoipa::path(extensions(("x-errors" = json!(["wrong_password", "already_exists"]))))]
#[post("")]
pub async fn enrol_second_factor(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<NewSecondFactor>,
) -> Reply<Confidential<Plain<SecondFactorEnrolment>>> {
    let enrolment = flow::enrol(&identity, &caller, &agent, body.0.password).await?;
    Sent::of(Confidential(Plain(enrolment)), &caller)
}

/// Confirm your second factor
///
/// Takes the first code. From then on every sign-in asks for one; the caller's other sessions end. Answers ten recovery codes,
/// each good for one sign-in without the authenticator, and shown only here.
#[utoipa::path(extensions(("x-errors" = json!(["wrong_code", "invalid_state"]))))]
#[post("/confirm")]
pub async fn confirm_second_factor(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    session: CurrentSession,
    body: Json<SecondFactorConfirmation>,
) -> Reply<Confidential<Plain<RecoveryCodeSet>>> {
    let codes = flow::confirm(&identity, &caller, &agent, session.0, body.0.code).await?;
    Sent::of(Confidential(Plain(codes)), &caller)
}

/// Replace your recovery codes
///
/// Answers ten new ones; those before are good for nothing. Needs the password or a code.
#[utoipa::path(extensions(("x-errors" = json!(["wrong_password", "wrong_code", "invalid_state"]))))]
#[post("/recovery-codes")]
pub async fn replace_recovery_codes(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<SecondFactorProof>,
) -> Reply<Confidential<Plain<RecoveryCodeSet>>> {
    let codes = flow::replace_codes(&identity, &caller, &agent, body.0).await?;
    Sent::of(Confidential(Plain(codes)), &caller)
}

/// Remove your second factor
///
/// The password alone signs in again; a mail tells the caller. Needs the password or a code. Where a second factor is required,
/// nothing but setting up another is possible afterwards.
#[utoipa::path(extensions(("x-errors" = json!(["wrong_password", "wrong_code", "invalid_state"]))))]
#[post("/remove")]
pub async fn remove_second_factor(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<SecondFactorProof>,
) -> Reply<NoContent> {
    flow::remove(&identity, &caller, &agent, body.0).await?;
    Sent::of(NoContent, &caller)
}
