//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{CommentSide, DealComment, DealCommentFilter, DealCommentPatch, NewDealComment},
    queries,
};
use crate::{
    auth::{Caller, Role},
    db::Db,
    deals::registrations,
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::{CommentId, DealId},
        page::{Page, Paging},
    },
};

/// List the comments on a registration
///
/// Those that the caller's side reads, as they were written.
#[utoipa::path(params(DealId, DealCommentFilter, Paging))]
#[get("/{id}/comments")]
pub async fn list_deal_comments(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    filter: Query<DealCommentFilter>,
    paging: Paging,
) -> Reply<Page<DealComment>> {
    db.snapshot(&caller, move |tx| {
        registrations::find_row(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Comment on a registration
///
/// For the own side alone, or for both. A comment is no sign of work on the deal.
#[utoipa::path(params(DealId), extensions(("x-errors" = json!(["field_forbidden"]))))]
#[post("/{id}/comments")]
pub async fn create_deal_comment(
    db: Db,
    caller: Caller,
    id: Path<DealId>,
    new: Json<NewDealComment>,
) -> Reply<Created<DealComment>> {
    db.write(&caller, move |tx| {
        let deal = registrations::find_row(tx, id.0)?;
        let (side, author) = (CommentSide::of(tx.caller().is_vendor()), tx.caller().actor_text());
        let comment = DealComment::new(deal.id, deal.partner_id, &new.0, side, author, tx.now)?;
        queries::insert(tx, comment).map(Created)
    })
    .await
}

/// Read a comment on a registration
///
/// If the caller's side reads it.
#[utoipa::path(params(CommentId))]
#[get("/{id}")]
pub async fn get_deal_comment(db: Db, caller: Caller, id: Path<CommentId>) -> Reply<Json<DealComment>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change a comment on a registration
///
/// Only by its author. Who reads it stays.
#[utoipa::path(params(CommentId, IfMatch))]
#[patch("/{id}")]
pub async fn update_deal_comment(
    db: Db,
    caller: Caller,
    id: Path<CommentId>,
    seen: IfMatch,
    patch: Json<DealCommentPatch>,
) -> Reply<Json<DealComment>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        before.is_by(&tx.caller().actor_text(), false)?;
        queries::save(tx, &before, before.clone().patched(&patch.0, tx.now)).map(Json)
    })
    .await
}

/// Remove a comment on a registration
///
/// By its author, or by those who run the program if they read it.
#[utoipa::path(params(CommentId, IfMatch))]
#[delete("/{id}")]
pub async fn delete_deal_comment(db: Db, caller: Caller, id: Path<CommentId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let comment = queries::find(tx, id.0)?;
        seen.check(comment.revision)?;
        let moderates = tx.caller().has(Role::Admin) || tx.caller().has(Role::ChannelOps);
        comment.is_by(&tx.caller().actor_text(), moderates)?;
        queries::delete(tx, &comment).map(|()| NoContent)
    })
    .await
}
