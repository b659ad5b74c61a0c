//! One batch of rows in one transaction.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use super::{
    ImportVerdict, custom,
    entity::ImportKind,
    formats::Formats,
    lookup::{Ids, Lookup, Memory, Named},
    mapping::{Step, unusable},
    queries::{self, Origin},
    ready::{Ready, RowFault},
    records,
    report::Outcome,
    run::Plan,
    undone,
};
use crate::{
    app::Contract,
    db::Tx,
    error::{Error, Result, codes},
    events::queries as events,
    kernel::ids::ImportId,
    numbers,
    references::{self, ExternalRef},
};

/// A row that waits for its batch.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The number of its first line.
    pub line: u64,
    /// What it turned out to be.
    pub what: What,
}

/// What a row turned out to be.
#[derive(Debug, Clone)]
pub enum What {
    /// One to work with.
    Ready(Box<Ready>),
    /// One that is left out.
    Skipped(String),
    /// One that is wrong.
    Wrong(Vec<RowFault>),
}

/// A batch.
pub struct Job {
    /// What is imported.
    pub plan: Arc<Plan>,
    /// Which step, from 1.
    pub step: usize,
    /// The run, unless it is a dry one.
    pub run: Option<ImportId>,
    /// The rows.
    pub rows: Vec<Pending>,
    /// Whether no row further down can bring what is lacking.
    pub last: bool,
    /// Whether each row remembers how it left its record, so that it can be undone.
    pub remembers: bool,
}

/// What a batch did with a row.
pub enum Taken {
    /// It has its verdict.
    Done(Outcome),
    /// It speaks of records that a row further down may bring.
    Later(Pending),
}

/// A row with everything that is known when its record is made.
pub struct Incoming<'r> {
    /// The row.
    pub row: &'r Ready,
    /// The ids of the records that it speaks of, by field.
    pub ids: Ids,
    /// The body of the API that it makes, already checked against the contract.
    pub body: Value,
    /// What its record is known by in its system.
    pub reference: ExternalRef,
    /// The record that is known by it, if there is one.
    pub present: Option<String>,
}

/// What became of a record.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The verdict.
    pub verdict: ImportVerdict,
    /// The record.
    pub id: String,
    /// Why, as a code and in words.
    pub note: Option<(&'static str, String)>,
}

/// What the rows of a batch say before any of them is taken.
struct Known {
    holders: BTreeMap<String, String>,
    said: BTreeMap<String, String>,
}

/// What the rows of a batch speak of.
struct Found<'s> {
    lookup: Lookup<'s>,
    memory: Memory,
    formats: Formats,
    /// The last event before those of the next row, where rows remember how they left their records.
    told: i64,
}

/// Takes the rows of a batch, in the order of the file.
///
/// # Errors
/// Only what ends the whole transaction: a lost database, or two transactions that met. A row that fails is rejected.
pub fn work(tx: &mut Tx<'_>, job: &Job) -> Result<Vec<Taken>> {
    let step = job
        .plan
        .mapping
        .steps
        .get(job.step.wrapping_sub(1))
        .ok_or_else(|| Error::internal("no such step"))?;
    let system = job.plan.mapping.system.as_str();
    let keys: Vec<String> = job
        .rows
        .iter()
        .filter_map(|row| match &row.what {
            What::Ready(ready) => Some(ready.key.clone()),
            What::Skipped(_) | What::Wrong(_) => None,
        })
        .collect();
    let resource_type = step.entity.resource_type();
    let known = Known {
        holders: references::holders(tx, resource_type, system, &keys)?,
        said: queries::last_said(tx, resource_type, system, &keys)?,
    };
    // Before any savepoint, so that no row's failure takes them back.
    let fresh = keys.iter().filter(|key| !known.holders.contains_key(*key)).count();
    let numbers = if step.entity == ImportKind::Deals {
        numbers::block(tx, "DR", fresh)?
    } else {
        VecDeque::new()
    };
    let mut found = Found {
        lookup: Lookup::new(system),
        memory: Memory::with(numbers),
        formats: Formats::of(&job.plan.mapping.formats, &step.formats).map_err(unusable)?,
        told: if job.remembers { events::last_seq(tx)? } else { 0 },
    };
    let mut taken = Vec::with_capacity(job.rows.len());
    for pending in &job.rows {
        taken.push(match &pending.what {
            What::Skipped(reason) => Taken::Done(outcome(
                pending.line,
                None,
                ImportVerdict::Skipped,
                "skipped",
                reason.clone(),
            )),
            What::Wrong(faults) => Taken::Done(wrong(pending.line, None, faults)),
            What::Ready(row) => match one(tx, job, step, &mut found, row, &known)? {
                Some(done) => Taken::Done(Outcome {
                    line: pending.line,
                    ..done
                }),
                None => Taken::Later(pending.clone()),
            },
        });
    }
    if let Some(run) = job.run {
        let done: Vec<Outcome> = taken
            .iter()
            .filter_map(|taken| match taken {
                Taken::Done(outcome) => Some(outcome.clone()),
                Taken::Later(_) => None,
            })
            .collect();
        let origin = Origin {
            run,
            step: job.step,
            file: &step.file,
            resource_type,
            system,
        };
        queries::keep(tx, origin, &done)?;
    }
    Ok(taken)
}

/// An outcome without a record.
pub fn outcome(line: u64, key: Option<&str>, verdict: ImportVerdict, code: &str, reason: String) -> Outcome {
    Outcome {
        line,
        key: key.map(str::to_owned),
        verdict,
        code: Some(code.to_owned()),
        reason: Some(reason),
        resource_id: None,
        hash: String::new(),
        left: None,
    }
}

/// A row that is rejected, with everything that is wrong with it.
pub fn wrong(line: u64, key: Option<&str>, faults: &[RowFault]) -> Outcome {
    let code = faults.first().map_or("invalid_row", |fault| fault.code.as_str());
    let told: Vec<String> = faults
        .iter()
        .map(|fault| {
            if fault.field.is_empty() {
                fault.detail.clone()
            } else {
                format!("{}: {}", fault.field, fault.detail)
            }
        })
        .collect();
    outcome(line, key, ImportVerdict::Rejected, code, told.join("; "))
}

/// One row; nothing if it must wait for one further down.
fn one(
    tx: &mut Tx<'_>,
    job: &Job,
    step: &Step,
    found: &mut Found<'_>,
    row: &Ready,
    known: &Known,
) -> Result<Option<Outcome>> {
    let key = Some(row.key.as_str());
    let ids = match found.lookup.all(tx, step.entity, row)? {
        Named::All(ids) => ids,
        Named::Lacking { later: true, .. } if !job.last => return Ok(None),
        Named::Lacking { faults, .. } => return Ok(Some(wrong(0, key, &faults))),
    };
    let hash = super::digest(format!("{}{:?}{ids:?}", step.entity, row.said()).as_bytes());
    let present = known.holders.get(&row.key).cloned();
    if let (Some(id), Some(said)) = (&present, known.said.get(&row.key))
        && *said == hash
    {
        return Ok(Some(Outcome {
            line: 0,
            key: key.map(str::to_owned),
            verdict: ImportVerdict::Unchanged,
            code: None,
            reason: None,
            resource_id: Some(id.clone()),
            hash,
            left: None,
        }));
    }
    let read;
    let row = match step.entity.custom().filter(|_| custom::any(row)) {
        None => row,
        Some(record) => {
            let definitions = found.memory.custom(tx, record)?;
            match custom::read(row, &definitions, &found.formats) {
                Ok(done) => {
                    read = done;
                    &read
                }
                Err(faults) => return Ok(Some(wrong(0, key, &faults))),
            }
        }
    };
    let mut body = row.body(step.entity, &ids);
    if step.entity == ImportKind::People {
        records::people::complete(&mut body, row, found.lookup.system());
    }
    if let Err(error) = check(&job.plan.contract, step.entity, &body) {
        return Ok(Some(refused(key, &error)));
    }
    let reference = ExternalRef {
        system: found.lookup.system().to_owned(),
        id: row.key.clone(),
    };
    let incoming = Incoming {
        row,
        ids,
        body,
        reference,
        present,
    };
    match tx.attempt(|tx| records::apply(tx, step.entity, &incoming, &mut found.memory)) {
        Ok(applied) => {
            let left = if job.remembers && applied.verdict != ImportVerdict::Unchanged {
                undone::left(tx, step.entity, &applied, &mut found.told)?
            } else {
                None
            };
            let (code, reason) = applied.note.map(|(code, reason)| (code.to_owned(), reason)).unzip();
            Ok(Some(Outcome {
                line: 0,
                key: key.map(str::to_owned),
                verdict: applied.verdict,
                code,
                reason,
                resource_id: Some(applied.id),
                hash,
                left,
            }))
        }
        Err(error) if error.may_retry() || error.is(&codes::UNAVAILABLE) || error.is(&codes::TIMEOUT) => Err(error),
        Err(error) => {
            // What the row made is gone with its savepoint, and may have been found before.
            found.lookup.forget();
            found.memory.forget();
            Ok(Some(refused(key, &error)))
        }
    }
}

/// Checks a body as the gate checks that of a request.
fn check(contract: &Contract, entity: ImportKind, body: &Value) -> Result<()> {
    let Some(route) = entity.route() else { return Ok(()) };
    let operation = contract.operations.find("POST", route).ok().flatten();
    match operation.and_then(|operation| operation.body.as_ref()) {
        Some(expected) => expected.check(body),
        None => Err(Error::internal(format!("the contract has no body for POST {route}"))),
    }
}

/// A row that the record's own rules refuse, with everything they say.
fn refused(key: Option<&str>, error: &Error) -> Outcome {
    let faults = error.all_faults();
    let mut told: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.pointer.trim_start_matches("#/"), fault.detail))
        .collect();
    if told.is_empty() {
        told.push(error.message().to_owned());
    }
    if error.code().status >= 500 {
        // Whoever imports runs the server; the cause is for them.
        told.extend(error.inner_cause().map(str::to_owned));
    }
    let code = faults.first().map_or(error.code().code, |fault| fault.code.as_ref());
    outcome(0, key, ImportVerdict::Rejected, code, told.join("; "))
}
