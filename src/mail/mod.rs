//! Mail: queued in the transaction of what it tells, delivered by a worker, by whatever port the settings name.
//!
//! A mail that carries a one-time token is sealed in the queue and emptied after delivery.

mod port;
mod queries;
mod worker;

pub use port::{LogMailer, Mailer, SmtpMailer, mailer};
pub use queries::{queue, queue_for, queue_sealed};
pub use worker::Worker;

/// A mail to one person, in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whom it goes to.
    pub to: String,
    /// What kind of mail it is, for preferences and statistics: `invitation`.
    pub topic: &'static str,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// A letter on its way: out of the queue, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whom it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
}
