//! The shapes of signing in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    identity::memberships::PartnerRole,
    kernel::{
        Time,
        ids::{MembershipId, PartnerId, SessionId, UserId},
    },
    words,
};

words! {
    /// How a refresh token comes and goes.
    pub RefreshTokenPlace {
        /// In the body of answers and requests: for programs, and apps that keep it where scripts of others cannot read it.
        Body = "body",
        /// As a cookie that no script can read: for pages in a browser. Needs the header `X-Requested-With`.
        Cookie = "cookie",
    }

    /// How a token is presented (RFC 6750).
    pub TokenType {
        /// As `Authorization: Bearer …`.
        Bearer = "Bearer",
    }
}

/// Who wants to sign in.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address that the user signs in with, in any case.
    #[schema(example = "admin@example.com", min_length = 1, max_length = 254)]
    pub email: String,
    /// The password.
    #[schema(example = "nine lime tractors", min_length = 1, max_length = 128, format = Password)]
    pub password: String,
    /// For people of several partners: the one to act for. By default the one they have belonged to longest.
    pub partner_id: Option<PartnerId>,
    /// How the refresh token comes: in the body by default, or as a cookie.
    #[schema(nullable = false)]
    pub refresh_token_in: Option<RefreshTokenPlace>,
}

/// The second step of signing in, where a second factor is required.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginCompletion {
    /// The challenge that the right password was answered with.
    #[schema(
        example = "prm_challenge_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        min_length = 1,
        max_length = 128
    )]
    pub challenge: String,
    /// The six digits that the authenticator shows now, or a recovery code.
    #[schema(example = "287082", min_length = 6, max_length = 32)]
    pub code: String,
    /// How the refresh token comes: in the body by default, or as a cookie.
    #[schema(nullable = false)]
    pub refresh_token_in: Option<RefreshTokenPlace>,
}

/// A session to be renewed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token that was answered last. It is good for one use. Left out, the cookie's is taken.
    #[schema(
        example = "prm_refresh_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        min_length = 1,
        max_length = 128,
        nullable = false
    )]
    pub refresh_token: Option<String>,
}

/// Another partner to act for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// The partner.
    pub partner_id: PartnerId,
    /// How the refresh token comes: in the body by default, or as a cookie, in place of the one before.
    #[schema(nullable = false)]
    pub refresh_token_in: Option<RefreshTokenPlace>,
}

/// A change of one's own password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password as it is.
    #[schema(example = "nine lime tractors", min_length = 1, max_length = 128, format = Password)]
    pub current_password: String,
    /// The password as it shall be: at least 12 characters, and not one that guessers try first.
    #[schema(example = "seven plum ferries", min_length = 12, max_length = 128, format = Password)]
    pub new_password: String,
    /// How the refresh token comes: in the body by default, or as a cookie.
    #[schema(nullable = false)]
    pub refresh_token_in: Option<RefreshTokenPlace>,
}

/// A session: what to call with, and what to renew it with.
#[derive(Clone, Serialize, ToSchema)]
pub struct Session {
    /// The access token: a JSON Web Token (RFC 9068) for `Authorization: Bearer …`.
    #[schema(
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyXzAxIn0.c2lnbmF0dXJl",
        max_length = 2048
    )]
    pub access_token: String,
    /// How the token is presented.
    pub token_type: TokenType,
    /// How many seconds the access token is good for.
    #[schema(example = 600, minimum = 1, maximum = 3600)]
    pub expires_in: i64,
    /// What renews the session, once. Using one a second time ends the session. Null where it is kept as a cookie.
    #[schema(
        required = true,
        example = "prm_refresh_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        max_length = 128
    )]
    pub refresh_token: Option<String>,
    /// When the session ends for good, however often it is renewed.
    pub session_expires_at: Time,
    /// The session.
    pub session_id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// The partner that the user acts for; null for vendor users.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// Whether the user must set up a second factor before anything else is possible.
    #[schema(example = false)]
    pub second_factor_due: bool,
    /// The partners that the user may act for, this one included.
    #[schema(max_items = 100)]
    pub places: Vec<Place>,
}

/// A partner that a user may act for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// The user's place there.
    pub partner_user_id: MembershipId,
    /// The partner.
    pub partner_id: PartnerId,
    /// The partner's name.
    #[schema(example = "Northwind Resellers Ltd", max_length = 300)]
    pub partner_name: String,
    /// The user's roles there.
    #[schema(max_items = 4)]
    pub roles: Vec<PartnerRole>,
}

/// An address that has forgotten its password.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The address that the user signs in with.
    #[schema(example = "maria.keller@example.com", min_length = 1, max_length = 254)]
    pub email: String,
}

/// A new password, by a token out of a mail.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The token out of the mail. It is good for one use within an hour.
    #[schema(
        example = "prm_once_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        min_length = 1,
        max_length = 128
    )]
    pub token: String,
    /// The password as it shall be: at least 12 characters, and not one that guessers try first.
    #[schema(example = "seven plum ferries", min_length = 12, max_length = 128, format = Password)]
    pub new_password: String,
}

/// An invitation that is accepted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// The token out of the mail. It is good for one use within seven days.
    #[schema(
        example = "prm_once_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M",
        min_length = 1,
        max_length = 128
    )]
    pub token: String,
    /// The password to sign in with from now on. Somebody who has one already leaves it out.
    #[schema(example = "seven plum ferries", min_length = 12, max_length = 128, format = Password, nullable = false)]
    pub password: Option<String>,
    /// The user's name, if the invitation has it wrong.
    #[schema(example = "Maria Keller", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
}
