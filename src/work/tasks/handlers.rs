//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    model::{NewTask, Task, TaskFilter, TaskPatch},
    queries,
    rules::{self, Author},
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::Result,
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::TaskId,
        page::{Page, Paging},
    },
    work::{
        WorkSide,
        queries::assignable,
        records::{self, RecordFilter},
    },
};

fn found(tx: &mut Tx<'_>, id: TaskId, seen: IfMatch) -> Result<Task> {
    let task = queries::find(tx, id)?;
    seen.check(task.revision)?;
    Ok(task)
}

/// List tasks
///
/// Those that the caller may see, the newest first unless another order is asked for. A partner's people see what is shared
/// with their partner.
#[utoipa::path(params(RecordFilter, TaskFilter, Paging))]
#[get("")]
pub async fn list_tasks(
    db: Db,
    caller: Caller,
    on: Query<RecordFilter>,
    filter: Query<TaskFilter>,
    paging: Paging,
) -> Reply<Page<Task>> {
    db.read(&caller, move |tx| queries::page(tx, &on.0, &filter.0, &paging))
        .await
}

/// Write a task
///
/// On a record that the caller may read, or on none. What a partner's people write is shared with the vendor.
#[utoipa::path(extensions(("x-errors" = json!(["field_forbidden", "conflict"]))))]
#[post("")]
pub async fn create_task(db: Db, caller: Caller, new: Json<NewTask>) -> Reply<Created<Task>> {
    db.write(&caller, move |tx| {
        let new = &new.0;
        let partner = match rules::record(new)? {
            Some((kind, id)) => records::partner_of(tx, kind, id)?,
            None => tx.caller().partner(),
        };
        let side = WorkSide::of(tx.caller());
        let author = Author {
            name: tx.caller().actor_text(),
            side,
            partner,
            visibility: records::visibility(side, new.visibility, partner)?,
        };
        let task = Task::new(new, author, tx.now);
        if let Some(user) = task.assignee_id {
            assignable(tx, user, task.shared_with())?;
        }
        queries::insert(tx, task).map(Created)
    })
    .await
}

/// Read a task
///
/// If the caller may see it.
#[utoipa::path(params(TaskId))]
#[get("/{id}")]
pub async fn get_task(db: Db, caller: Caller, id: Path<TaskId>) -> Reply<Json<Task>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a task
///
/// While it is open. A partner's people change what their side wrote; the vendor's people all that they see.
#[utoipa::path(params(TaskId, IfMatch), extensions(("x-errors" = json!(["invalid_state"]))))]
#[patch("/{id}")]
pub async fn update_task(
    db: Db,
    caller: Caller,
    id: Path<TaskId>,
    seen: IfMatch,
    patch: Json<TaskPatch>,
) -> Reply<Json<Task>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        before.is_of(WorkSide::of(tx.caller()))?;
        if let Some(user) = patch.0.assignee_id.value() {
            assignable(tx, *user, before.shared_with())?;
        }
        let after = before.clone().patched(&patch.0, tx.now)?;
        queries::save(tx, &before, after, "task.updated").map(Json)
    })
    .await
}

fn moved(tx: &mut Tx<'_>, before: &Task, action: &'static str, kind: &'static str) -> Result<Json<Task>> {
    let after = before.clone().moved(action, tx.caller().actor_text(), tx.now)?;
    queries::save(tx, before, after, kind).map(Json)
}

/// Complete a task
///
/// By anybody who sees it, whoever was to do it. Of two who complete it at once one is refused.
#[utoipa::path(params(TaskId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/complete")]
pub async fn complete_task(db: Db, caller: Caller, id: Path<TaskId>, seen: IfMatch) -> Reply<Json<Task>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        moved(tx, &before, "complete", "task.completed")
    })
    .await
}

/// Cancel a task
///
/// It need not be done any more. A partner's people cancel what their side wrote.
#[utoipa::path(params(TaskId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_task(db: Db, caller: Caller, id: Path<TaskId>, seen: IfMatch) -> Reply<Json<Task>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        before.is_of(WorkSide::of(tx.caller()))?;
        moved(tx, &before, "cancel", "task.cancelled")
    })
    .await
}

/// Open a task again
///
/// One that was done or cancelled and is to be done all the same.
#[utoipa::path(params(TaskId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/reopen")]
pub async fn reopen_task(db: Db, caller: Caller, id: Path<TaskId>, seen: IfMatch) -> Reply<Json<Task>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        moved(tx, &before, "reopen", "task.reopened")
    })
    .await
}
