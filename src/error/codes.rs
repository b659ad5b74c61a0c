//! Every problem code there is. Codes are a promise: they never change their meaning.

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable, `snake_case`; the last part of the problem's `type`.
    pub code: &'static str,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// What kind of problem it is, in a few words.
    pub title: &'static str,
    /// What to do about it, when the case gives no better sentence.
    pub detail: &'static str,
    /// Which operations can answer it without saying so.
    pub common: Common,
}

/// Which operations can answer a code without declaring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// Every operation.
    Always,
    /// Operations with a request body.
    WhenBody,
    /// Operations with an id in their path.
    WhenPathId,
    /// Operations with query parameters.
    WhenQuery,
    /// Operations whose answer has several forms: lists.
    WhenList,
    /// Operations that take `If-Match`.
    WhenIfMatch,
    /// Operations that take an `Idempotency-Key`.
    WhenIdempotency,
    /// Operations that need a signed-in caller.
    WhenAuth,
    /// Only operations that name the code.
    Declared,
    /// No operation of the contract: unknown routes, wrong methods.
    Never,
}

macro_rules! codes {
    ($($name:ident = $status:literal $code:literal $common:ident, $title:literal, $detail:literal;)+) => {
        $(#[doc = $title] pub static $name: Code = Code { code: $code, status: $status, title: $title, detail: $detail, common: Common::$common };)+

        /// Every code, in the order of declaration.
        pub static ALL: &[&Code] = &[$(&$name),+];
    };
}

codes! {
    // The request itself.
    MALFORMED_JSON = 400 "malformed_json" WhenBody, "The body is not JSON", "The body cannot be read as JSON; send a JSON object encoded in UTF-8.";
    INVALID_QUERY = 400 "invalid_query" WhenQuery, "The query is not valid", "Correct or leave out the parameters that are named.";
    INVALID_HEADER = 400 "invalid_header" Always, "A header is not valid", "Correct the header that is named.";
    INVALID_CURSOR = 409 "invalid_cursor" WhenQuery, "The cursor is not valid", "Send `next_cursor` exactly as it was answered, or begin again without a cursor.";
    CURSOR_MISMATCH = 409 "cursor_mismatch" WhenQuery, "The cursor belongs to another list", "Filters and order must stay the same while paging; begin again without a cursor.";
    CURSOR_EXPIRED = 410 "cursor_expired" Declared, "The cursor has expired", "Events after this cursor are not kept any more: take `cursor=now`, read the lists again, and go on from there.";
    UNAUTHENTICATED = 401 "unauthenticated" WhenAuth, "Sign in first", "Send `Authorization: Bearer …` with a valid access token or API key.";
    TOKEN_EXPIRED = 401 "token_expired" WhenAuth, "The token has ended", "Refresh the access token or sign in again.";
    INVALID_CREDENTIALS = 401 "invalid_credentials" Declared, "Address or password is wrong", "Check the address and the password; a forgotten one can be replaced by a mail.";
    INVALID_TOKEN = 401 "invalid_token" Declared, "The token is not good any more", "Ask for another: the token is unknown, was used before, or has ended.";
    INVALID_CLIENT = 401 "invalid_client" Never, "The client is not known", "The client's id, secret or assertion is wrong, or the client is disabled.";
    FORBIDDEN = 403 "forbidden" WhenAuth, "Your role does not permit this", "Ask an administrator for a role or scope that permits this operation.";
    INSUFFICIENT_SCOPE = 403 "insufficient_scope" WhenAuth, "The token's scopes do not permit this", "Ask for a token with the scope that this operation names.";
    SECOND_FACTOR_REQUIRED = 403 "second_factor_required" Declared, "A second factor is required", "The password is right; send `challenge` with a code of your authenticator, or a recovery code, to POST /v1/auth/login/second-factor within five minutes.";
    SECOND_FACTOR_DUE = 403 "second_factor_due" WhenAuth, "Set up a second factor first", "People of your side must have a second factor here; set one up by POST /v1/me/second-factor.";
    CROSS_SITE_REQUEST = 403 "cross_site_request" Declared, "The request may come from another site", "Whoever uses the cookie sends the header X-Requested-With from a page of an origin that this server knows (OPENPRM_CORS_ORIGINS).";
    FIELD_FORBIDDEN = 403 "field_forbidden" Declared, "A field is not yours to write", "Leave out the fields that are named: your role may not write them.";
    NOT_FOUND = 404 "not_found" WhenPathId, "There is no such record", "The record does not exist, or you may not see it.";
    ROUTE_NOT_FOUND = 404 "route_not_found" Never, "There is no such address", "The addresses there are stand in /openapi.json.";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed" Never, "The method is not possible here", "Use one of the methods that the Allow header names.";
    NOT_ACCEPTABLE = 406 "not_acceptable" WhenList, "The answer cannot have that form", "Lists are answered as application/json, application/x-ndjson or text/csv; accept one of them.";
    REQUEST_TIMEOUT = 408 "request_timeout" WhenBody, "The body came too slowly", "Send the whole body within ten seconds.";
    PAYLOAD_TOO_LARGE = 413 "payload_too_large" WhenBody, "The body is too large", "Bodies may have at most 256 KiB.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" WhenBody, "The body's media type is not taken", "Send Content-Type: application/json.";
    INVALID_SCOPE = 400 "invalid_scope" Never, "The client does not have that scope", "Ask for scopes that the client has.";
    UNSUPPORTED_GRANT_TYPE = 400 "unsupported_grant_type" Never, "Tokens are not granted that way", "Send grant_type=client_credentials.";
    UNSUPPORTED_TOKEN_TYPE = 400 "unsupported_token_type" Never, "Tokens of that kind are not revoked here", "Send an access token that was issued to the client.";
    WRONG_PASSWORD = 409 "wrong_password" Declared, "The present password is wrong", "Send the present password as it is.";
    CONTRADICTION = 409 "contradiction" WhenBody, "The values do not go together", "Each value is one that can be, but not with the others, or not by what the program defines; change what is named.";
    WRONG_CODE = 409 "wrong_code" Declared, "The code is wrong", "Send the code that your authenticator shows now, or a recovery code that was not used; each is taken once.";
    VALIDATION_FAILED = 422 "validation_failed" WhenBody, "The request is not valid", "Correct the fields that are named.";
    FIELD_LOCKED = 422 "field_locked" Declared, "A field is locked", "Leave out the fields that are named, or first lift what locks them.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused" WhenIdempotency, "The idempotency key was used for another request", "Use a new key for a new request.";
    PRECONDITION_REQUIRED = 428 "precondition_required" WhenIfMatch, "If-Match is required", "Send If-Match with the ETag of the record as you last read it.";
    PRECONDITION_FAILED = 412 "precondition_failed" WhenIfMatch, "The record was changed meanwhile", "Read the record again and repeat the change on what it is now.";
    RATE_LIMITED = 429 "rate_limited" Always, "Too many requests", "Wait for as long as Retry-After says.";

    // The state of the world.
    INVALID_STATE = 409 "invalid_state" Declared, "The record's state does not permit this", "Read the record's actions to see what is possible now.";
    GUARD_FAILED = 409 "guard_failed" Declared, "Something stands in the way", "Mend what is named and try again.";
    UNKNOWN_REFERENCE = 409 "unknown_reference" WhenBody, "A record that the body names does not exist", "Use ids and codes of records that exist and that you may see.";
    ALREADY_EXISTS = 409 "already_exists" Declared, "There is already such a record", "Use the record that exists, or give this one another key.";
    DUPLICATE_PARTNER = 409 "duplicate_partner" Declared, "The firm is already a partner", "Another partner has the registration number or the domain; work with the one that exists.";
    IN_USE = 409 "in_use" Declared, "Other records depend on this one", "First remove what depends on it.";
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency_in_progress" WhenIdempotency, "The first request with this key is still running", "Repeat the request after the time that Retry-After says.";
    ACCOUNT_MERGED = 409 "account_merged" Declared, "The customer account was merged into another", "Use the account that stands for it since; `merged_into_id` names it.";
    PROTECTION_OVERLAP = 409 "protection_overlap" Declared, "The scope is already protected", "Another registration holds an active protection on this customer, product and territory; narrow the scope or wait until it is free.";
    FILE_INFECTED = 409 "file_infected" Declared, "The file is infected", "The scanner found malicious software in it; clean the file and upload it again.";
    FILE_NOT_SERVED = 409 "file_not_served" Declared, "The file is not served now", "Its content is not there any more, or waits to be scanned.";
    STALE_REVISION = 409 "stale_revision" Declared, "A later revision was taken already", "Read the record in your system again, and send it with the revision that it has now.";
    SYNC_CONFLICT = 409 "sync_conflict" Declared, "Both sides changed the record", "Nothing was written over: read the conflict that is named, and resolve it.";
    SYNC_PAUSED = 409 "sync_paused" Declared, "The record is not kept in step now", "Send it again when the system or the link is resumed.";
    ROLLED_BACK = 424 "rolled_back" Never, "Nothing of the batch was kept", "Another item of the batch could not be done, and it was to be all or nothing: correct that one, and send all again.";
    CONFLICT = 409 "conflict" Declared, "The change conflicts with what is stored", "Read the record again and repeat the change.";

    // The server.
    INTERNAL = 500 "internal" Always, "Something went wrong on our side", "Repeat the request later; if it stays, report the request_id.";
    UNAVAILABLE = 503 "unavailable" Always, "The service cannot answer now", "Repeat the request after the time that Retry-After says.";
    TIMEOUT = 503 "timeout" Always, "The request took too long", "Repeat the request after the time that Retry-After says, or ask for less.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_their_sentences_say_what_to_do() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ALL {
            assert!(seen.insert(code.code), "{} stands twice", code.code);
            assert!(
                code.detail.ends_with('.') && !code.title.ends_with('.'),
                "{}",
                code.code
            );
            assert!((400..600).contains(&code.status), "{}", code.code);
        }
    }
}
