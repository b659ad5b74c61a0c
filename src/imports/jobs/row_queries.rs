//! The table of rows of imports.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{Import, ImportRow, ImportRowFilter, ImportUndoVerdict, ROWS},
    queries::{Phase, Work},
};
use crate::{
    db::{Clause, Sorted, Tx, among},
    error::{Error, Result},
    imports::{ImportVerdict, Outcome, report::Left},
    kernel::{
        Time,
        ids::ImportId,
        page::{Order, Page, Paging},
    },
    load_page,
    schema::import_job_rows::{self as rows, table},
    words,
};

/// The pass of a row that had its verdict when it was read: later than any that there is.
const SETTLED: i64 = 1_000_000;
/// How many rows are looked at together.
const BATCH: i64 = 50;

words! {
    /// What a row is for the work.
    pub Staged {
        /// One to take.
        Row = "row",
        /// One that waits for its turn in a queue.
        Queued = "queued",
        /// One that says again what an earlier one said.
        Repeat = "repeat",
        /// One that had its verdict when it was read.
        Settled = "settled",
    }
}

/// A row as it was read.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = rows, treat_none_as_default_value = false)]
pub struct NewRow {
    /// The import.
    pub import_id: ImportId,
    /// The number of its first line.
    pub line: i64,
    /// What it is for the work.
    pub staged: Staged,
    /// In which pass it got its verdict.
    pub pass: i64,
    /// When what it speaks of was received.
    pub sort_at: Option<Time>,
    /// The line of the row that it repeats.
    pub first_line: Option<i64>,
    /// What it is known by.
    pub row_key: Option<String>,
    /// What other rows may call its record.
    pub name_key: Option<String>,
    /// The digest of what it says.
    pub said: Option<String>,
    /// What stands there.
    pub content: Option<String>,
    /// What stands there, if it cannot be read.
    pub raw: Option<String>,
    /// Its verdict, if that is clear.
    pub verdict: Option<ImportVerdict>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Why, in words.
    pub reason_text: Option<String>,
}

impl NewRow {
    /// A row that has its verdict.
    #[must_use]
    pub fn settled(self, outcome: &Outcome) -> Self {
        Self {
            staged: Staged::Settled,
            pass: SETTLED,
            verdict: Some(outcome.verdict),
            reason_code: outcome.code.clone(),
            reason_text: outcome.reason.clone(),
            ..self
        }
    }
}

/// A row that is to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = rows)]
pub struct Waiting {
    /// The number of its first line.
    pub line: i64,
    /// What it is known by.
    pub row_key: Option<String>,
    /// The line of the row that it repeats.
    pub first_line: Option<i64>,
    /// What stands there.
    pub content: Option<String>,
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = rows)]
pub struct Wrong {
    /// The number of its first line.
    pub line: i64,
    /// What stands there.
    pub content: Option<String>,
    /// What stands there, if it cannot be read.
    pub raw: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Why, in words.
    pub reason_text: Option<String>,
}

/// A row that made or changed a record.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = rows)]
pub struct Did {
    /// The number of its first line.
    pub line: i64,
    /// What it did.
    pub verdict: Option<ImportVerdict>,
    /// The record.
    pub resource_id: Option<String>,
    /// The revision in which it left it.
    pub left_revision: Option<i64>,
    /// The event that tells what was before.
    pub left_event: Option<i64>,
}

fn of(import: ImportId) -> Clause {
    let mut clause = Clause::all();
    clause.equals("import_job_rows.import_id", &import);
    clause
}

/// Stores rows as they were read.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, new: &[NewRow]) -> Result<()> {
    diesel::insert_into(table).values(new).execute(tx.conn())?;
    Ok(())
}

/// The first row of the import that was read with each of those keys: its line, and what it says.
///
/// # Errors
/// What the database reports.
pub fn with_keys(tx: &mut Tx<'_>, import: ImportId, keys: &[String]) -> Result<BTreeMap<String, (i64, String)>> {
    let found: Vec<(Option<String>, i64, Option<String>)> = table
        .filter(rows::import_id.eq(import))
        .filter(rows::row_key.eq_any(among(keys)))
        // Only the first remembers what it says; those after it are as many as the file has.
        .filter(rows::said.is_not_null())
        .select((rows::row_key, rows::line, rows::said))
        .load(tx.conn())?;
    let known = |(key, line, said): (Option<String>, i64, Option<String>)| Some((key?, (line, said?)));
    Ok(found.into_iter().filter_map(known).collect())
}

/// Rows of the import whose records go by those names: at most so many by their keys, and as many by what else they are called.
///
/// # Errors
/// What the database reports.
pub fn called(tx: &mut Tx<'_>, import: ImportId, names: &[String], most: i64) -> Result<Vec<Waiting>> {
    // Two questions, each with its index: of both in one SQLite would go over all rows of the import.
    let waiting = rows::import_id.eq(import).and(rows::staged.eq(Staged::Row));
    let mut found: Vec<Waiting> = table
        .filter(waiting)
        .filter(rows::row_key.eq_any(among(names)))
        .limit(most)
        .select(Waiting::as_select())
        .load(tx.conn())?;
    let by_name: Vec<Waiting> = table
        .filter(waiting)
        .filter(rows::name_key.eq_any(among(names)))
        .limit(most)
        .select(Waiting::as_select())
        .load(tx.conn())?;
    found.extend(by_name);
    found.sort_by_key(|row| row.line);
    found.dedup_by_key(|row| row.line);
    Ok(found)
}

/// The next rows of the phase that the work is in.
///
/// # Errors
/// What the database reports.
pub fn next(tx: &mut Tx<'_>, work: &Work) -> Result<Vec<Waiting>> {
    let mut clause = of(work.import_id);
    // A pass begins only when every row has its verdict of the one before it.
    clause.equals("import_job_rows.pass", &work.pass.saturating_sub(1));
    let staged = match work.phase {
        Phase::Queue => " AND import_job_rows.staged = 'queued'",
        Phase::Repeats => " AND import_job_rows.staged = 'repeat' AND import_job_rows.sort_at IS NULL",
        _ => " AND import_job_rows.staged = 'row' AND import_job_rows.sort_at IS NULL",
    };
    clause.sql(staged);
    if work.phase != Phase::Queue {
        clause.at_least("import_job_rows.line", Some(&work.at_line.saturating_add(1)));
    }
    let order = Order {
        column: "import_job_rows.sort_at",
        id: "import_job_rows.line",
        descending: false,
    };
    Ok(table
        .filter(clause)
        .order(Sorted(order))
        .limit(BATCH)
        .select(Waiting::as_select())
        .load(tx.conn())?)
}

/// What became of the rows at those lines, each with its record.
///
/// # Errors
/// What the database reports.
pub fn fates(
    tx: &mut Tx<'_>,
    import: ImportId,
    lines: &[i64],
) -> Result<BTreeMap<i64, (Option<ImportVerdict>, Option<String>)>> {
    let found: Vec<(i64, Option<ImportVerdict>, Option<String>)> = table
        .filter(rows::import_id.eq(import))
        .filter(rows::line.eq_any(among(lines)))
        .select((rows::line, rows::verdict, rows::resource_id))
        .load(tx.conn())?;
    Ok(found
        .into_iter()
        .map(|(line, verdict, record)| (line, (verdict, record)))
        .collect())
}

/// Notes what became of a row. What stands in it is let go of, unless it is wrong or will be gone over again.
///
/// # Errors
/// What the database reports.
pub fn done(tx: &mut Tx<'_>, held: (&Import, &Work), line: i64, outcome: &Outcome) -> Result<()> {
    let (import, work) = held;
    let keeps = import.dry_run || outcome.verdict == ImportVerdict::Rejected;
    // A dry run has made no record, whatever it says.
    let made = matches!(outcome.verdict, ImportVerdict::Created | ImportVerdict::Draft);
    let record = outcome.resource_id.as_deref().filter(|_| !(import.dry_run && made));
    let left = outcome.left.filter(|_| !import.dry_run);
    let change = (
        rows::pass.eq(work.pass),
        rows::verdict.eq(Some(outcome.verdict)),
        rows::reason_code.eq(outcome.code.as_deref()),
        rows::reason_text.eq(outcome.reason.as_deref()),
        rows::resource_id.eq(record),
        rows::left_revision.eq(left.map(|left: Left| left.revision)),
        rows::left_event.eq(left.map(|left| left.event)),
        (!keeps).then(|| rows::content.eq(None::<String>)),
    );
    diesel::update(table.find((import.id, line)))
        .set(change)
        .execute(tx.conn())?;
    Ok(())
}

/// One page of the rows of an import that the caller was found to see.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    import: ImportId,
    pass: i64,
    filter: &ImportRowFilter,
    paging: &Paging,
) -> Result<Page<ImportRow>> {
    let mut clause = of(import);
    clause
        .one_of_some("import_job_rows.verdict", filter.verdict.as_ref())
        .one_of_some("import_job_rows.undo_verdict", filter.undo_verdict.as_ref());
    if filter.verdict.is_some() {
        clause.at_least("import_job_rows.pass", Some(&pass));
    }
    let found = load_page!(tx, table => ImportRow, clause, ROWS, paging)?;
    let page = Page::of(found, paging, |row: &ImportRow| (row.line.into(), import.to_string()));
    Ok(page.map(|row| row.in_pass(pass)))
}

impl ImportRow {
    /// The row as it is in that pass: what a pass before said of it is said no more.
    fn in_pass(self, pass: i64) -> Self {
        if self.pass >= pass {
            return self;
        }
        Self {
            verdict: None,
            reason_code: None,
            reason_text: None,
            resource_id: None,
            ..self
        }
    }
}

/// Rows of an import that are wrong, after that line.
///
/// # Errors
/// What the database reports.
pub fn wrong(tx: &mut Tx<'_>, import: ImportId, pass: i64, after: i64, most: i64) -> Result<Vec<Wrong>> {
    Ok(table
        .filter(rows::import_id.eq(import))
        .filter(rows::verdict.eq(Some(ImportVerdict::Rejected)))
        .filter(rows::pass.ge(pass))
        .filter(rows::line.gt(after))
        .order(rows::line)
        .limit(most)
        .select(Wrong::as_select())
        .load(tx.conn())?)
}

/// Rows that made or changed a record and were not taken back yet, the last before a line first.
///
/// # Errors
/// What the database reports.
pub fn to_undo(tx: &mut Tx<'_>, work: &Work) -> Result<Vec<Did>> {
    let did = [ImportVerdict::Created, ImportVerdict::Updated, ImportVerdict::Draft];
    Ok(table
        .filter(rows::import_id.eq(work.import_id))
        .filter(rows::undo_verdict.is_null())
        .filter(rows::verdict.eq_any(among(did)))
        .filter(rows::pass.eq(work.pass))
        .filter(rows::line.lt(work.at_line))
        .order(rows::line.desc())
        .limit(BATCH)
        .select(Did::as_select())
        .load(tx.conn())?)
}

/// The rows of an import that made or changed that record and were not taken back yet, in the order of the file.
///
/// # Errors
/// What the database reports.
pub fn about(tx: &mut Tx<'_>, work: &Work, record: &str) -> Result<Vec<Did>> {
    let did = [ImportVerdict::Created, ImportVerdict::Updated, ImportVerdict::Draft];
    Ok(table
        .filter(rows::resource_id.eq(record))
        .filter(rows::import_id.eq(work.import_id))
        .filter(rows::undo_verdict.is_null())
        .filter(rows::verdict.eq_any(among(did)))
        .filter(rows::pass.eq(work.pass))
        .order(rows::line)
        .select(Did::as_select())
        .load(tx.conn())?)
}

/// Notes what became of a row that was to be taken back.
///
/// # Errors
/// What the database reports.
pub fn undone(
    tx: &mut Tx<'_>,
    import: ImportId,
    line: i64,
    verdict: ImportUndoVerdict,
    reason: Option<(&str, &str)>,
) -> Result<()> {
    let (code, text) = reason.unzip();
    diesel::update(table.find((import, line)))
        .set((
            rows::undo_verdict.eq(Some(verdict)),
            rows::undo_code.eq(code),
            rows::undo_text.eq(text),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes for the rows, of whichever import, that left a record as it is again now: they left it in this revision.
///
/// # Errors
/// What the database reports.
pub fn again_at(tx: &mut Tx<'_>, record: &str, before: i64, now: i64) -> Result<()> {
    let others = table
        .filter(rows::resource_id.eq(record))
        .filter(rows::left_revision.eq(before))
        .filter(rows::undo_verdict.is_null());
    diesel::update(others)
        .set(rows::left_revision.eq(Some(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many rows of an import; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, import: ImportId, most: i64) -> Result<usize> {
    let lines: Vec<i64> = table
        .filter(rows::import_id.eq(import))
        .order(rows::line)
        .limit(most)
        .select(rows::line)
        .load(tx.conn())?;
    let Some(last) = lines.last() else { return Ok(0) };
    let those = table.filter(rows::import_id.eq(import)).filter(rows::line.le(*last));
    diesel::delete(those).execute(tx.conn()).map_err(Error::from)
}
