//! The only file that knows the table of saved views.

use diesel::prelude::*;

use super::model::{ORDER, SavedView, SavedViewFilter, SavedViewVisibility};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::{SavedViewId, UserId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::saved_views::{self, table},
};

/// The caller's own views, and those that are shared on the caller's side.
fn readable(tx: &Tx<'_>, me: UserId) -> Clause {
    let mut clause = Clause::all();
    clause
        .sql(" AND (saved_views.owner_id = ")
        .value(&me)
        .sql(" OR saved_views.visibility = 'shared')");
    // Whoever works for two partners does not carry the views of one to the other.
    match tx.caller().partner() {
        Some(partner) => clause.equals("saved_views.partner_id", &partner),
        None => clause.sql(" AND saved_views.partner_id IS NULL"),
    };
    clause
}

/// One page of the views that the caller reads.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, me: UserId, filter: &SavedViewFilter, paging: &Paging) -> Result<Page<SavedView>> {
    let mut clause = readable(tx, me);
    clause
        .equals_some("saved_views.operation", filter.operation.as_ref())
        .one_of_some("saved_views.visibility", filter.visibility.as_ref());
    let rows = load_page!(tx, table => SavedView, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.name_key.as_str().into(), row.id.to_string())
    }))
}

/// The view with that id, if the caller reads it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, me: UserId, id: SavedViewId) -> Result<SavedView> {
    let mut clause = readable(tx, me);
    clause.equals("saved_views.id", &id);
    Ok(table.filter(clause).select(SavedView::as_select()).first(tx.conn())?)
}

fn taken(error: Error) -> Error {
    error.when(&codes::ALREADY_EXISTS, || {
        Error::new(&codes::ALREADY_EXISTS).fault(
            "#/name",
            "already_exists",
            "You have a view of this list with that name; choose another.",
        )
    })
}

/// A private view is nobody else's business: events tell of shared ones.
fn tell(tx: &mut Tx<'_>, view: &SavedView, fact: Fact) -> Result<()> {
    let mut fact = fact;
    if view.visibility == SavedViewVisibility::Private {
        fact.audience = Vec::new();
    }
    tx.record(fact)
}

/// Stores a new view, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the owner has one of that name.
pub fn insert(tx: &mut Tx<'_>, view: SavedView) -> Result<SavedView> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&view).execute(tx.conn())?))
        .map_err(taken)?;
    tell(tx, &view, Fact::created("saved_view.created", &view))?;
    Ok(view)
}

/// Stores a changed view over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if the owner has one of that name.
pub fn save(tx: &mut Tx<'_>, before: &SavedView, after: SavedView) -> Result<SavedView> {
    tx.attempt(|tx| revise!(tx, table, saved_views::revision, (before.id, before.revision), &after))
        .map_err(taken)?;
    let quiet = if before.visibility == SavedViewVisibility::Private {
        before
    } else {
        &after
    };
    tell(tx, quiet, Fact::changed("saved_view.updated", before, &after))?;
    Ok(after)
}

/// Removes a view, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, view: &SavedView) -> Result<()> {
    diesel::delete(table.find(view.id)).execute(tx.conn())?;
    tell(tx, view, Fact::deleted("saved_view.deleted", view))
}
