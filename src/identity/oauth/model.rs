//! The shapes of OAuth, by the names of its own documents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clients::Presented;
use crate::{
    identity::{jose::SigningAlgorithm, sessions::TokenType},
    words,
};

words! {
    /// How a token is asked for (RFC 6749).
    pub GrantType {
        /// By the client's own credentials.
        ClientCredentials = "client_credentials",
    }
}

/// Declares a form that has the fields by which a client proves itself besides fields of its own.
macro_rules! of_client {
    ($(#[$about:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Clone, Deserialize, ToSchema)]
        pub struct $name {
            $($own)*
            /// The client's id, unless `Authorization: Basic` or the assertion names it.
            #[schema(example = "client_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 64, nullable = false)]
            pub client_id: Option<String>,
            /// The client's secret, unless `Authorization: Basic` holds it or an assertion stands for it.
            #[schema(
                example = "prm_secret_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
                max_length = 128,
                nullable = false
            )]
            pub client_secret: Option<String>,
            /// With an assertion `urn:ietf:params:oauth:client-assertion-type:jwt-bearer` (RFC 7523).
            #[schema(max_length = 128, nullable = false)]
            pub client_assertion_type: Option<String>,
            /// A JSON Web Token that the client signed with a key of its own.
            #[schema(max_length = 8192, nullable = false)]
            pub client_assertion: Option<String>,
        }

        impl $name {
            /// What the client proves itself by.
            pub fn presented(&self) -> Presented<'_> {
                Presented {
                    client_id: self.client_id.as_ref(),
                    client_secret: self.client_secret.as_ref(),
                    client_assertion_type: self.client_assertion_type.as_ref(),
                    client_assertion: self.client_assertion.as_ref(),
                }
            }
        }
    };
}

of_client! {
    /// A request for a token. The client proves itself in one way: in `Authorization: Basic`, by its secret here, or by an
    /// assertion.
    pub struct TokenRequest {
        /// `client_credentials`.
        #[schema(example = "client_credentials", min_length = 1, max_length = 64)]
        pub grant_type: String,
        /// The scopes asked for, separated by blanks; by default all that the client has.
        #[schema(example = "deals:read deals:write", max_length = 4000, nullable = false)]
        pub scope: Option<String>,
    }
}

of_client! {
    /// A token that shall end (RFC 7009), or that is asked about (RFC 7662). The client proves itself as when it asks for a token.
    pub struct TokenInQuestion {
        /// The access token.
        #[schema(
            example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjbGllbnRfMDEifQ.c2lnbmF0dXJl",
            min_length = 1,
            max_length = 8192
        )]
        pub token: String,
        /// What kind of token it is; there is one kind, so it changes nothing.
        #[expect(dead_code, reason = "clients send it, and there is nothing to tell apart")]
        #[schema(example = "access_token", max_length = 64, nullable = false)]
        pub token_type_hint: Option<String>,
    }
}

/// What a token is (RFC 7662, section 2.2). Of one that is not good, or not the asker's business, `active` is all that is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether it is good now.
    #[schema(example = true)]
    pub active: bool,
    /// The scopes that it has now, separated by blanks; people's tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "deals:read deals:write", max_length = 4000, nullable = false, extensions(("x-optional" = json!(true))))]
    pub scope: Option<String>,
    /// The client that it was issued to; people's tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "client_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 64, nullable = false, extensions(("x-optional" = json!(true))))]
    pub client_id: Option<String>,
    /// Whom it stands for: a client or a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "client_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 64, nullable = false, extensions(("x-optional" = json!(true))))]
    pub sub: Option<String>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_795_000_600, nullable = false, extensions(("x-optional" = json!(true))))]
    pub exp: Option<i64>,
    /// When it was made, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_795_000_000, nullable = false, extensions(("x-optional" = json!(true))))]
    pub iat: Option<i64>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://prm.example.com", max_length = 2048, nullable = false, extensions(("x-optional" = json!(true))))]
    pub iss: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://prm.example.com/v1", max_length = 2048, nullable = false, extensions(("x-optional" = json!(true))))]
    pub aud: Option<String>,
    /// How it is presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer", max_length = 16, nullable = false, extensions(("x-optional" = json!(true))))]
    pub token_type: Option<&'static str>,
}

/// A token (RFC 6749, section 5.1).
#[derive(Clone, Serialize, ToSchema)]
pub struct TokenGrant {
    /// The access token: a JSON Web Token (RFC 9068) for `Authorization: Bearer …`.
    #[schema(
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjbGllbnRfMDEifQ.c2lnbmF0dXJl",
        max_length = 8192
    )]
    pub access_token: String,
    /// How the token is presented.
    pub token_type: TokenType,
    /// How many seconds it is good for. There is no refresh token: ask again.
    #[schema(example = 600, minimum = 1, maximum = 3600)]
    pub expires_in: i64,
    /// The scopes that it has, separated by blanks.
    #[schema(example = "deals:read deals:write", max_length = 4000)]
    pub scope: String,
}

/// A refusal (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenRefusal {
    /// What is wrong, for programs.
    #[schema(example = "invalid_client", max_length = 64, pattern = "^[a-z_]+$")]
    pub error: String,
    /// What is wrong, for people.
    #[schema(example = "The client's id or secret is wrong.", max_length = 1000)]
    pub error_description: String,
}

/// What this authorization server can do (RFC 8414).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuthorizationServer {
    /// Who issues the tokens: `iss`.
    #[schema(example = "https://prm.example.com", max_length = 2048)]
    pub issuer: String,
    /// Where tokens are issued.
    #[schema(example = "https://prm.example.com/oauth/token", max_length = 2048)]
    pub token_endpoint: String,
    /// Where the public keys are.
    #[schema(example = "https://prm.example.com/.well-known/jwks.json", max_length = 2048)]
    pub jwks_uri: String,
    /// The scopes there are.
    #[schema(max_items = 200, example = json!(["deals:read"]))]
    pub scopes_supported: Vec<String>,
    /// The kinds of answers of an authorization endpoint: none, since there is no such endpoint.
    #[schema(max_items = 1, example = json!([]))]
    pub response_types_supported: Vec<String>,
    /// How tokens can be asked for.
    #[schema(max_items = 4)]
    pub grant_types_supported: Vec<GrantType>,
    /// How clients prove themselves there.
    #[schema(max_items = 4, example = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]))]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// What clients may sign their assertions with.
    #[schema(max_items = 4, example = json!(["EdDSA", "ES256", "RS256"]))]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Where tokens are revoked (RFC 7009).
    #[schema(example = "https://prm.example.com/oauth/revoke", max_length = 2048)]
    pub revocation_endpoint: String,
    /// How clients prove themselves there.
    #[schema(max_items = 4, example = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]))]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// What clients may sign their assertions with.
    #[schema(max_items = 4, example = json!(["EdDSA", "ES256", "RS256"]))]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Where it is asked what tokens are (RFC 7662).
    #[schema(example = "https://prm.example.com/oauth/introspect", max_length = 2048)]
    pub introspection_endpoint: String,
    /// How clients prove themselves there.
    #[schema(max_items = 4, example = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]))]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// What clients may sign their assertions with.
    #[schema(max_items = 4, example = json!(["EdDSA", "ES256", "RS256"]))]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Where the document for people is.
    #[schema(example = "https://prm.example.com/docs", max_length = 2048)]
    pub service_documentation: String,
}
