//! What firms that are not partners yet are told by mail. The mail is written in the transaction of what it tells.

mod queries;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
pub use queries::send;
use sha2::{Digest as _, Sha256};

/// A secret that is sent once and kept as a hash.
pub struct Token {
    /// What the mail shows.
    pub text: String,
    /// What is kept.
    pub hash: String,
}

impl Token {
    /// A new one: 256 random bits.
    pub fn new() -> Self {
        let text = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        Self {
            hash: hash(&text),
            text,
        }
    }
}

/// The hash of a token, in which it is looked up. It needs no salt: nobody can try 256 bits.
pub fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To which address.
    pub recipient: String,
    /// What it is about, for filters and statistics.
    pub topic: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
}

impl Letter {
    /// The invitation of a firm to apply.
    pub fn invitation(recipient: &str, firm: &str, token: &str, end: crate::kernel::Time) -> Self {
        Self {
            recipient: recipient.to_owned(),
            topic: "partner_invitation",
            subject: format!("{firm} is invited to become a partner"),
            body: format!(
                "You are invited to apply for {firm} as a partner.\n\nSend your application with this invitation token:\n\n{token}\n\n\
                 It can be used until {end}."
            ),
        }
    }

    /// The receipt of an application. Its token proves the address and follows the application.
    pub fn receipt(recipient: &str, number: &str, token: &str, is_verified: bool) -> Self {
        let next = if is_verified {
            "Your address is verified; the review begins soon."
        } else {
            "The review begins when you have confirmed this address with the token."
        };
        Self {
            recipient: recipient.to_owned(),
            topic: "partner_application",
            subject: format!("Your application {number}"),
            body: format!(
                "We received your application {number}. {next}\n\nThe token of your application:\n\n{token}\n\nKeep it: with it you follow and answer."
            ),
        }
    }

    /// Questions to an applicant.
    pub fn questions(recipient: &str, number: &str, questions: &[String], due: crate::kernel::Time) -> Self {
        Self {
            recipient: recipient.to_owned(),
            topic: "partner_application_questions",
            subject: format!("Questions about your application {number}"),
            body: format!(
                "Please answer by {due}, with the token of your application:\n\n- {}",
                questions.join("\n- ")
            ),
        }
    }

    /// The decision on an application.
    pub fn decision(recipient: &str, number: &str, accepted: bool, reapply: &str) -> Self {
        let body = if accepted {
            format!("Your application {number} is accepted. Your account manager will be in touch.")
        } else {
            format!("Your application {number} is not accepted. {reapply}")
        };
        Self {
            recipient: recipient.to_owned(),
            topic: "partner_application_decision",
            subject: format!("Decision on your application {number}"),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_and_is_never_the_same_twice() {
        let (one, other) = (Token::new(), Token::new());
        assert_ne!(one.text, other.text);
        assert_eq!(hash(&one.text), one.hash);
    }
}
