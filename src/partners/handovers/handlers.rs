//! One function per operation: take, call, answer.

use actix_web::{get, patch, post};

use super::{
    failing_to_begin, list_work,
    model::{
        FirstTouch, Handover, HandoverFilter, HandoverItem, HandoverItemFilter, HandoverItemPatch, HandoverItemPath,
        HandoverPatch, NewHandover, NewHandoverItem,
    },
    queries, rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    kernel::{
        ids::HandoverId,
        page::{Page, Paging},
        states::FailingGuard,
    },
    partners::{self, account_managers},
};

fn found(tx: &mut Tx<'_>, id: HandoverId, seen: IfMatch) -> Result<Handover> {
    let handover = queries::find(tx, id)?;
    seen.check(handover.revision)?;
    Ok(handover)
}

fn checked(handover: &Handover, action: &'static str, failing: Vec<FailingGuard>) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(handover.status, action, failing))
    }
}

/// List handovers
///
/// Of the partners that the caller sees, and those from or to the caller; the latest first.
#[utoipa::path(params(HandoverFilter, Paging))]
#[get("")]
pub async fn list_handovers(
    db: Db,
    caller: Caller,
    filter: Query<HandoverFilter>,
    paging: Paging,
) -> Reply<Page<Handover>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Open a handover
///
/// Prepares to pass a partner from whoever looks after it to another user, and lists the work that changes hands. One
/// handover of a part can be open at a time.
#[utoipa::path(extensions(("x-errors" = json!(["guard_failed", "already_exists"]))))]
#[post("")]
pub async fn create_handover(db: Db, caller: Caller, new: Json<NewHandover>) -> Reply<Created<Handover>> {
    db.write(&caller, move |tx| {
        let status = partners::status(tx, new.0.partner_id)
            .map_err(|_none| Error::unknown_reference("#/partner_id", "There is no such partner."))?;
        let now = tx.now;
        let holder = account_managers::current(tx, new.0.partner_id, new.0.role, now)?;
        let overlap_days = partners::policy(tx)?.overlap_days;
        let handover = Handover::new(&new.0, status, holder, overlap_days, tx.caller().actor_text(), now)?;
        let handover = queries::insert(tx, handover)?;
        list_work(tx, &handover)?;
        Ok(Created(handover))
    })
    .await
}

/// Read a handover
///
/// Where it stands, and who has done what.
#[utoipa::path(params(HandoverId))]
#[get("/{id}")]
pub async fn get_handover(db: Db, caller: Caller, id: Path<HandoverId>) -> Reply<Json<Handover>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a handover that has not begun
///
/// Why it is made, and when it begins.
#[utoipa::path(params(HandoverId, IfMatch), extensions(("x-errors" = json!(["field_locked"]))))]
#[patch("/{id}")]
pub async fn update_handover(
    db: Db,
    caller: Caller,
    id: Path<HandoverId>,
    seen: IfMatch,
    patch: Json<HandoverPatch>,
) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().patched(&patch.0, tx.now)?;
        queries::save(tx, &before, after, "handover.updated").map(Json)
    })
    .await
}

/// Agree to a handover as a second person
///
/// Needed where the primary account manager has changed as often in twelve months as the settings allow. Not by whoever opened it.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/agree")]
pub async fn agree_to_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        tx.caller().person()?;
        let after = before.clone().agreed(tx.caller().actor_text(), tx.now)?;
        queries::save(tx, &before, after, "handover.agreed").map(Json)
    })
    .await
}

/// Schedule a handover
///
/// It begins at its effective moment by itself.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/schedule")]
pub async fn schedule_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("schedule", tx.now)?;
        let year = tx.now.plus_days(-365);
        let limit = partners::policy(tx)?.reassignments_in_a_year;
        let changes = account_managers::started_since(tx, before.partner_id, before.role, year)?;
        checked(
            &before,
            "schedule",
            rules::failing_schedule(&before, changes, limit, tx.now),
        )?;
        queries::save(tx, &before, after, "handover.scheduled").map(Json)
    })
    .await
}

/// Begin a handover
///
/// The part passes on, and what waits for a decision of the former account manager waits for the new one's, in one
/// transaction. It happens by itself when the effective moment comes; this does not wait for it.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "conflict", "already_exists"]))))]
#[post("/{id}/begin")]
pub async fn begin_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        rules::MACHINE.go(before.status, "begin")?;
        let failing = failing_to_begin(tx, &before)?;
        checked(&before, "begin", failing)?;
        super::begin(tx, &before).map(Json)
    })
    .await
}

/// Accept a handover
///
/// By the new account manager.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/accept")]
pub async fn accept_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("accept", tx.now)?;
        checked(&before, "accept", rules::failing_accept(&before, tx.caller().user()))?;
        queries::save(tx, &before, after, "handover.accepted").map(Json)
    })
    .await
}

/// Log the first talk with the partner
///
/// Once the part has passed on. The moment of the first one stays; the note is replaced.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/log-first-touch")]
pub async fn log_first_touch(
    db: Db,
    caller: Caller,
    id: Path<HandoverId>,
    seen: IfMatch,
    touch: Json<FirstTouch>,
) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().touched(touch.0.note.clone(), tx.now)?;
        queries::save(tx, &before, after, "handover.touched").map(Json)
    })
    .await
}

/// Complete a handover
///
/// After the new account manager has accepted and talked with the partner.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/complete")]
pub async fn complete_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("complete", tx.now)?;
        checked(&before, "complete", rules::failing_complete(&before))?;
        queries::save(tx, &before, after, "handover.completed").map(Json)
    })
    .await
}

/// Call off a handover
///
/// Before it has begun.
#[utoipa::path(params(HandoverId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_handover(db: Db, caller: Caller, id: Path<HandoverId>, seen: IfMatch) -> Reply<Json<Handover>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("cancel", tx.now)?;
        queries::save(tx, &before, after, "handover.cancelled").map(Json)
    })
    .await
}

/// List the work that changes hands
///
/// What was found when the handover was opened and when it began, and what somebody wrote down.
#[utoipa::path(params(HandoverId, HandoverItemFilter, Paging))]
#[get("/{id}/items")]
pub async fn list_handover_items(
    db: Db,
    caller: Caller,
    id: Path<HandoverId>,
    filter: Query<HandoverItemFilter>,
    paging: Paging,
) -> Reply<Page<HandoverItem>> {
    db.snapshot(&caller, move |tx| {
        let handover = queries::find(tx, id.0)?;
        queries::items(tx, &handover, &filter.0, &paging)
    })
    .await
}

/// Write down work that changes hands
///
/// Beside what was found by itself.
#[utoipa::path(params(HandoverId))]
#[post("/{id}/items")]
pub async fn add_handover_item(
    db: Db,
    caller: Caller,
    id: Path<HandoverId>,
    new: Json<NewHandoverItem>,
) -> Reply<Created<HandoverItem>> {
    db.write(&caller, move |tx| {
        let handover = queries::find(tx, id.0)?;
        let item = HandoverItem::manual(handover.id, &new.0, tx.now);
        queries::insert_item(tx, item).map(Created)
    })
    .await
}

/// Read work that changes hands
///
/// What is to be done, and what became of it.
#[utoipa::path(params(HandoverItemPath))]
#[get("/{id}/items/{item_id}")]
pub async fn get_handover_item(db: Db, caller: Caller, path: Path<HandoverItemPath>) -> Reply<Json<HandoverItem>> {
    db.snapshot(&caller, move |tx| {
        let handover = queries::find(tx, path.0.id)?;
        queries::find_item(tx, &handover, path.0.item_id).map(Json)
    })
    .await
}

/// Change work that changes hands
///
/// Whether it is done, and a note on it.
#[utoipa::path(params(HandoverItemPath, IfMatch))]
#[patch("/{id}/items/{item_id}")]
pub async fn update_handover_item(
    db: Db,
    caller: Caller,
    path: Path<HandoverItemPath>,
    seen: IfMatch,
    patch: Json<HandoverItemPatch>,
) -> Reply<Json<HandoverItem>> {
    db.write(&caller, move |tx| {
        let handover = queries::find(tx, path.0.id)?;
        let before = queries::find_item(tx, &handover, path.0.item_id)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.caller().actor_text(), tx.now);
        queries::save_item(tx, &before, after).map(Json)
    })
    .await
}
