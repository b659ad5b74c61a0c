//! Callers who present an API key.

use std::sync::Arc;

use super::{
    credentials::{self, ApiKeyText},
    engine::Identity,
    sign_ins::{self, Method, Outcome, SignIn},
    standing::{self, Standing, Subject},
};
use crate::{
    auth::{Actor, Caller, Request, Side},
    error::{Error, Result, codes},
    kernel::time::SECOND,
};

/// Seconds after which the use of a machine's credential is noted again.
const NOTED_SECONDS: i64 = 300;

impl Identity {
    /// The caller whose API key it is.
    ///
    /// # Errors
    /// 401 `unauthenticated` or `token_expired`.
    pub(super) async fn by_api_key(&self, text: &str, request: Request) -> Result<Caller> {
        let unknown = |why: &'static str| {
            Error::new(&codes::UNAUTHENTICATED)
                .detail("There is no such API key; check that it was copied whole.")
                .cause(why)
        };
        let key = ApiKeyText::read(text).ok_or_else(|| unknown("form or checksum"))?;
        let now = self.0.db.now();
        let subject = Subject::ApiKey(key.public_id.clone());
        let standing = self
            .standing(subject.clone(), now)
            .await
            .map_err(|error| error.when(&codes::UNAUTHENTICATED, || unknown("unknown or revoked")))?;
        let facts = standing.key.as_ref().ok_or_else(|| unknown("no facts"))?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(
            credentials::hash(&key.secret).as_bytes(),
            facts.hash.as_bytes(),
        )) {
            return Err(unknown("wrong secret"));
        }
        if facts.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::new(&codes::TOKEN_EXPIRED).detail("The API key has ended; make another."));
        }
        if facts
            .last_used_at
            .is_none_or(|used| now.since(used) > NOTED_SECONDS * SECOND)
        {
            self.note_use(subject, &standing, &request);
        }
        Ok(standing.caller(request, None, self.0.second_factor))
    }

    /// Writes down beside the request that a key is in use, and once a day that it signed in.
    fn note_use(&self, subject: Subject, standing: &Arc<Standing>, request: &Request) {
        let today = self.0.db.now().date();
        let first_today = standing
            .key
            .as_ref()
            .and_then(|key| key.last_used_at)
            .is_none_or(|used| used.date() != today);
        let partner = match standing.side {
            Side::Partner(partner) => Some(partner),
            Side::Vendor | Side::Nobody => None,
        };
        let client = match standing.actor {
            Actor::Client(client) => client.to_string(),
            _ => String::new(),
        };
        let sign_in = SignIn {
            user: None,
            partner,
            identifier: Some(self.disguise(&client)),
            method: Method::ApiKey,
            second: None,
            outcome: Outcome::Success,
            ip: request.ip,
            agent: None,
        };
        let db = self.0.db.clone();
        self.0.standings.forget(&subject);
        actix_web::rt::spawn(async move {
            let caller = Caller::system("API key in use");
            let noted = db.run(&caller, move |tx| {
                standing::touch(tx, &subject)?;
                if first_today {
                    sign_ins::record(tx, &sign_in)
                } else {
                    Ok(())
                }
            });
            if let Err(error) = noted.await {
                log::warn!("the use of an API key was not noted: {error}");
            }
        });
    }
}
