//! The second step of signing in: a code completes what a password began.

use super::{
    flow::{self, Begun, Entry},
    model::{LoginCompletion, Session},
};
use crate::{
    auth::Caller,
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        engine::{Agent, Identity},
        second_factors::{self, Answered, Refused},
        sign_ins::Method,
        users::{self, UserStatus},
    },
};

/// What came of a code; everything but the first has been written down.
enum Outcome {
    Begun(Begun),
    Refused(Refused),
    Over,
}

fn answered(tx: &mut Tx<'_>, identity: &Identity, completion: &LoginCompletion, agent: &Agent) -> Result<Outcome> {
    let answered = second_factors::answer_challenge(tx, identity, &completion.challenge, &completion.code, agent)?;
    let (second, user, partner) = match answered {
        Answered::Over => return Ok(Outcome::Over),
        Answered::Compared(Err(refused), ..) => return Ok(Outcome::Refused(refused)),
        Answered::Compared(Ok(second), user, partner) => (second, user, partner),
    };
    let user = users::credentials_of(tx, user)?;
    // Disabled in these minutes.
    if user.status != UserStatus::Active {
        return Ok(Outcome::Over);
    }
    let entry = Entry {
        partner,
        method: Method::Password,
        second: Some(second),
    };
    flow::begin(tx, &user, &entry, agent.0.as_deref()).map(Outcome::Begun)
}

/// Completes a sign-in.
pub(super) async fn complete(
    identity: &Identity,
    caller: &Caller,
    agent: &Agent,
    completion: LoginCompletion,
) -> Result<Session> {
    let (known, agent) = (identity.clone(), agent.clone());
    let outcome = identity
        .db()
        .run(caller, move |tx| answered(tx, &known, &completion, &agent))
        .await?;
    match outcome {
        Outcome::Begun(begun) => flow::answer(identity, begun),
        Outcome::Refused(refused) => Err(refused.into()),
        Outcome::Over => Err(Error::new(&codes::INVALID_TOKEN)
            .detail("The challenge is unknown, was completed, has ended, or met too many wrong codes; sign in again.")),
    }
}
