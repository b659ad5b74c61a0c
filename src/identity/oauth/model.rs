//! The shapes of OAuth, by the names of its own documents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{identity::sessions::TokenType, words};

words! {
    /// How a token is asked for (RFC 6749).
    pub GrantType {
        /// By the client's own credentials.
        ClientCredentials = "client_credentials",
    }
}

/// A request for a token. Credentials stand here or in `Authorization: Basic`, not in both.
#[derive(Clone, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    #[schema(example = "client_credentials", min_length = 1, max_length = 64)]
    pub grant_type: String,
    /// The scopes asked for, separated by blanks; by default all that the client has.
    #[schema(example = "deals:read deals:write", max_length = 4000, nullable = false)]
    pub scope: Option<String>,
    /// The client's id, unless `Authorization: Basic` names it.
    #[schema(example = "client_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 64, nullable = false)]
    pub client_id: Option<String>,
    /// The client's secret, unless `Authorization: Basic` holds it.
    #[schema(
        example = "prm_secret_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        max_length = 128,
        nullable = false
    )]
    pub client_secret: Option<String>,
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
    /// How clients prove themselves.
    #[schema(max_items = 4, example = json!(["client_secret_basic", "client_secret_post"]))]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Where the document for people is.
    #[schema(example = "https://prm.example.com/docs", max_length = 2048)]
    pub service_documentation: String,
}
