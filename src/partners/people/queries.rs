//! The only file that knows the tables of people and their employments.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{
    Consent, ContactPreference, ContactRole, Employment, Person, PersonFilter, PersonSort, PersonStatus,
};
use crate::{
    auth::Rows,
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    http::Resource as _,
    kernel::{
        Date, Stored, Time,
        ids::{EmploymentId, PartnerId, PersonId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page,
    references::{self, ExternalRef},
    remove, revise,
    schema::{employment_roles, employments, people},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true, treat_none_as_default_value = false)]
struct PersonRow {
    id: PersonId,
    name: String,
    name_key: String,
    email: Option<String>,
    email_key: Option<String>,
    email_verified_at: Option<Time>,
    phone: Option<String>,
    locale: Option<String>,
    status: PersonStatus,
    preferences: Stored<Vec<ContactPreference>>,
    consents: Stored<Vec<Consent>>,
    erased_at: Option<Time>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&Person> for PersonRow {
    fn from(person: &Person) -> Self {
        let person = person.clone();
        Self {
            id: person.id,
            name_key: fold(&person.name),
            name: person.name,
            email_key: person.email.as_deref().map(fold),
            email: person.email,
            email_verified_at: person.email_verified_at,
            phone: person.phone,
            locale: person.locale,
            status: person.status,
            preferences: Stored(person.preferences),
            consents: Stored(person.consents),
            erased_at: person.erased_at,
            revision: person.revision,
            created_at: person.created_at,
            updated_at: person.updated_at,
        }
    }
}

impl PersonRow {
    fn with(self, employments: Vec<Employment>, external_refs: Vec<ExternalRef>) -> Person {
        Person {
            external_refs: Some(external_refs),
            id: self.id,
            name: self.name,
            email: self.email,
            email_verified_at: self.email_verified_at,
            phone: self.phone,
            locale: self.locale,
            status: self.status,
            preferences: self.preferences.0,
            consents: self.consents.0,
            employments,
            erased_at: self.erased_at,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = employments, treat_none_as_null = true, treat_none_as_default_value = false)]
struct EmploymentRow {
    id: EmploymentId,
    person_id: PersonId,
    partner_id: PartnerId,
    title: Option<String>,
    department: Option<String>,
    starts_on: Date,
    ends_on: Option<Date>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&Employment> for EmploymentRow {
    fn from(time: &Employment) -> Self {
        Self {
            id: time.id,
            person_id: time.person_id,
            partner_id: time.partner_id,
            title: time.title.clone(),
            department: time.department.clone(),
            starts_on: time.starts_on,
            ends_on: time.ends_on,
            revision: time.revision,
            created_at: time.created_at,
            updated_at: time.updated_at,
        }
    }
}

impl EmploymentRow {
    fn with(self, roles: Vec<ContactRole>) -> Employment {
        Employment {
            id: self.id,
            person_id: self.person_id,
            partner_id: self.partner_id,
            title: self.title,
            department: self.department,
            roles,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The people that the caller may see: everybody, or those who work or worked at the partners whose rows they see.
fn visible(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    if let Rows::Partners(partners) = tx.caller().rows() {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM employments WHERE employments.person_id = people.id")
            .one_of("employments.partner_id", partners)
            .sql(")");
    }
    clause
}

/// One page of the people that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &PersonFilter, paging: &Paging) -> Result<Page<Person>> {
    let sort = filter.sort.unwrap_or(PersonSort::Name);
    let mut clause = visible(tx);
    if filter.partner_id.is_some() || filter.role.is_some() || filter.as_of.is_some() {
        clause.sql(" AND EXISTS (SELECT 1 FROM employments WHERE employments.person_id = people.id");
        // Only in the times that the caller may see: a filter tells no more than the list.
        if let Rows::Partners(partners) = tx.caller().rows() {
            clause.one_of("employments.partner_id", partners);
        }
        clause.equals_some("employments.partner_id", filter.partner_id.as_ref());
        if let Some(roles) = &filter.role {
            clause
                .sql(
                    " AND EXISTS (SELECT 1 FROM employment_roles WHERE employment_roles.employment_id = employments.id",
                )
                .one_of("employment_roles.role", roles)
                .sql(")");
        }
        if let Some(day) = &filter.as_of {
            clause
                .sql(" AND employments.starts_on <= ")
                .value(day)
                .sql(" AND (employments.ends_on IS NULL OR employments.ends_on > ")
                .value(day)
                .sql(")");
        }
        clause.sql(")");
    }
    if let Some(email) = &filter.email {
        clause.equals("people.email_key", fold(email).as_str());
    }
    if let Some(q) = &filter.q {
        clause.begins_with("people.name_key", &fold(q));
    }
    let rows = load_page!(tx, people::table => PersonRow, clause, sort.order(), paging)?;
    let rows = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    let seen = times_seen(tx);
    rows.with(|rows| assemble(tx, rows, seen))
}

fn key(sort: PersonSort, row: &PersonRow) -> Key {
    match sort {
        PersonSort::Name | PersonSort::NameDescending => row.name_key.as_str().into(),
        PersonSort::Created | PersonSort::CreatedDescending => row.created_at.into(),
        PersonSort::Updated | PersonSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The times that the caller may see.
fn times_seen(tx: &Tx<'_>) -> Clause {
    Clause::rows_of(tx.caller(), "employments.partner_id")
}

/// The people with their times at partners that the clause finds.
fn assemble(tx: &mut Tx<'_>, rows: Vec<PersonRow>, times: Clause) -> Result<Vec<Person>> {
    let ids: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let times: Vec<EmploymentRow> = employments::table
        .filter(employments::person_id.eq_any(among(&ids)))
        .filter(times)
        .order((employments::starts_on.desc(), employments::id.desc()))
        .select(EmploymentRow::as_select())
        .load(tx.conn())?;
    let mut by_person: BTreeMap<PersonId, Vec<Employment>> = BTreeMap::new();
    for time in with_roles(tx, times)? {
        by_person.entry(time.person_id).or_default().push(time);
    }
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut refs = references::by_records(tx, Person::TYPE, &texts)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let times = by_person.remove(&row.id).unwrap_or_default();
            let refs = refs.remove(&row.id.to_string()).unwrap_or_default();
            row.with(times, refs)
        })
        .collect())
}

fn with_roles(tx: &mut Tx<'_>, rows: Vec<EmploymentRow>) -> Result<Vec<Employment>> {
    let ids: Vec<EmploymentId> = rows.iter().map(|row| row.id).collect();
    let roles: Vec<(EmploymentId, ContactRole)> = employment_roles::table
        .filter(employment_roles::employment_id.eq_any(among(&ids)))
        .select((employment_roles::employment_id, employment_roles::role))
        .load(tx.conn())?;
    let mut by_time: BTreeMap<EmploymentId, Vec<ContactRole>> = BTreeMap::new();
    for (time, role) in roles {
        by_time.entry(time).or_default().push(role);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut roles = by_time.remove(&row.id).unwrap_or_default();
            roles.sort_unstable();
            row.with(roles)
        })
        .collect())
}

/// The person with that id, if the caller may see them, with the times that the caller may see.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: PersonId) -> Result<Person> {
    let mut clause = visible(tx);
    clause.equals("people.id", &id);
    let row: PersonRow = people::table
        .filter(clause)
        .select(PersonRow::as_select())
        .first(tx.conn())?;
    let seen = times_seen(tx);
    assemble(tx, vec![row], seen)?.pop().ok_or_else(Error::not_found)
}

/// The person with every time at a partner, whoever asks: as the vendor reads them, which is what events tell.
fn whole(tx: &mut Tx<'_>, id: PersonId) -> Result<Person> {
    let row: PersonRow = people::table
        .find(id)
        .select(PersonRow::as_select())
        .get_result(tx.conn())?;
    let found = assemble(tx, vec![row], Clause::all())?.pop();
    found.ok_or_else(Error::not_found)
}

/// The person that has that id in another system, if the caller may see them.
///
/// # Errors
/// 404 if there is none.
pub fn find_by_reference(tx: &mut Tx<'_>, reference: &ExternalRef) -> Result<Person> {
    let id = references::named(tx, Person::TYPE, reference)?;
    find(tx, id)
}

/// Locks the person's row until the end of the transaction, so that of several changes at once each sees the one before.
/// `SQLite` has one writer, so there is nothing to lock.
///
/// # Errors
/// What the database reports.
pub fn lock(tx: &mut Tx<'_>, id: PersonId) -> Result<()> {
    tx.hold(Lock::NoKeyUpdate, people::table.find(id).select(people::id))
}

/// The person of that name and address, in any case, if the caller may see them: the verified one before others, then the
/// one that was recorded first.
///
/// # Errors
/// What the database reports.
pub fn of_name_and_address(tx: &mut Tx<'_>, name: &str, email: &str) -> Result<Option<PersonId>> {
    let clause = visible(tx);
    let found: Vec<(PersonId, Option<Time>)> = people::table
        .filter(clause)
        .filter(people::email_key.eq(fold(email)))
        .filter(people::name_key.eq(fold(name)))
        .filter(people::status.eq(PersonStatus::Active))
        .order((people::created_at, people::id))
        .select((people::id, people::email_verified_at))
        .limit(20)
        .load(tx.conn())?;
    let verified = found.iter().find(|(_, verified)| verified.is_some());
    Ok(verified.or_else(|| found.first()).map(|(id, _)| *id))
}

/// The time with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find_employment(tx: &mut Tx<'_>, id: EmploymentId) -> Result<Employment> {
    let mut clause = times_seen(tx);
    clause.equals("employments.id", &id);
    let row: EmploymentRow = employments::table
        .filter(clause)
        .select(EmploymentRow::as_select())
        .first(tx.conn())?;
    with_roles(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Stores a new person with the times that they come with, and tells of it.
///
/// # Errors
/// As `insert_employment`.
pub fn insert(tx: &mut Tx<'_>, person: Person) -> Result<Person> {
    let row = PersonRow::from(&person);
    diesel::insert_into(people::table).values(&row).execute(tx.conn())?;
    let refs = person.external_refs.as_deref().unwrap_or_default();
    references::give(tx, Person::TYPE, &person.id.to_string(), refs)?;
    tx.record(Fact::created("person.created", &person))?;
    for time in &person.employments {
        begin(tx, time)?;
    }
    Ok(person)
}

/// Stores a changed person over the revision they were read at, and tells of it.
///
/// # Errors
/// 412 if they were changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Person, after: Person) -> Result<Person> {
    if *tx.caller().rows() == Rows::All {
        store(tx, before, &after)?;
    } else {
        // The caller has read some of the times alone, and the event tells them all.
        let times = whole(tx, before.id)?.employments;
        let with_all = |person: &Person| Person {
            employments: times.clone(),
            ..person.clone()
        };
        store(tx, &with_all(before), &with_all(&after))?;
    }
    Ok(after)
}

fn store(tx: &mut Tx<'_>, before: &Person, after: &Person) -> Result<()> {
    let row = PersonRow::from(after);
    revise!(tx, people::table, people::revision, (before.id, before.revision), &row)?;
    if before.external_refs != after.external_refs {
        let refs = after.external_refs.as_deref().unwrap_or_default();
        references::set(tx, Person::TYPE, &after.id.to_string(), refs)?;
    }
    tx.record(Fact::changed("person.updated", before, after))
}

/// Does what changes the times of a person, and gives the person a revision of it: whoever reads a person reads the times, so what
/// was read before is outdated, and the person's links with other systems wait, as after any change. The person is locked first:
/// of two who change times of theirs at once each sees what the other did.
fn revising(tx: &mut Tx<'_>, id: PersonId, change: impl FnOnce(&mut Tx<'_>) -> Result<()>) -> Result<()> {
    lock(tx, id)?;
    let before = whole(tx, id)?;
    change(tx)?;
    let after = Person {
        revision: before.revision + 1,
        updated_at: tx.now,
        ..whole(tx, id)?
    };
    store(tx, &before, &after)
}

/// Removes a person that nothing names, with their times at partners that the caller sees.
///
/// # Errors
/// 409 `in_use` if something names them, 412 if they or a time were changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, person: &Person) -> Result<()> {
    let id = person.id;
    for time in &person.employments {
        let its_roles = employment_roles::table.filter(employment_roles::employment_id.eq(time.id));
        diesel::delete(its_roles).execute(tx.conn())?;
        remove!(tx, employments::table, employments::revision, (time.id, time.revision))?;
        tx.record(Fact::deleted("employment.deleted", time))?;
    }
    references::set(tx, Person::TYPE, &id.to_string(), &[])?;
    remove!(tx, people::table, people::revision, (id, person.revision))?;
    tx.record(Fact::deleted("person.deleted", person))
}

/// Stores a new time at a partner, and tells of it. The person has a revision of it.
///
/// # Errors
/// 409 `unknown_reference` if there is no such partner, `already_exists` if the person works there.
pub fn insert_employment(tx: &mut Tx<'_>, time: Employment) -> Result<Employment> {
    revising(tx, time.person_id, |tx| begin(tx, &time))?;
    Ok(time)
}

fn begin(tx: &mut Tx<'_>, time: &Employment) -> Result<()> {
    let row = EmploymentRow::from(time);
    tx.attempt(|tx| {
        Ok(diesel::insert_into(employments::table)
            .values(&row)
            .execute(tx.conn())?)
    })
    .map_err(|error| {
        error
            .when(&codes::UNKNOWN_REFERENCE, || {
                Error::unknown_reference("#/partner_id", "There is no such partner.")
            })
            .when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS).fault("#/partner_id", "already_exists", "The person works there.")
            })
    })?;
    write_roles(tx, time)?;
    tx.record(Fact::created("employment.started", time))
}

/// Stores a changed time over the revision it was read at, and tells of it. The person has a revision of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save_employment(
    tx: &mut Tx<'_>,
    before: &Employment,
    after: Employment,
    kind: &'static str,
) -> Result<Employment> {
    revising(tx, before.person_id, |tx| {
        let row = EmploymentRow::from(&after);
        revise!(
            tx,
            employments::table,
            employments::revision,
            (before.id, before.revision),
            &row
        )?;
        if before.roles != after.roles {
            diesel::delete(employment_roles::table.filter(employment_roles::employment_id.eq(after.id)))
                .execute(tx.conn())?;
            write_roles(tx, &after)?;
        }
        tx.record(Fact::changed(kind, before, &after))
    })?;
    Ok(after)
}

fn write_roles(tx: &mut Tx<'_>, time: &Employment) -> Result<()> {
    for role in &time.roles {
        let row = (
            employment_roles::employment_id.eq(time.id),
            employment_roles::role.eq(*role),
        );
        diesel::insert_into(employment_roles::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}
