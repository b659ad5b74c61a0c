//! An import is taken back row by row, the last first: what it made is removed, what it changed gets its previous values, and what
//! somebody changed since is left, and named.

use super::{
    model::ImportUndoVerdict,
    queries::{Held, Phase},
    row_queries::{self as rows, Did},
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    events::queries as events,
    http::IfMatch,
    imports::{ImportKind, ImportVerdict, queries as runs, undone},
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
        if row_back(tx, held, &row)? {
            done += 1;
        }
    }
    held.work.brought += i64::try_from(done).unwrap_or(0);
    Ok(done)
}

/// One row; tells whether it has its verdict.
fn row_back(tx: &mut Tx<'_>, held: &mut Held, row: &Did) -> Result<bool> {
    let kind = held.import.kind;
    let id = held.import.id;
    match tx.attempt(|tx| taken_back(tx, kind, row)) {
        Ok((verdict, revision)) => {
            runs::forget(tx, id, 1, row.line)?;
            rows::undone(tx, id, row.line, verdict, None)?;
            if let (Some(record), Some(left), Some(now)) = (&row.resource_id, row.left_revision, revision) {
                // What it said before the row is what the row before it had left.
                rows::again_at(tx, record, left - 1, now)?;
            }
            held.import.count_undone(verdict);
            Ok(true)
        }
        Err(error) if error.may_retry() || error.is(&codes::UNAVAILABLE) || error.is(&codes::TIMEOUT) => Err(error),
        Err(error) if error.is(&codes::IN_USE) && held.work.phase == Phase::Undo => Ok(false),
        Err(error) => {
            let (code, text) = told(&error);
            rows::undone(tx, id, row.line, ImportUndoVerdict::Left, Some((&code, &text)))?;
            held.import.count_undone(ImportUndoVerdict::Left);
            Ok(true)
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

/// Takes one row back; what became of it, and the revision in which a record that stays is left.
fn taken_back(tx: &mut Tx<'_>, kind: ImportKind, row: &Did) -> Result<(ImportUndoVerdict, Option<i64>)> {
    let (Some(record), Some(revision), Some(event)) = (&row.resource_id, row.left_revision, row.left_event) else {
        let detail = "what has been is not rewritten; change it here".to_owned();
        return Err(left("history_kept", detail));
    };
    let seen = IfMatch(Some(revision));
    let explained = |error: Error| {
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
        // A draft may have been there before.
        Some(ImportVerdict::Draft) => events::recorded(tx, event)?.is_none(),
        _ => false,
    };
    if made {
        return Ok((undone::remove(tx, kind, record, seen).map_err(explained)?, None));
    }
    let (verdict, now) = undone::restore(tx, kind, record, seen, event).map_err(explained)?;
    Ok((verdict, Some(now)))
}
