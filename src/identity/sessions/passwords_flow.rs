//! How passwords come and go: by invitation, by a mail after forgetting, by choice. Each change ends every session.

use super::{
    flow::{self, Entry, must_wait, name_subjects},
    model::{InvitationAcceptance, PasswordChange, PasswordReset, PasswordResetRequest, Session},
    queries::{self, EndReason, Which},
};
use crate::{
    auth::Caller,
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        engine::{Agent, Identity},
        letters,
        memberships::{self, MembershipStatus},
        one_time::{self, Proof, Purpose},
        passwords,
        sign_ins::Method,
        throttle::{self, ThrottleKind},
        users::{self, User, UserStatus},
    },
    kernel::{ids::UserId, words::fold},
    mail,
};

/// Gives the user another password and ends every session.
fn put(tx: &mut Tx<'_>, before: &User, after: User, hash: &str, kind: &'static str) -> Result<User> {
    users::set_password(tx, before.id, hash)?;
    users::raise_session_version(tx, before.id)?;
    queries::end(tx, Which::User(before.id), EndReason::PasswordChanged)?;
    one_time::revoke(tx, Purpose::PasswordReset, before.id, None)?;
    users::save(tx, before, after, kind)
}

/// The user as the next revision: nothing that can be read has changed, but something has.
fn touched(user: &User, tx: &Tx<'_>) -> User {
    user.clone().moved(user.status, tx.now)
}

/// Changes the caller's own password, and begins a new session in place of all.
pub(super) async fn change(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    change: PasswordChange,
) -> Result<Session> {
    let id = caller.person()?;
    let user = identity
        .db()
        .ask(caller, move |tx| users::credentials_of(tx, id))
        .await?;
    passwords::check(&change.new_password, &user.email, &user.name, "#/new_password")?;
    flow::own_password(identity, caller, agent, &change.current_password, "#/current_password").await?;
    let hash = identity.hasher().turn().await?.hash(change.new_password).await?;
    let (agent, partner) = (agent.0.clone(), caller.partner());
    let begun = identity
        .db()
        .run(caller, move |tx| {
            let before = users::find(tx, id)?;
            let after = touched(&before, tx);
            put(tx, &before, after, &hash, "user.password_changed")?;
            let fresh = users::credentials_of(tx, id)?;
            let entry = Entry {
                partner,
                method: Method::Password,
                second: None,
            };
            flow::begin(tx, &fresh, &entry, agent.as_deref())
        })
        .await?;
    identity.forget();
    flow::answer(identity, begun)
}

/// Sends a mail with a one-time token, if somebody signs in with that address. It is answered alike in any case.
pub(super) async fn request_reset(identity: &Identity, caller: &Caller, request: PasswordResetRequest) -> Result<()> {
    let email_key = fold(&request.email);
    let mut subjects = name_subjects(identity, caller, &email_key);
    // Asking counts apart from guessing, or else asking could stop somebody from signing in.
    for (_, subject) in &mut subjects {
        *subject = format!("reset:{subject}");
    }
    let secret = identity.clone();
    let wait = identity
        .db()
        .run(caller, move |tx| {
            if let Some(seconds) = throttle::waits(tx, &subjects)? {
                return Ok(Some(seconds));
            }
            throttle::fail(tx, &subjects)?;
            let found = users::credentials_by_email(tx, &email_key)?.filter(|user| user.status == UserStatus::Active);
            if let Some(user) = found {
                one_time::revoke(tx, Purpose::PasswordReset, user.id, None)?;
                let proof = Proof {
                    user: Some(user.id),
                    partner: None,
                    email_key: email_key.clone(),
                };
                let token = one_time::issue(tx, Purpose::PasswordReset, &proof)?;
                mail::queue_sealed(
                    tx,
                    secret.master(),
                    &letters::password_reset(secret.portal(), &user.email, &user.name, &token),
                )?;
            }
            Ok(None)
        })
        .await?;
    wait.map_or(Ok(()), |seconds| Err(must_wait(seconds)))
}

/// Chooses a new password by the token out of a mail.
pub(super) async fn confirm_reset(identity: &Identity, caller: &Caller, reset: PasswordReset) -> Result<()> {
    // The rules need the user; a token that fails them is not used up.
    let token = reset.token.clone();
    let hash = identity.hasher().turn().await?.hash(reset.new_password.clone()).await?;
    let forgiven = identity.clone();
    identity
        .db()
        .run(caller, move |tx| {
            let id = one_time::redeem(tx, Purpose::PasswordReset, &token)?
                .user
                .ok_or_else(invalid)?;
            let before = users::find(tx, id)?;
            if before.status != UserStatus::Active {
                return Err(invalid());
            }
            passwords::check(&reset.new_password, &before.email, &before.name, "#/new_password")?;
            let after = touched(&before, tx);
            put(tx, &before, after, &hash, "user.password_changed")?;
            // Whoever can read the mail may sign in at once, however many guesses were made before.
            let key = fold(&before.email);
            for (kind, subject) in name_subjects(&forgiven, tx.caller(), &key) {
                if kind == ThrottleKind::Identifier {
                    throttle::forgive(tx, &subject)?;
                }
            }
            Ok(())
        })
        .await?;
    identity.forget();
    Ok(())
}

fn invalid() -> Error {
    Error::new(&codes::INVALID_TOKEN)
}

/// Accepts an invitation: of a new user, or of a known one at another partner.
pub(super) async fn accept(identity: &Identity, caller: &Caller, acceptance: InvitationAcceptance) -> Result<()> {
    let hash = match &acceptance.password {
        Some(password) => Some(identity.hasher().turn().await?.hash(password.clone()).await?),
        None => None,
    };
    identity
        .db()
        .run(caller, move |tx| {
            let proof = one_time::redeem(tx, Purpose::Invitation, &acceptance.token)?;
            let id: UserId = proof.user.ok_or_else(invalid)?;
            let before = users::find(tx, id)?;
            match before.status {
                UserStatus::Disabled => return Err(invalid()),
                UserStatus::Invited => {
                    let (Some(password), Some(hash)) = (&acceptance.password, &hash) else {
                        return Err(Error::contradicts(
                            "#/password",
                            "required",
                            "Choose a password of at least 12 characters.",
                        ));
                    };
                    let name = acceptance.name.clone().unwrap_or_else(|| before.name.clone());
                    passwords::check(password, &before.email, &name, "#/password")?;
                    let to = users::MACHINE.go(before.status, "accept")?;
                    let after = User {
                        name: name.trim().to_owned(),
                        ..before.clone().moved(to, tx.now)
                    };
                    put(tx, &before, after, hash, "user.activated")?;
                }
                // Somebody who has a password keeps it; the token opens the new place alone.
                UserStatus::Active => {}
            }
            let invited = memberships::of_user(tx, id)?
                .into_iter()
                .filter(|membership| membership.status == MembershipStatus::Invited);
            for membership in
                invited.filter(|membership| proof.partner.is_none_or(|partner| partner == membership.partner_id))
            {
                let to = memberships::MACHINE.go(membership.status, "accept")?;
                let after = membership.clone().moved(to, tx.now);
                memberships::save(tx, &membership, after, "partner_user.activated")?;
            }
            Ok(())
        })
        .await?;
    identity.forget();
    Ok(())
}
