//! The only file that knows the table of conflicts.

use diesel::prelude::*;

use super::model::{ORDER, SyncConflict, SyncConflictFilter, SyncConflictState, SyncResolution, Version};
use crate::{
    db::Tx,
    error::Result,
    events::Fact,
    kernel::{
        ids::{SyncConflictId, SyncLinkId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::sync_conflicts::{self as conflicts, table},
    sync::{
        links::{SyncLink, SyncState, queries as links},
        rules::Theirs,
        whole_scope,
    },
};

/// One page of the conflicts.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &SyncConflictFilter, paging: &Paging) -> Result<Page<SyncConflict>> {
    let mut clause = whole_scope(tx.caller());
    clause
        .one_of_some("sync_conflicts.state", filter.state.as_ref())
        .equals_some("sync_conflicts.system_id", filter.system_id.as_ref())
        .one_of_some("sync_conflicts.resource_type", filter.resource_type.as_ref())
        .equals_some("sync_conflicts.resource_id", filter.resource_id.as_ref());
    let rows = load_page!(tx, table => SyncConflict, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The conflict with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: SyncConflictId) -> Result<SyncConflict> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("sync_conflicts.id", &id);
    Ok(table
        .filter(clause)
        .select(SyncConflict::as_select())
        .first(tx.conn())?)
}

/// The open conflict of a link.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, link: SyncLinkId) -> Result<Option<SyncConflict>> {
    Ok(table
        .filter(conflicts::link_id.eq(link))
        .filter(conflicts::state.eq(SyncConflictState::Open))
        .select(SyncConflict::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Keeps both versions of a record: in the open conflict of its link, or in a new one, which the link then is in.
///
/// # Errors
/// What the database reports.
pub fn keep(
    tx: &mut Tx<'_>,
    link: &SyncLink,
    theirs: &Theirs,
    version: Version,
    fields: &[String],
) -> Result<SyncConflict> {
    let now = tx.now;
    if let Some(before) = open(tx, link.id)? {
        let after = before.clone().renewed(theirs, version, fields, now);
        return save(tx, &before, after, "sync_conflict.updated");
    }
    let conflict = SyncConflict::new(link, theirs, version, fields, now);
    diesel::insert_into(table).values(&conflict).execute(tx.conn())?;
    tx.record(Fact::created("sync_conflict.created", &conflict))?;
    let present = links::hold(tx, link.id)?;
    if present.state != SyncState::Conflict {
        links::save(tx, &present, present.clone().collided(now), "sync_link.collided")?;
    }
    Ok(conflict)
}

/// Stores a changed conflict over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &SyncConflict, after: SyncConflict, kind: &'static str) -> Result<SyncConflict> {
    revise!(tx, table, conflicts::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Ends the open conflict of a link, if there is one, because a later version no longer differs.
///
/// # Errors
/// What the database reports.
pub fn settle(tx: &mut Tx<'_>, link: SyncLinkId) -> Result<()> {
    let Some(before) = open(tx, link)? else {
        return Ok(());
    };
    let by = tx.caller().actor_text();
    let after = before.clone().resolved(SyncResolution::Settled, by, tx.now)?;
    save(tx, &before, after, "sync_conflict.resolved").map(drop)
}

/// Takes the conflicts from a link that is gone or leads elsewhere: an open one is dropped, those that were resolved stay.
///
/// # Errors
/// What the database reports.
pub fn drop_of(tx: &mut Tx<'_>, link: SyncLinkId) -> Result<()> {
    let found: Vec<SyncConflict> = table
        .filter(conflicts::link_id.eq(link))
        .order(conflicts::id)
        .select(SyncConflict::as_select())
        .load(tx.conn())?;
    for before in found {
        let after = before.clone().dropped(tx.now);
        let kind = if before.state == SyncConflictState::Open {
            "sync_conflict.dropped"
        } else {
            "sync_conflict.updated"
        };
        save(tx, &before, after, kind)?;
    }
    Ok(())
}
