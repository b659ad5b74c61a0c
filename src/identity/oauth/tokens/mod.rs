//! Tokens that are no longer what they were: used ones of others, and revoked ones of ours. Both are kept until they would
//! have ended by themselves.

mod queries;

pub use queries::{delete_expired, revoke, revoked_of, take};

use crate::words;

words! {
    /// What a token of others was used for.
    pub UsedKind {
        /// A client proved itself by it: once.
        ClientAssertion = "client_assertion",
        /// A person came with it from an identity provider: the first time is a sign-in.
        ProviderToken = "provider_token",
    }
}
