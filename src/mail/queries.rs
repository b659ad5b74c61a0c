//! The only file that knows the table of mails.

use diesel::prelude::*;

use super::{Delivery, Letter};
use crate::{
    auth::MasterSecret,
    db::{Lock, Tx},
    error::Result,
    kernel::{Time, ids::MailId},
    schema::mails::{self, table},
    words,
};

/// What bodies are sealed for.
const PURPOSE: &str = "mail";
/// How long a worker has for one delivery, in seconds: more than twice what a server may take.
const LEASE_SECONDS: i64 = 60;
/// Tries after which a mail is given up.
const TRIES: i64 = 10;

words! {
    /// Where a mail stands.
    pub MailState {
        /// It waits.
        Queued = "queued",
        /// It was delivered.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
    }
}

/// Puts a mail into the queue, in the transaction of what it tells.
///
/// # Errors
/// What the database reports.
pub fn queue(tx: &mut Tx<'_>, letter: &Letter) -> Result<()> {
    let at = tx.now;
    queue_for(tx, letter, at)
}

/// [`queue`], for a mail that is not delivered before that moment.
///
/// # Errors
/// What the database reports.
pub fn queue_for(tx: &mut Tx<'_>, letter: &Letter, at: Time) -> Result<()> {
    let id: MailId = tx.new_id();
    put(tx, id, letter, letter.body.clone(), (false, at))
}

/// [`queue`], for a mail that carries a secret.
///
/// # Errors
/// What the database reports.
pub fn queue_sealed(tx: &mut Tx<'_>, master: &MasterSecret, letter: &Letter) -> Result<()> {
    let id: MailId = tx.new_id();
    let body = master.seal(PURPOSE, &id.to_string(), letter.body.as_bytes())?;
    let at = tx.now;
    put(tx, id, letter, body, (true, at))
}

fn put(tx: &mut Tx<'_>, id: MailId, letter: &Letter, body: String, (sealed, at): (bool, Time)) -> Result<()> {
    let now = tx.now.micros();
    let row = (
        mails::id.eq(id),
        mails::recipient.eq(&letter.to),
        mails::topic.eq(letter.topic),
        mails::subject.eq(&letter.subject),
        mails::body.eq(Some(body)),
        mails::sealed.eq(sealed),
        mails::state.eq(MailState::Queued),
        mails::attempts.eq(0_i64),
        mails::next_at.eq(at.micros()),
        mails::created_at.eq(now),
        mails::updated_at.eq(now),
    );
    diesel::insert_into(table).values(row).execute(tx.conn())?;
    Ok(())
}

/// A mail that this worker alone may deliver now.
#[derive(Clone)]
pub struct Leased {
    /// The mail.
    pub id: MailId,
    /// What shows that it is still ours.
    pub lease: String,
    /// How often it was tried before.
    pub attempts: i64,
    recipient: String,
    subject: String,
    body: Option<String>,
    sealed: bool,
}

impl Leased {
    /// The mail, opened.
    ///
    /// # Errors
    /// `unavailable` if it was sealed under another master secret.
    pub fn open(&self, master: &MasterSecret) -> Result<Delivery> {
        let body = self.body.clone().unwrap_or_default();
        let body = if self.sealed {
            String::from_utf8(master.open(PURPOSE, &self.id.to_string(), &body)?)
                .map_err(crate::error::Error::internal)?
        } else {
            body
        };
        Ok(Delivery {
            to: self.recipient.clone(),
            subject: self.subject.clone(),
            body,
        })
    }
}

type Row = (MailId, String, String, Option<String>, bool, i64);

/// Takes some mails that are due. Workers do not wait for each other.
///
/// # Errors
/// What the database reports.
pub fn lease(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Leased>> {
    let now = tx.now.micros();
    let due = table
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::next_at.le(now))
        .filter(mails::lease_until.is_null().or(mails::lease_until.le(now)))
        .order((mails::next_at, mails::id))
        .limit(most)
        .select((
            mails::id,
            mails::recipient,
            mails::subject,
            mails::body,
            mails::sealed,
            mails::attempts,
        ));
    let rows: Vec<Row> = Lock::FreeForUpdate.on(due).load(tx.conn())?;
    let lease = format!("{:032x}", rand::random::<u128>());
    let until = tx.now.plus_seconds(LEASE_SECONDS).micros();
    for row in &rows {
        let changes = (
            mails::lease_token.eq(Some(&lease)),
            mails::lease_until.eq(Some(until)),
            mails::updated_at.eq(now),
        );
        diesel::update(table.find(row.0)).set(changes).execute(tx.conn())?;
    }
    let leased = |(id, recipient, subject, body, sealed, attempts): Row| Leased {
        id,
        lease: lease.clone(),
        attempts,
        recipient,
        subject,
        body,
        sealed,
    };
    Ok(rows.into_iter().map(leased).collect())
}

/// Writes down how a delivery went, if the mail is still ours. Says whether it was.
///
/// # Errors
/// What the database reports.
pub fn settle(tx: &mut Tx<'_>, mail: &Leased, outcome: &std::result::Result<(), String>) -> Result<bool> {
    let now = tx.now;
    let attempts = mail.attempts.saturating_add(1);
    let (state, next_at) = match outcome {
        Ok(()) => (MailState::Sent, now),
        Err(_) if attempts >= TRIES => (MailState::Failed, now),
        Err(_) => (
            MailState::Queued,
            now.plus_seconds(pause(attempts, rand::random::<u8>())),
        ),
    };
    let changes = (
        mails::state.eq(state),
        mails::attempts.eq(attempts),
        mails::next_at.eq(next_at.micros()),
        mails::lease_token.eq(None::<String>),
        mails::lease_until.eq(None::<i64>),
        mails::last_error.eq(outcome.as_ref().err()),
        mails::sent_at.eq((state == MailState::Sent).then(|| now.micros())),
        // What carried a secret is emptied when it has gone, or will never go.
        mails::body.eq(mail
            .body
            .as_ref()
            .filter(|_| !(mail.sealed && state != MailState::Queued))),
        mails::updated_at.eq(now.micros()),
    );
    let ours = table.find(mail.id).filter(mails::lease_token.eq(Some(&mail.lease)));
    Ok(diesel::update(ours).set(changes).execute(tx.conn())? == 1)
}

/// Seconds until the next try: doubling from half a minute up to six hours, and up to a quarter more by chance.
fn pause(attempts: i64, chance: u8) -> i64 {
    let steps = u32::try_from(attempts.clamp(1, 11) - 1).unwrap_or(0);
    let base = 30_i64.saturating_mul(2_i64.saturating_pow(steps)).min(6 * 3600);
    base + base * i64::from(chance) / 1024
}

/// The moment at which the next mail is due, if one waits.
///
/// # Errors
/// What the database reports.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Time>> {
    Ok(table
        .filter(mails::state.eq(MailState::Queued))
        .order(mails::next_at)
        .select(mails::next_at)
        .limit(1)
        .get_result(tx.conn())
        .optional()?)
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn pauses_grow_from_half_a_minute_to_six_hours() {
        assert_eq!(pause(1, 0), 30);
        assert_eq!(pause(2, 0), 60);
        assert_eq!(pause(10, 0), 15_360);
        assert!(pause(50, 255) <= 6 * 3600 * 5 / 4 && pause(50, 0) == 6 * 3600);
    }
}
