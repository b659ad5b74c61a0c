//! Many records in one call: `POST …/batch`.
//!
//! The body's envelope is checked as a whole, each item for itself, so that one that does not fit never fails the others.
//! Items are worked through in the order sent, by the rules, permissions, scope and events of the call for one of them. That
//! happens in short transactions of [`PART`] items, so that other writers have their turn in between: the one writer of
//! SQLite is never held for long. All-or-nothing batches and dry runs are one transaction.
//!
//! Each transaction keeps its outcomes under the call's idempotency key. A server that dies midway leaves whole parts: the
//! same call with the same key answers from those that are done, and goes on with the rest.

mod body;
mod outcome;
mod records;

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

pub use body::{Batch, BatchAction, BatchData, BatchItem, Operations, Target, readable};
use futures_util::{StreamExt as _, future::LocalBoxFuture, stream};
use hmac::digest::Digest as _;
pub use outcome::{BatchOutcome, BatchResult, Batched, Done, Settled};
pub use records::{Records, Upsert};
use serde_json::Value;

use super::{Rendered, Reply, Sent, idempotency, problem};
use crate::{
    auth::{Caller, IdempotencyKey, Request},
    db::{Db, Engine, Tx},
    error::{Error, Result, codes},
    kernel::hex,
};

/// How many items share a transaction.
pub const PART: usize = 50;
/// How many parts are under way at once on PostgreSQL. More would take the connections of everybody else.
const LANES: usize = 2;
/// The most items of a batch.
pub const MOST: usize = 1000;

/// How a batch is worked through.
#[derive(Debug, Clone)]
struct Plan {
    /// The callers' own marks.
    marks: Vec<Option<String>>,
    atomic: bool,
    dry_run: bool,
    /// Whether an item cannot be read, two are about one record, or one comes with a revision of another system, which may be
    /// taken only to be compared: then each looks for itself.
    delicate: bool,
    path: String,
}

/// Works an item off.
pub type Step<'w> = Box<dyn FnMut(&mut Tx<'_>, usize) -> Result<Settled> + 'w>;

/// What a batch does, for items of one type.
pub trait Work: Send + Sync + 'static {
    /// Finds out what some items need before their transaction begins, without a lock, while the part before them is written, if there
    /// is one.
    /// What it does not find out is looked for in the transaction, so that it cannot fail.
    fn prepare<'w>(&'w self, _db: &'w Db, _caller: &'w Caller, _items: Range<usize>) -> LocalBoxFuture<'w, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Makes ready for some items. With `ahead` what they need may be read at once for all of them: they are then worked
    /// off without savepoints, and the first refusal undoes all. Without, each item is for itself and looks for itself.
    ///
    /// # Errors
    /// What the database reports.
    fn begin<'w>(&'w self, tx: &mut Tx<'_>, items: Range<usize>, ahead: bool) -> Result<Step<'w>>;
}

/// Works a batch off.
///
/// # Errors
/// 422 `idempotency_key_reused`, 409 `idempotency_in_progress`; `unavailable` if nothing could be done at all.
pub async fn run<T>(db: &Db, caller: &Caller, batch: &Batch<T>, work: Arc<dyn Work>) -> Reply<Batched> {
    run_plan(db, caller, Arc::new(batch.plan.clone()), work).await
}

async fn run_plan(db: &Db, caller: &Caller, plan: Arc<Plan>, work: Arc<dyn Work>) -> Reply<Batched> {
    let total = plan.marks.len();
    let size = if plan.atomic || plan.dry_run { total } else { PART };
    let lanes = match db.engine() {
        Engine::Postgres if !plan.delicate => LANES,
        Engine::Sqlite | Engine::Postgres => 1,
    };
    let parts = (0..total)
        .step_by(size.max(1))
        .map(|from| from..total.min(from.saturating_add(size)))
        .enumerate();
    let prepared = |(number, range): (usize, Range<usize>)| {
        let work = Arc::clone(&work);
        async move {
            work.prepare(db, caller, range.clone()).await;
            (number, range)
        }
    };
    let work_off = |(number, range): (usize, Range<usize>)| {
        let (plan, work) = (Arc::clone(&plan), Arc::clone(&work));
        async move {
            let outcome = part(db, caller, number, range.clone(), plan, work).await;
            (range, outcome)
        }
    };
    let mut all = Vec::with_capacity(total);
    let (mut replayed, mut parts) = (true, parts);
    // The first goes alone: it finds out whether the key can be used.
    if let Some(first) = parts.next() {
        let (_, outcome) = work_off(prepared(first).await).await;
        let (outcomes, again) = outcome?;
        replayed = again;
        all.extend(outcomes);
    }
    let ahead = stream::iter(parts.map(prepared)).buffered(LANES);
    let mut rest = ahead.map(work_off).buffered(lanes);
    while let Some((range, outcome)) = rest.next().await {
        match outcome {
            Ok((outcomes, again)) => {
                replayed &= again;
                all.extend(outcomes);
            }
            Err(error) => {
                replayed = false;
                let request = caller.request();
                all.extend(range.map(|index| plan.refused(index, &error, request)));
            }
        }
    }
    let failed = all.iter().filter(|outcome| outcome.problem.is_some()).count();
    let result = BatchResult {
        succeeded: all.len().saturating_sub(failed),
        failed,
        items: all,
    };
    let status = if failed == 0 { 200 } else { 207 };
    let body = serde_json::to_vec(&result).map_err(Error::internal)?;
    Ok(Sent::new(Rendered {
        replayed: replayed && caller.request().idempotency.is_some(),
        ..Rendered::json(status, body.into(), None)
    }))
}

/// The request with the idempotency key of one part of it. The first has the call's own key, so that it is one with the keys
/// of other calls; the others' cannot be any call's, for a key has no blank.
fn numbered(request: &Request, number: usize) -> Request {
    let own = |key: &IdempotencyKey| IdempotencyKey {
        key: if number == 0 {
            key.key.clone()
        } else {
            format!("{} {number}", hex::encode(&sha2::Sha256::digest(key.key.as_bytes())))
        },
        ..key.clone()
    };
    Request {
        idempotency: request.idempotency.as_ref().map(own),
        ..request.clone()
    }
}

/// Works a part off; its outcomes, and whether they are those of an earlier call.
async fn part(
    db: &Db,
    caller: &Caller,
    number: usize,
    range: Range<usize>,
    plan: Arc<Plan>,
    work: Arc<dyn Work>,
) -> Result<(Vec<BatchOutcome>, bool)> {
    // Mostly all goes well: so it is done together first, and each item for itself only if something does not.
    if !plan.delicate {
        match transaction(db, caller, number, range.clone(), &plan, &work, true).await {
            Err(error) if !concerns_all(&error) => {}
            done => return done,
        }
    }
    transaction(db, caller, number, range, &plan, &work, false).await
}

async fn transaction(
    db: &Db,
    caller: &Caller,
    number: usize,
    range: Range<usize>,
    plan: &Arc<Plan>,
    work: &Arc<dyn Work>,
    together: bool,
) -> Result<(Vec<BatchOutcome>, bool)> {
    let request = numbered(caller.request(), number);
    let undone: Arc<Mutex<Vec<BatchOutcome>>> = Arc::default();
    let rendered = {
        let (plan, work) = (Arc::clone(plan), Arc::clone(work));
        let (request, undone) = (request.clone(), Arc::clone(&undone));
        let effect = move |tx: &mut Tx<'_>, _request: &Request| {
            let outcomes = if together {
                plan.together(tx, &range, &*work)?
            } else {
                plan.one_by_one(tx, &range, &*work)?
            };
            let failed = outcomes.iter().any(|outcome| outcome.problem.is_some());
            if plan.dry_run || (plan.atomic && failed) {
                // Nothing is kept, and so no answer either: the same call can go another way next time.
                *undone.lock().unwrap_or_else(PoisonError::into_inner) = outcomes;
                return Err(Error::new(&codes::ROLLED_BACK));
            }
            kept(&outcomes)
        };
        db.run(caller, move |tx| idempotency::once(tx, &request, &effect)).await
    };
    let rendered = match rendered {
        Err(error) if error.is(&codes::ROLLED_BACK) => {
            let outcomes = std::mem::take(&mut *undone.lock().unwrap_or_else(PoisonError::into_inner));
            return Ok((plan.rolled_back(outcomes, &request), false));
        }
        rendered => rendered?,
    };
    let outcomes = serde_json::from_slice(rendered.body.as_deref().unwrap_or(b"[]")).map_err(Error::internal)?;
    Ok((outcomes, rendered.replayed))
}

fn kept(outcomes: &[BatchOutcome]) -> Result<Rendered> {
    let body = serde_json::to_vec(outcomes).map_err(Error::internal)?;
    Ok(Rendered::json(200, body.into(), None))
}

/// Whether a failure is none of the item's: the transaction as a whole is tried again, or told so.
fn concerns_all(error: &Error) -> bool {
    error.may_retry() || error.code().status == 503
}

impl Plan {
    /// The outcomes of items that all go well; the first that does not ends it.
    fn together(&self, tx: &mut Tx<'_>, range: &Range<usize>, work: &dyn Work) -> Result<Vec<BatchOutcome>> {
        let request = tx.caller().request();
        tx.gathering(|tx| {
            let mut step = work.begin(tx, range.clone(), true)?;
            let outcomes = range
                .clone()
                .map(|index| step(tx, index).map(|settled| self.settled(index, settled, request)));
            outcomes.collect()
        })
    }

    /// The outcomes of items, each in a savepoint of its own.
    fn one_by_one(&self, tx: &mut Tx<'_>, range: &Range<usize>, work: &dyn Work) -> Result<Vec<BatchOutcome>> {
        let request = tx.caller().request();
        let mut step = work.begin(tx, range.clone(), false)?;
        let mut outcomes = Vec::with_capacity(range.len());
        for index in range.clone() {
            outcomes.push(match tx.attempt(|tx| step(tx, index)) {
                Ok(settled) => self.settled(index, settled, request),
                Err(error) if concerns_all(&error) => return Err(error),
                Err(error) => self.refused(index, &error, request),
            });
        }
        Ok(outcomes)
    }

    fn outcome(&self, index: usize, status: u16) -> BatchOutcome {
        BatchOutcome {
            index,
            r#ref: self.marks.get(index).cloned().flatten(),
            status,
            id: None,
            etag: None,
            location: None,
            problem: None,
        }
    }

    fn settled(&self, index: usize, settled: Settled, request: &Request) -> BatchOutcome {
        match settled {
            Ok(done) => BatchOutcome {
                id: Some(done.id),
                etag: done.etag,
                location: Some(done.location),
                ..self.outcome(index, done.status)
            },
            Err(refusal) => self.refused(index, &self.undone(refusal), request),
        }
    }

    /// A refusal as it is where nothing stays that is not done: a conflict that is not kept cannot be named.
    fn undone(&self, refusal: Error) -> Error {
        if !(self.atomic || self.dry_run) || !refusal.is(&codes::SYNC_CONFLICT) {
            return refusal;
        }
        let fields = refusal.all_faults().iter().filter(|fault| fault.pointer != "#");
        Error::new(&codes::SYNC_CONFLICT)
            .detail(
                "Both sides changed the record since they agreed. Nothing of the batch is kept, nor is the conflict.",
            )
            .faults(fields.cloned().collect())
    }

    fn refused(&self, index: usize, error: &Error, request: &Request) -> BatchOutcome {
        if error.code().status >= 500 {
            log::error!("{} item {index}: {error}", request.id);
        }
        let mut problem = problem::told(error, &self.path, Some(request.id));
        let faults = problem.get_mut("errors").and_then(Value::as_array_mut);
        for pointer in faults
            .into_iter()
            .flatten()
            .filter_map(|fault| fault.get_mut("pointer"))
        {
            if let Some(text) = pointer.as_str() {
                *pointer = Value::String(pointed(index, text));
            }
        }
        BatchOutcome {
            problem: Some(problem),
            ..self.outcome(index, error.code().status)
        }
    }

    /// The outcomes of what was undone: a dry run tells what would have been, without ids that are none.
    fn rolled_back(&self, outcomes: Vec<BatchOutcome>, request: &Request) -> Vec<BatchOutcome> {
        let failed = self.atomic && outcomes.iter().any(|outcome| outcome.problem.is_some());
        let undone = Error::new(&codes::ROLLED_BACK);
        let made: BTreeSet<String> = outcomes
            .iter()
            .filter(|outcome| outcome.status == 201)
            .filter_map(|outcome| outcome.id.clone())
            .collect();
        outcomes
            .into_iter()
            .map(|outcome| {
                if outcome.problem.is_some() {
                    outcome
                } else if failed {
                    self.refused(outcome.index, &undone, request)
                } else if outcome.id.as_ref().is_some_and(|id| made.contains(id)) {
                    self.outcome(outcome.index, outcome.status)
                } else {
                    BatchOutcome { etag: None, ..outcome }
                }
            })
            .collect()
    }
}

/// Where a fault of the call for one record is in the batch.
fn pointed(index: usize, pointer: &str) -> String {
    if pointer.starts_with("#/items/") {
        return pointer.to_owned();
    }
    // What is a header of the call for one record is a field of its item.
    if let Some(header) = pointer.strip_prefix("header:") {
        return format!("#/items/{index}/{}", header.to_ascii_lowercase().replace('-', "_"));
    }
    match (pointer.strip_prefix("#/../"), pointer.strip_prefix('#')) {
        (Some(beside), _) => format!("#/items/{index}/{beside}"),
        (None, Some(within)) => format!("#/items/{index}/data{within}"),
        (None, None) => pointer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_into_the_batch() {
        assert_eq!(pointed(3, "#/amount"), "#/items/3/data/amount");
        assert_eq!(pointed(3, "#"), "#/items/3/data");
        assert_eq!(pointed(3, "#/../id"), "#/items/3/id");
        assert_eq!(pointed(3, "header:If-Match"), "#/items/3/if_match");
        assert_eq!(pointed(3, "header:External-Revision"), "#/items/3/external_revision");
        assert_eq!(pointed(3, "#/items/3/op"), "#/items/3/op");
    }
}
