//! Digests: one mail a day, at the hour that the person chose, with all that was to come by it.

mod queries;
mod rules;

use super::{dispatch::footer, hours::LocalClock, preferences};
use crate::{
    db::Tx,
    error::Result,
    identity::addressees::{self, Addressee},
    kernel::ids::UserId,
    mail::{self, Letter},
};

/// Puts together the digests that are due, of at most so many people. Tells how many people it dealt with.
///
/// # Errors
/// What the database reports.
pub fn send(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let due = queries::due(tx, most)?;
    for person in &due {
        match addressees::those(tx, &[*person])?.pop() {
            Some(person) => compose(tx, &person)?,
            // Nobody who has left is sent anything.
            None => queries::give_up(tx, *person, None)?,
        }
    }
    Ok(due.len())
}

fn compose(tx: &mut Tx<'_>, person: &Addressee) -> Result<()> {
    let now = tx.now;
    drop_former_partners(tx, person.id)?;
    let notices = queries::pending(tx, person.id)?;
    if notices.is_empty() {
        return Ok(());
    }
    let wish = preferences::of_people(tx, &[person.id])?
        .remove(&person.id)
        .unwrap_or_default();
    let clock: LocalClock = wish.clock(person);
    if !queries::begin(tx, person.id, clock.date(now), notices.len())? {
        return queries::postpone(tx, person.id, wish.digest_at(now, &clock));
    }
    let locale = wish.locale(person);
    let (subject, body) = rules::digest(locale, &notices);
    let letter = Letter {
        to: person.email.clone(),
        topic: "digest",
        subject,
        body: format!("{body}\n\n-- \n{}\n", footer(locale)),
    };
    mail::queue_for(tx, &letter, wish.mail_at(now, &clock))?;
    let ids: Vec<_> = notices.iter().map(|notice| notice.id).collect();
    queries::sent(tx, &ids)
}

/// What was for a partner that the person does not act for any more is not sent.
fn drop_former_partners(tx: &mut Tx<'_>, person: UserId) -> Result<()> {
    for partner in queries::partners(tx, person)? {
        if !addressees::of_partner(tx, partner, &[])?.contains(&person) {
            queries::give_up(tx, person, Some(partner))?;
        }
    }
    Ok(())
}
