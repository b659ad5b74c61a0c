//! The tables of imports and of the work on them.

use diesel::prelude::*;

use super::{
    authority::Authority,
    model::{Import, ImportFilter, ImportSort, ImportStatus},
    rules,
};
use crate::{
    auth::Rows,
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    imports::{queries as runs, raw::Place},
    kernel::{
        Stored, Time,
        ids::{FileId, ImportId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::{
        import_jobs::{self as jobs, table},
        import_work as work,
    },
    words,
};

/// For how many seconds an instance has an import for itself without a sign of life: longer than any batch takes.
const LEASE_SECONDS: i64 = 90;
/// The states in which there is work to do.
const AT_WORK: [ImportStatus; 3] = [ImportStatus::Queued, ImportStatus::Running, ImportStatus::Undoing];

words! {
    /// What is done with the rows next.
    pub Phase {
        /// They are read from the file.
        Reading = "reading",
        /// Each is taken, in the order of the file.
        Rows = "rows",
        /// Those that speak of rows further down, as long as that brings some.
        Later = "later",
        /// Those that are left, for good.
        Last = "last",
        /// Deals that wait for a decision, in the order of their arrival.
        Queue = "queue",
        /// Those that say again what an earlier one said.
        Repeats = "repeats",
        /// Nothing more.
        Done = "done",
        /// What they did is taken back, the last first.
        Undo = "undo",
        /// What is left of that, for good.
        UndoLast = "undo_last",
    }
}

/// Where the work on an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = work, treat_none_as_null = true, treat_none_as_default_value = false, primary_key(import_id))]
pub struct Work {
    /// The import.
    pub import_id: ImportId,
    /// What it has in common with any other of the same content.
    pub content_key: Option<String>,
    /// With whose permissions its rows are taken.
    pub authority: Stored<Authority>,
    /// How often the rows are gone over, this time among them.
    pub pass: i64,
    /// What is done with them.
    pub phase: Phase,
    /// How many bytes of the file were read.
    pub position: i64,
    /// The number of its next line.
    pub line: i64,
    /// What stands between its cells, as a byte.
    pub delimiter: i64,
    /// The names of its columns, once they are known.
    pub header: Option<Stored<Vec<String>>>,
    /// The last row that was looked at in this phase.
    pub at_line: i64,
    /// How many rows got on in this round of it.
    pub brought: i64,
    /// Rows that the mapping leaves out.
    pub read_skipped: i64,
    /// Rows that were found to be wrong when they were read.
    pub read_rejected: i64,
    /// How often the work failed since it last did not.
    pub failures: i64,
    /// Whether the rows are still there.
    pub kept: bool,
    /// Which instance is at it.
    pub lease_token: Option<String>,
    /// Until when it has that for itself.
    pub lease_until: Option<Time>,
}

impl Work {
    /// The work on a new import.
    pub fn new(import: &Import, authority: Authority, again: bool) -> Self {
        Self {
            import_id: import.id,
            content_key: (!again).then(|| rules::content_key(import)),
            authority: Stored(authority),
            pass: 1,
            phase: Phase::Reading,
            position: 0,
            line: 1,
            delimiter: 0,
            header: None,
            at_line: 0,
            brought: 0,
            read_skipped: 0,
            read_rejected: 0,
            failures: 0,
            kept: true,
            lease_token: None,
            lease_until: None,
        }
    }

    /// The same work in another phase, from its beginning.
    pub fn turned(&mut self, phase: Phase) {
        self.phase = phase;
        self.brought = 0;
        self.at_line = match phase {
            Phase::Undo | Phase::UndoLast => i64::MAX,
            _ => 0,
        };
    }

    /// Where the file is read on, once it was begun.
    pub fn place(&self) -> Option<Place> {
        let header = self.header.as_ref()?.0.clone();
        Some(Place {
            position: u64::try_from(self.position).unwrap_or(0),
            line: u64::try_from(self.line).unwrap_or(1),
            delimiter: u8::try_from(self.delimiter).unwrap_or(b','),
            header,
        })
    }
}

/// An import with the work on it, held until the end of the transaction.
#[derive(Debug, Clone)]
pub struct Held {
    /// The import.
    pub import: Import,
    /// The work.
    pub work: Work,
}

/// The imports that the caller may see: all for those who see everyone's rows, their own for others.
fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    if !matches!(tx.caller().rows(), Rows::All) {
        clause.equals("import_jobs.created_by", &tx.caller().actor_text());
    }
    clause
}

/// One page of the imports that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ImportFilter, paging: &Paging) -> Result<Page<Import>> {
    let sort = filter.sort.unwrap_or(ImportSort::CreatedDescending);
    let mut clause = scope(tx);
    clause
        .one_of_some("import_jobs.status", filter.status.as_ref())
        .one_of_some("import_jobs.kind", filter.kind.as_ref());
    let rows = load_page!(tx, table => Import, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The import with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: ImportId) -> Result<Import> {
    let mut clause = scope(tx);
    clause.equals("import_jobs.id", &id);
    Ok(table.filter(clause).select(Import::as_select()).first(tx.conn())?)
}

/// Where the work on an import stands.
///
/// # Errors
/// What the database reports.
pub fn work(tx: &mut Tx<'_>, id: ImportId) -> Result<Work> {
    Ok(work::table.find(id).select(Work::as_select()).first(tx.conn())?)
}

/// The import with that id, if the caller may see it, held with the work on it: no batch is at it meanwhile.
///
/// # Errors
/// 404 otherwise.
pub fn hold_for_change(tx: &mut Tx<'_>, id: ImportId) -> Result<Held> {
    // Batches lock the work first, too.
    tx.hold(Lock::NoKeyUpdate, work::table.find(id).select(work::import_id))?;
    let import = find(tx, id)?;
    let work = work(tx, id)?;
    Ok(Held { import, work })
}

/// Stores a new import, and tells of it.
///
/// # Errors
/// 409 `already_exists` with the import that has the same content, unless it is wanted again.
pub fn insert(tx: &mut Tx<'_>, import: Import, work: &Work) -> Result<Import> {
    diesel::insert_into(table).values(&import).execute(tx.conn())?;
    let stored = tx.attempt(|tx| Ok(diesel::insert_into(work::table).values(work).execute(tx.conn())?));
    if let Err(error) = stored {
        return Err(taken(tx, error, work));
    }
    tx.record(Fact::created("import.created", &import))?;
    Ok(import)
}

fn taken(tx: &mut Tx<'_>, error: Error, work: &Work) -> Error {
    if !error.is(&codes::ALREADY_EXISTS) {
        return error;
    }
    let holder: std::result::Result<Option<ImportId>, _> = work::table
        .filter(work::content_key.eq(&work.content_key))
        .select(work::import_id)
        .first(tx.conn())
        .optional();
    let other = holder.ok().flatten().map_or_else(String::new, |id| format!(" by {id}"));
    Error::new(&codes::ALREADY_EXISTS).fault(
        "#/file_id",
        "already_exists",
        format!("The same content was brought in by the same mapping, or is just now{other}; say `again: true` to do it once more."),
    )
}

/// Stores an import in another state over the revision it was read at, with the work on it, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if another import has the same content.
pub fn save(tx: &mut Tx<'_>, before: &Import, after: Import, work: &Work, kind: &'static str) -> Result<Import> {
    revise!(tx, table, jobs::revision, (before.id, before.revision), &after)?;
    let stored = tx.attempt(|tx| {
        Ok(diesel::update(work::table.find(before.id))
            .set(work)
            .execute(tx.conn())?)
    });
    if let Err(error) = stored {
        return Err(taken(tx, error, work));
    }
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Stores how far an import that is held has come. That is no change of it: its revision stays, and nothing is told.
///
/// # Errors
/// What the database reports.
pub fn advance(tx: &mut Tx<'_>, held: &mut Held) -> Result<()> {
    held.import.updated_at = tx.now;
    let Held { import, work } = &*held;
    diesel::update(table.find(import.id)).set(import).execute(tx.conn())?;
    diesel::update(work::table.find(import.id))
        .set(work)
        .execute(tx.conn())?;
    Ok(())
}

/// Takes the oldest import that there is work for and that nobody has.
///
/// # Errors
/// What the database reports.
pub fn take(tx: &mut Tx<'_>, token: &str) -> Result<Option<ImportId>> {
    let now = tx.agreed_moment()?;
    let free = || work::lease_token.is_null().or(work::lease_until.le(now));
    let waiting: Vec<ImportId> = table
        .inner_join(work::table)
        .filter(jobs::status.eq_any(among(AT_WORK)))
        .filter(free())
        .order((jobs::created_at, jobs::id))
        .limit(8)
        .select(jobs::id)
        .load(tx.conn())?;
    for id in waiting {
        let lease = (
            work::lease_token.eq(Some(token)),
            work::lease_until.eq(Some(now.plus_seconds(LEASE_SECONDS))),
        );
        let taken = diesel::update(work::table.find(id).filter(free()))
            .set(lease)
            .execute(tx.conn())?;
        if taken == 1 {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Whether there is an import that nobody has. Writes nothing.
///
/// # Errors
/// What the database reports.
pub fn is_anything_waiting(tx: &mut Tx<'_>) -> Result<bool> {
    let now = tx.agreed_moment()?;
    let found: Option<ImportId> = table
        .inner_join(work::table)
        .filter(jobs::status.eq_any(among(AT_WORK)))
        .filter(work::lease_token.is_null().or(work::lease_until.le(now)))
        .select(jobs::id)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}

/// An import that an instance has taken, held until the end of the transaction, with its lease renewed; nothing if the lease is
/// lost, or nothing is to be done with it any more.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>, id: ImportId, token: &str) -> Result<Option<Held>> {
    let until = tx.agreed_moment()?.plus_seconds(LEASE_SECONDS);
    let ours = work::table.find(id).filter(work::lease_token.eq(token));
    let kept = diesel::update(ours)
        .set(work::lease_until.eq(Some(until)))
        .execute(tx.conn())?;
    if kept == 0 {
        return Ok(None);
    }
    tx.hold(Lock::NoKeyUpdate, table.find(id).select(jobs::id))?;
    let import: Option<Import> = table
        .find(id)
        .filter(jobs::status.eq_any(among(AT_WORK)))
        .select(Import::as_select())
        .first(tx.conn())
        .optional()?;
    let Some(import) = import else { return Ok(None) };
    let work = work(tx, id)?;
    Ok(Some(Held { import, work }))
}

/// Gives a lease back, if it is still that instance's.
///
/// # Errors
/// What the database reports.
pub fn release(tx: &mut Tx<'_>, id: ImportId, token: &str) -> Result<()> {
    let ours = work::table.find(id).filter(work::lease_token.eq(token));
    diesel::update(ours)
        .set((work::lease_token.eq(None::<String>), work::lease_until.eq(None::<Time>)))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends every lease: for the one server of an SQLite database, which knows at its start that no other is at work.
///
/// # Errors
/// What the database reports.
pub fn release_all(tx: &mut Tx<'_>) -> Result<()> {
    diesel::update(work::table.filter(work::lease_token.is_not_null()))
        .set((work::lease_token.eq(None::<String>), work::lease_until.eq(None::<Time>)))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes in the record of runs that the import begins to keep what it brings in.
///
/// # Errors
/// What the database reports.
pub fn open_run(tx: &mut Tx<'_>, import: &Import) -> Result<()> {
    let source =
        serde_json::json!({(import.file_name.as_str()): {"bytes": import.bytes_total, "sha256": import.file_sha256}});
    let mapping = crate::imports::digest(serde_json::to_string(&import.mapping).unwrap_or_default().as_bytes());
    runs::open(tx, import.id, &import.id.to_string(), &mapping, &source.to_string())
}

/// Notes in the record of runs how the import ended, if it kept anything.
///
/// # Errors
/// What the database reports.
pub fn close_run(tx: &mut Tx<'_>, import: &Import, error: Option<&str>) -> Result<()> {
    let rows = serde_json::json!({
        "created": import.rows_created,
        "updated": import.rows_updated,
        "unchanged": import.rows_unchanged,
        "draft": import.rows_draft,
        "skipped": import.rows_skipped,
        "rejected": import.rows_rejected,
    });
    let counts = serde_json::json!([{"entity": import.kind, "file": import.file_name, "rows": rows}]);
    runs::end(tx, import.id, &counts.to_string(), error)
}

/// An import whose rows are to be deleted.
///
/// # Errors
/// What the database reports.
pub fn next_expired(tx: &mut Tx<'_>) -> Result<Option<Import>> {
    let now = tx.now;
    Ok(table
        .inner_join(work::table)
        .filter(jobs::expires_at.le(now))
        .filter(work::kept.eq(true))
        .order((jobs::expires_at, jobs::id))
        .select(Import::as_select())
        .first(tx.conn())
        .optional()?)
}

/// Notes that the rows of an import are gone. The same content may be brought in again.
///
/// # Errors
/// What the database reports.
pub fn forget_rows(tx: &mut Tx<'_>, id: ImportId) -> Result<()> {
    diesel::update(work::table.find(id))
        .set((work::kept.eq(false), work::content_key.eq(None::<String>)))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether an import whose rows are kept came from that file.
///
/// # Errors
/// What the database reports.
pub fn needs_file(tx: &mut Tx<'_>, file: FileId) -> Result<bool> {
    let found: Option<ImportId> = table
        .inner_join(work::table)
        .filter(jobs::file_id.eq(file))
        .filter(work::kept.eq(true))
        .select(jobs::id)
        .first(tx.conn())
        .optional()?;
    Ok(found.is_some())
}
