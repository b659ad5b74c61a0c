//! One function per operation: take, call, answer.

use actix_web::post;

use super::{
    flow,
    model::{
        InvitationAcceptance, Login, PasswordChange, PasswordReset, PasswordResetRequest, Refresh, Session, Switch,
    },
    passwords_flow,
    queries::{self, EndReason, Which},
};
use crate::{
    auth::Caller,
    error::Result,
    http::{Answer, Confidential, Json, NoContent, Plain, Reply, Sent},
    identity::{
        engine::{Agent, CurrentSession, Identity},
        sign_ins::Method,
        users,
    },
};

fn sent<A: Answer>(answer: A, caller: &Caller) -> Reply<A> {
    answer.render(caller.request()).map(Sent::new)
}

fn session(session: Result<Session>, caller: &Caller) -> Reply<Confidential<Plain<Session>>> {
    sent(Confidential(Plain(session?)), caller)
}

/// Sign in
///
/// Opens a session with address and password. A wrong password, an unknown address and a disabled user are answered
/// alike. After some failures the next try must wait, by address and by network.
#[utoipa::path(extensions(("x-errors" = json!(["invalid_credentials"]))))]
#[post("/login")]
pub async fn login(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<Login>,
) -> Reply<Confidential<Plain<Session>>> {
    session(flow::login(&identity, &caller, &agent, body.0).await, &caller)
}

/// Renew a session
///
/// Gives a new access token and a new refresh token for a refresh token, which is good for one use. A second use ends
/// the session: somebody else has it.
#[utoipa::path(extensions(("x-errors" = json!(["invalid_token"]))))]
#[post("/refresh")]
pub async fn refresh_session(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<Refresh>,
) -> Reply<Confidential<Plain<Session>>> {
    session(
        flow::refresh(&identity, &caller, &agent, body.0.refresh_token).await,
        &caller,
    )
}

/// Act for another partner
///
/// Opens a session of the caller at another partner that they belong to. One token is for one partner; the present
/// session stays.
#[utoipa::path]
#[post("/switch")]
pub async fn switch_partner(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<Switch>,
) -> Reply<Confidential<Plain<Session>>> {
    let (user, partner) = (caller.person()?, body.0.partner_id);
    let begun = identity
        .db()
        .run(&caller, move |tx| {
            let user = users::credentials_of(tx, user)?;
            let entry = flow::Entry {
                user: user.id,
                kind: user.kind,
                session_version: user.session_version,
                partner: Some(partner),
                method: Method::Refresh,
            };
            flow::begin(tx, &entry, agent.0.as_deref())
        })
        .await?;
    session(flow::answer(&identity, begun), &caller)
}

/// Sign out
///
/// Ends the session of the caller's token: its refresh token at once, its access token within five seconds on every
/// instance.
#[utoipa::path]
#[post("/logout")]
pub async fn logout(identity: Identity, caller: Caller, session: CurrentSession) -> Reply<NoContent> {
    let Some(session) = session.0 else {
        caller.person()?;
        // A person whose token belongs to no session has nothing to end.
        return NoContent.render(caller.request()).map(Sent::new);
    };
    let reply = identity
        .db()
        .write(&caller, move |tx| {
            queries::end(tx, Which::Session(session), EndReason::Logout).map(|()| NoContent)
        })
        .await;
    identity.forget();
    reply
}

/// Sign out everywhere
///
/// Ends every session of the caller, on all devices.
#[utoipa::path]
#[post("/logout-everywhere")]
pub async fn logout_everywhere(identity: Identity, caller: Caller) -> Reply<NoContent> {
    let user = caller.person()?;
    let reply = identity
        .db()
        .write(&caller, move |tx| {
            users::raise_session_version(tx, user)?;
            queries::end(tx, Which::User(user), EndReason::Logout).map(|()| NoContent)
        })
        .await;
    identity.forget();
    reply
}

/// Change your password
///
/// Needs the present password. Ends every session of the caller, and opens a new one.
#[utoipa::path(extensions(("x-errors" = json!(["wrong_password"]))))]
#[post("/password")]
pub async fn change_password(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    body: Json<PasswordChange>,
) -> Reply<Confidential<Plain<Session>>> {
    session(
        passwords_flow::change(&identity, &caller, &agent, body.0).await,
        &caller,
    )
}

/// Ask for a new password
///
/// Sends a mail with a one-time token to the address, if somebody signs in with it. The answer does not tell.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated"]))))]
#[post("/password-reset")]
pub async fn request_password_reset(
    identity: Identity,
    caller: Caller,
    body: Json<PasswordResetRequest>,
) -> Reply<NoContent> {
    passwords_flow::request_reset(&identity, &caller, body.0).await?;
    sent(NoContent, &caller)
}

/// Choose a new password
///
/// Uses the token out of the mail. Ends every session of the user.
#[utoipa::path(extensions(("x-errors" = json!(["invalid_token"]))))]
#[post("/password-reset/confirm")]
pub async fn confirm_password_reset(identity: Identity, caller: Caller, body: Json<PasswordReset>) -> Reply<NoContent> {
    passwords_flow::confirm_reset(&identity, &caller, body.0).await?;
    sent(NoContent, &caller)
}

/// Accept an invitation
///
/// Uses the token out of the mail and sets the password to sign in with. Somebody who signs in already, and is invited
/// by another partner, needs no password.
#[utoipa::path(extensions(("x-errors" = json!(["invalid_token"]))))]
#[post("/invitations/accept")]
pub async fn accept_invitation(
    identity: Identity,
    caller: Caller,
    body: Json<InvitationAcceptance>,
) -> Reply<NoContent> {
    passwords_flow::accept(&identity, &caller, body.0).await?;
    sent(NoContent, &caller)
}
