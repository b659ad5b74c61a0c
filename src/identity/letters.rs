//! The mails that identity sends. Each says what it is for, what to do, and what if it was not asked for.

use crate::mail::Letter;

/// An invitation of a new user, or of a known one at another partner.
pub fn invitation(portal: &str, email: &str, name: &str, host: &str, token: &str) -> Letter {
    Letter {
        to: email.to_owned(),
        topic: "invitation",
        subject: format!("You are invited to work with {host}"),
        body: format!(
            "Hello {name}\n\nYou are invited to work with {host} in the partner portal. Accept within seven days:\n\n\
             {portal}/accept-invitation?token={token}\n\n\
             Programs accept by POST /v1/auth/invitations/accept with the token.\nIf you do not know what this is about, do nothing.\n"
        ),
    }
}

/// A way back for somebody who forgot the password.
pub fn password_reset(portal: &str, email: &str, name: &str, token: &str) -> Letter {
    Letter {
        to: email.to_owned(),
        topic: "password_reset",
        subject: "Choose a new password".to_owned(),
        body: format!(
            "Hello {name}\n\nSomebody asked for a new password for your account. If it was you, choose one within an hour:\n\n\
             {portal}/reset-password?token={token}\n\n\
             Programs do it by POST /v1/auth/password-reset/confirm with the token.\nIf it was not you, do nothing: your password stays.\n"
        ),
    }
}

/// That a second factor guards the sign-in no more: whoever took it away may be somebody else.
pub fn second_factor_gone(portal: &str, email: &str, name: &str) -> Letter {
    Letter {
        to: email.to_owned(),
        topic: "second_factor_removed",
        subject: "Your second factor was removed".to_owned(),
        body: format!(
            "Hello {name}\n\nThe second factor of your account was removed; your password alone signs in again. \
             If it was you, or you asked an administrator for it, there is nothing to do but to set up another:\n\n\
             {portal}\n\n\
             If it was not you, choose a new password at once and tell an administrator.\n"
        ),
    }
}
