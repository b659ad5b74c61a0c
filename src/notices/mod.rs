//! Notices: what people are told, in the app and by mail, without asking.
//!
//! - The [`catalogue`] says which topics there are, which events they stand for, and who is told.
//! - The dispatcher reads the log of events by position from a mark of its own. In the transaction that moves the mark it
//!   writes the notices, one for each person, topic and event, and their mails. So a restart, or two servers at once, neither
//!   double nor lose anything. What an import brings is history, and tells nobody.
//! - What a text can name comes from the event, which tells what its partner may read, so no notice tells a partner more. Of
//!   the vendor's people only those are told who see the partner's rows; whoever did it themselves is not told.
//! - [`preferences`] are everybody's own: channel by topic, quiet hours, the hour of the digest, language and time zone.
//! - [`templates`] are the texts, which the program's owner can change.
//! - [`reminders`] come before deadlines, each once for each deadline and distance.
//! - `digests` put together the mails of those who want one a day, once for each person and day.
//! - The [`inbox`] is everybody's own.
//!
//! Invitations, receipts of applicants and resets of passwords are no notices: they go to people who cannot sign in yet, carry
//! a token, and are sent by the operation itself.

pub mod catalogue;
mod digests;
mod dispatch;
mod hours;
pub mod inbox;
mod language;
pub mod preferences;
pub mod reminders;
pub mod templates;

pub use digests::send as send_digests;
pub use dispatch::tell;
pub use inbox::unread;
pub use reminders::{ReminderKind, remind};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{db::Tx, error::Result};

/// Deletes notices, reminders and digests that nobody looks at any more, at most so many. Tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mut done = inbox::delete_old(tx, most)?;
    for delete in [reminders::delete_old, digests::delete_old] {
        let room = most.saturating_sub(i64::try_from(done).unwrap_or(i64::MAX));
        done += if room > 0 { delete(tx, room)? } else { 0 };
    }
    Ok(done)
}

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    catalogue::routes(config);
    inbox::routes(config);
    preferences::routes(config);
    templates::routes(config);
    reminders::routes(config);
}
