//! The only file that knows the table of tasks.

use diesel::prelude::*;

use super::model::{Task, TaskFilter, TaskSort, TaskStatus};
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        ids::TaskId,
        page::{Key, Page, Paging},
    },
    load_page, revise,
    schema::tasks::{self, table},
    work::{
        queries::{on_records, readable},
        records::RecordFilter,
    },
};

fn own(tx: &Tx<'_>) -> Clause {
    readable(
        tx.caller(),
        "tasks.partner_id",
        "tasks.resource_type",
        "tasks.visibility",
    )
}

/// One page of the tasks that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, on: &RecordFilter, filter: &TaskFilter, paging: &Paging) -> Result<Page<Task>> {
    let sort = filter.sort.unwrap_or(TaskSort::CreatedDescending);
    let mut clause = own(tx);
    on_records(
        &mut clause,
        on,
        ["tasks.partner_id", "tasks.resource_type", "tasks.resource_id"],
    );
    clause
        .one_of_some("tasks.status", filter.status.as_ref())
        .one_of_some("tasks.kind", filter.kind.as_ref())
        .one_of_some("tasks.priority", filter.priority.as_ref())
        .one_of_some("tasks.assignee_id", filter.assignee_id.as_ref())
        .below("tasks.due_at", filter.due_before.as_ref());
    if sort == TaskSort::Due {
        clause.sql(" AND tasks.due_at IS NOT NULL");
    }
    match filter.overdue {
        Some(true) => {
            clause
                .equals("tasks.status", &TaskStatus::Open)
                .below("tasks.due_at", Some(&tx.now));
        }
        Some(false) => {
            clause
                .sql(" AND (tasks.status <> 'open' OR tasks.due_at IS NULL OR tasks.due_at >= ")
                .value(&tx.now)
                .sql(")");
        }
        None => {}
    }
    let rows = load_page!(tx, table => Task, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: TaskSort, row: &Task) -> Key {
    match sort {
        TaskSort::Created | TaskSort::CreatedDescending => row.created_at.into(),
        TaskSort::Updated | TaskSort::UpdatedDescending => row.updated_at.into(),
        TaskSort::Due => row.due_at.unwrap_or(row.created_at).into(),
    }
}

/// The task with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: TaskId) -> Result<Task> {
    let mut clause = own(tx);
    clause.equals("tasks.id", &id);
    Ok(table.filter(clause).select(Task::as_select()).first(tx.conn())?)
}

/// Stores a new task, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, task: Task) -> Result<Task> {
    diesel::insert_into(table).values(&task).execute(tx.conn())?;
    tx.record(Fact::created("task.created", &task))?;
    Ok(task)
}

/// Stores a changed task over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Task, after: Task, kind: &'static str) -> Result<Task> {
    revise!(tx, table, tasks::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
