//! Digests: one mail a day, at the hour that the person chose, with all that was to come by it.

mod queries;
mod rules;

pub use queries::delete_old;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    dispatch::footer,
    preferences::{self, Wishes},
};
use crate::{
    db::Tx,
    error::Result,
    identity::{
        addressees::{self, Addressee},
        memberships,
    },
    kernel::{
        Language,
        ids::{PartnerId, UserId},
    },
    mail::{self, Letter},
};

/// Puts together the digests that are due, of at most so many people. Tells how many people it dealt with, but for
/// those whom another server dealt with meanwhile.
///
/// # Errors
/// What the database reports.
pub fn send(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let due = queries::due(tx, most)?;
    if due.is_empty() {
        return Ok(0);
    }
    let active = addressees::those(tx, &due)?;
    let mut people: BTreeMap<UserId, Addressee> = active.into_iter().map(|person| (person.id, person)).collect();
    let mut wishes = preferences::of_people(tx, &due)?;
    let mut partners = memberships::active_partners(tx, &due)?;
    let mut done = 0;
    for id in &due {
        let dealt_with = match people.remove(id) {
            Some(person) => {
                let (wish, acts_for) = (wishes.remove(id), partners.remove(id));
                compose(tx, &person, &wish.unwrap_or_default(), &acts_for.unwrap_or_default())?
            }
            // Nobody who has left is sent anything.
            None => queries::give_up(tx, *id, None)?,
        };
        done += usize::from(dealt_with);
    }
    Ok(done)
}

fn compose(tx: &mut Tx<'_>, person: &Addressee, wish: &Wishes, acts_for: &BTreeSet<PartnerId>) -> Result<bool> {
    let (now, mut dealt_with) = (tx.now, false);
    // What was for a partner that the person does not act for any more is not sent.
    for partner in queries::partners(tx, person.id)? {
        if !acts_for.contains(&partner) {
            dealt_with |= queries::give_up(tx, person.id, Some(partner))?;
        }
    }
    let notices = queries::pending(tx, person.id)?;
    if notices.is_empty() {
        return Ok(dealt_with);
    }
    let clock = wish.clock(person);
    if !queries::begin(tx, person.id, clock.date(now), notices.len())? {
        return Ok(queries::postpone(tx, person.id, wish.digest_at(now, &clock))? || dealt_with);
    }
    let language = Language::of_locale(wish.locale(person)).unwrap_or(Language::English);
    let (subject, body) = rules::digest(language, &notices);
    let letter = Letter {
        to: person.email.clone(),
        topic: "digest",
        subject,
        body: format!("{body}\n\n-- \n{}\n", footer(language)),
    };
    mail::queue_for(tx, &letter, wish.mail_at(now, &clock))?;
    let ids: Vec<_> = notices.iter().map(|notice| notice.id).collect();
    queries::sent(tx, &ids)?;
    Ok(true)
}
