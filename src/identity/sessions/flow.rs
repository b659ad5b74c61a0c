//! How a session begins and goes on.
//!
//! A wrong password, an unknown name and a disabled user are answered alike, after the same work. The password is
//! compared while nobody else's is, and the throttle is looked at under that same turn, so that parallel guesses do
//! not slip past it.

use super::{
    model::{Login, Place, Session, TokenType},
    queries::{self, EndReason, Opened, Renewal, Which},
};
use crate::{
    auth::Caller,
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        engine::{Agent, Holder, Identity},
        memberships::{self, MembershipStatus, PartnerUser},
        sign_ins::{self, Method, Outcome, SignIn},
        throttle::{self, ThrottleKind, network},
        users::{self, Credentials, UserKind, UserStatus},
    },
    kernel::{
        ids::{PartnerId, UserId},
        words::fold,
    },
};

/// The subjects that a try counts for.
pub(super) fn subjects(identity: &Identity, caller: &Caller, email_key: &str) -> Vec<(ThrottleKind, String)> {
    let mut subjects = vec![(
        ThrottleKind::Identifier,
        identity.disguise(&format!("name:{email_key}")),
    )];
    if let Some(ip) = caller.request().ip {
        subjects.push((
            ThrottleKind::Address,
            identity.disguise(&format!("address:{}", network(ip))),
        ));
    }
    subjects
}

pub(super) fn must_wait(seconds: u32) -> Error {
    Error::new(&codes::RATE_LIMITED)
        .detail(format!(
            "Too many tries have failed; wait {seconds} seconds before the next."
        ))
        .retry_after(seconds)
}

fn wrong() -> Error {
    Error::new(&codes::INVALID_CREDENTIALS)
}

/// The user whose address and password these are, and who may sign in.
pub(super) async fn check_password(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    email: &str,
    password: &str,
) -> Result<Credentials> {
    let email_key = fold(email);
    let subjects = subjects(identity, caller, &email_key);
    let sign_in = SignIn {
        user: None,
        partner: None,
        identifier: subjects.first().map(|(_, hash)| hash.clone()),
        method: Method::Password,
        outcome: Outcome::Throttled,
        ip: caller.request().ip,
        agent: agent.0.clone(),
    };
    // Whoever must wait does not stand in the queue of the hasher.
    let asked = subjects.clone();
    let wait = identity.db().ask(caller, move |tx| throttle::waits(tx, &asked)).await?;
    if let Some(seconds) = wait {
        identity
            .db()
            .run(caller, move |tx| sign_ins::record(tx, &sign_in))
            .await?;
        return Err(must_wait(seconds));
    }
    let turn = identity.hasher().turn().await?;
    let asked = subjects.clone();
    let (wait, found) = identity
        .db()
        .ask(caller, move |tx| {
            Ok((
                throttle::waits(tx, &asked)?,
                users::credentials_by_email(tx, &email_key)?,
            ))
        })
        .await?;
    if let Some(seconds) = wait {
        drop(turn);
        identity
            .db()
            .run(caller, move |tx| sign_ins::record(tx, &sign_in))
            .await?;
        return Err(must_wait(seconds));
    }
    let right = turn
        .matches(
            password.to_owned(),
            found.as_ref().and_then(|user| user.password_hash.clone()),
        )
        .await?;
    match found {
        Some(user) if right && user.status == UserStatus::Active => Ok(user),
        found => {
            let disabled = right && found.is_some();
            let sign_in = SignIn {
                user: found.map(|user| user.id),
                outcome: if disabled {
                    Outcome::Disabled
                } else {
                    Outcome::WrongCredentials
                },
                ..sign_in
            };
            identity
                .db()
                .run(caller, move |tx| {
                    throttle::fail(tx, &subjects)?;
                    sign_ins::record(tx, &sign_in)
                })
                .await?;
            // Kept until the failure is counted: the next in line must see it.
            drop(turn);
            Err(wrong())
        }
    }
}

/// The partners that the user may act for.
///
/// # Errors
/// What the database reports.
pub fn places(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Place>> {
    let active: Vec<PartnerUser> = memberships::of_user(tx, user)?
        .into_iter()
        .filter(|membership| membership.status == MembershipStatus::Active)
        .collect();
    let ids: Vec<PartnerId> = active.iter().map(|membership| membership.partner_id).collect();
    let mut names = memberships::partner_names(tx, &ids)?;
    let place = |membership: PartnerUser| Place {
        partner_user_id: membership.id,
        partner_name: names.remove(&membership.partner_id).unwrap_or_default(),
        partner_id: membership.partner_id,
        roles: membership.roles,
    };
    Ok(active.into_iter().map(place).collect())
}

/// Who begins a session, and where.
pub(super) struct Entry {
    pub user: UserId,
    pub kind: UserKind,
    pub session_version: i64,
    pub partner: Option<PartnerId>,
    pub method: Method,
}

/// A session in the database, and what its tokens must say.
#[derive(Clone)]
pub struct Begun {
    opened: Opened,
    holder: Holder,
    places: Vec<Place>,
}

/// Begins a session for a user who is known by now.
pub(super) fn begin(tx: &mut Tx<'_>, entry: &Entry, agent: Option<&str>) -> Result<Begun> {
    let places = places(tx, entry.user)?;
    let place = match (entry.kind, entry.partner) {
        (UserKind::Vendor, None) => None,
        (UserKind::Partner, None) => Some(places.first().ok_or_else(wrong)?),
        (_, Some(partner)) => Some(places.iter().find(|place| place.partner_id == partner).ok_or_else(|| {
            Error::unknown_reference(
                "#/partner_id",
                "You do not belong to that partner; leave it out, or name one of your own.",
            )
        })?),
    };
    let opened = queries::open(tx, entry.user, place.map(|place| place.partner_user_id), agent)?;
    let partner = place.map(|place| place.partner_id);
    users::note_sign_in(tx, entry.user)?;
    let sign_in = SignIn {
        user: Some(entry.user),
        partner,
        identifier: None,
        method: entry.method,
        outcome: Outcome::Success,
        ip: tx.caller().request().ip,
        agent: agent.map(str::to_owned),
    };
    sign_ins::record(tx, &sign_in)?;
    let holder = Holder::User {
        user: entry.user,
        session: opened.session,
        session_version: entry.session_version,
        partner,
    };
    Ok(Begun { opened, holder, places })
}

/// The session as it is answered.
///
/// # Errors
/// `internal` if the token cannot be signed.
pub(super) fn answer(identity: &Identity, begun: Begun) -> Result<Session> {
    let Holder::User { user, partner, .. } = begun.holder else {
        return Err(Error::internal("a session of no user"));
    };
    Ok(Session {
        access_token: identity.access_token(&begun.holder)?,
        token_type: TokenType::Bearer,
        expires_in: identity.lifetime(),
        refresh_token: begun.opened.refresh_token,
        session_expires_at: begun.opened.expires_at,
        session_id: begun.opened.session,
        user_id: user,
        partner_id: partner,
        places: begun.places,
    })
}

/// Signs in with a password.
pub(super) async fn login(identity: &Identity, caller: &Caller, agent: &Agent, login: Login) -> Result<Session> {
    let user = check_password(identity, caller, agent, &login.email, &login.password).await?;
    let forgiven = subjects(identity, caller, &fold(&login.email)).into_iter().next();
    let (partner, agent) = (login.partner_id, agent.0.clone());
    let begun = identity
        .db()
        .run(caller, move |tx| {
            if let Some((_, subject)) = &forgiven {
                throttle::forgive(tx, subject)?;
            }
            let entry = Entry {
                user: user.id,
                kind: user.kind,
                session_version: user.session_version,
                partner,
                method: Method::Password,
            };
            begin(tx, &entry, agent.as_deref())
        })
        .await?;
    answer(identity, begun)
}

/// A session for a user without a password: for set-up and tests, where the program itself vouches.
///
/// # Errors
/// 404 for an unknown user, 409 for a partner that the user does not belong to.
pub fn session(identity: &Identity, user: UserId, partner: Option<PartnerId>) -> Result<Session> {
    let begun = identity
        .db()
        .run_now(&Caller::system("a session of set-up"), move |tx| {
            let user = users::credentials_of(tx, user)?;
            begin(
                tx,
                &Entry {
                    user: user.id,
                    kind: user.kind,
                    session_version: user.session_version,
                    partner,
                    method: Method::OneTimeToken,
                },
                None,
            )
        })?;
    answer(identity, begun)
}

/// What came of a renewal; everything but the first has been written down.
#[derive(Clone)]
enum Renewed {
    Goes(Begun),
    Refused,
}

/// Renews a session. A token that was used before ends its session: one of the two who had it is not whom it was given to.
pub(super) async fn refresh(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    refresh_token: String,
) -> Result<Session> {
    let agent = agent.0.clone();
    let renewed = identity
        .db()
        .run(caller, move |tx| {
            let note = |tx: &mut Tx<'_>, user: Option<UserId>, outcome: Outcome| {
                let sign_in = SignIn {
                    user,
                    partner: None,
                    identifier: None,
                    method: Method::Refresh,
                    outcome,
                    ip: tx.caller().request().ip,
                    agent: agent.clone(),
                };
                sign_ins::record(tx, &sign_in)
            };
            let (family, opened) = match queries::renew(tx, &refresh_token)? {
                Renewal::Unknown => {
                    note(tx, None, Outcome::WrongCredentials)?;
                    return Ok(Renewed::Refused);
                }
                Renewal::Reused(family) => {
                    queries::end(tx, Which::Session(family.session), EndReason::Reuse)?;
                    note(tx, Some(family.user), Outcome::ReuseDetected)?;
                    return Ok(Renewed::Refused);
                }
                Renewal::Ended(family) => {
                    note(tx, Some(family.user), Outcome::Expired)?;
                    return Ok(Renewed::Refused);
                }
                Renewal::Renewed(family, opened) => (family, opened),
            };
            let user = users::credentials_of(tx, family.user)?;
            let places = places(tx, family.user)?;
            let place = family
                .membership
                .and_then(|membership| places.iter().find(|place| place.partner_user_id == membership));
            if user.status != UserStatus::Active || place.is_some() != family.membership.is_some() {
                queries::end(tx, Which::Session(family.session), EndReason::UserDisabled)?;
                note(tx, Some(family.user), Outcome::Disabled)?;
                return Ok(Renewed::Refused);
            }
            let partner = place.map(|place| place.partner_id);
            let sign_in = SignIn {
                user: Some(user.id),
                partner,
                identifier: None,
                method: Method::Refresh,
                outcome: Outcome::Success,
                ip: tx.caller().request().ip,
                agent: agent.clone(),
            };
            sign_ins::record(tx, &sign_in)?;
            let holder = Holder::User {
                user: user.id,
                session: family.session,
                session_version: user.session_version,
                partner,
            };
            Ok(Renewed::Goes(Begun { opened, holder, places }))
        })
        .await?;
    match renewed {
        Renewed::Goes(begun) => answer(identity, begun),
        Renewed::Refused => {
            identity.forget();
            Err(Error::new(&codes::INVALID_TOKEN)
                .detail("The refresh token is unknown, was used before, or its session has ended; sign in again."))
        }
    }
}
