//! People at partners. One row is one time at one partner; the rows of one key are one person.

use serde_json::{Value, json};

use super::{Applied, ImportKind, Incoming};
use crate::{
    db::Tx,
    error::{Error, Result},
    imports::ready::{Ready, Typed},
    kernel::{Date, Patch, ids::PersonId},
    partners::people::{
        self, Consent, ContactPreference, Employment, EmploymentPatch, NewEmployment, NewPerson, Person, PersonPatch,
        PersonStatus,
    },
    references::{self, ExternalRef},
};

/// Completes the body that the API's contract checks: consents and preferences are lists there, and a row without a
/// partner has no employment.
pub fn complete(body: &mut Value, row: &Ready, system: &str) {
    let Some(fields) = body.as_object_mut() else { return };
    if row.text("employment.partner_id").is_none() {
        fields.remove("employment");
    }
    let unknown = format!("Taken over from {system}; the wording is not known.");
    let wording = row.text("consent_wording").unwrap_or(&unknown);
    let (mut consents, mut preferences) = (Vec::new(), Vec::new());
    for (name, value) in &row.values {
        match value {
            Typed::Moment(given) => {
                if let Some(purpose) = name.strip_prefix("consents.") {
                    let withdrawn = row.moment(&format!("withdrawn.{purpose}"));
                    consents.push(json!({
                        "purpose": purpose,
                        "wording": wording,
                        "given_at": given,
                        "withdrawn_at": withdrawn,
                    }));
                }
            }
            Typed::Flag(wanted) => {
                if let Some(named) = name.strip_prefix("preferences.") {
                    let (channel, topic) = named.split_once('.').unwrap_or((named, ""));
                    preferences.push(json!({"channel": channel, "topic": topic, "wanted": wanted}));
                }
            }
            _ => {}
        }
    }
    for (name, list) in [("consents", consents), ("preferences", preferences)] {
        if !list.is_empty() {
            fields.insert(name.to_owned(), Value::Array(list));
        }
    }
}

/// What became of a person who was known.
struct Told {
    changed: bool,
    notes: Vec<String>,
}

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let new: NewPerson = incoming.parsed()?;
    withdrawn_were_given(incoming.row)?;
    let own = ExternalRef {
        system: incoming.reference.system.clone(),
        id: incoming.row.record.clone(),
    };
    let known: Option<PersonId> = match references::holder(tx, ImportKind::People.resource_type(), &own)? {
        Some(id) => Some(
            id.parse()
                .map_err(|_malformed| Error::internal(format!("an external reference names `{id}`")))?,
        ),
        // Somebody of that very name and address was recorded here before.
        None => match &new.email {
            Some(email) => people::of_name_and_address(tx, &new.name, email)?,
            None => None,
        },
    };
    let Some(id) = known else {
        return begin(tx, incoming, &own, &new);
    };
    let before = people::find(tx, id)?;
    if before.status == PersonStatus::Erased {
        return Err(Error::field(
            "#/key",
            "erased",
            "the person's data was erased here on request; nothing of it is written any more",
        ));
    }
    name(tx, incoming, &own, id)?;
    let mut told = Told {
        changed: false,
        notes: Vec::new(),
    };
    let latest = new.employment.as_ref().is_none_or(|time| {
        let start = time.starts_on.unwrap_or_else(|| tx.now.date());
        before.employments.iter().all(|other| other.starts_on <= start)
    });
    if latest {
        described(tx, &before, &new, &mut told)?;
    } else {
        told.notes
            .push("name and ways to reach the person are those of a later time at a partner".to_owned());
    }
    if let Some(time) = &new.employment {
        employed(tx, incoming, &before, time, &mut told)?;
    }
    let applied = Applied::changed(told.changed, id);
    Ok(if told.notes.is_empty() {
        applied
    } else {
        applied.because("employment", told.notes.join("; "))
    })
}

fn name(tx: &mut Tx<'_>, incoming: &Incoming<'_>, own: &ExternalRef, id: PersonId) -> Result<()> {
    let by_row = incoming.reference.clone();
    incoming.name_as(tx, ImportKind::People, &id.to_string(), &[own.clone(), by_row])
}

fn withdrawn_were_given(row: &Ready) -> Result<()> {
    for name in row.values.keys() {
        if let Some(purpose) = name.strip_prefix("withdrawn.")
            && row.moment(&format!("consents.{purpose}")).is_none()
        {
            return Err(Error::field(
                format!("#/{name}"),
                "never_given",
                "what was withdrawn was given before; map the moment at which it was",
            ));
        }
    }
    Ok(())
}

fn begin(tx: &mut Tx<'_>, incoming: &Incoming<'_>, own: &ExternalRef, new: &NewPerson) -> Result<Applied> {
    let mut person = Person::new(new, tx.now);
    let mut reason = None;
    if let Some(time) = &new.employment {
        if time.starts_on.is_none() {
            reason = Some("the file does not say since when the person works there; it counts from today");
        }
        person
            .employments
            .push(dated(Employment::new(person.id, time, tx.now), incoming.row)?);
    }
    let made = people::insert(tx, person)?;
    name(tx, incoming, own, made.id)?;
    let applied = Applied::made(made.id);
    Ok(match reason {
        Some(reason) => applied.because("starts_today", reason),
        None => applied,
    })
}

/// The time with the end that the row says.
fn dated(mut time: Employment, row: &Ready) -> Result<Employment> {
    if let Some(end) = row.date("employment.ends_on") {
        if end < time.starts_on {
            return Err(Error::field(
                "#/employment.ends_on",
                "ends_before_start",
                format!("it begins on {}; the end cannot be before", time.starts_on),
            ));
        }
        time.ends_on = Some(end);
    }
    Ok(time)
}

/// Changes what the row says otherwise of the person; what it leaves empty stays.
fn described(tx: &mut Tx<'_>, before: &Person, new: &NewPerson, told: &mut Told) -> Result<()> {
    let set = |given: &Option<String>| given.clone().map_or(Patch::Keep, Patch::Set);
    let patch = PersonPatch {
        name: Some(new.name.clone()),
        email: set(&new.email),
        phone: set(&new.phone),
        locale: set(&new.locale),
        preferences: Some(merged(
            &before.preferences,
            &new.preferences,
            |one: &ContactPreference| (one.topic.clone(), one.channel),
        )),
        consents: Some(merged(&before.consents, &new.consents, |one: &Consent| {
            one.purpose.clone()
        })),
    };
    let after = before.clone().patched(&patch, tx.now)?;
    let same = Person {
        revision: before.revision,
        updated_at: before.updated_at,
        ..after.clone()
    } == *before;
    if !same {
        people::save(tx, before, after)?;
        told.changed = true;
    }
    Ok(())
}

/// What was there, with what is given in its place or after it.
fn merged<T: Clone, K: PartialEq>(there: &[T], given: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut merged: Vec<T> = there.to_vec();
    for new in given {
        match merged.iter_mut().find(|old| key(old) == key(new)) {
            Some(old) => *old = new.clone(),
            None => merged.push(new.clone()),
        }
    }
    merged
}

fn employed(
    tx: &mut Tx<'_>,
    incoming: &Incoming<'_>,
    person: &Person,
    new: &NewEmployment,
    told: &mut Told,
) -> Result<()> {
    let here = |time: &&Employment| time.partner_id == new.partner_id;
    let there = match new.starts_on {
        Some(start) => person
            .employments
            .iter()
            .filter(here)
            .find(|time| time.starts_on == start),
        None => person.employments.iter().filter(here).max_by_key(|time| time.starts_on),
    };
    if let Some(before) = there {
        return changed(tx, incoming.row, before, new, told);
    }
    let mut time = dated(Employment::new(person.id, new, tx.now), incoming.row)?;
    let works_elsewhere_too = incoming.row.flag("employment.beside_others") == Some(true);
    if !works_elsewhere_too && time.ends_on.is_none() {
        time.ends_on = next_elsewhere(person, &time);
        if let Some(end) = time.ends_on {
            told.notes.push(format!("it ends on {end}, when the next begins"));
        }
    }
    let time = time.beside(&person.employments)?;
    if !works_elsewhere_too {
        left(tx, person, &time, told)?;
    }
    if new.starts_on.is_none() {
        told.notes
            .push("the file does not say since when the person works there; it counts from today".to_owned());
    }
    people::insert_employment(tx, time)?;
    told.changed = true;
    Ok(())
}

/// When the person's next time at another partner begins.
fn next_elsewhere(person: &Person, time: &Employment) -> Option<Date> {
    let later = person
        .employments
        .iter()
        .filter(|other| other.partner_id != time.partner_id && other.starts_on > time.starts_on);
    later.map(|other| other.starts_on).min()
}

/// Who begins at one partner has left the others that began before, unless the file says when.
fn left(tx: &mut Tx<'_>, person: &Person, next: &Employment, told: &mut Told) -> Result<()> {
    let open = |time: &&Employment| {
        time.ends_on.is_none() && time.partner_id != next.partner_id && time.starts_on < next.starts_on
    };
    for before in person.employments.iter().filter(open) {
        let after = before.clone().ended(Some(next.starts_on), tx.now)?;
        people::save_employment(tx, before, after, "employment.ended")?;
        told.notes
            .push(format!("the time at {} ends on {}", before.partner_id, next.starts_on));
    }
    Ok(())
}

fn changed(tx: &mut Tx<'_>, row: &Ready, before: &Employment, new: &NewEmployment, told: &mut Told) -> Result<()> {
    let set = |given: &Option<String>| given.clone().map_or(Patch::Keep, Patch::Set);
    let patch = EmploymentPatch {
        title: set(&new.title),
        department: set(&new.department),
        roles: (!new.roles.is_empty()).then(|| new.roles.clone()),
    };
    let after = before.clone().patched(&patch, tx.now);
    let mut now = before.clone();
    if (&after.title, &after.department, &after.roles) != (&before.title, &before.department, &before.roles) {
        now = people::save_employment(tx, before, after, "employment.updated")?;
        told.changed = true;
    }
    let end: Option<Date> = row.date("employment.ends_on");
    if end.is_some() && end != now.ends_on {
        if let Some(known) = now.ends_on {
            return Err(Error::field(
                "#/employment.ends_on",
                "history_kept",
                format!("it ended on {known}, and what has been is not rewritten"),
            ));
        }
        let ended = now.clone().ended(end, tx.now)?;
        people::save_employment(tx, &now, ended, "employment.ended")?;
        told.changed = true;
    }
    Ok(())
}
