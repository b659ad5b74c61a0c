//! One function per operation: take, call, answer.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, get, http::header, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::model::{AuthorizationServer, GrantType, TokenGrant, TokenRefusal, TokenRequest};
use crate::{
    auth::{Caller, permissions},
    error::{Error, Result, codes},
    http::{Answer, Confidential, Json, Plain, Reply, Sent},
    identity::{
        Identity,
        engine::{Agent, Holder},
        keys::JsonWebKeySet,
        service_clients::{self, ClientStatus, Signing},
        sessions::TokenType,
        sign_ins::{self, Method, Outcome, SignIn},
    },
    kernel::ids::ServiceClientId,
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

fn wrong_client() -> Error {
    Error::new(&codes::INVALID_CLIENT)
}

/// Id and secret from the one place where they stand.
fn credentials(basic: Basic, form: &TokenRequest) -> Result<(String, String)> {
    match (basic.0, &form.client_id, &form.client_secret) {
        (Some(_), _, Some(_)) => {
            Err(Error::new(&codes::VALIDATION_FAILED)
                .detail("Send the credentials in one place: the header or the form."))
        }
        (Some((id, _)), Some(other), None) if id != *other => Err(wrong_client()),
        (Some(pair), _, None) => Ok(pair),
        (None, Some(id), Some(secret)) => Ok((id.clone(), secret.clone())),
        (None, ..) => Err(wrong_client()),
    }
}

/// The scopes of the token: those asked for, if the client has them all.
fn granted(asked: Option<&str>, client: &Signing) -> Result<Vec<String>> {
    let Some(asked) = asked.filter(|asked| !asked.trim().is_empty()) else {
        return Ok(client.scopes.clone());
    };
    let mut granted: Vec<String> = asked.split_ascii_whitespace().map(str::to_owned).collect();
    granted.sort_unstable();
    granted.dedup();
    match granted.iter().find(|scope| !client.scopes.contains(scope)) {
        Some(missing) => Err(Error::new(&codes::INVALID_SCOPE).detail(format!(
            "The client does not have the scope `{missing}`; it has: {}.",
            client.scopes.join(" ")
        ))),
        None => Ok(granted),
    }
}

/// Ask for a token
///
/// OAuth 2.0 client credentials (RFC 6749, section 4.4): a service client gets an access token for some minutes, and
/// asks again instead of refreshing. The body is a form. Credentials stand in `Authorization: Basic` or in the form.
/// Refusals are those of OAuth, `{"error": …, "error_description": …}`.
#[utoipa::path(
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 400, description = "The request cannot be granted: `invalid_request`, `invalid_scope` or `unsupported_grant_type`.", body = TokenRefusal, content_type = "application/json"),
        (status = 401, description = "The client's id or secret is wrong: `invalid_client`.", body = TokenRefusal, content_type = "application/json"),
    ),
)]
#[post("/oauth/token")]
pub async fn issue_token(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    basic: Basic,
    form: Json<TokenRequest>,
) -> Reply<Confidential<Plain<TokenGrant>>> {
    if form.0.grant_type != GrantType::ClientCredentials.as_str() {
        return Err(Error::new(&codes::UNSUPPORTED_GRANT_TYPE));
    }
    let (id, secret) = credentials(basic, &form.0)?;
    let client: ServiceClientId = id.parse().map_err(|_malformed| wrong_client())?;
    let (disguise, ip, agent) = (identity.disguise(&id), caller.request().ip, agent.0);
    let found = identity
        .db()
        .run(&caller, move |tx| {
            let found = service_clients::by_secret(tx, client, &secret)?;
            let outcome = match &found {
                None => Outcome::WrongCredentials,
                Some(client) if client.status == ClientStatus::Disabled => Outcome::Disabled,
                Some(_) => Outcome::Success,
            };
            let partner = found.as_ref().and_then(|client| client.partner);
            let sign_in = SignIn {
                user: None,
                partner,
                identifier: Some(disguise.clone()),
                method: Method::ClientCredentials,
                second: None,
                outcome,
                ip,
                agent: agent.clone(),
            };
            sign_ins::record(tx, &sign_in)?;
            Ok(found.filter(|_| outcome == Outcome::Success))
        })
        .await?;
    let client = found.ok_or_else(wrong_client)?;
    let scopes = granted(form.0.scope.as_deref(), &client)?;
    let scope = scopes.join(" ");
    let access_token = identity.access_token(&Holder::Client {
        client: client.id,
        partner: client.partner,
        scopes,
    })?;
    let grant = TokenGrant {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: identity.lifetime(),
        scope,
    };
    Confidential(Plain(grant)).render(caller.request()).map(Sent::new)
}

/// Read the public keys
///
/// The keys that access tokens are signed with (RFC 7517), for whoever checks tokens itself. A new key stands here a
/// day before it is used.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated"]))))]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(identity: Identity, caller: Caller) -> Reply<Plain<JsonWebKeySet>> {
    Plain(identity.key_set()).render(caller.request()).map(Sent::new)
}

/// Read what the authorization server can do
///
/// Metadata by RFC 8414, for OAuth libraries that set themselves up.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated"]))))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_authorization_server(identity: Identity, caller: Caller) -> Reply<Plain<AuthorizationServer>> {
    let issuer = identity.issuer();
    let metadata = AuthorizationServer {
        token_endpoint: format!("{issuer}/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/docs"),
        scopes_supported: permissions::scopes_at(&caller.request().switches)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        response_types_supported: Vec::new(),
        grant_types_supported: vec![GrantType::ClientCredentials],
        token_endpoint_auth_methods_supported: vec!["client_secret_basic".to_owned(), "client_secret_post".to_owned()],
        issuer: issuer.to_owned(),
    };
    Plain(metadata).render(caller.request()).map(Sent::new)
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
