//! The only file that knows the tables of interactions.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Interaction, InteractionFilter, InteractionKind, InteractionSort};
use crate::{
    db::{Clause, Tx, among},
    error::{Error, Result},
    events::Fact,
    kernel::{
        Time,
        ids::{InteractionId, PartnerId, PersonId, TaskId, UserId},
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::{
        interaction_participants as participants,
        interactions::{self, table},
    },
    work::{
        WorkRecordType, WorkSide, WorkVisibility,
        queries::{on_records, readable},
        records::RecordFilter,
    },
};

/// An interaction as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = interactions, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    id: InteractionId,
    kind: InteractionKind,
    subject: String,
    happened_at: Time,
    duration_minutes: Option<i64>,
    summary: Option<String>,
    mail_message_id: Option<String>,
    visibility: WorkVisibility,
    resource_type: WorkRecordType,
    resource_id: String,
    partner_id: Option<PartnerId>,
    next_step: Option<String>,
    follow_up_task_id: Option<TaskId>,
    created_by: String,
    created_side: WorkSide,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

/// Somebody who took part.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
struct Participant {
    interaction_id: InteractionId,
    position: i64,
    user_id: Option<UserId>,
    person_id: Option<PersonId>,
}

impl From<&Interaction> for Row {
    fn from(one: &Interaction) -> Self {
        Self {
            id: one.id,
            kind: one.kind,
            subject: one.subject.clone(),
            happened_at: one.happened_at,
            duration_minutes: one.duration_minutes,
            summary: one.summary.clone(),
            mail_message_id: one.mail_message_id.clone(),
            visibility: one.visibility,
            resource_type: one.resource_type,
            resource_id: one.resource_id.clone(),
            partner_id: one.partner_id,
            next_step: one.next_step.clone(),
            follow_up_task_id: one.follow_up_task_id,
            created_by: one.created_by.clone(),
            created_side: one.created_side,
            revision: one.revision,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

impl Row {
    fn with(self, people: &[Participant]) -> Interaction {
        Interaction {
            id: self.id,
            kind: self.kind,
            subject: self.subject,
            happened_at: self.happened_at,
            duration_minutes: self.duration_minutes,
            summary: self.summary,
            mail_message_id: self.mail_message_id,
            visibility: self.visibility,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            partner_id: self.partner_id,
            vendor_participants: people.iter().filter_map(|one| one.user_id).collect(),
            partner_participants: people.iter().filter_map(|one| one.person_id).collect(),
            next_step: self.next_step,
            follow_up_task_id: self.follow_up_task_id,
            created_by: self.created_by,
            created_side: self.created_side,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The rows with those who took part: one query for all of them.
fn whole(tx: &mut Tx<'_>, rows: Vec<Row>) -> Result<Vec<Interaction>> {
    let ids: Vec<InteractionId> = rows.iter().map(|row| row.id).collect();
    let people: Vec<Participant> = participants::table
        .filter(participants::interaction_id.eq_any(among(&ids)))
        .order((participants::interaction_id, participants::position))
        .select(Participant::as_select())
        .load(tx.conn())?;
    let mut by_id: BTreeMap<InteractionId, Vec<Participant>> = BTreeMap::new();
    for person in people {
        by_id.entry(person.interaction_id).or_default().push(person);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let people = by_id.remove(&row.id).unwrap_or_default();
            row.with(&people)
        })
        .collect())
}

fn own(tx: &Tx<'_>) -> Clause {
    readable(
        tx.caller(),
        "interactions.partner_id",
        "interactions.resource_type",
        "interactions.visibility",
    )
}

/// One page of the interactions that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    on: &RecordFilter,
    filter: &InteractionFilter,
    paging: &Paging,
) -> Result<Page<Interaction>> {
    let sort = filter.sort.unwrap_or(InteractionSort::HappenedDescending);
    let mut clause = own(tx);
    on_records(
        &mut clause,
        on,
        [
            "interactions.partner_id",
            "interactions.resource_type",
            "interactions.resource_id",
        ],
    );
    clause
        .one_of_some("interactions.kind", filter.kind.as_ref())
        .at_least("interactions.happened_at", filter.happened_from.as_ref())
        .below("interactions.happened_at", filter.happened_before.as_ref());
    if let Some(user) = &filter.user_id {
        clause
            .sql(" AND interactions.id IN (SELECT interaction_id FROM interaction_participants WHERE user_id = ")
            .value(user)
            .sql(")");
    }
    if let Some(person) = &filter.person_id {
        clause
            .sql(" AND interactions.id IN (SELECT interaction_id FROM interaction_participants WHERE person_id = ")
            .value(person)
            .sql(")");
    }
    let rows = load_page!(tx, table => Row, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| whole(tx, rows))
}

fn key(sort: InteractionSort, row: &Row) -> Key {
    match sort {
        InteractionSort::Happened | InteractionSort::HappenedDescending => row.happened_at.into(),
        InteractionSort::Created | InteractionSort::CreatedDescending => row.created_at.into(),
    }
}

/// The interaction with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: InteractionId) -> Result<Interaction> {
    let mut clause = own(tx);
    clause.equals("interactions.id", &id);
    let row: Row = table.filter(clause).select(Row::as_select()).first(tx.conn())?;
    whole(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn insert_people(tx: &mut Tx<'_>, one: &Interaction) -> Result<()> {
    let users = one.vendor_participants.iter().map(|user| (Some(*user), None));
    let people = one.partner_participants.iter().map(|person| (None, Some(*person)));
    let rows: Vec<Participant> = (1..)
        .zip(users.chain(people))
        .map(|(position, (user_id, person_id))| Participant {
            interaction_id: one.id,
            position,
            user_id,
            person_id,
        })
        .collect();
    for row in &rows {
        diesel::insert_into(participants::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}

fn delete_people(tx: &mut Tx<'_>, id: InteractionId) -> Result<()> {
    diesel::delete(participants::table.filter(participants::interaction_id.eq(id))).execute(tx.conn())?;
    Ok(())
}

/// Stores a new interaction, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, one: Interaction) -> Result<Interaction> {
    let row = Row::from(&one);
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    insert_people(tx, &one)?;
    tx.record(Fact::created("interaction.created", &one))?;
    Ok(one)
}

/// Stores a changed interaction over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Interaction, after: Interaction) -> Result<Interaction> {
    let row = Row::from(&after);
    revise!(tx, table, interactions::revision, (before.id, before.revision), &row)?;
    delete_people(tx, before.id)?;
    insert_people(tx, &after)?;
    tx.record(Fact::changed("interaction.updated", before, &after))?;
    Ok(after)
}

/// Removes an interaction; a follow-up that was written with it stays.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, one: &Interaction) -> Result<()> {
    delete_people(tx, one.id)?;
    diesel::delete(table.find(one.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("interaction.deleted", one))
}
