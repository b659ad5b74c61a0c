//! One-time tokens: what a mail carries to prove that it arrived. Only their hashes are stored.

mod queries;

pub use queries::{Proof, delete_expired, issue, redeem, revoke};

use crate::words;

words! {
    /// What a one-time token may be used for.
    pub Purpose {
        /// To accept an invitation and choose a password.
        Invitation = "invitation",
        /// To choose another password.
        PasswordReset = "password_reset",
        /// To prove an address.
        EmailVerification = "email_verification",
    }
}

impl Purpose {
    /// How long a token is good for, in seconds.
    pub const fn lifetime(self) -> i64 {
        match self {
            Self::Invitation => 7 * 86_400,
            Self::PasswordReset => 3_600,
            Self::EmailVerification => 86_400,
        }
    }
}
