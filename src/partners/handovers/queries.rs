//! The only file that knows the tables of handovers and their work.

use diesel::prelude::*;

use super::model::{Handover, HandoverFilter, HandoverItem, HandoverItemFilter, HandoverStatus, ITEM_ORDER, ORDER};
use crate::{
    auth::Rows,
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::{HandoverId, HandoverItemId, PartnerId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{handover_items, handovers},
};

/// The handovers that the caller may see: of the partners whose rows they see, and those from or to themselves, because whoever
/// shall look after a partner does not see it yet.
fn visible(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    clause.sql(" AND (TRUE");
    if let Rows::Partners(partners) = tx.caller().rows() {
        clause.one_of("handovers.partner_id", partners);
    }
    if let Some(user) = tx.caller().user() {
        clause
            .sql(" OR handovers.to_user_id = ")
            .value(&user)
            .sql(" OR handovers.from_user_id = ")
            .value(&user);
    }
    clause.sql(")");
    clause
}

/// One page of the handovers that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &HandoverFilter, paging: &Paging) -> Result<Page<Handover>> {
    let mut clause = visible(tx);
    clause
        .equals_some("handovers.partner_id", filter.partner_id.as_ref())
        .one_of_some("handovers.status", filter.status.as_ref())
        .equals_some("handovers.from_user_id", filter.from_user_id.as_ref())
        .equals_some("handovers.to_user_id", filter.to_user_id.as_ref());
    let rows = load_page!(tx, handovers::table => Handover, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The handover with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: HandoverId) -> Result<Handover> {
    let mut clause = visible(tx);
    clause.equals("handovers.id", &id);
    Ok(handovers::table
        .filter(clause)
        .select(Handover::as_select())
        .first(tx.conn())?)
}

/// The handovers whose effective moment has come.
///
/// # Errors
/// What the database reports.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<HandoverId>> {
    let now = tx.now;
    Ok(handovers::table
        .filter(handovers::status.eq(HandoverStatus::Scheduled))
        .filter(handovers::effective_at.le(now))
        .order(handovers::effective_at.asc())
        .select(handovers::id)
        .load(tx.conn())?)
}

/// The handovers of a partner that have not begun. The partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn to_begin(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<Handover>> {
    Ok(handovers::table
        .filter(handovers::partner_id.eq(partner))
        .filter(handovers::status.eq_any(among([HandoverStatus::Draft, HandoverStatus::Scheduled])))
        .order(handovers::id)
        .select(Handover::as_select())
        .load(tx.conn())?)
}

/// Stores a new handover, and tells of it.
///
/// # Errors
/// 409 `already_exists` if one of the partner's part is open, `unknown_reference` if there is no such user.
pub fn insert(tx: &mut Tx<'_>, handover: Handover) -> Result<Handover> {
    tx.attempt(|tx| {
        Ok(diesel::insert_into(handovers::table)
            .values(&handover)
            .execute(tx.conn())?)
    })
    .map_err(|error| {
        error
            .when(&codes::UNKNOWN_REFERENCE, || {
                Error::unknown_reference("#/to_user_id", "There is no such user of the vendor.")
            })
            .when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::ALREADY_EXISTS).fault(
                    "#/role",
                    "already_exists",
                    "A handover of this part of the partner is open; complete or cancel it first.",
                )
            })
    })?;
    tx.record(Fact::created("handover.opened", &handover))?;
    Ok(handover)
}

/// Stores a changed handover over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Handover, after: Handover, kind: &'static str) -> Result<Handover> {
    revise!(
        tx,
        handovers::table,
        handovers::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// One page of a handover's work. The handover was found before, so the caller may see it.
///
/// # Errors
/// What the database reports.
pub fn items(
    tx: &mut Tx<'_>,
    handover: &Handover,
    filter: &HandoverItemFilter,
    paging: &Paging,
) -> Result<Page<HandoverItem>> {
    let mut clause = Clause::all();
    clause
        .equals("handover_items.handover_id", &handover.id)
        .one_of_some("handover_items.status", filter.status.as_ref())
        .one_of_some("handover_items.kind", filter.kind.as_ref());
    let rows = load_page!(tx, handover_items::table => HandoverItem, clause, ITEM_ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The work of a handover with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find_item(tx: &mut Tx<'_>, handover: &Handover, id: HandoverItemId) -> Result<HandoverItem> {
    Ok(handover_items::table
        .find(id)
        .filter(handover_items::handover_id.eq(handover.id))
        .select(HandoverItem::as_select())
        .first(tx.conn())?)
}

/// Stores work that was found, unless it is listed already, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn add_listed(tx: &mut Tx<'_>, item: &HandoverItem) -> Result<()> {
    let added = diesel::insert_into(handover_items::table)
        .values(item)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    if added == 1 {
        tx.record(Fact::created("handover_item.listed", item))
    } else {
        Ok(())
    }
}

/// Stores work that somebody wrote down, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert_item(tx: &mut Tx<'_>, item: HandoverItem) -> Result<HandoverItem> {
    diesel::insert_into(handover_items::table)
        .values(&item)
        .execute(tx.conn())?;
    tx.record(Fact::created("handover_item.added", &item))?;
    Ok(item)
}

/// Stores changed work over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save_item(tx: &mut Tx<'_>, before: &HandoverItem, after: HandoverItem) -> Result<HandoverItem> {
    revise!(
        tx,
        handover_items::table,
        handover_items::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed("handover_item.updated", before, &after))?;
    Ok(after)
}
