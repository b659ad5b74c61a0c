//! The only file that knows the tables of files, of their objects and of attachments.

use diesel::prelude::*;

use super::model::{AttachedResource, Attachment, AttachmentFilter, FileFilter, FileScanStatus, StoredFile};
use crate::{
    auth::{Caller, Rows},
    db::{Clause, Tx},
    error::Result,
    events::Fact,
    kernel::{
        Time,
        ids::{AttachmentId, FileId, PartnerId},
        page::{Order, Page, Paging},
    },
    load_page, revise,
    schema::{
        file_attachments::{self, table as attachments},
        file_objects::{self, table as objects},
        files::{self, table},
    },
};

/// Seconds after which an upload that has not ended never will.
const ABANDONED: i64 = 3600;

/// The states of an object.
const WRITING: &str = "writing";
const STORED: &str = "stored";
const DOOMED: &str = "doomed";

/// A file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = files, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct FileRow {
    pub id: FileId,
    pub object_key: Option<String>,
    pub partner_id: Option<PartnerId>,
    pub name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub sha256: String,
    pub scan_status: FileScanStatus,
    pub scanned_at: Option<Time>,
    pub retain_until: Option<Time>,
    pub content_deleted_at: Option<Time>,
    pub uploaded_by: String,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl FileRow {
    /// The file as the caller sees it.
    pub fn seen(self, caller: &Caller) -> StoredFile {
        let by_vendor = caller.is_vendor();
        self.shown(by_vendor)
    }

    fn shown(self, by_vendor: bool) -> StoredFile {
        StoredFile {
            id: self.id,
            partner_id: self.partner_id,
            name: self.name,
            media_type: self.media_type,
            size_bytes: self.size_bytes,
            sha256: self.sha256,
            scan_status: self.scan_status,
            scanned_at: self.scanned_at,
            retain_until: self.retain_until,
            content_deleted_at: self.content_deleted_at,
            uploaded_by: Some(self.uploaded_by).filter(|_| by_vendor || self.partner_id.is_some()),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// The file without its content.
    #[must_use]
    pub fn emptied(self, now: Time) -> Self {
        Self {
            object_key: None,
            content_deleted_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The file after a scan.
    #[must_use]
    pub fn scanned(self, status: FileScanStatus, now: Time) -> Self {
        Self {
            scan_status: status,
            scanned_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

/// The files that the caller reads: its side's own, and what is attached to the records of partners whose rows it sees.
fn readable(caller: &Caller) -> Clause {
    let mut clause = Clause::all();
    if let Rows::Partners(partners) = caller.rows() {
        clause.sql(" AND ((TRUE").one_of("files.partner_id", partners);
        clause
            .sql(") OR EXISTS (SELECT 1 FROM file_attachments AS a WHERE a.file_id = files.id")
            .one_of("a.partner_id", partners);
        clause.sql(")");
        if caller.is_vendor() {
            clause.sql(" OR files.partner_id IS NULL");
        }
        clause.sql(")");
    }
    clause
}

/// One page of the files that the caller reads, newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &FileFilter, paging: &Paging) -> Result<Page<StoredFile>> {
    const ORDER: Order = Order {
        column: "files.created_at",
        id: "files.id",
        descending: true,
    };
    let mut clause = readable(tx.caller());
    clause
        .equals_some("files.partner_id", filter.partner_id.as_ref())
        .one_of_some("files.scan_status", filter.scan_status.as_ref());
    let rows = load_page!(tx, table => FileRow, clause, ORDER, paging)?;
    let caller = tx.caller();
    Ok(Page::of(rows, paging, |row: &FileRow| {
        (row.created_at.into(), row.id.to_string())
    })
    .map(|row| row.seen(caller)))
}

/// The file with that id, if the caller reads it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: FileId) -> Result<FileRow> {
    let mut clause = readable(tx.caller());
    clause.equals("files.id", &id);
    Ok(table.filter(clause).select(FileRow::as_select()).first(tx.conn())?)
}

/// Where the content of an object lies.
///
/// # Errors
/// 404 if there is none.
pub fn location(tx: &mut Tx<'_>, key: &str) -> Result<String> {
    Ok(objects
        .find(key)
        .filter(file_objects::state.eq(STORED))
        .select(file_objects::location)
        .first(tx.conn())?)
}

/// Notes that an object will be written.
///
/// # Errors
/// What the database reports.
pub fn begin_object(tx: &mut Tx<'_>, key: &str, location: &str) -> Result<()> {
    let row = (
        file_objects::key.eq(key),
        file_objects::location.eq(location),
        file_objects::state.eq(WRITING),
        file_objects::since.eq(tx.now),
    );
    diesel::insert_into(objects).values(&row).execute(tx.conn())?;
    Ok(())
}

/// Notes that nobody needs an object any more; the sweep deletes it.
///
/// # Errors
/// What the database reports.
pub fn doom(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let change = (file_objects::state.eq(DOOMED), file_objects::since.eq(tx.now));
    diesel::update(objects.find(key)).set(change).execute(tx.conn())?;
    Ok(())
}

/// Stores a file whose object was written, and tells of it.
///
/// # Errors
/// 409 `conflict` if the sweep took the object meanwhile.
pub fn insert(tx: &mut Tx<'_>, row: FileRow) -> Result<FileRow> {
    if let Some(key) = &row.object_key {
        let written = objects.find(key).filter(file_objects::state.eq(WRITING));
        let change = (file_objects::state.eq(STORED), file_objects::since.eq(tx.now));
        let found = diesel::update(written).set(change).execute(tx.conn())?;
        if found == 0 {
            return Err(crate::error::Error::new(&crate::error::codes::CONFLICT)
                .detail("The upload took too long, and was given up; repeat it."));
        }
    }
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    tx.record(Fact::created("file.uploaded", &row.clone().shown(false)))?;
    Ok(row)
}

/// Stores a changed file over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &FileRow, after: FileRow, kind: &'static str) -> Result<FileRow> {
    revise!(tx, table, files::revision, (before.id, before.revision), &after)?;
    if let (Some(key), None) = (&before.object_key, &after.object_key) {
        doom(tx, key)?;
    }
    let (old, new) = (before.clone().shown(false), after.clone().shown(false));
    tx.record(Fact::changed(kind, &old, &new))?;
    Ok(after)
}

/// Removes a file that is attached to nothing, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, row: FileRow) -> Result<()> {
    diesel::delete(table.find(row.id)).execute(tx.conn())?;
    if let Some(key) = &row.object_key {
        doom(tx, key)?;
    }
    tx.record(Fact::deleted("file.deleted", &row.shown(false)))
}

/// Whether the file is attached to anything.
///
/// # Errors
/// What the database reports.
pub fn is_attached(tx: &mut Tx<'_>, id: FileId) -> Result<bool> {
    let found: Option<AttachmentId> = attachments
        .filter(file_attachments::file_id.eq(id))
        .select(file_attachments::id)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Deletes the content of at most so many files whose time is over; tells how many.
///
/// # Errors
/// What the database reports.
pub fn retire(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let due: Vec<FileRow> = table
        .filter(files::object_key.is_not_null().and(files::retain_until.le(now)))
        .order((files::retain_until, files::id))
        .limit(most)
        .select(FileRow::as_select())
        .load(tx.conn())?;
    let done = due.len();
    for row in due {
        save(tx, &row, row.clone().emptied(now), "file.content_deleted")?;
    }
    Ok(done)
}

/// Deletes the content of a file that was needed for a time, unless a record shows it or somebody said until when to keep it.
/// Nothing happens if it is not there any more.
///
/// # Errors
/// What the database reports.
pub fn empty(tx: &mut Tx<'_>, id: FileId) -> Result<()> {
    let now = tx.now;
    let found: Option<FileRow> = table
        .find(id)
        .filter(files::object_key.is_not_null().and(files::retain_until.is_null()))
        .select(FileRow::as_select())
        .first(tx.conn())
        .optional()?;
    let Some(row) = found else { return Ok(()) };
    if !is_attached(tx, id)? {
        save(tx, &row, row.clone().emptied(now), "file.content_deleted")?;
    }
    Ok(())
}

/// Whether there are objects that nobody needs, or that were left half-written.
///
/// # Errors
/// What the database reports.
pub fn is_anything_left(tx: &mut Tx<'_>) -> Result<bool> {
    let before = tx.now.plus_seconds(-ABANDONED);
    let found: Option<String> = objects
        .filter(
            file_objects::state
                .eq(DOOMED)
                .or(file_objects::state.eq(WRITING).and(file_objects::since.lt(before))),
        )
        .select(file_objects::key)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Dooms the objects that were left half-written, so that an upload which ends at this moment is refused, and gives the keys
/// and locations of at most so many doomed ones, the longest waiting first.
///
/// # Errors
/// What the database reports.
pub fn left(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(String, String)>> {
    let before = tx.now.plus_seconds(-ABANDONED);
    let abandoned = objects
        .filter(file_objects::state.eq(WRITING))
        .filter(file_objects::since.lt(before));
    diesel::update(abandoned)
        .set(file_objects::state.eq(DOOMED))
        .execute(tx.conn())?;
    Ok(objects
        .filter(file_objects::state.eq(DOOMED))
        .order((file_objects::since, file_objects::key))
        .limit(most)
        .select((file_objects::key, file_objects::location))
        .load(tx.conn())?)
}

/// Forgets an object that was deleted from its store.
///
/// # Errors
/// What the database reports.
pub fn forget(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let gone = objects.find(key).filter(file_objects::state.eq(DOOMED));
    diesel::delete(gone).execute(tx.conn())?;
    Ok(())
}

/// An attachment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = file_attachments, treat_none_as_default_value = false)]
pub struct AttachmentRow {
    pub id: AttachmentId,
    pub file_id: FileId,
    pub resource_type: AttachedResource,
    pub resource_id: String,
    pub partner_id: PartnerId,
    pub attached_by: String,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = file_attachments)]
struct Wide {
    #[diesel(embed)]
    row: AttachmentRow,
    #[diesel(select_expression = files::name)]
    #[diesel(select_expression_type = files::name)]
    name: String,
    #[diesel(select_expression = files::media_type)]
    #[diesel(select_expression_type = files::media_type)]
    media_type: String,
    #[diesel(select_expression = files::size_bytes)]
    #[diesel(select_expression_type = files::size_bytes)]
    size_bytes: i64,
    #[diesel(select_expression = files::scan_status)]
    #[diesel(select_expression_type = files::scan_status)]
    scan_status: FileScanStatus,
    #[diesel(select_expression = files::partner_id)]
    #[diesel(select_expression_type = files::partner_id)]
    owner: Option<PartnerId>,
}

impl Wide {
    fn seen(self, by_vendor: bool) -> Attachment {
        Attachment {
            id: self.row.id,
            file_id: self.row.file_id,
            resource_type: self.row.resource_type,
            resource_id: self.row.resource_id,
            partner_id: self.row.partner_id,
            name: self.name,
            media_type: self.media_type,
            size_bytes: self.size_bytes,
            scan_status: self.scan_status,
            attached_by: Some(self.row.attached_by).filter(|_| by_vendor || self.owner.is_some()),
            revision: self.row.revision,
            created_at: self.row.created_at,
            updated_at: self.row.updated_at,
        }
    }
}

const BY_AGE: Order = Order {
    column: "file_attachments.created_at",
    id: "file_attachments.id",
    descending: false,
};

/// One page of the attachments of records that the caller may see, as they were attached.
///
/// # Errors
/// What the database reports.
pub fn attachment_page(tx: &mut Tx<'_>, filter: &AttachmentFilter, paging: &Paging) -> Result<Page<Attachment>> {
    let mut clause = Clause::rows_of(tx.caller(), "file_attachments.partner_id");
    clause
        .equals_some("file_attachments.resource_type", filter.resource_type.as_ref())
        .equals_some("file_attachments.resource_id", filter.resource_id.as_ref())
        .equals_some("file_attachments.file_id", filter.file_id.as_ref());
    let by_vendor = tx.caller().is_vendor();
    let rows = load_page!(tx, attachments.inner_join(table) => Wide, clause, BY_AGE, paging)?;
    let page = Page::of(rows, paging, |wide: &Wide| {
        (wide.row.created_at.into(), wide.row.id.to_string())
    });
    Ok(page.map(|wide| wide.seen(by_vendor)))
}

/// The attachment with that id, of a record that the caller may see.
///
/// # Errors
/// 404 if there is none.
pub fn find_attachment(tx: &mut Tx<'_>, id: AttachmentId) -> Result<(AttachmentRow, Attachment)> {
    let mut clause = Clause::rows_of(tx.caller(), "file_attachments.partner_id");
    clause.equals("file_attachments.id", &id);
    let wide: Wide = attachments
        .inner_join(table)
        .filter(clause)
        .select(Wide::as_select())
        .first(tx.conn())?;
    let by_vendor = tx.caller().is_vendor();
    Ok((wide.row.clone(), wide.seen(by_vendor)))
}

/// What is attached to a record that the caller was found to see, as it was attached: at most 200.
///
/// # Errors
/// What the database reports.
pub fn of_record(tx: &mut Tx<'_>, resource: AttachedResource, id: &str) -> Result<Vec<Attachment>> {
    let by_vendor = tx.caller().is_vendor();
    let found: Vec<Wide> = attachments
        .inner_join(table)
        .filter(
            file_attachments::resource_type
                .eq(resource)
                .and(file_attachments::resource_id.eq(id)),
        )
        .order((file_attachments::created_at, file_attachments::id))
        .limit(200)
        .select(Wide::as_select())
        .load(tx.conn())?;
    Ok(found.into_iter().map(|wide| wide.seen(by_vendor)).collect())
}

/// Whether the file is attached to that record.
///
/// # Errors
/// What the database reports.
pub fn is_attached_to(tx: &mut Tx<'_>, file: FileId, resource: AttachedResource, id: &str) -> Result<bool> {
    let found: Option<AttachmentId> = attachments
        .filter(file_attachments::file_id.eq(file))
        .filter(file_attachments::resource_type.eq(resource))
        .filter(file_attachments::resource_id.eq(id))
        .select(file_attachments::id)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Stores an attachment, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the file is attached there already.
pub fn attach(tx: &mut Tx<'_>, row: AttachmentRow) -> Result<Attachment> {
    tx.attempt(|tx| Ok(diesel::insert_into(attachments).values(&row).execute(tx.conn())?))?;
    let (_, attachment) = find_attachment(tx, row.id)?;
    let told = Attachment {
        attached_by: None,
        ..attachment.clone()
    };
    tx.record(Fact::created("attachment.created", &told))?;
    Ok(attachment)
}

/// Removes an attachment, and tells of it. The file stays.
///
/// # Errors
/// What the database reports.
pub fn detach(tx: &mut Tx<'_>, attachment: &Attachment) -> Result<()> {
    diesel::delete(attachments.find(attachment.id)).execute(tx.conn())?;
    let told = Attachment {
        attached_by: None,
        ..attachment.clone()
    };
    tx.record(Fact::deleted("attachment.deleted", &told))
}
