//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{NoticeReminder, NoticeReminderFilter},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Query, Reply},
    kernel::page::{Page, Paging},
};

/// List reminders
///
/// What people will be or were reminded of before deadlines, and what was skipped or became moot, of the partners whose rows
/// you may see.
#[utoipa::path(params(NoticeReminderFilter, Paging))]
#[get("")]
pub async fn list_notice_reminders(
    db: Db,
    caller: Caller,
    filter: Query<NoticeReminderFilter>,
    paging: Paging,
) -> Reply<Page<NoticeReminder>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}
