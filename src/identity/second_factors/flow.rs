//! How a second factor is set up, proved, renewed and taken away.

use super::{
    model::{RecoveryCodeSet, SecondFactorEnrolment, SecondFactorProof},
    queries::{self, CHALLENGE_SECONDS, Factor},
    rules,
};
use crate::{
    auth::Caller,
    db::Tx,
    error::{Challenge, Error, Result, codes},
    identity::{
        Identity, credentials,
        engine::Agent,
        letters,
        sessions::{self, EndReason, Which},
        sign_ins::{self, Method, Outcome, SecondProof, SignIn},
        throttle,
        users::{self, User},
    },
    kernel::ids::{PartnerId, SessionId, UserId},
    mail,
};

/// What secrets are sealed for.
const PURPOSE: &str = "second-factors";
/// What recovery codes are hashed for.
const RECOVERY: &str = "recovery-codes";

/// Why a code was not taken; it has been written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is wrong, or was taken before.
    Wrong,
    /// It was not compared: so many seconds must pass first.
    Wait(u32),
}

/// What came of comparing a code: with what was proved, or why not. A code that was taken is not taken again.
pub type Compared = std::result::Result<SecondProof, Refused>;

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong => Self::new(&codes::WRONG_CODE).fault(
                "#/code",
                "wrong_code",
                "The code is wrong, or was used before; wait for the next one.",
            ),
            Refused::Wait(seconds) => sessions::must_wait(seconds),
        }
    }
}

/// Compares a code with what the user's locked factor takes now.
fn compare(tx: &mut Tx<'_>, identity: &Identity, factor: &Factor, code: &str, agent: &Agent) -> Result<Compared> {
    let user = factor.user;
    let subjects = sessions::subjects(identity, tx.caller(), &format!("factor:{user}"));
    let code = rules::plain(code);
    let proof = if rules::is_of_authenticator(&code) {
        SecondProof::Totp
    } else {
        SecondProof::RecoveryCode
    };
    let sign_in = |outcome: Outcome, caller: &Caller| SignIn {
        user: Some(user),
        partner: caller.partner(),
        identifier: None,
        method: Method::Password,
        second: Some(proof),
        outcome,
        ip: caller.request().ip,
        agent: agent.0.clone(),
    };
    if let Some(seconds) = throttle::waits(tx, &subjects)? {
        let sign_in = sign_in(Outcome::Throttled, tx.caller());
        sign_ins::record(tx, &sign_in)?;
        return Ok(Err(Refused::Wait(seconds)));
    }
    let right = match proof {
        SecondProof::Totp => {
            let secret = identity
                .master()
                .open(PURPOSE, &user.to_string(), &factor.sealed_secret)?;
            let step = rules::accepted(&secret, &code, tx.now, factor.last_step);
            if let Some(step) = step {
                queries::take_step(tx, user, step)?;
            }
            step.is_some()
        }
        SecondProof::RecoveryCode => {
            let hash = recovery_hash(identity, user, &code);
            factor.confirmed && queries::take_recovery_code(tx, user, &hash)?
        }
    };
    if right {
        if let Some((_, subject)) = subjects.first() {
            throttle::forgive(tx, subject)?;
        }
        return Ok(Ok(proof));
    }
    throttle::fail(tx, &subjects)?;
    let sign_in = sign_in(Outcome::WrongCredentials, tx.caller());
    sign_ins::record(tx, &sign_in)?;
    Ok(Err(Refused::Wrong))
}

fn recovery_hash(identity: &Identity, user: UserId, plain: &str) -> String {
    identity.master().hash(RECOVERY, &format!("{user}:{plain}"))
}

/// New recovery codes in place of all that there were.
fn recovery_codes(tx: &mut Tx<'_>, identity: &Identity, user: UserId) -> Result<RecoveryCodeSet> {
    let recovery_codes: Vec<String> = (0..rules::RECOVERY_CODES)
        .map(|_| credentials::readable(3, 4))
        .collect();
    let hashes: Vec<String> = recovery_codes
        .iter()
        .map(|code| recovery_hash(identity, user, &rules::plain(code)))
        .collect();
    queries::put_recovery_codes(tx, user, &hashes)?;
    Ok(RecoveryCodeSet { recovery_codes })
}

/// Begins to set up a second factor: a secret that waits for its first code.
pub(super) async fn enrol(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    password: String,
) -> Result<SecondFactorEnrolment> {
    let user = sessions::own_password(identity, caller, agent, &password, "#/password").await?;
    let (id, bytes) = (user.id, rand::random::<[u8; rules::SECRET]>());
    let sealed = identity.master().seal(PURPOSE, &id.to_string(), &bytes)?;
    identity
        .db()
        .run(caller, move |tx| {
            queries::put_pending(tx, id, &sealed).map_err(|error| {
                error.when(&codes::ALREADY_EXISTS, || {
                    Error::new(&codes::ALREADY_EXISTS)
                        .detail("You have a second factor already; remove it before you set up another.")
                })
            })
        })
        .await?;
    let secret = rules::base32(&bytes);
    Ok(SecondFactorEnrolment {
        uri: rules::uri(rules::host(identity.portal()), &user.email, &secret),
        secret,
    })
}

/// Takes the first code. From then on the factor guards the sign-in, and sessions that were begun without it are over,
/// but for the one that it was set up in.
pub(super) async fn confirm(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    session: Option<SessionId>,
    code: String,
) -> Result<RecoveryCodeSet> {
    let id = caller.person()?;
    let (known, agent) = (identity.clone(), agent.clone());
    let outcome = identity
        .db()
        .run(caller, move |tx| {
            let factor = match queries::locked(tx, id)? {
                Some(factor) if !factor.confirmed => factor,
                found => {
                    let state = if found.is_some() { "active" } else { "none" };
                    return Err(Error::invalid_state(state, "confirm", Vec::new()));
                }
            };
            if let Err(refused) = compare(tx, &known, &factor, &code, &agent)? {
                return Ok(Err(refused));
            }
            queries::confirm(tx, id)?;
            let codes = recovery_codes(tx, &known, id)?;
            sessions::end(tx, Which::Others(id, session), EndReason::PasswordChanged)?;
            let before = users::find(tx, id)?;
            let after = before.clone().guarded(Some(tx.now), tx.now);
            users::save(tx, &before, after, "user.second_factor_enabled")?;
            Ok(Ok(codes))
        })
        .await?;
    identity.forget();
    outcome.map_err(Error::from)
}

/// What is done for somebody who proved that it is really them.
type Deed<T> = fn(&mut Tx<'_>, &Identity, User) -> Result<T>;

/// Does something to the caller's own second factor, with the password or a code.
async fn proved<T: Send + 'static>(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    proof: SecondFactorProof,
    deed: Deed<T>,
) -> Result<T> {
    let id = caller.person()?;
    if let Some(password) = &proof.password {
        sessions::own_password(identity, caller, agent, password, "#/password").await?;
    }
    let code = match (proof.password, proof.code) {
        (Some(_), _) => None,
        (None, Some(code)) => Some(code),
        (None, None) => {
            return Err(Error::contradicts(
                "#/password",
                "required",
                "Send your password, or a code as `code`.",
            ));
        }
    };
    let (known, agent) = (identity.clone(), agent.clone());
    let outcome = identity
        .db()
        .run(caller, move |tx| {
            let Some(factor) = queries::locked(tx, id)?.filter(|factor| factor.confirmed) else {
                return Err(Error::invalid_state("none", "prove", Vec::new()));
            };
            if let Some(code) = &code
                && let Err(refused) = compare(tx, &known, &factor, code, &agent)?
            {
                return Ok(Err(refused));
            }
            let user = users::find(tx, id)?;
            deed(tx, &known, user).map(Ok)
        })
        .await?;
    identity.forget();
    outcome.map_err(Error::from)
}

/// Gives the caller new recovery codes; the ones before are good for nothing.
pub(super) async fn replace_codes(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    proof: SecondFactorProof,
) -> Result<RecoveryCodeSet> {
    proved(identity, caller, agent, proof, |tx, identity, before| {
        let after = before.clone().moved(before.status, tx.now);
        let user = users::save(tx, &before, after, "user.recovery_codes_replaced")?;
        recovery_codes(tx, identity, user.id)
    })
    .await
}

/// Takes the caller's own second factor away.
pub(super) async fn remove(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    proof: SecondFactorProof,
) -> Result<()> {
    proved(identity, caller, agent, proof, |tx, identity, before| {
        take_away(tx, identity, &before, "user.second_factor_removed").map(drop)
    })
    .await
}

/// Takes a second factor away, and tells its user by mail: somebody else may have done it.
fn take_away(tx: &mut Tx<'_>, identity: &Identity, before: &User, kind: &'static str) -> Result<User> {
    queries::remove(tx, before.id)?;
    let after = before.clone().guarded(None, tx.now);
    let after = users::save(tx, before, after, kind)?;
    mail::queue_sealed(
        tx,
        identity.master(),
        &letters::second_factor_gone(identity.portal(), &after.email, &after.name),
    )?;
    Ok(after)
}

/// Takes another's second factor away, and ends all their sessions.
///
/// # Errors
/// 404 for an unknown user, 409 `guard_failed` if there is none to take away, or it is the caller's own.
pub fn reset(tx: &mut Tx<'_>, identity: &Identity, user: UserId) -> Result<User> {
    let before = users::find(tx, user)?;
    users::may_reset(&before, tx.caller().user())?;
    sessions::end(tx, Which::User(user), EndReason::Admin)?;
    take_away(tx, identity, &before, "user.second_factor_reset")
}

/// Asks for a code of somebody whose password was right.
///
/// # Errors
/// What the database reports.
pub fn ask(tx: &mut Tx<'_>, user: UserId, partner: Option<PartnerId>) -> Result<Challenge> {
    Ok(Challenge {
        token: queries::open_challenge(tx, user, partner)?,
        seconds: CHALLENGE_SECONDS,
    })
}

/// What came of answering a challenge.
pub enum Answered {
    /// There is no such challenge, or it is over.
    Over,
    /// The code was compared, for that user who wants to act for that partner.
    Compared(Compared, UserId, Option<PartnerId>),
}

/// Answers a challenge with a code.
///
/// # Errors
/// What the database reports.
pub fn answer_challenge(
    tx: &mut Tx<'_>,
    identity: &Identity,
    challenge: &str,
    code: &str,
    agent: &Agent,
) -> Result<Answered> {
    let hash = credentials::hash(challenge);
    let Some((user, _)) = queries::challenge(tx, &hash)? else {
        return Ok(Answered::Over);
    };
    let Some(factor) = queries::locked(tx, user)?.filter(|factor| factor.confirmed) else {
        return Ok(Answered::Over);
    };
    // Whoever held the lock before may have completed it.
    let Some((user, partner)) = queries::challenge(tx, &hash)? else {
        return Ok(Answered::Over);
    };
    let compared = compare(tx, identity, &factor, code, agent)?;
    match compared {
        Ok(_) => queries::count_try(tx, &hash, true)?,
        Err(Refused::Wrong) => queries::count_try(tx, &hash, false)?,
        Err(Refused::Wait(_)) => {}
    }
    Ok(Answered::Compared(compared, user, partner))
}
