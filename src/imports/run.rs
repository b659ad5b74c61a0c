//! The run: files row by row into batches, each batch a transaction, each row a savepoint in it.
//!
//! A batch that is committed stays, so a run that was stopped goes on where it was: the rows that were taken say
//! nothing new. A dry run does all of the same in one transaction that is rolled back at the end.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{
    ImportVerdict,
    batch::{Job, Pending, Taken, What, work},
    entity::ImportKind,
    mapping::{Mapping, Step, unusable},
    queries,
    ready::RowFault,
    report::{Counts, Outcome, Report, StepReport, Summary},
    row::{Reader, Reading},
    source::Source,
};
use crate::{
    app::Contract,
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    kernel::{Time, ids::ImportId},
};

/// How many rows share a transaction: enough that the disk is not waited for at each row, few enough that others who
/// write wait a moment only.
const BATCH: usize = 250;

/// What is to be imported.
pub struct Plan {
    /// The mapping.
    pub mapping: Mapping,
    /// What the mapping's file holds, for the record of the run.
    pub mapping_hash: String,
    /// The folder of the files.
    pub folder: PathBuf,
    /// The contract, against which every record is checked as a request would be.
    pub contract: Arc<Contract>,
}

/// How far a run is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Which step, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// What the step reads.
    pub what: String,
    /// How many bytes of its file were read.
    pub read: usize,
    /// How many it has.
    pub size: usize,
}

/// Is told how far a run is, after each batch.
pub type Watch = Arc<dyn Fn(&Progress) + Send + Sync>;

type Execute<'e> = &'e mut dyn FnMut(Job) -> Result<Vec<Taken>>;

impl Plan {
    /// Opens every file and looks for every column, so that a mapping that does not fit is found before anything is
    /// written.
    ///
    /// # Errors
    /// 422 with everything that does not fit.
    pub fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        for (number, step) in (1..).zip(&self.mapping.steps) {
            let opened = self.open(step);
            let fault = match &opened {
                Ok(source) => Reader::new(&self.mapping, step, source.header()).err(),
                Err(error) => Some(error.message().trim_end_matches('.').to_owned()),
            };
            faults.extend(fault.map(|fault| format!("step {number} ({}): {fault}", step.entity)));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(unusable(format!(
                "The mapping does not fit the files: {}.",
                faults.join("; ")
            )))
        }
    }

    fn open(&self, step: &Step) -> Result<Source> {
        let formats = super::formats::Formats::of(&self.mapping.formats, &step.formats).map_err(unusable)?;
        Source::open(&self.folder.join(&step.file), &formats)
    }

    /// The files with their sizes and digests, as JSON.
    fn sources(&self) -> Result<String> {
        let mut files = BTreeMap::new();
        for step in &self.mapping.steps {
            if !files.contains_key(&step.file) {
                let source = self.open(step)?;
                files.insert(
                    step.file.clone(),
                    serde_json::json!({"bytes": source.size(), "sha256": source.digest()}),
                );
            }
        }
        serde_json::to_string(&files).map_err(Error::internal)
    }
}

/// Imports, and keeps what was taken.
///
/// # Errors
/// 422 if the mapping does not fit the files, `unavailable` if the database is lost; what was committed before stays.
pub fn import(db: &Db, plan: &Arc<Plan>, report: Option<&mut Report>, watch: &Watch) -> Result<Summary> {
    plan.check()?;
    let caller = Caller::system("import");
    let (name, hash, sources) = (plan.mapping.name.clone(), plan.mapping_hash.clone(), plan.sources()?);
    let run = db.run_now(&caller, move |tx| queries::begin(tx, &name, &hash, &sources))?;
    let mut execute = |job: Job| {
        let job = Arc::new(job);
        db.run_now(&caller, move |tx| work(tx, &job))
    };
    let outcome = steps(plan, Some(run), &mut execute, watch, report);
    let (counts, error) = match &outcome {
        Ok(summary) => (told(summary)?, None),
        Err(error) => ("[]".to_owned(), Some(error.to_string())),
    };
    let ended = db.run_now(&caller, move |tx| queries::end(tx, run, &counts, error.as_deref()));
    let summary = outcome?;
    ended?;
    Ok(summary)
}

/// Does everything that [`import`] does, and keeps nothing of it.
///
/// # Errors
/// As [`import`].
pub fn rehearse(db: &Db, plan: &Arc<Plan>, report: Option<&mut Report>, watch: &Watch) -> Result<Summary> {
    plan.check()?;
    type Rehearsed = (Summary, Vec<StepReport>);
    let kept: Arc<Mutex<Option<Rehearsed>>> = Arc::default();
    let (place, plan, watch) = (kept.clone(), plan.clone(), watch.clone());
    let outcome: Result<()> = db.run_now(&Caller::system("import"), move |tx| {
        let mut reports = Vec::new();
        let summary = rehearsal(tx, &plan, &watch, &mut reports)?;
        if let Ok(mut place) = place.lock() {
            *place = Some((
                Summary {
                    dry_run: true,
                    ..summary
                },
                reports,
            ));
        }
        // The one way out of a transaction that keeps nothing.
        Err(Error::new(&codes::CONFLICT).detail("A dry run keeps nothing."))
    });
    let rehearsed = kept.lock().ok().and_then(|mut place| place.take());
    let Some((summary, reports)) = rehearsed else {
        return Err(outcome
            .err()
            .unwrap_or_else(|| Error::internal("a dry run came to no end")));
    };
    if let Some(report) = report {
        reports.iter().try_for_each(|step| report.write(step))?;
    }
    Ok(summary)
}

fn rehearsal(tx: &mut Tx<'_>, plan: &Arc<Plan>, watch: &Watch, reports: &mut Vec<StepReport>) -> Result<Summary> {
    let mut execute = |job: Job| work(tx, &job);
    let mut summary = Summary::default();
    for number in 1..=plan.mapping.steps.len() {
        let report = step(plan, number, None, &mut execute, watch)?;
        summary
            .steps
            .push((report.entity, report.file.clone(), report.counts()));
        reports.push(report);
    }
    Ok(summary)
}

fn steps(
    plan: &Arc<Plan>,
    run: Option<ImportId>,
    execute: Execute<'_>,
    watch: &Watch,
    mut report: Option<&mut Report>,
) -> Result<Summary> {
    let mut summary = Summary::default();
    for number in 1..=plan.mapping.steps.len() {
        let done = step(plan, number, run, execute, watch)?;
        summary.steps.push((done.entity, done.file.clone(), done.counts()));
        if let Some(report) = report.as_deref_mut() {
            report.write(&done)?;
        }
    }
    Ok(summary)
}

fn told(summary: &Summary) -> Result<String> {
    let steps: Vec<_> = summary
        .steps
        .iter()
        .map(|(entity, file, counts)| serde_json::json!({"entity": entity, "file": file, "rows": counts}))
        .collect();
    serde_json::to_string(&steps).map_err(Error::internal)
}

/// The rows with one key that were read before.
struct First {
    line: u64,
    said: String,
}

/// One step from the first row of its file to the last.
fn step(
    plan: &Arc<Plan>,
    number: usize,
    run: Option<ImportId>,
    execute: Execute<'_>,
    watch: &Watch,
) -> Result<StepReport> {
    let step = number
        .checked_sub(1)
        .and_then(|index| plan.mapping.steps.get(index))
        .ok_or_else(|| Error::internal("no such step"))?;
    let mut source = plan.open(step)?;
    let reader = Reader::new(&plan.mapping, step, source.header()).map_err(unusable)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    let (mut batch, mut later, mut repeats): (Vec<Pending>, Vec<Pending>, Vec<(u64, String, u64)>) =
        (Vec::new(), Vec::new(), Vec::new());
    let mut queued: Vec<(Time, Pending)> = Vec::new();
    let mut seen: HashMap<String, First> = HashMap::new();
    let (steps, what, size) = (
        plan.mapping.steps.len(),
        format!("{} from {}", step.entity, step.file),
        source.size(),
    );
    let tell = |read: usize| {
        watch(&Progress {
            step: number,
            steps,
            what: what.clone(),
            read,
            size,
        });
    };
    tell(0);
    let mut take = |rows: Vec<Pending>, last: bool, outcomes: &mut Vec<Outcome>| -> Result<Vec<Pending>> {
        let job = Job {
            plan: plan.clone(),
            step: number,
            run,
            rows,
            last,
            remembers: false,
        };
        let mut postponed = Vec::new();
        for taken in execute(job)? {
            match taken {
                Taken::Done(outcome) => outcomes.push(outcome),
                Taken::Later(row) => postponed.push(row),
            }
        }
        Ok(postponed)
    };
    while let Some(row) = source.next() {
        let line = row.line;
        let what = match reader.read(row.cells) {
            Reading::Skipped(reason) => What::Skipped(reason),
            Reading::Wrong(faults) => What::Wrong(faults),
            Reading::Ready(ready) => {
                let said = super::digest(ready.said().as_bytes());
                match seen.get(&ready.key) {
                    Some(first) if first.said == said => {
                        repeats.push((line, ready.key, first.line));
                        continue;
                    }
                    Some(first) => What::Wrong(vec![RowFault {
                        field: "key".to_owned(),
                        code: "duplicate_key".to_owned(),
                        detail: format!(
                            "line {} has the same key `{}` and says something else",
                            first.line,
                            super::formats::shown(&ready.key)
                        ),
                    }]),
                    None => {
                        seen.insert(ready.key.clone(), First { line, said });
                        let received = ready.queued().filter(|_| step.entity == ImportKind::Deals);
                        let what = What::Ready(Box::new(ready));
                        if let Some(received) = received {
                            queued.push((received, Pending { line, what }));
                            continue;
                        }
                        what
                    }
                }
            }
        };
        batch.push(Pending { line, what });
        if batch.len() >= BATCH {
            later.extend(take(std::mem::take(&mut batch), false, &mut outcomes)?);
            tell(source.position());
        }
    }
    later.extend(take(batch, false, &mut outcomes)?);
    // What speaks of rows further down: as long as that brings some, then for good.
    while !later.is_empty() {
        let (before, mut still) = (later.len(), Vec::new());
        for rows in in_batches(std::mem::take(&mut later)) {
            still.extend(take(rows, false, &mut outcomes)?);
        }
        if still.len() == before {
            for rows in in_batches(std::mem::take(&mut still)) {
                take(rows, true, &mut outcomes)?;
            }
        }
        later = still;
    }
    // What waits for a decision comes last, when everything is there that stands in its way, in the order of its arrival.
    queued.sort_by_key(|(received, row)| (*received, row.line));
    for rows in in_batches(queued.into_iter().map(|(_, row)| row).collect()) {
        take(rows, true, &mut outcomes)?;
    }
    tell(size);
    outcomes.extend(repeated(&outcomes, repeats));
    outcomes.sort_by_key(|outcome| outcome.line);
    Ok(StepReport {
        step: number,
        entity: step.entity,
        file: step.file.clone(),
        outcomes,
    })
}

fn in_batches(rows: Vec<Pending>) -> Vec<Vec<Pending>> {
    let mut batches = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        batches.push(rows.by_ref().take(BATCH).collect());
    }
    batches
}

/// Rows that say again what an earlier one said share its fate.
fn repeated(outcomes: &[Outcome], repeats: Vec<(u64, String, u64)>) -> Vec<Outcome> {
    let by_line: HashMap<u64, &Outcome> = outcomes.iter().map(|outcome| (outcome.line, outcome)).collect();
    let outcome = |(line, key, first): (u64, String, u64)| {
        let known = by_line.get(&first);
        let verdict = match known.map(|known| known.verdict) {
            Some(ImportVerdict::Rejected) | None => ImportVerdict::Rejected,
            Some(_) => ImportVerdict::Unchanged,
        };
        Outcome {
            line,
            key: Some(key),
            verdict,
            code: Some("repeated".to_owned()),
            reason: Some(format!("says the same as line {first}")),
            resource_id: known.and_then(|known| known.resource_id.clone()),
            hash: String::new(),
            left: None,
        }
    };
    repeats.into_iter().map(outcome).collect()
}

/// How many rows got which verdict, over all steps.
pub fn totals(summary: &Summary) -> Counts {
    let mut counts = Counts::default();
    for (_, _, step) in &summary.steps {
        step.0
            .iter()
            .for_each(|(verdict, count)| *counts.0.entry(verdict).or_default() += count);
    }
    counts
}
