//! The shapes of second factors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Side, kernel::Time, words};

words! {
    /// Who must have a second factor.
    pub SecondFactorPolicy {
        /// Nobody; whoever wants has one.
        Optional = "optional",
        /// The vendor's people.
        Vendor = "vendor",
        /// Everybody.
        All = "all",
    }

    /// How far a second factor is set up.
    pub SecondFactorStatus {
        /// There is none.
        Missing = "none",
        /// It waits for its first code, and guards nothing yet.
        Pending = "pending",
        /// It guards the sign-in.
        Active = "active",
    }
}

impl SecondFactorPolicy {
    /// Whether people of that side must have a second factor.
    pub fn requires(self, side: Side) -> bool {
        match (self, side) {
            (Self::Optional, _) | (_, Side::Nobody) | (Self::Vendor, Side::Partner(_)) => false,
            (Self::Vendor | Self::All, Side::Vendor) | (Self::All, Side::Partner(_)) => true,
        }
    }
}

/// The caller's second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SecondFactor {
    /// How far it is set up.
    pub status: SecondFactorStatus,
    /// Whether people of the caller's side must have one here.
    #[schema(example = true)]
    pub required: bool,
    /// Since when it guards the sign-in.
    #[schema(required = true)]
    pub active_since: Option<Time>,
    /// How many recovery codes were not used.
    #[schema(example = 10, minimum = 0, maximum = 10)]
    pub recovery_codes_left: i64,
}

/// A second factor to be set up.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecondFactor {
    /// The caller's password.
    #[schema(example = "nine lime tractors", min_length = 1, max_length = 128, format = Password)]
    pub password: String,
}

/// What an authenticator needs. It is shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct SecondFactorEnrolment {
    /// The secret in base 32 (RFC 4648), for typing in.
    #[schema(
        example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        min_length = 32,
        max_length = 32,
        pattern = "^[A-Z2-7]+$"
    )]
    pub secret: String,
    /// Secret, name and form as an address, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/prm.example.com:maria.keller%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=prm.example.com&algorithm=SHA1&digits=6&period=30",
        max_length = 2048,
        pattern = "^otpauth://totp/[!-~]+$"
    )]
    pub uri: String,
}

/// The first code, which shows that the authenticator holds the secret.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorConfirmation {
    /// The six digits that the authenticator shows now.
    #[schema(example = "287082", min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    pub code: String,
}

/// Codes for the day that the authenticator is lost. They are shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecoveryCodeSet {
    /// Each is good for one sign-in.
    #[schema(
        example = json!(["h3k9-mq2x-7wtp", "c8vd-2nrb-y4ka", "p7fm-x9tq-e3hs", "w2gj-k5uc-8bnz", "t4rx-d7ya-m6pv", "b9qe-3hwf-z2kc", "n5ks-v8mg-r7td", "y3pb-6cxj-q4ea", "f8zt-u2nd-k9hw", "r6va-g4sm-p3xc"]),
        min_items = 10,
        max_items = 10
    )]
    pub recovery_codes: Vec<String>,
}

/// That it is really the caller: the password or a code, either will do.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorProof {
    /// The caller's password. Where it is sent, the code is not looked at.
    #[schema(example = "nine lime tractors", min_length = 1, max_length = 128, format = Password, nullable = false)]
    pub password: Option<String>,
    /// A code of the authenticator, or a recovery code.
    #[schema(example = "287082", min_length = 6, max_length = 32, nullable = false)]
    pub code: Option<String>,
}
