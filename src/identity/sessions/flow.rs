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
    auth::{Caller, Side},
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        engine::{Agent, Holder, Identity},
        memberships::{self, MembershipStatus, PartnerUser},
        second_factors,
        sign_ins::{self, Method, Outcome, SecondProof, SignIn},
        throttle::{self, ThrottleKind, network},
        users::{self, Credentials, UserKind, UserStatus},
    },
    kernel::{
        ids::{PartnerId, UserId},
        words::fold,
    },
};

/// The subjects that a try counts for: what was tried, such as a login name, and the network that it came from.
pub fn subjects(identity: &Identity, caller: &Caller, tried: &str) -> Vec<(ThrottleKind, String)> {
    let mut subjects = vec![(ThrottleKind::Identifier, identity.disguise(tried))];
    if let Some(ip) = caller.request().ip {
        subjects.push((
            ThrottleKind::Address,
            identity.disguise(&format!("address:{}", network(ip))),
        ));
    }
    subjects
}

/// The subjects that a password for that login name counts for.
pub(super) fn name_subjects(identity: &Identity, caller: &Caller, email_key: &str) -> Vec<(ThrottleKind, String)> {
    subjects(identity, caller, &format!("name:{email_key}"))
}

/// That too many tries have failed.
pub fn must_wait(seconds: u32) -> Error {
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
    let subjects = name_subjects(identity, caller, &email_key);
    let sign_in = SignIn {
        user: None,
        partner: None,
        identifier: subjects.first().map(|(_, hash)| hash.clone()),
        method: Method::Password,
        second: None,
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

/// The caller's own credentials, if that is their password.
///
/// # Errors
/// 409 `wrong_password` at `pointer`, 429 `rate_limited`, 403 for machines.
pub async fn own_password(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    password: &str,
    pointer: &str,
) -> Result<Credentials> {
    let id = caller.person()?;
    let user = identity
        .db()
        .ask(caller, move |tx| users::credentials_of(tx, id))
        .await?;
    check_password(identity, caller, agent, &user.email, password)
        .await
        .map_err(|error| {
            error.when(&codes::INVALID_CREDENTIALS, || {
                Error::new(&codes::WRONG_PASSWORD).fault(
                    pointer,
                    "wrong_password",
                    "This is not your present password.",
                )
            })
        })
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

/// The place that a session is for: the one named, or of partners' people the oldest; none at the vendor.
pub(super) fn chosen(places: &[Place], kind: UserKind, partner: Option<PartnerId>) -> Result<Option<&Place>> {
    match (kind, partner) {
        (UserKind::Vendor, None) => Ok(None),
        (UserKind::Partner, None) => places.first().map(Some).ok_or_else(wrong),
        (_, Some(partner)) => places
            .iter()
            .find(|place| place.partner_id == partner)
            .map(Some)
            .ok_or_else(|| {
                Error::unknown_reference(
                    "#/partner_id",
                    "You do not belong to that partner; leave it out, or name one of your own.",
                )
            }),
    }
}

/// How a session begins: for what partner, and by what proof.
pub(super) struct Entry {
    pub partner: Option<PartnerId>,
    pub method: Method,
    pub second: Option<SecondProof>,
}

/// A session in the database, and what its tokens must say.
#[derive(Clone)]
pub struct Begun {
    opened: Opened,
    holder: Holder,
    places: Vec<Place>,
    second_factor: bool,
}

/// Begins a session for a user who is known by now.
pub(super) fn begin(tx: &mut Tx<'_>, user: &Credentials, entry: &Entry, agent: Option<&str>) -> Result<Begun> {
    let places = places(tx, user.id)?;
    let place = chosen(&places, user.kind, entry.partner)?;
    let opened = queries::open(tx, user.id, place.map(|place| place.partner_user_id), agent)?;
    let partner = place.map(|place| place.partner_id);
    users::note_sign_in(tx, user.id)?;
    let sign_in = SignIn {
        user: Some(user.id),
        partner,
        identifier: None,
        method: entry.method,
        second: entry.second,
        outcome: Outcome::Success,
        ip: tx.caller().request().ip,
        agent: agent.map(str::to_owned),
    };
    sign_ins::record(tx, &sign_in)?;
    let holder = Holder::User {
        user: user.id,
        session: opened.session,
        session_version: user.session_version,
        partner,
    };
    Ok(Begun {
        opened,
        holder,
        places,
        second_factor: user.second_factor_at.is_some(),
    })
}

/// The session as it is answered.
///
/// # Errors
/// `internal` if the token cannot be signed.
pub(super) fn answer(identity: &Identity, begun: Begun) -> Result<Session> {
    let Holder::User { user, partner, .. } = begun.holder else {
        return Err(Error::internal("a session of no user"));
    };
    let side = partner.map_or(Side::Vendor, Side::Partner);
    Ok(Session {
        access_token: identity.access_token(&begun.holder)?,
        token_type: TokenType::Bearer,
        expires_in: identity.lifetime(),
        refresh_token: Some(begun.opened.refresh_token),
        session_expires_at: begun.opened.expires_at,
        session_id: begun.opened.session,
        user_id: user,
        partner_id: partner,
        second_factor_due: !begun.second_factor && identity.second_factor().requires(side),
        places: begun.places,
    })
}

/// Signs in with a password. Where a second factor guards the sign-in, it is refused with a challenge, which a code completes.
pub(super) async fn login(identity: &Identity, caller: &Caller, agent: &Agent, login: Login) -> Result<Session> {
    let id = check_password(identity, caller, agent, &login.email, &login.password)
        .await?
        .id;
    let forgiven = name_subjects(identity, caller, &fold(&login.email)).into_iter().next();
    let (partner, agent) = (login.partner_id, agent.0.clone());
    let outcome = identity
        .db()
        .run(caller, move |tx| {
            if let Some((_, subject)) = &forgiven {
                throttle::forgive(tx, subject)?;
            }
            // As they are now: comparing a password takes its time.
            let user = users::credentials_of(tx, id)?;
            if user.status != UserStatus::Active {
                return Err(wrong());
            }
            if user.second_factor_at.is_some() {
                chosen(&places(tx, id)?, user.kind, partner)?;
                return second_factors::ask(tx, id, partner).map(Err);
            }
            let entry = Entry {
                partner,
                method: Method::Password,
                second: None,
            };
            begin(tx, &user, &entry, agent.as_deref()).map(Ok)
        })
        .await?;
    match outcome {
        Ok(begun) => answer(identity, begun),
        Err(challenge) => Err(Error::new(&codes::SECOND_FACTOR_REQUIRED).challenge(challenge)),
    }
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
            let entry = Entry {
                partner,
                method: Method::OneTimeToken,
                second: None,
            };
            begin(tx, &user, &entry, None)
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
                    second: None,
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
                second: None,
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
            Ok(Renewed::Goes(Begun {
                opened,
                holder,
                places,
                second_factor: user.second_factor_at.is_some(),
            }))
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
