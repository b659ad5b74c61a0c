//! Puts mails into the queue.

use diesel::prelude::*;

use super::Letter;
use crate::{
    db::Tx,
    error::Result,
    kernel::ids::MailId,
    schema::mails::{self, table},
};

/// Queues the mail, in this transaction.
///
/// # Errors
/// What the database reports.
pub fn send(tx: &mut Tx<'_>, letter: &Letter) -> Result<()> {
    let (id, now): (MailId, _) = (tx.new_id(), tx.now);
    let row = (
        mails::id.eq(id),
        mails::recipient.eq(&letter.recipient),
        mails::topic.eq(letter.topic),
        mails::subject.eq(&letter.subject),
        mails::body.eq(Some(&letter.body)),
        mails::sealed.eq(false),
        mails::state.eq("queued"),
        mails::attempts.eq(0),
        mails::next_at.eq(now),
        mails::created_at.eq(now),
        mails::updated_at.eq(now),
    );
    diesel::insert_into(table).values(row).execute(tx.conn())?;
    Ok(())
}
