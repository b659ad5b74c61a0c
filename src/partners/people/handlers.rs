//! One function per operation: take, call, answer.

use actix_web::{get, patch, post, put};

use super::{
    model::{
        Employment, EmploymentEnd, EmploymentPatch, NewEmployment, NewPerson, Person, PersonFilter, PersonPatch,
        PersonUpsert,
    },
    queries,
    upserts::{self, PersonBatch},
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result},
    http::{
        Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply, Upserted,
        batch::{Batch, Batched},
    },
    kernel::{
        ids::{EmploymentId, PartnerId, PersonId},
        page::{Page, Paging},
    },
    partners,
    references::ExternalPath,
    sync::{self, Carried, SyncedType},
};

pub(super) fn shown(tx: &Tx<'_>, person: Person) -> Person {
    if tx.caller().is_vendor() {
        person
    } else {
        person.for_partner(tx.caller().partner(), tx.now.date())
    }
}

/// A partner that the caller may bind people to.
pub(super) fn bindable(tx: &mut Tx<'_>, partner: PartnerId, pointer: &str) -> Result<()> {
    partners::status(tx, partner)
        .map(drop)
        .map_err(|_none| Error::unknown_reference(pointer, "There is no such partner."))
}

/// List people
///
/// Whom the vendor knows at partners. A partner's people see those who work, or worked, at their own.
#[utoipa::path(params(PersonFilter, Paging))]
#[get("")]
pub async fn list_people(db: Db, caller: Caller, filter: Query<PersonFilter>, paging: Paging) -> Reply<Page<Person>> {
    db.snapshot(&caller, move |tx| {
        let page = queries::page(tx, &filter.0, &paging)?;
        Ok(page.map(|person| shown(tx, person)))
    })
    .await
}

/// Record a person
///
/// With the partner that the person works at, if any. For a partner's administrator it is their own partner.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_person(db: Db, caller: Caller, new: Json<NewPerson>) -> Reply<Created<Person>> {
    db.write(&caller, move |tx| {
        let own = tx.caller().partner().map(|partner_id| NewEmployment {
            partner_id,
            title: None,
            department: None,
            roles: vec![],
            starts_on: None,
        });
        let mut person = Person::new(&new.0, tx.now);
        if let Some(time) = new.0.employment.clone().or(own) {
            bindable(tx, time.partner_id, "#/employment/partner_id")?;
            person.employments.push(Employment::new(person.id, &time, tx.now));
        }
        let person = queries::insert(tx, person)?;
        Ok(Created(shown(tx, person)))
    })
    .await
}

/// Record or change a person by an id of another system
///
/// The person whom the system knows by that id is changed, or recorded if there is none, which then needs a `name`. What is left
/// out stays, null clears, references are added. `employment` begins the person's time at a partner, or changes it.
/// With `External-Revision` the person is linked with the system: an older
/// revision is refused (`stale_revision`), the same one changes nothing, and what both sides changed since they agreed is kept as
/// a conflict (`sync_conflict`), not written over.
#[utoipa::path(
    params(ExternalPath, IfMatchIfSent, Carried),
    extensions(("x-errors" = json!(["already_exists", "field_locked", "guard_failed", "stale_revision", "sync_conflict", "sync_paused"])))
)]
#[put("/by-external-id/{system}/{external_id}")]
pub async fn upsert_person(
    db: Db,
    caller: Caller,
    path: Path<ExternalPath>,
    seen: IfMatch,
    carried: Carried,
    given: Json<PersonUpsert>,
) -> Reply<Upserted<Person>> {
    let reference = path.0.reference()?;
    db.settle(&caller, move |tx| {
        sync::arrival(tx, SyncedType::Person, &reference, &carried, one, &mut |tx| {
            upserts::upsert_by_external(tx, &reference, &given.0, seen)
        })
    })
    .await
}

/// The person with that id, as the caller may see them.
pub(super) fn one(tx: &mut Tx<'_>, id: &str) -> Result<Person> {
    let person = queries::find(tx, id.parse().map_err(|_other| Error::not_found())?)?;
    Ok(shown(tx, person))
}

/// Put many people
///
/// Up to 1,000 in one call: by the ids of another system as `upsertPerson`, or by their own as `updatePerson`. Each item is for
/// itself, and its outcome is told in the order sent, unless `atomic` makes it all or nothing. The rate limit counts items.
#[utoipa::path(request_body = PersonBatch)]
#[post("/batch")]
pub async fn batch_people(db: Db, caller: Caller, batch: Batch<PersonUpsert>) -> Reply<Batched> {
    upserts::BATCH.run(&db, &caller, batch).await
}

/// Read a person by an id of another system
///
/// With the times at partners that the caller may see.
#[utoipa::path(params(ExternalPath))]
#[get("/by-external-id/{system}/{external_id}")]
pub async fn get_person_by_external_id(db: Db, caller: Caller, path: Path<ExternalPath>) -> Reply<Json<Person>> {
    let reference = path.0.reference()?;
    db.snapshot(&caller, move |tx| {
        let person = queries::find_by_reference(tx, &reference)?;
        Ok(Json(shown(tx, person)))
    })
    .await
}

/// Read a person
///
/// With the times at partners that the caller may see.
#[utoipa::path(params(PersonId))]
#[get("/{id}")]
pub async fn get_person(db: Db, caller: Caller, id: Path<PersonId>) -> Reply<Json<Person>> {
    db.snapshot(&caller, move |tx| {
        let person = queries::find(tx, id.0)?;
        Ok(Json(shown(tx, person)))
    })
    .await
}

/// Change a person
///
/// Name, ways to reach them, what they want to hear of, and their consents. A partner's administrator changes those who work
/// at the partner now.
#[utoipa::path(params(PersonId, IfMatch), extensions(("x-errors" = json!(["field_locked", "guard_failed"]))))]
#[patch("/{id}")]
pub async fn update_person(
    db: Db,
    caller: Caller,
    id: Path<PersonId>,
    seen: IfMatch,
    patch: Json<PersonPatch>,
) -> Reply<Json<Person>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        before.may_be_written(tx.caller().partner(), tx.now.date())?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        let person = queries::save(tx, &before, after)?;
        Ok(Json(shown(tx, person)))
    })
    .await
}

/// Record that a person works at a partner
///
/// Beside other partners, if the person works for several; at one partner once at a time. The person, who is read with it, has a
/// new revision.
#[utoipa::path(params(PersonId), extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("/{id}/employments")]
pub async fn create_employment(
    db: Db,
    caller: Caller,
    id: Path<PersonId>,
    new: Json<NewEmployment>,
) -> Reply<Created<Employment>> {
    db.write(&caller, move |tx| {
        let person = queries::find(tx, id.0)?;
        bindable(tx, new.0.partner_id, "#/partner_id")?;
        let time = Employment::new(person.id, &new.0, tx.now).beside(&person.employments)?;
        queries::insert_employment(tx, time).map(Created)
    })
    .await
}

/// Read a person's time at a partner
///
/// In which parts, and from when to when.
#[utoipa::path(params(EmploymentId))]
#[get("/{id}")]
pub async fn get_employment(db: Db, caller: Caller, id: Path<EmploymentId>) -> Reply<Json<Employment>> {
    db.snapshot(&caller, move |tx| queries::find_employment(tx, id.0).map(Json))
        .await
}

/// Change a person's time at a partner
///
/// Position, department and parts. The person, who is read with it, has a new revision.
#[utoipa::path(params(EmploymentId, IfMatch))]
#[patch("/{id}")]
pub async fn update_employment(
    db: Db,
    caller: Caller,
    id: Path<EmploymentId>,
    seen: IfMatch,
    patch: Json<EmploymentPatch>,
) -> Reply<Json<Employment>> {
    db.write(&caller, move |tx| {
        let before = queries::find_employment(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now);
        queries::save_employment(tx, &before, after, "employment.updated").map(Json)
    })
    .await
}

/// End a person's time at a partner
///
/// The time stays in the history. Access of a user who signs in for the partner is ended with the user. The person, who is read with
/// the time, has a new revision.
#[utoipa::path(params(EmploymentId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/end")]
pub async fn end_employment(
    db: Db,
    caller: Caller,
    id: Path<EmploymentId>,
    seen: IfMatch,
    end: Json<EmploymentEnd>,
) -> Reply<Json<Employment>> {
    db.write(&caller, move |tx| {
        let before = queries::find_employment(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().ended(end.0.ends_on, tx.now)?;
        queries::save_employment(tx, &before, after, "employment.ended").map(Json)
    })
    .await
}
