//! The refusals of OAuth's endpoints, as RFC 6749 writes them.

use actix_web::{HttpResponse, http::header};

use super::model::TokenRefusal;
use crate::error::{Code, Error, codes};

/// Where OAuth is spoken.
const PATHS: [&str; 3] = ["/oauth/token", "/oauth/revoke", "/oauth/introspect"];

/// Whether OAuth is spoken at that address.
pub fn speaks(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The word of RFC 6749, or of RFC 7009, for a code of ours; none for what OAuth has no word for (too many requests, failures of ours).
fn word(code: &Code) -> Option<&'static str> {
    match code.code {
        known if known == codes::INVALID_CLIENT.code || known == codes::UNAUTHENTICATED.code => Some("invalid_client"),
        known if known == codes::INVALID_SCOPE.code => Some("invalid_scope"),
        known if known == codes::UNSUPPORTED_GRANT_TYPE.code => Some("unsupported_grant_type"),
        known if known == codes::UNSUPPORTED_TOKEN_TYPE.code => Some("unsupported_token_type"),
        _ if matches!(code.status, 400 | 422) => Some("invalid_request"),
        _ => None,
    }
}

/// The refusal in OAuth's words, if it has words for it.
pub fn respond(error: &Error) -> Option<HttpResponse> {
    let word = word(error.code())?;
    let faults: Vec<&str> = error.all_faults().iter().map(|fault| fault.detail.as_str()).collect();
    let error_description = if faults.is_empty() {
        error.message().to_owned()
    } else {
        faults.join(" ")
    };
    let mut response = if word == "invalid_client" {
        HttpResponse::Unauthorized()
    } else {
        HttpResponse::BadRequest()
    };
    if word == "invalid_client" {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"openprm\""));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Some(response.json(TokenRefusal {
        error: word.to_owned(),
        error_description,
    }))
}
