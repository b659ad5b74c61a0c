//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{WorkItem, WorkItemFilter, WorkSummary},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Plain, Query, Reply},
    kernel::page::{Page, Paging},
};

/// List what waits for the caller
///
/// What is due first comes first, what has no time last. An item is gone when its action is done.
#[utoipa::path(params(WorkItemFilter, Paging))]
#[get("")]
pub async fn list_work_items(
    db: Db,
    caller: Caller,
    filter: Query<WorkItemFilter>,
    paging: Paging,
) -> Reply<Page<WorkItem>> {
    let person = caller.person()?;
    db.snapshot(&caller, move |tx| queries::page(tx, person, &filter.0, &paging))
        .await
}

/// Count what waits for the caller
///
/// By kind.
#[utoipa::path()]
#[get("/summary")]
pub async fn get_work_summary(db: Db, caller: Caller) -> Reply<Plain<WorkSummary>> {
    let person = caller.person()?;
    db.snapshot(&caller, move |tx| queries::summary(tx, person).map(Plain))
        .await
}
