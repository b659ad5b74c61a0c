//! One function per operation: take, call, answer.

use std::collections::BTreeMap;

use actix_web::{get, post};
use utoipa::openapi::{RefOr, Response, ResponseBuilder};

use super::{
    clients::{self, Basic, Endpoint},
    model::{AuthorizationServer, GrantType, Introspection, TokenGrant, TokenInQuestion, TokenRefusal, TokenRequest},
    rules, tokens,
};
use crate::{
    auth::{Caller, Request, permissions},
    error::{Error, Result, codes},
    http::{Answer, Confidential, Documented, Json, Plain, Rendered, Reply, Sent},
    identity::{
        Identity,
        credentials::API_KEY_PREFIX,
        engine::{Agent, Holder},
        jose,
        keys::JsonWebKeySet,
        service_clients::{self, CLIENT_ALGORITHMS, Signing},
        sessions::TokenType,
        standing::Subject,
    },
    kernel::{Time, time::SECOND},
};

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

/// A token is ended, or was none: 200 without a body (RFC 7009, section 2.2).
pub struct Revoked;

impl Answer for Revoked {
    fn render(self, _: &Request) -> Result<Rendered> {
        Ok(Rendered {
            status: 200,
            etag: None,
            location: None,
            next_cursor: None,
            body: None,
            secret: true,
            replayed: false,
            rows: None,
            cookie: None,
        })
    }
}

impl Documented for Revoked {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new().description("The token is good no more, whatever it was.");
        BTreeMap::from([("200".to_owned(), response.build().into())])
    }
}

/// Ask for a token
///
/// OAuth 2.0 client credentials (RFC 6749, section 4.4): a service client gets an access token for some minutes, and
/// asks again instead of refreshing. The body is a form. The client proves itself by its secret, in `Authorization: Basic` or
/// in the form, or by an assertion that it signs with a key of its own (RFC 7523): `iss` and `sub` are its id, `aud` is the
/// issuer or this address, `exp` at most five minutes ahead, and `jti` is used once.
/// Refusals are those of OAuth, `{"error": …, "error_description": …}`.
#[utoipa::path(
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 400, description = "The request cannot be granted: `invalid_request`, `invalid_scope` or `unsupported_grant_type`.", body = TokenRefusal, content_type = "application/json"),
        (status = 401, description = "The client does not prove itself, or is disabled: `invalid_client`.", body = TokenRefusal, content_type = "application/json"),
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
    let client = clients::authenticate(&identity, &caller, agent, basic, &form.0.presented(), Endpoint::Token).await?;
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

/// End a token before its time
///
/// Token revocation (RFC 7009): an access token that was issued to the client is refused from now on, by other instances
/// within five seconds. The answer is the same for a text that is no token of this server, or one that has ended. The client
/// proves itself as when it asks for a token.
#[utoipa::path(
    request_body(content = TokenInQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 400, description = "The token is another's: `invalid_request`. It is an API key, which is not revoked here: `unsupported_token_type`.", body = TokenRefusal, content_type = "application/json"),
        (status = 401, description = "The client does not prove itself, or is disabled: `invalid_client`.", body = TokenRefusal, content_type = "application/json"),
    ),
)]
#[post("/oauth/revoke")]
pub async fn revoke_token(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    basic: Basic,
    form: Json<TokenInQuestion>,
) -> Reply<Revoked> {
    let client = clients::authenticate(
        &identity,
        &caller,
        agent,
        basic,
        &form.0.presented(),
        Endpoint::Revocation,
    )
    .await?;
    if form.0.token.starts_with(API_KEY_PREFIX) {
        return Err(Error::new(&codes::UNSUPPORTED_TOKEN_TYPE)
            .detail("This is an API key; revoke it by POST /v1/api-keys/{id}/revoke."));
    }
    let Some((claims, _)) = identity.inspect(&form.0.token, caller.request().clone()).await? else {
        return Sent::of(Revoked, &caller);
    };
    if claims.client_id.as_deref() != Some(client.id.to_string().as_str()) {
        return Err(Error::new(&codes::VALIDATION_FAILED).detail("The token was not issued to this client."));
    }
    // Whose act it is: the client's own.
    let now = identity.db().now();
    let standing = identity.standing(Subject::Client(client.id), now).await?;
    let asker = standing.caller(caller.request().clone(), None, identity.second_factor());
    let until = Time::from_micros(claims.exp.saturating_add(jose::LEEWAY).saturating_mul(SECOND));
    identity
        .db()
        .run(&asker, move |tx| {
            if tokens::revoke(tx, client.id, &claims.jti, until)? {
                service_clients::tell_revoked(tx, client.id)?;
            }
            Ok(())
        })
        .await?;
    identity.forget();
    Sent::of(Revoked, &caller)
}

/// Ask what a token is
///
/// Token introspection (RFC 7662): whether an access token of this server is good now, and for what. A client may ask about
/// its own tokens; with the scope `tokens:introspect` about every one, or, if it is bound to a partner, about those that act for
/// that partner. Of any other text the answer is `{"active": false}` and nothing more. The client proves itself as when it asks
/// for a token.
#[utoipa::path(
    request_body(content = TokenInQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 400, description = "The request cannot be read: `invalid_request`.", body = TokenRefusal, content_type = "application/json"),
        (status = 401, description = "The client does not prove itself, or is disabled: `invalid_client`.", body = TokenRefusal, content_type = "application/json"),
    ),
)]
#[post("/oauth/introspect")]
pub async fn introspect_token(
    identity: Identity,
    caller: Caller,
    agent: Agent,
    basic: Basic,
    form: Json<TokenInQuestion>,
) -> Reply<Confidential<Plain<Introspection>>> {
    let client = clients::authenticate(
        &identity,
        &caller,
        agent,
        basic,
        &form.0.presented(),
        Endpoint::Introspection,
    )
    .await?;
    let found = identity.inspect(&form.0.token, caller.request().clone()).await?;
    let told = found.filter(|(claims, _)| rules::may_ask(&client, claims)).map_or_else(
        Introspection::default,
        |(claims, holder)| Introspection {
            active: true,
            scope: holder.scopes().map(|scopes| scopes.join(" ")),
            client_id: claims.client_id.clone(),
            sub: Some(claims.sub.clone()),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            iss: Some(claims.iss.clone()),
            aud: Some(claims.aud.clone()),
            token_type: Some(TokenType::Bearer.as_str()),
        },
    );
    Confidential(Plain(told)).render(caller.request()).map(Sent::new)
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
    let endpoint = |of: Endpoint| format!("{issuer}{}", of.path());
    let methods = || {
        ["client_secret_basic", "client_secret_post", "private_key_jwt"]
            .map(str::to_owned)
            .to_vec()
    };
    let metadata = AuthorizationServer {
        token_endpoint: endpoint(Endpoint::Token),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/docs"),
        scopes_supported: permissions::scopes_at(&caller.request().switches)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        response_types_supported: Vec::new(),
        grant_types_supported: vec![GrantType::ClientCredentials],
        token_endpoint_auth_methods_supported: methods(),
        token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS.to_vec(),
        revocation_endpoint: endpoint(Endpoint::Revocation),
        revocation_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS.to_vec(),
        introspection_endpoint: endpoint(Endpoint::Introspection),
        introspection_endpoint_auth_methods_supported: methods(),
        introspection_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS.to_vec(),
        issuer: issuer.to_owned(),
    };
    Plain(metadata).render(caller.request()).map(Sent::new)
}
