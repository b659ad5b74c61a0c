//! People as another system has them, put at that system's ids.

use super::{
    handlers::{bindable, one, shown},
    model::{Employment, EmploymentPatch, NewEmployment, NewPerson, Person, PersonPatch, PersonUpsert},
    queries,
};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::{
        IfMatch, Resource as _, Upserted,
        batch::{Batch, BatchData, Done, Operations, Records, Settled, Upsert},
    },
    kernel::{Patch, ids::PersonId},
    references::{self, ExternalRef},
    sync::{self, Carried, SyncedType},
};

/// People who are put in one call.
pub type PersonBatch = Batch<PersonUpsert>;

/// What a batch does with people.
pub const BATCH: Records<PersonUpsert> = Records {
    kind: Person::TYPE,
    operations: Operations {
        upsert: "upsertPerson",
        update: "updatePerson",
    },
    upsert: upsert_item,
    update: update_item,
};

impl BatchData for PersonUpsert {
    const RECORD: &'static str = "Person";
    const ID: &'static str = "person_01jdq4p6c8f3kb2v9y0s7x5ham";
}

/// Records or changes the person whom another system knows by that id. What `given` leaves out stays as it is, null clears.
/// Of several who do so at once for a new id, one records the person and the others change the record.
///
/// # Errors
/// As the operations that record and change people and their times at partners; 409 `contradiction` for a new person without
/// a name; 409 `already_exists` if the id names somebody whom the caller may not see; 412 if the record was changed since the
/// caller read it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &PersonUpsert,
    seen: IfMatch,
) -> Result<Upserted<Person>> {
    let upsert = Upsert::of_one(tx, Person::TYPE, reference, given, seen)?;
    put(tx, &upsert)
}

fn put(tx: &mut Tx<'_>, upsert: &Upsert<'_, PersonUpsert>) -> Result<Upserted<Person>> {
    let mut given = upsert.data.clone();
    references::add(&mut given.external_refs, upsert.reference);
    let new = given.clone();
    references::put(
        tx,
        Person::TYPE,
        upsert.reference,
        (upsert.holder.as_deref(), upsert.seen),
        |tx| {
            let person = record(tx, new)?;
            Ok(shown(tx, person))
        },
        |tx, id| {
            let before = locked(tx, id).map_err(references::unseen)?;
            merged(tx, before, given, upsert.seen)
        },
    )
}

fn locked(tx: &mut Tx<'_>, id: PersonId) -> Result<Person> {
    queries::lock(tx, id)?;
    queries::find(tx, id)
}

/// A new person of what another system says.
fn record(tx: &mut Tx<'_>, given: PersonUpsert) -> Result<Person> {
    let name = given.name.ok_or_else(|| {
        Error::contradicts(
            "#/name",
            "required",
            "There is no such person yet, and a new one needs a name.",
        )
    })?;
    let new = NewPerson {
        name,
        email: given.email.apply(None),
        phone: given.phone.apply(None),
        locale: given.locale.apply(None),
        preferences: given.preferences.unwrap_or_default(),
        consents: given.consents.unwrap_or_default(),
        employment: None,
    };
    let mut person = Person::new(&new, tx.now);
    person.external_refs = Some(references::distinct(given.external_refs.unwrap_or_default()));
    if let Some(time) = &given.employment {
        bindable(tx, time.partner_id, "#/employment/partner_id")?;
        person.employments.push(Employment::new(person.id, time, tx.now));
    }
    queries::insert(tx, person)
}

/// The person with what is said of them: references are added, none is taken away.
fn merged(tx: &mut Tx<'_>, before: Person, mut given: PersonUpsert, seen: IfMatch) -> Result<Person> {
    seen.check(before.revision)?;
    if let Some(added) = &mut given.external_refs {
        added.extend(before.external_refs.iter().flatten().cloned());
    }
    let person = change(tx, before, given)?;
    Ok(shown(tx, person))
}

/// Changes the person as said; what says the same makes no revision. References, if any are named, are all that there are then.
///
/// # Errors
/// As the operations that change people and their times at partners.
pub fn change(tx: &mut Tx<'_>, before: Person, given: PersonUpsert) -> Result<Person> {
    before.may_be_written(tx.caller().partner(), tx.now.date())?;
    let patch = PersonPatch {
        name: given.name,
        email: given.email,
        phone: given.phone,
        locale: given.locale,
        preferences: given.preferences,
        consents: given.consents,
    };
    let mut after = before.clone().patched(&patch, tx.now)?;
    if let Some(refs) = given.external_refs {
        after.external_refs = Some(references::distinct(refs));
    }
    let after = if after.same_as(&before) {
        before
    } else {
        queries::save(tx, &before, after)?
    };
    match &given.employment {
        Some(time) => employed(tx, after, time),
        None => Ok(after),
    }
}

/// The person with that time at a partner: begun if they do not work there, else with what is said of it. A time that is said to
/// begin later is looked for on the day on which it does: when it is said again, it is known. So is one that has ended, by its
/// first day: who says it again may not know of the end, which stays.
fn employed(tx: &mut Tx<'_>, person: Person, time: &NewEmployment) -> Result<Person> {
    let today = tx.now.date();
    let first = time.starts_on.unwrap_or(today);
    let day = first.max(today);
    let there = |known: &&Employment| known.partner_id == time.partner_id;
    let mut times = person.employments.iter().filter(there);
    let holds = times.clone().find(|known| known.holds_on(day));
    let known = holds.or_else(|| times.find(|known| known.starts_on == first));
    match known {
        Some(known) => {
            let set = |text: &Option<String>| text.clone().map_or(Patch::Keep, Patch::Set);
            let patch = EmploymentPatch {
                title: set(&time.title),
                department: set(&time.department),
                roles: (!time.roles.is_empty()).then(|| time.roles.clone()),
            };
            let after = known.clone().patched(&patch, tx.now);
            let same =
                (&after.title, &after.department, &after.roles) == (&known.title, &known.department, &known.roles);
            if same {
                return Ok(person);
            }
            queries::save_employment(tx, known, after, "employment.updated")?;
        }
        None => {
            bindable(tx, time.partner_id, "#/employment/partner_id")?;
            let time = Employment::new(person.id, time, tx.now).beside(&person.employments)?;
            queries::insert_employment(tx, time)?;
        }
    }
    queries::find(tx, person.id)
}

fn upsert_item(tx: &mut Tx<'_>, item: Upsert<'_, PersonUpsert>, carried: &Carried) -> Result<Settled> {
    let settled = sync::arrival(tx, SyncedType::Person, item.reference, carried, one, &mut |tx| {
        put(tx, &item)
    })?;
    Done::settled(tx, settled)
}

fn update_item(tx: &mut Tx<'_>, id: &str, given: &PersonUpsert, seen: IfMatch) -> Result<Done> {
    let id = id.parse().map_err(|_malformed| Error::not_found())?;
    let before = locked(tx, id)?;
    let person = merged(tx, before, given.clone(), seen)?;
    Done::changed(tx, person)
}
