//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{
        Calendar, CalendarDays, CalendarFilter, CalendarPatch, CalendarPeriod, DueAnswer, DueQuestion, NewCalendar,
    },
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Created, IfMatch, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        ids::CalendarId,
        page::{Page, Paging},
    },
};

/// List calendars
///
/// The business calendars of the program. A territory names one; the default holds where none is named.
#[utoipa::path(params(CalendarFilter, Paging))]
#[get("")]
pub async fn list_calendars(
    db: Db,
    caller: Caller,
    filter: Query<CalendarFilter>,
    paging: Paging,
) -> Reply<Page<Calendar>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Create a calendar
///
/// Its code must be unique, spans of one day may not overlap, and the regions of its holidays must be known. As the default
/// it takes the place of the present one.
#[utoipa::path(extensions(("x-errors" = json!(["already_exists"]))))]
#[post("")]
pub async fn create_calendar(db: Db, caller: Caller, new: Json<NewCalendar>) -> Reply<Created<Calendar>> {
    db.write(&caller, move |tx| {
        let calendar = Calendar::new(new.0.clone(), tx.now)?;
        queries::insert(tx, calendar).map(Created)
    })
    .await
}

/// Read a calendar
///
/// One calendar, as it is set up; its days tell what that comes to.
#[utoipa::path(params(CalendarId))]
#[get("/{id}")]
pub async fn get_calendar(db: Db, caller: Caller, id: Path<CalendarId>) -> Reply<Json<Calendar>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a calendar
///
/// The change holds for clocks that start after it: those that run keep the due times that they have. A calendar that is the
/// default, or that a territory names, cannot be retired.
#[utoipa::path(params(CalendarId, IfMatch), extensions(("x-errors" = json!(["guard_failed"]))))]
#[patch("/{id}")]
pub async fn update_calendar(
    db: Db,
    caller: Caller,
    id: Path<CalendarId>,
    seen: IfMatch,
    patch: Json<CalendarPatch>,
) -> Reply<Json<Calendar>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(patch.0.clone(), tx.now)?;
        queries::save(tx, &before, after).map(Json)
    })
    .await
}

/// Delete a calendar
///
/// Removes a calendar that is not the default, and that no territory and no clock names; retire it instead if one does.
#[utoipa::path(params(CalendarId, IfMatch), extensions(("x-errors" = json!(["in_use"]))))]
#[delete("/{id}")]
pub async fn delete_calendar(db: Db, caller: Caller, id: Path<CalendarId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let calendar = queries::find(tx, id.0)?;
        seen.check(calendar.revision)?;
        queries::delete(tx, &calendar).map(|()| NoContent)
    })
    .await
}

/// Read the days of a calendar
///
/// For each day of a period when business is done, as moments, and which holiday closes it. At most 400 days.
#[utoipa::path(params(CalendarId, CalendarPeriod), extensions(("x-errors" = json!(["contradiction"]))))]
#[get("/{id}/days")]
pub async fn get_calendar_days(
    db: Db,
    caller: Caller,
    id: Path<CalendarId>,
    period: Query<CalendarPeriod>,
) -> Reply<Plain<CalendarDays>> {
    db.read(&caller, move |tx| {
        let now = tx.now;
        queries::find(tx, id.0)?.days(&period.0, now).map(Plain)
    })
    .await
}

/// Ask when business time is used up
///
/// The moment so many business days and hours after another, as every clock of the program would count it.
#[utoipa::path(params(CalendarId, DueQuestion), extensions(("x-errors" = json!(["contradiction"]))))]
#[get("/{id}/due-time")]
pub async fn get_calendar_due_time(
    db: Db,
    caller: Caller,
    id: Path<CalendarId>,
    question: Query<DueQuestion>,
) -> Reply<Plain<DueAnswer>> {
    db.read(&caller, move |tx| queries::find(tx, id.0)?.due(&question.0).map(Plain))
        .await
}
