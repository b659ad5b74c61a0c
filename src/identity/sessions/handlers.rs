//! One function per operation: take, call, answer.

use actix_web::post;

use super::{
    completion, flow,
    model::{
        InvitationAcceptance, Login, LoginCompletion, PasswordChange, PasswordReset, PasswordResetRequest, Refresh,
        RefreshTokenPlace, Session, Switch,
    },
    passwords_flow,
    queries::{self, EndReason, Which},
};
use crate::{
    auth::Caller,
    error::{Error, Result, codes},
    http::{Confidential, Json, NoContent, Plain, Reply, Sent, WithCookie},
    identity::{
        browser::{Browser, RefreshCookie, RequestedWith},
        engine::{Agent, CurrentSession, Identity},
        sign_ins::Method,
        users,
    },
};

/// A session as it is answered: its refresh token in the body, or as a cookie.
type SessionReply = Reply<WithCookie<Confidential<Plain<Session>>>>;

/// Where the refresh token shall be, if the request may ask for that.
fn place(browser: &Browser, wanted: Option<RefreshTokenPlace>) -> Result<RefreshTokenPlace> {
    let place = wanted.unwrap_or(RefreshTokenPlace::Body);
    if place == RefreshTokenPlace::Cookie {
        browser.check()?;
    }
    Ok(place)
}

fn session(
    mut session: Session,
    identity: &Identity,
    caller: &Caller,
    browser: &Browser,
    place: RefreshTokenPlace,
) -> SessionReply {
    let cookie = match place {
        RefreshTokenPlace::Body => None,
        RefreshTokenPlace::Cookie => session
            .refresh_token
            .take()
            .map(|token| browser.keep(&token, identity.db().now(), session.session_expires_at)),
    };
    Sent::of(WithCookie(Confidential(Plain(session)), cookie), caller)
}

/// Sign in
///
/// Opens a session with address and password. A wrong password, an unknown address and a disabled user are answered
/// alike. After some failures the next try must wait, by address and by network. Where a second factor guards the sign-in,
/// the right password is answered 403 `second_factor_required`, with a `challenge` that a code completes within five minutes.
#[utoipa::path(params(RequestedWith), extensions(("x-errors" = json!(["invalid_credentials", "second_factor_required", "cross_site_request"]))))]
#[post("/login")]
pub async fn login(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    browser: Browser,
    body: Json<Login>,
) -> SessionReply {
    let place = place(&browser, body.0.refresh_token_in)?;
    let opened = flow::login(&identity, &caller, &agent, body.0).await?;
    session(opened, &identity, &caller, &browser, place)
}

/// Complete a sign-in with a code
///
/// Opens the session that a right password began, with the challenge and a code of the authenticator or a recovery code. A code
/// is taken once; five wrong ones end the challenge, and make the next try wait.
#[utoipa::path(params(RequestedWith), extensions(("x-errors" = json!(["invalid_token", "invalid_credentials", "wrong_code", "cross_site_request"]))))]
#[post("/login/second-factor")]
pub async fn complete_login(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    browser: Browser,
    body: Json<LoginCompletion>,
) -> SessionReply {
    let place = place(&browser, body.0.refresh_token_in)?;
    let opened = completion::complete(&identity, &caller, &agent, body.0).await?;
    session(opened, &identity, &caller, &browser, place)
}

/// Renew a session
///
/// Gives a new access token and a new refresh token for a refresh token, which is good for one use. A second use ends
/// the session: somebody else has it. A token that came as a cookie is answered by another cookie; the pages of one browser
/// share it, so let one of them renew at a time (`navigator.locks`).
#[utoipa::path(params(RequestedWith, RefreshCookie), extensions(("x-errors" = json!(["invalid_token", "cross_site_request"]))))]
#[post("/refresh")]
pub async fn refresh_session(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    browser: Browser,
    body: Json<Refresh>,
) -> SessionReply {
    let (token, place) = match (body.0.refresh_token, &browser.refresh_token) {
        (Some(token), _) => (token, RefreshTokenPlace::Body),
        (None, Some(token)) => {
            browser.check()?;
            (token.clone(), RefreshTokenPlace::Cookie)
        }
        (None, None) => {
            return Err(Error::new(&codes::INVALID_TOKEN)
                .detail("Neither the body nor a cookie has a refresh token; sign in again."));
        }
    };
    let renewed = flow::refresh(&identity, &caller, &agent, token).await?;
    session(renewed, &identity, &caller, &browser, place)
}

/// Act for another partner
///
/// Opens a session of the caller at another partner that they belong to. One token is for one partner; the present
/// session stays. A token of an identity provider opens none: the provider says for whom it speaks.
#[utoipa::path(params(RequestedWith), extensions(("x-errors" = json!(["cross_site_request"]))))]
#[post("/switch")]
pub async fn switch_partner(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    browser: Browser,
    present: CurrentSession,
    body: Json<Switch>,
) -> SessionReply {
    let place = place(&browser, body.0.refresh_token_in)?;
    let (user, partner) = (caller.person()?, body.0.partner_id);
    if present.0.is_none() {
        return Err(Error::contradicts(
            "#/partner_id",
            "no_session",
            "Your token is of no session of this server; sign in here, or ask your identity provider for a token of that partner.",
        ));
    }
    let begun = identity
        .db()
        .run(&caller, move |tx| {
            let user = users::credentials_of(tx, user)?;
            let entry = flow::Entry {
                partner: Some(partner),
                method: Method::Refresh,
                second: None,
            };
            flow::begin(tx, &user, &entry, agent.0.as_deref())
        })
        .await?;
    session(flow::answer(&identity, begun)?, &identity, &caller, &browser, place)
}

/// Sign out
///
/// Ends the session of the caller's token: its refresh token at once, its access token within five seconds on every
/// instance. A refresh token that the browser keeps as a cookie is dropped.
#[utoipa::path]
#[post("/logout")]
pub async fn logout(
    identity: Identity,
    caller: Caller,
    session: CurrentSession,
    browser: Browser,
) -> Reply<WithCookie<NoContent>> {
    let gone = browser.forget();
    let Some(session) = session.0 else {
        caller.person()?;
        // A person whose token belongs to no session has nothing to end.
        return Sent::of(WithCookie(NoContent, gone), &caller);
    };
    let reply = identity
        .db()
        .write(&caller, move |tx| {
            queries::end(tx, Which::Session(session), EndReason::Logout).map(|()| WithCookie(NoContent, gone.clone()))
        })
        .await;
    identity.forget();
    reply
}

/// Sign out everywhere
///
/// Ends every session of the caller, on all devices. A refresh token that the browser keeps as a cookie is dropped.
#[utoipa::path]
#[post("/logout-everywhere")]
pub async fn logout_everywhere(identity: Identity, caller: Caller, browser: Browser) -> Reply<WithCookie<NoContent>> {
    let (user, gone) = (caller.person()?, browser.forget());
    let reply = identity
        .db()
        .write(&caller, move |tx| {
            users::raise_session_version(tx, user)?;
            queries::end(tx, Which::User(user), EndReason::Logout).map(|()| WithCookie(NoContent, gone.clone()))
        })
        .await;
    identity.forget();
    reply
}

/// Change your password
///
/// Needs the present password. Ends every session of the caller, and opens a new one.
#[utoipa::path(params(RequestedWith), extensions(("x-errors" = json!(["wrong_password", "cross_site_request"]))))]
#[post("/password")]
pub async fn change_password(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    browser: Browser,
    body: Json<PasswordChange>,
) -> SessionReply {
    let place = place(&browser, body.0.refresh_token_in)?;
    let opened = passwords_flow::change(&identity, &caller, &agent, body.0).await?;
    session(opened, &identity, &caller, &browser, place)
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
    Sent::of(NoContent, &caller)
}

/// Choose a new password
///
/// Uses the token out of the mail. Ends every session of the user.
#[utoipa::path(extensions(("x-errors" = json!(["invalid_token"]))))]
#[post("/password-reset/confirm")]
pub async fn confirm_password_reset(identity: Identity, caller: Caller, body: Json<PasswordReset>) -> Reply<NoContent> {
    passwords_flow::confirm_reset(&identity, &caller, body.0).await?;
    Sent::of(NoContent, &caller)
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
    Sent::of(NoContent, &caller)
}
