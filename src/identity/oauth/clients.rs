//! How a client proves itself at OAuth's endpoints: by a secret, in `Authorization: Basic` or in the form (RFC 6749, section
//! 2.3.1), or by a token that it signed with a key of its own (RFC 7523, `private_key_jwt`), which is good once.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    rules::{self, Assertion},
    tokens::{self, UsedKind},
};
use crate::{
    auth::Caller,
    db::Tx,
    error::{Error, Result, codes},
    identity::{
        Identity, credentials,
        engine::Agent,
        jose,
        service_clients::{self, ClientStatus, Signing},
        sign_ins::{self, Method, Outcome, SignIn},
    },
    kernel::{Time, ids::ServiceClientId, time::SECOND},
};

/// Client credentials out of `Authorization: Basic`.
#[derive(Clone)]
pub struct Basic(Option<(String, String)>);

impl FromRequest for Basic {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(header::AUTHORIZATION) else {
            return ready(Ok(Self(None)));
        };
        ready(
            value
                .to_str()
                .ok()
                .and_then(basic)
                .map(|pair| Self(Some(pair)))
                .ok_or_else(wrong_client),
        )
    }
}

/// Id and secret; each is encoded as in a form before they are joined (RFC 6749, section 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded_part(id)?, decoded_part(secret)?))
}

/// A text as it was before it was encoded as in a form.
fn decoded_part(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next()?, rest.next()?);
                u8::from_str_radix(std::str::from_utf8(&[high, low]).ok()?, 16).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn wrong_client() -> Error {
    Error::new(&codes::INVALID_CLIENT)
}

/// The fields of a form by which a client can prove itself.
pub struct Presented<'f> {
    /// The client's id.
    pub client_id: Option<&'f String>,
    /// Its secret.
    pub client_secret: Option<&'f String>,
    /// What kind of assertion there is.
    pub client_assertion_type: Option<&'f String>,
    /// What it signed.
    pub client_assertion: Option<&'f String>,
}

/// What a client proves itself by.
#[derive(Clone)]
enum Proof {
    Secret(String),
    Assertion(String),
}

fn in_one_place() -> Error {
    Error::new(&codes::VALIDATION_FAILED)
        .detail("Prove yourself in one way: by the header, by client_secret, or by client_assertion.")
}

/// Who the client says it is, and the proof, from the one place where it stands.
fn proof(basic: Basic, form: &Presented<'_>) -> Result<(String, Proof)> {
    let assertion = match (form.client_assertion_type, form.client_assertion) {
        (None, None) => None,
        (Some(kind), Some(assertion)) if kind == rules::ASSERTION_TYPE => Some(assertion),
        (None | Some(_), _) => {
            return Err(Error::new(&codes::VALIDATION_FAILED).detail(format!(
                "Send client_assertion with client_assertion_type={}.",
                rules::ASSERTION_TYPE
            )));
        }
    };
    match (basic.0, form.client_secret, assertion) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(in_one_place()),
        (Some((id, _)), ..) if form.client_id.is_some_and(|other| id != *other) => Err(wrong_client()),
        (Some((id, secret)), ..) => Ok((id, Proof::Secret(secret))),
        (None, Some(secret), None) => {
            let id = form.client_id.ok_or_else(wrong_client)?;
            Ok((id.clone(), Proof::Secret(secret.clone())))
        }
        (None, None, Some(assertion)) => {
            // Whom to ask for the key; believed when the signature was checked.
            let id = jose::unchecked(assertion, "sub").ok_or_else(wrong_client)?;
            if form.client_id.is_some_and(|other| id != *other) {
                return Err(wrong_client());
            }
            Ok((id, Proof::Assertion(assertion.clone())))
        }
        (None, None, None) => Err(wrong_client()),
    }
}

/// At which of OAuth's endpoints a client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Where tokens are issued: a sign-in.
    Token,
    /// Where tokens are revoked.
    Revocation,
    /// Where it is asked what tokens are; at each of another's calls, so what is right is not written down.
    Introspection,
}

impl Endpoint {
    /// Its address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/oauth/token",
            Self::Revocation => "/oauth/revoke",
            Self::Introspection => "/oauth/introspect",
        }
    }
}

/// The client that proves itself. What is wrong is written down as a try, whatever the endpoint.
///
/// # Errors
/// 401 `invalid_client` if it does not, or may not sign in; 422 for proofs in two places.
pub async fn authenticate(
    identity: &Identity,
    caller: &Caller,
    agent: Agent,
    basic: Basic,
    form: &Presented<'_>,
    endpoint: Endpoint,
) -> Result<Signing> {
    let (id, proof) = proof(basic, form)?;
    let client: ServiceClientId = id.parse().map_err(|_malformed| wrong_client())?;
    let asked = proof.clone();
    let found = identity
        .db()
        .ask(caller, move |tx| match &asked {
            Proof::Secret(secret) => service_clients::by_secret(tx, client, secret),
            Proof::Assertion(_) => service_clients::by_id(tx, client),
        })
        .await?;
    let (found, assertion) = match &proof {
        Proof::Secret(_) => (found, None),
        Proof::Assertion(token) => {
            let issuer = identity.issuer();
            let at = |of: Endpoint| format!("{issuer}{}", of.path());
            let (issuing, here) = (at(Endpoint::Token), at(endpoint));
            let now = identity.db().now();
            let assertion = found
                .as_ref()
                .and_then(|found| rules::assertion(token, &id, &found.keys, &[issuer, &issuing, &here], now));
            (found.filter(|_| assertion.is_some()), assertion)
        }
    };
    if endpoint == Endpoint::Introspection
        && assertion.is_none()
        && let Some(found) = found.clone().filter(|found| found.status == ClientStatus::Active)
    {
        return Ok(found);
    }
    let sign_in = SignIn {
        user: None,
        partner: found.as_ref().and_then(|client| client.partner),
        identifier: Some(identity.disguise(&id)),
        method: Method::ClientCredentials,
        second: None,
        outcome: Outcome::WrongCredentials,
        ip: caller.request().ip,
        agent: agent.0,
    };
    let found = identity
        .db()
        .run(caller, move |tx| {
            let outcome = match (&found, &assertion) {
                (None, _) => Outcome::WrongCredentials,
                (Some(found), _) if found.status == ClientStatus::Disabled => Outcome::Disabled,
                (Some(_), Some(assertion)) if !first_time(tx, client, assertion)? => Outcome::ReuseDetected,
                (Some(_), _) => Outcome::Success,
            };
            let found = found.clone().filter(|_| outcome == Outcome::Success);
            if let Some(found) = &found {
                service_clients::note_use(tx, found)?;
            }
            if found.is_none() || endpoint == Endpoint::Token {
                let sign_in = SignIn {
                    outcome,
                    ..sign_in.clone()
                };
                sign_ins::record(tx, &sign_in)?;
            }
            Ok(found)
        })
        .await?;
    found.ok_or_else(wrong_client)
}

/// Uses an assertion up; of many at once, one is the first.
fn first_time(tx: &mut Tx<'_>, client: ServiceClientId, assertion: &Assertion) -> Result<bool> {
    let mark = credentials::hash(&format!("{client}\n{}", assertion.jti));
    let until = assertion.exp.saturating_add(jose::LEEWAY).saturating_mul(SECOND);
    tokens::take(tx, UsedKind::ClientAssertion, &mark, Time::from_micros(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_decoded_as_in_a_form() {
        let header = format!("Basic {}", STANDARD.encode("client_1:a%2Bb+c%3A"));
        assert_eq!(basic(&header), Some(("client_1".to_owned(), "a+b c:".to_owned())));
        for bad in [
            "Basic",
            "Basic %%%",
            "Bearer x",
            &format!("Basic {}", STANDARD.encode("no colon")),
            &format!("Basic {}", STANDARD.encode("a:%4")),
        ] {
            assert_eq!(basic(bad), None, "{bad}");
        }
    }
}
