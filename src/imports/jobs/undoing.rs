//! An import is taken back row by row, the last first: what it made is removed, what it changed gets its previous values, and what
//! somebody changed since is left, and named. Rows about a record that another row of the import made go with that one: a person
//! has a row for each time at a partner.

use super::{
    model::ImportUndoVerdict,
    queries::{Held, Phase},
    row_queries::{self as rows, Did},
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    http::IfMatch,
    imports::{
        ImportKind, ImportVerdict, queries as runs, restored,
        undone::{self, Doings},
    },
};

/// One batch of rows, or the turn to the next round of them.
///
/// # Errors
/// Only what ends the whole transaction. A row that cannot be taken back says why.
pub fn undo(tx: &mut Tx<'_>, held: &mut Held) -> Result<usize> {
    let did = rows::to_undo(tx, &held.work)?;
    let Some(last) = did.last().map(|row| row.line) else {
        let next = match held.work.phase {
            // What something else of the import was in the way of can go now.
            Phase::Undo if held.work.brought > 0 => Phase::Undo,
            Phase::Undo => Phase::UndoLast,
            _ => Phase::Done,
        };
        held.work.turned(next);
        return Ok(0);
    };
    held.work.at_line = last;
    let mut done = 0;
    for row in did {
        done += row_back(tx, held, &row)?;
    }
    held.work.brought += i64::try_from(done).unwrap_or(0);
    Ok(done)
}

/// One row, and those that go with it; tells how many have their verdict.
fn row_back(tx: &mut Tx<'_>, held: &mut Held, row: &Did) -> Result<usize> {
    let kind = held.import.kind;
    let id = held.import.id;
    let about = match &row.resource_id {
        Some(record) => rows::about(tx, &held.work, record)?,
        None => Vec::new(),
    };
    let another_made_it = |one: &Did| one.line != row.line && one.verdict == Some(ImportVerdict::Created);
    if row.resource_id.is_some() && !about.iter().any(|one| one.line == row.line) {
        // It went with a row after it, in this very batch.
        return Ok(0);
    }
    if held.work.phase == Phase::Undo && about.iter().any(another_made_it) {
        return Ok(0);
    }
    match tx.attempt(|tx| taken_back(tx, kind, row, &about)) {
        Ok((verdict, revision)) => {
            let with_it = |one: &&Did| one.line == row.line || verdict == ImportUndoVerdict::Removed;
            let mut done = 0;
            for one in about.iter().filter(with_it) {
                runs::forget(tx, id, 1, one.line)?;
                rows::undone(tx, id, one.line, verdict, None)?;
                held.import.count_undone(verdict);
                done += 1;
            }
            if let (Some(record), Some(left), Some(now)) = (&row.resource_id, row.left_revision, revision) {
                // What it said before the row is what the row before it had left.
                rows::again_at(tx, record, left - 1, now)?;
            }
            Ok(done)
        }
        Err(error) if error.may_retry() || error.is(&codes::UNAVAILABLE) || error.is(&codes::TIMEOUT) => Err(error),
        Err(error) if error.is(&codes::IN_USE) && held.work.phase == Phase::Undo => Ok(0),
        Err(error) => {
            let (code, text) = told(&error);
            rows::undone(tx, id, row.line, ImportUndoVerdict::Left, Some((&code, &text)))?;
            held.import.count_undone(ImportUndoVerdict::Left);
            Ok(1)
        }
    }
}

/// Why a row was not taken back.
fn told(error: &Error) -> (String, String) {
    let faults = error.all_faults();
    let code = faults
        .first()
        .map_or(error.code().code, |fault| fault.code.as_ref())
        .to_owned();
    let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_ref()).collect();
    let text = if details.is_empty() {
        error.message().to_owned()
    } else {
        details.join("; ")
    };
    (code, text)
}

fn left(code: &'static str, detail: String) -> Error {
    Error::contradicts("#", code, detail)
}

fn history() -> Error {
    left(
        "history_kept",
        "what has been is not rewritten; change it here".to_owned(),
    )
}

/// What the import did with a record by those rows.
fn doings(about: &[Did]) -> Doings {
    Doings {
        revision: about.iter().filter_map(|row| row.left_revision).max().unwrap_or(0),
        told: about.iter().filter_map(|row| row.left_event).collect(),
        several: about.len() > 1,
    }
}

/// Takes one row back, `about` being all that are about its record; what became of it, and the revision in which a record that
/// stays is left.
fn taken_back(tx: &mut Tx<'_>, kind: ImportKind, row: &Did, about: &[Did]) -> Result<(ImportUndoVerdict, Option<i64>)> {
    let (Some(record), Some(revision), Some(event)) = (&row.resource_id, row.left_revision, row.left_event) else {
        return Err(history());
    };
    let explained = |error: Error, revision: i64| {
        error
            .when(&codes::NOT_FOUND, || {
                left("gone", "the record is not there any more".to_owned())
            })
            .when(&codes::PRECONDITION_FAILED, || {
                let detail = format!("it was changed since the import left it in revision {revision}");
                left("changed_since", detail)
            })
    };
    let made = match row.verdict {
        Some(ImportVerdict::Created) => true,
        // A draft may have been there before: then the row did not leave it in its first revision. Its event may be gone by now.
        Some(ImportVerdict::Draft) => revision == 1,
        _ => false,
    };
    if made {
        let by = doings(about);
        let removed = undone::remove(tx, kind, record, &by);
        return Ok((removed.map_err(|error| explained(error, by.revision))?, None));
    }
    if undone::is_of_part(tx, kind, event)? {
        return Err(history());
    }
    let seen = IfMatch(Some(revision));
    let restored = restored::restore(tx, kind, record, seen, event);
    let (verdict, now) = restored.map_err(|error| explained(error, revision))?;
    Ok((verdict, Some(now)))
}
