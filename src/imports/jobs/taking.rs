//! Rows are read into the table, and taken from there: batch by batch, each in the transaction that notes how far it came.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    queries::{Held, Phase},
    reading::{Read, cells},
    row_queries::{self as rows, NewRow, Staged, Waiting},
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    imports::{
        ImportKind, ImportVerdict, Outcome, Plan,
        batch::{self, Job, Pending, Taken, What, outcome, work},
        digest,
        formats::{Formats, shown},
        mapping::unusable,
        ready::{Ready, RowFault, Typed},
        row::{Reader, Reading},
    },
    kernel::Time,
};

/// How deep what a row rests on in its own file is looked for in a dry run.
const DEPTH: usize = 20;
/// How many rows are brought in with a batch of a dry run, at most.
const BROUGHT: usize = 1000;

/// The reader of the rows of an import.
fn reader<'p>(plan: &'p Plan, header: &[String]) -> Result<Reader<'p>> {
    let step = plan.mapping.steps.first().ok_or_else(|| Error::internal("no step"))?;
    Reader::new(&plan.mapping, step, header).map_err(unusable)
}

/// How the file of an import writes things.
///
/// # Errors
/// 422 for formats that are none; a mapping was checked for that before.
pub fn formats(plan: &Plan) -> Result<Formats> {
    let step = plan.mapping.steps.first().ok_or_else(|| Error::internal("no step"))?;
    Formats::of(&plan.mapping.formats, &step.formats).map_err(unusable)
}

/// Checks that the columns of the mapping are there.
///
/// # Errors
/// 409 `contradiction` with those that are not.
pub fn check_columns(plan: &Plan, header: &[String]) -> Result<()> {
    reader(plan, header)
        .map(drop)
        .map_err(|error| Error::contradicts("#/mapping", "unknown_column", error.message().to_owned()))
}

fn lined(line: u64) -> Result<i64> {
    i64::try_from(line).map_err(Error::internal)
}

/// Stores rows that were read, each as what it is for the work. Rows that say again what an earlier one said, or say otherwise of
/// the same key, are told here.
///
/// # Errors
/// What the database reports.
pub fn stage(tx: &mut Tx<'_>, held: &mut Held, plan: &Plan, header: &[String], read: &[Read]) -> Result<()> {
    let reader = reader(plan, header)?;
    let mut readings: Vec<(&Read, Reading)> = Vec::with_capacity(read.len());
    for one in read {
        readings.push((one, reader.read(one.row.cells.clone())));
    }
    let keys: Vec<String> = readings
        .iter()
        .filter_map(|(_, reading)| match reading {
            Reading::Ready(ready) => Some(ready.key.clone()),
            Reading::Skipped(_) | Reading::Wrong(_) => None,
        })
        .collect();
    let mut known = rows::with_keys(tx, held.import.id, &keys)?;
    let mut new = Vec::with_capacity(read.len());
    for (Read { row, content }, reading) in readings {
        let line = lined(row.line)?;
        let bare = NewRow {
            import_id: held.import.id,
            line,
            staged: Staged::Row,
            pass: 0,
            sort_at: None,
            first_line: None,
            row_key: None,
            name_key: None,
            said: None,
            content: content.clone(),
            raw: row.raw.clone(),
            verdict: None,
            reason_code: None,
            reason_text: None,
        };
        new.push(match reading {
            Reading::Skipped(reason) => {
                held.work.read_skipped += 1;
                held.import.count(ImportVerdict::Skipped);
                let told = outcome(row.line, None, ImportVerdict::Skipped, "skipped", reason);
                NewRow {
                    content: None,
                    ..bare.settled(&told)
                }
            }
            Reading::Wrong(faults) => rejected(held, bare, &batch::wrong(row.line, None, &faults)),
            Reading::Ready(ready) => told_apart(held, &mut known, bare, &ready),
        });
    }
    held.import.rows_read += i64::try_from(new.len()).map_err(Error::internal)?;
    if new.is_empty() {
        return Ok(());
    }
    rows::insert(tx, &new)
}

fn rejected(held: &mut Held, row: NewRow, told: &Outcome) -> NewRow {
    held.work.read_rejected += 1;
    held.import.count(ImportVerdict::Rejected);
    row.settled(told)
}

/// A row that can be worked with, beside those with the same key that came before.
fn told_apart(held: &mut Held, known: &mut BTreeMap<String, (i64, String)>, row: NewRow, ready: &Ready) -> NewRow {
    let said = digest(ready.said().as_bytes());
    let row = NewRow {
        row_key: Some(ready.key.clone()),
        ..row
    };
    match known.get(&ready.key) {
        Some((first, other)) if *other == said => NewRow {
            staged: Staged::Repeat,
            first_line: Some(*first),
            ..row
        },
        Some((first, _)) => {
            let fault = RowFault {
                field: "key".to_owned(),
                code: "duplicate_key".to_owned(),
                detail: format!(
                    "line {first} has the same key `{}` and says something else",
                    shown(&ready.key)
                ),
            };
            let told = batch::wrong(0, None, &[fault]);
            rejected(held, row, &told)
        }
        None => {
            known.insert(ready.key.clone(), (row.line, said.clone()));
            let queued: Option<Time> = ready.queued().filter(|_| held.import.kind == ImportKind::Deals);
            NewRow {
                staged: if queued.is_some() { Staged::Queued } else { Staged::Row },
                sort_at: queued,
                name_key: ready.text("code").map(str::to_owned),
                said: Some(said),
                ..row
            }
        }
    }
}

/// One batch of the phase that the work is in, or the turn to the next phase.
///
/// # Errors
/// Only what ends the whole transaction: a lost database, or two transactions that met. A row that fails is rejected.
pub fn take(tx: &mut Tx<'_>, held: &mut Held, plan: &Arc<Plan>) -> Result<usize> {
    let waiting = rows::next(tx, &held.work)?;
    let Some(last) = waiting.last().map(|row| row.line) else {
        turn(held);
        return Ok(0);
    };
    held.work.at_line = last;
    if held.work.phase == Phase::Repeats {
        return repeat(tx, held, &waiting);
    }
    let header = header(held)?;
    let pending = pending(held, plan, &header, &waiting)?;
    let taken = if held.import.dry_run {
        rehearse(tx, held, plan, &header, pending)?
    } else {
        let last = matches!(held.work.phase, Phase::Last | Phase::Queue);
        work(tx, &job(held, plan, pending, last))?
    };
    let mut done = 0;
    for one in taken {
        if let Taken::Done(told) = one {
            note(tx, held, &told)?;
            done += 1;
        }
    }
    held.work.brought += i64::try_from(done).unwrap_or(0);
    Ok(done)
}

/// The next phase, when the present one has no more rows.
fn turn(held: &mut Held) {
    let dry = held.import.dry_run;
    let next = match held.work.phase {
        // What waits for rows further down is judged with them in a dry run.
        Phase::Rows if dry => Phase::Queue,
        Phase::Rows => Phase::Later,
        Phase::Later if held.work.brought > 0 => Phase::Later,
        Phase::Later => Phase::Last,
        Phase::Last => Phase::Queue,
        Phase::Queue => Phase::Repeats,
        _ => Phase::Done,
    };
    held.work.turned(next);
}

fn header(held: &Held) -> Result<Vec<String>> {
    let header = held.work.header.as_ref().map(|header| header.0.clone());
    header.ok_or_else(|| Error::internal("rows without columns"))
}

fn note(tx: &mut Tx<'_>, held: &mut Held, told: &Outcome) -> Result<()> {
    let line = lined(told.line)?;
    rows::done(tx, (&held.import, &held.work), line, told)?;
    held.import.count(told.verdict);
    Ok(())
}

/// The rows as they are worked with: read again from what was kept of them.
fn pending(held: &Held, plan: &Plan, header: &[String], waiting: &[Waiting]) -> Result<Vec<Pending>> {
    let reader = reader(plan, header)?;
    let list = formats(plan)?.list;
    let mut pending = Vec::with_capacity(waiting.len());
    for row in waiting {
        let content = row.content.as_deref().unwrap_or_default();
        let what = match reader.read(cells(held.import.format, content, header, list)) {
            Reading::Ready(ready) => What::Ready(Box::new(ready)),
            Reading::Skipped(reason) => What::Skipped(reason),
            Reading::Wrong(faults) => What::Wrong(faults),
        };
        pending.push(Pending {
            line: u64::try_from(row.line).map_err(Error::internal)?,
            what,
        });
    }
    Ok(pending)
}

fn job(held: &Held, plan: &Arc<Plan>, rows: Vec<Pending>, last: bool) -> Job {
    Job {
        plan: plan.clone(),
        step: 1,
        run: (!held.import.dry_run).then_some(held.import.id),
        rows,
        last,
        remembers: !held.import.dry_run,
    }
}

/// Rows that say again what an earlier one said share its fate.
fn repeat(tx: &mut Tx<'_>, held: &mut Held, waiting: &[Waiting]) -> Result<usize> {
    let firsts: Vec<i64> = waiting.iter().filter_map(|row| row.first_line).collect();
    let fates = rows::fates(tx, held.import.id, &firsts)?;
    for row in waiting {
        let first = row.first_line.unwrap_or_default();
        let (fate, record) = fates.get(&first).cloned().unwrap_or_default();
        let verdict = match fate {
            Some(ImportVerdict::Rejected) | None => ImportVerdict::Rejected,
            Some(_) => ImportVerdict::Unchanged,
        };
        let line = u64::try_from(row.line).map_err(Error::internal)?;
        let told = Outcome {
            resource_id: record,
            ..outcome(
                line,
                None,
                verdict,
                "repeated",
                format!("says the same as line {first}"),
            )
        };
        note(tx, held, &told)?;
    }
    Ok(waiting.len())
}

/// What would become of the rows of a batch: all of it is taken back.
fn rehearse(
    tx: &mut Tx<'_>,
    held: &Held,
    plan: &Arc<Plan>,
    header: &[String],
    pending: Vec<Pending>,
) -> Result<Vec<Taken>> {
    let mut kept = None;
    let undone: Result<()> = tx.attempt(|tx| {
        kept = Some(judged(tx, held, plan, header, pending)?);
        // The one way out of a savepoint that keeps nothing.
        Err(Error::new(&codes::CONFLICT).detail("A dry run keeps nothing."))
    });
    match (kept, undone) {
        (Some(taken), _) => Ok(taken),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("a dry run came to no end")),
    }
}

fn judged(
    tx: &mut Tx<'_>,
    held: &Held,
    plan: &Arc<Plan>,
    header: &[String],
    pending: Vec<Pending>,
) -> Result<Vec<Taken>> {
    let (mut done, mut later) = apart(work(tx, &job(held, plan, pending, false))?);
    if !later.is_empty() {
        let rests_on = rests_on(tx, held, plan, header, &later)?;
        if !rests_on.is_empty() {
            work(tx, &job(held, plan, rests_on, false))?;
        }
    }
    loop {
        let before = later.len();
        if before == 0 {
            return Ok(done);
        }
        let (judged, still) = apart(work(tx, &job(held, plan, later, false))?);
        done.extend(judged);
        if still.len() == before {
            done.extend(work(tx, &job(held, plan, still, true))?);
            return Ok(done);
        }
        later = still;
    }
}

/// Those that have their verdict, and those that wait for others.
fn apart(taken: Vec<Taken>) -> (Vec<Taken>, Vec<Pending>) {
    let (mut done, mut later) = (Vec::new(), Vec::new());
    for one in taken {
        match one {
            Taken::Done(_) => done.push(one),
            Taken::Later(row) => later.push(row),
        }
    }
    (done, later)
}

/// The rows of the same file that those rest on, what others rest on first. Any number of rows may go by one name, so no more are
/// asked for than may be brought in.
fn rests_on(tx: &mut Tx<'_>, held: &Held, plan: &Plan, header: &[String], later: &[Pending]) -> Result<Vec<Pending>> {
    let mut seen: BTreeSet<u64> = later.iter().map(|row| row.line).collect();
    let mut asked = BTreeSet::new();
    let mut layers: Vec<Vec<Pending>> = Vec::new();
    let mut wanted = named(held.import.kind, later);
    let mut found = 0;
    while !wanted.is_empty() && layers.len() < DEPTH && found < BROUGHT {
        let names: Vec<String> = wanted.iter().cloned().collect();
        asked.extend(wanted);
        let room = i64::try_from(BROUGHT.saturating_sub(found)).map_err(Error::internal)?;
        let waiting = rows::called(tx, held.import.id, &names, room)?;
        let mut layer = pending(held, plan, header, &waiting)?;
        layer.retain(|row| seen.insert(row.line));
        wanted = named(held.import.kind, &layer);
        wanted.retain(|name| !asked.contains(name));
        found += layer.len();
        layers.push(layer);
    }
    Ok(layers.into_iter().rev().flatten().collect())
}

/// What rows call other records of their own kind.
fn named(kind: ImportKind, pending: &[Pending]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in pending {
        let What::Ready(ready) = &row.what else { continue };
        for value in ready.values.values() {
            let (target, texts) = match value {
                Typed::Ref(target, text) => (*target, std::slice::from_ref(text)),
                Typed::Refs(target, texts) => (*target, texts.as_slice()),
                _ => continue,
            };
            if target.resource_type() == kind.resource_type() {
                names.extend(texts.iter().cloned());
            }
        }
    }
    names
}
