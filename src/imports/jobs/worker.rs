//! Works on imports in the background of a server: one at a time, step by step, each step one transaction. Whatever is cut off
//! goes on where the last one ended, here or at another server.

use std::{sync::Arc, time::Duration};

use actix_web::web::Data;
use futures_util::StreamExt as _;
use tokio::sync::watch;

use super::{
    model::{Import, ImportStatus},
    queries::{self, Held, Phase, Work},
    reading::{Read, Records},
    rules, taking, undoing,
};
use crate::{
    auth::{Caller, permissions},
    db::{Db, Tx},
    error::{Error, Result, codes},
    files,
    http::State,
    imports::{ImportKind, Plan, mapping::Step as MappingStep},
    kernel::{Stored, ids::ImportId},
};

/// How often a server that has none looks for an import.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How many rows are read from a file at a time.
const READ: usize = 200;
/// About how many bytes of rows are read at a time at most, however few rows that are.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// How many of the first bytes of a file show its columns.
const HEAD: usize = 64 * 1024;
/// Seconds that one statement may take.
const STATEMENT_SECONDS: u16 = 60;
/// After how many failures in a row an import is given up.
const FAILURES: i64 = 3;
/// And after how many of those that may pass by themselves, such as a store of files that does not answer: ten minutes. Other
/// imports wait for it so long.
const PATIENCE: i64 = 120;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to do.
    Idle,
    /// So many rows were dealt with.
    Done(usize),
}

/// What is done with an import that is held; how many rows that were.
type Deed = Box<dyn Fn(&mut Tx<'_>, &mut Held) -> Result<usize> + Send + Sync>;

/// A file that is being read.
struct Open {
    id: ImportId,
    /// Up to where it was read and noted.
    position: i64,
    records: Records,
    pieces: files::Content,
    ended: bool,
}

/// Works on imports.
pub struct Importer {
    state: Data<State>,
    db: Db,
    token: Arc<str>,
    current: Option<ImportId>,
    plan: Option<(ImportId, Arc<Plan>)>,
    open: Option<Open>,
}

/// The first bytes of content, and whether they are all there are.
///
/// # Errors
/// 503 if the store cannot be read.
pub async fn head(pieces: &mut files::Content) -> Result<(Vec<u8>, bool)> {
    let mut head = Vec::new();
    while head.len() < HEAD {
        match pieces.next().await {
            Some(piece) => head.extend_from_slice(&piece.map_err(|error| unreadable(&error))?),
            None => return Ok((head, true)),
        }
    }
    Ok((head, false))
}

fn unreadable(error: &std::io::Error) -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The file cannot be read just now.")
        .retry_after(5)
        .cause(error)
}

/// What is worked by.
///
/// # Errors
/// 409 `contradiction` for a mapping that is not sound.
pub fn plan(state: &State, import: &Import) -> Result<Plan> {
    Ok(Plan {
        mapping: rules::mapping(import.id, import.kind, &import.system, &import.mapping.0)?,
        mapping_hash: String::new(),
        folder: std::path::PathBuf::new(),
        contract: state.contract.clone(),
    })
}

/// The caller who takes rows, if they may still import such records.
fn permitted(caller: Result<Caller>, kind: ImportKind) -> Result<Caller> {
    let caller = caller?;
    permissions::require(&caller, "createImport")?;
    rules::check_permitted(&caller, kind)?;
    Ok(caller)
}

/// A server takes the import on.
fn begin(tx: &mut Tx<'_>, held: &mut Held) -> Result<usize> {
    let now = tx.now;
    let after = held.import.clone().started(now)?;
    if !after.dry_run {
        queries::open_run(tx, &after)?;
    }
    queries::save(tx, &held.import, after, &held.work, "import.started")?;
    Ok(0)
}

/// Every row was dealt with.
fn end(tx: &mut Tx<'_>, held: &mut Held, days: i64) -> Result<usize> {
    let (now, until) = (tx.now, tx.now.plus_days(days));
    let undone = held.import.status == ImportStatus::Undoing;
    let (action, kind) = if undone {
        // The same content may be brought in again.
        held.work.content_key = None;
        ("finish_undo", "import.undone")
    } else {
        ("finish", "import.finished")
    };
    let after = held.import.clone().ended(action, until, now)?;
    if !undone && !after.dry_run {
        queries::close_run(tx, &after, None)?;
    }
    queries::save(tx, &held.import, after, &held.work, kind)?;
    Ok(0)
}

impl Open {
    /// The next rows, and whether they are the last.
    async fn more(&mut self) -> Result<(Vec<Read>, bool)> {
        let (mut read, mut bytes) = (Vec::with_capacity(READ), 0);
        while read.len() < READ && bytes < READ_BYTES {
            if let Some(row) = self.records.read()? {
                bytes += row.content.as_ref().map_or(0, String::len);
                read.push(row);
                continue;
            }
            if self.ended {
                return Ok((read, true));
            }
            match self.pieces.next().await {
                Some(piece) => self.records.feed(&piece.map_err(|error| unreadable(&error))?),
                None => {
                    self.records.end();
                    self.ended = true;
                }
            }
        }
        Ok((read, false))
    }
}

impl Importer {
    /// One that has nothing to do yet.
    pub fn new(state: &Data<State>) -> Self {
        Self {
            state: state.clone(),
            db: state.db.clone(),
            token: format!("{:032x}", rand::random::<u128>()).into(),
            current: None,
            plan: None,
            open: None,
        }
    }

    /// Works until it is told to stop; then the import that it has is free for another server.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut pause = LOOK_EVERY;
        // A sender that is gone means the end, too.
        while tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped))
            .await
            .is_err()
        {
            pause = match Box::pin(self.step()).await {
                Ok(Step::Idle) => LOOK_EVERY,
                Ok(Step::Done(rows)) => {
                    self.state.metrics.job("imports", "done", rows);
                    Duration::from_millis(1)
                }
                Err(error) => {
                    log::warn!("imports wait: {error}");
                    self.state.metrics.job("imports", "failed", 0);
                    AFTER_FAILURE
                }
            };
        }
        if let Some(id) = self.current
            && let Err(error) = self.let_go(id).await
        {
            log::warn!("the lease of {id} was not given back: {error}");
        }
    }

    fn system() -> Caller {
        Caller::system("imports")
    }

    async fn let_go(&mut self, id: ImportId) -> Result<()> {
        (self.current, self.plan, self.open) = (None, None, None);
        let token = self.token.clone();
        self.db
            .run(&Self::system(), move |tx| queries::release(tx, id, &token))
            .await
    }

    /// One step: takes an import, or goes on with the one that it has.
    ///
    /// # Errors
    /// What the database or the store of files reports of itself; the step is tried again.
    pub async fn step(&mut self) -> Result<Step> {
        let Some(id) = self.taken().await? else {
            return Ok(Step::Idle);
        };
        let switches = self.state.contract.switches.clone();
        let (import, work, caller) = self
            .db
            .ask_snapshot(&Self::system(), move |tx| {
                let (import, work) = (queries::find(tx, id)?, queries::work(tx, id)?);
                let caller = match work.authority.0.now(tx, import.legacy, &switches) {
                    Err(error) if !error.is(&codes::FORBIDDEN) => return Err(error),
                    caller => caller,
                };
                Ok((import, work, caller))
            })
            .await?;
        match Box::pin(self.on(&import, &work, caller)).await {
            Ok(Some(rows)) => Ok(Step::Done(rows)),
            Ok(None) => {
                self.let_go(id).await?;
                Ok(Step::Done(0))
            }
            Err(error) => {
                self.open = None;
                self.failed(&import, &work, error).await
            }
        }
    }

    async fn taken(&mut self) -> Result<Option<ImportId>> {
        if self.current.is_none() && self.db.ask(&Self::system(), queries::is_anything_waiting).await? {
            let token = self.token.clone();
            self.current = self
                .db
                .run(&Self::system(), move |tx| queries::take(tx, &token))
                .await?;
        }
        Ok(self.current)
    }

    /// The next step of that import, its rows taken by `caller`; nothing if it is over, or another's.
    async fn on(&mut self, import: &Import, work: &Work, caller: Result<Caller>) -> Result<Option<usize>> {
        match (import.status, work.phase) {
            _ if import.has_ended() => Ok(None),
            (ImportStatus::Queued, _) => {
                let signature = self.signature(work);
                self.transact(import, work, &signature, Box::new(begin)).await
            }
            (_, Phase::Reading) => self.read(import, work, &permitted(caller, import.kind)?).await,
            (_, Phase::Done) => {
                let days = self.state.config.import_days;
                let deed = move |tx: &mut Tx<'_>, held: &mut Held| end(tx, held, days);
                let signature = self.signature(work);
                self.transact(import, work, &signature, Box::new(deed)).await
            }
            (_, Phase::Undo | Phase::UndoLast) => {
                let caller = permitted(caller, import.kind)?;
                let deed = |tx: &mut Tx<'_>, held: &mut Held| -> Result<usize> {
                    let done = undoing::undo(tx, held)?;
                    held.work.failures = 0;
                    queries::advance(tx, held)?;
                    Ok(done)
                };
                self.transact(import, work, &caller, Box::new(deed)).await
            }
            (_, Phase::Rows | Phase::Later | Phase::Last | Phase::Queue | Phase::Repeats) => {
                let caller = permitted(caller, import.kind)?;
                let plan = self.plan(import)?;
                let deed = move |tx: &mut Tx<'_>, held: &mut Held| -> Result<usize> {
                    let done = taking::take(tx, held, &plan)?;
                    held.work.failures = 0;
                    queries::advance(tx, held)?;
                    Ok(done)
                };
                self.transact(import, work, &caller, Box::new(deed)).await
            }
        }
    }

    /// Whoever the import is of, for what becomes of it.
    fn signature(&self, work: &Work) -> Caller {
        work.authority.0.signature(&self.state.contract.switches)
    }

    fn plan(&mut self, import: &Import) -> Result<Arc<Plan>> {
        if let Some((id, plan)) = &self.plan
            && *id == import.id
        {
            return Ok(plan.clone());
        }
        let made = Arc::new(plan(&self.state, import)?);
        self.plan = Some((import.id, made.clone()));
        Ok(made)
    }

    /// Does some work on the import in one transaction, if it is still where it was found. Nothing if the lease is lost, or nothing
    /// is to be done any more.
    async fn transact(&self, import: &Import, work: &Work, caller: &Caller, deed: Deed) -> Result<Option<usize>> {
        let (id, token, status, phase) = (import.id, self.token.clone(), import.status, work.phase);
        self.db
            .run(caller, move |tx| {
                tx.take_seconds(STATEMENT_SECONDS)?;
                let Some(mut held) = queries::hold(tx, id, &token)? else {
                    return Ok(None);
                };
                if (held.import.status, held.work.phase) != (status, phase) {
                    return Ok(Some(0));
                }
                deed(tx, &mut held).map(Some)
            })
            .await
    }

    /// Reads the next rows of the file into the table.
    async fn read(&mut self, import: &Import, work: &Work, caller: &Caller) -> Result<Option<usize>> {
        let plan = self.plan(import)?;
        let mut open = match self.open.take() {
            Some(open) if open.id == import.id && open.position == work.position => open,
            _ => self.begin(import, work, caller, &plan).await?,
        };
        let (read, ended) = open.more().await?;
        let (place, from) = (open.records.place(), open.position);
        let position = i64::try_from(place.position).map_err(Error::internal)?;
        let line = i64::try_from(place.line).map_err(Error::internal)?;
        let read = Arc::new(read);
        let deed = move |tx: &mut Tx<'_>, held: &mut Held| -> Result<usize> {
            // Somebody else may have read on under a lease that was lost for a moment.
            if held.work.position != from {
                return Ok(0);
            }
            taking::stage(tx, held, &plan, &place.header, &read)?;
            (held.work.position, held.work.line) = (position, line);
            held.work.delimiter = i64::from(place.delimiter);
            held.work.header = Some(Stored(place.header.clone()));
            held.work.failures = 0;
            held.import.bytes_read = if ended { held.import.bytes_total } else { position };
            if ended {
                held.work.turned(Phase::Rows);
            }
            queries::advance(tx, held)?;
            Ok(read.len())
        };
        let done = self.transact(import, work, caller, Box::new(deed)).await?;
        open.position = position;
        self.open = (done.is_some() && !ended).then_some(open);
        Ok(done)
    }

    /// Opens the file, where its reading has come to.
    async fn begin(&self, import: &Import, work: &Work, caller: &Caller, plan: &Plan) -> Result<Open> {
        let opened = files::open(&self.state.files, &self.db, caller, import.file_id).await;
        let file = opened.map_err(|error| {
            error.when(&codes::NOT_FOUND, || {
                Error::new(&codes::FILE_NOT_SERVED).detail("The file was deleted before its rows were read.")
            })
        })?;
        let (mut pieces, formats) = (file.content, taking::formats(plan)?);
        let (records, ended) = match work.place() {
            None => {
                let (head, whole) = head(&mut pieces).await?;
                let columns = plan.mapping.steps.first().map(MappingStep::columns).unwrap_or_default();
                (Records::begun(import.format, head, whole, &formats, columns)?, whole)
            }
            Some(place) => {
                let mut before = place.position;
                let mut records = Records::resumed(import.format, place, &formats);
                while before > 0 {
                    let Some(piece) = pieces.next().await else { break };
                    let piece = piece.map_err(|error| unreadable(&error))?;
                    let skipped = usize::try_from(before).unwrap_or(usize::MAX).min(piece.len());
                    before = before.saturating_sub(u64::try_from(skipped).unwrap_or(0));
                    records.feed(piece.get(skipped..).unwrap_or_default());
                }
                (records, false)
            }
        };
        Ok(Open {
            id: import.id,
            position: work.position,
            records,
            pieces,
            ended,
        })
    }

    /// Notes that the import failed. What may pass by itself is tried again for a time; what does not ends it.
    async fn failed(&mut self, import: &Import, work: &Work, error: Error) -> Result<Step> {
        if error.may_retry() {
            return Err(error);
        }
        // A database that is away notes nothing, so that nothing is given up for it.
        let may_pass = error.is(&codes::UNAVAILABLE) || error.is(&codes::TIMEOUT);
        let (id, days) = (import.id, self.state.config.import_days);
        let told = match error.all_faults().first() {
            Some(fault) => fault.detail.clone(),
            None => error.message().to_owned(),
        };
        let most = if may_pass { PATIENCE } else { FAILURES };
        let for_good = error.code().status < 500 || work.failures + 1 >= most;
        if for_good || !may_pass {
            log::error!("{id} failed: {error}");
        }
        let deed = move |tx: &mut Tx<'_>, held: &mut Held| -> Result<usize> {
            held.work.failures += 1;
            if !for_good {
                queries::advance(tx, held)?;
                return Ok(0);
            }
            let (now, until) = (tx.now, tx.now.plus_days(days));
            let after = held.import.clone().failed(&told, until, now)?;
            if held.import.status == ImportStatus::Running && !after.dry_run {
                queries::close_run(tx, &after, Some(&told))?;
            }
            held.work.content_key = None;
            queries::save(tx, &held.import, after, &held.work, "import.failed")?;
            Ok(0)
        };
        let signature = self.signature(work);
        let noted = self.transact(import, work, &signature, Box::new(deed)).await?;
        if for_good || noted.is_none() {
            self.let_go(id).await?;
        } else if may_pass {
            // Whoever works on pauses.
            return Err(error);
        }
        Ok(Step::Done(0))
    }
}
