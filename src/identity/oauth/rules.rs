//! What a client's assertion must be (RFC 7523), and who may ask about which tokens. Pure.

use crate::{
    auth::permissions,
    identity::{
        jose::{PublicJwk, Signed, VerifyingKey},
        service_clients::{CLIENT_ALGORITHMS, Signing},
        tokens::Claims,
    },
    kernel::Time,
};

/// What an assertion is called in a form.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead an assertion may end, in seconds.
const LIFETIME: i64 = 300;
/// The types that an assertion may call itself; none that our own tokens have.
const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];

/// An assertion that was checked, but for whether it was used before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Its own id, good once.
    pub jti: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// The assertion, if the client signed it with one of its keys, for us, not long ago. Whoever else it is for could use it
/// here, so it is for nobody else.
pub fn assertion(token: &str, client: &str, keys: &[PublicJwk], audiences: &[&str], now: Time) -> Option<Assertion> {
    let header = Signed::read(token)?;
    let typed = header
        .typ
        .as_ref()
        .is_none_or(|typ| TYPES.contains(&typ.to_ascii_lowercase().as_str()));
    if !typed || !CLIENT_ALGORITHMS.contains(&header.algorithm) {
        return None;
    }
    let claims = keys
        .iter()
        .filter_map(VerifyingKey::read)
        .find_map(|key| header.verified(token, &key))?;
    let named = claims.texts("aud");
    let ours = !named.is_empty() && named.iter().all(|audience| audiences.contains(audience));
    let own = claims.text("iss") == Some(client) && claims.text("sub") == Some(client);
    let span = claims.span(now).ok()?;
    let short = span.exp <= now.seconds().saturating_add(LIFETIME);
    let jti = claims.text("jti").filter(|jti| jti.len() <= 255)?;
    (ours && own && short).then(|| Assertion {
        jti: jti.to_owned(),
        exp: span.exp,
    })
}

/// Whether the client may know what that token of ours is.
pub fn may_ask(client: &Signing, claims: &Claims) -> bool {
    let own = claims.client_id.as_deref() == Some(client.id.to_string().as_str());
    let any = client.scopes.iter().any(|scope| scope == permissions::INTROSPECTION);
    own || (any && client.partner.is_none_or(|partner| claims.partner_id == Some(partner)))
}
