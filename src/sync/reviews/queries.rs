//! The only file that knows the table of reviews.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{ExternalRecord, ORDER, SyncCandidate, SyncReview, SyncReviewFilter, SyncReviewState};
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        ids::{ExternalSystemId, SyncReviewId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::sync_reviews::{self as reviews, table},
    sync::{
        kinds::SyncedType,
        links::{SyncLink, queries as links},
        whole_scope,
    },
};

/// One page of the queue.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &SyncReviewFilter, paging: &Paging) -> Result<Page<SyncReview>> {
    let mut clause = whole_scope(tx.caller());
    clause
        .one_of_some("sync_reviews.state", filter.state.as_ref())
        .equals_some("sync_reviews.system_id", filter.system_id.as_ref())
        .one_of_some("sync_reviews.resource_type", filter.resource_type.as_ref());
    let rows = load_page!(tx, table => SyncReview, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

fn load(tx: &mut Tx<'_>, clause: Clause) -> Result<Vec<SyncReview>> {
    Ok(table.filter(clause).select(SyncReview::as_select()).load(tx.conn())?)
}

/// The review with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: SyncReviewId) -> Result<SyncReview> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("sync_reviews.id", &id);
    load(tx, clause)?.pop().ok_or_else(crate::error::Error::not_found)
}

/// The reviews of those ids of a system, by the id.
///
/// # Errors
/// What the database reports.
pub fn by_externals(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    ids: &[String],
) -> Result<BTreeMap<String, SyncReview>> {
    let mut clause = Clause::all();
    clause
        .equals("sync_reviews.system_id", &system)
        .equals("sync_reviews.resource_type", &kind)
        .one_of("sync_reviews.external_id", ids);
    let found = load(tx, clause)?;
    Ok(found.into_iter().map(|one| (one.external_id.clone(), one)).collect())
}

/// How many records of a system wait for somebody.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, system: ExternalSystemId) -> Result<i64> {
    Ok(table
        .filter(reviews::system_id.eq(system))
        .filter(reviews::state.eq(SyncReviewState::Open))
        .count()
        .get_result(tx.conn())?)
}

/// Puts a record into the queue, or describes the one that is there anew, and tells of it. What says the same changes nothing,
/// nor does what somebody has decided on meanwhile.
///
/// # Errors
/// What the database reports; 412 if somebody decides on it at the same moment.
pub fn put(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    record: &ExternalRecord,
    candidates: Vec<SyncCandidate>,
) -> Result<SyncReview> {
    let id = record.external_id.clone();
    links::in_turn(tx, system, kind, &id)?;
    if let Some(before) = by_externals(tx, system, kind, std::slice::from_ref(&id))?.remove(&id) {
        if before.is_decided() || before.says(record, &candidates) {
            return Ok(before);
        }
        let after = before.clone().renewed(record, candidates, tx.now);
        return save(tx, &before, after, "sync_review.updated");
    }
    let review = SyncReview::new(system, kind, record, candidates, tx.now);
    diesel::insert_into(table).values(&review).execute(tx.conn())?;
    tx.record(Fact::created("sync_review.created", &review))?;
    Ok(review)
}

/// Settles the review of a record that was linked, if it waits for somebody: it is told which of ours it is.
///
/// # Errors
/// 412 if somebody decides on it at the same moment.
pub fn linked(tx: &mut Tx<'_>, link: &SyncLink) -> Result<()> {
    let ids = [link.external_id.clone()];
    let found = by_externals(tx, link.system_id, link.resource_type, &ids)?.into_values();
    for before in found.filter(|review| review.state == SyncReviewState::Open) {
        let (by, now) = (tx.caller().actor_text(), tx.now);
        let after = before.clone().linked(link.resource_id.clone(), by, now)?;
        save(tx, &before, after, "sync_review.decided")?;
    }
    Ok(())
}

/// Stores a changed review over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &SyncReview, after: SyncReview, kind: &'static str) -> Result<SyncReview> {
    revise!(tx, table, reviews::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
