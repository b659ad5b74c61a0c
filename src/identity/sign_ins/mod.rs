//! Sign-ins and failed tries, as facts from the first day on: who is active, and who guesses.
//!
//! They are not changed, but do not stay for ever: after a time they lose where they came from, and after a longer one they
//! are deleted. The moments before which that may be done stand in a table, and the database refuses it after them.

mod queries;

use std::net::IpAddr;

pub use queries::{delete_old, record, take_addresses};

use crate::{
    kernel::ids::{PartnerId, UserId},
    words,
};

words! {
    /// How somebody signed in.
    pub Method {
        /// With a password.
        Password = "password",
        /// With a refresh token.
        Refresh = "refresh",
        /// With a one-time token out of a mail.
        OneTimeToken = "one_time_token",
        /// A service client with its secret, or a token that it signed.
        ClientCredentials = "client_credentials",
        /// With an API key; written once a day.
        ApiKey = "api_key",
        /// With a token of an identity provider; written once for each token.
        IdentityProvider = "identity_provider",
    }

    /// The second proof beside a password.
    pub SecondProof {
        /// A code of an authenticator.
        Totp = "totp",
        /// A recovery code.
        RecoveryCode = "recovery_code",
    }

    /// How it ended.
    pub Outcome {
        /// Signed in.
        Success = "success",
        /// Unknown name, wrong password or wrong secret.
        WrongCredentials = "wrong_credentials",
        /// Too many tries before.
        Throttled = "throttled",
        /// The user or client may not sign in.
        Disabled = "disabled",
        /// A refresh token was used a second time, and the session was ended; or a client's token was.
        ReuseDetected = "reuse_detected",
        /// The token had ended.
        Expired = "expired",
    }
}

/// One try.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The user, if it is known.
    pub user: Option<UserId>,
    /// The partner that the user acts for.
    pub partner: Option<PartnerId>,
    /// Keyed hash of what was typed, where no user is known.
    pub identifier: Option<String>,
    /// How.
    pub method: Method,
    /// With what second proof; none where none was asked for, or it was not come to.
    pub second: Option<SecondProof>,
    /// With what end.
    pub outcome: Outcome,
    /// From where.
    pub ip: Option<IpAddr>,
    /// With what program.
    pub agent: Option<String>,
}
