//! The only file that knows the table of comments.

use diesel::prelude::*;

use super::model::{CommentSide, CommentVisibility, DealComment, DealCommentFilter, ORDER};
use crate::{
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        Time,
        ids::{CommentId, DealId, PartnerId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        deal_comments::{self, table},
        deals,
    },
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deal_comments, treat_none_as_default_value = false)]
struct CommentRow {
    id: CommentId,
    deal_id: DealId,
    visibility: CommentVisibility,
    author_side: CommentSide,
    author_id: String,
    body: String,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deal_comments)]
struct Wide {
    #[diesel(embed)]
    row: CommentRow,
    #[diesel(select_expression = deals::partner_id)]
    #[diesel(select_expression_type = deals::partner_id)]
    partner_id: PartnerId,
}

impl From<Wide> for DealComment {
    fn from(Wide { row, partner_id }: Wide) -> Self {
        Self {
            id: row.id,
            deal_id: row.deal_id,
            partner_id,
            visibility: row.visibility,
            author_side: row.author_side,
            author_id: row.author_id,
            body: row.body,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&DealComment> for CommentRow {
    fn from(comment: &DealComment) -> Self {
        Self {
            id: comment.id,
            deal_id: comment.deal_id,
            visibility: comment.visibility,
            author_side: comment.author_side,
            author_id: comment.author_id.clone(),
            body: comment.body.clone(),
            revision: comment.revision,
            created_at: comment.created_at,
            updated_at: comment.updated_at,
        }
    }
}

/// The comments that the caller's side reads.
fn readable(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.one_of(
        "deal_comments.visibility",
        &CommentSide::of(tx.caller().is_vendor()).reads(),
    );
    clause
}

/// One page of the comments on a registration, as they were written.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, deal: DealId, filter: &DealCommentFilter, paging: &Paging) -> Result<Page<DealComment>> {
    let mut clause = readable(tx);
    clause
        .equals("deal_comments.deal_id", &deal)
        .one_of_some("deal_comments.visibility", filter.visibility.as_ref())
        .equals_some("deal_comments.author_side", filter.author_side.as_ref());
    let rows = load_page!(tx, table.inner_join(deals::table) => Wide, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |wide: &Wide| {
        (wide.row.created_at.into(), wide.row.id.to_string())
    });
    Ok(page.map(DealComment::from))
}

/// The comment with that id, if the caller reads it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: CommentId) -> Result<DealComment> {
    let mut clause = readable(tx);
    clause.equals("deal_comments.id", &id);
    let wide: Wide = table
        .inner_join(deals::table)
        .filter(clause)
        .select(Wide::as_select())
        .first(tx.conn())?;
    Ok(wide.into())
}

/// Stores a new comment, and tells of it whoever may read it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, comment: DealComment) -> Result<DealComment> {
    let row = CommentRow::from(&comment);
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    tx.record(Fact::created("deal_comment.created", &comment.told()))?;
    Ok(comment)
}

/// Stores a changed comment over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &DealComment, after: DealComment) -> Result<DealComment> {
    let row = CommentRow::from(&after);
    revise!(tx, table, deal_comments::revision, (before.id, before.revision), &row)?;
    tx.record(Fact::changed("deal_comment.updated", &before.told(), &after.told()))?;
    Ok(after)
}

/// Removes a comment.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, comment: &DealComment) -> Result<()> {
    diesel::delete(table.find(comment.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("deal_comment.deleted", &comment.told()))
}
