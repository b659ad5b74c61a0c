//! What the engines report, in our words. An SQL text never leaves this file except into the log.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use crate::error::{Error, codes};

/// The database cannot be reached.
pub fn unreachable(cause: &dyn std::fmt::Display) -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The database cannot be reached now; repeat the request in some seconds.")
        .retry_after(2)
        .cause(cause)
}

/// The error for what diesel reports.
pub fn from_diesel(error: &Diesel) -> Error {
    let Diesel::DatabaseError(kind, info) = error else {
        return match error {
            Diesel::NotFound => Error::not_found(),
            Diesel::BrokenTransactionManager => unreachable(error),
            _ => Error::internal(error),
        };
    };
    let message = info.message();
    let text = info
        .constraint_name()
        .map_or_else(|| message.to_owned(), |name| format!("{message} ({name})"));
    match kind {
        _ if message.contains("protection_overlap") => Error::new(&codes::PROTECTION_OVERLAP).cause(text),
        _ if message.contains("tree_circle") => Error::new(&codes::CONFLICT)
            .detail("The move would put the node inside itself; choose another parent.")
            .cause(text),
        _ if message.contains("tree_parent_missing") => Error::new(&codes::UNKNOWN_REFERENCE).cause(text),
        _ if message.contains("account_manager_gap") => Error::new(&codes::CONFLICT)
            .detail("An active partner must have a primary account manager at every moment; name the next one first.")
            .cause(text),
        _ if message.contains("attribution_incomplete") => Error::new(&codes::CONTRADICTION)
            .detail("The shares must add up to 100 percent.")
            .cause(text),
        _ if message.contains("award_overlap") => Error::new(&codes::ALREADY_EXISTS).cause(text),
        _ if message.contains("append_only") => Error::internal(text),
        DatabaseErrorKind::UniqueViolation => Error::new(&codes::ALREADY_EXISTS).cause(text),
        DatabaseErrorKind::ForeignKeyViolation => Error::new(&codes::UNKNOWN_REFERENCE).cause(text),
        DatabaseErrorKind::NotNullViolation => Error::internal(text),
        DatabaseErrorKind::CheckViolation => Error::new(&codes::VALIDATION_FAILED)
            .detail("A value breaks a rule of the database; check the values that were sent.")
            .cause(text),
        DatabaseErrorKind::SerializationFailure => busy(text).retry_transaction(),
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ReadOnlyTransaction => unreachable(&text),
        _ => from_message(message, text),
    }
}

fn busy(cause: String) -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("Other requests hold what this one needs; repeat it in a second.")
        .retry_after(1)
        .cause(cause)
}

/// What the kinds do not tell apart, by the engines' fixed texts.
fn from_message(message: &str, text: String) -> Error {
    let has = |part: &str| message.contains(part);
    if has("deadlock detected") || has("could not serialize") {
        busy(text).retry_transaction()
    } else if has("statement timeout") {
        Error::new(&codes::TIMEOUT).retry_after(5).cause(text)
    } else if has("lock timeout") || has("database is locked") || has("database table is locked") {
        busy(text)
    } else if has("disk is full") || has("disk I/O error") || has("No space left") {
        Error::new(&codes::UNAVAILABLE)
            .detail("The server cannot store anything now; repeat the request later.")
            .retry_after(30)
            .cause(text)
    } else if has("connection")
        || has("terminating")
        || has("shutting down")
        || has("starting up")
        || has("recovery mode")
    {
        unreachable(&text)
    } else {
        Error::internal(text)
    }
}
