//! The only file that writes notices. Reads by people start from their own.

use diesel::prelude::*;

use super::model::{Notice, NoticeFilter, ORDER};
use crate::{
    auth::permissions::may_call,
    db::{Clause, Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{NoticeId, PartnerId, UserId},
        page::{Page, Paging},
    },
    load_page,
    notices::catalogue::{MailDelivery, NoticeTopic},
    schema::notices::{self, table},
};

/// Days for which a notice is kept after it was read.
const READ_DAYS: i64 = 90;
/// Days for which a notice is kept at most.
const KEPT_DAYS: i64 = 400;

/// A notice as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
pub struct NoticeRow {
    pub id: NoticeId,
    pub recipient_id: UserId,
    pub partner_id: Option<PartnerId>,
    pub topic: NoticeTopic,
    pub cause: String,
    pub resource_type: String,
    pub resource_id: String,
    pub path: String,
    pub action: Option<String>,
    pub locale: String,
    pub subject: String,
    pub body: String,
    pub template_revision: i64,
    pub due_at: Option<Time>,
    pub occurred_at: Time,
    pub in_app: bool,
    pub mail: MailDelivery,
    pub digest_at: Option<Time>,
    pub mailed_at: Option<Time>,
    pub read_at: Option<Time>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl NoticeRow {
    /// The notice as its reader sees it.
    fn seen(self, tx: &Tx<'_>) -> Notice {
        Notice {
            id: self.id,
            topic: self.topic,
            subject: self.subject,
            body: self.body,
            locale: self.locale,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            path: self.path,
            action: self.action.filter(|action| may_call(tx.caller(), action)),
            due_at: self.due_at,
            occurred_at: self.occurred_at,
            read_at: self.read_at,
            partner_id: self.partner_id,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Stores a notice, unless its recipient was told of the same before; says whether it was stored.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, row: &NoticeRow) -> Result<bool> {
    let stored = diesel::insert_into(table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(stored == 1)
}

/// The person's own notices that appear in the app: those of the side, and the partner, that they are here for.
fn own(tx: &Tx<'_>, person: UserId) -> Clause {
    let mut clause = Clause::all();
    clause
        .equals("notices.recipient_id", &person)
        .equals("notices.in_app", &true);
    match tx.caller().partner() {
        Some(partner) => clause.equals("notices.partner_id", &partner),
        None => clause.sql(" AND notices.partner_id IS NULL"),
    };
    clause
}

/// One page of a person's notices, the newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, person: UserId, filter: &NoticeFilter, paging: &Paging) -> Result<Page<Notice>> {
    let mut clause = own(tx, person);
    clause
        .one_of_some("notices.topic", filter.topic.as_ref())
        .equals_some("notices.resource_type", filter.resource_type.as_ref())
        .equals_some("notices.resource_id", filter.resource_id.as_ref());
    match filter.unread {
        Some(true) => {
            clause.sql(" AND notices.read_at IS NULL");
        }
        Some(false) => {
            clause.sql(" AND notices.read_at IS NOT NULL");
        }
        None => {}
    }
    let rows = load_page!(tx, table => NoticeRow, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |row: &NoticeRow| {
        (row.created_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| row.seen(tx)))
}

/// How many of a person's notices were not read.
///
/// # Errors
/// What the database reports.
pub fn unread(tx: &mut Tx<'_>, person: UserId) -> Result<i64> {
    let mut clause = own(tx, person);
    clause.sql(" AND notices.read_at IS NULL");
    Ok(table.filter(clause).count().get_result(tx.conn())?)
}

/// Notes that a notice was read. The first time counts.
///
/// # Errors
/// 404 for a notice that is not the person's.
pub fn read(tx: &mut Tx<'_>, person: UserId, id: NoticeId) -> Result<Notice> {
    let now = tx.now;
    let mut clause = own(tx, person);
    clause.equals("notices.id", &id);
    let row: NoticeRow = table.filter(clause).select(NoticeRow::as_select()).first(tx.conn())?;
    if row.read_at.is_some() {
        return Ok(row.seen(tx));
    }
    let fresh = table.find(id).filter(notices::read_at.is_null());
    diesel::update(fresh)
        .set((
            notices::read_at.eq(Some(now)),
            notices::revision.eq(notices::revision + 1),
            notices::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    let row: NoticeRow = table.find(id).select(NoticeRow::as_select()).first(tx.conn())?;
    Ok(row.seen(tx))
}

/// Notes that all of a person's notices were read that were written by that moment; tells how many.
///
/// # Errors
/// What the database reports.
pub fn read_all(tx: &mut Tx<'_>, person: UserId, until: Option<Time>) -> Result<i64> {
    let now = tx.now;
    let mut clause = own(tx, person);
    clause
        .sql(" AND notices.read_at IS NULL")
        .and("notices.created_at <= ")
        .value(&until.unwrap_or(now));
    let read = diesel::update(table.filter(clause))
        .set((
            notices::read_at.eq(Some(now)),
            notices::revision.eq(notices::revision + 1),
            notices::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(i64::try_from(read).unwrap_or(i64::MAX))
}

/// Deletes notices that were read long ago, and those that are older than any is kept; at most so many. Tells how many. By
/// then the log has gone far beyond what they tell of, so none of them is written again.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let (read, kept) = (tx.now.plus_days(-READ_DAYS), tx.now.plus_days(-KEPT_DAYS));
    let ids: Vec<NoticeId> = table
        .filter(
            notices::read_at
                .lt(read)
                .nullable()
                .or(notices::created_at.lt(kept).nullable()),
        )
        .order(notices::id)
        .limit(most)
        .select(notices::id)
        .load(tx.conn())?;
    Ok(diesel::delete(table.filter(notices::id.eq_any(among(&ids)))).execute(tx.conn())?)
}
