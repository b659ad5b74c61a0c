//! Where mail goes.

use std::sync::Arc;

use lettre::{Message, SmtpTransport, Transport as _, message::Mailbox};

use super::Delivery;
use crate::{
    config::Config,
    error::{Error, Result, codes},
};

/// Takes mails to their receivers. Called outside of any transaction, on a thread that may wait.
pub trait Mailer: Send + Sync {
    /// Delivers one mail.
    ///
    /// # Errors
    /// Why it could not be delivered now; it will be tried again.
    fn deliver(&self, mail: &Delivery) -> std::result::Result<(), String>;
}

/// Writes mails into the log: for a first look, without a mail server. Whoever reads the log reads the mails.
#[derive(Debug, Clone, Copy)]
pub struct LogMailer;

impl Mailer for LogMailer {
    fn deliver(&self, mail: &Delivery) -> std::result::Result<(), String> {
        log::info!(target: "openprm::mail", "to {}: {}\n{}", mail.to, mail.subject, mail.body);
        Ok(())
    }
}

/// Sends mails by SMTP.
pub struct SmtpMailer {
    transport: SmtpTransport,
    from: Mailbox,
}

impl SmtpMailer {
    /// A mailer for that server, `smtps://USER:PASSWORD@HOST` or `smtp://HOST?tls=required`.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn new(url: &str, from: &str) -> Result<Self> {
        let wrong = |sentence: String| Error::new(&codes::UNAVAILABLE).detail(sentence);
        // The cause may hold the password of the URL, so it is not told.
        let transport = SmtpTransport::from_url(url)
            .map_err(|_cause| {
                wrong("OPENPRM_SMTP_URL cannot be used; it must look like smtps://USER:PASSWORD@HOST.".to_owned())
            })?
            .timeout(Some(std::time::Duration::from_secs(20)))
            .build();
        let from = from.parse().map_err(|error| {
            wrong(format!(
                "OPENPRM_MAIL_FROM is no sender ({error}); it must look like Name <name@example.com>."
            ))
        })?;
        Ok(Self { transport, from })
    }
}

impl Mailer for SmtpMailer {
    fn deliver(&self, mail: &Delivery) -> std::result::Result<(), String> {
        let to = mail
            .to
            .parse()
            .map(|address| Mailbox::new(None, address))
            .map_err(|error| format!("the address: {error}"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .body(mail.body.clone())
            .map_err(|error| error.to_string())?;
        self.transport
            .send(&message)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// The mailer that the settings name: SMTP, or else the log.
///
/// # Errors
/// A sentence that names the setting that cannot be used.
pub fn mailer(config: &Config) -> Result<Arc<dyn Mailer>> {
    Ok(match &config.smtp_url {
        Some(url) => Arc::new(SmtpMailer::new(url, &config.mail_from)?),
        None => Arc::new(LogMailer),
    })
}
